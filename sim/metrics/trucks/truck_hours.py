"""Hours that trucks spend at the gate by what they do there, and what they drive: what money and energy rest on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from sim.arrays import Indices
from sim.clock import TICKS_PER_HOUR, Ticks
from sim.engines.log import FINISHED, JOINED, LEFT, NEVER, STARTED
from sim.jit import kernel, step
from sim.metrics.block import LogBlock, truck_moves
from sim.metrics.meter import TIME_AVERAGE, Key, Meter, Metric, Readings
from sim.metrics.scope import Counts, Mask, Scope
from sim.metrics.time_use import Openings, open_between, openings_in, until
from sim.plan.plan import HourKeeping

QUEUE, SHUT, BLOCK, SERVICE, ROAD, HOLD, LOADED = range(7)
"""Columns of `Hours.by_state`."""
_STATES = (
    ("queue", "in queues of stages that are open"),
    ("closed", "in queues of stages that are closed"),
    ("blocked", "in lanes that they block, and outside for lack of space"),
    ("served", "in service, roads (`drive`) and holds left out"),
    ("road", "on roads of the gate (`drive`)"),
    ("held", "at stages where goods are not ready (`hold`), their queues included"),
    ("loaded", "with a load, from arrival to the last stage with one, holds left out"),
)
HOURS = tuple(
    Metric(
        name=f"{name}_truck_hours_per_day",
        title=f"Truck hours, {name}",
        unit="h/day",
        statistics=("mean",),
        better="neither" if name in ("served", "road", "held") else "less",
        definition=f"Hours per day that trucks spend {text}. Measured at gates with `money` or `energy`.",
        source=TIME_AVERAGE,
    )
    for name, text in _STATES
)
DRIVEN = Metric(
    name="driven_km_per_day",
    title="Distance driven by trucks",
    unit="km/day",
    statistics=("mean",),
    better="neither",
    definition="Distance per day that trucks drive on the roads of the gate (`drive` of stages).",
    source=TIME_AVERAGE,
)
TRIPS = Metric(
    name="fleet_trips_per_day",
    title="Trips of a fleet",
    unit="trips/day",
    statistics=("mean",),
    better="neither",
    definition="Trips per day of the units of a pool that `energy.fleets` names, which stands in place of the stage.",
    source=TIME_AVERAGE,
)


class Truck(NamedTuple):
    """What the kernel reads of trucks; all entries (trucks,)."""

    first: Counts
    """(trucks + 1,)"""
    arrival: Ticks
    turned_back: Ticks
    emptied: Counts
    """Visit row from which on the truck is empty."""
    row: Indices


class Way(NamedTuple):
    """What it reads of visits."""

    stage: Indices
    """(lines,)"""
    line: Indices
    times: Ticks
    hold: Mask
    """(stages,)"""
    road: Mask
    """(stages,)"""


class Hours(NamedTuple):
    """What it adds up."""

    by_state: Ticks
    """(rows, 7) [tick]."""
    visits: Counts
    """(rows, stages) services that start."""


class TruckHours(Meter):
    """Adds up the hours of trucks by state, the services at each stage, and the trips of fleets."""

    metrics = (*HOURS, DRIVEN, TRIPS)
    place = 65

    def __init__(self, scope: Scope, keeping: HourKeeping) -> None:
        self._scope, self._keeping = scope, keeping
        rows = len(scope.classes)
        self._hours = Hours(np.zeros((rows, len(HOURS)), np.int64), np.zeros((rows, keeping.hold.size), np.int64))

    @classmethod
    def for_plan(cls, scope: Scope) -> Self | None:
        """Return a meter; None for a gate that counts neither money nor energy."""
        keeping = scope.plan.hour_keeping
        return None if keeping is None else cls(scope, keeping)

    def add(self, block: LogBlock) -> None:
        """Add what trucks do in a block."""
        draws, scope, keeping = block.log.draws, self._scope, self._keeping
        row = scope.row_of_flow[draws.flow]
        truck = Truck(draws.first, draws.arrival, truck_moves(block).turned_back, draws.emptied, row)
        way = Way(scope.plan.network.line_stage, draws.line, block.log.times, keeping.hold, keeping.on_road)
        start = max(scope.plan.warmup, block.start)
        if start < block.end:
            add_hours(truck, way, openings_in(block), np.array([start, block.end]), self._hours)

    def values(self) -> Readings:
        """Yield the hours of each direction and class, the distance driven, and the trips of each fleet."""
        for metric, column in zip(HOURS, self._hours.by_state.T, strict=True):
            yield from self._by_cohort(metric, column / TICKS_PER_HOUR)
        yield from self._by_cohort(DRIVEN, self._hours.visits @ self._keeping.drive_m / 1000)
        trips = self._hours.visits.sum(axis=0) @ self._keeping.fleet_units
        for pool, count in zip(self._keeping.fleets, trips.tolist(), strict=True):
            yield TRIPS.key("mean", stage=pool), count / self._scope.plan.measured_days

    def _by_cohort(self, metric: Metric, by_row: npt.NDArray[Any]) -> Iterator[tuple[Key, float]]:
        for direction, name, rows in self._scope.cohorts:
            yield metric.key("mean", direction, name), float(by_row[list(rows)].sum()) / self._scope.plan.measured_days


@kernel
def add_hours(truck: Truck, way: Way, openings: Openings, span: Ticks, hours: Hours) -> None:
    """Add the hours of trucks within a span (2,) [tick]."""
    start, end = span
    for n in range(truck.row.size):
        row, entered = truck.row[n], truck.arrival[n]
        is_outside = truck.first[n] < truck.first[n + 1]
        for visit in range(truck.first[n], truck.first[n + 1]):
            joined = way.times[visit, JOINED]
            if joined == NEVER:
                continue
            if is_outside:
                add_state(hours.by_state, row, BLOCK, within(entered, until(joined, end), start, end), True)
                is_outside = False
            if joined >= end:
                break
            loaded = visit < truck.emptied[n]
            left = until(way.times[visit, LEFT], end)
            if left < start:
                continue
            begun = min(until(way.times[visit, STARTED], end), left)
            finished = min(until(way.times[visit, FINISHED], end), left)
            stage = way.stage[way.line[visit]]
            hours.visits[row, stage] += start <= way.times[visit, STARTED] < end
            waits = within(joined, begun, start, end)
            opened = 0
            if waits > 0:
                opened = open_between(openings.table, openings.of_line[way.line[visit]], max(joined, start), begun)
            served = within(begun, finished, start, end)
            if way.hold[stage]:
                hours.by_state[row, HOLD] += waits + served
            else:
                add_state(hours.by_state, row, QUEUE, opened, loaded)
                add_state(hours.by_state, row, SHUT, waits - opened, loaded)
                add_state(hours.by_state, row, ROAD if way.road[stage] else SERVICE, served, loaded)
            add_state(hours.by_state, row, BLOCK, within(finished, left, start, end), loaded)
        if is_outside:  # to the end, or until it turns back
            add_state(hours.by_state, row, BLOCK, within(entered, until(truck.turned_back[n], end), start, end), True)


@step
def within(begin: int, finish: int, start: int, end: int) -> int:
    """Return how much of [begin, finish) lies in [start, end) [tick]."""
    return max(0, min(finish, end) - max(begin, start))


@step
def add_state(by_state: Ticks, row: int, column: int, ticks: int, loaded: bool) -> None:
    """Add time in a state, and to the time with a load if there is one."""
    by_state[row, column] += ticks
    if loaded:
        by_state[row, LOADED] += ticks
