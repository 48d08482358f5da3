"""Measures of a replication: an example on paper, a slow twin on generated logs, blocks and the whole."""

from __future__ import annotations

import datetime as dt
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.schema.gate import Gate
from gates.schema.scenario import Scenario
from sim import EventLog, Plan, compile_plan, draw, simulate
from sim.clock import TICKS_PER_HOUR
from sim.draws.booking import BOOKED, NO_SHOW, NO_SLOT, WITHOUT_SLOT
from sim.draws.columns import Draws
from sim.metrics.durations import RELATIVE_ERROR
from sim.metrics.fold import Fold, Measures, measure
from sim.metrics.meter import Key
from sim.metrics.registry import METRICS
from sim.metrics.resources.areas import OUTSIDE
from sim.metrics.trucks.clearance import PERCENT, QUANTILES
from sim.metrics.trucks.truck_hours import TruckHours
from sim.plan.supply import UNLIMITED_LANES
from sim.streaming import blocks
from tests.prices import ENERGY, levels
from tests.sim.borders import border_of, gate_document, plan_of_border
from tests.sim.hand import both_ways, plan_of, trucks
from tests.sim.invented import invented_log
from tests.sim.slow_metrics import Slow, textbook_survival
from tests.strategies import scenarios

NORTH = "northbound"
ONE_MINUTE = {"constant": 60}
LIMITS = {"outside_trucks", "outside_h", "area_trucks", "tailback_km", "locked_trucks", "pool_utilisation"}
"""Metrics of gates with pools or areas."""
AT_BORDERS = {"posted_wait_h", "moved_per_day", "stayed_away_per_day"}
PRICED = {metric.name for metric in TruckHours.metrics}
"""Metrics of gates that count money or energy."""
OTHERS = {
    "queued_share",
    "over_target_share",
    "backlog_h",
    "repair_share",
    "down_share",
    "lane_group_utilisation",
    "open_lanes_h",
    "turned_back_per_day",
    "turned_back_t_per_day",
    "second_loads_per_day",
    "shelf_life_d",
    "shelf_life_lost_d",
    "short_life_share",
    "tonne_days_lost_per_day",
    "value_lost_usd_per_day",
    "slot_delay_h",
    "without_slot_per_day",
    "no_shows_per_day",
}
"""Metrics of gates with another mechanism."""


@pytest.fixture(scope="module")
def on_paper() -> Measures:
    """Five trucks; minutes since the start of the run, whose first day is warm-up.

    Booth: one lane, 08:00-18:00, so open 480-1080 and 1920-2520. Road: unlimited. Out: one lane, 24 h.
    Measured: 1440-2880. Bulletin at 20:00, that is 2640. Durian goes first.

    =====  =======  =======  ============================  =========  ===========  ========
    truck  class    arrives  booth: starts, left           road left  out (empty)  waited
                                                           = release
    =====  =======  =======  ============================  =========  ===========  ========
    0      general  1100     opens: 1920, + 60 = 1980      1986       1996         820
    1      general  1900     after durian: 2010, 2070      2076       2086         110
    2      durian   1950     after truck 0: 1980, 2010     2016       2026         30
    3      general  2500     at once: 2500, 2560 (late)    2566       2576         0
    4      durian   2510     not before the end            -          -            370 so far
    =====  =======  =======  ============================  =========  ===========  ========
    """
    side = {"side": "vn"}
    gate = {
        "name": "paper",
        "sides": {"vn": "Asia/Ho_Chi_Minh"},
        "origin": {NORTH: "vn"},
        "start": dt.date(2025, 7, 2),
        "end_of_day": {"at": "20:00", "side": "vn"},
        "classes": {"durian": {"priority": 1}, "general": {}},
        "flows": {c: {"class": c, "direction": NORTH, "per_day": 1} for c in ("durian", "general")},
        "stages": {
            "booth": {**side, "lanes": 1, "hours": "08:00-18:00", "service": {"constant": "60 min"}},
            "road": {**side, "lanes": "unlimited", "service": {"constant": "6 min"}},
            "out": {**side, "lanes": 1, "service": {"constant": "10 min"}},
        },
        "paths": {NORTH: ["booth", "road", {"mark": "released"}, {"mark": "empty"}, "out"]},
    }
    plan = compile_plan(Scenario(gate=Gate.model_validate(gate), days=1, warmup_days=1), check_gate=False)
    way = [("road.", 6.0), ("out!", 10.0)]
    draws = trucks(
        plan,
        ("general", 1100, [("booth", 60), *way]),
        ("general", 1900, [("booth", 60), *way]),
        ("durian", 1950, [("booth", 30), *way]),
        ("general", 2500, [("booth", 60), *way]),
        ("durian", 2510, [("booth", 30), *way]),
    )
    return measure(plan, simulate(plan, draws))


def minutes(found: Measures, metric: str, statistic: str = "mean", name: str | None = None) -> float:
    return found.values[Key(metric, statistic, NORTH, name)] * 60


def test_throughput_on_paper(on_paper):
    # Trucks 0-3 are released on the measured day, 1-4 arrive on it.
    values = on_paper.values
    assert [values[Key("throughput_per_day", "mean", NORTH, c)] for c in (None, "general", "durian")] == [
        4,
        3,
        1,
    ]
    assert [values[Key("arrivals_per_day", "mean", NORTH, c)] for c in (None, "general", "durian")] == [
        4,
        2,
        2,
    ]
    assert values[Key("inside_end_trucks", "total", NORTH)] == 1
    assert values[Key("unfinished_share", "share", NORTH)] == 0.25
    assert [on_paper.arrived.tolist(), on_paper.released.tolist(), on_paper.departed.tolist()] == [[[4]]] * 3


def test_stock_on_paper(on_paper):
    # At 2640 only truck 4 is there: a quarter of the day's four.
    values = on_paper.values
    assert on_paper.stock.tolist() == [[1]]
    assert values[Key("stock_trucks", "end_of_day", NORTH)] == values[Key("stock_trucks", "max", NORTH)] == 1
    assert values[Key("stock_days", "end_of_day", NORTH)] == 0.25


@pytest.mark.parametrize(("counts", "stock"), [("until-release", 3), ("until-crossing", 1)])
def test_the_bulletin_counts_until_the_release_or_until_the_border(counts: str, stock: int) -> None:
    # At 1200 the first truck is at the kiosk (1060-1360), the second queues for it, the third is in the yard.
    plan = plan_of(
        {"yard": {"lanes": 1}, "kiosk": {"side": "cn", "lanes": 1}},
        ["yard", "kiosk", {"mark": "released"}],
        sides={"vn": "Asia/Ho_Chi_Minh", "cn": "Asia/Shanghai"},
        end_of_day={"at": "20:00", "side": "vn", "counts": counts},
    )
    way = [("yard", 60.0), ("kiosk.", 300.0)]
    draws = trucks(plan, ("general", 1000, way), ("general", 1100, way), ("general", 1150, way))
    assert measure(plan, simulate(plan, draws)).stock.tolist() == [[stock]]


def test_clearance_on_paper(on_paper):
    # General: truck 1 takes 176, truck 3 66. Durian: truck 2 takes 66, truck 4 more than 370.
    # All: 66, 66, 176, 370+. Longer than 66: 1/2, than 176: 1/4; no more is known, so not the 90 % quantile.
    # Means: (176 + 66) / 2 = 121; 66 + 1/2 (370 - 66) = 218; 66 + 1/2 (176 - 66) + 1/4 (370 - 176) = 169.5.
    for name, mean, p50, p90 in (
        ("general", 121, 66, 176),
        ("durian", 218, 66, math.inf),
        (None, 169.5, 66, math.inf),
    ):
        found = [minutes(on_paper, "clearance_h", statistic, name) for statistic in ("mean", "p50", "p90")]
        assert found == pytest.approx([mean, p50, p90], nan_ok=True, rel=1e-14)
    curve = on_paper.clearance_curve[NORTH, None] * 60
    assert curve[:100] == pytest.approx([66] * 100)  # 0.5 to 50 %
    assert curve[100:150] == pytest.approx([176] * 50)  # to 75 %
    assert (curve[150:] == math.inf).all(), "beyond the run"


def test_passage_on_paper(on_paper):
    # Ten minutes more for those who leave: 76 + 1/2 (186 - 76) + 1/4 (370 - 186) = 177.
    found = [minutes(on_paper, "passage_h", statistic) for statistic in ("mean", "p50", "p90")]
    assert found == pytest.approx([177, 76, math.inf])


def test_clearance_without_queues_on_paper(on_paper):
    # Booth and road: 66 for general, 36 for durian; truck 4 counts although it is not released.
    found = [minutes(on_paper, "no_queue_clearance_h", name=name) for name in ("general", "durian", None)]
    assert found == pytest.approx([66, 36, 51])


def test_stage_time_on_paper(on_paper):
    # Booth, joined on the day by 1-4. Truck 1: closed 1900-1920, then waits 90. Truck 2 waits 30.
    # Truck 4 waits 10, and from 2520 it is closed for 360. Served: 60 + 30 + 60.
    hours = {stage: [time.visits, *(x * 60 for x in time[1:])] for (stage, _), time in on_paper.stage_time.items()}
    assert hours["booth"] == pytest.approx([4, 90 + 30 + 10, 20 + 360, 150, 0])
    assert hours["road"] == pytest.approx([4, 0, 0, 24, 0])
    assert hours["out"] == pytest.approx([4, 0, 0, 40, 0])
    value = {m: on_paper.values[Key(m, "mean", NORTH, stage="booth")] for m in ("wait_h", "closed_h", "blocked_h")}
    assert value == pytest.approx({"wait_h": 130 / 240, "closed_h": 380 / 240, "blocked_h": 0})


def test_queue_on_paper(on_paper):
    # In line at the booth: truck 0 until 1920, 1 from 1900 to 2010, 2 from 1950 to 1980, 4 from 2510.
    # Truck-minutes by hour: 60 seven times, 80, 90 (1 all the time, 2 for 30 minutes), 30, 0 ..., 10, 60 ...
    truck_minutes = [60] * 7 + [80, 90, 30] + [0] * 7 + [10] + [60] * 6
    most = [1] * 7 + [2, 2, 1] + [0] * 7 + [1] + [1] * 6
    assert on_paper.hourly_mean[:, 0] * 60 == pytest.approx(truck_minutes)
    assert on_paper.hourly_max[:, 0].tolist() == most
    assert not on_paper.hourly_mean[:, 1:].any()
    found = [on_paper.values[Key("queue_trucks", s, stage="booth")] for s in ("mean", "max", "end_of_day")]
    assert found == pytest.approx([sum(truck_minutes) / 1440, 2, 1])


def test_lanes_on_paper(on_paper):
    # Booth: open 600, serves 60 + 30 + 60 and truck 3 from 2500 to 2520; 40 more after closing.
    # Out: busy 40 of 1440.
    values = on_paper.values
    assert values[Key("utilisation", "share", stage="booth")] == pytest.approx(170 / 600)
    assert values[Key("overtime_h", "mean", stage="booth")] == pytest.approx(40 / 60)
    assert values[Key("utilisation", "share", stage="out")] == pytest.approx(40 / 1440)
    assert values[Key("overtime_h", "mean", stage="out")] == 0
    assert not [key for key in values if key.metric in ("utilisation", "overtime_h") and key.stage == "road"]


@given(scenarios(), st.integers(0, 2**32), st.booleans())
def test_the_slow_twin_agrees(scenario: Scenario, seed: int, invent: bool) -> None:
    plan = compile_plan(scenario, check_gate=False)
    log = invented_log(plan, seed) if invent else simulate(plan, draw(plan, seed))
    found, slow = measure(plan, log), Slow(plan, log, scenario.gate)
    if not invent:
        assert all(slow.finds_its_link_down(visit) == slow.by_hand(visit) for visit in slow.visits)
    check_stages(plan, found, slow)
    check_lanes(plan, found, slow)
    check_trucks(plan, found, slow)
    check_spaces(plan, found, slow)
    check_pools(plan, found, slow)


def near(value: float | list[float]) -> object:
    """Equal but for the rounding of a few operations."""
    return pytest.approx(value, rel=1e-12, abs=1e-12, nan_ok=True)


def ratio(part: float, whole: float) -> float:
    return part / whole if whole else math.nan


def check_stages(plan: Plan, found: Measures, slow: Slow) -> None:
    for index, stage in enumerate(plan.stages):
        levels = slow.levels(index)
        integral = [sum(level * ticks for level, ticks in hour) for hour in levels]
        lengths = [sum(ticks for _, ticks in hour) for hour in levels]
        bulletins = [slow.waiting(index, int(bulletin) - 1) for bulletin in plan.bulletin]
        assert np.array_equal(found.hourly_mean[:, index], np.array(integral) / np.array(lengths))
        assert found.hourly_max[:, index].tolist() == [max(level for level, _ in hour) for hour in levels]
        assert found.values[Key("queue_trucks", "mean", stage=stage)] == near(sum(integral) / sum(lengths))
        assert found.values[Key("queue_trucks", "max", stage=stage)] == found.hourly_max[:, index].max()
        assert found.values[Key("queue_trucks", "end_of_day", stage=stage)] == near(sum(bulletins) / len(bulletins))
        for direction in found.directions:
            visits, *ticks = slow.stage_time(index, direction)
            if (stage, direction) not in found.stage_time:
                assert visits == 0
                continue
            time = found.stage_time[stage, direction]
            assert list(time) == [visits, *[tick / TICKS_PER_HOUR for tick in ticks]]
            for metric, tick in (("wait_h", ticks[0]), ("closed_h", ticks[1]), ("blocked_h", ticks[3])):
                value = found.values[Key(metric, "mean", direction, stage=stage)]
                assert value == near(ratio(tick / TICKS_PER_HOUR, visits))
    check_waits(plan, found, slow)


def check_waits(plan: Plan, found: Measures, slow: Slow) -> None:
    """Check what stages with a target measure, by direction, class and lane group."""
    keys = {key[2:] for key in found.values if key.metric == "queued_share"}
    assert {where[2] for where in keys} <= {
        name if group is None else f"{name}/{group}"
        for stage, name in enumerate(plan.stages)
        if plan.wait_target[stage] >= 0
        for group in (None, *(plan.groups.name[g] for g in np.flatnonzero(plan.groups.stage == stage)))
    }
    for direction, vehicle_class, place in keys:
        name, _, group = (place or "").partition("/")
        stage = plan.stages.index(name)
        waits, still = slow.waits(stage, direction, vehicle_class, group)
        every = waits + still
        value = {
            statistic: found.values[Key(metric, statistic, direction, vehicle_class, place)]
            for metric, statistic in (("wait_h", "mean"), ("wait_h", "p50"), ("wait_h", "p90"))
        }
        assert value["mean"] == near(ratio(sum(every) / TICKS_PER_HOUR, len(every)))
        queued = found.values[Key("queued_share", "share", direction, vehicle_class, place)]
        assert queued == near(ratio(sum(wait > 0 for wait in every), len(every)))
        over = found.values[Key("over_target_share", "share", direction, vehicle_class, place)]
        assert over == near(ratio(sum(wait > plan.wait_target[stage] for wait in every), len(every)))
        for statistic, longer in (("p50", 0.5), ("p90", 0.1)):
            steps, _ = textbook_survival(waits, still)
            reached = [time for time, share in steps if share <= longer]
            beyond = math.inf if every else math.nan
            assert value[statistic] == near(reached[0] / TICKS_PER_HOUR if reached else beyond)


def check_lanes(plan: Plan, found: Measures, slow: Slow) -> None:
    for index, stage in enumerate(plan.stages):
        groups = np.flatnonzero(plan.groups.stage == index)
        if (plan.groups.lanes[groups] == UNLIMITED_LANES).any():
            assert Key("utilisation", "share", stage=stage) not in found.values
            continue
        opened, busy, after = np.sum([slow.lane_time(int(g)) for g in groups], axis=0)
        assert found.values[Key("utilisation", "share", stage=stage)] == near(ratio(busy, opened))
        down = [source for source in plan.outages if set(source.resources) & set(groups.tolist())]
        assert (Key("down_share", "share", stage=stage) in found.values) == bool(down)
        if down:
            share = found.values[Key("down_share", "share", stage=stage)]
            assert share == near(ratio(slow.down_time(index), opened))
        for group in groups[plan.network.groups["opens_at"][groups] > 0].tolist():
            name = f"{stage}/{plan.groups.name[group]}"
            lane_hours = slow.lane_time(group)[0] / TICKS_PER_HOUR / plan.measured_days
            assert found.values[Key("open_lanes_h", "mean", stage=name)] == near(lane_hours)
        overtime = after / TICKS_PER_HOUR / plan.measured_days
        assert found.values[Key("overtime_h", "mean", stage=stage)] == near(overtime)
        if plan.failing[index]:
            share = found.values[Key("repair_share", "share", stage=stage)]
            assert share == near(ratio(slow.repair_time(index), opened))
        else:
            assert Key("repair_share", "share", stage=stage) not in found.values


def check_spaces(plan: Plan, found: Measures, slow: Slow) -> None:
    for index, area in enumerate(plan.areas):
        values = [found.values[Key("area_trucks", statistic, stage=area)] for statistic in ("mean", "max")]
        assert values == near(list(slow.level(slow.in_area(index))))
        check_tailback(found, [*values, *in_area_at_bulletins(plan, slow, index)], plan.road_m[index], stage=area)
        if (road_m := plan.road_m[index]) is not None:
            check_hours_of_road(tailback_km(found, None, area), road_m, slow, slow.in_area(index))
    for direction in found.directions if plan.areas else []:
        outside = slow.outside(direction)
        spells: list[tuple[float, float]] = [(a, b) for _, a, b in outside]
        values = [found.values[Key("outside_trucks", statistic, direction)] for statistic in ("mean", "max")]
        assert values == near(list(slow.level(spells)))
        bulletins = [sum(a < bulletin <= b for a, b in spells) for bulletin in plan.bulletin]
        value = found.values[Key("outside_trucks", "end_of_day", direction)]
        assert value == near(sum(bulletins) / len(bulletins))
        road_m = plan.outside_road_m.get(direction)
        check_tailback(found, [*values, value], road_m, direction=direction)
        if road_m is not None:
            check_hours_of_road(tailback_km(found, direction, None), road_m, slow, spells)
        arrived = sum(slow.fresh(truck) for truck in slow.trucks(direction, None))
        hours = sum(min(b, plan.end) - a for truck, a, b in outside if slow.fresh(truck)) / TICKS_PER_HOUR
        assert found.values[Key("outside_h", "mean", direction)] == near(ratio(hours, arrived))
        assert list(found.stage_time[OUTSIDE, direction]) == near([arrived, 0, 0, 0, hours])


def in_area_at_bulletins(plan: Plan, slow: Slow, area: int) -> list[float]:
    counts = [sum(a < bulletin <= b for a, b in slow.in_area(area)) for bulletin in plan.bulletin]
    return [sum(counts) / len(counts)]


def tailback_km(found: Measures, direction: str | None, area: str | None) -> tuple[list[float], list[float]]:
    place = list(found.road_m).index((direction, area))
    return found.tailback_mean_km[:, place].tolist(), found.tailback_max_km[:, place].tolist()


def check_hours_of_road(
    hourly: tuple[list[float], list[float]], road_m: float, slow: Slow, spells: list[tuple[float, float]]
) -> None:
    for found, counts in zip(hourly, zip(*slow.level_by_hour(spells), strict=True), strict=True):
        assert found == near([count * road_m / 1000 for count in counts])


def check_tailback(found: Measures, trucks: list[float], road_m: float | None, **place: str) -> None:
    keys = [Key("tailback_km", statistic, **place) for statistic in ("mean", "max", "end_of_day")]
    if road_m is None:
        assert not set(keys) & found.values.keys()
    else:
        assert [found.values[key] for key in keys] == near([count * road_m / 1000 for count in trucks])


def check_pools(plan: Plan, found: Measures, slow: Slow) -> None:
    for pool in plan.pools:
        value = found.values[Key("pool_utilisation", "share", stage=pool)]
        assert value == near(ratio(slow.pool_time(pool), slow.pool_there(pool)))


@given(scenarios(), st.integers(0, 2**32))
def test_pools_and_areas_that_nothing_uses_change_no_other_metric(scenario: Scenario, seed: int) -> None:
    gate = scenario.gate
    bare = {
        name: stage.model_copy(update={"needs": {}, "takes": {}, "gives": {}, "sends": None})
        for name, stage in gate.stages.items()
    }
    bare_gate = gate.model_copy(update={"areas": {}, "stages": bare, "outages": {}})
    empty = bare_gate.model_copy(update={"pools": {}, "links": {}})
    unused = bare_gate
    measured = []
    for each in (empty, unused):
        plan = compile_plan(scenario.model_copy(update={"gate": each}), check_gate=False)
        measured.append(measure(plan, simulate(plan, draw(plan, seed))).values)
    without, with_pools = measured
    assert not {key.metric for key in without} & LIMITS
    assert {key.metric for key in with_pools} - {key.metric for key in without} == {"pool_utilisation"}
    kept = [key for key in with_pools if key.metric not in LIMITS]
    assert kept == list(without)
    assert all(same(without[key], with_pools[key]) for key in kept)


def check_trucks(plan: Plan, found: Measures, slow: Slow) -> None:
    days = plan.measured_days
    for index, direction in enumerate(found.directions):
        assert found.arrived[:, index].tolist() == slow.by_day(direction, slow.arrival, slow.stood)
        second = slow.second_loads(direction, None)
        assert found.released[:, index].tolist() == slow.by_day(direction, slow.released, slow.behind, second)
        assert found.departed[:, index].tolist() == slow.by_day(direction, slow.departed, [False] * len(slow.departed))
        assert found.stock[:, index].tolist() == slow.stock(direction)
        mine = slow.trucks(direction, None)
        inside = sum(slow.departed[truck] == math.inf for truck in mine)
        assert found.values[Key("inside_end_trucks", "total", direction)] == inside
        check_backlog(found, slow, direction)
    for direction, name in found.clearance_curve:
        check_shelf_life(found, slow, direction, name)
        check_turnout(plan, found, slow, direction, name)
        mine = slow.trucks(direction, name)
        cohort = [truck for truck in mine if slow.fresh(truck)]
        check_turned_back(plan, found, slow, direction, name)
        check_value(found, slow, direction, name)
        released = sum(slow.measured(slow.released[truck]) and not slow.behind[truck] for truck in mine)
        assert found.values[Key("arrivals_per_day", "mean", direction, name)] == near(len(cohort) / days)
        more = sum(slow.measured(at) for at in slow.second_loads(direction, name))
        assert found.values[Key("throughput_per_day", "mean", direction, name)] == near((released + more) / days)
        assert found.values.get(Key("second_loads_per_day", "mean", direction, name), 0) == near(more / days)
        draws = slow.log.draws
        service = sum(int(draws.service[row]) for t in cohort for row in first_choices(draws, t))
        value = found.values[Key("no_queue_clearance_h", "mean", direction, name)]
        assert value == near(ratio(service / TICKS_PER_HOUR, len(cohort)))
        for metric, ends, curves in (
            ("clearance_h", slow.released, found.clearance_curve),
            ("passage_h", slow.departed, found.passage_curve),
        ):
            ended, cut = slow.durations(mine, ends)
            steps, mean = textbook_survival(ended, cut)
            assert found.values[Key(metric, "mean", direction, name)] == near(float(mean) / TICKS_PER_HOUR)
            beyond = math.inf if ended or cut else math.nan
            wanted = [quantile(steps, percent, beyond) for percent in PERCENT]
            assert curves[direction, name] == near(wanted)
            for statistic, percent in QUANTILES.items():
                value = found.values[Key(metric, statistic, direction, name)]
                assert value == near(quantile(steps, percent, beyond))
        if name is None:
            ended, cut = slow.durations(mine, slow.released)
            value = found.values[Key("unfinished_share", "share", direction)]
            assert value == near(ratio(len(cut), len(cohort)))


def check_turned_back(plan: Plan, found: Measures, slow: Slow, direction: str, name: str | None) -> None:
    key = Key("turned_back_per_day", "mean", direction, name)
    assert (key in found.values) == plan.turns_back
    turned = sum(
        slow.measured(slow.turned[truck]) and slow.released[truck] == math.inf for truck in slow.trucks(direction, name)
    )
    if plan.turns_back:
        assert found.values[key] == near(turned / plan.measured_days)


def check_value(found: Measures, slow: Slow, direction: str, name: str | None) -> None:
    key, lost, classes = Key("value_lost_usd_per_day", "mean", direction, name), [], slow.gate.classes
    for truck in slow.trucks(direction, name):
        load = classes[slow.kind[truck].vehicle_class]
        if load.value_usd is None:
            continue
        lost.append(0.0)
        if slow.measured(slow.turned[truck]) and slow.released[truck] == math.inf:
            lost.append(load.value_usd * (1 - load.value_turned_back))
        if slow.measured(slow.released[truck]) and not slow.behind[truck] and load.shelf_life is not None:
            lost.append(load.value_usd * load.value_lost_per_day * slow.shelf_life(truck)[1] / 86_400_000)
    if lost:
        assert found.values[key] == pytest.approx(sum(lost) / slow.plan.measured_days, rel=1e-9)
    else:
        assert found.values.get(key, 0) == 0


def first_choices(draws: Draws, truck: int) -> list[int]:
    """Return the rows of a truck up to its release, of alternatives those of the first."""
    rows, row = [], int(draws.first[truck])
    while row <= draws.released[truck]:
        rows.append(row)
        row = int(draws.next_row[row]) if draws.next_row.size else row + 1
    return rows


def check_shelf_life(found: Measures, slow: Slow, direction: str, name: str | None) -> None:
    classes, days = slow.gate.classes, slow.plan.measured_days
    mine = [truck for truck in slow.trucks(direction, name) if classes[slow.kind[truck].vehicle_class].shelf_life]
    keys = [Key(metric, "mean", direction, name) for metric in ("shelf_life_d", "shelf_life_lost_d")]
    if keys[0] not in found.values:
        assert not mine
        return
    done = [truck for truck in mine if slow.measured(slow.released[truck]) and not slow.behind[truck]]
    lives = [slow.shelf_life(truck) for truck in done]
    left, lost = (sum(ticks) / 86_400_000 for ticks in ([max(a, 0) for a, _ in lives], [b for _, b in lives]))
    assert [found.values[key] for key in keys] == near([ratio(left, len(done)), ratio(lost, len(done))])
    least = [round(classes[slow.kind[truck].vehicle_class].least_life * 86_400_000) for truck in done]
    short = sum(life < ask for (life, _), ask in zip(lives, least, strict=True))
    assert found.values[Key("short_life_share", "share", direction, name)] == near(ratio(short, len(done)))
    key = Key("tonne_days_lost_per_day", "mean", direction, name)
    if key in found.values:
        loads = [classes[slow.kind[truck].vehicle_class].load or 0 for truck in done]
        tonne_days = sum(load * b / 86_400_000 for load, (_, b) in zip(loads, lives, strict=True))
        assert found.values[key] == near(tonne_days / days)


def check_turnout(plan: Plan, found: Measures, slow: Slow, direction: str, name: str | None) -> None:
    draws, days = slow.log.draws, plan.measured_days
    books = {plan.streams[n].kind for slots in plan.bookings for n in slots.streams}
    mine = [truck for truck in slow.trucks(direction, name) if plan.streams[draws.flow[truck]].kind in books]
    if Key("slot_delay_h", "mean", direction, name) not in found.values:
        assert not mine
        return
    came = [truck for truck in mine if slow.measured(slow.arrival[truck])]
    booked = [truck for truck in came if draws.booking[truck] == BOOKED]
    moved = [slow.arrival[truck] - int(draws.intended_arrival[truck]) for truck in booked]
    kinds = [plan.kinds[plan.streams[flow].kind] for flow in draws.missed_flow]
    away = [
        int(why)
        for kind, why, tick in zip(kinds, draws.missed_reason, draws.missed_tick, strict=True)
        if kind.direction == direction and name in (None, kind.vehicle_class) and slow.measured(int(tick))
    ]
    without = sum(draws.booking[truck] == WITHOUT_SLOT for truck in came) + away.count(NO_SLOT)
    values = [("slot_delay_h", ratio(sum(moved) / TICKS_PER_HOUR, len(moved)))]
    values += [("without_slot_per_day", without / days), ("no_shows_per_day", away.count(NO_SHOW) / days)]
    for metric, value in values:
        assert found.values[Key(metric, "mean", direction, name)] == near(value)


def check_backlog(found: Measures, slow: Slow, direction: str) -> None:
    stood = any(slow.stood[truck] for truck in slow.trucks(direction, None))
    assert (Key("backlog_h", "max", direction) in found.values) >= stood
    if not stood:
        return
    ended, cut = slow.backlog(direction)
    steps, mean = textbook_survival(ended, [slow.plan.end] * cut)
    assert found.values[Key("backlog_h", "mean", direction)] == near(float(mean) / TICKS_PER_HOUR)
    assert found.values[Key("backlog_h", "p50", direction)] == near(
        quantile(steps, 50, math.inf if ended or cut else math.nan)
    )
    last = math.inf if cut else max(ended) / TICKS_PER_HOUR if ended else math.nan
    assert found.values[Key("backlog_h", "max", direction)] == near(last)


def quantile(steps: list[tuple[int, Fraction]], percent: float, beyond: float) -> float:
    """First time [h] by which at least `percent` are over."""
    share = 1 - Fraction(round(2 * percent), 200)
    return next((time / TICKS_PER_HOUR for time, longer in steps if longer <= share), beyond)


def same(a: float, b: float) -> bool:
    return a == b or (math.isnan(a) and math.isnan(b))


def assert_same_but_for_quantiles(whole: Measures, folded: Measures) -> None:
    assert list(whole.values) == list(folded.values)
    for key, value in whole.values.items():
        if key.statistic in QUANTILES:
            assert_within_bound(np.array([value]), np.array([folded.values[key]]))
        elif key.metric in ("clearance_h", "passage_h", "backlog_h") and key.statistic == "mean":
            assert folded.values[key] == pytest.approx(value, rel=1e-14, nan_ok=True), key
        else:
            assert same(value, folded.values[key]), key
    for name in (
        "hourly_mean", "hourly_max", "tailback_mean_km", "tailback_max_km", "arrived", "released", "departed", "stock",
    ):  # fmt: skip
        assert np.array_equal(getattr(whole, name), getattr(folded, name)), name
    assert whole.road_m == folded.road_m
    assert whole.stage_time == folded.stage_time
    for cohort in whole.clearance_curve:
        assert_within_bound(whole.clearance_curve[cohort], folded.clearance_curve[cohort])
        assert_within_bound(whole.passage_curve[cohort], folded.passage_curve[cohort])


def assert_within_bound(exact: np.ndarray, folded: np.ndarray) -> None:
    """Quantiles of a histogram are within its relative error, and undefined where the exact ones are."""
    defined = np.isfinite(exact)
    assert np.array_equal(exact[~defined], folded[~defined], equal_nan=True)
    error = np.abs(folded[defined] - exact[defined])
    assert (error <= RELATIVE_ERROR * exact[defined] * (1 + 1e-9)).all()


def folded_at(plan: Plan, log: EventLog, cuts: list[int], *, exact: bool) -> Measures:
    fold, start = Fold(plan, exact=exact), 0
    for end in [*cuts, plan.end]:
        fold.add(log, start, end)
        start = end
    return fold.measures()


@given(
    scenarios(),
    st.integers(0, 2**32),
    st.booleans(),
    st.lists(st.integers(1, 3 * 96), max_size=5, unique=True),
)
def test_blocks_measure_the_same(scenario: Scenario, seed: int, invent: bool, quarters: list[int]) -> None:
    plan = compile_plan(scenario, check_gate=False)
    log = invented_log(plan, seed) if invent else simulate(plan, draw(plan, seed))
    cuts = [tick for tick in sorted(q * TICKS_PER_HOUR // 4 for q in quarters) if tick < plan.end]
    assert_same_but_for_quantiles(measure(plan, log), folded_at(plan, log, cuts, exact=False))
    exact = folded_at(plan, log, cuts, exact=True)
    whole = measure(plan, log)
    assert all(same(whole.values[key], exact.values[key]) for key in whole.values)


@given(scenarios(), st.integers(0, 2**32))
def test_a_streamed_run_measures_the_same(scenario: Scenario, seed: int) -> None:
    plan = compile_plan(scenario.model_copy(update={"days": scenario.days + 2}), check_gate=False)
    fold = Fold(plan)
    for block in blocks(plan, seed, 0, block_days=1):
        fold.add(block.log, block.start, block.end)
    assert_same_but_for_quantiles(measure(plan, simulate(plan, draw(plan, seed))), fold.measures())


@given(scenarios(), st.integers(0, 2**32), st.integers(0, 2**32))
def test_every_replication_has_the_same_keys(scenario: Scenario, a: int, b: int) -> None:
    plan = compile_plan(scenario, check_gate=False)
    keys = [list(measure(plan, simulate(plan, draw(plan, seed))).values) for seed in (a, b)]
    assert keys[0] == keys[1]
    metrics = [key.metric for key in keys[0]]
    assert sorted(set(metrics), key=metrics.index) == [m for m in METRICS if m in metrics]  # in their order


def test_every_metric_is_defined_and_measured(on_paper):
    limited = plan_of(
        {
            "booth": {
                "lanes": 1,
                "wait_target": 0,
                "turns_away_at": 9,
                "breakdowns": [{"name": "jam", "uses": 5, "repair": ONE_MINUTE}],
            },
            "bay": {
                "lanes": [
                    {"name": "left", "lanes": 1},
                    {"name": "right", "lanes": 1, "opens": {"at": 2, "closes_below": 1}},
                ]
            },
        },
        [],
        outages={"storm": {"every": ONE_MINUTE, "lasts": ONE_MINUTE, "stages": ["booth"]}},
        pools={"officer": {"side": "vn", "shifts": [{"hours": "24 h", "units": 1}]}},
        areas={"yard": {"spaces": 2, "stages": ["booth"]}, "apron": {"spaces": 2, "stages": ["bay"]}},
        road_per_truck=22,
        initial=[{"class": "general", "direction": NORTH, "stage": "booth", "trucks": 1}],
        classes={"durian": {"priority": 1, "shelf_life": 9, "load": 20}, "general": {"load": 15, "value_usd": 1}},
        booking={"slots": {"flows": ["general"], "side": "vn", "slot": 600, "capacity": 1}},
        energy={**ENERGY, "fleets": {"officer": {"trip": "2 km", "kwh_per_km": levels(1)}}},
        **both_ways(["booth", "bay", "booth"]),
    )
    found = measure(limited, simulate(limited, draw(limited)))
    assert not on_paper.road_m
    assert on_paper.tailback_mean_km.shape == (len(on_paper.hourly_mean), 0)
    assert {key.metric for key in on_paper.values} == set(METRICS) - LIMITS - OTHERS - PRICED - AT_BORDERS
    assert {key.metric for key in found.values} == set(METRICS) - AT_BORDERS
    plan = plan_of_border(border_of({"a": gate_document("a")}, {"at": ["06:00"]}), days=1)
    at_border = measure(plan, simulate(plan, draw(plan)))
    assert {key.metric for key in at_border.values} >= AT_BORDERS
    measured = {(key.metric, key.statistic) for values in (found.values, at_border.values) for key in values}
    assert measured == {(name, statistic) for name, metric in METRICS.items() for statistic in metric.statistics}


def test_who_waits_outside_on_paper():
    # Booth: one lane, 10 h, and space for one truck. Trucks come at 0, 6 and 12 h: the second enters at 10 and the
    # third at 20. Outside: 6-10 and 12-20, so 12 truck-hours of 24; at 20:00, before anything happens, one.
    # The officer (one, all day) works all day: 0-10, 10-20, 20-24 of 30.
    # A truck takes 20 m of the road outside, and 1 km of the yard, which is a road: one truck is there all the time.
    plan = plan_of(
        {"booth": {"lanes": 1, "needs": {"officer": 1}}},
        ["booth"],
        pools={"officer": {"side": "vn", "shifts": [{"hours": "24 h", "units": 1}]}},
        areas={"yard": {"spaces": 1, "stages": ["booth"], "road_per_truck": "1 km"}},
        road_per_truck="20 m",
    )
    draws = trucks(plan, *[("general", 60 * hour, [("booth.", 600)]) for hour in (0, 6, 12)])
    found = measure(plan, simulate(plan, draws))
    values = found.values
    outside = [values[Key("outside_trucks", statistic, NORTH)] for statistic in ("mean", "max", "end_of_day")]
    assert outside == [0.5, 1, 1]
    for place, km in (({"direction": NORTH}, [0.01, 0.02, 0.02]), ({"stage": "yard"}, [1, 1, 1])):
        keys = [Key("tailback_km", statistic, **place) for statistic in ("mean", "max", "end_of_day")]
        assert [values[key] for key in keys] == km
    by_hour = [0.02 if 6 <= hour < 10 or 12 <= hour < 20 else 0 for hour in range(24)]
    assert tailback_km(found, NORTH, None) == (by_hour, by_hour)
    assert tailback_km(found, None, "yard") == ([1] * 24, [1] * 24)
    assert found.road_m == {(NORTH, None): 20, (None, "yard"): 1000}
    assert values[Key("outside_h", "mean", NORTH)] == 4
    assert [values[Key("area_trucks", statistic, stage="yard")] for statistic in ("mean", "max")] == [1, 1]
    assert values[Key("pool_utilisation", "share", stage="officer")] == 1


def test_overtime_of_officers_is_not_within_their_hours() -> None:
    # One officer from 8:00 to 18:00, with trucks from 9:00 to 12:00 and from 17:00 to 20:00: 3 h and 1 h of 10 h.
    plan = plan_of(
        {"booth": {"lanes": 1, "needs": {"officer": 1}}},
        ["booth"],
        pools={"officer": {"side": "vn", "shifts": [{"hours": "08:00-18:00", "units": 1}]}},
    )
    draws = trucks(plan, ("general", 540, [("booth.", 180.0)]), ("general", 1020, [("booth.", 180.0)]))
    values = measure(plan, simulate(plan, draws)).values
    assert values[Key("pool_utilisation", "share", stage="officer")] == pytest.approx(0.4)


def test_vehicles_on_their_way_back_are_in_use():
    # Two vehicles all day. One truck takes one at 0, for 3 h, gives it back at 4 h, and it is back at 10 h:
    # 10 of 48 unit-hours. The yard holds the truck at the dock, 3-4 h.
    plan = plan_of(
        {"crane": {"lanes": 1, "takes": {"igv": 1}}, "dock": {"lanes": 1, "gives": {"igv": 1}}},
        ["crane", "dock"],
        pools={"igv": {"side": "vn", "shifts": [{"hours": "24 h", "units": 2}], "comes_back": {"constant": 60}}},
        areas={"yard": {"spaces": 3, "stages": ["dock"]}},
    )
    draws = trucks(plan, ("general", 0, [("crane", 180), ("dock.", 60)]), comes_back=360)
    values = measure(plan, simulate(plan, draws)).values
    assert values[Key("pool_utilisation", "share", stage="igv")] == pytest.approx(10 / 48)
    assert values[Key("area_trucks", "mean", stage="yard")] == pytest.approx(1 / 24)


def test_a_missing_block_is_refused():
    plan = compile_plan(small(), check_gate=False)
    fold = Fold(plan)
    log = simulate(plan, draw(plan))
    with pytest.raises(ValueError, match=r"added up to tick 0, but the run ends at 86400000"):
        fold.measures()
    fold.add(log, 0, 3_600_000)
    with pytest.raises(ValueError, match=r"tick 7200000 to 86400000 cannot follow one that ends at 3600000"):
        fold.add(log, 7_200_000, plan.end)


def test_a_gate_without_trucks_measures_nothing():
    plan = compile_plan(small(demand=0), check_gate=False)
    found = measure(plan, simulate(plan, draw(plan)))
    assert found.values[Key("throughput_per_day", "mean", NORTH)] == 0
    assert math.isnan(found.values[Key("clearance_h", "mean", NORTH)])
    assert math.isnan(found.values[Key("stock_days", "end_of_day", NORTH)])
    assert not found.hourly_max.any()


def small(demand: float = 1) -> Scenario:
    gate = {
        "name": "small",
        "sides": {"vn": "Asia/Ho_Chi_Minh"},
        "origin": {NORTH: "vn"},
        "start": dt.date(2025, 7, 1),
        "end_of_day": {"side": "vn"},
        "classes": {"general": {}},
        "flows": {"general": {"class": "general", "direction": NORTH, "per_day": 20}},
        "stages": {"booth": {"side": "vn", "lanes": 1, "service": {"constant": "60 min"}}},
        "paths": {NORTH: ["booth"]},
    }
    return Scenario(gate=Gate.model_validate(gate), days=1, warmup_days=0, demand=demand)


def test_the_bulletin_at_midnight_counts_the_trucks_at_the_end():
    plan = compile_plan(small(), check_gate=False)
    log = simulate(plan, draw(plan))
    found = measure(plan, log)
    assert found.stock[-1, 0] == found.values[Key("inside_end_trucks", "total", NORTH)]
    waiting = np.count_nonzero((log.joined >= 0) & (log.started < 0))
    assert found.values[Key("queue_trucks", "end_of_day", stage="booth")] == waiting > 0


def test_four_idle_lanes_do_not_hide_the_overloaded_one_beside_them() -> None:
    # Two trucks with durian keep their only lane busy for all 24 h; a general truck uses one of four for an hour.
    groups = [
        {"name": "fruit", "lanes": 1, "classes": ["durian"]},
        {"name": "other", "lanes": 4, "classes": ["general"]},
    ]
    plan = plan_of({"bay": {"lanes": groups}, "road": {"lanes": "unlimited"}}, ["bay", "road"])
    way = [("bay", 720.0), ("road", 0.0)]
    draws = trucks(plan, ("durian", 0, way), ("durian", 0, way), ("general", 0, [("bay", 60.0), ("road", 0.0)]))
    values = measure(plan, simulate(plan, draws)).values
    used = {key.stage: value for key, value in values.items() if key.metric == "lane_group_utilisation"}
    assert used == {"bay/fruit": 1, "bay/other": pytest.approx(60 / (4 * 1440))}
    assert values[Key("utilisation", "share", stage="bay")] == pytest.approx(1500 / (5 * 1440))


def test_waits_by_class_and_lane_group_on_paper() -> None:
    # The booth has a lane for durian and one for general cargo, 60 min a truck, and is open from 08:00 on; the target
    # is 30 min. Durian at 07:00 and 08:00: starts 08:00 and 09:00, waits 0 (closed does not count) and 60 min. General
    # cargo at 08:00, 08:40, 09:30: starts 08:00, 09:00, 10:00, waits 0, 20, 30 min.
    lanes = [{"name": name, "lanes": 1, "classes": [name]} for name in ("durian", "general")]
    booth = {"lanes": lanes, "hours": "08:00-24:00", "wait_target": 1800}
    plan = plan_of({"booth": booth}, ["booth"])
    come = [("durian", 420), ("durian", 480), ("general", 480), ("general", 520), ("general", 570)]
    log = simulate(plan, trucks(plan, *((name, at, [("booth", 60)]) for name, at in come)))
    values = measure(plan, log).values

    def found(metric: str, statistic: str, name: str | None, place: str = "booth") -> float:
        return values[Key(metric, statistic, NORTH if place == "booth" else None, name, place)] * 60

    assert [found("wait_h", "mean", name) for name in ("durian", "general")] == pytest.approx([30, 50 / 3])
    assert [found("wait_h", s, "general") for s in ("p50", "p90")] == pytest.approx([20, 30])
    assert [found("wait_h", s, None) for s in ("p50", "p90")] == pytest.approx([20, 60])
    assert [found("queued_share", "share", name) for name in ("durian", "general", None)] == pytest.approx([30, 40, 36])
    over = [found("over_target_share", "share", name) for name in ("durian", "general", None)]
    assert over == pytest.approx([30, 0, 12]), "30 min are in time"
    by_group = [found("wait_h", "mean", None, f"booth/{name}") for name in ("durian", "general")]
    assert by_group == pytest.approx([30, 50 / 3])
    assert found("over_target_share", "share", None, "booth/durian") == pytest.approx(30)


def test_a_wait_that_goes_on_is_longer_than_it_was_so_far() -> None:
    # One lane, 20 h a truck; trucks at 0:00, 2:00 and 22:00. The second starts at 20:00 (18 h), the third waits still
    # at 24:00, for 2 h so far. Of three, one is at risk beyond 2 h when the third is cut: the median is 18 h.
    plan = plan_of({"booth": {"lanes": 1, "wait_target": 3600}}, ["booth"])
    log = simulate(plan, trucks(plan, *(("general", at * 60, [("booth", 1200)]) for at in (0, 2, 22))))
    values = measure(plan, log).values
    assert values[Key("wait_h", "p50", NORTH, "general", "booth")] == 18
    assert values[Key("wait_h", "mean", NORTH, "general", "booth")] == pytest.approx(20 / 3)
    assert values[Key("over_target_share", "share", NORTH, "general", "booth")] == pytest.approx(2 / 3)
    assert math.isnan(values[Key("wait_h", "mean", NORTH, "durian", "booth")])


def test_a_stage_without_a_target_measures_the_mean_alone() -> None:
    plan = plan_of({"booth": {"lanes": 1}}, ["booth"])
    values = measure(plan, simulate(plan, trucks(plan, ("general", 0, [("booth", 10)])))).values
    waits = [key for key in values if key.metric in ("wait_h", "queued_share", "over_target_share")]
    assert waits == [Key("wait_h", "mean", NORTH, stage="booth")]
