"""Time a stage visit and peak memory, from ten thousand to ten million trucks, with a log and streaming.

Two models: the six-stage line by number of trucks, and Friendship Pass from one year to ten, streaming, whose memory
must not grow with the horizon. Each size runs in a process of its own; the repeats of different sizes take turns. A
process that only starts and compiles tells how much memory Python and the libraries take. Before each, memory for the
largest is touched once (`benchmarks.harness.touch_memory`), so that no size pays for the machine's first use of it.

    python -m benchmarks.scaling             10,000 to 10,000,000 trucks, one to ten years (some minutes)
    python -m benchmarks.scaling --quick     1,000 and 10,000 trucks, a fortnight and a month
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np

from benchmarks.harness import (
    Row,
    Spent,
    arguments,
    in_own_process,
    median,
    peak_memory_mb,
    save,
    table,
    three_digits,
    timed,
    touch_memory,
)
from benchmarks.line import LANES, TRUCKS_PER_DAY, line_plan, mean_time, seconds, theory_mean_s
from gates import Scenario, load_gate
from sim import Plan, compile_plan, draw, simulate
from sim.metrics.fold import Measures, measure
from sim.streaming import stream

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
QUICK_SIZES = (1_000, 10_000)
YEARS = (1, 2, 5, 10)
QUICK_YEARS = (14 / 365, 30 / 365)
BYTES_A_VISIT = 100
"""More than a run with a log takes."""
MEASURE_AT_LEAST_S = 0.2
"""A worker repeats a quick part until it has worked for so long."""


def work(task: Row) -> Row:
    """Measure one size in one way: the body of a process."""
    _compile()
    before = peak_memory_mb()
    days = task["days"]
    if task["model"] == "line":
        plan = line_plan(days)
    else:
        plan = compile_plan(Scenario(gate=load_gate(task["model"]), days=days, warmup_days=0))
    answer = _streamed(plan) if task["way"] == "streaming" else _logged(plan)
    return {**answer, "memory_mb": peak_memory_mb(), "memory_at_start_mb": before}


def _compile() -> None:
    plan = line_plan(2)
    measure(plan, simulate(plan, draw(plan)))
    stream(plan)


def _logged(plan: Plan) -> Row:
    draws, drawn = timed(lambda: draw(plan))
    times: list[Spent] = []
    while sum(spent.cpu for spent in times) < MEASURE_AT_LEAST_S:
        log, spent = timed(lambda: simulate(plan, draws))
        times.append(spent)
    departed = log.departed
    gone = departed >= 0
    mean = mean_time(seconds(departed[gone] - draws.arrival[gone]))
    visits = log.visits_made()
    return {
        "trucks": draws.trucks,
        "visits": visits,
        "draw_s": drawn.cpu,
        "simulate_s": median([spent.cpu for spent in times]),
        "simulate_user_s": median([spent.user for spent in times]),
        "mean_s": mean.value,
        "half_width_s": mean.half_width,
    }


def _streamed(plan: Plan) -> Row:
    times: list[float] = []
    while sum(times) < MEASURE_AT_LEAST_S:
        measures, spent = timed(lambda: stream(plan))
        times.append(spent.cpu)
    visits = sum(time.visits for time in measures.stage_time.values())
    return {
        "trucks": int(np.sum(measures.arrived)),
        "visits": visits,
        "streaming_s": median(times),
        "mean_s": _passage_s(measures),
        "half_width_s": 0.0,
    }


def _passage_s(measures: Measures) -> float:
    """Return the mean passage time over all classes [s], of the direction first in the alphabet."""
    key = min(
        (k for k in measures.values if k.metric == "passage_h" and k.statistic == "mean" and k.vehicle_class is None),
        key=lambda k: str(k.direction),
    )
    return measures.values[key] * 3600


def run_all(tasks: list[Row], repeats: int) -> list[Row]:
    """Run every task in turn, several times, and return a row of medians for each."""
    answers: list[list[Row]] = [[] for _ in tasks]
    largest = max(task["days"] for task in tasks if task["way"] == "log") * TRUCKS_PER_DAY * len(LANES) * BYTES_A_VISIT
    for repeat in range(repeats):
        for task, mine in zip(tasks, answers, strict=True):
            shown = f"  {task['model']}, {task['days']} days, {task['way']}, {repeat + 1} of {repeats}"
            print(shown, flush=True)
            touch_memory(largest)
            answer = in_own_process("benchmarks.scaling", task)
            if answer is None:
                raise SystemExit(f"{shown}: did not end")
            mine.append(answer)
    rows = []
    for task, mine in zip(tasks, answers, strict=True):
        numbers = {key: median([answer[key] for answer in mine]) for key in mine[0]}
        rows.append({**task, **numbers})
    return [_derived(row) for row in rows]


def _derived(row: Row) -> Row:
    per_visit = 1e9 / row["visits"]
    if row["way"] == "log":
        row["draw_ns_per_visit"] = row["draw_s"] * per_visit
        row["simulate_ns_per_visit"] = row["simulate_s"] * per_visit
        row["simulate_user_ns_per_visit"] = row["simulate_user_s"] * per_visit
        row["memory_bytes_per_visit"] = 1e6 * (row["memory_mb"] - row["memory_at_start_mb"]) / row["visits"]
    else:
        row["streaming_ns_per_visit"] = row["streaming_s"] * per_visit
    return row


def judged(rows: list[Row]) -> bool:
    """Tell whether log and streaming found the same mean at every size of the line."""
    streamed = {row["days"]: row["mean_s"] for row in rows if row["model"] == "line" and row["way"] == "streaming"}
    logged = {row["days"]: row for row in rows if row["model"] == "line" and row["way"] == "log"}
    return all(abs(streamed[days] - row["mean_s"]) <= row["half_width_s"] for days, row in logged.items())


def targets(rows: list[Row]) -> Row:
    """Return the ratios that should stay near one."""

    def of(model: str, way: str) -> list[Row]:
        return [row for row in rows if row["model"] == model and row["way"] == way]

    logged, streamed = of("line", "log"), of("line", "streaming")
    long = [row for row in rows if row["model"] != "line"]
    start = min(logged, key=lambda row: abs(row["trucks"] - 100_000))
    return {
        "trucks_from": start["trucks"],
        "trucks_to": logged[-1]["trucks"],
        "time_per_visit_ratio": logged[-1]["simulate_ns_per_visit"] / start["simulate_ns_per_visit"],
        "user_time_per_visit_ratio": logged[-1]["simulate_user_ns_per_visit"] / start["simulate_user_ns_per_visit"],
        "streaming_time_per_visit_ratio": streamed[-1]["streaming_ns_per_visit"]
        / streamed[logged.index(start)]["streaming_ns_per_visit"],
        "days_from": long[0]["days"],
        "days_to": long[-1]["days"],
        "streaming_memory_ratio": long[-1]["memory_mb"] / long[0]["memory_mb"],
        "streaming_memory_above_start_mb": [row["memory_mb"] - row["memory_at_start_mb"] for row in long],
    }


def markdown(rows: list[Row]) -> str:
    """Return the table of the rows."""
    header = (
        "model",
        "way",
        "days",
        "trucks",
        "stage visits",
        "ns a visit",
        "of which",
        "peak memory",
        "above start",
    )
    cells = []
    for row in rows:
        if row["way"] == "log":
            time, of_which = (
                row["simulate_ns_per_visit"],
                f"simulate; draw {row['draw_ns_per_visit']:.0f} more",
            )
        else:
            time, of_which = row["streaming_ns_per_visit"], "draw, simulate, metrics"
        cells.append(
            (
                row["model"],
                row["way"],
                f"{row['days']:,}",
                f"{row['trucks']:,.0f}",
                f"{row['visits']:,.0f}",
                f"{time:.0f}",
                of_which,
                f"{three_digits(row['memory_mb'])} MB",
                f"{three_digits(row['memory_mb'] - row['memory_at_start_mb'])} MB",
            )
        )
    return table(header, cells)


def summary(found: Row) -> str:
    """Return the ratios in words."""
    return (
        f"Time a stage visit in simulate, {found['trucks_to']:,.0f} trucks over {found['trucks_from']:,.0f}: "
        f"{found['time_per_visit_ratio']:.2f}; without the time in which the system gives memory, "
        f"{found['user_time_per_visit_ratio']:.2f}; of draw, simulate and metrics by streaming, "
        f"{found['streaming_time_per_visit_ratio']:.2f}. Peak memory of streaming, {found['days_to']:,} days over "
        f"{found['days_from']:,}: {found['streaming_memory_ratio']:.3f}."
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    options = arguments(__doc__, argv, repeats=5)
    if options.worker:
        print(json.dumps(work(json.loads(options.worker))))
        return 0
    sizes, years = (QUICK_SIZES, QUICK_YEARS) if options.quick else (SIZES, YEARS)
    days = [max(1, round(trucks / TRUCKS_PER_DAY)) for trucks in sizes]
    tasks = [{"model": "line", "days": d, "way": way} for way in ("log", "streaming") for d in days]
    tasks += [{"model": "friendship-pass", "days": round(365 * year), "way": "streaming"} for year in years]
    rows = run_all(tasks, 1 if options.quick else options.repeats)
    found = targets(rows)
    print(f"\n{markdown(rows)}\n\n{summary(found)}")
    agree = judged(rows)
    if not agree:
        print("REFUSED: log and streaming do not find the same mean time in the system.")
    print(f"In the long run the mean time in the line's {len(LANES)} stages is exactly {theory_mean_s():.2f} s.")
    save(options.out, "scaling", rows, summary=found, means_agree=agree)
    if options.out:
        from benchmarks import charts  # heavy, and no part of what is measured

        charts.scaling(rows, options.out / "scaling.svg")
    return 0 if agree else 1


if __name__ == "__main__":
    raise SystemExit(main())
