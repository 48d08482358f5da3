"""Examples worked on paper, run by both engines. Times are minutes after midnight."""

from __future__ import annotations

from typing import Any

import pytest

from sim.draws.columns import Draws
from sim.engines.log import NEVER
from sim.engines.simulate import Engine, simulate
from sim.plan.plan import Plan
from tests.sim.hand import MINUTE, minutes, plan_of, trucks

both = pytest.mark.parametrize("engine", ["reference", "compiled"])


def groups(plan: Plan, draws: Draws, engine: Engine) -> list[str | None]:
    log = simulate(plan, draws, engine)
    return [None if g == NEVER else plan.groups.name[g] for g in log.group]


@both
def test_first_come_first_served(engine: Engine) -> None:
    # One booth, 10 minutes each. Trucks come at 0, 4, 5: they start at 0, 10, 20.
    plan = plan_of({"booth": {"lanes": 1}}, ["booth"])
    draws = trucks(
        plan,
        ("general", 0, [("booth", 10)]),
        ("general", 4, [("booth", 10)]),
        ("general", 5, [("booth", 10)]),
    )
    assert minutes(plan, draws, engine) == [(0, 0, 10), (4, 10, 20), (5, 20, 30)]


@both
def test_two_lanes_in_series_with_a_road(engine: Engine) -> None:
    # Two booths (10 min), then a road of 6 min without limit. Trucks at 0, 1, 2: the third waits for the first.
    plan = plan_of({"booth": {"lanes": 2}, "road": {"lanes": "unlimited"}}, ["booth", "road"])
    visits = [("booth", 10.0), ("road", 6.0)]
    draws = trucks(plan, *[("general", arrival, visits) for arrival in (0, 1, 2)])
    assert minutes(plan, draws, engine) == [
        (0, 0, 10), (10, 10, 16),
        (1, 1, 11), (11, 11, 17),
        (2, 10, 20), (20, 20, 26),
    ]  # fmt: skip


@both
def test_priority(engine: Engine) -> None:
    # One bay, 30 min. General trucks at 0, 5, 6, durian (priority 1) at 7: at 30 the durian truck goes first,
    # then the general trucks in the order in which they came.
    plan = plan_of({"bay": {"lanes": 1}}, ["bay"])
    bay = [("bay", 30.0)]
    draws = trucks(plan, ("general", 0, bay), ("general", 5, bay), ("general", 6, bay), ("durian", 7, bay))
    assert minutes(plan, draws, engine) == [(0, 0, 30), (5, 60, 90), (6, 90, 120), (7, 30, 60)]


@both
def test_hours_and_the_truck_in_service_at_closing(engine: Engine) -> None:
    # Open 08:00-08:30 (minutes 480-510), one lane, 20 min. The truck of 470 waits for the opening and leaves at 500.
    # The one of 490 starts at 500, is finished at 520 although the lane shuts at 510. The one of 495 finds the lane
    # shut at 520, stays overnight and starts at 480 + 1440 = 1920.
    plan = plan_of({"booth": {"lanes": 1, "hours": "08:00-08:30"}}, ["booth"], days=2)
    booth = [("booth", 20.0)]
    draws = trucks(plan, ("general", 470, booth), ("general", 490, booth), ("general", 495, booth))
    assert minutes(plan, draws, engine) == [(470, 480, 500), (490, 500, 520), (495, 1920, 1940)]


@both
def test_closing_comes_before_a_truck_of_the_same_tick(engine: Engine) -> None:
    # Open 08:00-08:30. A truck that joins at 510 sharp is too late; one that joins at 480 sharp is served.
    plan = plan_of({"booth": {"lanes": 1, "hours": "08:00-08:30"}}, ["booth"], days=2)
    draws = trucks(plan, ("general", 480, [("booth", 1)]), ("general", 510, [("booth", 1)]))
    assert minutes(plan, draws, engine) == [(480, 480, 481), (510, 1920, 1921)]


@both
def test_lane_groups(engine: Engine) -> None:
    # A fast lane for durian, a general lane for all. Service 10 min.
    #  0 general takes `all`; 1 general waits, for the fast lane is not for it; 2 durian takes `fast`;
    #  3 durian waits. At 10 `all` falls free: of those waiting, the durian truck of 3 has priority.
    #  At 12 `fast` falls free: only a general truck waits, so it stays free. At 20 `all` takes the truck of 1.
    lanes = [{"name": "fast", "lanes": 1, "classes": ["durian"]}, {"name": "all", "lanes": 1}]
    plan = plan_of({"kiosk": {"lanes": lanes}}, ["kiosk"])
    kiosk = [("kiosk", 10.0)]
    draws = trucks(plan, ("general", 0, kiosk), ("general", 1, kiosk), ("durian", 2, kiosk), ("durian", 3, kiosk))
    assert minutes(plan, draws, engine) == [(0, 0, 10), (1, 20, 30), (2, 2, 12), (3, 10, 20)]
    assert groups(plan, draws, engine) == ["all", "all", "fast", "all"]


@both
def test_first_free_group_in_the_order_of_the_file(engine: Engine) -> None:
    # Both groups are free: the truck takes the one that the file names first; the next takes the other.
    lanes = [{"name": "left", "lanes": 1}, {"name": "right", "lanes": 1}]
    plan = plan_of({"kiosk": {"lanes": lanes}}, ["kiosk"])
    draws = trucks(plan, ("general", 0, [("kiosk", 5)]), ("general", 1, [("kiosk", 5)]))
    assert groups(plan, draws, engine) == ["left", "right"]


@both
def test_empty_return_through_its_own_lane(engine: Engine) -> None:
    # Kiosk: lane `in` for loaded trucks, `back` for empty ones, 2 min. Dock: 1 lane, 60 min.
    # Truck A at 0: kiosk 0-2, dock 2-62, back 62-64. Truck B at 1: kiosk 2-4, dock 62-122, back 122-124.
    # Truck C at 63 meets A's empty return only on the other lane: kiosk 63-65, dock 122-182, back 182-184.
    lanes = [{"name": "in", "lanes": 1, "load": "loaded"}, {"name": "back", "lanes": 1, "load": "empty"}]
    path: list[Any] = ["kiosk", {"mark": "released"}, "dock", {"mark": "empty"}, "kiosk"]
    plan = plan_of({"kiosk": {"lanes": lanes}, "dock": {"lanes": 1}}, path)
    visits = [("kiosk.", 2.0), ("dock", 60.0), ("kiosk!", 2.0)]
    draws = trucks(plan, *[("general", arrival, visits) for arrival in (0, 1, 63)])
    assert minutes(plan, draws, engine) == [
        (0, 0, 2), (2, 2, 62), (62, 62, 64),
        (1, 2, 4), (4, 62, 122), (122, 122, 124),
        (63, 63, 65), (65, 122, 182), (182, 182, 184),
    ]  # fmt: skip
    assert groups(plan, draws, engine) == ["in", "all", "back"] * 3
    log = simulate(plan, draws, engine)
    assert (log.released / MINUTE).tolist() == [2, 4, 65]
    assert (log.departed / MINUTE).tolist() == [64, 124, 184]


@both
def test_ties_fall_by_number(engine: Engine) -> None:
    # One lane at the bay, 10 min; booth without limit. Trucks 0, 1 and 2 reach the bay at the same tick, 5:
    # 2 comes straight from arrival at 5, 0 and 1 come out of the booth at 5. They stand in the order of their numbers.
    plan = plan_of({"booth": {"lanes": "unlimited"}, "bay": {"lanes": 1}}, ["booth", "bay"])
    draws = trucks(
        plan,
        ("general", 0, [("booth", 5), ("bay", 10)]),
        ("general", 3, [("booth", 2), ("bay", 10)]),
        ("general", 5, [("bay", 10)]),
    )
    assert minutes(plan, draws, engine) == [(0, 0, 5), (5, 5, 15), (3, 3, 5), (5, 15, 25), (5, 25, 35)]


@both
def test_leaving_truck_comes_behind_those_in_line(engine: Engine) -> None:
    # A truck that is sent to the same booth again stands behind the one that waits there.
    plan = plan_of({"booth": {"lanes": 1}}, ["booth", "booth"])
    draws = trucks(plan, ("general", 0, [("booth", 10), ("booth", 10)]), ("general", 2, [("booth", 10)]))
    assert minutes(plan, draws, engine) == [(0, 0, 10), (10, 20, 30), (2, 10, 20)]


@both
def test_who_joins_at_the_same_tick_stands_by_number(engine: Engine) -> None:
    # Truck 2 holds the desk until 30. At 20 truck 1 leaves the booth, which calls truck 0 for no time, and joins the
    # line of the desk. At 20, too, truck 0 joins it: after truck 1 did, and before it by number.
    plan = plan_of({"gate": {"lanes": 1}, "booth": {"lanes": 1}, "desk": {"lanes": 1}}, ["gate", "booth", "desk"])
    draws = trucks(
        plan,
        ("general", 0, [("gate", 10), ("booth", 0), ("desk", 5)]),
        ("general", 1, [("booth", 19), ("desk", 5)]),
        ("general", 2, [("desk", 28)]),
    )
    assert minutes(plan, draws, engine) == [
        (0, 0, 10),
        (10, 20, 20),
        (20, 30, 35),
        (1, 1, 20),
        (20, 35, 40),
        (2, 2, 30),
    ]


@both
def test_service_of_no_time(engine: Engine) -> None:
    # Ten trucks at once through one lane that takes no time: all pass at the same tick.
    plan = plan_of({"booth": {"lanes": 1}}, ["booth"])
    draws = trucks(plan, *[("general", 7, [("booth", 0)])] * 10)
    assert minutes(plan, draws, engine) == [(7, 7, 7)] * 10


@both
def test_nothing_happens_at_or_after_the_end(engine: Engine) -> None:
    # The day ends at 1440. A service that would end then is still under way; a truck in line never starts.
    plan = plan_of({"booth": {"lanes": 1}}, ["booth", "booth"])
    draws = trucks(plan, ("general", 1430, [("booth", 10), ("booth", 1)]), ("general", 1431, [("booth", 5)]))
    assert minutes(plan, draws, engine) == [(1430, 1430, None), (None, None, None), (1431, None, None)]


@both
def test_closed_days(engine: Engine) -> None:
    # Day 1 is a holiday: the truck that comes at 60 waits until the next day opens at 1440 + 480.
    plan = plan_of(
        {"booth": {"lanes": 1, "hours": "08:00-20:00"}},
        ["booth"],
        days=2,
        calendar=[{"name": "holiday", "first": "2025-07-01", "last": "2025-07-01"}],
    )
    draws = trucks(plan, ("general", 60, [("booth", 10)]))
    assert minutes(plan, draws, engine) == [(60, 1920, 1930)]
