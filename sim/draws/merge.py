"""The trucks of all flows in one order, and each visit that is made as one row."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from sim.clock import Ticks
from sim.draws.booking import FlowTrucks
from sim.draws.columns import Counts, Draws, Mask, blank
from sim.draws.flow import FlowDraws
from sim.draws.visits import VisitOrder, visit_order
from sim.jit import kernel, step
from sim.plan.plan import MAX_TRUCKS, Plan


def merged(plan: Plan, flows: list[FlowDraws], missing: list[FlowTrucks]) -> Draws:
    """Put the trucks of all flows in order of (arrival, flow, number), and those who do not come by the time missed."""
    sizes = [flow.made.shape[0] for flow in flows]
    arrival = np.concatenate([flow.by_truck["arrival"] for flow in flows])
    if arrival.size > MAX_TRUCKS:
        raise ValueError(f"{arrival.size:,} trucks at once are too many; draw in shorter blocks")
    order = np.argsort(arrival, kind="stable")
    visits = np.concatenate([flow.made.sum(axis=1) for flow in flows])
    first = np.concatenate(([0], np.cumsum(visits[order])))
    place = np.empty(arrival.size, np.int64)
    place[order] = np.arange(arrival.size)
    draws = blank(plan, first)
    by_truck: dict[str, Any] = {
        name: np.concatenate([flow.by_truck[name] for flow in flows])[order] for name in flows[0].by_truck
    }
    by_truck["flow"] = np.repeat(np.arange(len(flows), dtype=np.int32), sizes)[order]
    for flow, trucks in zip(flows, np.split(place, np.cumsum(sizes)[:-1]), strict=True):
        row = first[trucks]
        for name, values in flow.by_visit.items():
            _place(flow.made, values, row, getattr(draws, name))
        if draws.rule.size:
            into = VisitOrder(draws.next_row, draws.alternative_row, draws.rule)
            _place_order(flow.made, *visit_order(flow.path), row, into)
        _mark_loads(draws, flow, trucks, row)
    return dataclasses.replace(draws, **by_truck, **_missed(missing))


def _mark_loads(draws: Draws, flow: FlowDraws, trucks: Counts, row: Counts) -> None:
    """Write after which of its visits each truck is released and is empty."""
    path, made = flow.path, flow.made
    draws.emptied[trucks] = row + made[:, : path.with_first_load].sum(axis=1)
    ahead = made[:, : path.released].sum(axis=1)
    draws.released[trucks] = np.where(ahead > 0, row + ahead - 1, -1)
    if path.second_released is not None:
        back = made[:, path.second_load_visits].any(axis=1)
        last = row + made[:, : path.second_released].sum(axis=1) - 1
        draws.second_released[trucks] = np.where(back, last, -1)
        draws.emptied[trucks] = np.where(back, row + made.sum(axis=1), draws.emptied[trucks])


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
def _place(made: Mask, values: Ticks, row: Counts, out: Ticks) -> None:
    """Copy what belongs to the visits that each truck makes to its rows."""
    for truck in range(made.shape[0]):
        at = row[truck]
        for visit in range(made.shape[1]):
            if made[truck, visit]:
                out[at] = values[truck, visit]
                at += 1


@kernel
def _place_order(made: Mask, follows: Counts, alternative: Counts, rule: Counts, row: Counts, out: VisitOrder) -> None:
    """Write to the rows of each truck which row follows, and what it has to choose from."""
    visits = made.shape[1]
    for truck in range(made.shape[0]):
        at = row[truck]
        for visit in range(visits):
            if not made[truck, visit]:
                continue
            then = follows[visit]
            while then < visits and not made[truck, then]:
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
        rows += made[truck, visit]
    return rows
