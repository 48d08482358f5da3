"""Comparisons, worked out by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from experiments.studies.compare import (
    Difference,
    against_base,
    all_pairs,
    factorial_effects,
    median_interval,
    p_value,
    probability_best,
    ratio_interval,
    replications_needed,
    unpaired,
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
    assert not found.clear
    assert (found.n, found.unreached, found.method) == (3, 0, "paired t")


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


def test_p_and_interval_agree_in_every_row():
    """p < 0.05 exactly where the simultaneous interval leaves out zero: shifts around the border, both procedures."""
    noise = np.array([-2.0, -1, 0, 0.5, 1, 1.5, 0.3, -0.7, 0.2, 0.9])
    shifts = {f"{n}": noise + 0.1 * n for n in range(-20, 21)}
    beyond = {f"far {n}": np.where(np.arange(10) < n, math.inf, 0.01 * n - 0.02) for n in range(11)}
    for found in (
        against_base({"base": np.zeros(10)} | shifts, "base"),
        against_base({"base": np.zeros(10)} | beyond, "base"),
    ):
        assert {d.clear for d in found} == {True, False}
        assert all(d.clear == (d.p < 0.05) for d in found)


def test_p_is_adjusted_for_the_number_of_comparisons():
    many = values(base=[1, 2, 3, 5], a=[2, 2, 5, 5], b=[1, 1, 1, 1], c=[4, 4, 5, 9])
    alone = against_base({"base": many["base"], "c": many["c"]}, "base")[0].p
    assert against_base(many, "base")[2].p == pytest.approx(3 * alone)
    assert against_base(values(base=[1, 2, 3], a=[1, 2, 4], b=[2, 1, 3]), "base")[1].p == 1.0, "never above one"


def test_equal_scenarios_do_not_differ():
    (found,) = against_base(values(base=[1, 2, 3], same=[1, 2, 3]), "base")
    assert (found.value, found.low, found.high, found.p, found.clear) == (0, 0, 0, 1.0, False)
    assert p_value(np.array([2.0, 2.0])) == 0.0
    assert math.isnan(p_value(np.array([2.0])))


def test_undefined_replications_leave_their_pair_out_and_are_counted():
    (found,) = against_base(values(base=[1, math.nan, 3, 4, 5], other=[2, 2, math.nan, 6, 6]), "base")
    assert found.value == pytest.approx(4 / 3)
    assert found.n == 3


@pytest.mark.parametrize("count", [1, 2])
def test_one_or_two_replications_show_a_difference_and_conclude_nothing(count):
    (found,) = against_base(values(base=[9] * count, other=[1] * count), "base")
    assert found.value == -8
    assert found.percent == pytest.approx(100 * (1 / 9 - 1))
    assert all(math.isnan(part) for part in (found.low, found.high, found.p, found.variance_ratio))
    assert not found.clear
    assert all(
        math.isnan(p) for p in probability_best(values(a=[9] * count, b=[1] * count), higher_is_better=True).values()
    )


def test_unreached_values_are_compared_by_ranks():
    # Ten replications: the gate as it is reaches its p90 never, the other always; ten of ten pairs are less.
    (found,) = against_base(values(base=[math.inf] * 10, other=range(20, 30)), "base")
    assert (found.value, found.low, found.high) == (-math.inf, -math.inf, -math.inf)
    assert found.p == pytest.approx(2 / 2**10)
    assert (found.n, found.unreached, found.against_unreached, found.method) == (10, 0, 10, "sign")


def test_a_gate_that_fails_never_looks_better():
    """Seven replications are shorter by an hour, three lie beyond the run: nothing is clear, and no mean is shown."""
    (found,) = against_base(values(base=[10] * 10, fails=[9] * 7 + [math.inf] * 3), "base")
    # P(Bin(10, 1/2) <= 1) = 11/1024 = 0.0107 <= 0.025 < P(<= 2): the second smallest and the second largest.
    assert (found.value, found.low, found.high) == (-1, -1, math.inf)
    assert found.p == pytest.approx(2 * 176 / 1024)
    chances = probability_best(values(base=[10] * 10, fails=[9] * 7 + [math.inf] * 3), higher_is_better=False)
    # Only a resample without any of the three (0.7 ** 10 = 2.8 %) makes it best; six standard errors of 10,000 are 1 %.
    assert chances["fails"] == pytest.approx(0.7**10, abs=0.01)


def test_pairs_that_neither_reaches_count_against_either_answer():
    a, b = np.array([math.inf] * 4 + [1.0] * 6), np.array([math.inf] * 4 + [5.0] * 6)
    estimate, p = median_interval(a, b, 0.95)
    # Six of ten are less; four could be anything. P(Bin(10, 1/2) <= 4) = 386/1024.
    assert (estimate.value, estimate.low, estimate.high) == (-4, -math.inf, math.inf)
    assert p == pytest.approx(2 * 386 / 1024)


def test_runs_with_other_seeds_are_compared_by_welch():
    a, b = np.array([10.0, 12, 14]), np.array([20.0, 20, 21, 23])
    found = unpaired("a", a, "b", b)
    expected = stats.ttest_ind(a, b, equal_var=False)
    ends = expected.confidence_interval(0.95)
    assert (found.value, found.low, found.high) == pytest.approx((-9, ends.low, ends.high))
    assert found.p == pytest.approx(expected.pvalue)
    assert (found.method, found.n) == ("Welch", 3)
    beyond = unpaired("a", np.array([1.0, 2, math.inf]), "b", b)
    assert (beyond.method, beyond.unreached, beyond.clear) == ("none", 1, False)


def test_the_replications_that_a_half_width_needs():
    # Half 2 at n = 10: s = 2 sqrt(10) / 2.2622 = 2.7957. Half 1 needs n with t s / sqrt(n) <= 1: 33 (t 2.0369, 0.9913).
    assert replications_needed(2.0, 10, 1.0, 0.95) == 33
    spread = 2 * math.sqrt(10) / stats.t.ppf(0.975, 9)
    assert stats.t.ppf(0.975, 31) * spread / math.sqrt(32) > 1 >= stats.t.ppf(0.975, 32) * spread / math.sqrt(33)


def test_the_ratio_of_a_zero_mean_is_undefined():
    assert all(math.isnan(part) for part in ratio_interval(np.array([1.0, 2]), np.array([0.0, 0]), 0.95)[:3])


def test_the_probability_of_being_best():
    found = probability_best(values(a=[1, 2, 1, 2], b=[1, 2, 1, 2], c=[9, 9, 9, 9]), higher_is_better=False)
    assert found == pytest.approx({"a": 0.5, "b": 0.5, "c": 0.0})
    assert probability_best(values(a=[1, 2, 3], c=[9, 8, 7]), higher_is_better=True)["c"] == 1.0


def test_the_effects_of_a_factorial_design_by_hand():
    # y = 10 + 4 A - 2 B + 6 A B, the same in each replication but for a shift that all points share
    shift = np.array([0.0, 1.0, 5.0])
    cases = [(a, b) for a in (False, True) for b in (False, True)]
    points: dict[tuple[bool, ...], Any] = {(a, b): shift + 10 + 4 * a - 2 * b + 6 * a * b for a, b in cases}
    found = {effect.factors: effect for effect in factorial_effects(points, ["A", "B"])}
    assert {name: effect.value for name, effect in found.items()} == pytest.approx(
        {("A",): 7, ("B",): 1, ("A", "B"): 3}
    )
    assert found["A",].low == pytest.approx(7), "what all points share leaves no width"


def test_a_difference_shows_itself_in_one_line():
    made = Difference("b", "a", -0.4523, -0.4979, -0.4067, -1.411, -1.55, -1.27, 0.001, 52.0)
    assert str(made) == "−0.452 (95 % interval −0.498 to −0.407), −1.41 %"
    assert str(made._replace(percent=math.nan)) == "−0.452 (95 % interval −0.498 to −0.407)"
    assert str(made._replace(low=math.nan, high=math.nan)) == "−0.452 (no interval)"
