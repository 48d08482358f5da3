"""The script that runs every check does not pass over what it cannot find."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.check import ENGINES

ROOT = Path(__file__).resolve().parent.parent


def coverage_step(root: Path) -> subprocess.CompletedProcess[str]:
    (root / "scripts").mkdir()
    shutil.copy(ROOT / "scripts/check.py", root / "scripts")
    command = [sys.executable, "scripts/check.py", "coverage"]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("gone", ENGINES)
def test_an_engine_that_is_gone_is_named(tmp_path: Path, gone: str) -> None:
    for name in ENGINES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        if name != gone:
            (tmp_path / name).touch()
    done = coverage_step(tmp_path)
    assert done.returncode == 1
    assert done.stdout.splitlines()[2] == f"not there: {gone}. Say in scripts/check.py where it is now."
