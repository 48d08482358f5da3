"""Write what the soak tier saw into docs/validation/soak.md, to be committed by hand: `check.py --soak` runs this.

Reads the report that pytest wrote (`--junitxml`), in which each test of a series has the name and the count of it.
"""

from __future__ import annotations

import datetime as dt
import os
import platform
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from tests.tiers import SERIES

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "validation" / "soak.md"
HEAD = """# The long series in full

Written by `python scripts/check.py --soak`, which repeats each long series of the tests as often as it takes to trust
it; CI repeats them less often, with the same code ([tests/tiers.py](../../tests/tiers.py) has both numbers).

- commit: {commit}
- date: {date}
- machine: {processor}, {cores} cores
- Python {python}

| series | each test repeats | tests | outcome | seconds | seen |
|---|---|---|---|---|---|
"""


class Case(NamedTuple):
    """What pytest reports of one test of a series."""

    series: str
    times: int
    outcome: str
    seconds: float
    shown: str


def cases(report: Path) -> list[Case]:
    """Return the tests of series in a report of pytest."""
    found = []
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        told = {one.get("name"): one.get("value", "") for one in case.iter("property")}
        if "series" in told:
            bad = [name for name in ("failure", "error", "skipped") if case.find(name) is not None]
            outcome = {"failure": "failed", "error": "failed", "skipped": "skipped"}[bad[0]] if bad else "passed"
            seconds = float(case.get("time", 0))
            found.append(Case(told["series"], int(told["count"]), outcome, seconds, told.get("shown", "")))
    return found


def rows(found: list[Case]) -> list[str]:
    """Return a row for each series, in the order of `SERIES`; one that was not run says so."""
    by_series: dict[str, list[Case]] = defaultdict(list)
    for case in found:
        by_series[case.series].append(case)
    lines = []
    for name, series in SERIES.items():
        mine = by_series[name]
        outcomes = [f"{n} {word}" for word in ("failed", "skipped") if (n := sum(c.outcome == word for c in mine))]
        outcome = ", ".join(outcomes) or ("passed" if mine else "not run")
        seen = "; ".join(case.shown for case in mine if case.shown) or "–"
        seconds = sum(case.seconds for case in mine)
        lines.append(f"| {name}: {series.what} | {series.soak:,} | {len(mine)} | {outcome} | {seconds:,.0f} | {seen} |")
    return lines


def processor() -> str:
    """Return the name of the processor's model."""
    try:
        named = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        named = None
    return named[1] if named else platform.processor() or platform.machine()


def commit() -> str:
    """Return the commit that stands here, and whether files differ from it."""

    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()

    changed = git("status", "--porcelain", "--untracked-files=no")
    return git("rev-parse", "--short=12", "HEAD") + (", with changes that are not committed" if changed else "")


def main(report: Path) -> int:
    head = HEAD.format(
        commit=commit(),
        date=dt.date.today().isoformat(),
        processor=processor(),
        cores=os.cpu_count(),
        python=platform.python_version(),
    )
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(head + "\n".join(rows(cases(report))) + "\n", encoding="utf-8")
    print(f"written: {PAGE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
