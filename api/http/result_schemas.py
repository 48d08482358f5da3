"""What answers about results look like: models for the description of the API."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from api.http.schemas import Shape


class MetricShape(Shape):
    """A number over all replications, with its 95 % interval."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True, populate_by_name=True)

    metric: str
    statistic: str
    direction: str | None
    vehicle_class: Annotated[str | None, Field(alias="class")]
    stage: str | None
    unit: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    """Replications in which the number is defined."""
    unreached: int
    """Of these, replications that do not reach it before the end of the run; then there is no mean."""


class HeadlineShape(Shape):
    """What a run says about a direction."""

    direction: str
    sentence: str
    details: list[str]


class WordsShape(Shape):
    """A table in words: numbers as people read them."""

    columns: list[str]
    rows: list[list[str]]
    note: str


class AnswerShape(Shape):
    """What a run says first."""

    title: str
    basis: str
    """What was run, and what the intervals are."""
    warnings: list[str]
    """What one must know before any number: deadlock, overload, a run outside the calibrated range."""
    headlines: list[HeadlineShape]
    """One for each direction; none if trucks are in deadlock."""
    numbers: WordsShape


class StudyAnswerShape(Shape):
    """What a study says first."""

    title: str
    question: str
    basis: str
    warnings: list[str]
    """What one must know before any number: deadlock, overload, scenarios outside the calibrated range."""
    advice: list[str]
    """Sentences; the first one answers the question."""
    notes: list[str]


class MetricsShape(Shape):
    """`metrics.json` of a result."""

    model_config = ConfigDict(extra="allow")

    gate: str
    replications: int
    confidence: float
    metrics: list[MetricShape]


class SeriesShape(Shape):
    """Queue length over time."""

    stage: str | None
    unit: str
    bucket_h: int
    """Hours of a bucket."""
    replications: int
    first_measured: str
    """Day of hour 0."""
    hour: list[int]
    """Where each bucket starts, in hours since the start of the measured period."""
    mean: list[float | None]
    low: list[float | None]
    """Lower end of the 95 % interval of the mean."""
    high: list[float | None]
    max: list[int] | None
    """The highest of any replication; null for all stages together."""


class EstimateShape(Shape):
    """A mean over replications with its 95 % interval; null where it is undefined or beyond the run."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    """Replications in which the number is defined."""
    unreached: int
    """Of these, replications that do not reach it before the end of the run; then there is no mean."""


class DistributionShape(Shape):
    """The distribution of one direction."""

    direction: str
    replications: int
    edges_h: list[float | None]
    share: list[float | None]
    """Share of the trucks between an edge and the next."""
    beyond_share: float | None
    """Share beyond the last edge, or still inside at the end."""
    quantiles: dict[str, EstimateShape]


class ClearanceShape(Shape):
    """Distributions of clearance or passage time."""

    measure: Literal["clearance", "passage"]
    vehicle_class: Annotated[str | None, Field(alias="class")]
    unit: str
    distributions: list[DistributionShape]


class ReplayShape(Shape):
    """Stage visits in a window of time, in columns."""

    replication: int
    tick_zero: str
    """The moment from which all times count."""
    unit: str
    rows: int
    words: dict[str, list[str]]
    """Meaning of the numbers in columns of words."""
    columns: dict[str, list[Any]]


class PlotShape(Shape):
    """A plot."""

    name: str
    title: str
    caption: str
    alt: str
    links: dict[str, str]


class PlotsShape(Shape):
    """The plots of a run."""

    items: list[PlotShape]
