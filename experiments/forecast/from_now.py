"""Replications that begin now: the plan of today and tomorrow with the trucks that are there, and what comes out.

Trucks that are there come at the time of the state to the queue of the stage where they are, in one stream for each
kind and place; those in service first, so that they are the first to have a lane. What is left of their service is
drawn from its distribution given how long it has lasted. Before that time nobody comes.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from experiments.forecast.state import Group, State
from gates.schema.gate import Gate
from gates.schema.scenario import Scenario
from sim.clock import TICKS_PER_DAY, TICKS_PER_HOUR, Ticks
from sim.draws.columns import Draws
from sim.draws.draw import draw
from sim.draws.uniforms import uniforms
from sim.engines.log import NEVER, EventLog
from sim.engines.simulate import simulate
from sim.plan.arrivals import NOBODY_COMES, ArrivalRate, GivenTrucks
from sim.plan.compile import compile_plan
from sim.plan.distributions import Sampler
from sim.plan.paths import begin_at, paths_by_class
from sim.plan.plan import Kind, Plan, Stream

Floats = npt.NDArray[np.float64]
DAYS = 2
"""Today and tomorrow."""
PARTS_GONE = (0.9, 1.0)
"""Shares of the trucks that are there, of which is told when they are gone."""


@dataclass(frozen=True, eq=False)
class NowPlan:
    """A plan that begins at the time of the state."""

    plan: Plan
    now: int
    """Time of the state [tick]."""
    groups: dict[int, Group]
    """Stream -> the trucks that are there and come in it."""
    directions: tuple[str, ...]
    direction_of: npt.NDArray[np.int64]
    """(streams,) place of its direction in `directions`."""
    counts: npt.NDArray[np.bool_]
    """(streams,) whether its trucks are in the stock: loaded, and not yet released."""

    @property
    def marks(self) -> Ticks:
        """(marks,) when the stock is counted: now, then every hour to the end of tomorrow [tick]."""
        whole = np.arange(self.now, self.plan.end, TICKS_PER_HOUR)
        ends = self.plan.midnight[1 : DAYS + 1]
        return np.unique(np.concatenate([whole, ends]))

    @property
    def nights(self) -> Ticks:
        """(2,) where today and tomorrow end on the clock of the bulletin's side [tick]."""
        return self.plan.midnight[1 : DAYS + 1]


@dataclass(frozen=True, eq=False)
class Course:
    """What happened in one replication, by direction."""

    stock: npt.NDArray[np.int64]
    """(directions, marks) loaded trucks not yet released."""
    most: npt.NDArray[np.int64]
    """(directions, nights) largest stock from now to the end of each night."""
    gone: Floats
    """(directions, 2) when 90 % and when all of the trucks that are in the stock now are released or have turned back
    [tick]; infinite if that is after the end, NaN if none is there."""
    clearance: Floats
    """(directions, hours) median time to release of the trucks that arrive in each hour from now [h]; infinite where
    half of them are not released before the end, NaN where none arrives."""


def now_plan(gate: Gate, state: State, now: dt.datetime, demand: float = 1.0) -> NowPlan:
    """Return the plan of today and tomorrow from the time of a state on."""
    zone = gate.sides[gate.end_of_day.side]
    plain = gate.model_copy(update={"initial": []})
    first = now.astimezone(_zone(zone)).date()
    scenario = Scenario.model_construct(gate=plain, days=DAYS, warmup_days=0, start=first, demand=demand)
    plan = compile_plan(scenario, check_gate=False)
    at = _tick(plan, now)
    until = {kind: _tick(plan, times[-1]) for kind, times in state.announced.items()}
    own = {(plan.kinds[s.kind].vehicle_class, plan.kinds[s.kind].direction): s for s in plan.streams}
    streams = [_from(stream, max(at, until.get(_kind(plan, stream), at))) for stream in plan.streams]
    for (vehicle_class, direction), times in state.announced.items():
        ticks = np.array([_tick(plan, each) for each in times], np.int64)
        usual = own[vehicle_class, direction]
        streams.append(
            dataclasses.replace(
                usual, name=f"announced {vehicle_class} {direction}", rate=NOBODY_COMES, given=_given(ticks)
            )
        )
    groups: dict[int, Group] = {}
    for group in state.groups:
        groups[len(streams)] = group
        streams.append(_there(plan, gate, group, own[group.vehicle_class, group.direction], at))
    directions = tuple(sorted({str(flow.direction) for flow in gate.flows.values()}))
    whole = dataclasses.replace(plan, streams=tuple(streams))
    return NowPlan(
        whole,
        at,
        groups,
        directions,
        np.array([directions.index(plan.kinds[s.kind].direction) for s in streams], np.int64),
        np.array([s.path.begins < s.path.released for s in streams], np.bool_),
    )


def _zone(name: str) -> dt.tzinfo:
    from zoneinfo import ZoneInfo

    return ZoneInfo(name)


def _tick(plan: Plan, at: dt.datetime) -> int:
    return round((at - plan.days.origin) / dt.timedelta(milliseconds=1))


def _kind(plan: Plan, stream: Stream) -> tuple[str, str]:
    kind = plan.kinds[stream.kind]
    return kind.vehicle_class, kind.direction


def _from(stream: Stream, tick: int) -> Stream:
    """Return a stream whose trucks come only from a tick on."""
    rate = stream.rate
    later = rate.tick > tick
    before = rate.before(tick)
    begins = np.array([0, tick] if tick > 0 else [0], np.int64)
    ticks = np.concatenate([begins, rate.tick[later]])
    expected = np.concatenate([np.zeros(begins.size), rate.expected[later] - before])
    if ticks.size < 2:
        return dataclasses.replace(stream, rate=NOBODY_COMES)
    return dataclasses.replace(stream, rate=ArrivalRate(ticks, expected))


def _given(ticks: Ticks) -> GivenTrucks:
    return GivenTrucks(arrival=ticks, service={}, alternative={}, makes={})


def _there(plan: Plan, gate: Gate, group: Group, usual: Stream, now: int) -> Stream:
    """Return the trucks of a group as a stream that comes now, to the queue of their stage."""
    path = paths_by_class(gate, group.direction)[group.vehicle_class]  # type: ignore[arg-type]
    served = "in service" if group.in_service else "in the queue"
    waits = np.sort(np.array(group.waited, np.float64))
    return Stream(
        name=f"{'empty ' if group.empty else ''}{group.vehicle_class} {group.direction} {served} at {group.stage}",
        kind=plan.kinds.index(Kind(group.vehicle_class, group.direction, False)),
        path=begin_at(path, group.stage, empty=group.empty),
        rate=NOBODY_COMES,
        given=_given(np.full(len(group.waited), now, np.int64)),
        patience=usual.patience,
        waited=Sampler(waits, listed=True) if usual.patience is not None else None,
        may_turn_back=usual.may_turn_back,
    )


def courses(made: NowPlan, seed: int, replications: int, executor: Executor) -> list[Course]:
    """Return the courses of all replications, in order; they depend on nothing but plan, seed and number."""
    return list(executor.map(lambda number: course(made, seed, number), range(replications)))


def course(made: NowPlan, seed: int, number: int) -> Course:
    """Return the course of one replication."""
    return _counted(made, replicate(made, seed, number))


def replicate(made: NowPlan, seed: int, number: int) -> EventLog:
    """Return the event log of one replication."""
    draws = draw(made.plan, seed, number)
    _shorten_services(made, draws, f"{seed}/{number}")
    return simulate(made.plan, draws)


def _shorten_services(made: NowPlan, draws: Draws, name: str) -> None:
    """Draw what is left of the services that are going on, in place of whole ones."""
    plan = made.plan
    for stream, group in made.groups.items():
        if not group.in_service:
            continue
        trucks = np.flatnonzero(draws.flow == stream)
        path = plan.streams[stream].path
        stage = plan.stages.index(group.stage)
        kind = plan.kinds_of(plan.streams[stream])[path.begins]
        which = int(plan.sampler_of["service"][stage, kind])
        if which < 0:
            continue
        uniform = uniforms(f"{name}/{plan.streams[stream].name}/left", 0, trucks.size)
        elapsed = np.array(group.in_service, np.int64)[draws.number[trucks]]
        left = plan.samplers[which].left_after(elapsed, uniform)
        draws.service[draws.first[trucks]] = left
        if draws.repair.size:
            draws.repair[draws.first[trucks]] = 0


def _counted(made: NowPlan, log: EventLog) -> Course:
    draws, plan = log.draws, made.plan
    stays = np.flatnonzero(made.counts[draws.flow])
    flow = draws.flow[stays]
    direction, arrival = made.direction_of[flow], draws.arrival[stays]
    released, departed = log.released[stays], log.departed[stays]
    end = np.where(released != NEVER, released, np.where(departed != NEVER, departed, plan.end + TICKS_PER_DAY))
    marks, nights = made.marks, made.nights
    ways = range(len(made.directions))
    stock = np.zeros((len(made.directions), marks.size), np.int64)
    most = np.zeros((len(made.directions), nights.size), np.int64)
    gone = np.full((len(made.directions), len(PARTS_GONE)), np.nan)
    hours = int(np.ceil((plan.end - made.now) / TICKS_PER_HOUR))
    clearance = np.full((len(made.directions), hours), np.nan)
    there = np.isin(flow, list(made.groups))
    turned = (released == NEVER) & (departed != NEVER)
    took = np.where(released != NEVER, (released - arrival) / TICKS_PER_HOUR, np.inf)
    hour = (arrival - made.now) // TICKS_PER_HOUR
    for n in ways:
        mine = direction == n
        comes, goes = np.sort(arrival[mine]), np.sort(end[mine])
        stock[n] = np.searchsorted(comes, marks, "right") - np.searchsorted(goes, marks, "right")
        level = np.arange(1, comes.size + 1) - np.searchsorted(goes, comes, "right")  # just after each arrival
        for m, night in enumerate(nights):
            most[n, m] = level[comes <= night].max(initial=0)
        if (mine & there).any():
            ends = np.sort(end[mine & there])
            at = ends[[int(np.ceil(part * ends.size)) - 1 for part in PARTS_GONE]]
            gone[n] = np.where(at > plan.end, np.inf, at)
        fresh = mine & ~there & ~turned
        for h in np.unique(hour[fresh]):
            if 0 <= h < hours:
                clearance[n, h] = np.median(took[fresh & (hour == h)])
    return Course(stock, most, gone, clearance)
