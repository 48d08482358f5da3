"""Checks of opening hours: they open at some time, and their public holidays are those of a known place."""

from __future__ import annotations

from collections.abc import Iterator

from gates.checks.demand import unknown_place
from gates.checks.register import Findings, finding, rule
from gates.findings import Place
from gates.schema.calendar import Closure, Holidays
from gates.schema.gate import Gate
from gates.schema.hours import OpeningHours


def hours_of(gate: Gate) -> Iterator[tuple[Place, OpeningHours]]:
    """All opening hours of stages, lane groups, shifts and bookings, with their places."""
    for name, stage in gate.stages.items():
        yield ("stages", name, "hours"), stage.hours
        for n, group in enumerate(stage.lanes if isinstance(stage.lanes, list) else []):
            if group.hours is not None:
                yield ("stages", name, "lanes", n, "hours"), group.hours
    for name, pool in gate.pools.items():
        yield from ((("pools", name, "shifts", n, "hours"), shift.hours) for n, shift in enumerate(pool.shifts))
    yield from ((("booking", name, "hours"), booking.hours) for name, booking in gate.booking.items())


def all_hours(gate: Gate) -> Iterator[tuple[Place, OpeningHours]]:
    """All opening hours of a gate, those of its calendar included, with their places."""
    yield from hours_of(gate)
    for n, entry in enumerate(gate.calendar):
        if isinstance(entry, Closure | Holidays) and entry.hours is not None:
            yield ("calendar", n, "hours"), entry.hours


@rule()
def never_open(gate: Gate) -> Findings:
    """Opening hours have at least one window on some day."""
    for place, hours in hours_of(gate):
        if not hours.ever_open:
            yield finding(place, str(hours), "it never opens", "Write hours for at least one day, or remove it.")


@rule()
def hours_on_holidays(gate: Gate) -> Findings:
    """Hours on public holidays are of a country, or part of one, whose holidays are known."""
    for place, hours in all_hours(gate):
        for country, _ in hours.holidays:
            mistake = unknown_place(country)
            if mistake:
                yield finding((*place, f"holidays {country}"), country, *mistake)
