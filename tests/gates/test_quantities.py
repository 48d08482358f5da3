"""Quantities: what people write, what is held, and that the two agree."""

from __future__ import annotations

import datetime as dt
import itertools
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from gates.schema.hours import OpeningHours, every_day
from gates.schema.quantities import (
    DAY_S,
    LONGEST_D,
    UNITS_REQUIRED,
    Clock,
    Count,
    Day,
    Days,
    Metres,
    Number,
    Seconds,
    Share,
    Tonnes,
    number_text,
    parse_window,
)

ADAPTERS: dict[str, TypeAdapter[Any]] = {
    kind: TypeAdapter(annotated)
    for kind, annotated in {
        "seconds": Seconds,
        "days": Days,
        "tonnes": Tonnes,
        "metres": Metres,
        "share": Share,
        "clock": Clock,
        "hours": OpeningHours,
        "day": Day,
        "number": Number,
        "count": Count,
    }.items()
}


def read(kind, value):
    return ADAPTERS[kind].validate_python(value, context=UNITS_REQUIRED)


def refused(kind, value, context=UNITS_REQUIRED):
    with pytest.raises(ValidationError) as caught:
        ADAPTERS[kind].validate_python(value, context=context)
    (error,) = caught.value.errors()
    return error.get("ctx", {}).get("problem", error["type"]), error.get("ctx", {}).get("remedy", "")


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("seconds", "35 s", 35.0),
        ("seconds", "35s", 35.0),
        ("seconds", " 10  min ", 600.0),
        ("seconds", "1 h", 3600.0),
        ("seconds", "2.5 h", 9000.0),
        ("seconds", "0.1 s", 0.1),
        ("seconds", "250 ms", 0.25),
        ("seconds", "1 d", 86_400.0),
        ("seconds", "1e3 s", 1000.0),
        ("seconds", 0, 0.0),
        ("seconds", "-0 s", 0.0),
        ("days", "21 d", 21.0),
        ("days", "36 h", 1.5),
        ("tonnes", "20 t", 20.0),
        ("tonnes", "800 kg", 0.8),
        ("share", "45 %", 0.45),
        ("share", "45%", 0.45),
        ("share", "33.3 %", 0.333),
        ("share", "100 %", 1.0),
        ("share", 0.45, 0.45),
        ("share", 1, 1.0),
        ("clock", "20:00", 72_000),
        ("clock", "7:05", 25_500),
        ("clock", "00:00:01", 1),
        ("clock", "24:00", DAY_S),
        ("hours", "08:00-21:00", every_day(((28_800, 75_600),))),
        ("hours", "8:00 – 21:00", every_day(((28_800, 75_600),))),
        ("share", "２５ ％", 0.25),
        ("clock", "２０：３０", 73_800),
        ("hours", "０８：００－２１：００", every_day(((28_800, 75_600),))),
        ("day", "２０２６－０２－１５", dt.date(2026, 2, 15)),
        ("hours", "24 h", every_day(((0, DAY_S),))),
        ("hours", "00:00-24:00", every_day(((0, DAY_S),))),
        ("hours", "22:00-06:00", every_day(((0, 21_600), (79_200, DAY_S)))),
        ("hours", "22:00-00:00", every_day(((79_200, DAY_S),))),
        ("hours", ["13:00-17:00", "08:00-12:00"], every_day(((28_800, 43_200), (46_800, 61_200)))),
        ("hours", "08:00-12:00, 13:00-17:00", every_day(((28_800, 43_200), (46_800, 61_200)))),
        ("hours", ["08:00-12:00", "12:00-17:00"], every_day(((28_800, 61_200),))),
        ("hours", ["08:00-13:00", "12:00-17:00"], every_day(((28_800, 61_200),))),
        ("day", "2026-02-15", dt.date(2026, 2, 15)),
        ("day", dt.date(2026, 2, 15), dt.date(2026, 2, 15)),
        ("number", 75, 75.0),
        ("count", 6, 6),
    ],
)
def test_what_is_written_is_what_is_held(kind, text, value):
    held = read(kind, text)
    assert held == value
    assert type(held) is type(value)


@pytest.mark.parametrize(
    ("kind", "text", "problem", "remedy"),
    [
        ("seconds", 35, "the unit is missing", 'Write the unit, such as "35 s".'),
        ("seconds", 35.0, "the unit is missing", 'Write the unit, such as "35 s".'),
        ("seconds", "35", "the unit is missing", 'Write the unit, such as "35 s".'),
        ("seconds", "nan", "the unit is missing", 'Write the unit, such as "35 s".'),
        ("days", 21, "the unit is missing", 'Write the unit, such as "21 d".'),
        ("tonnes", 20, "the unit is missing", 'Write the unit, such as "20 t".'),
        ("seconds", "35 t", "t is no unit for this", 'Use one of ms, s, min, h, d, such as "35 s".'),
        ("days", "3 weeks", "weeks is no unit for this", 'Use one of h, d, such as "21 d".'),
        ("seconds", "35 S", "S is no unit for this", 'Use one of ms, s, min, h, d, such as "35 s".'),
        ("seconds", "a while", "cannot be read", 'Write a number and a unit, such as "35 s".'),
        ("seconds", "", "cannot be read", 'Write a number and a unit, such as "35 s".'),
        ("seconds", "1,5 h", "a comma in a number", 'Write a point, not a comma: "1.5 h".'),
        (
            "metres",
            "1,200 m",
            "a comma in a number",
            'Write a point for decimals and nothing between thousands: "1.200 m" or "1200 m".',
        ),
        ("metres", "1,200,000 m", "a comma in a number", 'Write nothing between thousands: "1200000 m".'),
        ("metres", "1,200.5 m", "a comma in a number", 'Write nothing between thousands: "1200.5 m".'),
        ("share", "12，5 ％", "a comma in a number", 'Write a point, not a comma: "12.5 %".'),
        (
            "number",
            "1,200",
            "a comma in a number",
            'Write a point for decimals and nothing between thousands: "1.200" or "1200".',
        ),
        ("count", "４", "not a number", "Write a plain number, without quotes or unit."),
        ("seconds", "5 min 30 s", "cannot be read", 'Write a number and a unit, such as "35 s".'),
        ("seconds", "nan s", "cannot be read", 'Write a number and a unit, such as "35 s".'),
        ("seconds", "1e9999 s", "cannot be read", 'Write a number and a unit, such as "35 s".'),
        ("seconds", None, "not a quantity", 'Write a number and a unit, such as "35 s".'),
        ("seconds", True, "not a quantity", 'Write a number and a unit, such as "35 s".'),
        ("seconds", ["35 s"], "not a quantity", 'Write a number and a unit, such as "35 s".'),
        ("seconds", "-1 s", "out of bounds", "Use a value from 0 to 3650 d."),
        ("seconds", "3651 d", "out of bounds", "Use a value from 0 to 3650 d."),
        ("seconds", "1e999 s", "out of bounds", "Use a value from 0 to 3650 d."),
        ("days", "3650.1 d", "out of bounds", "Use a value from 0 to 3650 d."),
        ("tonnes", "1001 t", "out of bounds", "Use a value from 0 to 1000 t."),
        ("share", "101 %", "out of bounds", 'Use a value from 0 to 1, or from "0 %" to "100 %".'),
        ("share", 45, "out of bounds", 'Use a value from 0 to 1, or from "0 %" to "100 %".'),
        ("share", float("nan"), "not a number", 'Write a number from 0 to 1, or from "0 %" to "100 %".'),
        ("share", float("inf"), "out of bounds", 'Use a value from 0 to 1, or from "0 %" to "100 %".'),
        ("share", 10**400, "out of bounds", 'Use a value from 0 to 1, or from "0 %" to "100 %".'),
        ("share", "0.45", "the unit is missing", 'Write the unit, such as "45 %".'),
        ("clock", 72_000, "not a time of day", 'Write hours and minutes, such as "20:00".'),
        ("clock", "8 pm", "not a time of day", 'Write hours and minutes, such as "20:00".'),
        ("clock", "20", "not a time of day", 'Write hours and minutes, such as "20:00".'),
        ("clock", "24:01", "no such time of day", 'Write a time from "00:00" to "24:00".'),
        ("clock", "12:60", "no such time of day", 'Write a time from "00:00" to "24:00".'),
        ("hours", "8-21", "not a time of day", 'Write hours and minutes, such as "20:00".'),
        ("hours", "always", "not a window of hours", 'Write two times of day, such as "08:00-21:00".'),
        ("hours", "08:00-08:00", "an empty window", None),
        ("hours", "24:00-06:00", "an empty window", None),
        ("hours", [], "no opening hours", None),
        ("hours", ["08:00-21:00"] * 49, "no opening hours", None),
        ("hours", 24, "not a window of hours", None),
        ("hours", [[0, 3600]], "not a window of hours", None),
        ("hours", [[0]], "not a window of hours", None),
        ("day", 20260215, "not a date", "Write year-month-day, such as 2026-02-15."),
        ("day", "15.2.2026", "not a date", "Write year-month-day, such as 2026-02-15."),
        ("day", "2026-02-30", "no such day", "Write a day of the calendar, such as 2026-02-15."),
        ("day", "1926-02-15", "out of bounds", "Use a year from 1990 to 2200."),
        ("day", dt.datetime(2026, 2, 15), "not a date", "Write year-month-day, such as 2026-02-15."),
        ("number", "75", "not a number", "Write a plain number, without quotes or unit."),
        ("number", True, "not a number", "Write a plain number, without quotes or unit."),
        ("count", "6", "not a number", "Write a plain number, without quotes or unit."),
    ],
)
def test_what_is_refused_has_a_remedy(kind, text, problem, remedy):
    found_problem, found_remedy = refused(kind, text)
    assert found_problem == problem
    assert found_remedy == remedy if remedy else found_remedy


@pytest.mark.parametrize(
    ("kind", "value", "held"),
    [
        ("seconds", 35, 35.0),
        ("days", 21, 21.0),
        ("tonnes", 20, 20.0),
        ("clock", 72_000, 72_000),
        ("hours", ((0, 3600),), every_day(((0, 3600),))),
        ("hours", [[0, 3600], [3600, 7200]], every_day(((0, 7200),))),
    ],
)
def test_python_may_give_plain_numbers_in_the_canonical_unit(kind, value, held):
    assert ADAPTERS[kind].validate_python(value) == held


@pytest.mark.parametrize("value", [((0, 86_401),), ((5, 5),), ((-1, 5),), ((0.5, 5),), ((0, float("nan")),)])
def test_python_windows_must_lie_in_a_day(value):
    assert refused("hours", value, context=None)[0] == "not a window of a day"


def test_a_clock_in_python_must_lie_in_a_day():
    assert refused("clock", 86_401, context=None)[0] == "not a time of day"


durations = st.floats(0, LONGEST_D * DAY_S, allow_nan=False)


@given(durations | st.integers(0, 10**6).map(float))
@example(90.0)
@example(5e-324)
@example(0.1 + 0.2)
def test_seconds_are_read_back_exactly(value):
    text = ADAPTERS["seconds"].dump_python(value, mode="json")
    assert read("seconds", text) == value


@given(st.floats(0, LONGEST_D))
def test_days_are_read_back_exactly(value):
    assert read("days", ADAPTERS["days"].dump_python(value, mode="json")) == value


@given(st.floats(0, 1000))
def test_tonnes_are_read_back_exactly(value):
    assert read("tonnes", ADAPTERS["tonnes"].dump_python(value, mode="json")) == value


@given(st.floats(0, 1))
@example(1e-300)
@example(0.07)
def test_shares_are_read_back_exactly(value):
    assert read("share", ADAPTERS["share"].dump_python(value, mode="json")) == value


@given(st.integers(0, DAY_S))
def test_times_of_day_are_read_back_exactly(value):
    assert read("clock", ADAPTERS["clock"].dump_python(value, mode="json")) == value


windows = st.lists(
    st.tuples(st.integers(0, DAY_S - 1), st.integers(1, DAY_S)).filter(lambda window: window[0] < window[1]),
    min_size=1,
    max_size=6,
)


@given(windows)
def test_hours_are_sorted_disjoint_and_cover_the_same_seconds(parts):
    held = ADAPTERS["hours"].validate_python(parts).daily
    assert all(0 <= start < end <= DAY_S for start, end in held)
    assert all(before[1] < after[0] for before, after in itertools.pairwise(held))
    probes = {edge + shift for window in parts for edge in window for shift in (-1, 0)}
    for second in probes:
        inside = any(start <= second < end for start, end in parts)
        assert inside == any(start <= second < end for start, end in held)


@given(windows)
def test_hours_are_read_back_exactly(parts):
    held = ADAPTERS["hours"].validate_python(parts)
    assert read("hours", json.loads(ADAPTERS["hours"].dump_json(held))) == held
    assert read("hours", str(held)) == held


@given(st.integers(0, DAY_S - 1), st.integers(0, DAY_S - 1))
def test_a_window_over_midnight_is_cut_there(start, end):
    clock = ADAPTERS["clock"].dump_python
    if start == end:
        return
    pieces = parse_window(f"{clock(start, mode='json')}-{clock(end, mode='json')}")
    assert sum(b - a for a, b in pieces) == (end - start) % DAY_S
    assert all(0 <= a < b <= DAY_S for a, b in pieces)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (35.0, "35 s"),
        (90.0, "90 s"),
        (600.0, "10 min"),
        (3300.0, "55 min"),
        (3600.0, "1 h"),
        (9000.0, "2.5 h"),
    ],
)
def test_durations_are_shown_in_the_unit_a_person_would_choose(value, text):
    assert ADAPTERS["seconds"].dump_python(value, mode="json") == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_shown_without_loss(value):
    assert float(number_text(value)) == value
