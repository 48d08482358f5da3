"""Routes of runs: submit, list, see, follow, cancel, delete."""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Request
from starlette.responses import Response, StreamingResponse

from api.http.answers import JSON, ROOT, as_problem, json_answer, problems, run_body, run_document, with_tag
from api.http.bodies import read_json
from api.http.context import Here, Server
from api.http.keys import allows
from api.http.problems import Problem, document
from api.http.schemas import PageShape, RunShape, Status, SubmittedShape, ValidationShape
from api.service.runs import Refused
from api.service.store import FINISHED, Row
from experiments.request import RunRequest
from gates.findings import ConfigError, Finding, value_text

router = APIRouter(prefix=ROOT)

HEARTBEAT_S = 15.0
RETRY_MS = 2000
LONGEST_WAIT_S = 60.0
EVENT_STREAM = "text/event-stream"
EVENT_SCHEMA = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "event": {"enum": ["state", "progress", "end"]},
        "data": {"type": "string", "contentMediaType": JSON},
        "retry": {"type": "integer"},
    },
}
_WAIT = re.compile(r"(?:^|[,;\s])wait=(\d{1,4})(?:$|[,;\s])")

RunIdPath = Annotated[str, Path(pattern=r"^run_[0-9a-f]{16}$", examples=["run_0123456789abcdef"])]
EXAMPLE = {"gate": "friendship-pass", "days": 30, "warmup_days": 7, "replications": 20, "seed": 1}


def body_of(schema: dict[str, Any], example: dict[str, Any]) -> dict[str, Any]:
    """Return the description of a body that a route reads itself."""
    return {"requestBody": {"required": True, "content": {JSON: {"schema": schema, "example": example}}}}


def run_schema(*, with_reuse: bool) -> dict[str, Any]:
    """Return the JSON Schema of what is asked when a run is submitted."""
    schema = RunRequest.model_json_schema()
    if with_reuse:
        sentence = "Whether an identical run that is there already may be given instead."
        schema["properties"]["reuse"] = {"type": "boolean", "default": True, "title": "Reuse", "description": sentence}
    return schema


async def asked_of(request: Request, here: Server) -> dict[str, Any]:
    """Return the JSON object in the body of a request."""
    return read_json(await request.body(), here.limits.json_depth)


@router.post(
    "/runs",
    status_code=202,
    tags=["runs"],
    responses={
        202: {
            "model": SubmittedShape,
            "description": "Taken, and safe from now on; or there already.",
            "headers": {"Location": {"description": "Where the run is.", "schema": {"type": "string"}}},
        },
        **problems(403, 409, 413, 415, 422, 429, 503, 507),
    },
    openapi_extra=body_of(run_schema(with_reuse=True), EXAMPLE),
)
async def submit(
    request: Request,
    here: Here,
    idempotency_key: Annotated[
        str | None,
        Header(
            pattern=r"^[\x21-\x7e]{1,255}$",
            description="The same key with the same body gives the same run, for a day.",
        ),
    ] = None,
) -> Response:
    """Submit a run. An identical run that is there already is given instead, unless `reuse` is false."""
    asked = await asked_of(request, here)
    owner = request.state.owner
    try:
        reuse = _reuse(asked)
        row, reused = await here.runs.submit(asked, owner=owner, key=idempotency_key, reuse=reuse)
    except (ConfigError, Refused) as error:
        raise as_problem(error) from None
    headers = {"Location": f"{ROOT}/runs/{row.id}", "Cache-Control": "no-store"}
    return json_answer({**run_document(row), "reused": reused}, 202, headers)


@router.post(
    "/validate",
    tags=["runs"],
    responses={200: {"model": ValidationShape}, **problems(403, 413, 415, 503)},
    openapi_extra=body_of({"type": "object", "description": "What may be a run; see the schema of `run`."}, EXAMPLE),
)
async def validate(request: Request, here: Here) -> Response:
    """Check a run without submitting it: every finding, or what it will cost."""
    asked = await asked_of(request, here)
    answer: dict[str, Any] = {"valid": False, "findings": [], "predicted": None, "accepted": False, "refusal": None}
    try:
        _reuse(asked)
        _, cost = await here.runs.examine(asked)
        predicted = cost._asdict()
        predicted.pop("replication_seconds")
        answer |= {"valid": True, "predicted": predicted}
        here.runs.refuse_what_is_too_large(cost)
        answer["accepted"] = True
    except ConfigError as error:
        answer["findings"] = document("invalid", "", error.findings)["findings"]
    except Refused as error:
        found = document("invalid", "", error.findings)["findings"]
        answer |= {"findings": found, "refusal": error.detail}
    return json_answer(answer, headers={"Cache-Control": "no-store"})


def _reuse(asked: dict[str, Any]) -> bool:
    """Take out of what is asked whether another run may be given."""
    reuse = asked.pop("reuse", True)
    if not isinstance(reuse, bool):
        raise ConfigError([Finding("reuse", value_text(reuse), "not true or false", "Write true or false.")])
    return reuse


@router.get("/runs", tags=["runs"], responses={200: {"model": PageShape}, **problems(422, 503, 507)})
async def page(
    here: Here,
    status: Annotated[Status | None, Query(description="Only those in this state.")] = None,
    gate: Annotated[str | None, Query(max_length=80, description="Only those of this gate.")] = None,
    limit: Annotated[int, Query(ge=1, le=100, description="Most entries.")] = 20,
    cursor: Annotated[str | None, Query(max_length=40, description="`next` of the page before.")] = None,
) -> Response:
    """List runs, the newest first."""
    before = None if cursor is None else _number(cursor)
    try:
        rows = await here.runs.page("run", limit + 1, before, status, gate)
    except Refused as error:
        raise as_problem(error) from None
    shown = rows[:limit]
    following = _cursor(shown[-1].seq) if len(rows) > limit else None
    items = [run_document(row) for row in shown]
    return json_answer({"items": items, "next": following}, headers={"Cache-Control": "no-cache"})


@router.get(
    "/runs/{run_id}",
    tags=["runs"],
    responses={200: {"model": RunShape}, 304: {"description": "As the asker has it."}, **problems(404, 422, 503, 507)},
)
async def see(
    request: Request,
    here: Here,
    run_id: RunIdPath,
    prefer: Annotated[
        str | None, Header(description="`wait=30` answers once the run is finished, or after 30 s.")
    ] = None,
) -> Response:
    """See how a run is."""
    row = here.runs.at_hand(run_id)
    if row is None:
        row = await found(here, run_id)
    wait = _WAIT.search(prefer) if prefer else None
    if wait and row.status not in FINISHED:
        row = await here.runs.changed(run_id, row.version, min(float(wait[1]), LONGEST_WAIT_S))
    return with_tag(request, run_body(row), f'"{row.version}"', JSON)


@router.post(
    "/runs/{run_id}/cancel",
    status_code=202,
    tags=["runs"],
    responses={
        202: {"model": RunShape, "description": "Its cores are free."},
        **problems(403, 404, 409, 422, 503, 507),
    },
)
async def cancel(request: Request, here: Here, run_id: RunIdPath) -> Response:
    """Stop a run. To ask again does no harm."""
    _refuse_others(request, await found(here, run_id))
    try:
        row = await here.runs.cancel(run_id)
    except Refused as error:
        raise as_problem(error) from None
    return Response(run_body(row), 202, media_type=JSON)


@router.delete(
    "/runs/{run_id}",
    status_code=204,
    tags=["runs"],
    response_class=Response,
    responses={204: {"description": "Gone, with all its files."}, **problems(403, 404, 409, 422, 503, 507)},
)
async def delete(request: Request, here: Here, run_id: RunIdPath) -> Response:
    """Remove a finished run with all its files."""
    _refuse_others(request, await found(here, run_id))
    try:
        await here.runs.delete(run_id)
    except Refused as error:
        raise as_problem(error) from None
    return Response(status_code=204)


@router.get(
    "/runs/{run_id}/events",
    tags=["runs"],
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Server-sent events `state`, `progress` and `end`; each holds the whole run.",
            "content": {EVENT_STREAM: {"schema": EVENT_SCHEMA}},
        },
        204: {"description": "The run is finished and the asker knows its end."},
        **problems(404, 422, 503, 507),
    },
)
async def events(
    here: Here,
    run_id: RunIdPath,
    last_event_id: Annotated[str | None, Header(description="Number of the last event seen.")] = None,
) -> Response:
    """Follow a run. No event is lost for good: each holds all that those before it said."""
    row = await found(here, run_id)
    known = last_event_id.isascii() and last_event_id.isdigit() if last_event_id else False
    after = int(last_event_id[:9]) if known and last_event_id else 0
    if row.status in FINISHED and after >= row.version:
        return Response(status_code=204)
    if here.streams >= here.limits.streams:
        raise Problem("unavailable", f"{here.streams} event streams are open. Ask for the run itself instead.")
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return StreamingResponse(_told(here, run_id, after), media_type=EVENT_STREAM, headers=headers)


async def _told(here: Server, run: str, after: int) -> AsyncIterator[bytes]:
    """Yield the changes of a run as server-sent events, and a sign of life when there are none."""
    here.streams += 1
    following = here.runs.events(run, after)
    coming: asyncio.Task[Row] | None = None
    status = ""
    try:
        yield f"retry: {RETRY_MS}\n\n".encode()
        while True:
            coming = coming or asyncio.ensure_future(anext(following))
            done, _ = await asyncio.wait({coming}, timeout=HEARTBEAT_S)
            if not done:
                yield b": still here\n\n"
                continue
            try:
                row = coming.result()
            except StopAsyncIteration:
                return
            coming = None
            name = "end" if row.status in FINISHED else "progress" if row.status == status else "state"
            status = row.status
            yield b"id: %d\nevent: %s\ndata: %s\n\n" % (row.version, name.encode(), run_body(row))
    finally:
        here.streams -= 1
        if coming is not None:
            coming.cancel()


async def found(here: Server, run_id: str) -> Row:
    """Return a run, or answer that there is none."""
    try:
        return await here.runs.get(run_id)
    except Refused as error:
        raise as_problem(error) from None


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
    raise Problem("invalid", "This is no cursor. Use `next` of the page before, as it is.")
