"""Opening hours by weekday, on public holidays and on single dates: what is read, what holds, what is written."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from gates import ConfigError, Gate, apply_upgrades, every_number
from gates.addresses import find
from gates.files.load import gate_from_data, gate_from_text
from gates.schema.hours import ALWAYS, OpeningHours, Weekdays, common, every_day
from gates.schema.quantities import UNITS_REQUIRED
from gates.upgrades import Edit, Upgrade

from .files import as_text, changed, findings_of

HOUR = 3600
FRIDAY, SATURDAY, SUNDAY = (dt.date(2025, 7, day) for day in (4, 5, 6))
OFFICE = {"mon-fri": "07:00-19:00", "sat": "07:00-12:00"}
"""Most customs offices."""
BOOTH = "stages.booth.hours"


def read(value: Any) -> OpeningHours:
    hours: OpeningHours = TypeAdapter(OpeningHours).validate_python(value, context=UNITS_REQUIRED)
    return hours


def on(hours: OpeningHours, day: dt.date) -> list[tuple[float, float]]:
    """Return the windows of a day in hours since its midnight."""
    return [(start / HOUR, end / HOUR) for start, end in hours.on(day)]


def test_hours_by_weekday() -> None:
    hours = read(OFFICE)
    assert [on(hours, day) for day in (FRIDAY, SATURDAY, SUNDAY)] == [[(7, 19)], [(7, 12)], []]
    assert str(hours) == "mon-fri 07:00-19:00; sat 07:00-12:00; sun closed"
    assert hours.daily is None
    assert read({"sun-mon, wed": "24 h"}).week == (((0, 86_400),), (), ((0, 86_400),), (), (), (), ((0, 86_400),))


def test_hours_that_are_the_same_on_every_day_are_one_however_they_are_written() -> None:
    assert read({"mon-sun": "22:00-02:00"}) == read("22:00-02:00") == read(["00:00-02:00", "22:00-24:00"])
    assert read({"mon-sun": "24 h"}) == ALWAYS
    assert read("07:00-19:00").written() == ["07:00-19:00"]


def test_a_window_that_passes_midnight_belongs_to_the_day_on_which_it_begins() -> None:
    hours = read({"fri": "22:00-02:00", "sun": "23:00-01:00"})
    assert on(hours, FRIDAY) == [(22, 24)]
    assert on(hours, SATURDAY) == [(0, 2)]
    assert on(hours, SUNDAY) == [(23, 24)]
    assert on(hours, dt.date(2025, 7, 7)) == [(0, 1)]
    closed = read({"mon-sun": "22:00-02:00", "2025-07-05": "closed"})
    assert on(closed, SATURDAY) == [(0, 2)]  # what began on Friday is finished
    assert on(closed, SUNDAY) == [(22, 24)]


def test_a_date_beats_a_holiday_and_a_holiday_the_weekday() -> None:
    # 2 September 2025, a Tuesday, is National Day in Vietnam, and so is the day before it; 25 December is no holiday.
    hours = read({**OFFICE, "holidays VN": "closed", "2025-09-02": "08:00-09:00", "2025-12-25": "07:00-12:00"})
    days = [dt.date(2025, 9, 1), dt.date(2025, 9, 2), dt.date(2025, 9, 3), dt.date(2025, 12, 25)]
    assert [on(hours, day) for day in days] == [[], [(8, 9)], [(7, 19)], [(7, 12)]]
    part = read({"mon-sun": "08:00-20:00", "holidays GB-ENG": "10:00-12:00"})
    assert on(part, dt.date(2026, 4, 6)) == [(10, 12)]  # Easter Monday
    assert on(part, dt.date(2026, 4, 7)) == [(8, 20)]


@pytest.mark.parametrize(
    ("hours", "path", "problem", "remedy"),
    [
        (
            {"mun": "24 h"},
            f"{BOOTH}.mun",
            "not a day",
            "Write weekdays such as mon-fri, a date such as 2026-12-24, or public holidays such as `holidays VN`.",
        ),
        (
            {"2025-02-30": "24 h"},
            f"{BOOTH}.2025-02-30",
            "no such day",
            "Write a day of the calendar, such as 2026-02-15.",
        ),
        ({"mon-wed": "24 h", "tue": "closed"}, BOOTH, "tue is named twice", "Name each day once."),
        ({}, BOOTH, "no opening hours", "Write at least one day, such as `mon-fri: 08:00-17:00`."),
        ({"mon": "shut"}, f"{BOOTH}.mon", "not a window of hours", 'Write two times of day, such as "08:00-21:00".'),
        (
            {"mon": 8},
            f"{BOOTH}.mon",
            "not a window of hours",
            'Write two times of day, such as "08:00-21:00", or "24 h".',
        ),
        ("shut", BOOTH, "not a window of hours", 'Write two times of day, such as "08:00-21:00".'),
        ("closed", BOOTH, "it never opens", "Write hours for at least one day, or remove it."),
        ({"sun": "closed"}, BOOTH, "it never opens", "Write hours for at least one day, or remove it."),
        (
            {"mon": "24 h", "holidays QQ": "closed"},
            f'{BOOTH}["holidays QQ"]',
            "no holidays of this country are known",
            "Use the two letters of a country (ISO 3166-1), or write its days as closures.",
        ),
    ],
)
def test_what_is_refused_has_its_place(hours: Any, path: str, problem: str, remedy: str) -> None:
    (found,) = findings_of(changed((BOOTH, hours)))
    assert (found.path, found.problem, found.remedy) == (path, problem, remedy)


def test_hours_stand_everywhere_and_a_dump_reads_back() -> None:
    extra = {"name": "extra", "lanes": 1, "hours": {"sat": "24 h"}}
    gate = Gate.model_validate(
        changed(
            (BOOTH, OFFICE),
            ("stages.booth.lanes", [{"name": "usual", "lanes": 2}, extra]),
            ("stages.booth.needs", {"officer": 1}),
            ("pools.officer", {"side": "vn", "shifts": [{"hours": {**OFFICE, "holidays VN": "closed"}, "units": 3}]}),
            ("booking.slots", {"flows": ["general"], "side": "vn", "slot": 1800, "capacity": 2, "hours": OFFICE}),
            ("calendar", [{"name": "Sundays", "weekdays": ["sun"], "hours": {"2025-07-06": "08:00-09:00"}}]),
        )
    )
    assert gate_from_text(gate.model_dump_json(by_alias=True)) == gate
    assert gate_from_data(gate.model_dump(by_alias=True)) == gate
    assert gate.stages["booth"].lane_groups()[1].hours == read({"sat": "24 h"})


day_spans = st.lists(st.sampled_from(["07:00-12:00", "13:00-24:00", "22:00-02:00", "00:00-06:30"]), max_size=3)
day_names = st.sampled_from(["mon", "tue", "fri", "sun", "holidays VN", "holidays GB-ENG", "2026-12-24", "2025-07-06"])


@given(st.dictionaries(day_names, day_spans.map(lambda spans: spans or "closed"), min_size=1))
def test_hours_are_read_back_exactly(days: dict[str, Any]) -> None:
    hours = read(days)
    assert read(json.loads(json.dumps(hours.written()))) == hours
    assert read(hours.by_day()) == hours
    assert read(hours) == hours


def test_an_upgrade_sets_the_hours_of_some_days() -> None:
    gate = gate_from_text(as_text(changed((BOOTH, "07:00-19:00"))))
    edits = [
        Edit(path=f"{BOOTH}.sat", set="07:00-12:00", source="assumption: half a day"),
        Edit(path=f"{BOOTH}.sun", set="closed", source="F005"),
        Edit(path="stages.inspection.hours.mon-fri", set="06:00-22:00", source="F005"),
    ]
    upgrade = Upgrade(name="weekends", about="Shorter weekends.", gate="minimal", changes=edits)
    after, changes = apply_upgrades(gate, [upgrade])
    assert after.stages["booth"].hours == read(OFFICE)
    assert str(after.stages["inspection"].hours) == "mon-fri 06:00-22:00; sat-sun 08:00-20:00"
    assert [(change.path, change.before, change.after) for change in changes] == [
        (f"{BOOTH}.sat", "07:00-19:00", "07:00-12:00"),
        (f"{BOOTH}.sun", "07:00-19:00", "closed"),
        ("stages.inspection.hours.mon-fri", "08:00-20:00", "06:00-22:00"),
    ]
    sources = {number.path: (number.value, number.source) for number in every_number(after)}
    assert sources[f"{BOOTH}.fri"] == ("07:00-19:00", "assumption")
    assert sources[f"{BOOTH}.sun"] == ("closed", "F005")
    assert sources["stages.inspection.hours.wed"] == ("06:00-22:00", "F005")
    with pytest.raises(ConfigError, match=r"changes\[0\] = .*it never opens \(at stages.booth.hours\)"):
        apply_upgrades(
            gate, [upgrade.model_copy(update={"changes": [Edit(path=BOOTH, set="closed", source="own: x")]})]
        )


def test_a_path_leads_to_the_hours_of_a_day() -> None:
    data = gate_from_text(as_text(changed((BOOTH, OFFICE)))).model_dump(mode="json", by_alias=True)
    assert find(data, f"{BOOTH}.wed").value == ["07:00-19:00"]
    assert find(data, f"{BOOTH}.mon-fri").value == ["07:00-19:00"]
    assert not find(data, f"{BOOTH}.fri-sat").present  # two days with hours of their own
    assert not find(data, f"{BOOTH}.2026-12-24").present


def test_longer_hours() -> None:
    # A tenth of 12 h is 72 min, a tenth of 5 h 30 min; what passes midnight stays one window.
    assert str(read(OFFICE).longer(0.1)) == "mon-fri 07:00-20:12; sat 07:00-12:30; sun closed"
    assert read("22:00-02:00").longer(0.1) == read("22:00-02:24")
    assert read("00:00-23:00").longer(0.1) == ALWAYS
    assert str(read({"mon": "closed", "2026-12-24": "20:00-02:00"}).longer(0.5)).endswith("2026-12-24 20:00-05:00")


def test_what_two_calendars_leave_open_is_what_both_do() -> None:
    assert common(((0, 5), (10, 20)), ((3, 12), (15, 30))) == ((3, 5), (10, 12), (15, 20))
    assert common(((0, 5),), ()) == ()
    assert every_day([(20, 86_410)]).daily == ((0, 10), (20, 86_400))


def closed(entry: dict[str, Any], first: tuple[int, int, int], last: tuple[int, int, int]) -> list[str]:
    gate = Gate.model_validate(changed(("calendar", [{"name": "x", **entry}])))
    return [str(day) for day in sorted(gate.closed_days("booth", dt.date(*first), dt.date(*last)))]


def test_closures_that_come_again() -> None:
    july = ((2025, 7, 1), (2025, 7, 31))
    sundays = ["2025-07-06", "2025-07-13", "2025-07-20", "2025-07-27"]
    assert closed({"weekdays": ["sun"]}, *july) == sundays
    assert closed({"weekdays": "sun", "first": "2025-07-13"}, *july) == sundays[1:]
    assert closed({"weekdays": "sun", "first": "2025-07-07", "last": "2025-07-20"}, *july) == sundays[1:3]
    assert closed({"weekdays": "sun", "weeks": [1, "last"]}, *july) == [sundays[0], sundays[3]]
    assert closed({"weekdays": "tue, thu", "weeks": [5]}, *july) == ["2025-07-29", "2025-07-31"]
    turn = {"first": "2024-12-31", "last": "2025-01-01", "yearly": True}
    assert closed(turn, (2026, 12, 1), (2028, 1, 31)) == ["2026-12-31", "2027-01-01", "2027-12-31", "2028-01-01"]
    assert closed(turn, (2022, 1, 1), (2022, 6, 30)) == ["2022-01-01"]
    leap = {"first": "2024-02-29", "last": "2024-02-29", "yearly": True}
    assert closed(leap, (2025, 1, 1), (2028, 12, 31)) == ["2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]
    summer = {"first": "2025-07-01", "last": "2025-07-10", "yearly": True, "weekdays": "sat-sun"}
    assert closed(summer, (2026, 1, 1), (2026, 12, 31)) == ["2026-07-04", "2026-07-05"]


def test_shorter_days_of_the_calendar() -> None:
    entries = [
        {"name": "Registered lots", "first": "2025-07-02", "last": "2025-07-03", "hours": "09:00-14:00"},
        {"name": "Storm", "first": "2025-07-03", "last": "2025-07-04", "hours": "12:00-24:00", "sides": ["vn"]},
    ]
    gate = Gate.model_validate(changed(("calendar", entries)))
    period = (dt.date(2025, 7, 1), dt.date(2025, 7, 31))
    second, third, fourth = (dt.date(2025, 7, day) for day in (2, 3, 4))
    assert gate.left_open("booth", *period) == {
        second: ((9 * HOUR, 14 * HOUR),),
        third: ((12 * HOUR, 14 * HOUR),),
        fourth: ((12 * HOUR, 24 * HOUR),),
    }
    assert set(gate.left_open("exit", *period)) == {second, third}
    assert gate.closed_days("booth", *period) == set()


def test_weekdays_are_read_in_any_order() -> None:
    days = TypeAdapter(Weekdays)
    assert days.validate_python(["sun", "mon-tue"]) == ["mon", "tue", "sun"]
    assert days.validate_python("sat-mon") == ["mon", "sat", "sun"]
    (found,) = findings_of(changed(("calendar", [{"name": "x", "weekdays": ["sunday"]}])))
    assert (found.path, found.problem) == ("calendar[0].weekdays", "not weekdays")
    assert found.remedy == "Write weekdays such as sun, mon-fri or `sat, sun`."
