"""Where the time of trucks goes (waiting, closed, served, blocked), and that of lanes (busy, open or not).

One pass over the visits of a block finds all of it, since most of its time goes into reading and comparing the ticks.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from sim.arrays import Indices
from sim.clock import Ticks
from sim.engines.log import FINISHED, JOINED, LEFT, NEVER, STARTED, EventLog
from sim.jit import kernel, step
from sim.memory import once
from sim.metrics.block import LogBlock, direction_of_truck, truck_moves
from sim.metrics.decided import Decided, decided, decided_in, windows_of_lines
from sim.metrics.open_time import WindowTable, open_between, window_table
from sim.metrics.resources.pool_use import PoolUse, add_use, pool_use
from sim.metrics.scope import Counts, Mask, Scope
from sim.plan.plan import Plan
from sim.plan.timetable import Windows

VISITS, WAITING, CLOSED, SERVED, BLOCKED = range(5)
"""Columns of `Totals.stage`; without the first, columns of `truck_times`."""
WHILE_OPEN, AFTER_CLOSING = range(2)
"""Columns of `Totals.lane`."""
QUEUE, SHUT, BLOCK, SERVICE, ROAD, HOLD, LOADED = range(7)
"""Columns of `Totals.hours`."""


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
    hours: Ticks
    """(rows, 7) time of trucks by what they do [tick]: queue of an open stage, of a closed one, lane or road blocked,
    service, road of the gate, goods not ready, and with a load; no entries for a gate that counts no such hours."""
    services: Counts
    """(rows, stages) services that start; no entries likewise."""
    in_use: Counts
    """(pools,) units in use or on their way back, while the pool is on duty [unit tick]."""
    crossed: Ticks
    """(trucks,) when each first joined a stage across the border; `NEVER` if it did not before the end of the block."""


class Visits(NamedTuple):
    """What kernels read of a log."""

    first: Counts
    arrival: Ticks
    direction: Indices
    """(trucks,)"""
    line: Indices
    times: Ticks
    group: Indices


class Loads(NamedTuple):
    """What a pass over visits reads of trucks and stages beside them."""

    row: Indices
    """(trucks,)"""
    emptied: Counts
    """(trucks,) visit row from which on the truck is empty."""
    turned_back: Ticks
    """(trucks,)"""
    hold: Mask
    """(stages,) whether goods are not ready there."""
    road: Mask
    """(stages,) whether trucks drive there."""
    across: Mask
    """(directions, lines) which lines are at a stage across the border; without a column if none is."""


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


@once
def time_use(block: LogBlock) -> Totals:
    """Return where the time of a block went."""
    scope, plan, draws, moves = block.scope, block.scope.plan, block.log.draws, truck_moves(block)
    keeping = plan.hour_keeping
    rows, stages = len(scope.classes), len(plan.stages)
    pools = pool_use(block)
    nowhere = np.zeros(stages, np.bool_)
    loads = Loads(
        row=moves.row,
        emptied=draws.emptied,
        turned_back=moves.turned_back,
        hold=keeping.hold if keeping else nowhere,
        road=keeping.on_road if keeping else nowhere,
        across=_across(scope),
    )
    totals = Totals(
        stage=np.zeros((stages, len(scope.directions), 5), np.int64),
        lane=np.zeros((len(plan.groups.name), 2), np.int64),
        hours=np.zeros((rows if keeping else 0, LOADED + 1), np.int64),
        services=np.zeros((rows if keeping else 0, stages), np.int64),
        in_use=pools.in_use,
        crossed=np.full(draws.trucks if plan.across else 0, NEVER, np.int64),
    )
    span = np.array([plan.warmup, block.start, block.end, plan.end])
    visits = _visits(block.log, direction_of_truck(block))
    add_visits(visits, loads, plan.network.line_stage, openings_in(block), pools, span, totals)
    return totals


@once
def _across(scope: Scope) -> Mask:
    """Return `Loads.across`."""
    plan = scope.plan
    if not plan.across:
        return np.zeros((len(scope.directions), 0), np.bool_)
    by_stage = np.array([plan.across[direction] for direction in scope.directions])
    return np.ascontiguousarray(by_stage[:, plan.network.line_stage])


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
    visits = _visits(log, np.zeros(log.draws.trucks, np.int32))
    add_trucks(visits, openings(plan, decided(plan, log)), plan.end, out)
    return out


def _visits(log: EventLog, direction: Indices) -> Visits:
    draws = log.draws
    return Visits(draws.first, draws.arrival, direction, draws.line, log.times, log.group)


@kernel
def add_visits(
    visits: Visits,
    loads: Loads,
    stage_of_line: Indices,
    openings: Openings,
    pools: PoolUse,
    span: Ticks,
    totals: Totals,
) -> None:
    """Add the visits to `totals`, as far as they lie in a block and in the measured period.

    Parameters
    ----------
    span
        (4,) start of the measured period, start and end of the block, end of the run [tick].
    """
    warmup, start, end, _ = span
    begin = max(warmup, start)
    keeps_hours = totals.hours.size > 0
    for truck in range(visits.first.size - 1):
        direction = visits.direction[truck]
        is_outside = keeps_hours and visits.first[truck] < visits.first[truck + 1]
        for visit in range(visits.first[truck], visits.first[truck + 1]):
            joined = visits.times[visit, JOINED]
            if joined == NEVER:
                continue
            if is_outside:
                add_outside(loads, truck, within(visits.arrival[truck], until(joined, end), begin, end), totals)
                is_outside = False
            if joined >= end:
                break
            line = visits.line[visit]
            if loads.across.size and totals.crossed[truck] == NEVER and loads.across[direction, line]:
                totals.crossed[truck] = joined
            starts, finishes = visits.times[visit, STARTED], visits.times[visit, FINISHED]
            if pools.border[line] < pools.border[line + 1]:
                add_use(pools, visit, line, starts, finishes, span)
            left = until(visits.times[visit, LEFT], end)
            if left < begin:
                continue
            since = max(joined, begin)
            begun = max(min(until(starts, end), left), begin)  # as it leaves, where the truck turned back
            finished = max(min(until(finishes, end), left), begin)
            group = visits.group[visit]
            waits, busy = begun - since, left - begun
            waits_open, busy_open = waits, busy
            if not all_open(openings, line, group, since, left):
                if waits > 0:
                    waits_open = open_between(openings.table, openings.of_line[line], since, begun)
                if busy > 0:
                    busy_open = open_between(openings.table, openings.of_group[group], begun, left)
            stage = stage_of_line[line]
            if joined >= warmup:
                totals.stage[stage, direction, VISITS] += joined >= start
                totals.stage[stage, direction, WAITING] += waits_open
                totals.stage[stage, direction, CLOSED] += waits - waits_open
                totals.stage[stage, direction, SERVED] += finished - begun
                totals.stage[stage, direction, BLOCKED] += left - finished
            if busy > 0:
                totals.lane[group, WHILE_OPEN] += busy_open
                totals.lane[group, AFTER_CLOSING] += busy - busy_open
            if keeps_hours:
                row = loads.row[truck]
                totals.services[row, stage] += begin <= starts < end
                with_load = left - finished
                totals.hours[row, BLOCK] += with_load
                if loads.hold[stage]:
                    totals.hours[row, HOLD] += finished - since
                else:
                    totals.hours[row, QUEUE] += waits_open
                    totals.hours[row, SHUT] += waits - waits_open
                    totals.hours[row, ROAD if loads.road[stage] else SERVICE] += finished - begun
                    with_load = left - since
                if visit < loads.emptied[truck]:
                    totals.hours[row, LOADED] += with_load
        if is_outside:  # to the end, or until it turns back
            until_gone = until(loads.turned_back[truck], end)
            add_outside(loads, truck, within(visits.arrival[truck], until_gone, begin, end), totals)


@step
def add_outside(loads: Loads, truck: int, ticks: int, totals: Totals) -> None:
    """Add the time that a truck stands outside, with its load, for lack of space."""
    totals.hours[loads.row[truck], BLOCK] += ticks
    totals.hours[loads.row[truck], LOADED] += ticks


@step
def within(begin: int, finish: int, start: int, end: int) -> int:
    """Return how much of [begin, finish) lies in [start, end) [tick]."""
    return max(0, min(finish, end) - max(begin, start))


@step
def all_open(openings: Openings, line: int, group: int, start: int, end: int) -> bool:
    """Tell whether a line and a lane group are seen at a glance to be open in all of [start, end)."""
    row = openings.of_line[line]
    window = openings.table.near[row]
    same = group == NEVER or openings.of_group[group] == row
    return bool(same and openings.table.start[window] <= start and end <= openings.table.end[window])


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
