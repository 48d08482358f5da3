"""Runs of any length in constant memory: block by block, only the trucks still inside kept in between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sim.arrays import NOBODY, Rows
from sim.draws.draw import Draws, draw_blocks
from sim.draws.outages import in_force
from sim.engines import compiled
from sim.engines.agenda import NUMBER_MASK, Agenda, agenda_of, keys
from sim.engines.log import NEVER, EventLog
from sim.engines.state import (
    NEXT_ARRIVAL,
    State,
    new_state,
    trucks_of,
)
from sim.metrics.fold import Fold, Measures
from sim.plan.plan import Plan

BLOCK_DAYS = 7


def stream(plan: Plan, seed: int = 1, replication: int = 0, block_days: int = BLOCK_DAYS) -> Measures:
    """Draw, simulate and measure a run without keeping its event log.

    The events are those of `simulate(plan, draw(plan, seed, replication))`, whatever the length of a block.
    """
    fold = Fold(plan)
    for block in blocks(plan, seed, replication, block_days):
        fold.add(block.log, block.start, block.end)
        del block  # its memory is for the next one, or for the measures
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
    log, state, network = EventLog.empty(_no_trucks()), None, plan.network
    start = 0
    for cut, new in zip(cuts, draw_blocks(plan, seed, replication, cuts), strict=True):
        if state is None:
            network = in_force(plan, new.outages)
            state = new_state(network, _no_trucks())
        inside = log.departed == NEVER
        old, log = log.draws, _carry_log(log, inside, new)
        state = _carry_state(state, inside, old, log.draws)
        compiled.run(network, trucks_of(log.draws, log), state, cut)
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


_TIMES = ("service", "comes_back", "by_hand", "patience", "repair", "rule")
_ROWS = ("onward", "other")
"""Entries of draws by visit, where each visit has one: times, and numbers of rows, which move."""
_TRUCKS = ("age", "asked", "how")
"""Entries of draws by truck, where each truck has one."""


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
        **{name: np.concatenate((_kept(getattr(old, name), inside), getattr(new, name))) for name in _TRUCKS},
        missed_tick=new.missed_tick,
        missed_flow=new.missed_flow,
        missed_why=new.missed_why,
        second=np.concatenate((_moved(_kept(old.second, inside), moved[: old.second.size]), _moved(new.second, shift))),
        outages=new.outages,
        **{name: np.concatenate((_kept(getattr(old, name), rows), getattr(new, name))) for name in _TIMES},
        **{
            name: np.concatenate(
                (
                    _moved(_kept(getattr(old, name), rows), _kept_by(moved, visits[inside], getattr(old, name))),
                    _moved(getattr(new, name), shift),
                )
            )
            for name in _ROWS
        },
    )
    fresh = EventLog.unwritten(draws)
    fresh.times[:shift] = log.times[rows]
    fresh.group[:shift] = log.group[rows]
    return fresh


def _kept(values: npt.NDArray[Any], rows: npt.NDArray[np.bool_]) -> npt.NDArray[Any]:
    """Return the entries of the visits that stay; none of what trucks do not have."""
    return values[rows] if values.size else values


def _kept_by(
    moved: npt.NDArray[np.int64], visits: npt.NDArray[np.int64], values: npt.NDArray[Any]
) -> npt.NDArray[np.int64]:
    """Return by how much the row of each visit moves."""
    return np.repeat(moved, visits) if values.size else moved[:0]


def _moved(row: npt.NDArray[np.int64], by: npt.NDArray[np.int64] | np.int64) -> npt.NDArray[np.int64]:
    return np.where(row >= 0, row + by, row)


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
    return state._replace(
        lines=lines,
        areas=areas,
        trucks=trucks,
        works_by_hand=_extended(_kept(state.works_by_hand, inside), new.trucks if new.by_hand.size else 0),
        ends=_carry_agenda(state.ends, renumbered, mine, new.trucks),
        impatient=_carry_agenda(state.impatient, renumbered, mine, new.trucks if new.patience.size else 0),
        cursor=cursor,
    )


def _renumbered(trucks: npt.NDArray[np.uint32], renumbered: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """Return new numbers of trucks; `NOBODY` for nobody, and for entries left over from a line long left."""
    real = trucks < renumbered.size
    return np.where(real, renumbered[np.where(real, trucks, 0)], NOBODY) if renumbered.size else trucks


def _carry_agenda(agenda: Agenda, renumbered: npt.NDArray[np.uint32], trucks: Rows, most: int) -> Agenda:
    """Return an agenda with its trucks numbered anew, and tell each of them its new leaf."""
    found = keys(agenda)
    number = renumbered[found & NUMBER_MASK]
    carried = agenda_of((found & ~NUMBER_MASK) | number, most)
    trucks["leaf"][number] = np.arange(number.size)
    return carried


def _extended(values: npt.NDArray[Any], size: int) -> npt.NDArray[Any]:
    return np.concatenate((values, np.empty(size - values.size, values.dtype)))
