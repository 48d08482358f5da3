"""Intervals over replications."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from experiments import mean_interval
from experiments.runs.statistics import Estimate, batch_interval, growth_a_day, is_overload, neighbours_alike


def test_worked_by_hand() -> None:
    # 1, 2, 3: mean 2, standard error 1/sqrt(3), t(2, 0.975) = 4.302653.
    estimate = mean_interval([1, 2, 3])
    assert estimate == pytest.approx((2, 2 - 4.302653 / 3**0.5, 2 + 4.302653 / 3**0.5, 3, 0), rel=1e-6)


def test_undefined_and_single_values() -> None:
    assert all(math.isnan(part) for part in mean_interval([math.nan, math.nan])[:3])
    assert mean_interval([5.0, math.nan])[::3] == (5, 1)
    assert math.isnan(mean_interval([5.0]).low)


def test_a_document_holds_every_number_that_there_is() -> None:
    found = mean_interval([1, 2, 3]).document()
    assert found == {"value": 2, "low": found["low"], "high": found["high"], "n": 3, "unreached": 0}
    assert found["low"] == pytest.approx(2 - 4.302653 / 3**0.5)
    assert mean_interval([5.0]).document() == {"value": 5.0, "low": None, "high": None, "n": 1, "unreached": 0}


def test_unreached_values_are_not_left_out() -> None:
    estimate = mean_interval([5.0, math.inf, math.nan, 6.0])
    assert (estimate.value, estimate.n, estimate.unreached) == (math.inf, 3, 1)
    assert math.isnan(estimate.low)
    assert math.isnan(estimate.high)
    assert estimate.document() == {"value": None, "low": None, "high": None, "n": 3, "unreached": 1}


def test_ten_batches_by_hand() -> None:
    # 1, 3, 2, 4, 1, 3, 2, 4, 1, 3: mean 2.4, squares of distances 12.4, standard deviation sqrt(12.4 / 9);
    # t(9, 0.975) = 2.262157. Steps +2, -1, +2, -3, +2, -1, +2, -3, +2: squares 40, ratio 1 - 40 / 24.8 < 0
    batches = [1.0, 3, 2, 4, 1, 3, 2, 4, 1, 3]
    half = 2.262157 * (12.4 / 9 / 10) ** 0.5
    assert batch_interval(2.5, batches) == pytest.approx((2.5, 2.5 - half, 2.5 + half, 1, 0), rel=1e-6)
    wider = batch_interval(2.5, batches, 0.99)
    assert wider.high - 2.5 == pytest.approx(half * 3.249836 / 2.262157, rel=1e-6)


@pytest.mark.parametrize(
    ("value", "batches"),
    [
        (2.5, [1.0, 3, 2, 4, 1, 3, 2, 4, 1, math.inf]),
        (2.5, [1.0, 3, 2, 4, 1, 3, 2, 4, 1, math.nan]),
        (2.5, [1.0, 3]),
        (5.5, [1.0, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
    ],
)
def test_batches_that_tell_nothing_give_no_interval(value: float, batches: list[float]) -> None:
    found = batch_interval(value, batches)
    assert found.value == value
    assert math.isnan(found.low)
    assert math.isnan(found.high)
    assert found.n == 1


def test_a_value_that_is_not_reached_has_no_interval_of_batches() -> None:
    assert batch_interval(math.inf, [1.0, 3, 2, 4])[::3] == (math.inf, 1)


def test_neighbours_that_are_alike_by_hand() -> None:
    # 1, 1, 2, 2: squares of steps 1, of distances 1: 1 - 1/2 = 0.5; bound 1.6449 sqrt(2 / 15) = 0.6006
    assert not neighbours_alike([1.0, 1, 2, 2])
    # 1, 1, 1, 2, 2, 2: squares of steps 1, of distances 1.5: 1 - 1/3 = 0.667; bound 1.6449 sqrt(4 / 35) = 0.5561
    assert neighbours_alike([1.0, 1, 1, 2, 2, 2])
    # 0, 0, 2, 5: squares of steps 13, of distances 16.75: 1 - 13 / 33.5 = 0.612, just above the bound of four
    assert neighbours_alike([0.0, 0, 2, 5])
    # 0, 0, 2, 6: squares of steps 20, of distances 24: 1 - 20 / 48 = 0.583, just below it
    assert not neighbours_alike([0.0, 0, 2, 6])
    assert not neighbours_alike([2.0, 2, 2, 2])
    rng = np.random.default_rng(1)
    refused = [neighbours_alike(row) for row in rng.normal(size=(10_000, 10)).tolist()]
    assert abs(np.mean(refused) - 0.05) < 0.012, "5 % of independent values, standard error 0.0022, normal only nearly"


def test_the_interval_of_batches_covers_as_often_as_it_says() -> None:
    """The time in an M/M/1 queue at load 0.6, of which every percentile is known: -log(1 - p) / (1 - 0.6)."""
    rng = np.random.default_rng(2)
    runs, trucks = 400, 10_000
    step = rng.exponential(1, (trucks, runs)) - rng.exponential(1 / 0.6, (trucks, runs))
    wait = np.zeros((trucks, runs))
    for n in range(1, trucks):
        wait[n] = np.maximum(wait[n - 1] + step[n], 0)
    stay = wait + rng.exponential(1, (trucks, runs))
    for share, truth in ((0.5, 0.693147 / 0.4), (0.9, 2.302585 / 0.4)):
        whole = np.quantile(stay, share, axis=0)
        parts = np.quantile(stay.reshape(10, -1, runs), share, axis=1)
        found = [batch_interval(value, part) for value, part in zip(whole.tolist(), parts.T.tolist(), strict=True)]
        known = [each for each in found if not math.isnan(each.low)]
        assert len(known) > 0.9 * runs
        covered = np.mean([each.low <= truth <= each.high for each in known])
        assert abs(covered - 0.95) < 0.033, "three standard errors of 400 intervals"


def test_the_interval_covers_as_often_as_it_says() -> None:
    # 20,000 intervals of 5 normal values: the covered share has a standard error of 0.0015; six of them around 0.95.
    rng = np.random.default_rng(1)
    samples = rng.normal(10, 3, (20_000, 5))
    half = stats.t.ppf(0.975, 4) * samples.std(axis=1, ddof=1) / 5**0.5
    first = mean_interval(samples[0].tolist())
    assert first.high - first.value == pytest.approx(half[0])
    covered = np.abs(samples.mean(axis=1) - 10) <= half
    assert abs(covered.mean() - 0.95) < 0.0093


def test_three_batches_are_enough_for_an_interval() -> None:
    # 1, 3, 2: standard deviation 1, t(2, 0.975) = 4.302653.
    half = 4.302653 / 3**0.5
    assert batch_interval(2.0, [1.0, 3, 2]) == pytest.approx((2, 2 - half, 2 + half, 1, 0), rel=1e-6)


@pytest.mark.parametrize(
    ("stock", "growth"),
    [
        ([], math.nan),
        ([1, 2], math.nan),  # a line through two points tells nothing of chance
        ([1, 5, 3], 1.0),  # (-1 x 1 + 1 x 3) / 2
        ([0, 1, 8, 9], 3.4),  # (-1.5 x 0 - 0.5 x 1 + 0.5 x 8 + 1.5 x 9) / 5
        ([0, 0, 0, 0, 0, 0, 14], 1.5),  # 3 x 14 / 28: a week has no day a week earlier
        ([0, 0, 0, 0, 0, 0, 0, 14], 2.0),  # 14 more than a week earlier
        ([0, 5, 9, 9, 9, 9, 9, 14, 33], 3.0),  # 14 and 28 more: 21 a week
    ],
)
def test_growth_of_the_stock_by_hand(stock: list[float], growth: float) -> None:
    assert growth_a_day(stock) == pytest.approx(growth, nan_ok=True)


@pytest.mark.parametrize(
    ("growth", "low", "released", "overload"),
    [
        (2.0, 0.1, 97.9, True),
        (2.0, 0.0, 97.9, False),  # perhaps it does not grow
        (1.99, 0.1, 97.9, False),  # below 2 % of 100 arrivals a day
        (2.0, 0.1, 99.0, False),  # perhaps as many come as go
    ],
)
def test_overload_at_its_borders(growth: float, low: float, released: float, overload: bool) -> None:
    arrivals, out = Estimate(100, 99, 101), Estimate(released, released - 5, released + 5)
    assert is_overload(Estimate(growth, low, 2 * growth - low), arrivals, out) == overload
