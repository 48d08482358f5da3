"""The estimator of Kaplan and Meier against its textbook form, in fractions."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.metrics.durations import RELATIVE_ERROR, Histogram, Values
from sim.metrics.survival import Survival, kaplan_meier
from tests.sim.slow_metrics import textbook_survival

PERCENT = np.arange(1, 200) / 2
few_ticks = st.lists(st.integers(0, 12), max_size=40)
many_ticks = st.lists(st.integers(0, 10**11), max_size=40)


def survival(ended: list[int], cut: list[int], *, exact: bool = True) -> Survival:
    durations = Values(1) if exact else Histogram(1, 10**11)
    durations.add(np.zeros(len(ended), np.int32), np.array(ended, np.int64))
    return kaplan_meier(durations.ended([0]), np.array(cut, np.int64))


def test_an_example_of_the_authors():
    # Kaplan and Meier (1958), section 2: deaths at 0.8, 3.1, 5.4, 9.2 months, losses at 1.0, 2.7, 7.0, 12.1.
    # P(0.8) = 7/8, P(3.1) = 7/8 * 4/5 = 7/10, P(5.4) = 7/10 * 3/4 = 21/40, P(9.2) = 21/40 * 1/2 = 21/80.
    # Mean up to 12.1: 0.8 + 2.3 * 7/8 + 2.3 * 7/10 + 3.8 * 21/40 + 2.9 * 21/80 = 7.17875.
    found = survival([8, 31, 54, 92], [10, 27, 70, 121])
    assert found.longer == pytest.approx([7 / 8, 7 / 10, 21 / 40, 21 / 80], rel=1e-12)
    assert found.mean == pytest.approx(71.7875, rel=1e-12)
    assert found.quantiles(np.array([12.5, 13, 30, 47.5, 70, 90])) == pytest.approx([8, 31, 31, 54, 92, math.inf])


def test_without_censoring_it_is_the_share_still_there():
    # Five times: 40 % are over at 3, so the 40 % quantile is 3 and the next one 5; mean 30 / 5 = 6.
    found = survival([3, 3, 5, 9, 10], [])
    assert found.longer.tolist() == [0.8, 0.6, 0.4, 0.2, 0.0]
    assert found.mean == 6
    assert found.quantiles(np.array([40, 40.5, 60, 99.5])).tolist() == [3, 5, 5, 10]


def test_nothing_ended():
    # All that is known is that the two took longer than 4 and 6 ticks: the mean of 6 would grow with the run.
    found = survival([], [4, 6])
    assert found.mean == math.inf
    assert (found.quantiles(PERCENT) == math.inf).all()


def test_nothing_at_all():
    found = survival([], [])
    assert math.isnan(found.mean)
    assert np.isnan(found.quantiles(PERCENT)).all()


@given(few_ticks | many_ticks, few_ticks | many_ticks)
def test_it_is_the_textbook_form(ended, cut):
    steps, mean = textbook_survival(ended, cut)
    found = survival(ended, cut)
    assert found.mean == pytest.approx(float(mean), rel=1e-12, nan_ok=True)
    for percent, quantile in zip(PERCENT, found.quantiles(PERCENT), strict=True):
        share = 1 - Fraction(str(percent)) / 100
        wanted = next((time for time, longer in steps if longer <= share), math.inf if ended or cut else math.nan)
        assert quantile == pytest.approx(wanted, rel=0, nan_ok=True)


@given(few_ticks | many_ticks, few_ticks | many_ticks)
def test_cells_give_the_same_steps_as_values(ended, cut):
    exact, cells = survival(ended, cut), survival(ended, cut, exact=False)
    assert cells.mean == pytest.approx(exact.mean, rel=1e-14, nan_ok=True)
    wanted = exact.quantiles(PERCENT)
    found, reached = cells.quantiles(PERCENT), np.isfinite(wanted)
    assert np.array_equal(found[~reached], wanted[~reached], equal_nan=True)
    assert (np.abs(found[reached] - wanted[reached]) <= RELATIVE_ERROR * wanted[reached]).all()
