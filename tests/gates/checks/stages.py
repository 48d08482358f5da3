"""The checks of stages, lane groups, distributions and sources: what is wrong, where, and the remedy."""

from __future__ import annotations

from .rows import JAM, NORTH, OFFICERS, Table

GROUPS = [{"name": "loaded", "lanes": 1, "load": "loaded"}, {"name": "empties", "lanes": 1, "load": "empty"}]
TWICE = {"name": "a", "lanes": 1}
OPENS = {"at": 5, "closes_below": 2}
BOTH = ["northbound", "southbound"]

TABLE: Table = {
    "reversible_lanes": [
        (
            [("stages.booth.lanes", [{**TWICE, "reverses": {"at": 5, "takes": "5 min"}}])],
            "stages.booth.lanes[0].directions",
            "",
            "reversible lanes need two directions",
            "Write both under `directions`, the one to start with first.",
        ),
        (
            [
                (
                    "stages.booth.lanes",
                    [
                        {
                            "name": "a",
                            "lanes": "unlimited",
                            "directions": ["northbound", "southbound"],
                            "reverses": {"at": 5, "takes": "5 min"},
                        }
                    ],
                )
            ],
            "stages.booth.lanes[0].lanes",
            "unlimited",
            "unlimited lanes cannot be reversible",
            "Write a number of lanes.",
        ),
    ],
    "reversal_rules": [
        (
            [("stages.booth.lanes", [{**TWICE, "directions": BOTH, "reverses": {"at": 0, "takes": "5 min"}}])],
            "stages.booth.lanes[0].reverses.at",
            "0",
            "when nobody waits, neither queue is the longer one",
            "Use at least 1, or `until: empty` or `until: gated`.",
        ),
        (
            [
                (
                    "stages.booth.lanes",
                    [{**TWICE, "directions": BOTH, "reverses": {"at": 0, "takes": "0 s", "until": "gated"}}],
                )
            ],
            "stages.booth.lanes[0].reverses.takes",
            "0 s",
            "empty lanes would change direction without end at one moment",
            "Use a longer time, or `at: 1`.",
        ),
        (
            [
                (
                    "stages.booth.lanes",
                    [
                        {
                            **TWICE,
                            "directions": BOTH,
                            "reverses": {"at": 1, "takes": "5 min", "until": "empty", "lead": 2},
                        }
                    ],
                )
            ],
            "stages.booth.lanes[0].reverses.lead",
            "2",
            "`until: empty` does not compare the queues",
            "Remove it, or write `until: longer-queue`.",
        ),
        (
            [
                (
                    "stages.booth.lanes",
                    [
                        {
                            **TWICE,
                            "directions": BOTH,
                            "reverses": {"at": 1, "takes": "0 s", "at_least": "1 h", "at_most": "59 min"},
                        }
                    ],
                )
            ],
            "stages.booth.lanes[0].reverses.at_most",
            "59 min",
            "shorter than `at_least`, 1 h",
            "Exchange the two.",
        ),
    ],
    "lanes_by_queue": [
        (
            [("stages.booth.lanes", [TWICE, {"name": "b", "lanes": 1, "opens": {"at": 4, "closes_below": 4}}])],
            "stages.booth.lanes[1].opens.closes_below",
            "4",
            "not below 4, at which they open",
            "Use a smaller number, so that they stay open for a while.",
        ),
        (
            [("stages.booth.lanes", [TWICE, {"name": "b", "lanes": "unlimited", "opens": OPENS}])],
            "stages.booth.lanes[1].lanes",
            "unlimited",
            "the queue cannot open lanes whose number is unlimited",
            "Write a number of lanes.",
        ),
        (
            [
                (
                    "stages.booth.lanes",
                    [
                        TWICE,
                        {
                            "name": "b",
                            "lanes": 1,
                            "directions": ["northbound", "southbound"],
                            "reverses": {"at": 5, "takes": "5 min"},
                            "opens": OPENS,
                        },
                    ],
                )
            ],
            "stages.booth.lanes[1].opens",
            "",
            "reversible lanes cannot also be opened by the queue",
            "Keep one of the two, or make two groups.",
        ),
    ],
    "trucks_of_a_reserve": [
        (
            [("stages.booth.lanes", [{**TWICE, "opens": OPENS}])],
            "stages.booth.lanes[0].opens",
            "loaded general northbound",
            "only these lanes admit these trucks, so fewer than 5 would wait for ever",
            "Admit them in a lane group without `opens`, too.",
        ),
    ],
    "closing_rules": [
        (
            [("stages.booth.at_closing", "serves-the-queue"), ("stages.booth.pauses_when_closed", True)],
            "stages.booth.at_closing",
            "serves-the-queue",
            "a service here pauses when closed",
            "Remove one of the two.",
        ),
        (
            [
                (
                    "stages.booth.lanes",
                    [
                        {
                            "name": "a",
                            "lanes": 2,
                            "directions": ["northbound", "southbound"],
                            "at_closing": "serves-the-queue",
                            "reverses": {"at": 5, "takes": "5 min"},
                        }
                    ],
                )
            ],
            "stages.booth.lanes[0].at_closing",
            "serves-the-queue",
            "its lanes reverse",
            "Remove one of the two.",
        ),
    ],
    "holds": [
        (
            [("stages.booth.hold", True)],
            "stages.booth.hold",
            "true",
            "trucks could queue for this hold: its lanes are limited",
            "Give it unlimited lanes and nothing else that trucks queue for, or remove `hold`.",
        ),
        (
            [
                ("pools", {"officers": {"side": "vn", "shifts": [{"hours": "24 h", "units": 3}]}}),
                ("stages.booth.lanes", "unlimited"),
                ("stages.booth.needs", {"officers": 1}),
                ("stages.booth.hold", True),
            ],
            "stages.booth.hold",
            "true",
            "trucks could queue for this hold: it needs units of a pool",
            "Give it unlimited lanes and nothing else that trucks queue for, or remove `hold`.",
        ),
        (
            [
                ("links", {"radio": {"uplink": "1 Mbit/s", "shared_uplink": "1 Mbit/s", "round_trip": "1 s"}}),
                ("stages.booth.lanes", "unlimited"),
                ("stages.booth.sends", {"link": "radio", "data": "1 MB"}),
                ("stages.booth.hold", True),
            ],
            "stages.booth.hold",
            "true",
            "trucks could queue for this hold: it sends over a link",
            "Give it unlimited lanes and nothing else that trucks queue for, or remove `hold`.",
        ),
        (
            [
                ("stages.booth.lanes", "unlimited"),
                ("stages.booth.batch", {"size": 2, "after": "1 h"}),
                ("stages.booth.hold", True),
            ],
            "stages.booth.hold",
            "true",
            "trucks could queue for this hold: its trucks start together",
            "Give it unlimited lanes and nothing else that trucks queue for, or remove `hold`.",
        ),
    ],
    "batches": [
        (
            [("stages.booth.lanes", 2), ("stages.booth.batch", {"size": 5, "after": "1 h"})],
            "stages.booth.batch.size",
            "5",
            "more than the stage has lanes",
            "Use at most 2, or more lanes.",
        ),
    ],
    "patience_classes": [
        (
            [("stages.booth.patience_for", {"generl": {"constant": "1 h"}})],
            "stages.booth.patience_for.generl",
            "generl",
            "no such vehicle class",
            "Did you mean general?",
        ),
    ],
    "group_names": [
        (
            [("stages.booth.lanes", [TWICE, TWICE])],
            "stages.booth.lanes[1].name",
            "a",
            "another lane group has this name",
            "Rename one of them.",
        ),
    ],
    "group_classes": [
        (
            [("stages.booth.lanes", [TWICE, {"name": "b", "lanes": 1, "classes": ["general", "durian"]}])],
            "stages.booth.lanes[1].classes[1]",
            "durian",
            "no such vehicle class",
            "Use general.",
        ),
    ],
    "trucks_without_lanes": [
        (
            [
                (
                    "stages.booth.lanes",
                    [
                        {"name": "a", "lanes": 1, "directions": ["southbound"]},
                        {"name": "b", "lanes": 1, "load": "empty"},
                    ],
                )
            ],
            "stages.booth.lanes",
            "loaded general northbound",
            "no lane group admits these trucks",
            "Admit them in a lane group, or remove the stage from their path.",
        ),
        (
            [(f"{NORTH}.2.mark", "empty"), ("stages.exit.lanes", GROUPS[:1])],
            "stages.exit.lanes",
            "empty general northbound",
            "no lane group admits these trucks",
            "Admit them in a lane group, or remove the stage from their path.",
        ),
    ],
    "lanes_without_trucks": [
        (
            [("stages.exit.lanes", GROUPS)],
            "stages.exit.lanes[1]",
            "empties",
            "no truck that comes to this stage may use it",
            "Fix its classes, directions or load, or remove it.",
        ),
    ],
    "service_classes": [
        (
            [("stages.booth.service_for", {"durian": {"constant": "1 s"}})],
            "stages.booth.service_for.durian",
            "durian",
            "no such vehicle class",
            "Use one of general, empty.",
        ),
    ],
    "distribution_bounds": [
        (
            [("stages.booth.patience_for", {"general": {"uniform": {"low": "2 h", "high": "1 h"}}})],
            "stages.booth.patience_for.general.uniform",
            "2 h to 1 h",
            "low is greater than high",
            "Swap them.",
        ),
        (
            [("stages.booth.patience", {"uniform": {"low": "2 h", "high": "1 h"}})],
            "stages.booth.patience.uniform",
            "2 h to 1 h",
            "low is greater than high",
            "Swap them.",
        ),
        (
            [("classes.general.patience", {"uniform": {"low": "2 h", "high": "1 h"}})],
            "classes.general.patience.uniform",
            "2 h to 1 h",
            "low is greater than high",
            "Swap them.",
        ),
        (
            [
                ("classes.general.patience", {"constant": "3 d"}),
                (
                    "initial",
                    [
                        {
                            "class": "general",
                            "direction": "northbound",
                            "stage": "booth",
                            "trucks": 1,
                            "waited": {"uniform": {"low": "2 h", "high": "1 h"}},
                        }
                    ],
                ),
            ],
            "initial[0].waited.uniform",
            "2 h to 1 h",
            "low is greater than high",
            "Swap them.",
        ),
        (
            [("stages.booth.breakdowns", [{**JAM, "repair": {"uniform": {"low": "2 h", "high": "1 h"}}}])],
            "stages.booth.breakdowns[0].repair.uniform",
            "2 h to 1 h",
            "low is greater than high",
            "Swap them.",
        ),
        (
            [("stages.booth.service", {"uniform": {"low": "2 min", "high": "1 min"}})],
            "stages.booth.service.uniform",
            "2 min to 1 min",
            "low is greater than high",
            "Swap them.",
        ),
        (
            [("stages.booth.service", {"triangular": {"low": "1 s", "mode": "3 s", "high": "2 s"}})],
            "stages.booth.service.triangular",
            "1 s, 3 s, 2 s",
            "low, mode and high are out of order",
            "Write low <= mode <= high.",
        ),
        (
            [("stages.booth.service_for", {"empty": {"uniform": {"low": "2 min", "high": "1 min"}}})],
            "stages.booth.service_for.empty.uniform",
            "2 min to 1 min",
            "low is greater than high",
            "Swap them.",
        ),
        (
            [
                ("pools.officer", {**OFFICERS[1], "comes_back": {"uniform": {"low": "2 min", "high": "1 min"}}}),
                ("stages.booth.needs", {"officer": 1}),
            ],
            "pools.officer.comes_back.uniform",
            "2 min to 1 min",
            "low is greater than high",
            "Swap them.",
        ),
    ],
    "distribution_tails": [  # 1 h x exp(8.25 x sqrt(ln 101)); 20 d x (1 + 40 x 100)
        (
            [("stages.booth.service", {"lognormal": {"mean": "1 h", "cv": 10}})],
            "stages.booth.service",
            "up to 2074607 d",
            "durations may exceed 100 years",
            "Use a smaller mean or cv.",
        ),
        (
            [("stages.booth.service", {"gamma": {"mean": "20 d", "cv": 10}})],
            "stages.booth.service",
            "up to 80020 d",
            "durations may exceed 100 years",
            "Use a smaller mean or cv.",
        ),
    ],
    "source_keys": [
        (
            [("stages.booth.sources", {"lane": "assumption"})],
            "stages.booth.sources.lane",
            "lane",
            "nothing here has this name",
            "Did you mean lanes?",
        ),
        (
            [("stages.booth.sources", {"service.sigma": "assumption"})],
            'stages.booth.sources["service.sigma"]',
            "service.sigma",
            "nothing here has this name",
            "Did you mean service?",
        ),
    ],
    "source_ids": [
        (
            [("sources.flows", "F999")],
            "sources.flows",
            "F999",
            "F999 is not in the fact library",
            "Write fact ids, `assumption: why` or `own: where it is written`.",
        ),
        (
            [("sources.flows", "a guess: mine")],
            "sources.flows",
            "a guess",
            "a guess is not the id of a fact",
            "Write fact ids, `assumption: why` or `own: where it is written`.",
        ),
        (
            [("sources.flows", "F181, : note")],
            "sources.flows",
            "F181,",
            "an id is missing",
            "Write fact ids, `assumption: why` or `own: where it is written`.",
        ),
        (
            [("sources.flows", "own")],
            "sources.flows",
            "own",
            "`own` needs a note that names the source",
            "Write fact ids, `assumption: why` or `own: where it is written`.",
        ),
    ],
}
