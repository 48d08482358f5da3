"""Numbers as people read them."""

from __future__ import annotations

import math

import pytest

from experiments.answers.numbers import GLUE, THIN, amount, interval, money, plain, scale_of, short, within
from tests.experiments.studies import plain as spaced


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (-1e-15, "0"),
        (26.04, "26"),
        (3.79, "3.8"),
        (6.01, "6"),
        (0.4, "0.4"),
        (-0.0025, "−0.0025"),
        (228_700, "228 700"),
    ],
)
def test_two_digits_and_no_minus_before_zero(value, shown):
    assert spaced(short(value)) == shown


def test_differences_have_a_sign():
    assert [plain(value, 1, sign=True) for value in (1.25, -1.25, -0.04, 0)] == ["+1.2", "−1.2", "0.0", "0.0"]


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (26.0, "h", "26 h"),
        (0.4, "h", "24 min"),
        (11 / 3600, "h", "11 s"),
        (0.93, "1", "93 %"),
        (262.0, "trucks/day", "262 trucks a day"),
        (math.inf, "h", "beyond the run"),
        (math.nan, "h", "–"),
    ],
)
def test_units_fit_the_size(value, unit, shown):
    assert spaced(amount(value, unit)) == shown


def test_a_difference_of_shares_is_in_percentage_points():
    assert spaced(amount(-0.02, "1", sign=True)) == "−2 percentage points"


@pytest.mark.parametrize(
    ("low", "high", "shown"),
    [
        (25.88, 26.12, "25.88 to 26.12"),
        (25.7, 26.3, "25.7 to 26.3"),
        (-12.3, -0.2, "−12.3 to −0.2"),  # an end that is not zero is not shown as zero
        (-math.inf, -43.0, "at most −43.0"),
        (2.5, math.inf, "at least 2.50"),
        (-math.inf, math.inf, "not bounded"),
        (5.0, 5.0, "5.00 to 5.00"),
    ],
)
def test_intervals_have_the_digits_of_their_width(low, high, shown):
    assert spaced(interval(low, high)) == shown


@pytest.mark.parametrize(
    ("value", "low", "high", "shown"),
    [
        (24.67, 24.56, 24.78, "24.67"),  # not "25", which lies outside 24.56 to 24.78
        (30.7, 30.5, 31.0, "30.7"),
        (-0.33, -4.0, 3.0, "−0.3"),  # a mean that is not zero is not shown as zero
        (-0.00006, -0.02, 0.02, "0.00"),  # but not with more than one digit beyond its interval
        (4.0, 4.0, 4.0, "4"),
        (26.0, math.nan, math.nan, "26"),
    ],
)
def test_a_mean_has_the_digits_of_its_interval(value, low, high, shown):
    assert spaced(within(value, low, high)) == shown


@pytest.mark.parametrize(
    ("usd", "shown"), [(228_700, "USD 0.23 million"), (4.2e6, "USD 4.2 million"), (45_120, "USD 45 000"), (0, "USD 0")]
)
def test_money(usd, shown):
    assert spaced(money(usd)) == shown


# Values just on either side of a rule


@pytest.mark.parametrize(
    ("unit", "values", "change", "scale"),
    [
        ("h", (0.995,), False, (1, "h")),
        ("h", (0.994,), False, (60, "min")),
        ("h", (1.5,), False, (1, "h")),
        ("h", (-1.5, 0.1), False, (1, "h")),
        ("h", (0.1, math.inf), False, (60, "min")),
        ("h", (0,), False, (1, "h")),
        ("h", (), False, (1, "h")),
        ("h", (math.nan,), False, (1, "h")),
        ("h", (0.995 / 60,), False, (60, "min")),
        ("h", (0.0164,), False, (3600, "s")),
        ("h", (0.02,), False, (60, "min")),
        ("km", (7,), False, (1, "km")),
        ("trucks/day", (7,), False, (1, "trucks a day")),
        ("1", (0.5,), False, (100, "%")),
        ("1", (0.5,), True, (100, "percentage points")),
    ],
)
def test_the_borders_of_units(unit: str, values: tuple[float, ...], change: bool, scale: tuple[float, str]) -> None:
    assert scale_of(unit, *values, change=change) == scale


def test_a_change_of_a_share_is_in_points_only_when_it_is_told() -> None:
    assert scale_of("1", 0.5) == (100, "%")


@pytest.mark.parametrize(
    ("value", "sign", "text"),
    [
        (3.8, True, "+3.8"),
        (3.8, False, "3.8"),
        (-3.8, True, "−3.8"),
        (26, True, "+26"),
        (6.0, False, "6"),
        (10.0, False, "10"),
        (100.0, False, "100"),
        (1.5e-9, False, "0"),
    ],
)
def test_short_numbers_with_and_without_a_sign(value: float, sign: bool, text: str) -> None:
    assert short(value, sign=sign) == text


def test_signs_go_through_amounts_means_and_intervals() -> None:
    assert amount(0.5, "h", sign=True).replace(GLUE, " ") == "+30 min"
    assert amount(0.5, "h").replace(GLUE, " ") == "30 min"
    assert within(5, 5, 5, sign=True) == "+5"
    assert within(5.04, 4.9, 5.2, sign=True) == "+5.04"
    assert within(5.04, 4.9, 5.2) == "5.04"
    assert within(0.04, -0.3, 0.5) == "0.04", "not zero, so one digit more"
    assert within(0.0, -0.3, 0.5) == "0.0"
    assert within(0.6, -0.3, 1.5) == "0.6"


def test_open_ends_of_intervals() -> None:
    assert interval(2.5, math.inf) == "at least 2.50"
    assert interval(-math.inf, 2.5) == "at most 2.50"
    assert interval(-math.inf, math.inf) == "not bounded"
    assert interval(math.inf, math.inf) == "at least beyond the run"


@pytest.mark.parametrize(
    ("usd", "text"),
    [
        (1e5, "USD 0.1 million"),
        (99_999, "USD 100 000"),
        (228_700, "USD 0.23 million"),
        (2_500_000_000, "USD 2 500 million"),
        (45_321, "USD 45 000"),
        (12, "USD 12"),
        (1.4, "USD 1"),
        (1.0, "USD 1"),
        (0.6, "USD 1"),
        (0, "USD 0"),
    ],
)
def test_money_at_the_borders(usd: float, text: str) -> None:
    assert money(usd).replace(GLUE, " ").replace(THIN, " ") == text
