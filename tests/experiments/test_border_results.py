"""A border is run, described and read back like a gate; every number says at which gate it is."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from api.cli.app import app
from experiments.again import run_of
from experiments.answers.run_numbers import numbers_of
from experiments.answers.run_summary import summary
from experiments.answers.study_advice import read_answer
from experiments.answers.study_labels import read_labels
from experiments.map.layout import lay_out
from experiments.plots.study import study_plots
from experiments.runs.request import resolve, run_from_text, run_text
from experiments.runs.run import RunResult, run_scenario, truck_tables
from experiments.studies.folder import read_table, write_study
from experiments.studies.model import ScenarioEntry, Study, metric_key, metric_text
from experiments.studies.run import run_study
from gates import ConfigError
from sim.metrics.registry import key_document, key_of
from tests.gates.borders.test_borders import small_border


@pytest.fixture(scope="module")
def result() -> RunResult:
    resolved = resolve({"gate": small_border(), "days": 1, "warmup_days": 0, "replications": 1, "keep_events": 0})
    return run_scenario(resolved.scenario, resolved.settings)


def test_every_number_says_at_which_gate_it_is(result: RunResult) -> None:
    rows = result.metrics["metrics"]
    assert {row.get("gate") for row in rows} == {"a", "b", None}, "None: of the whole border"
    assert {row["direction"] for row in rows} == {"northbound", None}
    assert not any(":" in str(row["stage"]) for row in rows)
    for key in result.measures[0].values:
        assert key_of(key_document(key)) == key
        assert metric_key(metric_text(key)) == key
    posted = {
        row["gate"]: row["value"] for row in rows if row["metric"] == "posted_wait_h" and row["statistic"] == "max"
    }
    assert posted.keys() == {"a", "b"}


def test_the_whole_border_has_numbers_of_its_own(result: RunResult) -> None:
    # By hand: trucks of both gates add up, and a mean over all is the mean over each weighted with its trucks, where
    # nobody is inside at the end; here some are, so the two lie apart by no more than those can move it.
    values = result.measures[0].values
    one, other, both = (values[metric_key(f"no_queue_clearance_h.mean.{way}northbound")] for way in ("a:", "b:", ""))
    trucks = [values[metric_key(f"arrivals_per_day.mean.{way}northbound")] for way in ("a:", "b:", "")]
    assert trucks[2] == trucks[0] + trucks[1]
    assert both == pytest.approx((one * trucks[0] + other * trucks[1]) / trucks[2])
    quantiles = [values[metric_key(f"clearance_h.p90.{way}northbound")] for way in ("a:", "b:", "")]
    assert min(quantiles[:2]) <= quantiles[2] <= max(quantiles[:2])


def test_a_study_compares_borders(tmp_path) -> None:
    (tmp_path / "two.yaml").write_text(json.dumps(small_border()), encoding="utf-8")
    study = Study(
        name="lanes", question="Which gate first?", gate=str(tmp_path / "two.yaml"), days=1, warmup_days=0,
        replications=3, metrics=["clearance_h.mean.northbound", "clearance_h.mean.a:northbound"],
        scenarios=[ScenarioEntry(name="a", set={"gates.a.stages.booth.lanes": 9}),
                   ScenarioEntry(name="bound", set={"trade.cargo.free": "0 %"})],
    )  # fmt: skip
    folder = write_study(run_study(study), tmp_path / "out")
    estimates = read_table(folder, "estimates")
    here = estimates[(estimates["metric"] == "arrivals_per_day") & estimates["class"].isna()]
    by_gate = here.pivot_table(index="scenario", columns=here["gate"].fillna("all"), values="value")
    assert by_gate["all"].tolist() == pytest.approx((by_gate["a"] + by_gate["b"]).tolist())
    assert "at all gates" in " ".join(read_answer(folder).advice)
    assert not [plot.name for plot in study_plots(folder, read_labels(folder)) if ":" in plot.name], "a name of a file"


def test_the_answer_names_the_gates(result: RunResult) -> None:
    sentences = [str(headline) for headline in summary(numbers_of(result), result.manifest).headlines]
    assert len(sentences) == 2
    assert "a: northbound" in sentences[0]
    assert "b: northbound" in sentences[1]


def test_tables_hold_the_trucks_that_came() -> None:
    resolved = resolve({"gate": small_border(), "days": 1, "warmup_days": 0, "replications": 1})
    (trucks,) = truck_tables(done := run_scenario(resolved.scenario, resolved.settings))
    arrived = [done.measures[0].values[metric_key(f"arrivals_per_day.mean.{gate}:northbound")] for gate in "ab"]
    assert trucks.num_rows == sum(arrived)
    assert set(trucks.column("flow").to_pylist()) >= {"a:general", "b:general>a"}


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
    border = resolve({"gate": small_border()}).scenario
    with pytest.raises(ConfigError, match="own rules are for one gate, and this is a border"):
        run_scenario(border, policy=lambda live: None)
    with pytest.raises(ConfigError, match="a map shows one gate, and this is a border"):
        lay_out(border.gate)


@pytest.mark.parametrize(
    ("command", "option"),
    [(["gates"], "gate = two - a sheet is of one gate"), (["run", "--confirm"], "--confirm = two - relief is tried")],
)
def test_the_command_line_says_what_only_a_gate_can_have(command, option, tmp_path) -> None:
    path = tmp_path / "two.yaml"
    path.write_text(json.dumps(small_border()), encoding="utf-8")
    said = CliRunner().invoke(app, [command[0], str(path), *command[1:]])
    assert said.exit_code == 2
    assert option in " ".join(said.output.split())
