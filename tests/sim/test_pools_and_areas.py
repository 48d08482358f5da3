"""Pools, fleets and areas, worked on paper and run by both engines. Times are minutes after midnight."""

from __future__ import annotations

import numpy as np
import pytest

from sim.draws.draw import draw
from sim.engines.simulate import Engine
from tests.sim.hand import minutes, plan_of, trucks

both = pytest.mark.parametrize("engine", ["reference", "compiled"])
ALWAYS = [{"hours": "24 h", "units": 1}]


@both
def test_one_officer_for_two_stages(engine: Engine) -> None:
    # One officer serves the booth (10 min) and the scan (10 min), one lane each. Truck 0 (general) comes to the booth
    # at 0, truck 1 (general) to the scan at 2, truck 2 (durian, priority 1) to the booth at 5.
    # The officer is free at 10: durian goes first although it came last, 10-20; then truck 1, 20-30.
    needs = {"needs": {"officer": 1}}
    plan = plan_of(
        {"booth": {"lanes": 1, **needs}, "scan": {"lanes": 1, **needs}},
        ["booth", "scan"],
        pools={"officer": {"side": "vn", "shifts": ALWAYS}},
    )
    draws = trucks(
        plan, ("general", 0, [("booth", 10)]), ("general", 2, [("scan", 10)]), ("durian", 5, [("booth", 10)])
    )
    assert minutes(plan, draws, engine) == [(0, 0, 10), (2, 20, 30), (5, 10, 20)]


@both
def test_shifts_add_where_they_overlap(engine: Engine) -> None:
    # On duty: nobody until 60, one to 90, two to 120, one to 150. Four trucks of 40 min at 0, lanes without limit.
    # Starts: 60 (one unit), 90 (the second comes), then the first ends at 100: 100, and at 130 the second has left
    # (one on duty, one busy): at 140 the truck of 100 ends and the last starts, ends at 180 after the shift is over.
    shifts = [{"hours": "01:00-02:00", "units": 1}, {"hours": "01:30-02:30", "units": 1}]
    plan = plan_of(
        {"desk": {"lanes": "unlimited", "needs": {"officer": 1}}},
        ["desk"],
        pools={"officer": {"side": "vn", "shifts": shifts}},
    )
    draws = trucks(plan, *[("general", 0, [("desk", 40.0)])] * 4)
    assert minutes(plan, draws, engine) == [(0, 60, 100), (0, 90, 130), (0, 100, 140), (0, 140, 180)]


@both
def test_a_fleet_is_kept_over_stages_and_comes_back(engine: Engine) -> None:
    # Two vehicles. Crane on 3 min (takes one), drive 10 min, crane off 3 min (gives it back), way back 10 min.
    # Truck 0 at 0: on 0-3, drive 3-13, off 13-16; its vehicle is back at 26. Truck 1 at 0: the crane is free at 3:
    # on 3-6, drive 6-16, off 16-19 (the crane off is free at 16); back at 29. Truck 2 at 0: no vehicle until 26: on
    # 26-29, drive 29-39, off 39-42.
    plan = plan_of(
        {
            "crane-on": {"lanes": 1, "takes": {"vehicle": 1}},
            "drive": {"lanes": "unlimited"},
            "crane-off": {"lanes": 1, "gives": {"vehicle": 1}},
        },
        ["crane-on", "drive", "crane-off"],
        pools={
            "vehicle": {
                "side": "vn",
                "shifts": [{"hours": "24 h", "units": 2}],
                "comes_back": {"constant": 600},
            }
        },
    )
    visits = [("crane-on", 3.0), ("drive", 10.0), ("crane-off", 3.0)]
    draws = trucks(plan, *[("general", 0, visits)] * 3, comes_back=10)
    assert minutes(plan, draws, engine) == [
        (0, 0, 3), (3, 3, 13), (13, 13, 16),
        (0, 3, 6), (6, 6, 16), (16, 16, 19),
        (0, 26, 29), (29, 29, 39), (39, 39, 42),
    ]  # fmt: skip


@both
def test_a_full_yard_blocks_the_lane_before_it(engine: Engine) -> None:
    # Gate (1 lane, 2 min), then a yard of one space with a bay (1 lane, 30 min). Trucks at 0, 1, 2.
    # Truck 0: gate 0-2, bay 2-32. Truck 1: gate 2-4, blocked in the gate to 32, bay 32-62.
    # Truck 2: the gate is blocked until 32, service 32-34, blocked to 62, bay 62-92.
    plan = plan_of(
        {"gate": {"lanes": 1}, "bay": {"lanes": 1}}, ["gate", "bay"], areas={"yard": {"spaces": 1, "stages": ["bay"]}}
    )
    visits = [("gate", 2.0), ("bay", 30.0)]
    draws = trucks(plan, *[("general", arrival, visits) for arrival in (0, 1, 2)])
    assert minutes(plan, draws, engine) == [
        (0, 0, 2), (2, 2, 32),
        (1, 2, 32), (32, 32, 62),
        (2, 32, 62), (62, 62, 92),
    ]  # fmt: skip


@both
def test_a_full_gate_keeps_trucks_outside(engine: Engine) -> None:
    # The whole gate is one area of two spaces: booth (1 lane, 10 min). Trucks at 0, 1, 2: the third joins the line of
    # the booth only when the first has left, at 10.
    plan = plan_of({"booth": {"lanes": 1}}, ["booth"], areas={"gate": {"spaces": 2, "stages": ["booth"]}})
    draws = trucks(plan, *[("general", arrival, [("booth", 10.0)]) for arrival in (0, 1, 2)])
    assert minutes(plan, draws, engine) == [(0, 0, 10), (1, 10, 20), (10, 20, 30)]


@both
def test_a_space_that_falls_free_moves_the_whole_row(engine: Engine) -> None:
    # Three areas of one space in a row, 10, 1 and 1 min backwards: dock 30 min, bay 1 min, gate 1 min.
    # Truck 0: gate 0-1, bay 1-2, dock 2-32. Truck 1 at 1: gate 1-2, bay 2-3, blocked to 32, dock 32-62.
    # Truck 2 at 2: gate 2-3, blocked to 32: at 32 truck 0 goes, truck 1 moves to the dock, truck 2 to the bay.
    areas = {name: {"spaces": 1, "stages": [name]} for name in ("gate", "bay", "dock")}
    plan = plan_of({name: {"lanes": 1} for name in areas}, list(areas), areas=areas)
    visits = [("gate", 1.0), ("bay", 1.0), ("dock", 30.0)]
    draws = trucks(plan, *[("general", arrival, visits) for arrival in (0, 1, 2)])
    assert minutes(plan, draws, engine) == [
        (0, 0, 1), (1, 1, 2), (2, 2, 32),
        (1, 1, 2), (2, 2, 32), (32, 32, 62),
        (2, 2, 32), (32, 32, 62), (62, 62, 92),
    ]  # fmt: skip


@both
def test_ties_for_a_space_fall_by_number(engine: Engine) -> None:
    # Dock: one space, held by truck 3 from 4 to 64. Booth A opens at 5 and takes durian truck 2 first, 5-10; then truck
    # 0, which takes no time. Truck 1 leaves booth B at 10 and asks for the dock; truck 0 asks later in the same tick,
    # and goes first because of its number: dock 64-69; truck 1 69-74.
    plan = plan_of(
        {"a": {"lanes": 1, "hours": "00:05-24:00"}, "b": {"lanes": 1}, "dock": {"lanes": 1}},
        ["a", "b", "dock"],
        areas={"yard": {"spaces": 1, "stages": ["dock"]}},
    )
    draws = trucks(
        plan,
        ("general", 0, [("a", 0), ("dock", 5)]),
        ("general", 2, [("b", 8), ("dock", 5)]),
        ("durian", 3, [("a", 5)]),
        ("general", 4, [("dock", 60)]),
    )
    assert minutes(plan, draws, engine) == [
        (0, 10, 64), (64, 64, 69),
        (2, 2, 69), (69, 69, 74),
        (3, 5, 10),
        (4, 4, 64),
    ]  # fmt: skip


@both
def test_an_area_opens_again_when_few_enough_are_inside(engine: Engine) -> None:
    # Three spaces, one desk of 10 min. Full at 2; truck 3 waits outside from 3. At 10 two are inside, at 20 one is:
    # then it opens, 3 and 4 enter; it is full again, and 5 enters at 40, when one is left.
    plan = plan_of({"desk": {"lanes": 1}}, ["desk"], areas={"yard": {"spaces": 3, "stages": ["desk"], "reopens_at": 1}})
    draws = trucks(plan, *[("general", n, [("desk", 10.0)]) for n in range(6)])
    assert minutes(plan, draws, engine) == [
        (0, 0, 10), (1, 10, 20), (2, 20, 30), (20, 30, 40), (20, 40, 50), (40, 50, 60),
    ]  # fmt: skip


@both
def test_a_full_area_keeps_some_classes_out(engine: Engine) -> None:
    # One space; general trucks wait for it, durian does not and goes first. Truck 0 has the space, 1 waits outside.
    # Durian 2 comes in at 2 and starts at 10. Two are inside until 10, one until 20: truck 1 enters at 20.
    plan = plan_of(
        {"desk": {"lanes": 1}},
        ["desk"],
        areas={"yard": {"spaces": 1, "stages": ["desk"], "keeps_out": ["general"]}},
    )
    draws = trucks(plan, *[(name, n, [("desk", 10.0)]) for n, name in enumerate(("general", "general", "durian"))])
    assert minutes(plan, draws, engine) == [(0, 0, 10), (20, 20, 30), (2, 10, 20)]


def test_what_is_taken_must_be_given_back() -> None:
    pools = {"vehicle": {"side": "vn", "shifts": ALWAYS}}
    with pytest.raises(ValueError, match="never given back"):
        plan_of({"on": {"lanes": 1, "takes": {"vehicle": 1}}}, ["on"], pools=pools)
    with pytest.raises(ValueError, match="not what the truck took"):
        plan_of({"off": {"lanes": 1, "gives": {"vehicle": 1}}}, ["off"], pools=pools)


ZONE = {"zone": {"spaces": 1, "stages": ["bay"], "keeps_out": ["durian"]}}


@both
def test_who_may_not_go_on_does_not_block_a_lane(engine: Engine) -> None:
    # Durian takes the one space of the zone when it starts at the meter, at 0. Durian 1 would have to wait for a space
    # there: it stays in the queue of the meter, and general 2, which the full zone lets in, is served 2-3. The space is
    # free when both have left, at 71. (Durian 1 in the lane, it would have held general 2 up until 61.)
    plan = plan_of({"meter": {"lanes": 1}, "bay": {"lanes": 1}}, ["meter", "bay"], areas=ZONE)
    draws = trucks(
        plan,
        ("durian", 0, [("meter", 1), ("bay", 60)]),
        ("durian", 1, [("meter", 1), ("bay", 60)]),
        ("general", 2, [("meter", 1), ("bay", 10)]),
    )
    assert minutes(plan, draws, engine) == [
        (0, 0, 1), (1, 1, 61), (1, 71, 72), (72, 72, 132), (2, 2, 3), (3, 61, 71),
    ]  # fmt: skip


@both
def test_those_under_way_have_their_spaces(engine: Engine) -> None:
    # Two spaces and three lanes. Durian 0 and 1 start at 0 and have both spaces; durian 2 waits although a lane is free
    # and nobody is in the zone yet, and general 3 takes the lane. Nobody blocks a lane at 5. Durian 0 leaves at 15,
    # then 1 and general 3 are inside; at 25 durian 1 leaves: the bay calls general 3, then the meter calls durian 2.
    plan = plan_of(
        {"meter": {"lanes": 3}, "bay": {"lanes": 1}}, ["meter", "bay"], areas={"zone": {**ZONE["zone"], "spaces": 2}}
    )
    visits = [("meter", 5.0), ("bay", 10.0)]
    draws = trucks(plan, *[(name, 0, visits) for name in ("durian", "durian", "durian", "general")])
    assert minutes(plan, draws, engine) == [
        (0, 0, 5), (5, 5, 15), (0, 0, 5), (5, 15, 25), (0, 25, 30), (30, 35, 45), (0, 0, 5), (5, 25, 35),
    ]  # fmt: skip


@both
def test_only_who_goes_there_is_kept_out(engine: Engine) -> None:
    # Durian 0 has the zone until 61. Durian 1 would go there and waits; durian 2 passes the bay by and starts at 2.
    plan = plan_of(
        {"meter": {"lanes": 1}, "bay": {"lanes": 1}, "exit": {"lanes": 1}},
        ["meter", {"stage": "bay", "share": 0.5}, "exit"],
        areas=ZONE,
    )
    there = [("meter", 1.0), ("bay", 60.0), ("exit", 0.0)]
    draws = trucks(plan, ("durian", 0, there), ("durian", 1, there), ("durian", 2, [("meter", 1.0), ("exit", 0.0)]))
    rows = minutes(plan, draws, engine)
    assert rows[3:] == [(1, 61, 62), (62, 62, 122), (122, 122, 122), (2, 2, 3), (3, 3, 3)]


@pytest.mark.parametrize(("lane", "kept_out"), [(["lane"], False), (["dock", "lane"], True)])
def test_a_rule_keeps_out_where_all_its_ways_do(lane: list[str], kept_out: bool) -> None:
    # Bay and dock lie in the zone, the lane does not. What a rule chooses is not known before the service: a truck is
    # kept out of the meter if all its ways begin in the zone.
    way = {"choose": "way", "rule": "least-wait", "then": {"road": ["bay"], "lane": lane}}
    stages = {name: {"lanes": 1} for name in ("meter", "bay", "dock", "lane")}
    flows = {name: {"class": name, "direction": "northbound", "per_day": 20} for name in ("durian", "general")}
    zone = {**ZONE["zone"], "stages": ["bay", "dock"]}
    plan = plan_of(stages, ["meter", way], areas={"zone": zone}, flows=flows)
    draws = draw(plan)
    meter = plan.network.line_stage[draws.line] == 0
    durian = np.repeat(draws.flow == 0, np.diff(draws.first))
    ahead = plan.network.lines["kept_out_of"][draws.line].astype(np.int32)
    assert set(ahead[meter & durian]) == {0 if kept_out else -1}
    assert set(ahead[~(meter & durian)]) == {-1}
