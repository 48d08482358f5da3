"""Addresses: places in a gate by readable paths such as `stages.customs-bays.lanes`, and what may be changed there.

A path names keys with dots. Entries of a list are named, too: a lane group by its name
(`stages.kiosk-in-cn.lanes.loaded.lanes`), a step of a path by its stage, choice or mark, wherever in the path it
stands (`paths.northbound.bay-cn.share`), the second such step by `gate-out-vn#2`; hours by their days
(`stages.booth.hours.sat`, `stages.booth.hours.mon-fri`). Numbers of entries are not used,
because they move when a step is added.

All functions work on a gate as plain data with units, as `Gate.model_dump(mode="json", by_alias=True)` gives it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gates.findings import Place, suggestion, value_text
from gates.schema.distributions import DISTRIBUTIONS
from gates.schema.hours import days_of, single_days
from gates.schema.paths import Visit
from gates.schema.quantities import number_text

Data = dict[str, Any]
_PART = re.compile(r"""([^\s.\[\]"']+)|\[("[^"]*"|\d+)\]""")
_NUMBERED = re.compile(r"(.+)#([2-9]|[1-9]\d)")
_QUANTITY = re.compile(r"([+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?) ?(%|[a-zA-Z/]+)")
_PARAMETERS_WITHOUT_TIME = frozenset({"cv", "shape"})
_SECONDS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}


class PlaceError(Exception):
    """A path names nothing, or its value cannot be changed in this way."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy


@dataclass
class Spot:
    """Where a path leads: an entry of a mapping or list."""

    holder: Data | list[Any]
    key: str | int
    place: Place
    """With the numbers of list entries, as they are now."""

    @property
    def present(self) -> bool:
        """Whether it has a value."""
        return self.key in self.holder if isinstance(self.holder, dict) else True

    @property
    def value(self) -> Any:
        """Its value; None if it has none."""
        return self.holder[self.key] if self.present else None  # type: ignore[index]

    def put(self, value: Any) -> None:
        """Write a value there."""
        self.holder[self.key] = value  # type: ignore[index]


def parts_of(path: str) -> list[str]:
    """The parts of a path.

    Raises
    ------
    PlaceError
        If it cannot be read.
    """
    parts: list[str] = []
    at = 0
    while at < len(path):
        match = _PART.match(path, at)
        if match is None:
            raise PlaceError("not a path", "Write names with dots between, such as stages.bay-cn.lanes.")
        parts.append(match[1] or match[2].strip('"'))
        at = match.end()
        if path[at : at + 1] == ".":
            at += 1
            if at == len(path):
                raise PlaceError("not a path", "Remove the dot at its end.")
    if not parts:
        raise PlaceError("not a path", "Write names with dots between, such as stages.bay-cn.lanes.")
    return parts


def find(data: Data, path: str) -> Spot:
    """Where `path` leads; its last part need not be there yet.

    A step that is only a name becomes a visit with all its fields, so that a path may lead inside.

    Raises
    ------
    PlaceError
        If there is no such place.
    """
    parts = parts_of(path)
    spot = Spot({"": data}, "", ())
    for n, part in enumerate(parts):
        spot = _inside(spot, part, last=n == len(parts) - 1)
    return spot


def _inside(spot: Spot, part: str, *, last: bool) -> Spot:
    value = spot.value
    if isinstance(value, str) and _is_step(spot):
        value = Visit(stage=value).model_dump(mode="json", by_alias=True)
        spot.put(value)
    if (by_day := single_days(value, part) if spot.key == "hours" else None) is not None:
        spot.put(value := by_day)
    if isinstance(value, dict):
        if part not in value and not last:
            raise PlaceError(f"there is no {part}", suggestion(value, part))
        return Spot(value, part, (*spot.place, part))
    if isinstance(value, list) and part.isdigit():
        if int(part) >= len(value):
            raise PlaceError(f"there are only {len(value)} entries", "Use a lower number, or a name.")
        return Spot(value, int(part), (*spot.place, int(part)))
    if isinstance(value, list):
        entries = list(_entries(value, spot.place))
        named = [entry for entry in entries if _name_of(entry.value) == _without_number(part)]
        if not named:
            names = {name for entry in entries if (name := _name_of(entry.value))}
            raise PlaceError(f"there is no {part}", suggestion(sorted(names), part))
        if len(named) > 1 and _number_in(part) == 1 and not part.endswith("#1"):
            problem = f"there are {len(named)} entries named {part}"
            raise PlaceError(problem, f"Write which one: {part}#1 or {part}#2.")
        number = _number_in(part)
        if number > len(named):
            raise PlaceError(f"there are only {len(named)} of them", "Use a lower number.")
        return named[number - 1]
    raise PlaceError(f"{value_text(value)} has no {part}", "End the path before it.")


def _is_step(spot: Spot) -> bool:
    """Whether an entry is in a list of steps, of a path or with a second load, and not in a list of names."""
    match spot.place[:-1]:
        case ("paths", _) | ("two_way", _, "steps") | ("paths" | "two_way", *_, "then", _):
            return True
    return False


def _number_in(part: str) -> int:
    match = _NUMBERED.fullmatch(part)
    return int(match[2]) if match else 1


def _without_number(part: str) -> str:
    return part.removesuffix("#1") if part.endswith("#1") else re.sub(r"#\d+$", "", part)


def _name_of(item: Any) -> str | None:
    if isinstance(item, str):
        return item
    if isinstance(item, dict):
        return next((str(item[key]) for key in ("stage", "choose", "mark", "name") if key in item), None)
    return None


def _entries(items: list[Any], place: Place) -> Iterator[Spot]:
    """The entries of a list, those inside the alternatives of a choice, too: `walk`, for a gate as plain data."""
    for n, item in enumerate(items):
        yield Spot(items, n, (*place, n))
        if isinstance(item, dict) and "choose" in item:
            for name, inner in item.get("then", {}).items():
                yield from _entries(inner, (*place, n, "then", name))


# Changes of values.


def scale_value(value: Any, factor: float) -> Any:
    """A number, a quantity with its unit, or all durations of a distribution, times `factor`; counts round half up.

    Raises
    ------
    PlaceError
        If it is neither.
    """
    if isinstance(value, bool) or value is None:
        raise PlaceError("this is not a number", "Use `set`.")
    if isinstance(value, int):
        return math.floor(value * factor + 0.5)
    if isinstance(value, float):
        return value * factor
    if isinstance(value, str):
        number, unit = _quantity(value)
        return f"{number_text(number * factor)} {unit}"
    if isinstance(value, Mapping) and len(value) == 1 and next(iter(value)) in DISTRIBUTIONS:
        ((name, parameters),) = value.items()
        return {name: _scale_durations(parameters, factor)}
    raise PlaceError("this is not a number", "Use `set`, or let the path end at a number or a distribution.")


def _scale_durations(parameters: Any, factor: float) -> Any:
    if isinstance(parameters, Mapping):
        kept = _PARAMETERS_WITHOUT_TIME
        return {key: value if key in kept else scale_value(value, factor) for key, value in parameters.items()}
    if isinstance(parameters, list):
        return [scale_value(value, factor) for value in parameters]
    return scale_value(parameters, factor)


def add_to_value(value: Any, by: Any) -> Any:
    """A number or a quantity and another of the same kind, added.

    Raises
    ------
    PlaceError
        If they cannot be added.
    """
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    if plain and isinstance(by, int | float) and not isinstance(by, bool):
        return value + by
    if not isinstance(value, str) or not isinstance(by, str):
        raise PlaceError(f"{value_text(by)} cannot be added to {value_text(value)}", "Use `set`.")
    (number, unit), (other, other_unit) = _quantity(value), _quantity(by)
    if unit == other_unit:
        return f"{number_text(number + other)} {unit}"
    if unit in _SECONDS and other_unit in _SECONDS:
        return f"{number_text(number * _SECONDS[unit] + other * _SECONDS[other_unit])} s"
    raise PlaceError(f"{by} cannot be added to {value}", "Use the same unit.")


def _quantity(text: str) -> tuple[float, str]:
    match = _QUANTITY.fullmatch(text.strip())
    if match is None:
        raise PlaceError("this is not a number", "Use `set`.")
    return float(match[1]), match[2]


def set_source(data: Data, place: Place, source: str) -> None:
    """Let the nearest model around `place` name `source` as the source of its value."""
    holders: list[Any] = [data]
    for part in place[:-1]:
        holders.append(holders[-1][part])
    for depth in range(len(holders) - 1, -1, -1):
        holder = holders[depth]
        if isinstance(holder, dict) and isinstance(holder.get("sources"), dict):
            holder["sources"] = {**holder["sources"], **dict.fromkeys(_source_keys(place[depth:]), source)}
            return


def _source_keys(inside: Place) -> list[str]:
    """The keys of `sources` that name a place inside a model; of some days of its hours, one for each day."""
    *way, last = (str(part) for part in inside)
    lasts = days_of(last) if way[-1:] == ["hours"] else [last]
    return [".".join([*way, each]) for each in lasts]


def value_in_words(value: Any) -> str:
    """A value on one line for people: `erlang: mean 15 s, shape 4`."""
    if value is None:
        return ""
    if isinstance(value, dict):
        inner = {key: item for key, item in value.items() if key not in ("sources", "title") and item not in ({}, None)}
        return ", ".join(
            f"{key}{': ' if isinstance(item, dict) else ' '}{value_in_words(item)}" for key, item in inner.items()
        )
    if isinstance(value, list):
        return "; ".join(value_in_words(item) for item in value)
    if isinstance(value, float):
        return f"{value:.6g}"
    match = _QUANTITY.fullmatch(value) if isinstance(value, str) else None
    return f"{float(match[1]):.6g} {match[2]}" if match else str(value)
