"""A run in blocks is the same run: the same draws, the same events."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gates.schema.scenario import Scenario
from sim import compile_plan, draw, simulate
from sim.draws.columns import COLUMNS, Draws
from sim.draws.draw import draw_blocks
from sim.engines.log import LOG_COLUMNS, NEVER, EventLog
from sim.streaming import blocks
from tests.strategies import scenarios

Rows = dict[tuple[int, int], dict[str, object]]


def rows_of(log: EventLog) -> Rows:
    """Return all that is known of each truck, by flow and number."""
    draws = log.draws
    rows: Rows = {}
    for n in range(draws.trucks):
        here = slice(draws.first[n], draws.first[n + 1])
        known: dict[str, object] = {"released": int(log.released[n]), "departed": int(log.departed[n])}
        known |= {name: getattr(log, name)[here].tolist() for name in LOG_COLUMNS}
        for column in COLUMNS.values():
            values = getattr(draws, column.name)
            if column.per != "missing" and values.size:
                mine = values[here] if column.per == "visit" else values[n : n + 1]
                if column.unit == "row":
                    mine = np.where(mine >= 0, mine - draws.first[n], mine)
                known[f"drawn {column.name}"] = mine.tolist()
        rows[int(draws.flow[n]), int(draws.number[n])] = known
    return rows


@given(scenarios(), st.integers(0, 2**32))
def test_a_run_in_blocks_is_the_same_run(scenario: Scenario, seed: int) -> None:
    plan = compile_plan(scenario.model_copy(update={"days": scenario.days + 2}), check_gate=False)
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
    plan = compile_plan(scenario, check_gate=False)
    whole = draw(plan, seed)
    cuts = [plan.end // 3, plan.end // 2, plan.end]
    parts: list[Draws] = list(draw_blocks(plan, seed, 0, cuts))
    for name in (column.name for column in COLUMNS.values() if column.unit != "row"):
        assert np.array_equal(np.concatenate([getattr(part, name) for part in parts]), getattr(whole, name))
