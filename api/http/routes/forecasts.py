"""Route of forecasts: from the trucks that are at a gate now to the end of tomorrow."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.http.answers import JSON, ROOT, problems
from api.http.context import Here, Who
from api.http.routes.lifecycle import body, body_of
from api.http.schemas import Instant, Shape
from api.service import reading
from experiments.forecast.request import ForecastRequest, WhatIf
from gates.findings import ConfigError, Finding

router = APIRouter(prefix=ROOT, tags=["forecasts"])

MOST_VISITS = 60_000_000
"""Most expected stage visits of all replications of a request: some ten seconds of a core."""
STATE = {
    "type": "array",
    "minItems": 1,
    "items": {"type": "object", "minProperties": 1},
    "description": "Trucks that are there and announced, at most 20 000: `class`, `direction`, `stage`, `empty`, "
    "`trucks`, `waited` [min], `in_service` [min], `arrives`.",
}


def forecast_schema() -> dict[str, Any]:
    """Return the JSON Schema of a request, with the state of the gate in it."""
    schema = ForecastRequest.model_json_schema()
    schema.pop("$defs", None)
    schema["properties"]["what_ifs"]["items"] = WhatIf.model_json_schema()
    schema["properties"]["state"] = STATE
    schema["required"] = [*schema["required"], "state"]
    return schema


EXAMPLE = {
    "gate": "friendship-pass",
    "at": "2026-11-27T10:00+07:00",
    "state": [{"class": "durian", "stage": "bay-cn", "trucks": 60, "waited": 400}],
    "what_ifs": [{"name": "15 bays", "set": {"stages.bay-cn.lanes": 15}}],
}


class ForecastShape(Shape):
    """A forecast from now to the end of tomorrow; times are null where they lie after that."""

    gate: str
    at: Instant
    """Time of the state, on the clock of the side whose bulletin counts the days, as all times here."""
    end: Instant
    nights: dict[str, Instant]
    """`tonight` and `tomorrow`: where the days end."""
    trucks_there: int
    trucks_announced: int
    replications: int
    seed: int
    band: list[float]
    """The percentiles between which nine replications in ten lie."""
    marks: list[Instant]
    """When the stock is counted."""
    directions: dict[str, dict[str, Any]]
    """Direction -> `now`, `stock` (mean and percentiles at each mark), `spaces` of the areas on the way,
    `exceeds_spaces` (chance by each night), `backlog_gone` (when 90 % and all of those that wait now are gone), and
    `clearance` (median hours to release by hour of arrival)."""
    what_ifs: list[dict[str, Any]]
    """Each change: by direction the change of the stock at each night with its 95 % interval, and `backlog_gone`."""
    answers: list[str]
    """The same in sentences."""


@router.post(
    "/forecasts",
    responses={200: {"model": ForecastShape}, **problems(403, 413, 415, 422, 503)},
    openapi_extra=body_of(forecast_schema(), EXAMPLE),
)
async def forecasts(request: Request, here: Here, who: Who) -> Response:
    """Forecast stock and clearance from the trucks that are there now to the end of tomorrow. Nothing is kept."""
    sent = await body(request, here)
    state = sent.get("state")
    if not isinstance(state, list) or not state or not all(isinstance(row, dict) and row for row in state):
        remedy = 'Send a list of rows, such as [{"class": "durian", "stage": "bay-cn", "trucks": 60}].'
        raise ConfigError([Finding("state", "", "is missing, or not a list of trucks", remedy)])
    made = await here.read(who, reading.forecast, json.dumps(sent), MOST_VISITS)
    return Response(made, media_type=JSON, headers={"Cache-Control": "no-store"})
