"""Decisions of studies whose truth is known: how often they are wrong.

A study compares queues M/M/1 by the mean wait of 8,000 trucks, over ten replications with common random numbers. Waits
follow Lindley's recursion (1952) and start from the stationary distribution, so their mean is exactly that of the
formula rho / (mu - lambda). Draws are fixed, so the counts are exact. A rate of 5 % would pass these bounds once in a
million sets of draws: at most 85 of 1,000 studies may claim what is false, and at least 915 must name the cheapest.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from experiments.studies.compare import Floats, against_base
from experiments.studies.select import cheapest, standings, verdict
from tests.tiers import count

REPLICATIONS, TRUCKS = 10, 8000
FALSE_ALARM = 1e-6
MEAN = {"base": 0.7, "twin": 0.7, "slower": 0.71, "dear": 0.5, "cheap": 0.502, "miss": 0.51}
"""Queue -> mean service time, in mean times between arrivals; all but `twin` have the same service draws."""
COSTS = {"base": 0.0, "miss": 1.0, "cheap": 2.0, "dear": 3.0}


def true_wait(mean: float) -> float:
    return mean**2 / (1 - mean)


def mean_waits(mean: float, between: Floats, service: Floats, first: Floats) -> Floats:
    """(replications,) mean wait, by Lindley's recursion from a stationary first wait."""
    u = first / mean  # a truck waits with probability `mean`, and then an exponential time of rate 1 / mean - 1
    start = np.where(u < 1, -np.log1p(-np.minimum(u, 1 - 1e-12)) * mean / (1 - mean), 0.0)
    level = start[:, None] + np.cumsum(mean * service - between, axis=1)[:, :-1]
    waits = level - np.minimum(0, np.minimum.accumulate(level, axis=1))
    return np.asarray((start + waits.sum(axis=1)) / TRUCKS, np.float64)


def study(number: int) -> dict[str, Floats]:
    """Return queue -> (replications,) mean waits."""
    draws = np.random.Generator(np.random.Philox(number))
    between, service, other = draws.exponential(size=(3, REPLICATIONS, TRUCKS))
    first, second = draws.random((2, REPLICATIONS))
    return {
        name: mean_waits(mean, between, *((other, second) if name == "twin" else (service, first)))
        for name, mean in MEAN.items()
    }


@pytest.fixture(scope="module")
def studies() -> list[dict[str, Floats]]:
    return [study(number) for number in range(count("decisions"))]


def most_wrong(studies: int) -> int:
    """Return the most wrong decisions that a rate of 5 % gives, but for one set of draws in a million."""
    return int(stats.binom.isf(2 * FALSE_ALARM, studies, 0.05))


def test_the_bounds_are_those_of_the_binomial_distribution():
    assert most_wrong(1000) == 85


def reported(record_property, name: str, wrong: int, studies: int) -> int:
    error = 100 * np.sqrt(wrong / studies * (1 - wrong / studies) / studies)
    record_property(name, f"{wrong} of {studies}, standard error {error:.1f} %")
    return wrong


def verdicts(studies: list[dict[str, Floats]], name: str, margin: float) -> list[str]:
    return [verdict(against_base({n: v[n] for n in ("base", name)}, "base")[0], margin, "less") for v in studies]


def test_the_waits_have_the_mean_of_the_formula(studies):
    for name, mean in MEAN.items():
        waits = np.concatenate([each[name] for each in studies])
        error = waits.std(ddof=1) / np.sqrt(waits.size)
        assert abs(waits.mean() - true_wait(mean)) < stats.norm.isf(FALSE_ALARM / 2) * error, name


@pytest.mark.series(name="decisions")
def test_equal_queues_are_seldom_called_better_or_worse(studies, record_property):
    found = verdicts(studies, "twin", 0.01 * true_wait(0.7))
    wrong = sum(each.startswith(("better", "worse")) for each in found)
    assert reported(record_property, "false better or worse", wrong, len(studies)) <= most_wrong(len(studies))


@pytest.mark.series(name="decisions")
def test_queues_that_differ_by_the_margin_are_seldom_called_equal(studies, record_property):
    found = verdicts(studies, "slower", true_wait(0.71) - true_wait(0.7))
    wrong = sum("margin" in each or "matters" in each for each in found)
    assert reported(record_property, "false no difference that matters", wrong, len(studies)) <= most_wrong(
        len(studies)
    )
    assert wrong > 0, "a procedure that never errs here has no power"


@pytest.mark.series(name="decisions")
def test_the_cheapest_of_the_equal_set_is_named(studies, record_property):
    margin = true_wait(MEAN["miss"]) - true_wait(MEAN["dear"])
    named = [
        cheapest({each.scenario: COSTS[each.scenario] for each in standings(queues, margin, "less") if each.as_good})
        for queues in ({name: every[name] for name in COSTS} for every in studies)
    ]
    wrong = len(studies) - named.count("cheap")
    assert reported(record_property, "cheapest not named", wrong, len(studies)) <= most_wrong(len(studies))
