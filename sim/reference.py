"""The reference engine: SimPy, written to be read. `sim.compiled` does the same steps under the same names.

The rules of order are in `sim.plan`. A truck is a process; lines, lanes, pools and areas are plain data.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Generator
from itertools import pairwise
from typing import Any

import numpy as np
import simpy

from sim.draws import Draws
from sim.log import FINISHED, JOINED, LEFT, STARTED, EventLog
from sim.plan import Plan

NOBODY = -1
RANK_TIMETABLE, RANK_RETURN, RANK_TRUCK = range(3)
_AT_ONCE = 2  # SimPy's own priorities 0 and 1 stay ahead: what an event makes possible comes before the next event

Array = np.ndarray[Any, Any]
Process = Generator[simpy.Event, Any, None]
Waiting = list[tuple[int, int, int]]
"""(tick joined, truck, visit) of those in line, in order."""


class Agenda(simpy.Environment):
    """SimPy's environment with the project's order of events: (tick, rank, id)."""

    def at(self, tick: int, rank: int, number: int) -> simpy.Event:
        """Return an event that happens at `tick`."""
        event = simpy.Event(self)
        event._ok, event._value = True, None
        self.schedule(event, _AT_ONCE + (rank << 32) + number, tick - self.now)  # type: ignore[arg-type]
        return event


class Run:
    """One run: the state of the gate, and the steps that change it."""

    def __init__(self, plan: Plan, draws: Draws) -> None:
        self.draws, self.network = draws, plan.network
        network = plan.network
        self.groups_of_line = _rows(network.groups_of_line, network.groups_of_line_from)
        self.lines_of_group = _rows(network.lines_of_group, network.lines_of_group_from)
        self.lines_of_pool = _rows(network.lines_of_pool, network.lines_of_pool_from)
        self.taken = _pairs(network.taken_pool, network.taken_units, network.taken_from)
        self.given = _pairs(network.given_pool, network.given_units, network.given_from)
        self.log = EventLog.empty(draws)
        self.agenda = Agenda()
        resources = self.network.groups + self.network.comes_back.size
        self.on_duty, self.busy = [0] * resources, [0] * resources
        self.waiting: list[Waiting] = [[] for _ in self.network.line_stage]
        self.inside = [0] * self.network.area_spaces.size
        self.waiting_for_space: list[Waiting] = [[] for _ in self.network.area_spaces]
        self.called = [self.agenda.event() for _ in range(draws.trucks)]

    @property
    def now(self) -> int:
        """The present tick."""
        return int(self.agenda.now)

    def truck(self, truck: int) -> Process:
        """The life of a truck: it arrives, then visits stage after stage."""
        yield self.agenda.at(int(self.draws.arrival[truck]), RANK_TRUCK, truck)
        self.arrive(truck)
        for visit in range(self.draws.first[truck], self.draws.first[truck + 1]):
            yield self.called[truck]
            self.called[truck] = self.agenda.event()
            yield self.agenda.at(self.now + int(self.draws.service[visit]), RANK_TRUCK, truck)
            self.finish(truck, visit)

    def timetable(self) -> Process:
        """Lane groups open and close; units of pools come on duty and leave."""
        network = self.network
        for change in range(network.change_tick.size):
            yield self.agenda.at(int(network.change_tick[change]), RANK_TIMETABLE, change)
            resource = int(network.change_resource[change])
            self.on_duty[resource] = int(network.change_units[change])
            if resource < network.groups:
                self.serve(resource)
            else:
                self.call_for_pool(resource)

    def come_back(self, pool: int, delay: int) -> Process:
        """A unit of a pool can be used again after a time."""
        yield self.agenda.at(self.now + delay, RANK_RETURN, pool)
        self.busy[pool] -= 1
        self.call_for_pool(pool)

    def arrive(self, truck: int) -> None:
        """A truck arrives, and enters unless the area of its first stage is full."""
        outside = self.draws.first[truck] - 1
        if self.next_area_is_full(truck, outside):
            self.stand_for_space(truck, outside)
        else:
            self.vacate(truck, outside)
            self.proceed(truck, outside)

    def join(self, truck: int, visit: int) -> None:
        """Join the waiting line of the stage; start at once if a lane and all that the stage needs are free."""
        line = self.draws.line[visit]
        self.log.times[visit, JOINED] = self.now
        group = self.free_group(line)
        if group != NOBODY and self.units_free(line):
            self.start(truck, visit, group)
        else:
            insort(self.waiting[line], (self.now, truck, visit))

    def start(self, truck: int, visit: int, group: int) -> None:
        """Take a lane of the group, and the units of pools that the stage needs or takes."""
        self.busy[group] += 1
        for pool, units in self.taken[self.draws.line[visit]]:
            self.busy[pool] += units
        self.log.times[visit, STARTED] = self.now
        self.log.group[visit] = group
        self.called[truck].succeed()

    def finish(self, truck: int, visit: int) -> None:
        """End the service, give units back, and go on unless the next area is full."""
        self.log.times[visit, FINISHED] = self.now
        self.give_back(visit)
        blocked = self.next_area_is_full(truck, visit)
        freed = not blocked and self.vacate(truck, visit)
        self.call_for_given(visit)
        if blocked:
            self.stand_for_space(truck, visit)
            return
        self.proceed(truck, visit)
        while freed:
            freed = self.call_for_space()

    def give_back(self, visit: int) -> None:
        """Give units of pools back: at once, or after the time that they need to come back."""
        for pool, units in self.given[self.draws.line[visit]]:
            if not self.network.comes_back[pool - self.network.groups]:
                self.busy[pool] -= units
                continue
            for _ in range(units):
                self.agenda.process(self.come_back(pool, int(self.draws.comes_back[visit])))

    def call_for_given(self, visit: int) -> None:
        """Let the units just given back call trucks in line that need them, pool by pool."""
        for pool, _ in self.given[self.draws.line[visit]]:
            self.call_for_pool(pool)

    def vacate(self, truck: int, visit: int) -> bool:
        """Leave the lane, and take a space of the next area. Tell whether a space of another area fell free."""
        if visit >= self.draws.first[truck]:
            self.log.times[visit, LEFT] = self.now
            self.busy[self.log.group[visit]] -= 1
        here, there = self.areas(truck, visit)
        if here == there:
            return False
        if there != NOBODY:
            self.inside[there] += 1
        if here != NOBODY:
            self.inside[here] -= 1
        return here != NOBODY

    def proceed(self, truck: int, visit: int) -> None:
        """Let the lane just left call the next truck, then join the next stage."""
        if visit >= self.draws.first[truck]:
            self.serve(self.log.group[visit])
        if visit + 1 < self.draws.first[truck + 1]:
            self.join(truck, visit + 1)

    def stand_for_space(self, truck: int, visit: int) -> None:
        """Stand in line for a space of the next area, by the tick of asking, then by number."""
        _, there = self.areas(truck, visit)
        insort(self.waiting_for_space[there], (self.now, truck, visit))

    def call_for_space(self) -> bool:
        """Let the first truck in line for a free space move on; tell whether one could."""
        for area, line in enumerate(self.waiting_for_space):
            if line and not self.is_full(area):
                _, truck, visit = line.pop(0)
                self.vacate(truck, visit)
                self.proceed(truck, visit)
                return True
        return False

    def serve(self, group: int) -> None:
        """Call trucks from the lines, best first, while a lane is free and open."""
        while self.busy[group] < self.on_duty[group]:
            lines = [line for line in self.lines_of_group[group] if self.waiting[line] and self.units_free(line)]
            if not lines:
                return
            self.start_first(min(lines, key=self.turn), group)

    def call_for_pool(self, pool: int) -> None:
        """Call trucks that need units of the pool, best first, while one of them can start."""
        while self.busy[pool] < self.on_duty[pool]:
            lines = [
                line
                for line in self.lines_of_pool[pool - self.network.groups]
                if self.waiting[line] and self.units_free(line)
            ]
            lines = [line for line in lines if self.free_group(line) != NOBODY]
            if not lines:
                return
            best = min(lines, key=self.turn)
            self.start_first(best, self.free_group(best))

    def start_first(self, line: int, group: int) -> None:
        """Take the first truck out of a line and start it."""
        _, truck, visit = self.waiting[line].pop(0)
        self.start(truck, visit, group)

    def turn(self, line: int) -> tuple[int, tuple[int, int, int]]:
        """Return what orders the first trucks of lines."""
        return int(self.network.line_priority[line]), self.waiting[line][0]

    def free_group(self, line: int) -> int:
        """Return the first lane group of the line with a free open lane, or `NOBODY`."""
        return next((group for group in self.groups_of_line[line] if self.busy[group] < self.on_duty[group]), NOBODY)

    def units_free(self, line: int) -> bool:
        """Tell whether all units of pools that a service in the line takes are on duty and free."""
        return all(self.busy[pool] + units <= self.on_duty[pool] for pool, units in self.taken[line])

    def is_full(self, area: int) -> bool:
        """Tell whether no space of the area is free."""
        return self.inside[area] >= int(self.network.area_spaces[area])

    def next_area_is_full(self, truck: int, visit: int) -> bool:
        """Tell whether the truck cannot go on for want of space."""
        here, there = self.areas(truck, visit)
        return there not in (here, NOBODY) and self.is_full(there)

    def areas(self, truck: int, visit: int) -> tuple[int, int]:
        """Return the area of a visit and of the next one; `NOBODY` for none, outside and gone."""
        first, end = self.draws.first[truck : truck + 2]
        here = self.network.area_of_line[self.draws.line[visit]] if visit >= first else NOBODY
        there = self.network.area_of_line[self.draws.line[visit + 1]] if visit + 1 < end else NOBODY
        return int(here), int(there)


def _rows(entries: Array, start: Array) -> list[list[int]]:
    """Return the rows of a CSR array."""
    return [entries[a:b].tolist() for a, b in pairwise(start.tolist())]


def _pairs(pool: Array, units: Array, start: Array) -> list[list[tuple[int, int]]]:
    """Return (pool, units) by row of two CSR arrays."""
    rows = zip(_rows(pool, start), _rows(units, start), strict=True)
    return [list(zip(*row, strict=True)) for row in rows]


def simulate(plan: Plan, draws: Draws) -> EventLog:
    """Run the gate until `plan.end` and return what happened."""
    run = Run(plan, draws)
    run.agenda.process(run.timetable())
    for truck in range(draws.trucks):
        run.agenda.process(run.truck(truck))
    run.agenda.run(until=plan.end)
    return run.log
