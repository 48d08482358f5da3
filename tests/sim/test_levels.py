"""Levels over time, by hand: ties, hour borders, bulletins and blocks."""

from __future__ import annotations

import numpy as np
import pytest

from gates import Scenario, load_gate
from sim import compile_plan, draw, measure, simulate
from sim.clock import TICKS_PER_HOUR
from sim.metrics import levels as levels_module
from sim.metrics.levels import Levels, Moves, follow, in_parts

HOUR = TICKS_PER_HOUR
MINUTE = HOUR // 60


def followed(joined: list[int], started: list[int], *, hours: int, level: int = 0, bulletins: tuple[int, ...] = ()):
    """Follow one stage from minute 0 on; all in minutes."""
    hourly = np.zeros((2, hours, 1), np.int64)
    levels = Levels(hourly[0], hourly[1], np.zeros((1, len(bulletins)), np.int64))
    ends = np.array([[0], [len(joined)]]), np.array([[len(joined)], [len(joined + started)]])
    moves = Moves(np.array(joined + started, np.int64) * MINUTE, *ends)
    span, at = np.array([0, 0, hours * HOUR]), np.array(bulletins, np.int64) * MINUTE
    follow(moves, np.array([level]), span, at, levels)
    return (levels.integral[:, 0] // MINUTE).tolist(), levels.highest[:, 0].tolist(), levels.bulletin[0].tolist()


def test_a_wait_over_an_hour_border():
    # One truck from 50 to 80: 10 minutes of the first hour, 20 of the second.
    assert followed([50], [80], hours=3) == ([10, 20, 0], [1, 1, 0], [])


def test_a_change_on_the_hour_belongs_to_the_next_hour():
    # Both leave the line at 60 sharp: in the second hour nobody waits. The one of 120 is not in it either.
    assert followed([10, 20, 120], [60, 60, 130], hours=3) == ([90, 0, 10], [2, 0, 1], [])


def test_at_one_tick_the_net_change_counts():
    # At 10 the first truck starts and another joins: the level stays 1, in whatever order they are taken.
    assert followed([0, 10], [10, 20], hours=1) == ([20], [1], [])


def test_a_bulletin_counts_who_waits_just_before_it():
    # At 60 the first starts and two join: the bulletin of 60 sees 1, that of 61 sees 2. At the end still 2.
    assert followed([0, 60, 60], [60], hours=2, bulletins=(0, 60, 61, 120))[2] == [0, 1, 2, 2]


def test_who_waited_before_the_block_still_waits():
    assert followed([], [30], hours=2, level=3, bulletins=(0, 120)) == ([150, 120], [3, 2], [3, 2])


def test_places_are_followed_in_parts_that_take_little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = compile_plan(Scenario(gate=load_gate("friendship-pass"), days=2, warmup_days=1))
    log = simulate(plan, draw(plan))
    whole = measure(plan, log)
    assert list(in_parts(np.array([3, 0, 4]))) == [slice(0, 3)]
    monkeypatch.setattr(levels_module, "MOVES_AT_ONCE", 3)
    # Three visits fit; with those of the third place they would be seven. Alone it is too large, and is taken as it is.
    assert list(in_parts(np.array([3, 0, 4]))) == [slice(0, 2), slice(2, 3)]
    parts = measure(plan, log)
    assert whole.hourly_max.max() > 0
    for series in ("hourly_integral", "hourly_max", "road_integral", "road_max"):
        assert np.array_equal(getattr(parts, series), getattr(whole, series)), series
    assert parts.values.keys() == whole.values.keys()
    assert np.array_equal([*parts.values.values()], [*whole.values.values()], equal_nan=True)
