"""Rules by which reversible lanes change direction, worked on paper and run by both engines. Times are minutes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.draws.columns import Draws
from sim.engines.log import NEVER
from sim.engines.simulate import Engine, simulate
from sim.plan.plan import Plan
from tests.sim.hand import MINUTE, Visit, minutes, plan_of, trucks

both = pytest.mark.parametrize("engine", ["reference", "compiled"])
DIRECTIONS = ["northbound", "southbound"]
Row = tuple[float | None, ...]


def bridge(rule: dict[str, Any], lanes: int = 1, **stage: Any) -> Plan:
    """Return a bridge whose lanes serve one direction at a time, at first northbound; they change in 5 min."""
    reverses = {"at": 1, "takes": "5 min", **rule}
    group = {"name": "both", "lanes": lanes, "directions": DIRECTIONS, "reverses": reverses}
    return plan_of(
        {"bridge": {"lanes": [group], **stage}},
        [],
        origin={"northbound": "vn", "southbound": "vn"},
        flows={way[:5]: {"class": "general", "direction": way, "per_day": 1} for way in DIRECTIONS},
        paths={way: ["bridge"] for way in DIRECTIONS},
    )


def draws_of(plan: Plan, *comes: tuple[str, float] | tuple[str, float, float]) -> Draws:
    """Return draws of trucks that come (way, at) and cross in 10 min or the time given."""
    visits: list[tuple[str, float, list[Visit]]] = [
        (come[0], come[1], [("bridge", come[2] if len(come) > 2 else 10.0)]) for come in comes
    ]
    return trucks(plan, *visits)


def crossing(plan: Plan, engine: Engine, *comes: tuple[str, float] | tuple[str, float, float]) -> list[Row]:
    """Return (joined, started, left) of trucks that come and cross."""
    return minutes(plan, draws_of(plan, *comes), engine)


def changes(plan: Plan, engine: Engine, draws: Draws) -> list[tuple[float, int, int]]:
    """Return (when, way, lanes that face it from then on)."""
    return [(tick / MINUTE, group, lanes) for tick, group, lanes in simulate(plan, draws, engine).lane_changes.tolist()]


Comes = list[tuple[str, float] | tuple[str, float, float]]
ALTERNATING: Comes = [("north", 0), ("south", 1), ("north", 2), ("north", 15), ("south", 16)]


@both
def test_lanes_serve_a_direction_until_it_is_empty(engine: Engine) -> None:
    # Truck 2 waits when 0 ends, and 3 when 2 ends: the lane stays until 30, though south 1 waits. Then it changes,
    # 30-35, and serves both of the south.
    assert crossing(bridge({"until": "empty"}), engine, *ALTERNATING) == [
        (0, 0, 10), (1, 35, 45), (2, 10, 20), (15, 20, 30), (16, 45, 55),
    ]  # fmt: skip


@both
def test_lanes_serve_those_who_waited_when_they_came(engine: Engine) -> None:
    # At first nobody waited, so the lane leaves for south 1 when 0 ends: 10-15. At 15 one waits there, not yet 4; when
    # it has started the lane is to leave: 25-30. At 30 two wait in the north: 2 and 3. Then back, 50-55, for 4.
    assert crossing(bridge({"until": "gated"}), engine, *ALTERNATING) == [
        (0, 0, 10), (1, 15, 25), (2, 30, 40), (15, 40, 50), (16, 55, 65),
    ]  # fmt: skip


@both
def test_lanes_serve_so_many_trucks_at_most(engine: Engine) -> None:
    # Two a direction, if anybody waits in the other: north 0 and 1, then south 4, then north 2 and 3.
    comes = [*(("north", at) for at in (0, 1, 2, 3)), ("south", 4)]
    assert crossing(bridge({"until": "empty", "most_trucks": 2}), engine, *comes) == [
        (0, 0, 10), (1, 10, 20), (2, 40, 50), (3, 50, 60), (4, 25, 35),
    ]  # fmt: skip


@both
def test_lanes_serve_a_direction_for_so_long_at_most(engine: Engine) -> None:
    # 25 min a direction at most; no limit holds for the first. Nothing keeps the lane north when south 4 comes: it
    # changes 10-15. South may last until 40; truck 6 has just started then, and ends at 45. North from 50 to 75: 3 has
    # started and ends at 80. South 7 waits since 41 and starts at 85.
    comes = [*(("north", at) for at in (0, 1, 2, 3)), *(("south", at) for at in (4, 5, 6, 41))]
    assert crossing(bridge({"until": "empty", "at_most": "25 min"}), engine, *comes) == [
        (0, 0, 10), (1, 50, 60), (2, 60, 70), (3, 70, 80), (4, 15, 25), (5, 25, 35), (6, 35, 45), (41, 85, 95),
    ]  # fmt: skip


@both
def test_the_longest_time_counts_anew_with_each_term(engine: Engine) -> None:
    # An hour at most. South 1 is served 15-25, north 2 30-40, then south again from 45 on. The hour of its first term
    # ends at 75, which means nothing; that of the second at 105. North 10 waits since 50: six of the south are served,
    # then 10 at 110, then the seventh.
    comes = [("north", 0), ("south", 1), ("north", 2), *(("south", 31 + n) for n in range(7)), ("north", 50)]
    assert crossing(bridge({"until": "empty", "at_most": "1 h"}), engine, *comes)[2:] == [
        (2, 30, 40), *((31 + n, 45 + 10 * n, 55 + 10 * n) for n in range(6)), (37, 125, 135), (50, 110, 120),
    ]  # fmt: skip


@both
def test_lanes_serve_a_direction_for_the_least_time(engine: Engine) -> None:
    # The other queue must be longer by two, and a direction lasts 30 min at least. South 1 alone is not enough; with 2
    # it is: 10-15. From 25 on two wait in the north and nobody in the south, but the lane stays, idle from 35 to 45.
    comes = [("north", 0), ("south", 1), ("south", 2), ("north", 16), ("north", 17)]
    assert crossing(bridge({"lead": 2, "at_least": "30 min"}), engine, *comes) == [
        (0, 0, 10), (1, 15, 25), (2, 25, 35), (16, 50, 60), (17, 60, 70),
    ]  # fmt: skip


COMES: Comes = [("north", 0), ("north", 1, 30.0), *(("south", at) for at in (2, 3, 4, 5))]


@both
def test_all_lanes_of_a_bridge_wait_for_the_last_truck(engine: Engine) -> None:
    # A lane has nobody to serve at 10, but the other one is busy until 31: both change 31-36.
    rows = crossing(bridge({"until": "empty"}, 2), engine, *COMES)
    assert [started for _, started, _ in rows] == [0, 1, 36, 36, 46, 46]


@both
def test_each_lane_changes_by_itself(engine: Engine) -> None:
    # The empty lane changes 10-15 and serves trucks 2, 3 and 4; the other changes 31-36 and serves 5.
    plan = bridge({"until": "empty", "each": True}, 2)
    assert crossing(plan, engine, *COMES) == [
        (0, 0, 10), (1, 1, 31), (2, 15, 25), (3, 25, 35), (4, 35, 45), (5, 36, 46),
    ]  # fmt: skip
    assert changes(plan, engine, draws_of(plan, *COMES)) == [(0, 0, 2), (10, 0, 0), (15, 1, 1), (36, 1, 2)]


@both
def test_lanes_change_though_nobody_waits(engine: Engine) -> None:
    # As traffic lights do: from 13 on the lane changes every 5 min. It faces south at 18, 28, 38: truck 1 comes at 35
    # and starts at 38.
    assert crossing(bridge({"at": 0, "until": "empty"}), engine, ("north", 3), ("south", 35)) == [
        (3, 3, 13), (35, 38, 48),
    ]  # fmt: skip


@both
def test_who_gives_up_leaves_a_direction_empty(engine: Engine) -> None:
    # The bridge opens at 60. South 1 at 20 does not move the lane, because north 0 waits, until 0 gives up at 40.
    plan = bridge({"until": "empty"}, hours="01:00-24:00", patience={"constant": 60})
    comes: list[tuple[str, float, list[Visit]]] = [
        ("north", 10, [("bridge", 10.0, 30.0)]),
        ("south", 20, [("bridge", 10.0, 99.0)]),
    ]
    draws = trucks(plan, *comes)
    assert minutes(plan, draws, engine) == [(10, None, 40), (20, 60, 70)]
    assert changes(plan, engine, draws) == [(0, 0, 1), (40, 0, 0), (45, 1, 1)]
    # By the longer queue only trucks that join or leave a lane count: truck 1 gives up, too, at 119.
    plan = bridge({"at": 2}, hours="01:00-24:00", patience={"constant": 60})
    draws = trucks(plan, *comes)
    assert minutes(plan, draws, engine) == [(10, None, 40), (20, None, 119)]
    assert changes(plan, engine, draws) == [(0, 0, 1)]


@both
@pytest.mark.parametrize("rule", [{"most_trucks": 40}, {"at_most": "40 min"}, {"at_least": "40 min", "lead": 5}])
def test_four_lanes_lose_no_more_than_the_time_to_change(engine: Engine, rule: dict[str, Any]) -> None:
    # Trucks wait both ways from the start to the end, and cross in 1 to 7 min. Each lane changes by itself: in all of
    # the day it is idle only while it changes. So lanes are busy for 4 lanes x 24 h - 4 lanes x 5 min for each change.
    plan = bridge({"each": True, **rule}, 4)
    services = [1.0 + (7 * n) % 13 / 2 for n in range(2000)]
    comes = [(way, n / 1000, [("bridge", service)]) for n, service in enumerate(services) for way in ("north", "south")]
    log = simulate(plan, trucks(plan, *comes), engine)
    begun = log.started != NEVER
    busy = int((np.where(log.finished == NEVER, plan.end, log.finished) - log.started)[begun].sum())
    turned = [tick for tick, _, lanes in log.lane_changes.tolist() if lanes == 0]
    changing = 4 * 5 * MINUTE * len(turned)
    assert len(turned) >= 8
    assert changing - 4 * 5 * MINUTE <= 4 * plan.end - busy <= changing + 1000  # the first trucks come within a second
