"""Trucks that turn back without release."""

from __future__ import annotations

from typing import Self

import numpy as np

from sim.metrics.block import LogBlock, turned_back_by_row
from sim.metrics.meter import BORDERGATE, Meter, Metric, Readings
from sim.metrics.scope import Scope

TURNED_BACK = Metric(
    name="turned_back_per_day",
    title="Trucks turned back",
    unit="trucks/day",
    statistics=("mean",),
    better="less",
    definition="Trucks per day of 24 hours that turn back without release, because too many trucks queue (balking) or "
    "their patience is at an end (reneging). They are left out of clearance and passage times.",
    source=BORDERGATE,
)
TURNED_BACK_T = Metric(
    name="turned_back_t_per_day",
    title="Load turned back",
    unit="t/day",
    statistics=("mean",),
    better="less",
    definition="Load per day of 24 hours of the trucks that turn back, where every class has its load.",
    source=BORDERGATE,
)


class TurnedBack(Meter):
    """Counts trucks that turn back without release in the measured period."""

    metrics = (TURNED_BACK, TURNED_BACK_T)
    place = 150

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._turned_back = scope.by_row()

    @classmethod
    def for_plan(cls, scope: Scope) -> Self | None:
        """Return a meter; None for a gate where no truck turns back."""
        plan = scope.plan
        return cls(scope) if plan.limits_queues or plan.limits_stays else None

    def add(self, block: LogBlock) -> None:
        """Add who turns back in a block."""
        self._turned_back += turned_back_by_row(block)

    def values(self) -> Readings:
        """Yield who turns back, of each direction and class."""
        plan = self._scope.plan
        for direction, name, cohort in self._scope.cohorts:
            rows = list(cohort)
            turned, tonnes = self._turned_back[rows], plan.load_t[rows]
            yield TURNED_BACK.key("mean", direction, name), int(turned.sum()) / plan.measured_days
            if not np.isnan(tonnes).any():
                load = float((turned * tonnes).sum()) / plan.measured_days
                yield TURNED_BACK_T.key("mean", direction, name), load
