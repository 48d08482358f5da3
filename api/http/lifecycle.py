"""What runs and studies have in common over HTTP: taken, listed, seen, followed, cancelled, removed."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import AsyncIterator
from typing import Any

from fastapi import Request
from starlette.responses import Response, StreamingResponse

from api.http.answers import (
    JSON,
    as_problem,
    base_of,
    json_answer,
    problems,
    run_body,
    run_document,
    with_tag,
)
from api.http.bodies import read_json
from api.http.context import Server
from api.http.keys import allows
from api.http.problems import Problem
from api.http.schemas import Shape
from api.service.queue.admission import Refused
from api.service.store import FINISHED, Row
from gates.findings import ConfigError, Finding, value_text

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
DELETING = {204: {"description": "Gone, with all its files."}, **problems(403, 404, 409, 422, 503, 507)}
FOLLOWING: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Server-sent events `state`, `progress` and `end`; each holds the whole state.",
        "content": {EVENT_STREAM: {"schema": EVENT_SCHEMA}},
    },
    204: {"description": "It is finished and the asker knows its end."},
    **problems(404, 422, 503, 507),
}
_WAIT = re.compile(r"(?:^|[,;\s])wait=(\d{1,4})(?:$|[,;\s])")


def submitting(shape: type[Shape]) -> dict[int | str, dict[str, Any]]:
    """Return the description of answers to a submission."""
    taken = {
        "model": shape,
        "description": "Taken, and safe from now on; or there already.",
        "headers": {"Location": {"description": "Where it is.", "schema": {"type": "string"}}},
    }
    return {202: taken, **problems(403, 409, 413, 415, 422, 429, 503, 507)}


def cancelling(shape: type[Shape]) -> dict[int | str, dict[str, Any]]:
    """Return the description of answers to the wish to stop."""
    return {202: {"model": shape, "description": "Its cores are free."}, **problems(403, 404, 409, 422, 503, 507)}


async def submitted(request: Request, here: Server, kind: str, key: str | None) -> Response:
    """Take what is asked, or give what is there already."""
    asked = await asked_of(request, here)
    owner = request.state.owner
    try:
        reuse = taken_reuse(asked)
        row, reused = await here.runs.submit(asked, kind=kind, owner=owner, key=key, reuse=reuse)
    except (ConfigError, Refused) as error:
        raise as_problem(error) from None
    headers = {"Location": base_of(row), "Cache-Control": "no-store"}
    return json_answer({**run_document(row), "reused": reused}, 202, headers)


async def listed(
    here: Server, kind: str, limit: int, cursor: str | None, status: str | None, gate: str | None
) -> Response:
    """List some, the newest first."""
    before = None if cursor is None else _number(cursor)
    try:
        rows = await here.runs.page(kind, limit + 1, before, status, gate)
    except Refused as error:
        raise as_problem(error) from None
    shown = rows[:limit]
    following = _cursor(shown[-1].seq) if len(rows) > limit else None
    items = [run_document(row) for row in shown]
    return json_answer({"items": items, "next": following}, headers={"Cache-Control": "no-cache"})


async def seen(request: Request, here: Server, name: str, prefer: str | None) -> Response:
    """Tell how one is; with `Prefer: wait`, once it is finished or the time is over."""
    row = here.runs.at_hand(name)
    if row is None:
        row = await found(here, name)
    wait = _WAIT.search(prefer) if prefer else None
    if wait and row.status not in FINISHED:
        row = await here.runs.ended(name, min(float(wait[1]), LONGEST_WAIT_S))
    return with_tag(request, run_body(row), f'"{row.version}"', JSON)


async def cancelled(request: Request, here: Server, name: str) -> Response:
    """Stop one."""
    _refuse_others(request, await found(here, name))
    try:
        row = await here.runs.cancel(name)
    except Refused as error:
        raise as_problem(error) from None
    return Response(run_body(row), 202, media_type=JSON)


async def deleted(request: Request, here: Server, name: str) -> Response:
    """Remove one with all its files."""
    _refuse_others(request, await found(here, name))
    try:
        await here.runs.delete(name)
    except Refused as error:
        raise as_problem(error) from None
    return Response(status_code=204)


async def followed(here: Server, name: str, last_event_id: str | None) -> Response:
    """Tell each change as a server-sent event."""
    row = await found(here, name)
    known = last_event_id.isascii() and last_event_id.isdigit() if last_event_id else False
    after = int(last_event_id[:9]) if known and last_event_id else 0
    if row.status in FINISHED and after >= row.version:
        return Response(status_code=204)
    if here.streams >= here.limits.streams:
        raise Problem("unavailable", f"{here.streams} event streams are open. Ask for the state itself instead.")
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return StreamingResponse(_told(here, name, after), media_type=EVENT_STREAM, headers=headers)


async def _told(here: Server, run: str, after: int) -> AsyncIterator[bytes]:
    """Yield the changes of a run as server-sent events, and a sign of life when there are none."""
    here.streams += 1
    status = ""
    try:
        yield f"retry: {RETRY_MS}\n\n".encode()
        async for row in here.runs.events(run, after):
            if row is None:
                yield b": still here\n\n"
                continue
            name = "end" if row.status in FINISHED else "progress" if row.status == status else "state"
            status = row.status
            yield b"id: %d\nevent: %s\ndata: %s\n\n" % (row.version, name.encode(), run_body(row))
    except Refused:
        return  # it was removed meanwhile
    finally:
        here.streams -= 1


async def found(here: Server, run_id: str) -> Row:
    """Return a run or a study, or answer that there is none."""
    try:
        return await here.runs.get(run_id)
    except Refused as error:
        raise as_problem(error) from None


async def asked_of(request: Request, here: Server) -> dict[str, Any]:
    """Return the JSON object in the body of a request."""
    return read_json(await request.body(), here.limits)


def taken_reuse(asked: dict[str, Any]) -> bool:
    """Take out of what is asked whether another run may be given."""
    reuse = asked.pop("reuse", True)
    if not isinstance(reuse, bool):
        raise ConfigError([Finding("reuse", value_text(reuse), "not true or false", "Write true or false.")])
    return reuse


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
