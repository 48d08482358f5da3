"""Write what the soak tier saw into docs/validation/soak.md, to be committed by hand: `check.py --soak` runs this.

Reads the reports that pytest wrote (`--junitxml`), in which each test of a series has the name and the count of it. A
series that is in none of them keeps the row that the page has, so that the page can be filled one series at a time.
"""

from __future__ import annotations

import datetime as dt
import os
import platform
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from tests.tiers import SERIES

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "validation" / "soak.md"
HEAD = """# The long series in full

Each long series of the tests, repeated as often as it takes to trust it. CI runs the same code with fewer repeats
([tests/tiers.py](../../tests/tiers.py) has both numbers). A row says on which commit, when and where it was run.
Written by `python scripts/check.py --soak`; with names of series it renews only their rows, as in
`python scripts/check.py --soak queues "server kills"`.

| series | each test repeats | tests | outcome | minutes | commit | date | machine | seen |
|---|---|---|---|---|---|---|---|---|
"""


class Place(NamedTuple):
    """Where and when a series was run."""

    commit: str
    date: str
    machine: str


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


def rows(found: list[Case], place: Place, kept: Mapping[str, str]) -> list[str]:
    """Return a row for each series, in the order of `SERIES`; one that was not run keeps its row or says so."""
    by_series: dict[str, list[Case]] = defaultdict(list)
    for case in found:
        by_series[case.series].append(case)
    return [
        _row(name, by_series[name], place) if by_series[name] else kept.get(name, _not_run(name)) for name in SERIES
    ]


def _row(name: str, mine: list[Case], place: Place) -> str:
    outcomes = [f"{n} {word}" for word in ("failed", "skipped") if (n := sum(c.outcome == word for c in mine))]
    repeats = ", ".join(f"{times:,}" for times in sorted({case.times for case in mine}))
    if min(case.times for case in mine) < SERIES[name].soak:
        repeats += f" of {SERIES[name].soak:,}"
    cells = [repeats, str(len(mine)), ", ".join(outcomes) or "passed", f"{sum(c.seconds for c in mine) / 60:,.1f}"]
    seen = "; ".join(case.shown for case in mine if case.shown) or "–"
    return f"| {name}: {SERIES[name].what} | {' | '.join([*cells, *place, seen])} |"


def _not_run(name: str) -> str:
    return f"| {name}: {SERIES[name].what} | {SERIES[name].soak:,} | 0 | not run | – | – | – | – | – |"


def rows_of(page: str) -> dict[str, str]:
    """Return the rows that a page has, by series."""
    named = ((line, re.match(r"\| ([^:|]+): ", line)) for line in page.splitlines())
    return {name[1]: line for line, name in named if name and name[1] in SERIES}


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


def main(reports: Sequence[Path]) -> int:
    place = Place(
        commit(),
        dt.date.today().isoformat(),
        f"{processor()}, {os.cpu_count()} cores, Python {platform.python_version()}",
    )
    kept = rows_of(PAGE.read_text(encoding="utf-8")) if PAGE.is_file() else {}
    found = [case for report in reports for case in cases(report)]
    PAGE.write_text(HEAD + "\n".join(rows(found, place, kept)) + "\n", encoding="utf-8")
    print(f"written: {PAGE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main([Path(name) for name in sys.argv[1:]]))
