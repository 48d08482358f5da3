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
    difference,
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


def test_every_part_of_an_unpaired_comparison_by_hand():
    # Means 12 and 21, variances 4 and 2: error sqrt(4/3 + 2/4), percent -9 of 21.
    found = unpaired("a", np.array([10.0, 12, 14, math.nan]), "b", np.array([20.0, 20, 21, 23]))
    assert (found.scenario, found.against, found.n, found.unreached, found.against_unreached) == ("a", "b", 3, 0, 0)
    assert found.percent == pytest.approx(-900 / 21)
    assert math.isnan(found.percent_low)
    assert math.isnan(found.percent_high)
    assert found.variance_ratio == 1.0, "common draws took off nothing, because there were none"
    wide = unpaired("a", np.array([10.0, 12, 14]), "b", np.array([20.0, 20, 21, 23]), 0.99)
    ends = stats.ttest_ind([10.0, 12, 14], [20.0, 20, 21, 23], equal_var=False).confidence_interval(0.99)
    assert (wide.low, wide.high) == pytest.approx((ends.low, ends.high))


@pytest.mark.parametrize(
    ("a", "b", "value", "p", "percent"),
    [([2, 2, 2], [2, 2, 2], 0, 1.0, 0.0), ([3, 3, 3], [2, 2, 2], 1, 0.0, 50.0), ([3, 3, 3], [0, 0, 0], 3, 0.0, None)],
)
def test_unpaired_runs_without_any_spread(a, b, value, p, percent):
    found = unpaired("a", np.array(a, float), "b", np.array(b, float))
    assert found[2:5] == (value, value, value)
    assert found.p == p
    assert math.isnan(found.percent) if percent is None else found.percent == percent


@pytest.mark.parametrize(("a", "b"), [([1, 2], [1, 2, 3]), ([1, 2, 3], [1, 2]), ([1, 2, 3], [1, 2, math.inf])])
def test_an_unpaired_comparison_that_cannot_be_made_has_no_numbers(a, b):
    found = unpaired("a", np.array(a, float), "b", np.array(b, float))
    assert (found.scenario, found.against, found.method) == ("a", "b", "none")
    assert all(math.isnan(number) for number in found[2:10])
    assert not found.clear


def test_the_median_interval_is_that_of_the_signs():
    a = np.array([1.0, 2, 3, 4, 6, 9])
    # P(Bin(6, 1/2) = 0) = 1/64 <= 0.025 < 7/64: the smallest and the largest; the median of six is between 3 and 4
    estimate, p = median_interval(a, np.zeros(6), 0.95)
    assert estimate == (3.5, 1.0, 9.0, 6, 0)
    assert p == pytest.approx(2 / 64)
    assert median_interval(a, np.zeros(6), 1 - 2 / 64)[0][1:3] == (1.0, 9.0), "a level that is met exactly counts"
    five, p = median_interval(a[:5], np.zeros(5), 0.95)
    assert five[:3] == (3.0, -math.inf, math.inf), "1/32 is more than 0.025: no interval is wide enough"
    assert p == pytest.approx(2 / 32)


def test_equal_pairs_speak_for_neither_side():
    # Two more, one less, one equal of four: P(Bin(4, 1/2) <= 2) = 11/16, doubled and cut at one.
    _, p = median_interval(np.array([1.0, 1, -1, 0]), np.zeros(4), 0.95)
    assert p == 1.0
    # Three more, one equal: P(<= 1) = 5/16, not P(<= 0)
    _, p = median_interval(np.array([1.0, 1, 1, 0]), np.zeros(4), 0.95)
    assert p == pytest.approx(2 * 5 / 16)


def test_a_median_between_pairs_that_neither_reaches_is_not_known():
    a, b = np.array([math.inf] * 2 + [1.0]), np.array([math.inf] * 2 + [5.0])
    (estimate, _) = median_interval(a, b, 0.95)
    assert math.isnan(estimate.value)
    assert (estimate.low, estimate.high, estimate.n) == (-math.inf, math.inf, 3)
    (too_few, p) = median_interval(a[:2], b[:2], 0.95)
    assert math.isnan(too_few.value)
    assert math.isnan(p)


@pytest.mark.parametrize("n", [3, 10, 50])
@pytest.mark.parametrize("target", [0.3, 0.9, 1.7, 2.0, 5.0])
def test_no_smaller_number_of_replications_would_do(n, target):
    spread = 2 * math.sqrt(n) / stats.t.ppf(0.975, n - 1)
    enough = [stats.t.ppf(0.975, count - 1) * spread / math.sqrt(count) <= target for count in range(2, 3000)]
    assert replications_needed(2.0, n, target, 0.95) == min(2 + enough.index(True), 2999)


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


def test_intervals_of_effects_hold_together():
    # A alone has noise -1, 0, 1 at its second value; three effects, so t(2) at 1 - 0.05/3; the contrast halves noise
    noise = np.array([-1.0, 0, 1])
    points: dict[tuple[bool, ...], Any] = {
        (a, b): 10 + 4.0 * a + (noise if (a, b) == (True, True) else np.zeros(3))
        for a in (False, True)
        for b in (False, True)
    }
    found = {effect.factors: effect for effect in factorial_effects(points, ["A", "B"])}
    half = stats.t.ppf(1 - 0.05 / 3 / 2, 2) * 0.5 / math.sqrt(3)
    assert found["A",][1:] == pytest.approx((4, 4 - half, 4 + half))


@pytest.mark.parametrize("broken", [np.array([1.0, 2, math.inf]), np.array([1.0, 2, math.nan])])
def test_effects_of_what_is_not_reached_are_not_known(broken):
    points: dict[tuple[bool, ...], Any] = {(False,): np.array([1.0, 2, 3]), (True,): broken}
    (effect,) = factorial_effects(points, ["A"])
    assert all(math.isnan(number) for number in effect[1:])
    (few,) = factorial_effects({(False,): np.array([1.0, 2]), (True,): np.array([3.0, 4])}, ["A"])
    assert math.isnan(few.value), "two replications tell nothing"


def test_a_difference_shows_itself_in_one_line():
    made = Difference("b", "a", -0.4523, -0.4979, -0.4067, -1.411, -1.55, -1.27, 0.001, 52.0)
    assert str(made) == "−0.452 (95 % interval −0.498 to −0.407), −1.41 %"
    assert str(made._replace(percent=math.nan)) == "−0.452 (95 % interval −0.498 to −0.407)"
    assert str(made._replace(low=math.nan, high=math.nan)) == "−0.452 (no interval)"


def test_what_common_draws_leave_of_the_variance() -> None:
    def ratio(a: list[float], b: list[float]) -> float:
        values = {"a": np.array(a), "b": np.array(b)}
        return difference(values, ("a", "b"), 0.95).variance_ratio

    assert ratio([1.0, 2, 3], [0.0, 1, 2]) == math.inf, "the differences do not vary at all"
    assert ratio([1.0, 1.5, 2], [0.0, 0.5, 1]) == math.inf
    assert math.isnan(ratio([1.0, 1, 1], [0.0, 0, 0])), "nothing varies"
    assert ratio([1.0, 2, 3], [3.0, 2, 1]) == pytest.approx(0.5), "variances 1 and 1, that of -2, 0, 2 is 4"


def test_p_of_differences_without_spread() -> None:
    assert p_value(np.zeros(4)) == 1.0
    assert p_value(np.full(4, 0.5)) == 0.0
    assert p_value(np.array([1e-3, 1e-3, 1e-3 + 1e-17])) == 0.0


def test_the_probability_of_being_best_is_the_same_every_time() -> None:
    values = {"a": np.array([1.0, 5, 2, 4]), "b": np.array([2.0, 3, 4, 3.5])}
    first, again = (probability_best(values, higher_is_better=False) for _ in range(2))
    assert first == again == probability_best(values, higher_is_better=False, seed=1)
    assert first != probability_best(values, higher_is_better=False, seed=2)
