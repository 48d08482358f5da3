"""Own rules on the reference engine, worked on paper, and runs under rules that do nothing. Times are minutes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Generator, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import simpy
from hypothesis import given
from hypothesis import strategies as st

from gates import ConfigError, Scenario, load_gate
from sim import EventLog, Fold, compile_plan, draw, measure, simulate
from sim.draws.columns import Draws
from sim.engines.log import NEVER
from sim.live import Live, Policy, simulate_under
from sim.metrics.meter import Key
from sim.plan.plan import Plan
from tests.sim.hand import MINUTE, plan_of, trucks
from tests.sim.test_engines_agree import coarse
from tests.sim.test_outages_and_links import failing
from tests.strategies import scenarios

UTILISATION = Key("utilisation", "share", stage="booth")
OFFICERS = Key("pool_utilisation", "share", stage="officer")
DAY = 24 * 60


def booth(**stage: Any) -> Plan:
    return plan_of({"booth": {"lanes": 1, **stage}}, ["booth"])


def coming(plan: Plan, *comes: float, service: float = 10) -> Draws:
    return trucks(plan, *[("general", at, [("booth", service)]) for at in comes])


def served(log: EventLog) -> list[tuple[float | None, ...]]:
    """Return (started, left) of each visit."""
    times = zip(log.started.tolist(), log.left.tolist(), strict=True)
    return [tuple(None if tick == NEVER else tick / MINUTE for tick in row) for row in times]


def changes(log: EventLog, column: str) -> list[tuple[float, int, int]]:
    return [(tick / MINUTE, of, number) for tick, of, number in getattr(log, column).tolist()]


def second_lane(live: Live) -> Iterator[simpy.Event]:
    """Open a second lane while more than two trucks wait, and close it when nobody does."""
    while True:
        yield live.until(lambda: live.queue("booth") > 2)
        live.set_lanes("booth", 2)
        yield live.until(lambda: live.queue("booth") == 0)
        live.set_lanes("booth", 1)


def test_a_lane_that_a_policy_opens_and_closes() -> None:
    # One lane, 10 min a truck; trucks come at 0 to 5. Three wait at 3: the second lane opens and takes truck 1. From 23
    # on, when truck 5 starts, nobody waits: the second lane closes, and finishes its truck 5 at 33.
    plan = booth()
    log = simulate_under(second_lane, plan, coming(plan, 0, 1, 2, 3, 4, 5))
    assert served(log) == [(0, 10), (3, 13), (10, 20), (13, 23), (20, 30), (23, 33)]
    assert changes(log, "lane_changes") == [(3, 0, 2), (23, 0, 1)]
    # One lane is open all day, the second from 3 to 23, and both finish trucks after that: truck 4 until 30 beside
    # truck 5. From 30 on truck 5 is in the only lane.
    assert measure(plan, log).values[UTILISATION] == 60 / (DAY + 20 + 7)


def test_a_link_is_back_before_the_lanes_that_failed_with_it() -> None:
    # A power cut takes desk and radio down from 5 to 25; truck 0 comes at 10. At 25 the radio is up before the desk
    # opens, so its service is over the radio, 10 min, and not by hand, which would take 30.
    sends = {"link": "radio", "without": {"constant": "30 min"}}
    links = {"radio": {"uplink": "10 Mbit/s", "shared_uplink": "10 Mbit/s", "round_trip": "0 s"}}
    cut = {"every": {"constant": "1 d"}, "lasts": {"constant": "20 min"}, "stages": ["desk"], "links": ["radio"]}
    plan = plan_of({"desk": {"lanes": 1, "sends": sends}}, ["desk"], links=links, outages={"cut": cut})
    draws = trucks(plan, ("general", 10, [("desk", 10)]), by_hand=30, outages=[("cut", 5, 25)])
    log = simulate_under(nothing, plan, draws)
    assert served(log) == [(25, 35)]
    assert log.equals(simulate(plan, draws, "reference"))


def test_lanes_keep_to_the_hours_of_the_gate() -> None:
    # The booth opens at 60 and closes at 120. Three lanes are chosen beforehand, none at 100, all of the file at 110.
    plan = booth(hours="01:00-02:00", lanes=2)

    def rule(live: Live) -> Iterator[simpy.Event]:
        live.set_lanes("booth", 3)
        assert live.lanes("booth") == 0
        yield live.wait(100)
        assert (live.lanes("booth"), live.busy("booth")) == (3, 3)
        live.set_lanes("booth", 0)
        assert (live.lanes("booth"), live.busy("booth")) == (0, 3)
        yield live.wait(10)
        live.set_lanes("booth", None)
        live.set_lanes("booth", None)
        assert live.lanes("booth") == 2

    log = simulate_under(rule, plan, coming(plan, 0, 0, 0, 0, 0, 0, service=45))
    # At 105 all three lanes are empty, at 110 two trucks start, and end at 155, after closing. One waits for ever.
    assert served(log) == [(60, 105), (60, 105), (60, 105), (110, 155), (110, 155), (None, None)]
    assert changes(log, "lane_changes") == [(0, 0, 3), (100, 0, 0), (110, 0, 2)]
    values = measure(plan, log).values
    open_time = 3 * 40 + 3 * 5 + 2 * 10  # until 100, to finish the trucks until 105, from 110 to 120
    assert values[UTILISATION] == (3 * 45 + 2 * 10) / open_time
    assert values[Key("overtime_h", "mean", stage="booth")] == 2 * 35 / 60
    closed = values[Key("closed_h", "mean", "northbound", stage="booth")]
    assert closed == pytest.approx((6 * 60 + 3 * 10 + (DAY - 120)) / 6 / 60)  # before 60, 100 to 110, and from 120 on


def test_units_that_a_policy_takes_off_duty() -> None:
    # Two of two officers serve from 0 to 60. At 30 one is taken off duty: it finishes its truck. Trucks 2, 3 and 4 come
    # at 40 and are served one after the other, until the shifts of the file hold again at 150.
    plan = plan_of(
        {"booth": {"lanes": 4, "needs": {"officer": 1}}},
        ["booth"],
        pools={"officer": {"side": "vn", "shifts": [{"hours": "00:00-04:00", "units": 2}]}},
    )

    def rule(live: Live) -> Iterator[simpy.Event]:
        yield live.wait(30)
        assert (live.units("officer"), live.in_use("officer")) == (2, 2)
        live.set_units("officer", 1)
        yield live.wait(120)
        live.set_units("officer", None)

    log = simulate_under(rule, plan, coming(plan, 0, 0, 40, 40, 40, service=60))
    assert served(log) == [(0, 60), (0, 60), (60, 120), (120, 180), (150, 210)]
    assert changes(log, "unit_changes") == [(30, 0, 1), (150, 0, -1)]
    # On duty: 2 for 30 min, 1 for 120 min, 2 for 90 min.
    assert measure(plan, log).values[OFFICERS] == 300 / (2 * 30 + 120 + 2 * 90)


def test_trucks_that_a_policy_holds() -> None:
    # Two lanes. Nobody starts before 20, then one, then three more at 30, then all at 60.
    plan = booth(lanes=2)

    def rule(live: Live) -> Iterator[simpy.Event]:
        live.release("booth", 7)  # nobody is held: nothing to release
        live.hold("booth")
        live.hold("booth")
        assert live.held("booth")
        yield live.wait(20)
        live.release("booth", 1)
        yield live.wait(10)
        live.release("booth", 3)
        yield live.wait(30)
        live.release("booth")
        assert not live.held("booth")

    log = simulate_under(rule, plan, coming(plan, 0, 1, 2, 3, 4, 70))
    assert served(log) == [(20, 30), (30, 40), (30, 40), (40, 50), (60, 70), (70, 80)]
    assert changes(log, "holds") == [(0, 0, 0), (20, 0, 1), (30, 0, 3), (60, 0, -1)]
    assert log.lane_changes.size == 0


def test_outages_take_from_what_a_policy_chose() -> None:
    # Two lanes, of which the outages take one from 10 to 30, and all from 50 to 70. The policy has three from 20 on,
    # and one from 40 on.
    one, every = ({"stages": ["booth"], "units": 1}, {"stages": ["booth"]})
    plan = failing({"booth": {"lanes": 2}}, one=one, every=every)
    outages = [("one", 10, 30), ("every", 50, 70)]
    draws = trucks(plan, ("general", 55, [("booth", 5)]), ("general", 60, [("booth", 5)]), outages=outages)
    seen: dict[float, int] = {}

    def rule(live: Live) -> Iterator[simpy.Event]:
        live.every(1, lambda: seen.update({live.now: live.lanes("booth")}))
        yield live.wait(20)
        live.set_lanes("booth", 3)
        yield live.wait(20)
        live.set_lanes("booth", 1)

    log = simulate_under(rule, plan, draws)
    assert [seen[at] for at in range(2, 82, 10)] == [2, 1, 2, 3, 1, 0, 0, 1]
    assert served(log) == [(70, 75), (75, 80)]
    # Open without outages: 2 for 20 min, 3 for 20 min, 1 from then on. Down: one lane for 20 min, twice.
    values = measure(plan, log).values
    assert values[Key("down_share", "share", stage="booth")] == 40 / (2 * 20 + 3 * 20 + DAY - 40)


def test_a_failed_lane_hands_its_truck_over_under_a_policy() -> None:
    # The policy opens two of three lanes, for trucks 0 and 1. One of the two fails, 20-40: truck 1 stands in line again
    # and starts anew at 40. At 50 all fail, and the policy has given its choice back: both start anew at 70.
    fault = {"every": {"constant": 1e6}, "lasts": {"constant": 1}, "stages": ["booth"], "in_hand": "hands-over"}
    plan = plan_of({"booth": {"lanes": 3}}, ["booth"], outages={"one": {**fault, "units": 1}, "all": fault})
    down = [("one", 20.0, 40.0), ("all", 50.0, 70.0)]
    draws = trucks(plan, *[("general", 0, [("booth", 60.0)])] * 2, outages=down)

    def policy(live: Live) -> Iterator[simpy.Event]:
        live.set_lanes("booth", 2)
        yield live.wait(45)
        live.set_lanes("booth", None)

    log = simulate_under(policy, plan, draws)
    assert served(log) == [(70, 130), (70, 130)]
    first = simulate_under(policy, plan, trucks(plan, *[("general", 0, [("booth", 60.0)])] * 2, outages=down[:1]))
    assert served(first) == [(0, 60), (40, 100)]


def test_what_a_policy_sees() -> None:
    plan = plan_of(
        {"booth": {"lanes": [{"name": "fruit", "lanes": 1}, {"name": "all", "lanes": 2}], "hours": "01:00-24:00"}},
        ["booth"],
        sides={"vn": "Asia/Ho_Chi_Minh", "cn": "Asia/Shanghai"},
        areas={"yard": {"stages": ["booth"], "spaces": 3}},
    )
    draws = trucks(plan, ("general", 5, [("booth", 9)]), ("durian", 6, [("booth", 9)]), ("general", 7, [("booth", 9)]))
    told: list[Any] = []

    def rule(live: Live) -> Iterator[simpy.Event]:
        assert live.clock() == dt.datetime(2025, 7, 1, tzinfo=live.clock().tzinfo)
        yield live.wait(10.5)
        told.append([(t.flow, t.number, t.vehicle_class, t.direction, t.minutes) for t in live.waiting("booth")])
        told.append((live.now, live.clock().isoformat(), live.clock("cn").hour, live.inside("yard")))
        yield live.env.timeout(55 * MINUTE)
        told.append([live.lanes(name) for name in ("booth", "booth/fruit", "booth/all")])
        told.append((live.busy("booth"), live.queue("booth")))

    simulate_under(rule, plan, draws)
    north = "northbound"
    assert told == [
        [
            ("durian", 1, "durian", north, 4.5),
            ("general", 0, "general", north, 5.5),
            ("general", 2, "general", north, 3.5),
        ],
        (10.5, "2025-07-01T00:10:30+07:00", 1, 3),
        [3, 1, 2],
        (3, 0),
    ]


def test_a_policy_comes_last_at_its_tick_and_processes_may_be_its_own() -> None:
    # At 10 truck 0 leaves, truck 1 starts and truck 2 joins; after that the policy looks. A process of its own waits
    # for another one.
    plan = booth()
    seen: list[tuple[float, ...]] = []

    def rule(live: Live) -> None:
        def own() -> Generator[simpy.Event, Any, None]:
            yield live.env.timeout(10 * MINUTE + 0.2)  # to the nearest tick
            seen.append((live.env.now, live.queue("booth"), live.busy("booth")))
            yield live.wait(1)

        def other() -> Generator[simpy.Event, Any, None]:
            yield live.env.process(own()) | live.env.timeout(30 * MINUTE)
            seen.append((live.now,))

        live.env.process(other())

    simulate_under(rule, plan, coming(plan, 0, 1, 10))
    assert seen == [(10 * MINUTE, 1, 1), (11,)]


def test_conditions_are_looked_at_after_each_event() -> None:
    # A condition that holds for ever is met once an event, so that a policy in a loop gets on.
    plan, seen = booth(), []

    def rule(live: Live) -> Iterator[simpy.Event]:
        while True:
            yield live.until(lambda: True)
            seen.append(live.now)

    simulate_under(rule, plan, coming(plan, 3, 4))
    # the booth opens at 0; the trucks come at 3 and 4, and leave at 13 and 23
    assert seen == [0, 3, 4, 13, 23]


def nothing(live: Live) -> None:
    """Rules that do nothing."""


def watching(live: Live) -> Iterator[simpy.Event]:
    """Rules that look at everything, throw dice, and do nothing."""
    live.every(7, lambda: [live.waiting(stage) for stage in live._plan.stages])
    while True:
        yield live.wait(live.random.uniform(1, 60))
        yield live.until(lambda: bool(live.random.integers(2)))


@given(scenarios(), st.integers(0, 2**32), st.sampled_from([1, 1_200_000]), st.sampled_from([nothing, watching]))
def test_rules_that_do_nothing_change_nothing(scenario: Scenario, seed: int, unit: int, rule: Policy) -> None:
    plan = compile_plan(scenario, check_gate=False)
    draws = coarse(draw(plan, seed), unit)
    assert simulate_under(rule, plan, draws).equals(simulate(plan, draws, "reference"))


@pytest.mark.parametrize("rule", [nothing, watching])
def test_rules_that_do_nothing_at_a_gate_of_the_library(rule: Policy) -> None:
    plan = compile_plan(Scenario(gate=load_gate("friendship-pass"), days=2, warmup_days=0))
    draws = draw(plan)
    assert simulate_under(rule, plan, draws).equals(simulate(plan, draws))


def dice(live: Live) -> Iterator[simpy.Event]:
    """Rules that open, close, hold and send at random."""
    while True:
        yield live.wait(live.random.exponential(20))
        live.set_lanes("booth", int(live.random.integers(4)) if live.random.random() < 0.9 else None)
        live.set_lanes("bay/fruit", int(live.random.integers(3)))
        live.set_units("officer", int(live.random.integers(4)) if live.random.random() < 0.9 else None)
        if live.random.random() < 0.3:
            live.hold("bay")
        live.release("bay", int(live.random.integers(3)) if live.random.random() < 0.8 else None)


def busy_gate() -> Plan:
    groups = [{"name": "fruit", "lanes": 1, "classes": ["durian"]}, {"name": "all", "lanes": 2}]
    return plan_of(
        {
            "booth": {"lanes": 2, "hours": "02:00-20:00", "service": {"exponential": {"mean": "8 min"}}},
            "bay": {"lanes": groups, "service": {"exponential": {"mean": "20 min"}}, "needs": {"officer": 1}},
        },
        ["booth", "bay"],
        2,
        pools={"officer": {"side": "vn", "shifts": [{"hours": "04:00-18:00", "units": 3}]}},
        flows={name: {"class": name, "direction": "northbound", "per_day": 60} for name in ("durian", "general")},
    )


@pytest.mark.parametrize("seed", range(5))
def test_metrics_under_rules_at_random(seed: int) -> None:
    """Lanes, units and trucks in them, written down after each event, add up to what metrics say."""
    plan = busy_gate()
    draws = draw(plan, seed)
    rows: list[list[int]] = []

    def rule(live: Live) -> Iterator[simpy.Event]:
        def look() -> bool:
            rows.append([live._run.now, *live._run.on_duty, *live._run.busy])
            return False

        live.until(look)
        yield from dice(live)

    log = simulate_under(rule, plan, draws, f"{seed}/0")
    assert log.equals(simulate_under(dice, plan, draws, f"{seed}/0"))
    tick, *levels = np.array(rows).T
    length = np.diff(np.append(tick, plan.end))
    on_duty, busy = np.array(levels).reshape(2, -1, tick.size)
    hours = [np.zeros(tick.size, bool) for _ in range(4)]
    for group, windows in enumerate(plan.groups.windows):
        for start, end in zip(windows.start, windows.end, strict=True):
            hours[group] |= (tick >= start) & (tick < end)
    values = measure(plan, log).values

    def open_and_used(groups: list[int]) -> float:
        opened = sum((length * np.maximum(on_duty[g], busy[g]) * hours[g]).sum() for g in groups)
        return float(sum((length * busy[g] * hours[g]).sum() for g in groups) / opened)

    assert values[UTILISATION] == pytest.approx(open_and_used([0]))
    assert values[Key("utilisation", "share", stage="bay")] == pytest.approx(open_and_used([1, 2]))
    assert values[Key("lane_group_utilisation", "share", stage="bay/fruit")] == pytest.approx(open_and_used([1]))
    there = on_duty[3] > 0
    units = (length * busy[3] * there).sum() / (length * on_duty[3]).sum()
    assert values[OFFICERS] == pytest.approx(units)
    fold = Fold(plan, exact=True)
    cuts = [0, 7 * 3_600_000, 30 * 3_600_000, plan.end]
    for start, end in pairwise(cuts):
        fold.add(log, start, end)
    assert fold.measures().values == pytest.approx(values, nan_ok=True)


def test_rules_with_dice_are_the_same_every_time_and_others_in_another_replication() -> None:
    plan = busy_gate()
    draws = draw(plan)
    one, again, other = (simulate_under(dice, plan, draws, name) for name in ("1/0", "1/0", "1/1"))
    assert one.equals(again)
    assert not one.equals(other)


def test_trucks_that_wait_for_a_closed_lane_are_not_in_deadlock() -> None:
    # Each truck holds a unit from `a` to `b`, and needs the other one at `b`: with two units and two trucks nobody can
    # go on. Had the policy given a third unit, they could.
    stages = {
        "a": {"lanes": 2, "takes": {"officer": 1}},
        "b": {"lanes": 2, "needs": {"guard": 1}, "gives": {"officer": 1}},
        "c": {"lanes": 1, "takes": {"guard": 1}},
        "d": {"lanes": 1, "needs": {"officer": 1}, "gives": {"guard": 1}},
    }
    shift = {"side": "vn", "shifts": [{"hours": "24 h", "units": 1}]}
    choice = {"choose": "way", "shares": {"x": 0.5, "y": 0.5}, "then": {"x": ["a", "b"], "y": ["c", "d"]}}
    plan = plan_of(stages, [choice], pools={"officer": shift, "guard": shift})
    draws = trucks(plan, ("general", 0, [("a", 5), ("b", 5)]), ("general", 0, [("c", 5), ("d", 5)]))

    def more(live: Live) -> Iterator[simpy.Event]:
        yield live.wait(1)
        live.set_units("officer", 2)
        yield live.wait(1)
        live.set_units("officer", None)

    locked = [
        measure(plan, log).values[Key("locked_trucks", "total")]
        for log in (simulate(plan, draws, "reference"), simulate_under(more, plan, draws))
    ]
    assert locked == [2, 0]


def held_and_released(live: Live) -> None:
    live.hold("booth")
    live.release("booth", -1)


MISTAKES: dict[str, tuple[Callable[[Live], Any], str, str, str]] = {
    "a stage that is not there": (
        lambda live: live.queue("boot"), "policy.stage", "the gate has no such stage", "Did you mean booth?",
    ),
    "a number as a stage": (lambda live: live.queue(1), "policy.stage", "no such stage", "Use one of"),  # type: ignore[arg-type]
    "a lane group that is not there": (
        lambda live: live.lanes("bay/fruits"), "policy.stage", "bay has no such lane group", "Did you mean fruit?",
    ),
    "several lane groups": (
        lambda live: live.set_lanes("bay", 3), "policy.set_lanes", "has several lane groups", "bay/fruit, bay/all",
    ),
    "negative lanes": (lambda live: live.set_lanes("booth", -1), "policy.set_lanes", "fewer than none", "0 to"),
    "half a lane": (lambda live: live.set_lanes("booth", 1.5), "policy.set_lanes", "not such a number", "whole"),  # type: ignore[arg-type]
    "yes as lanes": (lambda live: live.set_lanes("booth", True), "policy.set_lanes", "not such a number", "whole"),
    "unlimited lanes": (
        lambda live: live.set_lanes("exit", 2), "policy.set_lanes", "its lanes are unlimited", "number of lanes",
    ),
    "reversible lanes": (
        lambda live: live.set_lanes("road", 2), "policy.set_lanes", "reverse or open by a rule", "out of the gate",
    ),
    "lanes that the queue opens": (
        lambda live: live.set_lanes("gate/reserve", 2), "policy.set_lanes", "reverse or open by a rule", "out of the",
    ),
    "a pool that is not there": (lambda live: live.units("officers"), "policy.pool", "no such pool", "mean officer?"),
    "a link": (lambda live: live.set_units("radio", 1), "policy.pool", "no such pool", "Use officer"),
    "negative units": (lambda live: live.set_units("officer", -2), "policy.set_units", "fewer than none", "0 to"),
    "an area that is not there": (lambda live: live.inside("yart"), "policy.inside", "no such area", "mean yard?"),
    "a side that is not there": (lambda live: live.clock("la"), "policy.clock", "no such side", "Use vn"),
    "no time": (lambda live: live.wait(0), "policy.wait", "not a time to wait", "more than 0"),
    "less than a tick": (lambda live: live.every(1e-9, list), "policy.every", "not a time to wait", "more than 0"),
    "a word as a time": (lambda live: live.wait("5 min"), "policy.wait", "not a time to wait", "minutes"),  # type: ignore[arg-type]
    "a negative release": (
        held_and_released, "policy.release", "fewer than none", "0 to",
    ),
    "something given back": (lambda live: 5, "policy.policy", "gives back 5", "`yield`"),
}  # fmt: skip


LATER = [name for name in MISTAKES if name != "something given back"]
"""Those that a process can make, too."""


def odd_gate() -> Plan:
    groups = [{"name": "fruit", "lanes": 1}, {"name": "all", "lanes": 2}]
    reverses = {"at": 2, "takes": "5 min"}
    way = {"name": "way", "lanes": 1, "directions": ["northbound", "southbound"], "reverses": reverses}
    reserve = [{"name": "desk", "lanes": 1}, {"name": "reserve", "lanes": 1, "opens": {"at": 3, "closes_below": 1}}]
    names = ("booth", "bay", "exit", "road", "gate")
    stages: dict[str, Any] = {name: {"lanes": 1} for name in names}
    stages["bay"]["lanes"], stages["exit"]["lanes"] = groups, "unlimited"
    stages["road"]["lanes"], stages["gate"]["lanes"] = [way], reserve
    flows = {way: {"class": "general", "direction": way, "per_day": 1} for way in ("northbound", "southbound")}
    return plan_of(
        stages,
        list(names),
        origin={"northbound": "vn", "southbound": "vn"},
        paths={"northbound": list(names), "southbound": list(names)},
        flows=flows,
        pools={"officer": {"side": "vn", "shifts": [{"hours": "24 h", "units": 1}]}},
        links={"radio": {"uplink": 40, "shared_uplink": 10, "round_trip": "500 ms"}},
        areas={"yard": {"stages": ["booth"], "spaces": 3}},
    )


@pytest.mark.parametrize(("name", "later"), [*((name, False) for name in MISTAKES), *((name, True) for name in LATER)])
def test_mistakes_of_a_policy_say_what_to_do(name: str, later: bool) -> None:
    action, path, problem, remedy = MISTAKES[name]
    plan = odd_gate()

    def in_a_process(live: Live) -> Iterator[simpy.Event]:
        yield live.wait(90)
        action(live)

    with pytest.raises(ConfigError) as error:
        simulate_under(in_a_process if later else action, plan, draw(plan))
    (found,) = error.value.findings
    assert found.path == path
    assert problem in found.problem
    assert remedy in found.remedy
    at = "90.000 min after the start of the run, 2025-07-01 01:30:00 +07" if later else "0.000 min after the start"
    assert at in error.value.__notes__[0]


class OddError(Exception):
    """An error that cannot be made again from its arguments."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(f"{one} and {two}")


@pytest.mark.parametrize("error", [ZeroDivisionError("nobody"), OddError("one", "two")])
def test_errors_of_a_policy_come_out_as_they_are(error: Exception) -> None:
    plan = booth()

    def rule(live: Live) -> Iterator[simpy.Event]:
        yield live.wait(5)
        raise error

    def condition(live: Live) -> None:
        def fails() -> bool:
            raise error

        live.until(fails)

    for wrong in (rule, condition):
        with pytest.raises(type(error)) as raised:
            simulate_under(wrong, plan, coming(plan, 0))
        assert raised.value is error
        assert "under own rules had come to" in error.__notes__[-1]


def test_a_policy_that_waits_for_no_event() -> None:
    plan = booth()

    def rule(live: Live) -> Iterator[Any]:
        yield 5

    with pytest.raises(RuntimeError, match="Invalid yield value"):
        simulate_under(rule, plan, coming(plan, 0))


def test_rules_and_outages_that_are_drawn() -> None:
    """Rules that do nothing leave a run with outages of all kinds as it is; what they choose is cut by outages."""
    outage = {"stages": ["booth"], "every": {"exponential": {"mean": "2 h"}}, "lasts": {"exponential": {"mean": "1 h"}}}
    plan = failing({"booth": {"lanes": 3, "service": {"constant": "20 min"}}}, one={**outage, "units": 1}, all=outage)
    draws = draw(plan)
    assert draws.outages.source.size > 5
    assert simulate_under(nothing, plan, draws).equals(simulate(plan, draws))
