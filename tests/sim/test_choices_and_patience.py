"""Choices by a rule, patience and turning away, worked on paper and run by both engines. Times are minutes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.draws.columns import FOR_EVER
from sim.draws.draw import draw
from sim.engines.simulate import Engine, simulate
from sim.plan.plan import Plan
from tests.sim.hand import MINUTE, Visit, minutes, plan_of, trucks

both = pytest.mark.parametrize("engine", ["reference", "compiled"])
NEVER_THERE = (None, None, None)


def two_ways(rule: str, road: dict[str, Any], lane: dict[str, Any], **gate: Any) -> Plan:
    """Return a gate with a road and a smart lane side by side, behind an entry without limit."""
    way = {"choose": "way", "rule": rule, "then": {"road": ["road"], "lane": ["lane"]}}
    return plan_of({"entry": {"lanes": "unlimited"}, "road": road, "lane": lane}, ["entry", way], **gate)


def by(entry: float, road: float, lane: float) -> list[Visit]:
    return [("entry", entry), ("road", road), ("lane", lane)]


@both
def test_the_shortest_queue(engine: Engine) -> None:
    # One lane each; 30 min by the road, 10 by the lane. Truck 0 at 0: both are empty, the first in the file. Truck 1 at
    # 1: road 1, lane 0. Truck 2 at 2: 1 and 1, so the road, from 30. Truck 3 at 3: 2 and 1, so the lane, from 11.
    plan = two_ways("shortest-queue", {"lanes": 1}, {"lanes": 1})
    draws = trucks(plan, *[("general", n, by(0, 30, 10)) for n in range(4)])
    assert minutes(plan, draws, engine) == [
        (0, 0, 0), (0, 0, 30), NEVER_THERE,
        (1, 1, 1), NEVER_THERE, (1, 1, 11),
        (2, 2, 2), (2, 30, 60), NEVER_THERE,
        (3, 3, 3), NEVER_THERE, (3, 11, 21),
    ]  # fmt: skip


@both
def test_the_least_wait(engine: Engine) -> None:
    # Two lanes of 30 min on average by the road, one of 40 by the lane. Trucks 0 and 1: a lane of the road is free, no
    # wait. Truck 2: 30 / 2 = 15 min by the road, none by the lane. Truck 3: 15 by the road, 40 by the lane, though
    # fewer stand there. Truck 4: 2 x 30 / 2 = 30 by the road. Truck 5: 45 by the road, 40 by the lane.
    constant = {"service": {"constant": "30 min"}}, {"service": {"constant": "40 min"}}
    plan = two_ways("least-wait", {"lanes": 2, **constant[0]}, {"lanes": 1, **constant[1]})
    draws = trucks(plan, *[("general", n, by(0, 30, 40)) for n in range(6)])
    rows = minutes(plan, draws, engine)
    assert [rows[3 * n + 1] for n in range(6)] == [
        (0, 0, 30), (1, 1, 31), NEVER_THERE, (3, 30, 60), (4, 31, 61), NEVER_THERE,
    ]  # fmt: skip
    assert [rows[3 * n + 2] for n in (2, 5)] == [(2, 2, 42), (5, 42, 82)]


@both
def test_a_closed_way_is_taken_only_if_all_are(engine: Engine) -> None:
    # The road opens at 60, the lane at 30. At 0 and 1 both are closed: road by the file, then the emptier lane. At 31
    # the lane serves truck 1, and truck 2 joins it although the road has fewer in line.
    plan = two_ways("shortest-queue", {"lanes": 1, "hours": "01:00-24:00"}, {"lanes": 1, "hours": "00:30-24:00"})
    draws = trucks(plan, *[("general", at, by(0, 10, 40)) for at in (0, 1, 31, 32)])
    rows = minutes(plan, draws, engine)
    assert rows[1] == (0, 60, 70)
    assert [rows[3 * n + 2] for n in (1, 2, 3)] == [(1, 30, 70), (31, 70, 110), (32, 110, 150)]


@pytest.mark.parametrize(("entry", "way"), [((5, 10), "road"), ((10, 5), "lane")])
@both
def test_who_ends_first_in_a_tick_is_seen_by_the_next(engine: Engine, entry: tuple[float, float], way: str) -> None:
    # The one with 5 min at the entry takes the road, 5-10; the other leaves the entry at 10, in the same tick. As truck
    # 1 it finds the road empty; as truck 0 it chooses before truck 1 leaves.
    plan = two_ways("shortest-queue", {"lanes": 1}, {"lanes": 1})
    draws = trucks(plan, *[("general", 0, by(minutes, 5, 5)) for minutes in entry])
    last = entry.index(10)
    rows = minutes(plan, draws, engine)
    assert rows[3 * last + 1 + (way == "lane")] == (10, 10, 15)


@both
def test_a_choice_is_made_once(engine: Engine) -> None:
    # The road lies in a yard of one space. Truck 0 has it, 1-31; truck 1 takes the lane, 1-11. Truck 2 finds one truck
    # in each, takes the road and stays in the entry until 31, although the lane is empty from 11.
    plan = two_ways("shortest-queue", {"lanes": 1}, {"lanes": 1}, areas={"yard": {"spaces": 1, "stages": ["road"]}})
    draws = trucks(plan, *[("general", 0, by(1, 30, 10))] * 3)
    assert minutes(plan, draws, engine)[6:] == [(0, 0, 31), (31, 31, 61), NEVER_THERE]


@both
def test_ways_within_ways(engine: Engine) -> None:
    # Ways of several stages, with a choice within one, and no stage after them. Truck 0: road. Truck 1: the lane's
    # first stage, crane, is empty; behind it east, then off. Truck 2: the crane is busy as the road, so the road, from
    # 30. Truck 3: road 2, crane 1: crane 11-21; behind it east has truck 1 until 61, so west.
    inner = {"choose": "side", "rule": "shortest-queue", "then": {"east": ["east"], "west": ["west"]}}
    way = {"choose": "way", "rule": "shortest-queue", "then": {"road": ["road"], "lane": ["crane", inner, "off"]}}
    plan = plan_of({name: {"lanes": 1} for name in ("road", "crane", "east", "west", "off")}, [way])
    visits: list[Visit] = [("road", 30), ("crane", 10), ("east", 50), ("west", 50), ("off", 1)]
    rows = minutes(plan, trucks(plan, *[("general", n, visits) for n in range(4)]), engine)
    nowhere = [NEVER_THERE]
    assert rows == [
        *[(0, 0, 30), *nowhere * 4],
        *[*nowhere, (1, 1, 11), (11, 11, 61), *nowhere, (61, 61, 62)],
        *[(2, 30, 60), *nowhere * 4],
        *[*nowhere, (3, 11, 21), *nowhere, (21, 21, 71), (71, 71, 72)],
    ]


PATIENT = {"lanes": 1, "patience": {"constant": "9 min"}}


@both
def test_patience_of_a_class_that_never_comes(engine: Engine) -> None:
    # The stage has patience, and nobody who waits there does: nothing is drawn, and nobody turns back.
    patient = {"lanes": 1, "patience_for": {"durian": {"constant": "1 min"}}}
    plan = plan_of({"desk": patient}, [{"stage": "desk", "only": ["general"]}])
    draws = trucks(plan, *[("general", at, [("desk", 10.0)]) for at in (0, 1)])
    assert not draws.patience.size
    assert minutes(plan, draws, engine) == [(0, 0, 10), (1, 10, 20)]


@both
def test_patience(engine: Engine) -> None:
    # One lane, 10 min. Truck 1 would leave at 10, when the lane falls free: it starts. Truck 2 leaves at 11 from the
    # middle of the line. Truck 3 starts at 20. Truck 4 has no patience at all and leaves in the tick in which it joins.
    plan = plan_of({"desk": PATIENT}, ["desk"])
    desk: list[tuple[str, float, Visit]] = [
        ("general", 0, ("desk", 10, 9)),
        ("general", 1, ("desk", 10, 9)),
        ("general", 2, ("desk", 10, 9)),
        ("general", 3, ("desk", 10, 18)),
        ("general", 4, ("desk", 10, 0)),
    ]
    draws = trucks(plan, *[(name, at, [visit]) for name, at, visit in desk])
    assert minutes(plan, draws, engine) == [(0, 0, 10), (1, 10, 20), (2, None, 11), (3, 20, 30), (4, None, 4)]


@both
def test_patience_until_the_opening(engine: Engine) -> None:
    # The desk opens at 60. Truck 0 would leave at 60: it starts. Truck 1 leaves at 59. Truck 2 would leave at 60, too;
    # the lane is taken, so it does.
    plan = plan_of({"desk": {**PATIENT, "hours": "01:00-24:00"}}, ["desk"])
    draws = trucks(plan, *[("general", at, [("desk", 10, wait)]) for at, wait in ((0, 60), (2, 57), (3, 57))])
    assert minutes(plan, draws, engine) == [(0, 60, 70), (2, None, 59), (3, None, 60)]


@both
def test_patience_counts_at_each_stage(engine: Engine) -> None:
    # Truck 1 waits 1-10 of its 20 min at the booth and is served to 18; then at the desk, which truck 0 holds, 10-60:
    # its patience at the booth would have ended at 21 and means nothing; that at the desk ends at 48.
    plan = plan_of({"booth": PATIENT, "desk": PATIENT}, ["booth", "desk"])
    draws = trucks(
        plan,
        ("general", 0, [("booth", 10, 5), ("desk", 50, 5)]),
        ("general", 1, [("booth", 8, 20), ("desk", 5, 30)]),
    )
    assert minutes(plan, draws, engine) == [(0, 0, 10), (10, 10, 60), (1, 10, 18), (18, None, 48)]


STAYS = {"durian": {"priority": 1, "patience": {"constant": "20 min"}}, "general": {"patience": {"constant": "20 min"}}}


@both
def test_one_clock_over_the_whole_stay(engine: Engine) -> None:
    # Truck 1 has 20 min from its arrival at 1. It waits 1-10 at the booth and is served to 18; at the desk, which truck
    # 0 holds, 10-60, it turns back at 21. Truck 2 stays too long in the queue of the booth: it leaves at 17.
    plan = plan_of({"booth": {"lanes": 1}, "desk": {"lanes": 1}}, ["booth", "desk"], classes=STAYS)
    draws = trucks(
        plan,
        ("general", 0, [("booth", 10), ("desk", 50)]),
        ("general", 1, [("booth", 8), ("desk", 5)]),
        ("general", 2, [("booth", 30), ("desk", 5)]),
        gives_up=[20, 21, 17],
    )
    assert minutes(plan, draws, engine) == [
        (0, 0, 10),
        (10, 10, 60),
        (1, 10, 18),
        (18, None, 21),
        (2, None, 17),
        NEVER_THERE,
    ]


@both
def test_a_stay_that_ends_during_a_service(engine: Engine) -> None:
    # All have stayed too long when they leave the booth, which has two lanes. Truck 1 need not wait at the desk and
    # goes on. Truck 2 finds it taken at 20 and turns back in that tick. Truck 0 comes at 40, before truck 1 leaves in
    # the same tick: it starts, because patience comes last in a tick.
    plan = plan_of({"booth": {"lanes": 2}, "desk": {"lanes": 1}}, ["booth", "desk"], classes=STAYS)
    draws = trucks(
        plan,
        ("general", 0, [("booth", 40), ("desk", 5)]),
        ("general", 0, [("booth", 10), ("desk", 30)]),
        ("general", 10, [("booth", 10), ("desk", 5)]),
        gives_up=[30, 9, 19],
    )
    assert minutes(plan, draws, engine) == [
        (0, 0, 40), (40, 40, 45), (0, 0, 10), (10, 10, 40), (10, 10, 20), (20, None, 20),
    ]  # fmt: skip


@both
def test_the_patience_that_ends_first(engine: Engine) -> None:
    # Of the patience at the stage and that of the whole stay the one that ends first counts: truck 1 leaves after its
    # 5 min in the queue, truck 2 at 6 although it would wait there for 9; truck 3 has only the patience of the stage.
    plan = plan_of({"desk": PATIENT}, ["desk"], classes=STAYS)
    draws = trucks(
        plan,
        ("general", 0, [("desk", 30)]),
        *[("general", n, [("desk", 10, wait)]) for n, wait in ((1, 5), (2, 9), (3, 9))],
        gives_up=[None, 20, 6, None],
    )
    assert minutes(plan, draws, engine) == [(0, 0, 30), (1, None, 6), (2, None, 6), (3, None, 12)]


@both
def test_who_gives_up_outside(engine: Engine) -> None:
    # A yard of one space. Trucks 1 and 2 wait outside; 1 turns back at 6 without having come in, so 2 is next, at 10.
    plan = plan_of({"desk": {"lanes": 1}}, ["desk"], areas={"yard": {"spaces": 1, "stages": ["desk"]}}, classes=STAYS)
    draws = trucks(plan, *[("general", n, [("desk", 10)]) for n in range(3)], gives_up=[None, 6, 10])
    assert minutes(plan, draws, engine) == [(0, 0, 10), (6, None, 6), (10, 10, 20)]
    log = simulate(plan, draws, engine)
    assert (log.turned_back // MINUTE).tolist() == [-1, 6, -1]


@both
def test_who_gives_up_in_a_lane_that_it_blocks(engine: Engine) -> None:
    # Each stage lies in a yard of its own, of two spaces and of one. Truck 1 ends its service at the booth at 8 and
    # blocks the lane for lack of a space at the desk. At 12 it turns back: truck 2 starts at the booth, and truck 3
    # comes in from outside, where it stood since 3.
    plan = plan_of(
        {"booth": {"lanes": 1}, "desk": {"lanes": 1}},
        ["booth", "desk"],
        areas={"apron": {"spaces": 2, "stages": ["booth"]}, "yard": {"spaces": 1, "stages": ["desk"]}},
        classes=STAYS,
    )
    draws = trucks(
        plan,
        ("general", 0, [("booth", 4), ("desk", 50)]),
        ("general", 1, [("booth", 4), ("desk", 5)]),
        ("general", 2, [("booth", 4), ("desk", 5)]),
        ("general", 3, [("booth", 4), ("desk", 5)]),
        gives_up=[None, 12, None, None],
    )
    assert minutes(plan, draws, engine) == [
        (0, 0, 4), (4, 4, 54), (1, 4, 12), (12, None, 12), (4, 12, 54), (54, 54, 59), (12, 54, 59), (59, 59, 64),
    ]  # fmt: skip


def test_where_the_stay_may_end() -> None:
    # Not behind the release, not when empty, and not while the truck holds a vehicle of the fleet.
    stages = {"booth": {"takes": {"fleet": 1}}, "desk": {}, "dock": {"gives": {"fleet": 1}}, "bay": {}, "exit": {}}
    pool = {"side": "vn", "shifts": [{"hours": "24 h", "units": 2}]}
    path = ["booth", "desk", "dock", "bay", {"mark": "released"}, "exit", {"mark": "empty"}, "desk"]
    classes = {"durian": {"patience": {"constant": "9 h"}}, "general": {}}
    draws = draw(
        plan_of(
            {name: {"lanes": 1, **one} for name, one in stages.items()}, path, pools={"fleet": pool}, classes=classes
        )
    )
    of_durian, of_general = (draws.gives_up[np.repeat(draws.flow == flow, np.diff(draws.first))] for flow in (0, 1))
    ends = (draws.arrival[draws.flow == 0] + 9 * 60 * MINUTE).repeat(6).reshape(-1, 6)
    ends[:, [1, 2, 4, 5]] = FOR_EVER
    assert of_durian.tolist() == ends.ravel().tolist()
    assert set(of_general) <= {FOR_EVER}


def test_those_who_stand_there_have_waited() -> None:
    # Of stays of 1, 3 and 5 h, equally likely, those who have waited for 2 h have 1 or 3 h left, and nobody is left
    # whose stay would be over; after 6 h nobody's patience lasts, so they turn back at once.
    stays = {"patience": {"empirical": ["1 h", "3 h", "5 h"]}}
    entries = [
        {"class": name, "direction": "northbound", "stage": "desk", "trucks": 50, "waited": {"constant": waited}}
        for name, waited in (("durian", "2 h"), ("general", "6 h"))
    ]
    one = plan_of({"desk": {"lanes": 1}}, ["desk"], classes={"durian": stays, "general": stays}, initial=entries)
    draws = draw(one)
    hours = draws.gives_up / (60 * MINUTE)
    standing = draws.flow >= 2
    assert set(hours[standing & (draws.flow == 2)]) == {1, 3}
    assert set(hours[standing & (draws.flow == 3)]) == {0}


@both
def test_a_long_line_turns_trucks_away(engine: Engine) -> None:
    # At two in line, of whatever class, one more turns back. Truck 0 starts, 1 and 2 (durian) stand in line, 3 turns
    # back. At 10 truck 0 ends before truck 4 comes: 2 goes first, 1 is left, 4 joins. Truck 5 turns back.
    plan = plan_of({"desk": {"lanes": 1, "turns_away_at": 2}}, ["desk"])
    comes = [("general", 0), ("general", 1), ("durian", 2), ("durian", 3), ("general", 10), ("general", 11)]
    draws = trucks(plan, *[(name, at, [("desk", 10.0)]) for name, at in comes])
    assert minutes(plan, draws, engine) == [
        (0, 0, 10), (1, 20, 30), (2, 10, 20), (3, None, 3), (10, 30, 40), (11, None, 11),
    ]  # fmt: skip


@both
def test_who_turns_back_leaves_its_space(engine: Engine) -> None:
    # A yard of two spaces with one desk. Truck 2 waits outside from 2; truck 1 gives up at 6, so 2 enters then and
    # starts at 10.
    plan = plan_of({"desk": PATIENT}, ["desk"], areas={"yard": {"spaces": 2, "stages": ["desk"]}})
    draws = trucks(
        plan,
        ("general", 0, [("desk", 10)]),
        ("general", 1, [("desk", 10, 5)]),
        ("general", 2, [("desk", 10, 60)]),
    )
    assert minutes(plan, draws, engine) == [(0, 0, 10), (1, None, 6), (6, 10, 20)]


@both
def test_who_is_turned_away_leaves_its_space_to_the_next(engine: Engine) -> None:
    # The yard has three spaces, its desk turns trucks away at one in line. Truck 0 has a space and the lane, 1 stands
    # in line, 2 enters and turns back at once, and so does 3: nobody is left outside.
    plan = plan_of(
        {"desk": {"lanes": 1, "turns_away_at": 1}}, ["desk"], areas={"yard": {"spaces": 3, "stages": ["desk"]}}
    )
    draws = trucks(plan, *[("general", n, [("desk", 10.0)]) for n in range(4)])
    assert minutes(plan, draws, engine) == [(0, 0, 10), (1, 10, 20), (2, None, 2), (3, None, 3)]
