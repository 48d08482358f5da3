"""Stages with a limited number of lanes, and how long their lanes are open."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.engines.log import NEVER
from sim.metrics.block import LogBlock
from sim.metrics.scope import Counts, Scope, once
from sim.metrics.time_use import WHILE_OPEN, lanes_open_by_queue, time_use
from sim.plan.supply import UNLIMITED_LANES
from sim.plan.timetable import Windows


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

    Lanes that the queue opens are open while it keeps them open, and while they finish a truck after that.
    """
    groups, span = block.scope.plan.groups, measured_span(block)
    by_queue = lanes_open_by_queue(block)
    found = np.zeros(len(groups.name), np.int64)
    for group in np.flatnonzero(groups.lanes < UNLIMITED_LANES).tolist():
        windows = by_queue.get(group, groups.windows[group])
        found[group] = int(groups.lanes[group]) * int(np.diff(windows.open_before(span))[0])
        if group in by_queue:
            found[group] += int(time_use(block).lane[group, WHILE_OPEN]) - _busy(block, group, windows)
    return found


def measured_span(block: LogBlock) -> Counts:
    """(2,) start and end of the part of a block that is measured [tick]."""
    return np.array([min(max(block.start, block.scope.plan.warmup), block.end), block.end])


def _busy(block: LogBlock, group: int, windows: Windows) -> int:
    """Return how long lanes of a group serve or hold a truck within windows [lane tick]."""
    log, (start, end) = block.log, measured_span(block)
    mine = (log.group == group) & (log.started != NEVER)
    left = np.where(log.left[mine] == NEVER, end, log.left[mine])
    begins, left = np.clip(log.started[mine], start, end), np.clip(left, start, end)
    return int((windows.open_before(left) - windows.open_before(begins)).sum())
