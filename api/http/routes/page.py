"""The page at `/` and its files: built by `scripts/build_page.py`, and served from the package.

Every view has its own address and is the same document; what it shows comes from the API. What is below `/assets` has
a hash of its content in its name, so it may be kept for ever; an unknown name there is 404, never the page.
"""

from __future__ import annotations

import functools
import hashlib
from importlib import resources
from pathlib import Path as FilePath
from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from api.http.answers import is_known
from api.http.problems import Problem

router = APIRouter(include_in_schema=False)

VIEWS = (
    "/",
    "/new",
    "/runs",
    "/runs/{run_id}",
    "/runs/{run_id}/replay",
    "/compare",
    "/studies",
    "/studies/new",
    "/studies/{study_id}",
    "/gates/{name}",
)
"""Addresses of the page's views."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types svelte-trusted-html"
)
KINDS = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".json": "application/json",
    ".txt": "text/plain; charset=utf-8",
}
FOR_EVER = "public, max-age=31536000, immutable"


def built() -> FilePath:
    """Return the folder of the built page."""
    return FilePath(str(resources.files("api"))) / "web" / "built"


@functools.lru_cache(maxsize=8)
def _document(shows: str) -> tuple[bytes, str]:
    """Return the page, and its entity tag; a server that shows one result says in it which view that is."""
    body = (built() / "index.html").read_bytes()
    if shows:
        body = body.replace(b"<html ", f'<html data-shows="{shows}" '.encode(), 1)
    return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'


@functools.cache
def _files() -> dict[str, FilePath]:
    """Return the files below `/assets`: only what was built has an address."""
    return {path.name: path for path in (built() / "assets").iterdir() if path.suffix in KINDS}


def page(request: Request) -> Response:
    """The page."""
    body, tag = _document(request.app.state.shows)
    headers = {"ETag": tag, "Cache-Control": "no-cache", "Content-Security-Policy": POLICY}
    if is_known(request, tag):
        return Response(status_code=304, headers=headers)
    return Response(body, 200, headers, "text/html; charset=utf-8")


for view in VIEWS:
    router.add_api_route(view, page, methods=["GET"])


@router.get("/assets/{name}")
def asset(name: Annotated[str, Path(max_length=100)]) -> Response:
    """A file of the page."""
    path = _files().get(name)
    if path is None:
        raise Problem("not-found", "The page has no such file. Load the page again.")
    return Response(path.read_bytes(), 200, {"Cache-Control": FOR_EVER}, KINDS[path.suffix])


@router.get("/favicon.ico")
@router.get("/favicon.svg")
def favicon() -> Response:
    """The sign of the page."""
    body = (built() / "favicon.svg").read_bytes()
    return Response(body, 200, {"Cache-Control": "public, max-age=86400"}, KINDS[".svg"])
