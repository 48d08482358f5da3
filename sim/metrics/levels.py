"""How many trucks are somewhere over time: hourly means and maxima, and the number at each bulletin.

Series by hour grow with the length of a run, so they take few bytes a number.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sim.arrays import Indices
from sim.clock import TICKS_PER_HOUR, Ticks
from sim.engines.log import JOINED, LEFT, NEVER, STARTED, EventLog
from sim.jit import kernel, step
from sim.metrics.meter import Key, Readings
from sim.plan.plan import Plan

Counts = npt.NDArray[np.int64]


class Levels(NamedTuple):
    """What the levels of one place were, in a block. Hours are counted from the start of the measured period."""

    integral: Ticks
    """(hours,) integral of the level over each hour [truck tick]."""
    highest: Counts
    """(hours,) highest level in each hour."""
    bulletin: Counts
    """(days,) level at each bulletin, just before what happens at that tick."""


class HourlySeries:
    """A number for each place and hour; those of a place take as few bytes each as they need."""

    def __init__(self, places: int, hours: int) -> None:
        self._places: list[npt.NDArray[np.integer[Any]]] = [np.zeros(hours, np.uint8) for _ in range(places)]

    def __getitem__(self, place: int) -> npt.NDArray[np.integer[Any]]:
        """Return (hours,) the numbers of a place."""
        return self._places[place]

    def put(self, place: int, first: int, numbers: Counts) -> None:
        """Replace numbers of a place from an hour on; none may be below zero."""
        mine = self._places[place]
        kind = np.promote_types(mine.dtype, np.min_scalar_type(int(numbers.max())))
        self._places[place] = mine = mine.astype(kind, copy=False)
        mine[first : first + numbers.size] = numbers

    def by_hour(self) -> npt.NDArray[np.integer[Any]]:
        """Return (hours, places) all numbers."""
        return np.stack(self._places, axis=1)


class LevelSeries:
    """Levels of several places, added up block by block. Only levels that last for a tick or more count."""

    def __init__(self, plan: Plan, places: int) -> None:
        hours = -(-(plan.end - plan.warmup) // TICKS_PER_HOUR)
        self.integral, self.highest = HourlySeries(places, hours), HourlySeries(places, hours)
        """As in `Levels`, of every place."""
        self.bulletin = np.zeros((places, plan.bulletin.size), np.int64)
        self.ticks = plan.end - plan.warmup
        """Length of the measured period [tick]."""
        self._bulletins = plan.bulletin
        self._warmup = plan.warmup
        self._level = np.zeros(places, np.int64)

    def add_place(self, place: int, came: Ticks, went: Ticks, start: int, end: int) -> None:
        """Add the sorted ticks of the block [start, end) at which trucks come to one place and go."""
        level = int(self._level[place])
        self._level[place] = level + came.size - went.size
        if end <= self._warmup:
            return
        if start < self._warmup:
            start = self._warmup
            skip = np.searchsorted(came, start), np.searchsorted(went, start)
            came, went = came[skip[0] :], went[skip[1] :]
            level += int(skip[0] - skip[1])
        day = 0 if start == self._warmup else int(np.searchsorted(self._bulletins, start, side="right"))
        first, stop = (start - self._warmup) // TICKS_PER_HOUR, -(-(end - self._warmup) // TICKS_PER_HOUR)
        integral, highest = (part[place][first:stop].astype(np.int64) for part in (self.integral, self.highest))
        levels = Levels(integral, highest, self.bulletin[place, day:])
        span = np.array([self._warmup + first * TICKS_PER_HOUR, start, end])
        follow(came, went, level, span, self._bulletins[day:], levels)
        self.integral.put(place, first, levels.integral)
        self.highest.put(place, first, levels.highest)


def level_values(mean: Key, levels: LevelSeries, index: int, each: float = 1.0) -> Readings:
    """Yield mean, maximum and end-of-day level of one place, of which a truck makes up `each`; `mean` is the first."""
    integral = int(levels.integral[index].sum())
    yield mean, each * integral / levels.ticks
    yield mean._replace(statistic="max"), each * float(levels.highest[index].max())
    yield mean._replace(statistic="end_of_day"), each * float(levels.bulletin[index].mean())


class QueueLevels(LevelSeries):
    """Trucks that queue at all stages."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan, len(plan.stages))
        self._stage: Indices = plan.network.line_stage

    def add(self, log: EventLog, start: int, end: int) -> None:
        """Add what happened in the block [start, end).

        A truck that starts in the tick in which it joins never waited, so it is left out.
        """
        stages = self._level.size
        size = np.zeros((2, stages), np.int64)
        count_waits(log.times, log.draws.line, self._stage, size, start, end)
        border = np.concatenate(([0], np.cumsum(size.ravel())))
        ticks = np.empty(border[-1], np.int64)
        place = border[:-1].reshape(2, stages).copy()
        gather_waits(log.times, log.draws.line, self._stage, place, ticks, start, end)
        for stage in range(stages):
            joined = ticks[border[stage] : border[stage + 1]]
            started = ticks[border[stages + stage] : border[stages + stage + 1]]
            joined.sort()
            started.sort()
            self.add_place(stage, joined, started, start, end)


@kernel
def count_waits(times: Ticks, line: Indices, stage_of_line: Indices, size: Counts, start: int, end: int) -> None:
    """Count the waits that begin and that end in [start, end), by stage, into `size` (2, stages)."""
    for visit in range(line.size):
        joined, started = times[visit, JOINED], end_of_wait(times, visit)
        if joined != started:
            stage = stage_of_line[line[visit]]
            size[0, stage] += start <= joined < end
            size[1, stage] += start <= started < end


@kernel
def gather_waits(
    times: Ticks, line: Indices, stage_of_line: Indices, place: Counts, ticks: Ticks, start: int, end: int
) -> None:
    """Write when waits begin and end to `ticks`; `place` (2, stages) is where, and moves on."""
    for visit in range(line.size):
        joined, started = times[visit, JOINED], end_of_wait(times, visit)
        if joined != started:
            stage = stage_of_line[line[visit]]
            if start <= joined < end:
                ticks[place[0, stage]] = joined
                place[0, stage] += 1
            if start <= started < end:
                ticks[place[1, stage]] = started
                place[1, stage] += 1


@step
def end_of_wait(times: Ticks, visit: int) -> int:
    """Return when a truck in the queue started, or turned back; `NEVER` for neither."""
    if times[visit, STARTED] == NEVER:
        return int(times[visit, LEFT])
    return int(times[visit, STARTED])


@kernel
def follow(joined: Ticks, started: Ticks, level: int, span: Ticks, bulletins: Ticks, levels: Levels) -> None:
    """Follow the level of one place through a block.

    Parameters
    ----------
    joined, started
        (trucks that come,), (trucks that go,) sorted [tick]; at equal ticks the net change counts.
    level
        Level before the first of them.
    span
        (3,) start of the first hour, start and end of the block [tick].
    bulletins
        (days to come,) [tick].
    levels
        `Levels`, modified in place.
    """
    zero, now, end = span
    j, s, day = 0, 0, 0
    hour = (now - zero) // TICKS_PER_HOUR
    hour_ends = zero + (hour + 1) * TICKS_PER_HOUR
    while day < bulletins.size and bulletins[day] <= now:
        levels.bulletin[day] = level
        day += 1
    while True:
        tick = end
        if j < joined.size:
            tick = joined[j]
        if s < started.size:
            tick = min(tick, started[s])
        while day < bulletins.size and bulletins[day] <= tick:
            levels.bulletin[day] = level
            day += 1
        while now < tick:
            until = min(tick, hour_ends)
            levels.integral[hour] += level * (until - now)
            levels.highest[hour] = max(levels.highest[hour], level)
            now = until
            if now == hour_ends:
                hour += 1
                hour_ends += TICKS_PER_HOUR
        if tick == end:
            return
        if j < joined.size and joined[j] == tick:
            level += 1
            j += 1
        else:
            level -= 1
            s += 1
