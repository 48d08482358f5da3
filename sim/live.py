"""Own rules: a policy that watches a run of the reference engine and changes what is open, step by step.

A policy acts by the means of the engine: it gives lanes and units as the timetable does, within the hours and shifts of
the gate and less what outages take, and what it did is in the log. At a tick its turn comes when all else is done.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from typing import Any, NamedTuple, NoReturn

import numpy as np
import simpy
from simpy.core import EmptySchedule, StopSimulation

from gates.findings import ConfigError, Finding, suggestion, value_text
from sim.arrays import NOBODY
from sim.clock import TICKS_PER_SECOND
from sim.draws.columns import Draws
from sim.draws.outages import handed_over_at, units_down
from sim.engines.log import HOLD, NO_RULE, UNIT_CHANGE, EventLog
from sim.engines.reference import AT_ONCE, RANK_PATIENCE, RANK_TIMETABLE, Agenda, Run
from sim.plan.network import NO_LIMIT
from sim.plan.plan import Plan
from sim.plan.supply import UNLIMITED_LANES

TICKS_PER_MINUTE = 60 * TICKS_PER_SECOND
MOST = 1_000_000
"""Most lanes or units that a policy may ask for."""
_RANK_POLICY = RANK_PATIENCE + 1

Policy = Callable[["Live"], Iterator[simpy.Event] | None]
"""Called before the first event of each replication; may be a generator function, which is then a SimPy process."""


class WaitingTruck(NamedTuple):
    """A truck in line at a stage."""

    flow: str
    number: int
    """Number within the flow."""
    vehicle_class: str
    direction: str
    minutes: float
    """Time since it joined the line [min]."""


class LiveAgenda(Agenda):
    """An agenda where timeouts of a policy come last at their tick, and conditions are looked at after each event."""

    def __init__(self) -> None:
        super().__init__()
        self.conditions: list[tuple[Callable[[], bool], simpy.Event]] = []
        self._something_happened = False

    def schedule(self, event: simpy.Event, priority: Any = simpy.events.NORMAL, delay: Any = 0) -> None:
        """Schedule an event; a timeout in whole ticks, after all else at its tick."""
        if isinstance(event, simpy.Timeout):
            priority, delay = AT_ONCE + (_RANK_POLICY << 32), round(delay)
        super().schedule(event, priority, delay)

    def step(self) -> None:
        """Take the next event, with what it makes possible at once; then look at the conditions that are waited for."""
        priority, event = self._queue[0][1::2] if self._queue else (0, None)
        try:
            super().step()
        except (StopSimulation, EmptySchedule):
            raise
        except Exception:
            if event is not None and event.triggered and isinstance(event.value, Exception):
                raise event.value from None  # SimPy raises a copy, which not every exception allows
            raise
        self._something_happened |= priority >= AT_ONCE
        if self._something_happened and not (self._queue and self._queue[0][:2] < (self.now, AT_ONCE)):
            self._something_happened = False
            self._look()

    def _look(self) -> None:
        waiting, self.conditions = self.conditions, []
        for condition, event in waiting:
            if condition():
                event.succeed()
            else:
                self.conditions.append((condition, event))


class Live:
    """A run as a policy sees it, and what a policy may do. Times are in minutes; of the environment in ticks (ms).

    A stage is named as in the gate file; `stage/group` names one of its lane groups.
    """

    def __init__(self, run: Run, agenda: LiveAgenda, plan: Plan, name: str) -> None:
        self._run, self._agenda, self._plan = run, agenda, plan
        key = int.from_bytes(hashlib.blake2b(f"{name}/policy".encode(), digest_size=16).digest(), "little")
        self.random = np.random.Generator(np.random.Philox(key=key))
        """A random number generator of the policy's own, seeded by seed and replication."""
        self._timetable = _Timetable(run, plan)
        self._holds: list[tuple[int, int, int]] = []

    # What it sees

    @property
    def env(self) -> simpy.Environment:
        """The SimPy environment, for processes and events of one's own; its time is in ticks (ms)."""
        return self._agenda

    @property
    def now(self) -> float:
        """Minutes since the start of the run, which is the start of its warm-up."""
        return self._run.now / TICKS_PER_MINUTE

    def clock(self, side: str | None = None) -> dt.datetime:
        """Return date and time on the clock of a side; without one on that of the bulletin."""
        zones = self._plan.zones
        if side is not None and side not in zones:
            _refuse("clock", side, "the gate has no such side", suggestion(zones, side))
        zone = self._plan.days.zone if side is None else zones[side]
        return (self._plan.days.origin + dt.timedelta(milliseconds=self._run.now)).astimezone(zone)

    def queue(self, stage: str) -> int:
        """Return the number of trucks in line at a stage."""
        return self._run.in_line(self._stage(stage))

    def waiting(self, stage: str) -> tuple[WaitingTruck, ...]:
        """Return the trucks in line at a stage, in the order in which they are served."""
        run, row = self._run, self._run.stages[self._stage(stage)]
        lines = [line for line in range(row.lines_from, row.lines_to) if run.waiting[line]]
        entries = sorted((run.lines[line].priority, *entry) for line in lines for entry in run.waiting[line])
        return tuple(self._truck(truck, joined) for _, joined, truck, _ in entries)

    def _truck(self, truck: int, joined: int) -> WaitingTruck:
        stream = self._plan.streams[self._run.draws.flow[truck]]
        kind = self._plan.kinds[stream.kind]
        minutes = (self._run.now - joined) / TICKS_PER_MINUTE
        number = int(self._run.draws.number[truck])
        return WaitingTruck(stream.name, number, kind.vehicle_class, kind.direction, minutes)

    def lanes(self, stage: str) -> int:
        """Return the number of lanes that are open now."""
        return sum(self._run.on_duty[group] for group in self._groups(stage))

    def busy(self, stage: str) -> int:
        """Return the number of lanes that serve a truck, or hold one that is blocked."""
        return sum(self._run.busy[group] for group in self._groups(stage))

    def units(self, pool: str) -> int:
        """Return the number of units of a pool on duty now."""
        return self._run.on_duty[self._pool(pool)]

    def in_use(self, pool: str) -> int:
        """Return the number of units of a pool in use, or on their way back."""
        return self._run.busy[self._pool(pool)]

    def inside(self, area: str) -> int:
        """Return the number of trucks in an area."""
        areas = self._plan.areas
        if area not in areas:
            _refuse("inside", area, "the gate has no such area", suggestion(areas, area))
        return self._run.inside[areas.index(area)]

    # What it does

    def set_lanes(self, stage: str, lanes: int | None) -> None:
        """Have so many lanes open from now on, within the hours of the stage; None gives back those of the gate file.

        Lanes that are closed finish the trucks that they serve.

        Raises
        ------
        ConfigError
            If there is no such stage, it has several lane groups, or its lanes are unlimited or follow a rule.
        """
        groups = self._groups(stage)
        names = list(dict.fromkeys(self._plan.groups.name[group] for group in groups))
        if len(names) > 1:
            remedy = f"Name one of them: {', '.join(f'{stage}/{name}' for name in names)}."
            _refuse("set_lanes", stage, "has several lane groups", remedy)
        group, row = groups[0], self._run.groups[groups[0]]
        if self._plan.groups.lanes[group] >= UNLIMITED_LANES:
            _refuse("set_lanes", stage, "its lanes are unlimited", "Write a number of lanes in the gate first.")
        if row.other_way != NOBODY or row.opens_at:
            remedy = "Take that rule out of the gate, so that the policy decides alone."
            _refuse("set_lanes", stage, "its lanes reverse or open by a rule of the gate file", remedy)
        self._timetable.choose(group, None if lanes is None else _count("set_lanes", stage, lanes))

    def set_units(self, pool: str, units: int | None) -> None:
        """Have so many units of a pool on duty from now on, during its shifts; None gives back those of the gate file.

        Units that are taken off duty finish their task.

        Raises
        ------
        ConfigError
            If there is no such pool.
        """
        self._timetable.choose(self._pool(pool), None if units is None else _count("set_units", pool, units))

    def hold(self, stage: str) -> None:
        """Let no more trucks start at a stage, until they are released; those in service go on."""
        self._let_pass(self._stage(stage), 0)

    def release(self, stage: str, trucks: int | None = None) -> None:
        """Let so many more trucks start at a stage that is held, as lanes are free; None ends the hold."""
        number = self._stage(stage)
        if trucks is None:
            self._let_pass(number, NO_RULE)
        elif self._run.may_pass[number] != NO_RULE:
            self._let_pass(number, self._run.may_pass[number] + _count("release", stage, trucks))

    def held(self, stage: str) -> bool:
        """Tell whether trucks are held at a stage, apart from those that may still start."""
        return self._run.may_pass[self._stage(stage)] != NO_RULE

    def _let_pass(self, stage: int, trucks: int) -> None:
        run = self._run
        if run.may_pass[stage] == trucks:
            return
        self._holds.append((run.now, stage, trucks))
        run.may_pass[stage] = trucks
        for group in range(run.stages[stage].groups_from, run.stages[stage].groups_to):
            run.serve(group)

    # When it does so

    def wait(self, minutes: float) -> simpy.Event:
        """Return the event for a process to wait for: `yield live.wait(5)`."""
        return self._agenda.timeout(self._ticks("wait", minutes))

    def until(self, condition: Callable[[], bool]) -> simpy.Event:
        """Return the event that happens when a condition holds, after one of the next events: `yield live.until(...)`.

        It is looked at after each event of the run from now on, once all that the event made possible is done.
        """
        event = self._agenda.event()
        self._agenda.conditions.append((condition, event))
        return event

    def every(self, minutes: float, action: Callable[[], object]) -> None:
        """Call `action` every so many minutes, for the first time after as many."""
        self._agenda.process(self._calls(self._ticks("every", minutes), action))

    def _calls(self, ticks: int, action: Callable[[], object]) -> Generator[simpy.Event, Any, None]:
        while True:
            yield self._agenda.timeout(ticks)
            action()

    def _ticks(self, method: str, minutes: float) -> int:
        known = type(minutes) in (int, float) and 0 < minutes < float("inf")
        ticks = round(minutes * TICKS_PER_MINUTE) if known else 0
        if not ticks:
            _refuse(method, value_text(minutes), "is not a time to wait", "Give minutes, more than 0.")
        return ticks

    # Names

    def _stage(self, name: str) -> int:
        if name not in self._plan.stages:
            _refuse("stage", value_text(name), "the gate has no such stage", suggestion(self._plan.stages, name))
        return self._plan.stages.index(name)

    def _groups(self, name: str) -> list[int]:
        """Return the lane groups of a stage, or those that are named `stage/group`."""
        stage, _, group = str(name).partition("/")
        row = self._run.stages[self._stage(stage)]
        groups = range(row.groups_from, row.groups_to)
        names = [self._plan.groups.name[each] for each in groups]
        if group and group not in names:
            _refuse("stage", name, f"{stage} has no such lane group", suggestion(dict.fromkeys(names), group))
        return [each for each, its in zip(groups, names, strict=True) if group in ("", its)]

    def _pool(self, name: str) -> int:
        pools = [pool for pool in self._plan.pools if pool not in self._plan.links]
        if name not in pools:
            _refuse("pool", value_text(name), "the gate has no such pool", suggestion(pools, name))
        return len(self._run.groups) + self._plan.pools.index(name)

    # The run

    def simulated(self, policy: Policy) -> EventLog:
        """Run to the end under a policy, and return the log with what the policy did."""
        try:
            made = policy(self)
            if isinstance(made, Generator):
                self._agenda.process(made)
            elif made is not None:
                problem = f"gives back {value_text(made)}"
                _refuse("policy", "", problem, "Let it give back nothing, or be a generator function with `yield`.")
            log = self._run.until(self._plan.end)
        except Exception as error:
            at = f"{self.now:,.3f} min after the start of the run, {self.clock():%Y-%m-%d %H:%M:%S %Z}"
            error.add_note(f"The run under own rules had come to {at}.")
            raise
        units = np.array(self._timetable.unit_changes, UNIT_CHANGE)
        return replace(log, unit_changes=units, holds=np.array(self._holds, HOLD))


class _Timetable:
    """Lanes and units by the hours of the gate and by the policy, less what outages take."""

    def __init__(self, run: Run, plan: Plan) -> None:
        self._run, self._plan = run, plan
        resources = len(run.on_duty)
        self._scheduled, self._down, self._given = ([0] * resources for _ in range(3))
        self._chosen: list[int | None] = [None] * resources
        self.unit_changes: list[tuple[int, int, int]] = []
        run.agenda.process(self._changes())

    def _changes(self) -> Generator[simpy.Event, Any, None]:
        """The timetable of the gate, and outages as they come and go."""
        network = self._plan.network
        scheduled = zip(network.change_tick, network.change_resource, network.change_units, strict=True)
        down = units_down(self._plan, self._run.draws.outages)
        outages, resources = self._run.draws.outages, len(self._down)
        over = [handed_over_at(self._plan, outages, resource) for resource in range(resources)]
        at: dict[tuple[int, int], list[tuple[list[int], int]]] = {}
        for which, rows in ((self._scheduled, scheduled), (self._down, down)):
            for tick, resource, units in rows:
                at.setdefault((int(tick), int(resource)), []).append((which, int(units)))
        links = {len(self._run.groups) + self._plan.pools.index(link) for link in self._plan.links}
        in_order = sorted(at, key=lambda change: (change[0], change[1] not in links, change[1]))
        for number, (tick, resource) in enumerate(in_order):  # links first, as in the plain run
            yield self._run.agenda.at(tick, RANK_TIMETABLE, number)
            for which, units in at[tick, resource]:
                which[resource] = units
            self._renew(resource, hands_over=tick in over[resource])

    def choose(self, resource: int, units: int | None) -> None:
        """Let a policy choose how many lanes or units there are, or give the choice back."""
        if units == self._chosen[resource]:
            return
        self._chosen[resource] = units
        groups, now = len(self._run.groups), self._run.now
        if resource < groups:
            lanes = int(self._plan.groups.lanes[resource]) if units is None else units
            self._run.in_use[resource] = lanes
            self._run.lane_changes.append((now, resource, lanes))
        else:
            self.unit_changes.append((now, resource - groups, NO_RULE if units is None else units))
        self._renew(resource)

    def _renew(self, resource: int, *, hands_over: bool = False) -> None:
        scheduled, chosen = self._scheduled[resource], self._chosen[resource]
        units = chosen if chosen is not None and scheduled else scheduled
        left = max(units - self._down[resource], 0)
        if left != self._given[resource] or hands_over:
            self._given[resource] = left
            self._run.change(resource, left, self._kept(resource, left, hands_over=hands_over))

    def _kept(self, resource: int, left: int, *, hands_over: bool) -> int:
        """Return how many trucks lanes keep in service at most."""
        if resource < len(self._run.groups):
            group, chosen = self._run.groups[resource], self._chosen[resource]
            if group.hands_back and not left:
                return 0
            if hands_over:
                return max((group.lanes if chosen is None else chosen) - self._down[resource], 0)
        return NO_LIMIT


def simulate_under(policy: Policy, plan: Plan, draws: Draws, name: str = "1/0") -> EventLog:
    """Run the gate on the reference engine under a policy, and return what happened and what the policy did.

    Parameters
    ----------
    policy
        Own rules.
    name
        Seeds the policy's random numbers: seed and replication.

    Raises
    ------
    ConfigError
        If the policy asks for something that is not there, or cannot be.
    """
    agenda = LiveAgenda()
    return Live(Run(plan, draws, agenda), agenda, plan, name).simulated(policy)


def _count(method: str, name: str, number: object) -> int:
    whole = int(number) if isinstance(number, int | np.integer) and not isinstance(number, bool) else None
    if whole is None or not 0 <= whole <= MOST:
        problem = "fewer than none" if whole is not None and whole < 0 else "is not such a number"
        remedy = f"Give a whole number from 0 to {MOST:,}."
        _refuse(method, f"{name}, {value_text(str(number))}", problem, remedy)
    return whole


def _refuse(what: str, value: str, problem: str, remedy: str) -> NoReturn:
    raise ConfigError([Finding(f"policy.{what}", value, problem, remedy)])
