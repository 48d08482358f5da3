"""Draws: one uniform number a value, found by its name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from gates import Gate, Scenario, load_gate
from gates.schema.stages import Stage
from sim import Draws, compile_plan, draw
from sim.draws.uniforms import uniforms
from sim.plan.distributions import Sampler, sampler


def drawn(gate: Gate, seed: int = 1, replication: int = 0, demand: float = 1.0) -> Draws:
    return draw(compile_plan(Scenario(gate=gate, days=3, warmup_days=0, demand=demand)), seed, replication)


def changed(gate: Gate, stage: str, **fields: object) -> Gate:
    stages = {**gate.stages, stage: gate.stages[stage].model_copy(update=fields)}
    return gate.model_copy(update={"stages": stages})


@pytest.fixture(scope="module")
def gate() -> Gate:
    return load_gate("minimal")


def test_a_number_is_found_by_its_name_and_place() -> None:
    long = uniforms("1/0/durian/arrival", 0, 1000)
    for start, count in [(0, 1), (1, 7), (4, 4), (513, 200)]:
        assert np.array_equal(uniforms("1/0/durian/arrival", start, count), long[start : start + count])
    assert not np.array_equal(uniforms("1/1/durian/arrival", 0, 1000), long)
    assert 0 < long.min() < long.max() < 1


def test_uniforms_are_uniform_and_independent() -> None:
    # Chi-square of 100 cells with 99 degrees of freedom stays below 200 but for one time in 10^8; the correlation of
    # neighbours below 6 standard errors but for one time in 10^9. Seeds are fixed: this never flakes.
    u = uniforms("chi-square", 0, 1_000_000)
    counts = np.bincount((u * 100).astype(int), minlength=100)
    assert ((counts - 10_000) ** 2 / 10_000).sum() < 200
    assert abs(np.corrcoef(u[:-1], u[1:])[0, 1]) < 6e-3


def test_seed_and_replication_change_the_random_numbers(gate: Gate) -> None:
    first = drawn(gate)
    assert np.array_equal(first.arrival, drawn(gate).arrival)
    for other in (drawn(gate, seed=2), drawn(gate, replication=1)):
        assert not np.array_equal(first.arrival[:50], other.arrival[:50])


def test_more_lanes_change_no_draw(gate: Gate) -> None:
    name = next(iter(gate.stages))
    other = drawn(changed(gate, name, lanes=17))
    assert np.array_equal(drawn(gate).service, other.service)


def test_a_slower_service_keeps_the_random_numbers_of_each_truck(gate: Gate) -> None:
    name = next(n for n, s in gate.stages.items() if s.lanes != "unlimited")
    slower = changed(gate, name, move_up=gate.stages[name].move_up + 60)
    before, after = drawn(gate), drawn(slower)
    plus = (after.service - before.service).tolist()
    assert set(plus) <= {0, 60_000}
    assert 60_000 in plus


def test_more_demand_keeps_order_and_random_numbers(gate: Gate) -> None:
    # Truck n of a flow makes the same visits with the same service times, only earlier.
    few, many = drawn(gate), drawn(gate, demand=1.5)
    for flow in np.unique(few.flow):
        a, b = np.flatnonzero(few.flow == flow), np.flatnonzero(many.flow == flow)[: (few.flow == flow).sum()]
        assert (many.arrival[b] <= few.arrival[a]).all()
        for n, m in zip(a[:100], b[:100], strict=True):
            ours, theirs = slice(few.first[n], few.first[n + 1]), slice(many.first[m], many.first[m + 1])
            assert np.array_equal(few.service[ours], many.service[theirs])


@pytest.mark.parametrize(
    ("text", "mean", "sd"),
    [
        ({"constant": 90}, 90, 0),
        ({"exponential": {"mean": 90}}, 90, 90),
        ({"erlang": {"mean": 35, "shape": 4}}, 35, 17.5),
        ({"gamma": {"mean": 60, "cv": 1.5}}, 60, 90),
        ({"lognormal": {"mean": 3600, "cv": 0.8}}, 3600, 2880),
        ({"uniform": {"low": 0, "high": 12}}, 6, 12 / 12**0.5),
        (
            {"triangular": {"low": 0, "mode": 120, "high": 600}},
            240,
            ((600**2 + 120**2 - 600 * 120) / 18) ** 0.5,
        ),
        ({"empirical": [10, 20, 60]}, 30, (1400 / 3) ** 0.5),
    ],
)
def test_laws_have_their_moments(text: dict[str, object], mean: float, sd: float) -> None:
    # A grid of 200,000 equal probabilities integrates the quantile function; its tails cost less than 0.5 % of sd.
    stage = Stage.model_validate({"side": "vn", "lanes": 1, "service": text})
    uniform = (np.arange(200_000) + 0.5) / 200_000
    seconds = sampler(stage.service).ticks(uniform) / 1000
    assert seconds.mean() == pytest.approx(mean, rel=1e-3)
    assert seconds.std() == pytest.approx(sd, rel=6e-3, abs=1e-3)


def test_tabulated_quantiles_are_those_of_the_law() -> None:
    from scipy import stats

    u = np.array([1e-9, 1e-4, 0.01, 0.3, 0.5, 0.9, 0.999, 1 - 1e-6])
    service = Stage.model_validate(
        {"side": "vn", "lanes": 1, "service": {"erlang": {"mean": 3600, "shape": 4}}}
    ).service
    exact = stats.gamma.ppf(u, 4, scale=900) * 1000
    assert np.abs(sampler(service).ticks(u) - exact).max() < 0.5 + 2e-5 * exact.max()


def test_what_is_left_of_a_duration() -> None:
    # Of 3 h always, 1 h is left after 2 h, and nothing after 4 h. Of an exponential time any rest is as long as the
    # whole; of a lognormal one, the rest is the quantile of those that last as long: median of T given T > w.
    waited = np.array([0, 2, 4]) * 3_600_000
    assert (sampler_of({"constant": "3 h"}).left_after(waited, np.full(3, 0.5)) / 3_600_000).tolist() == [3, 1, 0]
    uniform = np.linspace(0.01, 0.99, 99)
    exponential = sampler_of({"exponential": {"mean": "2 h"}})
    left = exponential.left_after(np.full(99, 5 * 3_600_000), uniform)
    assert np.abs(left - exponential.ticks(uniform)).max() < 10_000  # of hours
    sigma = np.sqrt(np.log1p(0.63**2))
    law = stats.lognorm(sigma, scale=20 * np.exp(-(sigma**2) / 2))
    days = sampler_of({"lognormal": {"mean": "20 d", "cv": 0.63}}).left_after(np.full(99, 7 * 86_400_000), uniform)
    assert np.allclose(days / 86_400_000, law.isf(law.sf(7) * (1 - uniform)) - 7, rtol=1e-3, atol=1e-3)


def sampler_of(distribution: dict[str, Any]) -> Sampler:
    return sampler(Stage.model_validate({"side": "vn", "lanes": 1, "service": distribution}).service)
