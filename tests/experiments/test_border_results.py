"""A border is run, described and read back like a gate; every number says at which gate it is."""

from __future__ import annotations

import json

import pytest

from experiments.again import run_of
from experiments.answers.run_numbers import numbers_of
from experiments.answers.run_summary import summary
from experiments.runs.request import resolve, run_from_text, run_text
from experiments.runs.run import RunResult, run_scenario
from experiments.studies.model import metric_key, metric_text
from gates import ConfigError
from sim.metrics.registry import key_document, key_of
from tests.gates.borders.test_borders import small_border


@pytest.fixture(scope="module")
def result() -> RunResult:
    resolved = resolve({"gate": small_border(), "days": 1, "warmup_days": 0, "replications": 1, "keep_events": 0})
    return run_scenario(resolved.scenario, resolved.settings)


def test_every_number_says_at_which_gate_it_is(result: RunResult) -> None:
    rows = result.metrics["metrics"]
    assert {row.get("gate") for row in rows} == {"a", "b"}
    assert {row["direction"] for row in rows} == {"northbound", None}
    assert not any(":" in str(row["stage"]) for row in rows)
    for key in result.measures[0].values:
        assert key_of(key_document(key)) == key
        assert metric_key(metric_text(key)) == key
    posted = {
        row["gate"]: row["value"] for row in rows if row["metric"] == "posted_wait_h" and row["statistic"] == "max"
    }
    assert posted.keys() == {"a", "b"}


def test_the_answer_names_the_gates(result: RunResult) -> None:
    sentences = [str(headline) for headline in summary(numbers_of(result), result.manifest).headlines]
    assert len(sentences) == 2
    assert "a: northbound" in sentences[0]
    assert "b: northbound" in sentences[1]


def test_a_manifest_gives_the_border_again(result: RunResult, tmp_path) -> None:
    manifest = json.loads(json.dumps(result.manifest))
    again = run_of(manifest, tmp_path)
    assert again.scenario.gate == result.scenario.gate
    assert again.digest == manifest["hashes"]["result"]
    assert run_from_text(run_text(again)).digest == again.digest
    assert manifest["run_again"] == "bordergate run FOLDER/manifest.json"
    assert {number["path"].partition(".")[0] for number in manifest["unsourced"]} >= {"trade", "board"}
    assert {number["path"].partition(".")[0] for number in manifest["assumptions"]} == {"gates"}


def test_what_only_a_gate_can_have_is_refused(tmp_path) -> None:
    with pytest.raises(ConfigError, match="come to a gate, not to a border"):
        resolve({"gate": small_border()}, trace={"arrival": [1]})
    with pytest.raises(ConfigError, match="under `upgrades` of one of its gates"):
        resolve({"gate": small_border(), "upgrades": ["5g"]})
