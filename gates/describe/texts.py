"""Texts that several tables share: titles, distributions, hours on all clocks, ids of sources."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Sequence

from gates.schema.base import LanguageTag, Title
from gates.schema.distributions import Distribution
from gates.schema.gate import Gate
from gates.schema.quantities import DAY_S, hours_text, number_text
from gates.sources import SourcedNumber


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


def hours_on_clocks(gate: Gate, side: str, hours: Sequence[tuple[int, int]]) -> dict[str, str]:
    """Opening hours of a side as the clocks of all sides show them on the gate's first day.

    Parameters
    ----------
    gate, side
        The gate, and the side on whose clock `hours` are.
    hours
        Windows [s since midnight].
    """
    offsets = {name: _offset(zone, gate.start) for name, zone in gate.sides.items()}
    return {name: hours_text(_moved(hours, offsets[name] - offsets[side])) for name in gate.sides}


def _offset(zone: str, day: dt.date) -> int:
    """Seconds by which a zone is ahead of UTC at noon of a day."""
    noon = dt.datetime.combine(day, dt.time(12), zoneinfo.ZoneInfo(zone))
    return round((noon.utcoffset() or dt.timedelta()).total_seconds())


def _moved(hours: Sequence[tuple[int, int]], by: int) -> list[tuple[int, int]]:
    """Windows moved in time and cut at midnight, in order."""
    if list(hours) == [(0, DAY_S)]:
        return [(0, DAY_S)]
    pieces: list[tuple[int, int]] = []
    for start, end in hours:
        first = (start + by) % DAY_S
        last = first + end - start
        pieces += [(first, last)] if last <= DAY_S else [(0, last - DAY_S), (first, DAY_S)]
    return _joined(sorted(pieces))


def _joined(pieces: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in pieces:
        if joined and joined[-1][1] == start:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


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
