"""The table of the long series says what was run, how often, and what failed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from scripts.soak_table import HEAD, Case, Place, cases, rows, rows_of
from tests.tiers import SERIES, TIERS, count

ROOT = Path(__file__).resolve().parent.parent
REPORT = """<testsuites><testsuite>
<testcase name="test_a" time="2.5"><properties><property name="series" value="coverage"/>
<property name="count" value="1000"/><property name="shown" value="95.1% alone"/></properties></testcase>
<testcase name="test_b" time="1"><properties><property name="series" value="queues"/>
<property name="count" value="1000000"/></properties></testcase>
<testcase name="test_c" time="0.6"><properties><property name="series" value="queues"/>
<property name="count" value="1000000"/></properties><failure message="3.1 h, theory 3"/></testcase>
<testcase name="test_d" time="0"/>
</testsuite></testsuites>"""

A_SERIES = """
import pytest

@pytest.mark.series(name="coverage")
def test_a(times, record_property):
    record_property("shown", f"{times} studies")
"""


def test_a_test_of_a_series_gets_its_count_and_reports_it(tmp_path: Path) -> None:
    """By pytest itself, with the project's settings, in which a warning is an error."""
    (tmp_path / "test_series.py").write_text(A_SERIES)
    line = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), f"--rootdir={tmp_path}"]
    line += ["-p", "tests.conftest", "-p", "no:cacheprovider", "--junitxml=report.xml", "test_series.py"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "BORDERGATE_TIER": "soak"}
    done = subprocess.run(line, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    (case,) = cases(tmp_path / "report.xml")
    assert case._replace(seconds=0.0) == Case("coverage", 1000, "passed", 0.0, "1000 studies")


def test_tests_of_series_are_read_from_the_report(tmp_path: Path) -> None:
    (tmp_path / "soak.xml").write_text(REPORT)
    assert cases(tmp_path / "soak.xml") == [
        Case("coverage", 1000, "passed", 2.5, "95.1% alone"),
        Case("queues", 1_000_000, "passed", 1.0, ""),
        Case("queues", 1_000_000, "failed", 0.6, ""),
    ]


HERE = Place("0123456789ab", "2026-11-28", "a machine, 2 cores, Python 3.11.2")
STAMP = "0123456789ab | 2026-11-28 | a machine, 2 cores, Python 3.11.2"


def test_every_series_has_a_row(tmp_path: Path) -> None:
    """Minutes: 2.5 s are 0.04 min, 1.6 s are 0.03 min."""
    (tmp_path / "soak.xml").write_text(REPORT)
    by_name = dict(zip(SERIES, rows(cases(tmp_path / "soak.xml"), HERE, {}), strict=True))
    assert by_name["coverage"] == (
        f"| coverage: studies of queues whose means are known | 1,000 | 1 | passed | 0.0 | {STAMP} | 95.1% alone |"
    )
    assert by_name["queues"] == (
        "| queues: trucks a replication, 32 replications of each queue | 1,000,000 | 2 | 1 failed | 0.0 | "
        f"{STAMP} | – |"
    )
    assert by_name["contract"] == (
        "| contract: generated requests, at most, to each operation over HTTP | 650 | 0 | not run | – | – | – | – | – |"
    )


def test_a_series_that_repeated_less_often_says_of_how_many() -> None:
    found = [Case("server kills", 40, "passed", 600.0, "")]
    row = dict(zip(SERIES, rows(found, HERE, {}), strict=True))["server kills"]
    assert row.endswith(f"take and do runs | 40 of 100 | 1 | passed | 10.0 | {STAMP} | – |")


def test_a_series_that_was_not_run_keeps_its_row(tmp_path: Path) -> None:
    (tmp_path / "soak.xml").write_text(REPORT)
    page = HEAD + "\n".join(rows(cases(tmp_path / "soak.xml"), HERE, {}))
    later = HERE._replace(commit="ba9876543210")
    renewed = rows([Case("queues", 1_000_000, "passed", 60.0, "3.00 h")], later, rows_of(page))
    before, after = (dict(zip(SERIES, lines, strict=True)) for lines in (rows_of(page).values(), renewed))
    assert {name for name in SERIES if before[name] != after[name]} == {"queues"}
    assert "| passed | 1.0 | ba9876543210 |" in after["queues"]
    assert after["queues"].endswith("| 3.00 h |")


def test_a_higher_tier_repeats_no_series_less_often() -> None:
    for name in SERIES:
        counts = [count(name, tier) for tier in TIERS]
        assert counts == sorted(counts), name
