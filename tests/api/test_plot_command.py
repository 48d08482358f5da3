"""`bordergate plot`, and a second run into the same folder: one clear line and exit code 2, no traceback."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from api.cli.app import app
from experiments.result_folder import checked_manifest

RUN = ("run", "minimal", "--days", "1", "--warmup-days", "0", "--replications", "1")
AGAIN = "Run it again: bordergate run {0}/manifest.json --out {0}-again."
NOT_OURS = "Name a folder that `bordergate run` or `bordergate study` wrote."


def invoke(*words: str) -> Result:
    return CliRunner().invoke(app, list(words), env={"COLUMNS": "200"})


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the result `r` in it, drawn and reported."""
    folder = tmp_path_factory.mktemp("results")
    done = invoke(*RUN, "--out", str(folder / "r"))
    assert done.exit_code == 0, done.output
    return folder


@pytest.fixture
def here(results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(results / "r", tmp_path / "r")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a", f"is not a result folder: its manifest.json is of another program. {NOT_OURS}"),
        ("b", f"is not a result folder: its manifest.json is of another program. {NOT_OURS}"),
        ("c", f"is not a result folder: its manifest.json cannot be read. {NOT_OURS}"),
        ("d", f"is damaged: days.parquet is missing or changed. {AGAIN.format('d')}"),
        ("e", f"is damaged: queues.parquet is missing or changed. {AGAIN.format('e')}"),
        (
            "f",
            "was written by a newer version (format 99; this one reads 1). "
            "Install that version, or name another folder.",
        ),
        ("g", f"is not a result folder. {NOT_OURS}"),
    ],
)
def test_a_folder_that_cannot_be_drawn(here: Path, name: str, said: str) -> None:
    shutil.copytree("r", name)
    manifest = Path(name, "manifest.json")
    if name in "abc":
        shutil.rmtree(name)
        Path(name).mkdir()
        manifest.write_text({"a": '{"name": "x"}', "b": "[1]", "c": "no json"}[name])
    if name == "d":
        Path(name, "days.parquet").unlink()
    if name == "e":
        Path(name, "queues.parquet").write_bytes(b"")
    if name == "f":
        manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "schema": 99}))
    if name == "g":
        manifest.unlink()
    done = invoke("plot", name)
    assert (done.exit_code, done.output) == (2, f"DIR = {name} - {said}\n")


def test_own_files_are_told_before_the_run_and_outlive_a_plot(here: Path) -> None:
    Path("r/notes.txt").write_text("my notes\n")
    plotted = invoke("plot", "r")
    assert plotted.exit_code == 0, plotted.output
    assert "notes.txt" not in checked_manifest(here / "r")["files"]
    done = invoke(*RUN, "--out", "r")
    remedy = "Move them elsewhere, or name another folder."
    assert (done.exit_code, done.output) == (2, f"--out = r - holds files that no run wrote: notes.txt. {remedy}\n")
    assert Path("r/notes.txt").read_text() == "my notes\n"


@pytest.mark.parametrize("command", [RUN, ("study", "bottleneck", "minimal", "--days", "1")])
def test_the_folder_one_is_in_is_refused_before_the_run(here: Path, command: tuple[str, ...]) -> None:
    done = invoke(*command, "--out", ".")
    said = "--out = . - is the folder you are in. Name a folder inside it, such as --out result.\n"
    assert (done.exit_code, done.output) == (2, said)
    assert [path.name for path in here.iterdir()] == ["r"]


def test_a_study_does_not_replace_a_run_without_force(here: Path) -> None:
    done = invoke("study", "bottleneck", "minimal", "--days", "1", "--out", "r")
    problem = "holds the result of another kind, a run of minimal"
    said = f"--out = r - {problem}. Name another folder, or replace it with --force.\n"
    assert (done.exit_code, done.output) == (2, said)
