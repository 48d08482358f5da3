"""What holds for every run to the last tick: no truck is lost, and Little's law."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gates.schema.gate import EndOfDay, Gate
from gates.schema.scenario import Scenario
from sim import EventLog, Plan, compile_plan, draw, simulate
from sim.engines.log import NEVER
from sim.metrics.fold import measure
from sim.metrics.meter import Key
from tests.strategies import scenarios

seeds = st.integers(0, 2**32)


def run(scenario: Scenario, seed: int) -> tuple[Plan, EventLog]:
    plan = compile_plan(scenario, check_gate=False)
    return plan, simulate(plan, draw(plan, seed))


@given(scenarios(), seeds)
def test_who_leaves_a_stage_joins_the_next_in_the_same_tick(scenario: Scenario, seed: int) -> None:
    plan, log = run(scenario, seed)
    limited = plan.network.area_of_line[log.draws.line] >= 0
    for truck, (first, end) in enumerate(pairwise(log.draws.first.tolist())):
        made = np.arange(first, end)[log.joined[first:end] != NEVER]  # alternatives not taken are left out
        if made.size and not limited[made[0]]:
            assert log.joined[made[0]] == log.draws.arrival[truck]
        elif made.size:  # it may have had to wait outside
            assert log.joined[made[0]] >= log.draws.arrival[truck]
        else:
            assert first == end or limited[first:end].any()
        assert np.array_equal(log.joined[made[1:]], log.left[made[:-1]])


@given(scenarios(), seeds)
def test_what_goes_in_comes_out_or_is_inside(scenario: Scenario, seed: int) -> None:
    plan, log = run(scenario, seed)
    stage = plan.network.line_stage[log.draws.line]
    inside = np.bincount(stage[(log.joined != NEVER) & (log.left == NEVER)], minlength=len(plan.stages))
    came = np.bincount(stage[log.joined != NEVER], minlength=len(plan.stages))
    gone = np.bincount(stage[log.left != NEVER], minlength=len(plan.stages))
    assert np.array_equal(came, gone + inside)

    outside = (np.diff(log.draws.first) > 0) & (log.entered == NEVER)  # and in no stage yet
    found = measure(plan, log)
    still = sum(found.values[Key("inside_end_trucks", "total", direction)] for direction in found.directions)
    assert still == inside.sum() + outside.sum()  # each truck inside is at one stage
    assert log.draws.trucks == np.count_nonzero(log.departed != NEVER) + still


@given(scenarios(), seeds)
def test_the_stock_changes_by_what_comes_and_what_is_released(scenario: Scenario, seed: int) -> None:
    midnight = scenario.gate.model_copy(update={"end_of_day": EndOfDay(side="vn")})
    plan, log = run(scenario.model_copy(update={"gate": midnight}), seed)
    found = measure(plan, log)
    for index, direction in enumerate(found.directions):
        mine = np.array([plan.kinds[plan.streams[flow].kind].direction == direction for flow in log.draws.flow], bool)
        stood = np.array([plan.streams[flow].standing > 0 for flow in log.draws.flow], bool)
        mine &= ~stood | (log.draws.released >= 0)  # who stands behind the last control is in no stock
        before = np.count_nonzero(mine & (stood | (log.draws.arrival < plan.warmup)))
        gone = np.where(log.released == NEVER, log.turned_back, log.released)
        before -= np.count_nonzero(mine & (gone != NEVER) & (gone < plan.warmup))
        turned = np.sort(log.turned_back[mine & (log.released == NEVER) & (log.turned_back != NEVER)])
        days = plan.midnight[(plan.midnight >= plan.warmup) & (plan.midnight <= plan.end)]
        change = found.arrived[:, index] - found.released[:, index] + second_loads(plan, log, direction)
        change -= np.diff(np.searchsorted(turned, days))
        assert np.array_equal(found.stock[:, index], before + np.cumsum(change))


def second_loads(plan: Plan, log: EventLog, direction: str) -> np.ndarray:
    """Return how many second loads of a direction, which are in no stock, are released each measured day."""
    goes = [any((v.second or ("", ""))[1] == direction for v in s.path.visits) for s in plan.streams]
    at = log.second_released[np.array(goes)[log.draws.flow]]
    days = plan.midnight[(plan.midnight >= plan.warmup) & (plan.midnight <= plan.end)]
    return np.diff(np.searchsorted(np.sort(at[at != NEVER]), days))


@given(scenarios(), seeds)
def test_littles_law(scenario: Scenario, seed: int) -> None:
    """L = lambda W on every sample path, to the tick (Stidham 1974; for a finite period, Little 2011, section 3).

    Over the measured period T: the mean number in line, times T, is the sum of what the trucks waited in it.
    """
    plan, log = run(scenario, seed)
    found = measure(plan, log)
    length = plan.end - plan.warmup
    started = np.where(log.started == NEVER, log.left, log.started)  # who turns back leaves without a start
    started = np.where(started == NEVER, plan.end, started)
    waited = np.maximum(started, plan.warmup) - np.maximum(log.joined, plan.warmup)
    stage = plan.network.line_stage[log.draws.line]
    for index, name in enumerate(plan.stages):
        here = (stage == index) & (log.joined != NEVER)
        mean = found.values[Key("queue_trucks", "mean", stage=name)]
        assert round(mean * length) == waited[here].sum()
        assert round(found.hourly_mean[:, index].sum() * length / len(found.hourly_mean)) == waited[here].sum()


def test_littles_law_with_the_measured_wait():
    """Without warm-up the mean wait and the rate of joining are measured over the same trucks: L = lambda W."""
    plan, log = run(steady(), seed=1)
    found = measure(plan, log)
    rate = found.stage_time["booth", "northbound"].visits / ((plan.end - plan.warmup) / 3_600_000)
    wait = found.values[Key("wait_h", "mean", "northbound", stage="booth")]
    assert wait > 0
    assert np.isclose(found.values[Key("queue_trucks", "mean", stage="booth")], rate * wait, rtol=1e-12, atol=0)


def steady() -> Scenario:

    gate = {
        "name": "steady",
        "sides": {"vn": "Asia/Ho_Chi_Minh"},
        "origin": {"northbound": "vn"},
        "start": "2025-07-01",
        "end_of_day": {"side": "vn"},
        "classes": {"general": {}},
        "flows": {"general": {"class": "general", "direction": "northbound", "per_day": 400}},
        "stages": {"booth": {"side": "vn", "lanes": 2, "service": {"exponential": {"mean": "6 min"}}}},
        "paths": {"northbound": ["booth"]},
    }
    return Scenario(gate=Gate.model_validate(gate), days=30, warmup_days=0)
