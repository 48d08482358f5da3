"""Servers to test: real ones, in a process of their own or in a thread of this one."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil

from api.http.app import open_data
from api.http.server import made_server
from api.service.data_folder import open_folder
from api.service.security import keys
from api.service.settings import Limits, ServiceSettings
from api.service.store import Store

READY_S = 300.0
SHORT = {"gate": "minimal", "days": 2, "warmup_days": 1, "replications": 3}
ASKED = {"gate": "friendship-pass", "days": 3, "warmup_days": 1, "replications": 4, "keep_events": 2}
LONG = {"gate": "friendship-pass", "days": 60, "replications": 400, "keep_events": "none"}
"""Half a minute of work on two cores."""


class Process:
    """`bordergate serve` in a process of its own."""

    def __init__(self, data: Path, *options: str, prefix: tuple[str, ...] = (), **environment: str) -> None:
        line = [*prefix, sys.executable, "-m", "api.cli", "serve", "--port", "0", "--data", str(data), *options]
        self.process = subprocess.Popen(
            line,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "NO_COLOR": "1", "COLUMNS": "200", **environment},
        )
        self.log = ""
        """What it wrote to standard error, once it has stopped."""
        self.url = self._ready()
        self.client = httpx.Client(base_url=self.url, timeout=120)

    def _ready(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found = re.search(r"http://\S+:\d+", line)
        if found is None:
            _, errors = self.process.communicate(timeout=10)
            raise AssertionError(f"no server: {line}{errors}")
        return found[0]

    def children(self) -> list[psutil.Process]:
        """Every process that the server started."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def workers(self) -> list[psutil.Process]:
        """Those that simulate: they give way to others."""
        found, own = [], psutil.Process(self.process.pid).nice()
        for child in self.children():
            with contextlib.suppress(psutil.Error):
                if child.nice() > own:
                    found.append(child)
        return found

    def kill(self) -> list[psutil.Process]:
        """Kill it as a power cut would; return what it had started."""
        started = self.children()
        self.process.kill()
        self.process.communicate(timeout=30)
        self.client.close()
        return started

    def stop(self) -> int:
        """Tell it to stop, and return its code."""
        self.client.close()
        self.process.send_signal(signal.SIGTERM)
        try:
            _, errors = self.process.communicate(timeout=30)
            self.log += errors
        finally:
            self.process.kill()
        return self.process.returncode


@contextlib.contextmanager
def process(data: Path, *options: str, **more: Any) -> Iterator[Process]:
    """Give a server in a process, and stop it afterwards."""
    found = Process(data, *options, **more)
    try:
        yield found
    finally:
        found.stop()


@contextlib.contextmanager
def threaded(data: Path, *, limits: Limits | None = None, **options: Any) -> Iterator[httpx.Client]:
    """Give a client of a server in a thread of this process, so that coverage sees what it does."""
    settings = ServiceSettings(data=data, workers=2, limits=limits or Limits(free_mb=1))
    opened = open_data(settings)
    ready: queue.Queue[str] = queue.Queue()
    server = made_server(settings, opened, "127.0.0.1", 0, ready=ready.put, **options)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        with httpx.Client(base_url=ready.get(timeout=READY_S), timeout=300) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join(timeout=60)
        opened.close()
        assert not thread.is_alive()


def access_key(data: Path, name: str, scope: str, *projects: str, expires: float | None = None) -> dict[str, str]:
    """Make an access key, and return the header of those who have it."""
    secret, key = keys.new_key(name, scope, projects, expires)
    stored = Store(f"sqlite:///{open_folder(data).database}")
    stored.at_once(keys.add(key))
    stored.close()
    return {"Authorization": f"Bearer {secret}"}


def submitted(client: httpx.Client, asked: dict[str, Any], **headers: str) -> dict[str, Any]:
    """Submit a run that must be taken."""
    answer = client.post("/api/v1/runs", json=asked, headers=headers)
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"/api/v1/runs/{found['id']}"
    return found


def finished(client: httpx.Client, run: str, seconds: float = 600) -> dict[str, Any]:
    """Wait for the end of a run."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found: dict[str, Any] = client.get(f"/api/v1/runs/{run}", headers={"Prefer": "wait=20"}).json()
        if found["status"] not in ("queued", "running"):
            return found
    raise AssertionError(f"{run} is not finished after {seconds} s: {found}")


def problem(answer: httpx.Response, status: int, kind: str) -> dict[str, Any]:
    """Return a problem that is as it should be."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = answer.json()
    assert found["type"] == f"/api/v1/problems/{kind}"
    assert found["status"] == status
    assert found["detail"]
    return found


def told(client: httpx.Client, run: dict[str, Any], **headers: str) -> list[tuple[int, str, dict[str, Any]]]:
    """Return the events of a run up to its end."""
    found = []
    with client.stream("GET", run["links"]["events"], headers=headers) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        text = "".join(stream.iter_text())
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if "event" in fields:
            found.append((int(fields["id"]), fields["event"], json.loads(fields["data"])))
    return found
