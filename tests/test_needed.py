"""A test without its program is skipped with the program's name, and is a failure where nothing may be skipped."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SKIPS = """
import pytest
from tests.needed import needs

@needs("no-such-program", "python3", "no-other")
def test_program():
    raise AssertionError

def test_module():
    pytest.importorskip("no_such_module")

def test_right():
    pytest.skip("no right to mount")

@pytest.mark.xfail
def test_known():
    raise AssertionError
"""


def ended(folder: Path, **environment: str) -> list[str]:
    """Return the lines of pytest, which has the project's hooks, on a file of tests that are skipped."""
    (folder / "test_skips.py").write_text(SKIPS)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = series\n")
    line = [sys.executable, "-m", "pytest", "-q", "-rsfE", "-p", "tests.conftest", "-p", "no:cacheprovider", "."]
    kept = {name: value for name, value in os.environ.items() if name != "BORDERGATE_NOTHING_SKIPPED"}
    environment = {**kept, "PYTHONPATH": str(ROOT), "COLUMNS": "200", "NO_COLOR": "1", **environment}
    done = subprocess.run(line, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return done.stdout.splitlines()


def test_the_program_is_named(tmp_path: Path) -> None:
    lines = ended(tmp_path)
    assert "SKIPPED [1] test_skips.py:5: not installed: no-such-program, no-other" in lines
    assert lines[-1].startswith("3 skipped, 1 xfailed in")


def test_nothing_is_skipped_but_for_a_right(tmp_path: Path) -> None:
    lines = ended(tmp_path, BORDERGATE_NOTHING_SKIPPED="1")
    assert "SKIPPED [1] test_skips.py:13: no right to mount" in lines
    assert "ERROR test_skips.py::test_program - Skipped: not installed: no-such-program, no-other" in lines
    assert "FAILED test_skips.py::test_module - Skipped: could not import 'no_such_module'" in "\n".join(lines)
    assert lines[-1].startswith("1 failed, 1 skipped, 1 xfailed, 1 error in")
