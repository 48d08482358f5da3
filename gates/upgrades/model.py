"""The model of an upgrade: its changes of a gate, what it costs, and the three levels of its numbers."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, StringConstraints, model_validator

from gates.schema.base import Model, Name, Sourced, SourceText, Title
from gates.schema.quantities import Number, refusal

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
    """The new value: a number with its unit, a distribution, hours, a list, a step in place of a step."""
    scale: Any = None
    """Factor on a number, or on all durations of a distribution; a count is rounded, half up."""
    add: Any = None
    """A number to add to one; a new entry (stage, pool, area); a step, or steps, of a path."""
    before: Name | None = None
    """Step before which steps are added; by default they are added at the end."""
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
    """Which mechanism it changes, and what is assumed about it."""
    gate: Name
    """The gate of the library that its paths are written for."""
    needs: list[Slug] = Field(default=[])
    """Upgrades that must be applied with it."""
    excludes: list[Slug] = Field(default=[])
    """Upgrades that cannot be applied with it."""
    changes: Annotated[list[Edit], Field(min_length=1, max_length=200)]
    """What changes."""
    costs: Costs | None = None
    """What it costs; omit if not known."""
    _file: str = PrivateAttr("")

    @property
    def file(self) -> str:
        """The file it was read from."""
        return self._file or f"{self.name}.yaml"


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """What an upgrade changed in a gate."""

    path: str
    """The path, as the upgrade names it."""
    before: str
    """The value before, in words; empty for a new entry."""
    after: str
    """The value after, or what was added."""
    upgrade: str
    """Name of the upgrade."""
    source: str = ""
    """Source text of the change."""
    level: Level = "base"
    """Which of the three values was used."""


def at_level(value: Any, level: Level) -> Any:
    """`value` with every `{low, base, high}` inside replaced by the one of the level."""
    if isinstance(value, dict):
        if set(value) == set(LEVELS):
            return value[level]
        return {key: at_level(inner, level) for key, inner in value.items()}
    return [at_level(inner, level) for inner in value] if isinstance(value, list) else value
