"""Trucks that stand in line when the run begins, worked on paper."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim import Plan, draw, measure, simulate, stream
from sim.clock import TICKS_PER_HOUR
from sim.engines.simulate import Engine
from sim.metrics.meter import Key
from tests.sim.hand import minutes, plan_of

NORTH = "northbound"
both = pytest.mark.parametrize("engine", ["reference", "compiled"])


def plan(path: list[Any], *initial: dict[str, Any], days: int = 1, **gate: Any) -> Plan:
    """Return a gate at which nobody arrives, with a booth of 60 min and a bay of 30 min, one lane each."""
    stages = {
        name: {"lanes": 1, "service": {"constant": time}}
        for name, time in (("booth", 3600), ("bay", 1800), ("out", 600))
    }
    flows = {name: {"class": name, "direction": NORTH, "per_day": 0} for name in ("durian", "general")}
    entries = [{"direction": NORTH, **entry} for entry in initial]
    return plan_of(stages, path, days, flows=flows, initial=entries, **gate)


@both
def test_trucks_in_line_at_the_start(engine: Engine) -> None:
    # Two general trucks and one durian (priority 1) at the booth, one general at the bay. The first in the file starts
    # at once: arrivals of one tick come in the order of the file. Durian is called next. The bay serves 0-30, then
    # whoever comes: 60-90, 120-150, 180-210.
    entries = [
        {"class": "general", "stage": "booth", "trucks": 2},
        {"class": "durian", "stage": "booth", "trucks": 1},
        {"class": "general", "stage": "bay", "trucks": 1},
    ]
    one = plan(["booth", "bay"], *entries)
    assert minutes(one, draw(one), engine) == [
        (0, 0, 60), (60, 60, 90),
        (0, 120, 180), (180, 180, 210),
        (0, 60, 120), (120, 120, 150),
        (0, 0, 30),
    ]  # fmt: skip


def test_who_stands_in_the_red_channel_is_red() -> None:
    # One truck in ten is red and inspected at the bay, then goes out by a stage for red ones alone. Those that stand
    # at the bay are all red; a second choice, drawn after it, stays open.
    path = [
        {"choose": "channel", "shares": {"green": 0.9, "red": 0.1}, "then": {"red": ["bay"]}},
        {"stage": "out", "when": {"channel": ["red"]}},
        {"stage": "booth", "share": 0.5},
    ]
    one = plan(path, {"class": "general", "stage": "bay", "trucks": 400})
    draws = draw(one)
    stages = np.split(one.network.line_stage[draws.line], draws.first[1:-1])
    bay, out, booth = (one.stages.index(name) for name in ("bay", "out", "booth"))
    ways = {tuple(way.tolist()) for way in stages}
    assert ways == {(bay, out), (bay, out, booth)}
    again = sum(len(way) == 3 for way in stages)
    assert abs(again - 200) < 5 * 10  # binomial, standard deviation 10: below one in a million


def test_who_stands_behind_the_last_control_is_released_already() -> None:
    # Truck 0 is on its way back; trucks 1 and 2 are at the booth: released at 60 and 120 min. Nobody arrives.
    path = ["booth", {"mark": "released"}, {"mark": "empty"}, "out"]
    entries = [
        {"class": "general", "stage": "out", "empty": True, "trucks": 1},
        {"class": "general", "stage": "booth", "trucks": 2},
    ]
    one = plan(path, *entries)
    found = measure(one, simulate(one, draw(one)))
    value = {key[:2]: number for key, number in found.values.items() if key[2:] == (NORTH, None, None)}
    assert value["arrivals_per_day", "mean"] == 0
    assert value["throughput_per_day", "mean"] == 2
    assert value["backlog_h", "mean"] == 1.5
    assert value["backlog_h", "max"] == 2
    assert np.isnan(value["clearance_h", "mean"])
    assert [found.arrived.sum(), found.released.sum(), found.departed.sum()] == [0, 2, 3]
    assert found.stock.tolist() == [[0]]


def test_a_backlog_that_outlasts_the_run() -> None:
    # 30 trucks of an hour each, one day: 24 are released, six are not.
    one = plan(["booth"], {"class": "general", "stage": "booth", "trucks": 30})
    found = measure(one, simulate(one, draw(one)))
    assert found.values[Key("throughput_per_day", "mean", NORTH)] == 23  # the last of the day leaves at its end
    assert found.stock.tolist() == [[30 - 19]]  # the bulletin of 20:00 counts before what happens then
    assert found.values[Key("backlog_h", "p50", NORTH)] == 15
    assert found.values[Key("backlog_h", "max", NORTH)] == np.inf
    assert found.values[Key("backlog_h", "p90", NORTH)] == np.inf
    streamed = stream(one)
    assert streamed.values[Key("backlog_h", "mean", NORTH)] == found.values[Key("backlog_h", "mean", NORTH)]
    assert (
        stream(plan(["booth"], {"class": "general", "stage": "booth", "trucks": 30}, days=3), block_days=1).values[
            Key("backlog_h", "max", NORTH)
        ]
        == 30
    )


def test_more_than_a_yard_holds_stand_outside() -> None:
    one = plan(
        ["booth"],
        {"class": "general", "stage": "booth", "trucks": 5},
        areas={"yard": {"spaces": 2, "stages": ["booth"]}},
    )
    found = measure(one, simulate(one, draw(one)))
    assert found.values[Key("outside_trucks", "max", NORTH)] == 3
    assert np.isnan(found.values[Key("outside_h", "mean", NORTH)])  # of trucks that arrive: none
    log = simulate(one, draw(one))
    assert (log.joined // TICKS_PER_HOUR).tolist() == [0, 0, 1, 2, 3]


def test_the_random_numbers_of_arriving_trucks_stay() -> None:
    # The trucks in line are a stream of their own: who arrives is the same truck, with them or without.
    flows = {name: {"class": name, "direction": NORTH, "per_day": 20} for name in ("durian", "general")}
    stages = {"booth": {"lanes": 1, "service": {"exponential": {"mean": 900}}}}
    entry = {"class": "general", "direction": NORTH, "stage": "booth", "trucks": 7}
    without, with_them = (draw(plan_of(stages, ["booth"], flows=flows, initial=i)) for i in ([], [entry]))
    arrives = with_them.flow < 2
    assert np.count_nonzero(~arrives) == 7
    assert np.array_equal(with_them.arrival[arrives], without.arrival)
    assert np.array_equal(with_them.service[arrives], without.service)


def test_a_stage_that_the_class_never_visits_is_refused() -> None:
    with pytest.raises(ValueError, match="visits bay"):
        plan(["booth"], {"class": "general", "stage": "bay", "trucks": 1})


def test_who_stands_where_nobody_is_sent_any_more_was_sent_there() -> None:
    path = [{"choose": "channel", "shares": {"green": 1, "red": 0}, "then": {"red": ["bay"]}}, "booth"]
    one = plan(path, {"class": "general", "stage": "bay", "trucks": 1})
    assert [one.stages[stage] for stage in one.network.line_stage[draw(one).line]] == ["bay", "booth"]


def test_a_run_says_how_many_visits_it_expects() -> None:
    from experiments.runs.run import expected_visits

    one = plan(["booth", "bay", {"stage": "out", "share": 0.5}], {"class": "general", "stage": "bay", "trucks": 10})
    assert expected_visits(one) == 15
