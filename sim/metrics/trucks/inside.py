"""Trucks that are still at the gate when a run ends."""

from __future__ import annotations

from typing import Self

from sim.engines.log import NEVER
from sim.metrics.block import LogBlock, arrived_by_row, count_by_row, still_inside, truck_moves
from sim.metrics.meter import BORDERGATE, Meter, Metric, Readings, ratio
from sim.metrics.scope import Scope

INSIDE = Metric(
    name="inside_end_trucks",
    title="Trucks inside at the end",
    unit="trucks",
    statistics=("total",),
    better="less",
    definition="Trucks still at the gate at the end of the run, including those that return empty and those that wait "
    "outside because the gate is full.",
    source=BORDERGATE,
)
UNFINISHED = Metric(
    name="unfinished_share",
    title="Trucks not released by the end",
    unit="1",
    statistics=("share",),
    better="less",
    definition="Share of the trucks that arrive in the measured period and are neither released nor turned back by "
    "its end.",
    source=BORDERGATE,
)


class InsideAtEnd(Meter):
    """Counts who is left when the run ends."""

    metrics = (INSIDE, UNFINISHED)
    place = 140

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._arrived, self._inside, self._unfinished = (scope.by_row() for _ in range(3))

    @classmethod
    def for_plan(cls, scope: Scope) -> Self:
        """Return a meter of any plan."""
        return cls(scope)

    def add(self, block: LogBlock) -> None:
        """Add who arrives in a block; with the last block, who is left."""
        self._arrived += arrived_by_row(block)
        if block.is_last:
            moves = truck_moves(block)
            here = (block.log.draws.arrival < block.end) & (moves.departed == NEVER)
            self._inside += count_by_row(block, moves.row[here])
            self._unfinished += count_by_row(block, moves.row[still_inside(block, moves.released)])

    def values(self) -> Readings:
        """Yield who is left, of each direction."""
        for direction in self._scope.directions:
            rows = list(self._scope.rows_of(direction))
            yield INSIDE.key("total", direction), float(self._inside[rows].sum())
            arrived, unfinished = (int(count[rows].sum()) for count in (self._arrived, self._unfinished))
            yield UNFINISHED.key("share", direction), ratio(unfinished, arrived)
