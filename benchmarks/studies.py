"""What a study costs beside its replications, and what a second worker brings.

Seconds by the clock on all cores, so nothing else should run; each number of workers gives the same values to the bit,
or the row is refused. The first chunk of each worker, which loads the engine, is not counted.

    python -m benchmarks.studies             upgrades one by one with 1 and 2 workers, three repeats (some minutes)
    python -m benchmarks.studies --quick     three upgrades, two replications
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.harness import RESULTS, Row, median, save, table
from experiments.runs.executors import local
from experiments.studies.designs import cells
from experiments.studies.model import Study, load_study
from experiments.studies.run import run_study
from sim import compile_plan, draw, measure, simulate

WORKERS = (1, 2)
FACTORS = ("more-bays", "fast-lab", "kiosk-lanes")


def spread(count: int) -> Study:
    """Return a study of many scenarios of one short replication each: nearly all of it is overhead."""
    factors = {
        "bays": {"path": "stages.bay-cn.service", "low": 0.8, "high": 1.2},
        "demand": {"demand": True, "low": 0.9, "high": 1.1},
    }
    written: Row = {"name": "spread", "question": "none", "gate": "friendship-pass", "days": 1, "warmup_days": 0}
    written |= {"replications": 1, "metrics": ["clearance_h.mean.northbound"], "points": count}
    return Study.model_validate({**written, "design": "space-filling", "factors": factors})


def overhead(count: int) -> Row:
    """Return what a scenario costs beside simulating it [ms], in this process."""
    study = spread(count)
    run_study(study.model_copy(update={"points": 2}))
    start = time.perf_counter()
    run_study(study)
    whole = (time.perf_counter() - start) / (count + 1)
    plan = compile_plan(cells(study, 0)[0].scenario)
    start = time.perf_counter()
    for number in range(20):
        measure(plan, simulate(plan, draw(plan, 1, number)))
    simulation = (time.perf_counter() - start) / 20
    return {"what": "overhead a scenario", "scenarios": count, "ms": 1000 * (whole - simulation)}


def timed_study(study: Study, workers: int) -> tuple[float, Any]:
    """Return the seconds of a study, and its values."""
    with local(workers) as pool:
        run_study(study.model_copy(update={"replications": 2, "seed": 99}), executor=pool)
        start = time.perf_counter()
        result = run_study(study, executor=pool)
        spent = time.perf_counter() - start
    return spent, np.concatenate([values for key in result.metrics for values in result.values(key).values()])


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small sizes; writes no files")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args(argv)
    study = load_study("upgrades-one-by-one")
    if options.quick:
        few = {name: study.factors[name] for name in FACTORS}
        study = study.model_copy(update={"factors": few, "days": 2, "warmup_days": 1, "replications": 2})
    spent: dict[int, list[float]] = {workers: [] for workers in WORKERS}
    expected = None
    for _ in range(1 if options.quick else options.repeats):
        for workers in WORKERS:
            seconds, values = timed_study(study, workers)
            if expected is not None and not np.array_equal(values, expected, equal_nan=True):
                print(f"refused: {workers} workers give other values")
                return 1
            expected = values
            spent[workers].append(seconds)
    one, two = (median(spent[workers]) for workers in WORKERS)
    cost = overhead(20 if options.quick else 200)
    rows: list[Row] = [{"what": f"{n} workers", "seconds": median(spent[n])} for n in WORKERS] + [cost]
    shown = [(row["what"], f"{row['seconds']:.1f} s" if "seconds" in row else f"{row['ms']:.0f} ms") for row in rows]
    print(table(("what", "took"), shown))
    print(f"\nTwo workers are {one / two:.2f} times as fast as one.")
    if not options.quick:
        save(RESULTS, "studies", rows, two_over_one=one / two, overhead_ms=cost["ms"])
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
