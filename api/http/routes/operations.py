"""Routes for those who operate the server: health, readiness, limits, telemetry, problems, the description."""

from __future__ import annotations

import dataclasses
from importlib import util
from pathlib import Path as FilePath
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.responses import FileResponse, HTMLResponse, Response

from api.http.answers import ROOT, json_answer, problems
from api.http.context import Here, Who
from api.http.guard import COOKIE, sent_key
from api.http.problems import KINDS, PREFIX, Problem
from api.http.schemas import HealthShape, KindShape, LimitsShape, ReadyShape
from api.service.security.access import EVERYBODY
from api.service.store import StoreUnavailable, rows
from experiments.runs.provenance import version

router = APIRouter(tags=["operations"])

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>bordergate: HTTP API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/docs/swagger-ui.css"></head>
<body><div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script></body></html>
"""
START = """window.ui = SwaggerUIBundle({url: "/openapi.json", dom_id: "#swagger-ui", deepLinking: true,
  displayRequestDuration: true, validatorUrl: null, tryItOutEnabled: false, docExpansion: "list"});
"""
POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"
ASSETS = {"swagger-ui.css": "text/css", "swagger-ui-bundle.js": "text/javascript"}


@router.get("/health", responses={200: {"model": HealthShape}, **problems()})
async def health() -> Response:
    """The process answers."""
    return json_answer({"status": "ok", "version": version()}, headers={"Cache-Control": "no-store"})


@router.post(
    "/api/v1/session",
    status_code=204,
    response_class=Response,
    responses={204: {"description": "Signed in."}, **problems(403)},
)
async def sign_in(request: Request) -> Response:
    """Sign in a page. Its key, sent in `Authorization`, becomes a cookie, since pictures and streams send no headers.

    The cookie ends with the browser's session. Scripts cannot read it, and other websites cannot send it.
    """
    answer = Response(status_code=204, headers={"Cache-Control": "no-store"})
    if key := sent_key(dict(request.scope["headers"])):
        secure = request.headers.get("x-forwarded-proto") == "https"
        answer.set_cookie(COOKIE, key, path="/", httponly=True, samesite="strict", secure=secure)
    return answer


@router.delete(
    "/api/v1/session",
    status_code=204,
    response_class=Response,
    responses={204: {"description": "Signed out."}, **problems(403)},
)
async def sign_out() -> Response:
    """Sign out a page: its cookie is removed."""
    answer = Response(status_code=204)
    answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return answer


@router.get(
    "/ready",
    responses={
        200: {"model": ReadyShape},
        **problems(),
        503: {"model": ReadyShape, "description": "Runs cannot be accepted now."},
    },
)
async def ready(here: Here, who: Who) -> Response:
    """Runs can be accepted and simulated: the database answers, the disk has space. Without a key: yes or no."""
    try:
        await here.stored.asynchronously(rows.counts())
        database = True
    except StoreUnavailable:
        database = False
    free = here.runs.folder.free_mb()
    is_ready = database and free >= here.limits.free_mb and not here.runs.trouble
    state: dict[str, Any] = {"ready": is_ready, "database": database}
    details = {
        "disk_free_mb": round(free, 1),
        "unfinished": here.runs.unfinished,
        "trouble": here.runs.trouble or ("" if free >= here.limits.free_mb else "The disk is nearly full."),
    }
    state |= details if who != EVERYBODY else dict.fromkeys(details)
    return json_answer(state, 200 if is_ready else 503, {"Cache-Control": "no-store"})


@router.get(f"{ROOT}/limits", responses={200: {"model": LimitsShape}, **problems()})
async def limits(here: Here) -> Response:
    """The limits of this server."""
    return json_answer(dataclasses.asdict(here.limits))


@router.get(
    "/metrics",
    response_class=Response,
    responses={
        200: {
            "description": "Metrics in Prometheus' text format.",
            "content": {"text/plain": {"schema": {"type": "string"}}},
        },
        **problems(503, 507),
    },
)
async def telemetry(here: Here) -> Response:
    """What the server measures of itself, in Prometheus' text format."""
    return Response(await here.telemetry.text(here.runs, here.streams), media_type=here.telemetry.media_type)


@router.get(PREFIX + "{kind}", responses={200: {"model": KindShape}, **problems(404, 422)})
async def problem(kind: Annotated[str, Path(pattern="^[a-z-]{1,40}$", examples=["invalid"])]) -> Response:
    """The meaning of a kind of problem."""
    if kind not in KINDS:
        raise Problem("not-found", "This kind of problem does not exist.")
    return json_answer({"type": PREFIX + kind, "title": KINDS[kind].title, "status": KINDS[kind].status})


@router.get("/openapi.json", include_in_schema=False)
async def description(request: Request) -> Response:
    """The description of this API, OpenAPI 3.1."""
    document: dict[str, Any] = request.app.openapi()
    return json_answer(document, headers={"Cache-Control": "no-cache"})


@router.get("/docs", include_in_schema=False)
async def docs() -> Response:
    """The description as a page; it loads nothing from elsewhere."""
    return HTMLResponse(PAGE, headers={"Content-Security-Policy": POLICY})


@router.get("/docs/{name}", include_in_schema=False)
async def asset(name: str) -> Response:
    """A part of that page."""
    if name == "start.js":
        return Response(START, media_type="text/javascript")
    if name not in ASSETS:
        raise Problem("not-found", "This file does not exist.")
    return FileResponse(_assets() / name, media_type=ASSETS[name], headers={"Cache-Control": "max-age=86400"})


def _assets() -> FilePath:
    """Return where the package that ships the page's parts keeps them, without running it."""
    package = util.find_spec("fastapi_offline")
    places = package.submodule_search_locations if package else None
    if not places:
        raise Problem("unavailable", "The package fastapi-offline is not installed.")
    return FilePath(places[0]) / "static"
