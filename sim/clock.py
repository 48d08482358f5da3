"""Local clocks turned into ticks: the only place in `sim` that knows time zones.

Tick 0 is midnight at the start of the run's first day, on the clock of the side whose bulletin counts
the days. One tick is one millisecond of elapsed time, so a day on which a border changes its clocks
has 23 or 25 hours.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

TICKS_PER_SECOND = 1000
TICKS_PER_HOUR = 3600 * TICKS_PER_SECOND
TICKS_PER_DAY = 24 * TICKS_PER_HOUR

Ticks = npt.NDArray[np.int64]


@dataclass(frozen=True)
class LocalDays:
    """The local days of one time zone that touch a run.

    `midnight` has one entry more than `dates`: where the last day ends.
    """

    dates: tuple[dt.date, ...]
    midnight: Ticks
    zone: ZoneInfo
    origin: dt.datetime

    def at(self, day: int, second: float) -> int:
        """Tick of a time of day, `second` seconds after midnight by the wall clock, on day number `day`."""
        length = int(self.midnight[day + 1] - self.midnight[day])
        if length == TICKS_PER_DAY:  # an ordinary day: no time zone arithmetic needed
            return int(self.midnight[day]) + round(second * TICKS_PER_SECOND)
        return _elapsed(self.origin, moment(self.dates[day], second, self.zone))


def local_days(zone: str, origin_zone: str, first: dt.date, days: int) -> LocalDays:
    """Return the days of `zone` that touch the `days` days from `first` on the clock of `origin_zone`."""
    here, there = ZoneInfo(zone), ZoneInfo(origin_zone)
    origin = moment(first, 0, there).astimezone(there)
    margin = 0 if zone == origin_zone else 1
    dates = [first + dt.timedelta(days=d) for d in range(-margin, days + margin + 1)]
    midnight = [_elapsed(origin, moment(date, 0, here)) for date in dates]
    return LocalDays(tuple(dates[:-1]), np.array(midnight, np.int64), here, origin)


def moment(day: dt.date, second: float, zone: ZoneInfo) -> dt.datetime:
    """Return when the clock of a zone shows a time of day, `second` seconds after midnight, in UTC.

    A time that comes twice, because clocks are set back, is the first of the two. A time that does not exist, because
    clocks are set forward, is the moment of the change.
    """
    wall = dt.datetime.combine(day, dt.time()) + dt.timedelta(seconds=second)
    first, other = (wall.replace(tzinfo=zone, fold=fold).astimezone(dt.UTC) for fold in (0, 1))
    if first.astimezone(zone).replace(tzinfo=None) == wall:
        return first
    return _change(other, first, zone)


def _change(before: dt.datetime, after: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """Return the second of UTC at which the clocks of a zone change, between two moments."""
    start, new = before.replace(microsecond=0), after.astimezone(zone).utcoffset()
    low, high = 0, math.ceil((after - start).total_seconds())  # still the old time, already the new one
    while high - low > 1:
        middle = (low + high) // 2
        if (start + dt.timedelta(seconds=middle)).astimezone(zone).utcoffset() == new:
            high = middle
        else:
            low = middle
    return start + dt.timedelta(seconds=high)


def ticks_of(seconds: float) -> int:
    """Return a duration in ticks."""
    return round(seconds * TICKS_PER_SECOND)


def _elapsed(origin: dt.datetime, at: dt.datetime) -> int:
    return round((at - origin.astimezone(dt.UTC)).total_seconds() * TICKS_PER_SECOND)
