"""A whole gate from the library: Friendship Pass for 30 days and for a year.

Measured: making the plan, drawing, simulating with the compiled engine, metrics from the event log, and streaming,
which does the last three without keeping a log. The reference engine runs the 30 days on the same plan and draws; its
log must be equal, row by row, and streaming must find the same means as the log, or the row is refused.

    python -m benchmarks.gate              30 days and a year of Friendship Pass (a minute)
    python -m benchmarks.gate --quick      3 days of it
    python -m benchmarks.gate --reference-days 365      the reference engine for a year too
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.harness import Row, Spent, arguments, in_own_process, median, save, table, three_digits, timed
from gates import Scenario, load_gate
from sim import compile_plan, draw, simulate
from sim.metrics.fold import Measures, measure
from sim.streaming import stream

GATE = "friendship-pass"
DAYS = (30, 365)
QUICK_DAYS = (3,)
REFERENCE_EVERY = 3
"""The reference engine runs at every third repeat only."""
PARTS = ("plan", "draw", "simulate", "metrics", "streaming", "reference")


def work(task: Row) -> Row:
    """Measure one horizon: the body of a process."""
    scenario = Scenario(gate=load_gate(task["gate"]), days=task["days"], warmup_days=0)
    plan = compile_plan(scenario)
    draws = draw(plan)
    log = simulate(plan, draws)
    measures, streamed = (
        measure(plan, log),
        stream(plan),
    )  # this first round compiles what is not compiled yet
    parts: dict[str, Callable[[], Any]] = {
        "plan": lambda: compile_plan(scenario),
        "draw": lambda: draw(plan),
        "simulate": lambda: simulate(plan, draws),
        "metrics": lambda: measure(plan, log),
        "streaming": lambda: stream(plan),
    }
    found: dict[str, list[Spent]] = {part: [] for part in PARTS}
    equal = None
    for repeat in range(task["repeats"]):
        for part, run in parts.items():
            found[part].append(timed(run)[1])
        if task["reference"] and repeat % REFERENCE_EVERY == 0:
            other, spent = timed(lambda: simulate(plan, draws, "reference"))
            found["reference"].append(spent)
            equal = other.equals(log)
    return {
        "gate": task["gate"],
        "days": task["days"],
        "trucks": draws.trucks,
        "visits": log.visits_made(),
        "stages": len(plan.stages),
        "lane_groups": plan.network.groups.size,
        "cpu_s": {part: median([spent.cpu for spent in times]) for part, times in found.items() if times},
        "wall_s": {part: median([spent.wall for spent in times]) for part, times in found.items() if times},
        "logs_equal": equal,
        "means_agree": same_means(measures, streamed),
    }


def same_means(one: Measures, other: Measures) -> bool:
    """Tell whether two ways to measure a run found the same means and totals."""
    return one.values.keys() == other.values.keys() and all(
        math.isclose(value, other.values[key], rel_tol=1e-9) or (math.isnan(value) and math.isnan(other.values[key]))
        for key, value in one.values.items()
        if key.statistic in ("mean", "total", "end_of_day")
    )


def derived(row: Row) -> Row:
    """Add speeds and ratios to a row."""
    cpu = row["cpu_s"]
    row["visits_per_s"] = row["visits"] / cpu["simulate"]
    row["draw_simulate_metrics_s"] = cpu["draw"] + cpu["simulate"] + cpu["metrics"]
    if "reference" in cpu:
        row["reference_visits_per_s"] = row["visits"] / cpu["reference"]
        row["times_reference"] = cpu["reference"] / cpu["simulate"]
    row["refused"] = row["logs_equal"] is False or not row["means_agree"]
    return row


def times_simulate(row: Row, *parts: str) -> float:
    """Return the time of parts together, in times of simulate alone."""
    return float(sum(row["cpu_s"][part] for part in parts) / row["cpu_s"]["simulate"])


def markdown(rows: list[Row]) -> str:
    """Return the table of the rows."""
    names = [f"{row['days']} days" for row in rows]

    def line(name: str, value: Callable[[Row], str]) -> tuple[str, ...]:
        return (name, *(value(row) for row in rows))

    def part(key: str) -> Callable[[Row], str]:
        return lambda row: f"{three_digits(row['cpu_s'][key])} s" if key in row["cpu_s"] else "not run"

    def ratio(*parts: str) -> Callable[[Row], str]:
        return lambda row: three_digits(times_simulate(row, *parts))

    return table(
        ["", *names],
        [
            line("trucks", lambda row: f"{row['trucks']:,}"),
            line("stage visits", lambda row: f"{row['visits']:,}"),
            line("plan", part("plan")),
            line("draw", part("draw")),
            line("simulate, compiled engine", part("simulate")),
            line("metrics from the log", part("metrics")),
            line("draw + simulate + metrics", lambda row: f"{three_digits(row['draw_simulate_metrics_s'])} s"),
            line("the same by streaming", part("streaming")),
            line("draw, in times of simulate", ratio("draw")),
            line("metrics, in times of simulate", ratio("metrics")),
            line("draw + simulate + metrics, in times of simulate", ratio("draw", "simulate", "metrics")),
            line("the same by streaming, in times of simulate", ratio("streaming")),
            line("stage visits/s in simulate", lambda row: three_digits(row["visits_per_s"])),
            line("simulate, reference engine", part("reference")),
            line(
                "compiled engine is",
                lambda row: f"{three_digits(row['times_reference'])} × as fast" if "times_reference" in row else "",
            ),
            line(
                "logs of the two engines",
                lambda row: {True: "equal", False: "REFUSED: differ", None: ""}[row["logs_equal"]],
            ),
            line("means, log and streaming", lambda row: "equal" if row["means_agree"] else "REFUSED: differ"),
        ],
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    given = list(sys.argv[1:] if argv is None else argv)
    reference_days = 30
    if "--reference-days" in given:
        at = given.index("--reference-days")
        reference_days = int(given[at + 1])
        del given[at : at + 2]
    options = arguments(__doc__, given, repeats=15)
    if options.worker:
        print(json.dumps(work(json.loads(options.worker))))
        return 0
    rows = []
    for days in QUICK_DAYS if options.quick else DAYS:
        task = {"gate": GATE, "days": days, "repeats": 3 if options.quick else options.repeats}
        row = in_own_process("benchmarks.gate", {**task, "reference": days <= reference_days})
        if row is None:
            raise SystemExit("benchmarks.gate: a worker did not end")
        rows.append(derived(row))
    print(f"\n{GATE}: {rows[0]['stages']} stages, {rows[0]['lane_groups']} lane groups\n\n{markdown(rows)}")
    save(options.out, "gate", rows)
    if options.out:
        from benchmarks import charts  # heavy, and no part of what is measured

        charts.gate(rows, options.out / "gate.svg")
    return 1 if any(row["refused"] for row in rows) else 0


if __name__ == "__main__":
    raise SystemExit(main())
