"""The checks of booking: what is wrong, where, and the remedy."""

from __future__ import annotations

from .rows import Table

SLOTS = {"flows": ["general"], "side": "vn", "slot": "30 min", "capacity": 2}

TABLE: Table = {
    "booking_flows": [
        (
            [("booking", {"a": {**SLOTS, "flows": ["genral"]}})],
            "booking.a.flows[0]",
            "genral",
            "no such flow",
            "Did you mean general?",
        ),
        (
            [("booking", {"a": {**SLOTS, "flows": ["general", "general"]}})],
            "booking.a.flows[1]",
            "general",
            "named twice",
            "Keep one of the two.",
        ),
        (
            [("booking", {"a": SLOTS, "b": SLOTS})],
            "booking.b.flows[0]",
            "general",
            "it also books at a",
            "Keep one of the two.",
        ),
    ],
    "booking_slots": [
        (
            [("booking", {"a": {**SLOTS, "hours": {"mon": "08:00-08:20", "tue": "08:00-08:29"}}})],
            "booking.a.slot",
            "30 min",
            "no slot fits into the opening hours",
            "Use shorter slots, or longer hours.",
        ),
    ],
    "booking_priority": [
        (
            [("booking", {"a": {**SLOTS, "priority_without": 9}})],
            "booking.a.priority_without",
            "9",
            "no truck comes without a slot",
            "Remove it, let trucks without a slot `come`, or let only a `share` book.",
        ),
    ],
}
