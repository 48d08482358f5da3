"""What somebody waits for at the command line: `bordergate run` until the first number, and until the last file.

Real processes, started one after the other, seconds by the clock on all cores, so nothing else should run; CPU seconds
are those of all processes together. The first number is the first line of the answer.

    python -m benchmarks.command             five runs each, medians (a minute)
    python -m benchmarks.command --quick     a day of the gate, once
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.harness import RESULTS, ROOT, Row, median, save, table, three_digits
from sim.compile_ahead import is_compiled

MONTH = "a month, 20 replications"
DAY = "a day, one replication"
FIRST = "a day, first run with the compiled code of the package"
RUNS = {MONTH: [], DAY: ["--days", "1", "--warmup-days", "0", "--replications", "1"]}
ANSWER = "→"
WANTED = {MONTH: (3.0, 6.0), DAY: (None, 4.0)}
"""Seconds wanted until the first number and until the last file."""


def waited(options: Sequence[str], *, fresh: bool = False) -> tuple[float, float, float]:
    """Run Friendship Pass; return the seconds until the first number and the last file, and the CPU seconds.

    Parameters
    ----------
    fresh
        Whether nothing that this machine compiled before may be used.
    """
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"}
        if fresh:
            environment["NUMBA_CACHE_DIR"] = str(Path(folder) / "cache")
        out = str(Path(folder) / "result")
        line = [sys.executable, "-m", "bordergate", "run", "friendship-pass", *options, "--out", out]
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        first = 0.0
        with subprocess.Popen(line, env=environment, stdout=subprocess.PIPE, encoding="utf-8") as process:
            assert process.stdout is not None
            for text in process.stdout:
                if ANSWER in text and not first:
                    first = time.perf_counter() - start
        last, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        if process.returncode or not first:
            raise SystemExit(f"bordergate run ended with {process.returncode}")
    return first, last, sum(getattr(after, n) - getattr(before, n) for n in ("ru_utime", "ru_stime"))


def markdown(rows: list[Row]) -> str:
    """Return the table of the page."""
    shown = [
        (row["what"], *(three_digits(row[name]) for name in ("first_number_s", "last_file_s", "cpu_s"))) for row in rows
    ]
    return table(("`bordergate run friendship-pass`", "first number [s]", "last file [s]", "CPU [s]"), shown)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a day of the gate, once; writes no files")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args(argv)
    cases = {DAY: RUNS[DAY]} if options.quick else dict(RUNS)
    if is_compiled():
        cases[FIRST] = RUNS[DAY]
    waited(RUNS[DAY])  # everything is compiled, and files are in memory
    found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in cases}
    for _ in range(1 if options.quick else options.repeats):
        for name, case in cases.items():
            found[name].append(waited(case, fresh=name == FIRST))
    rows: list[Row] = []
    for name, runs in found.items():
        first, last, cpu = (median(column) for column in zip(*runs, strict=True))
        rows.append({"what": name, "first_number_s": first, "last_file_s": last, "cpu_s": cpu})
    print(markdown(rows))
    save(None if options.quick else RESULTS, "command", rows, load=os.getloadavg()[0])
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
