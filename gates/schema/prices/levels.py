"""Numbers with three values: low, most plausible and high."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from gates.schema.base import Model
from gates.schema.quantities import Number, Share, is_number, refusal

End = Literal["low", "base", "high"]
ENDS: tuple[End, ...] = ("low", "base", "high")


class ThreeValues(Model):
    """What has a low, a base and a high value, in this order."""

    def at(self, end: End) -> float:
        """Return one of the three."""
        return float(getattr(self, end))

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        low, base, high = map(self.at, ENDS)
        if not low <= base <= high:
            raise refusal("not in order", "Write low <= base <= high.")
        return self


class Levels(ThreeValues):
    """A number with three values to test; a plain number stands for all three."""

    low: Annotated[Number, Field(ge=0)]
    """Low value."""
    base: Annotated[Number, Field(ge=0)]
    """Most plausible value."""
    high: Annotated[Number, Field(ge=0)]
    """High value."""

    @model_validator(mode="before")
    @classmethod
    def _one_for_all(cls, value: Any) -> Any:
        return dict.fromkeys(ENDS, value) if is_number(value) else value


class ShareLevels(ThreeValues):
    """A share with three values to test; a single share stands for all three."""

    low: Share
    """Low value."""
    base: Share
    """Most plausible value."""
    high: Share
    """High value."""

    @model_validator(mode="before")
    @classmethod
    def _one_for_all(cls, value: Any) -> Any:
        return dict.fromkeys(ENDS, value) if is_number(value) or isinstance(value, str) else value


ONE = Levels(low=1, base=1, high=1)
NONE = ShareLevels(low=0, base=0, high=0)
