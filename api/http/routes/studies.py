"""Routes of studies: scenarios compared with common random numbers, and the results."""

from __future__ import annotations

import asyncio
from pathlib import Path as FilePath
from typing import Annotated, Literal

from fastapi import Path, Request
from starlette.responses import Response

from api.http.answers import (
    A_DAY_S,
    JSON,
    KNOWN,
    OF_A_RESULT,
    ROOT,
    as_body,
    file_answer,
    problems,
    ranged,
    report_answer,
    tagged,
)
from api.http.context import Here, Who
from api.http.problems import Problem
from api.http.result_schemas import PlotsShape, StudyAnswerShape
from api.http.routes.lifecycle import Kind, lifecycle_routes, result_of
from api.http.routes.parameters import NamePath, StudyIdPath, ThemeQuery
from api.http.routes.results import CSV, FORMS, PARQUET, REPORT, drawn_plot, form_of, read
from api.http.schemas import StudyPageShape, StudyShape, SubmittedStudyShape, TableShape, TablesShape
from api.service import reading
from experiments.result_folder import is_outdated

EXAMPLE = {
    "name": "lanes",
    "question": "What do more kiosk lanes bring?",
    "gate": "friendship-pass",
    "days": 14,
    "replications": 10,
    "scenarios": [{"name": "more-lanes", "upgrades": ["kiosk-lanes"]}],
}


router = lifecycle_routes(
    Kind(
        name="study",
        plural="studies",
        shape=StudyShape,
        page=StudyPageShape,
        submitted=SubmittedStudyShape,
        body={"type": "object", "description": "What a study file says; the schema of `study` describes it."},
        example=EXAMPLE,
        submit="Submit a study: what a study file says, as JSON. An identical one of yours that exists already is "
        "given instead, unless `reuse` is false.",
        cancel="Cancel a study. Its finished replications are kept, and reused by the next study that needs them.",
    )
)


@router.get(
    "/{study_id}/answer",
    responses={200: {"model": StudyAnswerShape}, **KNOWN, **OF_A_RESULT},
)
async def answer(request: Request, here: Here, who: Who, study_id: StudyIdPath) -> Response:
    """What the study says first: warnings, the advice that answers its question, and what limits it."""
    folder = await result_of(here, who, study_id)
    await _refuse_outdated(folder, "its tables are there")
    return tagged(request, await read(here, who, reading.study_answer, folder), JSON, A_DAY_S)


async def _refuse_outdated(folder: FilePath, what_is_there: str) -> None:
    """Refuse to read what this version writes in another way."""
    if await asyncio.to_thread(is_outdated, folder):
        detail = f"An earlier version wrote this study; {what_is_there}. Submit it again for its answer."
        raise Problem("not-found", detail)


@router.get(
    "/{study_id}/comparison",
    responses={200: {"model": TableShape, "content": {CSV: {"schema": {"type": "string"}}}}, **KNOWN}
    | problems(404, 406, 409, 410, 422, 503, 507),
)
async def comparison(request: Request, here: Here, who: Who, study_id: StudyIdPath) -> Response:
    """Every scenario against the base: paired differences with their 95 % intervals, as JSON or as a table."""
    folder = await result_of(here, who, study_id)
    form = form_of(request, JSON, CSV)
    path = folder / "tables" / "differences.csv"
    if not path.is_file():
        raise Problem("not-found", "The study does not compare scenarios with the base; see its tables.")
    if form == CSV:
        return file_answer(request, path, CSV)
    body = await read(here, who, reading.table, folder, "differences")
    return tagged(request, body, JSON, A_DAY_S)


@router.get("/{study_id}/tables", responses={200: {"model": TablesShape}, **KNOWN, **OF_A_RESULT})
async def tables(request: Request, here: Here, who: Who, study_id: StudyIdPath) -> Response:
    """The tables of the study."""
    folder = await result_of(here, who, study_id)
    base = f"{ROOT}/studies/{study_id}/tables/"
    items = [
        {"name": path.stem, "links": {form: f"{base}{path.stem}.{form}" for form in ("json", "csv", "parquet")}}
        for path in sorted((folder / "tables").glob("*.parquet"))
    ]
    return tagged(request, as_body({"items": items}), JSON, A_DAY_S)


@router.get(
    "/{study_id}/tables/{name}.{form}",
    response_class=Response,
    responses={
        200: {"model": TableShape, "content": {CSV: {"schema": {"type": "string"}}, PARQUET: {}}},
        206: {"description": "A range of it."},
        **KNOWN,
        **problems(404, 409, 410, 416, 422, 503, 507),
    },
)
async def table(
    request: Request,
    here: Here,
    who: Who,
    study_id: StudyIdPath,
    name: NamePath,
    form: Annotated[Literal["json", "csv", "parquet"], Path()],
) -> Response:
    """A table as JSON, CSV or Parquet."""
    folder = await result_of(here, who, study_id)
    path = folder / "tables" / f"{name}.parquet"
    if not path.is_file():
        raise Problem("not-found", f"The study does not have a table {name}.")
    if form == "json":
        return tagged(request, await read(here, who, reading.table, folder, name), JSON, A_DAY_S)
    kind = PARQUET if form == "parquet" else CSV
    return file_answer(request, path.with_suffix(f".{form}"), kind, f"{study_id}-{name}.{form}")


@router.get("/{study_id}/plots", responses={200: {"model": PlotsShape}, **KNOWN, **OF_A_RESULT})
async def plots(request: Request, here: Here, who: Who, study_id: StudyIdPath) -> Response:
    """The plots of the study, each with its title, caption and text."""
    folder = await result_of(here, who, study_id)
    await _refuse_outdated(folder, "its tables are there")
    body = await read(here, who, reading.study_plots, folder, f"{ROOT}/studies/{study_id}/plots/")
    return tagged(request, body, JSON, A_DAY_S)


@router.get(
    "/{study_id}/plots/{name}.{form}",
    response_class=Response,
    responses=ranged("The plot.", {form: {} for form in FORMS.values()}),
)
async def plot(
    request: Request,
    here: Here,
    who: Who,
    study_id: StudyIdPath,
    name: NamePath,
    form: Annotated[Literal["json", "svg", "png"], Path()],
    theme: ThemeQuery = "light",
) -> Response:
    """A plot as Vega-Lite, SVG or PNG."""
    folder = await result_of(here, who, study_id)
    path = folder / "plots" / f"{name}.{form}"
    if path.is_file() and theme == "light":
        return file_answer(request, path, FORMS[form])
    await _refuse_outdated(folder, "its pictures in light colours are there")
    return await drawn_plot(request, here, who, (study_id, name, form, theme, "en"), folder)


@router.get(
    "/{study_id}/report",
    response_class=Response,
    responses=REPORT,
)
async def report(request: Request, here: Here, who: Who, study_id: StudyIdPath) -> Response:
    """The report, with the advice first."""
    return report_answer(request, await result_of(here, who, study_id) / "report.html")
