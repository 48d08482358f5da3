"""Reversible lanes and stages that start in batches, worked on paper and run by both engines. Times are minutes."""

from __future__ import annotations

from typing import Any

import pytest

from sim.engines.simulate import Engine
from sim.plan.plan import Plan
from tests.sim.hand import Visit, minutes, plan_of, trucks

both = pytest.mark.parametrize("engine", ["reference", "compiled"])
DIRECTIONS = ["northbound", "southbound"]


def bridge(lanes: int, at: int, takes: str, **stage: Any) -> Plan:
    """Return a bridge whose lanes serve one direction at a time, at first northbound."""
    group = {"name": "both", "lanes": lanes, "directions": DIRECTIONS, "reverses": {"at": at, "takes": takes}}
    return plan_of(
        {"bridge": {"lanes": [group], **stage}},
        [],
        origin={"northbound": "vn", "southbound": "vn"},
        flows={way[:5]: {"class": "general", "direction": way, "per_day": 1} for way in DIRECTIONS},
        paths={way: ["bridge"] for way in DIRECTIONS},
    )


def crossing(plan: Plan, *comes: tuple[str, float]) -> Any:
    return trucks(plan, *[(way, at, [("bridge", 10.0)]) for way, at in comes])


@both
def test_lanes_turn_when_enough_wait(engine: Engine) -> None:
    # One lane, 10 min; it turns at two waiting, in 5 min. North 0: 0-10. South 1 and 2 come at 1 and 2: two wait,
    # nobody else does. The lane finishes truck 0, turns 10-15, serves truck 1, 15-25. North 3 came at 3: one waits.
    # North 4 at 20 makes two, against one (truck 2): the lane finishes truck 1, turns 25-30, serves 3 and 4, 30-50.
    # Truck 2 alone is not enough; with 5, which comes at 41, they are two: turn 50-55, then 2 and 5.
    plan = bridge(1, at=2, takes="5 min")
    draws = crossing(plan, ("north", 0), ("south", 1), ("south", 2), ("north", 3), ("north", 20), ("south", 41))
    assert minutes(plan, draws, engine) == [
        (0, 0, 10), (1, 15, 25), (2, 55, 65), (3, 30, 40), (20, 40, 50), (41, 65, 75),
    ]  # fmt: skip


@both
def test_lanes_turn_at_once_if_they_are_empty(engine: Engine) -> None:
    # Two lanes that turn at one waiting, in 5 min. Nobody came before truck 0 at 7, southbound: they turn 7-12.
    # North 1 comes at 13: one waits northbound, none southbound, so they turn when truck 0 has ended: 22-27.
    plan = bridge(2, at=1, takes="5 min")
    assert minutes(plan, crossing(plan, ("south", 7), ("north", 13)), engine) == [(7, 12, 22), (13, 27, 37)]


@both
def test_lanes_stay_while_as_many_wait_for_them(engine: Engine) -> None:
    # One lane that turns at one waiting, in no time. Trucks 1 (north) and 2 (south) wait at 2: one each, so truck 1
    # starts at 10. Now one waits southbound and none northbound: the lane turns at 20, and truck 2 starts.
    plan = bridge(1, at=1, takes="0 s")
    draws = crossing(plan, ("north", 0), ("north", 1), ("south", 2))
    assert minutes(plan, draws, engine) == [(0, 0, 10), (1, 10, 20), (2, 20, 30)]


@both
def test_lanes_turn_while_closed(engine: Engine) -> None:
    # The bridge is closed from 0:30 to 1:00. South 0 comes at 40: the lane turns to it while closed, and opens to it.
    # North 1 at 50 has to wait until 0 has ended.
    plan = bridge(1, at=1, takes="5 min", hours=["00:00-00:30", "01:00-24:00"])
    assert minutes(plan, crossing(plan, ("south", 40), ("north", 61)), engine) == [(40, 60, 70), (61, 75, 85)]


def convoy(lanes: Any, size: int, after: str, **stage: Any) -> Plan:
    return plan_of({"ferry": {"lanes": lanes, "batch": {"size": size, "after": after}, **stage}}, ["ferry"])


def boarding(plan: Plan, *comes: tuple[str, float]) -> Any:
    return trucks(plan, *[(name, at, [("ferry", 10.0)]) for name, at in comes])


@both
def test_a_batch_starts_when_it_is_complete_or_its_time_is_over(engine: Engine) -> None:
    # Three start together, or fewer after 30 min. Trucks 0, 1, 2 at 0, 5, 10: complete at 10. Truck 3 at 12 gathers
    # anew, with 4 at 20: their time is over at 42. Truck 5 comes at 42, after that, and waits for a batch of its own:
    # 72.
    plan = convoy("unlimited", 3, "30 min")
    draws = boarding(plan, *[("general", at) for at in (0, 5, 10, 12, 20, 42)])
    assert minutes(plan, draws, engine) == [
        (0, 10, 20), (5, 10, 20), (10, 10, 20), (12, 42, 52), (20, 42, 52), (42, 72, 82),
    ]  # fmt: skip


@both
def test_a_batch_that_finds_too_few_lanes(engine: Engine) -> None:
    # Two lanes, batches of three. Complete at 2: trucks 0 and 1 start, 2 follows at 12, when a lane is free. Truck 3 at
    # 13 finds a free lane and waits for its batch, with durian 4 at 14, until its time is over at 43: durian goes
    # first, though both find a lane.
    plan = convoy(2, 3, "30 min")
    draws = boarding(plan, ("general", 0), ("general", 1), ("general", 2), ("general", 13), ("durian", 14))
    assert minutes(plan, draws, engine) == [(0, 2, 12), (1, 2, 12), (2, 12, 22), (13, 43, 53), (14, 43, 53)]


@both
def test_a_batch_waits_for_the_opening(engine: Engine) -> None:
    # The ferry opens at 60. Both of a batch of two have come by 20; they start at 60 with nobody to wait for.
    plan = convoy("unlimited", 2, "5 h", hours="01:00-24:00")
    draws = boarding(plan, ("general", 10), ("general", 20), ("general", 30))
    assert minutes(plan, draws, engine) == [(10, 60, 70), (20, 60, 70), (30, 330, 340)]


def impatient(*visits: tuple[float, float]) -> list[tuple[str, float, list[Visit]]]:
    """Return trucks that come and give up so long after: (arrival, patience)."""
    return [("general", at, [("ferry", 10.0, patience)]) for at, patience in visits]


@both
def test_who_gives_up_is_missing_in_the_batch(engine: Engine) -> None:
    # Batches of three, or after 60 min. Truck 1 gives up at 15, so truck 2 at 20 is the second and 3 at 40 the third.
    # Truck 4 at 50 gives up at 55, before its alarm at 60, which then finds nobody; truck 5 at 70 waits until 130.
    plan = convoy("unlimited", 3, "60 min", patience={"constant": 60})
    draws = trucks(plan, *impatient((0, 99), (5, 10), (20, 99), (40, 99), (50, 5), (70, 99)))
    assert minutes(plan, draws, engine) == [
        (0, 40, 50), (5, None, 15), (20, 40, 50), (40, 40, 50), (50, None, 55), (70, 130, 140),
    ]  # fmt: skip


@both
def test_who_gives_up_in_a_batch_called_leaves_no_place(engine: Engine) -> None:
    # One lane, batches of two or after 60 min. Trucks 0 and 1 are called at 1: 0 starts, 1 waits for the lane. Truck 2
    # comes at 3. Truck 1 gives up at 6: its place is lost, and 2 waits for its own batch: until 63.
    plan = convoy(1, 2, "60 min", patience={"constant": 60})
    draws = trucks(plan, *impatient((0, 99), (1, 5), (3, 99)))
    assert minutes(plan, draws, engine) == [(0, 1, 11), (1, None, 6), (3, 63, 73)]


@both
def test_who_goes_first_takes_a_place_in_the_batch_called(engine: Engine) -> None:
    # One lane, batches of two or after 60 min. Trucks 0 and 1 are called at 1: 0 starts, 1-11. Durian 2 comes at 3 and
    # is called at 11 in place of truck 1, which is left to gather in place of durian, and gives up at 20. Truck 3 comes
    # at 25 and waits for a batch of its own: until 85.
    plan = convoy(1, 2, "60 min", patience={"constant": 60})
    comes = [("general", 0, 99), ("general", 1, 19), ("durian", 3, 99), ("general", 25, 99)]
    draws = trucks(plan, *[(name, at, [("ferry", 10.0, patience)]) for name, at, patience in comes])
    assert minutes(plan, draws, engine) == [(0, 1, 11), (1, None, 20), (3, 11, 21), (25, 85, 95)]
