"""Shelf life at the release, worked on paper."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim import Measures, Plan, draw, measure, simulate, stream
from sim.metrics.meter import Key
from tests.sim.hand import Visit, plan_of, trucks

NORTH = "northbound"
HOUR_D = 1 / 24


def plan(**general: Any) -> Plan:
    """Return a booth of one lane where loads age twice as fast, then a dock beyond the release."""
    return plan_of(
        {"booth": {"lanes": 1, "ageing": 2}, "road": {"lanes": "unlimited"}, "dock": {"lanes": 1, "ageing": 100}},
        ["booth", "road", {"mark": "released"}, "dock"],
        classes={"durian": {}, "general": {"shelf_life": "1 d", "load": 10, **general}},
    )


def value(found: Measures, metric: str, statistic: str = "mean", name: str | None = None) -> float:
    return found.values[Key(metric, statistic, NORTH, name)]


WAY = [("booth", 60.0), ("road.", 60.0), ("dock", 600.0)]


def test_what_a_load_loses() -> None:
    # Two general trucks come at 0. The first is at the booth for 1 h, the second for 2 h, waiting included: they age by
    # 2 and 4 h there, and by 1 h on the road: lost 3 and 5 h, left 21 and 19 h of 24. Durian does not perish.
    one = plan(least_life=20 * HOUR_D)
    draws = trucks(one, ("general", 0, WAY), ("general", 0, WAY), ("durian", 0, WAY))
    found = measure(one, simulate(one, draws))
    assert value(found, "shelf_life_lost_d") == pytest.approx(4 * HOUR_D)
    assert value(found, "shelf_life_d", name="general") == pytest.approx(20 * HOUR_D)
    assert value(found, "short_life_share", "share") == 0.5
    assert value(found, "tonne_days_lost_per_day") == pytest.approx(10 * 8 * HOUR_D)
    assert Key("shelf_life_d", "mean", NORTH, "durian") not in found.values


def test_a_spoilt_load_has_nothing_left() -> None:
    # 23 h old when it comes: the first has 24 - 23 - 3 h left, so nothing.
    one = plan(age={"constant": 23 * 3600})
    draws = trucks(one, ("general", 0, WAY))
    draws.age[:] = 23 * 3_600_000
    found = measure(one, simulate(one, draws))
    assert value(found, "shelf_life_d") == 0
    assert value(found, "short_life_share", "share") == 1
    assert value(found, "shelf_life_lost_d") == pytest.approx(3 * HOUR_D)


def test_who_waits_outside_ages_as_on_the_road() -> None:
    # The booth has one space: the second truck stands outside for 1 h, then 1 h at the booth and 1 h on the road: 4 h.
    areas = {"yard": {"spaces": 1, "stages": ["booth"]}}
    one = plan_of(
        {"booth": {"lanes": 1, "ageing": 2}, "road": {"lanes": "unlimited"}},
        ["booth", "road"],
        classes={"durian": {}, "general": {"shelf_life": "1 d"}},
        areas=areas,
    )
    draws = trucks(one, *[("general", 0.0, [("booth", 60.0), ("road.", 60.0)])] * 2)
    found = measure(one, simulate(one, draws))
    assert value(found, "shelf_life_lost_d") == pytest.approx((3 + 4) / 2 * HOUR_D)
    assert Key("tonne_days_lost_per_day", "mean", NORTH) not in found.values  # the load is not known


def test_what_loads_lose_in_money() -> None:
    # Loads of USD 1,000 that lose a tenth of it with each day of shelf life, and bring a quarter if they turn back.
    # The first two lose 3 and 5 h, as above: 1000 x 0.1 x 8 / 24. The third finds two at the booth, waits 2 h in line
    # for the first, and gives up: 750. Durian has no value here.
    one = plan_of(
        {"booth": {"lanes": 1, "ageing": 2, "patience_for": {"general": {"constant": "2 h"}}}, "road": {"lanes": 1}},
        ["booth", "road"],
        classes={
            "durian": {},
            "general": {
                "shelf_life": "1 d",
                "value_usd": 1000,
                "value_turned_back": "25 %",
                "value_lost_per_day": "10 %",
            },
        },
    )
    way: list[Visit] = [("booth", 60.0, 120.0), ("road.", 60.0)]
    slow: list[Visit] = [("booth", 120.0, 90.0), ("road.", 60.0)]
    draws = trucks(one, ("general", 0, way), ("general", 0, way), ("general", 0, slow), ("durian", 0, way))
    found = measure(one, simulate(one, draws))
    lost = value(found, "value_lost_usd_per_day")
    assert lost == pytest.approx(1000 * 0.1 * (3 + 5) * HOUR_D + 750)
    assert value(found, "value_lost_usd_per_day", name="general") == lost
    assert Key("value_lost_usd_per_day", "mean", NORTH, "durian") not in found.values


def test_ages_are_drawn_truck_by_truck() -> None:
    flows = {name: {"class": name, "direction": NORTH, "per_day": 50} for name in ("durian", "general")}
    classes = {"durian": {}, "general": {"shelf_life": "9 d", "age": {"uniform": {"low": "1 d", "high": "3 d"}}}}
    one = plan_of({"booth": {"lanes": 9, "service": {"constant": 60}}}, ["booth"], 3, flows=flows, classes=classes)
    draws = draw(one)
    general = draws.flow == 1
    assert not draws.age[~general].any()
    assert (draws.age[general] >= 86_400_000).all()
    assert (draws.age[general] <= 3 * 86_400_000).all()
    assert len(np.unique(draws.age[general])) == general.sum()
    found, streamed = measure(one, simulate(one, draws)), stream(one, block_days=1)
    assert value(found, "shelf_life_d") == value(streamed, "shelf_life_d") == pytest.approx(7, abs=0.3)
