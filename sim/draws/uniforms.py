"""Uniform random numbers by name: one stands behind every drawn value.

Counter-based generator Philox 4x64 with 10 rounds (Salmon et al. 2011, Parallel Random Numbers: As Easy as 1, 2, 3),
keyed by a hash of the name. The numbers are those of `numpy.random.Philox`, four to a counter, the first counter 1.
"""

from __future__ import annotations

import functools
import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from sim.jit import INTERPRETED, kernel, step

Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Keys = npt.NDArray[np.uint64]

PER_COUNTER = 4
"""64-bit numbers to a counter."""
_ROUNDS = 10
_TIMES_FIRST, _TIMES_THIRD = np.uint64(0xD2E7470EE14C6C93), np.uint64(0xCA5A826395121157)
_NEXT_FIRST, _NEXT_SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBB67AE8584CAA73B)
_ZERO, _ELEVEN = np.uint64(0), np.uint64(11)


@functools.lru_cache(maxsize=2048)  # the blocks of a run ask for the same again and again
def keys(*names: str) -> Keys:
    """Return (names, 2) the keys of named streams."""
    digests = b"".join(hashlib.blake2b(name.encode(), digest_size=16).digest() for name in names)
    return np.frombuffer(digests, "<u8").reshape(-1, 2)


def uniforms(name: str, start: int, count: int) -> Floats:
    """Return the uniform numbers in (0, 1) with numbers `start` to `start + count - 1` of a named stream."""
    skip = start % PER_COUNTER
    found = np.empty(skip + count + PER_COUNTER - 1)
    (key,) = keys(name)
    fill(key[0], key[1], start - skip, skip + count, found)
    return found[skip : skip + count]


def pick(shares: tuple[float, ...], uniform: Floats) -> npt.NDArray[np.int64]:
    """Return the place in `shares`, which add to 1, that each uniform number falls on."""
    borders = np.cumsum(shares)
    borders[-1] = 1.0
    return np.searchsorted(borders, uniform, side="right")


@intrinsic
def _product_code(_context: Any, _one: Any, _other: Any) -> Any:  # pragma: no cover
    """Return the upper 64 bits of a product of 64-bit numbers: one instruction, for which Numba has no name."""

    def code(_: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        wide = [builder.zext(argument, ir.IntType(128)) for argument in arguments]
        product = builder.mul(*wide)
        return builder.trunc(builder.lshr(product, ir.Constant(ir.IntType(128), 64)), ir.IntType(64))

    return types.uint64(types.uint64, types.uint64), code


_high_product: Any = _product_code


@step
def _four_compiled(counter: Any, first: Any, second: Any) -> Any:  # pragma: no cover
    """Return the four 64-bit numbers of a counter."""
    a, b, c, d = counter, _ZERO, _ZERO, _ZERO
    for _ in range(_ROUNDS):
        high_a, low_a = _high_product(_TIMES_FIRST, a), _TIMES_FIRST * a
        high_c, low_c = _high_product(_TIMES_THIRD, c), _TIMES_THIRD * c
        a, b, c, d = high_c ^ b ^ first, low_c, high_a ^ d ^ second, low_a
        first += _NEXT_FIRST
        second += _NEXT_SECOND
    return a, b, c, d


def four_numbers_slowly(counter: Any, first: Any, second: Any) -> tuple[np.uint64, ...]:
    """Return the four 64-bit numbers of a counter, in numbers of any length."""
    a, b, c, d, first, second, mask = int(counter), 0, 0, 0, int(first), int(second), (1 << 64) - 1
    for _ in range(_ROUNDS):
        of_a, of_c = int(_TIMES_FIRST) * a, int(_TIMES_THIRD) * c
        a, b, c, d = (of_c >> 64) ^ b ^ first, of_c & mask, (of_a >> 64) ^ d ^ second, of_a & mask
        first, second = (first + int(_NEXT_FIRST)) & mask, (second + int(_NEXT_SECOND)) & mask
    return np.uint64(a), np.uint64(b), np.uint64(c), np.uint64(d)


_four_numbers = four_numbers_slowly if INTERPRETED else _four_compiled


@step
def _uniform(number: Any) -> float:
    """Return the uniform number that the upper 53 bits of a number stand for."""
    return (np.float64(np.int64(number >> _ELEVEN)) + 0.5) * 2.0**-53


@step
def put_uniforms(first: Any, second: Any, start: int, count: int, out: Floats) -> None:
    """Write `count` uniform numbers from number `start` on, a multiple of four; up to three more are written."""
    for n in range((count + PER_COUNTER - 1) // PER_COUNTER):
        a, b, c, d = _four_numbers(np.uint64(start // PER_COUNTER + n + 1), first, second)
        out[PER_COUNTER * n] = _uniform(a)
        out[PER_COUNTER * n + 1] = _uniform(b)
        out[PER_COUNTER * n + 2] = _uniform(c)
        out[PER_COUNTER * n + 3] = _uniform(d)


@kernel
def fill(first: Any, second: Any, start: int, count: int, out: Floats) -> None:
    """Write uniform numbers as `put_uniforms` does."""
    put_uniforms(first, second, start, count, out)
