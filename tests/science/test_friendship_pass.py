"""Does the calibrated gate meet what was observed? Targets and their sources: docs/calibration.md.

The targets stand in the gate file; the baseline is held here to each, at every demand that it names.
"""

from __future__ import annotations

import numpy as np
import pytest

from experiments import (
    Estimate,
    RunResult,
    RunSettings,
    mean_interval,
    run_scenario,
)
from experiments.calibration.targets import Period, held_to_targets
from experiments.runs.replications import Runner
from gates import Scenario, load_gate
from sim import Plan, draw
from sim.clock import TICKS_PER_HOUR
from sim.metrics.meter import Key


@pytest.fixture(scope="module")
def month() -> RunResult:
    return run_scenario(Scenario(gate=load_gate("friendship-pass")), RunSettings(replications=10))


def estimate(result: RunResult, metric: str, statistic: str, direction: str) -> Estimate:
    key = Key(metric, statistic, direction, None, None)
    return mean_interval([measures.values[key] for measures in result.measures])


PERIOD = Period(days=14, replications=5)
MISSED = {
    "g012-fruit": "a day of May 2025 on which half as many days of fruit stood as on the day that was fitted",
    "g012-other": "the same day: half as many days again of other goods",
    "f027-turned-back": "nobody turns back in the middle of a check, and the queue of a jam goes through them all",
}
"""Targets that the baseline misses, and why."""


@pytest.fixture(scope="module")
def held() -> dict[str, bool]:
    """Return whether the baseline is in the band of each target."""
    gate = load_gate("friendship-pass")
    assert gate.baseline is not None
    rows = held_to_targets(gate, [gate.baseline], PERIOD, Runner())
    return {
        name: all(target.holds(row.estimate.value) for row in rows if row.target == name)
        for name, target in gate.targets.items()
    }


@pytest.mark.parametrize("target", sorted(load_gate("friendship-pass").targets))
def test_the_baseline_meets_a_target_or_misses_it_for_a_reason(held: dict[str, bool], target: str) -> None:
    assert held[target] == (target not in MISSED)


def no_queue_hours(plan: Plan, direction: str, without: tuple[str, ...]) -> float:
    """Return the mean sum of service times up to the release, some stages left out [h]."""
    draws = draw(plan)
    truck = np.repeat(np.arange(draws.trucks), np.diff(draws.first))
    ours = np.array([plan.kinds[s.kind].direction == direction for s in plan.streams])[draws.flow]
    counted = (np.arange(draws.visits) <= draws.released[truck]) & ours[truck]
    left_out = [plan.stages.index(name) for name in without]
    counted &= ~np.isin(plan.network.line_stage[draws.line], left_out)
    return float(draws.service[counted].sum() / ours.sum() / TICKS_PER_HOUR)


@pytest.mark.parametrize("direction", ["northbound", "southbound"])
def test_v8_passage_of_a_truck_with_papers_ready_that_meets_no_queue(month: RunResult, direction: str) -> None:
    assert 2 <= no_queue_hours(month.plan, direction, without=("hold-vn", "lab-cn")) <= 4


def test_rules_for_a_jam_do_not_act_in_a_usual_month(month: RunResult) -> None:
    # Room in the yards and the upstream stop of fruit are met by nobody in July. One load in a thousand turns back:
    # on 22 and 29 August 2024 nobody of 312 did.
    for measures in month.measures:
        acting = {
            key: value
            for key, value in measures.values.items()
            if key.metric in ("outside_trucks", "blocked_h") and value > 0
        }
        assert not acting
    assert estimate(month, "turned_back_per_day", "mean", "northbound").value < 0.5
