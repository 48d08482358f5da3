"""Trucks that choose between the gates of a border: waits posted, trucks that move, trucks that stay away."""

from __future__ import annotations

from typing import Self

import numpy as np

from sim.arrays import NOBODY
from sim.clock import TICKS_PER_HOUR
from sim.metrics.block import LogBlock, count_by_row, truck_moves
from sim.metrics.meter import BORDERGATE, UNDEFINED, Meter, Metric, Readings
from sim.metrics.scope import Scope

POSTED = Metric(
    name="posted_wait_h",
    title="Wait posted",
    unit="h",
    statistics=("mean", "max"),
    better="less",
    definition="Wait posted at a gate: trucks of the trade there, by the time in which as many were released; mean "
    "over the postings of the measured period, and the longest.",
    source="Little (1961), A Proof for the Queuing Formula: L = λW, Operations Research 9(3)",
)
MOVED = Metric(
    name="moved_per_day",
    title="Trucks moved to another gate",
    unit="trucks/day",
    statistics=("mean",),
    better="neither",
    definition="Trucks per day of 24 hours that leave the queue for another gate. They are left out of clearance and "
    "passage times here, and arrive anew at the other gate, to which they are on the way at once.",
    source=BORDERGATE,
)
STAYED_AWAY = Metric(
    name="stayed_away_per_day",
    title="Trucks that stayed away",
    unit="trucks/day",
    statistics=("mean",),
    better="less",
    definition="Trucks per day of 24 hours that do not set out because every gate costs more than they put up with, by "
    "the gate to which they usually go.",
    source=BORDERGATE,
)


class Gates(Meter):
    """Counts what trucks that choose between gates do, and follows what is posted."""

    metrics = (POSTED, MOVED, STAYED_AWAY)
    place = 155

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        of_flow = zip(scope.plan.network.boards.flows["board"].tolist(), scope.row_of_flow.tolist(), strict=True)
        self._rows = sorted({(board, row) for board, row in of_flow if board != NOBODY})
        """(board, row of a class that counts on it)."""
        boards = scope.plan.network.boards.rows.size
        self._postings, self._posted, self._longest = (np.zeros(boards, np.int64) for _ in range(3))
        self._moved, self._stayed_away = scope.by_row(), scope.by_row()

    @classmethod
    def for_plan(cls, scope: Scope) -> Self | None:
        """Return a meter; None for a gate alone, or a border at which no truck chooses."""
        return cls(scope) if scope.plan.chooses_gates else None

    def add(self, block: LogBlock) -> None:
        """Add what is posted in a block, and who moves or stays away."""
        moves, warmup = truck_moves(block), self._scope.plan.warmup
        postings = block.log.postings
        here = postings[block.contains(postings["tick"]) & (postings["tick"] >= warmup)]
        np.add.at(self._postings, here["board"], 1)
        np.add.at(self._posted, here["board"], here["posted"])
        np.maximum.at(self._longest, here["board"], here["posted"])
        self._moved += count_by_row(block, moves.row[moves.moves_on & (moves.turned_back >= warmup)])
        self._stayed_away += count_by_row(block, self._scope.row_of_flow[block.stayed_away])

    def values(self) -> Readings:
        """Yield what is posted of each gate, and who moved or stayed away, of each class that chooses."""
        days = self._scope.plan.measured_days
        for board, row in self._rows:
            direction, name = self._scope.classes[row]
            postings = int(self._postings[board])
            mean = int(self._posted[board]) / postings / TICKS_PER_HOUR if postings else UNDEFINED
            longest = int(self._longest[board]) / TICKS_PER_HOUR if postings else UNDEFINED
            yield POSTED.key("mean", direction, name), mean
            yield POSTED.key("max", direction, name), longest
            yield MOVED.key("mean", direction, name), int(self._moved[row]) / days
            yield STAYED_AWAY.key("mean", direction, name), int(self._stayed_away[row]) / days
