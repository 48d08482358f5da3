"""Texts that several tables share: titles, distributions, hours on all clocks, ids of sources."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Iterator, Sequence

from gates.schema.base import LanguageTag, Title
from gates.schema.distributions import Distribution
from gates.schema.gate import Gate
from gates.schema.hours import OpeningHours
from gates.schema.quantities import number_text
from gates.sources import SourcedNumber

DAYS_AHEAD = 365
"""The sheet shows the hours and dates of one year from the first day of the gate [d]."""


def title_of(title: Title, name: str, language: LanguageTag = "en") -> str:
    """The title in a language, or the English one, or the name."""
    return title.get(language) or title.get("en") or name


def distribution_text(distribution: Distribution) -> str:
    """A distribution in words: `erlang, mean 15 s, shape 4`."""
    ((name, parameters),) = distribution.model_dump(mode="json").items()
    if isinstance(parameters, dict):
        return ", ".join([name, *(f"{key} {_plain(value)}" for key, value in parameters.items())])
    return f"{name}, {len(parameters)} values" if isinstance(parameters, list) else f"{name}, {parameters}"


def _plain(value: object) -> str:
    return number_text(value) if isinstance(value, int | float) else str(value)


def hours_on_clocks(gate: Gate, side: str, hours: OpeningHours) -> dict[str, str]:
    """Opening hours of a side as the clocks of all sides show them, in the year from the gate's first day.

    Where clocks change on one side and not on the other, the hours from each such day on follow those before.
    """
    return {other: "; ".join(_rows_on_clock(gate, side, other, hours)) for other in gate.sides}


def _rows_on_clock(gate: Gate, side: str, other: str, hours: OpeningHours) -> Iterator[str]:
    shown = ""
    for day, ahead in _differences(gate, side, other):
        text = str(hours.moved(ahead))
        if text != shown:
            yield f"from {day.isoformat()} {text}" if shown else text
        shown = text


def _differences(gate: Gate, side: str, other: str) -> Iterator[tuple[dt.date, int]]:
    """By how much the clock of another side is ahead [s]: on the gate's first day, and from where it changes on."""
    here, there = (zoneinfo.ZoneInfo(gate.sides[name]) for name in (side, other))
    last = None
    for day in (gate.start + dt.timedelta(days=n) for n in range(DAYS_AHEAD)):
        ahead = _offset(there, day) - _offset(here, day)
        if ahead != last:
            yield day, ahead
        last = ahead


def _offset(zone: zoneinfo.ZoneInfo, day: dt.date) -> int:
    """Seconds by which a zone is ahead of UTC at noon of a day."""
    noon = dt.datetime.combine(day, dt.time(12), zone)
    return round((noon.utcoffset() or dt.timedelta()).total_seconds())


def source_ids(sources: dict[str, SourcedNumber], holder: str, keys: Sequence[str]) -> str:
    """The ids of the numbers under some keys of a model, each once."""
    starts = tuple(f"{holder}.{key}" for key in keys)
    ids = [
        name
        for path, number in sources.items()
        if any(path == start or path.startswith(f"{start}.") for start in starts)
        for name in number.ids
    ]
    return ", ".join(dict.fromkeys(ids))
