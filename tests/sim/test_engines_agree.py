"""The two engines give equal logs, row by row, on generated gates full of ties."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from gates import Scenario, library_gates, load_gate
from sim import compile_plan, draw, simulate
from sim.draws.columns import FOR_EVER, Draws
from sim.engines.log import LOG_COLUMNS
from tests.strategies import scenarios
from tests.tiers import count


def coarse(draws: Draws, unit: int) -> Draws:
    """Return the draws with all times rounded to multiples of `unit` ticks, so that events tie."""
    return dataclasses.replace(
        draws,
        arrival=draws.arrival // unit * unit,
        service=(draws.service + unit // 2) // unit * unit,
        fails_after=draws.fails_after // unit * unit,
        gives_up=np.where(draws.gives_up < FOR_EVER, draws.gives_up // unit * unit, FOR_EVER),
    )


# the project stands on this test, which has a series of its own; a search for new examples makes as many as elsewhere
@pytest.mark.series(name="engines")
@settings(max_examples=max(count("engines"), settings().max_examples))
@given(scenarios(), st.integers(0, 2**32), st.sampled_from([1, 60_000, 1_200_000, 3_600_000]))
def test_engines_agree(scenario: Scenario, seed: int, unit: int) -> None:
    plan = compile_plan(scenario, check_gate=False)
    draws = coarse(draw(plan, seed), unit)
    reference, compiled = simulate(plan, draws, "reference"), simulate(plan, draws, "compiled")
    waited = int(np.count_nonzero(compiled.started > compiled.joined))
    event("some trucks waited" if waited else "no truck waited")
    event("some trucks were handed over" if (compiled.failed >= 0).any() else "no lane handed over in use")
    for name in (*LOG_COLUMNS, "failed", "lane_changes"):
        assert np.array_equal(getattr(reference, name), getattr(compiled, name)), name


@pytest.mark.long
@pytest.mark.parametrize("gate", library_gates())
def test_engines_agree_on_the_library_for_a_month(gate: str) -> None:
    plan = compile_plan(Scenario(gate=load_gate(gate), days=30, warmup_days=7))
    draws = draw(plan)
    assert simulate(plan, draws, "reference").equals(simulate(plan, draws, "compiled"))
