"""Routes of results: numbers, series, distributions, logs, replays, plots."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Path, Query, Request
from starlette.responses import Response, StreamingResponse

from api.http.answers import (
    A_DAY_S,
    JSON,
    KNOWN,
    OF_A_RESULT,
    ROOT,
    file_answer,
    problems,
    ranged,
    report_answer,
    tagged,
)
from api.http.context import Here, Server, Who
from api.http.problems import Problem, with_findings
from api.http.result_schemas import (
    AnswerShape,
    ClearanceShape,
    MetricsShape,
    PlotsShape,
    ReplayShape,
    SeriesShape,
    SoFarShape,
)
from api.http.routes.lifecycle import result_of
from api.http.routes.parameters import LanguageQuery, NamePath, RunIdPath, ThemeQuery
from api.http.schemas import MapShape
from api.service import reading
from api.service.security.access import Access
from api.service.store import FINISHED
from gates.findings import ConfigError
from gates.schema.base import DirectionName

router = APIRouter(prefix=f"{ROOT}/runs/{{run_id}}", tags=["results"])

CSV = "text/csv"
PARQUET = "application/vnd.apache.parquet"
ARROW = "application/vnd.apache.arrow.stream"
FORMS = {"json": "application/vnd.vegalite.v6+json", "svg": "image/svg+xml", "png": "image/png"}
CSV_ROWS = 50_000
WINDOW_END = "to"
"""Where a finding says that a window holds too much: what is requested exists, but must be asked for in parts."""
REPORT = ranged("The report: one page that needs nothing else.", {"text/html": {}})

SeenBy = Annotated[str, Header(description="Accepted formats of the answer.")]
Replication = Annotated[int, Query(ge=0, le=99_999, description="Number of the replication.")]


async def read(here: Server, who: Access, function: Callable[..., Any], *arguments: Any) -> Any:
    """Read from a result in another process, or answer that it does not hold what is requested."""
    try:
        return await here.read(who, function, *arguments)
    except ConfigError as error:
        kind = "invalid" if error.findings[0].path == WINDOW_END else "not-found"
        raise with_findings(error.findings, kind) from None


def form_of(request: Request, *offered: str) -> str:
    """Return the first of the formats offered that the client accepts."""
    accepted = [one.partition(";")[0].strip().lower() for one in request.headers.get("accept", "*/*").split(",")]
    for form in accepted:
        for one in offered:
            if form in (one, "*/*", "", one.partition("/")[0] + "/*"):
                return one
    raise Problem("not-acceptable", f"Accept one of {', '.join(offered)}.")


@router.get("/answer", responses={200: {"model": AnswerShape}, **KNOWN, **OF_A_RESULT})
async def answer(request: Request, here: Here, who: Who, run_id: RunIdPath) -> Response:
    """What the run says first: warnings, what trucks wait for in each direction, the numbers of the first screen."""
    folder = await result_of(here, who, run_id)
    return tagged(request, await read(here, who, reading.answer, folder), JSON, A_DAY_S)


@router.get(
    "/so-far",
    responses={200: {"model": SoFarShape}, **problems(404, 409, 422, 503, 507)},
)
async def so_far(here: Here, who: Who, run_id: RunIdPath, lang: LanguageQuery = "en") -> Response:
    """First results of a run that is not finished: its numbers after the replications that are done."""
    row = await here.runs.get(who, run_id)
    if row.status in FINISHED:
        raise Problem("finished", f"The run is {row.status}.")
    body = await read(here, who, reading.so_far, row.request, here.runs.folder.work(run_id), lang)
    return Response(body, media_type=JSON, headers={"Cache-Control": "no-store"})


@router.get(
    "/metrics",
    responses={200: {"model": MetricsShape, "content": {CSV: {"schema": {"type": "string"}}}}, **KNOWN}
    | problems(404, 406, 409, 410, 422, 503, 507),
)
async def metrics(
    request: Request,
    here: Here,
    who: Who,
    run_id: RunIdPath,
    wanted: Annotated[
        Literal["json", "csv"] | None, Query(alias="format", description="For links; otherwise `Accept` decides.")
    ] = None,
) -> Response:
    """Every number with its 95 % interval, as JSON or, with `Accept: text/csv`, as a table."""
    folder = await result_of(here, who, run_id)
    form = form_of(request, JSON, CSV) if wanted is None else {"json": JSON, "csv": CSV}[wanted]
    body = (folder / "metrics.json").read_bytes()
    if form == CSV:
        body = reading.metrics_csv(body)
    return tagged(request, body, form, A_DAY_S)


@router.get(
    "/map.{form}",
    response_class=Response,
    responses={200: {"model": MapShape, "content": {FORMS["svg"]: {}, FORMS["png"]: {}}}, **KNOWN} | OF_A_RESULT,
)
async def gate_map(
    request: Request,
    here: Here,
    who: Who,
    run_id: RunIdPath,
    form: Annotated[Literal["json", "svg", "png"], Path()],
    lang: LanguageQuery = "en",
    theme: ThemeQuery = "light",
) -> Response:
    """The map of the gate that was run, with its upgrades."""
    folder = await result_of(here, who, run_id)
    body = await read(here, who, reading.run_map, folder, lang, form, theme)
    return tagged(request, body, JSON if form == "json" else FORMS[form], A_DAY_S)


@router.get(
    "/queue-series",
    responses={200: {"model": SeriesShape}, **KNOWN, **OF_A_RESULT},
)
async def queue_series(
    request: Request,
    here: Here,
    who: Who,
    run_id: RunIdPath,
    stage: Annotated[str | None, Query(max_length=80, description="A stage; all stages together if left out.")] = None,
    points: Annotated[int, Query(ge=1, le=2000, description="Most time buckets.")] = 500,
) -> Response:
    """Queue length over time: mean over replications, its 95 % interval, and the maximum."""
    folder = await result_of(here, who, run_id)
    body = await read(here, who, reading.queue_series, folder, stage, points)
    return tagged(request, body, JSON, A_DAY_S)


@router.get(
    "/clearance",
    responses={200: {"model": ClearanceShape}, **KNOWN, **OF_A_RESULT},
)
async def clearance(
    request: Request,
    here: Here,
    who: Who,
    run_id: RunIdPath,
    measure: Annotated[
        Literal["clearance", "passage"], Query(description="To release, or to departure.")
    ] = "clearance",
    direction: Annotated[DirectionName | None, Query()] = None,
    vehicle_class: Annotated[str | None, Query(alias="class", max_length=80)] = None,
    bins: Annotated[int, Query(ge=1, le=500)] = 60,
) -> Response:
    """Clearance or passage time: a histogram, and quantiles with their 95 % intervals."""
    folder = await result_of(here, who, run_id)
    body = await read(here, who, reading.clearance, folder, measure, direction, vehicle_class, bins)
    return tagged(request, body, JSON, A_DAY_S)


@router.get(
    "/event-log",
    response_class=StreamingResponse,
    responses={
        200: {"description": "The log.", "content": {PARQUET: {}, CSV: {"schema": {"type": "string"}}}},
        206: {"description": "A range of the Parquet file.", "content": {PARQUET: {}}},
        **KNOWN,
        **problems(404, 409, 410, 416, 422, 503, 507),
    },
)
async def event_log(
    request: Request,
    here: Here,
    who: Who,
    run_id: RunIdPath,
    rep: Replication = 0,
    form: Annotated[Literal["parquet", "csv"], Query(alias="format")] = "parquet",
) -> Response:
    """Every stage visit of a replication, in milliseconds since the start of the run."""
    folder = await result_of(here, who, run_id)
    name = f"{run_id}-rep-{rep:05d}.{form}"
    if form == "parquet":
        path = folder / "events" / f"rep-{rep:05d}.parquet"
        if path.is_file():
            return file_answer(request, path, PARQUET, name)
    rows = await read(here, who, reading.log_rows, folder, rep)
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Accept-Ranges": "none"}
    return StreamingResponse(_csv(here, who, folder, rep, rows), media_type=CSV, headers=headers)


async def _csv(here: Server, who: Access, folder: FilePath, rep: int, rows: int) -> AsyncIterator[bytes]:
    for first in range(0, max(rows, 1), CSV_ROWS):
        yield await here.read(who, reading.log_csv, folder, rep, first, CSV_ROWS)


@router.get(
    "/replay",
    response_class=Response,
    responses={
        200: {"model": ReplayShape, "content": {ARROW: {}}},
        **KNOWN,
        **problems(404, 406, 409, 410, 422, 503, 507),
    },
)
async def replay(
    request: Request,
    here: Here,
    who: Who,
    run_id: RunIdPath,
    rep: Replication = 0,
    start: Annotated[float, Query(alias="from", ge=0, le=100_000, description="Hours since the start of the run.")] = 0,
    end: Annotated[float, Query(alias="to", ge=0, le=100_000, description="Hours since the start of the run.")] = 24,
    wanted: Annotated[
        Literal["visits", "packed"],
        Query(alias="form", description="`packed`: whole seconds as small numbers, for pages; docs/service.md."),
    ] = "visits",
) -> Response:
    """The stage visits of each truck in a window of time, in columns: as JSON, or as an Arrow stream by `Accept`."""
    folder = await result_of(here, who, run_id)
    form = form_of(request, JSON, ARROW)
    said = "arrow" if form == ARROW else wanted
    body = await read(here, who, reading.replay, folder, rep, start, end, here.limits.replay_rows, said)
    return tagged(request, body, form, A_DAY_S)


@router.get("/plots", responses={200: {"model": PlotsShape}, **KNOWN, **OF_A_RESULT})
async def plots(request: Request, here: Here, who: Who, run_id: RunIdPath) -> Response:
    """The plots of the run."""
    folder = await result_of(here, who, run_id)
    body = await read(here, who, reading.plots, folder, f"{ROOT}/runs/{run_id}/plots/")
    return tagged(request, body, JSON, A_DAY_S)


@router.get(
    "/plots/{name}.{form}",
    response_class=Response,
    responses=ranged("The plot.", {form: {} for form in FORMS.values()}),
)
async def plot(
    request: Request,
    here: Here,
    who: Who,
    run_id: RunIdPath,
    name: NamePath,
    form: Annotated[Literal["json", "svg", "png"], Path()],
    theme: ThemeQuery = "light",
    lang: LanguageQuery = "en",
) -> Response:
    """A plot as Vega-Lite, SVG or PNG; drawn on first request."""
    return await drawn_plot(request, here, who, (run_id, name, form, theme, lang), await result_of(here, who, run_id))


async def drawn_plot(
    request: Request, here: Server, who: Access, asked: tuple[str, str, str, str, str], folder: FilePath
) -> Response:
    """Answer with a plot of a run or a study: (id, name, form, theme, language)."""
    one, name, form, theme, language = asked
    path = here.runs.folder.drawn(one) / f"{name}.{theme}.{language}.{form}"
    if not path.is_file():
        await read(here, who, reading.draw_plot, folder, name, form, path, theme, language)
    return file_answer(request, path, FORMS[form])


@router.get(
    "/report",
    response_class=Response,
    responses=REPORT,
)
async def report(request: Request, here: Here, who: Who, run_id: RunIdPath) -> Response:
    """The report, with the summary first; made on first request."""
    folder = await result_of(here, who, run_id)
    path = here.runs.folder.drawn(run_id) / "report.html"
    if not path.is_file():
        await read(here, who, reading.draw_report, folder, path)
    return report_answer(request, path)
