"""Routes of studies: scenarios compared with the same luck, and what came out."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response, StreamingResponse

from api.http.answers import (
    A_DAY_S,
    JSON,
    KNOWN,
    ROOT,
    as_body,
    file_answer,
    problems,
    ranged,
    report_answer,
    tagged,
)
from api.http.context import Here
from api.http.lifecycle import (
    DELETING,
    FOLLOWING,
    cancelled,
    cancelling,
    deleted,
    followed,
    listed,
    seen,
    submitted,
    submitting,
)
from api.http.problems import Problem
from api.http.routes.results import (
    CSV,
    FORMS,
    MANIFEST,
    PARQUET,
    REPORT,
    form_of,
    read,
    result_of,
)
from api.http.routes.runs import (
    CursorQuery,
    IdempotencyHeader,
    LastEventHeader,
    LimitQuery,
    PreferHeader,
    body_of,
)
from api.http.schemas import (
    Status,
    StudyPageShape,
    StudyShape,
    SubmittedStudyShape,
    TableShape,
    TablesShape,
)
from api.service import reading

router = APIRouter(prefix=ROOT, tags=["studies"])

StudyIdPath = Annotated[str, Path(pattern=r"^study_[0-9a-f]{16}$", examples=["study_0123456789abcdef"])]
EXAMPLE = {
    "name": "lanes",
    "question": "What do more kiosk lanes bring?",
    "gate": "friendship-pass",
    "days": 14,
    "replications": 10,
    "scenarios": [{"name": "more-lanes", "upgrades": ["kiosk-lanes"]}],
}
ABOUT = {"type": "object", "description": "What a study file says; the schema of `study` describes it."}


@router.post(
    "/studies",
    status_code=202,
    responses=submitting(SubmittedStudyShape),
    openapi_extra=body_of(ABOUT, EXAMPLE),
)
async def submit(request: Request, here: Here, idempotency_key: IdempotencyHeader = None) -> Response:
    """Submit a study: what a study file says, as JSON. An identical one is given instead, unless `reuse` is false."""
    return await submitted(request, here, "study", idempotency_key)


@router.get("/studies", responses={200: {"model": StudyPageShape}, **problems(422, 503, 507)})
async def page(
    here: Here,
    status: Annotated[Status | None, Query(description="Only those in this state.")] = None,
    gate: Annotated[str | None, Query(max_length=80, description="Only those of this gate.")] = None,
    limit: LimitQuery = 20,
    cursor: CursorQuery = None,
) -> Response:
    """List studies, the newest first."""
    return await listed(here, "study", limit, cursor, status, gate)


@router.get("/studies/{study_id}", responses={200: {"model": StudyShape}, **KNOWN, **problems(404, 422, 503, 507)})
async def see(request: Request, here: Here, study_id: StudyIdPath, prefer: PreferHeader = None) -> Response:
    """See how a study is."""
    return await seen(request, here, study_id, prefer)


@router.post(
    "/studies/{study_id}/cancel",
    status_code=202,
    responses=cancelling(StudyShape),
)
async def cancel(request: Request, here: Here, study_id: StudyIdPath) -> Response:
    """Stop a study; replications that are finished are found again by the next one that needs them."""
    return await cancelled(request, here, study_id)


@router.delete(
    "/studies/{study_id}",
    status_code=204,
    response_class=Response,
    responses=DELETING,
)
async def delete(request: Request, here: Here, study_id: StudyIdPath) -> Response:
    """Remove a finished study with all its files."""
    return await deleted(request, here, study_id)


@router.get(
    "/studies/{study_id}/events",
    response_class=StreamingResponse,
    responses=FOLLOWING,
)
async def events(here: Here, study_id: StudyIdPath, last_event_id: LastEventHeader = None) -> Response:
    """Follow a study."""
    return await followed(here, study_id, last_event_id)


@router.get(
    "/studies/{study_id}/comparison",
    responses={200: {"model": TableShape, "content": {CSV: {"schema": {"type": "string"}}}}, **KNOWN}
    | problems(404, 406, 409, 422, 503, 507),
)
async def comparison(request: Request, here: Here, study_id: StudyIdPath) -> Response:
    """Every scenario against the base: paired differences with their 95 % intervals, as JSON or as a table."""
    folder = await result_of(here, study_id)
    form = form_of(request, JSON, CSV)
    path = folder / "tables" / "differences.csv"
    if not path.is_file():
        raise Problem("not-found", "The study compares no scenario with the base; see its tables.")
    if form == CSV:
        return file_answer(request, path, CSV)
    body = await read(here, reading.table, folder, "differences")
    return tagged(request, body, JSON, A_DAY_S)


@router.get(
    "/studies/{study_id}/tables", responses={200: {"model": TablesShape}, **KNOWN, **problems(404, 409, 422, 503, 507)}
)
async def tables(request: Request, here: Here, study_id: StudyIdPath) -> Response:
    """The tables that the study has."""
    folder = await result_of(here, study_id)
    base = f"{ROOT}/studies/{study_id}/tables/"
    items = [
        {"name": path.stem, "links": {form: f"{base}{path.stem}.{form}" for form in ("json", "csv", "parquet")}}
        for path in sorted((folder / "tables").glob("*.parquet"))
    ]
    return tagged(request, as_body({"items": items}), JSON, A_DAY_S)


@router.get(
    "/studies/{study_id}/tables/{name}.{form}",
    response_class=Response,
    responses={
        200: {"model": TableShape, "content": {CSV: {"schema": {"type": "string"}}, PARQUET: {}}},
        206: {"description": "A range of it."},
        **KNOWN,
        **problems(404, 409, 416, 422, 503, 507),
    },
)
async def table(
    request: Request,
    here: Here,
    study_id: StudyIdPath,
    name: Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{0,62}$", examples=["differences"])],
    form: Annotated[Literal["json", "csv", "parquet"], Path()],
) -> Response:
    """A table as JSON, CSV or Parquet."""
    folder = await result_of(here, study_id)
    path = folder / "tables" / f"{name}.parquet"
    if not path.is_file():
        raise Problem("not-found", f"The study has no table {name}.")
    if form == "json":
        return tagged(request, await read(here, reading.table, folder, name), JSON, A_DAY_S)
    kind = PARQUET if form == "parquet" else CSV
    return file_answer(request, path.with_suffix(f".{form}"), kind, f"{study_id}-{name}.{form}")


@router.get(
    "/studies/{study_id}/plots", responses={200: {"model": TablesShape}, **KNOWN, **problems(404, 409, 422, 503, 507)}
)
async def plots(request: Request, here: Here, study_id: StudyIdPath) -> Response:
    """The plots that the study has."""
    folder = await result_of(here, study_id)
    base = f"{ROOT}/studies/{study_id}/plots/"
    items = [
        {"name": path.stem, "links": {form: f"{base}{path.stem}.{form}" for form in ("svg", "png")}}
        for path in sorted((folder / "plots").glob("*.svg"))
    ]
    return tagged(request, as_body({"items": items}), JSON, A_DAY_S)


@router.get(
    "/studies/{study_id}/plots/{name}.{form}",
    response_class=Response,
    responses=ranged("The plot.", {FORMS[form]: {} for form in ("svg", "png")}),
)
async def plot(
    request: Request,
    here: Here,
    study_id: StudyIdPath,
    name: Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{0,62}$", examples=["differences"])],
    form: Annotated[Literal["svg", "png"], Path()],
) -> Response:
    """A plot as SVG or PNG."""
    path = await result_of(here, study_id) / "plots" / f"{name}.{form}"
    if not path.is_file():
        raise Problem("not-found", f"The study has no plot {name}.")
    return file_answer(request, path, FORMS[form])


@router.get(
    "/studies/{study_id}/report",
    response_class=Response,
    responses=REPORT,
)
async def report(request: Request, here: Here, study_id: StudyIdPath) -> Response:
    """The report, with the answer first."""
    return report_answer(request, await result_of(here, study_id) / "report.html")


@router.get(
    "/studies/{study_id}/manifest",
    response_class=Response,
    responses=MANIFEST,
)
async def manifest(request: Request, here: Here, study_id: StudyIdPath) -> Response:
    """All that the study rests on."""
    return file_answer(request, await result_of(here, study_id) / "manifest.json", JSON)
