"""From a gate to arrays: clocks, windows, lines and arrival rates."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from gates import Gate, Scenario, load_gate
from gates.schema.hours import ALWAYS, every_day
from gates.schema.quantities import Spans
from sim import compile_plan
from sim.clock import TICKS_PER_DAY, TICKS_PER_HOUR, local_days, moment
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
    assert hours(open_windows(every_day([(8 * 3600, 21 * 3600)]), days, 2 * TICKS_PER_DAY)) == [(7, 20), (31, 44)]


def test_windows_that_touch_are_one_and_the_run_cuts_them() -> None:
    days = local_days("Asia/Shanghai", "Asia/Ho_Chi_Minh", dt.date(2025, 7, 1), 2)
    assert hours(open_windows(ALWAYS, days, 2 * TICKS_PER_DAY)) == [(0, 48)]
    closed: dict[dt.date, Spans] = {dt.date(2025, 7, 2): ()}  # in China: from 23:00 to 23:00 of Vietnam
    assert hours(open_windows(ALWAYS, days, 2 * TICKS_PER_DAY, closed)) == [(0, 23), (47, 48)]


def test_a_day_on_which_the_clocks_change() -> None:
    # Los Angeles, 9 March 2025: 02:00 becomes 03:00, so 08:00 comes after 7 hours and the day has 23.
    days = local_days("America/Los_Angeles", "America/Los_Angeles", dt.date(2025, 3, 9), 2)
    assert np.diff(days.midnight)[:2].tolist() == [23 * TICKS_PER_HOUR, 24 * TICKS_PER_HOUR]
    assert hours(open_windows(every_day([(8 * 3600, 9 * 3600)]), days, 10 * TICKS_PER_DAY)) == [
        (7, 8),
        (31, 32),
    ]


def test_a_time_that_does_not_exist_is_the_change_of_the_clocks() -> None:
    # Warsaw, 29 March 2026: 02:00 becomes 03:00. Of 02:30-03:15 there is 03:00-03:15, which starts 2 h after midnight.
    days = local_days("Europe/Warsaw", "Europe/Warsaw", dt.date(2026, 3, 29), 1)
    assert hours(open_windows(every_day([(9000, 11_700)]), days, TICKS_PER_DAY)) == [(2, 2.25)]
    assert hours(open_windows(every_day([(7200, 10_800)]), days, TICKS_PER_DAY)) == []
    # 25 October: 03:00 becomes 02:00. 02:30 is the first of the two, so 02:30-03:15 lasts 1 h 45 min.
    days = local_days("Europe/Warsaw", "Europe/Warsaw", dt.date(2026, 10, 25), 1)
    assert hours(open_windows(every_day([(9000, 11_700)]), days, TICKS_PER_DAY)) == [(2.5, 4.25)]


@pytest.mark.parametrize(
    ("zone", "day", "second", "utc"),
    [
        ("Asia/Beirut", (2026, 3, 29), 0, "2026-03-28T22:00:00+00:00"),  # 00:00 becomes 01:00: the day begins at 01:00
        ("Asia/Beirut", (2026, 3, 28), 86_400, "2026-03-28T22:00:00+00:00"),
        ("Australia/Lord_Howe", (2026, 10, 4), 8100, "2026-10-03T15:30:00+00:00"),  # 02:00 becomes 02:30
        ("Pacific/Apia", (2011, 12, 30), 43_200, "2011-12-30T10:00:00+00:00"),  # a day that did not exist
        ("Europe/Warsaw", (2026, 3, 29), 10_799.5, "2026-03-29T01:00:00+00:00"),
        ("Europe/Warsaw", (2026, 3, 29), 10_800, "2026-03-29T01:00:00+00:00"),
        ("Europe/Warsaw", (2026, 10, 25), 9000, "2026-10-25T00:30:00+00:00"),
    ],
)
def test_times_of_day_around_a_change(zone: str, day: tuple[int, int, int], second: float, utc: str) -> None:
    assert moment(dt.date(*day), second, ZoneInfo(zone)).isoformat() == utc


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


def test_a_profile_gives_the_rates_of_its_hours() -> None:
    # Four trucks a day: 10 % in 7 h, 80 % in 12 h, nobody in 2 h, 10 % in 3 h.
    document = load_gate("minimal").model_dump(mode="json", by_alias=True)
    windows = {"00:00-07:00": 0.1, "07:00-19:00": 0.8, "19:00-21:00": 0, "21:00-24:00": 0.1}
    document["profiles"] = {"day": {"hours": windows}}
    document["flows"]["general"].update(profile="day", per_day=4)
    rate = arrival_rate(Gate.model_validate(document), "general", local_days("UTC", "UTC", dt.date(2025, 7, 1), 1), 1.0)
    hourly = np.diff([rate.before(hour * TICKS_PER_HOUR) for hour in range(25)])
    assert hourly == pytest.approx([*[0.4 / 7] * 7, *[3.2 / 12] * 12, 0, 0, *[0.4 / 3] * 3])


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


def warsaw_trucks(windows: dict[str, float], day: dt.date) -> list[float]:
    """Return the expected trucks of each hour since midnight of a day in Warsaw, of 240 a day."""
    document = load_gate("minimal").model_dump(mode="json", by_alias=True)
    document["profiles"] = {"day": {"hours": windows}}
    document["flows"]["general"].update(profile="day", per_day=240)
    rate = arrival_rate(
        Gate.model_validate(document), "general", local_days("Europe/Warsaw", "Europe/Warsaw", day, 1), 1.0
    )
    return [float(trucks) for trucks in np.diff([rate.before(hour * TICKS_PER_HOUR) for hour in range(26)])]


def test_as_many_trucks_come_on_a_day_of_23_or_25_hours() -> None:
    spring, autumn = dt.date(2026, 3, 29), dt.date(2026, 10, 25)
    hourly = {f"{hour:02d}:00-{hour + 1:02d}:00": 1 / 24 for hour in range(24)}
    flat = [240 / 23] * 23 + [0, 0]
    assert warsaw_trucks({"00:00-24:00": 1}, spring) == pytest.approx(flat)
    assert warsaw_trucks(hourly, spring) == pytest.approx(flat)  # the ten of 02:00-03:00 come in the other 23 hours
    # 02:00-03:00 comes twice and is one window of two hours, with the ten trucks of its share.
    assert warsaw_trucks(hourly, autumn) == pytest.approx([10, 10, 5, 5, *[10] * 21])
    # Of 02:30-03:30 only 03:00-03:30 exists, from 2 h to 2.5 h after midnight.
    assert warsaw_trucks({"02:30-03:30": 1}, spring) == pytest.approx([0, 0, 240, *[0] * 22])
    # Nothing of 02:00-03:00 exists: its trucks come in the hour after the change.
    assert warsaw_trucks({"02:00-03:00": 1}, spring) == pytest.approx([0, 0, 240, *[0] * 22])
    assert warsaw_trucks({"02:00-03:00": 0.6, "12:00-13:00": 0.4}, spring)[11] == pytest.approx(240)
