"""Crashes: servers and workers killed at random moments, a disk that fills up, a database that goes away.

What must hold after each: every run that was acknowledged comes to its end, with the result that it has when nobody
disturbs it; nothing that a dead server started lives on; and little is computed twice.
"""

from __future__ import annotations

import contextlib
import hashlib
import random
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from experiments import run_scenario
from experiments.runs.folder import write_result
from experiments.runs.request import resolve
from tests.api.servers import LONG, SHORT, Process, finished, process, submitted

ORPHAN_S = 10.0
"""Longer than it takes, which benchmarks/service.py measures: tests share their machine."""
KINDS: list[dict[str, Any]] = [
    {"gate": "minimal", "days": 5, "warmup_days": 1, "replications": 6},
    {"gate": "friendship-pass", "days": 8, "warmup_days": 2, "replications": 24, "keep_events": "none"},
    {"gate": "friendship-pass", "days": 4, "warmup_days": 1, "replications": 12, "keep_events": 2},
]


def hashes(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(f.relative_to(folder)): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> dict[str, dict[str, str]]:
    """The files of each kind of run, with seed 1, when nothing happens to it."""
    found = {}
    for number, kind in enumerate(KINDS):
        asked = resolve({**kind, "seed": 1})
        folder = write_result(run_scenario(asked.scenario, asked.settings), tmp_path_factory.mktemp(f"k{number}") / "a")
        found[str(number)] = hashes(folder)
    return found


def gone(started: list[psutil.Process], seconds: float = ORPHAN_S) -> bool:
    """Wait until processes have ended."""
    _, alive = psutil.wait_procs(started, timeout=seconds)
    return not [one for one in alive if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


def acknowledged_by(server: Process, kind: int, timeout: float) -> dict[str, tuple[int, str]]:
    """Submit a run; return what the server acknowledged: id -> (kind, digest)."""
    made = server.client.post("/api/v1/runs", json={**KINDS[kind], "seed": 1, "reuse": False}, timeout=timeout)
    assert made.status_code == 202, made.text
    return {made.json()["id"]: (kind, made.json()["digest"])}


def killed_at_random(data: Path, kills: int, seed: int) -> dict[str, tuple[int, str]]:
    """Submit runs and kill the server, again and again; return what was acknowledged.

    The time until a server is killed counts from its first acknowledgement, however busy the machine is.
    """
    chance = random.Random(seed)
    acknowledged: dict[str, tuple[int, str]] = {}
    for _ in range(kills):
        server = Process(data, "--free-mb", "1")
        acknowledged |= acknowledged_by(server, chance.randrange(len(KINDS)), timeout=120)
        until = time.monotonic() + chance.uniform(0.1, 2.5)
        with contextlib.suppress(httpx.HTTPError):
            while time.monotonic() < until:
                kind = chance.randrange(len(KINDS))
                if len(acknowledged) < 2 * kills:
                    acknowledged |= acknowledged_by(server, kind, timeout=5)
                time.sleep(chance.uniform(0.0, 0.6))
        assert gone(server.kill()), "a process outlived its server"
    return acknowledged


def all_are_well(server: Process, data: Path, acknowledged: dict[str, tuple[int, str]], expected: Any) -> None:
    for run, (kind, digest) in acknowledged.items():
        found = finished(server.client, run, 300)
        assert found["status"] == "succeeded", found
        assert found["digest"] == digest
        assert hashes(data / "runs" / run) == expected[str(kind)], f"{run} differs from an undisturbed run"


@pytest.mark.long
@pytest.mark.series(name="server kills")
def test_killed_servers_lose_nothing(times, tmp_path, undisturbed, record_property):
    data = tmp_path / "data"
    acknowledged = killed_at_random(data, times, seed=times)
    record_property("shown", f"{len(acknowledged)} runs acknowledged, none lost")
    assert len(acknowledged) >= times
    with process(data) as server:
        all_are_well(server, data, acknowledged, undisturbed)
        for item in server.client.get("/api/v1/runs", params={"limit": 100}).json()["items"]:
            assert finished(server.client, item["id"])["status"] == "succeeded", "stored, though not acknowledged"
    with process(data):
        assert not list((data / "work").iterdir()), "a server clears up what the last one left"


@pytest.mark.long
def test_a_killed_server_repeats_one_part_for_each_worker_at_most(tmp_path):
    data = tmp_path / "data"
    server = Process(data, "--workers", "2")
    run = submitted(server.client, {**LONG, "days": 20, "replications": 40})
    while server.client.get(run["links"]["self"]).json()["progress"]["done"] < 1:
        time.sleep(0.1)
    assert gone(server.kill())
    began = (data / "work" / run["id"] / "started.log").read_text(encoding="ascii").splitlines()
    kept = {path.stem for path in (data / "work" / run["id"]).rglob("*.replications")}
    in_flight = [line for line in began if "{:05d}-{:05d}".format(*map(int, line.split())) not in kept]
    assert len(in_flight) <= 2
    with process(data, "--workers", "2") as again:
        work = data / "work" / run["id"] / "started.log"
        seen: list[str] = []
        while again.client.get(run["links"]["self"]).json()["status"] in ("queued", "running"):
            with contextlib.suppress(OSError):
                seen = work.read_text(encoding="ascii").splitlines()
            time.sleep(0.05)
        assert finished(again.client, run["id"])["status"] == "succeeded"
    numbers = [n for line in seen for n in range(*map(int, line.split()))]
    most = max(int(line.split()[1]) - int(line.split()[0]) for line in seen)
    assert len(numbers) - len(set(numbers)) <= 2 * most


@pytest.mark.long
@pytest.mark.series(name="worker kills")
def test_killed_workers_cost_only_their_part(times, tmp_path, undisturbed, record_property):
    chance = random.Random(times)
    data = tmp_path / "data"
    with process(data) as server:
        acknowledged: dict[str, tuple[int, str]] = {}
        killed = 0
        while killed < times:
            if len(acknowledged) < 2 * times:
                kind = chance.randrange(len(KINDS))
                made = submitted(server.client, {**KINDS[kind], "seed": 1, "reuse": False})
                acknowledged[made["id"]] = (kind, made["digest"])
            time.sleep(chance.uniform(0.1, 1.5))
            workers = server.workers()
            if workers:
                with contextlib.suppress(psutil.NoSuchProcess):
                    chance.choice(workers).kill()
                    killed += 1
        record_property("shown", f"{len(acknowledged)} runs went on")
        for run, (kind, _) in acknowledged.items():
            found = finished(server.client, run, 300)
            if found["status"] == "failed":
                assert found["problem"]["kind"] == "worker-died", found
            else:
                assert hashes(data / "runs" / run) == undisturbed[str(kind)]
        assert finished(server.client, submitted(server.client, {**SHORT, "seed": 77})["id"])["status"] == "succeeded"


def test_cancelled_runs_free_the_cores(tmp_path):
    with process(tmp_path / "data", "--workers", "2") as server:
        run = submitted(server.client, {**LONG, "days": 1500, "replications": 8})
        while len(busy(server)) < 2:
            time.sleep(0.1)
        doomed = busy(server)
        server.client.post(run["links"]["cancel"])
        assert gone(doomed), "a worker still computes for a run that was cancelled"
        assert finished(server.client, submitted(server.client, SHORT)["id"])["status"] == "succeeded"


def busy(server: Process) -> list[psutil.Process]:
    """Workers that compute."""
    found = []
    for worker in server.workers():
        with contextlib.suppress(psutil.Error):
            worker.cpu_percent(None)
            time.sleep(0.1)
            if worker.cpu_percent(None) > 10:
                found.append(worker)
    return found


def test_a_server_that_is_told_to_stop_leaves_nothing(tmp_path):
    server = Process(tmp_path / "data")
    run = submitted(server.client, LONG)
    with server.client.stream("GET", run["links"]["events"]) as stream:
        next(stream.iter_text())
        started = server.children()
        assert server.stop() in (0, -15)
    assert gone(started)
    with process(tmp_path / "data") as again:
        assert again.client.get(run["links"]["self"]).json()["status"] in ("queued", "running")
        assert again.client.post(run["links"]["cancel"]).status_code == 202


def can_mount() -> bool:
    """Whether a disk of our own can be made: needs Linux, and the right to a namespace."""
    line = ["unshare", "-rm", "mount", "-t", "tmpfs", "-o", "size=1m", "none", "/mnt"]
    return (
        shutil.which("unshare") is not None and subprocess.run(line, capture_output=True, check=False).returncode == 0
    )


@pytest.mark.long
@pytest.mark.skipif(not can_mount(), reason="no right to mount a small disk (unshare -rm)")
def test_a_full_disk_refuses_then_goes_on(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    script = tmp_path / "start"
    # the cache of compiled code lives elsewhere, as it does on a real machine
    script.write_text(f'mount -t tmpfs -o size=24m none {disk} && exec "$@"\n', encoding="ascii")
    prefix = ("unshare", "-rm", "sh", str(script))
    with process(disk / "data", "--free-mb", "0.5", "--workers", "2", prefix=prefix) as server:
        inside = Path(f"/proc/{server.process.pid}/root{disk}")
        asked = {"gate": "friendship-pass", "days": 30, "replications": 30, "keep_events": "none"}
        run = submitted(server.client, asked)
        while server.client.get(run["links"]["self"]).json()["progress"]["done"] < 1:
            time.sleep(0.05)
        filler = inside / "filler"
        fill(filler)
        answer = server.client.post("/api/v1/runs", json={**SHORT, "seed": 5})
        assert answer.status_code == 507, answer.text
        assert answer.json()["type"].endswith("disk-full")
        assert server.client.get("/ready").status_code == 503
        until = time.monotonic() + 120
        while not server.client.get("/ready").json()["trouble"].startswith("The disk is full"):
            assert time.monotonic() < until, "the run did not meet the full disk"
            time.sleep(0.1)
            fill(filler)
        state = server.client.get(run["links"]["self"]).json()
        assert state["status"] == "running", state
        filler.unlink()
        assert finished(server.client, run["id"])["status"] == "succeeded", "without a restart"
        assert server.client.get("/ready").status_code == 200
        assert finished(server.client, submitted(server.client, {**SHORT, "seed": 5})["id"])["status"] == "succeeded"
        assert hashes(inside / "data" / "runs" / run["id"]) == undisturbed_files(asked, tmp_path)


def fill(path: Path) -> None:
    with path.open("ab", buffering=0) as stream, contextlib.suppress(OSError):
        while True:
            stream.write(b"\0" * 4096)


def undisturbed_files(asked: dict[str, Any], tmp_path: Path) -> dict[str, str]:
    found = resolve(asked)
    return hashes(write_result(run_scenario(found.scenario, found.settings), tmp_path / "undisturbed"))
