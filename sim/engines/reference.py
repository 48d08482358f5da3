"""The reference engine: SimPy, written to be read. `sim.engines.compiled` does the same steps under the same names.

The rules of order are in `sim.plan.plan`. A truck is a process; lines, lanes, pools and areas are plain data.

Long because the two engines are read side by side, step by step from the arrival to the departure of a truck.
"""

from __future__ import annotations

import dataclasses
from bisect import insort
from collections.abc import Generator
from typing import Any

import numpy as np
import simpy

from sim.arrays import NOBODY, records
from sim.draws.columns import FOR_EVER, Draws
from sim.draws.outages import in_force
from sim.engines.log import (
    FINISHED,
    JOINED,
    LANE_CHANGE,
    LEFT,
    NEVER,
    NO_RULE,
    POSTING,
    STARTED,
    STAYED_AWAY,
    EventLog,
)
from sim.plan.network import LONG_AGO, NO_LIMIT, UNTIL_GATED, UNTIL_LONGER
from sim.plan.paths import SHORTEST_QUEUE
from sim.plan.plan import Plan
from sim.plan.work_clocks import NO_TICK, end_of_work

RANK_TIMETABLE, RANK_ALARM, RANK_TRUCK, RANK_PATIENCE = range(4)
AT_ONCE = 2  # SimPy's own priorities 0 and 1 stay ahead: what an event makes possible comes before the next event

Process = Generator[simpy.Event, Any, None]
Waiting = list[tuple[int, int, int]]
"""(tick joined, truck, visit) of those in line, in order."""


class Agenda(simpy.Environment):
    """SimPy's environment with the project's order of events: (tick, rank, id)."""

    def at(self, tick: int, rank: int, number: int) -> simpy.Event:
        """Return an event that happens at `tick`."""
        event = simpy.Event(self)
        event._ok, event._value = True, None
        self.schedule(event, AT_ONCE + (rank << 32) + number, tick - self.now)  # type: ignore[arg-type]
        return event


class Run:
    """One run: the state of the gate, and the steps that change it."""

    def __init__(self, plan: Plan, draws: Draws, agenda: Agenda | None = None) -> None:
        network = in_force(plan, draws.outages)
        self.draws, self.network = draws, network
        self.lines, self.stages, self.areas = records(network.lines), records(network.stages), records(network.areas)
        self.groups, self.pools = records(network.groups), records(network.pools)
        self.groups_of_line = [
            network.groups_of_line[line.groups_from : line.groups_to].tolist() for line in self.lines
        ]
        self.lines_of_group = [
            network.lines_of_group[group.lines_from : group.lines_to].tolist() for group in self.groups
        ]
        self.lines_of_pool = [network.lines_of_pool[pool.lines_from : pool.lines_to].tolist() for pool in self.pools]
        self.taken = [records(network.taken[line.taken_from : line.taken_to]) for line in self.lines]
        self.given = [records(network.given[line.given_from : line.given_to]) for line in self.lines]
        self.log = EventLog.empty(draws)
        self.agenda = agenda or Agenda()
        resources = len(self.groups) + len(self.pools)
        self.on_duty, self.busy = [0] * resources, [0] * resources
        self.admits_before = [NO_TICK] * len(self.groups)
        self.under_repair = [0] * len(self.groups)
        self.waiting: list[Waiting] = [[] for _ in self.lines]
        self.inside = [0] * len(self.areas)
        self.shut, self.reopened = [False] * len(self.areas), [False] * len(self.areas)
        self.groups_before = [
            network.groups_before_area[area.groups_before_from : area.groups_before_to].tolist() for area in self.areas
        ]
        self.waiting_for_space: list[list[tuple[int, int, int, int]]] = [[] for _ in self.areas]
        self.scheduled, self.reversing = [0] * len(self.groups), [False] * len(self.groups)
        self.faces = [group.faces_first for group in self.groups]
        self.in_use = [group.lanes if group.faces_first else 0 for group in self.groups]
        self.faces_since = [LONG_AGO] * len(self.groups)
        self.started, self.gate = [0] * len(self.groups), [0] * len(self.groups)
        self.timed_term = [False] * len(self.groups)
        self.lane_changes = [
            (0, number, group.lanes)
            for number, group in enumerate(self.groups)
            if group.faces_first and group.other_way != NOBODY
        ]
        stages = len(self.stages)
        self.gathering, self.called_up, self.gathered_since = [0] * stages, [0] * stages, [0] * stages
        self.timed = [False] * stages
        self.services = [0] * draws.trucks
        self.in_service: list[dict[int, int]] = [{} for _ in self.groups]
        self.may_pass = [NO_RULE] * stages
        self.boards, self.flows = records(network.boards.rows), records(network.boards.flows)
        boards = len(self.boards)
        self.at_board, self.released, self.going = [0] * boards, [0] * boards, [0] * boards
        self.posted, self.span, self.cleared = [0] * boards, [0] * boards, [1] * boards
        self.known = [board.first for board in self.boards]
        self.postings: list[tuple[int, int, int, int, int]] = []

    @property
    def now(self) -> int:
        """The present tick."""
        return int(self.agenda.now)

    def truck(self, truck: int) -> Process:
        """A truck arrives; from then on one event leads to the next."""
        yield self.agenda.at(int(self.draws.arrival[truck]), RANK_TRUCK, truck)
        self.arrive(truck)

    def be_served(self, truck: int, visit: int) -> Process:
        """The service of a truck ends, or its lane breaks down; unless the truck has been handed back meanwhile."""
        service = self.services[truck]
        yield self.agenda.at(self.end_of_service(visit), RANK_TRUCK, truck)
        if self.services[truck] != service:
            return
        if self.breaks_down(visit):
            self.break_down(truck, visit)
        else:
            self.finish(truck, visit)

    def end_of_service(self, visit: int) -> int:
        """Return when the service of a visit that starts now ends, be it that its lane breaks down."""
        work = self.draws.fails_after[visit] if self.breaks_down(visit) else self.service(visit)
        return int(end_of_work(self.network.clocks, int(self.log.group[visit]), self.now, int(work)))

    def service(self, visit: int) -> int:
        """Return the service time of a visit that has started."""
        times = self.draws.service_by_hand if self.log.by_hand[visit] else self.draws.service
        return int(times[visit])

    def breaks_down(self, visit: int) -> bool:
        """Tell whether the lane breaks down before the service ends: the first that serves the visit may."""
        if not self.log.failed.size or self.log.failed[visit] != NEVER:
            return False
        return bool(self.draws.fails_after[visit] <= self.service(visit))

    def break_down(self, truck: int, visit: int) -> None:
        """A lane breaks down and hands its truck over; it is under repair and serves nobody."""
        group = int(self.log.group[visit])
        self.log.failed[visit] = self.now
        self.break_off(truck, visit)
        self.busy[group] += 1
        self.under_repair[group] += 1
        self.agenda.process(self.repair(group, int(self.draws.fails_for[visit])))
        self.pass_on(self.groups[group].stage)

    def repair(self, group: int, takes: int) -> Process:
        """A lane is repaired after a time, and serves again."""
        number = len(self.on_duty) + len(self.stages) + 2 * len(self.groups) + group
        yield self.agenda.at(self.now + takes, RANK_ALARM, number)
        self.busy[group] -= 1
        self.under_repair[group] -= 1
        self.serve(group)

    def timetable(self) -> Process:
        """Lane groups open and close; units of pools come on duty and leave; links fail and are back."""
        network = self.network
        changes = network.change_resource, network.change_units, network.change_keeps
        for change in range(network.change_tick.size):
            yield self.agenda.at(int(network.change_tick[change]), RANK_TIMETABLE, change)
            self.change(*(int(column[change]) for column in changes))

    def change(self, resource: int, units: int, keeps: int) -> None:
        """Have so many lanes of a group open, or units of a pool on duty, or so much of a link up; or post waits.

        Lanes keep at most `keeps` trucks.
        """
        if resource == len(self.on_duty):
            self.post()
            return
        if resource >= len(self.groups):
            self.on_duty[resource] = units
            self.call_for_pool(resource)
            return
        self.scheduled[resource] = units
        if not units and self.groups[resource].serves_queue:
            self.admits_before[resource] = self.now
            return
        self.admits_before[resource] = NO_TICK
        if self.faces[resource]:
            self.on_duty[resource] = min(units, self.in_use[resource])
            self.serve(resource)
        if self.busy[resource] > keeps:
            self.hand_back(resource, keeps)

    def hand_back(self, group: int, keeps: int) -> None:
        """Give trucks in service back to their lines, who started last first, and let others use what they used."""
        last_first = sorted(self.in_service[group].items(), key=self.started_at, reverse=True)
        for truck, visit in last_first[: self.busy[group] - keeps]:
            self.break_off(truck, visit)
        self.pass_on(self.groups[group].stage)

    def pass_on(self, number: int) -> None:
        """Let others use what trucks used whose services at a stage were broken off."""
        stage = self.stages[number]
        for other in range(stage.groups_from, stage.groups_to):
            self.serve(other)
        for line in range(stage.lines_from, stage.lines_to):
            for _, pool in self.taken[line]:
                self.call_for_pool(pool)
        for other in range(stage.groups_from, stage.groups_to):
            self.reverse_if_due(other)
            self.open_if_due(other)
        while self.call_for_space():
            pass

    def started_at(self, truck_and_visit: tuple[int, int]) -> tuple[int, int]:
        """Return what orders trucks by the start of their service."""
        truck, visit = truck_and_visit
        return int(self.log.times[visit, STARTED]), truck

    def break_off(self, truck: int, visit: int) -> None:
        """Let a truck stand in line again as if its service had not started."""
        line = self.draws.line[visit]
        del self.in_service[int(self.log.group[visit])][truck]
        self.services[truck] += 1
        self.busy[self.log.group[visit]] -= 1
        for units, pool in self.taken[line]:
            if not (self.log.by_hand[visit] and pool == self.lines[line].by_hand_without):
                self.busy[pool] -= units
        if self.gathers(line):
            self.called_up[self.lines[line].stage] += 1
        if self.lines[line].kept_out_of != NOBODY:
            self.free_space(self.lines[line].kept_out_of)
        self.log.times[visit, STARTED], self.log.group[visit], self.log.by_hand[visit] = NEVER, NEVER, False
        self.stand_in_line(truck, visit)

    def come_back(self, pool: int, delay: int) -> Process:
        """A unit of a pool can be used again after a time."""
        yield self.agenda.at(self.now + delay, RANK_ALARM, pool)
        self.busy[pool] -= 1
        self.call_for_pool(pool)

    def face(self, group: int) -> Process:
        """A lane reverses to serve a group, or all lanes do."""
        rule = self.groups[group]
        yield self.agenda.at(self.now + rule.reversal_takes, RANK_ALARM, group)
        if not self.faces[group]:
            self.begin_term(group)
        self.put_in_use(group, self.in_use[group] + 1 if rule.each else rule.lanes)
        if rule.until != UNTIL_LONGER:
            self.reverse_if_due(rule.other_way)

    def begin_term(self, group: int) -> None:
        """Begin to count the trucks and the time for which lanes serve a direction."""
        self.faces_since[group] = self.now
        self.started[group] = 0
        self.gate[group] = self.waiting_for(group) if self.groups[group].until == UNTIL_GATED else NO_LIMIT
        if self.groups[group].at_least:
            self.agenda.process(self.end_least_time(group))
        if self.groups[group].at_most < NO_LIMIT and not self.timed_term[group]:
            self.set_term_alarm(group)

    def end_least_time(self, group: int) -> Process:
        """Reverse lanes if they are due once they have served a direction for the least time."""
        number = len(self.on_duty) + len(self.stages) + group
        yield self.agenda.at(self.now + self.groups[group].at_least, RANK_ALARM, number)
        self.reverse_if_due(self.groups[group].other_way)

    def set_term_alarm(self, group: int) -> None:
        """Set the alarm for the end of the longest time that lanes serve a direction."""
        self.timed_term[group] = True
        self.agenda.process(self.end_term(group, self.faces_since[group] + self.groups[group].at_most))

    def end_term(self, group: int, tick: int) -> Process:
        """Reverse lanes if they are due at the end of the longest time; if it was that of an earlier term, wait on."""
        yield self.agenda.at(tick, RANK_ALARM, len(self.on_duty) + len(self.stages) + len(self.groups) + group)
        self.timed_term[group] = False
        if not self.faces[group]:
            return
        if self.now < self.faces_since[group] + self.groups[group].at_most:
            self.set_term_alarm(group)
        else:
            self.reverse_if_due(self.groups[group].other_way)

    def put_in_use(self, group: int, lanes: int) -> None:
        """Let lanes that have reversed to a group, or that the queue opens, serve it within its hours."""
        self.in_use[group] = lanes
        self.reversing[group] = lanes < self.groups[group].lanes
        self.faces[group] = True
        self.lane_changes.append((self.now, group, lanes))
        self.on_duty[group] = min(self.scheduled[group], lanes)
        self.serve(group)

    def put_out_of_use(self, group: int) -> None:
        """Let lanes serve no more trucks of a group than those that they serve."""
        self.faces[group] = False
        self.lane_changes.append((self.now, group, 0))
        self.on_duty[group] = 0

    def arrive(self, truck: int) -> None:
        """A truck arrives, at the gate that it chooses where it may; unless it stays away."""
        if self.boards:
            truck = self.choose_gate(truck)
            if truck == NOBODY:
                return
            self.set_out(truck)
        self.go_on(truck, self.draws.first[truck] - 1)

    def choose_gate(self, truck: int) -> int:
        """Return what a truck is at the gate that costs it least by what it knows, of equals at the first.

        Return `NOBODY` where it stays away, and for what it would be at another gate than its usual one.
        """
        if self.flows[self.draws.flow[truck]].is_spare:
            return NOBODY
        if self.draws.sibling[truck] == NEVER:
            return truck
        ways = self.at_all_gates(truck)
        cost, _, best = min((self.known[self.board(n)] + int(self.draws.taste[n]), self.board(n), n) for n in ways)
        if self.draws.puts_up_with[truck] < cost:
            self.log.came[truck] = STAYED_AWAY
            return NOBODY
        return best

    def at_all_gates(self, truck: int) -> list[int]:
        """Return what a truck is at each gate of its trade, from this one on."""
        found = [truck]
        while self.draws.sibling[found[-1]] != truck:
            found.append(int(self.draws.sibling[found[-1]]))
        return found

    def board(self, truck: int) -> int:
        """Return the board on which the trucks of a flow count, or `NOBODY`."""
        return int(self.flows[self.draws.flow[truck]].board)

    def set_out(self, truck: int) -> None:
        """A truck comes to a gate, or sets out for it from another; it counts there until it is released."""
        self.log.came[truck] = self.now
        if self.board(truck) != NOBODY and self.draws.released[truck] >= 0:
            self.at_board[self.board(truck)] += 1

    def pass_control(self, truck: int, visit: int, row: int) -> None:
        """Count a truck as released if it goes on from the last control."""
        if self.boards and self.board(truck) != NOBODY and visit <= self.draws.released[truck] < row:
            self.at_board[self.board(truck)] -= 1
            self.released[self.board(truck)] += 1

    def leave_board(self, truck: int, visit: int) -> None:
        """Count a truck no more that leaves without release."""
        if self.boards and self.board(truck) != NOBODY and visit <= self.draws.released[truck]:
            self.at_board[self.board(truck)] -= 1

    def post(self) -> None:
        """Post how long trucks wait: those there, by the time in which as many were released. Some choose again."""
        self.going = [0] * len(self.boards)
        for number, board in enumerate(self.boards):
            tick, released = 0, 0
            if len(self.postings) >= board.over * len(self.boards):
                tick, _, _, released, _ = self.postings[-board.over * len(self.boards)]
            self.span[number], self.cleared[number] = self.now - tick, max(self.released[number] - released, 1)
            self.posted[number] = self.expected_wait(number)
            here = (self.now, number, self.at_board[number], self.released[number], self.posted[number])
            self.postings.append(here)
            if len(self.postings) > board.late * len(self.boards):
                self.known[number] = self.postings[-1 - board.late * len(self.boards)][-1]
        self.choose_again()

    def expected_wait(self, board: int) -> int:
        """Return how long trucks wait there, those included that have decided to move there."""
        trucks = self.at_board[board] + self.going[board]
        return min(trucks * self.span[board] // self.cleared[board], int(self.boards[board].at_most))

    def choose_again(self) -> None:
        """Let trucks in line choose again: all decide, each queue from its tail, then those move that decided so."""
        movers = []
        for stage in np.flatnonzero(self.network.boards.thinks.any(axis=1)).tolist():
            lines = range(self.stages[stage].lines_from, self.stages[stage].lines_to)
            queue = [each for line in lines for each in self.waiting[line]]
            for place in range(len(queue), 0, -1):
                _, truck, visit = queue[place - 1]
                if self.may_choose_again(stage, truck, visit):
                    to = self.better_gate(truck, place, len(queue))
                    if to != NOBODY:
                        self.going[self.board(to)] += 1
                        movers.append((truck, visit, to))
        for truck, visit, to in movers:
            self.move(truck, visit, to)

    def may_choose_again(self, stage: int, truck: int, visit: int) -> bool:
        """Tell whether a truck in line is one of those that may, and does so there."""
        if self.draws.sibling[truck] == NEVER or visit > self.draws.released[truck]:
            return False
        return bool(self.network.boards.thinks[stage, self.board(truck)])

    def better_gate(self, truck: int, place: int, queue: int) -> int:
        """Return what a truck is at the best gate where it never was; `NOBODY` if that does not spare it enough."""
        here, taste = self.board(truck), self.draws.taste
        mine = self.posted[here] * place // queue + int(taste[truck])
        others = [n for n in self.at_all_gates(truck) if self.log.came[n] == NEVER]
        if not others:
            return NOBODY
        cost, _, best = min((self.expected_wait(self.board(n)) + int(taste[n]), self.board(n), n) for n in others)
        return best if cost + self.boards[here].gain < mine else NOBODY

    def move(self, truck: int, visit: int, to: int) -> None:
        """A truck leaves the queue for another gate, unless it has started: it is on the way there at once."""
        if self.log.times[visit, STARTED] != NEVER:
            return
        self.log.moved[truck] = True
        self.leave_line(truck, visit)
        freed = self.turn_back(truck, visit)
        self.set_out(to)
        freed |= self.join(to, int(self.draws.first[to]))
        while freed:
            freed = self.call_for_space()

    def entry(self, truck: int) -> int:
        """Return the first row of a truck that arrives: not that of the way from another gate."""
        first = int(self.draws.first[truck])
        if not self.boards or self.draws.sibling[truck] == NEVER:
            return first
        return first + int(self.flows[self.draws.flow[truck]].has_way)

    def choose(self, truck: int, visit: int) -> int:
        """Return the next visit of the path; of alternatives the one that a rule finds best, of equals the first."""
        draws, inside = self.draws, visit >= self.draws.first[truck]
        if not draws.next_row.size:
            return visit + 1 if inside else self.entry(truck)
        row = int(draws.next_row[visit]) if inside else self.entry(truck)
        if row == draws.first[truck + 1]:
            return row
        rows = [row]
        while draws.alternative_row[rows[-1]] >= 0:
            rows.append(int(draws.alternative_row[rows[-1]]))
        return min(rows, key=self.load)

    def load(self, row: int) -> tuple[bool, float]:
        """Return what orders alternatives by the first visit of each: open ones first, then the smaller load.

        By the queue: trucks at the stage, as a whole. By the wait: nothing if a lane is free, else the service times
        of those in line and of the truck itself, shared by the open lanes.
        """
        line = self.draws.line[row]
        groups = self.groups_of_line[line]
        busy, lanes = sum(self.busy[g] for g in groups), sum(self.on_duty[g] for g in groups if self.is_open(g))
        waiting = self.in_line(self.lines[line].stage)
        if self.draws.rule[row] == SHORTEST_QUEUE:
            return lanes == 0, float(waiting + busy - sum(self.under_repair[g] for g in groups))
        if busy < lanes:
            return False, 0.0
        return lanes == 0, float((waiting + 1) * self.lines[line].mean_service) / max(lanes, 1)

    def is_open(self, group: int) -> bool:
        """Tell whether the lanes of a group admit trucks that join now, if it has any."""
        return self.admits_before[group] == NO_TICK

    def in_line(self, stage: int) -> int:
        """Return the number of trucks in line at a stage."""
        row = self.stages[stage]
        return sum(len(line) for line in self.waiting[row.lines_from : row.lines_to])

    def join(self, truck: int, visit: int) -> bool:
        """Join the waiting line of the stage; start at once if a lane and all that the stage needs are free.

        Tell whether the truck turned back instead and left a space.
        """
        line = self.draws.line[visit]
        stage = self.lines[line].stage
        self.log.times[visit, JOINED] = self.now
        if self.network.turns_away and self.in_line(stage) >= self.lines[line].turns_away_at:
            return self.turn_back(truck, visit)
        if self.gathers(line):
            self.stand_in_line(truck, visit)
            self.gather(stage)
        else:
            group = self.free_group(line, self.now)
            if group != NOBODY and self.may_start(line):
                self.start(truck, visit, group)
                return False
            self.stand_in_line(truck, visit)
        for group in self.groups_of_line[line]:
            self.reverse_if_due(group)
            self.open_if_due(group)
        return False

    def stand_in_line(self, truck: int, visit: int) -> None:
        """Stand behind all who joined before, or at the same tick with a smaller number, as long as patience lasts.

        A truck that is handed back stands where it stood, and its patience has run on.
        """
        joined = int(self.log.times[visit, JOINED])
        insort(self.waiting[self.draws.line[visit]], (joined, truck, visit))
        patience = int(self.draws.patience[visit]) if self.draws.patience.size else FOR_EVER
        end = min(max(self.now, joined + patience), self.end_of_stay(visit))
        if end < FOR_EVER:
            self.agenda.process(self.lose_patience(truck, visit, end))

    def end_of_stay(self, visit: int) -> int:
        """Return when a truck that now begins to wait for a visit gives up because of its whole stay."""
        return max(self.now, int(self.draws.gives_up[visit])) if self.draws.gives_up.size else FOR_EVER

    def turn_back(self, truck: int, visit: int) -> bool:
        """Leave for good without service. Tell whether a space of an area fell free."""
        self.log.times[visit, LEFT] = self.now
        self.leave_board(truck, visit)
        area = self.area(visit)
        if area == NOBODY:
            return False
        self.free_space(area)
        return True

    def lose_patience(self, truck: int, visit: int, end: int) -> Process:
        """A truck whose patience ends turns back, if it still stands in line."""
        yield self.agenda.at(end, RANK_PATIENCE, truck)
        if self.log.times[visit, STARTED] != NEVER or self.log.times[visit, LEFT] != NEVER:
            return
        self.leave_line(truck, visit)
        freed = self.turn_back(truck, visit)
        while freed:
            freed = self.call_for_space()

    def leave_line(self, truck: int, visit: int) -> None:
        """Leave a line without service."""
        line = self.draws.line[visit]
        self.waiting[line].remove((int(self.log.times[visit, JOINED]), truck, visit))
        if self.gathers(line):
            self.leave_batch(self.lines[line].stage, int(self.log.times[visit, JOINED]))
        self.close_lanes_if_due(line)
        for group in self.groups_of_line[line]:
            if self.groups[group].until != UNTIL_LONGER:
                self.reverse_if_due(self.groups[group].other_way)

    def lose_patience_for_space(self, truck: int, visit: int, row: int, end: int) -> Process:
        """A truck whose patience ends turns back, if it still stands for a space; it leaves the lane that it blocks."""
        since = self.now
        yield self.agenda.at(end, RANK_PATIENCE, truck)
        if self.log.times[row, JOINED] != NEVER:
            return
        self.waiting_for_space[self.area(row)].remove((since, truck, visit, row))
        self.log.times[row, [JOINED, LEFT]] = self.now
        self.leave_board(truck, row)
        away = int(self.draws.first[truck + 1])
        freed = self.vacate(truck, visit, away)
        freed |= self.proceed(truck, visit, away)
        while freed:
            freed = self.call_for_space()

    def gathers(self, line: int) -> bool:
        """Tell whether trucks of the line start in batches."""
        return bool(self.stages[self.lines[line].stage].batch_size)

    def gather(self, stage: int) -> None:
        """Add a truck to the next batch of the stage, and let it start when it is complete."""
        if self.gathering[stage] == 0:
            self.gathered_since[stage] = self.now
            if not self.timed[stage]:
                self.set_gathering_alarm(stage)
        self.gathering[stage] += 1
        if self.gathering[stage] >= self.stages[stage].batch_size:
            self.call_up(stage)

    def leave_batch(self, stage: int, joined: int) -> None:
        """Take a truck out of the next batch if it joined with it, else out of those that may start."""
        if self.gathering[stage] and (joined >= self.gathered_since[stage] or not self.called_up[stage]):
            self.gathering[stage] -= 1
        else:
            self.called_up[stage] -= 1

    def set_gathering_alarm(self, stage: int) -> None:
        """Set the alarm for the end of the time in which a batch gathers."""
        self.timed[stage] = True
        self.agenda.process(self.end_gathering(stage, self.gathered_since[stage] + self.stages[stage].batch_after))

    def end_gathering(self, stage: int, tick: int) -> Process:
        """Let a batch start although it is not complete, if its time is over; else wait for the batch after it."""
        yield self.agenda.at(int(tick), RANK_ALARM, len(self.on_duty) + int(stage))
        self.timed[stage] = False
        if not self.gathering[stage]:
            return
        if self.gathered_since[stage] + self.stages[stage].batch_after <= self.now:
            self.call_up(stage)
        else:
            self.set_gathering_alarm(stage)

    def call_up(self, stage: int) -> None:
        """Let the trucks that have gathered start, lane group by lane group."""
        self.called_up[stage] += self.gathering[stage]
        self.gathering[stage] = 0
        for group in range(self.stages[stage].groups_from, self.stages[stage].groups_to):
            self.serve(group)

    def is_reversible(self, group: int) -> bool:
        """Tell whether the lanes of a group reverse from one direction to the other."""
        return bool(self.groups[group].other_way != NOBODY)

    def reverse_if_due(self, group: int) -> None:
        """Let lanes reverse to serve the group, once they are empty, if enough trucks wait for it."""
        other = self.groups[group].other_way
        if other == NOBODY or not self.faces[other] or self.reversing[other]:
            return
        wait = self.waiting_for(group)
        if wait < self.groups[group].reverses_at or not self.may_leave(other, wait):
            return
        self.put_out_of_use(other)
        self.reversing[group] = True
        self.reverse_if_empty(other)

    def may_leave(self, group: int, others: int) -> bool:
        """Tell whether lanes may leave a direction while so many trucks of the other one wait."""
        rule, since, wait = self.groups[group], self.faces_since[group], self.waiting_for(group)
        if self.now < since + rule.at_least:
            return False
        if self.started[group] >= rule.most_trucks or self.now >= since + rule.at_most:
            return True
        if rule.until == UNTIL_LONGER:
            return bool(others >= wait + rule.lead)
        if rule.until == UNTIL_GATED and self.started[group] >= self.gate[group]:
            return True
        return wait == 0 and (self.busy[group] == 0 or self.busy[group] < self.on_duty[group])

    def reverse_if_empty(self, group: int) -> None:
        """Begin to reverse lanes away from a group: each that is empty, or all when the last one is."""
        other, empty = self.groups[group].other_way, self.in_use[group] - self.busy[group]
        if not self.reversing[other]:
            return
        if self.groups[group].each:
            self.in_use[group] -= empty
            for _ in range(empty):
                self.agenda.process(self.face(other))
        elif self.busy[group] == 0 and empty:
            self.in_use[group] = 0
            self.agenda.process(self.face(other))

    def open_if_due(self, group: int) -> None:
        """Call for the lanes of a group that the queue opens, if it is long enough; they open after some time."""
        at = self.groups[group].opens_at
        if at and not self.faces[group] and not self.reversing[group] and self.waiting_for(group) >= at:
            self.reversing[group] = True
            self.agenda.process(self.open_lanes(group))

    def open_lanes(self, group: int) -> Process:
        """Lanes open by the queue, unless it has become too short; after the least time they may close."""
        yield self.agenda.at(self.now + self.groups[group].opening_takes, RANK_ALARM, group)
        self.reversing[group] = False
        if self.waiting_for(group) < self.groups[group].closes_below:
            return
        self.faces_since[group] = self.now
        self.put_in_use(group, self.groups[group].lanes)
        if self.groups[group].stays_open:
            yield self.agenda.at(self.now + self.groups[group].stays_open, RANK_ALARM, group)
            self.close_if_due(group)

    def close_lanes_if_due(self, line: int) -> None:
        """Let lanes close that the queue opened, now that one truck less stands in a line that they serve."""
        for group in self.groups_of_line[line]:
            self.close_if_due(group)

    def close_if_due(self, group: int) -> None:
        """Close lanes that the queue opened if it is short enough and they were open long enough."""
        rule = self.groups[group]
        if not rule.opens_at or not self.faces[group] or self.now < self.faces_since[group] + rule.stays_open:
            return
        if self.waiting_for(group) < rule.closes_below:
            self.put_out_of_use(group)

    def waiting_for(self, group: int) -> int:
        """Return the number of trucks in the lines that a lane group serves."""
        return sum(len(self.waiting[line]) for line in self.lines_of_group[group])

    def start(self, truck: int, visit: int, group: int) -> None:
        """Take a lane of the group, and the units of pools and links that the stage needs or takes."""
        line = self.draws.line[visit]
        self.busy[group] += 1
        self.log.by_hand[visit] = self.is_by_hand(line)
        for units, pool in self.taken[line]:
            if not (self.log.by_hand[visit] and pool == self.lines[line].by_hand_without):
                self.busy[pool] += units
        stage = self.lines[line].stage
        if self.gathers(line):
            self.called_up[stage] -= 1
        if self.may_pass[stage] != NO_RULE:
            self.may_pass[stage] -= 1
        if self.lines[line].kept_out_of != NOBODY:
            self.take_space(self.lines[line].kept_out_of)
        self.log.times[visit, STARTED] = self.now
        self.log.group[visit] = group
        self.in_service[group][truck] = visit
        self.agenda.process(self.be_served(truck, visit))
        self.started[group] += 1
        if self.started[group] in (self.groups[group].most_trucks, self.gate[group]):
            self.reverse_if_due(self.groups[group].other_way)

    def is_by_hand(self, line: int) -> bool:
        """Tell whether a service in the line would be done by hand, because its link is down."""
        link = self.lines[line].by_hand_without
        return bool(link != NOBODY and self.on_duty[link] == 0)

    def finish(self, truck: int, visit: int) -> None:
        """End the service, and give units back."""
        self.log.times[visit, FINISHED] = self.now
        del self.in_service[int(self.log.group[visit])][truck]
        self.give_back(visit)
        self.go_on(truck, visit)

    def go_on(self, truck: int, visit: int) -> None:
        """Go on to the next stage unless its area is full, after an arrival or a service."""
        row = self.choose(truck, visit)
        blocked = self.next_area_is_full(truck, visit, row)
        freed = not blocked and self.vacate(truck, visit, row)
        if visit >= self.draws.first[truck]:
            self.call_for_given(visit)
        if blocked:
            self.stand_for_space(truck, visit, row)
            return
        self.pass_control(truck, visit, row)
        freed |= self.proceed(truck, visit, row)
        while freed:
            freed = self.call_for_space()

    def give_back(self, visit: int) -> None:
        """Give units of pools and links back: at once, or after the time that they need to come back."""
        line = self.draws.line[visit]
        for units, pool in self.given[line]:
            if self.log.by_hand[visit] and pool == self.lines[line].by_hand_without:
                continue
            if not self.pools[pool - len(self.groups)].comes_back:
                self.busy[pool] -= units
                continue
            for _ in range(units):
                self.agenda.process(self.come_back(pool, int(self.draws.comes_back[visit])))

    def call_for_given(self, visit: int) -> None:
        """Let the units just given back call trucks in line that need them, pool by pool."""
        for _, pool in self.given[self.draws.line[visit]]:
            self.call_for_pool(pool)

    def vacate(self, truck: int, visit: int, row: int) -> bool:
        """Leave the lane, and take a space of the next area. Tell whether a space of another area fell free."""
        inside = visit >= self.draws.first[truck]
        if inside:
            self.log.times[visit, LEFT] = self.now
            self.busy[self.log.group[visit]] -= 1
        here = self.area(visit) if inside else NOBODY
        there = self.next_area(truck, row)
        if here == there:
            return False
        if there != NOBODY and not self.has_space(truck, visit):
            self.take_space(there)
        if here == NOBODY:
            return False
        self.free_space(here)
        return True

    def take_space(self, area: int) -> None:
        """Take a space of an area; it is shut when the last one is taken."""
        self.inside[area] += 1
        if self.inside[area] >= self.areas[area].spaces:
            self.shut[area] = True

    def has_space(self, truck: int, visit: int) -> bool:
        """Tell whether a truck took the space of its next area when its service started."""
        return bool(visit >= self.draws.first[truck] and self.lines[self.draws.line[visit]].kept_out_of != NOBODY)

    def free_space(self, area: int) -> None:
        """Leave an area; it opens again when few enough are inside."""
        self.inside[area] -= 1
        if self.shut[area] and self.inside[area] <= self.areas[area].reopens_at:
            self.shut[area] = False
            self.reopened[area] = True

    def proceed(self, truck: int, visit: int, row: int) -> bool:
        """Let the lane just left call the next truck, then join the next stage; tell whether a space fell free."""
        if visit >= self.draws.first[truck]:
            group = int(self.log.group[visit])
            self.serve(group)
            if self.is_reversible(group):
                self.reverse_if_empty(group)
                self.reverse_if_due(self.groups[group].other_way)
        return row < self.draws.first[truck + 1] and self.join(truck, row)

    def stand_for_space(self, truck: int, visit: int, row: int) -> None:
        """Stand in line for a space of the next area, by the tick of asking, then by number."""
        insort(self.waiting_for_space[self.next_area(truck, row)], (self.now, truck, visit, row))
        end = self.end_of_stay(row)
        if end < FOR_EVER:
            self.agenda.process(self.lose_patience_for_space(truck, visit, row, end))

    def call_for_space(self) -> bool:
        """Let the first truck in line for a free space move on; tell whether one could.

        If none can, areas that have opened again let the lanes before them call the trucks that they kept out.
        """
        for area, line in enumerate(self.waiting_for_space):
            if line and not self.shut[area]:
                _, truck, visit, row = line.pop(0)
                self.vacate(truck, visit, row)
                self.pass_control(truck, visit, row)
                self.proceed(truck, visit, row)
                return True
        for area, groups in enumerate(self.groups_before):
            if self.reopened[area]:
                self.reopened[area] = False
                for group in groups:
                    self.serve(group)
        return False

    def serve(self, group: int) -> None:
        """Call trucks from the lines, best first, while a lane is free and open."""
        while self.busy[group] < self.on_duty[group]:
            lines = [line for line in self.lines_of_group[group] if self.waiting[line] and self.may_start(line)]
            lines = [line for line in lines if self.first_joined(line) < self.admits_before[group]]
            if not lines:
                return
            self.start_first(min(lines, key=self.order), group)

    def call_for_pool(self, pool: int) -> None:
        """Call trucks that need units of the pool, best first, while one of them can start."""
        while True:
            lines = [
                line
                for line in self.lines_of_pool[pool - len(self.groups)]
                if self.waiting[line] and self.may_start(line)
            ]
            lines = [line for line in lines if self.free_group(line, self.first_joined(line)) != NOBODY]
            if not lines:
                return
            best = min(lines, key=self.order)
            self.start_first(best, self.free_group(best, self.first_joined(best)))

    def start_first(self, line: int, group: int) -> None:
        """Take the first truck out of a line and start it."""
        _, truck, visit = self.waiting[line].pop(0)
        self.start(truck, visit, group)
        self.close_lanes_if_due(line)

    def order(self, line: int) -> tuple[int, tuple[int, int, int]]:
        """Return what orders the first trucks of lines."""
        return self.lines[line].priority, self.waiting[line][0]

    def first_joined(self, line: int) -> int:
        """Return when the first truck of a line joined it."""
        return self.waiting[line][0][0]

    def free_group(self, line: int, joined: int) -> int:
        """Return the first lane group with a free open lane for a truck that joined the line then, or `NOBODY`."""
        free = (group for group in self.groups_of_line[line] if self.busy[group] < self.on_duty[group])
        return next((group for group in free if joined < self.admits_before[group]), NOBODY)

    def may_start(self, line: int) -> bool:
        """Tell whether a truck of the line could start in a free lane: its batch is called up, all units are free.

        A truck that the area ahead keeps out does not start: it would block a lane that others need. Nor does one
        that a policy holds (`sim.live`).
        """
        stage = self.lines[line].stage
        if (self.gathers(line) and not self.called_up[stage]) or not self.may_pass[stage]:
            return False
        if self.lines[line].kept_out_of != NOBODY and self.shut[self.lines[line].kept_out_of]:
            return False
        by_hand = self.is_by_hand(line)
        return all(
            self.busy[pool] + units <= self.on_duty[pool]
            for units, pool in self.taken[line]
            if not (by_hand and pool == self.lines[line].by_hand_without)
        )

    def next_area_is_full(self, truck: int, visit: int, row: int) -> bool:
        """Tell whether the truck cannot go on for lack of space."""
        there = self.next_area(truck, row)
        if there == NOBODY or not self.shut[there] or self.lines[self.draws.line[row]].enters_freely:
            return False
        if self.has_space(truck, visit):
            return False
        return visit < self.draws.first[truck] or there != self.area(visit)

    def next_area(self, truck: int, row: int) -> int:
        """Return the area of the next visit, or `NOBODY`."""
        return self.area(row) if row < self.draws.first[truck + 1] else NOBODY

    def area(self, visit: int) -> int:
        """Return the area of a visit, or `NOBODY`."""
        return int(self.lines[self.draws.line[visit]].area)

    def until(self, end: int) -> EventLog:
        """Let the trucks come, run until the tick `end` and return what happened."""
        for truck in range(self.draws.trucks):
            self.agenda.process(self.truck(truck))
        self.agenda.run(until=end)
        lane_changes, postings = np.array(self.lane_changes, LANE_CHANGE), np.array(self.postings, POSTING)
        return dataclasses.replace(self.log, lane_changes=lane_changes, postings=postings)


def simulate(plan: Plan, draws: Draws) -> EventLog:
    """Run the gate until `plan.end` and return what happened."""
    run = Run(plan, draws)
    run.agenda.process(run.timetable())
    return run.until(plan.end)
