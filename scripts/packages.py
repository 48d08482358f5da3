"""Build wheel and source archive, install each in a fresh environment of every supported Python, and try it there.

    python scripts/packages.py

A Python that is not on the path is named. `scripts/check.py --all` runs this as its step `packages`. It needs the
network: pip installs what the packages depend on.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SUPPORTED = ("3.11", "3.12", "3.13")
RUN = ("minimal", "--days", "1", "--warmup-days", "0", "--replications", "1", "--engine", "reference")
"""A run that compiles nothing."""
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
    """Build both packages; return the wheel and the source archive."""
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-d", str(folder)], cwd=ROOT, check=True)
    (wheel,), (archive,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return [wheel, archive]


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


def _wrong(folder: Path, line: tuple[str, ...], said: str, code: int = 0) -> list[str]:
    """Run a command without our own folders on its path; return why it is not as it should be, if it is not."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    shown = {**environment, "COLUMNS": "200", "PYTHONUTF8": "1"}
    done = subprocess.run(line, cwd=folder, env=shown, capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode == code and said in done.stdout + done.stderr:
        return []
    last = "\n".join((done.stdout + done.stderr).splitlines()[-5:])
    words = " ".join(line[1:4])
    return [f"{folder.name}: {words}: ended with {done.returncode} instead of {code}, or without {said!r}:\n{last}"]


def main() -> int:
    """Build, install and try; return 1 if anything went wrong."""
    wrong, missing = [], []
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        packages = build(place / "dist")
        for version, program in pythons().items():
            if program is None:
                missing.append(version)
                continue
            for package in packages:
                kind = "wheel" if package.suffix == ".whl" else "sdist"
                folder = place / f"{kind}-{version}"
                programs = installed(program, package, folder / "venv")
                found = trials(programs, folder)
                print(f"Python {version}, {kind}: {'wrong' if found else 'works'}", flush=True)
                wrong += [f"Python {version}, {kind}, {each}" for each in found]
                shutil.rmtree(folder)
    if missing:
        print(f"Not on the path, not tried: Python {', '.join(missing)}")
    print("\n".join(wrong))
    return 1 if wrong or len(missing) == len(SUPPORTED) else 0


if __name__ == "__main__":
    sys.exit(main())
