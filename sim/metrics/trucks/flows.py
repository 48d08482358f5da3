"""Trucks that arrive and are released: throughput."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np

from sim.clock import Ticks
from sim.metrics.block import (
    LogBlock,
    arrived_by_row,
    count_by_row,
    counts_before,
    released_by_row,
    truck_moves,
)
from sim.metrics.meter import BORDERGATE, Meter, Metric, Readings
from sim.metrics.scope import Scope
from sim.plan.plan import Stream

THROUGHPUT = Metric(
    name="throughput_per_day",
    title="Throughput",
    unit="trucks/day",
    statistics=("mean",),
    better="more",
    definition="Loaded trucks released from the last control per day of 24 hours; a second load counts in the "
    "direction in which it goes.",
    source=BORDERGATE,
)
SECOND_LOADS = Metric(
    name="second_loads_per_day",
    title="Backhaul loads",
    unit="trucks/day",
    statistics=("mean",),
    better="more",
    definition="Second loads of trucks that carry goods both ways, released from the last control per day of 24 "
    "hours, by the direction in which they go.",
    source=BORDERGATE,
)
ARRIVALS = Metric(
    name="arrivals_per_day",
    title="Arrivals",
    unit="trucks/day",
    statistics=("mean",),
    better="neither",
    definition="Loaded trucks that arrive per day of 24 hours, without those that queue at the start of the run.",
    source=BORDERGATE,
)


class Flows(Meter):
    """Counts trucks that arrive, are released and depart."""

    metrics = (THROUGHPUT, SECOND_LOADS, ARRIVALS)
    place = 10

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self.arrived, self.released, self.departed = (scope.by_day() for _ in range(3))
        """(days, directions) trucks by day."""
        self._days = days_of(scope)
        self._second_row = np.array([_second_row(stream, scope.classes) for stream in scope.plan.streams], np.int32)
        self._second_loads = bool((self._second_row >= 0).any())
        self._arrived, self._released, self._second = (scope.by_row() for _ in range(3))
        """(rows,) trucks of the measured period; second loads by their own class and direction."""

    @classmethod
    def for_plan(cls, scope: Scope) -> Self:
        """Return a meter of any plan."""
        return cls(scope)

    def add(self, block: LogBlock) -> None:
        """Add what happened in a block."""
        moves = truck_moves(block)
        for counts, ticks, trucks in (
            (self.arrived, block.log.draws.arrival, moves.comes),
            (self.released, moves.released, moves.is_released),
            (self.departed, moves.departed, moves.departs),
        ):
            counts += np.diff(counts_before(block, ticks, trucks, self._days), axis=0)
        self._arrived += arrived_by_row(block)
        self._released += released_by_row(block)
        if self._second_loads:
            self._add_second_loads(block)

    def _add_second_loads(self, block: LogBlock) -> None:
        released = block.log.second_released
        done = block.contains(released)
        row, at = self._second_row[block.log.draws.flow[done]], released[done]
        self._second += count_by_row(block, row[at >= self._scope.plan.warmup])
        direction = self._scope.direction_of_row[row]
        for index in range(len(self._scope.directions)):
            mine = np.sort(at[direction == index])
            self.released[:, index] += np.diff(np.searchsorted(mine, self._days))

    def values(self) -> Readings:
        """Yield the flows of each direction and class."""
        days = self._scope.plan.measured_days
        for direction, name, rows in self._scope.cohorts:
            arrived, released, second = (
                int(count[list(rows)].sum()) for count in (self._arrived, self._released, self._second)
            )
            yield THROUGHPUT.key("mean", direction, name), (released + second) / days
            if self._second_loads:
                yield SECOND_LOADS.key("mean", direction, name), second / days
            yield ARRIVALS.key("mean", direction, name), arrived / days


def days_of(scope: Scope) -> Ticks:
    """(days + 1,) the midnights between which the measured days lie [tick]."""
    plan = scope.plan
    return plan.midnight[plan.midnight >= plan.warmup][: plan.bulletin.size + 1]


def _second_row(stream: Stream, classes: Sequence[tuple[str, str]]) -> int:
    """Return the row of the second load that trucks of a stream may take; -1 for none."""
    loads = [visit.second for visit in stream.path.visits if visit.second]
    return classes.index(loads[0][::-1]) if loads else -1
