"""How busy the units of pools are."""

from __future__ import annotations

from typing import Self

import numpy as np

from sim.clock import Ticks
from sim.engines.log import NEVER
from sim.metrics.block import LogBlock
from sim.metrics.decided import decided_in
from sim.metrics.meter import TIME_AVERAGE, Meter, Metric, Readings, ratio
from sim.metrics.scope import Counts, Scope
from sim.metrics.stages.down import no_time_down, time_down
from sim.plan.timetable import OnDuty, Windows

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
        network, pools = scope.plan.network, len(scope.plan.pools)
        self._in_use = np.zeros(pools, np.int64)
        """(pools,) units taken, or on their way back [unit tick]."""
        self._hours = [_hours(on_duty, scope.plan.end) for on_duty in scope.plan.on_duty]
        """When some units of each pool are on duty; None for all the time."""
        self._there = np.zeros(pools, np.int64)
        """(pools,) units on duty without outages [unit tick]."""
        self._down = no_time_down(scope)
        self._taken, self._given = (np.zeros((pools, network.lines.size), np.int64) for _ in range(2))
        for units, entries, name in ((self._taken, network.taken, "taken"), (self._given, network.given, "given")):
            for line, row in enumerate(network.lines):
                for entry in entries[row[f"{name}_from"] : row[f"{name}_to"]]:
                    units[entry["pool"] - network.groups.size, line] = entry["units"]

    @classmethod
    def for_plan(cls, scope: Scope) -> Self | None:
        """Return a meter; None for a gate without pools."""
        return cls(scope) if scope.plan.pools else None

    def add(self, block: LogBlock) -> None:
        """Add what happened in a block.

        Units are in use from the start of the visit that takes them to the end of the one that gives them back, as far
        as the pool is on duty. The way back, which may outlast the truck, is added at once in the block in which it
        begins.
        """
        plan, network, log, end = self._scope.plan, self._scope.plan.network, block.log, block.end
        line, back = log.draws.line, log.draws.comes_back
        begin = min(max(block.start, plan.warmup), end)
        kept = decided_in(block)
        started = _known(log.started, begin, end)
        finished = _known(log.finished, begin, end)
        returning = block.contains(log.finished)
        for pool in range(self._in_use.size):
            taken, given = self._taken[pool, line], self._given[pool, line]
            if network.works_by_hand:  # such services leave the link alone
                alone = log.by_hand & (network.lines["by_hand_without"][line] == network.groups.size + pool)
                taken, given = np.where(alone, 0, taken), np.where(alone, 0, given)
            on_duty = kept.get(network.groups.size + pool, plan.on_duty[pool])
            hours = self._hours[pool] if on_duty is plan.on_duty[pool] else _hours(on_duty, plan.end)
            self._there[pool] += on_duty.unit_time(begin, end)
            self._in_use[pool] += _time(hours, started, end, taken) - _time(hours, finished, end, given)
            if network.pools["comes_back"][pool]:
                away = returning & (given > 0)
                leaves = log.finished[away]
                leaves, returns = (np.clip(tick, plan.warmup, plan.end) for tick in (leaves, leaves + back[away]))
                self._in_use[pool] += _time(hours, leaves, returns, given[away])
        if plan.outages:
            self._down += time_down(block)

    def values(self) -> Readings:
        """Yield the share of each pool."""
        plan = self._scope.plan
        for index, name in enumerate(plan.pools):
            there = int(self._there[index] - self._down[plan.network.groups.size + index])
            yield POOL_UTILISATION.key("share", stage=name), ratio(int(self._in_use[index]), there)


def _hours(on_duty: OnDuty, end: int) -> Windows | None:
    """Return when some units are on duty in a run that ends at `end`; None for all the time."""
    borders = np.clip(np.append(on_duty.tick, end), 0, end)
    some = (on_duty.units > 0) & (borders[:-1] < borders[1:])
    windows = Windows(borders[:-1][some], borders[1:][some])
    return None if int((windows.end - windows.start).sum()) == end else windows


def _time(hours: Windows | None, start: Ticks, end: Ticks | int, units: Counts) -> int:
    """Return the unit time from `start` to `end` that lies within some hours."""
    if hours is None:
        return int((units * (end - start)).sum())
    some = np.flatnonzero(units)
    begins, ends = start[some], np.broadcast_to(np.asarray(end), start.shape)[some]
    return int((units[some] * (hours.open_before(ends) - hours.open_before(begins))).sum())


def _known(ticks: Ticks, start: int, end: int) -> Ticks:
    """Return ticks clipped to [start, end]; the end for what did not happen."""
    return np.clip(np.where(ticks == NEVER, end, ticks), start, end)
