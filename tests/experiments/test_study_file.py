"""Study files: what is refused, and the library's."""

from __future__ import annotations

import json

import pytest

from experiments.studies.bottleneck import growths
from experiments.studies.designs import cells
from experiments.studies.model import (
    better_of,
    load_study,
    metric_key,
    metric_text,
    study_from_text,
    study_names,
)
from gates import ConfigError, Gate, load_gate
from sim.metrics.meter import Key
from tests.experiments.studies import SCENARIOS, SMALL, small


def refused(**changes):
    with pytest.raises(ConfigError) as caught:
        study_from_text(json.dumps({**SMALL, **changes}), "test.yaml")
    return [(f.path, f.problem) for f in caught.value.findings]


PATH = {"path": "stages.booth.lanes", "values": [2, 3]}


@pytest.mark.parametrize(
    ("changes", "path", "problem"),
    [
        ({}, "file", "nothing to compare"),
        ({"gate": "nowhere", "scenarios": SCENARIOS}, "gate", "no such gate in the library"),
        ({"scenarios": [{"name": "base"}]}, "file", "base is taken"),
        ({"scenarios": [{"name": "a"}, {"name": "a"}]}, "file", "a is taken"),
        ({"scenarios": [{"nam": "a"}]}, "scenarios[0].nam", "an unknown key"),
        ({"factors": {"x": PATH}}, "file", "factors without a design"),
        ({"design": "grid"}, "file", "a design without factors"),
        ({"design": "tornado"}, "file", "a tornado looks at one decision"),
        ({"design": "bottleneck", "factors": {"x": PATH}}, "file", "a bottleneck finds its own factors"),
        ({"design": "grid", "factors": {"x": {}}}, "factors.x", "not one kind of factor"),
        ({"design": "grid", "factors": {"x": {"path": "a", "demand": True}}}, "factors.x", "not one kind of factor"),
        ({"design": "grid", "factors": {"x": {"path": "a"}}}, "factors.x", "no values to take"),
        ({"design": "grid", "factors": {"x": {"path": "a", "low": 1}}}, "factors.x", "half a range"),
        ({"design": "grid", "factors": {"x": {"path": "a", "low": 2, "high": 1}}}, "factors.x", "an empty range"),
        (
            {"design": "grid", "factors": {"x": {"upgrade": "5g", "values": [1]}}},
            "factors.x",
            "an upgrade has no values",
        ),
        ({"design": "grid", "factors": {"x": {"path": "a", "low": 1, "high": 2}}}, "file", "factor x has a range"),
        ({"design": "space-filling", "factors": {"x": PATH}}, "file", "factor x has no range"),
        ({"design": "screening", "factors": {"x": {"upgrade": "5g"}}}, "file", "factor x is an upgrade"),
        ({"scenarios": SCENARIOS, "metrics": ["clearance"]}, "metrics[0]", "not a metric"),
        ({"scenarios": SCENARIOS, "metrics": ["clearence_h.mean"]}, "metrics[0]", "there is no metric clearence_h"),
        (
            {"scenarios": SCENARIOS, "replications": {"targets": [{"metric": "clearance_h.mean.northbound"}]}},
            "replications.targets[0]",
            "one of `relative` and `absolute` is needed",
        ),
    ],
)
def test_a_file_that_is_no_study(changes, path, problem):
    found = refused(**changes)
    assert any(f == (path, problem) or (f[0].startswith(path) and problem in f[1]) for f in found), found


def test_metrics_are_written_and_read():
    key = Key("wait_h", "mean", "northbound", None, "bay-cn")
    assert metric_text(key) == "wait_h.mean.northbound@bay-cn"
    assert metric_key(metric_text(key)) == key
    assert metric_key("clearance_h.p90.northbound.durian") == Key("clearance_h", "p90", "northbound", "durian")


def test_which_direction_is_better_is_what_the_metric_declares():
    texts = ("shelf_life_d.mean.northbound", "clearance_h.p90.northbound", "utilisation.share@bay-cn")
    assert [better_of(metric_key(text)) for text in texts] == ["more", "less", "neither"]


def test_an_unknown_name_gets_the_nearest():
    with pytest.raises(ConfigError, match="Did you mean hours"):
        load_study("hour")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.long if name == "which-guess" else ()) for name in study_names()]
)
def test_a_study_of_the_library(name):
    found = load_study(name)
    assert found.name == name
    assert set(found.title) == {"en", "vi", "zh"}
    made = cells(found, 1)
    assert made[0].name == "base"
    assert len({cell.name for cell in made}) == len(made)


# Designs.

LANES = {"title": "Booths", "path": "stages.booth.lanes", "values": [2, 3]}
BUSY = {"title": "Demand ×", "demand": True, "values": [1.0, 1.2]}


def names(**changes):
    return [cell.name for cell in cells(small(**changes), 1)]


def test_one_at_a_time_and_grid():
    factors = {"booths": LANES, "demand": BUSY}
    assert names(design="one-at-a-time", factors=factors) == ["base", "booths 2", "booths 3", "demand 1", "demand 1.2"]
    assert names(design="grid", factors=factors) == [
        "base",
        "booths 2 + demand 1",
        "booths 2 + demand 1.2",
        "booths 3 + demand 1",
        "booths 3 + demand 1.2",
    ]


def test_a_space_filling_design_covers_each_factor_evenly():
    factors = {
        "booths": {"path": "stages.booth.service", "low": 0.5, "high": 1.5},
        "d": {"demand": True, "low": 1, "high": 2},
    }
    made = cells(small(design="space-filling", factors=factors, points=10), 1)[1:]
    demand = sorted(cell.scenario.demand for cell in made)
    assert [int((value - 1) * 10) for value in demand] == list(range(10)), "one point in each tenth (Latin hypercube)"
    assert len({cell.name for cell in made}) == 10


def test_a_setting_that_the_gate_refuses_names_the_scenario():
    bad = [{"name": "none", "set": {"stages.booth.lanes": 0}}, {"name": "off", "scale": {"stages.bth.lanes": 2}}]
    with pytest.raises(ConfigError) as caught:
        cells(small(scenarios=bad), 1)
    assert [(f.problem, f.file) for f in caught.value.findings] == [
        ("nobody can pass (at stages.booth.lanes), in scenario none", "study.yaml"),
        ("there is no bth (gate minimal), in scenario off", "study.yaml"),
    ]


def test_values_of_the_study_beat_those_of_upgrades():
    entry = {"name": "x", "upgrades": ["round-the-clock"], "set": {"stages.bay-cn.hours": "08:00-22:00"}}
    made = cells(small(gate="friendship-pass", scenarios=[entry]), 1)[1]
    assert made.scenario.gate.stages["bay-cn"].hours.daily == ((8 * 3600, 22 * 3600),)


def test_a_bottleneck_study_adds_hours_to_each_day():
    """A tenth of 12 h is 72 minutes, a tenth of 5 h 30 minutes; a night that passes midnight ends later."""
    document = load_gate("minimal").model_dump(mode="json", by_alias=True)
    document["stages"]["booth"]["hours"] = {"mon-fri": "07:00-19:00", "sat": "07:00-12:00"}
    document["stages"]["inspection"]["hours"] = "22:00-02:00"
    found = {each.name: each for each in growths(Gate.model_validate(document))}
    booth, night = found["booth hours"], found["inspection hours"]
    assert booth.how == "open 30 to 72 minutes longer"
    assert booth.edits[0].set["fri"] == ["07:00-20:12"]
    assert booth.edits[0].set["sat"] == ["07:00-12:30"]
    assert booth.edits[0].set["sun"] == "closed"
    assert (night.how, night.edits[0].set) == ("open 24 minutes longer", ["00:00-02:24", "22:00-24:00"])
    document["stages"]["booth"]["hours"] = "12:00-12:10"
    found = {each.name: each for each in growths(Gate.model_validate(document))}
    assert found["booth hours"].how == "open 1 minute longer"
    assert "exit hours" not in found
