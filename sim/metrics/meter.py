"""What a meter is, and how it declares the metrics that it measures."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from sim.clock import TICKS_PER_HOUR, Ticks
from sim.metrics.block import LogBlock
from sim.metrics.scope import Scope

Floats = npt.NDArray[np.float64]
Better = Literal["more", "less", "neither"]

UNDEFINED = float("nan")
STATISTICS = {
    "mean": "mean",
    "p50": "median",
    "p90": "p90",
    "p95": "p95",
    "p99": "p99",
    "max": "maximum",
    "end_of_day": "end of day",
    "total": "total",
    "share": "share",
}
"""Every statistic that a metric may have, and what people call it."""

BORDERGATE = "bordergate"
RELEASE_GUIDE = (
    "World Customs Organization (2018), Guide to Measure the Time Required for the Release of Goods, version 3"
)
TIME_AVERAGE = "Law (2015), Simulation Modeling and Analysis, section 1.4: a level averaged over time"
"""Sources of definitions."""


class Key(NamedTuple):
    """The name of one number of a replication."""

    metric: str
    """Name in `METRICS`."""
    statistic: str
    """Name in `STATISTICS`."""
    direction: str | None = None
    vehicle_class: str | None = None
    stage: str | None = None
    """Stage; the area of `area_trucks` and `tailback_km`, the pool of `pool_utilisation`."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """The declaration of a metric: all that console, reports, docs, studies and the service say of it."""

    name: str
    title: str
    """What people call it, such as in the title of an axis."""
    unit: str
    statistics: tuple[str, ...]
    """Names in `STATISTICS`."""
    better: Better
    """Whether more of it is better, less of it, or neither."""
    definition: str
    """What it tells a planner."""
    source: str
    """Whose definition or formula it is, and where it stands."""

    def key(
        self,
        statistic: str,
        direction: str | None = None,
        vehicle_class: str | None = None,
        *,
        stage: str | None = None,
    ) -> Key:
        """Return the name of one of its numbers."""
        return Key(self.name, statistic, direction, vehicle_class, stage)


Readings = Iterator[tuple[Key, float]]
"""Numbers of a replication, NaN where undefined."""


class Meter(ABC):
    """Measures some metrics of a replication, block by block. A module of `stages`, `trucks` or `resources` has one."""

    metrics: ClassVar[tuple[Metric, ...]]
    """What it measures, in the order in which results give it."""
    place: ClassVar[int]
    """Results give the metrics of meters with a smaller place first."""

    @classmethod
    @abstractmethod
    def for_plan(cls, scope: Scope) -> Self | None:
        """Return a meter of a plan; None where the gate has nothing to measure."""

    @abstractmethod
    def add(self, block: LogBlock) -> None:
        """Add what happened in a block."""

    @abstractmethod
    def values(self) -> Readings:
        """Yield every number; the same keys, in the same order, for every replication of a plan."""


def ratio(part: float, whole: float) -> float:
    """Return a share; undefined of nothing."""
    return part / whole if whole else UNDEFINED


def hours(ticks: Ticks | Floats) -> Floats:
    """Return ticks in hours."""
    return np.asarray(ticks / TICKS_PER_HOUR, np.float64)
