"""Lanes open and units on duty over time, where the queue or a policy decided in the run how many there are."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sim.arrays import NOBODY, Rows
from sim.clock import Ticks
from sim.engines.log import NO_RULE, EventLog
from sim.memory import once
from sim.metrics.block import LogBlock
from sim.plan.network import NO_LIMIT, Network
from sim.plan.plan import Plan
from sim.plan.timetable import OnDuty, Windows, merged_windows, union

Decided = Mapping[int, OnDuty]
"""Lane group or pool, as a resource -> its lanes open or units on duty without outages, as far as a log goes back."""


@once
def decided_in(block: LogBlock) -> Decided:
    """Return what was decided in the run up to the end of a block."""
    return decided(block.scope.plan, block.log)


def decided(plan: Plan, log: EventLog) -> Decided:
    """Return what the queue decided about lanes of its own, and a policy about others and about pools."""
    groups = plan.network.groups
    by_queue = np.flatnonzero(groups["opens_at"]).tolist()
    reversible = np.flatnonzero(groups["other_way"] != NOBODY).tolist()  # open in either direction at all their hours
    found = {}
    for group in sorted({*by_queue, *log.lane_changes["group"].tolist()} - set(reversible)):
        mine = log.lane_changes[log.lane_changes["group"] == group]
        found[group] = _chosen(planned(plan.network, group), mine, "lanes", 0 if group in by_queue else NO_RULE)
    for pool in np.unique(log.unit_changes["pool"]).tolist():
        mine = log.unit_changes[log.unit_changes["pool"] == pool]
        found[groups.size + pool] = _chosen(planned(plan.network, groups.size + pool), mine, "units", NO_RULE)
    return found


def planned(network: Network, resource: int) -> OnDuty:
    """Return the lanes open or units on duty by a timetable."""
    mine = network.change_resource == resource
    return OnDuty(network.change_tick[mine], network.change_units[mine])


def _chosen(by_hours: OnDuty, changes: Rows, column: str, first: int) -> OnDuty:
    """Return what changes make of lanes or units, whenever there are any by the timetable."""
    tick = np.union1d(by_hours.tick, changes["tick"])
    usual, chosen = level(by_hours.tick, by_hours.units, tick), level(changes["tick"], changes[column], tick, first)
    return OnDuty(tick, np.where((usual > 0) & (chosen != NO_RULE), chosen, usual))


def level(change: Ticks, value: Ticks, tick: Ticks, first: int = 0) -> Ticks:
    """Return the value that holds at each tick; of several changes at one tick the last counts."""
    return np.concatenate(([first], value))[np.searchsorted(change, tick, side="right")]


def windows_of_lines(plan: Plan, kept: Decided) -> tuple[Windows, ...]:
    """Return when at least one lane group of each line is open [tick]."""
    if not kept:
        return plan.line_windows
    groups = plan.network.groups_of_line
    windows = [
        _open(kept[group], plan.end) if group in kept else hours for group, hours in enumerate(plan.groups.windows)
    ]
    return tuple(
        union([windows[group] for group in groups[line["groups_from"] : line["groups_to"]]])
        for line in plan.network.lines
    )


def _open(kept: OnDuty, end: int) -> Windows:
    """Return when there are any."""
    some = kept.units > 0
    ends = np.append(kept.tick[1:], end)
    return merged_windows(list(zip(kept.tick[some].tolist(), ends[some].tolist(), strict=True)), end)


def as_decided(network: Network, kept: Decided) -> Network:
    """Return the network with the timetable as it was kept."""
    if not kept:
        return network
    others = ~np.isin(network.change_resource, list(kept))
    tick = np.concatenate([network.change_tick[others], *(on_duty.tick for on_duty in kept.values())])
    units = np.concatenate([network.change_units[others], *(on_duty.units for on_duty in kept.values())])
    of = [np.full(on_duty.tick.size, resource, np.uint32) for resource, on_duty in kept.items()]
    resource = np.concatenate([network.change_resource[others], *of])
    order = np.lexsort((resource, tick))
    return network._replace(
        change_tick=tick[order],
        change_resource=resource[order],
        change_units=units[order],
        change_keeps=np.full(tick.size, NO_LIMIT),
    )
