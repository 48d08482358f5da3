"""Runs of any length in constant memory: block by block, only the trucks still inside kept in between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sim import compiled
from sim.compiled import NEXT_ARRIVAL, NOBODY, NUMBER_BITS, NUMBER_MASK, PENDING, State, Trucks
from sim.draws import Draws, draw_blocks
from sim.log import NEVER, EventLog
from sim.metrics import Fold, Measures
from sim.plan import Plan

BLOCK_DAYS = 14


def stream(plan: Plan, seed: int = 1, replication: int = 0, block_days: int = BLOCK_DAYS) -> Measures:
    """Draw, simulate and measure a run without keeping its event log.

    The events are those of `simulate(plan, draw(plan, seed, replication))`, whatever the length of a block.
    """
    fold = Fold(plan)
    for block in blocks(plan, seed, replication, block_days):
        fold.add(block.log, block.start, block.end)
    return fold.measures()


@dataclass(frozen=True, eq=False)
class Block:
    """What is known at the end of a block of days."""

    log: EventLog
    """Trucks that were inside when it began, then those that arrived in it, with all that happened to them."""
    start: int
    end: int
    """The block [tick]."""


def blocks(plan: Plan, seed: int, replication: int, block_days: int) -> Iterator[Block]:
    """Draw and simulate a run, block by block."""
    cuts = [int(tick) for tick in plan.midnight[block_days::block_days] if tick < plan.end] + [plan.end]
    log, state = EventLog.empty(_no_trucks()), compiled.new_state(plan.network, 0)
    start = 0
    for cut, new in zip(cuts, draw_blocks(plan, seed, replication, cuts), strict=True):
        inside = log.departed == NEVER
        state = _carry_state(state, inside, log.draws, new.trucks)
        log = _carry_log(log, inside, new)
        draws = log.draws
        trucks = Trucks(draws.arrival, draws.first, draws.line, draws.service, draws.comes_back, log.times, log.group)
        compiled.run(plan.network, trucks, state, cut)
        yield Block(log, start, cut)
        start = cut


def _no_trucks() -> Draws:
    none, nothing = np.empty(0, np.int64), np.empty(0, np.int32)
    return Draws(
        arrival=none,
        flow=nothing,
        number=none,
        first=np.zeros(1, np.int64),
        released=none,
        turned=none,
        line=nothing,
        service=none,
        comes_back=none,
        repair=none,
        second=none,
    )


def _carry_log(log: EventLog, inside: npt.NDArray[np.bool_], new: Draws) -> EventLog:
    """Return the log of the trucks still inside, followed by empty rows for those that come."""
    old = log.draws
    visits = np.diff(old.first)
    rows = np.repeat(inside, visits)
    counts = np.concatenate((visits[inside], np.diff(new.first)))
    first = np.concatenate(([0], np.cumsum(counts)))
    carried = int(inside.sum())
    moved = first[:carried] - old.first[:-1][inside]  # how far the rows of each truck move
    shift = first[carried]
    draws = Draws(
        arrival=np.concatenate((old.arrival[inside], new.arrival)),
        flow=np.concatenate((old.flow[inside], new.flow)),
        number=np.concatenate((old.number[inside], new.number)),
        first=first,
        released=np.concatenate((_moved(old.released[inside], moved), _moved(new.released, shift))),
        turned=np.concatenate((old.turned[inside] + moved, new.turned + shift)),
        line=np.concatenate((old.line[rows], new.line)),
        service=np.concatenate((old.service[rows], new.service)),
        comes_back=np.concatenate((old.comes_back[rows] if old.comes_back.size else old.comes_back, new.comes_back)),
        repair=np.concatenate((old.repair[rows] if old.repair.size else old.repair, new.repair)),
        age=np.concatenate((old.age[inside] if old.age.size else old.age, new.age)),
        asked=np.concatenate((old.asked[inside] if old.asked.size else old.asked, new.asked)),
        how=np.concatenate((old.how[inside] if old.how.size else old.how, new.how)),
        missed_tick=new.missed_tick,
        missed_flow=new.missed_flow,
        missed_why=new.missed_why,
        second=np.concatenate((_moved(old.second[inside], moved), _moved(new.second, shift))),
    )
    fresh = EventLog.empty(draws)
    fresh.times[:shift] = log.times[rows]
    fresh.group[:shift] = log.group[rows]
    return fresh


def _moved(row: npt.NDArray[np.int64], by: npt.NDArray[np.int64] | np.int64) -> npt.NDArray[np.int64]:
    return np.where(row >= 0, row + by, row)


def _carry_state(state: State, inside: npt.NDArray[np.bool_], old: Draws, coming: int) -> State:
    """Return the state with trucks numbered anew: those inside first, in their order.

    The order of numbers is kept, so the heap stays a heap and ties fall as they would have.
    """
    carried = int(inside.sum())
    renumbered = np.full(inside.size + 1, NOBODY, np.int32)  # the last entry answers for NOBODY
    renumbered[:-1][inside] = np.arange(carried, dtype=np.int32)
    visits = np.diff(old.first)
    first = np.concatenate(([0], np.cumsum(visits[inside])))[:carried]
    pending = int(state.cursor[PENDING])
    keys = state.pending[:pending]
    number = renumbered[keys & NUMBER_MASK].astype(np.int64)
    cursor = state.cursor.copy()
    cursor[NEXT_ARRIVAL] = carried
    size = carried + coming
    return State(
        on_duty=state.on_duty,
        busy=state.busy,
        head=renumbered[state.head],
        tail=renumbered[state.tail],
        inside=state.inside,
        area_head=renumbered[state.area_head],
        area_tail=renumbered[state.area_tail],
        ahead=_extended(renumbered[_standing(state.ahead[inside], inside.size)], size),
        behind=_extended(renumbered[_standing(state.behind[inside], inside.size)], size),
        visit=_extended(state.visit[inside] - old.first[:-1][inside] + first, size),
        returning=state.returning,
        pending=_extended((keys >> NUMBER_BITS << NUMBER_BITS) | number, size),
        cursor=cursor,
    )


def _standing(neighbour: npt.NDArray[np.int32], trucks: int) -> npt.NDArray[np.int32]:
    """Return neighbours in line, `NOBODY` where the entry is left over from a line long left."""
    return np.where((neighbour >= 0) & (neighbour < trucks), neighbour, NOBODY)


def _extended(values: npt.NDArray[Any], size: int) -> npt.NDArray[Any]:
    return np.concatenate((values, np.empty(size - values.size, values.dtype)))
