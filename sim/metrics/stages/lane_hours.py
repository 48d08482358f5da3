"""Lane hours of the lanes that the queue opens: what they need of staff."""

from __future__ import annotations

from typing import Self

import numpy as np

from sim.clock import TICKS_PER_HOUR
from sim.metrics.block import LogBlock
from sim.metrics.meter import TIME_AVERAGE, Meter, Metric, Readings
from sim.metrics.scope import Scope
from sim.metrics.stages.lane_time import open_lane_time

OPEN_LANES = Metric(
    name="open_lanes_h",
    title="Lane hours open",
    unit="h/day",
    statistics=("mean",),
    better="neither",
    definition="Lane hours per day of lanes that the queue opens: while they are open, and while they finish a truck "
    "after that. `stage` holds the names of the stage and of the lane group, `booth/reserve`.",
    source=TIME_AVERAGE,
)


class OpenLaneHours(Meter):
    """Adds up the time in which lanes are open that the queue opens."""

    metrics = (OPEN_LANES,)
    place = 117

    def __init__(self, scope: Scope, groups: list[int]) -> None:
        self._scope, self._groups = scope, groups
        self._open = np.zeros(len(scope.plan.groups.name), np.int64)
        """(groups of the plan,) [lane tick]."""

    @classmethod
    def for_plan(cls, scope: Scope) -> Self | None:
        """Return a meter; None for a gate where the queue opens no lanes."""
        groups = np.flatnonzero(scope.plan.network.groups["opens_at"]).tolist()
        return cls(scope, groups) if groups else None

    def add(self, block: LogBlock) -> None:
        """Add what happened in a block."""
        self._open += open_lane_time(block)

    def values(self) -> Readings:
        """Yield the hours per day of each such lane group."""
        plan = self._scope.plan
        for group in self._groups:
            name = f"{plan.stages[plan.groups.stage[group]]}/{plan.groups.name[group]}"
            per_day = int(self._open[group]) / TICKS_PER_HOUR / plan.measured_days
            yield OPEN_LANES.key("mean", stage=name), per_day
