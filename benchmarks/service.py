"""The service under load: reads, submissions, streams, start, cancel, and what a crash leaves, cores busy with runs.

Client and server share the machine; the client is a process of its own. Workers simulate on every core all the time.

    python -m benchmarks.service            two minutes
    python -m benchmarks.service --quick    a short one, which writes nothing
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import multiprocessing
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil

from benchmarks.harness import Row, arguments, save, table, three_digits
from tests.api.hostile import BODIES

CONNECTIONS = 8
STREAMS = 200
BUSY = {"gate": "friendship-pass", "days": 365, "replications": 400, "keep_events": "none"}
SMALL = {"gate": "minimal", "days": 1, "warmup_days": 0, "replications": 1, "keep_events": "none"}
LARGE = ("--max-queued", "1000000", "--max-events", "1e12", "--run-seconds", "1e6", "--worker-mb", "16000")
WANTED: tuple[tuple[str, str, float, bool], ...] = (
    ("start_s", "start to the first answer [s]", 2.0, True),
    ("start_mb", "memory of all processes before the first run [MB]", 150, True),
    ("reads_per_s", "reads of a run's state a second, all cores simulating", 1500, False),
    ("reads_p99_ms", "their 99th percentile [ms]", 25, True),
    ("submissions_per_s", "durable submissions a second, all cores simulating", 200, False),
    ("submissions_p99_ms", "their 99th percentile [ms]", 50, True),
    ("streams", "event streams open at once", STREAMS, False),
    ("streams_mb", "memory that they take [MB]", 20, True),
    ("streams_health_p99_ms", "99th percentile of /health meanwhile [ms]", 25, True),
    ("hostile_worst_ms", "slowest refusal of a hostile body [ms]", 100, True),
    ("cancel_s", "cancel: the cores are free after [s]", 1.0, True),
    ("orphans_s", "kill -9: the last process of the server is gone after [s]", 2.0, True),
)
"""Name, what it is, what is wanted, whether that is the most."""


@contextlib.contextmanager
def served(folder: Path, *options: str) -> Iterator[tuple[psutil.Process, str, float]]:
    """Give a server's process, its address, and how long it took to start [s]."""
    line = [sys.executable, "-m", "api.cli", "serve", "--port", "0", "--data", str(folder), *options]
    began = time.perf_counter()
    process = subprocess.Popen(line, stdout=subprocess.PIPE, text=True, env={**os.environ, "COLUMNS": "200"})
    assert process.stdout is not None
    found = re.search(r"http://\S+:\d+", process.stdout.readline())
    assert found, "the server says where it answers"
    httpx.get(f"{found[0]}/health").raise_for_status()
    took = time.perf_counter() - began
    try:
        yield psutil.Process(process.pid), found[0], took
    finally:
        process.kill()
        process.communicate()


class _Client(asyncio.Protocol):
    """One connection that asks again as soon as it is answered."""

    def __init__(self, request: Callable[[], bytes], seconds: list[float], until: float, done: asyncio.Event) -> None:
        self._request, self._seconds, self._until, self._done = request, seconds, until, done
        self._buffer = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._ask()

    def _ask(self) -> None:
        self._began = time.perf_counter()
        self._transport.write(self._request())

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, separator, body = self._buffer.partition(b"\r\n\r\n")
        found = re.search(rb"(?i)content-length: (\d+)", head)
        if not separator or (found and len(body) < int(found[1])):
            return
        assert head.startswith(b"HTTP/1.1 20"), head
        now = time.perf_counter()
        self._seconds.append(now - self._began)
        self._buffer = b""
        if now < self._until:
            self._ask()
        else:
            self._transport.close()
            self._done.set()


def load(url: str, path: str, body: dict[str, Any] | None, seconds: float) -> list[float]:
    """Ask over several connections for some time, in a process of its own; return how long each answer took [s]."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        found: list[float] = pool.apply(_loaded, (url, path, body, seconds))
    return found


def _loaded(url: str, path: str, body: dict[str, Any] | None, seconds: float) -> list[float]:
    import uvloop

    return uvloop.run(_load(url, path, body, seconds))


async def _load(url: str, path: str, body: dict[str, Any] | None, seconds: float) -> list[float]:
    where, count = urlsplit(url), iter(range(10**9))
    host, port = str(where.hostname), int(where.port or 80)
    found: list[float] = []

    def request() -> bytes:
        head = f"{'GET' if body is None else 'POST'} {path} HTTP/1.1\r\nHost: {where.netloc}\r\n"
        if body is None:
            return f"{head}\r\n".encode()
        content = json.dumps({**body, "seed": next(count)})
        return f"{head}Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n{content}".encode()

    until = time.perf_counter() + seconds
    ends = [asyncio.Event() for _ in range(CONNECTIONS)]
    loop = asyncio.get_running_loop()
    for end in ends:
        await loop.create_connection(functools.partial(_Client, request, found, until, end), host, port)
    await asyncio.gather(*(end.wait() for end in ends))
    return found


def percentile_ms(seconds: Sequence[float], percent: int = 99) -> float:
    """Return a percentile [ms]."""
    return 1000 * statistics.quantiles(seconds, n=100)[percent - 1]


def memory_mb(process: psutil.Process) -> float:
    """Return the memory of a process and all that it started [MB]."""
    return sum(one.memory_info().rss for one in (process, *process.children(recursive=True))) / 1e6


def submitted(client: httpx.Client, asked: dict[str, Any]) -> str:
    """Submit a run and return its path."""
    answer = client.post("/api/v1/runs", json=asked)
    assert answer.status_code == 202, answer.text
    return str(answer.headers["location"])


def all_busy(client: httpx.Client, process: psutil.Process, run: str) -> None:
    """Wait until workers simulate."""
    while client.get(run).json()["progress"]["done"] == 0:
        time.sleep(0.2)


def measured(seconds: float) -> Row:
    """Measure everything once."""
    row: Row = {}
    with tempfile.TemporaryDirectory() as place:
        with served(Path(place) / "data", *LARGE) as (process, url, row["start_s"]):
            row["start_mb"] = memory_mb(process)
            client = httpx.Client(base_url=url, timeout=60)
            run = submitted(client, BUSY)
            all_busy(client, process, run)
            reads = load(url, run, None, seconds)
            row |= {"reads_per_s": len(reads) / seconds, "reads_p99_ms": percentile_ms(reads)}
            row |= streams(client, url, process, run, seconds)
            submissions = load(url, "/api/v1/runs", SMALL, seconds)
            row |= {"submissions_per_s": len(submissions) / seconds, "submissions_p99_ms": percentile_ms(submissions)}
            row |= {"reads": len(reads), "submissions": len(submissions)}
        with served(Path(place) / "other", *LARGE) as (process, url, _):
            client = httpx.Client(base_url=url, timeout=60)
            row["hostile_worst_ms"] = 1000 * max(_hostile(client))
            run = submitted(client, BUSY)
            all_busy(client, process, run)
            row["cancel_s"] = _until_gone(workers(process), lambda: client.post(f"{run}/cancel").raise_for_status())
            all_busy(client, process, submitted(client, {**BUSY, "seed": 2}))
            row["orphans_s"] = _until_gone(process.children(recursive=True), process.kill)
    return row


def workers(process: psutil.Process) -> list[psutil.Process]:
    """Return those that simulate: they give way to others."""
    own = process.nice()
    return [one for one in process.children(recursive=True) if one.nice() > own]


def _until_gone(doomed: list[psutil.Process], act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    gone, alive = psutil.wait_procs(doomed, timeout=30)
    assert not alive, f"{alive} of {gone + alive} live on"
    return time.perf_counter() - began


def streams(client: httpx.Client, url: str, process: psutil.Process, run: str, seconds: float) -> Row:
    """Open many event streams, and look at the server meanwhile."""
    before = process.memory_info().rss
    with contextlib.ExitStack() as opened:
        wide = opened.enter_context(httpx.Client(base_url=url, timeout=60, limits=httpx.Limits(max_connections=None)))
        told = [opened.enter_context(wide.stream("GET", f"{run}/events")).iter_raw() for _ in range(STREAMS)]
        assert all(next(stream) for stream in told)
        health = load(url, "/health", None, seconds / 2)
        figures = client.get("/metrics").text
        found = re.search(r"^bordergate_event_streams (\d+)", figures, re.MULTILINE)
        grown = (process.memory_info().rss - before) / 1e6
    count = int(found[1]) if found else 0
    return {"streams": count, "streams_mb": grown, "streams_health_p99_ms": percentile_ms(health)}


def _hostile(client: httpx.Client) -> Iterator[float]:
    headers = {"Content-Type": "application/json"}
    client.post("/api/v1/runs", content=BODIES["no stages"], headers=headers)  # the process that checks has started
    for body in BODIES.values():
        began = time.perf_counter()
        answer = client.post("/api/v1/runs", content=body, headers=headers)
        yield time.perf_counter() - began
        assert 400 <= answer.status_code < 500, answer.text


def markdown(rows: list[Row]) -> str:
    """Return the table of what was wanted and measured."""
    shown = []
    for name, what, wanted, at_most in WANTED:
        value = statistics.median(row[name] for row in rows)
        met = value <= wanted if at_most else value >= wanted
        shown.append((what, f"{'≤' if at_most else '≥'} {wanted:,g}", three_digits(value), "yes" if met else "**no**"))
    return table(("what", "wanted", "measured", "met"), shown)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, and save."""
    every_core = os.sched_getaffinity(0)
    options = arguments(__doc__, argv, repeats=3)
    os.sched_setaffinity(0, every_core)  # the other scripts keep to one core; a server uses them all
    repeats = 1 if options.quick else options.repeats
    rows = [measured(1.0 if options.quick else 8.0) for _ in range(repeats)]
    print(markdown(rows))
    save(None if options.quick else options.out, "service", rows)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
