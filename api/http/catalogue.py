"""Routes of what there is to run: gates with their sources, upgrades, schemas."""

from __future__ import annotations

import functools
import json
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from api.http.answers import JSON, ROOT, problems, tagged
from api.http.problems import Problem
from api.http.runs import run_schema
from api.http.schemas import CatalogueShape, GateShape
from gates import Gate, every_number, library_gates, load_gate

router = APIRouter(prefix=ROOT, tags=["catalogue"])

AN_HOUR_S = 3600
NamePath = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$", examples=["friendship-pass"])]
KNOWN: dict[int | str, dict[str, Any]] = {304: {"description": "As the asker has it."}}


def as_body(document: Any) -> bytes:
    """Return a document as JSON."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


@functools.cache
def _gates() -> bytes:
    items = [
        {"name": name, "title": load_gate(name).title, "links": {"self": f"{ROOT}/gates/{name}"}}
        for name in library_gates()
    ]
    return as_body({"items": items})


@functools.cache
def _gate(name: str) -> bytes:
    gate = load_gate(name)
    numbers = [
        {
            "path": number.path,
            "value": number.value,
            "ids": [fact.id for fact in number.facts],
            "assumption": number.is_assumption,
            "note": number.note,
        }
        for number in every_number(gate)
    ]
    return as_body({"name": gate.name, "gate": gate.model_dump(mode="json", by_alias=True), "numbers": numbers})


@functools.cache
def _schema(kind: str) -> bytes:
    return as_body(run_schema(with_reuse=True) if kind == "run" else Gate.model_json_schema(by_alias=True))


@router.get("/gates", responses={200: {"model": CatalogueShape}, **KNOWN, **problems()})
def gates(request: Request) -> Response:
    """The gates of the library."""
    return tagged(request, _gates(), JSON, AN_HOUR_S)


@router.get("/gates/{name}", responses={200: {"model": GateShape}, **KNOWN, **problems(404, 422)})
def gate(request: Request, name: NamePath) -> Response:
    """A gate with every number's source; `gate` can be changed and given in a run."""
    if name not in library_gates():
        raise Problem("not-found", f"There is no gate {name} in the library.")
    return tagged(request, _gate(name), JSON, AN_HOUR_S)


@router.get(
    "/schema/{kind}",
    responses={
        200: {"description": "JSON Schema.", "content": {JSON: {"schema": {"type": "object"}}}},
        **KNOWN,
        **problems(422),
    },
    response_class=Response,
)
def schema(request: Request, kind: Annotated[Literal["run", "gate"], Path()]) -> Response:
    """JSON Schema of what is asked."""
    return tagged(request, _schema(kind), JSON, AN_HOUR_S)
