"""Studies over readings: effect and rank by reading, and advice that holds in all, in some, or reverses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import bordergate as bg
from api.cli.app import app
from api.cli.validate import checked_text
from experiments.answers.study_advice import read_answer
from experiments.answers.study_labels import read_labels
from experiments.plots.study import study_plots
from experiments.result_folder import MANIFEST, read_json
from experiments.studies.designs import readings_of_study
from experiments.studies.folder import run_again, write_study
from experiments.studies.model import Study, load_study
from experiments.studies.rivals.effects import held, reading_effects
from experiments.studies.run import run_study
from gates import ConfigError, Gate, load_gate
from tests.experiments.test_calibration import BECAUSE, EDGE

FRIENDSHIP = load_gate("friendship-pass")
MEAN = "clearance_h.mean.northbound"
THIRD = {
    "title": {"en": "Early"},
    "about": "Registration opens at six.",
    "weight": 0.2,
    "evidence": BECAUSE,
    "changes": [{"path": "stages.list.hours", "set": "06:00-20:00", "source": BECAUSE}],
}


def edge_with_three() -> dict[str, Any]:
    written = EDGE.model_dump(mode="json", by_alias=True)
    written["readings"]["open"]["weight"] = 0.4
    written["readings"]["early"] = THIRD
    return written


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the gate on a knife edge, and a study of three options."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "edge.json").write_text(json.dumps(edge_with_three()), encoding="utf-8")
    study = {
        "name": "options",
        "question": "Which hours?",
        "gate": "edge.json",
        "days": 3,
        "warmup_days": 2,
        "replications": 4,
        "metrics": [MEAN, "throughput_per_day.mean.northbound"],
        "scenarios": [
            {"name": "all-day", "set": {"stages.call.hours": "24 h"}},
            {"name": "half-past", "set": {"stages.call.hours": "05:00-07:30"}},
            {"name": "at-five", "set": {"stages.list.hours": "05:00-20:00"}},
        ],
    }
    path = tmp_path / "options.json"
    path.write_text(json.dumps(study), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("verdicts", "holds"),
    [
        (["better", "better"], "better in all"),
        (["better", "no difference that matters"], "better in some"),
        (["better", "better by less than the margin"], "better in some"),
        (["better", "too few replications to tell"], "better in some"),
        (["better", "worse", "not defined"], "reverses"),
        (["worse", "worse"], "worse in all"),
        (["worse", "no difference that matters"], "worse in some"),
        (["no difference that matters", "worse by less than the margin"], "no difference in all"),
        (["no difference that matters", "too few replications to tell"], "too few replications to tell"),
        (["higher", "lower"], "reverses"),
    ],
)
def test_advice_holds_in_all_in_some_or_reverses(verdicts, holds):
    assert held(verdicts) == holds


def test_effects_and_ranks_by_reading_worked_on_paper(file: Path) -> None:
    # Trucks come from 21:00 to 23:00. List: registered at 07:00, called at 05:00 of the next day, 31 h on the mean.
    # Open: passes at 07:00, after 9 h. Early: registered at 06:00, when call-up is open: after 8 h.
    found = reading_effects(run_study(load_study(file)))
    rows = found[found["metric_name"] == MEAN].set_index(["scenario", "reading"])
    wanted = {
        "all-day": {"list": -22, "open": 0, "early": 0},
        "half-past": {"list": -22, "open": 0, "early": 0},
        "at-five": {"list": -24, "open": -2, "early": -1},
    }
    for option, by_reading in wanted.items():
        for reading, hours in by_reading.items():
            assert rows.loc[(option, reading), "value"] == pytest.approx(hours, abs=0.4), (option, reading)
    assert dict(rows["holds"].groupby("scenario").first()) == {
        "all-day": "better in some",
        "half-past": "better in some",
        "at-five": "better in all",
    }
    assert [rows.loc[("at-five", reading), "rank"] for reading in ("list", "open", "early")] == [1, 1, 1]
    assert {row["rank"] for _, row in rows.iterrows()} <= {1, 2, 3}


def test_the_answer_says_what_holds_and_what_hangs_on_the_reading(file: Path) -> None:
    folder = write_study(run_study(load_study(file)), file.parent / "found")
    said = [sentence.replace("\N{NO-BREAK SPACE}", " ") for sentence in read_answer(folder).advice]
    first = "All tables and plots but those by reading are of the first."
    assert f"Readings of the gate: List, Open and Early. {first}" in said
    start = "Better under every reading, but how much depends on the reading: "
    (hangs,) = [text.removeprefix(start) for text in said if text.startswith(start)]
    assert hangs == "at-five (−24.00 h under List, −2 h under Open, −1 h under Early)."
    (some,) = [text for text in said if text.startswith("Better, but not under every reading")]
    assert "all-day" in some
    assert "half-past" in some
    assert "at-five ranks first under every reading." in said
    table = read_answer(folder).tables[1]
    assert table.columns == ("Scenario", "List", "Open", "Early", "Advice")
    assert table.rows[0][0] == "at-five"
    assert "readings" in [plot.name for plot in study_plots(folder, read_labels(folder))]
    assert read_json(folder / MANIFEST)["readings"] == ["list", "open", "early"]


@pytest.mark.parametrize(
    ("written", "gate", "design", "found"),
    [
        ([], FRIENDSHIP, None, ["hold-by-goods", "daily-list", "list-at-dawn"]),
        (["all"], FRIENDSHIP, None, ["hold-by-goods", "daily-list", "list-at-dawn", "afternoon"]),
        (["baseline"], FRIENDSHIP, None, ["hold-by-goods"]),
        (["afternoon", "baseline"], FRIENDSHIP, None, ["afternoon", "hold-by-goods"]),
        ([], FRIENDSHIP, "tornado", ["hold-by-goods"]),
        (["afternoon"], FRIENDSHIP, "tornado", ["afternoon"]),
        ([], load_gate("minimal"), None, [None]),
        (["all"], load_gate("minimal"), None, [None]),
        ([], FRIENDSHIP.with_({"stages.bay-cn.lanes": 14}), None, ["hold-by-goods"]),
    ],
)
def test_which_readings_a_study_runs_under(written, gate: Gate, design, found):
    assert readings_of_study(study_of(written, design), gate) == found


def study_of(readings: list[str], design: str | None) -> Study:
    scenarios = [{"name": "more", "upgrades": ["more-bays"]}]
    document = {"name": "x", "question": "?", "gate": "friendship-pass", "readings": readings, "scenarios": scenarios}
    return Study.model_validate(document | {"design": design})


@pytest.mark.parametrize(
    ("written", "gate", "design", "path", "remedy"),
    [
        (["hold-by-good"], FRIENDSHIP, None, "readings[0]", "Did you mean hold-by-goods?"),
        (["open"], load_gate("minimal"), None, "readings[0]", "Leave `readings` out."),
        (["all"], FRIENDSHIP, "tornado", "readings", "Name one of them."),
    ],
)
def test_readings_that_a_study_cannot_run_under_are_findings(written, gate: Gate, design, path, remedy):
    with pytest.raises(ConfigError) as caught:
        readings_of_study(study_of(written, design), gate)
    assert [(found.path, found.remedy) for found in caught.value.findings] == [(path, remedy)]


def test_the_command_that_names_the_readings_gives_the_study_again() -> None:
    known = load_study("upgrades-one-by-one")
    for readings in (["all"], ["baseline", "afternoon"]):
        option = f" --readings {','.join(readings)}"
        changed = Study.model_validate({**known.model_dump(by_alias=True, mode="json"), "readings": readings})
        assert run_again(changed) == f"bordergate study upgrades-one-by-one{option}"
    assert run_again(known) == "bordergate study upgrades-one-by-one"


@pytest.mark.slow
def test_the_command_and_python_choose_readings(file: Path) -> None:
    words = ["study", "options.json", "--workers", "1", "--readings", "open,list", "--out", "found"]
    done = CliRunner().invoke(app, words, env={"COLUMNS": "100"})
    assert done.exit_code == 0, done.output
    assert read_json(file.parent / "found" / MANIFEST)["readings"] == ["open", "list"]
    assert "change by reading" in done.output
    assert "Does the advice hold under every reading" in (file.parent / "found/report.html").read_text("utf-8")
    alone = bg.study("options.json", readings="baseline")
    assert "readings" not in alone.tables
    assert read_json(Path(alone.folder) / MANIFEST)["readings"] == ["list"]
    said = checked_text(file.read_text(encoding="utf-8"), "options.json")
    assert "4 scenarios, the base included. Under 3 readings: list, open, early." in said
