"""What is not a mistake: the library, overload, and what only looks like one; and what is said about repairs."""

from __future__ import annotations

import pytest

from gates.checks.check import check
from gates.checks.soundness import is_known_sound, remember_sound
from gates.files.load import library_gates, load_gate
from gates.schema.gate import Gate
from gates.schema.scenario import Scenario
from sim import compile_plan

from ..files import changed, findings_of, minimal
from .links import RADIO, STORM
from .rows import CHANNEL, FLEET, NORTH, OFFICERS, SHUT


def test_the_small_gate_is_sound():
    assert findings_of(minimal()) == []


def test_only_the_very_gate_that_passed_is_known_to_be_sound():
    gate = Gate.model_validate(minimal())
    assert not is_known_sound(gate)
    assert remember_sound(gate) is gate
    assert is_known_sound(gate)
    assert not is_known_sound(gate.model_copy())


def test_pools_and_areas_used_as_they_should_be_are_no_mistake():
    red = {"stage": "inspection", "when": {"channel": ["red"]}}
    gate = Gate.model_validate(
        changed(
            OFFICERS,
            FLEET,
            ("stages.booth.hours", "07:00-08:00"),  # never open while an officer is on duty
            ("stages.booth.needs", {"officer": 1}),
            ("stages.inspection.takes", {"vehicle": 1}),
            ("stages.drop", {"side": "cn", "lanes": 1, "service": {"constant": 0}, "gives": {"vehicle": 1}}),
            (NORTH, [CHANNEL, "booth", red, {**red, "stage": "drop"}, {"mark": "released"}, "exit"]),
            ("areas.yard", {"spaces": 5, "stages": ["inspection", "drop"]}),
        )
    )
    assert check(gate) == []
    assert compile_plan(Scenario(gate=gate)).pools == ("officer", "vehicle")


def test_a_service_may_be_five_times_as_long_as_a_lane_runs():
    # the booth takes 4 min on average
    jam = {"name": "jam", "running": "48 s", "repair": {"constant": "1 min"}, "then": "restarts"}
    assert findings_of(changed(("stages.booth.breakdowns", [jam]))) == []


def test_a_reserve_may_take_the_last_officer():
    officers = {"side": "vn", "shifts": [{"hours": "24 h", "units": 3}]}
    reserve = {"name": "more", "lanes": 1, "opens": {"at": 5, "closes_below": 2}}
    gate = changed(
        ("pools.officer", officers),
        ("stages.booth.needs", {"officer": 1}),
        ("stages.booth.lanes", [{"name": "all", "lanes": 2}, reserve]),
    )
    assert findings_of(gate) == []


def test_what_trucks_of_the_other_direction_hold_is_not_asked_here():
    """Durian goes south alone: its patience at the exit turns no truck back that holds a vehicle on the way north."""
    gate = changed(
        FLEET,
        ("classes.durian", {}),
        ("origin.southbound", "cn"),
        ("flows.south", {"class": "durian", "direction": "southbound", "per_day": 1}),
        ("paths.southbound", ["exit"]),
        ("stages.booth.takes", {"vehicle": 1}),
        ("stages.drop", {"side": "cn", "lanes": 1, "service": {"constant": 0}, "gives": {"vehicle": 1}}),
        ("stages.exit.patience_for", {"durian": {"constant": "1 h"}}),
        (f"{NORTH}.4", "drop"),
    )
    assert findings_of(gate) == []


def test_a_typo_does_not_make_the_right_name_unused():
    for path, wrong in (("paths.northbound.0", "boot"), ("paths.northbound.1.stage", "inspecton")):
        assert [found.value for found in findings_of(changed((path, wrong)))] == [wrong]


@pytest.mark.parametrize("name", library_gates())
def test_the_library_has_no_findings(name):
    assert check(load_gate(name)) == []


def test_overload_is_no_mistake():
    gate = Gate.model_validate(changed(("flows.general.per_day", 90_000)))
    assert check(gate) == []


def test_overlapping_closures_are_no_mistake():
    gate = Gate.model_validate(changed(("calendar", [SHUT, SHUT, {**SHUT, "sides": ["vn"]}])))
    assert check(gate) == []


def test_closures_that_are_just_allowed():
    entries = [
        {"name": "a year less a day", "first": "2025-02-15", "last": "2026-02-14", "yearly": True},
        {"name": "open end", "first": "2025-02-15", "weekdays": "sun", "weeks": [1]},
        {"name": "shut", "first": "2026-02-15", "last": "2026-02-15", "hours": "closed"},
    ]
    assert findings_of(changed(("calendar", entries), ("stages.booth.hours", {"2026-12-24": "07:00-08:00"}))) == []


@pytest.mark.parametrize(
    "changes",
    [
        [RADIO, ("stages.booth.sends", {"link": "radio", "video": "40 Mbit/s"})],  # all that the link can carry
        [("outages.storm", {**STORM, "stages": ["booth"], "units": 2})],  # both of its lanes
        [("outages.storm", {**STORM, "stages": ["booth"], "in_hand": "hands-over"})],  # always open, one way
    ],
)
def test_links_and_outages_that_are_just_allowed(changes):
    assert findings_of(changed(*changes)) == []


def test_a_stage_that_a_class_cannot_reach_needs_no_lanes_for_it():
    bays = {
        "side": "vn",
        "lanes": [{"name": "a", "lanes": 1, "classes": ["general"]}],
        "service": {"constant": 0},
    }
    never = {**CHANNEL, "shares_for": {"parcels": {"green": 1}}, "then": {"red": ["bays"]}}
    data = changed(
        ("classes.parcels", {}),
        ("flows.parcels", {"class": "parcels", "direction": "northbound", "per_day": 1}),
        ("stages.bays", bays),
        (f"{NORTH}.4", never),
        (f"{NORTH}.5", {"stage": "bays", "when": {"channel": ["red"]}}),
        (f"{NORTH}.6", {"stage": "bays", "only": ["general"]}),
        (f"{NORTH}.7", {"stage": "bays", "share_for": {"parcels": 0}}),
    )
    assert check(Gate.model_validate(data)) == []


def test_nothing_is_said_about_what_was_repaired():
    gate = Gate.model_validate(changed(("stages.booth.side", "xx"), ("classes.durian", {})))
    assert [found.path for found in check(gate)] == ["stages.booth.side", "classes.durian"]
    assert [found.path for found in check(gate, damaged=["stages.booth"])] == ["classes.durian"]
    assert [found.path for found in check(gate, damaged=["flows.x.class"])] == ["stages.booth.side"]
