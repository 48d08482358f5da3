"""How busy the lane groups of a stage are, each by itself."""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np

from sim.metrics.block import LogBlock
from sim.metrics.meter import TIME_AVERAGE, Meter, Metric, Readings, ratio
from sim.metrics.scope import Counts, Scope
from sim.metrics.stages.lane_time import open_lane_time
from sim.metrics.time_use import WHILE_OPEN, time_use
from sim.plan.supply import UNLIMITED_LANES

GROUP_UTILISATION = Metric(
    name="lane_group_utilisation",
    title="Utilisation of the lane group",
    unit="1",
    statistics=("share",),
    better="neither",
    definition="Share of the open lane time of the group in which a lane serves a truck, or holds one that was served "
    "and is blocked by what lies ahead; of stages with several lane groups. `stage` holds the names of both, "
    "`bays/fruit`.",
    source=TIME_AVERAGE,
)


class LaneGroup(NamedTuple):
    """A lane group with a limited number of lanes, of a stage that has others."""

    name: str
    """`stage/group`."""
    rows: Counts
    """Its lanes as the plan lists them: reversible ones once for each direction, the first of which counts."""


class GroupUtilisation(Meter):
    """Adds up the time in which the open lanes of each group serve or hold a truck."""

    metrics = (GROUP_UTILISATION,)
    place = 115

    def __init__(self, groups: list[LaneGroup], count: int) -> None:
        self._groups = groups
        self._busy = np.zeros(count, np.int64)
        self._open = np.zeros_like(self._busy)
        """(groups of the plan,) [lane tick]."""

    @classmethod
    def for_plan(cls, scope: Scope) -> Self | None:
        """Return a meter; None for a gate whose stages have one lane group each."""
        groups = lane_groups(scope)
        return cls(groups, len(scope.plan.groups.name)) if groups else None

    def add(self, block: LogBlock) -> None:
        """Add what happened in a block."""
        self._busy += time_use(block).lane[:, WHILE_OPEN]
        self._open += open_lane_time(block)

    def values(self) -> Readings:
        """Yield the share of each lane group."""
        for group in self._groups:
            share = ratio(int(self._busy[group.rows].sum()), int(self._open[group.rows[0]]))
            yield GROUP_UTILISATION.key("share", stage=group.name), share


def lane_groups(scope: Scope) -> list[LaneGroup]:
    """Return the limited lane groups of the stages that have several."""
    groups, found = scope.plan.groups, []
    for number, stage in enumerate(scope.plan.stages):
        mine = np.flatnonzero(groups.stage == number).tolist()
        names = list(dict.fromkeys(groups.name[g] for g in mine))
        for name in names if len(names) > 1 else ():
            rows = [g for g in mine if groups.name[g] == name]
            if groups.lanes[rows[0]] < UNLIMITED_LANES:
                found.append(LaneGroup(f"{stage}/{name}", np.array(rows, np.int64)))
    return found
