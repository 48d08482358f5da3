"""The checks of ranges: what is wrong, where, and the remedy."""

from __future__ import annotations

from .rows import Table

RANGE = {"low": 0.8, "high": 1.2}
TABLE: Table = {
    "ranged_numbers": [
        (
            [("ranges", {"stages.boot.lanes": RANGE})],
            'ranges["stages.boot.lanes"]',
            "",
            "there is no boot",
            "Did you mean booth?",
        ),
    ],
}
