"""Upgrades applied to a gate: a new gate, checked like a file, and the list of what changed.

However many upgrades are applied, all new entries come first, then all values that are set, then all that are
added to, then all that are scale_value; within each kind the caller's order holds. So the result of a set of upgrades
does not depend on the order of the set, as long as no two set the same path, which is refused.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from gates.addresses import (
    Data,
    PlaceError,
    Spot,
    add_to_value,
    find,
    parts_of,
    scale_value,
    set_source,
    value_in_words,
)
from gates.checks.check import check
from gates.checks.soundness import remember_sound
from gates.files.explain import model_findings
from gates.findings import ConfigError, Finding, Place, path_text, within
from gates.schema.gate import Gate
from gates.schema.quantities import UNITS_REQUIRED
from gates.upgrades.library import load_upgrade
from gates.upgrades.model import LEVELS, Change, Edit, Level, Upgrade


def apply_upgrades(
    gate: Gate, upgrades: Sequence[Upgrade | str | Path], level: Level | Mapping[str, Level] = "base"
) -> tuple[Gate, tuple[Change, ...]]:
    """A new gate with upgrades applied, and what they changed.

    Parameters
    ----------
    upgrades
        Upgrades, names of the library, or paths of files.
    level
        Which of the three values of a number is used, by the name of the upgrade if they differ; base by default.

    Raises
    ------
    ConfigError
        With every finding at once: an upgrade twice, one that needs another or excludes it, two that set the same
        path, a path that names nothing, a value that the gate refuses.
    """
    loaded = [upgrade if isinstance(upgrade, Upgrade) else load_upgrade(upgrade) for upgrade in upgrades]
    findings = [*_combination_findings(loaded), *_conflict_findings(loaded)]
    if findings:
        raise ConfigError(findings)
    if not loaded:
        return gate, ()
    application = _Application(gate.model_dump(mode="json", by_alias=True), gate.name, level)
    for step in (application.add_entry, application.set_value, application.add_number, application.scale):
        for upgrade in loaded:
            for n, edit in enumerate(upgrade.changes):
                application.attempt(step, upgrade, n, edit)
    if application.findings:
        raise ConfigError(application.findings)
    return application.checked(), tuple(application.changes)


def check_upgrade(upgrade: Upgrade, gate: Gate, others: Iterable[Upgrade] = ()) -> list[Finding]:
    """What is wrong with an upgrade for a gate, at any level; `others` are those it needs."""
    findings: list[Finding] = []
    for level in LEVELS:
        try:
            apply_upgrades(gate, [*others, upgrade], level)
        except ConfigError as error:
            findings += [finding for finding in error.findings if finding not in findings]
    return findings


def _combination_findings(upgrades: Sequence[Upgrade]) -> list[Finding]:
    names = [upgrade.name for upgrade in upgrades]
    findings = []
    for n, upgrade in enumerate(upgrades):
        if upgrade.name in names[:n]:
            findings.append(Finding("upgrades", upgrade.name, "named twice", "Keep one of them."))
            continue
        missing = [name for name in upgrade.needs if name not in names]
        if missing:
            remedy = f"Add {' and '.join(missing)}."
            findings.append(Finding("needs", ", ".join(missing), f"{upgrade.name} needs it", remedy, upgrade.file))
        for name in upgrade.excludes:
            if name in names:
                problem = f"{upgrade.name} and {name} exclude each other"
                findings.append(Finding("excludes", name, problem, "Use one of the two.", upgrade.file))
    return findings


def _conflict_findings(upgrades: Sequence[Upgrade]) -> list[Finding]:
    """Findings for each path that two upgrades set, or that one sets inside what another sets."""
    paths_set: list[tuple[str, Upgrade]] = []
    findings = []
    for upgrade in upgrades:
        own = [(n, path) for n, e in enumerate(upgrade.changes) if e.operation == "set" and (path := _plain(e.path))]
        for n, path in own:
            for other_path, other in paths_set:
                if within(path, other_path) or within(other_path, path):
                    problem = f"{upgrade.file} and {other.file} both set {other_path}"
                    remedy = "Use one of the two, or let one of them scale or add."
                    findings.append(Finding(f"changes[{n}].path", path, problem, remedy, upgrade.file))
        paths_set += [(path, upgrade) for _, path in own]
    return findings


def _plain(path: str) -> str:
    """Return a path with its parts as plain words; empty if it cannot be read, which the change itself reports."""
    try:
        return ".".join(parts_of(path))
    except PlaceError:
        return ""


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
        self.done: list[tuple[str, Upgrade, int]] = []
        """(path with entry numbers, upgrade, number of its change)."""
        self._settled: set[tuple[str, int]] = set()
        """Changes that were made or refused: (upgrade, number)."""

    def attempt(self, step: Callable[[Edit, Any], Applied], upgrade: Upgrade, n: int, edit: Edit) -> None:
        """Make a change if it is of the kind of `step`, and note what changed, or what is wrong with it."""
        if (upgrade.name, n) in self._settled:
            return
        level = self.level if isinstance(self.level, str) else self.level.get(upgrade.name, "base")
        try:
            made = step(edit, copy.deepcopy(edit.value(level)))
        except PlaceError as error:
            self._settled.add((upgrade.name, n))
            problem = f"{error.problem} (gate {self.gate})"
            self.findings.append(Finding(f"changes[{n}].path", edit.path, problem, error.remedy, upgrade.file))
            return
        if made is not None:
            place, before, after = made
            self._settled.add((upgrade.name, n))
            self.changes.append(
                Change(edit.path, value_in_words(before), value_in_words(after), upgrade.name, edit.source, level)
            )
            self.done.append((path_text(place), upgrade, n))

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
            gate = Gate.model_validate(self.data, context=UNITS_REQUIRED)
        except ValidationError as error:
            raise ConfigError([self._at_its_change(finding) for finding in model_findings(error, Gate)]) from None
        findings = check(gate)
        if findings:
            raise ConfigError([self._at_its_change(finding) for finding in findings])
        return remember_sound(gate)

    def _at_its_change(self, finding: Finding) -> Finding:
        """A finding about the gate as a finding about the change nearest to it."""
        near = [
            (len(path), upgrade, n)
            for path, upgrade, n in self.done
            if within(finding.path, path) or within(path, finding.path)
        ]
        if not near:
            return dataclasses.replace(
                finding, file=f"{self.gate} with {', '.join({c.upgrade: 0 for c in self.changes})}"
            )
        _, upgrade, n = max(near, key=lambda item: item[0])
        problem = f"{finding.problem} (at {finding.path})"
        return Finding(f"changes[{n}]", finding.value, problem, finding.remedy, upgrade.file)
