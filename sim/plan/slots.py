"""Slots of a booking system, ready to draw."""

from __future__ import annotations

from dataclasses import dataclass

from sim.clock import Ticks
from sim.plan.distributions import Sampler


@dataclass(frozen=True, eq=False)
class Slots:
    """A booking system, ready to draw. Slots are in order and do not overlap."""

    name: str
    start: Ticks
    """(slots,) [tick]; they go on after the end of the run."""
    end: Ticks
    """(slots,) [tick]."""
    capacity: int
    """Trucks a slot."""
    streams: tuple[int, ...]
    """Streams whose trucks book."""
    share: float
    """Share of their trucks that book."""
    early: int
    """How long before the start of their slot trucks come [tick]; `offset` is added to that."""
    offset: Sampler
    no_show: float
    latest: int
    """A slot that starts more than this after the intended arrival of a truck is too late [tick]; -1 for never."""
    comes: bool
    """Whether a truck without a slot comes all the same."""

    @property
    def ahead(self) -> int:
        """How long before its intended arrival a truck can come [tick]."""
        return self.early + int((self.end - self.start).max(initial=0))
