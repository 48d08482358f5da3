"""What lanes do when their hours end, worked on paper and run by both engines. Times are minutes after midnight."""

from __future__ import annotations

from typing import Any

import pytest

from sim.engines.simulate import Engine
from tests.sim.hand import minutes, plan_of, trucks

both = pytest.mark.parametrize("engine", ["reference", "compiled"])
DESK = {"lanes": 1, "hours": ["00:00-01:00", "08:00-24:00"]}


@pytest.mark.parametrize(
    ("rule", "starts"),
    [
        ("serves-whom-it-has", [0, 480, 500, 520]),
        ("serves-the-queue", [0, 70, 90, 480]),
        ("hands-back", [480, 550, 570, 590]),
    ],
)
@both
def test_who_is_in_line_at_the_closing(engine: Engine, rule: str, starts: list[float]) -> None:
    # The desk is open 00:00-01:00 and from 08:00. Truck 0 holds it 0-70. Trucks 1 and 2 are in line when it closes at
    # 60; truck 3 joins in the tick of closing, which is too late by all rules. Handed back at 60, truck 0 is the first
    # again at 480, and its 70 minutes start anew.
    plan = plan_of({"desk": {**DESK, "at_closing": rule}}, ["desk"])
    visits = [("general", at, [("desk", time)]) for at, time in ((0, 70.0), (10, 20.0), (59, 20.0), (60, 20.0))]
    found = minutes(plan, trucks(plan, *visits), engine)
    assert [row[1] for row in found] == starts


@both
def test_lanes_that_fail_at_another_time_hand_back_when_they_close(engine: Engine) -> None:
    # As above with truck 0 alone: handed back at 60, it starts anew at 480; the fault of 600-610 comes after it.
    fault = {"every": {"constant": 1e6}, "lasts": {"constant": 1}, "stages": ["desk"]}
    plan = plan_of({"desk": {**DESK, "at_closing": "hands-back"}}, ["desk"], outages={"fault": fault})
    draws = trucks(plan, ("general", 0, [("desk", 70.0)]), outages=[("fault", 600, 610)])
    assert minutes(plan, draws, engine) == [(0, 480, 550)]


@both
def test_a_lane_group_has_its_own_rule(engine: Engine) -> None:
    # Both groups close at 60. The first serves whom it has, to 70, the second the queue: truck 2 at 65 and, joined in
    # time, truck 3 at 75; truck 4 joins at 61, when both are closed, and durian 5 at 62: durian goes first at 480.
    groups: list[dict[str, Any]] = [
        {"name": "a", "lanes": 1},
        {"name": "b", "lanes": 1, "at_closing": "serves-the-queue"},
    ]
    plan = plan_of({"desk": {**DESK, "lanes": groups}}, ["desk"])
    draws = trucks(
        plan,
        *[("general", 0, [("desk", time)]) for time in (70, 65)],
        *[("general", at, [("desk", 10)]) for at in (10, 20, 61)],
        ("durian", 62, [("desk", 10)]),
    )
    found = minutes(plan, draws, engine)
    assert [row[1] for row in found] == [0, 0, 65, 75, 480, 480]


@both
def test_officers_keep_their_hours(engine: Engine) -> None:
    # The desk closes at 60 with trucks 1 and 2 in line. Its officer goes off duty at 90: truck 1 starts at 70, truck 2
    # when an officer is back at 420, an hour before the desk opens.
    officers = {"side": "vn", "shifts": [{"hours": ["00:00-01:30", "07:00-24:00"], "units": 1}]}
    stage = {**DESK, "at_closing": "serves-the-queue", "needs": {"officers": 1}}
    plan = plan_of({"desk": stage}, ["desk"], pools={"officers": officers})
    draws = trucks(plan, *[("general", n, [("desk", time)]) for n, time in enumerate((70, 25, 5))])
    assert minutes(plan, draws, engine) == [(0, 0, 70), (1, 70, 95), (2, 420, 425)]


@pytest.mark.parametrize("rule", ["shortest-queue", "least-wait"])
@both
def test_who_chooses_after_the_closing_sees_it_closed(engine: Engine, rule: Any) -> None:
    # At 61 the road has closed and still serves the queue; truck 3 takes the lane, which is open, although as many are
    # there.
    way = {"choose": "way", "rule": rule, "then": {"road": ["road"], "lane": ["lane"]}}
    plan = plan_of({"road": {**DESK, "at_closing": "serves-the-queue"}, "lane": {"lanes": 1}}, [way])
    draws = trucks(plan, *[("general", at, [("road", 50.0), ("lane", 600.0)]) for at in (0, 1, 2, 61)])
    found = minutes(plan, draws, engine)
    took = ["road" if found[2 * n][0] is not None else "lane" for n in range(4)]
    assert [took[0], took[3]] == ["road", "lane"]


@both
def test_what_is_handed_back_is_used_by_others(engine: Engine) -> None:
    # Desk and scan share an officer. The desk closes at 60 and hands truck 0 back: the officer serves truck 1 at the
    # scan, 60-80. Truck 0 stands before truck 2, which came at 30, and starts at 480; its patience of 20 min has run
    # out by then, and had at 60: it turns back at once when it has no more.
    officers = {"side": "vn", "shifts": [{"hours": "24 h", "units": 1}]}
    needs = {"needs": {"officers": 1}}
    desk = {**DESK, **needs, "at_closing": "hands-back", "patience": {"constant": "20 min"}}
    path = [{"stage": "desk", "share": 0.5}, {"stage": "scan", "share": 0.5}]
    plan = plan_of({"desk": desk, "scan": {"lanes": 1, **needs}}, path, pools={"officers": officers})
    for patience, desk_rows in ((900.0, [(0, 480, 570), (30, 570, 580)]), (20.0, [(0, None, 60), (30, 480, 490)])):
        draws = trucks(
            plan,
            ("general", 0, [("desk", 90.0, patience)]),
            ("general", 20, [("scan", 20.0)]),
            ("general", 30, [("desk", 10.0, 900.0)]),
        )
        first, last = desk_rows
        assert minutes(plan, draws, engine) == [first, (20, 60, 80), last]


@both
def test_another_group_takes_who_is_handed_back(engine: Engine) -> None:
    # Group a closes at 60 and hands back trucks 0 and 3; b is open all day and busy with truck 2 until 65. Then it
    # takes them in their places: truck 0, which came first, then truck 3, then truck 4, which came last.
    groups: list[dict[str, Any]] = [
        {"name": "a", "lanes": 2, "hours": "00:00-01:00", "at_closing": "hands-back"},
        {"name": "b", "lanes": 1, "hours": "00:00-24:00"},
    ]
    plan = plan_of({"desk": {"lanes": groups}}, ["desk"])
    draws = trucks(
        plan,
        ("general", 0, [("desk", 70)]), ("general", 0, [("desk", 30)]), ("general", 1, [("desk", 64)]),
        ("general", 35, [("desk", 30)]), ("general", 40, [("desk", 5)]),
    )  # fmt: skip
    assert minutes(plan, draws, engine) == [
        (0, 65, 135), (0, 0, 30), (1, 1, 65), (35, 135, 165), (40, 165, 170),
    ]  # fmt: skip


@both
def test_who_is_handed_back_gives_its_space_away(engine: Engine) -> None:
    # The zone behind the meter has one space. Durian 0 took it when it started, and gives it back at 60; durian 1 at
    # the other meter, which kept it out, takes it.
    meters = {"meter": {**DESK, "at_closing": "hands-back"}, "side": {"lanes": 1}, "bay": {"lanes": 1}}
    plan = plan_of(
        meters,
        [{"stage": "meter", "share": 0.5}, {"stage": "side", "share": 0.5}, "bay"],
        areas={"zone": {"spaces": 1, "stages": ["bay"], "keeps_out": ["durian"]}},
    )
    draws = trucks(plan, ("durian", 0, [("meter", 90), ("bay", 10)]), ("durian", 1, [("side", 5), ("bay", 10)]))
    assert minutes(plan, draws, engine) == [(0, 480, 570), (570, 570, 580), (1, 60, 65), (65, 65, 75)]


@both
def test_a_batch_that_is_handed_back_need_not_gather_again(engine: Engine) -> None:
    # Two trucks make a batch at 10 and are handed back at 60. At 480 both start; truck 2, which gathers since 20, waits
    # for its own hour to be over, until 80, and for a lane, until 570.
    desk = {**DESK, "lanes": 2, "at_closing": "hands-back", "batch": {"size": 2, "after": 3600}}
    plan = plan_of({"desk": desk}, ["desk"])
    draws = trucks(plan, *[("general", at, [("desk", time)]) for at, time in ((0, 90), (10, 90), (20, 5))])
    assert minutes(plan, draws, engine) == [(0, 480, 570), (10, 480, 570), (20, 570, 575)]


@both
def test_a_space_that_is_handed_back_lets_in_who_stands_outside(engine: Engine) -> None:
    # As above, but durian 1 comes straight to the zone and stands outside from 1 on: it comes in at 60.
    stages = {"meter": {**DESK, "at_closing": "hands-back"}, "bay": {"lanes": 1}}
    areas = {"zone": {"spaces": 1, "stages": ["bay"], "keeps_out": ["durian"]}}
    plan = plan_of(stages, [{"stage": "meter", "share": 0.5}, "bay"], areas=areas)
    draws = trucks(plan, ("durian", 0, [("meter", 90), ("bay", 10)]), ("durian", 1, [("bay", 10)]))
    assert minutes(plan, draws, engine) == [(0, 480, 570), (570, 570, 580), (60, 60, 70)]


@both
def test_work_by_hand_is_handed_back_without_its_link(engine: Engine) -> None:
    # The link is down until 120, so both work by hand from 0 and are handed back at 60. At 480 the link carries one
    # video: truck 0 sends until 510, then truck 1.
    desk = {**DESK, "lanes": 2, "at_closing": "hands-back"}
    desk["sends"] = {"link": "radio", "round_trips": 0, "video": 4, "without": {"constant": 5400}}
    plan = plan_of(
        {"desk": desk},
        ["desk"],
        links={"radio": {"uplink": 27, "shared_uplink": 4, "round_trip": 0}},
        outages={"fault": {"every": {"constant": 1e6}, "lasts": {"constant": 1}, "links": ["radio"]}},
    )
    comes = [("general", 0, [("desk", 30.0)])] * 2
    draws = trucks(plan, *comes, by_hand=90, outages=[("fault", 0, 120)])
    assert minutes(plan, draws, engine) == [(0, 480, 510), (0, 510, 540)]


@both
def test_who_is_handed_back_calls_for_a_reserve(engine: Engine) -> None:
    # The desk closes at 60 and hands truck 0 back. It is the second in line, after truck 1, which came at 50: with two
    # in line the reserve is called for at 60, not by truck 2 at 300, and is there at 70.
    groups: list[dict[str, Any]] = [
        {"name": "desk", "lanes": 1, "at_closing": "hands-back"},
        {"name": "reserve", "lanes": 1, "opens": {"at": 2, "closes_below": 1, "after": "10 min"}, "hours": "24 h"},
    ]
    plan = plan_of({"desk": {**DESK, "lanes": groups}}, ["desk"])
    draws = trucks(plan, *[("general", at, [("desk", time)]) for at, time in ((0, 90.0), (50, 20.0), (300, 20.0))])
    assert minutes(plan, draws, engine) == [(0, 70, 160), (50, 160, 180), (300, 480, 500)]


@both
def test_who_is_handed_back_lets_lanes_reverse(engine: Engine) -> None:
    # The desk closes at 60 and hands truck 0 back. With truck 1, which came at 50, two wait northbound: the lane that
    # has faced south without a truck reverses, 60-65, and serves both.
    groups: list[dict[str, Any]] = [
        {"name": "desk", "lanes": 1, "directions": ["northbound"], "at_closing": "hands-back"},
        {
            "name": "both",
            "lanes": 1,
            "directions": ["southbound", "northbound"],
            "reverses": {"at": 2, "takes": "5 min"},
            "hours": "24 h",
        },
    ]
    plan = plan_of(
        {"desk": {**DESK, "lanes": groups}},
        [],
        origin={"northbound": "vn", "southbound": "vn"},
        flows={way: {"class": "general", "direction": f"{way}bound", "per_day": 1} for way in ("north", "south")},
        paths={"northbound": ["desk"], "southbound": ["desk"]},
    )
    draws = trucks(plan, ("north", 0, [("desk", 90)]), ("north", 50, [("desk", 20)]))
    assert minutes(plan, draws, engine) == [(0, 65, 155), (50, 155, 175)]
