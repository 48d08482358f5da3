"""A result folder lists its files: what no run wrote is never deleted, and what is damaged is not drawn."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from experiments import RunResult, RunSettings, run_scenario
from experiments.result_folder import MANIFEST, checked_manifest, list_drawn, new_result, read_json
from experiments.runs.folder import fill_folder, write_result
from gates import ConfigError, Scenario, load_gate
from tests.needed import needs

HELD = "Move them elsewhere, or name another folder."
REPLACE = "Name another folder, or replace it with --force."


@pytest.fixture(scope="module")
def result() -> RunResult:
    return run_scenario(
        Scenario(gate=load_gate("minimal"), days=1, warmup_days=0), RunSettings(replications=1, keep_events=1)
    )


@pytest.fixture(scope="module")
def other(result: RunResult) -> RunResult:
    return run_scenario(result.scenario, result.settings.model_copy(update={"seed": 2}))


@pytest.fixture
def folder(result: RunResult, tmp_path: Path) -> Path:
    return write_result(result, tmp_path / "base")


def refusal(result: RunResult, folder: Path, **options: bool) -> str:
    with pytest.raises(ConfigError) as refused, new_result(folder, "run", "minimal", **options) as partial:
        fill_folder(result, partial)
    return str(refused.value)


def seed(folder: Path) -> int:
    return int(read_json(folder / MANIFEST)["seed"])


@needs("sha256sum")
def test_the_manifest_lists_every_file_with_its_size_and_digest(folder: Path) -> None:
    files = read_json(folder / MANIFEST)["files"]
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert files.keys() == there - {MANIFEST}
    digested = subprocess.run(["sha256sum", "days.parquet"], cwd=folder, capture_output=True, text=True, check=True)
    size = (folder / "days.parquet").stat().st_size
    assert files["days.parquet"] == {"bytes": size, "sha256": digested.stdout.split()[0]}


def test_a_result_of_the_gate_is_replaced(other: RunResult, folder: Path) -> None:
    write_result(other, folder)
    assert seed(folder) == 2
    assert [path.name for path in folder.parent.iterdir()] == ["base"]


def test_own_files_in_the_folder_stay_and_are_named(other: RunResult, folder: Path) -> None:
    (folder / "notes.txt").write_text("my notes\n")
    (folder / "slides").mkdir()
    (folder / "slides/a.pptx").write_text("x")
    said = f"--out = {folder} - holds files that no run wrote: notes.txt, slides/a.pptx. {HELD}"
    assert refusal(other, folder) == said
    assert refusal(other, folder, force=True) == said
    assert (folder / "notes.txt").read_text() == "my notes\n"
    assert (folder / "slides/a.pptx").read_text() == "x"
    assert seed(folder) == 1


def test_many_own_files_are_counted(other: RunResult, folder: Path) -> None:
    for name in "abcde":
        (folder / name).write_text(name)
    assert refusal(other, folder) == f"--out = {folder} - holds files that no run wrote: a, b, c and 2 more. {HELD}"


def test_an_own_link_to_a_folder_is_an_own_file(other: RunResult, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (folder / "thesis").symlink_to(tmp_path / "thesis")
    assert refusal(other, folder) == f"--out = {folder} - holds files that no run wrote: thesis. {HELD}"


def test_a_changed_result_is_replaced_only_by_force(other: RunResult, folder: Path) -> None:
    path = folder / "metrics.json"
    path.write_text(path.read_text().replace("northbound", "Northbound", 1))  # as long as before
    problem = "holds a result that was changed after it was written: metrics.json"
    assert refusal(other, folder) == f"--out = {folder} - {problem}. {REPLACE}"
    with new_result(folder, "run", "minimal", force=True) as partial:
        fill_folder(other, partial)
    assert seed(folder) == 2


def test_a_result_of_another_gate_or_kind_is_replaced_only_by_force(folder: Path, other: RunResult) -> None:
    def said(kind: str, gate: str) -> str:
        with pytest.raises(ConfigError) as refused, new_result(folder, kind, gate):
            pytest.fail("it is refused before anything is simulated")
        return str(refused.value)

    gate = f"--out = {folder} - holds the result of another gate, a run of minimal. {REPLACE}"
    assert said("run", "friendship-pass") == gate
    assert said("study", "minimal") == gate.replace("another gate", "another kind")
    with new_result(folder, "run", "friendship-pass", force=True) as partial:
        fill_folder(other, partial)
    assert seed(folder) == 2


def test_a_manifest_of_another_program_is_refused(other: RunResult, tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app/manifest.json").write_text('{"name": "x", "icons": []}')
    remedy = "Name a folder that `bordergate run` or `bordergate study` wrote."
    problem = "is not a result folder: its manifest.json is of another program"
    assert refusal(other, tmp_path / "app", force=True) == f"--out = {tmp_path / 'app'} - {problem}. {remedy}"


def test_a_result_without_a_list_is_not_replaced(other: RunResult, folder: Path) -> None:
    document = read_json(folder / MANIFEST)
    del document["files"]
    (folder / MANIFEST).write_text(json.dumps(document))
    problem = "was written by an earlier version, which did not list its files"
    assert refusal(other, folder) == f"--out = {folder} - {problem}. Run it again, into another folder."


def test_a_link_is_followed(result: RunResult, other: RunResult, tmp_path: Path) -> None:
    (tmp_path / "bigdisk").mkdir()
    (tmp_path / "res").symlink_to(tmp_path / "bigdisk/res")
    for run in (result, other):  # the first makes what the link names
        assert write_result(run, tmp_path / "res") == tmp_path / "res"
        assert (tmp_path / "res").is_symlink()
        assert seed(tmp_path / "bigdisk/res") == run.settings.seed
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bigdisk", "res"]
    assert [path.name for path in (tmp_path / "bigdisk").iterdir()] == ["res"]


def test_an_empty_folder_is_filled(result: RunResult, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert seed(write_result(result, tmp_path / "empty")) == 1


def test_a_run_that_fails_leaves_no_folder_that_it_made(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), new_result(tmp_path / "results/july/base", "run", "minimal"):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "problem"),
    [(".", "is the folder you are in"), ("..", "cannot be replaced as a whole: it is in use")],
)
def test_the_folder_one_is_in_is_refused(
    name: str, problem: str, result: RunResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x").mkdir()
    monkeypatch.chdir(tmp_path / "x")
    said = f"--out = {name} - {problem}. Name a folder inside it, such as --out result."
    assert refusal(result, Path(name)) == said


def test_the_second_of_two_runs_at_once_is_told(other: RunResult, folder: Path) -> None:
    line = [
        sys.executable, "-c",
        "import sys; from pathlib import Path; from experiments.result_folder import new_result\n"
        f"with new_result(Path({str(folder)!r}), 'run', 'minimal'):\n print('writing', flush=True); sys.stdin.read()",
    ]  # fmt: skip
    first = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert first.stdout is not None
        assert first.stdout.readline() == b"writing\n"
        problem = f"another run is writing there (process {first.pid})"
        remedy = "Wait until it has ended, or name another folder."
        assert refusal(other, folder) == f"--out = {folder} - {problem}. {remedy}"
    finally:
        first.kill()
        first.communicate()
    assert seed(write_result(other, folder)) == 2  # what the killed one left is in nobody's way
    assert [path.name for path in folder.parent.iterdir()] == ["base"]


def test_what_is_put_there_during_the_run_stays_too(other: RunResult, folder: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        write_result(other, folder, finish=lambda _: (folder / "notes.txt").write_text("while it ran"))
    said = str(refused.value)
    remedy = f"The new result is in {folder.parent / 'base-2'}."
    assert said == f"--out = {folder} - holds files that no run wrote: notes.txt (since the run began). {remedy}"
    assert (seed(folder), seed(folder.parent / "base-2")) == (1, 2)
    assert (folder / "notes.txt").read_text() == "while it ran"
    assert sorted(path.name for path in folder.parent.iterdir()) == ["base", "base-2"]


def damage(folder: Path) -> str:
    with pytest.raises(ConfigError) as refused:
        checked_manifest(folder)
    return str(refused.value)


@pytest.mark.parametrize("text", ["", "no json", "[1]", '{"name": "x"}', '{"kind": ["run"]}', '"run"'])
def test_a_manifest_that_is_none(folder: Path, text: str) -> None:
    (folder / MANIFEST).write_text(text)
    reason = "cannot be read" if text in ("", "no json") else "is of another program"
    remedy = "Name a folder that `bordergate run` or `bordergate study` wrote."
    assert damage(folder) == f"DIR = {folder} - is not a result folder: its manifest.json {reason}. {remedy}"


def test_a_newer_version_is_named(folder: Path) -> None:
    text = (folder / MANIFEST).read_text()
    (folder / MANIFEST).write_text(text.replace('"schema": 1,', '"schema": 2,', 1))
    problem = "was written by a newer version (format 2; this one reads 1)"
    assert damage(folder) == f"DIR = {folder} - {problem}. Install that version, or name another folder."


def test_a_missing_a_cut_and_a_changed_file_are_named(folder: Path) -> None:
    again = f"Run it again: bordergate run {folder / MANIFEST} --out {folder}-again."
    (folder / "days.parquet").unlink()
    assert damage(folder) == f"DIR = {folder} - is damaged: days.parquet is missing or changed. {again}"
    (folder / "queues.parquet").write_bytes(b"")
    content = bytearray((folder / "stages.parquet").read_bytes())
    content[100] ^= 1
    (folder / "stages.parquet").write_bytes(content)
    (folder / "clearance.parquet").unlink()
    (folder / "clearance.parquet").mkdir()
    names = "clearance.parquet, days.parquet, queues.parquet and 1 more are missing or changed"
    assert damage(folder) == f"DIR = {folder} - is damaged: {names}. {again}"


def test_plots_drawn_again_are_listed_and_own_files_are_not(folder: Path) -> None:
    (folder / "plots").mkdir()
    (folder / "plots/queues.svg").write_text("<svg/>")
    (folder / "plots/mine.svg").write_text("<svg>mine</svg>")
    list_drawn(folder, [folder / "plots/queues.svg"])
    files = checked_manifest(folder)["files"]
    assert [name for name in files if name.startswith("plots/")] == ["plots/queues.svg"]
    (folder / "plots/queues.svg").write_text("<svg></svg>")
    assert checked_manifest(folder, drawn=False)["kind"] == "run"
    assert "plots/queues.svg is missing or changed" in damage(folder)
