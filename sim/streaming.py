"""Runs of any length in constant memory: block by block, only the trucks still inside kept in between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.arrays import NOBODY, Rows
from sim.draws.columns import Draws, blank, carried_over
from sim.draws.draw import draw_blocks
from sim.draws.outages import in_force
from sim.engines import compiled
from sim.engines.agenda import NUMBER_MASK, Agenda, agenda_of, keys
from sim.engines.log import LOG_COLUMNS, NEVER, TRUCK_COLUMNS, EventLog
from sim.engines.state import (
    NEXT_ARRIVAL,
    State,
    log_of,
    movers_of,
    new_state,
    trucks_of,
    with_lanes_in_use,
)
from sim.metrics.fold import Fold, Measures
from sim.plan.plan import Plan

VISITS_A_BLOCK = 150_000
"""Visits for which a block has about room: many enough that the work of each block alone is small, and few enough that
they take little memory."""


def stream(plan: Plan, seed: int = 1, replication: int = 0, block_days: int | None = None) -> Measures:
    """Draw, simulate and measure a run without keeping its event log.

    The events are those of `simulate(plan, draw(plan, seed, replication))`, whatever the length of a block.
    """
    fold = Fold(plan)
    for block in blocks(plan, seed, replication, block_days or usual_block_days(plan)):
        fold.add(block.log, block.start, block.end)
        del block  # its memory is for the next one, or for the measures
    return fold.measures()


def usual_block_days(plan: Plan) -> int:
    """Return how many days a block has."""
    days = plan.midnight.size - 1
    return max(1, int(days * VISITS_A_BLOCK / max(plan.expected_visits, VISITS_A_BLOCK)))


@dataclass(frozen=True, eq=False)
class Block:
    """What is known at the end of a block of days."""

    log: EventLog
    """Trucks that were inside when it began, then those that arrived in it, with all that happened to them."""
    start: int
    end: int
    """The block [tick]."""


def blocks(plan: Plan, seed: int, replication: int, block_days: int) -> Iterator[Block]:
    """Draw and simulate a run, block by block.

    Where lanes hand trucks back it is one block: a service that has begun may be broken off in the next one, and what
    was measured of it would be wrong.
    """
    in_one = plan.network.groups["hands_back"].any() or any(source.hands_over for source in plan.outages)
    in_one = in_one or plan.hands_over_in_use
    cuts = [int(tick) for tick in plan.midnight[block_days::block_days] if tick < plan.end and not in_one] + [plan.end]
    nothing = blank(plan, np.zeros(1, np.int64))
    log, state, network = EventLog.empty(nothing), None, plan.network
    start = 0
    for cut, new in zip(cuts, draw_blocks(plan, seed, replication, cuts), strict=True):
        if state is None:
            network = in_force(plan, new.outages)
            state = new_state(network, nothing)
        inside = _stays(log)
        old, log = log.draws, _carry_log(log, inside, new)
        state = _carry_state(state, inside, old, log.draws)
        state = compiled.run_until(network, trucks_of(log.draws, log), with_lanes_in_use(network, state, start), cut)
        log = log_of(state, log)
        yield Block(log, start, cut)
        start = cut


def _stays(log: EventLog) -> npt.NDArray[np.bool_]:
    """Return which trucks are still needed: those inside, and what they would be at other gates or were there."""
    inside: npt.NDArray[np.bool_] = log.departed == NEVER
    if log.came.size == 0:
        return inside
    inside &= log.came >= 0
    stays: npt.NDArray[np.bool_] = inside.copy()
    start = np.flatnonzero(inside & (log.draws.sibling >= 0))
    at = log.draws.sibling[start]
    while at.size:  # round all gates of the trade
        stays[at] = True
        on = at != start
        start, at = start[on], log.draws.sibling[at[on]]
    return stays


def _carry_log(log: EventLog, inside: npt.NDArray[np.bool_], new: Draws) -> EventLog:
    """Return the log of the trucks still inside, followed by empty rows for those that come."""
    rows = np.repeat(inside, np.diff(log.draws.first))
    fresh = EventLog.unwritten(carried_over(log.draws, inside, new))
    for name in LOG_COLUMNS:
        carried = getattr(log, name)[rows]
        getattr(fresh, name)[: carried.shape[0]] = carried
    for name in TRUCK_COLUMNS if log.came.size else ():
        getattr(fresh, name)[: int(inside.sum())] = getattr(log, name)[inside]
    return fresh


def _carry_state(state: State, inside: npt.NDArray[np.bool_], old: Draws, new: Draws) -> State:
    """Return the state with trucks numbered anew: those inside first, in their order.

    The order of numbers is kept, so ties fall as they would have.
    """
    carried = int(inside.sum())
    renumbered = np.full(inside.size, NOBODY, np.uint32)
    renumbered[inside] = np.arange(carried, dtype=np.uint32)
    moved = new.first[:carried] - old.first[:-1][inside]
    cursor = state.cursor.copy()
    cursor[NEXT_ARRIVAL] = carried
    trucks = np.empty(new.trucks, state.trucks.dtype)
    mine = trucks[:carried]
    mine[:] = state.trucks[inside]
    for row in ("visit", "next"):
        mine[row] = np.where(mine[row] == NOBODY, NOBODY, mine[row] + moved)
    for neighbour in ("ahead", "behind"):
        mine[neighbour] = _renumbered(mine[neighbour], renumbered)
    lines, areas = state.lines.copy(), state.areas.copy()
    for queues in (lines, areas):
        for end in ("head", "tail"):
            queues[end] = _renumbered(queues[end], renumbered)
    impatient = new.patience.size or new.gives_up.size
    return state._replace(
        lines=lines,
        areas=areas,
        trucks=trucks,
        ends=_carry_agenda(state.ends, renumbered, mine, new.trucks),
        impatient=_carry_agenda(state.impatient, renumbered, mine, new.trucks if impatient else 0),
        movers=np.empty(movers_of(new), np.uint32),
        cursor=cursor,
    )


def _renumbered(trucks: npt.NDArray[np.uint32], renumbered: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """Return new numbers of trucks; `NOBODY` for nobody, and for entries left over from a line long left."""
    real = trucks < renumbered.size
    return np.where(real, renumbered[np.where(real, trucks, 0)], NOBODY) if renumbered.size else trucks


def _carry_agenda(agenda: Agenda, renumbered: npt.NDArray[np.uint32], trucks: Rows, most: int) -> Agenda:
    """Return an agenda with its trucks numbered anew, and tell each of them its new leaf."""
    events = keys(agenda)
    number = renumbered[events & NUMBER_MASK]
    carried = agenda_of((events & ~NUMBER_MASK) | number, most)
    trucks["leaf"][number] = np.arange(number.size)
    return carried
