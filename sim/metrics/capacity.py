"""What limited space and pools of units made of a run: trucks outside and in areas, units in use."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sim.arrays import Indices
from sim.clock import Ticks
from sim.draws.outages import in_force
from sim.engines.log import JOINED, LEFT, NEVER, EventLog
from sim.jit import kernel, step
from sim.metrics.levels import LevelSeries
from sim.plan.network import Network
from sim.plan.plan import Plan
from sim.plan.supply import UNLIMITED_LANES
from sim.plan.timetable import OnDuty

Counts = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


class Spaces:
    """Trucks in each area, and those outside for want of space, added up block by block."""

    def __init__(self, plan: Plan, direction_of_flow: Indices, directions: int) -> None:
        self.areas = LevelSeries(plan, plan.network.areas.size)
        """Trucks in each area, blocked ones that are still to leave it included."""
        self.outside = LevelSeries(plan, directions)
        """Trucks of each direction that have arrived and found no space."""
        self.outside_time = np.zeros(directions, np.int64)
        """(directions,) time outside of the trucks that arrive in the measured period [tick]."""
        self._area_of_line = plan.network.area_of_line
        self._places = plan.network.areas.size
        self._direction_of_flow = direction_of_flow
        self._arrives = np.array([stream.standing == 0 for stream in plan.streams], np.bool_)
        self._warmup = plan.warmup

    def add(self, log: EventLog, start: int, end: int) -> None:
        """Add what happened in the block [start, end)."""
        counts = np.zeros((2, self._places), np.int64)
        count_moves(log.times, log.draws.line, self._area_of_line, counts, start, end)
        border = np.concatenate(([0], np.cumsum(counts.ravel())))
        ticks, place = np.empty(border[-1], np.int64), border[:-1].reshape(2, -1).copy()
        gather_moves(log.times, log.draws.line, self._area_of_line, place, ticks, start, end)
        for area in range(self._places):
            came, went = (ticks[border[n] : border[n + 1]] for n in (area, self._places + area))
            came.sort()
            went.sort()
            self.areas.add_place(area, came, went, start, end)
        self._add_outside(log, start, end)

    def _add_outside(self, log: EventLog, start: int, end: int) -> None:
        draws = log.draws
        visits = np.flatnonzero(np.diff(draws.first))  # a truck that visits nothing is gone as it arrives
        arrival, entered = draws.arrival[visits], log.entered[visits]
        direction = self._direction_of_flow[draws.flow[visits]]
        outside, arrives = arrival != entered, self._arrives[draws.flow[visits]]
        for index in range(self.outside_time.size):
            mine = outside & (direction == index)
            self._add(self.outside, index, arrival[mine], entered[mine], start, end)
            mine &= arrives & (arrival >= self._warmup)
            until = np.where(entered[mine] == NEVER, end, entered[mine])
            self.outside_time[index] += (np.clip(until, start, end) - np.clip(arrival[mine], start, end)).sum()

    @staticmethod
    def _add(levels: LevelSeries, place: int, came: Ticks, went: Ticks, start: int, end: int) -> None:
        levels.add_place(place, _within(came, start, end), _within(went, start, end), start, end)


@kernel
def count_moves(times: Ticks, line: Indices, area_of_line: Indices, counts: Counts, start: int, end: int) -> None:
    """Count who comes into an area and who leaves it in [start, end), by area, into `counts` (2, areas).

    Two visits in rows that follow each other, the second of which begins in the tick in which the first is left, both
    in one area, are one stay there: the truck keeps its space.
    """
    for visit in range(line.size):
        area = area_of_line[line[visit]]
        if area >= 0:
            joined, left = times[visit, JOINED], times[visit, LEFT]
            counts[0, area] += start <= joined < end and not goes_on(times, line, area_of_line, visit - 1)
            counts[1, area] += start <= left < end and not goes_on(times, line, area_of_line, visit)


@kernel
def gather_moves(
    times: Ticks, line: Indices, area_of_line: Indices, place: Counts, ticks: Ticks, start: int, end: int
) -> None:
    """Write the ticks counted by `count_moves` to `ticks`, from the places in `place` (2, areas) on."""
    for visit in range(line.size):
        area = area_of_line[line[visit]]
        if area >= 0:
            joined, left = times[visit, JOINED], times[visit, LEFT]
            if start <= joined < end and not goes_on(times, line, area_of_line, visit - 1):
                ticks[place[0, area]] = joined
                place[0, area] += 1
            if start <= left < end and not goes_on(times, line, area_of_line, visit):
                ticks[place[1, area]] = left
                place[1, area] += 1


@step
def goes_on(times: Ticks, line: Indices, area_of_line: Indices, visit: int) -> bool:
    """Tell whether the visit in the next row begins in the same area and tick in which this one ends."""
    if not 0 <= visit < line.size - 1:
        return False
    left = times[visit, LEFT]
    return bool(left == times[visit + 1, JOINED] and area_of_line[line[visit]] == area_of_line[line[visit + 1]])


class PoolUse:
    """Unit time of pools in the measured period, added up block by block."""

    def __init__(self, plan: Plan) -> None:
        network, pools = plan.network, len(plan.pools)
        self.in_use = np.zeros(pools, np.int64)
        """(pools,) units taken, or on their way back [unit tick]."""
        self._taken, self._given = (np.zeros((pools, network.lines.size), np.int64) for _ in range(2))
        for units, entries, name in ((self._taken, network.taken, "taken"), (self._given, network.given, "given")):
            for line, row in enumerate(network.lines):
                for entry in entries[row[f"{name}_from"] : row[f"{name}_to"]]:
                    units[entry["pool"] - network.groups.size, line] = entry["units"]
        self._comes_back = network.pools["comes_back"]
        self._plan = plan
        self._warmup, self._end = plan.warmup, plan.end

    def add(self, log: EventLog, start: int, end: int) -> None:
        """Add what happened in the block [start, end).

        Units are in use from the start of the visit that takes them to the end of the one that gives them back. The
        way back, which may outlast the truck, is added at once in the block in which it begins.
        """
        network, line, back = self._plan.network, log.draws.line, log.draws.comes_back
        by_hand = log.by_hand if network.works_by_hand else None
        begin = min(max(start, self._warmup), end)
        started = _known(log.started, begin, end)
        finished = _known(log.finished, begin, end)
        returning = (log.finished >= start) & (log.finished < end)
        for pool in range(self.in_use.size):
            taken, given = self._taken[pool, line], self._given[pool, line]
            if by_hand is not None:  # such services leave the link alone
                alone = by_hand & (network.lines["by_hand_without"][line] == network.groups.size + pool)
                taken, given = np.where(alone, 0, taken), np.where(alone, 0, given)
            self.in_use[pool] += (taken * (end - started)).sum() - (given * (end - finished)).sum()
            if self._comes_back[pool]:
                away = returning & (given > 0)
                leaves = log.finished[away]
                way = [np.clip(tick, self._warmup, self._end) for tick in (leaves, leaves + back[away])]
                self.in_use[pool] += (given[away] * (way[1] - way[0])).sum()


class Down:
    """Lane time and unit time that outages take from the timetable in the measured period."""

    def __init__(self, plan: Plan) -> None:
        self.lost = np.zeros(len(plan.groups.name) + len(plan.pools), np.int64)
        """(groups, pools and links) scheduled lanes and units that were down [lane or unit tick]."""
        self._plan = plan

    def add(self, log: EventLog, start: int, end: int) -> None:
        """Add what outages took in the block [start, end)."""
        plan = self._plan
        network, left = plan.network, in_force(plan, log.draws.outages)
        start = min(max(start, plan.warmup), end)
        for resource in {resource for source in plan.outages for resource in source.resources}:
            # of unlimited lanes no share is lost
            if resource >= network.groups.size or plan.groups.lanes[resource] < UNLIMITED_LANES:
                self.lost[resource] += _on_duty(network, resource).unit_time(start, end)
                self.lost[resource] -= _on_duty(left, resource).unit_time(start, end)


def _on_duty(network: Network, resource: int) -> OnDuty:
    mine = network.change_resource == resource
    return OnDuty(network.change_tick[mine], network.change_units[mine])


class RepairTime:
    """Lane time under repair in the measured period by stage, added up block by block."""

    def __init__(self, plan: Plan) -> None:
        self.ticks = np.zeros(len(plan.stages), np.int64)
        """(stages,) of the services that start in the measured period, as far as the run goes [tick]."""
        self._plan, self._stage = plan, plan.network.line_stage
        self._warmup, self._end = plan.warmup, plan.end

    def add(self, log: EventLog, start: int, end: int) -> None:
        """Add what happened in the block [start, end): all repair of a service when it starts."""
        starts = (log.started >= max(start, self._warmup)) & (log.started < end) & ~log.by_hand
        repair = np.minimum(log.draws.repair[starts], self._end - log.started[starts])
        np.add.at(self.ticks, self._stage[log.draws.line[starts]], repair)


def _within(ticks: Ticks, start: int, end: int) -> Ticks:
    """Return those in [start, end), sorted."""
    return np.sort(ticks[(ticks >= start) & (ticks < end)])


def _known(ticks: Ticks, start: int, end: int) -> Ticks:
    """Return ticks clipped to [start, end]; the end for what did not happen."""
    return np.clip(np.where(ticks == NEVER, end, ticks), start, end)
