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
from sim.jit import kernel

Counts = npt.NDArray[np.int64]
Indices = npt.NDArray[np.int32]

_BITS = 11
CELLS_PER_OCTAVE = 1 << _BITS
_FRACTION_BITS = 52
_FIRST_OCTAVE = 1023 + _BITS
"""What stands above the fraction of a float of 64 bits from 2**11 on: its power of two."""
EXACT_BELOW = 2 * CELLS_PER_OCTAVE
"""Durations below this have a cell of their own [tick]."""
RELATIVE_ERROR = 0.5 / CELLS_PER_OCTAVE
"""Largest distance of a duration from the middle of its cell, as a share of the duration."""


class Ended(NamedTuple):
    """Durations that ended, in order; where only cells are known, `time` is the middle of the cell."""

    time: Ticks
    """(times,) ascending [tick]."""
    gone: Counts
    """(times + 1,) how many durations are shorter than each, and how many there are."""
    total: Ticks
    """(times,) exact sum of those of each time [tick]."""


class Durations(Protocol):
    """A collection of durations in rows."""

    def add(self, row: Indices, duration: Ticks) -> None:
        """Add durations [tick], each to its row."""

    def ended(self, rows: Sequence[int]) -> Ended:
        """Return the durations of some rows together."""


class Values:
    """Every duration, kept."""

    def __init__(self, rows: int) -> None:
        self._count = rows
        self._parts: list[tuple[Indices, Ticks]] = []
        self._sorted: list[Ticks] = []
        """(rows,) the durations of each, in order; none before they are asked for."""

    def add(self, row: Indices, duration: Ticks) -> None:
        """Add durations [tick], each to its row."""
        self._parts.append((row, duration))
        self._sorted = []

    def ended(self, rows: Sequence[int]) -> Ended:
        """Return the durations of some rows together."""
        if not self._sorted:
            self._sorted = self._by_row()
        if len(rows) == 1:
            time = self._sorted[rows[0]]
        else:
            time = np.sort(np.concatenate([self._sorted[row] for row in rows]), kind="stable")  # merges what is sorted
        return Ended(time, np.arange(time.size + 1), time)

    def _by_row(self) -> list[Ticks]:
        row = np.concatenate([row for row, _ in self._parts]).astype(np.uint16)  # sorted by digits, so quickly
        duration = np.concatenate([duration for _, duration in self._parts])[np.argsort(row, kind="stable")]
        ends = np.cumsum(np.bincount(row, minlength=self._count))
        return [np.sort(mine) for mine in np.split(duration, ends[:-1])]


class Histogram:
    """Counts and exact sums by cell: memory does not grow with the number of durations."""

    def __init__(self, rows: int, longest: int) -> None:
        cells = int(cell_of(np.array([longest]))[0]) + 1
        self._count = np.zeros((rows, cells), np.int64)
        self._total = np.zeros((rows, cells), np.int64)

    def add(self, row: Indices, duration: Ticks) -> None:
        """Add durations [tick], each to its row."""
        count_durations(row, duration, self._count, self._total)

    def ended(self, rows: Sequence[int]) -> Ended:
        """Return the durations of some rows together."""
        count, total = (
            cells[rows[0]] if len(rows) == 1 else cells[list(rows)].sum(axis=0) for cells in (self._count, self._total)
        )
        cell = np.flatnonzero(count)
        return Ended(cell_middle(cell), np.concatenate(([0], np.cumsum(count[cell]))), total[cell])


@kernel
def count_durations(row: Indices, duration: Ticks, count: Counts, total: Ticks) -> None:
    """Add durations to the counts and sums of their cells (rows, cells): those of `cell_of`."""
    for n in range(row.size):
        power = np.int64(np.float64(duration[n]).view(np.int64) >> _FRACTION_BITS)
        octave = max(power - _FIRST_OCTAVE, np.int64(0))
        cell = (octave << _BITS) + (duration[n] >> octave)
        count[row[n], cell] += 1
        total[row[n], cell] += duration[n]


def cell_of(duration: Ticks) -> Counts:
    """Return the cell of each duration [tick], below 2**53."""
    power = duration.astype(np.float64).view(np.int64) >> _FRACTION_BITS
    octave = np.maximum(power - _FIRST_OCTAVE, 0)
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
