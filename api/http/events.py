"""The changes of a run as server-sent events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from starlette.responses import Response, StreamingResponse

from api.http.answers import JSON, problems, run_body
from api.http.context import Server
from api.http.problems import Problem
from api.service.queue.admission import Refused
from api.service.security.access import Access
from api.service.store import FINISHED

RETRY_MS = 2000
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
FOLLOWING: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Server-sent events `state`, `progress` and `end`; each holds the whole state.",
        "content": {EVENT_STREAM: {"schema": EVENT_SCHEMA}},
    },
    204: {"description": "It is finished and the client has its last event."},
    **problems(404, 422, 503, 507),
}


async def followed(here: Server, access: Access, run: str, last_event_id: str | None) -> Response:
    """Tell each change as a server-sent event."""
    row = await here.runs.get(access, run)
    is_number = last_event_id is not None and last_event_id.isascii() and last_event_id.isdigit()
    after = int(last_event_id[:9]) if is_number and last_event_id else 0
    if row.status in FINISHED and after >= row.version:
        return Response(status_code=204)
    if here.streams >= here.limits.streams:
        raise Problem("unavailable", f"{here.streams} event streams are open. Request the state itself instead.")
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return StreamingResponse(_events(here, access, run, after), media_type=EVENT_STREAM, headers=headers)


async def _events(here: Server, access: Access, run: str, after: int) -> AsyncIterator[bytes]:
    """Yield the changes of a run, and a sign of life when there are none."""
    here.streams += 1
    status = ""
    try:
        yield f"retry: {RETRY_MS}\n\n".encode()
        async for row in here.runs.events(access, run, after):
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
