"""How long something is open between two ticks, from a table of its opening windows, in constant time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sim.arrays import Indices
from sim.clock import TICKS_PER_HOUR, Ticks
from sim.jit import step
from sim.plan.timetable import Windows

_CELL = 12 * TICKS_PER_HOUR
"""Length of a cell of the table of openings: few windows end in one."""


class WindowTable(NamedTuple):
    """Windows, ready to look up in constant time. Rows are sets of windows."""

    entry: Indices
    """(rows, cells) first window that ends after the start of each cell of the run."""
    start: Ticks
    """(windows,) row after row [tick]; each row ends with a window that never comes."""
    end: Ticks
    """(windows,) [tick]."""
    before: Ticks
    """(windows,) time open before each window [tick]."""
    near: Indices
    """(rows,) window that was looked up last in each row, as mostly the next one is the same. Only a hint."""


def window_table(rows: Sequence[Windows], end: int) -> WindowTable:
    """Return a table of windows in a run that ends at `end`, a row for each set of them."""
    cells = np.arange(end // _CELL + 1) * _CELL
    offset = np.cumsum([0, *(windows.start.size + 1 for windows in rows)])
    entry = np.empty((len(rows), cells.size), np.int32)
    for row, windows in enumerate(rows):
        entry[row] = offset[row] + np.searchsorted(windows.end, cells, side="right")
    never = np.array([np.iinfo(np.int64).max])
    return WindowTable(
        entry=entry,
        start=_joined([part for windows in rows for part in (windows.start, never)]),
        end=_joined([part for windows in rows for part in (windows.end, never)]),
        before=_joined([np.cumsum([0, *(windows.end - windows.start)]) for windows in rows]),
        near=entry[:, 0].copy(),
    )


def _joined(parts: Sequence[Ticks]) -> Ticks:
    return np.concatenate([np.empty(0, np.int64), *parts])


@step
def open_between(table: WindowTable, row: int, start: int, end: int) -> int:
    """Return how long the windows of a row are open in [start, end) [tick]."""
    window = table.near[row]
    if table.start[window] <= start and end <= table.end[window]:
        return end - start
    window = table.entry[row, start // _CELL]
    while table.end[window] <= start:
        window += 1
    table.near[row] = window
    if table.start[window] <= start and end <= table.end[window]:
        return end - start
    before = table.before[window] + max(0, start - table.start[window])
    return open_before(table, row, end) - int(before)


@step
def open_before(table: WindowTable, row: int, tick: int) -> int:
    """Return how long the windows of a row were open before `tick` [tick]."""
    window = table.entry[row, tick // _CELL]
    while table.end[window] <= tick:
        window += 1
    return int(table.before[window] + max(0, tick - table.start[window]))
