"""Readings and targets: rival structures of a gate as data, and the published figures that they are held to.

What is published about a gate seldom fixes its model: several structures explain the same figures and give different
advice. A reading is one of them, written as changes of the gate file in the language of upgrades. A target is a
published figure with its band, and under which circumstances it was observed.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from gates.edits import Edit
from gates.schema.base import Model, SourceText, Title
from gates.schema.quantities import Count, Day, Number, refusal

Bound = Annotated[Number, Field(ge=0)]


class Reading(Model):
    """One of several structures of a gate that explain the same published figures."""

    title: Title = Field(default={})
    """Names for people, by language."""
    about: Annotated[str, StringConstraints(min_length=1, max_length=1000)]
    """What holds or moves the trucks under this reading."""
    weight: Annotated[Number, Field(gt=0, le=1)]
    """How plausible it is beside the others; the weights of all readings add to 1."""
    evidence: SourceText
    """What speaks for it: fact ids or `assumption`, with an optional note after a colon."""
    changes: list[Edit] = Field(default=[], max_length=200)
    """What it changes in the gate as the file describes it; the one reading without changes is the baseline."""


class Target(Model):
    """A published figure that a gate is held to, with its band and its circumstances."""

    title: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    """What was observed, in a few words."""
    metric: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    """The metric of a run, as a study writes it: `stock_days.end_of_day.northbound`."""
    low: Bound | None = None
    """Lower end of the band, in the metric's unit; omit if any smaller value fits."""
    high: Bound | None = None
    """Upper end of the band; omit if any larger value fits."""
    kind: Literal["fitted", "predicted"]
    """Whether the gate was fitted to it, or the figure was kept aside."""
    date: Annotated[str, StringConstraints(pattern=r"^\d{4}(-\d{2}(-\d{2})?)?(/\d{4}(-\d{2}(-\d{2})?)?)?$")]
    """When it was observed: a year, a month, a day, or two of them with a slash between."""
    source: SourceText
    """Where figure and band come from: fact ids or `assumption`, with an optional note after a colon."""
    demand: list[Annotated[Number, Field(gt=0, le=10)]] = Field(default=[1.0], min_length=1, max_length=10)
    """Factors on all flows; the figure must hold at each."""
    start: Day | None = None
    """First measured day; omit for the gate's own."""
    days: Annotated[Count, Field(ge=1, le=366)] | None = None
    """Measured days; omit for those of the calibration."""
    warmup_days: Annotated[Count, Field(ge=0, le=366)] | None = None
    """Days before them; omit for those of the calibration."""
    changes: list[Edit] = Field(default=[], max_length=100)
    """What was otherwise when it was observed, as changes of the gate: flows, a lane shut, trucks in queues."""

    @model_validator(mode="after")
    def _band(self) -> Target:
        if self.low is None and self.high is None:
            raise refusal("no band", "Write `low`, `high` or both.")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise refusal("not in order", "Write low <= high.")
        return self

    def holds(self, value: float) -> bool:
        """Tell whether a value is in the band."""
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)
