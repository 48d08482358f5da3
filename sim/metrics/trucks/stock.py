"""Loaded trucks that have arrived and are not yet released, when the day's bulletin counts them."""

from __future__ import annotations

import math
from typing import Self

import numpy as np

from sim.clock import Ticks
from sim.engines.log import NEVER
from sim.metrics.block import LogBlock, counts_before, released_by_row, truck_moves
from sim.metrics.meter import BORDERGATE, Meter, Metric, Readings, ratio
from sim.metrics.scope import Scope
from sim.metrics.time_use import time_use

STOCK = Metric(
    name="stock_trucks",
    title="Stock",
    unit="trucks",
    statistics=("end_of_day", "max"),
    better="less",
    definition="Loaded trucks that have arrived and are not yet released when the day's bulletin "
    "counts, or have not yet left the side that they come from where that bulletin counts `until-crossing`: mean over "
    "the days, and on the worst day.",
    source=BORDERGATE,
)
STOCK_DAYS = Metric(
    name="stock_days",
    title="Stock in days of clearance",
    unit="days",
    statistics=("end_of_day",),
    better="less",
    definition="The mean stock in days of throughput: about how long a truck stays until its release, or on the side "
    "that it comes from where the bulletin counts `until-crossing`.",
    source="Little (1961), A Proof for the Queuing Formula: L = λW, Operations Research 9(3)",
)


class Stock(Meter):
    """Counts the stock just before each bulletin."""

    metrics = (STOCK, STOCK_DAYS)
    place = 100

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self.stock = scope.by_day()
        """(days, directions) trucks that arrived before each bulletin, and are not released, or not over the border."""
        self._released = scope.by_row()

    @classmethod
    def for_plan(cls, scope: Scope) -> Self:
        """Return a meter of any plan."""
        return cls(scope)

    def add(self, block: LogBlock) -> None:
        """Add who comes and goes in a block."""
        moves = truck_moves(block)
        bulletins = self._scope.plan.bulletin
        self.stock += counts_before(block, block.log.draws.arrival, moves.comes_loaded, bulletins)
        gone = gone_from_stock(block)
        is_gone = block.contains(gone) & (~moves.stood | (block.log.draws.released >= 0))
        self.stock -= counts_before(block, gone, is_gone, bulletins)
        if self._scope.plan.turns_back:
            self.stock -= counts_before(block, moves.turned_back, moves.gives_up & (gone == NEVER), bulletins)
        self._released += released_by_row(block)

    def values(self) -> Readings:
        """Yield the stock of each direction."""
        days = self._scope.plan.measured_days
        for index, direction in enumerate(self._scope.directions):
            stock = self.stock[:, index]
            released = int(self._released[list(self._scope.rows_of(direction))].sum())
            yield STOCK.key("end_of_day", direction), float(stock.mean())
            yield STOCK.key("max", direction), float(stock.max())
            nobody = stock.any() and not released
            equal = math.inf if nobody else ratio(float(stock.mean()) * days, released)
            yield STOCK_DAYS.key("end_of_day", direction), equal


def gone_from_stock(block: LogBlock) -> Ticks:
    """(trucks,) when each was released, or came to the first stage across the border if the bulletin counts until then.

    `NEVER` for what did not happen before the end of the block.
    """
    plan, draws, released = block.scope.plan, block.log.draws, truck_moves(block).released
    if not plan.across:
        return released
    crossed = time_use(block).crossed
    gone = np.where((crossed != NEVER) & ((released == NEVER) | (crossed < released)), crossed, released)
    return np.where(gone == NEVER, NEVER, np.maximum(gone, draws.arrival))
