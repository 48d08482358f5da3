"""Trucks in areas with a limited number of spaces, and those that wait outside because the gate is full."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from sim.arrays import Indices
from sim.clock import TICKS_PER_HOUR, Ticks
from sim.engines.log import JOINED, LEFT, NEVER, EventLog
from sim.jit import kernel
from sim.metrics.block import LogBlock, arrived_by_row, visits_of_line
from sim.metrics.levels import LevelSeries, Moves, in_parts, level_values, places_of
from sim.metrics.meter import RELEASE_GUIDE, TIME_AVERAGE, Meter, Metric, Readings, ratio
from sim.metrics.scope import Scope

OUTSIDE = "outside the gate"
"""Stands for a stage where trucks are blocked that arrive and find no space; no stage can have this name."""
METRES_PER_KM = 1000

OUTSIDE_TRUCKS = Metric(
    name="outside_trucks",
    title="Queue outside",
    unit="trucks",
    statistics=("mean", "max", "end_of_day"),
    better="less",
    definition="Trucks that have arrived and wait on the public road because the area of their first stage is "
    "full: time average, maximum, and when the day's bulletin counts (mean over the days).",
    source=TIME_AVERAGE,
)
OUTSIDE_H = Metric(
    name="outside_h",
    title="Wait outside",
    unit="h",
    statistics=("mean",),
    better="less",
    definition="Mean time on the public road, waiting for a space at the gate, of the trucks that arrive in the "
    "measured period; a truck still outside at the end counts with its time so far.",
    source=f"{RELEASE_GUIDE}: waiting time by step",
)
TAILBACK = Metric(
    name="tailback_km",
    title="Length of the queue on the road",
    unit="km",
    statistics=("mean", "max", "end_of_day"),
    better="less",
    definition="Length of road occupied by waiting trucks: by direction, of those that wait outside because the gate "
    "is full; for a road area, `stage` holds the area's name. Number of trucks times `road_per_truck`: time average, "
    "maximum, and when the day's bulletin counts (mean over the days).",
    source=TIME_AVERAGE,
)
AREA_TRUCKS = Metric(
    name="area_trucks",
    title="Trucks in the area",
    unit="trucks",
    statistics=("mean", "max"),
    better="neither",
    definition="Trucks that take a space of the area; `stage` holds the area's name. Time average and maximum.",
    source=TIME_AVERAGE,
)

Series = npt.NDArray[np.integer[Any]]
Place = tuple[str | None, str | None]
"""(direction outside, None) or (None, area)."""


class Road(NamedTuple):
    """Trucks that stand on a road: outside, or in an area that is a road."""

    place: Place
    road_m: float
    """Road that each truck takes [m]."""
    levels: LevelSeries
    number: int
    """Number of the place in `levels`."""

    @property
    def integral(self) -> Series:
        """(hours,) integral of the number of trucks [truck tick]."""
        return self.levels.integral.small(self.number)

    @property
    def highest(self) -> Series:
        """(hours,) largest number of trucks."""
        return self.levels.highest.small(self.number)


class Areas(Meter):
    """Follows the trucks in each area, and those outside because the gate is full."""

    metrics = (OUTSIDE_TRUCKS, OUTSIDE_H, TAILBACK, AREA_TRUCKS)
    place = 170

    def __init__(self, scope: Scope) -> None:
        self._scope, plan = scope, scope.plan
        self._area_of_line = plan.network.area_of_line
        self._areas = LevelSeries(plan, plan.network.areas.size)
        """Trucks in each area, blocked ones that are still to leave it included."""
        self._outside = LevelSeries(plan, len(scope.directions))
        """Trucks of each direction that have arrived and found no space."""
        self._outside_time = np.zeros(len(scope.directions), np.int64)
        """(directions,) time outside of the trucks that arrive in the measured period [tick]."""
        self._arrived = scope.by_row()

    @classmethod
    def for_plan(cls, scope: Scope) -> Self | None:
        """Return a meter; None for a gate without areas."""
        return cls(scope) if scope.plan.areas else None

    def add(self, block: LogBlock) -> None:
        """Add what happened in a block."""
        log, start, end = block.log, block.start, block.end
        of_area = visits_of_line(block)[self._area_of_line >= 0]
        areas = self._area_of_line[self._area_of_line >= 0]
        most = np.bincount(areas, of_area, self._scope.plan.network.areas.size).astype(np.int64)
        for part in in_parts(most):
            moves = Moves.room_for(most[part])
            gather_moves(log.times, log.draws.line, places_of(self._area_of_line, part), moves, start, end)
            self._areas.add_moves(moves, start, end, part)
        self._add_outside(log, start, end)
        self._arrived += arrived_by_row(block)

    def _add_outside(self, log: EventLog, start: int, end: int) -> None:
        draws, scope, entered = log.draws, self._scope, log.entered
        # a truck that visits nothing is gone as it arrives
        outside = np.flatnonzero((draws.arrival != entered) & (np.diff(draws.first) > 0))
        arrival, entered = draws.arrival[outside], entered[outside]
        direction = scope.direction_of_flow[draws.flow[outside]]
        arrives = ~scope.standing[draws.flow[outside]] & (arrival >= scope.plan.warmup)
        came, went = [], []
        for index in range(self._outside_time.size):
            mine = direction == index
            came.append(_within(arrival[mine], start, end))
            went.append(_within(entered[mine], start, end))
            mine &= arrives
            until = np.where(entered[mine] == NEVER, end, entered[mine])
            self._outside_time[index] += (np.clip(until, start, end) - np.clip(arrival[mine], start, end)).sum()
        border = np.cumsum([0, *(part.size for part in came + went)])
        moves = Moves(np.concatenate(came + went), border[:-1].reshape(2, -1), border[1:].reshape(2, -1))
        self._outside.add_moves(moves, start, end)

    def outside(self) -> dict[str, tuple[int, float]]:
        """Return direction -> trucks that arrive in the measured period, and their time outside together [h]."""
        return {
            direction: (
                int(self._arrived[list(self._scope.rows_of(direction))].sum()),
                int(self._outside_time[index]) / TICKS_PER_HOUR,
            )
            for index, direction in enumerate(self._scope.directions)
        }

    def roads(self) -> list[Road]:
        """Return where trucks stand on a road of which the gate file says how much each takes."""
        plan, directions = self._scope.plan, self._scope.directions
        outside_m = plan.outside_road_m
        outside = [
            Road((direction, None), outside_m[direction], self._outside, index)
            for index, direction in enumerate(directions)
            if direction in outside_m
        ]
        areas = [
            Road((None, area), road_m, self._areas, index)
            for index, (area, road_m) in enumerate(zip(plan.areas, plan.road_m, strict=True))
            if road_m is not None
        ]
        return outside + areas

    def values(self) -> Readings:
        """Yield the trucks outside by direction, and those in each area."""
        for index, (direction, (arrived, hours)) in enumerate(self.outside().items()):
            yield from level_values(OUTSIDE_TRUCKS.key("mean", direction), self._outside, index)
            yield OUTSIDE_H.key("mean", direction), ratio(hours, arrived)
        for road in self.roads():
            direction_of_road, area_of_road = road.place
            mean = TAILBACK.key("mean", direction_of_road, stage=area_of_road)
            yield from level_values(mean, road.levels, road.number, road.road_m / METRES_PER_KM)
        for index, area in enumerate(self._scope.plan.areas):
            yield from list(level_values(AREA_TRUCKS.key("mean", stage=area), self._areas, index))[:2]


@kernel
def gather_moves(times: Ticks, line: Indices, area_of_line: Indices, moves: Moves, start: int, end: int) -> None:
    """Write when trucks come into areas and leave them in [start, end), by area.

    Two visits in rows that follow each other, the second of which begins in the tick in which the first is left, both
    in one area, are one stay there: the truck keeps its space.
    """
    came_on = False
    for visit in range(line.size):
        area = area_of_line[line[visit]]
        if area < 0:
            came_on = False
            continue
        joined, left = times[visit, JOINED], times[visit, LEFT]
        goes_on = visit + 1 < line.size and left == times[visit + 1, JOINED] and area == area_of_line[line[visit + 1]]
        if start <= joined < end and not came_on:
            moves.tick[moves.end[0, area]] = joined
            moves.end[0, area] += 1
        if start <= left < end and not goes_on:
            moves.tick[moves.end[1, area]] = left
            moves.end[1, area] += 1
        came_on = goes_on


def _within(ticks: Ticks, start: int, end: int) -> Ticks:
    """Return those in [start, end)."""
    return ticks[(ticks >= start) & (ticks < end)]
