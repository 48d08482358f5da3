"""Work clocks: when a service gets on, where lanes stand still, work more slowly or lose what they have in hand.

A clock is a sequence of pieces. In each, work goes on at a constant speed, in millionths of the usual one; at the
start of a piece that loses, a service in hand begins again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sim.clock import Ticks
from sim.jit import step

FULL_SPEED = 1_000_000
NO_TICK = 1 << 62
"""A tick that never comes."""


class Pieces(NamedTuple):
    """One clock. The first piece starts at tick 0, the last one never ends."""

    tick: Ticks
    """(pieces,) start of each piece [tick]."""
    speed: npt.NDArray[np.int64]
    """(pieces,) [millionths]."""
    loses: npt.NDArray[np.bool_]
    """(pieces,) whether a service in hand at its start begins again."""


class Clocks(NamedTuple):
    """The clocks of all lane groups, one after the other."""

    of_group: npt.NDArray[np.int32]
    """(groups,) clock of each lane group, -1 where work always goes on; no entries if it does so everywhere."""
    first: npt.NDArray[np.int32]
    """(clocks + 1,) first piece of each clock."""
    tick: Ticks
    speed: npt.NDArray[np.int64]
    loses: npt.NDArray[np.bool_]


def clocks(of_groups: Sequence[Pieces | None]) -> Clocks:
    """Join the clocks of lane groups; None means that work always goes on."""
    clocked = [pieces for pieces in of_groups if pieces is not None]
    number = np.cumsum([pieces is not None for pieces in of_groups]) - 1
    of_group = [n if pieces is not None else -1 for n, pieces in zip(number, of_groups, strict=True)]
    return Clocks(
        of_group=np.array(of_group if clocked else [], np.int32),
        first=np.cumsum([0, *(pieces.tick.size for pieces in clocked)], dtype=np.int32),
        tick=np.concatenate([np.empty(0, np.int64), *(pieces.tick for pieces in clocked)]),
        speed=np.concatenate([np.empty(0, np.int64), *(pieces.speed for pieces in clocked)]),
        loses=np.concatenate([np.empty(0, np.bool_), *(pieces.loses for pieces in clocked)]),
    )


def merged(a: Pieces, b: Pieces) -> Pieces:
    """Return the clock that goes as fast as both together: their speeds multiply."""
    tick = np.union1d(a.tick, b.tick)
    at_a, at_b = (np.searchsorted(pieces.tick, tick, side="right") - 1 for pieces in (a, b))
    loses = np.zeros(tick.size, np.bool_)
    for pieces in (a, b):
        loses[np.searchsorted(tick, pieces.tick[pieces.loses])] = True
    return Pieces(tick, a.speed[at_a] * b.speed[at_b] // FULL_SPEED, loses)


def standing(start: Ticks, end: Ticks, *, loses: bool = False) -> Pieces:
    """Return the clock that stands still in the disjoint spans [start, end), which are in order [tick]."""
    tick = np.concatenate(([0], np.column_stack((start, end)).ravel()))
    speed = np.concatenate(([FULL_SPEED], np.tile([0, FULL_SPEED], start.size)))
    lost = np.concatenate(([False], np.tile([loses, False], start.size)))
    kept = np.append(tick[1:] != tick[:-1], True)  # of pieces of no length the last one counts
    return Pieces(tick[kept], speed[kept], lost[kept])


@step
def end_of_work(clocks: Clocks, group: int, now: int, ticks: int) -> int:
    """Return when a service of `ticks` that starts `now` ends in a lane of the group; `NO_TICK` for never."""
    if clocks.of_group.size == 0 or clocks.of_group[group] < 0 or ticks == 0:
        return now + ticks
    clock = clocks.of_group[group]
    piece, end = clocks.first[clock], clocks.first[clock + 1]
    low, high = piece, end
    while high - low > 1:  # the last piece that has begun
        middle = (low + high) // 2
        if clocks.tick[middle] <= now:
            low = middle
        else:
            high = middle
    piece, start, work = low, now, ticks * FULL_SPEED
    while True:
        speed = clocks.speed[piece]
        until = clocks.tick[piece + 1] if piece + 1 < end else NO_TICK
        if speed > 0 and start + -(-work // speed) <= until:
            return int(start + -(-work // speed))
        if piece + 1 == end:
            return NO_TICK
        work -= (until - start) * speed
        piece += 1
        start = until
        if clocks.loses[piece]:
            work = ticks * FULL_SPEED
