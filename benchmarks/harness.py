"""What the scripts share: one core, processes of their own, CPU seconds, medians, result files.

Times are CPU seconds of the one process that works, so that other work on the machine counts as little as it can;
on an idle machine they are what the clock on the wall shows, which is recorded too. Ratios are made within one run,
from medians of repeats that take turns.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

ROOT = Path(__file__).resolve().parent.parent
RESULTS = Path(__file__).resolve().parent / "results"
LIBRARIES = ("numba", "numpy", "scipy", "simpy", "ciw", "salabim")
Row = dict[str, Any]
Result = TypeVar("Result")


def arguments(description: str | None, argv: Sequence[str] | None, *, repeats: int) -> argparse.Namespace:
    """Read the options that every script has, and pin this process and its children to one core."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small sizes, under 20 s; writes no files")
    parser.add_argument("--repeats", type=int, default=repeats, help="repeats of each (default %(default)s)")
    parser.add_argument("--core", type=int, help="core to run on (default: the last one allowed)")
    parser.add_argument("--out", type=Path, help="folder of results (default: benchmarks/results)")
    parser.add_argument("--limit-s", type=float, default=300.0, help="longest run of one size [s]")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parsed = parser.parse_args(argv)
    if parsed.out is None and not parsed.quick:
        parsed.out = RESULTS
    if parsed.worker is None:
        pin(parsed.core)
    return parsed


def pin(core: int | None = None) -> None:
    """Run on one core from now on, where the system lets a process choose."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0)) if core is None else core})


def in_own_process(module: str, task: Row, limit_s: float = 3600.0) -> Row | None:
    """Run `module`'s worker on `task` in a fresh interpreter; none if it takes too long."""
    line = [sys.executable, "-m", module, "--worker", json.dumps(task)]
    try:
        done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False, timeout=limit_s + 30)
    except subprocess.TimeoutExpired:
        return None
    if done.returncode != 0:
        raise SystemExit(f"{module} {task}: ended with {done.returncode}\n{done.stdout}{done.stderr}")
    answer: Row = json.loads(done.stdout.splitlines()[-1])
    return answer


def touch_memory(size: int) -> None:
    """Let a process of its own write to `size` bytes and end, at most to half of what the machine has free.

    A virtual machine may get its memory from its host only when it is first written to, at a hundred times the usual
    cost, and keeps it from then on. Afterwards new memory costs what it costs on any machine.
    """
    free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")
    program = f"import numpy; numpy.ones({min(size, free // 2) // 8})"
    subprocess.run([sys.executable, "-c", program], check=True)


class Spent(NamedTuple):
    """What some work took [s]."""

    user: float
    """CPU time in the program."""
    system: float
    """CPU time in the operating system: on the whole, giving memory that was not used before."""
    wall: float

    @property
    def cpu(self) -> float:
        """CPU time in all [s]."""
        return self.user + self.system


def timed(work: Callable[[], Result]) -> tuple[Result, Spent]:
    """Return what `work` returns, and what it took."""
    wall, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    result = work()
    after = resource.getrusage(resource.RUSAGE_SELF)
    user, system = after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime
    return result, Spent(user, system, time.perf_counter() - wall)


def median(values: Sequence[float]) -> float:
    """Return the median of a few repeats."""
    return statistics.median(values)


def peak_memory_mb() -> float:
    """Return the most memory that this process ever held [MB].

    On Linux from its own high-water mark: `ru_maxrss` of a child may start at what its parent held.
    """
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (row for row in status.read_text().splitlines() if row.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024 / 1e6
    per_unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * per_unit / 1e6


def machine() -> Row:
    """Return what the figures depend on beside the code."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [row.split(":", 1)[1].strip() for row in cpuinfo.read_text().splitlines() if "model name" in row]
        model = names[0] if names else model
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "memory_gib": round(memory),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "libraries": {name: _version(name) for name in LIBRARIES if _version(name)},
    }


def _version(library: str) -> str | None:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return None


def engine_digest() -> str:
    """Return a hash of the code that is measured, so that a report can tell whether it is still the same."""
    text = hashlib.sha256()
    for path in sorted((ROOT / "sim").glob("*.py")):
        text.update(path.name.encode() + b"\0" + path.read_bytes())
    return text.hexdigest()[:16]


def commit() -> str:
    """Return the commit of the working copy, "none" outside a clone."""
    line = ["git", "rev-parse", "--short=12", "HEAD"]
    try:
        done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "none"
    return done.stdout.strip() if done.returncode == 0 else "none"


def save(out: Path | None, name: str, rows: list[Row], **more: Any) -> None:
    """Write `name`.json into the folder of results, if there is one."""
    if out is None:
        return
    out.mkdir(parents=True, exist_ok=True)
    document = {
        "benchmark": name,
        "measured": time.strftime("%Y-%m-%d", time.gmtime()),
        "commit": commit(),
        "engine_digest": engine_digest(),
        "machine": machine(),
        **more,
        "rows": rows,
    }
    (out / f"{name}.json").write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table that reads well as text and as Markdown; the first column is left, the others right."""
    widths = [max(len(row[n]) for row in [header, *rows]) for n in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        padded = [c.ljust(w) if n == 0 else c.rjust(w) for n, (c, w) in enumerate(zip(cells, widths, strict=True))]
        return "| " + " | ".join(padded) + " |"

    rule = ["-" * widths[0], *("-" * (w - 1) + ":" for w in widths[1:])]
    return "\n".join([line(header), line(rule), *(line(row) for row in rows)])


def three_digits(value: float) -> str:
    """Return a number with three digits that count, thousands apart."""
    if value == 0:
        return "0"
    if abs(value) >= 1000:
        digits = max(0, len(str(int(abs(value)))) - 3)
        return f"{round(value, -digits):,.0f}"
    return f"{value:#.3g}".rstrip(".")
