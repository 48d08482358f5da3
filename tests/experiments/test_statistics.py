"""Intervals over replications."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from experiments import mean_interval


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


def test_the_interval_covers_as_often_as_it_says() -> None:
    # 20,000 intervals of 5 normal values: the covered share has a standard error of 0.0015; six of them around 0.95.
    rng = np.random.default_rng(1)
    samples = rng.normal(10, 3, (20_000, 5))
    half = stats.t.ppf(0.975, 4) * samples.std(axis=1, ddof=1) / 5**0.5
    first = mean_interval(samples[0].tolist())
    assert first.high - first.value == pytest.approx(half[0])
    covered = np.abs(samples.mean(axis=1) - 10) <= half
    assert abs(covered.mean() - 0.95) < 0.0093
