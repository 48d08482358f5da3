"""The checks of trucks in queues at the start: what is wrong, where, and the remedy."""

from __future__ import annotations

from .rows import FLEET, Table

STANDING = {"class": "general", "direction": "northbound", "stage": "booth", "trucks": 3}

TABLE: Table = {
    "initial_names": [
        (
            [("initial", [{**STANDING, "class": "genral"}])],
            "initial[0].class",
            "genral",
            "no such vehicle class",
            "Did you mean general?",
        ),
        (
            [("initial", [{**STANDING, "direction": "southbound"}])],
            "initial[0].class",
            "general",
            "no southbound flow has this class",
            "Add such a flow, with a per_day of 0 if no more arrive.",
        ),
        (
            [("initial", [{**STANDING, "stage": "boot"}])],
            "initial[0].stage",
            "boot",
            "no such stage",
            "Did you mean booth?",
        ),
    ],
    "initial_waits": [
        (
            [("initial", [{**STANDING, "waited": {"constant": "2 d"}}])],
            "initial[0].waited",
            "",
            "general trucks never lose patience",
            "Give the class a `patience`, or remove `waited`.",
        ),
    ],
    "initial_stages": [
        (
            [("initial", [{**STANDING, "empty": True}])],
            "initial[0].stage",
            "booth",
            "empty general northbound trucks never come here",
            "Name a stage on their path, and say whether they return empty.",
        ),
    ],
    "initial_twice": [
        (
            [("initial", [STANDING, {**STANDING, "trucks": 1}])],
            "initial[1]",
            "booth",
            "these trucks are listed twice",
            "Write the sum in one entry.",
        ),
    ],
    "initial_units": [
        (
            [
                FLEET,
                ("stages.booth.takes", {"vehicle": 1}),
                ("stages.exit.gives", {"vehicle": 1}),
                ("initial", [STANDING, {**STANDING, "stage": "exit"}]),
            ],
            "initial[1].stage",
            "exit",
            "trucks here hold units of vehicle",
            "Put them at the stage that takes the units, or at an earlier one.",
        ),
    ],
}
