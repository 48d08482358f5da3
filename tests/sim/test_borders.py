"""Borders: gates side by side, and trade that chooses between them by the waits posted. Times are minutes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from gates.schema.scenario import Scenario
from sim import compile_plan, draw, simulate, stream
from sim.engines.log import DECISIONS, LOG_COLUMNS, NEVER, STAYED_AWAY, TRUCK_COLUMNS, EventLog
from sim.engines.simulate import Engine
from sim.metrics.fold import Fold
from sim.plan.plan import Plan
from tests.border_strategies import borders
from tests.sim.borders import HOUR, border_of, free_and_bound, gate_document, plan_of_border
from tests.sim.hand import MINUTE
from tests.sim.test_engines_agree import coarse
from tests.tiers import count

both = pytest.mark.parametrize("engine", ["reference", "compiled"])


@both
def test_trucks_in_line_choose_again_after_a_posting(engine: Engine) -> None:
    # Posted at midnight of the second day, so trucks released are counted over 24 h. At A three trucks are released in
    # the hour in which it opens, then ten come that wait: 10 * 24 / 3 = 80 h are posted. At B two are released and
    # nobody waits: nothing is posted. B costs a truck 1 h beyond the wait, and must spare it 2 h.
    # From the tail, the k-th of ten would wait k/10 of the 80 h: 80, 72, 64, 56, 48 h. It counts those that decided
    # before it, at 24 / 2 = 12 h each: B costs 1, 13, 25, 37, 49 h. The last four move; the next would need 51 h.
    # The way takes 90 min; at B they are served one by one, from 1440 + 90 on, by number.
    gates = {"a": gate_document("a", yard={"hours": "00:00-01:00"}), "b": gate_document("b")}
    again = {"in": {"a": ["yard"]}, "gain": 2 * 3600}
    border = border_of(gates, thinks_again=again, moves={"takes": {"constant": 5400}})
    plan = plan_of_border(border)
    early = [(gate, at, False) for at in range(3) for gate in ("a", "b") if (gate, at) != ("b", 2)]
    late = [("a", 100 + n, True) for n in range(10)]
    draws = free_and_bound(plan, [*early, *late], way=90, taste={"b": HOUR})
    log = simulate(plan, draws, engine)
    assert [tuple(row)[1:] for row in log.postings.tolist()] == [(0, 10, 3, 80 * HOUR * MINUTE), (1, 0, 2, 0)]
    assert draws.number[log.moved].tolist() == [11, 12, 13, 14]
    came = np.flatnonzero(log.came == 1440 * MINUTE)
    assert draws.number[came].tolist() == [11, 12, 13, 14]
    assert [plan.streams[flow].name for flow in draws.flow[came]] == ["a:fruit>b"] * 4
    rows = draws.first[came]
    assert (log.left[rows] / MINUTE).tolist() == [1530] * 4
    assert (log.left[rows + 1] / MINUTE).tolist() == [1540, 1550, 1560, 1570]
    left = draws.first[np.flatnonzero(log.moved)] + 1
    assert (log.left[left] / MINUTE).tolist() == [1440] * 4
    assert (log.started[left] == NEVER).all()


@pytest.mark.series("engines")
@settings(max_examples=max(count("engines") // 4, settings().max_examples))
@given(borders(), st.integers(0, 2**32), st.sampled_from([1, 60_000, 1_200_000, 3_600_000]))
def test_engines_agree_on_borders(scenario: Scenario, seed: int, unit: int) -> None:
    plan = compile_plan(scenario, check_gate=False)
    draws = coarse(draw(plan, seed), unit)
    reference, compiled = simulate(plan, draws, "reference"), simulate(plan, draws, "compiled")
    event("some trucks moved" if compiled.moved.any() else "no truck moved")
    event("some stayed away" if (compiled.came == STAYED_AWAY).any() else "all came")
    for name in (*LOG_COLUMNS, *TRUCK_COLUMNS, *DECISIONS):
        assert np.array_equal(getattr(reference, name), getattr(compiled, name)), name
    check_trucks(plan, compiled)


def check_trucks(plan: Plan, log: EventLog) -> None:
    """Every truck leaves a stage after it joined it, and counts on the board of its gate as long as it is there."""
    draws = log.draws
    assert (log.left[log.left != NEVER] >= log.joined[log.left != NEVER]).all()
    assert (log.joined[log.left != NEVER] != NEVER).all()
    for board in range(plan.network.boards.rows.size):
        mine = np.isin(draws.flow, np.flatnonzero(plan.network.boards.flows["board"] == board))
        counted = mine & (log.came >= 0) & (draws.released >= 0)
        gone = np.where(log.released != NEVER, log.released, log.turned_back)
        for row in log.postings[log.postings["board"] == board]:
            came, left = log.came[counted], gone[counted]
            here = (came < row["tick"]) & ((left == NEVER) | (left >= row["tick"]))
            assert row["trucks"] == np.count_nonzero(here)
            passed = counted & (log.released != NEVER) & (log.released < row["tick"])
            assert row["released"] == np.count_nonzero(passed)


@given(borders(days=2), st.integers(0, 2**32))
def test_a_border_in_blocks_is_the_same_run(scenario: Scenario, seed: int) -> None:
    plan = compile_plan(scenario, check_gate=False)
    log = simulate(plan, draw(plan, seed))
    whole = Fold(plan)
    whole.add(log, 0, plan.end)
    in_blocks = stream(plan, seed, 0, block_days=1)
    assert in_blocks.values == pytest.approx(whole.measures().values, nan_ok=True, rel=0, abs=0)
