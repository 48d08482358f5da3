"""Build wheels and source archive, install each in a fresh environment of every supported Python, and try it there.

    python scripts/packages.py               build, install, try
    python scripts/packages.py --into dist   only build: a wheel for every Python, one with compiled code, the archive

A Python that is not on the path is named. `scripts/check.py --all` runs this as its step `packages`. It needs the
network: pip installs what the packages depend on. The wheel with compiled code is for the Python that runs this, and is
tried with it: its first run must compile nothing. How long first runs take is printed.
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
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SUPPORTED = ("3.11", "3.12", "3.13")
RUN = ("minimal", "--days", "1", "--warmup-days", "0", "--replications", "1", "--engine", "reference")
"""A run that compiles nothing."""
COMPILED_RUN = ("friendship-pass", "--days", "1", "--warmup-days", "0", "--replications", "1")
COMPILES = "First use: compiling"
"""What the command line says when a run compiles the engine."""
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


def build(folder: Path) -> list[Path]:
    """Build the packages; return the wheel for every Python, the source archive, and the wheel with compiled code."""
    line = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    plain = {name: value for name, value in os.environ.items() if name != "BORDERGATE_COMPILED"}
    subprocess.run(line, cwd=ROOT, env=plain, check=True)
    (wheel,), (archive,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    subprocess.run([*line, "-t", "wheel"], cwd=ROOT, env={**plain, "BORDERGATE_COMPILED": "1"}, check=True)
    (compiled,) = set(folder.glob("*.whl")) - {wheel}
    return [wheel, archive, numbered(compiled, metadata.version("numba"))]


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
    """Return the folder of programs of a fresh environment that holds a package and what it depends on."""
    subprocess.run([program, "-m", "venv", str(folder)], check=True)
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    quiet = ["install", "--quiet", "--disable-pip-version-check", "--constraint", str(ROOT / "constraints.txt")]
    subprocess.run([str(programs / "python"), "-m", "pip", *quiet, str(package)], check=True, cwd=folder)
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


def first_runs(programs: Path, folder: Path, *, compiles: bool) -> list[str]:
    """Run the compiled engine twice on a machine that has never compiled, and print the times; return what is wrong."""
    line = (str(programs / "bordergate"), "run", *COMPILED_RUN, "--out")
    never = {"HOME": str(folder), "XDG_CACHE_HOME": str(folder / "cache"), "NUMBA_CACHE_DIR": str(folder / "cache")}
    wrong, spent = [], []
    for number in (1, 2):
        began = time.monotonic()
        done = _done(folder, (*line, f"run-{number}"), never)
        spent.append(time.monotonic() - began)
        if done.returncode or (COMPILES in done.stdout) != (compiles and number == 1):
            expected = "compile" if compiles and number == 1 else "not compile"
            last = "\n".join((done.stdout + done.stderr).splitlines()[-5:])
            wrong.append(f"run {number} should {expected}, and ended with {done.returncode}:\n{last}")
    print(f"  first run {spent[0]:.1f} s, second {spent[1]:.1f} s", flush=True)
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
    last = "\n".join((done.stdout + done.stderr).splitlines()[-5:])
    words = " ".join(line[1:4])
    return [f"{folder.name}: {words}: ended with {done.returncode} instead of {code}, or without {said!r}:\n{last}"]


def tried(version: str, program: str, package: Path, place: Path) -> list[str]:
    """Install a package in a fresh environment of a Python, and try it; return what went wrong."""
    has_code = "-cp" in package.name
    kind = "compiled wheel" if has_code else "wheel" if package.suffix == ".whl" else "sdist"
    folder = place / f"{kind.replace(' ', '-')}-{version}"
    programs = installed(program, package, folder / "venv")
    found = trials(programs, folder)
    if package.suffix == ".whl" and version == f"{sys.version_info[0]}.{sys.version_info[1]}":
        found += first_runs(programs, folder, compiles=not has_code)
    print(f"Python {version}, {kind}: {'wrong' if found else 'works'}", flush=True)
    shutil.rmtree(folder)
    return [f"Python {version}, {kind}, {each}" for each in found]


def main(arguments: Sequence[str] = ()) -> int:
    """Build, install and try; return 1 if anything went wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--into", type=Path, metavar="FOLDER", help="only build, into this folder")
    if into := parser.parse_args(arguments).into:
        print("\n".join(path.name for path in build(into)))
        return 0
    wrong, missing = [], []
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        wheel, archive, compiled = build(place / "dist")
        for version, program in pythons().items():
            if program is None:
                missing.append(version)
                continue
            here = [compiled] if version == f"{sys.version_info[0]}.{sys.version_info[1]}" else []
            for package in (wheel, archive, *here):
                wrong += tried(version, program, package, place)
    if missing:
        print(f"Not on the path, not tried: Python {', '.join(missing)}")
    print("\n".join(wrong))
    return 1 if wrong or len(missing) == len(SUPPORTED) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
