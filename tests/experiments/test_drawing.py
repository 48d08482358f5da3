"""Plots and report by other processes: the same bytes, also when one of them is killed; the answer needs none of it."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import pytest

from experiments.answers.run_numbers import numbers_of, read_numbers
from experiments.answers.run_summary import read_summary, summary
from experiments.report import drawing
from experiments.runs.executors import Inline
from experiments.runs.folder import write_result
from experiments.runs.run import RunResult, run_scenario
from experiments.runs.settings import RunSettings
from gates import Scenario
from gates.checks.soundness import remember_sound
from tests.experiments.folders import friendship_pass, one_way, write_folder

ANSWER_ONLY = """
import sys
from rich.status import Status
from api.cli import plot, run
from api.cli.app import app

def drawing():
    loaded = {"pandas", "pyarrow", "altair", "vl_convert", "fontTools"} & sys.modules.keys()
    print("\\nthe answer is there, loaded:", sorted(loaded), flush=True)
    return plot.drawing()

run.drawing = drawing
if __name__ == "__main__":
    app(["run", "minimal", "--days", "1", "--warmup-days", "0", "--replications", "2", "--out", sys.argv[1]])
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder(tmp_path_factory.mktemp("drawing") / "run", one_way(), days=2, replications=2)


def content(paths: list[Path]) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in paths}


@pytest.mark.slow
def test_processes_draw_the_same(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = content(drawing.draw_result(folder))
    with drawing.painters() as none:
        assert none is None, "what drawing needs is loaded here"
    monkeypatch.delitem(sys.modules, "altair")
    with drawing.painters() as processes:
        assert isinstance(processes, ProcessPoolExecutor)
        assert content(drawing.draw_result(folder, processes)) == here


class Killed(Executor):
    """Processes of which one is killed at the second task."""

    def __init__(self) -> None:
        self.given = 0

    def submit(self, task: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.given += 1
        future: Future[Any] = Inline().submit(task, *args, **kwargs) if self.given < 2 else Future()
        if self.given >= 2:
            future.set_exception(BrokenProcessPool("a process was killed"))
        return future


@pytest.mark.slow
def test_a_process_that_is_killed_leaves_the_work_here(folder: Path) -> None:
    killed = Killed()
    assert content(drawing.draw_result(folder, killed)) == content(drawing.draw_result(folder))
    assert killed.given > 2


@pytest.mark.long
def test_the_answer_is_printed_before_anything_is_written_or_drawn(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(ANSWER_ONLY)
    root = str(Path(__file__).resolve().parents[2])
    done = subprocess.run(
        [sys.executable, str(program), str(tmp_path / "result")],
        env={**os.environ, "PYTHONPATH": root, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    answer, mark, rest = done.stdout.partition("the answer is there, loaded: []\n")
    assert mark, done.stdout
    assert "Released [trucks/day]" in answer
    made = tmp_path / "result"
    assert rest.split() == ["Report:", str(made / "report.html"), "Result", "folder:", str(made)]
    assert {path.suffix for path in (made / "plots").iterdir()} == {".svg"}


@pytest.fixture(scope="module", params=["one way", "nobody", "full gate"])
def result(request: pytest.FixtureRequest) -> RunResult:
    gate = {"one way": one_way, "nobody": lambda: one_way(0), "full gate": friendship_pass}[request.param]()
    scenario = Scenario(gate=remember_sound(gate), days=2, warmup_days=1)
    return run_scenario(scenario, RunSettings(replications=2), executor=Inline())


def test_the_answer_is_that_of_the_folder(result: RunResult, tmp_path: Path) -> None:
    folder = write_result(result, tmp_path / "result")
    mine, written = numbers_of(result), read_numbers(folder)
    assert repr((mine.times, mine.days, mine.metrics._estimates)) == repr(
        (written.times, written.days, written.metrics._estimates)
    )
    assert repr(summary(mine, result.manifest)) == repr(read_summary(folder))
