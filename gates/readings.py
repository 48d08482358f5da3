"""Readings and targets: rival structures of a gate as data, and the published figures that they are held to.

What is published about a gate seldom fixes its model: several structures explain the same figures and give different
advice. A reading is one of them, written as changes of the gate file in the language of upgrades. A target is a
published figure with its band, and under which circumstances it was observed.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from gates.edits import Edit
from gates.schema.base import DirectionName, Model, Name, SourceText, Title
from gates.schema.hours import OpeningHours, spans_text
from gates.schema.quantities import Count, Day, Number, Spans, refusal

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


def _daily(hours: OpeningHours) -> OpeningHours:
    if hours.daily is None or not hours.ever_open:
        raise refusal("not the same on all days", "Write times of day: 07:00-15:00.")
    return hours


TimesOfDay = Annotated[OpeningHours, AfterValidator(_daily)]
"""Windows of every day: `07:00-15:00`."""


def text_of(times: OpeningHours) -> str:
    """Return windows of every day as a file writes them."""
    return spans_text(spans_of(times))


def spans_of(times: OpeningHours) -> Spans:
    """Return windows of every day [s since midnight]."""
    return times.daily or ()


class Among(Model):
    """Which trucks a target is about, where not all of its direction."""

    classes: list[Name] = Field(default=[], max_length=64)
    """Their classes; omit for all."""
    arrives: TimesOfDay | None = None
    """When they arrive, on the clock of the side that they come from; omit for any time."""
    avoids: list[Name] = Field(default=[], max_length=64)
    """Stages; trucks that visit one of them are left out."""

    @model_validator(mode="after")
    def _something(self) -> Among:
        if not self.classes and not self.avoids and self.arrives is None:
            raise refusal("all trucks", "Write `classes`, `arrives` or `avoids`, or remove `among`.")
        return self


class Passing(Model):
    """A count of trucks that leave stages, which no metric of a run gives."""

    stages: list[Name] = Field(min_length=1, max_length=64)
    """The stages; a truck counts at each of them."""
    between: TimesOfDay | None = None
    """When they leave, on the clock of the stage's side; omit for any time."""
    direction: DirectionName | None = None
    """Of which direction they are; omit for both."""
    load: Literal["loaded", "empty"] | None = None
    """Whether they are loaded there; omit for both."""


class Target(Model):
    """A published figure that a gate is held to, with its band and its circumstances."""

    title: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    """What was observed, in a few words."""
    metric: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    """The metric of a run, as a study writes it: `stock_days.end_of_day.northbound`."""
    among: Among | None = None
    """Which trucks the metric is taken of, if not of all; for clearance and stock."""
    passing: Passing | None = None
    """What is counted in place of a metric: trucks a day that leave stages."""
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
    def _one_measure(self) -> Target:
        if (self.metric is None) == (self.passing is None):
            problem = "neither `metric` nor `passing`" if self.metric is None else "both `metric` and `passing`"
            raise refusal(problem, "Write one of the two.")
        if self.passing is not None and self.among is not None:
            raise refusal("`among` without a metric", "Remove it; `passing` has keys of its own.")
        return self

    @property
    def measured(self) -> str:
        """What is measured, in a few words: the metric, or what is counted."""
        if self.passing is not None:
            counted = self.passing
            who = " ".join(filter(None, (counted.direction, counted.load, "trucks a day past")))
            when = f" between {text_of(counted.between)}" if counted.between else ""
            return f"{who} {' and '.join(counted.stages)}{when}"
        if self.among is None:
            return str(self.metric)
        among = self.among
        parts = [
            *([" and ".join(among.classes)] if among.classes else []),
            *([f"arrived {text_of(among.arrives)}"] if among.arrives else []),
            *([f"not through {' or '.join(among.avoids)}"] if among.avoids else []),
        ]
        return f"{self.metric} of trucks: {', '.join(parts)}"

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
