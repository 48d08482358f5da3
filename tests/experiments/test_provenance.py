"""The digest of the code covers every source file that turns a gate into results."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("gates", "sim", "experiments")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the packages, with a subpackage of a subpackage in two of them."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    for package in ("gates", "sim"):
        (tmp_path / package / "outer/inner").mkdir(parents=True)
        (tmp_path / package / "outer/inner/part.py").write_text("VALUE = 1\n")
    return tmp_path


def digest(folder: Path) -> str:
    program = "from experiments.runs.provenance import code_digest; print(code_digest())"
    done = subprocess.run(
        [sys.executable, "-P", "-c", program],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.mark.slow
def test_code_digest_covers_subpackages(copy: Path) -> None:
    before = digest(copy)
    seen = {before}
    for package in ("gates", "sim"):
        part = copy / package / "outer/inner/part.py"
        part.write_text("VALUE = 2\n")  # changed
        seen.add(digest(copy))
        part.rename(copy / package / "outer/part.py")  # moved
        seen.add(digest(copy))
    assert len(seen) == 5
    for package in ("gates", "sim"):
        (copy / package / "outer/part.py").unlink()
        (copy / package / "outer/inner/part.py").write_text("VALUE = 1\n")
    assert digest(copy) == before


def test_code_digest_is_that_of_sources_alone(copy: Path) -> None:
    """Neither what Python compiles nor what is not code moves it; nor does code that only shows results."""
    before = digest(copy)
    assert list((copy / "gates").rglob("__pycache__")) or sys.dont_write_bytecode
    (copy / "sim/outer/notes.txt").write_text("not code")
    (copy / "experiments/theme.py").write_text("")
    assert digest(copy) == before
