"""Logs that no engine made: ties everywhere, blocking, and trucks cut off at every step."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from sim import EventLog, Plan, draw
from sim.engines.log import LANE_CHANGE, NEVER

GRID = 15 * 60_000  # all happens at a quarter of an hour


def invented_log(plan: Plan, seed: int) -> EventLog:
    """Return a log with the paths that `plan` draws, and times made up on a coarse grid.

    Where the gate has areas, trucks wait outside before they join their first stage.
    """
    dice = np.random.default_rng(seed)
    draws = draw(plan, seed)
    log = EventLog.empty(replace(draws, arrival=draws.arrival // GRID * GRID))
    network = plan.network
    for truck in range(draws.trucks):
        now = int(log.draws.arrival[truck])
        if plan.areas:
            now += GRID * int(dice.choice([0, 0, 1, 5, 30]))
        visit = int(draws.first[truck])
        while visit < draws.first[truck + 1]:
            if draws.next_row.size:
                while draws.alternative_row[visit] >= 0 and dice.integers(2):
                    visit = int(draws.alternative_row[visit])
            times = now + GRID * np.cumsum([0, *dice.choice([0, 0, 1, 2, 5, 30], 3)])
            log.times[visit] = np.where(times < plan.end, times, NEVER)
            if times[1] < plan.end:
                line = draws.line[visit]
                groups = network.groups_of_line[network.lines["groups_from"][line] : network.lines["groups_to"][line]]
                log.group[visit] = dice.choice(groups)
                link = network.lines["by_hand_without"][line] - network.groups.size
                log.by_hand[visit] = 0 <= link < len(plan.pools) and dice.integers(2)
                if log.failed.size and dice.integers(2):
                    log.failed[visit] = times[0]
            now = int(times[-1])
            if now >= plan.end:
                break
            visit = int(draws.next_row[visit]) if draws.next_row.size else visit + 1
    return replace(log, lane_changes=_invented_changes(plan, dice))


def _invented_changes(plan: Plan, dice: np.random.Generator) -> npt.NDArray[np.void]:
    """Return when lanes open and close that the queue opens, in turn and in no connection with a queue."""
    rows = []
    for group in np.flatnonzero(plan.network.groups["opens_at"]).tolist():
        ticks = np.unique(dice.integers(0, plan.end // GRID, dice.integers(0, 9))) * GRID
        lanes = int(plan.groups.lanes[group])
        rows += [(tick, group, lanes * (n % 2 == 0)) for n, tick in enumerate(ticks.tolist())]
    return np.array(sorted(rows), LANE_CHANGE)
