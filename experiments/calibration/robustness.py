"""Whether a gate stands on a single minute: every clock time moved a little, on common random numbers.

A model whose answer turns on whether a window ends before or after another one opens is fitted to the clock and not to
the gate. So the start, the end and both of every window of hours are moved by 15 minutes either way, one at a time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from experiments.calibration.targets import Period, measured, under
from experiments.runs.replications import Runner
from experiments.runs.statistics import Estimate, mean_interval
from gates import apply_upgrades
from gates.edited import Placed, edited
from gates.edits import Edit
from gates.findings import ConfigError
from gates.schema.base import Model
from gates.schema.gate import Gate
from gates.schema.hours import ALWAYS, OpeningHours, every_day, merged
from gates.schema.quantities import DAY_S, Spans, parse_span, span_text
from gates.schema.scenario import Scenario
from gates.upgrades import Upgrade
from sim.metrics.meter import Key

SHIFT_MIN = 15
"""How far clock times are moved [min]."""
LIMIT = 0.05
"""Largest change of mean clearance that a robust gate shows, as a share."""
MOVED = "assumption: moved by the calibration"
_PARTS = ("stages", "pools", "booking")
ENDS = {"start": (True, False), "end": (False, True), "both": (True, True)}
"""What of a window moves: its start, its end."""


@dataclass(frozen=True)
class Shift:
    """A clock time of a gate, moved."""

    place: str
    """`stages.metering-yard.hours`."""
    what: str
    """`start`, `end` or `both`."""
    minutes: int
    value: Any
    """What stands there then, as a file writes it."""
    before: str
    """What stood there, in words."""


@dataclass(frozen=True)
class Moved:
    """What a shift does to the mean clearance of a direction."""

    reading: str
    shift: Shift
    direction: str
    before: float
    """Mean clearance as it is [h]."""
    change: Estimate
    """Relative change, with its interval over paired replications."""


def shifts(gate: Gate, minutes: int = SHIFT_MIN) -> list[Shift]:
    """Return every clock time of stages, lane groups, pools, booking and arrivals, moved both ways."""
    found = []
    for place, hours in _hours(gate):
        for what, (start, end) in ENDS.items():
            for by in (-minutes, minutes):
                other = moved(hours, by * 60 * start, by * 60 * end)
                if other is not None and other != hours:
                    found.append(Shift(place, what, by, other.written(), str(hours)))
    for name, profile in gate.profiles.items():
        written = profile.model_dump(mode="json", by_alias=True).get("hours") or {}
        for by in (-minutes, minutes) if len(written) > 1 else ():
            turned = {span_text(_turned(parse_span(window), by * 60)): share for window, share in written.items()}
            found.append(Shift(f"profiles.{name}.hours", "both", by, turned, ", ".join(written)))
    return found


def _turned(window: tuple[int, int], by: int) -> tuple[int, int]:
    start, end = window
    first = (start + by) % DAY_S
    return first, first + end - start


def _hours(gate: Gate) -> Iterator[tuple[str, OpeningHours]]:
    """Yield the hours of a gate with their places, those that never close left out."""
    for part in _PARTS:
        for name, entry in getattr(gate, part).items():
            yield from _inside(entry, f"{part}.{name}")


def _inside(value: Any, place: str) -> Iterator[tuple[str, OpeningHours]]:
    if isinstance(value, OpeningHours):
        if value != ALWAYS and value.ever_open:
            yield place, value
    elif isinstance(value, Model):
        for name, field in type(value).model_fields.items():
            yield from _inside(getattr(value, name), f"{place}.{field.alias or name}")
    elif isinstance(value, list):
        for n, entry in enumerate(value):
            yield from _inside(entry, f"{place}.{n}")


def moved(hours: OpeningHours, start: int, end: int) -> OpeningHours | None:
    """Return hours whose windows start and end later by so many seconds; None if a window would be empty."""
    if start == end:
        return hours.moved(start)

    def of(windows: Spans) -> Spans:
        return merged((max(0, a + start), min(b + end, max(0, a + start) + DAY_S)) for a, b in windows)

    daily = hours.daily
    if daily is not None:
        texts = hours.written()
        assert isinstance(texts, list)
        windows = of(tuple(_whole(texts)))
        return every_day(windows) if windows and all(a < b for a, b in windows) else None
    other = OpeningHours(
        tuple(map(of, hours.week)),
        tuple((place, of(windows)) for place, windows in hours.holidays),
        tuple((date, of(windows)) for date, windows in hours.dates),
    )
    return other if all(a < b for _, windows in other.openings for a, b in windows) else None


def _whole(texts: Sequence[str]) -> list[tuple[int, int]]:
    """Return daily windows, one that is cut at midnight joined over it."""
    found = sorted(parse_span(text) for text in texts)
    if len(found) > 1 and found[0][0] == 0 and found[-1][1] == DAY_S:
        return [*found[1:-1], (found[-1][0], DAY_S + found[0][1])]
    return found


def robustness(
    gate: Gate,
    reading: str,
    period: Period,
    runner: Runner,
    upgrades: Sequence[Upgrade] = (),
    wanted: Callable[[Shift], bool] = lambda shift: True,
) -> list[Moved]:
    """Return what every shift does to mean clearance under a reading, by direction; the largest change first.

    Parameters
    ----------
    upgrades
        Upgrades that the gate has.
    wanted
        Which shifts are tried; all by default.
    """
    there, _ = apply_upgrades(under(gate, reading), upgrades)
    tried, gates = [], [there]
    for shift in filter(wanted, shifts(there)):
        try:
            gates.append(_with(there, shift))
        except ConfigError:  # such as a window of a profile that would leave the day
            continue
        tried.append(shift)
    scenarios = [Scenario(gate=each, days=period.days, warmup_days=period.warmup_days) for each in gates]
    base, *others = measured(scenarios, period, runner)
    directions = sorted({flow.direction for flow in gate.flows.values()})
    rows = [
        _moved(reading, shift, direction, base, values)
        for shift, values in zip(tried, others, strict=True)
        for direction in directions
    ]
    return sorted(rows, key=lambda row: -abs(row.change.value))


def _with(gate: Gate, shift: Shift) -> Gate:
    edit = Edit(path=shift.place, set=shift.value, source=MOVED)
    return edited(gate, [Placed(edit, shift.place, "calibration")])[0]


def _moved(
    reading: str,
    shift: Shift,
    direction: str,
    base: Sequence[dict[Key, float]],
    values: Sequence[dict[Key, float]],
) -> Moved:
    key = Key("clearance_h", "mean", direction)
    before = mean_interval([each.get(key, math.nan) for each in base]).value
    change = mean_interval(
        [after.get(key, math.nan) - own.get(key, math.nan) for after, own in zip(values, base, strict=True)]
    )
    scaled = (part / before if before else math.nan for part in change[:3])
    value, low, high = scaled
    return Moved(reading, shift, direction, before, change._replace(value=value, low=low, high=high))
