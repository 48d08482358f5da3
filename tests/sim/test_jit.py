"""Compilation: once for an installation."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
from gates import Scenario, load_gate
from sim import compile_plan, draw, simulate
from sim.engines.first_use import cache_is_warm
from sim.kept_code import tell_of_compiling
tell_of_compiling(lambda name: print("compiles", name))
print("warm" if cache_is_warm() else "cold")
plan = compile_plan(Scenario(gate=load_gate("minimal"), days=1, warmup_days=0))
print(simulate(plan, draw(plan)).visits_made() > 0)
"""


def run(folder: Path, program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    return subprocess.run(
        [sys.executable, "-P", "-c", program],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(folder), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


PART = """
from {jit} import step

@step
def part(value: int) -> int:
    return value + {added}
"""
WHOLE = """
from {jit} import kernel
from sim.parts.part import part

@kernel
def whole(value: int) -> int:
    return part(value)
"""


@pytest.mark.parametrize("jit", ["sim.jit", "sim.parts.jit"])
@pytest.mark.slow
def test_compiled_code_is_outdated_by_a_change_in_a_subpackage(tmp_path: Path, jit: str) -> None:
    """A kernel here, a step that is compiled into it two folders down; the decorators here or in a subpackage."""
    jit_file = (tmp_path / jit.replace(".", "/")).with_suffix(".py")
    (tmp_path / "sim/parts/part").mkdir(parents=True)
    for folder in ("sim", "sim/parts"):
        (tmp_path / folder / "__init__.py").touch()
    shutil.copy(ROOT / "sim/jit.py", jit_file)
    shutil.copy(ROOT / "sim/kept_code.py", tmp_path / "sim")
    (tmp_path / "sim/whole.py").write_text(WHOLE.format(jit=jit))
    asked = "from sim.whole import whole; print(whole(40), whole.stats.cache_hits)"
    shown = []
    for added in (1, 1, 2):  # the second time nothing changes, so that what was kept is used
        part, text = tmp_path / "sim/parts/part/__init__.py", PART.format(jit=jit, added=added)
        if not part.exists() or part.read_text() != text:
            part.write_text(text)
        done = run(tmp_path, asked, NUMBA_CACHE_DIR=str(tmp_path / "kept"))
        shown.append((done.stdout + done.stderr).split())
    assert shown[0] == ["41", "Counter()"]
    assert shown[1][0] == "41"
    assert shown[1] != shown[0], "what was kept was not used"
    assert shown[2] == ["42", "Counter()"]


@pytest.mark.slow
def test_compiled_code_of_the_engine_is_kept() -> None:
    """Whatever this run compiles, the next process finds: it compiles nothing."""
    assert run(ROOT, PROGRAM).returncode == 0
    second = run(ROOT, PROGRAM)
    assert (second.stdout.split(), second.stderr) == (["warm", "True"], "")
