"""Uniform numbers found by their name: the luck behind every drawn value."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
_VALUES_PER_COUNT = 4  # a Philox counter yields four 64-bit numbers


def uniforms(name: str, start: int, count: int) -> Floats:
    """Return the uniform numbers in (0, 1) with numbers `start` to `start + count - 1` of a named stream.

    Counter-based generator Philox 4x64 (Salmon et al. 2011), keyed by a hash of the name.
    """
    key = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=16).digest(), "little")
    skip = start % _VALUES_PER_COUNT
    generator = np.random.Philox(key=key)
    generator.advance(start // _VALUES_PER_COUNT)
    raw = generator.random_raw(count + skip)[skip:]
    return ((raw >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


def pick(shares: tuple[float, ...], uniform: Floats) -> npt.NDArray[np.int64]:
    """Return the place in `shares`, which add to 1, that each uniform number falls on."""
    borders = np.cumsum(shares)
    borders[-1] = 1.0
    return np.searchsorted(borders, uniform, side="right")
