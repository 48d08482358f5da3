"""What booking does to arrivals: how far slots move them, who gets no slot, and who does not come."""

from __future__ import annotations

from typing import Self

import numpy as np

from sim.clock import TICKS_PER_HOUR, Ticks
from sim.draws.booking import BOOKED, NO_SHOW, WITHOUT_SLOT
from sim.metrics.block import LogBlock
from sim.metrics.meter import BORDERGATE, Meter, Metric, Readings, ratio
from sim.metrics.scope import Mask, Scope

SLOT_DELAY = Metric(
    name="slot_delay_h",
    title="Delay by booking",
    unit="h",
    statistics=("mean",),
    better="less",
    definition="Mean time by which booking moves the arrival of a truck with a slot, from when it would come without "
    "booking; clearance counts from the arrival.",
    source=BORDERGATE,
)
TRUCKS_WITHOUT_SLOT = Metric(
    name="without_slot_per_day",
    title="Trucks without a slot",
    unit="trucks/day",
    statistics=("mean",),
    better="less",
    definition="Trucks that get no slot in time per day of 24 hours, whether they come without one or not.",
    source=BORDERGATE,
)
NO_SHOWS = Metric(
    name="no_shows_per_day",
    title="No-shows",
    unit="trucks/day",
    statistics=("mean",),
    better="less",
    definition="Trucks with a slot that do not come, per day of 24 hours.",
    source=BORDERGATE,
)


class Booking(Meter):
    """Counts trucks that book, in the measured period."""

    metrics = (SLOT_DELAY, TRUCKS_WITHOUT_SLOT, NO_SHOWS)
    place = 40

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._booked, self._without, self._no_shows = (scope.by_row() for _ in range(3))
        """(rows,) trucks that come with a slot; trucks that get none, come or not; trucks with one that stay away."""
        self._moved = scope.by_row()
        """(rows,) time from when they asked for to when they come, of the trucks with a slot [tick]."""
        self._books = {int(scope.row_of_flow[stream]) for slots in scope.plan.bookings for stream in slots.streams}
        """Rows of the classes that book."""

    @classmethod
    def for_plan(cls, scope: Scope) -> Self | None:
        """Return a meter; None for a gate without booking."""
        return cls(scope) if scope.plan.bookings else None

    def add(self, block: LogBlock) -> None:
        """Add the trucks of a block."""
        draws, row_of_flow = block.log.draws, self._scope.row_of_flow
        came = self._measured(draws.arrival, block)
        row, booking = row_of_flow[draws.flow[came]], draws.booking[came]
        booked = booking == BOOKED
        np.add.at(self._booked, row[booked], 1)
        np.add.at(self._moved, row[booked], (draws.arrival - draws.intended_arrival)[came][booked])
        np.add.at(self._without, row[booking == WITHOUT_SLOT], 1)
        missed = self._measured(draws.missed_tick, block)
        row, away = row_of_flow[draws.missed_flow[missed]], draws.missed_reason[missed] == NO_SHOW
        np.add.at(self._no_shows, row[away], 1)
        np.add.at(self._without, row[~away], 1)

    def _measured(self, tick: Ticks, block: LogBlock) -> Mask:
        return block.contains(tick) & (tick >= self._scope.plan.warmup)

    def values(self) -> Readings:
        """Yield what booking does, of each direction and class in which trucks book."""
        days = self._scope.plan.measured_days
        for direction, name, cohort in self._scope.cohorts:
            rows = [row for row in cohort if row in self._books]
            if rows:
                booked, moved = int(self._booked[rows].sum()), int(self._moved[rows].sum())
                yield SLOT_DELAY.key("mean", direction, name), ratio(moved / TICKS_PER_HOUR, booked)
                yield TRUCKS_WITHOUT_SLOT.key("mean", direction, name), int(self._without[rows].sum()) / days
                yield NO_SHOWS.key("mean", direction, name), int(self._no_shows[rows].sum()) / days
