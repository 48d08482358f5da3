"""Upgrades: named, costed changes of a gate, as data.

An upgrade says which fields of a gate change and to what; what that does to clearance comes out of the run
(decision 003). Numbers may have three values, `{low: .., base: .., high: ..}`; one level is taken for all of them.

However many upgrades are applied, all new entries come first, then all values that are set, then all that are
added to, then all that are scaled; within each kind the caller's order holds. So the result of a set of upgrades
does not depend on the order of the set, as long as no two set the same path, which is refused.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, StringConstraints, ValidationError, model_validator

from gates.addresses import (
    Data,
    PlaceError,
    Spot,
    find,
    increased,
    parts_of,
    scaled,
    spoken,
    with_source,
)
from gates.checks.check import check
from gates.files.explain import model_findings
from gates.files.load import library_path, model_from_text
from gates.files.yaml import read_text
from gates.findings import ConfigError, Finding, Place, path_text, shortened, within
from gates.schema.base import Model, Name, Sourced, SourceText, Title
from gates.schema.gate import Gate
from gates.schema.quantities import UNITS_REQUIRED, Number, refusal
from gates.sources import source_mistake

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=40)]
"""A name that may start with a digit: `5g`."""
Level = Literal["low", "base", "high"]
LEVELS: tuple[Level, ...] = ("low", "base", "high")
_OPERATIONS = ("set", "scale", "add")


class Edit(Model):
    """One change of a gate: exactly one of `set`, `scale` and `add`.

    Every value inside may have three levels: `{low: 1, base: 2, high: 4}`.
    """

    path: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    """Where: `stages.bay-cn.lanes`; lane groups and steps of a path by their names."""
    set: Any = None
    """The new value: a number with its unit, a law, hours, a list, a step in place of a step."""
    scale: Any = None
    """Factor on a number, or on all durations of a law; a count is rounded, half up."""
    add: Any = None
    """A number to add to one; a new entry (stage, pool, area) where none stands; a step, or steps, of a path."""
    before: Name | None = None
    """Step before which steps are added; none of both means at the end."""
    after: Name | None = None
    """Step after which steps are added."""
    source: SourceText
    """Where the numbers come from: fact ids or `assumption`, with an optional note after a colon."""

    @model_validator(mode="after")
    def _one_operation(self) -> Edit:
        written = [name for name in _OPERATIONS if name in self.model_fields_set]
        if len(written) != 1:
            problem = f"{' and '.join(written)} together" if written else "changes nothing"
            raise refusal(problem, "Write exactly one of `set`, `scale` and `add`.")
        for level in LEVELS:
            factor = at_level(self.scale, level)
            number = isinstance(factor, int | float) and not isinstance(factor, bool)
            if "scale" in written and not (number and 0 <= factor <= 1000):
                raise refusal("not a factor", "Write a number from 0 to 1000, such as `scale: 0.75`.")
        if (self.before or self.after) and "add" not in written:
            raise refusal("`before` and `after` are for steps that are added", "Remove them.")
        if self.before and self.after:
            raise refusal("both `before` and `after`", "Keep one of them.")
        return self

    @property
    def operation(self) -> str:
        """`set`, `scale` or `add`."""
        return next(name for name in _OPERATIONS if name in self.model_fields_set)

    def value(self, level: Level) -> Any:
        """Return what is set, the factor, or what is added, at a level."""
        return at_level(getattr(self, self.operation), level)


class Levels(Model):
    """A number with three values to test."""

    low: Annotated[Number, Field(ge=0)]
    """Low value."""
    base: Annotated[Number, Field(ge=0)]
    """Most plausible value."""
    high: Annotated[Number, Field(ge=0)]
    """High value."""

    @model_validator(mode="after")
    def _ordered(self) -> Levels:
        if not self.low <= self.base <= self.high:
            raise refusal("not in order", "Write low <= base <= high.")
        return self


class Costs(Sourced):
    """What an upgrade costs, for the whole gate."""

    capital_usd: Levels
    """Capital [USD]."""
    running_usd_per_year: Levels
    """Running cost, staff and upkeep included [USD a year]."""
    life_years: Annotated[Number, Field(gt=0, le=100)]
    """Years until it must be bought again."""
    lead_time_months: Annotated[Number, Field(ge=0, le=240)]
    """Months from the decision to the first day of use."""


class Upgrade(Model):
    """A named, costed change of a gate."""

    name: Slug
    """Its name in the library and in results."""
    title: Title = Field(default={})
    """Names for people, by language."""
    about: Annotated[str, StringConstraints(min_length=1, max_length=2000)]
    """Which mechanism it changes, and what about it is assumed."""
    gate: Name
    """The gate of the library that its paths are written for."""
    needs: list[Slug] = Field(default=[])
    """Upgrades without which it makes no sense."""
    excludes: list[Slug] = Field(default=[])
    """Upgrades that cannot be there with it."""
    changes: Annotated[list[Edit], Field(min_length=1, max_length=200)]
    """What changes."""
    costs: Costs | None = None
    """What it costs; none where nothing is known."""
    _file: str = PrivateAttr("")

    @property
    def file(self) -> str:
        """The file it was read from."""
        return self._file or f"{self.name}.yaml"


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """What an upgrade changed in a gate."""

    path: str
    """Where, as the upgrade names it."""
    before: str
    """What stood there, in words; empty for nothing."""
    after: str
    """What stands there then, or what was added."""
    upgrade: str
    """Name of the upgrade."""
    source: str = ""
    """Source text of the change."""
    level: Level = "base"
    """Which of the three values was taken."""


def at_level(value: Any, level: Level) -> Any:
    """`value` with every `{low, base, high}` inside replaced by the one of the level."""
    if isinstance(value, dict):
        if set(value) == set(LEVELS):
            return value[level]
        return {key: at_level(inner, level) for key, inner in value.items()}
    return [at_level(inner, level) for inner in value] if isinstance(value, list) else value


# The library.


def upgrade_names() -> list[str]:
    """The names of the upgrades in the library."""
    return sorted(path.stem for path in _library().glob("*.yaml"))


def _library() -> Path:
    return Path(str(resources.files("gates"))) / "library" / "upgrades"


def load_upgrade(name_or_path: str | Path) -> Upgrade:
    """The upgrade of a library name or a file.

    Raises
    ------
    ConfigError
        With every finding at once, if it cannot be used.
    """
    path = library_path(name_or_path, "upgrade", upgrade_names(), _library())
    return upgrade_from_text(read_text(path), path.name)


def upgrade_from_text(text: str, file: str = "") -> Upgrade:
    """The upgrade that a YAML or JSON text describes; `file` names it in findings.

    Raises
    ------
    ConfigError
        With every finding at once.
    """
    upgrade = model_from_text(text, Upgrade, file, _check)
    upgrade._file = file
    return upgrade


def _check(upgrade: Upgrade) -> list[Finding]:
    """What is wrong with an upgrade by itself."""
    findings = []
    for n, edit in enumerate(upgrade.changes):
        try:
            parts_of(edit.path)
        except PlaceError as error:
            findings.append(Finding(f"changes[{n}].path", shortened(edit.path), error.problem, error.remedy))
        findings += _source_findings(f"changes[{n}].source", edit.source)
    for key, source in (upgrade.costs.sources if upgrade.costs else {}).items():
        findings += _source_findings(f"costs.sources.{key}", source)
    for name in upgrade.needs:
        if name in upgrade.excludes:
            findings.append(Finding("needs", name, "needed and excluded", "Keep it in one of the two."))
    return findings


def _source_findings(path: str, text: str) -> list[Finding]:
    mistake = source_mistake(text)
    return [Finding(path, shortened(text), mistake, "Name facts, or write `assumption`.")] if mistake else []


def check_upgrade(upgrade: Upgrade, gate: Gate, others: Iterable[Upgrade] = ()) -> list[Finding]:
    """What is wrong with an upgrade for a gate, at any level; `others` are those it needs."""
    findings: list[Finding] = []
    for level in LEVELS:
        try:
            apply_upgrades(gate, [*others, upgrade], level)
        except ConfigError as error:
            findings += [found for found in error.findings if found not in findings]
    return findings


def with_needs(names: Iterable[str]) -> list[str]:
    """Names of upgrades in the library, each after those that it needs.

    Raises
    ------
    ConfigError
        If one is not in the library.
    """
    ordered: list[str] = []

    def visit(name: str, above: tuple[str, ...]) -> None:
        if name in ordered or name in above:
            return
        for needed in load_upgrade(name).needs:
            visit(needed, (*above, name))
        ordered.append(name)

    for name in names:
        visit(name, ())
    return ordered


# Applying.


def apply_upgrades(
    gate: Gate, upgrades: Sequence[Upgrade | str | Path], level: Level | Mapping[str, Level] = "base"
) -> tuple[Gate, tuple[Change, ...]]:
    """A new gate with upgrades applied, and what they changed.

    Parameters
    ----------
    upgrades
        Upgrades, names of the library, or paths of files.
    level
        Which of the three values of a number is taken; by name of the upgrade where they differ, else base.

    Raises
    ------
    ConfigError
        With every finding at once: an upgrade twice, one that needs another or excludes it, two that set the same
        path, a path that leads nowhere, a value that the gate refuses.
    """
    loaded = [found if isinstance(found, Upgrade) else load_upgrade(found) for found in upgrades]
    findings = [*_combination(loaded), *_conflicts(loaded)]
    if findings:
        raise ConfigError(findings)
    if not loaded:
        return gate, ()
    work = _Work(gate.model_dump(mode="json", by_alias=True), gate.name, level)
    for step in (work.new_entries, work.values_set, work.sums, work.factors):
        for upgrade in loaded:
            for n, edit in enumerate(upgrade.changes):
                work.attempt(step, upgrade, n, edit)
    if work.findings:
        raise ConfigError(work.findings)
    return work.checked(), tuple(work.changes)


def _combination(upgrades: Sequence[Upgrade]) -> list[Finding]:
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
                findings.append(Finding("excludes", name, problem, "Take one of the two.", upgrade.file))
    return findings


def _conflicts(upgrades: Sequence[Upgrade]) -> list[Finding]:
    """Findings for each path that two upgrades set, or that one sets inside what another sets."""
    taken: list[tuple[str, Upgrade]] = []
    findings = []
    for upgrade in upgrades:
        mine = [(n, ".".join(parts_of(e.path))) for n, e in enumerate(upgrade.changes) if e.operation == "set"]
        for n, path in mine:
            for other_path, other in taken:
                if within(path, other_path) or within(other_path, path):
                    problem = f"{upgrade.file} and {other.file} both set {other_path}"
                    remedy = "Take one of the two, or let one of them scale or add."
                    findings.append(Finding(f"changes[{n}].path", path, problem, remedy, upgrade.file))
        taken += [(path, upgrade) for _, path in mine]
    return findings


Made = tuple[Place, Any, Any] | None
"""(place, before, after) of a change that was made; None if it is of another kind."""


class _Work:
    """A gate as plain data, being changed."""

    def __init__(self, data: Data, gate: str, level: Level | Mapping[str, Level]) -> None:
        self.data = data
        self.gate = gate
        self.level = level
        self.changes: list[Change] = []
        self.findings: list[Finding] = []
        self.done: list[tuple[str, Upgrade, int]] = []
        """(path with entry numbers, upgrade, number of its change)."""
        self._over: set[tuple[str, int]] = set()
        """Changes that were made, or refused."""

    def attempt(self, step: Callable[[Edit, Any], Made], upgrade: Upgrade, n: int, edit: Edit) -> None:
        """Make a change if it is of the kind of `step`, and note what changed, or what is wrong with it."""
        if (upgrade.name, n) in self._over:
            return
        level = self.level if isinstance(self.level, str) else self.level.get(upgrade.name, "base")
        try:
            made = step(edit, copy.deepcopy(edit.value(level)))
        except PlaceError as error:
            self._over.add((upgrade.name, n))
            problem = f"{error.problem} (gate {self.gate})"
            self.findings.append(Finding(f"changes[{n}].path", edit.path, problem, error.remedy, upgrade.file))
            return
        if made is not None:
            place, before, after = made
            self._over.add((upgrade.name, n))
            self.changes.append(Change(edit.path, spoken(before), spoken(after), upgrade.name, edit.source, level))
            self.done.append((path_text(place), upgrade, n))

    def new_entries(self, edit: Edit, value: Any) -> Made:
        if edit.operation != "add":
            return None
        spot = find(self.data, edit.path)
        if spot.present and isinstance(spot.value, list):
            return self._insert(spot, edit, value)
        if not spot.present:
            spot.put(value)
            return spot.place, None, value
        if isinstance(value, dict):
            raise PlaceError("something stands there already", "Use `set`, or another name.")
        return None

    def _insert(self, spot: Spot, edit: Edit, value: Any) -> tuple[Place, Any, Any]:
        steps = value if isinstance(value, list) else [value]
        if not all(isinstance(step, str | dict) for step in steps):
            raise PlaceError(f"{spoken(value)} cannot be added to a list", "Lead the path to a number in it.")
        beside = edit.before or edit.after
        if beside is None:
            spot.value.extend(steps)
            return spot.place, None, steps
        at = find(self.data, f"{edit.path}.{beside}")
        where = int(at.key) + (edit.after is not None)
        at.holder[where:where] = steps  # type: ignore[index]
        return (*at.place[:-1], where), None, steps

    def values_set(self, edit: Edit, value: Any) -> Made:
        if edit.operation != "set":
            return None
        spot = find(self.data, edit.path)
        before = spot.value
        spot.put(value)
        with_source(self.data, spot.place, edit.source)
        return spot.place, before, value

    def sums(self, edit: Edit, value: Any) -> Made:
        if edit.operation != "add":
            return None
        spot = find(self.data, edit.path)
        return self._changed(spot, increased(spot.value, value), edit)

    def factors(self, edit: Edit, value: Any) -> Made:
        if edit.operation != "scale":
            return None
        spot = find(self.data, edit.path)
        if not spot.present:
            raise PlaceError("leads nowhere", "Name a number of the gate.")
        return self._changed(spot, scaled(spot.value, value), edit)

    def _changed(self, spot: Spot, after: Any, edit: Edit) -> tuple[Place, Any, Any]:
        before = spot.value
        spot.put(after)
        with_source(self.data, spot.place, edit.source)
        return spot.place, before, after

    def checked(self) -> Gate:
        """Return the gate, or raise with what is wrong with it now, each finding at the change that made it so."""
        try:
            gate = Gate.model_validate(self.data, context=UNITS_REQUIRED)
        except ValidationError as error:
            raise ConfigError([self._blamed(found) for found in model_findings(error, Gate)]) from None
        findings = check(gate)
        if findings:
            raise ConfigError([self._blamed(found) for found in findings])
        return gate

    def _blamed(self, found: Finding) -> Finding:
        """A finding about the gate as one about the change nearest to it."""
        near = [
            (len(path), upgrade, n)
            for path, upgrade, n in self.done
            if within(found.path, path) or within(path, found.path)
        ]
        if not near:
            return dataclasses.replace(
                found, file=f"{self.gate} with {', '.join({c.upgrade: 0 for c in self.changes})}"
            )
        _, upgrade, n = max(near, key=lambda item: item[0])
        problem = f"{found.problem} (at {found.path})"
        return Finding(f"changes[{n}]", found.value, problem, found.remedy, upgrade.file)
