"""The event log: the only output of an engine, one row a visit, in the order of the draws."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field, fields, replace

import numpy as np
import numpy.typing as npt

from sim.arrays import Indices, Rows, table_of
from sim.clock import Ticks
from sim.draws.columns import Draws, part_of
from sim.jit import kernel

JOINED, STARTED, FINISHED, LEFT = range(4)
"""Columns of `EventLog.times`."""
NEVER = -1
"""Time of something that did not happen before the end of the run, and lane group of a visit not started."""
LANE_CHANGE = table_of(tick="i8", group="i8", lanes="i8")
"""From `tick` on, so many lanes of a lane group are open by the rule of the group, within its hours."""
NO_LANE_CHANGES = np.zeros(0, LANE_CHANGE)
UNIT_CHANGE = table_of(tick="i8", pool="i8", units="i8")
"""From `tick` on, a policy has so many units of a pool on duty during its shifts; `NO_RULE` for those of the shifts."""
NO_UNIT_CHANGES = np.zeros(0, UNIT_CHANGE)
HOLD = table_of(tick="i8", stage="i8", trucks="i8")
"""From `tick` on, a policy lets so many trucks start at a stage; `NO_RULE` for all."""
NO_HOLDS = np.zeros(0, HOLD)
NO_RULE = -1
POSTING = table_of(tick="i8", board="i8", trucks="i8", released="i8", posted="i8")
"""What is posted at `tick` on a board: how long trucks wait [tick], from the trucks there and those released so far."""
NO_POSTINGS = np.zeros(0, POSTING)
STAYED_AWAY = -2
"""When a truck came to its gate that stayed away."""


@dataclass(frozen=True, eq=False)
class EventLog:
    """What happened, visit by visit."""

    draws: Draws
    """The trucks, and which rows are theirs."""
    times: Ticks
    """(visits, 4) when the truck joined the line, started and finished its service, left the stage [tick]."""
    group: Indices
    """(visits,) lane group that served it."""

    by_hand: npt.NDArray[np.bool_]
    """(visits,) whether the service was done by hand because the link that it needs was down."""
    failed: Ticks = field(default_factory=lambda: np.zeros(0, np.int64))
    """(visits,) when the lane that served it broke down and handed the truck over [tick], `NEVER` where none did; no
    entries if no lane breaks down so. The lane is under repair from then on for `Draws.fails_for`."""
    lane_changes: Rows = field(default_factory=NO_LANE_CHANGES.copy)
    """`LANE_CHANGE` rows of the lanes that the queue opens or reverses, or a policy (`sim.live`), in order. Without a
    row none of the first two is open, and all of the others are."""
    unit_changes: Rows = field(default_factory=NO_UNIT_CHANGES.copy)
    """`UNIT_CHANGE` rows of what a policy did, in order."""
    holds: Rows = field(default_factory=NO_HOLDS.copy)
    """`HOLD` rows of what a policy did, in order."""
    came: Ticks = field(default_factory=lambda: np.zeros(0, np.int64))
    """(trucks,) when the truck came to its gate, or set out for it from another [tick]; `STAYED_AWAY`, or `NEVER` if it
    went elsewhere. With the next, no entries if no truck chooses between gates."""
    moved: npt.NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))
    """(trucks,) whether it left the queue for another gate."""
    postings: Rows = field(default_factory=NO_POSTINGS.copy)
    """`POSTING` rows, board by board at each tick."""

    @classmethod
    def empty(cls, draws: Draws) -> EventLog:
        """Return a log in which nothing happened yet."""
        return cls(
            draws,
            np.full((draws.visits, 4), NEVER, np.int64),
            np.full(draws.visits, NEVER, np.int32),
            np.zeros(draws.visits, np.bool_),
            failed=np.full(draws.fails_after.size, NEVER, np.int64),
            came=np.full(draws.sibling.size, NEVER, np.int64),
            moved=np.zeros(draws.sibling.size, np.bool_),
        )

    @classmethod
    def unwritten(cls, draws: Draws) -> EventLog:
        """Return a log whose rows hold anything, for an engine that writes to each before it counts."""
        return cls(
            draws,
            np.empty((draws.visits, 4), np.int64),
            np.empty(draws.visits, np.int32),
            np.empty(draws.visits, np.bool_),
            failed=np.full(draws.fails_after.size, NEVER, np.int64),
            came=np.full(draws.sibling.size, NEVER, np.int64),
            moved=np.zeros(draws.sibling.size, np.bool_),
        )

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
        """(trucks,) release from the last control; `NEVER` if still inside, or if the truck turned back before it."""
        return np.asarray(self._whereabouts[0]) if self._skips_rows else self._left_row(self.draws.released)

    @property
    def second_released(self) -> Ticks:
        """(trucks,) release of the second load; `NEVER` if it has none, is still inside or turned back before."""
        at = np.full(self.draws.trucks, NEVER, np.int64)
        if self.draws.second_released.size == 0:
            return at
        if self._skips_rows:
            return np.asarray(self._whereabouts[4])
        loaded = self.draws.second_released >= 0
        at[loaded] = self.left[self.draws.second_released[loaded]]
        return at

    @property
    def departed(self) -> Ticks:
        """(trucks,) last departure, the empty return included; `NEVER` if still inside. Also of those turned back."""
        if self._skips_rows:
            return np.asarray(self._whereabouts[1])
        last = self.draws.first[1:] - 1
        return self._left_row(np.where(last >= self.draws.first[:-1], last, NEVER))

    @property
    def turned_back(self) -> Ticks:
        """(trucks,) when the truck turned back; `NEVER` if it did not."""
        return np.asarray(self._whereabouts[2]) if self._skips_rows else np.full(self.draws.trucks, NEVER, np.int64)

    @property
    def entered(self) -> Ticks:
        """(trucks,) when the truck joined its first stage; its arrival if it visits none, `NEVER` if still outside."""
        if self._skips_rows:
            return np.asarray(self._whereabouts[3])
        at = self.draws.arrival.copy()
        visits = np.diff(self.draws.first) > 0
        at[visits] = self.joined[self.draws.first[:-1][visits]]
        return at

    @property
    def _skips_rows(self) -> bool:
        """Tell whether trucks may leave out rows: alternatives not taken, or all after they turned back."""
        draws = self.draws
        return draws.next_row.size + draws.patience.size + draws.gives_up.size + self.came.size > 0

    @functools.cached_property
    def _whereabouts(self) -> Ticks:
        """(5, trucks) released, departed, turned back, entered and second load released, where rows may be left out."""
        draws, out = self.draws, np.full((5, self.draws.trucks), NEVER, np.int64)
        second = draws.second_released if draws.second_released.size else np.full(draws.trucks, NEVER, np.int64)
        follow_trucks(draws.arrival, draws.first, draws.released, second, self.times, out)
        return out

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
        names = (*LOG_COLUMNS, "failed", *TRUCK_COLUMNS, *DECISIONS)
        return all(np.array_equal(getattr(self, name), getattr(other, name)) for name in names)


DECISIONS = ("lane_changes", "unit_changes", "holds", "postings")
"""What was decided in the run, or posted, a row each time."""
TRUCK_COLUMNS = ("came", "moved")
"""What engines write of trucks: one row for each truck."""
LOG_COLUMNS = tuple(
    each.name for each in fields(EventLog) if each.name not in ("draws", "failed", *TRUCK_COLUMNS, *DECISIONS)
)
"""What engines write of trucks: one row for each visit; `failed` beside them, where lanes hand over."""


def of_those_who_came(log: EventLog, until: int) -> EventLog:
    """Return the log of the trucks that came to a gate before a tick, each from then on, without those they left out.

    A truck that moves is one more truck at the other gate, whose load has aged meanwhile.
    """
    if log.came.size == 0:
        return log
    came = (log.came >= 0) & (log.came < until)
    draws = part_of(log.draws, came)
    aged = log.came[came] - draws.arrival
    draws = replace(draws, arrival=log.came[came], age=draws.age + aged if draws.age.size else draws.age)
    rows = np.repeat(came, np.diff(log.draws.first))
    columns = {name: getattr(log, name)[rows] for name in LOG_COLUMNS}
    columns["failed"] = log.failed[rows] if log.failed.size else log.failed
    by_truck = {name: getattr(log, name)[came] for name in TRUCK_COLUMNS}
    decided = {name: getattr(log, name) for name in DECISIONS}
    return EventLog(draws, **columns, **by_truck, **decided)


@kernel
def follow_trucks(
    arrival: Ticks,
    first: npt.NDArray[np.int64],
    released: npt.NDArray[np.int64],
    second: npt.NDArray[np.int64],
    times: Ticks,
    out: Ticks,
) -> None:
    """Write when each truck was released, departed, turned back, entered and released again to `out` (5, trucks).

    A truck inside stands at one visit, which it has joined and not left; the rows that it left out stay empty.
    """
    for truck in range(arrival.size):
        if first[truck] == first[truck + 1]:
            out[0, truck] = out[1, truck] = out[3, truck] = arrival[truck]
            continue
        if released[truck] < 0:
            out[0, truck] = arrival[truck]
        entered, here, released_at, second_at, left_at = NEVER, False, NEVER, NEVER, NEVER
        for visit in range(first[truck], first[truck + 1]):
            if times[visit, JOINED] == NEVER:
                continue
            if entered == NEVER:
                entered = times[visit, JOINED]
            left_at = times[visit, LEFT]
            here = left_at == NEVER
            if visit <= released[truck]:
                released_at = left_at
            elif visit <= second[truck]:
                second_at = left_at
            if not here and times[visit, STARTED] == NEVER:
                out[2, truck] = left_at
                if visit <= released[truck]:
                    released_at = NEVER
                elif visit <= second[truck]:
                    second_at = NEVER
        out[3, truck] = entered
        if not here:
            out[1, truck] = left_at
        if released[truck] >= 0:
            out[0, truck] = released_at
        out[4, truck] = second_at
