"""How long trucks take from their arrival to their release, and to their departure."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Self

import numpy as np

from sim.clock import TICKS_PER_HOUR
from sim.engines.log import NEVER
from sim.metrics.block import LogBlock, still_inside, truck_moves
from sim.metrics.meter import RELEASE_GUIDE, Floats, Meter, Metric, Readings, hours
from sim.metrics.scope import Scope
from sim.metrics.survival import CensoredTimes, Survival

PERCENT: Floats = np.arange(1, 200) / 2
"""Percentages at which the curves of clearance and passage are given."""
QUANTILES = {"p50": 50.0, "p90": 90.0, "p95": 95.0, "p99": 99.0}
CENSORED = (
    "A truck still inside at the end counts as taking longer than it has been there (Kaplan and Meier 1958); "
    "the mean is the area under that curve (Irwin 1949)."
)

CLEARANCE = Metric(
    name="clearance_h",
    title="Clearance",
    unit="h",
    statistics=("mean", *QUANTILES),
    better="less",
    definition="Time from the arrival of a truck to its release from the last control, for trucks "
    f"that arrive in the measured period. {CENSORED}",
    source=f"{RELEASE_GUIDE}: from arrival to release",
)
PASSAGE = Metric(
    name="passage_h",
    title="Passage",
    unit="h",
    statistics=("mean", *QUANTILES),
    better="less",
    definition="Time from the arrival of a truck to its last departure, the empty return included, "
    f"for trucks that arrive in the measured period. {CENSORED}",
    source=f"{RELEASE_GUIDE}: carried on from the release to the departure",
)

Curves = dict[tuple[str, str | None], Floats]


class Clearance(Meter):
    """Collects clearance and passage times."""

    metrics = (CLEARANCE, PASSAGE)
    place = 20

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._to_release, self._to_departure = (
            CensoredTimes(len(scope.classes), scope.plan.end, scope.exact) for _ in range(2)
        )

    @classmethod
    def for_plan(cls, scope: Scope) -> Self:
        """Return a meter of any plan."""
        return cls(scope)

    def add(self, block: LogBlock) -> None:
        """Add who is released or departs in a block; with the last block, who is still inside."""
        moves, arrival = truck_moves(block), block.log.draws.arrival
        for times, ticks, happened in (
            (self._to_release, moves.released, moves.is_released),
            (self._to_departure, moves.departed, moves.departs & (moves.turned_back == NEVER)),
        ):
            done = happened & moves.measured
            times.add(moves.row[done], ticks[done] - arrival[done])
            if block.is_last:
                inside = still_inside(block, ticks)
                times.cut_short(moves.row[inside], block.end - arrival[inside])

    @cached_property
    def clearance(self) -> dict[tuple[str, str | None], Survival]:
        """(direction, class or None for all) -> distribution of the time from arrival to release."""
        return self._of_cohorts(self._to_release)

    @cached_property
    def passage(self) -> dict[tuple[str, str | None], Survival]:
        """The same of the time from arrival to departure."""
        return self._of_cohorts(self._to_departure)

    def _of_cohorts(self, times: CensoredTimes) -> dict[tuple[str, str | None], Survival]:
        return {(direction, name): times.survival(rows) for direction, name, rows in self._scope.cohorts}

    def values(self) -> Readings:
        """Yield mean and quantiles of each direction and class."""
        yield from time_values(CLEARANCE, self.clearance)
        yield from time_values(PASSAGE, self.passage)


def time_values(metric: Metric, times: Mapping[tuple[str, str | None], Survival]) -> Readings:
    """Yield mean and quantiles of times of some directions and classes."""
    for (direction, name), survival in times.items():
        yield metric.key("mean", direction, name), survival.mean / TICKS_PER_HOUR
        quantiles = hours(survival.quantiles(np.array(list(QUANTILES.values()))))
        for statistic, value in zip(QUANTILES, quantiles, strict=True):
            yield metric.key(statistic, direction, name), float(value)


def curves(times: Mapping[tuple[str, str | None], Survival]) -> Curves:
    """Return the quantiles of times at `PERCENT` [h]."""
    return {name: hours(survival.quantiles(PERCENT)) for name, survival in times.items()}
