"""Lanes that fail and hand their trucks over, worked on paper and run by both engines. Times are minutes."""

from __future__ import annotations

from typing import Any

import pytest

from sim import draw, simulate
from sim.engines.simulate import Engine
from tests.sim.hand import minutes, plan_of, trucks

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
