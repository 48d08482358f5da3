"""The checks of pools and areas: what is wrong, where, and the remedy."""

from __future__ import annotations

from typing import Any

from ..files import REMOVED
from .rows import CHANNEL, FLEET, NORTH, OFFICERS, SHIFT, Table

OFFICERS_OF_DAY = ("pools.officer", {"side": "vn", "shifts": [{"hours": "24 h", "units": 2}]})
BOOTH_NEEDS = ("stages.booth.needs", {"officer": 1})


def desks(lanes: int, **more: Any) -> dict[str, Any]:
    return {"name": "-".join(["desks", *map(str, more)]), "lanes": lanes, **more}


def reserve(lanes: int) -> dict[str, Any]:
    return {"name": "reserve", "lanes": lanes, "opens": {"at": 5, "closes_below": 2}}


TABLE: Table = {
    "stage_pools": [
        (
            [OFFICERS, ("stages.booth.needs", {"oficer": 1})],
            "stages.booth.needs.oficer",
            "oficer",
            "no such pool",
            "Did you mean officer?",
        ),
        (
            [("stages.booth.needs", {"officer": 1})],
            "stages.booth.needs.officer",
            "officer",
            "no such pool",
            "Remove it: there are none to choose from.",
        ),
        (
            [FLEET, ("stages.booth.takes", {"vehicle": 1}), ("stages.exit.gives", {"vehicel": 1})],
            "stages.exit.gives.vehicel",
            "vehicel",
            "no such pool",
            "Did you mean vehicle?",
        ),
    ],
    "unused_pools": [
        ([OFFICERS], "pools.officer", "", "no stage uses it", "Name it in `needs` of a stage, or remove the pool."),
    ],
    "officers_of_a_reserve": [  # two officers for two desks and a reserve, then three for two; other hours do not count
        (
            [OFFICERS_OF_DAY, BOOTH_NEEDS, ("stages.booth.lanes", [desks(2), reserve(1)])],
            "stages.booth.lanes[1].lanes",
            "1",
            "officer can staff 2 lanes at once, and 2 others are open at these hours",
            "Put more of officer on duty.",
        ),
        (
            [
                OFFICERS_OF_DAY,
                BOOTH_NEEDS,
                ("stages.booth.lanes", [desks(1), desks(9, hours="01:00-02:00"), reserve(2)]),
            ],
            "stages.booth.lanes[2].lanes",
            "2",
            "officer can staff 2 lanes at once, and 1 others are open at these hours",
            "Use at most 1, or put more of officer on duty.",
        ),
    ],
    "units_on_duty": [  # one from 01:00 to 03:00 and two from 02:00 to 04:00: three at most
        (
            [
                ("pools.officer", {"side": "vn", "shifts": [SHIFT, {"hours": "02:00-04:00", "units": 2}]}),
                ("stages.booth.needs", {"officer": 4}),
                ("stages.exit.needs", {"officer": 3}),
            ],
            "stages.booth.needs.officer",
            "4",
            "more than are ever on duty",
            "Use at most 3, or put more on duty at once.",
        ),
        (  # Friday's night shift of two still works when Saturday's early one of three begins: five at most
            [
                (
                    "pools.officer",
                    {
                        "side": "vn",
                        "shifts": [
                            {"hours": {"fri": "22:00-06:00"}, "units": 2},
                            {"hours": {"sat": "05:00-12:00", "2025-07-07": "05:00-06:00"}, "units": 3},
                        ],
                    },
                ),
                ("stages.booth.needs", {"officer": 6}),
                ("stages.exit.needs", {"officer": 5}),
            ],
            "stages.booth.needs.officer",
            "6",
            "more than are ever on duty",
            "Use at most 5, or put more on duty at once.",
        ),
        (  # one on weekdays, and two more on a public holiday
            [
                (
                    "pools.officer",
                    {
                        "side": "vn",
                        "shifts": [
                            {"hours": "08:00-12:00", "units": 1},
                            {"hours": {"holidays VN": "09:00-10:00"}, "units": 2},
                        ],
                    },
                ),
                ("stages.booth.needs", {"officer": 4}),
                ("stages.exit.needs", {"officer": 3}),
            ],
            "stages.booth.needs.officer",
            "4",
            "more than are ever on duty",
            "Use at most 3, or put more on duty at once.",
        ),
        (
            [  # 22:00-01:00 ends where 01:00-03:00 begins
                ("pools.vehicle", {"side": "vn", "shifts": [SHIFT, {"hours": "22:00-01:00", "units": 1}]}),
                ("stages.booth.takes", {"vehicle": 2}),
                ("stages.exit.gives", {"vehicle": 2}),
            ],
            "stages.booth.takes.vehicle",
            "2",
            "more than are ever on duty",
            "Use at most 1, or put more on duty at once.",
        ),
    ],
    "one_use_of_a_pool": [
        (
            [
                FLEET,
                ("stages.booth.needs", {"vehicle": 1}),
                ("stages.booth.takes", {"vehicle": 2}),
                ("stages.exit.gives", {"vehicle": 2}),
            ],
            "stages.booth.takes.vehicle",
            "2",
            "vehicle is also in `needs`",
            "Keep one of the two.",
        ),
    ],
    "one_way_back": [
        (
            [
                FLEET,
                ("pools.tug", {**FLEET[1]}),
                ("stages.booth.takes", {"vehicle": 1}),
                ("stages.exit.gives", {"vehicle": 1}),
                ("stages.exit.needs", {"tug": 1}),
            ],
            "stages.exit",
            "tug, vehicle",
            "more than one pool whose units take time to return",
            "Give them back at separate stages, one pool at each.",
        ),
    ],
    "kept_out_classes": [
        (
            [("areas.yard", {"spaces": 5, "stages": ["booth"], "keeps_out": ["generl"]})],
            "areas.yard.keeps_out[0]",
            "generl",
            "no such vehicle class",
            "Did you mean general?",
        ),
    ],
    "reopening_areas": [
        (
            [("areas.yard", {"spaces": 5, "stages": ["booth"], "reopens_at": 5})],
            "areas.yard.reopens_at",
            "5",
            "not below the number of spaces",
            "Use at most 4.",
        ),
    ],
    "held_units": [
        *(
            (
                [
                    FLEET,
                    ("stages.booth.takes", {"vehicle": 1}),
                    ("stages.exit.gives", {"vehicle": 1}),
                    (f"stages.exit.{impatient}", after),
                ],
                f"{NORTH}[3]",
                "vehicle",
                "general trucks hold it and may turn back here",
                "Let them give it back first, or let no truck turn back here.",
            )
            for impatient, after in (
                ("patience", {"constant": "1 h"}),
                ("patience_for", {"general": {"constant": "1 h"}}),
            )
        ),
        (
            [
                FLEET,
                ("stages.booth.takes", {"vehicle": 1}),
                ("stages.exit.gives", {"vehicle": 1}),
                ("stages.exit.turns_away_at", 5),
            ],
            f"{NORTH}[3]",
            "vehicle",
            "general trucks hold it and may turn back here",
            "Let them give it back first, or let no truck turn back here.",
        ),
        (
            [FLEET, ("stages.exit.gives", {"vehicle": 1})],
            f"{NORTH}[3]",
            "vehicle",
            "general trucks have not taken it before",
            "Let an earlier stage of their path take it, or give nothing back here.",
        ),
        (
            [FLEET, ("stages.booth.takes", {"vehicle": 1})],
            f"{NORTH}[0]",
            "vehicle",
            "general trucks never give it back",
            "Let a later stage of their path give it back.",
        ),
        (
            [FLEET, ("stages.booth.takes", {"vehicle": 2}), ("stages.exit.gives", {"vehicle": 1})],
            f"{NORTH}[3]",
            "vehicle",
            "general trucks took 2 and give back 1",
            "Give back 2.",
        ),
        (  # the inspection is visited by 25 %
            [FLEET, ("stages.booth.takes", {"vehicle": 1}), ("stages.inspection.gives", {"vehicle": 1})],
            f"{NORTH}[1].stage",
            "vehicle",
            "general trucks that give it back may not be those that took it",
            "Let all of them visit both stages, or write the same `when` at both.",
        ),
        (
            [
                FLEET,
                (f"{NORTH}.0", {**CHANNEL, "then": {"red": ["booth"]}}),
                ("stages.booth.takes", {"vehicle": 1}),
                ("stages.exit.gives", {"vehicle": 1}),
            ],
            f"{NORTH}[3]",
            "vehicle",
            "general trucks that give it back may not be those that took it",
            "Let all of them visit both stages, or write the same `when` at both.",
        ),
        (
            [
                FLEET,
                ("stages.booth.takes", {"vehicle": 1}),
                ("stages.exit.gives", {"vehicle": 1}),
                (f"{NORTH}.1", "booth"),
                (f"{NORTH}.4", "inspection"),
            ],
            f"{NORTH}[1]",
            "vehicle",
            "general trucks already hold it",
            "Let a stage in between give it back.",
        ),
        (  # parcels and general trucks alike take one; only durian passes the exit
            [
                FLEET,
                ("classes.parcels", {}),
                ("classes.durian", {}),
                ("flows.parcels", {"class": "parcels", "direction": "northbound", "per_day": 1}),
                ("flows.durian", {"class": "durian", "direction": "northbound", "per_day": 1}),
                ("stages.booth.takes", {"vehicle": 1}),
                ("stages.exit.gives", {"vehicle": 1}),
                (f"{NORTH}.3", {"stage": "exit", "only": ["durian"]}),
            ],
            f"{NORTH}[0]",
            "vehicle",
            "general, parcels trucks never give it back",
            "Let a later stage of their path give it back.",
        ),
    ],
    "area_stages": [
        (
            [("areas.yard", {"spaces": 5, "stages": ["booth", "inspecton"]})],
            "areas.yard.stages[1]",
            "inspecton",
            "no such stage",
            "Did you mean inspection?",
        ),
    ],
    "one_area_of_a_stage": [
        (
            [
                ("areas.yard", {"spaces": 5, "stages": ["booth", "exit"]}),
                ("areas.road", {"spaces": 5, "stages": ["exit"]}),
            ],
            "areas.road.stages[0]",
            "exit",
            "also in the area yard",
            "Keep one of the two.",
        ),
        (
            [("areas.yard", {"spaces": 5, "stages": ["booth", "booth"]})],
            "areas.yard.stages[1]",
            "booth",
            "named twice",
            "Keep one of the two.",
        ),
    ],
    "road_outside": [
        (
            [("road_per_truck", "22 m")],
            "road_per_truck",
            "22 m",
            "trucks wait outside only because of a full area, and there is no area",
            "Add an area, or remove this.",
        ),
    ],
    "charging_ranges": [
        (
            [
                (
                    "pools.officer",
                    {**OFFICERS[1], "charging": {"range": "5 km", "trip": "7.2 km", "takes": {"constant": "1 h"}}},
                ),
                ("stages.booth.needs", {"officer": 1}),
            ],
            "pools.officer.charging.trip",
            "7200 m",
            "longer than the range",
            "Use at most 5000 m, or a longer range.",
        ),
    ],
    "unused_areas": [
        (
            [(f"{NORTH}.1", REMOVED), ("areas.yard", {"spaces": 5, "stages": ["inspection"]})],
            "areas.yard",
            "",
            "no path visits its stages",
            "Add one of its stages to a path, or remove the area.",
        ),
    ],
}
