"""How much lane time repairs after breakdowns take."""

from __future__ import annotations

from typing import Self

import numpy as np

from sim.metrics.block import LogBlock
from sim.metrics.meter import BORDERGATE, Meter, Metric, Readings, ratio
from sim.metrics.scope import Scope
from sim.metrics.stages.lane_time import limited_stages, open_lane_time

REPAIR = Metric(
    name="repair_share",
    title="Lane time under repair",
    unit="1",
    statistics=("share",),
    better="less",
    definition="Lane time of the stage under repair after breakdowns, as a share of its open lane time; counted with "
    "the services that start in the measured period, or with the failure that hands a truck over, repairs that go on "
    "after closing included.",
    source=BORDERGATE,
)


class Repairs(Meter):
    """Adds up the lane time under repair in the measured period."""

    metrics = (REPAIR,)
    place = 120

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._ticks = np.zeros(len(scope.plan.stages), np.int64)
        """(stages,) of the services that start in the measured period, as far as the run goes [tick]."""
        self._open = np.zeros(len(scope.plan.groups.name), np.int64)
        """(groups,) [lane tick]."""

    @classmethod
    def for_plan(cls, scope: Scope) -> Self | None:
        """Return a meter; None for a gate where nothing breaks down."""
        return cls(scope) if any(scope.plan.failing) else None

    def add(self, block: LogBlock) -> None:
        """Add what happened in a block: all repair of a service when it starts."""
        log, plan = block.log, self._scope.plan
        starts = block.contains(log.started) & (log.started >= plan.warmup) & ~log.by_hand
        repair = np.minimum(log.draws.repair[starts], plan.end - log.started[starts])
        np.add.at(self._ticks, plan.network.line_stage[log.draws.line[starts]], repair)
        if log.failed.size:  # the lanes stand empty
            fails = block.contains(log.failed) & (log.failed >= plan.warmup)
            repair = np.minimum(log.draws.fails_for[fails], plan.end - log.failed[fails])
            np.add.at(self._ticks, plan.network.line_stage[log.draws.line[fails]], repair)
        self._open += open_lane_time(block)

    def values(self) -> Readings:
        """Yield the share of each stage where something breaks down."""
        for stage in limited_stages(self._scope):
            if self._scope.plan.failing[stage.number]:
                opened = int(self._open[stage.counted].sum())
                yield REPAIR.key("share", stage=stage.name), ratio(int(self._ticks[stage.number]), opened)
