"""What must not be in the repository, and what a wheel and a set-up must hold."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("gates", "sim", "experiments", "api", "bordergate")
LARGEST_KB = 1_500
CACHES = re.compile(
    r"(^|/)(\.git|__pycache__|\.mypy_cache|\.pytest_cache|\.ruff_cache|\.hypothesis|\.ipynb_checkpoints|htmlcov"
    r"|node_modules|\.?venv|[^/]+\.egg-info|\.coverage[^/]*|[^/]+\.(py[cod]|nb[ic])|\.DS_Store)(/|$)"
)
# Each pattern is written so that it does not match itself.
FORBIDDEN = {
    "a path of one machine": re.compile(r"(?<![\w.~-])/(?:w[o]rk|r[o]ot|h[o]me|U[s]ers|t[m]p)/[\w.-]|[.]py[e]nv\b"),
    "an address of a package registry": re.compile(
        r"(?:extra-)?index-[u]rl|https?://[^\s\"'>)]*/[s]imple\b"
        r"|\b(?:py[p]i|files[.]python[h]osted|registry[.]npm[j]s|deb[.]deb[i]an)[.](?:org|com)\b"
    ),
}

project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def tracked() -> list[Path]:
    """Return the files that are, or would be, committed; outside a clone, all that are no cache."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    if shutil.which("git") and (ROOT / ".git").exists():
        names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
        paths = [ROOT / name for name in names if name]
    else:
        paths = [path for path in ROOT.rglob("*") if not CACHES.search(path.relative_to(ROOT).as_posix())]
    return sorted(path for path in paths if path.is_file())


def texts() -> list[tuple[str, str]]:
    found = []
    for path in tracked():
        content = path.read_bytes()
        if b"\0" not in content:
            found.append((path.relative_to(ROOT).as_posix(), content.decode("utf-8")))
    return found


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_text_names(what):
    wrong = [
        f"{name}:{at}: {line.strip()[:120]}"
        for name, text in texts()
        for at, line in enumerate(text.splitlines(), 1)
        if FORBIDDEN[what].search(line)
    ]
    assert not wrong, f"{what}:\n" + "\n".join(wrong)


def test_no_tool_cache_is_committed():
    wrong = [name for path in tracked() if CACHES.search(name := path.relative_to(ROOT).as_posix())]
    assert not wrong, "add these to .gitignore and take them out:\n" + "\n".join(wrong)


def test_no_file_is_large():
    wrong = [
        f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:,.0f} kB"
        for path in tracked()
        if path.stat().st_size > LARGEST_KB * 1000
    ]
    assert not wrong, f"larger than {LARGEST_KB:,} kB:\n" + "\n".join(wrong)


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pattern = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)==([0-9][0-9A-Za-z.+!]*)")
    found = {}
    for line in lines:
        if line and not line.startswith("#"):
            match = pattern.fullmatch(line)
            assert match, f"constraints.txt: {line!r} is not `name==version`"
            found[re.sub(r"[-_.]+", "-", match[1]).lower()] = match[2]
    return found


def test_every_dependency_is_pinned_within_its_bound():
    exact = pins()
    everything = [
        *project["dependencies"],
        *(one for many in project["optional-dependencies"].values() for one in many),
    ]
    for requirement in map(Requirement, everything):
        name = re.sub(r"[-_.]+", "-", requirement.name).lower()
        assert name in exact, f"constraints.txt does not pin {requirement.name}"
        assert requirement.specifier.contains(exact[name]), f"{requirement} but constraints.txt has {exact[name]}"
        assert any(bound.operator == ">=" for bound in requirement.specifier), f"{requirement}: give a lower bound"


def test_the_wheel_holds_all_that_the_packages_need(tmp_path):
    """Data files too: a gate, a font or a template left out breaks only an installed copy."""
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*build, "--wheel-dir", str(tmp_path), str(ROOT)], check=True, cwd=tmp_path)
    (wheel,) = tmp_path.glob("bordergate-*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    wanted = {name for path in tracked() if (name := path.relative_to(ROOT).as_posix()).partition("/")[0] in PACKAGES}
    assert held >= wanted, f"not in the wheel: {sorted(wanted - held)}"
    assert not any(CACHES.search(name) for name in held), "the wheel holds a cache"
    assert {f"{name}/py.typed" for name in PACKAGES} <= held, "a package has no py.typed"
    strangers = {name.partition("/")[0] for name in held} - {
        *PACKAGES,
        f"bordergate-{project['version']}.dist-info",
    }
    assert not strangers, f"the wheel also holds {sorted(strangers)}"
