"""Routes of runs: submit, list, see, follow, cancel, delete."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Request
from starlette.responses import Response, StreamingResponse

from api.http.answers import JSON, ROOT, json_answer, problems
from api.http.context import Here
from api.http.lifecycle import (
    DELETING,
    FOLLOWING,
    asked_of,
    cancelled,
    cancelling,
    deleted,
    followed,
    listed,
    seen,
    submitted,
    submitting,
    taken_reuse,
)
from api.http.problems import document
from api.http.schemas import (
    PageShape,
    RunShape,
    Status,
    SubmittedShape,
    ValidationShape,
)
from api.service.queue.admission import Refused
from experiments.runs.request import RunRequest
from gates.findings import ConfigError

router = APIRouter(prefix=ROOT)

RunIdPath = Annotated[str, Path(pattern=r"^run_[0-9a-f]{16}$", examples=["run_0123456789abcdef"])]
IdempotencyHeader = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{1,255}$",
        description="The same key with the same body gives the same, for a day.",
    ),
]
PreferHeader = Annotated[
    str | None, Header(alias="Prefer", description="`wait=30` answers once it is finished, or after 30 s.")
]
LastEventHeader = Annotated[str | None, Header(alias="Last-Event-ID", description="Number of the last event seen.")]
LimitQuery = Annotated[int, Query(ge=1, le=100, description="Most entries.")]
CursorQuery = Annotated[str | None, Query(max_length=40, description="`next` of the page before.")]
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


@router.post(
    "/runs",
    status_code=202,
    tags=["runs"],
    responses=submitting(SubmittedShape),
    openapi_extra=body_of(run_schema(with_reuse=True), EXAMPLE),
)
async def submit(
    request: Request,
    here: Here,
    idempotency_key: IdempotencyHeader = None,
) -> Response:
    """Submit a run. An identical run that is there already is given instead, unless `reuse` is false."""
    return await submitted(request, here, "run", idempotency_key)


@router.post(
    "/validate",
    tags=["runs"],
    responses={200: {"model": ValidationShape}, **problems(403, 413, 415, 422, 503)},
    openapi_extra=body_of({"type": "object", "description": "What may be a run; see the schema of `run`."}, EXAMPLE),
)
async def validate(request: Request, here: Here) -> Response:
    """Check a run without submitting it: every finding, or what it will cost."""
    asked = await asked_of(request, here)
    answer: dict[str, Any] = {"valid": False, "findings": [], "predicted": None, "accepted": False, "refusal": None}
    try:
        taken_reuse(asked)
        _, cost = await here.runs.examiner.examine(asked)
        predicted = cost._asdict()
        predicted.pop("replication_seconds")
        answer |= {"valid": True, "predicted": predicted}
        here.runs.examiner.refuse_what_is_too_large(cost)
        answer["accepted"] = True
    except ConfigError as error:
        answer["findings"] = document("invalid", "", error.findings)["findings"]
    except Refused as error:
        found = document("invalid", "", error.findings)["findings"]
        answer |= {"findings": found, "refusal": error.detail}
    return json_answer(answer, headers={"Cache-Control": "no-store"})


@router.get("/runs", tags=["runs"], responses={200: {"model": PageShape}, **problems(422, 503, 507)})
async def page(
    here: Here,
    status: Annotated[Status | None, Query(description="Only those in this state.")] = None,
    gate: Annotated[str | None, Query(max_length=80, description="Only those of this gate.")] = None,
    limit: LimitQuery = 20,
    cursor: CursorQuery = None,
) -> Response:
    """List runs, the newest first."""
    return await listed(here, "run", limit, cursor, status, gate)


@router.get(
    "/runs/{run_id}",
    tags=["runs"],
    responses={200: {"model": RunShape}, 304: {"description": "As the asker has it."}, **problems(404, 422, 503, 507)},
)
async def see(
    request: Request,
    here: Here,
    run_id: RunIdPath,
    prefer: PreferHeader = None,
) -> Response:
    """See how a run is."""
    return await seen(request, here, run_id, prefer)


@router.post(
    "/runs/{run_id}/cancel",
    status_code=202,
    tags=["runs"],
    responses=cancelling(RunShape),
)
async def cancel(request: Request, here: Here, run_id: RunIdPath) -> Response:
    """Stop a run. To ask again does no harm."""
    return await cancelled(request, here, run_id)


@router.delete(
    "/runs/{run_id}",
    status_code=204,
    tags=["runs"],
    response_class=Response,
    responses=DELETING,
)
async def delete(request: Request, here: Here, run_id: RunIdPath) -> Response:
    """Remove a finished run with all its files."""
    return await deleted(request, here, run_id)


@router.get(
    "/runs/{run_id}/events",
    tags=["runs"],
    response_class=StreamingResponse,
    responses=FOLLOWING,
)
async def events(
    here: Here,
    run_id: RunIdPath,
    last_event_id: LastEventHeader = None,
) -> Response:
    """Follow a run. No event is lost for good: each holds all that those before it said."""
    return await followed(here, run_id, last_event_id)
