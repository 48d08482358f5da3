"""Comparisons, worked out by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from experiments.studies.compare import (
    adjusted_p,
    against_base,
    all_pairs,
    factorial_effects,
    p_value,
    probability_best,
    ratio_interval,
)


def values(**lists):
    return {name: np.array(found, float) for name, found in lists.items()}


def test_a_paired_difference_by_hand():
    (found,) = against_base(values(base=[10, 12, 14], other=[9, 10, 13]), "base")
    # differences -1, -2, -1: mean -4/3, standard deviation 1/sqrt(3), t(2; 0.975) = 4.3027
    half = stats.t.ppf(0.975, 2) * math.sqrt(1 / 3) / math.sqrt(3)
    assert (found.scenario, found.against) == ("other", "base")
    assert found[2:5] == pytest.approx((-4 / 3, -4 / 3 - half, -4 / 3 + half))
    assert found.percent == pytest.approx(100 * (-4 / 3) / 12)
    assert found.p == pytest.approx(stats.ttest_rel([9, 10, 13], [10, 12, 14]).pvalue)
    assert found.variance_ratio == pytest.approx((4 + 13 / 3) / (1 / 3))
    assert not found.sure


def test_intervals_of_a_family_are_those_of_bonferroni():
    many = values(base=[1, 2, 3, 5], a=[2, 2, 5, 5], b=[1, 1, 1, 1], c=[4, 4, 5, 9])
    alone = against_base({"base": many["base"], "a": many["a"]}, "base")[0]
    together = against_base(many, "base")[0]
    ratio = stats.t.ppf(1 - 0.05 / 3 / 2, 3) / stats.t.ppf(0.975, 3)
    assert together.high - together.value == pytest.approx(ratio * (alone.high - alone.value))
    assert [(d.scenario, d.against) for d in all_pairs(many)] == [
        ("a", "base"),
        ("b", "base"),
        ("c", "base"),
        ("b", "a"),
        ("c", "a"),
        ("c", "b"),
    ]


def test_adjusted_p_values():
    assert adjusted_p([0.01, 0.04, 0.03], "holm") == pytest.approx([0.03, 0.06, 0.06])
    assert adjusted_p([0.01, 0.04, 0.03], "bonferroni") == pytest.approx([0.03, 0.12, 0.09])
    assert adjusted_p([0.9, math.nan], "holm") == [1.0, 1.0]


def test_equal_scenarios_do_not_differ():
    (found,) = against_base(values(base=[1, 2, 3], same=[1, 2, 3]), "base")
    assert (found.value, found.low, found.high, found.p, found.sure) == (0, 0, 0, 1.0, False)
    assert p_value(np.array([2.0, 2.0])) == 0.0
    assert math.isnan(p_value(np.array([2.0])))


def test_undefined_replications_leave_their_pair_out():
    (found,) = against_base(values(base=[1, math.nan, 3, 4], other=[2, 2, math.nan, 6]), "base")
    assert found.value == pytest.approx(1.5)


def test_the_ratio_of_a_zero_mean_is_undefined():
    assert all(math.isnan(part) for part in ratio_interval(np.array([1.0, 2]), np.array([0.0, 0]), 0.95))


def test_the_probability_of_being_best():
    found = probability_best(values(a=[1, 2, 1, 2], b=[1, 2, 1, 2], c=[9, 9, 9, 9]), higher_is_better=False)
    assert found == pytest.approx({"a": 0.5, "b": 0.5, "c": 0.0})
    assert probability_best(values(a=[1, 2], c=[9, 8]), higher_is_better=True)["c"] == 1.0
    assert math.isnan(probability_best(values(a=[1], b=[2]), higher_is_better=True)["a"])


def test_the_effects_of_a_factorial_design_by_hand():
    # y = 10 + 4 A - 2 B + 6 A B, the same in each replication but for a shift that all points share
    luck = np.array([0.0, 1.0])
    cases = [(a, b) for a in (False, True) for b in (False, True)]
    points: dict[tuple[bool, ...], Any] = {(a, b): luck + 10 + 4 * a - 2 * b + 6 * a * b for a, b in cases}
    found = {effect.factors: effect for effect in factorial_effects(points, ["A", "B"])}
    assert {name: effect.value for name, effect in found.items()} == pytest.approx(
        {("A",): 7, ("B",): 1, ("A", "B"): 3}
    )
    assert found["A",].low == pytest.approx(7), "what all points share leaves no width"
