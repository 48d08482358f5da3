"""How long it takes until the trucks that queue at the start of a run are released."""

from __future__ import annotations

import math
from typing import Self

import numpy as np

from sim.clock import TICKS_PER_HOUR
from sim.engines.log import NEVER
from sim.metrics.block import LogBlock, truck_moves
from sim.metrics.meter import BORDERGATE, UNDEFINED, Meter, Metric, Readings
from sim.metrics.scope import Scope
from sim.metrics.survival import CensoredTimes
from sim.metrics.trucks.clearance import CENSORED, QUANTILES, time_values

BACKLOG = Metric(
    name="backlog_h",
    title="Time to clear the initial queue",
    unit="h",
    statistics=("mean", *QUANTILES, "max"),
    better="less",
    definition="Time from the start of the run until a truck that queued then is released from the last control, or "
    f"turns back; maximum: until the last of them is. {CENSORED}",
    source=BORDERGATE,
)


class Backlog(Meter):
    """Collects the time from the start of the run to the release, or turning back, of the trucks that queue then."""

    metrics = (BACKLOG,)
    place = 30

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._times = CensoredTimes(len(scope.classes), scope.plan.end, scope.exact)
        self._last = np.full(len(scope.classes), NEVER, np.int64)
        """(rows,) when the last of them was released [tick]; `NEVER` if none was."""

    @classmethod
    def for_plan(cls, scope: Scope) -> Self | None:
        """Return a meter; None for a gate at which nobody queues at the start."""
        return cls(scope) if scope.standing.any() else None

    def add(self, block: LogBlock) -> None:
        """Add who is released or turns back in a block; with the last block, who is still there."""
        moves = truck_moves(block)
        gone = np.where(moves.released == NEVER, moves.turned_back, moves.released)
        done = (moves.is_released | moves.gives_up) & moves.stood
        row = moves.row[done]
        self._times.add(row, gone[done])
        np.maximum.at(self._last, row, gone[done])
        if block.is_last:
            still = moves.stood & (block.log.draws.released >= 0) & (gone == NEVER)
            self._times.cut_short(moves.row[still], np.full(np.count_nonzero(still), block.end))

    def values(self) -> Readings:
        """Yield the times of each direction in which trucks queue at the start."""
        plan = self._scope.plan
        for direction in sorted({plan.kinds[stream.kind].direction for stream in plan.streams if stream.standing}):
            rows = self._scope.rows_of(direction)
            yield from time_values(BACKLOG, {(direction, None): self._times.survival(rows)})
            last = int(self._last[list(rows)].max())
            yield BACKLOG.key("max", direction), _last_hours(last, cut_short=bool(self._times.cut(rows).size))


def _last_hours(last: int, *, cut_short: bool) -> float:
    """Return when the last truck is gone [h]; infinite where one is not, undefined where none stood there."""
    if cut_short:
        return math.inf
    return UNDEFINED if last == NEVER else last / TICKS_PER_HOUR
