"""Routes that do something to many runs and studies at once; each is told apart."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.http.answers import ROOT, json_answer, problems
from api.http.context import Here, Who
from api.http.problems import document
from api.http.routes.lifecycle import body, body_of
from api.http.schemas import TogetherShape
from api.service.queue.admission import Refused
from gates.findings import ConfigError, Finding, value_text

MOST_AT_ONCE = 100
ID = "(run|study)_[0-9a-f]{16}"
BODY = body_of(
    {
        "type": "object",
        "required": ["ids"],
        "additionalProperties": False,
        "properties": {
            "ids": {
                "type": "array",
                "items": {"type": "string", "pattern": f"^{ID}$"},
                "minItems": 1,
                "maxItems": MOST_AT_ONCE,
            }
        },
    },
    {"ids": ["run_0123456789abcdef", "study_0123456789abcdef"]},
)
ANSWERS = {200: {"model": TogetherShape}, **problems(403, 413, 415, 422, 503, 507)}
router = APIRouter(prefix=ROOT, tags=["runs"])


@router.post("/cancel", responses=ANSWERS, openapi_extra=BODY)
async def cancel_several(request: Request, here: Here, who: Who) -> Response:
    """Cancel up to 100 runs and studies."""
    return await _each(await body(request, here), lambda one: here.runs.cancel(who, one))


@router.post("/delete", responses=ANSWERS, openapi_extra=BODY)
async def delete_several(request: Request, here: Here, who: Who) -> Response:
    """Remove up to 100 finished runs and studies with all their files."""
    return await _each(await body(request, here), lambda one: here.runs.delete(who, one))


async def _each(sent: dict[str, Any], do: Callable[[str], Awaitable[object]]) -> Response:
    """Do something to each of several runs, and tell of each what came of it."""
    ids = sent.pop("ids", None)
    findings = [
        Finding(name[:40], value_text(value), "there is no such field", "Write only ids.")
        for name, value in sent.items()
    ]
    if not isinstance(ids, list) or not 1 <= len(ids) <= MOST_AT_ONCE:
        findings.append(
            Finding("ids", value_text(ids), "is not a list of ids", f"Write 1 to {MOST_AT_ONCE} ids as a list.")
        )
        ids = []
    known = re.compile(ID)
    findings += [
        Finding(f"ids[{number}]", value_text(one), "is not the id of a run or a study", "Copy it from the list.")
        for number, one in enumerate(ids)
        if not (isinstance(one, str) and known.fullmatch(one))
    ]
    if findings:
        raise ConfigError(findings)
    items = []
    for one in dict.fromkeys(ids):
        try:
            await do(one)
            items.append({"id": one, "done": True, "problem": None})
        except Refused as error:
            items.append({"id": one, "done": False, "problem": document(error.kind, error.detail)})
    return json_answer({"items": items}, headers={"Cache-Control": "no-store"})
