"""What the server measures of itself, for Prometheus."""

from __future__ import annotations

import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.service.runs import RunService

BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0)


class Telemetry:
    """What is counted, in a registry of its own so that two servers in one process stay apart."""

    media_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._answers = Counter("bordergate_http_answers", "Answers", ("method", "status"), registry=self._registry)
        self._seconds = Histogram(
            "bordergate_http_seconds", "Time to the start of an answer", buckets=BUCKETS_S, registry=self._registry
        )
        self._runs = Gauge("bordergate_runs", "Runs by state", ("status",), registry=self._registry)
        self._streams = Gauge("bordergate_event_streams", "Event streams open", registry=self._registry)
        self._free = Gauge("bordergate_disk_free_bytes", "Free disk space for data", registry=self._registry)
        self._troubled = Gauge("bordergate_trouble", "1 if runs cannot continue", registry=self._registry)
        self._replications = Counter("bordergate_replications", "Replications done", registry=self._registry)
        self._counted = 0

    def answered(self, method: str, status: int, seconds: float) -> None:
        """Count an answer."""
        self._answers.labels(method, str(status)).inc()
        self._seconds.observe(seconds)

    async def text(self, runs: RunService, streams: int) -> bytes:
        """Return all values as they are now, with `streams` event streams open."""
        for status, count in (await runs.counts()).items():
            self._runs.labels(status).set(count)
        self._streams.set(streams)
        self._free.set(runs.folder.free_mb() * 1e6)
        self._troubled.set(bool(runs.trouble))
        self._replications.inc(runs.replications_done - self._counted)
        self._counted = runs.replications_done
        return generate_latest(self._registry)


class Counted:
    """Counts every answer."""

    def __init__(self, app: ASGIApp, telemetry: Telemetry) -> None:
        self._app, self._telemetry = app, telemetry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and note its answer's status and time."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        method = scope["method"] if scope["method"] in ("GET", "POST", "DELETE") else "other"

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._telemetry.answered(method, message["status"], time.perf_counter() - began)
            await send(message)

        await self._app(scope, receive, noted)
