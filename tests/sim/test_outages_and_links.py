"""Outages, links and work clocks, worked on paper and run by both engines. Times are minutes after midnight."""

from __future__ import annotations

from typing import Any

import pytest

from sim import measure, simulate
from sim.engines.simulate import Engine
from sim.metrics.meter import Key
from sim.plan.plan import Plan
from tests.sim.hand import minutes, plan_of, trucks

both = pytest.mark.parametrize("engine", ["reference", "compiled"])
SOME_TIME = {"every": {"constant": "1 h"}, "lasts": {"constant": "1 h"}}  # when they come is up to each example


def failing(stages: dict[str, Any], **outages: dict[str, Any]) -> Plan:
    """Return a gate with these stages one after the other, a pool of two officers, a link, and what fails."""
    return plan_of(
        stages,
        list(stages),
        pools={"officer": {"side": "vn", "shifts": [{"hours": "24 h", "units": 2}]}},
        links={"radio": {"uplink": 40, "shared_uplink": 10, "round_trip": "500 ms"}},
        outages={name: {**SOME_TIME, **outage} for name, outage in outages.items()},
    )


BOOTH = {"stages": ["booth"]}


@pytest.mark.parametrize(
    ("in_hand", "rows"),
    [
        # One lane, 10 min; it is down from 5 to 25. Truck 0 is in service, truck 1 comes at 1.
        ("finishes", [(0, 0, 10), (1, 25, 35)]),
        ("resumes", [(0, 0, 30), (1, 30, 40)]),  # 5 min are left at 25
        ("restarts", [(0, 0, 35), (1, 35, 45)]),  # all 10 min are
    ],
)
@both
def test_the_service_in_hand(engine: Engine, in_hand: str, rows: list[Any]) -> None:
    plan = failing({"booth": {"lanes": 1}}, storm={**BOOTH, "in_hand": in_hand})
    draws = trucks(plan, *[("general", n, [("booth", 10.0)]) for n in (0, 1)], outages=[("storm", 5, 25)])
    assert minutes(plan, draws, engine) == rows


@both
def test_an_outage_at_the_border_of_a_service(engine: Engine) -> None:
    # Truck 0 ends at 10, the tick in which the outage begins: nothing is left to do. The lane is down when truck 1
    # would be called: timetable before trucks. Truck 1 starts at 25, when it is back.
    plan = failing({"booth": {"lanes": 1}}, storm={**BOOTH, "in_hand": "restarts"})
    draws = trucks(plan, *[("general", n, [("booth", 10.0)]) for n in (0, 1)], outages=[("storm", 10, 25)])
    assert minutes(plan, draws, engine) == [(0, 0, 10), (1, 25, 35)]


@both
def test_a_lane_of_several_fails(engine: Engine) -> None:
    # Two lanes, one down from 5 to 25. Both trucks in service finish at 10; then one lane serves: 2 from 10, 3 from 20,
    # and 4 from 25, when the second is back.
    plan = failing({"booth": {"lanes": 2}}, jam={**BOOTH, "units": 1})
    draws = trucks(plan, *[("general", n, [("booth", 10.0)]) for n in (0, 0, 1, 2, 3)], outages=[("jam", 5, 25)])
    assert minutes(plan, draws, engine) == [(0, 0, 10), (0, 0, 10), (1, 10, 20), (2, 20, 30), (3, 25, 35)]


def test_officers_who_are_called_away_are_not_on_duty() -> None:
    # Two officers, one called away from 0:00 to 12:00; the other looks at a truck for 6 h: 6 of 36 hours on duty.
    plan = failing({"booth": {"lanes": 1, "needs": {"officer": 1}}}, call={"pools": ["officer"], "units": 1})
    draws = trucks(plan, ("general", 0, [("booth", 360.0)]), outages=[("call", 0, 720)])
    found = measure(plan, simulate(plan, draws)).values
    assert found[Key("pool_utilisation", "share", stage="officer")] == pytest.approx(6 / 36)


@both
def test_each_lane_fails_on_its_own(engine: Engine) -> None:
    # One lane is down from 5 to 30, the other from 8 to 20. Trucks 0 and 1 finish at 10; nobody starts before 20.
    plan = failing({"booth": {"lanes": 2}}, jam={**BOOTH, "pools": ["officer"], "links": ["radio"], "each": True})
    assert [source.name for source in plan.outages] == [
        "jam/booth/all/0", "jam/booth/all/1", "jam/officer/0", "jam/officer/1", "jam/radio",
    ]  # fmt: skip
    down = [("jam/booth/all/1", 5.0, 30.0), ("jam/booth/all/0", 8.0, 20.0)]
    draws = trucks(plan, *[("general", n, [("booth", 10.0)]) for n in (0, 0, 1, 2)], outages=down)
    assert minutes(plan, draws, engine) == [(0, 0, 10), (0, 0, 10), (1, 20, 30), (2, 30, 40)]


@both
def test_two_causes_at_once(engine: Engine) -> None:
    # Storm from 5 to 25 (the service resumes), power cut from 20 to 40 (it starts again). Truck 0 works 0-5, stands
    # still, loses its work at 20 and is served 40-50. The lane is closed from 60 to 120, and down from 50 to 130.
    plan = failing(
        {"booth": {"lanes": 1, "hours": ["00:00-01:00", "02:00-24:00"]}},
        storm={**BOOTH, "in_hand": "resumes"},
        power={**BOOTH, "in_hand": "restarts"},
    )
    down = [("storm", 5.0, 25.0), ("power", 20.0, 40.0), ("storm", 50.0, 130.0)]
    draws = trucks(plan, *[("general", n, [("booth", 10.0)]) for n in (0, 1)], outages=down)
    assert minutes(plan, draws, engine) == [(0, 0, 50), (1, 130, 140)]


@both
def test_officers_are_called_away(engine: Engine) -> None:
    # Officers are away from 5 to 25. A service that needs one stands still; the one at the scan, which needs none, ends
    # at 15. From 25 both officers serve: trucks 0 to 30, 1 to 35.
    plan = failing(
        {"booth": {"lanes": 5, "needs": {"officer": 1}}, "scan": {"lanes": 1}},
        call={"pools": ["officer"], "in_hand": "resumes"},
    )
    draws = trucks(
        plan,
        ("general", 0, [("booth", 10)]),
        ("general", 5, [("scan", 10)]),
        ("general", 6, [("booth", 10)]),
        outages=[("call", 5, 25)],
    )
    assert minutes(plan, draws, engine) == [(0, 0, 30), (5, 5, 15), (6, 25, 35)]


@both
def test_one_cause_takes_several_things_down(engine: Engine) -> None:
    # Power is off from 5 to 25 at the booth and on the radio that the scan cannot do without.
    plan = failing(
        {"booth": {"lanes": 1}, "scan": {"lanes": 1, "sends": {"link": "radio"}}, "bay": {"lanes": 1}},
        power={**BOOTH, "links": ["radio"], "in_hand": "resumes"},
    )
    draws = trucks(
        plan,
        ("general", 0, [("booth", 10)]),
        ("general", 0, [("scan", 10)]),
        ("general", 0, [("bay", 10)]),
        outages=[("power", 5, 25)],
    )
    assert minutes(plan, draws, engine) == [(0, 0, 30), (0, 0, 30), (0, 0, 10)]


@both
def test_reversible_lanes_fail_both_ways(engine: Engine) -> None:
    # A lane of the bridge is down from 5 to 25, whichever way it faces.
    lanes = [
        {
            "name": "both",
            "lanes": 1,
            "directions": ["northbound", "southbound"],
            "reverses": {"at": 1, "takes": 0},
        }
    ]
    plan = failing({"bridge": {"lanes": lanes}}, jam={"stages": ["bridge"], "each": True})
    assert [source.resources for source in plan.outages] == [(0, 1)]
    draws = trucks(plan, *[("general", n, [("bridge", 10.0)]) for n in (0, 1)], outages=[("jam/bridge/both/0", 5, 25)])
    assert minutes(plan, draws, engine) == [(0, 0, 10), (1, 25, 35)]


# Links.


def sending(lanes: Any = "unlimited", **sends: Any) -> Plan:
    return failing({"desk": {"lanes": lanes, "sends": {"link": "radio", **sends}}}, fault={"links": ["radio"]})


def test_sending_takes_time() -> None:
    # 60 s, then 15 MB at the 10 Mbit/s that the cell has in all: 12 s; and two round trips of half a second.
    stage = {"lanes": 1, "service": {"constant": 60}, "sends": {"link": "radio", "data": 15, "round_trips": 2}}
    assert failing({"desk": stage}).network.lines["mean_service"].tolist() == [73_000] * 2  # of each class


@both
def test_video_fills_a_link(engine: Engine) -> None:
    # The cell carries 10 Mbit/s, each service occupies 4: two at once. Truck 2 starts when truck 0 ends.
    plan = sending(video=4)
    draws = trucks(plan, *[("general", n, [("desk", 10.0)]) for n in range(3)])
    assert minutes(plan, draws, engine) == [(0, 0, 10), (1, 1, 11), (2, 10, 20)]


@both
def test_no_service_starts_without_the_link(engine: Engine) -> None:
    # The radio fails from 5 to 25. Truck 0 is in service and ends; 1 comes at 6 and waits until 25.
    plan = sending()
    draws = trucks(plan, *[("general", n, [("desk", 10.0)]) for n in (0, 6)], outages=[("fault", 5, 25)])
    assert minutes(plan, draws, engine) == [(0, 0, 10), (6, 25, 35)]


@both
def test_work_by_hand_while_the_link_is_down(engine: Engine) -> None:
    # 10 min over the radio, 30 by hand; each service needs 6 of the 10 Mbit/s, so one at a time. The radio fails from 5
    # to 25. Truck 0: 0-10 over the radio. Truck 1 waits for room on it, and starts by hand at 5. Truck 2 comes at 6: by
    # hand at once. Truck 3 comes at 25: over the radio, 25-35; truck 4 waits for it. Trucks 1 and 2 end at 35 and 36
    # and give nothing back that they did not take.
    plan = sending(video=6, without={"constant": "30 min"})
    draws = trucks(
        plan,
        *[("general", at, [("desk", 10.0)]) for at in (0, 1, 6, 25, 26, 27)],
        by_hand=30,
        outages=[("fault", 5, 25)],
    )
    assert minutes(plan, draws, engine) == [
        (0, 0, 10), (1, 5, 35), (6, 6, 36), (25, 25, 35), (26, 35, 45), (27, 45, 55),
    ]  # fmt: skip
    assert simulate(plan, draws, engine).by_hand.tolist() == [False, True, True, False, False, False]


@both
def test_work_by_hand_still_needs_a_lane(engine: Engine) -> None:
    # One lane. Truck 0: 0-10. The radio fails from 5 to 25; truck 1 starts by hand when the lane is free, 10-40, and
    # stays by hand when the radio is back at 25. Truck 2 starts at 40, over the radio.
    plan = sending(lanes=1, without={"constant": "30 min"})
    draws = trucks(
        plan, *[("general", at, [("desk", 10.0)]) for at in (0, 1, 2)], by_hand=30, outages=[("fault", 5, 25)]
    )
    assert minutes(plan, draws, engine) == [(0, 0, 10), (1, 10, 40), (2, 40, 50)]
    assert simulate(plan, draws, engine).by_hand.tolist() == [False, True, False]


@both
def test_lanes_that_come_back_with_their_link_find_it_up(engine: Engine) -> None:
    # A storm takes lane and radio from 5 to 25. Truck 0 is in service and ends at 10; truck 1 comes at 6, waits, and
    # starts at 25 over the radio, 25-35. Truck 2 comes at 40, when all is well.
    desk = {"lanes": 1, "sends": {"link": "radio", "video": 6, "without": {"constant": "30 min"}}}
    plan = failing({"desk": desk}, fault={"stages": ["desk"], "links": ["radio"]})
    draws = trucks(
        plan, *[("general", at, [("desk", 10.0)]) for at in (0, 6, 40)], by_hand=30, outages=[("fault", 5, 25)]
    )
    assert minutes(plan, draws, engine) == [(0, 0, 10), (6, 25, 35), (40, 40, 50)]
    assert not simulate(plan, draws, engine).by_hand.any()


# Work clocks.


@both
def test_work_stands_still_while_closed(engine: Engine) -> None:
    # A laboratory works 8-12 and 13-17 h, with room for all. Truck 0 at 11:00, 3 h: one before noon, two after: 15:00.
    # Truck 1 at 16:00, 1 h: ends as it closes, 17:00. Truck 2 at 16:00, 2 h: one hour is left for the next morning.
    # Truck 3 comes at 18:00 and starts next morning at 8:00.
    plan = plan_of(
        {"lab": {"lanes": "unlimited", "hours": ["08:00-12:00", "13:00-17:00"], "pauses_when_closed": True}},
        ["lab"],
        days=2,
    )
    draws = trucks(
        plan,
        ("general", 660, [("lab", 180)]),
        ("general", 960, [("lab", 60)]),
        ("general", 960, [("lab", 120)]),
        ("general", 1080, [("lab", 60)]),
    )
    next_day = 1440 + 480
    assert minutes(plan, draws, engine) == [
        (660, 660, 900),
        (960, 960, 1020),
        (960, 960, next_day + 60),
        (1080, next_day, next_day + 60),
    ]


STORM = {"name": "storm", "first": "2025-07-01", "last": "2025-07-01", "service_times": 2}


@both
def test_a_storm_slows_services(engine: Engine) -> None:
    # Twice the time on the first day: 10 min take 20. Truck 1 starts at 23:50: 5 of its 10 min are done at midnight,
    # the other 5 take 5. The scan is not touched. Truck 3 comes when the storm is over.
    plan = plan_of(
        {"booth": {"lanes": 1}, "scan": {"lanes": 1}},
        ["booth", "scan"],
        days=2,
        calendar=[{**STORM, "stages": ["booth"]}],
    )
    draws = trucks(
        plan,
        ("general", 0, [("booth", 10)]),
        ("general", 1430, [("booth", 10)]),
        ("general", 1430, [("scan", 10)]),
        ("general", 1500, [("booth", 10)]),
    )
    assert minutes(plan, draws, engine) == [(0, 0, 20), (1430, 1430, 1445), (1430, 1430, 1440), (1500, 1500, 1510)]


@both
def test_slow_days_multiply_and_pauses_hold(engine: Engine) -> None:
    # Storm and flood make four times the time; the stage works from 0:00 to 0:30 and from 1:00. Truck 0, 10 min: 7.5
    # are done at 0:30, the other 2.5 take 10 from 1:00.
    plan = plan_of(
        {"booth": {"lanes": 1, "hours": ["00:00-00:30", "01:00-24:00"], "pauses_when_closed": True}},
        ["booth"],
        calendar=[STORM, {**STORM, "name": "flood", "sides": ["vn"]}],
    )
    assert minutes(plan, trucks(plan, ("general", 0, [("booth", 10)])), engine) == [(0, 0, 70)]
