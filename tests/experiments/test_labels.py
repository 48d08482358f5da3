"""Names, clocks and numbers as plots and pages show them."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import pytest

from experiments.answers.labels import (
    Labels,
    count,
    listed,
    number_text,
    percent_with_interval,
    with_interval,
)
from experiments.runs.statistics import Estimate
from gates import Gate, load_gate
from tests.experiments.folders import one_way

UTC = dt.UTC
NAN = math.nan


def labels(gate: Gate, **scenario: Any) -> Labels:
    document = {"gate": gate.model_dump(mode="json", by_alias=True), "days": 30, "warmup_days": 7} | scenario
    document.setdefault("start", gate.start.isoformat())
    zero = dt.datetime(2026, 3, 1, tzinfo=dt.timezone(dt.timedelta(hours=7))).isoformat()
    return Labels({"scenario": document, "replications": 20, "seed": 1, "tick_zero": zero})


@pytest.mark.parametrize(
    ("estimate", "shown"),
    [
        ((262.13, 258.9, 265.4), "262 ± 3"),  # one digit of the half width 3.25
        ((262.13, 260.83, 263.43), "262.1 ± 1.3"),  # two, because the first is 1
        ((0.8532, 0.8401, 0.8663), "0.853 ± 0.013"),
        ((1_234.6, 1_111.3, 1_357.9), "1,235 ± 123"),  # the half width rounds like the value: to whole trucks
        ((0.0004, 0.0003, 0.0005), "< 0.001"),
        ((0.03, -0.02, 0.08), "0.03 ± 0.05"),
        ((5.0, 5.0, 5.0), "5.00"),
        ((5.0, NAN, NAN), "5.00"),  # one replication
        ((0.0, 0.0, 0.0), "0"),
        ((NAN, NAN, NAN), "–"),
        ((-3.2, -3.4, -3.0), "−3.2 ± 0.2"),
    ],
)
def test_the_interval_decides_the_digits(estimate, shown):
    assert with_interval(Estimate(*estimate), most_decimals=3).replace("\N{NO-BREAK SPACE}", " ") == shown


def test_a_narrow_interval_is_not_shown_as_none():
    assert with_interval(Estimate(2.5, 2.4999, 2.5001)).replace("\N{NO-BREAK SPACE}", " ") == "2.50 ± 0.01"


def test_a_value_and_its_unit_stay_on_one_line():
    assert " " not in percent_with_interval(Estimate(0.931, 0.921, 0.941))
    assert percent_with_interval(Estimate(0.931, 0.921, 0.941)).split() == ["93.1", "±", "1.0", "%"]


def test_no_estimate_is_a_dash():
    assert (with_interval(None), percent_with_interval(None)) == ("–", "–")


def test_words_and_counts():
    assert listed([]) == ""
    assert listed(["A"]) == "A"
    assert listed(["A", "B", "C"]) == "A, B and C"
    assert listed(["Shut, with faster tests", "Open"]) == "Shut, with faster tests; and Open"
    assert listed(["A, b", "B", "C"]) == "A, b; B; and C"
    assert (count(1, "day"), count(1_000, "day")) == ("1 day", "1,000 days")
    assert number_text(0.0, 2) == "0"


def test_the_gate_is_named_in_its_languages_and_places_in_theirs():
    found = labels(load_gate("friendship-pass"))
    assert found.title == "Friendship Pass · Hữu Nghị · 友谊关"
    assert found.direction("northbound") == "Northbound (Vietnam to China)"
    assert found.clock("cn") == "China time (UTC+8)"
    assert found.bulletin == "20:00 Vietnam time (UTC+7)"
    assert found.local_title("metering-yard") == "Bãi điều tiết phương tiện"


def test_what_has_no_title_is_called_by_its_name():
    found = labels(one_way())
    assert (found.title, found.stage("booth"), found.vehicle_class("general")) == ("One way", "Booth", "General")
    assert found.directions == ["northbound"]


def test_a_clock_that_differs_by_half_hours_and_a_direction_without_one_other_side():
    sides = {"vn": "Asia/Kathmandu", "cn": "America/St_Johns", "la": "Asia/Vientiane"}
    found = labels(one_way(sides=sides))
    assert (found.offset_text("vn"), found.offset_text("cn")) == ("UTC+5:45", "UTC−3:30, UTC−2:30 from 8 March")
    assert found.direction("northbound") == "Northbound"


def test_stages_stand_in_the_order_of_the_path_and_once():
    path = [
        "desk",
        {"choose": "channel", "shares": {"a": 0.5, "b": 0.5}, "then": {"a": ["booth"], "b": ["spare", "booth"]}},
        {"mark": "released"},
        {"mark": "empty"},
        {"stage": "desk", "share": 0.5},
    ]
    found = labels(one_way(paths={"northbound": path}))
    assert found.stages_of("northbound") == ["desk", "booth", "spare"]
    assert found.loaded_stages("northbound") == ["desk", "booth", "spare"]
    assert found.stages_of("southbound") == []


def at(hour: float, day: int = 2) -> dt.datetime:
    return dt.datetime(2026, 3, day, tzinfo=UTC) + dt.timedelta(hours=hour)


def test_closed_hours_are_those_of_the_stages_side():
    """The booth is open 08:00-18:00 in Vietnam: 01:00-11:00 UTC."""
    found = labels(one_way())
    assert found.closed("booth", at(0), at(24)) == [(at(0), at(1)), (at(11), at(24))]
    assert found.closed("booth", at(2), at(10)) == []
    assert found.closed("desk", at(0), at(24)) == []


def test_a_closure_of_the_calendar_closes_the_day():
    calendar = [{"name": "Storm", "first": "2026-03-03", "last": "2026-03-03", "sides": ["vn"]}]
    found = labels(one_way(calendar=calendar))
    assert found.closed("booth", at(0), at(48)) == [(at(0), at(1)), (at(11), at(48))]
    shorter = labels(one_way(calendar=[calendar[0] | {"hours": "06:00-10:00"}]))  # and the booth opens at 8:00
    assert shorter.closed("booth", at(0), at(48)) == [(at(0), at(1)), (at(11), at(25)), (at(27), at(48))]


def test_a_stage_is_open_while_any_of_its_lane_groups_is():
    groups = [{"name": "a", "lanes": 1, "hours": "06:00-10:00"}, {"name": "b", "lanes": 1}]
    stages = one_way().model_dump(mode="json", by_alias=True)["stages"]
    stages["booth"] |= {"lanes": groups, "hours": ["09:00-12:00"]}
    found = labels(one_way(stages=stages))
    assert found.closed("booth", at(-7), at(17)) == [(at(-7), at(-1)), (at(5), at(17))]
    assert found.is_limited("booth")
    assert not found.is_limited("desk")


def test_clocks_that_change_in_the_period():
    """Warsaw changes to summer time on 29 March 2026, Minsk never does."""
    gate = one_way(sides={"vn": "Europe/Warsaw", "cn": "Europe/Minsk"}, start="2026-03-28")
    found = labels(gate, days=30)
    assert found.clock("vn") == "Vietnam time (UTC+1, UTC+2 from 29 March)"
    assert found.clock("cn") == "China time (UTC+3)"
    assert found.other_clocks() == ["cn"]
    assert labels(gate, days=1).clock("vn") == "Vietnam time (UTC+1)"
    assert labels(gate, days=800).clock("vn") == "Vietnam time (UTC+1 or UTC+2)"
    assert found.offset_text("vn", dt.date(2026, 3, 29), 2) == "UTC+2"


def test_times_since_the_start_of_the_run():
    found = labels(one_way())
    assert found.midnight(0) == at(17, day=1)
    assert found.ticks(found.midnight(0)) == 86_400_000
