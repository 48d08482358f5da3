"""Routes that runs and studies share: submit, list, see, follow, cancel, delete, and the manifest."""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Query, Request
from starlette.responses import Response, StreamingResponse

from api.http.answers import (
    JSON,
    KNOWN,
    ROOT,
    archive_answer,
    base_of,
    file_answer,
    json_answer,
    problems,
    ranged,
    refuse_unmatched,
    run_body,
    run_document,
    with_tag,
)
from api.http.bodies import read_json
from api.http.context import Here, Server, Who
from api.http.events import FOLLOWING, followed
from api.http.problems import Problem
from api.http.routes.parameters import (
    CursorQuery,
    GateQuery,
    IdempotencyHeader,
    IfMatchHeader,
    LastEventHeader,
    LimitQuery,
    MomentQuery,
    NameQuery,
    OwnerQuery,
    PreferHeader,
    SortQuery,
    TagQuery,
    id_path,
    moment,
)
from api.http.schemas import Shape, Status
from api.service.labels import NOTHING, SCHEMA, Label, in_columns, read_label
from api.service.security.access import Access
from api.service.store import FINISHED
from api.service.store.rows import Filter
from api.service.submission import PRIORITIES, Submission
from experiments.result_folder import MANIFEST, resized_files
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
    async def submit(request: Request, here: Here, who: Who, idempotency_key: IdempotencyHeader = None) -> Response:
        sent = await body(request, here)
        options = take_options(sent)
        submission = Submission(sent, kind.name, who, key=idempotency_key, **options._asdict())
        row, reused = await here.runs.submit(submission)
        headers = {"Location": base_of(row), "Cache-Control": "no-store"}
        return json_answer({**run_document(row), "reused": reused}, 202, headers)

    @router.get(
        "",
        description=f"List {kind.plural}, the newest first unless told otherwise.",
        responses={200: {"model": kind.page}, **problems(422, 503, 507)},
    )
    async def page(
        here: Here,
        who: Who,
        status: Annotated[list[Status] | None, Query(max_length=5, description="Only those in these states.")] = None,
        gate: GateQuery = None,
        owner: OwnerQuery = None,
        name: NameQuery = None,
        tag: TagQuery = None,
        created_from: MomentQuery = None,
        created_to: MomentQuery = None,
        sort: SortQuery = "newest",
        count: Annotated[bool, Query(description="Whether `total` says how many there are on all pages.")] = False,
        limit: LimitQuery = 20,
        cursor: CursorQuery = None,
    ) -> Response:
        tags = tuple(in_columns((each,)) for each in tag or ())
        since, until = moment(created_from, "created_from"), moment(created_to, "created_to")
        wanted = Filter(kind.name, tuple(status or ()), gate, owner, name, tags, since, until)
        after = None if cursor is None else _number(cursor)
        rows = await here.runs.page(who, wanted, limit + 1, after, oldest_first=sort == "oldest")
        following = _cursor(rows[limit - 1].seq) if len(rows) > limit else None
        total = await here.runs.count(who, wanted) if count else None
        answer = {"items": [run_document(row) for row in rows[:limit]], "next": following, "total": total}
        return json_answer(answer, headers={"Cache-Control": "no-cache"})

    @router.get(
        f"/{{{kind.name}_id}}",
        description=f"Get the state of a {kind.name}.",
        responses={200: {"model": kind.shape}, **KNOWN, **problems(404, 422, 503, 507)},
    )
    async def see(
        request: Request, here: Here, who: Who, one: str = id_of_one, prefer: PreferHeader = None
    ) -> Response:
        row = await here.runs.get(who, one)
        wait = _WAIT.search(prefer) if prefer else None
        if wait and row.status not in FINISHED:
            row = await here.runs.ended(who, one, min(float(wait[1]), LONGEST_WAIT_S))
        return with_tag(request, run_body(row), f'"{row.version}"', JSON)

    @router.post(
        f"/{{{kind.name}_id}}/cancel",
        status_code=202,
        description=kind.cancel,
        responses={
            202: {"model": kind.shape, "description": "Its cores are free."},
            **problems(403, 404, 409, 412, 422, 503, 507),
        },
    )
    async def cancel(here: Here, who: Who, one: str = id_of_one, if_match: IfMatchHeader = None) -> Response:
        await refuse_if_changed(here, who, one, if_match)
        return Response(run_body(await here.runs.cancel(who, one)), 202, media_type=JSON)

    @router.delete(
        f"/{{{kind.name}_id}}",
        status_code=204,
        description=f"Remove a finished {kind.name} with all its files.",
        response_class=Response,
        responses={
            204: {"description": "It is gone, with all its files."},
            **problems(403, 404, 409, 412, 422, 503, 507),
        },
    )
    async def delete(here: Here, who: Who, one: str = id_of_one, if_match: IfMatchHeader = None) -> Response:
        await refuse_if_changed(here, who, one, if_match)
        await here.runs.delete(who, one)
        return Response(status_code=204)

    @router.patch(
        f"/{{{kind.name}_id}}",
        description=f"Write a name, tags or a note on a {kind.name}. What is left out stays, and null removes.",
        responses={200: {"model": kind.shape}, **problems(403, 404, 412, 413, 415, 422, 503, 507)},
        openapi_extra=body_of(SCHEMA, {"name": "Five more bays", "tags": ["2026", "bays"]}),
    )
    async def relabel(
        request: Request, here: Here, who: Who, one: str = id_of_one, if_match: IfMatchHeader = None
    ) -> Response:
        written = await body(request, here)
        read_label(written, place="body")  # what can never be written is said first
        await refuse_if_changed(here, who, one, if_match)
        return Response(run_body(await here.runs.relabel(who, one, written)), media_type=JSON)

    @router.get(
        f"/{{{kind.name}_id}}/archive",
        description=f"All files of the result of a {kind.name} in one ZIP file, as `bordergate` reads them.",
        response_class=StreamingResponse,
        responses={
            200: {"description": "The files.", "content": {"application/zip": {}}},
            **KNOWN,
            **problems(404, 409, 410, 412, 422, 503, 507),
        },
    )
    async def archive(request: Request, here: Here, who: Who, one: str = id_of_one) -> Response:
        return archive_answer(request, await result_of(here, who, one), one)

    @router.get(
        f"/{{{kind.name}_id}}/events",
        description=f"Follow a {kind.name}. Each event holds the whole state, so that none needs those before it.",
        response_class=StreamingResponse,
        responses=FOLLOWING,
    )
    async def events(here: Here, who: Who, one: str = id_of_one, last_event_id: LastEventHeader = None) -> Response:
        return await followed(here, who, one, last_event_id)

    @router.get(
        f"/{{{kind.name}_id}}/manifest",
        description="Everything the result depends on: the resolved request, seed, versions, sources, assumptions.",
        response_class=Response,
        responses=ranged("The manifest.", {JSON: {"schema": {"type": "object"}}}),
    )
    async def manifest(request: Request, here: Here, who: Who, one: str = id_of_one) -> Response:
        return file_answer(request, await result_of(here, who, one) / "manifest.json", JSON)

    return router


async def refuse_if_changed(here: Server, who: Access, run: str, if_match: str | None) -> None:
    """Answer that a run has changed, if the client asks for the version that it knows."""
    if if_match is not None:
        refuse_unmatched(if_match, f'"{(await here.runs.get(who, run)).version}"')


async def result_of(here: Server, who: Access, run: str) -> Path:
    """Return the result folder of a run, or answer that it does not have one."""
    row = await here.runs.get(who, run)
    if row.status != "succeeded":
        raise Problem("not-finished", f"The run is {row.status}; it does not have a result.")
    folder = here.runs.folder.result(run)
    if not (folder / MANIFEST).is_file():
        again = await here.runs.get(who, run)  # it may have been deleted at this moment
        raise Problem("damaged", f"Its files are gone. Delete the {again.kind} and submit it again.")
    if broken := await asyncio.to_thread(resized_files, folder):
        raise Problem("damaged", f"{', '.join(broken[:3])}: missing or cut. Delete the {row.kind} and submit it again.")
    return folder


def body_of(schema: dict[str, Any], example: dict[str, Any]) -> dict[str, Any]:
    """Return the description of a body that a route reads itself."""
    return {"requestBody": {"required": True, "content": {JSON: {"schema": schema, "example": example}}}}


async def body(request: Request, here: Server) -> dict[str, Any]:
    """Return the JSON object in the body of a request."""
    return read_json(await request.body(), here.limits)


class Options(NamedTuple):
    """What a request says beside the run or the study."""

    reuse: bool
    project: str | None
    priority: str
    label: Label
    notify: str | None


def take_options(sent: dict[str, Any]) -> Options:
    """Take the options out of a request.

    Raises
    ------
    ConfigError
        If they cannot be used.
    """
    reuse, project, priority = sent.pop("reuse", True), sent.pop("project", None), sent.pop("priority", "normal")
    notify = sent.pop("notify", None)
    findings, label = [], NOTHING
    try:
        label = read_label(sent.pop("label", None))
    except ConfigError as error:
        findings += error.findings
    if not isinstance(reuse, bool):
        findings.append(Finding("reuse", value_text(reuse), "not true or false", "Write true or false."))
    if not isinstance(notify, str | None):
        findings.append(Finding("notify", value_text(notify), "not a text", "Write an address: https://HOST/PATH."))
    if not isinstance(project, str | None):
        findings.append(Finding("project", value_text(project), "not a text", "Write the name of a project."))
    if not isinstance(priority, str) or priority not in PRIORITIES:
        remedy = f"Write one of {', '.join(PRIORITIES)}."
        findings.append(Finding("priority", value_text(priority), "not a priority", remedy))
    if findings:
        raise ConfigError(findings)
    return Options(reuse, project, priority, label, notify)


def _submitting(shape: type[Shape]) -> dict[int | str, dict[str, Any]]:
    """Return the description of answers to a submission."""
    accepted = {
        "model": shape,
        "description": "Accepted and stored; or an identical one that exists already.",
        "headers": {"Location": {"description": "Where it is.", "schema": {"type": "string"}}},
    }
    return {202: accepted, **problems(403, 409, 413, 415, 422, 429, 503, 507)}


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
