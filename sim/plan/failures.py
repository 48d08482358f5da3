"""What fails, ready to draw: outages by the calendar, and breakdowns in use."""

from __future__ import annotations

from dataclasses import dataclass

from sim.plan.distributions import Sampler


@dataclass(frozen=True, eq=False)
class Source:
    """Something that fails, and what goes down with it."""

    name: str
    """Names its streams of draws."""
    every: Sampler
    """Time from the end of one outage to the start of the next."""
    lasts: Sampler
    resources: tuple[int, ...]
    """Lane groups, pools and links that go down."""
    units: int | None = None
    """Lanes or units of each that go down; None for all."""
    stops: tuple[int, ...] = ()
    """Lane groups whose services in hand stand still."""
    restarts: bool = False
    """Whether these start again from the beginning."""
    hands_over: tuple[int, ...] = ()
    """Lane groups whose trucks stand in line again when lanes go down, to be served in others."""


@dataclass(frozen=True, eq=False)
class Failing:
    """A kind of failure, ready to draw."""

    name: str
    repair: Sampler
    per_tick: float = 0.0
    """Failures a tick of running time."""
    per_use: float = 0.0
    """Chance of a failure in a use."""
    restarts: bool = False
    """Whether what was in hand starts again after the repair; else it goes on."""
    hands_over: bool = False
    """Whether it starts again in another lane while this one is under repair. Such a failure `restarts`, too."""
