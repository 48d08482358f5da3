"""Edits: single changes of a gate as data, the language of upgrades, of readings and of a target's circumstances."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any, Literal

from pydantic import SerializerFunctionWrapHandler, StringConstraints, model_serializer, model_validator

from gates.schema.base import Model, Name, SourceText
from gates.schema.quantities import refusal

EditPath = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Level = Literal["low", "base", "high"]
LEVELS: tuple[Level, ...] = ("low", "base", "high")
_OPERATIONS = ("set", "scale", "add")


class Edit(Model):
    """One change of a gate: exactly one of `set`, `scale` and `add`.

    Every value inside may have three levels: `{low: 1, base: 2, high: 4}`.
    """

    path: EditPath
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

    @model_serializer(mode="wrap")
    def _as_written(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what is not written, so that it reads back the same."""
        return {key: value for key, value in dump(self).items() if key in self.model_fields_set}

    @property
    def operation(self) -> str:
        """`set`, `scale` or `add`."""
        return next(name for name in _OPERATIONS if name in self.model_fields_set)

    def value(self, level: Level) -> Any:
        """Return what is set, the factor, or what is added, at a level."""
        return at_level(getattr(self, self.operation), level)


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
