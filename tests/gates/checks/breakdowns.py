"""The checks of breakdowns: what is wrong, where, and the remedy."""

from __future__ import annotations

from typing import Any

from .rows import JAM, SHIFT, Table


def repaired(breakdown: dict[str, Any]) -> tuple[str, Any]:
    """Return a pool of officers with a breakdown."""
    return "pools.officer", {"side": "vn", "shifts": [SHIFT], "breakdowns": [breakdown]}


WITH_A_RESERVE = [{"name": "all", "lanes": 2}, {"name": "more", "lanes": 1, "opens": {"at": 5, "closes_below": 2}}]

TABLE: Table = {
    "breakdown_clocks": [
        (
            [("stages.booth.breakdowns", [{"name": "jam", "repair": {"constant": 0}}])],
            "stages.booth.breakdowns[0]",
            "jam",
            "neither `running` nor `uses`",
            "Write one of the two: the mean running time or the mean number of uses between failures.",
        ),
        (
            [repaired({**JAM, "running": "1 h"}), ("stages.booth.needs", {"officer": 1})],
            "pools.officer.breakdowns[0]",
            "jam",
            "both `running` and `uses`",
            "Write one of the two: the mean running time or the mean number of uses between failures.",
        ),
    ],
    "breakdown_names": [
        (
            [("stages.booth.breakdowns", [JAM, JAM])],
            "stages.booth.breakdowns[1].name",
            "jam",
            "another breakdown has this name",
            "Rename one of them.",
        ),
    ],
    "endless_services": [  # the booth takes 4 min on average
        (
            [
                (
                    "stages.booth.breakdowns",
                    [{"name": "jam", "running": "40 s", "repair": {"constant": 0}, "then": "restarts"}],
                )
            ],
            "stages.booth.breakdowns[0].running",
            "40 s",
            "a service may never end, because it starts again after each failure",
            "Use at least 48 s, or let the service continue: `then: resumes`.",
        ),
        (  # that of one class takes 10 min
            [
                ("stages.booth.service_for", {"general": {"constant": "10 min"}}),
                (
                    "stages.booth.breakdowns",
                    [{"name": "jam", "running": "1 min", "repair": {"constant": 0}, "then": "hands-over"}],
                ),
            ],
            "stages.booth.breakdowns[0].running",
            "1 min",
            "a service may never end, because it starts again after each failure",
            "Use at least 2 min, or let the service continue: `then: resumes`.",
        ),
    ],
    "repairs_of_pools": [
        (
            [repaired({**JAM, "then": "restarts"}), ("stages.booth.needs", {"officer": 1})],
            "pools.officer.breakdowns[0].then",
            "restarts",
            "services do not start again when a unit of a pool fails",
            "Remove it: units are repaired when they are given back.",
        ),
    ],
    "breakdowns_that_hand_over": [
        (
            [("stages.booth.breakdowns", [{**JAM, "name": "other"}, {**JAM, "then": "hands-over"}])],
            "stages.booth.breakdowns[1].then",
            "hands-over",
            "not possible beside another breakdown of the stage",
            "Write one breakdown that stands for all, or `resumes` or `restarts`.",
        ),
        *(
            (
                [("stages.booth.lanes", lanes), ("stages.booth.breakdowns", [{**JAM, "then": "hands-over"}])],
                "stages.booth.breakdowns[0].then",
                "hands-over",
                f"lanes of booth {reason}",
                "Write `resumes` or `restarts`: the truck then waits in its lane.",
            )
            for lanes, reason in (("unlimited", "are unlimited"), (WITH_A_RESERVE, "are opened by the queue"))
        ),
    ],
}
