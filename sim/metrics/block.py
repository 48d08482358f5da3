"""What happened in one block of a run, and what several meters need of its trucks: worked out once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from sim.arrays import Indices
from sim.clock import Ticks
from sim.engines.log import NEVER, EventLog
from sim.jit import kernel
from sim.memory import Memory, once
from sim.metrics.scope import Counts, Mask, Scope


@dataclass(frozen=True, eq=False)
class LogBlock:
    """What happened in [start, end) of a run."""

    scope: Scope
    log: EventLog
    """All that is known at `end`, or later, of the trucks that were inside at `start` or came since."""
    start: int
    end: int
    """[tick]."""
    stayed_away: Counts = field(default_factory=lambda: np.zeros(0, np.int64))
    """Flows of the trucks that stay away from the border in the block and in the measured period."""
    memory: Memory = field(default_factory=dict)

    @property
    def is_last(self) -> bool:
        """Whether the run ends with this block."""
        return self.end == self.scope.plan.end

    def contains(self, ticks: Ticks) -> Mask:
        """Return which ticks are in the block."""
        return (ticks >= self.start) & (ticks < self.end)


class TruckMoves(NamedTuple):
    """What trucks did in a block; all entries (trucks,)."""

    row: Indices
    """Row of the class."""
    stood: Mask
    """Queued at the start of the run, instead of arriving."""
    released: Ticks
    departed: Ticks
    turned_back: Ticks
    """[tick]; `NEVER` for what did not happen before the end of the block."""
    comes: Mask
    """Arrives in the block."""
    comes_loaded: Mask
    """Arrives in the block, or stood in front of the last control when the run began in it."""
    is_released: Mask
    """Is released from the last control in the block."""
    departs: Mask
    """Is gone for good in the block."""
    gives_up: Mask
    """Turns back, or moves to another gate, without release in the block."""
    moves_on: Mask
    """Moves to another gate in the block."""
    measured: Mask
    """Arrives in the measured period."""


@once
def truck_moves(block: LogBlock) -> TruckMoves:
    """Return what trucks did in a block."""
    log, end = block.log, block.end
    arrival = log.draws.arrival
    released, departed, turned_back = (
        np.where(ticks < end, ticks, NEVER) for ticks in (log.released, log.departed, log.turned_back)
    )
    comes = block.contains(arrival)
    stood = block.scope.standing[log.draws.flow]
    to_release = ~stood | (log.draws.released >= 0)  # who stands behind the last control is released already
    gives_up = block.contains(turned_back) & (released == NEVER)
    return TruckMoves(
        row=block.scope.row_of_flow[log.draws.flow],
        stood=stood,
        released=released,
        departed=departed,
        turned_back=turned_back,
        comes=comes & ~stood,
        comes_loaded=comes & to_release,
        is_released=block.contains(released) & to_release,
        departs=block.contains(departed),
        gives_up=gives_up,
        moves_on=gives_up & log.moved if log.moved.size else np.zeros_like(gives_up),
        measured=(arrival >= block.scope.plan.warmup) & ~stood,
    )


@once
def visits_of_line(block: LogBlock) -> Counts:
    """(lines,) rows of the log of each line."""
    return np.bincount(block.log.draws.line, minlength=block.scope.plan.network.lines.size)


@once
def arrived_by_row(block: LogBlock) -> Counts:
    """(rows,) trucks that arrive in the block and in the measured period."""
    moves = truck_moves(block)
    return count_by_row(block, moves.row[moves.comes & moves.measured])


@once
def released_by_row(block: LogBlock) -> Counts:
    """(rows,) trucks released in the block and in the measured period."""
    moves = truck_moves(block)
    return count_by_row(block, moves.row[moves.is_released & (moves.released >= block.scope.plan.warmup)])


@once
def turned_back_by_row(block: LogBlock) -> Counts:
    """(rows,) trucks that turn back without release in the block and in the measured period."""
    moves = truck_moves(block)
    turns_back = moves.gives_up & ~moves.moves_on
    return count_by_row(block, moves.row[turns_back & (moves.turned_back >= block.scope.plan.warmup)])


def counts_before(block: LogBlock, ticks: Ticks, trucks: Mask, edges: Ticks) -> Counts:
    """Return (edges, directions) how many of some trucks have a tick before each of some edges, in order."""
    between = np.zeros((edges.size + 1, len(block.scope.directions)), np.int64)
    count_between(ticks, trucks, direction_of_truck(block), edges, between)
    return np.cumsum(between[:-1], axis=0)


@once
def direction_of_truck(block: LogBlock) -> Indices:
    """(trucks,) number of the direction."""
    return block.scope.direction_of_flow[block.log.draws.flow]


@kernel
def count_between(ticks: Ticks, trucks: Mask, direction: Indices, edges: Ticks, out: Counts) -> None:
    """Count the ticks of some trucks between edges; trucks stand by arrival, so that the next is near the last."""
    at = 0
    for truck in range(ticks.size):
        if trucks[truck]:
            while at < edges.size and edges[at] <= ticks[truck]:
                at += 1
            while at > 0 and edges[at - 1] > ticks[truck]:
                at -= 1
            out[at, direction[truck]] += 1


def still_inside(block: LogBlock, ticks: Ticks) -> Mask:
    """Return which trucks of the measured period have neither reached `ticks` nor turned back, at the end of a run."""
    moves = truck_moves(block)
    here = block.log.draws.arrival < block.end
    remain: Mask = here & moves.measured & (ticks == NEVER) & (moves.turned_back == NEVER)
    return remain


def count_by_row(block: LogBlock, row: Indices) -> Counts:
    """Return (rows,) how often each row occurs."""
    return np.bincount(row, minlength=len(block.scope.classes))
