"""Slots, worked on paper. Times are minutes."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from sim import Plan, draw, measure, simulate
from sim.clock import TICKS_PER_HOUR
from sim.draws.booking import (
    AFTER_ALL,
    BOOKED,
    NO_SHOW,
    NO_SLOT,
    UNBOOKED,
    WITHOUT_SLOT,
    Desk,
    FlowTrucks,
)
from sim.draws.uniforms import uniforms
from sim.engines.simulate import Engine
from sim.metrics.meter import Key
from tests.sim.hand import MINUTE, minutes, plan_of, trucks

NORTH = "northbound"
both = pytest.mark.parametrize("engine", ["reference", "compiled"])
HOURLY = {"flows": ["general"], "side": "vn", "slot": 3600, "capacity": 2}
INTENDED = [0, 5, 10, 15, 70, 200]


def plan(days: int = 1, per_day: float = 1, **booking: Any) -> Plan:
    """Return a booth of one lane that general trucks book, two an hour unless said otherwise."""
    flows = {name: {"class": name, "direction": NORTH, "per_day": per_day} for name in ("durian", "general")}
    slots = {"slots": {**HOURLY, **booking}}
    return plan_of({"booth": {"lanes": 1, "service": {"constant": 60}}}, ["booth"], days, flows=flows, booking=slots)


def wanting(*intended: float) -> FlowTrucks:
    tick = np.array([round(minute * MINUTE) for minute in intended], np.int64)
    return FlowTrucks(np.arange(tick.size), tick, tick, np.zeros(tick.size, np.int64))


def booked(*intended: float, **booking: Any) -> tuple[list[float], list[int], list[tuple[float, int]]]:
    """Return when trucks come that mean to come at these times and how, and who is missed when and why."""
    desk = Desk(plan(**booking).bookings[0])
    desk.book({1: wanting(*intended)}, {1: "x"})
    come, missed = desk.leave(1, AFTER_ALL)
    away = [(tick / MINUTE, why) for tick, why in zip(missed.arrival.tolist(), missed.booking.tolist(), strict=True)]
    return (come.arrival / MINUTE).tolist(), come.booking.tolist(), away


def test_slots_fill_in_the_order_of_asking() -> None:
    # The slot at 0 takes the first two, that at 60 the next two, who asked at 10 and 15. Who asks at 70 finds it full:
    # 120. Who asks at 200 takes the slot that runs then, from 180.
    assert booked(*INTENDED) == ([0, 0, 60, 60, 120, 180], [BOOKED] * 6, [])


def test_early_and_late() -> None:
    # 20 min before the slot, 5 min later than that: at 0 the run cuts off what would be before it.
    arrivals, _, _ = booked(*INTENDED, early=1200, offset={"constant": 300})
    assert arrivals == [0, 0, 45, 45, 105, 165]


def test_who_finds_no_slot_in_time() -> None:
    # A slot may start 45 min after the time asked for. The one at 60 is too late for who asked at 10, and just in time
    # for who asked at 15; then it has room for who asks at 70.
    late = {"latest": 45 / 1440}
    assert booked(*INTENDED, **late, without="come") == (
        [0, 0, 10, 60, 60, 180],
        [BOOKED, BOOKED, WITHOUT_SLOT, BOOKED, BOOKED, BOOKED],
        [],
    )
    assert booked(*INTENDED, **late, without="stay-away") == ([0, 0, 60, 60, 180], [BOOKED] * 5, [(10, NO_SLOT)])


def test_a_no_show_keeps_its_place() -> None:
    # All have slots and nobody comes: they are missed at the start of their slots.
    assert booked(*INTENDED, no_show=1) == ([], [], [(at, NO_SHOW) for at in (0, 0, 60, 60, 120, 180)])
    arrivals, _, away = booked(*INTENDED, no_show=0.5)
    gone = (uniforms("x/no-show", 0, 6) < 0.5).tolist()
    assert [at for at, lost in zip([0, 0, 60, 60, 120, 180], gone, strict=True) if not lost] == arrivals
    assert len(away) == sum(gone)


def test_only_a_share_books() -> None:
    # Who does not book comes when it likes and takes no place.
    books = uniforms("x/books", 0, 6) < 0.5
    arrivals, booking, _ = booked(*INTENDED, share=0.5)
    assert booking == np.where(books, BOOKED, UNBOOKED).tolist()
    rest = [at for at, yes in zip(INTENDED, books, strict=True) if not yes]
    assert [at for at, yes in zip(arrivals, books, strict=True) if not yes] == rest


def test_slots_follow_the_hours_of_their_side() -> None:
    # 08:00-10:15 in China is 07:00-09:15 in Vietnam: two slots a day, the last quarter is offered to nobody.
    sides = {"vn": "Asia/Ho_Chi_Minh", "cn": "Asia/Shanghai"}
    booking = {"slots": {**HOURLY, "side": "cn", "hours": "08:00-10:15"}}
    slots = plan_of({"booth": {"lanes": 1}}, ["booth"], sides=sides, booking=booking).bookings[0]
    inside = slots.start[(slots.start >= 0) & (slots.start < 48 * TICKS_PER_HOUR)]
    assert (inside / TICKS_PER_HOUR).tolist() == [7, 8, 31, 32]


def test_who_waits_longer_than_the_run_never_comes() -> None:
    # Two trucks an hour have slots, ten times as many ask: the slots of the day are full, the others come after it.
    one = plan(per_day=480, capacity=2, early=0)
    draws = draw(one)
    general = draws.flow == 1
    hours = np.bincount((draws.arrival[general] // TICKS_PER_HOUR).astype(int), minlength=24)
    assert hours.tolist() == [2] * 24
    assert draws.missed_tick.size == 0
    found = measure(one, simulate(one, draws))
    assert found.values[Key("slot_delay_h", "mean", NORTH)] > 9  # at 20 an hour, the last of 48 asked before 03:00
    assert found.values[Key("without_slot_per_day", "mean", NORTH)] == 0
    assert Key("slot_delay_h", "mean", NORTH, "durian") not in found.values


@both
def test_a_truck_without_a_slot_stands_behind(engine: Engine) -> None:
    # Truck 0 is served 0-10. Truck 1 came at 1 without a slot (priority 7), truck 2 at 2 with one (5): 2, then 1.
    one = plan(priority_without=7, without="come")
    stream = one.streams[1]
    assert stream.line_without_slot is not None
    draws = trucks(one, *[("general", at, [("booth", 10.0)]) for at in (0.0, 1.0, 2.0)])
    line = draws.line.copy()
    line[1] = stream.line_without_slot[0]
    assert line[1] != line[0]
    assert minutes(one, dataclasses.replace(draws, line=line), engine) == [(0, 0, 10), (1, 20, 30), (2, 10, 20)]


def test_those_without_a_slot_join_their_own_line() -> None:
    one = plan(days=3, per_day=300, without="come", latest=0.01, priority_without=7)
    draws = draw(one)
    stream, usual = one.streams[1], one.line_of[0, one.streams[1].kind]
    assert stream.line_without_slot is not None
    general = draws.flow == 1
    expected = np.where(draws.booking[general] == BOOKED, usual, stream.line_without_slot[0])
    assert (draws.booking[general] == WITHOUT_SLOT).any()
    assert np.array_equal(draws.line[general], expected)  # one visit a truck
    assert (draws.line[~general] == one.line_of[0, one.streams[0].kind]).all()


def test_booking_leaves_the_trucks_themselves_alone() -> None:
    # The same truck has the same services, whenever it comes.
    flows = {name: {"class": name, "direction": NORTH, "per_day": 40} for name in ("durian", "general")}
    stages = {"booth": {"lanes": 1, "service": {"exponential": {"mean": 60}}}}
    slots = {"slots": {**HOURLY, "no_show": 0.2}}
    without, with_it = (draw(plan_of(stages, ["booth"], flows=flows, booking=b)) for b in ({}, slots))
    service = dict(zip(zip(without.flow, without.number, strict=True), without.service, strict=True))
    pairs = list(zip(with_it.flow, with_it.number, strict=True))
    assert len(pairs) < without.trucks
    assert [service[pair] for pair in pairs] == with_it.service.tolist()
    assert np.array_equal(with_it.arrival[with_it.flow == 0], without.arrival[without.flow == 0])
