"""The door from a wheel, in a fresh environment, in folders that hold files with the names of our packages."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import bordergate as bg
import gates
import sim.live

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Return the Python of an environment that holds our wheel, and of ours only what the wheel depends on."""
    place = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*build, "--wheel-dir", str(place), str(ROOT)], check=True, cwd=place)
    (wheel,) = place.glob("bordergate-*.whl")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place / "venv")], check=True)
    python = place / "venv" / "bin" / "python"
    where = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = Path(subprocess.run(where, check=True, capture_output=True, text=True).stdout.strip())
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    install = ["install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    subprocess.run([sys.executable, "-m", "pip", "--python", str(python), *install], check=True, cwd=place)
    return python


def tried(python: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    clean = {"PATH": "", "PYTHONDONTWRITEBYTECODE": "1"}
    line = [str(python), *arguments]
    return subprocess.run(line, cwd=folder, env=clean, capture_output=True, text=True, check=False)


def home_of(python: Path) -> str:
    return str(next(python.parent.parent.glob("lib/python*/site-packages")))


IMPORT = ("-c", "import bordergate as bg; print(bg.__file__, bg.load_gate('minimal').name)")


@pytest.mark.slow
def test_a_wheel_works_beside_a_folder_that_is_no_package(installed, tmp_path):
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / "notes.txt").write_text("mine", encoding="utf-8")
    done = tried(installed, tmp_path, *IMPORT)
    assert (done.stdout, done.stderr) == (f"{home_of(installed)}/bordergate/__init__.py minimal\n", "")
    helped = tried(installed, tmp_path, "-m", "bordergate", "gates")
    assert helped.returncode == 0, helped.stderr
    assert "friendship-pass" in helped.stdout


@pytest.mark.slow
@pytest.mark.parametrize("how", [IMPORT, ("-m", "bordergate", "gates")], ids=["import", "command"])
@pytest.mark.parametrize(
    ("written", "hides", "part"),
    [("sim.py", "sim.py", "sim"), ("experiments/__init__.py", "experiments", "experiments")],
)
def test_a_file_with_the_name_of_a_package_is_named(installed, tmp_path, how, written, hides, part):
    (tmp_path / "experiments").mkdir()
    (tmp_path / written).write_text("raise AssertionError('this file must not run')\n", encoding="utf-8")
    done = tried(installed, tmp_path, *how)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        f"ImportError: {tmp_path / hides} hides the package {part} of bordergate, which is in {home_of(installed)}. "
        "Rename it, or start Python in another folder."
    )


@pytest.mark.slow
def test_the_script_of_a_wheel_does_not_look_into_the_folder(installed, tmp_path):
    (tmp_path / "sim.py").write_text("raise AssertionError('this file must not run')\n", encoding="utf-8")
    done = tried(installed.parent / "bordergate", tmp_path, "gates")
    assert done.returncode == 0, done.stderr


def test_names_are_those_of_the_packages():
    assert bg.load_gate is gates.load_gate
    assert bg.Live is sim.live.Live
    assert set(bg.__all__) <= set(dir(bg))
    with pytest.raises(AttributeError, match=r"module 'bordergate' has no attribute 'gate'"):
        bg.gate  # noqa: B018
