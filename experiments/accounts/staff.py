"""Officers and upkeep of the lanes and units that a gate file prices (`money.posts`), from opening hours and shifts."""

from __future__ import annotations

from typing import NamedTuple

from gates.schema.base import UNLIMITED
from gates.schema.gate import Gate
from gates.schema.hours import OpeningHours
from gates.schema.prices.levels import End

HOUR_S = 3600
DAYS_A_WEEK = 7
DAYS_A_YEAR = 365.0


class Staffed(NamedTuple):
    """What a post needs."""

    side: str
    officers: float
    """Officers on the roll, leave and training included."""
    usd_per_year: float
    """Cost of these officers and of upkeep [USD a year]."""


def staffed(gate: Gate, end: End = "base") -> dict[str, Staffed]:
    """Return what each post of a gate needs; nothing for a gate without prices."""
    if gate.money is None:
        return {}
    found = {}
    for name, post in gate.money.posts.items():
        side, hours, most = _unit_hours(gate, name)
        officers = post.officers * hours / gate.money.officer_week_h
        price = gate.money.officer_year_usd[side].at(end) if post.officers else 0.0
        upkeep = 0.0 if post.year_usd is None else post.year_usd.at(end)
        found[name] = Staffed(side, officers, officers * price + upkeep * most)
    return found


def _unit_hours(gate: Gate, name: str) -> tuple[str, float, int]:
    """Return the side of a post, its lane or unit hours of a week, and how many lanes or units it has."""
    if name in gate.pools:
        pool = gate.pools[name]
        return pool.side, sum(s.units * week_hours(s.hours) for s in pool.shifts), max(s.units for s in pool.shifts)
    stage = gate.stages[name]
    if isinstance(stage.lanes, list):
        groups = [(group.lanes, group.hours or stage.hours) for group in stage.lanes]
    else:
        groups = [(stage.lanes, stage.hours)]
    counted = [(lanes, hours) for lanes, hours in groups if lanes != UNLIMITED]
    return stage.side, sum(n * week_hours(hours) for n, hours in counted), sum(n for n, _ in counted)


def week_hours(hours: OpeningHours) -> float:
    """Return the open hours of a usual week."""
    return sum(end - start for day in range(DAYS_A_WEEK) for start, end in hours.on_weekday(day)) / HOUR_S
