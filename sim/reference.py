"""The reference engine: SimPy, written to be read. `sim.compiled` does the same steps under the same names.

The rules of order are in `sim.plan`. A truck is a process; waiting lines and lanes are plain data.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Generator
from typing import Any

import simpy

from sim.draws import Draws
from sim.log import FINISHED, JOINED, LEFT, STARTED, EventLog
from sim.plan import Plan

RANK_TIMETABLE, RANK_TRUCK = 0, 1
_AT_ONCE = 2  # SimPy's own priorities 0 and 1 stay ahead: what an event makes possible comes before the next event

Process = Generator[simpy.Event, Any, None]


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
        self.plan, self.draws, self.network = plan, draws, plan.network
        self.log = EventLog.empty(draws)
        self.agenda = Agenda()
        self.open_lanes = [0] * self.network.groups
        self.busy = [0] * self.network.groups
        self.waiting: list[list[tuple[int, int, int]]] = [[] for _ in self.network.line_stage]
        self.called = [self.agenda.event() for _ in range(draws.trucks)]

    def truck(self, truck: int) -> Process:
        """The life of a truck: it arrives, then visits stage after stage."""
        yield self.agenda.at(int(self.draws.arrival[truck]), RANK_TRUCK, truck)
        for visit in range(self.draws.first[truck], self.draws.first[truck + 1]):
            self.join(truck, visit)
            yield self.called[truck]
            self.called[truck] = self.agenda.event()
            ends = int(self.agenda.now) + int(self.draws.service[visit])
            yield self.agenda.at(ends, RANK_TRUCK, truck)
            self.finish(visit)

    def timetable(self) -> Process:
        """Lane groups open and close."""
        network = self.network
        for change in range(network.change_tick.size):
            yield self.agenda.at(int(network.change_tick[change]), RANK_TIMETABLE, change)
            group = network.change_group[change]
            self.open_lanes[group] = int(network.change_lanes[change])
            self.serve(group)

    def join(self, truck: int, visit: int) -> None:
        """Join the waiting line of the stage; start at once if a lane is free and open."""
        line = self.draws.line[visit]
        self.log.times[visit, JOINED] = self.agenda.now
        for group in self.groups_of(line):
            if self.busy[group] < self.open_lanes[group]:
                self.start(truck, visit, group)
                return
        insort(self.waiting[line], (self.agenda.now, truck, visit))

    def start(self, truck: int, visit: int, group: int) -> None:
        """Take a lane of the group."""
        self.busy[group] += 1
        self.log.times[visit, STARTED] = self.agenda.now
        self.log.group[visit] = group
        self.called[truck].succeed()

    def finish(self, visit: int) -> None:
        """End the service and leave the lane to the next truck."""
        self.log.times[visit, FINISHED] = self.log.times[visit, LEFT] = self.agenda.now
        group = self.log.group[visit]
        self.busy[group] -= 1
        self.serve(group)

    def serve(self, group: int) -> None:
        """Call trucks from the lines, best first, while a lane is free and open."""
        while self.busy[group] < self.open_lanes[group]:
            lines = [line for line in self.lines_of(group) if self.waiting[line]]
            if not lines:
                return
            best = min(lines, key=lambda line: (self.network.line_priority[line], self.waiting[line][0]))
            _, truck, visit = self.waiting[best].pop(0)
            self.start(truck, visit, group)

    def groups_of(self, line: int) -> Any:
        """Return the lane groups that serve a line, in the order of the file."""
        start, end = self.network.groups_of_line_from[line : line + 2]
        return self.network.groups_of_line[start:end]

    def lines_of(self, group: int) -> Any:
        """Return the lines that a lane group serves, best priority first."""
        start, end = self.network.lines_of_group_from[group : group + 2]
        return self.network.lines_of_group[start:end]


def simulate(plan: Plan, draws: Draws) -> EventLog:
    """Run the gate until `plan.end` and return what happened."""
    run = Run(plan, draws)
    run.agenda.process(run.timetable())
    for truck in range(draws.trucks):
        run.agenda.process(run.truck(truck))
    run.agenda.run(until=plan.end)
    return run.log
