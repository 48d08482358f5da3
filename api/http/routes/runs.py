"""Routes of runs: their life, and what one would cost."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.http.answers import ROOT, json_answer, problems
from api.http.context import Here, Server, Who
from api.http.problems import document
from api.http.routes.lifecycle import Kind, body, body_of, lifecycle_routes, take_options
from api.http.routes.parameters import LanguageQuery
from api.http.schemas import PageShape, PreviewShape, RunShape, SubmittedShape, ValidationShape
from api.service import labels, reading
from api.service.queue.admission import Refused
from api.service.security.access import Access
from api.service.security.keys import NAME
from api.service.submission import PRIORITIES
from experiments.runs.request import RunRequest
from gates.findings import ConfigError

EXAMPLE = {"gate": "friendship-pass", "days": 30, "warmup_days": 7, "replications": 20, "seed": 1}


def run_schema() -> dict[str, Any]:
    """Return the JSON Schema of a run as it is submitted."""
    schema = RunRequest.model_json_schema()
    reuse = "Whether an identical run of yours that exists already may be given instead."
    schema["properties"]["reuse"] = {"type": "boolean", "default": True, "title": "Reuse", "description": reuse}
    project = "One of your key's projects, whose other keys see the run; the first one if left out."
    schema["properties"]["project"] = {
        "type": "string",
        "pattern": f"^{NAME.pattern}$",
        "title": "Project",
        "description": project,
    }
    notify = "Address that is called when it has ended, of those that this server may call."
    schema["properties"]["notify"] = {"type": ["string", "null"], "title": "Notify", "description": notify}
    schema["properties"]["label"] = labels.SCHEMA
    schema["properties"]["priority"] = {
        "enum": list(PRIORITIES),
        "default": "normal",
        "title": "Priority",
        "description": "Before or after your other runs; it changes nothing for those of others.",
    }
    return schema


router = lifecycle_routes(
    Kind(
        name="run",
        plural="runs",
        shape=RunShape,
        page=PageShape,
        submitted=SubmittedShape,
        body=run_schema(),
        example=EXAMPLE,
        submit="Submit a run. An identical run of yours that exists already is given instead, unless `reuse` is false.",
        cancel="Cancel a run. Cancelling it again does no harm.",
    )
)
checks = APIRouter(prefix=ROOT, tags=["runs"])


async def _checked(sent: dict[str, Any], here: Server, who: Access) -> dict[str, Any]:
    """Return whether a request can be run, and what it will cost."""
    answer: dict[str, Any] = {"valid": False, "findings": [], "predicted": None, "accepted": False, "refusal": None}
    try:
        take_options(sent)
        _, cost = await here.runs.admission.resolve(sent, "run", who.owner)
        predicted = cost._asdict()
        predicted.pop("replication_seconds")
        answer |= {"valid": True, "predicted": predicted}
        here.runs.admission.refuse_what_is_too_large(cost)
        answer["accepted"] = True
    except ConfigError as error:
        answer["findings"] = document("invalid", "", error.findings)["findings"]
    except Refused as error:
        findings = document("invalid", "", error.findings)["findings"]
        answer |= {"findings": findings, "refusal": error.detail}
    return answer


@checks.post(
    "/validate",
    responses={200: {"model": ValidationShape}, **problems(403, 413, 415, 422, 503)},
    openapi_extra=body_of({"type": "object", "description": "What may be a run; see the schema of `run`."}, EXAMPLE),
)
async def validate(request: Request, here: Here, who: Who) -> Response:
    """Check a run without submitting it: every finding, or what it will cost."""
    answer = await _checked(await body(request, here), here, who)
    return json_answer(answer, headers={"Cache-Control": "no-store"})


@checks.post(
    "/preview",
    responses={200: {"model": PreviewShape}, **problems(403, 413, 415, 422, 503)},
    openapi_extra=body_of(
        {"type": "object", "description": "What may be a run; see the schema of `run`."},
        {"gate": "friendship-pass", "upgrades": ["kiosk-lanes"], "days": 30, "replications": 20},
    ),
)
async def preview(request: Request, here: Here, who: Who, lang: LanguageQuery = "en") -> Response:
    """See a run before it runs: the gate with its upgrades, what they change and cost, its map, and every finding."""
    sent = await body(request, here)
    answer = await _checked(sent, here, who)
    shown: dict[str, Any] = {"gate": None, "changes": [], "costs": None, "map": None, "warnings": []}
    if answer["valid"]:
        shown = await here.read(who, reading.preview, json.dumps(sent), lang)
    return json_answer({**answer, **shown}, headers={"Cache-Control": "no-store"})
