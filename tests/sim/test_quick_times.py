"""Times of a whole flow at once are those that each distribution gives for each uniform number."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy import special

from gates.schema.distributions import Constant, Distribution, Empirical, Erlang, Exponential, Lognormal, Triangular
from sim.draws import times
from sim.draws.times import SCORE_ERROR, Doubts, put_times, score_table
from sim.draws.uniforms import four_numbers_slowly, keys, uniforms
from sim.plan.distributions import POINTS, Sampler, sampler

ALL: list[Distribution] = [
    Constant(constant=90),
    Exponential(exponential={"mean": 3600}),
    Erlang(erlang={"mean": 35, "shape": 4}),
    Lognormal(lognormal={"mean": 86_400, "cv": 3}),
    Triangular(triangular={"low": 0, "mode": 0, "high": 7200}),
    Empirical(empirical=[1, 5, 5, 2.5]),
]


def plan_with(*samplers: Sampler) -> Any:
    """Return as much of a plan as times need."""
    return SimpleNamespace(samplers=samplers, memory={})


def generated(name: str, start: int, count: int) -> np.ndarray:
    """Return the uniform numbers of a stream as NumPy's generator gives them."""
    (key,) = keys(name)
    generator = np.random.Philox(key=0)
    state = generator.state
    state["state"] = {"counter": np.zeros(4, np.uint64), "key": key}
    generator.state = state
    raw = generator.random_raw(start + count)[start:]
    return ((raw >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


@pytest.mark.parametrize(("start", "count"), [(0, 0), (0, 1), (3, 2), (5, 300), (1000, 7)])
def test_uniform_numbers_are_those_of_the_generator(start: int, count: int) -> None:
    assert np.array_equal(
        uniforms("1/0/flow/gate/service", start, count), generated("1/0/flow/gate/service", start, count)
    )


def test_the_numbers_of_a_counter_are_those_of_the_authors() -> None:
    # Known answers of philox4x64 with 10 rounds for key and counter 0 (Random123, kat_vectors).
    wanted = 0x16554D9ECA36314C, 0xDB20FE9D672D0FDC, 0xD7E772CEE186176B, 0x7E68B68AEC7BA23B
    assert tuple(map(int, four_numbers_slowly(0, 0, 0))) == wanted


def test_scores_are_as_exact_as_said() -> None:
    dice = np.random.default_rng(1)
    cell, part = dice.integers(0, len(score_table()), 300_000), dice.random(300_000)
    low, high = (
        ((cell + more + times._FIRST_CELL) << times._BELOW_CELL).astype(np.int64).view(np.float64) for more in (0, 1)
    )
    c = score_table()[cell].T
    found = c[0] + part * (c[1] + part * (c[2] + part * c[3]))
    assert np.abs(found - special.ndtri(low + part * (high - low))).max() < SCORE_ERROR


def test_times_are_those_of_the_samplers() -> None:
    # Every distribution, numbers with gaps, visits that are not made; rows of a truck follow each other.
    dice = np.random.default_rng(2)
    samplers = [sampler(each, plus_s) for plus_s, each in enumerate(ALL)]
    number = np.flatnonzero(dice.random(12_000) < 0.4) + 3
    which = np.array([*range(len(ALL)), -1, 1, -1])
    made = dice.random((which.size, number.size)) < 0.7
    row = np.concatenate(([0], np.cumsum(made.sum(axis=0))))
    names = [f"stream/{visit}" for visit in range(which.size)]
    out = np.full(row[-1], -8)
    put_times(plan_with(*samplers), which, keys(*names), number, made, row[:-1], out, -7)
    wanted = np.full((which.size, number.size), -7)
    for visit, name in enumerate(names):
        if which[visit] >= 0:
            wanted[visit] = samplers[which[visit]].ticks(
                uniforms(name, int(number[0]), int(np.ptp(number)) + 1)[number - number[0]]
            )
    assert np.array_equal(out, wanted.T[made.T])


def test_times_in_doubt_are_left_to_the_sampler(monkeypatch: pytest.MonkeyPatch) -> None:
    # Each time lies in the middle between two ticks, or as near to it as a float can tell.
    middle = Sampler(np.concatenate(([10.5], np.full(POINTS - 2, 11.5), [12.5])))
    asked: list[int] = []
    ticks = Sampler.ticks

    def spy(self: Sampler, uniform: np.ndarray) -> np.ndarray:
        asked.append(uniform.size)
        return ticks(self, uniform)

    monkeypatch.setattr(Sampler, "ticks", spy)
    out, made = np.zeros(500, np.int64), np.ones((1, 500), np.bool_)
    put_times(plan_with(middle), np.zeros(1, np.int64), keys("x"), np.arange(500), made, np.arange(500), out)
    assert asked == [500]
    assert np.array_equal(out, ticks(middle, uniforms("x", 0, 500)))


@pytest.mark.parametrize("uniform", [2.0**-54, 2.0**-21, 0.5, 1 - 2.0**-53, 1 - 2.0**-21])
def test_the_tails_are_left_to_the_sampler(uniform: float) -> None:
    out, doubts = np.zeros(1, np.int64), Doubts.room_for(1)
    tables = times.tables_of(plan_with(sampler(ALL[1])))
    times.put_time(tables, 0, uniform, 0, out, doubts)
    assert (doubts.total[0], doubts.uniform[0], out[0]) == (1, uniform, 0)


def test_nobody_comes() -> None:
    out = np.zeros(0, np.int64)
    put_times(
        plan_with(sampler(ALL[1])), np.zeros(2, np.int64), keys("a", "b"), out, np.ones((2, 0), np.bool_), out, out
    )
    assert not out.size
