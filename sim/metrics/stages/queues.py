"""Trucks that queue at each stage."""

from __future__ import annotations

from typing import Self

from sim.metrics.block import LogBlock, visits_of_line
from sim.metrics.levels import QueueLevels, level_values
from sim.metrics.meter import TIME_AVERAGE, Meter, Metric, Readings
from sim.metrics.scope import Scope

QUEUE = Metric(
    name="queue_trucks",
    title="Queue",
    unit="trucks",
    statistics=("mean", "max", "end_of_day"),
    better="less",
    definition="Trucks that queue at the stage, without those in service: time average, maximum, "
    "and when the day's bulletin counts (mean over the days).",
    source=TIME_AVERAGE,
)


class Queues(Meter):
    """Follows the queue of each stage."""

    metrics = (QUEUE,)
    place = 90

    def __init__(self, scope: Scope) -> None:
        self._plan = scope.plan
        self.levels = QueueLevels(scope.plan)

    @classmethod
    def for_plan(cls, scope: Scope) -> Self:
        """Return a meter of any plan."""
        return cls(scope)

    def add(self, block: LogBlock) -> None:
        """Add what happened in a block."""
        self.levels.add(block.log, visits_of_line(block), block.start, block.end)

    def values(self) -> Readings:
        """Yield the queue of each stage."""
        for index, stage in enumerate(self._plan.stages):
            yield from level_values(QUEUE.key("mean", stage=stage), self.levels, index)
