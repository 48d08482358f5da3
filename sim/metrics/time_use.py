"""Where the time of trucks goes (waiting, closed, served, blocked), and that of lanes (busy, open or not)."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from sim.arrays import Indices
from sim.clock import TICKS_PER_HOUR, Ticks
from sim.engines.log import FINISHED, JOINED, LEFT, NEVER, STARTED, EventLog
from sim.jit import kernel, step
from sim.memory import once
from sim.metrics.block import LogBlock
from sim.metrics.decided import Decided, decided, decided_in, windows_of_lines
from sim.metrics.scope import Counts, Scope
from sim.plan.plan import Plan
from sim.plan.timetable import Windows

VISITS, WAITING, CLOSED, SERVED, BLOCKED = range(5)
"""Columns of `Totals.stage`; without the first, columns of `truck_times`."""
WHILE_OPEN, AFTER_CLOSING = range(2)
"""Columns of `Totals.lane`."""
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


class Openings(NamedTuple):
    """Opening windows. Rows of the table are distinct sets of windows."""

    of_line: Indices
    """(lines,) row of each line: open while any of its lane groups is."""
    of_group: Indices
    """(groups,) row of each lane group."""
    table: WindowTable


class Totals(NamedTuple):
    """Sums over a block, as far as it lies in the measured period."""

    stage: Ticks
    """(stages, directions, 5) visits joined, and their time [tick] waiting, closed, served and blocked."""
    lane: Ticks
    """(groups, 2) time that lanes serve or hold a truck [tick], within their hours and after closing."""


class Visits(NamedTuple):
    """What kernels read of a log."""

    first: Counts
    arrival: Ticks
    direction: Indices
    """(trucks,)"""
    line: Indices
    times: Ticks
    group: Indices


def openings(plan: Plan, kept: Decided = MappingProxyType({})) -> Openings:
    """Return the opening windows of the lines of `plan`, and the hours of its lane groups."""
    rows: dict[bytes, int] = {}
    distinct: list[Windows] = []

    def row_of(windows: Windows) -> int:
        name = windows.start.tobytes() + windows.end.tobytes()
        if name not in rows:
            rows[name] = len(distinct)
            distinct.append(windows)
        return rows[name]

    of_line = np.array([row_of(windows) for windows in windows_of_lines(plan, kept)], np.int32)
    of_group = np.array([row_of(windows) for windows in plan.groups.windows], np.int32)
    return Openings(of_line, of_group, window_table(distinct, plan.end))


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


@once
def time_use(block: LogBlock) -> Totals:
    """Return where the time of a block went."""
    scope, plan = block.scope, block.scope.plan
    totals = Totals(
        stage=np.zeros((len(plan.stages), len(scope.directions), 5), np.int64),
        lane=np.zeros((len(plan.groups.name), 2), np.int64),
    )
    visits = _visits(block.log, scope.direction_of_flow)
    span = np.array([plan.warmup, block.start, block.end])
    add_visits(visits, plan.network.line_stage, openings_in(block), span, totals)
    return totals


@once
def openings_in(block: LogBlock) -> Openings:
    """Return the opening windows of lines and lane groups, as they were kept up to the end of a block."""
    kept = decided_in(block)
    return openings(block.scope.plan, kept) if kept else _openings(block.scope)


@once
def _openings(scope: Scope) -> Openings:
    return openings(scope.plan)


def truck_times(plan: Plan, log: EventLog) -> Ticks:
    """Return (trucks, 4): time waiting, closed, served and blocked until the end of the run [tick].

    A truck that waits outside for a space is blocked. So the four add up to the time from arrival to departure.
    """
    out = np.zeros((log.draws.trucks, 4), np.int64)
    visits = _visits(log, np.zeros(len(plan.streams), np.int32))
    add_trucks(visits, openings(plan, decided(plan, log)), plan.end, out)
    return out


def _visits(log: EventLog, direction_of_flow: Indices) -> Visits:
    draws = log.draws
    return Visits(draws.first, draws.arrival, direction_of_flow[draws.flow], draws.line, log.times, log.group)


@kernel
def add_visits(visits: Visits, stage_of_line: Indices, openings: Openings, span: Ticks, totals: Totals) -> None:
    """Add the visits to `totals`, as far as they lie in a block.

    Parameters
    ----------
    span
        (3,) start of the measured period, start and end of the block [tick].
    """
    warmup, start, end = span
    for truck in range(visits.first.size - 1):
        direction = visits.direction[truck]
        for visit in range(visits.first[truck], visits.first[truck + 1]):
            joined = visits.times[visit, JOINED]
            if joined == NEVER or joined >= end:
                continue
            left = until(visits.times[visit, LEFT], end)
            if left < start:
                continue
            started = min(until(visits.times[visit, STARTED], end), left)  # never, where the truck turned back
            finished = min(until(visits.times[visit, FINISHED], end), left)
            stage = stage_of_line[visits.line[visit]]
            if joined >= warmup:
                waits = max(started, start) - max(joined, start)
                if waits > 0:
                    row = openings.of_line[visits.line[visit]]
                    waits_open = open_between(openings.table, row, max(joined, start), max(started, start))
                    totals.stage[stage, direction, WAITING] += waits_open
                    totals.stage[stage, direction, CLOSED] += waits - waits_open
                totals.stage[stage, direction, VISITS] += joined >= start
                totals.stage[stage, direction, SERVED] += max(finished, start) - max(started, start)
                totals.stage[stage, direction, BLOCKED] += left - max(finished, start)
            begins = max(started, start, warmup)
            if begins < left:
                group = visits.group[visit]
                busy_open = open_between(openings.table, openings.of_group[group], begins, left)
                totals.lane[group, WHILE_OPEN] += busy_open
                totals.lane[group, AFTER_CLOSING] += left - begins - busy_open


@kernel
def add_trucks(visits: Visits, openings: Openings, end: int, out: Ticks) -> None:
    """Add the time of each truck to `out` (trucks, 4)."""
    for truck in range(visits.first.size - 1):
        entered = end if visits.first[truck] < visits.first[truck + 1] else visits.arrival[truck]
        for visit in range(visits.first[truck], visits.first[truck + 1]):
            joined = visits.times[visit, JOINED]
            if joined == NEVER:
                continue
            entered = min(entered, joined)
            left = until(visits.times[visit, LEFT], end)
            started = min(until(visits.times[visit, STARTED], end), left)
            finished = min(until(visits.times[visit, FINISHED], end), left)
            waits_open = open_between(openings.table, openings.of_line[visits.line[visit]], joined, started)
            out[truck, WAITING - 1] += waits_open
            out[truck, CLOSED - 1] += started - joined - waits_open
            out[truck, SERVED - 1] += finished - started
            out[truck, BLOCKED - 1] += left - finished
        out[truck, BLOCKED - 1] += entered - visits.arrival[truck]


@step
def until(tick: int, end: int) -> int:
    """Return `tick`, or the end if it had not come by then."""
    if tick == NEVER or tick > end:
        return end
    return tick


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
