"""The library's gates: what each must say, whatever is fitted; most of it about Friendship Pass."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections import Counter
from zoneinfo import ZoneInfo

import pytest

from gates import Scenario, every_number, library_gates, load_gate
from gates.checks.stages import Kind, kinds_by_stage
from gates.describe import hours_on_clocks
from gates.files.load import gate_path
from gates.rivals import reading_findings
from gates.schema.calendar import Surge
from gates.schema.paths import Visit, walk
from sim import compile_plan, draw, simulate

HOUR = 3600


@pytest.fixture(scope="module")
def gate():
    return load_gate("friendship-pass")


def visited(steps):
    return [placed.step.stage for placed in walk(steps) if isinstance(placed.step, Visit)]


def test_the_flows_are_those_of_july_2025(gate):
    per_day: Counter[str] = Counter()
    for flow in gate.flows.values():
        per_day[flow.direction] += flow.per_day
    assert per_day == {"northbound": 262, "southbound": 608}
    for name, flow in gate.flows.items():
        profile = gate.profiles[flow.profile]
        assert profile.months.get("jul", 1.0) == 1.0, name
        assert sum(share for _, _, share in profile.windows()) == pytest.approx(1.0, abs=1e-12)


def test_the_vehicle_classes(gate):
    assert list(gate.classes) == ["durian", "fruit", "electronics", "general", "new-cars", "parcels"]
    assert gate.classes["durian"].priority == gate.classes["fruit"].priority == 1
    assert all(set(vehicle.title) == {"en", "vi", "zh"} for vehicle in gate.classes.values())
    assert all(set(stage.title) == {"en", "vi", "zh"} for stage in gate.stages.values())


NORTHBOUND = """declaration-vn metering-yard gate-in-vn customs-green customs-papers customs-bays scan-vn quarantine-vn
    border-guard-out-vn freight-road-north kiosk-in-cn xray-cn bay-cn lab-cn dock-cn
    kiosk-out-cn freight-road-south border-guard-in-vn gate-out-vn"""
SOUTHBOUND = """declaration-cn kiosk-out-cn freight-road-south border-guard-in-vn gate-in-vn
    customs-green customs-papers customs-bays scan-vn dock-vn
    gate-out-vn border-guard-out-vn freight-road-north kiosk-in-cn"""


@pytest.mark.parametrize(("direction", "stages"), [("northbound", NORTHBOUND), ("southbound", SOUTHBOUND)])
def test_a_truck_meets_the_stages_in_this_order(gate, direction, stages):
    wanted = stages.split()
    met = [stage for stage in visited(gate.paths[direction]) if stage in wanted]
    assert list(dict.fromkeys(met)) == wanted


def test_every_stage_serves_somebody(gate):
    assert all(kinds_by_stage(gate)[name] for name in gate.stages)


def test_empties_return_through_their_own_lane_and_new_cars_stay(gate):
    reached = kinds_by_stage(gate)
    for stage in ("kiosk-in-cn", "kiosk-out-cn"):
        assert [(group.name, group.lanes, group.load) for group in gate.stages[stage].lanes] == [
            ("loaded", 4, "loaded"),
            ("tidal", 4, "loaded"),
            ("empties", 1, "empty"),
        ]
    assert Kind("durian", "northbound", empty=True) in reached["kiosk-out-cn"]
    assert Kind("general", "southbound", empty=True) in reached["kiosk-in-cn"]
    assert Kind("new-cars", "southbound", empty=False) in reached["gate-out-vn"]
    assert not [kind for kinds in reached.values() for kind in kinds if kind.empty and kind.vehicle_class == "new-cars"]


def test_durian_alone_waits_for_the_laboratory(gate):
    assert kinds_by_stage(gate)["lab-cn"] == [Kind("durian", "northbound", empty=False)]
    (bay,) = [s for s in gate.paths["northbound"] if isinstance(s, Visit) and s.stage == "bay-cn"]
    assert bay.share_for["durian"] == 1.0


def test_chinese_hours_are_those_of_hanoi_an_hour_later(gate):
    kiosk = gate.stages["kiosk-in-cn"]
    assert kiosk.hours.daily == ((8 * HOUR, 21 * HOUR),)
    assert hours_on_clocks(gate, "cn", kiosk.hours) == {"vn": "07:00-20:00", "cn": "08:00-21:00"}
    assert gate.end_of_day.at == 20 * HOUR
    assert gate.end_of_day.side == "vn"


def test_the_stages_pass_the_flow_of_the_baseline(gate):
    """Mean work a day over what the lanes can do in their hours: a lasting overload is no baseline."""
    work: Counter[str] = Counter()
    for direction, steps in gate.paths.items():
        for flow in gate.flows.values():
            if flow.direction == direction:
                add_work(gate, steps, flow, work)
    for name, pool in gate.pools.items():
        unit_s = sum(shift.units * (end - start) for shift in pool.shifts for start, end in shift.hours.daily or ())
        load = sum(work[f"{s}/all"] * stage.needs[name] for s, stage in gate.stages.items() if name in stage.needs)
        assert 0 < load / unit_s < 0.95, name
    for name, stage in gate.stages.items():
        for group in stage.lane_groups():
            if group.lanes != "unlimited":
                open_s = sum(end - start for start, end in (group.hours or stage.hours).daily or ())
                load = work[f"{name}/{group.name}"] / (group.lanes * open_s)
                assert load < 0.95, f"{name}/{group.name}: {load:.2f}"
                assert load > 0 or group.name == "tidal", f"{name}/{group.name}: nobody comes"


def add_work(gate, steps, flow, work):
    for placed in walk(steps):
        visit = placed.step
        if not isinstance(visit, Visit) or not visit.share_of(flow.vehicle_class):
            continue
        share = math.prod(inside.choice.shares_of(flow.vehicle_class)[inside.name] for inside in placed.inside)
        share *= visit.share_of(flow.vehicle_class)
        share *= 0.2 if visit.when else 1.0  # every condition of this gate asks for the red channel
        stage, empty = gate.stages[visit.stage], placed.is_empty
        (law,) = stage.service_distribution(flow.vehicle_class, empty=empty).model_dump().values()
        mean = law["mean"] if isinstance(law, dict) and "mean" in law else 0.0
        group = next(g for g in stage.lane_groups() if g.admits(flow.vehicle_class, flow.direction, empty=empty))
        work[f"{visit.stage}/{group.name}"] += flow.per_day * share * (mean + stage.move_up)


def test_the_calendar_has_tet_and_the_slow_tests_of_january_2025(gate):
    assert [(c.first.isoformat(), c.last.isoformat()) for c in gate.closings()] == [
        ("2021-02-12", "2021-02-15"),
        ("2022-02-01", "2022-02-02"),
        ("2023-01-21", "2023-01-27"),
        ("2024-02-10", "2024-02-13"),
        ("2025-01-29", "2025-02-01"),
        ("2026-02-15", "2026-02-18"),
        ("2027-02-06", "2027-02-09"),
    ]
    assert [(c.first.isoformat(), c.last.isoformat(), c.demand) for c in gate.calendar if isinstance(c, Surge)] == [
        ("2024-02-14", "2024-02-17", 0.5),
        ("2026-02-19", "2026-02-23", 0.5),
    ]
    assert all(closure.sides is None and closure.stages is None for closure in gate.closings())
    ((_, slow),) = gate.slowdowns()
    assert 2 <= slow.service_times * gate.stages["lab-cn"].service.mean() / 86400 <= 3
    assert (slow.first.isoformat(), slow.last.isoformat(), slow.stages) == ("2025-01-01", "2025-01-31", ["lab-cn"])


def test_what_is_left_out_is_said(gate):
    for words in (
        "booking",
        "unmanned",
        "5G link",
        "another gate",
        "breakdowns",
        "stay limits",
    ):
        assert words in gate.about, words


def test_a_number_rests_on_a_fact_or_on_an_assumption_never_on_own_knowledge(gate):
    assert not [number.path for number in every_number(gate) if "own" in number.ids]


@pytest.mark.parametrize("name", library_gates())
def test_lines_can_be_read(name):
    text = gate_path(name).read_text(encoding="utf-8")
    assert max(map(len, text.splitlines())) <= 300
    assert not re.search(r"[ \t]+$", text, re.MULTILINE)


# loaded vehicles a day by published counts: F182 at Tan Thanh, F088 and F083 at Mong Cai (129 and 133 both ways),
# G073 at Lao Cai
PUBLISHED = {
    "tan-thanh-puzhai": {"northbound": 145, "southbound": 438},
    "mong-cai-dongxing": {"northbound": 182, "southbound": 80},
    "lao-cai-hekou": {"northbound": 160, "southbound": 390},
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_flows_of_other_gates_are_the_published_ones(name):
    per_day: dict[str, float] = dict.fromkeys(PUBLISHED[name], 0.0)
    for flow in load_gate(name).flows.values():
        per_day[flow.direction] += flow.per_day
    assert per_day == PUBLISHED[name]


@pytest.mark.parametrize("name", PUBLISHED)
def test_other_gates_are_titled_in_three_languages_and_rest_on_facts(name):
    other = load_gate(name)
    parts = (other.classes, other.stages, other.pools, other.readings)
    titles = [other.title, *(part.title for group in parts for part in group.values())]
    assert all(set(title) == {"en", "vi", "zh"} for title in titles)
    numbers = every_number(other)
    assert not [number.path for number in numbers if "own" in number.ids]
    assert sum(bool(number.facts) for number in numbers) >= 40
    assert all(kinds_by_stage(other)[stage] for stage in other.stages if stage != "hold-vn")


@pytest.mark.parametrize("name", PUBLISHED)
def test_readings_and_targets_of_other_gates_are_sound(name):
    other = load_gate(name)
    assert reading_findings(other) == []
    assert len(other.readings) == 2
    assert {target.kind for target in other.targets.values()} == {"fitted", "predicted"}


def test_a_gate_elsewhere_has_its_own_directions_languages_clocks_and_weekdays():
    ferry, land = load_gate("holyhead-dublin"), load_gate("santa-teresa")
    assert (list(ferry.paths), set(ferry.title)) == (["eastbound", "westbound"], {"en", "cy", "ga"})
    assert set(land.title) == {"en", "es"}
    primary = land.stages["primary-us"].hours
    assert [bool(primary.on_weekday(day)) for day in range(7)] == [True] * 5 + [False] * 2
    # summer time from 9 March 2025 in New Mexico and Chihuahua, from 30 March 2025 in Wales and Ireland: the run of a
    # gate from its first day on passes one of them
    for gate, zone, day in (
        (land, "America/Denver", dt.date(2025, 3, 9)),
        (ferry, "Europe/London", dt.date(2025, 3, 30)),
    ):
        before, after = (dt.datetime.combine(day, dt.time(hour), ZoneInfo(zone)).timestamp() for hour in (0, 12))
        assert after - before == 11 * HOUR  # twelve hours by the clock
        assert gate.start < day < gate.start + dt.timedelta(days=28)


@pytest.mark.parametrize("name", [*PUBLISHED, "holyhead-dublin", "santa-teresa"])
def test_engines_agree_on_other_gates(name):
    plan = compile_plan(Scenario(gate=load_gate(name), days=2, warmup_days=1))
    draws = draw(plan, seed=1)
    assert simulate(plan, draws, "reference").equals(simulate(plan, draws, "compiled"))
