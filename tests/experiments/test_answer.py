"""What a run says first: warnings, what trucks wait for, five numbers a direction; and the other tables."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence
from typing import Any

import pytest
from rich.console import Console

from api.cli.tables import print_summary, print_table
from experiments.answers.labels import Labels
from experiments.answers.run_causes import Cause, causes, confirmation, hours_text
from experiments.answers.run_numbers import Days, Metrics, RunNumbers, days, stage_times
from experiments.answers.run_summary import headlines, read_summary, summary, warnings
from experiments.answers.run_tables import first_table, stage_table, time_table
from experiments.runs.statistics import mean_interval
from experiments.studies.bottleneck import relief
from gates import Gate, load_gate
from gates.schema.demand import CalibratedRange
from sim.metrics.resources.areas import OUTSIDE
from tests.experiments.folders import one_way, write_folder

STAGES: dict[str, dict[str, Any]] = {
    "booth": {"side": "vn", "lanes": 2, "hours": "08:00-18:00", "service": {"constant": "10 min"}},
    "bay": {"side": "cn", "lanes": 5, "hours": "24 h", "service": {"constant": "30 min"}},
    "desk": {"side": "vn", "lanes": "unlimited", "hours": "24 h", "service": {"constant": "5 min"}},
}
PATH = ["booth", "bay", {"mark": "released"}, "desk"]
GATE = one_way(stages=STAGES, paths={"northbound": PATH})
OFFICERS = {"title": {"en": "Customs officers"}, "side": "vn", "shifts": [{"hours": "08:00-18:00", "units": 9}]}
LANE_GROUPS = [{"name": "fruit", "lanes": 1}, {"name": "other", "lanes": 4}]
TRUCKS = 60.0
NORTH = {"direction": "northbound"}


def row(metric: str, statistic: str, value: float | None, half: float | None = 0.0, **where: str) -> dict[str, Any]:
    ends = (None, None) if value is None or half is None else (value - half, value + half)
    names = {"direction": None, "class": None, "stage": None} | where
    estimate = {"value": value, "low": ends[0], "high": ends[1], "n": 20, "unreached": 0}
    return {"metric": metric, "statistic": statistic, **estimate, **names}


def metric_rows(
    booth: float = 0.5, bay: float = 0.5, arriving: float = TRUCKS, released: float = TRUCKS
) -> list[dict[str, Any]]:
    return [
        row("arrivals_per_day", "mean", arriving, 1.0, **NORTH),
        row("throughput_per_day", "mean", released, 1.0, **NORTH),
        row("clearance_h", "mean", 3.9, 0.7, **NORTH),
        row("clearance_h", "p90", 10.0, 1.7, **NORTH),
        row("stock_trucks", "end_of_day", 6.0, 3.0, **NORTH),
        row("utilisation", "share", booth, 0.01, stage="booth"),
        row("utilisation", "share", bay, 0.01, stage="bay"),
    ]


def manifest(gate: Gate = GATE, replications: int = 20) -> dict[str, Any]:
    document = gate.model_dump(mode="json", by_alias=True)
    return {
        "scenario": {"gate": document, "days": 1, "warmup_days": 0, "start": gate.start.isoformat()},
        "replications": replications,
        "seed": 1,
        "tick_zero": dt.datetime(2026, 3, 2, tzinfo=dt.UTC).isoformat(),
    }


def hours(
    stage: str, waiting: float = 0, closed: float = 0, served: float = 0, blocked: float = 0, replication: int = 0
) -> dict[str, Any]:
    """Return a row of `stages.parquet`: the hours of all trucks."""
    totals = {"waiting_h": waiting, "closed_h": closed, "served_h": served, "blocked_h": blocked}
    return {"replication": replication, "stage": stage, "direction": "northbound", "visits": 60} | totals


def numbers(rows: list[dict[str, Any]], found: list[dict[str, Any]] | None = None, *stocks: list[float]) -> RunNumbers:
    """Return the numbers of a run of 60 trucks, with the stock of each day in each replication."""
    stock = tuple(map(tuple, stocks or ([0.0],)))
    return numbers_with(Days((TRUCKS,) * len(stock), stock), found, rows)


def numbers_with(
    each: Days, found: list[dict[str, Any]] | None = None, rows: Sequence[dict[str, Any]] = ()
) -> RunNumbers:
    """Return the numbers of a run with days of its own."""
    return RunNumbers(
        Metrics({"metrics": metric_rows() if found is None else found}), stage_times(rows), {"northbound": each}
    )


def said(of: RunNumbers, gate: Gate = GATE) -> tuple[str, ...]:
    labels = Labels(manifest(gate))
    (only,) = headlines(of, labels)
    return tuple(map(plain, (only.sentence, *only.details)))


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


# What trucks wait for


def test_opening_hours_that_cost_most_come_first_as_means_over_all_trucks() -> None:
    # 1,440 h of 60 trucks are 24 h a truck, 228 h are 3.8 h
    rows = [hours("booth", waiting=180, closed=1440, served=10), hours("bay", waiting=48, served=30)]
    assert said(numbers(rows)) == (
        "Northbound: trucks wait 24 h for stages to open and 3.8 h in queues.",
        "Largest causes, per truck: opening hours of Booth (24 h), queue at Booth (3.0 h) and queue at Bay (0.8 h).",
    )


def test_a_stage_that_is_full_while_it_is_open_makes_trucks_wait_for_capacity_too() -> None:
    of = numbers([hours("booth", waiting=60, closed=600, served=10)], metric_rows(booth=0.98))
    assert said(of)[-1] == (
        "The lanes of Booth are busy 98.0 ± 1.0 % of their opening hours, so part of this wait is for capacity."
    )


def test_a_busy_stage_without_waits_is_no_cause() -> None:
    of = numbers([hours("booth", served=60), hours("bay", waiting=1, served=30)], metric_rows(booth=0.99))
    assert said(of) == ("Northbound: trucks hardly wait, less than 3 minutes each.",)


def test_the_overloaded_lane_group_is_named_and_not_its_stage() -> None:
    gate = one_way(stages=STAGES | {"bay": STAGES["bay"] | {"lanes": LANE_GROUPS}}, paths={"northbound": PATH})
    groups = [
        row("lane_group_utilisation", "share", 1.0, stage="bay/fruit"),
        row("lane_group_utilisation", "share", 0.0, stage="bay/other"),
    ]
    of = numbers([hours("bay", waiting=120, served=30)], [*metric_rows(bay=0.2), *groups])
    assert said(of, gate)[1] == "Largest causes, per truck: queue at Bay, lane group fruit (2.0 h)."


def test_lane_groups_that_are_about_as_busy_are_one_stage() -> None:
    gate = one_way(stages=STAGES | {"bay": STAGES["bay"] | {"lanes": LANE_GROUPS}}, paths={"northbound": PATH})
    groups = [
        row("lane_group_utilisation", "share", 0.95, stage="bay/fruit"),
        row("lane_group_utilisation", "share", 0.90, stage="bay/other"),
    ]
    of = numbers([hours("bay", waiting=120, served=30)], [*metric_rows(bay=0.91), *groups])
    assert said(of, gate)[1] == "Largest causes, per truck: queue at Bay (2.0 h)."


def with_officers(*users: str) -> Gate:
    """Return the gate with officers whom some of its stages need."""
    stages = {name: stage | {"needs": {"officers": 1} if name in users else {}} for name, stage in STAGES.items()}
    return one_way(stages=stages, paths={"northbound": PATH}, pools={"officers": OFFICERS})


def test_a_pool_that_is_busier_than_the_lanes_is_what_trucks_of_all_its_stages_wait_for() -> None:
    rows = [hours("booth", waiting=60), hours("bay", waiting=30), hours("desk", waiting=30)]
    busy = row("pool_utilisation", "share", 0.97, 0.01, stage="officers")
    assert said(numbers(rows, [*metric_rows(), busy]), with_officers("booth", "bay"))[1] == (
        "Largest causes, per truck: wait for Customs officers (1.5 h) and queue at Desk (0.5 h)."
    )


def test_lanes_that_are_busier_than_the_pool_are_what_trucks_wait_for() -> None:
    idle = row("pool_utilisation", "share", 0.6, 0.01, stage="officers")
    of = numbers([hours("booth", waiting=60)], [*metric_rows(booth=0.9), idle])
    assert said(of, with_officers("booth"))[1] == "Largest causes, per truck: queue at Booth (1.0 h)."


def with_areas(**areas: list[str]) -> Gate:
    places = {name: {"spaces": 2, "stages": stages} for name, stages in areas.items()}
    return one_way(stages=STAGES, paths={"northbound": PATH}, areas=places)


def test_the_full_area_is_named_and_not_the_stage_that_it_blocks() -> None:
    # Trucks stand blocked in the booth for 60 h and are served for 10 h, so those behind wait for the yard too.
    rows = [hours("booth", waiting=120, served=10, blocked=60), hours("bay", waiting=30, served=30)]
    assert said(numbers(rows, metric_rows(booth=1.0)), with_areas(yard=["bay"])) == (
        "Northbound: trucks wait 2.5 h in queues and 1.0 h for space.",
        "Largest causes, per truck: no space in Yard (3.0 h) and queue at Bay (0.5 h).",
    )


def test_a_queue_of_a_stage_that_is_seldom_blocked_is_its_own() -> None:
    rows = [hours("booth", waiting=120, served=60, blocked=6), hours("bay", waiting=0, served=30)]
    assert said(numbers(rows), with_areas(yard=["bay"]))[1] == (
        "Largest causes, per truck: queue at Booth (2.0 h) and no space in Yard (0.1 h)."
    )


def test_who_waits_outside_waits_for_the_farthest_area_that_blocks_the_others() -> None:
    # Outside the apron is full, because the booth in it is blocked by the yard.
    rows = [hours(OUTSIDE, blocked=240), hours("booth", served=10, blocked=60), hours("bay", waiting=30, served=30)]
    assert said(numbers(rows), with_areas(apron=["booth"], yard=["bay"]))[1] == (
        "Largest causes, per truck: no space in Yard (5.0 h) and queue at Bay (0.5 h)."
    )
    freely = [hours(OUTSIDE, blocked=240), hours("booth", waiting=60, served=60)]
    assert said(numbers(freely), with_areas(apron=["booth"], yard=["bay"]))[1] == (
        "Largest causes, per truck: no space in Apron (4.0 h) and queue at Booth (1.0 h)."
    )


def test_a_hold_is_waiting_for_readiness_and_not_processing() -> None:
    # 60 trucks: 2,100 h on hold are 35 h a truck, 180 h closed 3 h
    held = STAGES | {"desk": STAGES["desk"] | {"hold": True, "title": {"en": "Papers"}}}
    gate = one_way(stages=held, paths={"northbound": ["desk", "booth", {"mark": "released"}]})
    rows = [hours("desk", served=2100), hours("booth", waiting=30, closed=180, served=10)]
    assert said(numbers(rows), gate) == (
        "Northbound: trucks wait 35 h for goods to be ready, 3.0 h for stages to open and 0.5 h in queues.",
        "Largest causes, per truck: hold at Papers (35 h), opening hours of Booth (3.0 h) and queue at Booth (0.5 h).",
    )
    labels = Labels(manifest(gate))
    (only,) = headlines(numbers(rows), labels)
    assert only.cause is not None
    assert (only.cause.kind, only.cause.place) == ("opening", "booth"), "nothing relieves a hold"
    assert ("Waiting for readiness [h/truck]", "35.0") in [
        (name, value) for name, value, *_ in first_table(numbers(rows), labels).rows
    ]
    (alone,) = headlines(numbers(rows[:1]), labels)
    assert alone.cause is None
    assert relief(gate, "hold", "desk") is None
    (found, *_) = causes(numbers(rows), labels, "northbound")
    assert (found.kind, found.object) == ("hold", "Papers")


def test_a_gate_without_a_hold_has_no_row_for_readiness() -> None:
    assert "readiness" not in str(first_table(numbers([hours("desk", served=2100)]), Labels(manifest())))


def test_hours_of_causes_add_up_to_all_waiting() -> None:
    rows = [hours(OUTSIDE, blocked=24), hours("booth", 12, 60, 10, 20), hours("bay", waiting=30, served=30)]
    found = causes(numbers(rows), Labels(manifest(with_areas(yard=["bay"]))), "northbound")
    assert sum(each.hours.value for each in found) == pytest.approx((24 + 12 + 60 + 20 + 30) / TRUCKS)


@pytest.mark.parametrize(
    ("value", "text"),
    [(24.3, "24 h"), (9.96, "10 h"), (9.94, "9.9 h"), (0.1, "0.1 h"), (0.09, "5 min"), (0.001, "under 1 min")],
)
def test_hours_as_people_read_them(value: float, text: str) -> None:
    assert plain(hours_text(value)) == text


def test_without_trucks_nothing_is_claimed() -> None:
    assert said(numbers([], metric_rows(arriving=0))) == ("Northbound: no truck arrived in the measured period.",)


# Whether relief helps: margin 1 % of 32 h, 0.32 h; t(0.975, 2) = 4.303, so the half width is 2.484 standard deviations

BAY = Cause("stage", "bay", "queue at Bay", mean_interval([3.0, 3.0]))
HOURS_OF_BOOTH = Cause("opening", "booth", "opening hours of Booth", mean_interval([24.0, 24.0]))


@pytest.mark.parametrize(
    ("cause", "how", "after", "text"),
    [
        (
            HOURS_OF_BOOTH,
            "round-the-clock opening of",
            [6.0, 6.1, 5.9],
            "Bottleneck: opening hours of Booth. Round-the-clock opening of Booth cuts mean northbound clearance by "
            "26.0 h (95 % interval 25.8 to 26.2), from 32 h to 6 h.",
        ),
        (
            BAY,
            "twice the lanes of",
            [31.99, 32.0, 31.98],
            "Not a bottleneck: queue at Bay. Twice the lanes of Bay does not shorten mean northbound clearance by as "
            "much as 19 min; it changes by −0.6 min (95 % interval −2.1 to +0.9).",
        ),
        (
            BAY,
            "twice the lanes of",
            [30.0, 33.0, 32.0],
            "Too few replications to tell whether twice the lanes of Bay shortens mean northbound clearance; it "
            "changes by −0.3 h (95 % interval −4 to +3).",
        ),
    ],
)
def test_a_bottleneck_is_where_relief_shortens_the_mean_by_more_than_the_margin(
    cause: Cause, how: str, after: list[float], text: str
) -> None:
    assert plain(confirmation(cause, how, "northbound", [32.0, 32.0, 32.0], after)) == text


GROUPED = STAGES | {"bay": STAGES["bay"] | {"lanes": [LANE_GROUPS[0] | {"hours": "08:00-12:00"}, LANE_GROUPS[1]]}}


def relieved(kind: str, place: str) -> Gate:
    pools = {"officers": OFFICERS}
    gate = one_way(
        stages=GROUPED | {"desk": STAGES["desk"] | {"needs": {"officers": 1}}},
        paths={"northbound": PATH},
        pools=pools,
        areas={"yard": {"spaces": 3, "stages": ["desk"]}},
    )
    found = relief(gate, kind, place)
    assert found is not None
    return found.gate(gate)


def test_relief_is_twice_the_capacity_or_all_day() -> None:
    assert relieved("stage", "booth").stages["booth"].lanes == 4
    assert [g.lanes for g in relieved("stage", "bay").stages["bay"].lane_groups()] == [2, 8]
    assert [g.lanes for g in relieved("group", "bay/fruit").stages["bay"].lane_groups()] == [2, 4]
    assert relieved("pool", "officers").pools["officers"].shifts[0].units == 18
    assert relieved("area", "yard").areas["yard"].spaces == 6
    all_day = relieved("opening", "bay").stages["bay"]
    assert str(all_day.hours) == str(all_day.lane_groups()[0].hours) == str(GATE.stages["bay"].hours)


def test_what_has_no_limit_needs_no_relief() -> None:
    assert relief(GATE, "stage", "desk") is None
    assert relief(GATE, "area", OUTSIDE) is None


# What one must know first


def warned(of: RunNumbers, gate: Gate = GATE) -> list[str]:
    return [plain(text) for text in warnings(of, Labels(manifest(gate)))]


def test_a_stock_that_grows_is_said_with_what_depends_on_it() -> None:
    # Slopes of 61 and 63 trucks a day: 62, with t(0.975, 1) = 12.706 times 1.
    of = numbers([], metric_rows(arriving=200, released=138), [0, 61, 122, 183], [5, 68, 131, 194])
    assert warned(of) == [
        "Overload: the northbound stock grows by 62 ± 13 trucks a day, because more trucks arrive (200.0 ± 1.0 a day) "
        "than are released (138.0 ± 1.0). Northbound means and percentiles depend on how long you run."
    ]


def test_trucks_that_pile_up_beyond_the_border_are_overload_too() -> None:
    """The bulletin counts until the crossing and sees 8 trucks every day; beyond it 62 a day are not released."""
    flat = (8.0, 8.0, 8.0, 8.0)

    def beyond(**more: float) -> RunNumbers:
        # 139 a day are released of 200, and of 202: 61 and 63 more each day, so 62, with t(0.975, 1) = 12.706 times 1
        flows = tuple(((200.0, first, first, first), (139.0, 139.0, 139.0, 139.0)) for first in (200.0, 202.0))
        rows = metric_rows(arriving=200, released=138) + [row(m, "mean", v, 0.0, **NORTH) for m, v in more.items()]
        return numbers_with(Days((800.0, 806.0), (flat, flat), flows), rows)

    assert warned(beyond()) == [
        "Overload: the number of northbound trucks not yet released grows by 62 ± 13 a day, because more trucks arrive "
        "(200.0 ± 1.0 a day) than are released (138.0 ± 1.0). Northbound means and percentiles depend on how long you "
        "run."
    ]
    assert "grows by 42 ± 13 a day" in warned(beyond(turned_back_per_day=20.0))[0], "who turns back is gone"
    assert "grows by 67 ± 13 a day" in warned(beyond(second_loads_per_day=5.0))[0], "released, and never arrived"
    assert warned(beyond(turned_back_per_day=62.0)) == []


def test_a_stock_that_only_grows_by_chance_or_little_is_not() -> None:
    by_chance = numbers([], metric_rows(arriving=200, released=190), [0, 61, 122], [30, 20, 10])
    little = numbers([], metric_rows(arriving=200, released=190), [0, 1, 2], [0, 1.1, 2.2])
    alone = numbers([], metric_rows(arriving=200, released=138), [0, 61, 122])
    assert [warned(of) for of in (by_chance, little, alone)] == [[], [], []]


def test_closed_weekends_are_no_growth() -> None:
    week = [10.0, 10.0, 10.0, 10.0, 10.0, 80.0, 150.0]
    assert Days((1.0, 1.0), (tuple(week * 2), tuple(week * 2))).growth.value == 0
    rising = [level + 7 * (day // 7) for day, level in enumerate(week * 3)]
    assert Days((1.0, 1.0), (tuple(rising), tuple(rising))).growth.value == pytest.approx(1)


def test_a_run_outside_the_calibrated_range_says_so_first() -> None:
    gate = GATE.model_copy(update={"calibrated": CalibratedRange(months=["jul"])})
    assert warned(numbers([]), gate) == [
        "Outside the calibrated range: the gate was fitted to July, and the run measures March. Queues and times of "
        "this run are an extrapolation."
    ]


def test_deadlock_is_all_that_is_said() -> None:
    stuck = [*metric_rows(booth=1.0, arriving=200, released=0), row("locked_trucks", "total", 2.0)]
    locked = numbers([hours("booth", waiting=600)], stuck, [0, 200, 400], [0, 201, 402])
    found = summary(locked, manifest())
    assert [plain(text) for text in found.answers] == [
        "Deadlock: 2 trucks can never move again, because each waits for a lane, a space or a unit that another of "
        "them holds. The numbers below describe a gate that stands still, so they say nothing about its capacity. Let "
        "trucks give back what they hold before they wait, or queue at a stage in between."
    ]


# Numbers


def test_the_first_screen_has_the_numbers_that_one_asks_first() -> None:
    of = numbers([hours("booth", waiting=120, closed=240)])
    table = first_table(of, Labels(manifest()))
    assert table.columns == ("", "Northbound")
    assert [tuple(map(plain, each)) for each in table.rows] == [
        ("Released [trucks/day]", "60.0 ± 1.0"),
        ("Clearance, mean [h]", "3.9 ± 0.7"),
        ("Clearance, 90 % of trucks within [h]", "10.0 ± 1.7"),
        ("Waiting in queues [h/truck]", "2.00"),
        ("Waiting for opening [h/truck]", "4.00"),
        ("Stock at 24:00 [trucks]", "6 ± 3"),
    ]


def test_lines_of_the_screen_keep_numbers_and_words_whole() -> None:
    screen = Console(width=80, file=io.StringIO(), color_system=None)
    print_summary(screen, summary(numbers([hours("booth", waiting=120, closed=240)]), manifest()), full=True)
    assert isinstance(screen.file, io.StringIO)
    lines = screen.file.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert not [line for line in lines if line.rstrip().endswith(("±", "95"))]
    (first, *_) = (line.strip() for line in map(plain, lines) if "wait" in line)
    assert first == "→ Northbound: trucks wait 4.0 h for stages to open and 2.0 h in queues. Largest"


@pytest.mark.parametrize("width", [60, 80, 200])
def test_a_table_never_breaks_a_word_and_names_every_row(width: int) -> None:
    columns = ("Scenario", "Change, h", "95 % interval", "Verdict", "p", "Probability of being best")
    rows = [
        ("Declaration before arrival", "−0.22", "−0.37 to −0.06", "better by less than the margin", "0.002", "< 1 %"),
        ("Round the clock", "−30.7", "−31.0 to −30.5", "better", "< 0.001", "> 99 %"),
    ]
    screen = Console(width=width, file=io.StringIO(), color_system=None)
    print_table(screen, "Differences", columns, rows)
    assert isinstance(screen.file, io.StringIO)
    lines = screen.file.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    shown = " ".join(lines).split()
    assert {word for text in (*columns, *(cell for row in rows for cell in row)) for word in text.split()} <= {*shown}
    parts = sum(line.strip().startswith("Differences") for line in lines)
    assert sum("Round" in line for line in lines) == parts
    assert parts == (2 if width == 60 else 1)
    assert any("−31.0 to −30.5" in line for line in lines), "an interval stays on one line"


def test_a_mean_where_nobody_was_released_is_a_dash() -> None:
    rows = {name: value for name, value in first_table(numbers([], metric_rows(released=0)), Labels(manifest())).rows}
    assert rows["Clearance, mean [h]"] == "–"
    (all_trucks, _) = time_table(
        Metrics({"metrics": metric_rows(released=0)}), Labels(manifest()), "clearance_h", ""
    ).rows
    assert all_trucks == ("Northbound, all", "–", "–", "–", "–", "–")


def test_hours_are_added_up_by_replication() -> None:
    rows = [hours("booth", 1, 2, 3), hours("booth", 5, 6, 7, replication=1), hours("bay", 1, 1, 1, replication=1)]
    found = stage_times(rows)
    assert found["northbound", "booth"].waiting == (1.0, 5.0)
    assert found["northbound", "bay"].served == (0.0, 1.0)


def test_days_are_read_by_direction_and_replication() -> None:
    rows = [
        {"replication": r, "day": d, "direction": way, "arrived": 10 * r + d, "stock": 100 * r + d, "released": d}
        for d in (1, 0)
        for way in ("northbound", "southbound")
        for r in (1, 0)
    ]
    assert days(rows)["southbound"] == Days(
        (1.0, 21.0), ((0.0, 1.0), (100.0, 101.0)), (((0.0, 1.0), (0.0, 1.0)), ((10.0, 11.0), (0.0, 1.0)))
    )


@pytest.mark.parametrize(
    ("replications", "text"),
    [
        (
            1,
            "1 day from 2 March 2026, after 0 days of warm-up; 1 replication, seed 1. One replication gives no "
            "interval; run 20.",
        ),
        (
            20,
            "1 day from 2 March 2026, after 0 days of warm-up; 20 replications, seed 1. ±: 95 % interval of the mean "
            "over replications (Student t).",
        ),
    ],
)
def test_the_basis_says_what_the_intervals_are(replications: int, text: str) -> None:
    assert plain(summary(numbers([]), manifest(replications=replications)).basis) == text


def test_the_screen_shows_what_a_run_must_show(tmp_path) -> None:
    found = read_summary(write_folder(tmp_path / "run", load_gate("friendship-pass"), replications=2))
    texts = [table.title for table in found.tables]
    assert texts == [
        "A day at the gate",
        "Time at the gate",
        "Stages, northbound",
        "Stages, southbound",
        "Areas",
        "Pools",
        "What a day costs",
        "Energy of a day",
    ]
    assert [each.direction for each in found.headlines] == ["northbound", "southbound"]
    for table in (found.first, *found.tables):
        assert table.rows
        assert all(len(row) == len(table.columns) for row in table.rows)
    times = dict((row[0], row[1:]) for row in found.tables[1].rows)
    assert set(times) == {f"{name}, {d}" for name in ("Clearance", "Passage") for d in ("northbound", "southbound")}
    assert "±" in times["Clearance, southbound"][0]
    assert any("still inside" in note for note in found.notes)


def test_the_screen_leaves_out_stages_without_waits_and_the_report_does_not() -> None:
    waits = [
        row("wait_h", "mean", 1.5, 0.2, stage="booth", **NORTH),
        row("wait_h", "mean", 0.4, 0.1, stage="bay", **NORTH),
    ]
    labels, found = Labels(manifest()), Metrics({"metrics": [*metric_rows(0.2, 0.1), *waits]})
    assert [r[0] for r in stage_table(found, labels, "northbound").rows] == ["Booth", "Bay", "Desk"]
    assert [r[0] for r in stage_table(found, labels, "northbound", only_waits=True).rows] == ["Booth", "Bay"]
    assert stage_table(found, labels, "northbound").rows[2][-1] == "no limit"


def test_a_table_without_a_row_is_left_out() -> None:
    """An hour of waiting makes a row; two minutes at each stage make none, so no table and no note about it."""
    rows = metric_rows()
    waiting = [*rows, *(row("wait_h", "mean", 1.0, 0.1, **NORTH, stage=stage) for stage in ("booth", "bay"))]
    hardly = [*rows, *(row("wait_h", "mean", 0.03, 0.01, **NORTH, stage=stage) for stage in ("booth", "bay"))]
    found = [summary(numbers_with(Days((TRUCKS,), ((0.0,),)), each), manifest()) for each in (waiting, hardly)]
    assert ["Stages, northbound" in [table.title for table in each.tables] for each in found] == [True, False]
    assert found[0].notes[0].startswith("In queue, closed: mean hours of a visit")
    assert found[1].notes[0] == "Stages with under 3 minutes of waiting are only in the report."
    assert all(table.rows for each in found for table in each.tables)
