"""Areas that lock each other: full, with trucks that each wait for a space in another of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Self

import numpy as np

from sim.engines.log import NEVER, EventLog
from sim.metrics.block import LogBlock
from sim.metrics.meter import BORDERGATE, Meter, Metric, Readings
from sim.metrics.scope import Scope
from sim.plan.network import Network
from sim.plan.paths import Path
from sim.plan.plan import Plan
from sim.plan.supply import UNLIMITED_LANES

LOCKED = Metric(
    name="locked_trucks",
    title="Trucks in deadlock",
    unit="trucks",
    statistics=("total",),
    better="less",
    definition="Trucks that stand at the end in areas in which nobody can ever move again: all of them are full, and "
    "each truck waits for a space in another; only of gates whose areas can lock each other.",
    source=BORDERGATE,
)


class Deadlock(Meter):
    """Counts the trucks in deadlock when the run ends."""

    metrics = (LOCKED,)
    place = 180

    def __init__(self) -> None:
        self._trucks = 0

    @classmethod
    def for_plan(cls, scope: Scope) -> Self | None:
        """Return a meter; None for a gate whose areas cannot lock each other."""
        return cls() if can_lock(scope.plan) else None

    def add(self, block: LogBlock) -> None:
        """Count with the last block."""
        if block.is_last:
            self._trucks = locked_trucks(block.scope.plan, block.log)

    def values(self) -> Readings:
        """Yield the number of trucks."""
        yield LOCKED.key("total"), float(self._trucks)


def can_lock(plan: Plan) -> bool:
    """Tell whether trucks can go from area to area at once and so, over some, back to where they were.

    A stage elsewhere between two areas has room for a line; so only steps from one area right into another count.
    """
    after: dict[int, set[int]] = {}
    for stream in plan.streams:
        areas = [
            int(plan.network.area_of_line[plan.line_of[plan.stages.index(v.stage), kind]])
            for v, kind in zip(stream.path.visits, plan.kinds_of(stream), strict=True)
        ]
        for here, there in _steps(stream.path, areas):
            after.setdefault(here, set()).add(there)
    return any(area in _reached(after, area) for area in after)


def _steps(path: Path, areas: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the areas of visits that may follow each other, where they are two."""
    for n, here in enumerate(areas):
        for visit, there in zip(path.visits[n + 1 :], areas[n + 1 :], strict=True):
            if here != there and min(here, there) >= 0:
                yield here, there
            if visit.share == 1 and not visit.when and not visit.needs and not path.forks:
                break  # nobody leaves it out


def _reached(after: dict[int, set[int]], start: int) -> set[int]:
    found: set[int] = set()
    open_ends = [start]
    while open_ends:
        for area in after.get(open_ends.pop(), set()) - found:
            found.add(area)
            open_ends.append(area)
    return found


def locked_trucks(plan: Plan, log: EventLog) -> int:
    """Return how many trucks stand in areas at the end of a run in which nobody can ever move again.

    Who is being served will go on. Who is blocked goes on if an area that it may go to next is alive; who stands in
    line, if a lane that admits it is not held for ever. An area is alive if one truck in it can go on.
    """
    network = plan.network
    area_of_row = network.area_of_line[log.draws.line]
    rows = np.flatnonzero((log.joined != NEVER) & (log.left == NEVER) & (area_of_row >= 0)).tolist()
    everywhere: dict[int, list[int]] = {}
    for row in rows:
        everywhere.setdefault(int(area_of_row[row]), []).append(row)
    still = {row for row in rows if log.started[row] == NEVER or log.finished[row] != NEVER}
    last = set((log.draws.first[1:] - 1).tolist())
    while True:
        dead = {area for area, here in everywhere.items() if still.issuperset(here)}
        held = np.bincount(
            [log.group[row] for row in still if log.started[row] != NEVER], minlength=network.groups.size
        )
        kept = {
            row
            for row in still
            if (
                _lanes_are_held(network, plan, int(log.draws.line[row]), held)
                if log.started[row] == NEVER
                else row not in last and dead.issuperset(int(area_of_row[after]) for after in _next_rows(log, row))
            )
        }
        if kept == still:
            return sum(len(everywhere[area]) for area in dead)
        still = kept


def _lanes_are_held(network: Network, plan: Plan, line: int, held: Sequence[int] | np.ndarray) -> bool:
    groups = network.groups_of_line[network.lines["groups_from"][line] : network.lines["groups_to"][line]]
    lanes = plan.groups.lanes
    return all(lanes[g] < UNLIMITED_LANES and held[g] >= lanes[g] for g in groups.tolist())


def _next_rows(log: EventLog, row: int) -> Iterator[int]:
    """Yield the rows of the visits that a truck may make next: one, or one of each alternative."""
    after = int(log.draws.next_row[row]) if log.draws.next_row.size else row + 1
    yield after
    while log.draws.next_row.size and log.draws.alternative_row[after] >= 0:
        after = int(log.draws.alternative_row[after])
        yield after
