"""How much lane time outages take."""

from __future__ import annotations

from dataclasses import replace
from typing import Self

import numpy as np

from sim.draws.outages import in_force
from sim.memory import once
from sim.metrics.block import LogBlock
from sim.metrics.decided import as_decided, decided_in, planned
from sim.metrics.meter import TIME_AVERAGE, Meter, Metric, Readings, ratio
from sim.metrics.scope import Counts, Scope
from sim.metrics.stages.lane_time import limited_stages, measured_span, open_lane_time
from sim.plan.supply import UNLIMITED_LANES

DOWN = Metric(
    name="down_share",
    title="Lane time lost to outages",
    unit="1",
    statistics=("share",),
    better="less",
    definition="Share of the open lane time of the stage that outages take.",
    source=TIME_AVERAGE,
)


@once
def time_down(block: LogBlock) -> Counts:
    """(groups, pools and links) scheduled lanes and units that are down in the measured period [lane or unit tick]."""
    network = as_decided(block.scope.plan.network, decided_in(block))
    plan = replace(block.scope.plan, network=network)
    lost, left = no_time_down(block.scope), in_force(plan, block.log.draws.outages)
    start, end = measured_span(block).tolist()
    for resource in {resource for source in plan.outages for resource in source.resources}:
        # of unlimited lanes no share is lost
        if resource >= network.groups.size or plan.groups.lanes[resource] < UNLIMITED_LANES:
            lost[resource] += planned(network, resource).unit_time(start, end)
            lost[resource] -= planned(left, resource).unit_time(start, end)
    return lost


def no_time_down(scope: Scope) -> Counts:
    """(groups, pools and links) zeros."""
    return np.zeros(len(scope.plan.groups.name) + len(scope.plan.pools), np.int64)


class LanesDown(Meter):
    """Adds up the lane time that outages take from the timetable in the measured period."""

    metrics = (DOWN,)
    place = 160

    def __init__(self, scope: Scope) -> None:
        self._scope, self._lost = scope, no_time_down(scope)
        self._open = np.zeros(len(scope.plan.groups.name), np.int64)
        """(groups,) [lane tick]."""

    @classmethod
    def for_plan(cls, scope: Scope) -> Self | None:
        """Return a meter; None for a gate without outages."""
        return cls(scope) if scope.plan.outages else None

    def add(self, block: LogBlock) -> None:
        """Add what outages take in a block."""
        self._lost += time_down(block)
        self._open += open_lane_time(block)

    def values(self) -> Readings:
        """Yield the share of each stage whose lanes an outage may take."""
        fails = {resource for source in self._scope.plan.outages for resource in source.resources}
        for stage in limited_stages(self._scope):
            if fails & set(stage.counted.tolist()):
                lost, opened = (int(ticks[stage.counted].sum()) for ticks in (self._lost, self._open))
                yield DOWN.key("share", stage=stage.name), ratio(lost, opened)
