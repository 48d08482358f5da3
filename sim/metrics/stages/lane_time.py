"""Stages with a limited number of lanes, and how long their lanes are open."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.metrics.scope import Counts, Scope, once
from sim.plan.supply import UNLIMITED_LANES


class LimitedStage(NamedTuple):
    """A stage with a limited number of lanes."""

    number: int
    name: str
    groups: Counts
    """Its lane groups."""
    counted: Counts
    """Those whose lanes are lanes of the stage, and not a second name of other lanes."""
    open_time: int
    """Lane time open in the measured period [lane tick]."""


@once
def limited_stages(scope: Scope) -> list[LimitedStage]:
    """Return the stages with a limited number of lanes."""
    groups, stages = scope.plan.groups, []
    measured = np.array([scope.plan.warmup, scope.plan.end])
    for number, name in enumerate(scope.plan.stages):
        mine = np.flatnonzero(groups.stage == number).astype(np.int64)
        if (groups.lanes[mine] >= UNLIMITED_LANES).any():
            continue
        counted = mine[groups.counted[mine]]
        open_time = sum(
            int(groups.lanes[g]) * int(np.diff(groups.windows[g].open_before(measured))[0]) for g in counted
        )
        stages.append(LimitedStage(number, name, mine, counted, open_time))
    return stages
