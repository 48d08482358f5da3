"""When the lanes are open that the queue opens."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sim.engines.log import EventLog
from sim.plan.plan import Plan
from sim.plan.timetable import Windows, merged_windows, overlap, union

OpenByQueue = Mapping[int, Windows]
"""Lane group that the queue opens -> when it was open within its hours, as far as a log goes back [tick]."""


def open_by_queue(plan: Plan, log: EventLog, end: int) -> OpenByQueue:
    """Return when the lanes that the queue opens were open before the tick `end`."""
    return {
        group: overlap(plan.groups.windows[group], _in_use(log, group, end))
        for group in np.flatnonzero(plan.network.groups["opens_at"]).tolist()
    }


def _in_use(log: EventLog, group: int, end: int) -> Windows:
    mine = log.lane_changes[log.lane_changes["group"] == group]
    ends = np.append(mine["tick"][1:], end)
    opens = mine["lanes"] > 0
    return merged_windows(list(zip(mine["tick"][opens].tolist(), ends[opens].tolist(), strict=True)), end)


def windows_of_lines(plan: Plan, by_queue: OpenByQueue) -> tuple[Windows, ...]:
    """Return when at least one lane group of each line is open [tick]."""
    if not by_queue:
        return plan.line_windows
    windows = [by_queue.get(group, hours) for group, hours in enumerate(plan.groups.windows)]
    groups = plan.network.groups_of_line
    return tuple(
        union([windows[group] for group in groups[line["groups_from"] : line["groups_to"]]])
        for line in plan.network.lines
    )
