"""The benchmarks run, and what they compare agrees. How fast it was is nobody's assertion."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import guard

ROOT = Path(__file__).resolve().parent.parent.parent
SCRIPTS = ("peers", "gate", "scaling", "limit", "studies", "service", "command")


@pytest.mark.long
@pytest.mark.parametrize("script", SCRIPTS)
def test_quick_mode_agrees(script):
    """The exit code is 1 if a row was refused; a tool that is not installed is left out."""
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{script}", "--quick"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert "refused" not in done.stdout.lower(), done.stdout
    assert "|" in done.stdout, f"no table:\n{done.stdout}"


def test_the_guard_tells_a_loss_from_noise():
    assert [guard.verdict(ratio, 2.0) for ratio in (1.0, 2.2, 2.4, 2.7)] == ["as fast", "as fast", "warning", "FAILED"]


def test_the_guard_takes_medians_of_turns(monkeypatch):
    times = iter([1.0, 3.0, 1.0, 5.0, 2.0, 4.0, 1.0, 30.0, 1.0, 3.0, 1.0, 7.0])  # yardstick, work, yardstick, other
    monkeypatch.setattr(guard, "cpu_s", lambda work: next(times))
    found = guard.ratios({"work": int, "other": int}, int, pairs=3)
    assert found == {"work": 3.0, "other": 7.0}


def test_what_is_recorded_is_what_is_measured():
    rows = json.loads((ROOT / "benchmarks/results/guard.json").read_text("utf-8"))["rows"]
    assert {row["what"] for row in rows} == {"simulate", "draw, simulate and measure"}
