"""Which inputs of a gate are uncertain, how far, and what a plausible world has in their place.

Each number that is an assumption is drawn by itself; a range that the gate file gives (`ranges`) goes before the
default of its kind. The reading is drawn by the weights of the gate. A number has the same draw in a world whatever
else is drawn, so that worlds of two studies can be compared.
"""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from gates import Gate, assumptions
from gates.addresses import PlaceError, find
from gates.edited import Placed, edited
from gates.edits import Edit
from gates.findings import ConfigError
from gates.rivals import reading_of, with_reading
from gates.schema.prices.levels import ENDS
from gates.sources import every_number

Kind = Literal["count", "duration", "share", "shares", "clock", "price"]
DEFAULTS: dict[Kind, tuple[float, float]] = {
    "count": (0.7, 1.3),
    "duration": (0.5, 2.0),
    "share": (-10.0, 10.0),
    "shares": (-10.0, 10.0),
    "clock": (-60.0, 60.0),
    "price": (0.0, 1.0),
}
"""Kind -> default range: factors of counts and durations, percentage points of shares, minutes of clock times; prices
have their own low and high.
"""
SOURCE = "assumption: drawn"
READING = "reading"
MINUTES_A_DAY = 1440
ALL_DAY = ["00:00-24:00"]
STEP_MIN = 5
"""Clock times are drawn in steps [min]."""
_PLACES: tuple[tuple[Kind, str], ...] = (
    ("duration", r"(stages\.[^.]+\.(?:service|service_for\.[^.]+|move_up))(?:\..*)?"),
    ("count", r"(stages\.[^.]+\.lanes(?:\[\d+\]\.lanes)?|flows\.[^.]+\.per_day|pools\..*\.units)"),
    ("shares", r"(paths\..*\.shares)\.[^.]+"),
    ("share", r"(paths\..*\.share(?:_for\.[^.]+)?)"),
    ("clock", r"(stages\.[^.]+\.hours)"),
)
_SPREAD = (".cv", ".shape")
_WINDOW = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)")


@dataclass(frozen=True)
class UncertainInput:
    """A number that is drawn."""

    path: str
    kind: Kind
    low: float
    high: float
    is_default: bool
    """Whether the range is the default of its kind."""


class World(NamedTuple):
    """One draw of all inputs."""

    gate: Gate
    reading: str | None
    drawn: dict[str, float]
    """Input -> its place in its range, from 0 to 1; the reading is not among them."""


def uncertain_inputs(gate: Gate) -> list[UncertainInput]:
    """Return the numbers of a gate that are drawn: assumptions whose kind is known, and prices with a range."""
    data = gate.model_dump(mode="json", by_alias=True)
    found: dict[str, UncertainInput] = {}
    for number in assumptions(gate):
        for kind, pattern in _PLACES:
            match = re.fullmatch(pattern, number.path)
            if match and not number.path.endswith(_SPREAD) and _varies(data, match[1], kind):
                own = gate.ranges.get(match[1])
                low, high = (own.low, own.high) if own else DEFAULTS[kind]
                found.setdefault(match[1], UncertainInput(match[1], kind, low, high, own is None))
                break
    for number in every_number(gate):
        if number.path.startswith(("money.", "energy.")) and _has_range(find(data, number.path).value):
            found[number.path] = UncertainInput(number.path, "price", *DEFAULTS["price"], is_default=False)
    return list(found.values())


def _varies(data: dict[str, Any], place: str, kind: Kind) -> bool:
    value = find(data, place).value
    if kind == "clock":
        return isinstance(value, list) and len(value) == 1 and bool(_WINDOW.fullmatch(value[0])) and value != ALL_DAY
    return value not in ("unlimited", "0 %", "0 s", 0)


def _has_range(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == set(ENDS) and value["low"] != value["high"]


def draw_world(gate: Gate, seed: int, number: int) -> World:
    """Return a world; where the gate refuses what was drawn, such as a stage that never opens, the next draw of it.

    Parameters
    ----------
    gate
        The gate as its file describes it.
    number
        Of the world, from 0.
    """
    for attempt in range(MOST_ATTEMPTS):
        key = (seed, number, attempt)
        reading = _drawn_reading(gate, _uniform(key, READING))
        own = with_reading(gate, reading)
        inputs = uncertain_inputs(own)
        places = {each.path: _uniform(key, each.path) for each in inputs}
        data = own.model_dump(mode="json", by_alias=True)
        edits = [e for e in (_edit(data, each, key, places[each.path]) for each in inputs) if e is not None]
        try:
            made, _ = edited(own, [Placed(edit, f"draws[{n}]", "drawn") for n, edit in enumerate(edits)])
        except (ConfigError, PlaceError):
            continue
        return World(made, reading, places)
    raise RuntimeError(f"world {number}: the gate refused {MOST_ATTEMPTS} draws")


MOST_ATTEMPTS = 50


def place_of(seed: int, world: int, name: str) -> float:
    """Return where the draw of a number that is not of the gate lies in its range, from 0 to 1."""
    return _uniform((seed, world, 0), name)


def _uniform(key: tuple[int, int, int], name: str) -> float:
    return float(np.random.default_rng([*key, zlib.crc32(name.encode())]).random())


def _drawn_reading(gate: Gate, place: float) -> str | None:
    weights: Mapping[str, float] = {name: reading.weight for name, reading in gate.readings.items()}
    if not weights or gate.reading is not None:
        return reading_of(gate)
    reached = 0.0
    for name, weight in weights.items():
        reached += weight
        if place < reached:
            return name
    return list(weights)[-1]


def _edit(data: dict[str, Any], one: UncertainInput, key: tuple[int, int, int], place: float) -> Edit | None:
    """Return the edit that puts a drawn number into the gate; None where nothing changes."""
    value = find(data, one.path).value
    if one.kind == "count":
        return Edit(path=one.path, scale=one.low + place * (one.high - one.low), source=SOURCE)
    if one.kind == "duration":
        return Edit(path=one.path, scale=one.low * (one.high / one.low) ** place, source=SOURCE)
    if one.kind == "price":
        low, base, high = (_number(value[end]) for end in ENDS)
        return Edit(path=one.path, set=_like(value["base"], triangular(low, base, high, place)), source=SOURCE)
    if one.kind == "clock":
        places = place, _uniform(key, f"{one.path} closes")
        return Edit(path=one.path, set=_moved(value[0], one, places), source=SOURCE)
    if one.kind == "share":
        share = _number(value)
        drawn = share + one.low + place * (one.high - one.low) if one.is_default else share * _factor(one, place)
        return Edit(path=one.path, set=f"{min(100.0, max(0.0, drawn)):.6g} %", source=SOURCE)
    return Edit(path=one.path, set=_other_shares(value, one, place), source=SOURCE)


def _factor(one: UncertainInput, place: float) -> float:
    return one.low + place * (one.high - one.low)


def _number(value: Any) -> float:
    return float(value.removesuffix("%")) if isinstance(value, str) else float(value)


def _like(example: Any, number: float) -> Any:
    return f"{number:.6g} %" if isinstance(example, str) else number


def triangular(low: float, mode: float, high: float, place: float) -> float:
    """Return the quantile of a triangular distribution (Law 2015, Simulation Modeling and Analysis, section 8.3.15)."""
    if high <= low:
        return mode
    middle = (mode - low) / (high - low)
    if place < middle:
        return low + math.sqrt((high - low) * (mode - low) * place)
    return high - math.sqrt((high - low) * (high - mode) * (1 - place))


def _moved(hours: str, one: UncertainInput, places: tuple[float, float]) -> str:
    """Return hours whose beginning and end are moved, each by itself, within the day."""
    match = _WINDOW.fullmatch(hours)
    assert match is not None  # `_varies`
    begin, end = (60 * int(match[n]) + int(match[n + 1]) for n in (1, 3))
    moved = []
    for minute, place in zip((begin, end), places, strict=True):
        by = STEP_MIN * round((one.low + place * (one.high - one.low)) / STEP_MIN)
        moved.append((minute + by) % MINUTES_A_DAY)
    if moved[0] == moved[1]:
        return hours
    return "-".join(f"{minute // 60:02d}:{minute % 60:02d}" for minute in moved)


def _other_shares(shares: Mapping[str, Any], one: UncertainInput, place: float) -> dict[str, str]:
    """Return shares of a choice of which the largest is drawn, and the others fill up what is left in proportion."""
    numbers = {name: _number(value) for name, value in shares.items()}
    largest = max(numbers, key=lambda name: numbers[name])
    rest = sum(numbers.values()) - numbers[largest]
    if not rest:
        return {name: str(value) for name, value in shares.items()}
    by = one.low + place * (one.high - one.low) if one.is_default else numbers[largest] * (_factor(one, place) - 1)
    drawn = min(100.0, max(0.0, numbers[largest] + by))
    found = {name: round(value * (100 - drawn) / rest, 9) for name, value in numbers.items() if name != largest}
    found[largest] = 100 - sum(found.values())
    return {name: f"{found[name]:.12g} %" for name in shares}
