"""Targets that no metric of a run gives: trucks past a stage, and clearance or stock of some trucks alone."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from experiments.calibration.targets import Period, held_to_targets, refuse_unknown_metrics
from experiments.runs.replications import Runner
from gates import ConfigError
from gates.readings import Target
from gates.schema.gate import Gate
from tests.experiments.test_calibration import edge, target

CLEARANCE, STOCK = "clearance_h.mean.northbound", "stock_days.end_of_day.northbound"
PERIOD = Period(days=4, warmup_days=2, replications=2)


def counted(**fields: Any) -> dict[str, Any]:
    """Return a target that counts trucks past stages."""
    return {key: value for key, value in target("counted", low=0, **fields).items() if key != "metric"}


def values(gate: Gate, reading: str) -> dict[str, float]:
    return {row.target: row.estimate.value for row in held_to_targets(gate, [reading], PERIOD, Runner())}


def test_trucks_are_chosen_by_arrival_stage_and_class_and_counted_past_a_stage():
    # Forty trucks a day come from 21:00 to 23:00. Where call-up never closes they pass at 07:00.
    gate = edge(
        targets={
            "early": target(CLEARANCE, low=0, among={"arrives": "21:00-22:00"}),
            "late": target(CLEARANCE, low=0, among={"arrives": "22:00-23:00"}),
            "latest": target("clearance_h.p95.northbound", low=0, among={"arrives": "22:00-23:00"}),
            "stock": target(STOCK, low=0, among={"classes": ["general"]}),
            "nobody": target("stock_trucks.end_of_day.northbound", low=0, among={"avoids": ["list"]}),
            "all": target("arrivals_per_day.mean.northbound", low=0),
            "at-seven": counted(passing={"stages": ["list"], "between": "07:00-07:30", "direction": "northbound"}),
            "both": counted(passing={"stages": ["list", "call"], "load": "loaded"}),
            "at-eight": counted(passing={"stages": ["list"], "between": "08:00-09:00"}),
            "empty": counted(passing={"stages": ["list"], "load": "empty"}),
        }
    )
    found = values(gate, "open")
    assert 9 < found["early"] < 10
    assert 8 < found["late"] < found["latest"] < 9
    assert found["stock"] == found["nobody"] == found["at-eight"] == found["empty"] == 0
    assert found["at-seven"] == pytest.approx(found["all"], rel=0.3)
    assert found["both"] == 2 * found["at-seven"]
    # Called at dawn of the day after next, last evening's forty are still there at 20:00: a day of clearance.
    assert values(gate, "list")["stock"] == pytest.approx(1, rel=0.3)


@pytest.mark.parametrize(
    ("written", "place", "remedy"),
    [
        (target(CLEARANCE, low=0, among={"avoids": ["lists"]}), "among.avoids[0]", "Did you mean list?"),
        (target(CLEARANCE, low=0, among={"classes": ["generals"]}), "among.classes[0]", "Did you mean general?"),
        (counted(passing={"stages": ["cal"]}), "passing.stages[0]", "Did you mean call?"),
        (
            target("arrivals_per_day.mean.northbound", low=0, among={"classes": ["general"]}),
            "metric",
            "Name a direction, and one of clearance_h, stock_trucks, stock_days, or remove `among`.",
        ),
    ],
)
def test_what_cannot_be_counted_is_refused_before_anything_runs(written, place, remedy):
    with pytest.raises(ConfigError) as refused:
        refuse_unknown_metrics(edge(targets={"wrong": written}))
    (finding,) = refused.value.findings
    assert (finding.path, finding.remedy) == (f"targets.wrong.{place}", remedy)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"metric": None}, "neither `metric` nor `passing`"),
        ({"passing": {"stages": ["list"]}}, "both `metric` and `passing`"),
        ({"metric": None, "passing": {"stages": ["list"]}, "among": {"classes": ["general"]}}, "`among` without"),
        ({"among": {}}, "all trucks"),
        ({"among": {"arrives": {"mon": "07:00-08:00"}}}, "not the same on all days"),
    ],
)
def test_a_target_measures_one_thing(fields, problem):
    with pytest.raises(ValidationError, match=problem):
        Target.model_validate(target(CLEARANCE, low=0) | fields)


def test_what_a_target_measures_is_said_in_words():
    chosen = {"classes": ["a", "b"], "arrives": "07:00-15:00", "avoids": ["lab"]}
    said = Target.model_validate(target(CLEARANCE, low=0, among=chosen)).measured
    assert said == f"{CLEARANCE} of trucks: a and b, arrived 07:00-15:00, not through lab"
    passing = {"stages": ["x", "y"], "between": "07:00-09:00", "direction": "northbound", "load": "loaded"}
    said = Target.model_validate(counted(passing=passing)).measured
    assert said == "northbound loaded trucks a day past x and y between 07:00-09:00"
    assert Target.model_validate(target(CLEARANCE, low=0)).measured == CLEARANCE
