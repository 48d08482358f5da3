"""When trucks come: arrival rates of flows, which are Poisson processes with a piecewise constant rate, or a trace."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gates.schema.base import Month, Weekday
from gates.schema.demand import Profile
from gates.schema.gate import Gate
from sim.clock import LocalDays, Ticks, ticks_of

Floats = npt.NDArray[np.float64]
_WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS: tuple[Month, ...] = (
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
)


@dataclass(frozen=True, eq=False)
class ArrivalRate:
    """Expected arrivals since tick 0, linear between the given ticks."""

    tick: Ticks
    expected: Floats
    """Expected number of arrivals before each tick [1], not decreasing."""

    def before(self, tick: int) -> float:
        """Return the expected number of arrivals before `tick`."""
        return float(np.interp(tick, self.tick, self.expected))

    def ticks(self, units: Floats) -> Ticks:
        """Return when the expected number of arrivals reaches each of `units` (inversion of the cumulative rate).

        Çinlar (1975), section 4.7: arrivals of a unit-rate process, sent through the inverse of the cumulative
        rate, are those of the process with that rate.
        """
        cell = np.clip(np.searchsorted(self.expected, units, side="left") - 1, 0, self.tick.size - 2)
        low, rise = self.expected[cell], self.expected[cell + 1] - self.expected[cell]
        part = (units - low) / np.where(rise > 0, rise, 1.0)
        ticks = self.tick[cell] + part * (self.tick[cell + 1] - self.tick[cell])
        return np.asarray(np.maximum(np.floor(ticks), 0), np.int64)


NOBODY_COMES = ArrivalRate(np.array([0, 1], np.int64), np.zeros(2))
"""The rate of those who are there already."""


@dataclass(frozen=True, eq=False)
class GivenTrucks:
    """The trucks of a flow that a trace gives. What it leaves out, or gives as `NOT_GIVEN`, is drawn."""

    arrival: Ticks
    """(trucks,) in order [tick]."""
    service: Mapping[int, Ticks]
    """Visit of the path -> (trucks,) time of the service, with what breakdowns add to it [tick]."""
    alternative: Mapping[int, Ticks]
    """Decision of the path -> (trucks,) alternative taken."""
    makes: Mapping[int, Ticks]
    """Visit of the path that only a share of the trucks makes -> (trucks,) 1 for those that make it, 0 for others."""

    def before(self, tick: int) -> int:
        """Return the number of trucks that come before `tick`."""
        return int(np.searchsorted(self.arrival, tick))


NOT_GIVEN = -1
"""What a trace gives of a truck where it says nothing."""


def arrival_rate(gate: Gate, name: str, days: LocalDays, demand: float) -> ArrivalRate:
    """Return the rate of the flow `name` over the local `days` of the side that it comes from."""
    flow = gate.flows[name]
    profile = gate.profiles[flow.profile] if flow.profile else Profile()
    windows = profile.windows()
    ticks, expected = [0], [0.0]
    for d, date in enumerate(days.dates):
        usual = flow.per_day * demand * _weekday_factor(profile, date.weekday())
        per_day = usual * profile.months.get(_MONTHS[date.month - 1], 1.0) * gate.arrivals_on(date, name)
        for start, end, share in _shares(windows, days, d):
            if end <= 0:
                continue
            trucks = per_day * share * (end - max(start, 0)) / (end - start)
            _append(ticks, expected, max(start, 0), 0.0)
            _append(ticks, expected, end, trucks)
    return ArrivalRate(np.array(ticks, np.int64), np.array(expected))


def _shares(windows: list[tuple[int, int, float]], days: LocalDays, d: int) -> list[tuple[int, int, float]]:
    """Return the windows of a profile on a day, `(start, end, share)` [tick, tick, 1].

    Where clocks are set forward, the share of windows that do not exist on that day is spread over the others in
    proportion; if no other has any, their trucks come in the time after the change, as long as the windows are.
    """
    placed = [(days.at(d, opens), days.at(d, closes), share) for opens, closes, share in windows]
    left = [(start, end, share) for start, end, share in placed if start < end]
    if len(left) == len(placed) or days.midnight[d] == days.midnight[d + 1]:
        return left
    kept, total = (math.fsum(share for *_, share in these) for these in (left, placed))
    if kept > 0:
        return [(start, end, share * total / kept) for start, end, share in left]
    span = sum(closes - opens for opens, closes, share in windows if share > 0)
    start = next(start for start, _, share in placed if share > 0)
    return [(start, start + ticks_of(span), total)]


def _append(ticks: list[int], expected: list[float], tick: int, trucks: float) -> None:
    if tick > ticks[-1]:
        ticks.append(tick)
        expected.append(expected[-1] + trucks)


def _weekday_factor(profile: Profile, weekday: int) -> float:
    factors = [profile.weekdays.get(name, 1.0) for name in _WEEKDAYS]
    return float(factors[weekday] * 7 / sum(factors))
