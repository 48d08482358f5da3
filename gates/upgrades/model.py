"""The model of an upgrade: its changes of a gate, what it costs, and the three levels of its numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field, PrivateAttr, StringConstraints, model_validator

from gates.edits import Edit, EditPath
from gates.schema.base import Model, Name, SideName, Sourced, Title
from gates.schema.prices.levels import Levels
from gates.schema.quantities import Number, Share, refusal

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=40)]
"""A name that may start with a digit: `5g`."""


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
    paid_by: dict[SideName, Share] = Field(default={}, max_length=4)
    """Side -> share of the cost that it pays; they add to 100 %. Omit if it is not known."""

    @model_validator(mode="after")
    def _whole(self) -> Costs:
        if self.paid_by and abs(sum(self.paid_by.values()) - 1) > 1e-9:
            raise refusal("the shares do not add to 100 %", "Change them so that they do, or leave `paid_by` out.")
        return self


class Adaptation(Model):
    """How an upgrade adapts to a reading of the gate."""

    leave_out: list[EditPath] = Field(default=[], max_length=200)
    """Paths of its own changes that it does not make under this reading."""
    changes: list[Edit] = Field(default=[], max_length=200)
    """What it changes besides, under this reading alone."""

    @model_validator(mode="after")
    def _something(self) -> Adaptation:
        if not self.leave_out and not self.changes:
            raise refusal("adapts nothing", "Write `leave_out`, `changes` or both, or remove the reading.")
        return self


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
    roles: dict[Name, Name] = Field(default={}, max_length=32)
    """Stage that its paths name -> its role; at another gate the stage with that role stands in its place. Omit if the
    upgrade is for its own gate alone."""
    where_there: list[EditPath] = Field(default=[], max_length=200)
    """Paths of its changes that are left out at another gate which lacks their stage or place."""
    needs: list[Slug] = Field(default=[])
    """Upgrades that must be applied with it."""
    excludes: list[Slug] = Field(default=[])
    """Upgrades that cannot be applied with it."""
    changes: Annotated[list[Edit], Field(min_length=1, max_length=200)]
    """What changes."""
    readings: dict[Name, Adaptation] = Field(default={}, max_length=16)
    """Reading of the gate -> how the upgrade adapts to it; under a reading that is not named it changes all above."""
    costs: Costs | None = None
    """What it costs; omit if not known."""
    _file: str = PrivateAttr("")

    @property
    def file(self) -> str:
        """The file it was read from."""
        return self._file or f"{self.name}.yaml"

    def edits_under(self, reading: str | None) -> Iterator[tuple[str, Edit]]:
        """Yield its changes under a reading of the gate, each with its place in the file."""
        adaptation = self.readings.get(reading or "", None)
        left_out = set(adaptation.leave_out) if adaptation else set()
        for n, edit in enumerate(self.changes):
            if edit.path not in left_out:
                yield f"changes[{n}]", edit
        for n, edit in enumerate(adaptation.changes if adaptation else ()):
            yield f"readings.{reading}.changes[{n}]", edit
