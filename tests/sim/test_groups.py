"""Trucks that come together: convoys and trains."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim import Draws, Plan, draw
from sim.engines.simulate import Engine
from tests.sim.hand import minutes, plan_of

both = pytest.mark.parametrize("engine", ["reference", "compiled"])


def plan(groups: Any, per_day: float = 60, days: int = 20) -> Plan:
    """Return a gate of one stage to which general cargo comes in groups and nothing else."""
    flows = {
        "general": {"class": "general", "direction": "northbound", "per_day": per_day, "groups": groups},
        "durian": {"class": "durian", "direction": "northbound", "per_day": 0},
    }
    return plan_of({"booth": {"lanes": 1, "service": {"constant": 600}}}, ["booth"], days, flows=flows)


def sizes(draws: Draws) -> list[int]:
    """Return how many trucks came at each moment at which some did."""
    found: list[int] = np.unique(draws.arrival, return_counts=True)[1].tolist()
    return found


@both
def test_a_convoy_is_served_one_after_the_other(engine: Engine) -> None:
    # Three trucks at once, one lane, 10 min each: they wait 0, 10 and 20 min.
    one = plan(3, per_day=3)
    rows = minutes(one, draw(one), engine)[:3]
    at = rows[0][0]
    assert at is not None
    assert rows == [(at, at, at + 10), (at, at + 10, at + 20), (at, at + 20, at + 30)]


def test_groups_of_one_size() -> None:
    # 1,200 trucks are expected, 400 groups: between 300 and 500 but for one time in 10^6 (five standard deviations).
    found = sizes(draw(plan(3)))
    assert set(found) == {3}
    assert 300 < len(found) < 500


def test_groups_of_several_sizes_keep_the_mean() -> None:
    # Mean size 0.75 * 1 + 0.25 * 9 = 3. Trucks: variance = groups * E[size^2] = 2000 * (0.75 + 81 / 4) = 42,000.
    found = sizes(draw(plan({"1": 0.75, "9": 0.25}, per_day=300)))
    assert set(found) == {1, 9}
    assert abs(sum(found) - 6000) < 5 * 42_000**0.5
    assert abs(found.count(9) - len(found) / 4) < 5 * (len(found) * 3 / 16) ** 0.5


def test_more_demand_keeps_the_groups() -> None:
    # The same groups in the same order, only earlier.
    few, many = (sizes(draw(plan({"1": 0.5, "4": 0.5}, per_day))) for per_day in (60, 90))
    assert few == many[: len(few)]
    assert len(many) > len(few)


def test_one_by_one_is_a_group_of_one() -> None:
    alone, ones = draw(plan({})), draw(plan(1))
    assert np.array_equal(alone.arrival, ones.arrival)
    assert np.array_equal(alone.number, ones.number)
