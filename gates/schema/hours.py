"""Opening hours: the same every day, or by weekday, with other hours on public holidays and on single dates.

The hours of a day are windows that begin on it; one that passes midnight ends after 86 400 s and belongs to the day on
which it began. A single date beats a public holiday, which beats the weekday. A day that is not named is closed.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, GetCoreSchemaHandler, PlainValidator, TypeAdapter, ValidationInfo
from pydantic_core import CoreSchema, core_schema

from gates.schema.base import TAG_MARK, Weekday
from gates.schema.holidays import public_holidays
from gates.schema.quantities import (
    DAY_S,
    Spans,
    cut_at_midnight,
    is_number,
    parse_date,
    parse_span,
    plain_letters,
    refusal,
    span_text,
    units_required,
)

WEEK: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CLOSED = "closed"
HOLIDAY_PLACE = r"[A-Z]{2}(-[A-Z0-9]{1,3})?"
"""A country (ISO 3166-1), or a part of one (ISO 3166-2)."""

_EVERY_DAY = f"{TAG_MARK}every day"
_DAYS = re.compile(r"([a-z]{3})(?:[-–]([a-z]{3}))?")
_HOLIDAYS = re.compile(rf"holidays ({HOLIDAY_PLACE})")
_NOT_A_DAY = "Write weekdays such as mon-fri, a date such as 2026-12-24, or public holidays such as `holidays VN`."


@dataclasses.dataclass(frozen=True, slots=True)
class OpeningHours:
    """When something is open."""

    week: tuple[Spans, ...]
    """(7,) windows of each weekday, from Monday on [s since its midnight]."""
    holidays: tuple[tuple[str, Spans], ...] = ()
    """Country or part of one -> windows on its public holidays; of two, the first that has one counts."""
    dates: tuple[tuple[dt.date, Spans], ...] = ()
    """Date -> windows, in order."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Read hours from text, a list of texts, or a mapping of days; write them so that they read back the same."""
        by_day = handler.generate_schema(dict[_DayKey, _DayWindows])
        texts = handler.generate_schema(str | list[str] | dict[str, str | list[str]])
        return core_schema.no_info_after_validator_function(
            _of_days,
            core_schema.no_info_before_validator_function(_by_day, by_day, json_schema_input_schema=texts),
            serialization=core_schema.plain_serializer_function_ser_schema(cls.written, return_schema=texts),
        )

    @property
    def daily(self) -> Spans | None:
        """The windows of a day [s], cut at midnight, if they are the same on every day."""
        if self.holidays or self.dates or len(set(self.week)) > 1:
            return None
        return self.week[0]

    @property
    def openings(self) -> Iterator[tuple[str, Spans]]:
        """The windows of each day that has its own: (weekday, `holidays VN` or date as a file writes it, windows)."""
        yield from zip(WEEK, self.week, strict=True)
        yield from ((f"holidays {place}", windows) for place, windows in self.holidays)
        yield from ((date.isoformat(), windows) for date, windows in self.dates)

    @property
    def ever_open(self) -> bool:
        """Whether there is a day with a window."""
        return any(windows for _, windows in self.openings)

    def beginning_on(self, day: dt.date) -> Spans:
        """Return the windows that begin on a day [s since its midnight]."""
        for date, windows in self.dates:
            if date == day:
                return windows
        for place, windows in self.holidays:
            if day in public_holidays(place, day.year):
                return windows
        return self.week[day.weekday()]

    def on(self, day: dt.date) -> Spans:
        """Return the windows within a day [s since its midnight], what is left of one of the day before included."""
        if (daily := self.daily) is not None:
            return daily
        return _within(self.beginning_on(day - dt.timedelta(days=1)), self.beginning_on(day))

    def on_weekday(self, number: int) -> Spans:
        """Return the windows within a usual weekday, 0 for Monday [s since its midnight]."""
        return _within(self.week[number - 1], self.week[number])

    def written(self) -> list[str] | dict[str, str | list[str]]:
        """Return the hours as a file would write them."""
        if self.daily:
            return [span_text(window) for window in self.daily]
        return self.by_day()

    def by_day(self) -> dict[str, str | list[str]]:
        """Return the hours as a mapping of single days, as a file would write it."""
        uncut = _uncut(self.week[0]) if self.daily is not None else None
        return {
            day: [span_text(window) for window in (windows if uncut is None else uncut)] or CLOSED
            for day, windows in self.openings
        }

    def __str__(self) -> str:
        """The hours on one line: `mon-fri 07:00-19:00; sat 07:00-12:00; sun closed`."""
        if self.daily is not None:
            return windows_text(self.daily) or CLOSED
        days = [(names, spans_text(windows)) for names, windows in self._rows()]
        return "; ".join(f"{names} {text}" for names, text in days)

    def _rows(self) -> Iterator[tuple[str, Spans]]:
        """The openings, with weekdays that follow each other and have the same windows as one: `mon-fri`."""
        at = 0
        for windows, group in itertools.groupby(self.week):
            size = len(list(group))
            first, last = WEEK[at], WEEK[at + size - 1]
            yield (first if size == 1 else f"{first}-{last}"), windows
            at += size
        yield from itertools.islice(self.openings, 7, None)

    def moved(self, by: int) -> OpeningHours:
        """Return the hours on a clock that is `by` seconds ahead; holidays and closed days keep their name."""
        if self == ALWAYS:
            return self
        if self.daily is not None:
            return every_day([((a + by) % DAY_S, (a + by) % DAY_S + b - a) for a, b in self.daily])
        week: list[list[tuple[int, int]]] = [[] for _ in WEEK]
        for day, windows in enumerate(self.week):
            for shift, window in _moved(windows, by):
                week[(day + shift) % 7].append(window)
        dates: dict[dt.date, list[tuple[int, int]]] = {date: [] for date, windows in self.dates if not windows}
        for date, windows in self.dates:
            for shift, window in _moved(windows, by):
                dates.setdefault(date + dt.timedelta(days=shift), []).append(window)
        return OpeningHours(
            tuple(map(merged, week)),
            tuple((place, merged(window for _, window in _moved(windows, by))) for place, windows in self.holidays),
            tuple((date, merged(windows)) for date, windows in sorted(dates.items())),
        )

    def longer(self, share: float) -> OpeningHours:
        """Return the hours with the last window of each day longer, by a share of the day's, in whole minutes."""
        if self.daily is not None:
            return every_day(_longer(_uncut(self.daily), share))
        return OpeningHours(
            tuple(_longer(windows, share) for windows in self.week),
            tuple((place, _longer(windows, share)) for place, windows in self.holidays),
            tuple((date, _longer(windows, share)) for date, windows in self.dates),
        )


def merged(windows: Iterable[tuple[int, int]]) -> Spans:
    """Windows in order, those that overlap or touch as one."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(windows):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return tuple(found)


def every_day(windows: Sequence[tuple[int, int]]) -> OpeningHours:
    """Return hours that are the same on every day, from windows that begin on a day [s since midnight]."""
    return OpeningHours((merged(piece for a, b in windows for piece in cut_at_midnight(a, b - a)),) * 7)


ALWAYS = every_day([(0, DAY_S)])


def common(one: Spans, other: Spans) -> Spans:
    """Return the windows in which both are open."""
    both = [(max(a, c), min(b, d)) for a, b in one for c, d in other]
    return tuple(sorted((start, end) for start, end in both if start < end))


def _within(before: Spans, own: Spans) -> Spans:
    """The windows within a day, of those that begin on the day before it and on the day itself."""
    rest = [(0, end - DAY_S) for _, end in before if end > DAY_S]
    return merged([*rest, *((start, min(end, DAY_S)) for start, end in own)])


def _moved(windows: Spans, by: int) -> Iterator[tuple[int, tuple[int, int]]]:
    """(days by which a window moves, the window since the midnight of its new day)."""
    for start, end in windows:
        shift, first = divmod(start + by, DAY_S)
        yield shift, (first, first + end - start)


def _longer(windows: Spans, share: float) -> Spans:
    if not windows:
        return windows
    total = sum(end - start for start, end in windows)
    extra = min(round(total * share / 60) * 60, DAY_S - total)
    *others, (start, end) = windows
    return merged([*others, (start, min(end + extra, windows[0][0] + DAY_S))])


def windows_text(windows: Iterable[tuple[int, int]]) -> str:
    """The text of opening hours on one line, joined again over midnight: `06:00-12:00, 22:00-02:00`."""
    parts = list(windows)
    if parts == [(0, DAY_S)]:
        return "24 h"
    if len(parts) > 1 and parts[0][0] == 0 and parts[-1][1] == DAY_S:
        parts = [*parts[1:-1], (parts[-1][0], parts[0][1])]
    return ", ".join(span_text(part) for part in parts)


def spans_text(windows: Spans) -> str:
    """The text of the windows of one day: `07:00-11:30, 13:00-20:00`, `24 h` or `closed`."""
    return ", ".join("24 h" if window == (0, DAY_S) else span_text(window) for window in windows) or CLOSED


def _uncut(windows: Spans) -> Spans:
    """Daily windows that are cut at midnight, joined again over it."""
    if len(windows) > 1 and windows[0][0] == 0 and windows[-1][1] == DAY_S:
        return (*windows[1:-1], (windows[-1][0], DAY_S + windows[0][1]))
    return windows


# Reading.


def _spans(value: object) -> Iterable[tuple[int, int]]:
    if isinstance(value, str):
        if plain_letters(value).strip() == "24 h":
            return [(0, DAY_S)]
        return [parse_span(part) for part in plain_letters(value).split(",")]
    if isinstance(value, Sequence) and len(value) == 2 and all(is_number(part) for part in value):
        return [_number_window(value)]
    raise refusal("not a window of hours", 'Write two times of day, such as "08:00-21:00", or "24 h".')


def _number_window(value: Sequence[float]) -> tuple[int, int]:
    start, end = value
    if not (0 <= start < end <= DAY_S and start == int(start) and end == int(end)):
        raise refusal("not a window of a day", f"Use whole seconds with 0 <= start < end <= {DAY_S}.")
    return int(start), int(end)


def read_spans(value: object, info: ValidationInfo) -> Spans:
    """Windows of a day [s] from "08:00-21:00", "24 h", a list of such texts, or pairs of seconds.

    Returns
    -------
    Sorted windows `(start, end)`, none overlapping or touching, with `0 <= start < 86400`; one that passes midnight
    ends after 86400.
    """
    parts = value if isinstance(value, list | tuple) else [value]
    if not parts or len(parts) > 48:
        raise refusal("no opening hours", 'Write at least one window, such as "08:00-21:00", or "24 h".')
    if units_required(info) and not all(isinstance(part, str) for part in parts):
        raise refusal("not a window of hours", 'Write two times of day, such as "08:00-21:00", or "24 h".')
    return merged(span for part in parts for span in _spans(part))


def weekdays_of(text: str) -> list[Weekday]:
    """The weekdays that a text such as `mon-fri` or `sat, sun` names, in its order."""
    days: list[Weekday] = []
    for part in text.split(","):
        match = _DAYS.fullmatch(part.strip())
        names = [] if match is None else [name for name in match.groups() if name]
        if not names or any(name not in WEEK for name in names):
            raise refusal("not weekdays", "Write weekdays such as sun, mon-fri or `sat, sun`.")
        first, last = (WEEK.index(name) for name in (names[0], names[-1]))
        days += [WEEK[(first + n) % 7] for n in range((last - first) % 7 + 1)]
    return days


def days_of(key: str) -> list[str]:
    """The single days that a key of hours names: weekdays, a date, or the public holidays of a place."""
    text = plain_letters(key).strip()
    if _HOLIDAYS.fullmatch(text):
        return [text]
    if text[:1].isdigit():
        return [parse_date(text).isoformat()]
    try:
        return list(weekdays_of(text))
    except ValueError:
        raise refusal("not a day", _NOT_A_DAY) from None


def is_day(key: str) -> bool:
    """Tell whether a text can be a key of hours."""
    try:
        return bool(days_of(key))
    except ValueError:
        return False


def _day_key(key: str) -> str:
    if key != _EVERY_DAY:
        days_of(key)
    return key


def _read_day(value: object, info: ValidationInfo) -> Spans:
    """The windows of one day [s], one that passes midnight in one piece."""
    if value == CLOSED:
        return ()
    return read_spans(value, info)


_DayKey = Annotated[str, AfterValidator(_day_key)]
_DayWindows = Annotated[Spans, PlainValidator(_read_day)]


def _by_day(value: object) -> object:
    """Hours as a mapping of days, whatever they are written as."""
    if isinstance(value, OpeningHours):
        value = value.written()
    return value if isinstance(value, dict) else {_EVERY_DAY: value}


def _of_days(days: Mapping[str, Spans]) -> OpeningHours:
    """Hours from the windows of days; those that are the same on every day are cut at midnight."""
    if not days:
        raise refusal("no opening hours", "Write at least one day, such as `mon-fri: 08:00-17:00`.")
    if _EVERY_DAY in days:
        return every_day(days[_EVERY_DAY])
    single: dict[str, Spans] = {}
    for key, windows in days.items():
        for day in days_of(key):
            if day in single:
                raise refusal(f"{day} is named twice", "Name each day once.")
            single[day] = windows
    week = tuple(single.get(day, ()) for day in WEEK)
    others = {day: windows for day, windows in single.items() if day not in WEEK}
    if not others and len(set(week)) == 1:
        return every_day(week[0])
    return OpeningHours(
        week,
        tuple((day.removeprefix("holidays "), each) for day, each in others.items() if day.startswith("holidays ")),
        tuple(sorted((dt.date.fromisoformat(day), each) for day, each in others.items() if day[0].isdigit())),
    )


def _read_weekdays(value: object) -> object:
    """Weekdays as a list, from such a text as `mon-fri` or a list of such texts."""
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):
        raise refusal("not weekdays", "Write weekdays such as sun, mon-fri or `sat, sun`.")
    named = {day for text in texts for day in weekdays_of(plain_letters(text))}
    return [day for day in WEEK if day in named]


Weekdays = Annotated[list[Weekday], BeforeValidator(_read_weekdays, json_schema_input_type=str | list[str])]
"""Some weekdays, written `sun`, `mon-fri` or `[sat, sun]`."""


@functools.cache
def _adapter() -> TypeAdapter[OpeningHours]:
    return TypeAdapter(OpeningHours)


def single_days(hours: Any, key: str) -> dict[str, Any] | None:
    """Hours as a file writes them as a mapping in which `key` stands by itself and all other days are single.

    None if `hours` are not hours or `key` names no day.
    """
    try:
        read, days = _adapter().validate_python(hours), days_of(key)
    except ValueError:
        return None
    mapping: dict[str, Any] = read.by_day()
    values = [mapping.pop(day, None) for day in days]
    return {**mapping, key: values[0]} if all(value == values[0] for value in values) and values[0] else mapping
