"""Numbers as people read them: few digits, thin spaces, one minus sign, units that fit the size."""

from __future__ import annotations

import math
from typing import NamedTuple

THIN = "\N{NARROW NO-BREAK SPACE}"
GLUE = "\N{NO-BREAK SPACE}"
"""Keeps a value, its interval and its unit on one line."""
BEYOND = "beyond the run"
"""Shown for a number that is not reached before the end of the run."""
MOST_DECIMALS = 6
_SPOKEN = {
    "trucks/day": "trucks a day",
    "t/day": "t a day",
    "t d/day": "tonne-days a day",
    "USD/day": "USD a day",
    "h/day": "h a day",
}


class Scale(NamedTuple):
    """A unit that fits the size of some numbers."""

    factor: float
    """What a number in the metric's unit is multiplied by."""
    unit: str


def scale_of(unit: str, *values: float, change: bool = False) -> Scale:
    """Return the unit in which to show some values: hours, minutes or seconds by the largest of them."""
    if unit == "1":
        return Scale(100, "percentage points" if change else "%")
    if unit != "h":
        return Scale(1, _SPOKEN.get(unit, unit))
    largest = max((abs(value) for value in values if math.isfinite(value)), default=0)
    if largest >= 0.995 or largest == 0:
        return Scale(1, "h")
    return Scale(60, "min") if largest >= 0.995 / 60 else Scale(3600, "s")


def plain(value: float, decimals: int = 0, *, sign: bool = False) -> str:
    """`228 700`, `−3.8`; with `sign` also `+3.8`; never a minus before zero."""
    digits = f"{abs(value):,.{decimals}f}".replace(",", THIN)
    if not any(digit in digits for digit in "123456789"):
        return digits
    return ("−" if value < 0 else "+" if sign else "") + digits


def decimals_of(value: float, digits: int = 2) -> int:
    """Return the decimals with which a value shows so many significant digits; none from 10 or 100 on."""
    if value == 0 or not math.isfinite(value):
        return 0
    return max(0, digits - 1 - math.floor(math.log10(abs(value)) + 1e-9))


def decimals_of_half(half: float) -> int:
    """Return the decimals of a half width: one significant digit, two if the first is 1."""
    return decimals_of(half, 1 + (f"{half:e}"[0] == "1"))


def short(value: float, *, sign: bool = False) -> str:
    """A number with two significant digits, whole from ten on: `26`, `3.8`, `6`."""
    text = plain(value, min(decimals_of(value), MOST_DECIMALS), sign=sign)
    return text.rstrip("0").rstrip(".") if "." in text else text


def amount(value: float, unit: str, *, sign: bool = False, change: bool = False) -> str:
    """`26 h`, `24 min`, `93 %`, `1 234 trucks a day`."""
    if not math.isfinite(value):
        return BEYOND if math.isinf(value) else "–"
    scale = scale_of(unit, value, change=change or sign)
    return f"{short(scale.factor * value, sign=sign)}{GLUE}{scale.unit}"


def within(value: float, low: float, high: float, *, sign: bool = False) -> str:
    """A mean with as many decimals as its interval, so that it never seems to lie outside: `30.8`."""
    if not (math.isfinite(low) and math.isfinite(high) and _has_width(low, high)):
        return short(value, sign=sign)
    decimals = _decimals_between(low, high)
    closer = decimals + (not round(value, decimals) and round(value, decimals + 1) != 0)
    return plain(value, closer, sign=sign)


def _has_width(low: float, high: float) -> bool:
    """Tell whether an interval is more than what is left of rounding."""
    return high - low > 1e-9 * max(abs(low), abs(high))


def _decimals_between(low: float, high: float) -> int:
    half = (high - low) / 2
    ends = [end for end in (low, high) if math.isfinite(end)]
    if not (math.isfinite(half) and _has_width(low, high)):
        return max((decimals_of(end, 3) for end in ends), default=0)
    decimals = min(decimals_of_half(half), MOST_DECIMALS)
    while decimals < MOST_DECIMALS and any(end and not round(end, decimals) for end in ends):
        decimals += 1  # an end that is not zero is not shown as zero
    return decimals


def interval(low: float, high: float, *, sign: bool = False) -> str:
    """`25.9 to 26.1`: to one digit of the half width, two if the first is 1."""
    decimals = _decimals_between(low, high)
    names = [BEYOND if math.isinf(end) else plain(end, decimals, sign=sign) for end in (low, high)]
    if low == -math.inf:
        return f"at most {names[1]}" if math.isfinite(high) else "not bounded"
    return f"at least {names[0]}" if high == math.inf else f"{names[0]} to {names[1]}"


def money(usd: float) -> str:
    """`USD 0.23 million`, `USD 45 000`."""
    if abs(usd) >= 1e5:
        return f"USD{GLUE}{short(usd / 1e6)} million"
    grain = 10 ** max(0, math.floor(math.log10(usd)) - 1) if usd >= 1 else 1
    return f"USD{GLUE}{plain(round(usd / grain) * grain)}"
