"""How much lane time outages take."""

from __future__ import annotations

from typing import Self

import numpy as np

from sim.draws.outages import in_force
from sim.metrics.block import LogBlock
from sim.metrics.meter import TIME_AVERAGE, Meter, Metric, Readings, ratio
from sim.metrics.scope import Counts, Scope, once
from sim.metrics.stages.lane_time import limited_stages, measured_span, open_lane_time
from sim.metrics.time_use import lanes_open_by_queue
from sim.plan.network import Network
from sim.plan.supply import UNLIMITED_LANES
from sim.plan.timetable import OnDuty, Windows

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
    plan, network = block.scope.plan, block.scope.plan.network
    lost, left = no_time_down(block.scope), in_force(plan, block.log.draws.outages)
    by_queue, span = lanes_open_by_queue(block), measured_span(block)
    for resource in {resource for source in plan.outages for resource in source.resources}:
        # of unlimited lanes no share is lost
        if resource >= network.groups.size or plan.groups.lanes[resource] < UNLIMITED_LANES:
            windows = by_queue.get(resource, Windows(*span.reshape(2, 1)))
            lost[resource] += _unit_time(network, resource, windows, span)
            lost[resource] -= _unit_time(left, resource, windows, span)
    return lost


def _unit_time(network: Network, resource: int, windows: Windows, span: Counts) -> int:
    """Return the lanes or units on duty, added up over windows as far as they are measured [lane or unit tick]."""
    mine = network.change_resource == resource
    on_duty = OnDuty(network.change_tick[mine], network.change_units[mine])
    starts, ends = np.clip(windows.start, *span), np.clip(windows.end, *span)
    return sum(on_duty.unit_time(*window) for window in zip(starts.tolist(), ends.tolist(), strict=True))


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
