"""The checks of sides, clocks, calendar, flows and profiles: what is wrong, where, and the remedy."""

from __future__ import annotations

from .rows import SHIFT, SHUT, Table

LATE = {"name": "late", "first": "2026-02-18", "last": "2026-02-15"}
HOLIDAY = {"name": "feast", "holidays": "VN"}
EAST = {"class": "general", "direction": "eastbound", "per_day": 1}
SURGE = {"name": "peak", "first": "2025-07-02", "last": "2025-07-05", "demand": 2}

TABLE: Table = {
    "calibrated_range": [
        (
            [("calibrated", {"least_demand": 1.2, "most_demand": 1.1})],
            "calibrated.least_demand",
            "1.2",
            "above most_demand",
            "Write a number not above 1.1, or raise most_demand.",
        ),
    ],
    "direction_pair": [
        (
            [("paths.eastbound", ["booth"]), ("origin.eastbound", "cn"), ("flows.east", EAST)],
            "paths.eastbound",
            "",
            "cannot be used together with northbound",
            "Write southbound, the way back of northbound, everywhere in the file.",
        ),
    ],
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
            "means a different time zone on each machine",
            "Use an IANA name, such as Asia/Shanghai.",
        ),
        (
            [("sides.vn", "right/Asia/Ho_Chi_Minh")],
            "sides.vn",
            "right/Asia/Ho_Chi_Minh",
            "means a different time zone on each machine",
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
            "the stage is on another side",
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
            "Remove it: there are none to choose from.",
        ),
    ],
    "unused_classes": [
        (
            [("classes.durian", {})],
            "classes.durian",
            "",
            "no flow has this class",
            "Add a flow of this class, or remove the class.",
        ),
    ],
    "unused_profiles": [
        ([("profiles.rush", {})], "profiles.rush", "", "no flow uses it", "Name it in a flow, or remove it."),
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
            "1,100,120 a day",
            "too many trucks",
            "Keep the sum of `per_day` at 1,000,000 or below.",
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
            "Let each window end before the next one starts, or at that time.",
        ),
        (
            [
                ("profiles.rush", {"hours": {"22:00-02:00": 0.5, "01:00-13:00": 0.5}}),
                ("flows.general.profile", "rush"),
            ],
            "profiles.rush.hours",
            "00:00-02:00 and 01:00-13:00",
            "windows overlap",
            "Let each window end before the next one starts, or at that time.",
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
            "no truck ever arrives",
            "Give at least one of them a factor above 0.",
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
            "no side has the name of this country",
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
            "it applies to no flow",
            "Fix its flows, classes or directions, or remove it.",
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
}
