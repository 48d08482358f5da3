"""Replications of a scenario: the same for any number of workers, refused when too large."""

from __future__ import annotations

import numpy as np
import pytest

from experiments import RunResult, RunSettings, run_scenario
from experiments.runs import executors
from experiments.runs.run import expected_visits
from gates import ConfigError, Gate, Scenario, load_gate
from sim import compile_plan, draw


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return Scenario(gate=load_gate("minimal"), days=3, warmup_days=1)


def values(result: RunResult) -> list[list[float]]:
    return [list(measures.values.values()) for measures in result.measures]


def test_the_result_does_not_depend_on_the_number_of_workers(scenario: Scenario) -> None:
    settings = RunSettings(replications=5, seed=7, keep_events=2)
    results = []
    for workers in (1, 4):
        with executors.threads(workers) as executor:
            results.append(run_scenario(scenario, settings, executor=executor))
    one, many = results
    assert np.array_equal(values(one), values(many), equal_nan=True)
    assert list(one.logs) == list(many.logs) == [0, 1]
    assert all(one.logs[n].equals(many.logs[n]) for n in one.logs)


def test_both_engines_give_the_same_numbers(scenario: Scenario) -> None:
    compiled, reference = (
        run_scenario(scenario, RunSettings(replications=2, engine=engine)) for engine in ("compiled", "reference")
    )
    assert np.array_equal(values(compiled), values(reference), equal_nan=True)


def test_replications_and_seeds_differ(scenario: Scenario) -> None:
    result = run_scenario(scenario, RunSettings(replications=3))
    assert len({tuple(row) for row in values(result)}) == 3
    assert values(run_scenario(scenario, RunSettings(replications=3, seed=2))) != values(result)


def test_streaming_gives_the_same_counts(scenario: Scenario) -> None:
    kept = run_scenario(scenario, RunSettings(replications=2, keep_events=1))
    streamed = run_scenario(scenario, RunSettings(replications=2, keep_events=0))
    assert not streamed.logs
    for a, b in zip(kept.measures, streamed.measures, strict=True):
        assert np.array_equal(a.hourly_max, b.hourly_max)
        assert np.array_equal(a.released, b.released)


def test_progress_is_told(scenario: Scenario) -> None:
    told: list[tuple[int, int]] = []
    run_scenario(scenario, RunSettings(replications=4), progress=lambda *step: told.append(step))
    assert told == [(n, 4) for n in (0, 1, 2, 3, 4)]


def test_expected_visits(scenario: Scenario) -> None:
    # Poisson: the count of a seeded run lies within six standard deviations (of up to three visits a truck).
    plan = compile_plan(scenario.model_copy(update={"days": 60}))
    expected = expected_visits(plan)
    assert abs(draw(plan).visits - expected) < 6 * (3 * expected) ** 0.5


def busy(gate: Gate, per_day: float) -> Gate:
    flows = {name: flow.model_copy(update={"per_day": per_day}) for name, flow in gate.flows.items()}
    return gate.model_copy(update={"flows": flows})


def test_what_is_too_large_is_refused_before_it_starts(scenario: Scenario) -> None:
    large = scenario.model_copy(update={"gate": busy(scenario.gate, 100_000), "days": 3660})
    with pytest.raises(ConfigError) as refused:
        run_scenario(large, RunSettings(replications=10_000))
    assert [finding.path for finding in refused.value.findings] == ["keep_events", "replications"]
    assert all(finding.remedy for finding in refused.value.findings)
