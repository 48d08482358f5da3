"""Hours by weekday, worked on paper and run by both engines. Times are minutes since Friday, 4 July 2025."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest

from sim import Plan
from sim.engines.simulate import Engine
from tests.sim.hand import MINUTE, minutes, plan_of, trucks

OFFICE = {"mon-fri": "07:00-19:00", "sat": "07:00-12:00"}
MONDAY = 3 * 1440
both = pytest.mark.parametrize("engine", ["reference", "compiled"])


def weekend(stage: dict[str, Any], **gate: Any) -> Plan:
    return plan_of({"booth": {"lanes": 1, **stage}}, ["booth"], days=4, start=dt.date(2025, 7, 4), **gate)


@both
def test_a_stage(engine: Engine) -> None:
    # Who comes at 18:55 on Friday is served to the end, who comes at 19:30 on Saturday from 07:00, and who comes on
    # Saturday at 12:30, after the short day, on Monday.
    draws = (("general", 1135, [("booth", 10)]), ("general", 1170, [("booth", 10)]), ("general", 2190, [("booth", 10)]))
    plan = weekend({"hours": OFFICE})
    assert minutes(plan, trucks(plan, *draws), engine) == [
        (1135, 1135, 1145),
        (1170, 1440 + 420, 1440 + 430),
        (2190, MONDAY + 420, MONDAY + 430),
    ]


@both
def test_a_lane_group_and_the_days_of_the_calendar(engine: Engine) -> None:
    # The extra lane opens on Saturday only, and the calendar lets it open no earlier than at 09:00.
    lanes = [{"name": "usual", "lanes": 1}, {"name": "extra", "lanes": 1, "hours": {"sat": "07:00-12:00"}}]
    short = {"name": "Late", "weekdays": "sat", "hours": "09:00-24:00"}
    plan = weekend({"lanes": lanes, "hours": {"mon-fri": "07:00-19:00"}}, calendar=[short])
    draws = trucks(plan, ("general", 1440 + 60, [("booth", 10)]))
    assert minutes(plan, draws, engine) == [(1500, 1440 + 540, 1440 + 550)]


@both
def test_a_shift(engine: Engine) -> None:
    # No officer is on duty on Sunday, nor on Saturday after noon; on Monday the 7th one is, from 08:00 for once.
    hours = {**OFFICE, "2025-07-07": "08:00-12:00"}
    plan = weekend(
        {"hours": "24 h", "needs": {"officer": 1}},
        pools={"officer": {"side": "vn", "shifts": [{"hours": hours, "units": 1}]}},
    )
    draws = trucks(plan, ("general", 1440 + 700, [("booth", 30)]), ("general", 1440 + 710, [("booth", 10)]))
    assert minutes(plan, draws, engine) == [
        (2140, 2140, 2170),
        (2150, MONDAY + 480, MONDAY + 490),
    ]


def slots(**booking: Any) -> list[float]:
    """Return when slots start."""
    desk = {"flows": ["general"], "side": "vn", "slot": 3600, "capacity": 2, "latest": 0, **booking}
    start: list[float] = (weekend({}, booking={"desk": desk}).bookings[0].start / MINUTE).tolist()
    return start


def test_slots_of_a_booking() -> None:
    # Two on Friday, one on Saturday, none on Sunday, and as on Friday from Monday on; a night is cut at midnight.
    hours = {"mon-fri": "07:00-09:30", "sat": "11:00-12:00"}
    assert slots(hours=hours)[:5] == [420, 480, 1440 + 660, MONDAY + 420, MONDAY + 480]
    assert slots(hours={"fri": "22:30-01:30"})[:2] == [1350, 1440]


def test_slots_on_a_day_on_which_the_clocks_change() -> None:
    # Warsaw, 29 March 2026: 02:00 becomes 03:00, so a day of hourly slots has 23, none of them at the same time.
    warsaw: dict[str, Any] = {"sides": {"vn": "Europe/Warsaw"}, "start": dt.date(2026, 3, 29)}
    desk = {"flows": ["general"], "side": "vn", "slot": 3600, "capacity": 2, "latest": 0}
    plan = plan_of({"booth": {"lanes": 1}}, ["booth"], booking={"desk": desk}, **warsaw)
    start = plan.bookings[0].start / MINUTE
    assert np.diff(start).tolist() == [60.0] * (start.size - 1)
    assert (start < 23 * 60).sum() == 23
