"""Stages with a limited number of lanes, and how long their lanes are open."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.engines.log import NEVER
from sim.memory import once
from sim.metrics.block import LogBlock
from sim.metrics.decided import decided_in, level, planned
from sim.metrics.scope import Counts, Scope
from sim.plan.supply import UNLIMITED_LANES
from sim.plan.timetable import OnDuty


class LimitedStage(NamedTuple):
    """A stage with a limited number of lanes."""

    number: int
    name: str
    groups: Counts
    """Its lane groups."""
    counted: Counts
    """Those whose lanes are lanes of the stage, and not a second name of other lanes."""


@once
def limited_stages(scope: Scope) -> list[LimitedStage]:
    """Return the stages with a limited number of lanes."""
    groups, stages = scope.plan.groups, []
    for number, name in enumerate(scope.plan.stages):
        mine = np.flatnonzero(groups.stage == number).astype(np.int64)
        if not (groups.lanes[mine] >= UNLIMITED_LANES).any():
            stages.append(LimitedStage(number, name, mine, mine[groups.counted[mine]]))
    return stages


@once
def open_lane_time(block: LogBlock) -> Counts:
    """(groups,) lane time open in the block, as far as it is measured [lane tick]; 0 of unlimited lanes.

    Lanes that the queue or a policy closes are open until they have finished the trucks that they serve.
    """
    groups, span = block.scope.plan.groups, measured_span(block)
    kept = decided_in(block)
    found = np.zeros(len(groups.name), np.int64)
    for group in np.flatnonzero(groups.lanes < UNLIMITED_LANES).tolist():
        if group in kept:
            found[group] = kept[group].unit_time(*span.tolist()) + _beyond(block, group, kept[group])
        else:
            found[group] = int(groups.lanes[group]) * int(np.diff(groups.windows[group].open_before(span))[0])
    return found


def measured_span(block: LogBlock) -> Counts:
    """(2,) start and end of the part of a block that is measured [tick]."""
    return np.array([min(max(block.start, block.scope.plan.warmup), block.end), block.end])


def _beyond(block: LogBlock, group: int, kept: OnDuty) -> int:
    """Return how long lanes serve or hold trucks within their hours, beyond those that are kept open [lane tick]."""
    log, (start, end) = block.log, measured_span(block)
    mine = (log.group == group) & (log.started != NEVER)
    left = np.where(log.left[mine] == NEVER, end, log.left[mine])
    begins, left = np.sort(np.clip(log.started[mine], start, end)), np.sort(np.clip(left, start, end))
    hours = planned(block.scope.plan.network, group)
    tick = np.union1d(np.concatenate((begins, left)), np.clip(np.concatenate((kept.tick, hours.tick)), start, end))
    busy = np.searchsorted(begins, tick, side="right") - np.searchsorted(left, tick, side="right")
    beyond = np.maximum(busy - level(kept.tick, kept.units, tick), 0) * (level(hours.tick, hours.units, tick) > 0)
    return int((np.diff(np.append(tick, end)) * beyond).sum())
