"""Distributions of durations as inverse transforms: one uniform number in, one duration in ticks out.

A smooth distribution is tabulated once as a function of the normal score z of the uniform number (u = Phi(z)) and
read by linear interpolation. In z the usual ones are smooth out to both tails, so 4,097 points hold a lognormal,
gamma or triangular quantile to about 1e-5 of its value, and sampling costs the same for every one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from gates.schema.distributions import (
    Constant,
    Distribution,
    Empirical,
    Erlang,
    Exponential,
    Gamma,
    Lognormal,
    Triangular,
    Uniform,
)
from sim.clock import TICKS_PER_SECOND
from sim.jit import kernel

Floats = npt.NDArray[np.float64]

Z_LIMIT = 8.25
"""Normal score of the smallest uniform number that is drawn, 2**-54, rounded outwards."""
POINTS = 4097
_Z = np.linspace(-Z_LIMIT, Z_LIMIT, POINTS)
PER_Z = (POINTS - 1) / (2 * Z_LIMIT)


@dataclass(frozen=True, eq=False)
class Sampler:
    """A distribution ready to sample: `table` holds ticks, by normal score or, when `listed`, by rank."""

    table: Floats
    listed: bool = False

    @property
    def mean(self) -> float:
        """Mean duration [tick], good to about a thousandth."""
        return float(np.mean(self.ticks((np.arange(4096) + 0.5) / 4096)))

    def ticks(self, uniform: Floats) -> npt.NDArray[np.int64]:
        """Return one duration [tick] for each uniform number in (0, 1)."""
        if self.listed:
            rank = (uniform * self.table.size).astype(np.int64)
            return np.rint(self.table[rank]).astype(np.int64)
        if self.table[0] == self.table[-1]:
            return np.full(uniform.shape, round(float(self.table[0])), np.int64)
        out = np.empty(uniform.shape, np.int64)
        _interpolate(special.ndtri(uniform), self.table, out)
        return out

    def left_after(self, waited: npt.NDArray[np.int64], uniform: Floats) -> npt.NDArray[np.int64]:
        """Return what is left of durations that have lasted for `waited` [tick]; 0 where none lasts that long.

        The uniform number picks among the durations that are at least as long (inversion of the conditional
        distribution; Devroye 1986, section II.2).
        """
        if self.listed:
            shorter = np.searchsorted(self.table, waited)
            rank = np.minimum(shorter + uniform * (self.table.size - shorter), self.table.size - 1)
            lasts = np.rint(self.table[rank.astype(np.int64)]).astype(np.int64)
        elif self.table[0] == self.table[-1]:
            lasts = self.ticks(uniform)
        else:
            longer = special.ndtr(-np.interp(waited, self.table, _Z))
            lasts = np.empty(uniform.shape, np.int64)
            _interpolate(np.minimum(-special.ndtri(longer * (1 - uniform)), Z_LIMIT), self.table, lasts)
        return np.where(waited > 0, np.maximum(lasts - waited, 0), self.ticks(uniform))


def sampler(distribution: Distribution, plus_s: float = 0.0) -> Sampler:
    """Tabulate `distribution` with `plus_s` seconds added to every duration."""
    if isinstance(distribution, Empirical):
        seconds = np.sort(np.array(distribution.empirical, np.float64))
        return Sampler((seconds + plus_s) * TICKS_PER_SECOND, listed=True)
    seconds = np.maximum(_quantile(distribution)(special.ndtr(_Z)), 0.0)
    return Sampler((seconds + plus_s) * TICKS_PER_SECOND)


def _quantile(distribution: Distribution) -> Callable[[Floats], Floats]:
    """Return the quantile function [s] on the grid of normal scores. Formulas: Law (2015), section 8.3."""
    match distribution:
        case Constant():
            return lambda p: np.full_like(p, distribution.constant)
        case Exponential():
            # log of the upper tail, exact where p rounds to 1
            return lambda p: -distribution.exponential.mean * special.log_ndtr(-_Z)
        case Erlang():
            erlang = distribution.erlang
            return lambda p: _gamma_quantile(erlang.shape, erlang.mean / erlang.shape)
        case Gamma():
            shape = distribution.gamma.cv**-2
            return lambda p: _gamma_quantile(shape, distribution.gamma.mean / shape)
        case Lognormal():
            variance = np.log1p(distribution.lognormal.cv**2)
            location = np.log(distribution.lognormal.mean) - variance / 2
            return lambda p: np.exp(location + np.sqrt(variance) * _Z)
        case Uniform():
            low, high = distribution.uniform.low, distribution.uniform.high
            return lambda p: low + (high - low) * p
        case Triangular():
            return lambda p: _triangular_quantile(distribution, p)
        case _:  # pragma: no cover
            raise TypeError(type(distribution).__name__)


def _gamma_quantile(shape: float, scale: float) -> Floats:
    lower = special.gammaincinv(shape, special.ndtr(_Z))
    upper = special.gammainccinv(shape, special.ndtr(-_Z))  # keeps its digits in the upper tail
    return np.asarray(np.where(_Z < 0, lower, upper) * scale, np.float64)


def _triangular_quantile(distribution: Triangular, p: Floats) -> Floats:
    low, mode, high = (getattr(distribution.triangular, name) for name in ("low", "mode", "high"))
    width = high - low
    if width == 0:
        return np.full_like(p, low)
    rising = low + np.sqrt(p * width * (mode - low))
    falling = high - np.sqrt(special.ndtr(-_Z) * width * (high - mode))
    return np.asarray(np.where(p < (mode - low) / width, rising, falling), np.float64)


@kernel
def _interpolate(z: Floats, table: Floats, out: npt.NDArray[np.int64]) -> None:
    """Read `table` at the normal scores `z` and round to ticks."""
    for n in range(z.size):
        place = (z[n] + Z_LIMIT) * PER_Z
        cell = min(max(int(place), 0), POINTS - 2)
        out[n] = np.int64(np.rint(table[cell] + (place - cell) * (table[cell + 1] - table[cell])))
