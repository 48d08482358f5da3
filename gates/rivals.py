"""The readings of a gate: which one a gate is of, the gate under another one, and whether all are sound."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from gates.addresses import PlaceError, parts_of
from gates.edited import Placed, edited
from gates.edits import Edit
from gates.findings import ConfigError, Finding, shortened, suggestion
from gates.schema.gate import Gate
from gates.sources import source_mistake

MOST_RIVALS = 2
"""Rivals beside the baseline that a study runs by default: those of the largest weight."""
_ROUNDING = 1e-6


def reading_of(gate: Gate) -> str | None:
    """Return the reading that a gate is of; None if it has none."""
    return gate.reading or gate.baseline


def rivals_of(gate: Gate) -> list[str]:
    """Return the readings other than the baseline, the most plausible first."""
    rivals = {name: reading for name, reading in gate.readings.items() if reading.changes}
    return sorted(rivals, key=lambda name: -rivals[name].weight)


def title_of_reading(gate: Gate, name: str) -> str:
    """Return what people call a reading."""
    reading = gate.readings.get(name)
    return reading.title.get("en", name.replace("-", " ")) if reading else name


def reading_document(gate: Gate) -> dict[str, Any]:
    """Return what manifests say of the reading of a gate; nothing where it has none."""
    name = reading_of(gate)
    if name is None or name not in gate.readings:
        return {}
    reading = gate.readings[name]
    others = [other for other in gate.readings if other != name]
    return {
        "reading": {
            "name": name,
            "title": title_of_reading(gate, name),
            "baseline": not reading.changes,
            "weight": reading.weight,
            "evidence": reading.evidence,
            "others": {other: title_of_reading(gate, other) for other in others},
        }
    }


def with_reading(gate: Gate, name: str | None) -> Gate:
    """The gate under one of its readings; none means the baseline, which is the gate as it is.

    Raises
    ------
    ConfigError
        If it has no such reading, or was changed before.
    """
    if name is None or name == reading_of(gate):
        return gate
    if name not in gate.readings:
        problem = "no such reading" if gate.readings else f"gate {gate.name} has no readings"
        raise ConfigError([Finding("reading", shortened(name), problem, suggestion(gate.readings, name))])
    if gate.reading is not None:
        problem = f"the gate was changed already, under its reading {gate.reading}"
        raise ConfigError([Finding("reading", name, problem, "Choose the reading first, and make other changes then.")])
    return known_reading(gate, name)


def known_reading(gate: Gate, name: str) -> Gate:
    """The gate under a reading that it has.

    Raises
    ------
    ConfigError
        With every finding at once, if the reading does not fit the gate.
    """
    changes = gate.readings[name].changes
    if not changes:
        return gate
    return edited(gate.model_copy(update={"reading": name}), placed_in(f"readings.{name}", changes))[0]


def reading_findings(gate: Gate) -> list[Finding]:
    """What is wrong with the readings and targets of a gate that is sound by itself."""
    findings = [*_own_findings(gate), *_set_findings(gate)]
    if findings or gate.reading is not None:
        return findings
    for name in rivals_of(gate):
        findings += _refusals(gate, f"readings.{name}", gate.readings[name].changes)
    for name, target in gate.targets.items():
        findings += _refusals(gate, f"targets.{name}", target.changes)
    return findings


def _refusals(gate: Gate, place: str, changes: list[Edit]) -> list[Finding]:
    """Return why a gate refuses changes; empty if it takes them."""
    try:
        if changes:
            edited(gate, placed_in(place, changes))
    except ConfigError as error:
        return error.findings
    return []


def placed_in(place: str, changes: list[Edit]) -> list[Placed]:
    """Return changes with their places in the gate file."""
    return [Placed(edit, f"{place}.changes[{n}]", place.rpartition(".")[2]) for n, edit in enumerate(changes)]


def _own_findings(gate: Gate) -> Iterator[Finding]:
    """Yield what is wrong with single readings and targets."""
    for name, reading in gate.readings.items():
        yield from source_findings(f"readings.{name}.evidence", reading.evidence)
        for n, edit in enumerate(reading.changes):
            yield from edit_findings(f"readings.{name}.changes[{n}]", edit)
    for name, target in gate.targets.items():
        yield from source_findings(f"targets.{name}.source", target.source)
        for n, edit in enumerate(target.changes):
            yield from edit_findings(f"targets.{name}.changes[{n}]", edit)


def _set_findings(gate: Gate) -> Iterator[Finding]:
    """Yield what is wrong with the readings together."""
    if gate.reading is not None and gate.reading not in gate.readings:
        yield Finding("reading", gate.reading, "no such reading", suggestion(gate.readings, gate.reading))
    if not gate.readings:
        return
    plain = [name for name, reading in gate.readings.items() if not reading.changes]
    if not plain:
        remedy = "Add the reading that the file describes, without `changes`."
        yield Finding("readings", "", "none is the baseline", remedy)
    if len(plain) > 1:
        problem = f"{plain[0]} has no changes either"
        yield Finding(f"readings.{plain[1]}", "", problem, "Write `changes`; one reading alone is the baseline.")
    total = math.fsum(reading.weight for reading in gate.readings.values())
    if abs(total - 1) > _ROUNDING:
        remedy = f"Change them by {1 - total:+.3g}."
        yield Finding("readings", f"{total:.4g}", "the weights do not add to 1", remedy)


def edit_findings(place: str, edit: Edit) -> Iterator[Finding]:
    """Yield what is wrong with a change by itself."""
    try:
        parts_of(edit.path)
    except PlaceError as error:
        yield Finding(f"{place}.path", shortened(edit.path), error.problem, error.remedy)
    yield from source_findings(f"{place}.source", edit.source)


def source_findings(path: str, text: str) -> Iterator[Finding]:
    """Yield what is wrong with a source text."""
    if mistake := source_mistake(text):
        yield Finding(path, shortened(text), mistake, "Name facts, or write `assumption`.")
