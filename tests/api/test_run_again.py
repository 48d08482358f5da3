"""The command that a result names gives it again, byte for byte, also when its own files are gone."""

from __future__ import annotations

import hashlib
import json
import shlex
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from api.cli.app import app
from api.cli.study import _default_folder
from experiments.result_folder import MANIFEST, list_drawn, read_json
from experiments.runs.provenance import run_again
from experiments.runs.request import resolve
from experiments.studies.bottleneck import bottleneck_study
from experiments.studies.folder import run_again as study_again
from experiments.studies.model import Study, load_study
from tests.experiments.studies import SMALL

BOOTH = {"path": "stages.booth.lanes", "add": {"low": 1, "base": 2, "high": 3}, "source": "assumption"}
UPGRADE = {"name": "mine", "about": "A booth.", "gate": "minimal", "changes": [BOOTH]}
SHORT = ("--days", "2", "--warmup-days", "0", "--replications", "2")


def invoke(*words: str) -> Result:
    return CliRunner().invoke(app, list(words), env={"COLUMNS": "200"})


def succeed(*words: str) -> str:
    done = invoke(*words)
    assert done.exit_code == 0, done.output
    return done.output


def contents(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an own gate that bears a name of the library, an upgrade for it, and a study of both."""
    monkeypatch.chdir(tmp_path)
    minimal = resources.files("gates").joinpath("library/gates/minimal.yaml").read_text(encoding="utf-8")
    (tmp_path / "gate.yaml").write_text(minimal.replace("per_day: 120", "per_day: 150"), encoding="utf-8")
    (tmp_path / "mine.yaml").write_text(json.dumps(UPGRADE), encoding="utf-8")
    scenarios = [{"name": "more", "upgrades": ["./mine.yaml"], "level": "high"}, {"name": "busy", "demand": 1.5}]
    study = {**SMALL, "gate": "gate.yaml", "days": 2, "replications": 2, "scenarios": scenarios}
    (tmp_path / "small.yaml").write_text(json.dumps(study), encoding="utf-8")
    demand = {"demand": True, "values": [1.0, 1.2]}
    booths = {"path": "stages.booth.lanes", "values": [2, 3]}
    contexts = {**study, "scenarios": [], "design": "grid", "factors": {"demand": demand, "booths": booths}}
    (tmp_path / "contexts.yaml").write_text(json.dumps(contexts), encoding="utf-8")
    return tmp_path


RUN_AGAIN, STUDY_AGAIN = "bordergate run FOLDER/manifest.json", "bordergate study FOLDER/manifest.json"
RUN_MINIMAL = "bordergate run minimal --days 2 --warmup-days 0 --start 2025-07-01 --replications 2"


def gives_the_same(own: Path, command: tuple[str, ...], again: str) -> None:
    succeed(*command, "--out", "first")
    for path in own.glob("*.yaml"):
        path.unlink()
    assert read_json(own / "first" / MANIFEST)["run_again"] == again
    assert again in (own / "first/report.html").read_text(encoding="utf-8")
    succeed(*shlex.split(again.replace("FOLDER", "first"))[1:], "--out", "second")
    assert contents(own / "second") == contents(own / "first")
    succeed(command[0], "first/manifest.json", "--out", "third")
    assert contents(own / "third") == contents(own / "first")
    assert "Same: all " in succeed("verify", "first", "--workers", "1")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "again"),
    [
        (("run", "gate.yaml", *SHORT), RUN_AGAIN),
        (
            ("study", "bottleneck", "minimal", *SHORT, "--workers", "1"),
            "bordergate study bottleneck minimal --days 2 --warmup-days 0 --replications 2",
        ),
    ],
)
def test_the_command_gives_the_result_again(own: Path, command: tuple[str, ...], again: str) -> None:
    gives_the_same(own, command, again)


@pytest.mark.long
@pytest.mark.parametrize(
    ("command", "again"),
    [
        (("run", "minimal", "--upgrade", "mine.yaml", "--level", "low", *SHORT), RUN_AGAIN),
        (("study", "small.yaml", "--workers", "1"), STUDY_AGAIN),
        (("study", "contexts.yaml", "--days", "3", "--workers", "1"), STUDY_AGAIN),
        (("run", "minimal", *SHORT, "--confirm"), f"{RUN_MINIMAL} --seed 1 --confirm"),
        (("run", "gate.yaml", *SHORT, "--confirm"), RUN_AGAIN),
        (
            ("run", "minimal", *SHORT, "--demand", "1.0625", "--keep-events", "none", "--seed", "7"),
            f"{RUN_MINIMAL} --seed 7 --demand 1.0625 --keep-events none",
        ),
    ],
)
def test_the_command_gives_the_result_again_with_more_options(own: Path, command: tuple[str, ...], again: str) -> None:
    gives_the_same(own, command, again)


def test_what_relief_does_is_kept_and_reported(own: Path) -> None:
    shown = succeed("run", "minimal", *SHORT, "--confirm", "--out", "first")
    (row,) = read_json(own / "first" / MANIFEST)["confirmed"]
    said = "Round-the-clock opening of Booth"
    assert row["direction"] == "northbound"
    assert said in row["sentence"]
    assert [len(times) for times in row["mean_clearance_h"].values()] == [2, 2]
    assert row["sentence"] in (own / "first/report.html").read_text(encoding="utf-8")
    assert said in " ".join(shown.split())


def test_a_bottleneck_study_is_named_by_its_gate() -> None:
    assert _default_folder(bottleneck_study("minimal")) == Path("results/bottleneck-minimal")
    assert _default_folder(load_study("hours")) == Path("results/hours")


@pytest.mark.parametrize(
    ("change", "options"),
    [
        ({}, ""),
        ({"upgrades": ["more-bays"]}, "--upgrade more-bays"),
        ({"reading": "hold-by-goods"}, ""),
        ({"reading": "daily-list"}, "--reading daily-list"),
        ({"reading": "daily-list", "upgrades": ["booking-slots"]}, "--reading daily-list --upgrade booking-slots"),
        ({"upgrades": ["more-bays"], "level": "high"}, "--upgrade more-bays --level high"),
        ({"demand": 1.23456789}, "--demand 1.23456789"),
        ({"engine": "reference"}, "--engine reference"),
        ({"keep_events": "all"}, "--keep-events 3"),
    ],
)
def test_every_option_of_a_run_is_in_the_command(change: dict[str, Any], options: str) -> None:
    found = resolve({"gate": "friendship-pass", "days": 4, "replications": 3, "seed": 5, **change})
    words = shlex.split(run_again(found.scenario, found.settings, found.changes))
    rest = ["--days", "4", "--warmup-days", "7", "--start", str(found.scenario.first_measured)]
    rest += ["--replications", "3", "--seed", "5"]
    assert sorted(words[3:]) == sorted([*rest, *shlex.split(options)])
    assert words[:3] == ["bordergate", "run", "friendship-pass"]


def test_every_option_of_a_study_is_in_the_command() -> None:
    known = load_study("upgrades-one-by-one")

    def changed(**fields: Any) -> str:
        return study_again(Study.model_validate({**known.model_dump(by_alias=True, mode="json"), **fields}))

    named = "bordergate study upgrades-one-by-one"
    assert changed() == named
    options = "--days 4 --warmup-days 2 --replications 5 --seed 9"
    assert changed(days=4, warmup_days=2, replications=5, seed=9) == f"{named} {options}"
    assert changed(upgrades=["more-bays"]) == f"{named} --upgrade more-bays"
    by_manifest = "bordergate study FOLDER/manifest.json"
    assert changed(demand=1.1) == changed(gate="minimal") == changed(upgrades=["./more-bays.yaml"]) == by_manifest
    assert study_again(bottleneck_study("minimal")) == "bordergate study bottleneck minimal"
    assert study_again(bottleneck_study("gate.yaml")) == by_manifest


def test_a_manifest_takes_no_options_and_no_changes(own: Path) -> None:
    succeed("run", "minimal", *SHORT, "--out", "first")
    done = invoke("run", "first", "--days", "3", "--out", "second")
    remedy = "Leave it out, or name gate and upgrades instead of the manifest."
    assert (done.exit_code, done.output) == (2, f"--days - is already in the manifest. {remedy}\n")
    done = invoke("study", "first/manifest.json")
    remedy = "Use bordergate run first/manifest.json."
    assert (done.exit_code, done.output) == (2, f"file = first/manifest.json - is the manifest of a run. {remedy}\n")
    path = own / "first" / MANIFEST
    path.write_text(path.read_text().replace('"per_day": 120.0', '"per_day": 121.0'))
    done = invoke("run", "first", "--out", "second")
    remedy = "Write a gate or study file for what you want to change."
    assert (done.exit_code, done.output) == (2, f"manifest.json: scenario - is not as it was written. {remedy}\n")


@pytest.mark.slow
def test_verify_tells_whether_every_byte_comes_out_again(own: Path) -> None:
    succeed("study", "small.yaml", "--workers", "1", "--out", "first")
    (own / "gate.yaml").unlink()
    count = len(contents(own / "first"))
    assert f"Same: all {count} files of first were reproduced.\n" in succeed("verify", "first", "--workers", "1")
    (own / "first/report.html").write_text("another report")
    assert "first - is damaged: report.html is missing or changed." in invoke("verify", "first").output
    list_drawn(own / "first", [own / "first/report.html"])
    document = read_json(own / "first" / MANIFEST)
    document["versions"]["numpy"] = "1.0"
    (own / "first" / MANIFEST).write_text(json.dumps(document))
    done = invoke("verify", "first", "--workers", "1")
    assert done.exit_code == 1
    said = f"Differs: 2 of {count} files of first.\n  manifest.json\n  report.html\nnumpy: 1.0 then, "
    assert said in done.output
