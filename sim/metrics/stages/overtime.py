"""How long lanes work after closing."""

from __future__ import annotations

from typing import Self

import numpy as np

from sim.clock import TICKS_PER_HOUR
from sim.metrics.block import LogBlock
from sim.metrics.meter import BORDERGATE, Meter, Metric, Readings
from sim.metrics.scope import Scope
from sim.metrics.stages.lane_time import limited_stages
from sim.metrics.time_use import AFTER_CLOSING, time_use

OVERTIME = Metric(
    name="overtime_h",
    title="Overtime",
    unit="h/day",
    statistics=("mean",),
    better="less",
    definition="Lane hours per day that the stage works after closing, to finish the trucks that it serves.",
    source=BORDERGATE,
)


class Overtime(Meter):
    """Adds up the time in which closed lanes serve or hold a truck."""

    metrics = (OVERTIME,)
    place = 130

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._after_closing = np.zeros(len(scope.plan.groups.name), np.int64)
        """(groups,) [lane tick]."""

    @classmethod
    def for_plan(cls, scope: Scope) -> Self | None:
        """Return a meter; None for a gate without a stage with a limited number of lanes."""
        return cls(scope) if limited_stages(scope) else None

    def add(self, block: LogBlock) -> None:
        """Add what happened in a block."""
        self._after_closing += time_use(block).lane[:, AFTER_CLOSING]

    def values(self) -> Readings:
        """Yield the hours per day of each stage with a limited number of lanes."""
        for stage in limited_stages(self._scope):
            after = int(self._after_closing[stage.groups].sum())
            yield OVERTIME.key("mean", stage=stage.name), after / TICKS_PER_HOUR / self._scope.plan.measured_days
