"""Opening windows looked up in constant time, and where the time of each truck goes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gates.schema.scenario import Scenario
from sim import compile_plan, draw, simulate
from sim.metrics.open_time import open_before, open_between
from sim.metrics.time_use import openings, truck_times
from tests.sim.hand import plan_of
from tests.sim.invented import invented_log
from tests.sim.slow_metrics import Slow, open_time
from tests.strategies import scenarios


@given(scenarios(), st.lists(st.integers(0, 24 * 60)))
def test_open_time_is_that_of_the_windows(scenario: Scenario, minutes: list[int]) -> None:
    plan = compile_plan(scenario, check_gate=False)
    table = openings(plan)
    ticks = np.array([0, plan.end, *(min(minute * 60_000 + d, plan.end) for minute in minutes for d in (0, 1))])
    for rows, all_windows in ((table.of_line, plan.line_windows), (table.of_group, plan.groups.windows)):
        for row, windows in zip(rows, all_windows, strict=True):
            found = [open_before(table.table, row, tick) for tick in ticks]
            assert found == [open_time(windows, 0, int(tick)) for tick in ticks]
            for start, end in pairwise(ticks):
                span = min(start, end), max(start, end)
                assert open_between(table.table, row, *span) == open_time(windows, *map(int, span))


def test_equal_hours_share_a_row():
    day = {"hours": "08:00-18:00"}
    plan = plan_of({"a": {"lanes": 1, **day}, "b": {"lanes": 2, **day}, "c": {"lanes": 1}}, ["a", "b", "c"])
    table = openings(plan)
    assert table.of_group[0] == table.of_group[1] != table.of_group[2]
    assert table.table.entry.shape[0] == 2


@given(scenarios(), st.integers(0, 2**32), st.booleans())
def test_the_time_of_a_truck_adds_up(scenario: Scenario, seed: int, invent: bool) -> None:
    plan = compile_plan(scenario, check_gate=False)
    log = invented_log(plan, seed) if invent else simulate(plan, draw(plan, seed))
    found = truck_times(plan, log)
    slow, wanted = Slow(plan, log, scenario.gate), np.zeros_like(found)
    for visit in slow.visits:
        wanted[visit.truck] += slow.time_use(visit)
    for truck, row in enumerate(log.draws.first[:-1]):
        if row < log.draws.first[truck + 1]:  # who waits outside is blocked
            entered = min((visit.joined for visit in slow.made[truck]), default=plan.end)
            wanted[truck, 3] += entered - log.draws.arrival[truck]
    assert np.array_equal(found, wanted)
    there = np.where(log.departed >= 0, log.departed, plan.end) - log.draws.arrival
    assert np.array_equal(found.sum(axis=1), there)
