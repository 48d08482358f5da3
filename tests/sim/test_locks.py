"""Trucks that lock each other, worked on paper. Times are minutes after midnight."""

from __future__ import annotations

from typing import Any

import pytest

from sim import Plan, measure, simulate
from sim.draws.columns import Draws
from sim.engines.simulate import Engine
from sim.metrics.meter import Key
from sim.metrics.resources.deadlock import can_lock, circle
from tests.sim.hand import minutes, plan_of, trucks

LOCKED = Key("locked_trucks", "total")
both = pytest.mark.parametrize("engine", ["reference", "compiled"])


def there_and_back(*path: str, lanes: int = 1, spaces: int = 1) -> Plan:
    """Return a yard with a dock and an apron with a crane, a gate elsewhere, and a path between them."""
    stages: dict[str, Any] = {name: {"lanes": lanes} for name in ("dock", "crane", "gate")}
    areas = {name: {"spaces": spaces, "stages": [stage]} for name, stage in (("yard", "dock"), ("apron", "crane"))}
    return plan_of({name: stages[name] for name in dict.fromkeys(path)}, list(path), areas=areas)


WAY = [("dock", 10.0), ("crane", 10.0), ("dock", 10.0)]


@both
def test_two_full_areas_wait_for_each_other(engine: Engine) -> None:
    # Truck 0 leaves the yard for the apron at 10; truck 1, outside since 5, comes into the yard. Both end at 20, and
    # each wants the only space of the other's area, for ever. Truck 2 stays outside: it stands in no area.
    plan = there_and_back("dock", "crane", "dock")
    draws = trucks(plan, *[("general", at, WAY) for at in (0, 5, 30)])
    nothing = (None, None, None)
    assert minutes(plan, draws, engine) == [
        *[(0, 0, 10), (10, 10, None), nothing],
        *[(10, 10, None), nothing, nothing],
        *[nothing, nothing, nothing],
    ]
    assert measure(plan, simulate(plan, draws)).values[LOCKED] == 2


def test_who_is_served_at_the_end_is_not_locked() -> None:
    # The second truck comes when the first is back in the yard: nobody waits for ever. At midnight one is served.
    plan = there_and_back("dock", "crane", "dock")
    draws = trucks(plan, ("general", 0, WAY), ("general", 25, [("dock", 9999.0), *WAY[1:]]))
    assert measure(plan, simulate(plan, draws)).values[LOCKED] == 0


def test_who_stands_in_line_behind_locked_trucks_is_locked() -> None:
    # Two spaces, one lane. Trucks 0 and 1 reach the apron at 10 and 20, trucks 2 and 3 the yard. From 30 on truck 2 is
    # blocked in the lane of the yard, truck 3 in line behind it; truck 0 in the lane of the apron, truck 1 behind it.
    plan = there_and_back("dock", "crane", "dock", spaces=2)
    way = [("dock", 10.0), ("crane", 20.0), ("dock", 10.0)]
    draws = trucks(plan, *[("general", 0.0, way)] * 4)
    assert measure(plan, simulate(plan, draws)).values[LOCKED] == 4


@both
def test_who_is_kept_out_for_ever_is_locked(engine: Engine) -> None:
    # Durian goes from the yard to the apron, general trucks the other way; each area has one space and keeps both out,
    # but not parcels. When the lanes open at 60, each truck waits in its queue for the space that the other one holds.
    stages: dict[str, Any] = {name: {"lanes": 1, "hours": "01:00-24:00"} for name in ("dock", "crane", "ramp")}
    areas = {
        name: {"spaces": 1, "stages": stages_of, "keeps_out": ["durian", "general"]}
        for name, stages_of in (("yard", ["dock", "ramp"]), ("apron", ["crane"]))
    }
    path = [{"stage": "dock", "only": ["durian"]}, "crane", {"stage": "ramp", "only": ["general"]}]
    plan = plan_of(stages, path, areas=areas)
    draws = trucks(plan, ("durian", 0, [("dock", 9), ("crane", 9)]), ("general", 0, [("crane", 9), ("ramp", 9)]))
    assert minutes(plan, draws, engine) == [(0, None, None), (None,) * 3, (0, None, None), (None,) * 3]
    assert measure(plan, simulate(plan, draws)).values[LOCKED] == 2


def test_a_stage_in_between_gives_room_to_wait() -> None:
    assert not can_lock(there_and_back("dock", "crane"))
    assert can_lock(there_and_back("dock", "crane", "dock"))
    assert not can_lock(there_and_back("dock", "crane", "gate", "dock"))
    assert LOCKED not in measure_nothing(there_and_back("dock", "crane"))


def measure_nothing(plan: Plan) -> dict[Key, float]:
    return measure(plan, simulate(plan, trucks(plan))).values


def fleets(**units: int) -> Plan:
    """Return a gate whose trucks take a tractor and a trailer, general trucks in one order and durian in the other."""
    stages: dict[str, Any] = {
        "a": {"lanes": 1, "takes": {"tractor": 1}},
        "b": {"lanes": 1, "takes": {"trailer": 1}},
        "c": {"lanes": 1, "takes": {"trailer": 1}},
        "d": {"lanes": 1, "takes": {"tractor": 1}},
        "e": {"lanes": 1, "gives": {"tractor": 1, "trailer": 1}},
    }
    general, durian = (
        [{"stage": stage, "only": [name]} for stage in path] for name, path in (("general", "ab"), ("durian", "cd"))
    )
    pools = {
        name: {"side": "vn", "shifts": [{"hours": "24 h", "units": units.get(name, 1)}]}
        for name in ("tractor", "trailer")
    }
    return plan_of(stages, [*general, *durian, "e"], pools=pools)


def two_orders(plan: Plan) -> Draws:
    """Return a truck of each order at midnight, and one of each behind them."""
    general = [("a", 10.0), ("b", 10.0), ("e", 10.0)]
    durian = [("c", 10.0), ("d", 10.0), ("e", 10.0)]
    return trucks(
        plan, ("general", 0, general), ("durian", 0, durian), ("general", 30, general), ("durian", 30, durian)
    )


@both
def test_two_fleets_taken_in_two_orders_lock_the_trucks_that_hold_one_of_each(engine: Engine) -> None:
    # From 10 on one truck holds the tractor and waits for the trailer, the other the reverse. Who is behind holds none.
    plan = fleets()
    assert circle(plan) == [("pool", "tractor"), ("pool", "trailer")]
    log = simulate(plan, two_orders(plan), engine)
    assert measure(plan, log).values[LOCKED] == 2


def test_a_second_tractor_unlocks_them() -> None:
    plan = fleets(tractor=2)
    assert measure(plan, simulate(plan, two_orders(plan))).values[LOCKED] == 0


@both
def test_a_fleet_and_an_area_lock_a_truck_of_each(engine: Engine) -> None:
    # The general truck holds the tractor and waits, blocked, for the only space of the yard; the truck with durian
    # stands there, and waits for the tractor.
    plan = plan_of(
        {
            "a": {"lanes": 1, "takes": {"tractor": 1}},
            "b": {"lanes": 1, "gives": {"tractor": 1}},
            "scan": {"lanes": 1, "needs": {"tractor": 1}},
        },
        [
            {"stage": "a", "only": ["general"]},
            {"stage": "b", "only": ["general"]},
            {"stage": "scan", "only": ["durian"]},
        ],
        pools={"tractor": {"side": "vn", "shifts": [{"hours": "24 h", "units": 1}]}},
        areas={"yard": {"spaces": 1, "stages": ["b", "scan"]}},
    )
    draws = trucks(plan, ("general", 0, [("a", 10.0), ("b", 10.0)]), ("durian", 5, [("scan", 10.0)]))
    assert circle(plan) == [("area", "yard"), ("pool", "tractor")]
    assert measure(plan, simulate(plan, draws, engine)).values[LOCKED] == 2


def test_a_fleet_that_all_take_in_one_order_cannot_lock() -> None:
    stages = {"a": {"lanes": 1, "takes": {"tractor": 1}}, "b": {"lanes": 1}, "e": {"lanes": 1, "gives": {"tractor": 1}}}
    pools = {"tractor": {"side": "vn", "shifts": [{"hours": "24 h", "units": 1}]}}
    assert circle(plan_of(stages, ["a", "b", "e"], pools=pools)) == []
