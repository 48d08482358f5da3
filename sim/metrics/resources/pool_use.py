"""The unit time of pools: which visits take units and give them back, and how long those are in use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sim.arrays import Rows, table_of
from sim.clock import Ticks
from sim.engines.log import NEVER
from sim.jit import step
from sim.memory import once
from sim.metrics.block import LogBlock
from sim.metrics.decided import decided_in
from sim.metrics.open_time import WindowTable, open_before, open_between, window_table
from sim.metrics.scope import Counts, Mask, Scope
from sim.plan.timetable import OnDuty, Windows

USE = table_of(pool="i8", taken="i8", given="i8", comes_back="?", not_by_hand="?")
"""Units of a pool that visits of a line take and give back; whether they need time to come back, and whether a service
by hand leaves them alone."""


class PoolUse(NamedTuple):
    """What a pass over visits reads and adds up of pools."""

    by_hand: Mask
    comes_back: Ticks
    """(visits,)"""
    border: Counts
    """(lines + 1,) where the uses of each line begin."""
    uses: Rows
    """`USE` rows."""
    hours: WindowTable
    """A row for each pool: when some of its units are on duty."""
    by_end: Ticks
    """(pools,) how long each is on duty before the end of the block [tick]."""
    in_use: Counts
    """(pools,) units taken, or on their way back, as far as it is measured [unit tick]."""


def pool_use(block: LogBlock) -> PoolUse:
    """Return the use of pools before any visit is added."""
    plan, log = block.scope.plan, block.log
    pools = len(plan.pools)
    if not pools:
        none = np.zeros(0, np.int64)
        border = np.zeros(plan.network.lines.size + 1, np.int64)
        return PoolUse(log.by_hand, none, border, np.zeros(0, USE), window_table((), plan.end), none, none)
    table = _hours(on_duty_in(block), plan.end) if decided_in(block) else _usual_hours(block.scope)
    by_end = np.array([open_before(table, pool, block.end) for pool in range(pools)], np.int64)
    border, uses = _uses(block.scope)
    return PoolUse(log.by_hand, log.draws.comes_back, border, uses, table, by_end, np.zeros(pools, np.int64))


def on_duty_in(block: LogBlock) -> list[OnDuty]:
    """Return when units of each pool are on duty, as it was kept up to the end of a block."""
    plan, kept = block.scope.plan, decided_in(block)
    return [kept.get(plan.network.groups.size + pool, usual) for pool, usual in enumerate(plan.on_duty)]


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


@step
def add_use(pools: PoolUse, visit: int, line: int, started: int, finished: int, span: Ticks) -> None:
    """Add the unit time of a visit, as far as it is measured and lies within the hours of each pool.

    Units are in use from the start of the visit that takes them to the end of the one that gives them back. The way
    back, which may outlast the truck, is added at once in the block in which it begins.

    Parameters
    ----------
    started, finished
        As in the log [tick].
    span
        (4,) start of the measured period, start and end of the block, end of the run [tick].
    """
    warmup, start, end, last = span
    if started == NEVER or started >= end:
        return
    begin = min(max(start, warmup), end)
    is_over = finished != NEVER and finished < end
    for n in range(pools.border[line], pools.border[line + 1]):
        use = pools.uses[n]
        if use["not_by_hand"] and pools.by_hand[visit]:
            continue
        pool, taken, given = use["pool"], use["taken"], use["given"]
        if is_over and taken == given:
            pools.in_use[pool] += taken * open_between(pools.hours, pool, max(started, begin), max(finished, begin))
        else:
            if taken:
                pools.in_use[pool] += taken * open_from(pools, pool, max(started, begin))
            if given and is_over:
                pools.in_use[pool] -= given * open_from(pools, pool, max(finished, begin))
        if given and is_over and use["comes_back"] and finished >= start:
            leaves = min(max(finished, warmup), last)
            returns = min(max(finished + pools.comes_back[visit], warmup), last)
            pools.in_use[pool] += given * open_between(pools.hours, pool, leaves, returns)


@step
def open_from(pools: PoolUse, pool: int, tick: int) -> int:
    """Return how long a pool is on duty from `tick` to the end of the block [tick]."""
    return int(pools.by_end[pool]) - open_before(pools.hours, pool, tick)
