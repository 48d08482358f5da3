"""What a target counts that no metric of a run gives: trucks past a stage, and clearance or stock of some trucks.

It is counted from the event logs of the same replications, with the same draws, as the metrics of a run are.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt

from experiments.studies.model import metric_key
from gates.readings import Among, Passing, Target
from gates.schema.hours import OpeningHours
from gates.schema.scenario import Scenario
from sim.clock import TICKS_PER_HOUR, Ticks
from sim.draws.draw import draw
from sim.engines.log import NEVER, EventLog
from sim.engines.simulate import simulate
from sim.metrics.block import LogBlock, truck_moves
from sim.metrics.durations import Values
from sim.metrics.meter import Key
from sim.metrics.scope import Scope
from sim.metrics.survival import kaplan_meier
from sim.metrics.trucks.stock import gone_from_stock
from sim.plan.compile import compile_plan
from sim.plan.timetable import open_windows, scenario_days

Mask = npt.NDArray[np.bool_]
STATISTIC = {
    "clearance_h": re.compile(r"mean|p([1-9]|[1-9]\d)"),
    "stock_trucks": re.compile("end_of_day"),
    "stock_days": re.compile("end_of_day"),
}
"""Metrics that can be taken of some trucks, each with the statistics that it has then."""


def can_be_taken(key: Key) -> bool:
    """Tell whether a metric can be taken of some trucks alone."""
    wanted = STATISTIC.get(key.metric)
    return wanted is not None and bool(wanted.fullmatch(key.statistic)) and key.direction is not None


def is_observed(target: Target) -> bool:
    """Tell whether a target is counted from the logs."""
    return target.passing is not None or target.among is not None


def observed(scenario: Scenario, target: Target, seed: int, numbers: Collection[int]) -> list[float]:
    """Return what a target counts in each replication of its scenario."""
    scope = Scope(compile_plan(scenario), exact=True)
    found = []
    for number in numbers:
        log = simulate(scope.plan, draw(scope.plan, seed, number))
        if target.passing is not None:
            found.append(passing_per_day(scenario, scope, log, target.passing))
        else:
            assert target.among is not None
            assert target.metric is not None
            found.append(_taken_of(scenario, scope, log, target.among, metric_key(target.metric)))
    return found


def passing_per_day(scenario: Scenario, scope: Scope, log: EventLog, wanted: Passing) -> float:
    """Return how many trucks leave stages a day of the measured period."""
    plan, draws = scope.plan, log.draws
    truck = log.truck
    counts = (log.left != NEVER) & (log.left >= plan.warmup) & (log.left < plan.end)
    if wanted.direction is not None:
        counts &= _of_direction(scope, log, wanted.direction)[truck]
    if wanted.load is not None:
        counts &= (np.arange(draws.visits) < draws.emptied[truck]) == (wanted.load == "loaded")
    stage = plan.network.line_stage[draws.line]
    total = 0
    for name in {*wanted.stages} & {*plan.stages}:
        here = counts & (stage == plan.stages.index(name))
        if wanted.between is not None:
            here &= _is_in(scenario, scenario.gate.stages[name].side, wanted.between, plan.end, log.left)
        total += int(here.sum())
    return total / plan.measured_days


def _taken_of(scenario: Scenario, scope: Scope, log: EventLog, among: Among, key: Key) -> float:
    """Return a metric of some trucks."""
    assert key.direction is not None
    block = LogBlock(scope, log, 0, scope.plan.end)
    trucks = chosen(scenario, scope, log, among, key.direction)
    if key.metric == "clearance_h":
        return _clearance_h(block, trucks & truck_moves(block).measured, key.statistic)
    return _stock(block, trucks, in_days=key.metric == "stock_days")


def chosen(scenario: Scenario, scope: Scope, log: EventLog, among: Among, direction: str) -> Mask:
    """(trucks,) which trucks of a direction are meant."""
    plan, draws = scope.plan, log.draws
    trucks = _of_direction(scope, log, direction)
    if among.classes:
        of_flow = [plan.kinds[stream.kind].vehicle_class in among.classes for stream in plan.streams]
        trucks &= np.array(of_flow)[draws.flow]
    if among.arrives is not None:
        side = next(side for way, side in scenario.gate.origin.items() if way == direction)
        trucks &= _is_in(scenario, side, among.arrives, plan.end, draws.arrival)
    avoided = [plan.stages.index(name) for name in among.avoids if name in plan.stages]
    visits = np.isin(plan.network.line_stage[draws.line], avoided) & (log.joined != NEVER)
    trucks[log.truck[visits]] = False
    return trucks


def _of_direction(scope: Scope, log: EventLog, direction: str) -> Mask:
    of_flow = [scope.plan.kinds[stream.kind].direction == direction for stream in scope.plan.streams]
    return np.array(of_flow)[log.draws.flow]


def _is_in(scenario: Scenario, side: str, times: OpeningHours, end: int, ticks: Ticks) -> Mask:
    """Return which ticks are in windows on the clock of a side."""
    days = scenario_days(scenario, side)
    windows = open_windows(times, days, end)
    inside = np.searchsorted(windows.start, ticks, side="right") > np.searchsorted(windows.end, ticks, side="right")
    return np.asarray(inside, np.bool_)


def _clearance_h(block: LogBlock, trucks: Mask, statistic: str) -> float:
    moves, arrival = truck_moves(block), block.log.draws.arrival
    released = moves.released != NEVER
    until = np.where(released, moves.released, np.where(moves.turned_back == NEVER, block.end, moves.turned_back))
    times = Values(1)
    own = trucks & released
    times.add(np.zeros(int(own.sum()), np.int32), (until - arrival)[own])
    survival = kaplan_meier(times.ended([0]), (until - arrival)[trucks & ~released])
    value = survival.mean if statistic == "mean" else survival.quantiles(np.array([float(statistic[1:])]))[0]
    return float(value) / TICKS_PER_HOUR


def _stock(block: LogBlock, trucks: Mask, *, in_days: bool) -> float:
    plan, moves, arrival = block.scope.plan, truck_moves(block), block.log.draws.arrival
    gone = gone_from_stock(block)
    gone = np.where(gone != NEVER, gone, np.where(moves.turned_back != NEVER, moves.turned_back, block.end))
    own = trucks & (~moves.stood | (block.log.draws.released >= 0))
    stock = float(np.mean([np.count_nonzero(own & (arrival < tick) & (gone >= tick)) for tick in plan.bulletin]))
    if not in_days:
        return stock
    released = np.count_nonzero(own & (moves.released != NEVER) & (moves.released >= plan.warmup))
    return stock * plan.measured_days / released if released else np.inf


def unknown_names(target: Target, stages: Collection[str], classes: Collection[str]) -> Sequence[tuple[str, str]]:
    """Return (place in the target, name) of stages and classes that are none."""
    found = []
    if target.among is not None:
        found += [(f"among.classes[{n}]", name) for n, name in enumerate(target.among.classes) if name not in classes]
        found += [(f"among.avoids[{n}]", name) for n, name in enumerate(target.among.avoids) if name not in stages]
    if target.passing is not None:
        found += [(f"passing.stages[{n}]", name) for n, name in enumerate(target.passing.stages) if name not in stages]
    return found
