"""Build wheels and source archive, install each in a fresh environment of every supported Python, and try it there.

    python scripts/packages.py               build, install, try
    python scripts/packages.py --into dist   only build: a wheel for every Python, one with compiled code, the archive

A Python that is not on the path is named. `scripts/check.py --all` runs this as its step `packages`. It needs the
network: pip installs what the packages depend on. The wheel with compiled code is for the Python that runs this; it is
built meanwhile, and tried: its first run must compile nothing, and it must give the bits of code for this processor.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SUPPORTED = ("3.11", "3.12", "3.13")
HERE = f"{sys.version_info[0]}.{sys.version_info[1]}"
RUN = ("minimal", "--days", "1", "--warmup-days", "0", "--replications", "1", "--engine", "reference")
"""A run that compiles nothing."""
COMPILED_RUN = ("friendship-pass", "--days", "1", "--warmup-days", "0", "--replications", "1")
COMPILES = "First use: compiling"
"""What the command line says when a run compiles the engine."""
BITS = """
import hashlib, sys
from pathlib import Path
import numpy as np
from sim import kept_code
if "here" in sys.argv:
    kept_code.SHIPPED = Path("nowhere")  # code for this processor
else:
    kept_code.tell_of_compiling(lambda name: print("compiles", name))
from gates import Scenario, library_gates, load_gate
from sim import compile_plan, draw, measure, simulate, stream
from sim.jit import KEPT

def digest(thing):
    whole = hashlib.sha256()
    for name, value in sorted(vars(thing).items()):
        if isinstance(value, np.ndarray):
            whole.update(name.encode() + value.tobytes())
        elif isinstance(value, dict):
            whole.update((name + repr([(key, np.asarray(each).tobytes()) for key, each in value.items()])).encode())
    return whole.hexdigest()

for name in library_gates():
    plan = compile_plan(Scenario(gate=load_gate(name), days=20, warmup_days=1))
    for number in range(2):
        draws = draw(plan, 1, number)
        log = simulate(plan, draws)
        print(name, digest(draws), digest(log), digest(measure(plan, log)), digest(stream(plan, 1, number)))
if "here" not in sys.argv:
    print(*(f"not compiled: {name}" for name, kept in sorted(KEPT.items()) if not kept.is_shipped), sep="\\n", end="")
"""
"""Draws, logs and metrics of the library's gates as digests; then the kernels that the package brings no code of."""
HIDES = "hides the package sim of bordergate"


def pythons() -> dict[str, str | None]:
    """Return each supported version with an interpreter that can make environments; None where there is none."""
    return {version: next(_working(version), None) for version in SUPPORTED}


def _working(version: str) -> Iterator[str]:
    asked = "import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2])"
    for name in (f"python{version}", "python3", "python"):
        program = shutil.which(name)
        if program is None:
            continue
        done = subprocess.run([program, "-c", asked], capture_output=True, text=True, check=False)
        if done.stdout.strip() == version:
            yield program


@contextmanager
def built(folder: Path) -> Iterator[tuple[Path, Path, Callable[[], Path]]]:
    """Build the packages; give the wheel for every Python, the source archive, and what waits for the compiled wheel.

    The latter is built meanwhile; waiting for it raises `CalledProcessError` if that failed.
    """
    line = [sys.executable, "-m", "hatchling", "build", "-d"]
    plain = {name: value for name, value in os.environ.items() if name != "BORDERGATE_COMPILED"}
    subprocess.run([*line, str(folder)], cwd=ROOT, env=plain, check=True)
    (wheel,), (archive,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    apart = folder / "compiled"
    asked = {**plain, "BORDERGATE_COMPILED": "1"}
    with subprocess.Popen([*line, str(apart), "-t", "wheel"], cwd=ROOT, env=asked, stdout=subprocess.DEVNULL) as made:

        def compiled() -> Path:
            if made.wait():
                raise subprocess.CalledProcessError(made.returncode, made.args)
            (found,) = apart.glob("*.whl")
            target = numbered(found, metadata.version("numba"))
            target = target.replace(folder / target.name)
            apart.rmdir()
            return target

        try:
            yield wheel, archive, compiled
        finally:
            made.terminate()  # has ended, or something else went wrong


def numbered(wheel: Path, numba: str) -> Path:
    """Return a wheel with the version of Numba as its build number, in its name and inside: `-1_numba0.61.2-`."""
    name, version, *tags = wheel.name.split("-")
    build_number = f"1_numba{numba}"
    target = wheel.with_name("-".join([name, version, build_number, *tags]))
    inside = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        head = old.read(f"{inside}/WHEEL").decode().replace("Tag: ", f"Build: {build_number}\nTag: ", 1).encode()
        digest = base64.urlsafe_b64encode(hashlib.sha256(head).digest()).rstrip(b"=").decode()
        changed = f"{inside}/WHEEL,sha256={digest},{len(head)}"
        for entry in old.infolist():
            content = old.read(entry)
            if entry.filename == f"{inside}/WHEEL":
                content = head
            elif entry.filename == f"{inside}/RECORD":
                rows = content.decode().splitlines()
                rows = [changed if row.startswith(f"{inside}/WHEEL,") else row for row in rows]
                content = ("\n".join(rows) + "\n").encode()
            new.writestr(entry, content)
    wheel.unlink()
    return target


def installed(program: str, package: Path, folder: Path) -> Path:
    """Return the folder of programs of an environment that holds a package; a new one gets what it depends on, too."""
    known = folder.exists()
    if not known:
        subprocess.run([program, "-m", "venv", str(folder)], check=True)
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    quiet = ["install", "--quiet", "--disable-pip-version-check", "--constraint", str(ROOT / "constraints.txt")]
    instead = ["--force-reinstall", "--no-deps"] if known else []
    subprocess.run([str(programs / "python"), "-m", "pip", *quiet, *instead, str(package)], check=True, cwd=folder)
    return programs


def trials(programs: Path, folder: Path) -> list[str]:
    """Use an installed package in a clean folder and beside foreign files; return what went wrong."""
    clean, foreign = folder / "clean", folder / "foreign"
    clean.mkdir()
    (foreign / "experiments").mkdir(parents=True)
    python, command = str(programs / "python"), str(programs / "bordergate")
    door = (python, "-c", "import bordergate as bg; print(bg.load_gate('minimal').name)")
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    wrong = [
        *_wrong(clean, (command, "--version"), f"bordergate {version}"),
        *_wrong(clean, (command, "run", *RUN, "--out", "result"), "Report: "),
        *_wrong(clean, (command, "validate", "gate.yaml"), "no such file", code=2),
        *_wrong(foreign, door, "minimal"),  # a folder without `__init__.py` hides nothing
    ]
    (foreign / "sim.py").write_text("raise SystemExit('this file must not run')\n", encoding="utf-8")
    wrong += _wrong(foreign, door, HIDES, code=1)
    wrong += _wrong(foreign, (command, "gates"), "friendship-pass")
    return wrong


def code_trials(programs: Path, folder: Path) -> list[str]:
    """Use compiled code on a machine that has never compiled, and print the times of runs; return what went wrong.

    Nothing may be compiled, code for each kernel must be there, and draws, logs and metrics of the gates of the library
    must be bit-identical to those that code for this processor gives.
    """
    never = {"HOME": str(folder), "XDG_CACHE_HOME": str(folder / "cache"), "NUMBA_CACHE_DIR": str(folder / "cache")}
    line = (str(programs / "bordergate"), "run", *COMPILED_RUN, "--out")
    wrong, spent = [], []
    for number in (1, 2):
        began = time.monotonic()
        done = _done(folder, (*line, f"run-{number}"), never)
        spent.append(time.monotonic() - began)
        if done.returncode or COMPILES in done.stdout:
            wrong.append(f"run {number} should compile nothing, and ended with {done.returncode}:\n{_end(done)}")
    print(f"  first run {spent[0]:.1f} s, second {spent[1]:.1f} s", flush=True)
    here = _done(ROOT, (sys.executable, "-c", BITS, "here"), {})
    packed = _done(folder, (str(programs / "python"), "-c", BITS), never)
    if here.returncode or packed.returncode or packed.stdout != here.stdout:
        wrong.append(f"other bits than by code for this processor:\n{_end(here)}\n{_end(packed)}")
    return wrong


def _done(folder: Path, line: tuple[str, ...], more: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command without our own folders on its path."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "NUMBA_"))}
    shown = {**environment, "COLUMNS": "200", "PYTHONUTF8": "1", **more}
    return subprocess.run(line, cwd=folder, env=shown, capture_output=True, text=True, encoding="utf-8", check=False)


def _wrong(folder: Path, line: tuple[str, ...], said: str, code: int = 0) -> list[str]:
    """Run a command; return why it is not as it should be, if it is not."""
    done = _done(folder, line, {})
    if done.returncode == code and said in done.stdout + done.stderr:
        return []
    words = " ".join(line[1:4])
    return [
        f"{folder.name}: {words}: ended with {done.returncode} instead of {code}, or without {said!r}:\n{_end(done)}"
    ]


def _end(done: subprocess.CompletedProcess[str]) -> str:
    return "\n".join((done.stdout + done.stderr).splitlines()[-5:])


def tried(version: str, kind: str, program: str, package: Path, place: Path) -> list[str]:
    """Install a package in an environment of a Python, and try it; return what went wrong.

    A wheel with compiled code is put in the place of the other wheel, because it depends on the same.
    """
    has_code = kind == "compiled wheel"
    programs = installed(program, package, place / f"{'wheel' if has_code else kind}-{version}")
    with tempfile.TemporaryDirectory(dir=place) as name:
        found = code_trials(programs, Path(name)) if has_code else trials(programs, Path(name))
    print(f"Python {version}, {kind}: {'wrong' if found else 'works'}", flush=True)
    return [f"Python {version}, {kind}, {each}" for each in found]


def main(arguments: Sequence[str] = ()) -> int:
    """Build, install and try; return 1 if anything went wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--into", type=Path, metavar="FOLDER", help="only build, into this folder")
    if into := parser.parse_args(arguments).into:
        with built(into) as (wheel, archive, compiled):
            print(wheel.name, archive.name, compiled().name, sep="\n")
        return 0
    wrong, found = [], pythons()
    with tempfile.TemporaryDirectory() as name, built(Path(name) / "dist") as (wheel, archive, compiled):
        place = Path(name)
        there = {version: program for version, program in found.items() if program is not None}
        for version, program in there.items():
            for kind, package in (("wheel", wheel), ("sdist", archive)):
                wrong += tried(version, kind, program, package, place)
        with_code = compiled()
        if HERE in there:
            wrong += tried(HERE, "compiled wheel", there[HERE], with_code, place)
    if missing := found.keys() - there.keys():
        print(f"Not on the path, not tried: Python {', '.join(sorted(missing))}")
    print("\n".join(wrong))
    return 1 if wrong or not there else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
