"""The table of cross-field checks: what is wrong, where it is found, and the remedy."""

from __future__ import annotations

from typing import Any

import pytest

from gates.checks.check import RULES, check
from gates.files.load import library_gates, load_gate
from gates.schema.gate import Gate
from gates.schema.scenario import Scenario
from sim import compile_plan

from .files import REMOVED, changed, findings_of, minimal

CHANNEL = {"choose": "channel", "shares": {"green": "80 %", "red": "20 %"}}
GROUPS = [{"name": "loaded", "lanes": 1, "load": "loaded"}, {"name": "empties", "lanes": 1, "load": "empty"}]
LATE = {"name": "late", "first": "2026-02-18", "last": "2026-02-15"}
SHUT = {"name": "shut", "first": "2026-02-15", "last": "2026-02-15"}
NORTH = "paths.northbound"
PARCELS = "empty parcels southbound"
TWICE = {"name": "a", "lanes": 1}
SHIFT = {"hours": "01:00-03:00", "units": 1}
OFFICERS = ("pools.officer", {"side": "vn", "shifts": [SHIFT]})
FLEET = (
    "pools.vehicle",
    {"side": "vn", "shifts": [{"hours": "24 h", "units": 2}], "comes_back": {"constant": "10 min"}},
)

BOTH_WAYS: list[tuple[str, Any]] = [
    ("origin.southbound", "cn"),
    ("flows.south", {"class": "general", "direction": "southbound", "per_day": 1}),
    (f"{NORTH}.4", {"mark": "empty"}),
    ("paths.southbound", ["booth"]),
    ("two_way", {"northbound": {"share": "10 %", "class": "general", "steps": ["booth"]}}),
]
SLOTS = {"flows": ["general"], "side": "vn", "slot": "30 min", "capacity": 2}
JAM = {"name": "jam", "uses": 100, "repair": {"constant": "10 min"}}
HOLIDAY = {"name": "feast", "holidays": "VN"}
SURGE = {"name": "peak", "first": "2025-07-02", "last": "2025-07-05", "demand": 2}


def repaired(breakdown: dict[str, Any]) -> tuple[str, Any]:
    """Return a pool of officers with a breakdown."""
    return "pools.officer", {"side": "vn", "shifts": [SHIFT], "breakdowns": [breakdown]}


STANDING = {"class": "general", "direction": "northbound", "stage": "booth", "trucks": 3}

LINK = {"uplink": "27 Mbit/s", "shared_uplink": "40 Mbit/s", "round_trip": "50 ms"}
RADIO = ("links.radio", LINK)
STORM = {"every": {"exponential": {"mean": "100 d"}}, "lasts": {"constant": "1 d"}}
BY_RULE = {"choose": "way", "rule": "least-wait", "then": {"a": ["booth"], "b": ["booth"]}}

# check -> rows of (changes to the small gate, path of the finding, value, problem, remedy)
TABLE: dict[str, list[tuple[list[tuple[str, Any]], str, str, str, str]]] = {
    "time_zones": [
        (
            [("sides.vn", "Asia/Ho_Chi_Min")],
            "sides.vn",
            "Asia/Ho_Chi_Min",
            "an unknown time zone",
            "Did you mean Asia/Ho_Chi_Minh?",
        ),
        (
            [("sides.vn", "localtime")],
            "sides.vn",
            "localtime",
            "another time zone on each machine",
            "Use an IANA name, such as Asia/Shanghai.",
        ),
        (
            [("sides.vn", "right/Asia/Ho_Chi_Minh")],
            "sides.vn",
            "right/Asia/Ho_Chi_Minh",
            "another time zone on each machine",
            "Use an IANA name, such as Asia/Shanghai.",
        ),
        (
            [("sides.vn", "UTC+7")],
            "sides.vn",
            "UTC+7",
            "an unknown time zone",
            "Use an IANA name, such as Asia/Shanghai.",
        ),
        (
            [("sides.vn", "../../etc/passwd")],
            "sides.vn",
            "../../etc/passwd",
            "an unknown time zone",
            "Use an IANA name, such as Asia/Shanghai.",
        ),
        (
            [("sides.vn", "")],
            "sides.vn",
            "",
            "an unknown time zone",
            "Use an IANA name, such as Asia/Shanghai.",
        ),
    ],
    "sides": [
        ([("stages.booth.side", "xx")], "stages.booth.side", "xx", "no such side", "Use one of vn, cn."),
        ([("origin.northbound", "la")], "origin.northbound", "la", "no such side", "Use one of vn, cn."),
        ([("end_of_day.side", "la")], "end_of_day.side", "la", "no such side", "Use one of vn, cn."),
        (
            [("calendar", [{**SHUT, "sides": ["cn", "la"]}])],
            "calendar[0].sides[1]",
            "la",
            "no such side",
            "Use one of vn, cn.",
        ),
        (
            [("pools.officer", {"side": "la", "shifts": [SHIFT]}), ("stages.booth.needs", {"officer": 1})],
            "pools.officer.side",
            "la",
            "no such side",
            "Use one of vn, cn.",
        ),
    ],
    "origins": [
        (
            [("origin", {})],
            "origin",
            "",
            "northbound is missing",
            "Add the side from which northbound trucks come.",
        ),
        (
            [("origin.southbound", "cn")],
            "origin.southbound",
            "",
            "no path has this direction",
            "Add the path, or remove it.",
        ),
    ],
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
    "closure_days": [
        (
            [("calendar", [{"name": "x", "first": "2026-02-15"}])],
            "calendar[0].last",
            "",
            "missing",
            "Add `last`, or `weekdays` if it comes again every week.",
        ),
        (
            [("calendar", [{"name": "x", "weekdays": "sun", "last": "2026-02-15", "yearly": True}])],
            "calendar[0].first",
            "",
            "missing",
            "Add `first`: the span that comes again every year.",
        ),
        (
            [("calendar", [{"name": "x", "first": "2025-02-15", "last": "2026-02-15", "yearly": True}])],
            "calendar[0].last",
            "2026-02-15",
            "longer than a year",
            "End it earlier, or remove `yearly`.",
        ),
        (
            [("calendar", [{**SHUT, "weeks": [1]}])],
            "calendar[0].weekdays",
            "",
            "missing",
            "Add `weekdays`: `weeks` says which of them in a month.",
        ),
        (
            [("calendar", [LATE])],
            "calendar[0].last",
            "2026-02-15",
            "before the first day",
            "Use 2026-02-18 or later.",
        ),
    ],
    "closure_stages": [
        (
            [("calendar", [{**SHUT, "stages": ["boot"]}])],
            "calendar[0].stages[0]",
            "boot",
            "no such stage",
            "Did you mean booth?",
        ),
        (
            [("calendar", [{**SHUT, "sides": ["cn"], "stages": ["booth"]}])],
            "calendar[0].stages[0]",
            "booth",
            "on another side",
            "Add vn to the sides, or remove the stage.",
        ),
    ],
    "flow_classes": [
        (
            [("flows.general.class", "generel")],
            "flows.general.class",
            "generel",
            "no such vehicle class",
            "Did you mean general?",
        ),
    ],
    "flow_directions": [
        (
            [("flows.general.direction", "southbound")],
            "flows.general.direction",
            "southbound",
            "no path has this direction",
            "Add paths.southbound, or change the direction.",
        ),
    ],
    "flow_profiles": [
        (
            [("flows.general.profile", "rush")],
            "flows.general.profile",
            "rush",
            "no such profile",
            "Remove it: there is nothing to name here.",
        ),
    ],
    "unused_classes": [
        (
            [("classes.durian", {})],
            "classes.durian",
            "",
            "no flow brings it",
            "Add a flow of it, or remove the class.",
        ),
    ],
    "unused_profiles": [
        ([("profiles.rush", {})], "profiles.rush", "", "no flow has it", "Name it in a flow, or remove it."),
    ],
    "unused_paths": [
        (
            [("paths.southbound", ["booth"]), ("origin.southbound", "cn")],
            "paths.southbound",
            "",
            "no flow has this direction",
            "Add a flow in this direction, or remove the path.",
        ),
    ],
    "too_many_trucks": [
        (
            [(f"flows.f{n}", {"class": "general", "direction": "northbound", "per_day": 100_000}) for n in range(11)],
            "flows",
            "1.10012e+06 a day",
            "too many trucks",
            "Keep the sum of per_day below 1000000.",
        ),
    ],
    "group_sizes": [
        (
            [("flows.general.groups", {"1": "50 %", "5": "40 %"})],
            "flows.general.groups",
            "90 %",
            "the shares do not add to 100 %",
            "Change them by +10 %.",
        ),
    ],
    "profile_windows": [
        (
            [
                ("profiles.rush", {"hours": {"08:00-12:00": 0.5, "11:00-13:00": 0.5}}),
                ("flows.general.profile", "rush"),
            ],
            "profiles.rush.hours",
            "08:00-12:00 and 11:00-13:00",
            "windows overlap",
            "Let one end where the next starts.",
        ),
        (
            [
                ("profiles.rush", {"hours": {"22:00-02:00": 0.5, "01:00-13:00": 0.5}}),
                ("flows.general.profile", "rush"),
            ],
            "profiles.rush.hours",
            "00:00-02:00 and 01:00-13:00",
            "windows overlap",
            "Let one end where the next starts.",
        ),
    ],
    "profile_shares": [
        (
            [
                ("profiles.rush", {"hours": {"08:00-12:00": "50 %", "12:00-13:00": "45 %"}}),
                ("flows.general.profile", "rush"),
            ],
            "profiles.rush.hours",
            "95 %",
            "the shares do not add to 100 %",
            "Change them by +5 %.",
        ),
    ],
    "profile_factors": [
        (
            [
                (
                    "profiles.rush",
                    {"weekdays": dict.fromkeys(["mon", "tue", "wed", "thu", "fri", "sat", "sun"], 0)},
                ),
                ("flows.general.profile", "rush"),
            ],
            "profiles.rush.weekdays",
            "0",
            "nobody ever arrives",
            "Give at least one of them a factor above 0.",
        ),
    ],
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
            "nobody makes the visit",
            "Name someone, or leave the key out.",
        ),
        (
            [(f"{NORTH}.4", CHANNEL), (f"{NORTH}.5", {"stage": "exit", "when": {"channel": []}})],
            f"{NORTH}[5].when.channel",
            "[]",
            "nobody makes the visit",
            "Name someone, or leave the key out.",
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
            "a second choice of this name",
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
            "trucks choose by a rule when they get there",
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
            "Remove it: there is nothing to name here.",
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
            "after the load is off",
            "Move it before the mark `empty`.",
        ),
        (
            [(f"{NORTH}.4", {**CHANNEL, "then": {"red": [{"mark": "empty"}]}})],
            f"{NORTH}[4].then.red[0].mark",
            "empty",
            "inside an alternative",
            "Move it out: it holds for all trucks.",
        ),
    ],
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
            "no flow brings it southbound",
            "Add such a flow, with a per_day of 0 if none are to come.",
        ),
        (
            [("initial", [{**STANDING, "stage": "boot"}])],
            "initial[0].stage",
            "boot",
            "no such stage",
            "Did you mean booth?",
        ),
    ],
    "initial_stages": [
        (
            [("initial", [{**STANDING, "empty": True}])],
            "initial[0].stage",
            "booth",
            "empty general northbound trucks never come here",
            "Name a stage of their path, and whether they return empty.",
        ),
    ],
    "initial_twice": [
        (
            [("initial", [STANDING, {**STANDING, "trucks": 1}])],
            "initial[1]",
            "booth",
            "the same trucks a second time",
            "Add the two numbers.",
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
            "Let them stand at the stage that takes them, or before.",
        ),
    ],
    "holiday_countries": [
        (
            [("calendar", [{**HOLIDAY, "holidays": "QQ"}])],
            "calendar[0].holidays",
            "QQ",
            "no holidays of this country are known",
            "Use the two letters of a country (ISO 3166-1), or write its days as closures.",
        ),
        (
            [("calendar", [{**HOLIDAY, "holidays": "GB-ENK"}])],
            "calendar[0].holidays",
            "GB-ENK",
            "no such part of GB",
            "Did you mean GB-ENG?",
        ),
        (
            [("calendar", [{**HOLIDAY, "holidays": "VN-HN"}])],
            "calendar[0].holidays",
            "VN-HN",
            "no such part of VN",
            "Use VN.",
        ),
        (
            [("calendar", [{**HOLIDAY, "holidays": "GB", "sides": ["vn"], "only": ["Easter Monday"]}])],
            "calendar[0].only[0]",
            "Easter Monday",
            "no such public holiday of GB",
            "Name a part that has it: GB-ENG, GB-NIR, GB-WLS.",
        ),
        (
            [("calendar", [{**HOLIDAY, "holidays": "LA"}])],
            "calendar[0]",
            "LA",
            "no side is named like the country",
            "Name the `sides` that it closes.",
        ),
        (
            [("calendar", [{**HOLIDAY, "only": ["Lunar New Yaer"]}])],
            "calendar[0].only[0]",
            "Lunar New Yaer",
            "no such public holiday of VN",
            "Did you mean Lunar New Year?",
        ),
    ],
    "surges": [
        (
            [("calendar", [{**SURGE, "flows": ["genral"]}])],
            "calendar[0].flows[0]",
            "genral",
            "no such flow",
            "Did you mean general?",
        ),
        (
            [("calendar", [{**SURGE, "classes": ["genral"]}])],
            "calendar[0].classes[0]",
            "genral",
            "no such vehicle class",
            "Did you mean general?",
        ),
        (
            [("calendar", [{**SURGE, "directions": ["southbound"]}])],
            "calendar[0]",
            "peak",
            "it touches no flow",
            "Mend its flows, classes or directions, or remove it.",
        ),
    ],
    "breakdown_clocks": [
        (
            [("stages.booth.breakdowns", [{"name": "jam", "repair": {"constant": 0}}])],
            "stages.booth.breakdowns[0]",
            "jam",
            "neither `running` nor `uses`",
            "Say after how much running time, or after how many uses.",
        ),
        (
            [repaired({**JAM, "running": "1 h"}), ("stages.booth.needs", {"officer": 1})],
            "pools.officer.breakdowns[0]",
            "jam",
            "both `running` and `uses`",
            "Say after how much running time, or after how many uses.",
        ),
    ],
    "breakdown_names": [
        (
            [("stages.booth.breakdowns", [JAM, JAM])],
            "stages.booth.breakdowns[1].name",
            "jam",
            "a second breakdown of this name",
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
            "a service would start again and again",
            "Use at least 48 s, or let the service resume.",
        ),
    ],
    "repairs_of_pools": [
        (
            [repaired({**JAM, "then": "restarts"}), ("stages.booth.needs", {"officer": 1})],
            "pools.officer.breakdowns[0].then",
            "restarts",
            "not for a pool",
            "Leave it out: units are repaired when they are given back.",
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
            "a choice by a rule lies in between",
            "Start again after the choice, within one alternative.",
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
            "no earlier stage of the path",
            "Name a stage before this one.",
        ),
        (
            [(f"{NORTH}.3", {"stage": "exit", "again_for": {"general": "10 %"}, "again_from": "booth"})],
            f"{NORTH}[3].again_from",
            "booth",
            "a mark lies in between",
            "Start again after the mark.",
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
            "units of a pool would be taken or given twice",
            "Start again where nothing is taken or given back, or let the stages need the units.",
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
            "no flow brings it southbound",
            "Add such a flow, with a per_day of 0 if none come by themselves.",
        ),
        (
            [*BOTH_WAYS, (f"{NORTH}.4", REMOVED)],
            "two_way.northbound",
            "",
            "its trucks never return empty",
            "Mark on paths.northbound where the load is off: `mark: empty`.",
        ),
        (
            [*BOTH_WAYS, ("two_way.northbound.steps", [{"mark": "released"}, "booth"])],
            "two_way.northbound.steps[0]",
            "",
            "a mark before the first stage",
            "Visit a stage before it.",
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
    "shelf_lives": [
        (
            [("classes.general.least_life", "2 d")],
            "classes.general.least_life",
            "",
            "it has no shelf life",
            "Add `shelf_life`, or remove this.",
        ),
        (
            [("classes.general.age", {"constant": "2 d"})],
            "classes.general.age",
            "",
            "it has no shelf life",
            "Add `shelf_life`, or remove this.",
        ),
        (
            [("classes.general.shelf_life", "5 d"), ("classes.general.least_life", "6 d")],
            "classes.general.least_life",
            "6 d",
            "longer than its shelf life",
            "Use at most 5 d.",
        ),
    ],
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
            "it books at a, too",
            "Keep one of the two.",
        ),
    ],
    "booking_slots": [
        (
            [("booking", {"a": {**SLOTS, "hours": {"mon": "08:00-08:20", "tue": "08:00-08:29"}}})],
            "booking.a.slot",
            "30 min",
            "no slot fits into the hours",
            "Use shorter slots, or longer hours.",
        ),
    ],
    "booking_priority": [
        (
            [("booking", {"a": {**SLOTS, "priority_without": 9}})],
            "booking.a.priority_without",
            "9",
            "nobody comes without a slot",
            "Leave it out, let those without a slot `come`, or let only a `share` book.",
        ),
    ],
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
            "Remove it: there is nothing to name here.",
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
            "vehicle is in `needs`, too",
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
            "Give them back at stages of their own, one pool a stage.",
        ),
    ],
    "stage_links": [
        (
            [RADIO, ("stages.booth.sends", {"link": "radi"})],
            "stages.booth.sends.link",
            "radi",
            "no such link",
            "Did you mean radio?",
        ),
    ],
    "unused_links": [
        (
            [RADIO],
            "links.radio",
            "",
            "no stage sends over it",
            "Name it in `sends` of a stage, or remove the link.",
        ),
    ],
    "link_names": [
        (
            [
                ("links.officer", LINK),
                OFFICERS,
                ("stages.booth.needs", {"officer": 1}),
                ("stages.exit.sends", {"link": "officer"}),
            ],
            "links.officer",
            "officer",
            "a pool has this name, too",
            "Rename one of them.",
        ),
    ],
    "video_rates": [
        (
            [RADIO, ("stages.booth.sends", {"link": "radio", "video": "50 Mbit/s"})],
            "stages.booth.sends.video",
            "50 Mbit/s",
            "more than the link carries",
            "Use at most 40 Mbit/s.",
        ),
    ],
    "outage_targets": [
        (
            [("outages.storm", {**STORM, "stages": ["boot"]})],
            "outages.storm.stages[0]",
            "boot",
            "no such stage",
            "Did you mean booth?",
        ),
        (
            [("outages.storm", {**STORM, "stages": ["booth"], "groups": ["al"]})],
            "outages.storm.groups[0]",
            "al",
            "no such lane group of these stages",
            "Did you mean all?",
        ),
        (
            [("outages.storm", STORM)],
            "outages.storm",
            "",
            "it takes nothing down",
            "Name `stages`, `pools` or `links`, or remove the outage.",
        ),
    ],
    "outage_units": [
        (
            [("outages.storm", {**STORM, "stages": ["booth"], "units": 9})],
            "outages.storm.units",
            "9",
            "more than there are",
            "Use at most 2, or remove `units` to take all of them down.",
        ),
        (
            [("outages.storm", {**STORM, "stages": ["booth"], "units": 1, "each": True})],
            "outages.storm.units",
            "1",
            "each lane and unit fails on its own",
            "Remove `units` or `each`.",
        ),
    ],
    "outages_of_some": [
        (
            [("outages.storm", {**STORM, "stages": ["booth"], "each": True, "in_hand": "resumes"})],
            "outages.storm.in_hand",
            "resumes",
            "only some lanes or units go down",
            "Write `finishes`, or let all of them go down: remove `units` and `each`.",
        ),
        (
            [("stages.booth.lanes", "unlimited"), ("outages.storm", {**STORM, "stages": ["booth"], "each": True})],
            "outages.storm.stages",
            "booth",
            "its lanes are unlimited",
            "Remove the stage, or let all of it go down: remove `units` and `each`.",
        ),
    ],
    "slowdowns": [
        (
            [("sides.la", "Asia/Vientiane"), ("calendar", [{**SHUT, "service_times": 1.5, "sides": ["la"]}])],
            "calendar[0]",
            "shut",
            "it touches no stage",
            "Mend its sides, or remove it.",
        ),
    ],
    "reversible_lanes": [
        (
            [("stages.booth.lanes", [{**TWICE, "reverses": {"at": 5, "takes": "5 min"}}])],
            "stages.booth.lanes[0].directions",
            "",
            "reversible lanes need two directions",
            "Write both under `directions`, first the one that they serve at first.",
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
            "unlimited lanes do not reverse",
            "Write how many.",
        ),
    ],
    "batches": [
        (
            [("stages.booth.lanes", 2), ("stages.booth.batch", {"size": 5, "after": "1 h"})],
            "stages.booth.batch.size",
            "5",
            "more than it has lanes",
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
    "choice_rules": [
        (
            [(f"{NORTH}.0", {**BY_RULE, "shares": {"a": "100 %"}})],
            f"{NORTH}[0].shares",
            "",
            "a rule decides",
            "Remove `shares`, or the rule.",
        ),
        (
            [(f"{NORTH}.0", {**BY_RULE, "then": {"a": ["booth"]}})],
            f"{NORTH}[0].then",
            "",
            "fewer than two alternatives",
            "Add one: there is nothing to choose.",
        ),
        (
            [(f"{NORTH}.0", {**BY_RULE, "then": {"a": ["booth"], "b": [{"stage": "booth", "share": "50 %"}]}})],
            f"{NORTH}[0].then.b",
            "",
            "it begins with no stage to compare",
            "Begin with a stage that all its trucks visit; `only` may name classes.",
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
        (
            [
                FLEET,
                ("stages.booth.takes", {"vehicle": 1}),
                ("stages.exit.gives", {"vehicle": 1}),
                ("stages.exit.turns_away_at", 5),
            ],
            f"{NORTH}[3]",
            "vehicle",
            "general trucks hold it and might turn back here",
            "Let them give it back first, or wait here for ever.",
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
            "general trucks that took it may not be those that come here",
            "Let all of them visit both stages, or those that one `when` names at both.",
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
            "general trucks that took it may not be those that come here",
            "Let all of them visit both stages, or those that one `when` names at both.",
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
            "general trucks hold it already",
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
            "in the area yard, too",
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
            "no area keeps trucks outside",
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
    "values": [
        (
            [("classes.general.value_turned_back", "25 %")],
            "classes.general.value_turned_back",
            "",
            "it has no value",
            "Add `value_usd`, or remove this.",
        ),
        (
            [("classes.general.value_usd", 9), ("classes.general.value_lost_per_day", "2 %")],
            "classes.general.value_lost_per_day",
            "",
            "it has no shelf life",
            "Add `shelf_life`, or remove this.",
        ),
    ],
    "unused_areas": [
        (
            [(f"{NORTH}.1", REMOVED), ("areas.yard", {"spaces": 5, "stages": ["inspection"]})],
            "areas.yard",
            "",
            "no path comes here",
            "Add one of its stages to a path, or remove the area.",
        ),
    ],
    "group_names": [
        (
            [("stages.booth.lanes", [TWICE, TWICE])],
            "stages.booth.lanes[1].name",
            "a",
            "a second group of this name",
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
            "Admit them in a lane group, or take the stage off their path.",
        ),
        (
            [(f"{NORTH}.2.mark", "empty"), ("stages.exit.lanes", GROUPS[:1])],
            "stages.exit.lanes",
            "empty general northbound",
            "no lane group admits these trucks",
            "Admit them in a lane group, or take the stage off their path.",
        ),
    ],
    "lanes_without_trucks": [
        (
            [("stages.exit.lanes", GROUPS)],
            "stages.exit.lanes[1]",
            "empties",
            "no truck that comes here is admitted",
            "Mend its classes, directions or load, or remove it.",
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
    "law_bounds": [
        (
            [("stages.booth.breakdowns", [{**JAM, "repair": {"uniform": {"low": "2 h", "high": "1 h"}}}])],
            "stages.booth.breakdowns[0].repair.uniform",
            "2 h to 1 h",
            "low is above high",
            "Exchange them.",
        ),
        (
            [("stages.booth.service", {"uniform": {"low": "2 min", "high": "1 min"}})],
            "stages.booth.service.uniform",
            "2 min to 1 min",
            "low is above high",
            "Exchange them.",
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
            "low is above high",
            "Exchange them.",
        ),
        (
            [
                ("pools.officer", {**OFFICERS[1], "comes_back": {"uniform": {"low": "2 min", "high": "1 min"}}}),
                ("stages.booth.needs", {"officer": 1}),
            ],
            "pools.officer.comes_back.uniform",
            "2 min to 1 min",
            "low is above high",
            "Exchange them.",
        ),
    ],
    "law_tails": [  # 1 h x exp(8.25 x sqrt(ln 101)); 20 d x (1 + 40 x 100)
        (
            [("stages.booth.service", {"lognormal": {"mean": "1 h", "cv": 10}})],
            "stages.booth.service",
            "up to 2074607 d",
            "durations beyond a century",
            "Use a smaller mean or cv.",
        ),
        (
            [("stages.booth.service", {"gamma": {"mean": "20 d", "cv": 10}})],
            "stages.booth.service",
            "up to 80020 d",
            "durations beyond a century",
            "Use a smaller mean or cv.",
        ),
    ],
    "source_keys": [
        (
            [("stages.booth.sources", {"lane": "assumption"})],
            "stages.booth.sources.lane",
            "lane",
            "names nothing here",
            "Did you mean lanes?",
        ),
        (
            [("stages.booth.sources", {"service.sigma": "assumption"})],
            'stages.booth.sources["service.sigma"]',
            "service.sigma",
            "names nothing here",
            "Did you mean service?",
        ),
    ],
    "source_ids": [
        (
            [("sources.flows", "F999")],
            "sources.flows",
            "F999",
            "F999 is no fact of the library",
            "Write fact ids, `assumption: why` or `own: where it is written`.",
        ),
        (
            [("sources.flows", "a guess: mine")],
            "sources.flows",
            "a guess",
            "a guess is no id",
            "Write fact ids, `assumption: why` or `own: where it is written`.",
        ),
        (
            [("sources.flows", "F181, : note")],
            "sources.flows",
            "F181,",
            "nothing is no id",
            "Write fact ids, `assumption: why` or `own: where it is written`.",
        ),
        (
            [("sources.flows", "own")],
            "sources.flows",
            "own",
            "own without a note that names the source",
            "Write fact ids, `assumption: why` or `own: where it is written`.",
        ),
    ],
}
ROWS = [(name, *row) for name, rows in TABLE.items() for row in rows]


def test_every_check_has_a_row_and_every_row_a_check():
    assert set(TABLE) == set(RULES)
    assert all(TABLE.values())


@pytest.mark.parametrize("row", ROWS, ids=[f"{row[0]}-{n}" for n, row in enumerate(ROWS)])
def test_a_mistake_is_found_with_its_remedy(row):
    name, changes, path, value, problem, remedy = row
    gate = Gate.model_validate(changed(*changes))
    found = {(f.path, f.value, f.problem, f.remedy) for f in RULES[name].run(gate)}
    assert found == {(path, value, problem, remedy)}
    assert (path, value, problem, remedy) in {(f.path, f.value, f.problem, f.remedy) for f in check(gate)}


@pytest.mark.parametrize("row", ROWS, ids=[f"{row[0]}-{n}" for n, row in enumerate(ROWS)])
def test_a_mistake_gives_one_finding_or_those_of_its_consequences(row):
    """Nothing is said twice; only a path or a lane group that a mistake leaves without trucks is named, too."""
    name, changes, path, *_ = row
    others = {found.problem for found in findings_of(changed(*changes)) if found.path != path}
    assert others <= {
        "flow_directions": {"no flow has this direction"},
        "trucks_without_lanes": {"no truck that comes here is admitted"},
        "unused_areas": {"no path visits it"},
    }.get(name, set())


HELD = [row for name, *row in ROWS if name == "held_units"]


@pytest.mark.parametrize("row", HELD, ids=[f"{n}" for n, _ in enumerate(HELD)])
def test_the_plan_refuses_what_trucks_may_not_hold(row):
    with pytest.raises(ValueError, match=r"gives back|a second time|never given back|while they hold"):
        compile_plan(Scenario(gate=Gate.model_validate(changed(*row[0]))))


def test_pools_and_areas_used_as_they_should_be_are_no_mistake():
    red = {"stage": "inspection", "when": {"channel": ["red"]}}
    gate = Gate.model_validate(
        changed(
            OFFICERS,
            FLEET,
            ("stages.booth.hours", "07:00-08:00"),  # never open while an officer is on duty
            ("stages.booth.needs", {"officer": 1}),
            ("stages.inspection.takes", {"vehicle": 1}),
            ("stages.drop", {"side": "cn", "lanes": 1, "service": {"constant": 0}, "gives": {"vehicle": 1}}),
            (NORTH, [CHANNEL, "booth", red, {**red, "stage": "drop"}, {"mark": "released"}, "exit"]),
            ("areas.yard", {"spaces": 5, "stages": ["inspection", "drop"]}),
        )
    )
    assert check(gate) == []
    assert compile_plan(Scenario(gate=gate)).pools == ("officer", "vehicle")


def test_a_slip_of_the_pen_does_not_make_the_right_name_unused():
    for path, wrong in (("paths.northbound.0", "boot"), ("paths.northbound.1.stage", "inspecton")):
        assert [found.value for found in findings_of(changed((path, wrong)))] == [wrong]


@pytest.mark.parametrize("name", library_gates())
def test_the_library_has_no_findings(name):
    assert check(load_gate(name)) == []


def test_overload_is_no_mistake():
    gate = Gate.model_validate(changed(("flows.general.per_day", 90_000)))
    assert check(gate) == []


def test_overlapping_closures_are_no_mistake():
    gate = Gate.model_validate(changed(("calendar", [SHUT, SHUT, {**SHUT, "sides": ["vn"]}])))
    assert check(gate) == []


def test_closures_that_are_just_allowed():
    entries = [
        {"name": "a year less a day", "first": "2025-02-15", "last": "2026-02-14", "yearly": True},
        {"name": "open end", "first": "2025-02-15", "weekdays": "sun", "weeks": [1]},
        {"name": "shut", "first": "2026-02-15", "last": "2026-02-15", "hours": "closed"},
    ]
    assert findings_of(changed(("calendar", entries), ("stages.booth.hours", {"2026-12-24": "07:00-08:00"}))) == []


def test_a_stage_that_a_class_cannot_reach_needs_no_lanes_for_it():
    bays = {
        "side": "vn",
        "lanes": [{"name": "a", "lanes": 1, "classes": ["general"]}],
        "service": {"constant": 0},
    }
    never = {**CHANNEL, "shares_for": {"parcels": {"green": 1}}, "then": {"red": ["bays"]}}
    data = changed(
        ("classes.parcels", {}),
        ("flows.parcels", {"class": "parcels", "direction": "northbound", "per_day": 1}),
        ("stages.bays", bays),
        (f"{NORTH}.4", never),
        (f"{NORTH}.5", {"stage": "bays", "when": {"channel": ["red"]}}),
        (f"{NORTH}.6", {"stage": "bays", "only": ["general"]}),
        (f"{NORTH}.7", {"stage": "bays", "share_for": {"parcels": 0}}),
    )
    assert check(Gate.model_validate(data)) == []


def test_nothing_is_said_about_what_was_repaired():
    gate = Gate.model_validate(changed(("stages.booth.side", "xx"), ("classes.durian", {})))
    assert [found.path for found in check(gate)] == ["stages.booth.side", "classes.durian"]
    assert [found.path for found in check(gate, damaged=["stages.booth"])] == ["classes.durian"]
    assert [found.path for found in check(gate, damaged=["flows.x.class"])] == ["stages.booth.side"]


def test_the_small_gate_is_sound():
    assert findings_of(minimal()) == []
