"""Lanes that the queue opens, worked on paper and run by both engines. Times are minutes."""

from __future__ import annotations

from typing import Any

import pytest

from sim.engines.log import EventLog
from sim.engines.simulate import Engine, simulate
from sim.metrics.fold import measure
from sim.metrics.meter import Key
from sim.plan.plan import Plan
from tests.sim.hand import MINUTE, minutes, plan_of, trucks

both = pytest.mark.parametrize("engine", ["reference", "compiled"])
RESERVE = {"at": 2, "closes_below": 1}
OPEN = Key("open_lanes_h", "mean", stage="booth/reserve")
USED = Key("lane_group_utilisation", "share", stage="booth/reserve")


def booth(opens: dict[str, Any], **stage: Any) -> Plan:
    """Return a booth with a desk and a lane in reserve that the queue opens."""
    desk, reserve = {"name": "desk", "lanes": 1}, {"name": "reserve", "lanes": 1, "opens": opens}
    gate = {"pools": stage.pop("pools")} if "pools" in stage else {}
    return plan_of({"booth": {"lanes": [desk, reserve], **stage}}, ["booth"], **gate)


def coming(plan: Plan, *comes: float, service: float = 10) -> Any:
    return trucks(plan, *[("general", at, [("booth", service)]) for at in comes])


def openings(log: EventLog) -> list[tuple[float, int]]:
    """Return (when, lanes open from then on) of the reserve."""
    return [(tick / MINUTE, lanes) for tick, group, lanes in log.lane_changes.tolist() if group == 1]


@both
def test_a_reserve_opens_at_a_queue_and_closes_at_a_shorter_one(engine: Engine) -> None:
    # It opens 5 min after two wait. The desk serves truck 0, 0-10. Trucks 1 and 2 wait at 2: the reserve opens at 7 and
    # serves 1, 7-17, then 3, 17-27. The desk takes 2 at 10 and 4 at 20: nobody waits, the reserve closes and finishes
    # truck 3. Truck 5 finds the desk free at 30; 6 waits for it alone, which opens nothing.
    plan = booth({**RESERVE, "after": "5 min"})
    draws = coming(plan, 0, 1, 2, 3, 4, 30, 31)
    assert minutes(plan, draws, engine) == [
        (0, 0, 10), (1, 7, 17), (2, 10, 20), (3, 17, 27), (4, 20, 30), (30, 30, 40), (31, 40, 50),
    ]  # fmt: skip
    log = simulate(plan, draws, engine)
    assert openings(log) == [(7, 1), (20, 0)]
    # Open 7-20, and until 27 to finish truck 3: 20 min a day, all of them busy.
    values = measure(plan, log).values
    assert values[OPEN] == pytest.approx(20 / 60)
    assert values[USED] == 1


@both
def test_a_reserve_stays_closed_if_the_queue_is_gone_by_then(engine: Engine) -> None:
    # It opens at three, 5 min later, unless fewer than two wait by then. Services take 2 min. Three wait at 1.5, but
    # nobody at 6.5, so it stays closed. Three wait again at 7.4; at 12.4 nobody does.
    plan = booth({"at": 3, "closes_below": 2, "after": "5 min"})
    draws = coming(plan, 0, 0.5, 1, 1.5, 7, 7.2, 7.4, service=2)
    assert openings(simulate(plan, draws, engine)) == []
    assert [started for _, started, _ in minutes(plan, draws, engine)] == [0, 2, 4, 6, 8, 10, 12]


@both
def test_a_reserve_stays_open_for_the_least_time(engine: Engine) -> None:
    # It opens at once, for 20 min at least. Two wait at 2: truck 1 starts in the reserve, 2-12, and 2 at the desk at
    # 10. Nobody waits then, yet the reserve takes 3 at 12. It closes at 22, so that truck 5 waits for the desk.
    plan = booth({**RESERVE, "at_least": "20 min"})
    draws = coming(plan, 0, 1, 2, 11, 23, 24)
    assert minutes(plan, draws, engine) == [
        (0, 0, 10), (1, 2, 12), (2, 10, 20), (11, 12, 22), (23, 23, 33), (24, 33, 43),
    ]  # fmt: skip
    log = simulate(plan, draws, engine)
    assert openings(log) == [(2, 1), (22, 0)]
    values = measure(plan, log).values
    assert (values[OPEN], values[USED]) == pytest.approx((20 / 60, 1))


@both
def test_a_reserve_called_for_overnight_opens_with_the_stage(engine: Engine) -> None:
    # The booth opens at 60. Two wait from 20 on, so both lanes open at 60; nobody waits then, and the reserve closes
    # when it has served its truck. Of the night nothing counts as open.
    plan = booth(RESERVE, hours="01:00-24:00")
    draws = coming(plan, 10, 20)
    assert minutes(plan, draws, engine) == [(10, 60, 70), (20, 60, 70)]
    log = simulate(plan, draws, engine)
    assert openings(log) == [(20, 1), (60, 0)]
    values = measure(plan, log).values
    assert (values[OPEN], values[USED]) == pytest.approx((10 / 60, 1))


@both
def test_a_reserve_without_an_officer_serves_nobody(engine: Engine) -> None:
    # One officer, with truck 0 until 30. Two wait at 2: the reserve opens, but has no officer. Truck 1 gives up at 6
    # and 2 at 8, which closes it: open for 6 min and not used.
    officer = {"officer": {"side": "vn", "shifts": [{"hours": "24 h", "units": 1}]}}
    plan = booth(RESERVE, needs={"officer": 1}, patience={"constant": 60}, pools=officer)
    visits = [(0, 30.0, 99.0), (1, 10.0, 5.0), (2, 10.0, 6.0)]
    draws = trucks(plan, *[("general", at, [("booth", service, patience)]) for at, service, patience in visits])
    assert minutes(plan, draws, engine) == [(0, 0, 30), (1, None, 6), (2, None, 8)]
    log = simulate(plan, draws, engine)
    assert openings(log) == [(2, 1), (8, 0)]
    values = measure(plan, log).values
    assert (values[OPEN], values[USED]) == pytest.approx((6 / 60, 0))


@both
def test_waiting_at_closed_desks_counts_as_open_while_the_reserve_works(engine: Engine) -> None:
    # The desk works until 60, the reserve all night. Truck 0 waits from 70 on: closed. Truck 1 at 80 makes two: the
    # reserve opens, takes 0 until 90, then 1, and closes when nobody waits, at 90. 10 min of waiting were open.
    lanes = [{"name": "desk", "lanes": 1, "hours": "00:00-01:00"}, {"name": "reserve", "lanes": 1, "opens": RESERVE}]
    plan = plan_of({"booth": {"lanes": lanes}}, ["booth"])
    draws = coming(plan, 70, 80)
    assert minutes(plan, draws, engine) == [(70, 80, 90), (80, 90, 100)]
    values = measure(plan, simulate(plan, draws, engine)).values
    assert values[Key("wait_h", "mean", "northbound", stage="booth")] == pytest.approx(10 / 60 / 2)
    assert values[Key("closed_h", "mean", "northbound", stage="booth")] == pytest.approx(10 / 60 / 2)
    assert values[Key("utilisation", "share", stage="booth")] == pytest.approx(20 / 80)  # desk 60 min, reserve 20


@both
def test_a_reserve_that_opens_many_times(engine: Engine) -> None:
    # Every half hour two trucks wait at the second minute and nobody at the tenth: 48 times a day.
    plan = booth(RESERVE)
    draws = coming(plan, *[at + more for at in range(0, 24 * 60, 30) for more in (0, 1, 2)])
    expected = [change for at in range(0, 24 * 60, 30) for change in ((at + 2, 1), (at + 10, 0))]
    assert openings(simulate(plan, draws, engine)) == expected
