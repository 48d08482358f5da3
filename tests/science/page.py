"""The page of theory: every comparison of this folder with a value that theory gives, as its tests make it.

python -m tests.science.page        runs them (some minutes), and writes docs/validation/theory.md anew

The truths stand in the tests alone. A test says in the first paragraph of its docstring which system it is and who
solved it; `small_gates.check` keeps what it compared.
"""

from __future__ import annotations

import inspect
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.science import small_gates
from tests.science.theory import FALSE_ALARM

FOLDER = Path(__file__).parent
PAGE = FOLDER.parent.parent / "docs" / "validation" / "theory.md"
FILES = {
    "test_queues.py": "Queues",
    "test_faults.py": "Priorities",
    "test_mechanisms.py": "Pools, areas, breakdowns, groups, fleets, shelf life",
    "test_outages_and_batches.py": "Outages, links, batches",
    "test_choices_and_patience.py": "Patience, losses, choices, areas that open again",
    "test_alternating_lanes.py": "Lanes that serve two directions in turn",
}
"""File -> heading of its comparisons."""
AGREES, DIFFERS, WIDE = "agrees", "differs", "too wide"
HEAD = "| system | measured | theory | simulation | interval | verdict |\n|---|---|---|---|---|---|"


INTRODUCTION = """\
# Against theory

Systems that theory has solved, simulated with the compiled engine: the value by a formula, or by the equations of a
Markov chain solved by computer, beside the mean of 24 to 32 independent replications with fixed seeds, with its
interval. The interval is Student's, and leaves out a right model once in {alarm} comparisons; with {rows} on a page,
once in {pages} pages. `agrees`: theory lies within the interval, and the interval is narrow enough to notice an error
of 3 to 15 %, as the test of the row says. Times are in the unit of the metric; a service takes 60 s on average unless
the system says otherwise.

**{rows} comparisons, {failed} failed.** Made by `python -m tests.science.page` from the tests of `tests/science`,
which CI runs on each change; nothing on this page is written by hand.

**Faults are noticed.** `tests/science/test_faults.py` makes a model with services 2 % longer, one with a lane too
many, one with the priority the wrong way round, and one that loses trucks from a long queue. At the same false-alarm
rate each is refused.

Both engines give the same events, bit by bit (`tests/sim/test_engines_agree.py`), so the table holds for both."""


@dataclass(frozen=True)
class Row:
    """A comparison on the page."""

    file: str
    system: str
    what: str
    theory: float
    mean: float
    half_width: float
    verdict: str

    def line(self) -> str:
        """Return its line of the table."""
        low, high = self.mean - self.half_width, self.mean + self.half_width
        cells = (self.system, f"`{self.what}`", *(f"{n:.5g}" for n in (self.theory, self.mean)))
        return f"| {' | '.join(cells)} | {low:.5g} to {high:.5g} | {self.verdict} |"


class _Recorder:
    """A plugin of pytest that keeps what each test compared."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Function) -> object:
        small_gates.SEEN.clear()
        try:
            return (yield)
        finally:
            text = inspect.getdoc(item.function) or item.name
            system = " ".join(text.split("\n\n")[0].split())
            case = item.callspec.id if hasattr(item, "callspec") else ""
            for one in small_gates.SEEN:
                inside = abs(one.found.mean - one.theory) <= one.found.half_width
                narrow = one.found.half_width <= one.within * abs(one.theory)
                verdict = (AGREES if narrow else WIDE) if inside else DIFFERS
                label = f"{system} [{case}]" if case else system
                numbers = (one.theory, one.found.mean, one.found.half_width)
                self.rows.append(Row(item.path.name, label.replace("|", "/"), one.found.what, *numbers, verdict))


def page(rows: list[Row]) -> str:
    """Return the page of rows."""
    failed = sum(row.verdict != AGREES for row in rows)
    pages = f"{1 / FALSE_ALARM / len(rows):,.0f}"
    parts = [INTRODUCTION.format(rows=len(rows), failed=failed, alarm=f"{1 / FALSE_ALARM:,.0f}", pages=pages)]
    for file, heading in FILES.items():
        lines = [row.line() for row in rows if row.file == file]
        if lines:
            parts += [f"## {heading}", "\n".join([HEAD, *lines])]
    return "\n\n".join(parts) + "\n"


def main() -> int:
    """Run the tests, and write the page unless one of them fails."""
    recorder = _Recorder()
    files = [str(FOLDER / file) for file in FILES]
    closely = "not closely"  # the same systems with more trucks
    everything = ["-m", ""]  # those that take long, too
    code = pytest.main(["-q", "-p", "no:cacheprovider", *everything, "-k", closely, *files], plugins=[recorder])
    if code == 0:
        PAGE.write_text(page(recorder.rows), encoding="utf-8")
        print(f"{len(recorder.rows)} comparisons: {PAGE}")
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
