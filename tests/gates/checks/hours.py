"""The checks of opening hours: what is wrong, where, and the remedy."""

from __future__ import annotations

from .booking import SLOTS
from .rows import SHIFT, SHUT, Table

NEVER = {"mon": "closed"}
NEEDED = ("stages.booth.needs", {"officer": 1})

TABLE: Table = {
    "never_open": [
        (
            [("stages.booth.hours", {"mon": "closed"})],
            "stages.booth.hours",
            "closed",
            "it never opens",
            "Write hours for at least one day, or remove it.",
        ),
        *(
            (changes, place, "closed", "it never opens", "Write hours for at least one day, or remove it.")
            for changes, place in (
                (
                    [("pools.officer", {"side": "vn", "shifts": [SHIFT, {"hours": NEVER, "units": 1}]}), NEEDED],
                    "pools.officer.shifts[1].hours",
                ),
                (
                    [("stages.booth.lanes", [{"name": "a", "lanes": 1}, {"name": "b", "lanes": 1, "hours": NEVER}])],
                    "stages.booth.lanes[1].hours",
                ),
                ([("booking", {"a": {**SLOTS, "hours": NEVER}})], "booking.a.hours"),
            )
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
        (
            [("stages.booth.hours", {"mon": "24 h", "holidays GB-ENK": "closed"})],
            'stages.booth.hours["holidays GB-ENK"]',
            "GB-ENK",
            "no such part of GB",
            "Did you mean GB-ENG?",
        ),
    ],
}
