"""How busy the units of pools are."""

from __future__ import annotations

from typing import Self

import numpy as np

from sim.metrics.block import LogBlock
from sim.metrics.meter import TIME_AVERAGE, Meter, Metric, Readings, ratio
from sim.metrics.resources.pool_use import on_duty_in
from sim.metrics.scope import Scope
from sim.metrics.stages.down import no_time_down, time_down
from sim.metrics.time_use import time_use

POOL_UTILISATION = Metric(
    name="pool_utilisation",
    title="Utilisation of the pool",
    unit="1",
    statistics=("share",),
    better="neither",
    definition="Units in use or on their way back while the pool is on duty, including those under repair after a "
    "breakdown or charging, as a share of the units on duty that no outage takes down; `stage` holds the pool's name. "
    "Work after the last shift of a day does not count. Above 1 where units finish work when fewer are on duty.",
    source=TIME_AVERAGE,
)


class PoolUse(Meter):
    """Adds up the unit time of pools in the measured period."""

    metrics = (POOL_UTILISATION,)
    place = 190

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._in_use = np.zeros(len(scope.plan.pools), np.int64)
        """(pools,) units taken, or on their way back [unit tick]."""
        self._there = np.zeros_like(self._in_use)
        """(pools,) units on duty without outages [unit tick]."""
        self._down = no_time_down(scope)

    @classmethod
    def for_plan(cls, scope: Scope) -> Self | None:
        """Return a meter; None for a gate without pools."""
        return cls(scope) if scope.plan.pools else None

    def add(self, block: LogBlock) -> None:
        """Add what happened in a block."""
        begin = min(max(block.start, self._scope.plan.warmup), block.end)
        self._there += np.array([units.unit_time(begin, block.end) for units in on_duty_in(block)])
        self._in_use += time_use(block).in_use
        if self._scope.plan.outages:
            self._down += time_down(block)

    def values(self) -> Readings:
        """Yield the share of each pool."""
        plan = self._scope.plan
        for index, name in enumerate(plan.pools):
            there = int(self._there[index] - self._down[plan.network.groups.size + index])
            yield POOL_UTILISATION.key("share", stage=name), ratio(int(self._in_use[index]), there)
