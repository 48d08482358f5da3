"""The checks of opening hours: what is wrong, where, and the remedy."""

from __future__ import annotations

from .rows import SHUT, Table

TABLE: Table = {
    "never_open": [
        (
            [("stages.booth.hours", {"mon": "closed"})],
            "stages.booth.hours",
            "closed",
            "it never opens",
            "Write hours for at least one day, or remove it.",
        ),
    ],
    "hours_on_holidays": [
        (
            [("calendar", [{**SHUT, "hours": {"mon": "24 h", "holidays GB-ENK": "closed"}}])],
            'calendar[0].hours["holidays GB-ENK"]',
            "GB-ENK",
            "no such part of GB",
            "Did you mean GB-ENG?",
        ),
    ],
}
