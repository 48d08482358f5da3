"""The trucks of all flows in one order, and each visit that is made as one row."""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

import numpy as np

from sim.draws.booking import BOOKED, FlowTrucks
from sim.draws.columns import COLUMNS, Counts, Draws, Mask, unwritten
from sim.draws.flow import Rows, Trips, columns_by_truck, fill_visits
from sim.draws.gates import put_choices
from sim.draws.visits import Integers, PathLines, VisitOrder, lines_of, put_lines, visit_order
from sim.jit import kernel, step
from sim.memory import once
from sim.plan.paths import Path
from sim.plan.plan import MAX_TRUCKS, Plan, Stream

_WRITTEN = {"line", "next_row", "alternative_row", "rule", "gives_up"} | {
    column.name
    for column in COLUMNS.values()
    if column.stream or (column.per == "truck" and column.name not in ("sibling", "taste", "puts_up_with"))
}
"""Columns of which every entry is written here."""
NO_ROW = -1
"""Row of a release that no visit brings."""


def merged(plan: Plan, flows: list[Trips], missing: list[FlowTrucks]) -> Draws:
    """Put the trucks of all flows in order of (arrival, flow, number), and those who do not come by the time missed.

    Then all that belongs to visits is written to the rows in which it stays.
    """
    arrival = np.concatenate([trips.trucks.arrival for trips in flows])
    if arrival.size > MAX_TRUCKS:
        raise ValueError(f"{arrival.size:,} trucks at once are too many; draw in shorter blocks")
    place = np.empty(arrival.size, np.int64)
    place[np.argsort(arrival, kind="stable")] = np.arange(arrival.size)
    places = np.split(place, np.cumsum([trips.trucks.number.size for trips in flows])[:-1])
    visits = np.empty(arrival.size, np.int64)
    for trips, trucks in zip(flows, places, strict=True):
        visits[trucks] = trips.made.sum(axis=0)
    draws = unwritten(plan, np.concatenate(([0], np.cumsum(visits))), _WRITTEN)
    for n, (trips, trucks) in enumerate(zip(flows, places, strict=True)):
        draws.flow[trucks] = n
        for name, values in columns_by_truck(plan, trips).items():
            getattr(draws, name)[trucks] = values
        rows = Rows(trips, draws.first[trucks])
        order, lines, loads = _way_of(plan, trips.stream)
        room = np.full(len(trips.made) + 1, -1, np.int32)
        put_lines(trips.made, rows.first, lines, trips.trucks.booking != BOOKED, room, draws.line)
        put_loads(trips.made, rows.first, trucks, loads, draws.released, draws.emptied, draws.second_released)
        if draws.rule.size:
            _place_order(trips.made, *order, rows.first, VisitOrder(draws.next_row, draws.alternative_row, draws.rule))
        fill_visits(plan, rows, draws)
    if plan.chooses_gates:
        put_choices(plan, flows, places, draws)
    return dataclasses.replace(draws, **_missed(missing))


class Loads(NamedTuple):
    """Where on a path its loads end: numbers of leading visits."""

    first: int
    """Those with the first load."""
    released: int
    """Those up to its release."""
    second: int
    """Those up to the release of the second load; -1 if no truck takes one."""
    is_second: Mask
    """(visits,) whether only trucks with a second load make it."""
    begin: int
    """Those before the gate: the way from another one, after which no truck is released."""


def _loads_of(path: Path, begin: int) -> Loads:
    is_second = np.zeros(len(path.visits), np.bool_)
    if path.second_released is None:
        return Loads(path.with_first_load, path.released, -1, is_second, begin)
    is_second[path.second_load_visits] = True
    return Loads(path.with_first_load, path.released, path.second_released, is_second, begin)


@once
def _way_of(plan: Plan, stream: Stream) -> tuple[VisitOrder, PathLines, Loads]:
    """Return what is the same for all trucks of a flow."""
    order = visit_order(stream.path)
    number = next(n for n, each in enumerate(plan.streams) if each is stream)
    begin = int(plan.network.boards.flows["has_way"][number]) if plan.chooses_gates else 0
    return order, lines_of(plan, stream, order), _loads_of(stream.path, begin)


@kernel
def put_loads(
    made: Mask, row: Counts, trucks: Counts, loads: Loads, released: Counts, emptied: Counts, second_released: Counts
) -> None:
    """Write after which of its visits each truck is released and is empty."""
    for n in range(trucks.size):
        at, empty, release, second, back = row[n], row[n], NO_ROW, NO_ROW, False
        for visit in range(made.shape[0]):
            if made[visit, n]:
                if loads.begin <= visit < loads.released:
                    release = at
                if visit < loads.second:
                    second = at
                back |= loads.is_second[visit]
                at += 1
                if visit < loads.first:
                    empty = at
        released[trucks[n]] = release
        emptied[trucks[n]] = at if back else empty
        if second_released.size:
            second_released[trucks[n]] = second if back else NO_ROW


def _missed(missing: list[FlowTrucks]) -> dict[str, Any]:
    """Return the columns of trucks that do not come."""
    tick = np.concatenate([away.arrival for away in missing])
    order = np.argsort(tick, kind="stable")
    return {
        "missed_tick": tick[order],
        "missed_flow": np.repeat(np.arange(len(missing)), [away.number.size for away in missing])[order],
        "missed_reason": np.concatenate([away.booking for away in missing])[order],
    }


@kernel
def _place_order(
    made: Mask, follows: Integers, alternative: Integers, rule: Integers, row: Counts, out: VisitOrder
) -> None:
    """Write to the rows of each truck which row follows, and what it has to choose from."""
    visits = made.shape[0]
    for truck in range(made.shape[1]):
        at = row[truck]
        for visit in range(visits):
            if not made[visit, truck]:
                continue
            then = follows[visit]
            while then < visits and not made[then, truck]:
                then = follows[then]
            out.next_row[at] = at + _rows_between(made, truck, visit, then)
            out.alternative_row[at] = (
                at + _rows_between(made, truck, visit, alternative[visit]) if alternative[visit] >= 0 else -1
            )
            out.rule[at] = rule[visit]
            at += 1


@step
def _rows_between(made: Mask, truck: int, start: int, end: int) -> int:
    """Return how many visits of a truck are made from `start` to before `end`."""
    rows = 0
    for visit in range(start, end):
        rows += made[visit, truck]
    return rows
