"""The checks of links and outages: what is wrong, where, and the remedy."""

from __future__ import annotations

from .rows import OFFICERS, SHIFT, SHUT, Table

LINK = {"uplink": "27 Mbit/s", "shared_uplink": "40 Mbit/s", "round_trip": "50 ms"}
RADIO = ("links.radio", LINK)
STORM = {"every": {"exponential": {"mean": "100 d"}}, "lasts": {"constant": "1 d"}}

TABLE: Table = {
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
            "no stage uses it",
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
            "a pool has the same name",
            "Rename one of them.",
        ),
    ],
    "video_rates": [
        (
            [RADIO, ("stages.booth.sends", {"link": "radio", "video": "50 Mbit/s"})],
            "stages.booth.sends.video",
            "50 Mbit/s",
            "more than the link can carry",
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
            "the outage takes nothing down",
            "Name `stages`, `pools` or `links`, or remove the outage.",
        ),
    ],
    "outage_units": [
        (
            [("outages.storm", {**STORM, "stages": ["booth"], "units": 9})],
            "outages.storm.units",
            "9",
            "more than the gate has",
            "Use at most 2, or remove `units` to take all of them down.",
        ),
        (
            [
                ("pools.officer", {"side": "vn", "shifts": [SHIFT, SHIFT]}),
                ("stages.booth.needs", {"officer": 1}),
                ("outages.storm", {**STORM, "pools": ["officer"], "units": 3}),
            ],
            "outages.storm.units",
            "3",
            "more than the gate has",
            "Use at most 2, or remove `units` to take all of them down.",
        ),
        (
            [("outages.storm", {**STORM, "stages": ["booth"], "units": 1, "each": True})],
            "outages.storm.units",
            "1",
            "has no effect, because each lane and unit fails independently",
            "Remove `units` or `each`.",
        ),
    ],
    "outages_of_some": [
        (
            [("outages.storm", {**STORM, "stages": ["booth"], "units": 1, "in_hand": "restarts"})],
            "outages.storm.in_hand",
            "restarts",
            "not possible where only some lanes or units go down",
            "Write `finishes` or `hands-over`, or remove `units` and `each`, so that all go down.",
        ),
        (
            [("outages.storm", {**STORM, "stages": ["booth"], "each": True, "in_hand": "resumes"})],
            "outages.storm.in_hand",
            "resumes",
            "not possible where only some lanes or units go down",
            "Write `finishes` or `hands-over`, or remove `units` and `each`, so that all go down.",
        ),
        (
            [("stages.booth.lanes", "unlimited"), ("outages.storm", {**STORM, "stages": ["booth"], "each": True})],
            "outages.storm.stages",
            "booth",
            "the stage has unlimited lanes",
            "Remove the stage, or remove `units` and `each`, so that all go down.",
        ),
    ],
    "outages_that_hand_over": [
        (
            [
                RADIO,
                ("stages.booth.sends", {"link": "radio"}),
                ("outages.storm", {**STORM, "links": ["radio"], "in_hand": "hands-over"}),
            ],
            "outages.storm.in_hand",
            "hands-over",
            "the outage takes no lanes down",
            "Name `stages`, or write `finishes`, `resumes` or `restarts`.",
        ),
        (
            [
                (
                    "stages.booth.lanes",
                    [{"name": "all", "lanes": 2}, {"name": "more", "lanes": 1, "opens": {"at": 5, "closes_below": 2}}],
                ),
                ("outages.storm", {**STORM, "stages": ["booth"], "in_hand": "hands-over"}),
            ],
            "outages.storm.in_hand",
            "hands-over",
            "lanes of booth are opened by the queue",
            "Write another `in_hand`, or name the `groups` that go down without them.",
        ),
    ],
    "slowdowns": [
        (
            [("sides.la", "Asia/Vientiane"), ("calendar", [{**SHUT, "service_times": 1.5, "sides": ["la"]}])],
            "calendar[0]",
            "shut",
            "it applies to no stage",
            "Fix its sides, or remove it.",
        ),
    ],
}
