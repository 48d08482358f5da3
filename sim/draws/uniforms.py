"""Uniform random numbers by name: one stands behind every drawn value."""

from __future__ import annotations

import hashlib
import threading

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
_VALUES_PER_COUNT = 4  # a Philox counter yields four 64-bit numbers
_NO_NUMBERS = np.zeros(_VALUES_PER_COUNT, np.uint64)


class _Thread(threading.local):
    """A generator for each thread, set anew for each stream: making one would ask the system for random numbers."""

    def __init__(self) -> None:
        self.generator = np.random.Philox(key=0)


_thread = _Thread()


def uniforms(name: str, start: int, count: int) -> Floats:
    """Return the uniform numbers in (0, 1) with numbers `start` to `start + count - 1` of a named stream.

    Counter-based generator Philox 4x64 (Salmon et al. 2011), keyed by a hash of the name.
    """
    skip = start % _VALUES_PER_COUNT
    generator = _thread.generator
    generator.state = {
        "bit_generator": "Philox",
        "state": {
            "counter": np.array([start // _VALUES_PER_COUNT, 0, 0, 0], np.uint64),
            "key": np.frombuffer(hashlib.blake2b(name.encode(), digest_size=16).digest(), "<u8"),
        },
        "buffer": _NO_NUMBERS,
        "buffer_pos": _VALUES_PER_COUNT,
        "has_uint32": 0,
        "uinteger": 0,
    }
    raw = generator.random_raw(count + skip)[skip:]
    return ((raw >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


def pick(shares: tuple[float, ...], uniform: Floats) -> npt.NDArray[np.int64]:
    """Return the place in `shares`, which add to 1, that each uniform number falls on."""
    borders = np.cumsum(shares)
    borders[-1] = 1.0
    return np.searchsorted(borders, uniform, side="right")
