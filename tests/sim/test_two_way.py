"""Backhaul loads, worked on paper. Who takes a second load is read off the uniform numbers."""

from __future__ import annotations

import numpy as np
import pytest

from sim import draw, measure, simulate, stream
from sim.draws.uniforms import uniforms
from sim.engines.log import NEVER
from sim.engines.simulate import Engine
from sim.metrics.meter import Key
from tests.sim.hand import both_ways, minutes, plan_of

both = pytest.mark.parametrize("engine", ["reference", "compiled"])
NORTH, SOUTH = "northbound", "southbound"
STAGES = {name: {"lanes": 1, "service": {"constant": 600}} for name in ("booth", "dock", "exit")}


@both
def test_a_second_load(engine: Engine) -> None:
    # Two general trucks stand at the booth. Both take a second load: booth, dock, booth again as southbound trucks, and
    # the exit as empty ones. Truck 0: booth 0-10, dock 10-20, then it stands behind truck 1 (10-20) in no line: the
    # booth is free at 20: 20-30, exit 30-40. Truck 1: booth 10-20, dock 20-30, booth 30-40, exit 40-50.
    gate = both_ways(["booth", "dock"], ["booth", {"mark": "released"}, {"mark": "empty"}, "exit"], per_day=0)
    plan = plan_of(
        STAGES, [], initial=[{"class": "general", "direction": NORTH, "stage": "booth", "trucks": 2}], **gate
    )
    draws = draw(plan)
    assert minutes(plan, draws, engine) == [
        (0, 0, 10), (10, 10, 20), (20, 20, 30), (30, 30, 40),
        (0, 10, 20), (20, 20, 30), (30, 30, 40), (40, 40, 50),
    ]  # fmt: skip
    assert draws.second_released.tolist() == [2, 6]
    assert draws.emptied.tolist() == [4, 8]
    loaded = [plan.kinds[int(np.flatnonzero(plan.line_of[0] == line)[0])].direction for line in draws.line[[0, 2]]]
    assert loaded == [NORTH, NORTH]  # one line: both directions wait in it


def test_a_second_load_counts_in_its_own_direction() -> None:
    gate = both_ways(["booth", {"mark": "released"}, "dock"], ["exit"], per_day=20)
    plan = plan_of(STAGES, [], 10, **gate)
    log = simulate(plan, draw(plan))
    found = measure(plan, log)
    second = np.count_nonzero(log.second_released != NEVER)
    value = {key: number for key, number in found.values.items() if key.vehicle_class is None}
    assert second > 100
    assert value[Key("throughput_per_day", "mean", SOUTH)] == value[Key("second_loads_per_day", "mean", SOUTH)]
    assert value[Key("throughput_per_day", "mean", SOUTH)] == second / 10
    assert value[Key("second_loads_per_day", "mean", NORTH)] == 0
    assert value[Key("arrivals_per_day", "mean", SOUTH)] == 0
    assert value[Key("stock_trucks", "max", SOUTH)] == 0
    assert found.released[:, 1].sum() == second
    assert ("exit", NORTH) in found.stage_time  # where the truck came from
    streamed = stream(plan, block_days=2)
    assert streamed.values[Key("second_loads_per_day", "mean", SOUTH)] == second / 10


def test_who_takes_one_and_its_own_choices() -> None:
    # 40 % of the trucks; of these, half go by the dock. The choice has the name of one of the first path.
    channel = {"choose": "channel", "shares": {"a": 0.5, "b": 0.5}, "then": {"a": ["dock"]}}
    gate = both_ways(
        ["booth", channel, {"mark": "released"}], ["booth", channel, {"stage": "exit", "when": {"channel": ["a"]}}], 10
    )
    gate["two_way"][NORTH]["share_for"] = {"general": 0.4}
    plan = plan_of(STAGES, [], 20, **gate)
    draws = draw(plan)
    general = draws.flow == 0
    count = int(general.sum())

    def uniform(name: str) -> np.ndarray:
        return uniforms(f"1/0/general/{name}", 0, count)

    back, first, second = (
        uniform("empty/second-load") >= 0.6,
        uniform("channel") < 0.5,
        uniform("second-load/channel") < 0.5,
    )
    visits = 1 + first + back * (1 + 2 * second)
    assert np.diff(draws.first)[general].tolist() == visits.tolist()
    assert (draws.second_released[general] >= 0).tolist() == back.tolist()
    assert (draws.second_released[~general] == -1).all()  # durian takes none


def test_nobody_with_a_second_load_changes_nothing() -> None:
    gate = both_ways(["booth", {"mark": "released"}], ["exit"], 20)
    alone = {**gate, "two_way": {}}
    gate["two_way"][NORTH]["share_for"] = {}
    without, with_it = (draw(plan_of(STAGES, [], 5, **each)) for each in (alone, gate))
    assert np.array_equal(without.first, with_it.first)
    assert np.array_equal(without.service, with_it.service)
    assert (with_it.second_released == -1).all()
