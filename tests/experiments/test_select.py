"""Margins, verdicts, and the set as good as the best, worked out by hand."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from scipy import stats

from experiments.studies.compare import Difference
from experiments.studies.designs import Cell, cells
from experiments.studies.model import Margin, better_of, metric_key
from experiments.studies.select import cheapest, costs, margin_of, needed, standings, verdict
from gates import load_upgrade
from gates.upgrades.model import Costs
from tests.experiments.studies import small

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
        ("clearance_h.mean.northbound", -30.0, Margin(relative="2 %"), 0.6),
        ("clearance_h.mean.northbound", math.inf, Margin(relative="2 %"), NAN),
        ("throughput_per_day.mean.northbound", NAN, None, NAN),
    ],
)
def test_the_margin(metric, reference, chosen, margin):
    assert margin_of(metric_key(metric), reference, chosen) == pytest.approx(margin, nan_ok=True)


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
        (0.5, 1, *(f"{word} by less than the margin" for word in ("worse", "better", "higher"))),
        (-1, -0.5, *(f"{word} by less than the margin" for word in ("better", "worse", "lower"))),
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
    other = 30.1 + 100 * SMALL + NOISE
    found = {each.scenario: each for each in standings({"base": 30 + NOISE, "other": other}, 0.3, "less")}
    spread, count = math.sqrt(10 / 9), int(found["other"].needed)
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


def is_least(count: int | None, half: float, n: int, target: float) -> bool:
    """Whether no smaller count brings the half-width down to the target, if the spread stays as it is."""
    assert count is not None
    spread = half * math.sqrt(n) / stats.t.ppf(0.975, n - 1)
    before, here = (stats.t.ppf(0.975, k - 1) * spread / math.sqrt(k) for k in (count - 1, count))
    return bool(before > target >= here)


@pytest.mark.parametrize(
    ("low", "high", "margin", "target"),
    [
        (-1, 5, 1.0, 2.0),  # 2 is more than the margin: until it is clear
        (-1.2, 2.8, 1.0, 0.8),  # 0.8 is: until it is clear, which comes before 0.2 less than the margin is shown
        (-1.8, 2.2, 1.0, 0.8),  # 0.2 is not: until it lies within the margin
        (-1.5, 2.5, 0.5, 0.5),  # as much as the margin: until it is clear
    ],
)
def test_what_decides_a_row_first(low, high, margin, target):
    assert is_least(needed(compared(low, high), margin, 0.95), (high - low) / 2, 10, target)


@pytest.mark.parametrize(
    ("row", "margin"),
    [
        (compared(-0.5, 0.5), 1.0),  # decided
        (compared(-1, 3)._replace(method="sign"), 1.0),  # no spread to reckon with
        (compared(-1, 1), 0.0),  # no difference and no margin: nothing ever shows it
        (compared(-2, 2.03), 0.0),  # 135,000 replications
        (compared(NAN, NAN), 1.0),
    ],
)
def test_no_number_is_named_that_says_nothing(row, margin):
    assert needed(row, margin, 0.95) is None


def test_many_replications_are_named_up_to_a_hundred_thousand():
    count = needed(compared(-2, 2.04), 0.0, 0.95)
    assert is_least(count, 2.02, 10, 0.02)
    assert count is not None
    assert 70_000 < count < 100_000


def test_one_scenario_alone_is_the_best():
    (alone,) = standings({"base": 30 + NOISE}, 0.3, "less")
    assert (alone.scenario, alone.excess, alone.as_good, alone.behind) == ("base", 0.0, True, False)
    assert math.isnan(alone.needed)


def test_two_replications_show_nothing():
    found = standings({"base": np.array([30.0, 31]), "best": np.array([10.0, 11])}, 0.3, "less")
    assert not any(each.as_good or each.behind for each in found)
    assert all(math.isnan(each.excess) and math.isnan(each.needed) for each in found)


def test_no_number_of_replications_makes_good_who_is_behind_or_too_far():
    values = {"best": 10 + NOISE, "behind": 11 + NOISE - SMALL, "far": 10.5 + NOISE[::-1]}
    found = {each.scenario: each for each in standings(values, 0.3, "less")}
    assert found["behind"].behind
    assert not found["far"].behind
    assert math.isnan(found["behind"].needed)
    assert math.isnan(found["far"].needed), "its mean is 0.5 worse, more than the margin"


def cell_of(*upgrades, **entry):
    """The cell of a scenario with these upgrades, and that of the base."""
    found = cells(small(gate="friendship-pass", scenarios=[{"name": "x", "upgrades": [*upgrades], **entry}]), 0)
    assert isinstance(found[1], Cell)
    return found[1], found[0]


def known_costs(name: str) -> Costs:
    costs = load_upgrade(name).costs
    assert costs is not None
    return costs


def test_costs_of_upgrades_add_up():
    bays, fast = known_costs("more-bays"), known_costs("fast-lab")
    found = costs(*cell_of("more-bays", "fast-lab"))
    assert list(found) == [
        *(f"{what}_{level}" for what in ("capital_usd", "running_usd_per_year") for level in ("low", "base", "high")),
        "usd_per_year",
    ]
    assert found["capital_usd_low"] == bays.capital_usd.low + fast.capital_usd.low
    assert found["capital_usd_high"] == bays.capital_usd.high + fast.capital_usd.high
    assert found["running_usd_per_year_base"] == bays.running_usd_per_year.base + fast.running_usd_per_year.base
    yearly = [each.capital_usd.base / each.life_years + each.running_usd_per_year.base for each in (bays, fast)]
    assert found["usd_per_year"] == pytest.approx(sum(yearly))
    assert set(costs(*cell_of()).values()) == {0.0}


def test_what_a_study_sets_by_itself_has_no_cost_unless_the_reference_has_it_too():
    setting = {"set": {"stages.bay-cn.lanes": 15}}
    own, base = cell_of("fast-lab", **setting)
    assert all(math.isnan(value) for value in costs(own, base).values())
    found = costs(own, own)
    assert found["capital_usd_base"] == known_costs("fast-lab").capital_usd.base


def test_an_upgrade_that_nobody_costed_leaves_all_costs_unknown():
    cell, base = cell_of("fast-lab", "more-bays")
    uncosted = cell.upgrades[0].model_copy(update={"costs": None})
    found = costs(dataclasses.replace(cell, upgrades=(uncosted, *cell.upgrades[1:])), base)
    assert all(math.isnan(value) for value in found.values())
    assert len(found) == 7
