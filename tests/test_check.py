"""The script that runs every check passes over nothing, and says at the end what pytest would say."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.check import ENGINES, OF_TIER, QUICK, STEPS, STRUCTURE, closing_line, where_tested

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
    assert re.fullmatch(r"=+ 1 errors in \d+\.\d\ds =+", done.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    ("changed", "tests"),
    [
        (["sim/metrics/fold.py", "gates/schema/gate.py"], {"tests/sim", "tests/gates"}),
        (["tests/sim/hand.py", "tests/sim/test_plan.py"], {"tests/sim"}),
        (["tests/science/test_queues.py", "tests/science/theory.py"], {"tests/science/test_queues.py"}),
        (["tests/science/test_gone.py"], set()),
        (["docs/plots.md", "README.md"], {"tests/test_docs.py"}),
        (
            ["scripts/check.py"],
            {"tests/test_check.py", "tests/test_compare_commits.py", "tests/test_docs_site.py"},
        ),
        (["sim/"], {"tests/sim"}),
        ([], set()),
    ],
)
def test_a_quick_check_runs_the_tests_of_what_changed(changed: list[str], tests: set[str]) -> None:
    assert where_tested(changed) == sorted({*STRUCTURE, *tests})


def test_the_site_and_the_packages_are_for_ci() -> None:
    ci = ("long", "docs", "page", "packages", "speed")
    assert OF_TIER["everyday"] == tuple(name for name in STEPS if name not in ci)
    assert OF_TIER["quick"] == QUICK
    assert "all" not in OF_TIER  # every step


def test_the_last_line_is_that_of_pytest_over_all_runs(tmp_path: Path) -> None:
    for name, counts in {
        "tests": 'tests="9" failures="1" errors="1" skipped="2"',
        "interpreted": 'tests="4" failures="0" errors="0" skipped="0"',
    }.items():
        (tmp_path / f"{name}.xml").write_text(f"<testsuites><testsuite {counts}/></testsuites>")
    outcomes = {"lint": (False, 0.5), "types": (True, 1.0), "tests": (False, 60.0), "interpreted": (True, 2.25)}
    line = closing_line(outcomes, tmp_path)
    assert line.strip("=") == " 1 failed, 9 passed, 2 skipped, 2 errors in 63.75s "
    assert len(line) == 80


def test_the_last_line_without_any_run_of_pytest(tmp_path: Path) -> None:
    assert closing_line({"lint": (True, 0.5)}, tmp_path).strip("=") == " no tests ran in 0.50s "
