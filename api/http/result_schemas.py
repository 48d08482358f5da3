"""What answers about results look like: models for the description of the API."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from api.http.schemas import CostsTogetherShape, Shape


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


class TitledWordsShape(WordsShape):
    """A table in words, with its title."""

    title: str


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


class CurveSoFarShape(Shape):
    """By how many hours so many percent of the trucks of a direction are cleared, as a mean over replications."""

    direction: str
    title: str
    percent: list[float]
    hours: list[float | None]
    """Null where in some replication fewer trucks are cleared."""


class SoFarShape(Shape):
    """First results of a run that is not finished."""

    replications: Annotated[int, Field(examples=[5])]
    """How many the numbers rest on: those that are done, from the first on without a gap."""
    total: Annotated[int, Field(examples=[20])]
    numbers: WordsShape | None
    """Null while none is done."""
    curves: list[CurveSoFarShape]


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
    tables: list[TitledWordsShape]
    """What the advice rests on, as the report shows it."""


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
    columns: dict[str, list[Any]] | None = None
    packed: dict[str, list[Any]] | None = None
    """Instead of columns, where that was wanted."""


class PlotShape(Shape):
    """A plot."""

    name: str
    title: str
    caption: str
    alt: str
    warning: str
    """What one must know before reading it, such as overload; empty if nothing. It is drawn in the picture, too."""
    links: dict[str, str]


class PlotsShape(Shape):
    """The plots of a run."""

    items: list[PlotShape]


class ComparedRunShape(Shape):
    """A run that is compared."""

    id: str
    gate: str
    title: str
    upgrades: list[str]
    replications: int
    seed: int
    costs: CostsTogetherShape
    usd_per_year: float | None
    """Capital spread over the life, and running costs; null where the costs of an upgrade are not known."""
    warnings: list[str]


class ChangedShape(Shape):
    """What is not the same in all runs."""

    kind: Literal["setting", "place", "more"]
    """A setting of the run, a place of the gate, or how many more places there are."""
    what: str
    values: list[str]


class ValueShape(Shape):
    """A number of a run, in the unit of its metric."""

    value: float | None
    low: float | None
    high: float | None
    text: str


class DifferenceShape(Shape):
    """A run less the first one; the intervals of a number hold together with 95 %."""

    value: float | None
    low: float | None
    high: float | None
    text: str
    words: str
    """The one conclusion that the interval allows."""
    n: int
    method: str


class ComparedNumberShape(Shape):
    """A number of every run."""

    name: str
    title: str
    statistic: str
    direction: str | None
    direction_title: str
    better: Literal["less", "more", "neither"]
    values: list[ValueShape]
    unit: str
    """Unit of the differences and of the margin."""
    margin: float | None
    """The smallest difference worth having."""
    margin_text: str
    differences: list[DifferenceShape]
    as_good_as_best: list[bool] | None
    """Whether each run is shown to be within the margin of the best; null where runs are not paired."""


class CurvesShape(Shape):
    """Hours within which so many percent of the trucks are cleared, in every run."""

    direction: str
    title: str
    percent: list[float]
    hours: list[list[float | None]]


class ComparedShape(Shape):
    """Two to six runs compared with the first of them."""

    runs: list[ComparedRunShape]
    paired: bool
    method: str
    changed: list[ChangedShape]
    numbers: list[ComparedNumberShape]
    curves: list[CurvesShape]
