"""Generated gates, small and full of ties: whole seconds, few trucks, short days of opening."""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import strategies as st

from gates.checks.stages import Kind, comes_to
from gates.schema.demand import InitialQueue
from gates.schema.gate import Gate
from gates.schema.scenario import Scenario

CLASSES = ("durian", "general", "parcels")
IN_HAND = ["finishes", "resumes", "restarts", "hands-over"]
STAGES = ("booth", "scan", "bay", "dock")
DIRECTIONS = ("northbound", "southbound")

clock_windows = st.sampled_from(
    [
        "24 h",
        "08:00-20:00",
        "06:00-06:20",
        "00:00-12:00",
        "22:00-24:00",
        ["07:00-12:00", "12:30-19:00"],
        {"mon-tue": "08:00-20:00", "wed": "22:00-02:00", "2025-07-02": "06:00-06:20"},  # 1 July 2025 is a Tuesday
        {"wed-mon": "08:00-20:00", "tue": "20:00-04:00", "holidays CA": "09:00-12:00"},  # 1 July, too
    ]
)


@st.composite
def services(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a law whose durations are few and coarse, so that events tie."""
    unit = draw(st.sampled_from([0, 1200, 3600]))
    return draw(
        st.sampled_from(
            [
                {"constant": unit},
                {"empirical": [0, unit, 2 * unit]},
                {"empirical": [unit, unit, 3 * unit]},
                {"exponential": {"mean": 1800}},
            ]
        )
    )


@st.composite
def reversals(draw: st.DrawFn) -> dict[str, Any]:
    """Draw when lanes change direction; those that change though nobody waits take a time."""
    rule: dict[str, Any] = {"at": draw(st.integers(1, 3)), "takes": draw(st.sampled_from([0, 600]))}
    rule["each"] = draw(st.booleans())
    if draw(st.booleans()):
        return rule
    rule["until"] = draw(st.sampled_from(["longer-queue", "empty", "gated"]))
    if rule["until"] == "longer-queue":
        rule["lead"] = draw(st.integers(1, 2))
    elif draw(st.booleans()):
        rule |= {"at": 0, "takes": 600}
    if draw(st.booleans()):
        rule["at_least"] = draw(st.sampled_from([600, 1200]))
    if draw(st.booleans()):
        rule["at_most"] = draw(st.sampled_from([1200, 3600]))
    if draw(st.booleans()):
        rule["most_trucks"] = draw(st.integers(1, 3))
    return rule


@st.composite
def lane_groups(draw: st.DrawFn) -> Any:
    """Draw a number of lanes, `unlimited`, or lane groups of which the last admits everybody."""
    if draw(st.booleans()):
        return draw(st.sampled_from([1, 2, 3, "unlimited"]))
    groups = []
    for n in range(draw(st.integers(1, 3))):
        group: dict[str, Any] = {"name": f"g{n}", "lanes": draw(st.integers(1, 2))}
        if draw(st.booleans()):
            group["hours"] = draw(clock_windows)
        group["at_closing"] = draw(st.sampled_from([None, "serves-whom-it-has", "serves-the-queue", "hands-back"]))
        if draw(st.booleans()):
            group["classes"] = draw(st.lists(st.sampled_from(CLASSES), min_size=1, max_size=3, unique=True))
        if draw(st.booleans()):
            group["directions"] = [draw(st.sampled_from(DIRECTIONS))]
        group["load"] = draw(st.sampled_from(["any", "loaded", "empty"]))
        if draw(st.integers(0, 3)) == 0:
            group = {
                "name": f"g{n}",
                "lanes": draw(st.integers(1, 2)),
                "directions": list(draw(st.permutations(DIRECTIONS))),
            }
            group["reverses"] = draw(reversals())
        elif draw(st.integers(0, 2)) == 0:
            at = draw(st.integers(2, 4))
            group["opens"] = {
                "at": at,
                "closes_below": draw(st.integers(1, at - 1)),
                "after": draw(st.sampled_from([0, 600])),
                "at_least": draw(st.sampled_from([0, 1200])),
            }
        groups.append(group)
    return [*groups, {"name": "all", "lanes": 1, "hours": draw(clock_windows)}]


@st.composite
def breakdowns(draw: st.DrawFn, then: st.SearchStrategy[str]) -> list[dict[str, Any]]:
    """Draw failures by uses and by running time, few enough for a day to go on."""
    clocks: list[dict[str, Any]] = [{"name": "jam", "uses": 3}, {"name": "motor", "running": 7200}]
    chosen = draw(st.lists(st.sampled_from(clocks), max_size=2, unique_by=lambda clock: str(clock["name"])))
    return [{**clock, "repair": draw(services()), "then": draw(then)} for clock in chosen]


@st.composite
def breakdowns_of_lanes(draw: st.DrawFn, lanes: Any) -> list[dict[str, Any]]:
    """Draw failures of lanes, or one kind after which they hand their trucks over, where they may."""
    groups = lanes if isinstance(lanes, list) else []
    may = lanes != "unlimited" and not any("reverses" in group or "opens" in group for group in groups)
    if may and draw(st.booleans()):
        found: list[dict[str, Any]] = draw(breakdowns(then=st.just("hands-over")))
        return found[:1]
    found = draw(breakdowns(then=st.sampled_from(["resumes", "restarts"])))
    return found


@st.composite
def stages(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a stage."""
    stage: dict[str, Any] = {}
    if draw(st.integers(0, 7)) == 0:
        stage["batch"] = {"size": draw(st.integers(2, 4)), "after": draw(st.sampled_from([0, 1200, 7200]))}
    if draw(st.integers(0, 2)) == 0:
        stage["sends"] = {
            "link": draw(st.sampled_from(["radio", "cable"])),
            "data": draw(st.sampled_from([0, 15])),
            "video": draw(st.sampled_from([0, 4, 30])),
        }
        if draw(st.booleans()):
            stage["sends"]["without"] = draw(services())
    lanes = draw(lane_groups())
    return stage | {
        "pauses_when_closed": draw(st.booleans()),
        "needs": draw(st.dictionaries(st.sampled_from(["officers", "cranes"]), st.integers(1, 2), max_size=2)),
        "side": draw(st.sampled_from(["cn", "vn"])),
        "lanes": lanes,
        "hours": draw(clock_windows),
        "at_closing": draw(st.sampled_from(["serves-whom-it-has", "serves-the-queue", "hands-back"])),
        "service": draw(services()),
        "ageing": draw(st.sampled_from([1, 2.5])),
        "wait_target": draw(st.sampled_from([None, None, 0, 1800])),
        "breakdowns": draw(breakdowns_of_lanes(lanes)),
        "service_for": draw(st.dictionaries(st.sampled_from([*CLASSES, "empty"]), services(), max_size=2)),
    }


@st.composite
def impatience(draw: st.DrawFn) -> dict[str, Any]:
    """Draw how trucks of a stage turn back, if they do."""
    found: dict[str, Any] = {}
    if draw(st.integers(0, 4)) == 0:
        found["turns_away_at"] = draw(st.integers(1, 3))
    if draw(st.integers(0, 4)) == 0:
        found["patience"] = draw(services())
    if draw(st.integers(0, 4)) == 0:
        found["patience_for"] = {draw(st.sampled_from(CLASSES)): draw(services())}
    return found


@st.composite
def whole_stays(draw: st.DrawFn) -> dict[str, Any]:
    """Draw how long trucks of a class stay at the gate at most, if it matters to them."""
    if draw(st.integers(0, 3)):
        return {}
    return {"patience": draw(st.sampled_from([{"empirical": [600, 7200, 21_600]}, {"exponential": {"mean": 14_400}}]))}


@st.composite
def forks(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a choice by a rule, one alternative of which has a choice by shares or by a rule inside."""
    rule = st.sampled_from(["shortest-queue", "least-wait"])
    inner = draw(st.sampled_from(["none", "shares", "rule"]))
    longer: list[Any] = [draw(st.sampled_from(STAGES))]
    if inner == "shares":
        longer.append({"choose": "inner", "shares": {"more": 0.5, "less": 0.5}, "then": {"more": ["scan"]}})
    if inner == "rule":
        longer.append({"choose": "inner", "rule": draw(rule), "then": {"here": ["dock"], "there": ["scan", "booth"]}})
    alternatives = {
        "road": [draw(st.sampled_from(STAGES))],
        "lane": longer,
        "short": [{"stage": draw(st.sampled_from(STAGES)), "only": ["durian", "parcels"]}],
    }
    return {"choose": "way", "rule": draw(rule), "then": alternatives}


@st.composite
def outages(draw: st.DrawFn) -> dict[str, Any]:
    """Draw up to two things that fail: one takes much down at once, of the other each unit fails on its own."""
    found: dict[str, Any] = {}
    if draw(st.booleans()):
        units = draw(st.sampled_from([None, 1]))
        found["storm"] = {
            "every": {"exponential": {"mean": 20_000}},
            "lasts": draw(services()),
            "stages": draw(st.lists(st.sampled_from(STAGES), max_size=2, unique=True)),
            "pools": draw(st.lists(st.sampled_from(["officers", "cranes"]), max_size=2, unique=True)),
            "links": draw(st.lists(st.sampled_from(["radio", "cable"]), max_size=2, unique=True)),
            "units": units,
            "in_hand": draw(st.sampled_from(IN_HAND if units is None else ["finishes", "hands-over"])),
        }
    if draw(st.booleans()):
        found["wear"] = {
            "every": {"exponential": {"mean": 30_000}},
            "lasts": draw(services()),
            "pools": ["officers"],
            "links": ["radio"],
            "each": True,
        }
    return found


@st.composite
def fleet_paths(draw: st.DrawFn) -> list[Any]:
    """Draw a path on which each truck takes a vehicle of the fleet at the bay and gives it back at the dock."""
    between = draw(st.lists(st.sampled_from(["booth", "scan"]), max_size=2))
    return ["booth", "bay", *between, "dock", {"mark": "released"}, {"mark": "empty"}, "scan"]


@st.composite
def paths(draw: st.DrawFn) -> list[Any]:
    """Draw a path with shares, a choice, a repeated stage and marks."""
    steps: list[Any] = [draw(st.sampled_from(STAGES))]
    if draw(st.booleans()):
        steps.append(
            {
                "choose": "channel",
                "shares": {"green": 0.5, "red": 0.5},
                "then": {"red": [draw(st.sampled_from(STAGES))]},
            }
        )
        steps.append({"stage": draw(st.sampled_from(STAGES)), "when": {"channel": ["green"]}, "share": 0.7})
    if draw(st.booleans()):
        again = {"again": draw(st.sampled_from([0.5, 1])), "most": draw(st.integers(1, 2))}
        start = draw(st.sampled_from([None, steps[0]]))
        steps.append({"stage": draw(st.sampled_from(STAGES)), "again_from": start, **again})
    steps.append({"mark": "released"})
    if draw(st.booleans()):
        steps.append({"mark": "empty"})
    steps += draw(st.lists(st.sampled_from(STAGES), max_size=3))
    if draw(st.booleans()):
        latest = max((n + 1 for n, step in enumerate(steps) if "again" in step), default=0)
        steps.insert(draw(st.integers(latest, len(steps))), draw(forks()))  # what is made again has no rule in it
    return steps


@st.composite
def pools(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a pool with one or two shifts, whose units come back at once or later."""
    shifts = [{"hours": draw(clock_windows), "units": draw(st.integers(1, 3))} for _ in range(draw(st.integers(1, 2)))]
    pool: dict[str, Any] = {"side": draw(st.sampled_from(["cn", "vn"])), "shifts": shifts}
    if draw(st.booleans()):
        pool["comes_back"] = draw(services())
    pool["breakdowns"] = draw(breakdowns(then=st.just("resumes")))
    if draw(st.booleans()):
        pool["charging"] = {"range": 10_000, "trip": draw(st.sampled_from([2_500, 10_000])), "takes": draw(services())}
    return pool


@st.composite
def areas(draw: st.DrawFn) -> dict[str, Any]:
    """Draw up to two areas that share no stage."""
    order = draw(st.permutations(STAGES))
    cut = draw(st.integers(1, 2))
    found = {"yard": order[:cut], "apron": order[cut : cut + 1]}
    kept = draw(st.sets(st.sampled_from(sorted(found))))
    made = {}
    for name in sorted(kept):
        spaces = draw(st.integers(1, 4))
        made[name] = {
            "spaces": spaces,
            "stages": list(found[name]),
            "keeps_out": draw(st.sampled_from([None, ["durian"]])),
            "reopens_at": draw(st.sampled_from([None, max(spaces - 2, 0)])),
            "road_per_truck": draw(st.sampled_from([None, 22])),
        }
    return made


@st.composite
def shelf_lives(draw: st.DrawFn) -> dict[str, Any]:
    """Draw how long loads keep, if they perish at all, and what they are worth."""
    life = draw(st.sampled_from([None, 0.2, 3]))
    worth = draw(st.sampled_from([{}, {"value_usd": 20_000, "value_turned_back": 0.25}]))
    if life is None:
        return worth
    return worth | {
        "value_lost_per_day": draw(st.sampled_from([0, 0.02])) if worth else 0,
        "shelf_life": life,
        "least_life": life / 2,
        "age": draw(st.sampled_from([None, {"constant": 7200}, {"exponential": {"mean": 36_000}}])),
        "load": draw(st.sampled_from([None, 20])),
    }


@st.composite
def bookings(draw: st.DrawFn) -> dict[str, Any]:
    """Draw slots that are few and coarse, and what becomes of those who find none."""
    return {
        "side": draw(st.sampled_from(["cn", "vn"])),
        "hours": draw(clock_windows),
        "slot": draw(st.sampled_from([1200, 3600])) if draw(st.booleans()) else 600,
        "capacity": draw(st.integers(1, 2)),
        "share": draw(st.sampled_from([1, 0.6])),
        "early": draw(st.sampled_from([0, 1200])),
        "offset": draw(services()),
        "no_show": draw(st.sampled_from([0, 0.2])),
        "without": draw(st.sampled_from(["wait", "come", "stay-away"])),
        "latest": 0.25,
        "priority_without": draw(st.sampled_from([None, 7])),
    }


@st.composite
def calendars(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Draw closures, public holidays, surges and slow days around the first of July 2025."""
    day = {"first": dt.date(2025, 7, 1), "last": dt.date(2025, 7, 1)}
    entries: list[dict[str, Any]] = [
        {"name": "shut", **day, "sides": ["cn"]},
        {"name": "feast", "holidays": "CA", "sides": ["vn"], "arrivals": 0.5},  # the first of July
        {"name": "peak", **day, "demand": 2, "directions": ["northbound"]},
        {"name": "short", "weekdays": ["tue", "wed"], "stages": ["booth", "bay"], "hours": "10:00-23:00"},
        {"name": "storm", **day, "stages": ["scan", "dock"], "service_times": 1.5},
    ]
    return draw(st.lists(st.sampled_from(entries), max_size=2, unique_by=lambda entry: str(entry["name"])))


@st.composite
def standing(draw: st.DrawFn, gate: Gate, *, fleet: bool) -> list[InitialQueue]:
    """Draw trucks that stand in line at the start, at stages that they come to and where they hold no unit."""
    pairs = sorted({(flow.vehicle_class, flow.direction) for flow in gate.flows.values()})
    kinds = [Kind(*pair, empty) for pair in pairs for empty in (False, True)]
    places = [(stage, kind) for kind in kinds for stage in dict.fromkeys(comes_to(gate, kind))]
    free = [(stage, kind) for stage, kind in places if not fleet or (stage == "booth" and not kind.empty)]
    chosen = draw(st.lists(st.sampled_from(free), max_size=2, unique=True)) if free else []
    found = []
    for stage, kind in chosen:
        trucks = draw(st.integers(1, 5))
        waited = draw(st.sampled_from([{"constant": 0}, {"empirical": [0, 3600, 7200]}]))
        found.append({**vars(kind), "class": kind.vehicle_class, "stage": stage, "trucks": trucks, "waited": waited})
        del found[-1]["vehicle_class"]
    return [InitialQueue.model_validate(entry) for entry in found]


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """Draw a scenario of a day or two with up to some sixty trucks."""
    flows = {}
    for n in range(draw(st.integers(1, 4))):
        flows[f"flow-{n}"] = {
            "class": draw(st.sampled_from(CLASSES)),
            "direction": draw(st.sampled_from(DIRECTIONS)),
            "per_day": draw(st.sampled_from([3, 10, 30])),
            "profile": draw(st.sampled_from([None, "rush"])),
            "groups": draw(st.sampled_from([{}, {}, 3, {1: 0.5, 4: 0.5}])),
        }
    made = {name: draw(stages()) for name in STAGES}
    fleet = draw(st.booleans())
    for name in ("bay",) if fleet else STAGES:  # nobody turns back with a vehicle of the fleet
        made[name] |= draw(impatience())
    returning = draw(pools())
    if fleet:  # taken at one stage, given back at another
        made["bay"]["takes"], made["dock"]["gives"] = {"fleet": 1}, {"fleet": 1}
    # from a stage units of one pool alone may take time
    if "comes_back" in returning or "charging" in returning or returning["breakdowns"]:
        made["dock"]["needs"].pop("cranes", None)
    gate: dict[str, Any] = {
        "name": "generated",
        "sides": {"vn": "Asia/Ho_Chi_Minh", "cn": "Asia/Shanghai"},
        "origin": {"northbound": "vn", "southbound": "cn"},
        "start": dt.date(2025, 7, 1),
        "end_of_day": {
            "at": "20:00",
            "side": "vn",
            "counts": draw(st.sampled_from(["until-release", "until-crossing"])),
        },
        "classes": {
            name: {"priority": draw(st.sampled_from([1, 5, 9])), **draw(shelf_lives()), **draw(whole_stays())}
            for name in CLASSES
        },
        "profiles": {"rush": {"hours": {"06:00-06:01": 0.9, "12:00-18:00": 0.1}}},
        "flows": flows,
        "stages": made,
        "pools": {
            "officers": {"side": "vn", "shifts": [{"hours": draw(clock_windows), "units": draw(st.integers(1, 3))}]},
            "cranes": draw(pools()),
            "fleet": returning,
        },
        "areas": draw(areas()),
        "road_per_truck": draw(st.sampled_from([None, 20])),
        "links": {
            "radio": {"uplink": 27, "shared_uplink": 40, "round_trip": 0.5},
            "cable": {"uplink": 1000, "shared_uplink": 1000, "round_trip": 0},
        },
        "outages": draw(outages()),
        "paths": {direction: draw(fleet_paths() if fleet else paths()) for direction in DIRECTIONS},
        "calendar": draw(calendars()),
    }
    both_ways = {str(flow["class"]) for flow in flows.values() if flow["direction"] == "southbound"}
    marked = any(step == {"mark": "empty"} for step in gate["paths"]["northbound"])
    if both_ways and marked and draw(st.booleans()):
        after: list[list[Any]] = [[], ["scan"], [{"mark": "empty"}, "scan"]]
        gate["two_way"] = {
            "northbound": {
                "share": draw(st.sampled_from([0.3, 1])),
                "class": draw(st.sampled_from(sorted(both_ways))),
                "steps": [
                    *draw(st.lists(st.sampled_from(STAGES[:2]), min_size=1, max_size=2)),
                    {"mark": "released"},
                    *draw(st.sampled_from(after)),
                ],
            }
        }
    if draw(st.booleans()):
        gate["booking"] = {"slots": {**draw(bookings()), "flows": sorted(flows)[: draw(st.integers(1, 2))]}}
    built = Gate.model_validate(gate)
    return Scenario(
        gate=built.model_copy(update={"initial": draw(standing(built, fleet=fleet))}),
        days=draw(st.integers(1, 2)),
        warmup_days=draw(st.integers(0, 1)),
    )
