"""The command line, as its user meets it: real processes, real files."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

import api.cli.run as cli_run
from api.cli.app import app
from api.cli.validate import checked
from experiments.runs.request import resolve
from gates.files.load import gate_path

SHORT = ["--days", "2", "--warmup-days", "1", "--replications", "2"]


def bordergate(*arguments: str, cwd: Path, limit: int | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder, perhaps with a limit on the size of a file [B]."""

    def limited() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    environment = {**os.environ, "COLUMNS": "160", "NO_COLOR": "1"}
    line = [sys.executable, "-m", "api.cli", *arguments]
    return subprocess.run(
        line,
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=limited,
        timeout=300,
    )


def refused(done: subprocess.CompletedProcess[str]) -> list[str]:
    """Return the findings of a run that was refused as it should be."""
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    return done.stderr.splitlines()


@pytest.mark.long
def test_any_number_of_workers_gives_the_same_bytes(tmp_path: Path) -> None:
    run = ["run", "minimal", "--days", "2", "--warmup-days", "1", "--replications", "18", "--keep-events", "2"]
    contents = []
    for options in ([], ["--workers", "1"], ["--workers", "2"]):
        done = bordergate(*run, *options, "--out", "out", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        contents.append({p.relative_to(tmp_path): p.read_bytes() for p in (tmp_path / "out").rglob("*") if p.is_file()})
        shutil.rmtree(tmp_path / "out")
    assert contents[0] == contents[1] == contents[2]


@pytest.mark.parametrize(
    ("engine", "replications", "few", "in_processes"),
    [("reference", 2, 0, True), ("reference", 1, 0, False), ("reference", 2, 10**9, False), ("compiled", 2, 0, False)],
)
def test_replications_run_in_processes_where_threads_would_wait_for_each_other(
    monkeypatch: pytest.MonkeyPatch, engine: str, replications: int, few: int, in_processes: bool
) -> None:
    monkeypatch.setattr(cli_run, "FEW_VISITS", few)
    options = {"gate": "minimal", "days": 1, "warmup_days": 0, "replications": replications, "engine": engine}
    assert cli_run._holds_the_lock(resolve(options, files=True)) == in_processes


@pytest.mark.slow
def test_a_run_writes_a_complete_folder(tmp_path: Path) -> None:
    done = bordergate("run", "minimal", *SHORT, "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "out/report.html" in done.stdout
    assert "northbound" in done.stdout.lower()
    names = {path.name for path in (tmp_path / "out").iterdir()}
    tables = {f"{name}.parquet" for name in ("replications", "queues", "days", "clearance", "stages", "trucks")}
    assert names == {"manifest.json", "metrics.json", "events", "plots", "report.html", *tables}
    assert [path.name for path in (tmp_path / "out" / "events").iterdir()] == ["rep-00000.parquet"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["run", "friendship-pas"], "friendship-pass"),
        (["run", "missing.yaml"], "missing.yaml"),
        (["run", "minimal", "--days", "0"], "--days = 0"),
        (["run", "minimal", "--days", "99999999999999999999"], "--days"),
        (["run", "minimal", "--replications", "100000"], "--replications"),
        (["run", "minimal", "--start", "yesterday"], "--start = yesterday"),
        (["run", "minimal", "--demand", "nan"], "--demand"),
        (["run", "minimal", "--keep-events", "some"], "--keep-events = some"),
        (["run", "minimal", "--seed", "-1"], "--seed = -1"),
        (["plot", "."], "is not a result folder"),
        (["gates", "nowhere"], "nowhere"),
        (["validate", "nowhere.yaml"], "nowhere.yaml"),
        (["run", "minimal", "--out", "/proc/nothing/here"], "/proc/nothing"),
    ],
)
def test_mistakes_are_findings(
    arguments: list[str], expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In this process: each of its own would take a second to load what it needs."""
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, arguments, env={"COLUMNS": "160"})
    assert done.exit_code == 2, done.output
    assert "Traceback" not in done.output
    assert any(expected in line for line in done.stderr.splitlines())


@pytest.mark.slow
def test_all_mistakes_of_the_options_at_once(tmp_path: Path) -> None:
    line = ["run", "minimal", "--days", "0", "--seed", "-1", "--start", "x", "--keep-events", "y"]
    assert len(refused(bordergate(*line, cwd=tmp_path))) == 4
    words = {"days": "abc", "seed": "1.5", "demand": "x", "level": "hi", "engine": "z", "upgrade": "more-bay"}
    texts = [part for name, word in words.items() for part in (f"--{name}", word)]
    found = refused(bordergate("run", "minimal", *texts, cwd=tmp_path))
    assert [line.partition(" ")[0] for line in found] == [
        "--level",
        "--days",
        "--demand",
        "--seed",
        "--engine",
        "--upgrade",
    ]
    assert "--days = abc - not a number." in found[1]
    study = refused(bordergate("study", "hours", "--days", "abc", "--seed", "-1", cwd=tmp_path))
    assert len(study) == 2


@pytest.mark.slow
def test_a_full_disk_leaves_nothing_behind(tmp_path: Path) -> None:
    done = bordergate("run", "minimal", *SHORT, "--out", "out", cwd=tmp_path, limit=20_000)
    assert done.returncode == 1
    assert "The disk is full" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.long
def test_killed_runs_leave_no_folder_and_the_next_one_clears_up_and_is_drawn_again(tmp_path: Path) -> None:
    line = [sys.executable, "-m", "api.cli", "run", "minimal", *SHORT, "--out", "out"]
    for delay in (0.3, 1.0, 1.8):
        process = subprocess.Popen(line, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
        if (tmp_path / "out").exists():
            assert (tmp_path / "out" / "report.html").exists()
    assert bordergate("run", "minimal", *SHORT, "--png", "--out", "out", cwd=tmp_path).returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    draws_it_again(tmp_path)


def draws_it_again(tmp_path: Path) -> None:
    """The command `plot` gives the plots and the report of a run once more, byte for byte."""
    drawn = {path: path.read_bytes() for path in (tmp_path / "out" / "plots").iterdir()}
    assert {path.with_suffix(".svg") for path in drawn} == {path for path in drawn if path.suffix == ".svg"}
    assert {path.with_suffix(".png") for path in drawn} == {path for path in drawn if path.suffix == ".png"}
    report = (tmp_path / "out" / "report.html").read_bytes()
    for path in drawn:
        path.unlink()
    assert bordergate("plot", "out", cwd=tmp_path).returncode == 0
    assert {path: path.read_bytes() for path in (tmp_path / "out" / "plots").iterdir()} == drawn
    assert (tmp_path / "out" / "report.html").read_bytes() == report


@pytest.mark.slow
@pytest.mark.parametrize(("more", "seconds"), [([], 4.0), (["--workers", "2"], 2.0)])
def test_interrupted_by_the_user(tmp_path: Path, more: list[str], seconds: float) -> None:
    line = [sys.executable, "-m", "api.cli", "run", "minimal", "--days", "900", "--replications", "500", *more]
    process = subprocess.Popen(
        line,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # who runs the tests may have turned it off
    )
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", [[], ["gates"], ["run"], ["validate"], ["plot"]])
def test_help_has_an_example(command: list[str], tmp_path: Path) -> None:
    done = bordergate(*command, "--help", cwd=tmp_path)
    assert done.returncode == 0
    assert not command or "Example" in done.stdout


@pytest.mark.slow
def test_gates_shows_pools_and_areas(tmp_path: Path) -> None:
    text = gate_path("minimal").read_text(encoding="utf-8")
    assert "Pools" not in bordergate("gates", "minimal", cwd=tmp_path).stdout
    text += """
pools: {officer: {title: {en: Customs officers}, side: vn, shifts: [{hours: 07:00-19:00, units: 5}]}}
areas: {yard: {title: {en: Yard}, spaces: 30, stages: [booth, inspection]}}
"""
    text = text.replace("    lanes: 2\n", "    lanes: 2\n    needs: {officer: 2}\n")
    (tmp_path / "pooled.yaml").write_text(text, encoding="utf-8")
    done = bordergate("gates", "pooled.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines()]
    assert ["Customs", "officers", "vn", "5", "07:00-19:00", "08:00-20:00", "booth", "needs", "2"] in rows
    assert ["Yard", "30", "booth,", "inspection"] in rows
    assert "areas.yard.spaces" in done.stdout


@pytest.mark.slow
def test_gates_lists_and_shows(tmp_path: Path) -> None:
    assert "friendship-pass" in bordergate("gates", cwd=tmp_path).stdout
    shown = bordergate("gates", "friendship-pass", cwd=tmp_path).stdout
    for expected in ("Hữu Nghị", "友谊关", "07:00-20:00", "08:00-21:00", "F181", "assumption"):
        assert expected in shown


TWO_ORDERS = """
name: two-orders
sides: {vn: Asia/Ho_Chi_Minh, cn: Asia/Shanghai}
origin: {northbound: vn, southbound: cn}
start: 2025-07-01
end_of_day: {at: 24:00, side: vn}
classes: {general: {}}
flows:
  n: {class: general, direction: northbound, per_day: 20}
  s: {class: general, direction: southbound, per_day: 20}
pools:
  tractor: {title: {en: Tractors}, side: vn, shifts: [{hours: 24 h, units: 1}]}
  trailer: {title: {en: Trailers}, side: vn, shifts: [{hours: 24 h, units: 1}]}
stages:
  a: {side: vn, lanes: 1, service: {constant: 10 min}, takes: {tractor: 1}}
  b: {side: vn, lanes: 1, service: {constant: 10 min}, takes: {trailer: 1}}
  c: {side: vn, lanes: 1, service: {constant: 10 min}, takes: {trailer: 1}}
  d: {side: vn, lanes: 1, service: {constant: 10 min}, takes: {tractor: 1}}
  e: {side: vn, lanes: 1, service: {constant: 10 min}, gives: {tractor: 1, trailer: 1}}
paths: {northbound: [a, b, e], southbound: [c, d, e]}
"""


def test_validation_says_where_trucks_could_lock_each_other(tmp_path: Path) -> None:
    (tmp_path / "gate.yaml").write_text(TWO_ORDERS, encoding="utf-8")
    shown = " ".join(checked(tmp_path / "gate.yaml").split())
    assert (
        "Trucks could lock each other for ever: some hold a unit of Tractors while they wait for a unit of Trailers, "
        "and others hold a unit of Trailers while they wait for a unit of Tractors."
    ) in shown
    (tmp_path / "gate.yaml").write_text(TWO_ORDERS.replace("[c, d, e]", "[d, c, e]"), encoding="utf-8")
    assert "lock" not in checked(tmp_path / "gate.yaml")


@pytest.mark.slow
def test_map_draws_a_gate(tmp_path: Path) -> None:
    assert bordergate("map", "minimal", "--lang", "vi", cwd=tmp_path).returncode == 0
    assert "Trung Quốc" in (tmp_path / "minimal.svg").read_text(encoding="utf-8")
    done = bordergate("map", "friendship-pass", "--upgrade", "kiosk-lanes", "--out", "map.png", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")
    assert "End the name with .svg or .png." in str(
        refused(bordergate("map", "minimal", "--out", "m.pdf", cwd=tmp_path))
    )
