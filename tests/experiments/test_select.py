"""Margins, verdicts, and the set as good as the best, worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from experiments.studies.compare import Difference
from experiments.studies.model import Margin, better_of, metric_key
from experiments.studies.select import cheapest, margin_of, needed, standings, verdict

CLEARANCE = metric_key("clearance_h.mean.northbound")
NAN = math.nan


def compared(low: float, high: float, n: int = 10) -> Difference:
    middle = (low + high) / 2
    return Difference("a", "base", middle, low, high, NAN, NAN, NAN, NAN, NAN, n, 0, 0, "paired t")


@pytest.mark.parametrize(
    ("metric", "reference", "chosen", "margin"),
    [
        ("clearance_h.mean.northbound", 30.0, None, 0.3),  # 1 %: 18 minutes
        ("clearance_h.mean.northbound", 0.5, None, 1 / 60),  # a minute is more than 1 %
        ("clearance_h.mean.northbound", math.inf, None, 1 / 60),
        ("utilisation.share.northbound@booth", 0.5, None, 0.01),
        ("throughput_per_day.mean.northbound", 300.0, None, 3.0),
        ("clearance_h.mean.northbound", 30.0, Margin(relative="2 %"), 0.6),
        ("clearance_h.mean.northbound", 30.0, Margin(absolute=0.5), 0.5),
    ],
)
def test_the_margin(metric, reference, chosen, margin):
    assert margin_of(metric_key(metric), reference, chosen) == pytest.approx(margin)


@pytest.mark.parametrize(
    ("low", "high", "less", "more", "neither"),
    [
        (-3, -2, "better", "worse", "lower"),
        (2, 3, "worse", "better", "higher"),
        (-2, -0.5, "better", "worse", "lower"),
        (-0.9, -0.5, *(f"{word} by less than the margin" for word in ("better", "worse", "lower"))),
        (0.5, 0.9, *(f"{word} by less than the margin" for word in ("worse", "better", "higher"))),
        (-1, 1, *["no difference that matters"] * 3),
        (-1.01, 0.5, *["too few replications to tell"] * 3),
        (-0.5, math.inf, *["too few replications to tell"] * 3),
        (NAN, NAN, *["too few replications to tell"] * 3),
        (0, 0, *["no difference that matters"] * 3),
    ],
)
def test_one_verdict_a_row(low, high, less, more, neither):
    row = compared(low, high)
    assert [verdict(row, 1.0, better) for better in ("less", "more", "neither")] == [less, more, neither]
    assert verdict(compared(NAN, NAN, n=0), 1.0, "less") == "not defined"


def test_an_unknown_margin_proves_no_equality():
    assert verdict(compared(-0.1, 0.1), NAN, "less") == "too few replications to tell"


def test_better_is_declared_by_the_metric():
    texts = (
        "shelf_life_d.mean.northbound",
        "second_loads_per_day.mean.northbound",
        "throughput_per_day.mean.northbound",
    )
    assert {better_of(metric_key(text)) for text in texts} == {"more"}
    assert better_of(CLEARANCE) == "less"
    assert better_of(metric_key("utilisation.share.northbound@booth")) == "neither"


def test_the_replications_that_decide_a_row():
    # -0.5 +- 2 at n = 10 with margin 1: it is decided at half the margin's room, 0.5, whichever way it goes.
    count = needed(compared(-2.5, 1.5), 1.0, 0.95)
    spread = 2 * math.sqrt(10) / stats.t.ppf(0.975, 9)
    assert count is not None
    assert stats.t.ppf(0.975, count - 2) * spread / math.sqrt(count - 1) > 0.5
    assert stats.t.ppf(0.975, count - 1) * spread / math.sqrt(count) <= 0.5
    assert needed(compared(-3, -2), 1.0, 0.95) is None, "decided already"


NOISE = np.array([0.0, 1, -1, 2, -2, 0.5, -0.5, 1.5, -1.5, 0])
SMALL = 0.01 * np.array([1, -1, 1, -1, 1, -1, 1, -1, 1, -1])


def test_the_set_as_good_as_the_best():
    values = {"base": 30 + NOISE, "best": 10 + NOISE, "close": 10.1 + NOISE + SMALL, "behind": 11 + NOISE - SMALL}
    found = {each.scenario: each for each in standings(values, 0.3, "less")}
    assert {name for name, each in found.items() if each.as_good} == {"best", "close"}
    assert {name for name, each in found.items() if each.behind} == {"base", "close", "behind"}
    # Against the best: mean 0.1, standard deviation 0.01 sqrt(10/9), one-sided at 1 - 0.05 / 3 with 9 degrees.
    bound = 0.1 + stats.t.ppf(1 - 0.05 / 3, 9) * 0.01 * math.sqrt(10 / 9) / math.sqrt(10)
    assert found["close"].excess == pytest.approx(bound)
    assert found["best"].excess == 0


def test_where_more_is_better_the_best_is_the_highest():
    found = {each.scenario: each for each in standings({"base": 30 + NOISE, "low": 10 + NOISE}, 0.3, "more")}
    assert found["base"].as_good
    assert found["low"].behind
    assert found["low"].excess == pytest.approx(20)


def test_noise_proves_nothing_and_says_how_many_would():
    values = {"base": 30 + NOISE, "other": 30 + NOISE[::-1]}
    found = standings(values, 0.3, "less")
    assert not any(each.as_good or each.behind for each in found)
    assert all(each.needed > 100 for each in found)


def test_the_replications_that_show_a_scenario_as_good_by_its_present_mean():
    # Other is 0.1 worse, with noise: it counts as good when the one-sided half width is down to the 0.2 left of 0.3.
    other = 30.1 + 3 * SMALL / 0.01 * 0.1 + NOISE
    found = {each.scenario: each for each in standings({"base": 30 + NOISE, "other": other}, 0.3, "less")}
    spread, count = 0.3 * math.sqrt(10 / 9), int(found["other"].needed)
    reach = [stats.t.ppf(0.95, n - 1) * spread / math.sqrt(n) for n in (count - 1, count)]
    assert reach[0] > 0.2 >= reach[1]
    assert not found["other"].as_good
    assert found["other"].excess == pytest.approx(0.1 + stats.t.ppf(0.95, 9) * spread / math.sqrt(10))


def test_unreached_values_are_never_as_good():
    values = {"base": np.full(10, math.inf), "works": 30 + NOISE, "often": np.where(NOISE > 1, math.inf, 20.0)}
    found = {each.scenario: each for each in standings(values, 0.3, "less")}
    assert not any(each.as_good for each in found.values()), "often is shorter in eight, and beyond the run in two"
    assert found["base"].behind


def test_the_cheapest_has_a_known_cost():
    assert cheapest({"a": 3.0, "b": NAN, "c": 2.0}) == "c"
    assert cheapest({"b": NAN}) is None
