"""Routes of the library: gates with their sources, upgrades, schemas."""

from __future__ import annotations

import functools
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from api.http.answers import AN_HOUR_S, JSON, KNOWN, ROOT, as_body, problems, tagged
from api.http.context import Here, Who
from api.http.problems import Problem
from api.http.routes.lifecycle import body, body_of
from api.http.routes.parameters import LanguageQuery, ThemeQuery
from api.http.routes.runs import run_schema
from api.http.schemas import CatalogueShape, GateShape, MapShape, ReadGateShape, UpgradeShape, UpgradesShape
from api.service import reading
from gates import Gate, every_number, library_gates, load_gate
from gates.findings import ConfigError, Finding
from gates.upgrades import Upgrade, gates_of, load_upgrade, upgrade_names

router = APIRouter(prefix=ROOT, tags=["catalogue"])

SVG = "image/svg+xml"
NamePath = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$", examples=["friendship-pass"])]


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
def _upgrades() -> bytes:
    upgrades = [load_upgrade(name) for name in upgrade_names()]
    known = [load_gate(name) for name in library_gates()]
    items = [
        {
            **one.model_dump(mode="json", include={"name", "title", "about", "gate", "needs", "excludes"}),
            "gates": gates_of(one, known),
            "costs": None if one.costs is None else one.costs.model_dump(mode="json", exclude={"sources"}),
            "links": {"self": f"{ROOT}/upgrades/{one.name}"},
        }
        for one in upgrades
    ]
    return as_body({"items": items})


@functools.cache
def _upgrade(name: str) -> bytes:
    return as_body({"name": name, "upgrade": load_upgrade(name).model_dump(mode="json", by_alias=True)})


@router.get("/gates", responses={200: {"model": CatalogueShape}, **KNOWN, **problems()})
def gates(request: Request) -> Response:
    """The gates of the library."""
    return tagged(request, _gates(), JSON, AN_HOUR_S)


@router.get("/gates/{name}", responses={200: {"model": GateShape}, **KNOWN, **problems(404, 422)})
def gate(request: Request, name: NamePath) -> Response:
    """A gate with the source of every number; `gate` can be changed and submitted in a run."""
    if name not in library_gates():
        raise Problem("not-found", f"{name} is not a gate of the library.")
    return tagged(request, _gate(name), JSON, AN_HOUR_S)


@router.post(
    "/read-gate",
    responses={200: {"model": ReadGateShape}, **problems(403, 413, 415, 422, 503)},
    openapi_extra=body_of(
        {
            "type": "object",
            "required": ["text"],
            "properties": {"text": {"type": "string", "description": "What the file says, YAML or JSON."}},
        },
        {"text": "name: my-gate\nsides: {vn: Asia/Ho_Chi_Minh}\n"},
    ),
)
async def read_gate(request: Request, here: Here, who: Who) -> Response:
    """Read a gate file: every finding, or the gate as data, ready to be used in a run. Nothing is kept."""
    sent = await body(request, here)
    text = sent.get("text")
    if set(sent) != {"text"} or not isinstance(text, str):
        raise ConfigError([Finding("text", "", "is missing, or not alone", 'Send {"text": "..."} with the file.')])
    found = await here.read(who, reading.gate_of_text, text)
    return Response(found, media_type=JSON, headers={"Cache-Control": "no-store"})


@router.get(
    "/gates/{name}/map.{form}",
    response_class=Response,
    responses={
        200: {"model": MapShape, "content": {SVG: {}, "image/png": {}}},
        **KNOWN,
        **problems(404, 422, 503),
    },
)
async def gate_map(
    request: Request,
    here: Here,
    who: Who,
    name: NamePath,
    form: Annotated[Literal["json", "svg", "png"], Path()],
    upgrade: Annotated[list[str] | None, Query(max_length=32, description="Upgrades that are switched on.")] = None,
    lang: LanguageQuery = "en",
    theme: ThemeQuery = "light",
) -> Response:
    """The map of a gate: stages on both sides of the line, areas, and the moves of trucks, with upgrades or without."""
    if name not in library_gates():
        raise Problem("not-found", f"{name} is not a gate of the library.")
    body = await here.read(who, reading.gate_map, name, upgrade or [], lang, form, theme)
    return tagged(request, body, {"json": JSON, "svg": SVG, "png": "image/png"}[form], AN_HOUR_S)


@router.get("/upgrades", responses={200: {"model": UpgradesShape}, **KNOWN, **problems()})
def upgrades(request: Request) -> Response:
    """The upgrades of the library: what each needs, excludes and costs."""
    return tagged(request, _upgrades(), JSON, AN_HOUR_S)


@router.get("/upgrades/{name}", responses={200: {"model": UpgradeShape}, **KNOWN, **problems(404, 422)})
def upgrade(request: Request, name: NamePath) -> Response:
    """An upgrade: what it changes, its sources, and its cost."""
    if name not in upgrade_names():
        raise Problem("not-found", f"{name} is not an upgrade of the library.")
    return tagged(request, _upgrade(name), JSON, AN_HOUR_S)


@router.get(
    "/schema/{kind}",
    responses={
        200: {"description": "JSON Schema.", "content": {JSON: {"schema": {"type": "object"}}}},
        **KNOWN,
        **problems(422, 503),
    },
    response_class=Response,
)
async def schema(
    request: Request, here: Here, who: Who, kind: Annotated[Literal["run", "gate", "upgrade", "study"], Path()]
) -> Response:
    """JSON Schema of a request or a file."""
    if kind == "run":
        body = as_body(run_schema())
    elif kind == "study":
        body = await here.read(who, reading.study_schema)
    else:
        body = as_body((Gate if kind == "gate" else Upgrade).model_json_schema(by_alias=True))
    return tagged(request, body, JSON, AN_HOUR_S)
