"""How busy the units of pools are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Self

import numpy as np

from sim.arrays import Indices, Rows, table_of
from sim.clock import Ticks
from sim.engines.log import FINISHED, NEVER, STARTED
from sim.jit import kernel
from sim.memory import once
from sim.metrics.block import LogBlock
from sim.metrics.decided import decided_in
from sim.metrics.meter import TIME_AVERAGE, Meter, Metric, Readings, ratio
from sim.metrics.scope import Counts, Mask, Scope
from sim.metrics.stages.down import no_time_down, time_down
from sim.metrics.time_use import WindowTable, open_between, window_table
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
        self._in_use = np.zeros(len(scope.plan.pools), np.int64)
        """(pools,) units taken, or on their way back [unit tick]."""
        self._there = np.zeros_like(self._in_use)
        """(pools,) units on duty without outages [unit tick]."""
        self._down = no_time_down(scope)

    @classmethod
    def for_plan(cls, scope: Scope) -> Self | None:
        """Return a meter; None for a gate without pools."""
        return cls(scope) if scope.plan.pools else None

    def add(self, block: LogBlock) -> None:
        """Add what happened in a block."""
        plan, network, log = self._scope.plan, self._scope.plan.network, block.log
        begin = min(max(block.start, plan.warmup), block.end)
        kept = decided_in(block)
        on_duty = [kept.get(network.groups.size + pool, usual) for pool, usual in enumerate(plan.on_duty)]
        table = _hours(on_duty, plan.end) if kept else _usual_hours(self._scope)
        self._there += np.array([units.unit_time(begin, block.end) for units in on_duty])
        visits = PoolVisits(log.draws.line, log.times, log.by_hand, log.draws.comes_back)
        span = np.array([plan.warmup, plan.end, block.start, block.end])
        add_use(visits, *_uses(self._scope), table, span, self._in_use)
        if plan.outages:
            self._down += time_down(block)

    def values(self) -> Readings:
        """Yield the share of each pool."""
        plan = self._scope.plan
        for index, name in enumerate(plan.pools):
            there = int(self._there[index] - self._down[plan.network.groups.size + index])
            yield POOL_UTILISATION.key("share", stage=name), ratio(int(self._in_use[index]), there)


@once
def _usual_hours(scope: Scope) -> WindowTable:
    return _hours(scope.plan.on_duty, scope.plan.end)


def _hours(on_duty: Sequence[OnDuty], end: int) -> WindowTable:
    """Return when some units of each pool are on duty in a run that ends at `end`."""
    windows = []
    for units in on_duty:
        borders = np.clip(np.append(units.tick, end), 0, end)
        some = (units.units > 0) & (borders[:-1] < borders[1:])
        windows.append(Windows(borders[:-1][some], borders[1:][some]))
    return window_table(windows, end)


class PoolVisits(NamedTuple):
    """What the kernel reads of a log."""

    line: Indices
    times: Ticks
    by_hand: Mask
    comes_back: Ticks


USE = table_of(pool="i8", taken="i8", given="i8", comes_back="?", not_by_hand="?")
"""Units of a pool that visits of a line take and give back; whether they need time to come back, and whether a service
by hand leaves them alone."""


@once
def _uses(scope: Scope) -> tuple[Counts, Rows]:
    """Return (lines + 1,) where the uses of each line begin, and the `USE` rows."""
    network = scope.plan.network
    border, uses = [0], []
    for line in network.lines:
        taken, given = (
            {int(entry["pool"]): int(entry["units"]) for entry in entries[line[f"{name}_from"] : line[f"{name}_to"]]}
            for entries, name in ((network.taken, "taken"), (network.given, "given"))
        )
        for resource in sorted(taken | given):
            pool = resource - network.groups.size
            back, alone = bool(network.pools["comes_back"][pool]), resource == line["by_hand_without"]
            uses.append((pool, taken.get(resource, 0), given.get(resource, 0), back, alone))
        border.append(len(uses))
    return np.array(border), np.array(uses, USE)


@kernel
def add_use(visits: PoolVisits, border: Counts, uses: Rows, hours: WindowTable, span: Ticks, in_use: Counts) -> None:
    """Add the unit time of visits to `in_use`, as far as it is measured and lies within the hours of each pool.

    Units are in use from the start of the visit that takes them to the end of the one that gives them back. The way
    back, which may outlast the truck, is added at once in the block in which it begins.

    Parameters
    ----------
    border, uses
        What `_uses` returns.
    span
        (4,) start and end of the measured period, start and end of the block [tick].
    """
    warmup, last, start, end = span
    begin = min(max(start, warmup), end)
    for visit in range(visits.line.size):
        line = visits.line[visit]
        if border[line] == border[line + 1]:
            continue
        started, finished = visits.times[visit, STARTED], visits.times[visit, FINISHED]
        if started == NEVER or started >= end:
            continue
        is_over = finished != NEVER and finished < end
        for n in range(border[line], border[line + 1]):
            use = uses[n]
            if use["not_by_hand"] and visits.by_hand[visit]:
                continue
            pool = use["pool"]
            if use["taken"]:
                in_use[pool] += use["taken"] * open_between(hours, pool, max(started, begin), end)
            if use["given"] and is_over:
                in_use[pool] -= use["given"] * open_between(hours, pool, max(finished, begin), end)
                if use["comes_back"] and finished >= start:
                    leaves = min(max(finished, warmup), last)
                    returns = min(max(finished + visits.comes_back[visit], warmup), last)
                    in_use[pool] += use["given"] * open_between(hours, pool, leaves, returns)
