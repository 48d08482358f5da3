"""Checks of booking: who books where, and slots that fit into their hours."""

from __future__ import annotations

from gates.checks.register import Findings, finding, rule, unknown
from gates.findings import Place
from gates.schema.gate import Gate
from gates.schema.quantities import seconds_text


@rule("flows.*")
def booking_flows(gate: Gate) -> Findings:
    """A booking names flows of the gate, each of which books in one place."""
    seen: dict[str, str] = {}
    for name, booking in gate.booking.items():
        for n, flow in enumerate(booking.flows):
            place: Place = ("booking", name, "flows", n)
            if flow not in gate.flows:
                yield unknown(place, flow, "flow", gate.flows)
            elif flow in seen:
                problem = "named twice" if seen[flow] == name else f"it also books at {seen[flow]}"
                yield finding(place, flow, problem, "Keep one of the two.")
            seen.setdefault(flow, name)


@rule()
def booking_slots(gate: Gate) -> Findings:
    """At least one slot fits into the hours of a booking."""
    for name, booking in gate.booking.items():
        longest = max((end - start for _, spans in booking.hours.openings for start, end in spans), default=0)
        if 0 < longest < booking.slot:
            remedy = "Use shorter slots, or longer hours."
            yield finding(
                ("booking", name, "slot"), seconds_text(booking.slot), "no slot fits into the opening hours", remedy
            )


@rule()
def booking_priority(gate: Gate) -> Findings:
    """Only trucks that come without a slot have a priority of their own."""
    for name, booking in gate.booking.items():
        if booking.priority_without is not None and booking.without != "come" and booking.share == 1:
            remedy = "Remove it, let trucks without a slot `come`, or let only a `share` book."
            place: Place = ("booking", name, "priority_without")
            yield finding(place, booking.priority_without, "no truck comes without a slot", remedy)
