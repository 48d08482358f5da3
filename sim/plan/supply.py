"""Lane groups, work clocks, units on duty and what fails: capacity over time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gates.schema.gate import Gate
from gates.schema.resources import Outage
from gates.schema.scenario import Scenario
from gates.schema.stages import LaneGroup, Stage
from sim.arrays import Indices
from sim.clock import LocalDays
from sim.plan.distributions import sampler
from sim.plan.failures import Source
from sim.plan.timetable import OnDuty, Windows, added, open_windows, scenario_days
from sim.plan.work_clocks import FULL_SPEED, NO_TICK, Pieces, merged, standing

UNLIMITED_LANES = 1 << 40
"""Capacity of a lane group without limit, while open."""


@dataclass(frozen=True)
class LaneGroups:
    """The lane groups of all stages, stage by stage in the order of the file."""

    stage: Indices
    """(groups,) index of the stage."""
    name: tuple[str, ...]
    lanes: npt.NDArray[np.int64]
    """(groups,) lanes when open; `UNLIMITED_LANES` for no limit."""
    counted: npt.NDArray[np.bool_]
    """(groups,) False for the second direction of reversible lanes, which are the same lanes."""
    windows: tuple[Windows, ...]
    """When each is open [tick]."""


def directed_groups(stage: Stage) -> list[LaneGroup]:
    """Return the lane groups of a stage, reversible ones once for each direction that they admit."""
    groups = []
    for group in stage.lane_groups():
        if group.reverses is None:
            groups.append(group)
        else:
            groups += [group.model_copy(update={"directions": [name]}) for name in group.directions or []]
    return groups


def lane_groups(scenario: Scenario, stages: tuple[str, ...], end: int) -> LaneGroups:
    """Return the lane groups of all stages and when they are open, as far as hours and closures go."""
    stage_index, names, lanes, counted, windows = [], [], [], [], []
    days_of = {side: scenario_days(scenario, side) for side in scenario.gate.sides}
    known: dict[tuple[object, ...], Windows] = {}  # groups that keep the same hours share their windows
    for index, stage_name in enumerate(stages):
        stage = scenario.gate.stages[stage_name]
        names_before: set[str] = set()
        for group in directed_groups(stage):
            stage_index.append(index)
            counted.append(group.name not in names_before)
            names_before.add(group.name)
            names.append(group.name)
            lanes.append(UNLIMITED_LANES if group.lanes == "unlimited" else group.lanes)
            hours = stage.hours if group.hours is None else group.hours
            days = days_of[stage.side]
            left_open = scenario.gate.left_open(stage_name, days.dates[0], days.dates[-1])
            name = (stage.side, hours, tuple(sorted(left_open.items())))
            if name not in known:
                known[name] = open_windows(hours, days, end, left_open)
            windows.append(known[name])
    return LaneGroups(
        np.array(stage_index, np.int32),
        tuple(names),
        np.array(lanes, np.int64),
        np.array(counted, np.bool_),
        tuple(windows),
    )


def work_clocks(scenario: Scenario, groups: LaneGroups) -> tuple[Pieces | None, ...]:
    """Return the work clock of each lane group without outages."""
    clocks: list[Pieces | None] = []
    for index, windows in zip(groups.stage, groups.windows, strict=True):
        name = list(scenario.gate.stages)[index]
        stage = scenario.gate.stages[name]
        clock = None
        days = scenario_days(scenario, stage.side)
        slowed = scenario.gate.slowed_days(name, days.dates[0], days.dates[-1])
        if slowed:
            clock = _slowed(slowed, days)
        if stage.pauses_when_closed:
            open_and_shut = standing(np.append(0, windows.end), np.append(windows.start, NO_TICK))
            clock = open_and_shut if clock is None else merged(clock, open_and_shut)
        clocks.append(clock)
    return tuple(clocks)


def _slowed(factors: dict[dt.date, float], days: LocalDays) -> Pieces:
    """Return the clock of a stage whose service times are multiplied by a factor on some days."""
    speed = [round(FULL_SPEED / factors.get(date, 1.0)) for date in days.dates]
    tick = np.maximum(days.midnight[:-1], 0)
    kept = np.append(tick[1:] != tick[:-1], True)  # days before the run are one with its first
    return Pieces(tick[kept], np.array(speed, np.int64)[kept], np.zeros(int(kept.sum()), np.bool_))


def outage_sources(gate: Gate, groups: LaneGroups) -> Iterator[Source]:
    """Yield the sources of outages: one, or one for each lane and unit that fails on its own."""
    stages, count = list(gate.stages), len(groups.name)
    shared = [*gate.pools, *gate.links]
    for name, outage in gate.outages.items():
        every, lasts = sampler(outage.every), sampler(outage.lasts)
        mine = [
            g
            for g in range(count)
            if stages[groups.stage[g]] in outage.stages and (outage.groups is None or groups.name[g] in outage.groups)
        ]
        resources = [*mine, *(count + shared.index(other) for other in (*outage.pools, *outage.links))]
        over = tuple(mine) if outage.in_hand == "hands-over" else ()
        if not outage.each:
            stops = _stopped(gate, groups, outage, mine) if outage.in_hand in ("resumes", "restarts") else ()
            yield Source(name, every, lasts, tuple(resources), outage.units, stops, outage.in_hand == "restarts", over)
            continue
        for g in mine:
            both_ways = (g, g + 1) if g + 1 < count and not groups.counted[g + 1] else (g,)
            for n in range(int(groups.lanes[g]) if groups.counted[g] else 0):
                one = f"{name}/{stages[groups.stage[g]]}/{groups.name[g]}/{n}"
                yield Source(one, every, lasts, both_ways, 1, hands_over=both_ways if over else ())
        for pool in outage.pools:
            for n in range(sum(shift.units for shift in gate.pools[pool].shifts)):
                yield Source(f"{name}/{pool}/{n}", every, lasts, (count + shared.index(pool),), 1)
        for link in outage.links:
            yield Source(f"{name}/{link}", every, lasts, (count + shared.index(link),))


def _stopped(gate: Gate, groups: LaneGroups, outage: Outage, mine: Sequence[int]) -> tuple[int, ...]:
    """Return the lane groups whose services in hand stand still: those that fail, or that need what fails."""
    down = set(mine)
    for g, index in enumerate(groups.stage):
        stage = list(gate.stages.values())[index]
        over = stage.sends is not None and stage.sends.without is None and stage.sends.link in outage.links
        if over or any(pool in outage.pools for pool in stage.needs):
            down.add(g)
    return tuple(sorted(down))


def units_on_duty(scenario: Scenario, end: int) -> list[OnDuty]:
    """Return the pools' units on duty: where shifts overlap they add."""
    levels = []
    for pool in scenario.gate.pools.values():
        days = scenario_days(scenario, pool.side)
        shifts = [(open_windows(shift.hours, days, end), shift.units) for shift in pool.shifts]
        levels.append(added(shifts))
    for link in scenario.gate.links.values():
        levels.append(OnDuty(np.zeros(1, np.int64), np.array([kilobits(link.shared_uplink)], np.int64)))
    return levels


def kilobits(rate: float) -> int:
    """Return a rate [Mbit/s] in the units of a link [kbit/s]; who sends at all holds at least one."""
    return max(1, round(rate * 1000))
