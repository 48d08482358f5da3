"""Where trucks spend their time at each stage: waiting, closed, blocked."""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np

from sim.memory import once
from sim.metrics.block import LogBlock
from sim.metrics.meter import BORDERGATE, RELEASE_GUIDE, Meter, Metric, Readings, hours, ratio
from sim.metrics.scope import Scope
from sim.metrics.time_use import BLOCKED, VISITS, WAITING, time_use

WAIT = Metric(
    name="wait_h",
    title="Wait",
    unit="h",
    statistics=("mean", "p50", "p90", "p95", "p99"),
    better="less",
    definition="Time in the queue at a visit of the stage while a lane for the truck is open: the mean, in which a "
    "visit that is not over at the end counts with its time so far. At a stage with a `wait_target` also by class, by "
    "lane group (`stage` holds the names of both, `booth/fruit`), and percentiles, in which a truck that still waits "
    "at the end counts as waiting longer than that (Kaplan and Meier 1958).",
    source=f"{RELEASE_GUIDE}: waiting time by step",
)
CLOSED = Metric(
    name="closed_h",
    title="Wait for opening",
    unit="h",
    statistics=("mean",),
    better="less",
    definition="Mean time in the queue at a visit of the stage while every lane for the truck is closed, "
    "such as overnight.",
    source=BORDERGATE,
)
BLOCKED_TIME = Metric(
    name="blocked_h",
    title="Blocked",
    unit="h",
    statistics=("mean",),
    better="less",
    definition="Mean time at a visit of the stage that a truck stays in its lane after its service, "
    "because what lies ahead is full.",
    source=BORDERGATE,
)


class StageTime(NamedTuple):
    """Where the trucks of one direction spent their time at one stage, added up over their visits."""

    visits: int
    """Visits joined in the measured period; a visit not over at the end counts with its time so far."""
    waiting_h: float
    closed_h: float
    served_h: float
    blocked_h: float


class StageTimes(Meter):
    """Adds up the time of visits by stage and direction."""

    metrics = (WAIT, CLOSED, BLOCKED_TIME)
    place = 80

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._totals = np.zeros((len(scope.plan.stages), len(scope.directions), 5), np.int64)
        """As `sim.metrics.time_use.Totals.stage`."""

    @classmethod
    def for_plan(cls, scope: Scope) -> Self:
        """Return a meter of any plan."""
        return cls(scope)

    def add(self, block: LogBlock) -> None:
        """Add what happened in a block."""
        self._totals += time_use(block).stage

    def times(self) -> dict[tuple[str, str], StageTime]:
        """Return where the time went at each (stage, direction) that a path has."""
        visits, spent = self._totals[:, :, VISITS].tolist(), hours(self._totals[:, :, WAITING : BLOCKED + 1]).tolist()
        return {
            (self._scope.plan.stages[stage], self._scope.directions[direction]): StageTime(
                visits[stage][direction], *spent[stage][direction]
            )
            for stage, direction in _at_stages(self._scope)
        }

    def values(self) -> Readings:
        """Yield the mean times of a visit."""
        for (stage, direction), time in self.times().items():
            yield WAIT.key("mean", direction, stage=stage), ratio(time.waiting_h, time.visits)
            yield CLOSED.key("mean", direction, stage=stage), ratio(time.closed_h, time.visits)
            yield BLOCKED_TIME.key("mean", direction, stage=stage), ratio(time.blocked_h, time.visits)


@once
def _at_stages(scope: Scope) -> list[tuple[int, int]]:
    """Return the numbers of all stages, each with those of the directions whose paths have it, by name."""
    plan = scope.plan
    directions: dict[str, set[str]] = {stage: set() for stage in plan.stages}
    for stream in plan.streams:
        for visit in stream.path.visits:
            directions[visit.stage].add(plan.kinds[stream.kind].direction)
    return [
        (number, scope.directions.index(name))
        for number, stage in enumerate(plan.stages)
        for name in sorted(directions[stage])
    ]
