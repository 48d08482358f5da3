"""What is drawn for a run: the columns by truck, by visit and by truck that does not come, each declared once.

What makes, merges, compares and carries draws over from block to block goes through `COLUMNS`. Only engines and
metrics know columns by name.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, fields
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from sim.arrays import Indices
from sim.clock import Ticks
from sim.draws.outages import NO_OUTAGES, Outages
from sim.plan.plan import Plan

Mask = npt.NDArray[np.bool_]
Counts = npt.NDArray[np.int64]

FOR_EVER = 1 << 50
"""Patience of a truck that never turns back [tick]."""


def _for_all(_: Plan) -> bool:
    return True


@dataclass(frozen=True)
class Column:
    """What the declaration of a column says."""

    name: str
    per: Literal["truck", "visit", "missing"]
    """By truck, by visit, or by truck that does not come."""
    unit: Literal["tick", "row", "truck", "index"]
    """Times, numbers of visit rows and of trucks, which move with the truck, or anything else."""
    neutral: int
    """The value that changes nothing."""
    stream: str
    """Name of the random numbers of a time that is drawn for each visit; empty for other columns."""
    needed: Callable[[Plan], bool]
    """Whether a plan needs it; else it has no entries."""
    kind: type

    def blank(self, plan: Plan, size: int) -> npt.NDArray[Any]:
        """Return the column with neutral values; with no entries if the plan does not need it."""
        return np.full(size if self.needed(plan) else 0, self.neutral, self.kind)

    def unwritten(self, plan: Plan, size: int) -> npt.NDArray[Any]:
        """Return the column holding anything; with no entries if the plan does not need it."""
        return np.empty(size if self.needed(plan) else 0, self.kind)


def _column(
    per: str,
    unit: str,
    neutral: int = 0,
    *,
    stream: str = "",
    needed: Callable[[Plan], bool] = _for_all,
    kind: type = np.int64,
) -> dict[str, Any]:
    return {"per": per, "unit": unit, "neutral": neutral, "stream": stream, "needed": needed, "kind": kind}


def _chooses(plan: Plan) -> bool:
    return any(stream.path.forks for stream in plan.streams)


def _books(plan: Plan) -> bool:
    return bool(plan.bookings)


def _chooses_gates(plan: Plan) -> bool:
    return plan.chooses_gates


def _ages(plan: Plan) -> bool:
    """Tell whether a load may have been loaded before it arrives: elsewhere, or when it came from another gate."""
    return any(shelf and (shelf.age or plan.chooses_gates) for shelf in plan.shelf)


@dataclass(frozen=True, eq=False)
class Draws:
    """What trucks bring, in order of (arrival, flow, number). Visit rows of truck n: `first[n]:first[n + 1]`."""

    first: Counts
    """(trucks + 1,) first visit row of each truck."""
    arrival: Ticks = field(metadata=_column("truck", "tick"))
    """(trucks,) arrival at the first stage [tick]."""
    flow: Indices = field(metadata=_column("truck", "index", kind=np.int32))
    """(trucks,) index of the flow."""
    number: Counts = field(metadata=_column("truck", "index"))
    """(trucks,) number within the flow."""
    released: Counts = field(metadata=_column("truck", "row", -1))
    """(trucks,) visit row after which the truck is released from the last control; -1 if released on arrival."""
    emptied: Counts = field(metadata=_column("truck", "row"))
    """(trucks,) first visit row that the truck makes without its load; the row after its last if none."""
    second_released: Counts = field(
        metadata=_column(
            "truck", "row", -1, needed=lambda plan: any(s.path.second_released is not None for s in plan.streams)
        )
    )
    """(trucks,) visit row after which the second load of a truck is released, -1 if it has none; no entries if no
    truck takes one."""
    age: Ticks = field(metadata=_column("truck", "tick", needed=_ages))
    """(trucks,) time since loading at the arrival [tick]; no entries if no class has an age."""
    intended_arrival: Ticks = field(metadata=_column("truck", "tick", needed=_books))
    """(trucks,) when a truck would have come without booking [tick]; no entries if nobody books."""
    booking: Counts = field(metadata=_column("truck", "index", needed=_books))
    """(trucks,) how it comes: `sim.draws.booking.UNBOOKED`, `BOOKED` or `WITHOUT_SLOT`; no entries if nobody books."""
    sibling: Counts = field(metadata=_column("truck", "truck", -1, needed=_chooses_gates))
    """(trucks,) the same truck as it would come to the next gate of its trade, after the last to the first; -1 for one
    that does not choose. With the next two, no entries if no truck does."""
    taste: Ticks = field(metadata=_column("truck", "tick", needed=_chooses_gates))
    """(trucks,) what the gate costs the truck beyond the wait [tick]."""
    puts_up_with: Ticks = field(metadata=_column("truck", "tick", FOR_EVER, needed=_chooses_gates))
    """(trucks,) cost from which on the truck stays away [tick], `FOR_EVER` for never."""
    line: Indices = field(metadata=_column("visit", "index", kind=np.int32))
    """(visits,) waiting line joined."""
    service: Ticks = field(metadata=_column("visit", "tick", stream="service"))
    """(visits,) service time, with what breakdowns add to it [tick]."""
    comes_back: Ticks = field(
        metadata=_column(
            "visit", "tick", stream="comes-back", needed=lambda plan: bool(plan.network.pools["comes_back"].any())
        )
    )
    """(visits,) time that units given back need to come back [tick]; no entries if no pool's units do."""
    service_by_hand: Ticks = field(
        metadata=_column("visit", "tick", stream="by-hand", needed=lambda plan: plan.network.works_by_hand)
    )
    """(visits,) service time while the link that the stage needs is down [tick]; no entries if none needs one."""
    patience: Ticks = field(
        metadata=_column("visit", "tick", FOR_EVER, stream="patience", needed=lambda plan: plan.limits_queues)
    )
    """(visits,) time in line after which the truck turns back [tick], `FOR_EVER` for none; no entries if no queue makes
    trucks turn back."""
    gives_up: Ticks = field(metadata=_column("visit", "tick", FOR_EVER, needed=lambda plan: plan.limits_stays))
    """(visits,) when a truck that waits for this visit turns back because its stay is too long [tick], `FOR_EVER` for
    never; no entries if no class has patience."""
    repair: Ticks = field(metadata=_column("visit", "tick", needed=lambda plan: any(plan.failing)))
    """(visits,) time of the service under repair [tick]; no entries if no stage has breakdowns."""
    fails_after: Ticks = field(metadata=_column("visit", "tick", FOR_EVER, needed=lambda plan: plan.hands_over_in_use))
    """(visits,) time of the service after which the lane fails and hands the truck over [tick], `FOR_EVER` for never;
    `service` is then that in the next lane. With the next, no entries if no lane breaks down so."""
    fails_for: Ticks = field(metadata=_column("visit", "tick", needed=lambda plan: plan.hands_over_in_use))
    """(visits,) how long that lane is then under repair [tick]."""
    next_row: Indices = field(metadata=_column("visit", "row", needed=_chooses, kind=np.int32))
    """(visits,) visit row that follows; the row after the truck's last where it departs. With the next two, no entries
    if trucks never choose by a rule."""
    alternative_row: Indices = field(metadata=_column("visit", "row", -1, needed=_chooses, kind=np.int32))
    """(visits,) first row of the next alternative, where a row is the first of one; else -1."""
    rule: npt.NDArray[np.int8] = field(metadata=_column("visit", "index", needed=_chooses, kind=np.int8))
    """(visits,) rule of the choice (`sim.plan.paths`), where a row is the first of an alternative; else 0."""
    missed_tick: Ticks = field(metadata=_column("missing", "tick"))
    """(trucks that do not come,) the tick at which they are missed."""
    missed_flow: Counts = field(metadata=_column("missing", "index"))
    """(trucks that do not come,) index of the flow."""
    missed_reason: Counts = field(metadata=_column("missing", "index"))
    """(trucks that do not come,) `sim.draws.booking.NO_SHOW` or `NO_SLOT`."""
    outages: Outages = NO_OUTAGES
    """What fails, and when."""

    @property
    def trucks(self) -> int:
        """Number of trucks."""
        return self.arrival.size

    @property
    def visits(self) -> int:
        """Number of visits."""
        return self.line.size


COLUMNS = {each.name: Column(name=each.name, **each.metadata) for each in fields(Draws) if each.metadata}
"""The columns of draws by name."""


def blank(plan: Plan, first: Counts) -> Draws:
    """Return draws of trucks with the given visit rows in which every column that the plan needs is neutral."""
    return unwritten(plan, first, ())


def unwritten(plan: Plan, first: Counts, written: Collection[str]) -> Draws:
    """Return such draws in which the columns that are `written` in full hold anything."""
    size = {"truck": first.size - 1, "visit": int(first[-1]), "missing": 0}
    columns: dict[str, Any] = {
        name: (column.unwritten if name in written else column.blank)(plan, size[column.per])
        for name, column in COLUMNS.items()
    }
    return Draws(first, **columns)


def carried_over(old: Draws, inside: Mask, new: Draws) -> Draws:
    """Return the draws of the trucks still `inside`, followed by those of the trucks that come."""
    visits = np.diff(old.first)
    first = np.concatenate(([0], np.cumsum(np.concatenate((visits[inside], np.diff(new.first))))))
    carried = int(inside.sum())
    stays = {"truck": inside, "visit": np.repeat(inside, visits)}
    by_truck = first[:carried] - old.first[:-1][inside]
    moves = {"truck": by_truck, "visit": np.repeat(by_truck, visits[inside])}
    renumbered = np.cumsum(inside) - 1

    def both(column: Column) -> npt.NDArray[Any]:
        before, after = getattr(old, column.name), getattr(new, column.name)
        if column.per == "missing":
            return np.asarray(after)
        if before.size:
            before = before[stays[column.per]]
        if column.unit == "row":
            before, after = _moved(before, moves[column.per]), _moved(after, first[carried])
        if column.unit == "truck":
            before, after = _renumbered(before, renumbered), _moved(after, np.int64(carried))
        return np.concatenate((before, after))

    columns: dict[str, Any] = {name: both(column) for name, column in COLUMNS.items()}
    return dataclasses.replace(new, first=first, **columns)


def part_of(draws: Draws, chosen: Mask) -> Draws:
    """Return the draws of some trucks; those that do not come stay."""
    visits = np.diff(draws.first)
    first = np.concatenate(([0], np.cumsum(visits[chosen])))
    picked = {"truck": chosen, "visit": np.repeat(chosen, visits)}
    by_truck = first[:-1] - draws.first[:-1][chosen]
    moves = {"truck": by_truck, "visit": np.repeat(by_truck, visits[chosen])}
    columns: dict[str, Any] = {}
    for name, column in COLUMNS.items():
        values = getattr(draws, name)
        if column.per != "missing" and values.size:
            values = values[picked[column.per]]
            if column.unit == "row":
                values = _moved(values, moves[column.per])
            if column.unit == "truck":  # some of those meant are not there
                values = np.full_like(values, -1)
        columns[name] = values
    return dataclasses.replace(draws, first=first, **columns)


def _renumbered(truck: Counts, number: Counts) -> Counts:
    """Return numbers of trucks after the others were left out; -1 stays -1."""
    return np.where(truck >= 0, number[np.maximum(truck, 0)], truck) if truck.size else truck


def _moved(row: npt.NDArray[Any], by: Counts | np.int64) -> npt.NDArray[Any]:
    """Return numbers of rows after all rows have moved; -1 stays -1."""
    return np.where(row >= 0, row + by, row).astype(row.dtype, copy=False) if row.size else row
