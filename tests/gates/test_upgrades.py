"""Upgrades: what they change, what is refused, and what the library's say."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest

from gates import (
    ConfigError,
    Gate,
    Scenario,
    apply_upgrades,
    assumptions,
    every_number,
    load_gate,
    load_upgrade,
)
from gates import upgrade_names as names_in_library
from gates.findings import Finding
from gates.schema.hours import OpeningHours
from gates.upgrades import LEVELS, check_upgrade, upgrade_from_text, with_needs
from sim import compile_plan, draw, simulate

MINIMAL = load_gate("minimal")
FRIENDSHIP = load_gate("friendship-pass")


def edit(path, **operation):
    return {"path": path, "source": "assumption: a test", **operation}


def upgrade(*edits, name="test", **fields):
    """Return an upgrade of the small gate."""
    document = {"name": name, "about": "A test.", "gate": "minimal", "changes": edits, **fields}
    return upgrade_from_text(json.dumps(document), f"{name}.yaml")


def refused(function, *arguments):
    with pytest.raises(ConfigError) as caught:
        function(*arguments)
    return [(f.file, f.path, f.problem, f.remedy) for f in caught.value.findings]


def test_a_new_gate_and_what_changed_in_it():
    weighing = {"side": "vn", "lanes": 1, "service": {"constant": "30 s"}, "sources": {"lanes": "assumption"}}
    gate, changes = apply_upgrades(
        MINIMAL,
        [
            upgrade(
                edit("stages.booth.lanes", add=1),
                edit("stages.inspection.service", scale=0.5),
                edit("stages.booth.hours", set="06:00-20:00"),
                edit("stages.weighing", add=weighing),
                edit("paths.northbound", add="weighing", before="inspection"),
                edit("paths.northbound.inspection.share", set="30 %"),
            )
        ],
    )
    assert MINIMAL.stages["booth"].lanes == 2, "the base stays"
    assert gate.stages["booth"].lanes == 3
    assert gate.stages["booth"].hours.daily == ((6 * 3600, 20 * 3600),)
    law: Any = gate.stages["inspection"].service
    assert law.lognormal.mean == 22.5 * 60
    visit: Any = gate.paths["northbound"][2]
    assert (gate.paths["northbound"][1], visit.stage, visit.share) == ("weighing", "inspection", 0.3)
    assert [(c.path, c.before, c.after) for c in changes] == [
        ("stages.weighing", "", "side vn, lanes 1, service: constant 30 s"),
        ("paths.northbound", "", "weighing"),
        ("stages.booth.hours", "07:00-19:00", "06:00-20:00"),
        ("paths.northbound.inspection.share", "25 %", "30 %"),
        ("stages.booth.lanes", "2", "3"),
        ("stages.inspection.service", "lognormal: mean 45 min, cv 0.5", "lognormal: mean 22.5 min, cv 0.5"),
    ]
    assert {(c.upgrade, c.level, c.source) for c in changes} == {("test", "base", "assumption: a test")}


def test_the_numbers_changed_name_the_source_of_the_upgrade():
    gate, _ = apply_upgrades(MINIMAL, [upgrade({"path": "stages.booth.lanes", "set": 4, "source": "F005: a test"})])
    (number,) = [n for n in every_number(gate) if n.path == "stages.booth.lanes"]
    assert number.ids == ("F005",)
    assert number.note == "a test"


def test_a_study_can_take_low_base_or_high():
    found = upgrade(edit("stages.booth.lanes", add={"low": 1, "base": 2, "high": 4}))
    assert [apply_upgrades(MINIMAL, [found], level)[0].stages["booth"].lanes for level in LEVELS] == [3, 4, 6]


def test_factors_compose_and_the_order_of_upgrades_does_not_matter():
    longer = upgrade(edit("stages.inspection.service", scale=2), name="longer")
    other = upgrade(edit("stages.inspection.service", set={"constant": "10 min"}), name="other")
    shorter = upgrade(edit("stages.inspection.service", scale=0.25), name="shorter")
    for order in ([longer, other, shorter], [shorter, longer, other]):
        law: Any = apply_upgrades(MINIMAL, order)[0].stages["inspection"].service
        assert law.constant == 300


@pytest.mark.parametrize(
    "path", ["stages.bay-cn.service", "stages.kiosk-in-cn.lanes.loaded.lanes", "flows.general-south.per_day"]
)
def test_a_factor_of_one_gives_the_log_of_the_base_to_the_bit(path):
    same = upgrade(*[edit(path, scale=1.0)], gate="friendship-pass")
    gate, (change,) = apply_upgrades(FRIENDSHIP, [same])
    assert change.before == change.after
    logs = []
    for each in (FRIENDSHIP, gate):
        plan = compile_plan(Scenario(gate=each, days=2, warmup_days=1))
        logs.append(simulate(plan, draw(plan, seed=3)))
    assert np.array_equal(logs[0].times, logs[1].times)
    assert np.array_equal(logs[0].group, logs[1].group)


def test_nothing_applied_is_the_gate_itself():
    assert apply_upgrades(MINIMAL, []) == (MINIMAL, ())


def test_two_that_set_the_same_path_are_refused_with_both_files():
    one = upgrade(edit("stages.booth.hours", set="24 h"), name="one")
    two = upgrade(edit("stages.booth.lanes", add=1), edit("stages.booth.hours", set="08:00-20:00"), name="two")
    assert refused(apply_upgrades, MINIMAL, [one, two]) == [
        (
            "two.yaml",
            "changes[1].path",
            "two.yaml and one.yaml both give stages.booth.hours a new value",
            "Use one of the two, or write `scale` or `add` instead of `set` in one of them.",
        )
    ]
    inside = upgrade(edit("stages.inspection.service.lognormal.mean", set="1 h"), name="inside")
    whole = upgrade(edit("stages.inspection.service", set={"constant": "1 h"}), name="whole")
    assert "both give stages.inspection.service a new value" in refused(apply_upgrades, MINIMAL, [whole, inside])[0][2]


def test_a_number_cannot_be_added_to_what_another_upgrade_made_a_list():
    groups = upgrade(edit("stages.booth.lanes", set=[{"name": "all", "lanes": 3}]), name="groups")
    more = upgrade(edit("stages.booth.lanes", add=1), name="more")
    ((file, _, problem, _),) = refused(apply_upgrades, MINIMAL, [more, groups])
    assert file == "more.yaml"
    assert "cannot be added to" in problem


def test_what_upgrades_need_and_exclude():
    one = upgrade(edit("stages.booth.lanes", add=1), name="one", needs=["two"])
    two = upgrade(edit("stages.booth.lanes", add=1), name="two")
    three = upgrade(edit("stages.booth.lanes", add=1), name="three", excludes=["two"])
    assert refused(apply_upgrades, MINIMAL, [one]) == [("one.yaml", "needs", "one needs it", "Add two.")]
    assert refused(apply_upgrades, MINIMAL, [two, three])[0][2] == "three and two exclude each other"
    with pytest.raises(ConfigError) as caught:
        apply_upgrades(MINIMAL, [two, one, two])
    assert caught.value.findings == [Finding("upgrades", "two", "named twice", "Keep one of them.")]
    assert apply_upgrades(MINIMAL, [one, two])[0].stages["booth"].lanes == 4


@pytest.mark.parametrize(
    ("changes", "problem", "remedy"),
    [
        ([edit("stages.boot.lanes", set=3)], "there is no boot (gate minimal)", "Did you mean booth?"),
        ([edit("stages.booth.lans", set=3)], "an unknown key (at stages.booth.lans)", "Did you mean lanes?"),
        ([edit("stages.booth.lans", scale=3)], "there is no such value (gate minimal)", "Name a number of the gate."),
        ([edit("stages.booth.lanes", scale=0)], "nobody can pass (at stages.booth.lanes)", "Use at least 1"),
        ([edit("stages.booth.hours", scale=2)], "this is not a number (gate minimal)", "Use `set`"),
        ([edit("stages.booth.service", set={"constant": 35})], "the unit is missing", "Write the unit"),
        ([edit("paths.northbound.inspection.share", scale=5)], "out of bounds", "Use a value from 0 to 1"),
        ([edit("stages.booth", add={"side": "vn"})], "it is already there", "Use `set`"),
        ([edit("paths.northbound", add="weighing")], "no such stage", "Use one of"),
        ([edit("paths.northbound", add=2)], "2 cannot be added to a list", "Let the path end at a number in it."),
        ([edit("paths.northbound", add="exit", after="bay")], "there is no bay", "Use one of"),
    ],
)
def test_a_change_that_the_gate_refuses_is_found_where_it_is_written(changes, problem, remedy):
    file, path, found, remedy_found = refused(apply_upgrades, MINIMAL, [upgrade(*changes)])[0]
    assert (file, path.startswith("changes[0]")) == ("test.yaml", True)
    assert problem in found
    assert remedy in remedy_found


@pytest.mark.parametrize(
    "wrong",
    [
        edit("stages.booth.lanes", scale=0),
        edit("paths.northbound", add="nowhere", after="booth"),
        edit("paths.northbound", add=["nowhere"], before="exit"),
    ],
)
def test_a_finding_stands_at_the_change_nearest_to_it(wrong):
    sound = edit("paths.northbound.inspection.share", set="30 %")
    for number, changes in enumerate(([wrong, sound], [sound, wrong])):
        ((file, path, *_),) = refused(apply_upgrades, MINIMAL, [upgrade(*changes)])
        assert (file, path) == ("test.yaml", f"changes[{number}]")


@pytest.mark.parametrize(
    ("change", "path", "problem"),
    [
        (edit("stages.booth.lanes"), "changes[0]", "changes nothing"),
        (edit("stages.booth.lanes", set=2, scale=2), "changes[0]", "set and scale together"),
        (edit("stages.booth.lanes", scale="2"), "changes[0]", "not a factor"),
        (edit("stages.booth.lanes", scale={"low": 1, "base": 2, "high": -1}), "changes[0]", "not a factor"),
        (edit("stages.booth.lanes", set=2, after="exit"), "changes[0]", "`before` and `after` are for steps"),
        (edit("stages.booth.lanes", set=2, sets=2), "changes[0].sets", "an unknown key"),
        (edit("stages.", set=2), "changes[0].path", "not a path"),
        (
            {**edit("stages.booth.lanes", set=2), "source": "F999"},
            "changes[0].source",
            "F999 is not in the fact library",
        ),
        ({"path": "stages.booth.lanes", "set": 2}, "changes[0].source", "missing"),
    ],
)
def test_a_file_that_is_no_upgrade(change, path, problem):
    document = {"name": "test", "about": "A test.", "gate": "minimal", "changes": [change]}
    found = refused(upgrade_from_text, json.dumps(document), "test.yaml")
    assert [(f[1], problem in f[2]) for f in found] == [(path, True)]


def test_every_finding_comes_at_once():
    bad = upgrade(
        edit("stages.boot.lanes", set=3), edit("flows.x.per_day", scale=2), edit("stages.exit.lanes", scale=2)
    )
    assert len(refused(apply_upgrades, MINIMAL, [bad])) == 3


def test_costs_are_in_order_and_have_sources():
    costs: Any = {
        "capital_usd": {"low": 3, "base": 2, "high": 4},
        "running_usd_per_year": {"low": 0, "base": 0, "high": 0},
    }
    costs |= {"life_years": 5, "lead_time_months": 3, "sources": {"capital_usd": "U9"}}
    found = refused(lambda: upgrade(edit("stages.booth.lanes", add=1), costs=costs))
    assert [f[2] for f in found] == ["not in order"]


def test_an_unknown_name_gets_the_nearest():
    ((_, _, problem, remedy),) = refused(load_upgrade, "more-bay")
    assert problem == "no such upgrade in the library"
    assert "Did you mean more-bays?" in remedy


# The library.


@pytest.mark.parametrize("name", names_in_library())
def test_an_upgrade_of_the_library(name):
    found = load_upgrade(name)
    assert found.name == name
    assert set(found.title) == {"en", "vi", "zh"}
    assert found.costs is not None
    assert set(found.costs.sources) == {"capital_usd", "running_usd_per_year", "life_years", "lead_time_months"}
    others = [load_upgrade(other) for other in with_needs(found.needs)]
    assert check_upgrade(found, FRIENDSHIP, others) == []
    for level in LEVELS:
        gate, changes = apply_upgrades(FRIENDSHIP, [*others, found], level)
        assert [n.path for n in every_number(gate) if not n.is_sourced] == []
        assert all(change.source for change in changes)
        plan = compile_plan(Scenario(gate=gate, days=1, warmup_days=1))
        assert simulate(plan, draw(plan)).draws.trucks > 500


MANNED = ("quarantine-vn", "border-guard-out-vn", "border-guard-in-vn", "scan-vn", "gate-in-vn", "gate-out-vn")
"""Stages of the Vietnamese side with somebody at every lane; customs officers are a pool."""


def seat_hours_vn(gate: Gate) -> float:
    """Return for how many hours a day somebody is at work on the Vietnamese side, added up over the seats."""
    total = 0.0
    for name in MANNED:
        stage = gate.stages[name]
        total += sum(int(group.lanes) for group in stage.lane_groups()) * hours_open(stage.hours)
    return total + sum(shift.units * hours_open(shift.hours) for shift in gate.pools["customs-officers-vn"].shifts)


def hours_open(hours: OpeningHours) -> float:
    return sum(end - start for start, end in hours.daily or ()) / 3600


@pytest.mark.parametrize(("name", "hours_cn"), [("round-the-clock", 11), ("longer-hours", 2)])
def test_the_costs_of_hours_are_those_of_the_seats_that_the_gate_has(name, hours_cn):
    """A post more for five hours a day [U093], USD 7,000 and 22,000 [U094], 30 seats in China, 30 % on top."""
    found = load_upgrade(name)
    gate, _ = apply_upgrades(FRIENDSHIP, [found])
    posts = (seat_hours_vn(gate) - seat_hours_vn(FRIENDSHIP)) / 5
    reckoned = 1.3 * (posts * 7_000 + 30 * hours_cn / 5 * 22_000)
    assert found.costs is not None
    assert found.costs.running_usd_per_year.base == pytest.approx(reckoned, rel=0.02)


@pytest.mark.parametrize("name", names_in_library())
def test_no_upgrade_states_an_outcome(name):
    """It may change fields of the gate, never a result; every path starts in a section of mechanisms, or says which
    officers a post needs or what a fleet takes from the grid.
    """
    paths = [e.path for e in load_upgrade(name).changes if not e.path.startswith(("money.posts.", "energy.fleets."))]
    sections = {path.partition(".")[0] for path in paths}
    assert sections <= {"stages", "paths", "pools", "areas", "links", "flows", "booking", "two_way"}


def test_what_only_an_outcome_is_known_of_says_that_the_mechanism_is_assumed():
    found = load_upgrade("bay-scheduling")
    assert re.search(r"outcome.*assumption", " ".join(found.about.split()))
    assert all("assumption" in e.source for e in found.changes)


def test_all_that_do_not_exclude_each_other_go_together():
    chosen = [
        name for name in names_in_library() if name not in ("round-the-clock", "reversible-lanes", "longer-hours")
    ]
    gate, changes = apply_upgrades(FRIENDSHIP, with_needs(chosen))
    assert {change.upgrade for change in changes} == set(with_needs(chosen))
    assert len(assumptions(gate)) > len(assumptions(FRIENDSHIP))
