"""Whether the engine, and a whole replication, became slower since it was last recorded: the one timed check of CI.

A month of Friendship Pass is measured against a bare loop in the same process, in nine pairs that take turns, by CPU
time. What counts is the median of the ratios: a slow or busy machine slows down both. Beyond 15 % more than what
`results/guard.json` holds it warns, beyond 30 % it fails.

    python -m benchmarks.guard             compare with what is recorded (half a minute)
    python -m benchmarks.guard --record    record it, after a change that was meant
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from benchmarks.harness import RESULTS, median, pin, save, table
from benchmarks.limit import _bare
from benchmarks.line import line_run
from gates import Scenario, load_gate
from sim import compile_plan, draw, measure, simulate

PAIRS = 9
TRUCKS = 100_000
WARNS, FAILS = 1.15, 1.30
"""Ratio over the recorded one from which it warns, and fails."""
Work = Callable[[], Any]


def cpu_s(work: Work) -> float:
    """Return the CPU time of some work [s]."""
    start = time.process_time()
    work()
    return time.process_time() - start


def ratios(works: Mapping[str, Work], yardstick: Work, pairs: int = PAIRS) -> dict[str, float]:
    """Return how many times as long as the yardstick each work takes: medians of pairs that take turns."""
    for work in (yardstick, *works.values()):
        work()  # compiled, and its memory is there
    found: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(pairs):
        for name, work in works.items():
            before = cpu_s(yardstick)
            found[name].append(cpu_s(work) / before)
    return {name: median(values) for name, values in found.items()}


def measured() -> dict[str, float]:
    """Return the ratios of the engine alone and of a whole replication."""
    line, line_draws = line_run(TRUCKS)
    plan = compile_plan(Scenario(gate=load_gate("friendship-pass"), days=30))
    draws = draw(plan)
    works: dict[str, Work] = {
        "simulate": lambda: simulate(plan, draws),
        "draw, simulate and measure": lambda: measure(plan, simulate(plan, draw(plan))),
    }
    return ratios(works, lambda: _bare(line, line_draws))


def verdict(ratio: float, recorded: float) -> str:
    """Say what a ratio means beside the recorded one: `as fast`, `warning` or `FAILED`."""
    loss = ratio / recorded
    return "FAILED" if loss > FAILS else "warning" if loss > WARNS else "as fast"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the check; return 1 if something became much slower."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true", help="keep what is measured as what is wanted from now on")
    options = parser.parse_args(argv)
    pin()
    found = measured()
    if options.record:
        save(RESULTS, "guard", [{"what": name, "times_bare_loop": ratio} for name, ratio in found.items()])
    written = json.loads((RESULTS / "guard.json").read_text("utf-8"))
    recorded = {row["what"]: row["times_bare_loop"] for row in written["rows"]}
    verdicts = {name: verdict(ratio, recorded[name]) for name, ratio in found.items()}
    rows = [
        (name, f"{recorded[name]:.2f}", f"{ratio:.2f}", f"{100 * (ratio / recorded[name] - 1):+.0f} %", verdicts[name])
        for name, ratio in found.items()
    ]
    print(table(("a month of Friendship Pass", "recorded", "now", "change", ""), rows))
    if "FAILED" in verdicts.values():
        print(
            "Much slower than recorded. Find out why, or record it if it was meant: python -m benchmarks.guard --record"
        )
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
