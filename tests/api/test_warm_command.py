"""`bordergate warm`, and what a first run says while it compiles."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from api.cli.app import app
from sim import compile_ahead, kept_code


def invoke(*words: str) -> Result:
    return CliRunner().invoke(app, list(words), env={"COLUMNS": "200"})


def test_everything_is_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def compiled(told: Callable[[str], object]) -> None:
        for name in ("sim.a.b", "sim.c.d"):
            told(name)
            done.append(name)

    monkeypatch.setattr(compile_ahead, "is_compiled", lambda: bool(done))
    monkeypatch.setattr(compile_ahead, "compile_ahead", compiled)
    first, second = invoke("warm"), invoke("warm")
    assert (first.exit_code, second.exit_code) == (0, 0), first.output
    assert first.output.endswith("Compiled 2 parts of the engine; runs start at once from now on.\n")
    assert second.output == "The engine is compiled already.\n"
    assert len(done) == 2


def test_a_folder_that_cannot_be_written_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(told: Callable[[str], object]) -> None:
        raise compile_ahead.CannotCompile("/sim/machine_code cannot be written: Permission denied")

    monkeypatch.setattr(compile_ahead, "is_compiled", lambda: False)
    monkeypatch.setattr(compile_ahead, "compile_ahead", refused)
    done = invoke("warm")
    assert done.exit_code == 2
    assert "/sim/machine_code cannot be written: Permission denied" in done.output
    assert "Run it as a user who may write there, or do nothing: the first run compiles what it needs." in done.output


@pytest.mark.slow
def test_a_first_run_says_that_it_compiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.engines.first_use.cache_is_warm", lambda: False)
    words = ("run", "minimal", "--days", "1", "--warmup-days", "0", "--replications", "1")
    done = invoke(*words, "--out", str(tmp_path / "run"))
    assert done.exit_code == 0, done.output
    assert done.output.startswith("First use: compiling the engine, once for this installation")
    assert kept_code._Place.told is None, "what follows is no longer told"


def test_what_a_folder_is_valid_for(tmp_path: Path) -> None:
    assert not compile_ahead.is_compiled(tmp_path)
    (tmp_path / compile_ahead.STAMP).write_text("of another version\n", encoding="ascii")
    assert not compile_ahead.is_compiled(tmp_path)
    (tmp_path / compile_ahead.STAMP).write_text(f"{kept_code.content()}\n", encoding="ascii")
    assert not compile_ahead.is_compiled(tmp_path), "for which processor is not said"
    for processor in kept_code.processors():
        (tmp_path / compile_ahead.STAMP).write_text(f"{kept_code.content()}\n{processor}\n", encoding="ascii")
        assert compile_ahead.is_compiled(tmp_path)
