"""Tiers, Hypothesis profiles, what CI does not let be skipped, and code compiled once for all processes of the tests.

A Hypothesis profile says how many examples are generated, and whether they are the same every time. Each tier
(`tests.tiers`) has one, whose examples never change, so that a red check is the fault of the change. `explore` looks
for new ones and keeps what it finds: `pytest --hypothesis-profile=explore tests/sim`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, is_hypothesis_test, settings

from tests.tiers import TIER, TIERS, count

# Compiling a kernel, or another process on the machine, makes the first example slow: time proves nothing.
SLOW = [HealthCheck.too_slow]

for tier in TIERS:
    settings.register_profile(
        tier,
        max_examples=count("examples", tier),
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=SLOW,
    )
settings.register_profile("explore", max_examples=20_000, deadline=None, print_blob=True, suppress_health_check=SLOW)
settings.load_profile(TIER)

ROOT = Path(__file__).resolve().parent.parent
NOTHING_SKIPPED = bool(os.environ.get("BORDERGATE_NOTHING_SKIPPED"))
Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Compile the kernels once, before several workers start that would each compile all of them."""
    if getattr(session.config.option, "numprocesses", None):
        # if it fails, the tests say so
        subprocess.run([sys.executable, "-m", "tests.first_run"], cwd=ROOT, check=False)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give properties their series, and every test of a series its count, which goes into the soak table."""
    for item in items:
        marker = item.get_closest_marker("series")
        if marker is None and is_hypothesis_test(getattr(item, "obj", None)):
            item.add_marker(pytest.mark.series(name="examples"))
            marker = item.get_closest_marker("series")
        if marker is not None:
            item.user_properties += [("series", marker.kwargs["name"]), ("count", count(marker.kwargs["name"]))]


def failed_if_skipped(report: Report) -> Report:
    """Return the report of a test, or of a file, as a failure where CI lets nothing be skipped.

    CI can install a program, not a right: "no right to ..." stays a skip.
    """
    if NOTHING_SKIPPED and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if "no right to" not in reason:
            report.outcome = "failed"
            report.longrepr = f"{reason}\nNothing may be skipped while BORDERGATE_NOTHING_SKIPPED is set."
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return failed_if_skipped((yield))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return failed_if_skipped((yield))


@pytest.fixture
def times(request: pytest.FixtureRequest) -> int:
    """Return how often a test of a series repeats what it tries, in this tier."""
    return count(request.node.get_closest_marker("series").kwargs["name"])
