"""The event log: the only output of an engine, one row a visit, in the order of the draws."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.clock import Ticks
from sim.draws import Draws
from sim.plan import Indices

JOINED, STARTED, FINISHED, LEFT = range(4)
"""Columns of `EventLog.times`."""
NEVER = -1
"""Time of something that did not happen before the end of the run, and lane group of a visit not started."""


@dataclass(frozen=True, eq=False)
class EventLog:
    """What happened, visit by visit."""

    draws: Draws
    """The trucks, and which rows are theirs."""
    times: Ticks
    """(visits, 4) when the truck joined the line, started and finished its service, left the stage [tick]."""
    group: Indices
    """(visits,) lane group that served it."""

    @classmethod
    def empty(cls, draws: Draws) -> EventLog:
        """Return a log in which nothing happened yet."""
        return cls(draws, np.full((draws.visits, 4), NEVER, np.int64), np.full(draws.visits, NEVER, np.int32))

    @property
    def joined(self) -> Ticks:
        """(visits,) when the truck joined the waiting line."""
        return self.times[:, JOINED]

    @property
    def started(self) -> Ticks:
        """(visits,) when its service started."""
        return self.times[:, STARTED]

    @property
    def finished(self) -> Ticks:
        """(visits,) when its service ended."""
        return self.times[:, FINISHED]

    @property
    def left(self) -> Ticks:
        """(visits,) when it left the stage and freed the lane."""
        return self.times[:, LEFT]

    @property
    def truck(self) -> npt.NDArray[np.int64]:
        """(visits,) number of the truck."""
        return np.repeat(np.arange(self.draws.trucks), np.diff(self.draws.first))

    @property
    def released(self) -> Ticks:
        """(trucks,) release from the last control; `NEVER` if still inside."""
        return self._left_row(self.draws.released)

    @property
    def second_released(self) -> Ticks:
        """(trucks,) release of the second load; `NEVER` if it has none or is still inside."""
        at = np.full(self.draws.trucks, NEVER, np.int64)
        loaded = self.draws.second >= 0
        at[loaded] = self.left[self.draws.second[loaded]]
        return at

    @property
    def departed(self) -> Ticks:
        """(trucks,) last departure, the empty return included; `NEVER` if still inside."""
        last = self.draws.first[1:] - 1
        return self._left_row(np.where(last >= self.draws.first[:-1], last, NEVER))

    def _left_row(self, row: npt.NDArray[np.int64]) -> Ticks:
        """Return when each truck left the visit in the given row, or its arrival where there is none."""
        at = self.draws.arrival.copy()
        at[row >= 0] = self.left[row[row >= 0]]
        return at

    def visits_made(self) -> int:
        """Return the number of visits that ended."""
        return int(np.count_nonzero(self.left != NEVER))

    def equals(self, other: EventLog) -> bool:
        """Tell whether two logs of the same draws are equal, row by row."""
        return np.array_equal(self.times, other.times) and np.array_equal(self.group, other.group)
