"""A run in blocks is the same run: the same draws, the same events."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gates.schema.scenario import Scenario
from sim import compile_plan, draw, simulate
from sim.draws.draw import Draws, draw_blocks
from sim.engines.log import NEVER, EventLog
from sim.streaming import blocks
from tests.strategies import scenarios

Rows = dict[tuple[int, int], list[list[int]]]


def rows_of(log: EventLog) -> Rows:
    """Return all that is known of each truck, by flow and number."""
    draws = log.draws
    found: Rows = {}
    for n in range(draws.trucks):
        here = slice(draws.first[n], draws.first[n + 1])
        head = [int(draws.arrival[n]), int(log.released[n]), int(log.departed[n])]
        turned = int(draws.turned[n] - draws.first[n])
        columns = [log.draws.line[here], log.draws.service[here], log.group[here], *log.times[here].T]
        found[int(draws.flow[n]), int(draws.number[n])] = [head, [turned], *[c.tolist() for c in columns]]
    return found


@given(scenarios(), st.integers(0, 2**32))
def test_a_run_in_blocks_is_the_same_run(scenario: Scenario, seed: int) -> None:
    plan = compile_plan(scenario.model_copy(update={"days": scenario.days + 2}))
    whole = rows_of(simulate(plan, draw(plan, seed)))
    together: Rows = {}
    for block in blocks(plan, seed, 0, block_days=1):
        final = rows_of(block.log)
        gone = (block.log.departed != NEVER) | (block.end == plan.end)
        keys = [(int(f), int(n)) for f, n in zip(block.log.draws.flow, block.log.draws.number, strict=True)]
        together |= {key: final[key] for key, done in zip(keys, gone, strict=True) if done}
    assert together == whole


@given(scenarios(), st.integers(0, 2**32))
def test_draws_do_not_depend_on_the_cuts(scenario: Scenario, seed: int) -> None:
    plan = compile_plan(scenario)
    whole = draw(plan, seed)
    cuts = [plan.end // 3, plan.end // 2, plan.end]
    parts: list[Draws] = list(draw_blocks(plan, seed, 0, cuts))
    names = ("arrival", "flow", "number", "line", "service", "comes_back", "repair", "age", "asked", "how")
    for name in (*names, "missed_tick", "missed_flow", "missed_why"):
        assert np.array_equal(np.concatenate([getattr(part, name) for part in parts]), getattr(whole, name))
