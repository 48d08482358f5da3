"""How busy the lanes of a stage are."""

from __future__ import annotations

from typing import Self

import numpy as np

from sim.metrics.block import LogBlock
from sim.metrics.meter import TIME_AVERAGE, Meter, Metric, Readings, ratio
from sim.metrics.scope import Scope
from sim.metrics.stages.lane_time import limited_stages, open_lane_time
from sim.metrics.time_use import WHILE_OPEN, time_use

UTILISATION = Metric(
    name="utilisation",
    title="Utilisation",
    unit="1",
    statistics=("share",),
    better="neither",
    definition="Share of the open lane time of the stage in which a lane serves a truck, or holds one that was "
    "served and is blocked by what lies ahead.",
    source=TIME_AVERAGE,
)


class Utilisation(Meter):
    """Adds up the time in which open lanes serve or hold a truck."""

    metrics = (UTILISATION,)
    place = 110

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._busy = np.zeros(len(scope.plan.groups.name), np.int64)
        self._open = np.zeros_like(self._busy)
        """(groups,) [lane tick]."""

    @classmethod
    def for_plan(cls, scope: Scope) -> Self | None:
        """Return a meter; None for a gate without a stage with a limited number of lanes."""
        return cls(scope) if limited_stages(scope) else None

    def add(self, block: LogBlock) -> None:
        """Add what happened in a block."""
        self._busy += time_use(block).lane[:, WHILE_OPEN]
        self._open += open_lane_time(block)

    def values(self) -> Readings:
        """Yield the share of each stage with a limited number of lanes."""
        for stage in limited_stages(self._scope):
            busy = int(self._busy[stage.groups].sum())
            yield UTILISATION.key("share", stage=stage.name), ratio(busy, int(self._open[stage.counted].sum()))
