"""Hours of trucks by what they do, worked on paper."""

from __future__ import annotations

from typing import Any

import pytest

from gates.schema.borders.names import of_gate
from sim import Measures, Plan, draw, measure, simulate, stream
from sim.metrics.meter import Key
from sim.plan.borders.compose import composed
from tests.prices import ENERGY, MONEY, levels
from tests.sim.hand import plan_of, trucks

WAY = [("booth", 60.0), ("road.", 30.0), ("buyer", 90.0), ("dock!", 10.0)]


def plan(**more: Any) -> Plan:
    """Return a booth of one lane that opens at 1:00, a road of 3 km, a hold, and a dock for empty trucks."""
    return plan_of(
        {
            "booth": {"lanes": 1, "hours": "01:00-24:00", "needs": {"tractors": 1}},
            "road": {"lanes": "unlimited", "drive": "3 km"},
            "buyer": {"lanes": "unlimited", "hold": True},
            "dock": {"lanes": 1},
        },
        ["booth", "road", {"mark": "released"}, "buyer", {"mark": "empty"}, "dock"],
        pools={"tractors": {"side": "vn", "shifts": [{"hours": "24 h", "units": 5}]}},
        **({"money": MONEY} | more),
    )


def hours(found: Measures, name: str | None = None) -> dict[str, float]:
    states = ("queue", "closed", "blocked", "served", "road", "held", "loaded")
    return {s: found.values[Key(f"{s}_truck_hours_per_day", "mean", "northbound", name)] for s in states}


def test_hours_by_state() -> None:
    # Two general trucks come at 0:00. Both wait closed until 1:00; the second waits 1 h more in the open queue.
    # Each: booth 1 h, road 0.5 h, hold 1.5 h, dock 1/6 h, empty. The second finds the dock free.
    one = plan()
    found = measure(one, simulate(one, trucks(one, ("general", 0, WAY), ("general", 0, WAY))))
    expected = {
        "queue": 1,
        "closed": 2,
        "blocked": 0,
        "served": 2 + 2 / 6,
        "road": 1,
        "held": 3,
        "loaded": 1 + 2 + 2 + 1,
    }
    assert hours(found, "general") == pytest.approx(expected)
    assert hours(found) == pytest.approx(expected)
    assert hours(found, "durian") == dict.fromkeys(expected, 0)
    assert found.values[Key("driven_km_per_day", "mean", "northbound", None)] == 6


def test_trips_of_a_fleet() -> None:
    # The booth uses one tractor a truck; the third truck comes too late to start on this day.
    energy = {**ENERGY, "fleets": {"tractors": {"trip": "2 km", "kwh_per_km": levels(1.5)}}}
    one = plan(money=None, energy=energy)
    late = ("general", 23.5 * 60.0, WAY)
    found = measure(one, simulate(one, trucks(one, ("general", 0, WAY), late, late)))
    assert found.values[Key("fleet_trips_per_day", "mean", stage="tractors")] == 2
    # Of the two late ones, the first is at the booth for the last half hour and the second waits.
    assert hours(found)["served"] == pytest.approx(1 + 1 / 6 + 0.5)
    assert hours(found)["queue"] == pytest.approx(0.5)


def test_who_waits_outside_is_blocked_and_so_is_who_cannot_leave() -> None:
    # One space around the booth: the second truck stands outside for 2 h, of which the first waits 1 h for the opening.
    # The road holds one truck, for 0.5 h; nobody is stuck in the booth.
    one = plan(areas={"yard": {"spaces": 1, "stages": ["booth"]}})
    found = measure(one, simulate(one, trucks(one, ("general", 0, WAY), ("general", 0, WAY))))
    assert hours(found)["blocked"] == pytest.approx(2)
    assert hours(found)["closed"] == pytest.approx(1)
    assert hours(found)["queue"] == 0


def test_who_never_gets_in_is_blocked_to_the_end() -> None:
    one = plan(areas={"yard": {"spaces": 1, "stages": ["booth"]}})
    long = [("booth", 30 * 60.0), *WAY[1:]]
    found = measure(one, simulate(one, trucks(one, ("general", 0, long), ("general", 60, WAY))))
    assert hours(found)["blocked"] == pytest.approx(23)


def test_who_gives_up_outside_is_counted_until_then() -> None:
    one = plan(
        areas={"yard": {"spaces": 1, "stages": ["booth"]}},
        classes={"durian": {}, "general": {"patience": {"constant": "3 h"}}},
    )
    long = [("booth", 30 * 60.0), *WAY[1:]]
    draws = trucks(one, ("general", 0, long), ("general", 60, WAY), gives_up=(None, 240))
    found = measure(one, simulate(one, draws))
    assert hours(found)["blocked"] == pytest.approx(3)


def test_a_gate_without_prices_has_no_such_numbers() -> None:
    one = plan(money=None)
    found = measure(one, simulate(one, trucks(one, ("general", 0, WAY))))
    assert not [
        key for key in found.values if "truck_hours" in key.metric or key.metric.startswith(("driven", "fleet"))
    ]


def test_blocks_add_up_to_the_whole() -> None:
    one = plan(days=4, energy=ENERGY)
    flows = one.streams
    assert flows
    log = simulate(one, draw(one, 1, 0))
    whole, folded = measure(one, log), stream(one, 1, 0)
    names = [key for key in whole.values if "truck_hours" in key.metric]
    assert names
    assert {key: folded.values[key] for key in names} == {key: whole.values[key] for key in names}


def test_gates_of_a_border_keep_their_stages_and_fleets() -> None:
    energy = {**ENERGY, "fleets": {"tractors": {"trip": "2 km", "kwh_per_km": levels(1.5)}}}
    kept = composed({"a": plan(energy=energy), "b": plan(energy=energy)}).hour_keeping
    assert kept is not None
    assert kept.hold.tolist() == [False, False, True, False] * 2
    assert kept.drive_m.tolist() == [0, 3000, 0, 0] * 2
    assert kept.fleets == tuple(of_gate(name, "tractors") for name in "ab")
    assert kept.fleet_units.tolist() == [[1, 0], *[[0, 0]] * 3, [0, 1], *[[0, 0]] * 3]
    assert composed({"a": plan(), "b": plan(money=None)}).hour_keeping is None


def test_value_lost_by_a_curve() -> None:
    # Worth USD 1,000; loses nothing in the first day, then 40 % on the second, and no more. It waits 1 h for
    # the opening, is 1 h at the booth and 0.5 h on the road, where it ages 12 times as fast: by 2 + 6 = 8 h in all.
    # From 12 h to 20 h nothing is lost; one that comes 20 h old is 28 h old at its release, 4 h beyond the first day:
    # 1000 x 0.4 x 4 / 24.
    curve = [{"age": "1 d", "lost": 0}, {"age": "2 d", "lost": "40 %"}]
    worth = {"value_usd": 1000, "shelf_life": "9 d", "value_lost_by_age": curve, "age": {"constant": "1 h"}}
    one = plan_of(
        {"booth": {"lanes": 9, "hours": "01:00-24:00"}, "road": {"lanes": "unlimited", "ageing": 12}},
        ["booth", "road"],
        classes={"durian": {}, "general": worth},
    )
    way = [("booth", 60.0), ("road.", 30.0)]
    draws = trucks(one, ("general", 0, way), ("general", 0, way))
    draws.age[:] = [12 * 3_600_000, 20 * 3_600_000]
    found = measure(one, simulate(one, draws))
    assert found.values[Key("value_lost_usd_per_day", "mean", "northbound")] == pytest.approx(1000 * 0.4 * 4 / 24)
