"""Slots that trucks book: who gets which, and when those who booked come.

Trucks ask for a slot in the order of the times at which they would come (their arrivals without booking), whatever
their flow. Each takes the first slot with room that is not over at that time. All of it is settled before the run.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from sim.clock import Ticks
from sim.draws.uniforms import uniforms
from sim.jit import kernel
from sim.plan.slots import Slots

Counts = npt.NDArray[np.int64]


Mask = npt.NDArray[np.bool_]


UNBOOKED, BOOKED, WITHOUT_SLOT = range(3)
"""How a truck comes: it does not book, it has a slot, or it found none and comes all the same."""


AFTER_ALL = 1 << 62
"""Later than any run: when a truck comes that waits for a slot after the last that is known [tick]."""


NO_SHOW, NO_SLOT = range(2)
"""Why a truck does not come: it has a slot and stays away, or it found none."""


@dataclass(frozen=True, eq=False)
class FlowTrucks:
    """Trucks of one flow that ask for a slot, that come or that are missed."""

    number: Counts
    """(trucks,) number within the flow, ascending."""
    intended_arrival: Ticks
    """(trucks,) when they would come without booking [tick]."""
    arrival: Ticks
    """(trucks,) when they come, or would have come [tick]."""
    booking: Counts
    """(trucks,) `UNBOOKED`, `BOOKED` or `WITHOUT_SLOT`; for those who stay away `NO_SHOW` or `NO_SLOT`."""

    @property
    def columns(self) -> tuple[Counts, ...]:
        """All that is known of them, column by column."""
        return self.number, self.intended_arrival, self.arrival, self.booking

    def part(self, chosen: Mask) -> FlowTrucks:
        """Return some of them."""
        return FlowTrucks(*(values[chosen] for values in self.columns))

    def with_more(self, more: FlowTrucks) -> FlowTrucks:
        """Return both together, in the order of their numbers."""
        order = np.argsort(np.concatenate((self.number, more.number)), kind="stable")
        pairs = zip(self.columns, more.columns, strict=True)
        return FlowTrucks(*(np.concatenate(pair)[order] for pair in pairs))


def no_trucks() -> FlowTrucks:
    """Return no trucks."""
    none = np.empty(0, np.int64)
    return FlowTrucks(none, none, none, none)


@dataclass
class Desk:
    """Where a booking system stands between two blocks of draws."""

    slots: Slots
    room: Counts = field(init=False)
    """(slots,) trucks that still find room."""
    after: Counts = field(init=False)
    """(slots + 1,) a slot at or after each that may have room; the last entry answers for none."""
    coming: dict[int, FlowTrucks] = field(init=False)
    """Stream -> trucks that are still to come."""
    missing: dict[int, FlowTrucks] = field(init=False)
    """Stream -> trucks that will be missed later."""

    def __post_init__(self) -> None:
        self.room = np.full(self.slots.start.size, self.slots.capacity, np.int64)
        self.after = np.arange(self.slots.start.size + 1)
        self.coming = {stream: no_trucks() for stream in self.slots.streams}
        self.missing = {stream: no_trucks() for stream in self.slots.streams}

    def book(self, asking: dict[int, FlowTrucks], names: dict[int, str]) -> None:
        """Give slots to trucks that ask after all those before them; `names` are those of their streams of draws."""
        stream = np.concatenate([np.full(asking[s].number.size, s) for s in self.slots.streams])
        intended = np.concatenate([asking[s].intended_arrival for s in self.slots.streams])
        order = np.argsort(intended, kind="stable")  # ties: by stream, then number
        uniform = {
            what: np.concatenate([_uniforms(f"{names[s]}/{what}", asking[s].number) for s in self.slots.streams])
            for what in ("books", "no-show", "offset")
        }
        books = uniform["books"] < self.slots.share
        slot = self._assigned(intended, order[books[order]])
        waits = books & (slot < 0) & (self.slots.latest < 0)
        booked, without = slot >= 0, books & (slot < 0) & ~waits
        shows = uniform["no-show"] >= self.slots.no_show
        comes = ~books | (booked & shows) | (without & self.slots.comes) | waits
        arrival = intended.copy()
        late = self.slots.offset.ticks(uniform["offset"][booked])
        arrival[booked] = np.maximum(self.slots.start[slot[booked]] - self.slots.early + late, 0)
        arrival[waits] = AFTER_ALL
        booking = np.where(books, np.where(without, WITHOUT_SLOT, BOOKED), UNBOOKED)
        booking = np.where(comes, booking, np.where(booked, NO_SHOW, NO_SLOT))
        number = np.concatenate([asking[s].number for s in self.slots.streams])
        every = FlowTrucks(number, intended, arrival, booking)
        for s in self.slots.streams:
            self.coming[s] = self.coming[s].with_more(every.part((stream == s) & comes))
            self.missing[s] = self.missing[s].with_more(every.part((stream == s) & ~comes))

    def leave(self, stream: int, until: int) -> tuple[FlowTrucks, FlowTrucks]:
        """Return the trucks of a stream that come before `until`, and those that are missed before it."""
        come, missed = self.coming[stream], self.missing[stream]
        self.coming[stream], self.missing[stream] = (
            come.part(come.arrival >= until),
            missed.part(missed.arrival >= until),
        )
        return come.part(come.arrival < until), missed.part(missed.arrival < until)

    def _assigned(self, intended: Ticks, order: Counts) -> Counts:
        """Return (trucks,) the slot of each truck, chosen in `order`; -1 for those without and those not in it."""
        first = np.searchsorted(self.slots.end, intended, side="right")
        last = np.full(intended.size, self.slots.start.size - 1)
        if self.slots.latest >= 0:
            last = np.searchsorted(self.slots.start, intended + self.slots.latest, side="right") - 1
        slot = np.full(intended.size, -1)
        assign(order, first, last, self.room, self.after, slot)
        return slot


def _uniforms(name: str, number: Counts) -> npt.NDArray[np.float64]:
    """Return the uniform numbers of trucks that follow each other."""
    if number.size == 0:
        return np.empty(0)
    return uniforms(name, int(number[0]), number.size)


@kernel
def assign(order: Counts, first: Counts, last: Counts, room: Counts, after: Counts, slot: Counts) -> None:
    """Give each truck in `order` its first slot with room from `first` to `last`; `room` and `after` are kept up."""
    for n in range(order.size):
        truck = order[n]
        at = first[truck]
        while after[at] != at:
            after[at] = after[after[at]]  # shortens the way for those who ask later
            at = after[at]
        if at <= last[truck]:
            slot[truck] = at
            room[at] -= 1
            if room[at] == 0:
                after[at] = at + 1
