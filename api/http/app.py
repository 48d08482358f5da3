"""The application: routes, errors, the guard before them, and the server's life around them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.routing import compile_path
from starlette.types import ASGIApp
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from api.http.answers import ended_body
from api.http.context import Server
from api.http.guard import Door, Guard, Peer
from api.http.problems import STATUS_KINDS, Problem, with_findings
from api.http.routes import catalogue, comparison, forecasts, operations, page, results, runs, several, studies
from api.http.routes.parameters import only_known_parameters
from api.http.schemas import ProblemShape
from api.http.telemetry import Counted, Journals, Telemetry
from api.http.transfer import Transfer
from api.service.data_folder import DataFolder, Lock, open_folder
from api.service.queue import tasks
from api.service.queue.admission import Refused
from api.service.queue.leading import Pools
from api.service.queue.workers import NICE, FairPool, Kind, Pool
from api.service.runs import RunService
from api.service.security.identity import Identity
from api.service.security.keyring import Keyring
from api.service.settings import ServiceSettings
from api.service.store import Store
from api.service.webhooks import Caller
from experiments.runs.provenance import version
from gates.findings import ConfigError, Finding, value_text

log = logging.getLogger("bordergate")

BESIDE = 3
"""Processes that check requests, and as many that read results; no key gets all of them. Started when needed."""
FORWARDED_FROM = ("127.0.0.1",)
"""A proxy on this machine tells for whom it asks; only logs make use of it."""
LEADERS = 8
"""Studies that are led at once."""
ABOUT = (
    "Simulate border gates: submit a run, follow it, and read its numbers, series, logs and plots. "
    "A submission is answered with 202 and a Location; errors are problem details with every finding."
)


@dataclass(frozen=True)
class Opened:
    """The data that a server owns while it runs."""

    folder: DataFolder
    lock: Lock
    stored: Store

    def close(self) -> None:
        """Release it."""
        self.stored.close()
        self.lock.release()


def open_data(settings: ServiceSettings) -> Opened:
    """Open the data folder and the database for this server alone.

    Raises
    ------
    ConfigError
        If they cannot be used, or another server has them.
    """
    folder = open_folder(settings.data)
    lock = Lock(folder)
    stored = Store(settings.database or f"sqlite:///{folder.database}")
    stored.own()
    return Opened(folder, lock, stored)


def create_app(
    settings: ServiceSettings,
    opened: Opened,
    *,
    hosts: Sequence[str],
    origins: Sequence[str] = (),
    keys: bool,
    identity: Identity | None = None,
    stopping: asyncio.Event | None = None,
    shows: str = "",
) -> ASGIApp:
    """Return the application.

    Parameters
    ----------
    hosts
        Names under which it may be reached.
    origins
        Websites whose pages may send requests, for instance `https://example.org`.
    keys
        Whether every request needs an access key, however many there are.
    identity
        Which proxy says who it is, beside keys.
    stopping
        Set when the server is to stop: then nobody waits any longer for what is to come.
    shows
        Address of the one view that it is for, of a result that is there; it then takes nothing.
    """
    limits, pools = settings.limits, _pools(settings)
    reader = FairPool(Pool(BESIDE, Kind(limits.worker_mb)), BESIDE - 1)
    telemetry, journals = Telemetry(), Journals(opened.folder.root, access=settings.access_log)

    caller = Caller(opened.stored, opened.folder.root, settings.webhooks, ended_body)

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        service = RunService(opened.folder, opened.stored, pools, limits, stopping, caller)
        app.state.server = Server(service, opened.stored, reader, limits, telemetry)
        try:
            await service.start()
            yield
        finally:
            await service.stop()
            await asyncio.gather(*(asyncio.to_thread(pool.stop) for pool in (*pools.all(), reader.pool)))
            journals.close()

    app = FastAPI(
        dependencies=[Depends(only_known_parameters)],
        title="bordergate",
        version=version(),
        description=ABOUT,
        lifespan=life,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    for router in (
        catalogue.router,
        runs.router,
        runs.checks,
        results.router,
        comparison.router,
        forecasts.router,
        studies.router,
        several.router,
        operations.router,
        page.router,
    ):
        app.include_router(router)
    _handle_errors(app)
    app.state.shows = shows
    app.openapi = _described(app, app.openapi)  # type: ignore[method-assign]

    keyring = Keyring(opened.stored) if keys else None
    outer: ASGIApp = Guard(
        Transfer(app),
        Door(
            frozenset(host.lower() for host in hosts),
            frozenset(origins),
            limits.body_bytes,
            keyring,
            identity,
            read_only=bool(shows),
        ),
    )
    if origins:
        outer = CORSMiddleware(
            outer,
            allow_origins=list(origins),
            allow_methods=["GET", "POST", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "If-Match", "Last-Event-ID", "Prefer"],
            expose_headers=["Location", "ETag", "Retry-After", "X-Request-ID"],
        )
    counted: Any = Counted(outer, telemetry, journals)
    proxies = [] if identity is None else [str(network) for network in identity.trusted]
    forwarded: Any = ProxyHeadersMiddleware(counted, trusted_hosts=[*FORWARDED_FROM, *proxies])
    return Peer(forwarded)


def _pools(settings: ServiceSettings) -> Pools:
    memory = settings.limits.worker_mb
    return Pools(
        simulators=Pool(settings.workers + 1, Kind(memory, NICE, tasks.warm_up)),
        checker=FairPool(Pool(BESIDE, Kind(memory, prepare=tasks.warm_up)), 1),
        studies=Pool(LEADERS, Kind(memory, NICE, borrows=True)),
        cluster=settings.cluster,
    )


def _handle_errors(app: FastAPI) -> None:
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(ConfigError, _with_findings)
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _status)
    app.add_exception_handler(FileNotFoundError, _gone)
    app.add_exception_handler(Exception, _failed)


def _described(app: FastAPI, plain: Callable[[], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
    """Return what describes the API: FastAPI's description, with problems and keys."""

    def described() -> dict[str, Any]:
        if app.openapi_schema is not None:
            return app.openapi_schema
        document = plain()
        parts = document.setdefault("components", {})
        shape = ProblemShape.model_json_schema(ref_template="#/components/schemas/{model}")
        parts.setdefault("schemas", {}).update(shape.pop("$defs", {}))
        parts["schemas"][ProblemShape.__name__] = shape
        parts["securitySchemes"] = {
            "key": {
                "type": "http",
                "scheme": "bearer",
                "description": "Needed if others can reach the server.",
            }
        }
        document["security"] = [{}, {"key": []}]
        for methods in document["paths"].values():
            for operation in methods.values():
                _summarised(operation)
        app.openapi_schema = document
        return document

    return described


def _summarised(operation: dict[str, Any]) -> None:
    """Make the first sentence of an operation's description its summary, which pages show beside its address."""
    first, _, more = str(operation.pop("description", "")).partition(". ")
    operation["summary"] = first.rstrip(".")
    if more:
        operation["description"] = more


async def _problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return error.response()


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return Problem(error.kind, error.detail, error.findings).response()


async def _with_findings(_: Request, error: Exception) -> Response:
    assert isinstance(error, ConfigError)
    return with_findings(error.findings).response()


async def _invalid(_: Request, error: Exception) -> Response:
    """Answer parameters that cannot be used."""
    assert isinstance(error, RequestValidationError)
    findings = [
        Finding(
            ".".join(str(part) for part in one["loc"]),
            value_text(one.get("input")),
            str(one["msg"])[:200],
            "See /docs for what is allowed.",
        )
        for one in error.errors()
    ]
    return with_findings(findings).response()


async def _status(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    kind = STATUS_KINDS.get(error.status_code, "malformed")
    details = {
        "not-found": f"{request.url.path[:100]} does not exist.",
        "method-not-allowed": f"{request.method} is not allowed here.",
    }
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    if kind == "method-not-allowed":
        headers["allow"] = ", ".join(_methods(request)) or "GET"
    return Problem(kind, details.get(kind, str(error.detail)), headers=headers).response()


def _methods(request: Request) -> list[str]:
    """Return the methods allowed at the path of a request; several routes may share a path."""
    allowed: set[str] = set()
    for template, methods in request.app.openapi()["paths"].items():
        if compile_path(template)[0].match(request.url.path):
            allowed |= {method.upper() for method in methods}
    return sorted(allowed)


async def _gone(request: Request, error: Exception) -> Response:
    """Answer a client that reads a result while it is removed."""
    log.warning("%s: %s", request.url.path, error)
    return Problem("not-found", "Its files have been removed.").response()


async def _failed(request: Request, error: Exception) -> Response:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return Problem("internal", "The server failed; its log says why.").response()
