"""What rows of several parts share: the shape of a table, and pieces of gates."""

from __future__ import annotations

from typing import Any

Table = dict[str, list[tuple[list[tuple[str, Any]], str, str, str, str]]]
"""Check -> rows of (changes to the small gate, path of the finding, value, problem, remedy)."""

CHANNEL = {"choose": "channel", "shares": {"green": "80 %", "red": "20 %"}}
SHUT = {"name": "shut", "first": "2026-02-15", "last": "2026-02-15"}
NORTH = "paths.northbound"
SHIFT = {"hours": "01:00-03:00", "units": 1}
OFFICERS = ("pools.officer", {"side": "vn", "shifts": [SHIFT]})
FLEET = (
    "pools.vehicle",
    {"side": "vn", "shifts": [{"hours": "24 h", "units": 2}], "comes_back": {"constant": "10 min"}},
)
JAM = {"name": "jam", "uses": 100, "repair": {"constant": "10 min"}}
