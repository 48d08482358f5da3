"""Studies, upgrades and their files on the command line."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from api.cli.app import app
from tests.experiments.studies import SCENARIOS, SMALL

runner = CliRunner()


def invoke(*words):
    return runner.invoke(app, list(words), env={"COLUMNS": "200"})


@pytest.fixture
def study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.yaml").write_text(json.dumps({**SMALL, "scenarios": SCENARIOS}), encoding="utf-8")
    return tmp_path


@pytest.mark.slow
def test_a_study_is_run_and_goes_on_where_it_was(study):
    done = invoke("study", "small.yaml", "--workers", "1", "--replications", "3")
    assert done.exit_code == 0, done.output
    assert "Best: A third booth. It cuts mean northbound clearance by " in done.output
    assert (study / "results" / "small" / "report.html").is_file()
    assert [path.suffix for path in (study / "results" / "small" / "plots").glob("comparison.*")] == [".svg"]
    again = invoke("study", "small.yaml", "--workers", "1")
    assert again.exit_code == 0, again.output
    assert "9 of 12 replications reused." in again.output
    plotted = invoke("plot", "results/small")
    assert plotted.exit_code == 0, plotted.output
    assert (study / "results" / "small" / "plots" / "comparison.png").is_file()


def test_what_binds(study):
    done = invoke("study", "bottleneck", "minimal", "--workers", "1", "--days", "5", "--replications", "4")
    assert done.exit_code == 0, done.output
    assert "Bottleneck: Booth." in done.output


def test_the_studies_are_listed():
    done = invoke("study")
    assert done.exit_code == 0
    assert "upgrades-one-by-one" in done.output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["study", "nowhere"], "no such study in the library"),
        (["study", "bottleneck"], "Name a gate: bordergate study bottleneck friendship-pass."),
        (["study", "hours", "minimal"], "only `bottleneck` takes a gate"),
        (["study", "small.yaml", "--margin", "much"], "--margin = much - not a margin. Write a share, such as 2%"),
        (["study", "small.yaml", "--margin", "-1"], "margin.absolute = -1.0 - "),
        (["study", "small.yaml", "--upgrade", "5-g"], "no such upgrade in the library"),
        (["study", "small.yaml", "--replications", "0"], "replications = 0 - too small. Use at least 1."),
        (["study", "small.yaml", "--cluster", "tcp://8.8.8.8:1", "--workers", "2"], "Leave it out with --cluster."),
        (["study", "small.yaml", "--cluster", "tcp://8.8.8.8:1"], "a public address without TLS"),
        (["run", "minimal", "--upgrade", "more-bays"], "no stage of gate minimal has this role"),
        (["run", "minimal", "--upgrade", "more-bay"], "Did you mean more-bays?"),
        (["gates", "nothing", "--upgrades"], "no such upgrade in the library"),
    ],
)
def test_mistakes_are_said(study, words, message):
    done = invoke(*words)
    assert done.exit_code == 2, done.output
    assert message in done.output
    assert "Traceback" not in done.output


def test_files_of_all_kinds_are_validated(study):
    done = invoke("validate", "small.yaml")
    assert done.exit_code == 0, done.output
    assert "Study small of gate minimal: 3 scenarios" in done.output
    change = {"path": "stages.boot.lanes", "add": 1, "source": "assumption"}
    document = {"name": "mine", "about": "A booth.", "gate": "minimal", "changes": [change]}
    (study / "mine.yaml").write_text(json.dumps(document), encoding="utf-8")
    done = invoke("validate", "mine.yaml")
    assert done.exit_code == 2
    assert "mine.yaml: changes[0].path = stages.boot.lanes - there is no boot" in done.output
    document["changes"] = [{**change, "path": "stages.booth.lanes"}]
    (study / "mine.yaml").write_text(json.dumps(document), encoding="utf-8")
    assert "Upgrade mine of gate minimal: 1 change" in invoke("validate", "mine.yaml").output
    ran = invoke("run", "minimal", "--upgrade", "mine.yaml", "--days", "2", "--replications", "2", "--out", "x")
    assert ran.exit_code == 0, ran.output
    manifest = json.loads((study / "x" / "manifest.json").read_text())
    assert [(c["path"], c["before"], c["after"], c["upgrade"]) for c in manifest["changes"]] == [
        ("stages.booth.lanes", "2", "3", "mine")
    ]
    assert "What the upgrades change" in (study / "x" / "report.html").read_text(encoding="utf-8")


def test_upgrades_are_listed_and_shown():
    listed = invoke("gates", "--upgrades")
    assert listed.exit_code == 0
    assert "more-bays" in listed.output
    shown = invoke("gates", "ai-image-review", "--upgrades")
    assert shown.exit_code == 0
    assert "Needs: remote-inspection." in shown.output
    assert "U024" in shown.output
