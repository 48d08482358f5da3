"""Days of a run on local clocks, opening windows and units on duty."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from gates.schema.hours import OpeningHours, common
from gates.schema.quantities import Spans
from gates.schema.scenario import Scenario
from sim.clock import LocalDays, Ticks, local_days


def scenario_days(scenario: Scenario, side: str, more: int = 0) -> LocalDays:
    """Return the days of a side's clock that touch the run, and some after it."""
    gate = scenario.gate
    origin_zone = gate.sides[gate.end_of_day.side]
    return local_days(gate.sides[side], origin_zone, scenario.first_simulated, scenario.days_simulated + more)


@dataclass(frozen=True, eq=False)
class Windows:
    """Disjoint windows [start, end) in order, clipped to the run [tick]."""

    start: Ticks
    end: Ticks

    def open_before(self, tick: Ticks) -> Ticks:
        """Return how long the windows were open before each tick [tick]."""
        total, ends = self._total_and_ends
        n = np.searchsorted(self.start, tick, side="right")
        over = np.where(n > 0, tick - ends[n - 1], 0)
        return np.asarray(total[n] + np.minimum(over, 0), np.int64)

    @functools.cached_property
    def _total_and_ends(self) -> tuple[Ticks, Ticks]:
        """Time open before each window, and in all; the ends of the windows, and one more."""
        return np.concatenate(([0], np.cumsum(self.end - self.start))), np.append(self.end, 0)


def open_windows(
    hours: OpeningHours, days: LocalDays, end: int, left_open: Mapping[dt.date, Spans] = MappingProxyType({})
) -> Windows:
    """Return the windows of `hours` on all days, on some of them only within what the calendar leaves open [s]."""
    pairs = [
        (days.at(d, opens), days.at(d, closes))
        for d, date in enumerate(days.dates)
        for opens, closes in open_on(hours, date, left_open)
    ]
    return merged_windows(pairs, end)


def open_on(hours: OpeningHours, date: dt.date, left_open: Mapping[dt.date, Spans]) -> Spans:
    """Return the windows of a day [s since its midnight]."""
    return common(hours.on(date), left_open[date]) if date in left_open else hours.on(date)


@dataclass(frozen=True, eq=False)
class OnDuty:
    """Units on duty over a run: how many from each tick on."""

    tick: Ticks
    units: npt.NDArray[np.int64]

    def unit_time(self, start: int, end: int) -> int:
        """Return the units on duty, integrated over [start, end) [unit ticks]."""
        borders = np.clip(np.append(self.tick, end), start, end)
        return int((np.diff(borders) * self.units).sum())


def added(shifts: Sequence[tuple[Windows, int]]) -> OnDuty:
    """Return how many units are on duty; where shifts overlap they add."""
    ticks = np.concatenate([edge for windows, _ in shifts for edge in (windows.start, windows.end)])
    steps = [np.full(w.start.size, sign * units) for w, units in shifts for sign in (1, -1)]
    tick, place = np.unique(ticks, return_inverse=True)
    change = np.zeros(tick.size, np.int64)
    np.add.at(change, place, np.concatenate(steps))
    changes = change != 0  # one shift relieves another: nothing changes
    return OnDuty(tick[changes], np.cumsum(change)[changes])


def union(windows: Sequence[Windows]) -> Windows:
    """Return the times at which at least one of `windows` is open."""
    if all(other is windows[0] for other in windows):
        return windows[0]
    pairs = [(int(a), int(b)) for w in windows for a, b in zip(w.start, w.end, strict=True)]
    return merged_windows(pairs, max((int(w.end[-1]) for w in windows if w.end.size), default=0))


def overlap(one: Windows, other: Windows) -> Windows:
    """Return the times at which both are open."""
    pairs, a, b = [], 0, 0
    while a < one.start.size and b < other.start.size:
        start, end = max(one.start[a], other.start[b]), min(one.end[a], other.end[b])
        if start < end:
            pairs.append((start, end))
        if one.end[a] < other.end[b]:
            a += 1
        else:
            b += 1
    borders = np.array(pairs, np.int64).reshape(-1, 2)
    return Windows(borders[:, 0].copy(), borders[:, 1].copy())


def merged_windows(pairs: list[tuple[int, int]], end: int) -> Windows:
    """Return the union of spans [start, end) as windows in order, clipped to [0, `end`)."""
    merged: list[list[int]] = []
    for a, b in sorted(pairs):
        a, b = max(a, 0), min(b, end)
        if a >= b:
            continue
        if merged and a <= merged[-1][1]:
            merged[-1][1] = max(b, merged[-1][1])
        else:
            merged.append([a, b])
    borders = np.array(merged, np.int64).reshape(-1, 2)
    return Windows(borders[:, 0].copy(), borders[:, 1].copy())
