"""Quantities as people write them ("35 s", "45 %", "08:00-21:00"), held as plain numbers.

Each annotated type here reads text with a unit and gives a number in its canonical unit: `Seconds`
[s], `Days` [d], `Tonnes` [t], `Metres` [m], `Megabytes` [MB], `Megabits` [Mbit/s], `Share` [0..1], `Clock` [s since
midnight]. Opening hours are in `gates.schema.hours`.
Its JSON form is text with a unit again, so that a dumped gate reads like a gate file and loads as one.

A plain number means the canonical unit. That is right in Python and in a dump, but a person who
writes `mean: 35` in a file may mean minutes: under the validation context `UNITS_REQUIRED`, which
the file loader sets, a plain number other than 0 is refused.

The units are a table, not a unit library: nothing is ever multiplied or converted here, and
importing one costs more time than reading the largest gate file.
"""

from __future__ import annotations

import datetime as dt
import math
import re
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, ValidationInfo
from pydantic_core import PydanticCustomError

Spans = tuple[tuple[int, int], ...]
"""Windows of time [s since a midnight]."""
DAY_S = 86_400
LONGEST_D = 3650
HEAVIEST_T = 1000
LONGEST_M = 1_000_000
MOST_MB = 1_000_000
FASTEST_MBIT_S = 1_000_000
YEARS = (1990, 2200)
UNITS_REQUIRED = {"units": "required"}
"""Validation context under which a quantity with a unit must be written with it."""

_NUMBER = r"[+-]?\d{1,30}(?:\.\d{1,30})?(?:[eE][+-]?\d{1,3})?"
_QUANTITY = re.compile(rf"\s*({_NUMBER})\s*(%|[a-zA-Z]+(?:/s)?)\s*")
_BARE_NUMBER = re.compile(rf"\s*{_NUMBER}\s*|[+-]?\.?(inf|nan|infinity)", re.IGNORECASE)
_COMMA = re.compile(r"\s*([+-]?\d{1,30})((?:,\d{1,30})+)((?:\.\d{1,30})?)\s*(%|[a-zA-Z]+(?:/s)?)?\s*")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")
_WINDOW = re.compile(r"\s*([\d:]+)\s*(?:-|–)\s*([\d:]+)\s*")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")

_TIME_S = {
    "ms": Decimal("0.001"),
    "s": Decimal(1),
    "min": Decimal(60),
    "h": Decimal(3600),
    "d": Decimal(DAY_S),
}
_TIME_D = {"h": Decimal(1) / 24, "d": Decimal(1)}
_MASS_T = {"kg": Decimal("0.001"), "t": Decimal(1)}
_LENGTH_M = {"m": Decimal(1), "km": Decimal(1000)}
_DATA_MB = {"kB": Decimal("0.001"), "MB": Decimal(1), "GB": Decimal(1000)}
_RATE_MBIT_S = {"kbit/s": Decimal("0.001"), "Mbit/s": Decimal(1), "Gbit/s": Decimal(1000)}
_SHARE = {"%": Decimal("0.01")}


def refusal(problem: str, remedy: str) -> PydanticCustomError:
    """The error that a reader of quantities raises; `findings` shows both of its sentences.

    Parameters
    ----------
    problem
        What is wrong, in a few words.
    remedy
        What to write instead, as a sentence.
    """
    context = {"problem": problem, "remedy": remedy}
    return PydanticCustomError("quantity", "{problem}", context)


def is_number(value: object) -> bool:
    """Tell whether a value is a plain number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def units_required(info: ValidationInfo) -> bool:
    """Tell whether quantities must be written with their units, as in a file."""
    return isinstance(info.context, dict) and info.context.get("units") == "required"


def _finite(value: float, low: float, high: float, bounds: str) -> float:
    if math.isnan(value):
        raise refusal("not a number", f"Write a number {bounds}.")
    if not low <= value <= high:
        raise refusal("out of bounds", f"Use a value {bounds}.")
    return float(value) + 0.0  # no negative zero


def plain_letters(text: str) -> str:
    """Text with full-width letters, digits and signs (`２５ ％`, `20：00`) as plain ones."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def comma_mistake(text: str) -> tuple[str, str] | None:
    """The problem and the remedy of a number with a comma, for decimals or between thousands; None for other text."""
    match = _COMMA.fullmatch(plain_letters(text))
    if match is None:
        return None
    whole, groups, decimals, unit = match[1], match[2], match[3], f" {match[4]}" if match[4] else ""
    point = f"{whole}.{groups[1:]}{unit}"
    thousands = f"{whole}{groups.replace(',', '')}{decimals}{unit}"
    if decimals or groups.count(",") > 1:
        remedy = f'Write nothing between thousands: "{thousands}".'
    elif len(groups) == 4:
        remedy = f'Write a point for decimals and nothing between thousands: "{point}" or "{thousands}".'
    else:
        remedy = f'Write a point, not a comma: "{point}".'
    return "a comma in a number", remedy


def _refuse_comma(text: str) -> None:
    if mistake := comma_mistake(text):
        raise refusal(*mistake)


def _parse(text: str, units: dict[str, Decimal], example: str) -> float:
    text = plain_letters(text)
    match = _QUANTITY.fullmatch(text)
    if match is None:
        _refuse_comma(text)
        if _BARE_NUMBER.fullmatch(text):
            raise refusal("the unit is missing", f'Write the unit, such as "{example}".')
        raise refusal("cannot be read", f'Write a number and a unit, such as "{example}".')
    number, unit = match.groups()
    if unit not in units:
        known = ", ".join(units)
        raise refusal(f"{unit} is no unit for this", f'Use one of {known}, such as "{example}".')
    return float(Decimal(number) * units[unit])


def _reader(
    units: dict[str, Decimal], high: float, bounds: str, example: str, bare_allowed: bool = False
) -> Callable[[Any, ValidationInfo], float]:
    """A validator for one kind of quantity: text with one of `units`, or a number in the canonical unit."""

    def read(value: Any, info: ValidationInfo) -> float:
        if is_number(value):
            if units_required(info) and not bare_allowed and value != 0:
                raise refusal("the unit is missing", f'Write the unit, such as "{example}".')
            return _finite(_as_float(value), 0.0, high, bounds)
        if isinstance(value, str):
            return _finite(_parse(value, units, example), 0.0, high, bounds)
        raise refusal("not a quantity", f'Write a number and a unit, such as "{example}".')

    return read


def _as_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


# Text of a quantity: short for people, and read back to exactly the same number.


def number_text(value: float) -> str:
    """The shortest text of a number that reads back as the same number: `20`, `0.45`."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))


def seconds_text(value: float) -> str:
    """The text of a duration [s] in the unit a person would choose: `35 s`, `55 min`, `2.5 h`."""
    for unit, size, grain in (("h", 3600, 1800), ("min", 60, 60)):
        if value >= size and value % grain == 0:
            return f"{number_text(value / size)} {unit}"
    return f"{number_text(value)} s"


def days_text(value: float) -> str:
    """The text of a number of days: `21 d`."""
    return f"{number_text(value)} d"


def tonnes_text(value: float) -> str:
    """The text of a load: `20 t`."""
    return f"{number_text(value)} t"


def metres_text(value: float) -> str:
    """A length [m] as text with a unit: `22 m`."""
    return f"{number_text(value)} m"


def megabytes_text(value: float) -> str:
    """The text of an amount of data: `15 MB`."""
    return f"{number_text(value)} MB"


def megabits_text(value: float) -> str:
    """The text of a rate of data: `27 Mbit/s`."""
    return f"{number_text(value)} Mbit/s"


def share_text(value: float) -> str:
    """The text of a share: `45 %`."""
    percent = (Decimal(repr(float(value))) * 100).normalize()
    return f"{percent:f} %" if percent == 0 or percent >= Decimal("1e-6") else f"{percent} %"


def clock_text(value: int) -> str:
    """The text of a time of day [s]: `20:00`, with seconds only where they are not zero."""
    minutes, seconds = divmod(value, 60)
    text = f"{minutes // 60:02d}:{minutes % 60:02d}"
    return f"{text}:{seconds:02d}" if seconds else text


def span_text(window: tuple[int, int]) -> str:
    """The text of one window of a day: `08:00-21:00`; `22:00-02:00` if it passes midnight."""
    start, end = window
    return f"{clock_text(start)}-{clock_text(end if end <= DAY_S else end - DAY_S)}"


# Times of day and windows of a day.


def parse_clock(text: str) -> int:
    """Seconds since midnight of a time of day such as `20:00` or `20:00:30`; `24:00` is the day's end."""
    match = _CLOCK.fullmatch(plain_letters(text).strip())
    if match is None:
        raise refusal("not a time of day", 'Write hours and minutes, such as "20:00".')
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    at = hours * 3600 + minutes * 60 + seconds
    if minutes > 59 or seconds > 59 or at > DAY_S:
        raise refusal("no such time of day", 'Write a time from "00:00" to "24:00".')
    return at


def parse_window(text: str) -> Spans:
    """The windows [s] of a text such as `08:00-21:00`: one, or two where it passes midnight."""
    start, end = parse_span(text)
    return tuple(sorted(cut_at_midnight(start, end - start)))


def cut_at_midnight(start: int, length: int) -> Spans:
    """A window that begins on a day [s since midnight], as one piece of the day or two."""
    end = start + length
    return ((start, end),) if end <= DAY_S else ((start, DAY_S), (0, end - DAY_S))


def parse_span(text: str) -> tuple[int, int]:
    """The window [s] of a text such as `08:00-21:00`; the end of one that passes midnight is that of the next day."""
    match = _WINDOW.fullmatch(plain_letters(text))
    if match is None:
        raise refusal("not a window of hours", 'Write two times of day, such as "08:00-21:00".')
    start, end = (parse_clock(part) for part in match.groups())
    if start in (end, DAY_S):
        raise refusal("an empty window", 'Write a window that ends after it starts, or "24 h" for the whole day.')
    return start, end if start < end else end + DAY_S


def _read_clock(value: object) -> int:
    if isinstance(value, str):
        return parse_clock(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= DAY_S:
        return value
    raise refusal("not a time of day", 'Write hours and minutes, such as "20:00".')


def _read_file_clock(value: object, info: ValidationInfo) -> int:
    if units_required(info) and not isinstance(value, str):
        raise refusal("not a time of day", 'Write hours and minutes, such as "20:00".')
    return _read_clock(value)


def _is_window(text: str) -> str:
    parse_window(text)
    return text


def parse_date(text: str) -> dt.date:
    """The day of a text such as `2026-02-15`."""
    text = plain_letters(text)
    if not _DATE.fullmatch(text):
        raise refusal("not a date", "Write year-month-day, such as 2026-02-15.")
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise refusal("no such day", "Write a day of the calendar, such as 2026-02-15.") from None


def _read_date(value: object) -> dt.date:
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        day = value
    elif isinstance(value, str):
        day = parse_date(value)
    else:
        raise refusal("not a date", "Write year-month-day, such as 2026-02-15.")
    if not YEARS[0] <= day.year <= YEARS[1]:
        raise refusal("out of bounds", f"Use a year from {YEARS[0]} to {YEARS[1]}.")
    return day


def _no_bool_or_text(value: object) -> object:
    if isinstance(value, str):
        _refuse_comma(value)
    if not is_number(value):
        raise refusal("not a number", "Write a plain number, without quotes or unit.")
    return value


_DURATION = f"from 0 to {LONGEST_D} d"

Seconds = Annotated[
    float,
    BeforeValidator(_reader(_TIME_S, LONGEST_D * DAY_S, _DURATION, "35 s"), json_schema_input_type=str | float),
    PlainSerializer(seconds_text, return_type=str, when_used="json"),
]
"""A duration [s], written "35 s", "10 min", "2.5 h" or "1 d"."""

Days = Annotated[
    float,
    BeforeValidator(_reader(_TIME_D, LONGEST_D, _DURATION, "21 d"), json_schema_input_type=str | float),
    PlainSerializer(days_text, return_type=str, when_used="json"),
]
"""A long duration [d], written "21 d" or "36 h"."""

Tonnes = Annotated[
    float,
    BeforeValidator(
        _reader(_MASS_T, HEAVIEST_T, f"from 0 to {HEAVIEST_T} t", "20 t"), json_schema_input_type=str | float
    ),
    PlainSerializer(tonnes_text, return_type=str, when_used="json"),
]
"""A mass [t], written "20 t" or "800 kg"."""

Metres = Annotated[
    float,
    BeforeValidator(
        _reader(_LENGTH_M, LONGEST_M, f"from 0 to {LONGEST_M:,} m", "22 m"), json_schema_input_type=str | float
    ),
    PlainSerializer(metres_text, return_type=str, when_used="json"),
]
"""A length [m], written "22 m" or "3.6 km"."""

Megabytes = Annotated[
    float,
    BeforeValidator(
        _reader(_DATA_MB, MOST_MB, f"from 0 to {MOST_MB:,} MB", "15 MB"), json_schema_input_type=str | float
    ),
    PlainSerializer(megabytes_text, return_type=str, when_used="json"),
]
"""An amount of data [MB], written "15 MB" or "800 kB"."""

Megabits = Annotated[
    float,
    BeforeValidator(
        _reader(_RATE_MBIT_S, FASTEST_MBIT_S, f"from 0 to {FASTEST_MBIT_S:,} Mbit/s", "27 Mbit/s"),
        json_schema_input_type=str | float,
    ),
    PlainSerializer(megabits_text, return_type=str, when_used="json"),
]
"""A rate of data [Mbit/s], written "27 Mbit/s" or "1 Gbit/s"."""

Share = Annotated[
    float,
    BeforeValidator(
        _reader(_SHARE, 1.0, 'from 0 to 1, or from "0 %" to "100 %"', "45 %", bare_allowed=True),
        json_schema_input_type=str | float,
    ),
    PlainSerializer(share_text, return_type=str, when_used="json"),
]
"""A share [0..1], written "45 %" or 0.45."""

Clock = Annotated[
    int,
    BeforeValidator(_read_file_clock, json_schema_input_type=str | int),
    PlainSerializer(clock_text, return_type=str, when_used="json"),
]
"""A time of day [s since midnight], written "20:00"."""

WindowText = Annotated[str, AfterValidator(_is_window)]
"""One window of a day, kept as its text: "16:00-24:00"."""

Day = Annotated[dt.date, BeforeValidator(_read_date, json_schema_input_type=str)]
"""A day of the calendar, written 2026-02-15."""

Number = Annotated[float, BeforeValidator(_no_bool_or_text)]
"""A plain number without a unit."""

Count = Annotated[int, BeforeValidator(_no_bool_or_text)]
"""A plain whole number."""
