"""The checks of paths: what is wrong, where, and the remedy."""

from __future__ import annotations

from typing import Any

from ..files import REMOVED
from .rows import CHANNEL, FLEET, NORTH, Table

BOTH_WAYS: list[tuple[str, Any]] = [
    ("origin.southbound", "cn"),
    ("flows.south", {"class": "general", "direction": "southbound", "per_day": 1}),
    (f"{NORTH}.4", {"mark": "empty"}),
    ("paths.southbound", ["booth"]),
    ("two_way", {"northbound": {"share": "10 %", "class": "general", "steps": ["booth"]}}),
]
BY_RULE = {"choose": "way", "rule": "least-wait", "then": {"a": ["booth"], "b": ["booth"]}}

TABLE: Table = {
    "path_stages": [
        (
            [(f"{NORTH}.0", "boot")],
            f"{NORTH}[0]",
            "boot",
            "no such stage",
            "Did you mean booth?",
        ),
        (
            [(f"{NORTH}.1.stage", "inspect")],
            f"{NORTH}[1].stage",
            "inspect",
            "no such stage",
            "Did you mean inspection?",
        ),
        (
            [(f"{NORTH}.4", {**CHANNEL, "then": {"red": ["bays"]}})],
            f"{NORTH}[4].then.red[0]",
            "bays",
            "no such stage",
            "Use one of booth, inspection, exit.",
        ),
    ],
    "unused_stages": [
        (
            [(f"{NORTH}.1", REMOVED)],
            "stages.inspection",
            "",
            "no path visits it",
            "Add it to a path, or remove the stage.",
        ),
    ],
    "paths_without_stages": [
        (
            [
                ("paths.southbound", [{"mark": "released"}]),
                ("origin.southbound", "cn"),
                ("flows.south", {"class": "general", "direction": "southbound", "per_day": 1}),
            ],
            "paths.southbound",
            "",
            "it visits no stage",
            "Name at least one stage.",
        ),
    ],
    "path_classes": [
        (
            [(f"{NORTH}.1.only", ["durian"])],
            f"{NORTH}[1].only[0]",
            "durian",
            "no such vehicle class",
            "Use general.",
        ),
        (
            [(f"{NORTH}.1.share_for", {"durian": 1})],
            f"{NORTH}[1].share_for.durian",
            "durian",
            "no such vehicle class",
            "Use general.",
        ),
        (
            [(f"{NORTH}.4", {**CHANNEL, "shares_for": {"durian": {"red": 1}}})],
            f"{NORTH}[4].shares_for.durian",
            "durian",
            "no such vehicle class",
            "Use general.",
        ),
    ],
    "empty_conditions": [
        (
            [(f"{NORTH}.1.only", [])],
            f"{NORTH}[1].only",
            "[]",
            "no truck makes the visit",
            "Name at least one, or remove the key.",
        ),
        (
            [(f"{NORTH}.4", CHANNEL), (f"{NORTH}.5", {"stage": "exit", "when": {"channel": []}})],
            f"{NORTH}[5].when.channel",
            "[]",
            "no truck makes the visit",
            "Name at least one, or remove the key.",
        ),
    ],
    "choice_shares": [
        (
            [(f"{NORTH}.4", {"choose": "channel", "shares": {"green": "50 %", "red": "60 %"}})],
            f"{NORTH}[4].shares",
            "110 %",
            "the shares do not add to 100 %",
            "Change them by -10 %.",
        ),
        (
            [(f"{NORTH}.4", {**CHANNEL, "shares_for": {"general": {"red": "99 %"}}})],
            f"{NORTH}[4].shares_for.general",
            "99 %",
            "the shares do not add to 100 %",
            "Change them by +1 %.",
        ),
    ],
    "choice_alternatives": [
        (
            [(f"{NORTH}.4", {**CHANNEL, "then": {"yellow": ["exit"]}})],
            f"{NORTH}[4].then.yellow",
            "yellow",
            "no such alternative",
            "Use one of green, red.",
        ),
        (
            [(f"{NORTH}.4", {**CHANNEL, "shares_for": {"general": {"gren": 1}}})],
            f"{NORTH}[4].shares_for.general.gren",
            "gren",
            "no such alternative",
            "Did you mean green?",
        ),
    ],
    "choice_names": [
        (
            [(f"{NORTH}.4", CHANNEL), (f"{NORTH}.5", CHANNEL)],
            f"{NORTH}[5].choose",
            "channel",
            "another choice has this name",
            "Rename one of them.",
        ),
    ],
    "conditions": [
        (
            [
                (f"{NORTH}.0", BY_RULE),
                (f"{NORTH}.1", {"stage": "inspection", "when": {"way": ["a"]}}),
            ],
            f"{NORTH}[1].when.way",
            "way",
            "a rule makes this choice only when the truck gets there",
            "Put the visit under `then` of the choice, or choose by shares.",
        ),
        (
            [(f"{NORTH}.4", CHANNEL), (f"{NORTH}.1.when", {"channel": ["red"]})],
            f"{NORTH}[1].when.channel",
            "channel",
            "the choice comes later",
            "Move the choice before this visit.",
        ),
        (
            [(f"{NORTH}.1.when", {"channel": ["red"]})],
            f"{NORTH}[1].when.channel",
            "channel",
            "no such choice",
            "Remove it: there are none to choose from.",
        ),
        (
            [
                (f"{NORTH}.4", CHANNEL),
                (f"{NORTH}.5", {"stage": "exit", "when": {"channel": ["red", "yelow"]}}),
            ],
            f"{NORTH}[5].when.channel[1]",
            "yelow",
            "no such alternative",
            "Use one of green, red.",
        ),
    ],
    "marks": [
        (
            [(f"{NORTH}.4", {"mark": "released"})],
            f"{NORTH}[4].mark",
            "released",
            "marked twice",
            "Keep one of the two.",
        ),
        (
            [(f"{NORTH}.0", {"mark": "empty"}), (f"{NORTH}.4", "booth")],
            f"{NORTH}[2].mark",
            "released",
            "after the mark `empty`",
            "Move it before the mark `empty`.",
        ),
        (
            [(f"{NORTH}.4", {**CHANNEL, "then": {"red": [{"mark": "empty"}]}})],
            f"{NORTH}[4].then.red[0].mark",
            "empty",
            "inside an alternative",
            "Move it out of the choice, because a mark applies to all trucks.",
        ),
    ],
    "again": [
        (
            [
                (f"{NORTH}.1", {**BY_RULE, "then": {"a": ["booth"], "b": ["inspection"]}}),
                (f"{NORTH}.3", {"stage": "exit", "again": "10 %", "again_from": "inspection"}),
                (f"{NORTH}.2", "exit"),
            ],
            f"{NORTH}[3].again_from",
            "inspection",
            "a choice by a rule lies between that stage and this visit",
            "Name a stage after the choice, within one alternative.",
        ),
        (
            [(f"{NORTH}.1", {"stage": "inspection", "again": "10 %", "again_from": "boot"})],
            f"{NORTH}[1].again_from",
            "boot",
            "no such stage",
            "Did you mean booth?",
        ),
        (
            [(f"{NORTH}.1", {"stage": "inspection", "again": "10 %", "again_from": "exit"})],
            f"{NORTH}[1].again_from",
            "exit",
            "not an earlier stage of the path",
            "Name a stage before this one.",
        ),
        (
            [(f"{NORTH}.3", {"stage": "exit", "again_for": {"general": "10 %"}, "again_from": "booth"})],
            f"{NORTH}[3].again_from",
            "booth",
            "a mark lies between that stage and this visit",
            "Name a stage after the mark.",
        ),
        (
            [
                FLEET,
                ("stages.booth.takes", {"vehicle": 1}),
                ("stages.exit.gives", {"vehicle": 1}),
                (f"{NORTH}.3", {"stage": "exit", "again": "10 %"}),
            ],
            f"{NORTH}[3].again",
            "exit",
            "units of a pool would be taken or given back twice",
            "Repeat only visits that take and give back nothing, or let the stages need the units.",
        ),
    ],
    "two_way": [
        (
            [*BOTH_WAYS, ("two_way.northbound.share_for", {"genral": 1})],
            "two_way.northbound.share_for.genral",
            "genral",
            "no such vehicle class",
            "Did you mean general?",
        ),
        (
            [*BOTH_WAYS, ("two_way.northbound.class", "genral")],
            "two_way.northbound.class",
            "genral",
            "no such vehicle class",
            "Did you mean general?",
        ),
        (
            [
                *BOTH_WAYS,
                ("flows.south.direction", "northbound"),
                ("paths.southbound", REMOVED),
                ("origin.southbound", REMOVED),
            ],
            "two_way.northbound.class",
            "general",
            "no southbound flow has this class",
            "Add such a flow, with a per_day of 0 if none come with a first load.",
        ),
        (
            [*BOTH_WAYS, (f"{NORTH}.4", REMOVED)],
            "two_way.northbound",
            "",
            "its trucks never return empty",
            "Add `mark: empty` to paths.northbound where the load is off.",
        ),
        (
            [*BOTH_WAYS, ("two_way.northbound.steps", [{"mark": "released"}, "booth"])],
            "two_way.northbound.steps[0]",
            "",
            "a mark before the first stage",
            "Add a stage before it.",
        ),
        (
            [
                *BOTH_WAYS[:-1],
                ("two_way", {"southbound": {"share": 1, "class": "general", "steps": ["booth"]}}),
                ("flows.south", REMOVED),
                ("paths.southbound", REMOVED),
                ("origin.southbound", REMOVED),
            ],
            "two_way.southbound",
            "",
            "no path has this direction",
            "Add paths.southbound, or remove it.",
        ),
    ],
    "choice_rules": [
        (
            [(f"{NORTH}.0", {**BY_RULE, "shares": {"a": "100 %"}})],
            f"{NORTH}[0].shares",
            "",
            "a rule decides, so shares are not used",
            "Remove `shares`, or the rule.",
        ),
        (
            [(f"{NORTH}.0", {**BY_RULE, "then": {"a": ["booth"]}})],
            f"{NORTH}[0].then",
            "",
            "fewer than two alternatives",
            "Add another alternative.",
        ),
        (
            [(f"{NORTH}.0", {**BY_RULE, "then": {"a": ["booth"], "b": [{"stage": "booth", "share": "50 %"}]}})],
            f"{NORTH}[0].then.b",
            "",
            "it does not begin with a stage for all its trucks",
            "Begin with a stage that all its trucks visit: the rule compares first stages. `only` may name classes.",
        ),
    ],
}
