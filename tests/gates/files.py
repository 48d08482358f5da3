"""Gate files for the tests: the library's small gate, with a mistake put in."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import gates
from gates.files.load import gate_from_text, gate_path
from gates.files.yaml import parse
from gates.findings import Place

MINIMAL = gate_path("minimal").read_text(encoding="utf-8")
REMOVED = object()


def minimal() -> dict[str, Any]:
    """Return the small gate as plain data."""
    return copy.deepcopy(parse(MINIMAL).data)


def changed(*changes: tuple[str, Any]) -> dict[str, Any]:
    """Return the small gate with values put at paths (`stages.booth.lanes`); `REMOVED` takes them out."""
    return put(minimal(), changes)


def put(data: dict[str, Any], changes: Iterable[tuple[str, Any]], between: str = ".") -> dict[str, Any]:
    """Return plain data with values put at paths, whose parts stand `between` a sign; `REMOVED` takes them out."""
    for path, value in changes:
        holder: Any = data
        *way, last = (int(part) if part.isdigit() else part for part in path.split(between))
        for part in way:
            holder = holder[part] if isinstance(part, int) else holder.setdefault(part, {})
        if value is REMOVED:
            del holder[last]
        elif isinstance(last, int) and last == len(holder):
            holder.append(copy.deepcopy(value))
        else:
            holder[last] = copy.deepcopy(value)  # later changes may go into it
    return data


def findings_of(data: dict[str, Any]) -> list[gates.Finding]:
    """Return what is wrong with plain data, read as a file would be."""
    return findings_of_text(as_text(data))


def findings_of_text(text: str) -> list[gates.Finding]:
    try:
        gate_from_text(text, "broken.yaml")
    except gates.ConfigError as error:
        return error.findings
    return []


def as_text(data: Any) -> str:
    """Return plain data as JSON, which is YAML."""
    return json.dumps(data, ensure_ascii=False)


def write(folder: Path, text: str, name: str = "gate.yaml") -> Path:
    """Write a file and return its path."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def places_of(data: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """All values inside plain data, each with its place."""
    if isinstance(data, dict | list):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield (*place, key), value
            yield from places_of(value, (*place, key))
