"""Lanes that fail and hand their trucks over, worked on paper and run by both engines. Times are minutes."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from gates.schema.distributions import Constant
from sim import draw, measure, simulate
from sim.draws.breakdowns import draw_failures, draw_hand_over
from sim.draws.columns import FOR_EVER, Draws
from sim.engines.log import NEVER
from sim.engines.simulate import Engine
from sim.metrics.meter import Key
from sim.plan.distributions import sampler
from sim.plan.failures import Failing
from tests.sim.hand import MINUTE, minutes, plan_of, trucks

both = pytest.mark.parametrize("engine", ["reference", "compiled"])


def fault(in_hand: str = "hands-over", **more: Any) -> dict[str, Any]:
    """Return the outages of a gate: one, of the desk, which the test places itself."""
    return {
        "fault": {"every": {"constant": 1e6}, "lasts": {"constant": 1}, "stages": ["desk"], "in_hand": in_hand, **more}
    }


@pytest.mark.parametrize(
    ("in_hand", "last"),
    [("hands-over", [(10, 50, 80), (12, 60, 65)]), ("finishes", [(10, 10, 40), (12, 50, 55)])],
)
@both
def test_a_lane_that_fails_hands_its_truck_over(engine: Engine, in_hand: str, last: list[Any]) -> None:
    # Three lanes, busy from 10 on; truck 3 is in line from 12. One lane fails at 20: truck 2, which started last,
    # stands in line again, before truck 3. It starts anew when the lane is back at 50; truck 3 when truck 0 is done.
    # If services finish, truck 2 goes on to 40; two lanes are busy then, so truck 3 waits for the lane until 50.
    plan = plan_of({"desk": {"lanes": 3}}, ["desk"], outages=fault(in_hand, units=1))
    visits = [("general", at, [("desk", time)]) for at, time in ((0, 60.0), (5, 60.0), (10, 30.0), (12, 5.0))]
    draws = trucks(plan, *visits, outages=[("fault", 20, 50)])
    assert minutes(plan, draws, engine) == [(0, 0, 60), (5, 5, 65), *last]


@both
def test_another_lane_takes_it_at_once(engine: Engine) -> None:
    # Group a fails at 20 with truck 0; group b has been free since 11 and takes it, with the full hour.
    groups = [{"name": "a", "lanes": 1}, {"name": "b", "lanes": 1}]
    plan = plan_of({"desk": {"lanes": groups}}, ["desk"], outages=fault(groups=["a"]))
    draws = trucks(plan, ("general", 0, [("desk", 60)]), ("general", 1, [("desk", 10)]), outages=[("fault", 20, 400)])
    assert minutes(plan, draws, engine) == [(0, 20, 80), (1, 1, 11)]


@both
def test_free_lanes_fail_first_and_each_on_its_own(engine: Engine) -> None:
    # Of three lanes two are busy. The first fault, at 10, takes the free one, and nobody notices; the second one, at
    # 20, hits truck 1, of two that started together the one with the greater number. It starts anew at 40.
    plan = plan_of({"desk": {"lanes": 3}}, ["desk"], outages=fault(each=True))
    assert [source.hands_over for source in plan.outages] == [(0,)] * 3
    draws = trucks(
        plan,
        *[("general", 0, [("desk", 60.0)])] * 2,
        outages=[(plan.outages[0].name, 10, 40), (plan.outages[2].name, 20, 50)],
    )
    assert minutes(plan, draws, engine) == [(0, 0, 60), (0, 40, 100)]


@both
def test_lanes_that_serve_after_their_hours_fail_too(engine: Engine) -> None:
    # The desk closes at 60 and finishes whom it has. At 65 one of its two lanes fails: truck 1 stands in line again,
    # until the desk opens at 480. Truck 0 goes on.
    desk = {"lanes": 2, "hours": ["00:00-01:00", "08:00-24:00"]}
    plan = plan_of({"desk": desk}, ["desk"], outages=fault(units=1))
    draws = trucks(plan, ("general", 0, [("desk", 90)]), ("general", 0, [("desk", 70)]), outages=[("fault", 65, 80)])
    assert minutes(plan, draws, engine) == [(0, 0, 90), (0, 480, 550)]


@both
def test_who_is_blocked_keeps_its_lane(engine: Engine) -> None:
    # The bay has one space, which truck 0 holds 5-105. Truck 1 is served 0-10 and blocks its lane until 105. All lanes
    # fail at 20: truck 2 stands in line again and starts anew at 50; truck 1 stays where it is.
    stages = {"desk": {"lanes": 3}, "bay": {"lanes": 1}}
    plan = plan_of(stages, ["desk", "bay"], areas={"zone": {"spaces": 1, "stages": ["bay"]}}, outages=fault())
    draws = trucks(
        plan,
        *[("general", 0, [("desk", time), ("bay", 100.0)]) for time in (5.0, 10.0, 30.0)],
        outages=[("fault", 20, 50)],
    )
    found = minutes(plan, draws, engine)
    assert found[::2] == [(0, 0, 5), (0, 0, 105), (0, 50, 205)]
    assert found[1::2] == [(5, 5, 105), (105, 105, 205), (205, 205, 305)]


@both
def test_the_officer_goes_with_the_lane(engine: Engine) -> None:
    # The officer of the desk serves truck 1 at the scan while the desk is down, 20-70. Truck 0 has been back in line
    # since 20; the lane is back at 50, but the officer is not: it starts at 70. With a patience of 45 min it has left.
    officers = {"side": "vn", "shifts": [{"hours": "24 h", "units": 1}]}
    needs = {"lanes": 1, "needs": {"officers": 1}}
    stages = {"desk": {**needs, "patience": {"constant": "1 h"}}, "scan": needs}
    path = [{"stage": "desk", "share": 0.5}, {"stage": "scan", "share": 0.5}]
    plan = plan_of(stages, path, pools={"officers": officers}, outages=fault())
    for patience, first in ((900.0, (0, 70, 100)), (45.0, (0, None, 45))):
        draws = trucks(
            plan,
            ("general", 0, [("desk", 30.0, patience)]),
            ("general", 10, [("scan", 50.0)]),
            outages=[("fault", 20, 50)],
        )
        assert minutes(plan, draws, engine) == [first, (10, 20, 70)]


@both
def test_one_lane_alone_starts_again(engine: Engine) -> None:
    # There is no other lane, and no truck goes before the one in service: handing over is starting again. Only the
    # start of the service is told otherwise: the last one.
    flows = {"general": {"class": "general", "direction": "northbound", "per_day": 40}}
    often = {"every": {"exponential": {"mean": "2 h"}}, "lasts": {"exponential": {"mean": "20 min"}}}
    stages = {"desk": {"lanes": 1, "service": {"exponential": {"mean": "15 min"}}}}
    logs = []
    for in_hand in ("hands-over", "restarts"):
        plan = plan_of(stages, ["desk"], days=4, flows=flows, outages=fault(in_hand, **often))
        logs.append(simulate(plan, draw(plan), engine))
    assert (logs[0].left == logs[1].left).all()
    assert (logs[0].started >= logs[1].started).all()
    assert (logs[0].started > logs[1].started).sum() > 5


@both
def test_one_lane_that_breaks_down_alone_starts_again(engine: Engine) -> None:
    # There is no other lane: a service of 15 min on average that is handed over starts again after the repair, and the
    # failures are the same ones. Only the start of the service is told otherwise: that after the first failure.
    flows = {"general": {"class": "general", "direction": "northbound", "per_day": 40}}
    clock = {"name": "jam", "running": 1200, "repair": {"exponential": {"mean": "20 min"}}}
    stage = {"lanes": 1, "service": {"exponential": {"mean": "15 min"}}}
    logs = []
    for then in ("hands-over", "restarts"):
        plan = plan_of({"desk": {**stage, "breakdowns": [{**clock, "then": then}]}}, ["desk"], days=4, flows=flows)
        logs.append(simulate(plan, draw(plan), engine))
    assert (logs[0].left == logs[1].left).all()
    later = logs[0].started > logs[1].started
    assert np.array_equal(later, (logs[0].failed >= 0) & (logs[0].started >= 0))
    assert later.sum() > 20


def jam(then: str = "hands-over") -> dict[str, Any]:
    """Return a stage whose two lanes break down in use; the test says when."""
    return {"lanes": 2, "breakdowns": [{"name": "jam", "uses": 100, "repair": {"constant": 1}, "then": then}]}


def failing(draws: Draws, **visits: tuple[float, float]) -> Draws:
    """Let lanes fail so many minutes after the start of visits `v0`, `v1`, and be under repair for so many."""
    for name, (after, takes) in visits.items():
        draws.fails_after[int(name[1:])], draws.fails_for[int(name[1:])] = round(after * MINUTE), round(takes * MINUTE)
    return draws


@both
def test_a_lane_that_breaks_down_hands_its_truck_over(engine: Engine) -> None:
    # Two lanes. Truck 0 starts at 0, and its lane fails at 20 for 40 min; truck 1 is served 0-30, truck 2 waits from
    # 5. Truck 0 goes back to its place, before truck 2, and starts anew at 30 when truck 1 leaves: 30-90, and this
    # lane does not fail. Truck 2 starts at 60, when the failed lane is repaired: 60-65.
    plan = plan_of({"desk": jam()}, ["desk"])
    visits = [("general", at, [("desk", time)]) for at, time in ((0, 60.0), (0, 30.0), (5, 5.0))]
    draws = failing(trucks(plan, *visits), v0=(20, 40))
    assert minutes(plan, draws, engine) == [(0, 30, 90), (0, 0, 30), (5, 60, 65)]
    log = simulate(plan, draws, engine)
    assert log.failed.tolist() == [20 * MINUTE, NEVER, NEVER]
    # 40 min of repair, of two lanes that are open for 24 h
    assert measure(plan, log).values[Key("repair_share", "share", stage="desk")] == pytest.approx(40 / (2 * 1440))


@both
def test_a_free_lane_takes_it_at_once(engine: Engine) -> None:
    # The other lane is free: truck 0 starts there at 20, before truck 1, which joins at 25 and waits for the repair.
    plan = plan_of({"desk": jam()}, ["desk"])
    draws = trucks(plan, ("general", 0, [("desk", 60.0)]), ("general", 25, [("desk", 5.0)]))
    assert minutes(plan, failing(draws, v0=(20, 40)), engine) == [(0, 20, 80), (25, 60, 65)]


@both
def test_a_repair_goes_on_after_closing(engine: Engine) -> None:
    # The desk closes at 60 and hands back. Lane 0 fails at 50, for 2 h: nobody is in it at the closing. Truck 1, in
    # service since 45, is handed back at 60. Trucks 0 and 1 stand in line until the opening at 120: one lane only
    # is there. Truck 0 joined first and starts at 120; the other lane is back at 170: truck 1.
    desk = {**jam(), "hours": ["00:00-01:00", "02:00-24:00"], "at_closing": "hands-back"}
    plan = plan_of({"desk": desk}, ["desk"])
    draws = trucks(plan, ("general", 0, [("desk", 60.0)]), ("general", 45, [("desk", 30.0)]))
    assert minutes(plan, failing(draws, v0=(50, 120)), engine) == [(0, 120, 180), (45, 170, 200)]


@both
def test_its_officer_is_free_at_once(engine: Engine) -> None:
    # Two officers and three lanes. Truck 0 holds one at the desk, truck 1 the other at the scan, 1-41; truck 2 waits at
    # the desk from 2. The lane of truck 0 fails at 10: its officer goes with it to the other lane, 10-30, as it joined
    # before truck 2, which starts at 30.
    officers = {"side": "vn", "shifts": [{"hours": "24 h", "units": 2}]}
    stages = {"desk": {**jam(), "needs": {"officers": 1}}, "scan": {"lanes": 1, "needs": {"officers": 1}}}
    path = [{"stage": "desk", "share": 0.5}, {"stage": "scan", "share": 0.5}]
    plan = plan_of(stages, path, pools={"officers": officers})
    visits = [("general", at, [(place, time)]) for at, place, time in ((0, "desk", 20.0), (1, "scan", 40.0))]
    draws = trucks(plan, *visits, ("general", 2, [("desk", 5.0)]))
    assert minutes(plan, failing(draws, v0=(10, 60)), engine) == [(0, 10, 30), (1, 1, 41), (2, 30, 35)]


@both
def test_a_lane_under_repair_is_not_a_truck(engine: Engine) -> None:
    # Trucks take the shorter queue. The only lane on the left fails at 10 until 90, with truck 0, which waits there. On
    # the right truck 1 is served 1-101. Truck 2 comes at 30, finds one truck on each side, and takes the first, left.
    # It would go right if the lane under repair counted as a truck.
    one = {**jam(), "lanes": 1}
    fork = {"choose": "way", "rule": "shortest-queue", "then": {"left": ["left"], "right": ["right"]}}
    plan = plan_of({"left": one, "right": {"lanes": 1}}, [fork])
    visits = [("general", at, [("left", 20.0), ("right", 100.0)]) for at in (0, 1, 30)]
    rows = minutes(plan, failing(trucks(plan, *visits), v0=(10, 80)), engine)
    never = (None, None, None)
    assert rows == [(0, 90, 110), never, never, (1, 1, 101), (30, 110, 130), never]


def test_what_fails_is_told_apart_and_adds_up() -> None:
    # The same uniform numbers as of services that start again: first failure and the others add to the same sums.
    restarts = Failing("jam", sampler(Constant(constant=60)), per_use=0.6, restarts=True)
    repair, lost = draw_failures(restarts, np.full(500, 10 * MINUTE), "x", 0, np.ones(500, np.bool_))
    found = draw_hand_over(
        dataclasses.replace(restarts, hands_over=True), np.full(500, 10 * MINUTE), "x", 0, np.ones(500, np.bool_)
    )
    after, takes, more_repair, more_lost = found
    fails = after < FOR_EVER
    assert np.array_equal(takes + more_repair, repair)
    assert np.array_equal(np.where(fails, after, 0) + more_lost, lost)
    assert 0 < (more_repair > 0).sum() < fails.sum() < 500
    assert (after[fails] <= 10 * MINUTE).all()
