"""Compiled code that a package brings along: valid by content, wherever and whenever its files were written."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sim.compile_ahead import STAMP, CannotCompile, compile_ahead, is_compiled
from sim.kept_code import content, processors

ROOT = Path(__file__).resolve().parents[2]
KERNEL = """
from sim.jit import kernel

@kernel
def twice(value: int) -> int:
    return 2 * value
"""
MAKE = """
import sim
from pathlib import Path
from sim.kept_code import SHIPPED, compile_into
SHIPPED.mkdir()
compile_into(SHIPPED)
from sim.twice import twice
twice(1)
"""
USE = """
import numba
from sim.kept_code import tell_of_compiling
from sim.twice import twice
tell_of_compiling(lambda name: print("compiles", name))

@numba.njit
def own(value):
    return value

print(twice(21), own(3))
print(own.targetctx.codegen().magic_tuple()[1] != "generic", numba.config.CPU_NAME)
"""
LOADED = "42 3\nTrue None\n"
COMPILED = f"compiles sim.twice.twice\n{LOADED}"


def run(folder: Path, program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    return subprocess.run(
        [sys.executable, "-P", "-c", program],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(folder), "HOME": str(folder), "XDG_CACHE_HOME": str(folder), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package with one kernel, compiled for any processor by a process of its own."""
    return package(tmp_path_factory.mktemp("made"), NUMBA_CPU_NAME="generic")


def package(folder: Path, **processor: str) -> Path:
    (folder / "sim").mkdir()
    (folder / "sim/__init__.py").touch()
    (folder / "sim/twice.py").write_text(KERNEL)
    for name in ("jit.py", "kept_code.py"):
        shutil.copy(ROOT / "sim" / name, folder / "sim")
    done = run(folder, MAKE, **processor)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def copy(made: Path, tmp_path: Path) -> Path:
    """A copy of it elsewhere, whose files have other times."""
    shutil.copytree(made / "sim", tmp_path / "sim", copy_function=shutil.copyfile)
    shutil.rmtree(tmp_path / "sim/__pycache__", ignore_errors=True)
    return tmp_path


def test_it_is_used_wherever_the_package_is_and_leaves_other_kernels_alone(copy: Path) -> None:
    done = run(copy, USE)
    assert (done.stdout, done.stderr) == (LOADED, "")
    assert not list((copy / "sim/__pycache__").glob("*.nbc"))


def test_it_is_used_where_nothing_can_be_written(copy: Path) -> None:
    (copy / "sim/__pycache__").write_text("")
    nowhere = {"HOME": os.devnull, "XDG_CACHE_HOME": os.devnull, "PYTHONDONTWRITEBYTECODE": "1"}
    done = run(copy, USE, **nowhere)
    assert (done.stdout, done.stderr) == (LOADED, "")
    shutil.rmtree(copy / "sim/machine_code")
    without = run(copy, USE, **nowhere)
    assert without.stdout == COMPILED
    assert "Set NUMBA_CACHE_DIR" in without.stderr
    assert len(without.stderr.splitlines()) == 1


LONG = [pytest.param(change, marks=pytest.mark.long) for change in ("version", "index cut off", "missing")]
"""Each compiles in a process of its own."""


@pytest.mark.parametrize("change", ["source", "cut off", *LONG])
def test_what_does_not_fit_is_compiled(copy: Path, change: str) -> None:
    program = USE
    (code,) = (copy / "sim/machine_code").glob("*.nbc")
    if change == "source":
        (copy / "sim/__init__.py").write_text("# another text\n")
    if change == "version":
        program = "from importlib import metadata; metadata.version = lambda name: '9.9'\n" + USE
    if change == "cut off":
        code.write_bytes(code.read_bytes()[:100])
    if change == "index cut off":
        index = code.with_name(code.name.replace(".1.nbc", ".nbi"))
        index.write_bytes(index.read_bytes()[:50])
    if change == "missing":
        code.unlink()
    first, second = run(copy, program), run(copy, program)
    assert (first.stdout, first.stderr) == (COMPILED, "")
    assert (second.stdout, second.stderr) == (LOADED, "")  # what was compiled is kept for this machine


@pytest.mark.slow
@pytest.mark.skipif(len(processors()) == 1, reason="not an x86 processor built since 2015")
def test_code_for_newer_processors_is_used_on_those_alone(tmp_path: Path) -> None:
    folder = package(tmp_path, NUMBA_CPU_NAME=processors()[0], NUMBA_CPU_FEATURES="")
    assert run(folder, USE).stdout == LOADED
    # A processor that lacks one of the instructions, as far as LLVM tells, compiles for itself.
    older = (
        "from llvmlite import binding; has = binding.get_host_cpu_features(); has['bmi2'] = False; "
        "binding.get_host_cpu_features = lambda: has\n"
    )
    assert run(folder, older + USE).stdout == COMPILED


def test_what_is_for_another_processor_is_not_there(tmp_path: Path) -> None:
    (tmp_path / STAMP).write_text(f"{content()}\n{processors()[0]}\n", encoding="ascii")
    assert is_compiled(tmp_path)
    (tmp_path / STAMP).write_text(f"{content()}\nz900\n", encoding="ascii")
    assert not is_compiled(tmp_path)


def test_a_process_that_fails_is_told_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.compile_ahead.PROGRAM", "raise SystemExit('no memory')")
    with pytest.raises(CannotCompile, match="ended with 1: no memory"):
        compile_ahead(tmp_path / "code")
    assert not list(tmp_path.iterdir())
    (tmp_path / "file").touch()
    with pytest.raises(CannotCompile, match="cannot be written"):
        compile_ahead(tmp_path / "file" / "code")
