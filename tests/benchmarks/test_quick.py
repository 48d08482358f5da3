"""The benchmarks run, and what they compare agrees. How fast it was is nobody's assertion."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
SCRIPTS = ("peers", "gate", "scaling", "limit", "studies", "service")


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
