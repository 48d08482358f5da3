"""The sheet of a gate: every table that a person sees."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest

from gates import Gate, Scenario, load_gate
from gates.describe import distribution_text, hours_on_clocks, parts_text, sheet, title_of, uncalibrated_text
from gates.schema.hours import every_day
from gates.schema.quantities import DAY_S

from .files import changed

HOUR = 3600


STORM = {"every": {"exponential": {"mean": "100 d"}}, "lasts": {"constant": "1 d"}}


def test_the_sheet_of_the_small_gate():
    shown = sheet(load_gate("minimal"))
    assert (shown.name, shown.title, shown.start) == ("minimal", "A minimal gate", "2025-07-01")
    assert shown.end_of_day == "20:00 in Asia/Ho_Chi_Minh"
    assert (shown.assumptions, shown.unsourced, len(shown.numbers)) == (13, 0, 13)
    booth, inspection, leaving = shown.stages
    assert (booth.name, booth.title, booth.side, booth.lanes, booth.admits) == ("booth", "Booth", "vn", "2", "")
    assert booth.hours == {"vn": "07:00-19:00", "cn": "08:00-20:00"}
    assert booth.service == "exponential, mean 4 min"
    assert booth.source == "assumption"
    assert inspection.hours == {"vn": "07:00-19:00", "cn": "08:00-20:00"}
    assert (leaving.lanes, leaving.hours["vn"], leaving.service) == ("unlimited", "24 h", "constant, 2 min")
    (flow,) = shown.flows
    assert (flow.title, flow.direction, flow.per_day, flow.profile) == (
        "General cargo",
        "northbound",
        "120",
        "even over the day",
    )
    (path,) = shown.paths
    assert path.steps == ("booth", "inspection (25 %)", "(released from the last control)", "exit")


def test_titles_follow_the_language():
    assert sheet(load_gate("minimal"), "vi").stages[0].title == "Quầy kiểm soát"
    assert sheet(load_gate("minimal"), "zh").flows[0].title == "普通货物"
    assert title_of({"en": "Booth"}, "booth", "zh") == "Booth"
    assert title_of({}, "booth", "zh") == "booth"


def test_paths_choices_and_lane_groups_in_words():
    choice = {
        "choose": "channel",
        "shares": {"green": "80 %", "red": "20 %"},
        "shares_for": {"general": {"green": 1}},
        "then": {"red": ["booth", {"stage": "inspection", "only": ["general"], "share_for": {"general": "50 %"}}]},
    }
    gate = Gate.model_validate(
        changed(
            ("paths.northbound.4", choice),
            ("paths.northbound.5", {"stage": "exit", "when": {"channel": ["green", "red"]}}),
            ("paths.northbound.6", {"mark": "empty"}),
            (
                "stages.booth.lanes",
                [
                    {"name": "a", "lanes": 1, "load": "loaded", "classes": ["general"], "directions": ["northbound"]},
                    {"name": "b", "lanes": 2, "hours": "22:00-06:00"},
                ],
            ),
            ("stages.booth.service_for", {"empty": {"empirical": [1, 2]}}),
            ("stages.booth.move_up", "20 s"),
            ("flows.general.profile", "p"),
            (
                "profiles.p",
                {"hours": {"08:00-12:00": 0.6, "12:00-20:00": 0.4}, "weekdays": {"sun": 0.5}, "months": {"jan": 0}},
            ),
        )
    )
    shown = sheet(gate)
    assert shown.paths[0].steps[4:] == (
        "channel: green 80 %, red 20 %",
        "  for general: green 100 %",
        "  red:",
        "    booth",
        "    inspection (only general; 100 %; general 50 %)",
        "exit (if channel is green or red)",
        "(empty from here on)",
    )
    assert [(row.name, row.admits) for row in shown.stages[:2]] == [
        ("booth/a", "loaded; general; northbound"),
        ("booth/b", ""),
    ]
    assert shown.stages[1].hours == {"vn": "22:00-06:00", "cn": "23:00-07:00"}
    assert shown.stages[0].service == "exponential, mean 4 min; empty empirical, 2 values + 20 s to move up"
    assert shown.flows[0].profile == "60 % in 08:00-12:00, 40 % in 12:00-20:00, by weekday, by month"


def test_lanes_that_the_queue_opens_in_words():
    opens = {"at": 10, "closes_below": 4}
    lanes = [
        {"name": "desks", "lanes": 2},
        {"name": "reserve", "lanes": 1, "opens": opens, "sources": {"opens": "F005"}},
        {"name": "more", "lanes": 3, "opens": {**opens, "after": "10 min", "at_least": "1 h"}},
    ]
    rows = sheet(Gate.model_validate(changed(("stages.booth.lanes", lanes)))).stages[:3]
    assert [row.lanes for row in rows] == [
        "2",
        "1, opened at a queue of 10, closed below 4",
        "3, opened at a queue of 10 after 10 min, closed below 4, for 1 h at least",
    ]
    assert rows[1].source == "assumption, F005"


def test_reversible_lanes_in_words():
    both = {"lanes": 2, "directions": ["northbound", "southbound"]}
    limits = {"at_least": "10 min", "at_most": "1 h", "most_trucks": 20, "each": True}
    lanes = [
        {"name": "a", **both, "reverses": {"at": 5, "takes": "4 min"}},
        {"name": "b", **both, "reverses": {"at": 0, "takes": "4 min", "until": "gated"}},
        {"name": "c", **both, "reverses": {"at": 1, "takes": "4 min", "lead": 3, **limits}},
    ]
    rows = sheet(Gate.model_validate(changed(("stages.booth.lanes", lanes)))).stages[:3]
    assert [row.lanes for row in rows] == [
        "2, reversible (longer-queue) in 4 min, from 5 waiting on",
        "2, reversible (gated) in 4 min",
        "2, reversible (longer-queue) in 4 min, from 1 waiting on, 3 longer, for 10 min at least, for 1 h at most, "
        "20 trucks at most, each by itself",
    ]


def test_pools_and_areas_in_words():
    shifts = [{"hours": "07:00-19:00", "units": 4}, {"hours": "22:00-02:00", "units": 1}]
    officer = {"title": {"vi": "Cán bộ"}, "side": "vn", "shifts": shifts, "sources": {"units": "F005"}}
    fleet = {"side": "cn", "shifts": [{"hours": "24 h", "units": 9}], "comes_back": {"exponential": {"mean": "1 h"}}}
    gate = Gate.model_validate(
        changed(
            ("pools.officer", officer),
            ("pools.vehicle", fleet),
            ("stages.booth.needs", {"officer": 1}),
            ("stages.inspection.needs", {"officer": 2}),
            ("stages.booth.takes", {"vehicle": 1}),
            ("stages.exit.gives", {"vehicle": 1}),
            ("areas.yard", {"spaces": 30, "stages": ["booth", "inspection"], "sources": {"spaces": "F117"}}),
        )
    )
    shown = sheet(gate, "vi")
    day, night, vehicles = shown.pools
    assert (day.name, day.title, day.side, day.units, day.source) == ("officer", "Cán bộ", "vn", "4", "F005")
    assert day.hours == {"vn": "07:00-19:00", "cn": "08:00-20:00"}
    assert day.users == night.users == "booth needs 1, inspection needs 2"
    assert (night.units, night.hours["cn"]) == ("1", "23:00-03:00")
    assert (vehicles.title, vehicles.users) == ("vehicle", "booth takes 1, exit gives 1")
    assert (day.comes_back, vehicles.comes_back) == ("", "exponential, mean 1 h")
    (yard,) = shown.areas
    assert (yard.title, yard.spaces, yard.stages, yard.source) == ("yard", "30", ("booth", "inspection"), "F117")
    assert not sheet(load_gate("minimal")).pools + sheet(load_gate("minimal")).areas


def test_distributions_in_words():
    booth = load_gate("friendship-pass").stages["customs-green"].service
    assert distribution_text(booth) == "triangular, low 0 s, mode 2 min, high 10 min"


@pytest.mark.parametrize(
    ("hours", "other"),
    [
        (((0, DAY_S),), "24 h"),
        (((8 * HOUR, 21 * HOUR),), "07:00-20:00"),
        (((0, HOUR),), "23:00-24:00"),
        (((0, 2 * HOUR),), "23:00-01:00"),
        (((0, HOUR), (7 * HOUR, DAY_S)), "06:00-24:00"),
        (((22 * HOUR, DAY_S),), "21:00-23:00"),
        (((0, 6 * HOUR), (22 * HOUR, DAY_S)), "21:00-05:00"),
        (((0, DAY_S - HOUR),), "23:00-22:00"),
    ],
)
def test_chinese_hours_on_the_vietnamese_clock(hours, other):
    assert hours_on_clocks(load_gate("minimal"), "cn", every_day(hours))["vn"] == other


def test_clocks_of_one_time_zone_agree_and_summer_time_counts():
    gate = Gate.model_validate(changed(("sides", {"vn": "Europe/Berlin", "cn": "Asia/Shanghai"})))
    hours = every_day([(8 * HOUR, 9 * HOUR)])
    summer = "14:00-15:00; from 2025-10-26 15:00-16:00; from 2026-03-29 14:00-15:00"
    assert hours_on_clocks(gate, "vn", hours) == {"vn": "08:00-09:00", "cn": summer}
    winter = gate.model_copy(update={"start": gate.start.replace(month=1)})
    summer = "15:00-16:00; from 2025-03-30 14:00-15:00; from 2025-10-26 15:00-16:00"
    assert hours_on_clocks(winter, "vn", hours)["cn"] == summer


def test_hours_by_weekday_on_another_clock():
    # China is an hour ahead: Friday 23:00 to Saturday 02:00 is Saturday 00:00 to 03:00 there.
    days = {"mon-thu": "07:00-19:00", "fri": "23:00-02:00", "2025-12-24": "07:00-12:00", "holidays VN": "closed"}
    gate = Gate.model_validate(changed(("stages.booth.hours", days)))
    assert hours_on_clocks(gate, "vn", gate.stages["booth"].hours) == {
        "vn": "mon-thu 07:00-19:00; fri 23:00-02:00; sat-sun closed; holidays VN closed; 2025-12-24 07:00-12:00",
        "cn": "mon-thu 08:00-20:00; fri closed; sat 00:00-03:00; sun closed; holidays VN closed; "
        "2025-12-24 08:00-13:00",
    }


def test_the_sheet_shows_the_days_of_the_calendar():
    entries = [
        {"name": "Feasts", "holidays": "GB-ENG", "only": ["Easter Monday", "Boxing Day"], "sides": ["vn"]},
        {"name": "Sundays", "weekdays": "sun", "first": "2025-08-01"},
        {"name": "Upkeep", "weekdays": "sat", "weeks": [1, "last"], "hours": "12:00-24:00"},
        {"name": "New year", "first": "2025-12-31", "last": "2026-01-02", "yearly": True},
    ]
    assert sheet(Gate.model_validate(changed(("calendar", entries)))).calendar == (
        "Feasts: public holidays of GB-ENG (Easter Monday, Boxing Day) at vn; in the year from 2025-07-01: 2025-12-26, "
        "2026-04-06",
        "Sundays: sun from 2025-08-01",
        "Upkeep: sat (1, last of the month), open within 12:00-24:00",
        "New year: 2025-12-31 to 2026-01-02, every year",
    )


def test_friendship_pass_can_be_shown():
    shown = sheet(load_gate("friendship-pass"))
    assert {"kiosk-in-cn/loaded", "kiosk-in-cn/empties", "lab-cn"} <= {row.name for row in shown.stages}
    named = [entry.split(":")[0] for entry in shown.calendar]
    assert [name for name in named if name.startswith("Tết")] == [f"Tết {year}" for year in range(2021, 2028)]
    assert named[-1] == "Tests of all durian, first month"
    assert shown.unsourced == 0
    assert all(row.source for row in shown.stages)
    assert all(row.source for row in shown.flows)


def test_links_outages_and_rules_are_shown_in_words():
    data = changed(
        ("links.radio", {"uplink": "27 Mbit/s", "shared_uplink": "40 Mbit/s", "round_trip": "50 ms"}),
        ("stages.booth.sends", {"link": "radio", "data": "15 MB"}),
        ("outages.storm", {**STORM, "stages": ["booth"], "links": ["radio"]}),
        ("outages.wear", {**STORM, "stages": ["exit"], "each": True}),
        ("paths.northbound.0", {"choose": "way", "rule": "least-wait", "then": {"a": ["booth"], "b": ["exit"]}}),
    )
    found = sheet(Gate.model_validate(data))
    assert found.links == ("radio: 27 Mbit/s a device, 40 Mbit/s for video in all, 50 ms round trip; booth",)
    assert found.outages[0].endswith("without one; booth, radio")
    assert found.outages[1].endswith("without one; each on its own: exit")
    assert found.paths[0].steps[0] == "way: the least expected wait"


@pytest.mark.parametrize(
    ("run", "text"),
    [
        ({}, ""),
        ({"start": "2025-07-02"}, ""),
        ({"demand": 1.1}, ""),
        (
            {"start": "2025-07-03"},
            "Outside the calibrated range: the gate was fitted to July, and the run measures August. Queues and times "
            "of this run are an extrapolation.",
        ),
        (
            {"start": "2025-08-31", "demand": 1.2},
            "Outside the calibrated range: the gate was fitted to July, and the run measures August and September; "
            "demand is 1.2 times the flows of the file, above 1.1. Queues and times of this run are an extrapolation.",
        ),
        (
            {"demand": 0.8},
            "Outside the calibrated range: demand is 0.8 times the flows of the file, below 0.9. Queues and times of "
            "this run are an extrapolation.",
        ),
    ],
)
def test_a_run_outside_the_calibrated_range_is_an_extrapolation(run: dict[str, Any], text: str) -> None:
    fitted = {"months": ["jul"], "least_demand": 0.9, "most_demand": 1.1}
    gate = Gate.model_validate(load_gate("minimal").model_dump(by_alias=True) | {"calibrated": fitted})
    scenario = Scenario.model_validate({"gate": gate, "days": 30, "start": "2025-07-01"} | run)
    assert uncalibrated_text(scenario) == text


def test_a_gate_that_was_fitted_to_nothing_says_nothing() -> None:
    assert uncalibrated_text(Scenario(gate=load_gate("minimal"), demand=3, start=dt.date(2025, 12, 1))) == ""


DOVER: dict[str, Any] = {
    "name": "dover",
    "sides": {"gb": "Europe/London", "fr": "Europe/Paris"},
    "origin": {"southbound": "gb"},
    "start": dt.date(2026, 4, 2),
    "end_of_day": {"at": "24:00", "side": "gb"},
    "classes": {"general": {}},
    "flows": {"south": {"class": "general", "direction": "southbound", "per_day": 100}},
    "stages": {"booth": {"side": "gb", "lanes": 2, "hours": "08:00-20:00", "service": {"constant": "4 min"}}},
    "paths": {"southbound": ["booth"]},
}
PARTS_OF_GB = (
    "holidays GB are those of the whole country; in the year from 2026-04-02 parts of it have others: GB-ENG "
    "(2026-04-06, 2026-08-31, 2027-03-29), GB-NIR (2026-04-06, 2026-07-12, 2026-07-13, 2026-08-31, 2027-03-17, "
    "2027-03-29), GB-SCT (2026-06-15, 2026-08-03, 2026-11-30, 2027-01-02, 2027-01-04) and GB-WLS (2026-04-06, "
    "2026-08-31, 2027-03-29). Name a part if you mean one."
)
"""Easter Monday is on 6 April 2026 and 29 March 2027, the summer bank holiday on 31 August 2026."""


@pytest.mark.parametrize(
    ("place", "only", "text"),
    [
        ("GB", None, PARTS_OF_GB),
        ("GB", ["Good Friday"], ""),  # the file says which, and the country has it
        ("GB-ENG", None, ""),
        ("VN", None, ""),  # has no parts with days of their own
    ],
)
def test_parts_of_a_country_with_more_holidays_are_named(place: str, only: list[str] | None, text: str) -> None:
    entry = {"name": "Bank holidays", "holidays": place, "only": only, "sides": ["gb"]}
    gate = Gate.model_validate({**DOVER, "calendar": [entry]})
    assert parts_text(gate) == text
    assert sheet(gate).calendar[0].endswith(f". Note: {text}") == bool(text)


def test_holidays_of_hours_are_read_too() -> None:
    days = {"mon-sun": "08:00-20:00", "holidays GB": "closed", "holidays US": "closed"}
    gate = Gate.model_validate(DOVER).with_({"stages.booth.hours": days})
    kingdom, states = parts_text(gate).split(" holidays US ")
    assert kingdom == PARTS_OF_GB
    assert re.search(r"others: US-AK \([^)]*\)(, US-.. \([^)]*\)){3} and \d+ more\. Name", states)
