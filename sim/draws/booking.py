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


UNBOOKED, BOOKED, WITHOUT = range(3)
"""How a truck comes: it does not book, it has a slot, or it found none and comes all the same."""


AFTER_ALL = 1 << 62
"""Later than any run: when a truck comes that waits for a slot after the last that is known [tick]."""


NO_SHOW, NO_SLOT = range(2)
"""Why a truck does not come: it has a slot and stays away, or it found none."""


@dataclass(frozen=True, eq=False)
class Comers:
    """Trucks of one stream that ask for a slot, or that come."""

    number: Counts
    """(trucks,) number within the flow, ascending."""
    asked: Ticks
    """(trucks,) when they would come without booking [tick]."""
    arrival: Ticks
    """(trucks,) when they come, or would have come [tick]."""
    how: Counts
    """(trucks,) `UNBOOKED`, `BOOKED` or `WITHOUT`; for those who stay away `NO_SHOW` or `NO_SLOT`."""

    def part(self, chosen: Mask) -> Comers:
        """Return some of them."""
        return Comers(self.number[chosen], self.asked[chosen], self.arrival[chosen], self.how[chosen])

    def with_more(self, more: Comers) -> Comers:
        """Return both together, in the order of their numbers."""
        number = np.concatenate((self.number, more.number))
        order = np.argsort(number, kind="stable")
        pairs = ((self.asked, more.asked), (self.arrival, more.arrival), (self.how, more.how))
        return Comers(number[order], *(np.concatenate(pair)[order] for pair in pairs))


def nobody() -> Comers:
    """Return no trucks."""
    none = np.empty(0, np.int64)
    return Comers(none, none, none, none)


@dataclass
class Desk:
    """Where a booking system stands between two blocks of draws."""

    slots: Slots
    room: Counts = field(init=False)
    """(slots,) trucks that still find room."""
    after: Counts = field(init=False)
    """(slots + 1,) a slot at or after each that may have room; the last entry answers for none."""
    coming: dict[int, Comers] = field(init=False)
    """Stream -> trucks that are still to come."""
    missing: dict[int, Comers] = field(init=False)
    """Stream -> trucks that will be missed later."""

    def __post_init__(self) -> None:
        self.room = np.full(self.slots.start.size, self.slots.capacity, np.int64)
        self.after = np.arange(self.slots.start.size + 1)
        self.coming = {stream: nobody() for stream in self.slots.streams}
        self.missing = {stream: nobody() for stream in self.slots.streams}

    def book(self, asking: dict[int, Comers], names: dict[int, str]) -> None:
        """Give slots to trucks that ask after all those before them; `names` are those of their streams of draws."""
        stream = np.concatenate([np.full(asking[s].number.size, s) for s in self.slots.streams])
        asked = np.concatenate([asking[s].asked for s in self.slots.streams])
        order = np.argsort(asked, kind="stable")  # ties: by stream, then number
        luck = {
            what: np.concatenate([_luck(f"{names[s]}/{what}", asking[s].number) for s in self.slots.streams])
            for what in ("books", "no-show", "offset")
        }
        books = luck["books"] < self.slots.share
        slot = self._assigned(asked, order[books[order]])
        waits = books & (slot < 0) & (self.slots.latest < 0)
        found, without = slot >= 0, books & (slot < 0) & ~waits
        shows = luck["no-show"] >= self.slots.no_show
        comes = ~books | (found & shows) | (without & self.slots.comes) | waits
        arrival = asked.copy()
        late = self.slots.offset.ticks(luck["offset"][found])
        arrival[found] = np.maximum(self.slots.start[slot[found]] - self.slots.early + late, 0)
        arrival[waits] = AFTER_ALL
        how = np.where(books, np.where(without, WITHOUT, BOOKED), UNBOOKED)
        how = np.where(comes, how, np.where(found, NO_SHOW, NO_SLOT))
        number = np.concatenate([asking[s].number for s in self.slots.streams])
        every = Comers(number, asked, arrival, how)
        for s in self.slots.streams:
            self.coming[s] = self.coming[s].with_more(every.part((stream == s) & comes))
            self.missing[s] = self.missing[s].with_more(every.part((stream == s) & ~comes))

    def leave(self, stream: int, until: int) -> tuple[Comers, Comers]:
        """Return the trucks of a stream that come before `until`, and those that are missed before it."""
        come, missed = self.coming[stream], self.missing[stream]
        self.coming[stream], self.missing[stream] = (
            come.part(come.arrival >= until),
            missed.part(missed.arrival >= until),
        )
        return come.part(come.arrival < until), missed.part(missed.arrival < until)

    def _assigned(self, asked: Ticks, order: Counts) -> Counts:
        """Return (trucks,) the slot of each truck, chosen in `order`; -1 for those without and those not in it."""
        first = np.searchsorted(self.slots.end, asked, side="right")
        last = np.full(asked.size, self.slots.start.size - 1)
        if self.slots.latest >= 0:
            last = np.searchsorted(self.slots.start, asked + self.slots.latest, side="right") - 1
        slot = np.full(asked.size, -1)
        assign(order, first, last, self.room, self.after, slot)
        return slot


def _luck(name: str, number: Counts) -> npt.NDArray[np.float64]:
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
