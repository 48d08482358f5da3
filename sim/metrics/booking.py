"""What booking made of the arrivals: how far slots moved them, who found none, and who did not come."""

from __future__ import annotations

import numpy as np

from sim.arrays import Indices
from sim.clock import Ticks
from sim.draws.booking import BOOKED, NO_SHOW, WITHOUT_SLOT
from sim.draws.columns import Draws
from sim.plan.plan import Plan


class Turnout:
    """Counts of the measured period by row of the classes, added up block by block."""

    def __init__(self, plan: Plan, row_of_flow: Indices, rows: int) -> None:
        self.booked, self.without, self.no_shows = (np.zeros(rows, np.int64) for _ in range(3))
        """(rows,) trucks that come with a slot; trucks that found none, come or not; trucks with one that stay away."""
        self.moved = np.zeros(rows, np.int64)
        """(rows,) time from when they asked for to when they come, of the trucks with a slot [tick]."""
        self.rows = sorted({int(row_of_flow[stream]) for slots in plan.bookings for stream in slots.streams})
        """Rows of the classes that book."""
        self._row_of_flow, self._warmup = row_of_flow, plan.warmup

    def add(self, draws: Draws, start: int, end: int) -> None:
        """Add the trucks of the block [start, end)."""
        came = self._measured(draws.arrival, start, end)
        row, booking = self._row_of_flow[draws.flow[came]], draws.booking[came]
        booked = booking == BOOKED
        np.add.at(self.booked, row[booked], 1)
        np.add.at(self.moved, row[booked], (draws.arrival - draws.intended_arrival)[came][booked])
        np.add.at(self.without, row[booking == WITHOUT_SLOT], 1)
        missed = self._measured(draws.missed_tick, start, end)
        row, away = self._row_of_flow[draws.missed_flow[missed]], draws.missed_reason[missed] == NO_SHOW
        np.add.at(self.no_shows, row[away], 1)
        np.add.at(self.without, row[~away], 1)

    def _measured(self, tick: Ticks, start: int, end: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        return (tick >= max(start, self._warmup)) & (tick < end)
