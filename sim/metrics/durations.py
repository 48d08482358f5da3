"""Collections of durations: every value, or a histogram of constant size with a bounded relative error.

The histogram is log-linear, as in HdrHistogram (Tene 2012): a cell a tick below `EXACT_BELOW`, then
`CELLS_PER_OCTAVE` cells of equal width between one power of two and the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from sim.clock import Ticks

Counts = npt.NDArray[np.int64]
Indices = npt.NDArray[np.int32]

_BITS = 11
CELLS_PER_OCTAVE = 1 << _BITS
EXACT_BELOW = 2 * CELLS_PER_OCTAVE
"""Durations below this have a cell of their own [tick]."""
RELATIVE_ERROR = 0.5 / CELLS_PER_OCTAVE
"""Largest distance of a duration from the middle of its cell, as a share of the duration."""


class Ended(NamedTuple):
    """Durations that ended, in order; where only cells are known, `time` is the middle of the cell."""

    time: Ticks
    """(times,) ascending [tick]."""
    trucks: Counts
    """(times,) how many durations."""
    total: Ticks
    """(times,) their exact sum [tick]."""


class Durations(Protocol):
    """A collection of durations in rows."""

    def add(self, row: Indices, duration: Ticks) -> None:
        """Add durations [tick], each to its row."""

    def ended(self, rows: Sequence[int]) -> Ended:
        """Return the durations of some rows together."""


class Values:
    """Every duration, kept."""

    def __init__(self, rows: int) -> None:
        self._rows: list[list[Ticks]] = [[] for _ in range(rows)]

    def add(self, row: Indices, duration: Ticks) -> None:
        """Add durations [tick], each to its row."""
        for number, parts in enumerate(self._rows):
            parts.append(duration[row == number])

    def ended(self, rows: Sequence[int]) -> Ended:
        """Return the durations of some rows together."""
        time = np.sort(np.concatenate([part for row in rows for part in self._rows[row]]))
        return Ended(time, np.ones(time.size, np.int64), time)


class Histogram:
    """Counts and exact sums by cell: memory does not grow with the number of durations."""

    def __init__(self, rows: int, longest: int) -> None:
        cells = int(cell_of(np.array([longest]))[0]) + 1
        self._count = np.zeros((rows, cells), np.int64)
        self._total = np.zeros((rows, cells), np.int64)

    def add(self, row: Indices, duration: Ticks) -> None:
        """Add durations [tick], each to its row."""
        cell = cell_of(duration)
        np.add.at(self._count, (row, cell), 1)
        np.add.at(self._total, (row, cell), duration)

    def ended(self, rows: Sequence[int]) -> Ended:
        """Return the durations of some rows together."""
        count, total = self._count[list(rows)].sum(axis=0), self._total[list(rows)].sum(axis=0)
        cell = np.flatnonzero(count)
        return Ended(cell_middle(cell), count[cell], total[cell])


def cell_of(duration: Ticks) -> Counts:
    """Return the cell of each duration [tick], below 2**53."""
    octave = np.maximum(np.frexp(duration.astype(np.float64))[1] - (_BITS + 1), 0).astype(np.int64)
    return np.asarray((octave << _BITS) + (duration >> octave), np.int64)


def cell_last(cell: Counts) -> Ticks:
    """Return the longest duration in each cell [tick]."""
    octave = _octave(cell)
    return np.asarray(((cell - (octave << _BITS) + 1) << octave) - 1, np.int64)


def cell_middle(cell: Counts) -> Ticks:
    """Return the middle of each cell [tick]."""
    octave = _octave(cell)
    return np.asarray(((cell - (octave << _BITS)) << octave) + ((1 << octave) >> 1), np.int64)


def _octave(cell: Counts) -> Counts:
    return np.asarray(np.maximum((cell >> _BITS) - 1, 0), np.int64)
