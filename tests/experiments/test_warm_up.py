"""The warm-up by MSER-5, worked out by hand."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from experiments.studies.replication import Replication
from experiments.studies.warm_up import found_warmup, mser


def errors(batches: list[float]) -> list[float]:
    """White, Cobb and Spratt (2000), equation 1: the variance of what is kept over how many are kept."""
    n = len(batches)
    return [float(np.var(batches[d:])) / (n - d) for d in range(n // 2 + 1)]


def test_the_minimum_by_hand():
    # 8, 4, 5, 5, 5, 5. Kept from 0: mean 32/6, squares 9.33, /36 = 0.259. From 1: mean 4.8, squares 0.8, /25 = 0.032.
    # From 2: all five, 0. From 3: 0, but 2 is the first.
    assert mser(np.array([8.0, 4, 5, 5, 5, 5])) == 2
    assert errors([8, 4, 5, 5, 5, 5]) == pytest.approx([9.3333 / 36, 0.8 / 25, 0, 0], abs=1e-5)


def test_the_divisor_is_squared():
    """With n - d instead of its square the rule would cut five batches; it cuts none, as fewer are worth less."""
    batches = [5.9, 5, 4, 5, 6, 5, 4, 5, 6, 5]
    assert int(np.argmin([np.var(batches[d:]) for d in range(6)])) == 5
    assert mser(np.array(batches)) == 0


def pilot(days: list[float]) -> Replication:
    nothing = np.zeros((1, 1))
    hours = np.repeat(days, 24)
    return Replication((), np.zeros(0), (), nothing, nothing, nothing, nothing, np.zeros(1), hours, hours)


def test_a_queue_that_grows_never_settles():
    growing = found_warmup("base", [pilot([float(day) for day in range(20)])])
    assert (growing.days, growing.settled) == (10, False)
    steady = found_warmup("base", [pilot([0.0, 6, 10, 9, 11, 10, 9, 11, 10, 9, 11, 10])])
    assert (steady.days, steady.settled) == (2, True)
    late = found_warmup("base", [pilot([0.0, 10, 20, 30, 40, 50, 50, 50, 50, 50, 50, 50])])
    assert (late.days, late.settled) == (5, True), "six of twelve would be half of the pilot"


def test_pilots_are_averaged_by_day():
    found = found_warmup("base", [pilot([0.0, 4, 6]), pilot([2.0, 6, 8])])
    assert found.series.tolist() == [1, 5, 7]


def test_hours_of_a_day_that_has_only_begun_are_left_out():
    begun = pilot([0.0, 4, 6])
    hours = np.concatenate((begun.in_line, [90.0] * 5))
    found = found_warmup("base", [dataclasses.replace(begun, in_line=hours)])
    assert found.series.tolist() == [0, 4, 6]
    assert found.scenario == "base"
