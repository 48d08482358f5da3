"""Route of the comparison of runs."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.http.answers import A_DAY_S, JSON, KNOWN, OF_A_RESULT, ROOT, tagged
from api.http.context import Here, Who
from api.http.result_schemas import ComparedShape
from api.http.routes.lifecycle import result_of
from api.http.routes.parameters import LanguageQuery
from api.http.routes.results import read
from api.service import reading
from gates.findings import ConfigError, Finding

router = APIRouter(prefix=ROOT, tags=["results"])

MOST_NUMBERS = 20


@router.get("/compare", responses={200: {"model": ComparedShape}, **KNOWN, **OF_A_RESULT})
async def compare(
    request: Request,
    here: Here,
    who: Who,
    runs: Annotated[
        str,
        Query(
            pattern="^run_[0-9a-f]{16}(,run_[0-9a-f]{16}){1,5}$",
            description="Ids of two to six runs, with commas between; the first is what the others are compared with.",
            examples=["run_0123456789abcdef,run_123456789abcdef0"],
        ),
    ],
    number: Annotated[
        list[Annotated[str, Query(max_length=100)]] | None,
        Query(
            max_length=MOST_NUMBERS, description="Numbers, such as `clearance_h.p90.northbound`; the main ones if none."
        ),
    ] = None,
    lang: LanguageQuery = "en",
) -> Response:
    """Compare runs: what changed, every difference with its interval, which are as good as the best, curves, costs."""
    ids = runs.split(",")
    if len(set(ids)) < len(ids):
        raise ConfigError([Finding("query.runs", runs, "the same run twice", "Name each run once.")])
    folders = dict(zip(ids, await asyncio.gather(*(result_of(here, who, one) for one in ids)), strict=True))
    body = await read(here, who, reading.compare, folders, number or [], lang)
    return tagged(request, body, JSON, A_DAY_S)
