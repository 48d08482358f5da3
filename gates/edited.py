"""Edits applied to a gate: a new gate, checked like a file, and the list of what changed.

All new entries come first, then all values that are set, then all that are added to, then all that are scaled; within
each kind the order of the edits holds. So the result of a set of edits does not depend on the order of the set, as
long as no two set the same path.
"""

from __future__ import annotations

import copy
import dataclasses
import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from gates.addresses import (
    Data,
    PlaceError,
    Spot,
    add_to_value,
    find,
    scale_value,
    set_source,
    value_in_words,
)
from gates.checks.check import check
from gates.checks.soundness import remember_sound
from gates.edits import Change, Edit, Level
from gates.files.explain import model_findings
from gates.files.yaml import Document
from gates.findings import ConfigError, Finding, Place, path_text, within
from gates.schema.borders.composed import ComposedGate
from gates.schema.borders.model import BorderGate
from gates.schema.gate import Gate
from gates.schema.quantities import UNITS_REQUIRED


@dataclasses.dataclass(frozen=True)
class Placed:
    """An edit, and where it stands."""

    edit: Edit
    place: str
    """Its place in its file: `changes[2]`."""
    name: str
    """What it belongs to, such as an upgrade."""
    file: str = ""


def edited(
    gate: Gate, edits: Sequence[Placed], level: Level | Mapping[str, Level] = "base"
) -> tuple[Gate, tuple[Change, ...]]:
    """A new gate, or border, with edits made, and what they changed.

    In a border, `gates.east.stages.booth.lanes` leads into a gate, `gates.east.upgrades` to upgrades that it gets
    beside those that it has, `board` and `trade` to what belongs to the border alone.

    Raises
    ------
    ConfigError
        With every finding at once: a path that names nothing, a value that the gate refuses.
    """
    if isinstance(gate, ComposedGate):
        data = gate.document
        edits = [dataclasses.replace(each, edit=_in_border(each.edit)) for each in edits]
    else:
        data = gate.model_dump(mode="json", by_alias=True)
        data["reading"] = gate.reading or gate.baseline  # of which reading a changed gate is
    application = _Application(data, gate.name, level)
    for step in (application.add_entry, application.set_value, application.add_number, application.scale):
        for n, placed in enumerate(edits):
            application.attempt(step, n, placed)
    if application.findings:
        raise ConfigError(application.findings)
    found = application.checked()
    if isinstance(gate, ComposedGate) and isinstance(found, ComposedGate):
        found = remember_sound(found.model_copy(update={"changes": (*gate.changes, *found.changes)}))
    return found, tuple(application.changes)


def _in_border(edit: Edit) -> Edit:
    """Return an edit whose path leads through `gate` into the gate of a border that it names."""
    first, _, rest = edit.path.partition(".")
    name, _, inside = rest.partition(".")
    if first != "gates" or not inside or inside.partition(".")[0] in BorderGate.model_fields:
        return edit
    return edit.model_copy(update={"path": f"gates.{name}.gate.{inside}"})


Applied = tuple[Place, Any, Any] | None
"""(place, before, after) of a change that was made; None if the change is of another kind."""


class _Application:
    """A gate as plain data, being changed."""

    def __init__(self, data: Data, gate: str, level: Level | Mapping[str, Level]) -> None:
        self.data = data
        self.gate = gate
        self.level = level
        self.changes: list[Change] = []
        self.findings: list[Finding] = []
        self.done: list[tuple[str, Placed]] = []
        """(path with entry numbers, the edit there)."""
        self._settled: set[int] = set()
        """Numbers of the edits that were made or refused."""

    def attempt(self, step: Callable[[Edit, Any], Applied], n: int, placed: Placed) -> None:
        """Make a change if it is of the kind of `step`, and note what changed, or what is wrong with it."""
        if n in self._settled:
            return
        edit, level = placed.edit, self.level if isinstance(self.level, str) else self.level.get(placed.name, "base")
        try:
            made = step(edit, copy.deepcopy(edit.value(level)))
        except PlaceError as error:
            self._settled.add(n)
            problem = f"{error.problem} (gate {self.gate})"
            self.findings.append(Finding(f"{placed.place}.path", edit.path, problem, error.remedy, placed.file))
            return
        if made is not None:
            place, before, after = made
            self._settled.add(n)
            self.changes.append(
                Change(edit.path, value_in_words(before), value_in_words(after), placed.name, edit.source, level)
            )
            self.done.append((path_text(place), placed))

    def add_entry(self, edit: Edit, value: Any) -> Applied:
        if edit.operation != "add":
            return None
        spot = find(self.data, edit.path)
        if spot.present and isinstance(spot.value, list):
            return self._insert(spot, edit, value)
        if not spot.present:
            spot.put(value)
            return spot.place, None, value
        if isinstance(value, dict):
            raise PlaceError("it is already there", "Use `set`, or another name.")
        return None

    def _insert(self, spot: Spot, edit: Edit, value: Any) -> tuple[Place, Any, Any]:
        steps = value if isinstance(value, list) else [value]
        if not all(isinstance(step, str | dict) for step in steps):
            raise PlaceError(
                f"{value_in_words(value)} cannot be added to a list", "Let the path end at a number in it."
            )
        beside = edit.before or edit.after
        if beside is None:
            spot.value.extend(steps)
            return spot.place, None, steps
        at = find(self.data, f"{edit.path}.{beside}")
        where = int(at.key) + (edit.after is not None)
        at.holder[where:where] = steps  # type: ignore[index]
        return (*at.place[:-1], where), None, steps

    def set_value(self, edit: Edit, value: Any) -> Applied:
        if edit.operation != "set":
            return None
        spot = find(self.data, edit.path)
        before = spot.value
        spot.put(value)
        set_source(self.data, spot.place, edit.source)
        return spot.place, before, value

    def add_number(self, edit: Edit, value: Any) -> Applied:
        if edit.operation != "add":
            return None
        spot = find(self.data, edit.path)
        return self._changed(spot, add_to_value(spot.value, value), edit)

    def scale(self, edit: Edit, value: Any) -> Applied:
        if edit.operation != "scale":
            return None
        spot = find(self.data, edit.path)
        if not spot.present:
            raise PlaceError("there is no such value", "Name a number of the gate.")
        return self._changed(spot, scale_value(spot.value, value), edit)

    def _changed(self, spot: Spot, after: Any, edit: Edit) -> tuple[Place, Any, Any]:
        before = spot.value
        spot.put(after)
        set_source(self.data, spot.place, edit.source)
        return spot.place, before, after

    def checked(self) -> Gate:
        """Return the gate, or raise with what is wrong with it now, each finding at the change that made it so."""
        try:
            if "stages" not in self.data:  # a border is put together above this module
                border = importlib.import_module("gates.borders.load")
                return remember_sound(border.built(Document(self.data), "", UNITS_REQUIRED, None))
            gate = Gate.model_validate(self.data, context=UNITS_REQUIRED)
        except ConfigError as error:
            raise ConfigError([self._at_its_change(finding) for finding in error.findings]) from None
        except ValidationError as error:
            raise ConfigError([self._at_its_change(finding) for finding in model_findings(error, Gate)]) from None
        findings = check(gate)
        if findings:
            raise ConfigError([self._at_its_change(finding) for finding in findings])
        return remember_sound(gate)

    def _at_its_change(self, finding: Finding) -> Finding:
        """A finding about the gate as a finding about the change nearest to it."""
        near = [
            (len(path), placed)
            for path, placed in self.done
            if within(finding.path, path) or within(path, finding.path)
        ]
        if not near:
            return dataclasses.replace(
                finding, file=f"{self.gate} with {', '.join({c.upgrade: 0 for c in self.changes})}"
            )
        _, placed = max(near, key=lambda item: item[0])
        problem = f"{finding.problem} (at {finding.path})"
        return Finding(placed.place, finding.value, problem, finding.remedy, placed.file)
