"""What the server measures of itself, for Prometheus."""

from __future__ import annotations

import re
import secrets
import time
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.service.logs import Journal, access_path, audit_path
from api.service.runs import RunService
from api.service.store.rows import STATUSES

READING = ("GET", "HEAD", "OPTIONS")
METHODS = (*READING, "POST", "PATCH", "DELETE")
_RUN = re.compile(r"/((?:run|study)_[0-9a-f]{16})(?:/|$)")
BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0)


class Telemetry:
    """What is counted, in a registry of its own so that two servers in one process stay apart."""

    media_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        # the count of the next one, under its name of the release before
        self._answers = Counter("bordergate_http_answers", "Answers", ("method", "status"), registry=self._registry)
        self._seconds = Histogram(
            "bordergate_http_seconds",
            "Time to the start of an answer",
            ("route", "method", "status", "waits"),
            buckets=BUCKETS_S,
            registry=self._registry,
        )
        self._runs = Gauge("bordergate_runs", "Runs and studies by state", ("status",), registry=self._registry)
        self._unfinished = Gauge(
            "bordergate_unfinished", "Runs and studies not finished, by access key", ("key",), registry=self._registry
        )
        self._workers = Gauge("bordergate_workers", "Workers that simulate, at most", registry=self._registry)
        self._busy = Gauge("bordergate_workers_busy", "Workers that simulate just now", registry=self._registry)
        self._streams = Gauge("bordergate_event_streams", "Event streams open", registry=self._registry)
        self._free = Gauge("bordergate_disk_free_bytes", "Free disk space for data", registry=self._registry)
        self._troubled = Gauge("bordergate_trouble", "1 if runs cannot continue", registry=self._registry)
        self._replications = Counter("bordergate_replications", "Replications done", registry=self._registry)
        self._counted = 0

    def answered(self, scope: Scope, method: str, status: int, seconds: float) -> None:
        """Count an answer by its route, as the description has it. Those that wait for a change stand apart."""
        self._answers.labels(method, str(status)).inc()
        route = getattr(scope.get("route"), "path", "none")
        waits = route.endswith("/events") or b"wait=" in dict(scope["headers"]).get(b"prefer", b"")
        self._seconds.labels(route, method, str(status), "yes" if waits else "no").observe(seconds)

    async def text(self, runs: RunService, streams: int) -> bytes:
        """Return all values as they are now, with `streams` event streams open."""
        counts = await runs.counts()
        for status in STATUSES:
            self._runs.labels(status).set(counts.get(status, 0))
        self._unfinished.clear()
        for key, count in runs.unfinished_by_owner().items():
            self._unfinished.labels(key).set(count)
        self._workers.set(runs.workers.total)
        self._busy.set(runs.workers.busy)
        self._streams.set(streams)
        self._free.set(runs.folder.free_mb() * 1e6)
        self._troubled.set(bool(runs.trouble))
        self._replications.inc(runs.replications_done - self._counted)
        self._counted = runs.replications_done
        return generate_latest(self._registry)


class Journals:
    """Who did what, and if wanted every answer."""

    def __init__(self, data: Path, *, access: bool) -> None:
        self._audit = Journal(audit_path(data))
        self._access = Journal(access_path(data)) if access else None

    def answered(self, scope: Scope, message: Message, request_id: str, seconds: float) -> None:
        """Write down an answer: what changed something or was refused in the one, all in the other."""
        method, status = scope["method"], message["status"]
        is_audited = method not in READING or status in (401, 403)
        if not is_audited and self._access is None:
            return
        access = scope.get("state", {}).get("access")
        headers = dict(message["headers"])
        run = _RUN.search(headers.get(b"location", b"").decode("latin-1") or scope["path"])
        values = {
            "request": request_id,
            "who": access.owner or None if access else None,
            "from": (scope.get("client") or (None,))[0],
            "method": method,
            "path": scope["path"][:200],
            "run": run[1] if run else None,
            "status": status,
        }
        if is_audited:
            self._audit.write(**values)
        if self._access is not None:
            self._access.write(**values, seconds=round(seconds, 4))

    def close(self) -> None:
        """Write what waits."""
        self._audit.close()
        if self._access is not None:
            self._access.close()


class Counted:
    """Counts and writes down every answer, and gives it a number by which it is found again."""

    def __init__(self, app: ASGIApp, telemetry: Telemetry, journals: Journals) -> None:
        self._app, self._telemetry, self._journals = app, telemetry, journals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and note its answer's status and time."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        request_id = secrets.token_hex(8)
        method = scope["method"] if scope["method"] in METHODS else "other"

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                seconds = time.perf_counter() - began
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
                self._telemetry.answered(scope, method, message["status"], seconds)
                self._journals.answered(scope, message, request_id, seconds)
            await send(message)

        await self._app(scope, receive, noted)
