"""From a gate to arrays: clocks, windows, lines and arrival rates."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from gates import Gate, Scenario, load_gate
from sim import compile_plan
from sim.clock import TICKS_PER_DAY, TICKS_PER_HOUR, local_days
from sim.plan.arrivals import arrival_rate
from sim.plan.plan import Plan
from sim.plan.supply import UNLIMITED_LANES
from sim.plan.timetable import Windows, open_windows, union
from tests.sim.hand import plan_of


def hours(windows: Windows) -> list[tuple[float, float]]:
    return [(a / TICKS_PER_HOUR, b / TICKS_PER_HOUR) for a, b in zip(windows.start, windows.end, strict=True)]


def test_hours_are_those_of_the_stages_own_side() -> None:
    # 08:00 in China is 07:00 in Vietnam, where tick 0 is midnight.
    days = local_days("Asia/Shanghai", "Asia/Ho_Chi_Minh", dt.date(2025, 7, 1), 2)
    assert hours(open_windows([(8 * 3600, 21 * 3600)], days, set(), 2 * TICKS_PER_DAY)) == [(7, 20), (31, 44)]


def test_windows_that_touch_are_one_and_the_run_cuts_them() -> None:
    days = local_days("Asia/Shanghai", "Asia/Ho_Chi_Minh", dt.date(2025, 7, 1), 2)
    assert hours(open_windows([(0, 86_400)], days, set(), 2 * TICKS_PER_DAY)) == [(0, 48)]
    closed = {dt.date(2025, 7, 2)}  # in China: from 23:00 to 23:00 of Vietnam
    assert hours(open_windows([(0, 86_400)], days, closed, 2 * TICKS_PER_DAY)) == [(0, 23), (47, 48)]


def test_a_day_on_which_the_clocks_change() -> None:
    # Los Angeles, 9 March 2025: 02:00 becomes 03:00, so 08:00 comes after 7 hours and the day has 23.
    days = local_days("America/Los_Angeles", "America/Los_Angeles", dt.date(2025, 3, 9), 2)
    assert np.diff(days.midnight)[:2].tolist() == [23 * TICKS_PER_HOUR, 24 * TICKS_PER_HOUR]
    assert hours(open_windows([(8 * 3600, 9 * 3600)], days, set(), 10 * TICKS_PER_DAY)) == [
        (7, 8),
        (31, 32),
    ]


def test_open_time_before_a_tick() -> None:
    windows = Windows(np.array([10, 50]), np.array([20, 55]))
    assert windows.open_before(np.array([0, 10, 15, 20, 30, 52, 99])).tolist() == [0, 0, 5, 10, 10, 12, 15]
    assert hours(union([windows, Windows(np.array([15]), np.array([50]))])) == [
        (10 / TICKS_PER_HOUR, 55 / TICKS_PER_HOUR)
    ]
    never = Windows(np.empty(0, np.int64), np.empty(0, np.int64))
    assert never.open_before(np.array([5])).tolist() == [0]


def test_lines_and_lane_groups() -> None:
    # Durian may use both groups, general cargo the second alone: two lines, and the second group serves durian first.
    lanes = [{"name": "fast", "lanes": 2, "classes": ["durian"]}, {"name": "all", "lanes": "unlimited"}]
    plan = plan_of({"kiosk": {"lanes": lanes, "hours": "08:00-20:00"}}, ["kiosk"])
    network = plan.network
    assert network.lines["priority"].tolist() == [1, 5]
    assert network.groups_of_line.tolist() == [0, 1, 1]
    assert network.lines[["groups_from", "groups_to"]].tolist() == [(0, 2), (2, 3)]
    assert network.lines_of_group.tolist() == [0, 0, 1]
    assert (network.change_tick / TICKS_PER_HOUR).tolist() == [8, 8, 20, 20]
    assert network.change_resource.tolist() == [0, 1, 0, 1]
    assert network.change_units.tolist() == [2, UNLIMITED_LANES, 0, 0]


def test_a_stage_that_admits_nobody_is_refused() -> None:
    lanes = [{"name": "fast", "lanes": 2, "classes": ["durian"]}]
    with pytest.raises(ValueError, match="no lane group of stage kiosk admits loaded general northbound trucks"):
        plan_of({"kiosk": {"lanes": lanes}}, ["kiosk"])


@pytest.fixture(scope="module")
def pass_plan() -> Plan:
    return compile_plan(Scenario(gate=load_gate("friendship-pass")))


def test_arrivals_follow_the_profile(pass_plan: Plan) -> None:
    # The measured month holds per_day x days, within the weekdays that it has five of.
    gate = load_gate("friendship-pass")
    for stream in pass_plan.streams:
        month = stream.rate.before(pass_plan.end) - stream.rate.before(pass_plan.warmup)
        assert month == pytest.approx(gate.flows[stream.name].per_day * 30, rel=0.02)


def test_inverse_of_the_cumulative_rate(pass_plan: Plan) -> None:
    rate = pass_plan.streams[0].rate
    units = np.linspace(0.5, rate.before(pass_plan.end) - 0.5, 1000)
    back = np.interp(rate.ticks(units), rate.tick, rate.expected)
    assert np.abs(back - units).max() < 1e-3


def test_a_surge_brings_more_trucks_on_its_days() -> None:
    document = load_gate("minimal").model_dump(mode="json", by_alias=True)
    name = next(iter(document["flows"]))
    document["calendar"] = [{"name": "peak", "first": "2025-07-02", "last": "2025-07-03", "demand": 2.5}]
    gate = Gate.model_validate(document)
    rate = arrival_rate(gate, name, local_days("UTC", "UTC", dt.date(2025, 7, 1), 4), 1.0)
    daily = np.diff([rate.before(day * TICKS_PER_DAY) for day in range(5)])
    assert daily == pytest.approx(np.array([1, 2.5, 2.5, 1]) * document["flows"][name]["per_day"])


def test_weekdays_average_one_and_closures_hold_arrivals_back() -> None:
    document = load_gate("minimal").model_dump(mode="json", by_alias=True)
    document["profiles"] = {"week": {"hours": {"00:00-24:00": 1.0}, "weekdays": {"mon": 3, "sun": 0}}}
    for flow in document["flows"].values():
        flow.update(profile="week", per_day=70)
    monday = dt.date(2025, 7, 7)
    document["calendar"] = [{"name": "feast", "first": "2025-07-08", "last": "2025-07-08", "arrivals": 0.5}]
    gate = Gate.model_validate(document)
    days = local_days("UTC", "UTC", monday, 7)
    rate = arrival_rate(gate, next(iter(gate.flows)), days, 2.0)
    daily = np.diff([rate.before(day * TICKS_PER_DAY) for day in range(8)])
    assert daily == pytest.approx([140 * 3 * 7 / 8, 140 * 7 / 8 / 2, *[140 * 7 / 8] * 4, 0])
