"""Routes that runs and studies share: submit, list, see, follow, cancel, delete, and the manifest."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response, StreamingResponse

from api.http.answers import (
    JSON,
    KNOWN,
    ROOT,
    base_of,
    file_answer,
    json_answer,
    problems,
    ranged,
    run_body,
    run_document,
    with_tag,
)
from api.http.bodies import read_json
from api.http.context import Here, Server
from api.http.events import FOLLOWING, followed
from api.http.problems import Problem
from api.http.routes.parameters import (
    CursorQuery,
    GateQuery,
    IdempotencyHeader,
    LastEventHeader,
    LimitQuery,
    PreferHeader,
    id_path,
)
from api.http.schemas import Shape, Status
from api.service.runs import Submission
from api.service.security.keys import allows
from api.service.store import FINISHED, Row
from gates.findings import ConfigError, Finding, value_text

LONGEST_WAIT_S = 60.0
_WAIT = re.compile(r"(?:^|[,;\s])wait=(\d{1,4})(?:$|[,;\s])")


@dataclass(frozen=True)
class Kind:
    """A run, or a study, as its routes describe it."""

    name: str
    plural: str
    shape: type[Shape]
    page: type[Shape]
    submitted: type[Shape]
    body: dict[str, Any]
    """JSON Schema of a submission."""
    example: dict[str, Any]
    submit: str
    """What submitting one does."""
    cancel: str
    """What cancelling one does."""


def lifecycle_routes(kind: Kind) -> APIRouter:
    """Return the routes of a kind."""
    router = APIRouter(prefix=f"{ROOT}/{kind.plural}", tags=[kind.plural])
    id_of_one: Any = id_path(kind.name)

    @router.post(
        "",
        status_code=202,
        description=kind.submit,
        responses=_submitting(kind.submitted),
        openapi_extra=body_of(kind.body, kind.example),
    )
    async def submit(request: Request, here: Here, idempotency_key: IdempotencyHeader = None) -> Response:
        asked = await body(request, here)
        submission = Submission(
            request=asked,
            kind=kind.name,
            owner=request.state.owner,
            key=idempotency_key,
            reuse=take_reuse(asked),
        )
        row, reused = await here.runs.submit(submission)
        headers = {"Location": base_of(row), "Cache-Control": "no-store"}
        return json_answer({**run_document(row), "reused": reused}, 202, headers)

    @router.get(
        "",
        description=f"List {kind.plural}, the newest first.",
        responses={200: {"model": kind.page}, **problems(422, 503, 507)},
    )
    async def page(
        here: Here,
        status: Annotated[Status | None, Query(description="Only those in this state.")] = None,
        gate: GateQuery = None,
        limit: LimitQuery = 20,
        cursor: CursorQuery = None,
    ) -> Response:
        before = None if cursor is None else _number(cursor)
        rows = await here.runs.page(kind.name, limit + 1, before, status, gate)
        following = _cursor(rows[limit - 1].seq) if len(rows) > limit else None
        items = [run_document(row) for row in rows[:limit]]
        return json_answer({"items": items, "next": following}, headers={"Cache-Control": "no-cache"})

    @router.get(
        f"/{{{kind.name}_id}}",
        description=f"Get the state of a {kind.name}.",
        responses={200: {"model": kind.shape}, **KNOWN, **problems(404, 422, 503, 507)},
    )
    async def see(request: Request, here: Here, one: str = id_of_one, prefer: PreferHeader = None) -> Response:
        row = await here.runs.get(one)
        wait = _WAIT.search(prefer) if prefer else None
        if wait and row.status not in FINISHED:
            row = await here.runs.ended(one, min(float(wait[1]), LONGEST_WAIT_S))
        return with_tag(request, run_body(row), f'"{row.version}"', JSON)

    @router.post(
        f"/{{{kind.name}_id}}/cancel",
        status_code=202,
        description=kind.cancel,
        responses={
            202: {"model": kind.shape, "description": "Its cores are free."},
            **problems(403, 404, 409, 422, 503, 507),
        },
    )
    async def cancel(request: Request, here: Here, one: str = id_of_one) -> Response:
        _refuse_others(request, await here.runs.get(one))
        return Response(run_body(await here.runs.cancel(one)), 202, media_type=JSON)

    @router.delete(
        f"/{{{kind.name}_id}}",
        status_code=204,
        description=f"Remove a finished {kind.name} with all its files.",
        response_class=Response,
        responses={204: {"description": "It is gone, with all its files."}, **problems(403, 404, 409, 422, 503, 507)},
    )
    async def delete(request: Request, here: Here, one: str = id_of_one) -> Response:
        _refuse_others(request, await here.runs.get(one))
        await here.runs.delete(one)
        return Response(status_code=204)

    @router.get(
        f"/{{{kind.name}_id}}/events",
        description=f"Follow a {kind.name}. Each event holds the whole state, so that none needs those before it.",
        response_class=StreamingResponse,
        responses=FOLLOWING,
    )
    async def events(here: Here, one: str = id_of_one, last_event_id: LastEventHeader = None) -> Response:
        return await followed(here, one, last_event_id)

    @router.get(
        f"/{{{kind.name}_id}}/manifest",
        description="Everything the result depends on: the resolved request, seed, versions, sources, assumptions.",
        response_class=Response,
        responses=ranged("The manifest.", {JSON: {"schema": {"type": "object"}}}),
    )
    async def manifest(request: Request, here: Here, one: str = id_of_one) -> Response:
        return file_answer(request, await result_of(here, one) / "manifest.json", JSON)

    return router


async def result_of(here: Server, run: str) -> Path:
    """Return the result folder of a run, or answer that it has none."""
    row = await here.runs.get(run)
    if row.status != "succeeded":
        raise Problem("not-finished", f"The run is {row.status}; it has no result.")
    return here.runs.folder.result(run)


def body_of(schema: dict[str, Any], example: dict[str, Any]) -> dict[str, Any]:
    """Return the description of a body that a route reads itself."""
    return {"requestBody": {"required": True, "content": {JSON: {"schema": schema, "example": example}}}}


async def body(request: Request, here: Server) -> dict[str, Any]:
    """Return the JSON object in the body of a request."""
    return read_json(await request.body(), here.limits)


def take_reuse(asked: dict[str, Any]) -> bool:
    """Take out of a request whether an identical run may be given."""
    reuse = asked.pop("reuse", True)
    if not isinstance(reuse, bool):
        raise ConfigError([Finding("reuse", value_text(reuse), "not true or false", "Write true or false.")])
    return reuse


def _submitting(shape: type[Shape]) -> dict[int | str, dict[str, Any]]:
    """Return the description of answers to a submission."""
    taken = {
        "model": shape,
        "description": "Accepted and stored; or an identical one that is there already.",
        "headers": {"Location": {"description": "Where it is.", "schema": {"type": "string"}}},
    }
    return {202: taken, **problems(403, 409, 413, 415, 422, 429, 503, 507)}


def _refuse_others(request: Request, row: Row) -> None:
    """Refuse to touch a run of another key."""
    if row.owner != request.state.owner and not allows(request.state.scope, "admin"):
        raise Problem("forbidden", "The run was submitted with another key.")


def _cursor(seq: int) -> str:
    return base64.urlsafe_b64encode(f"r{seq}".encode()).decode().rstrip("=")


def _number(cursor: str) -> int:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        if text[:1] == "r" and text[1:].isdigit() and len(text) < 20:
            return int(text[1:])
    except (ValueError, binascii.Error):
        pass
    raise Problem("invalid", "This is not a cursor. Use `next` of the previous page, unchanged.")
