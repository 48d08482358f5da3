"""How many trucks are somewhere over time: hourly means and maxima, and the number at each bulletin.

Series by hour grow with the length of a run, so they take few bytes a number.
"""

from __future__ import annotations

from collections.abc import Iterator
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
ALL = slice(None)
MOVES_AT_ONCE = 4_000_000
"""Visits whose moves are put in order together: they take 64 MB if all of them are moves, and as a rule a fourth."""


class Levels(NamedTuple):
    """What the levels of all places were, in a block. Hours are counted from the start of the measured period."""

    integral: Ticks
    """(hours, places) integral of the level over each hour [truck tick]."""
    highest: Counts
    """(hours, places) highest level in each hour."""
    bulletin: Counts
    """(places, days) level at each bulletin, just before what happens at that tick."""


class HourlySeries:
    """A number for each hour and place, in as few bytes each as the largest needs."""

    def __init__(self, places: int, hours: int) -> None:
        self._numbers: npt.NDArray[np.integer[Any]] = np.zeros((hours, places), np.uint8)

    def __getitem__(self, place: int) -> npt.NDArray[np.integer[Any]]:
        """Return (hours,) the numbers of a place."""
        return self._numbers[:, place]

    def small(self, place: int) -> npt.NDArray[np.integer[Any]]:
        """Return (hours,) the numbers of a place, in as few bytes each as its largest needs."""
        return self[place].astype(np.min_scalar_type(int(self[place].max())))

    def between(self, first: int, stop: int, places: slice) -> Counts:
        """Return (hours, places) a copy of the numbers of some hours."""
        return self._numbers[first:stop, places].astype(np.int64, order="C")

    def put(self, first: int, places: slice, numbers: Counts) -> None:
        """Replace the numbers of some places from an hour on; none may be below zero."""
        kind = np.promote_types(self._numbers.dtype, np.min_scalar_type(int(numbers.max(initial=0))))
        self._numbers = self._numbers.astype(kind, copy=False)
        self._numbers[first : first + len(numbers), places] = numbers

    def by_hour(self) -> npt.NDArray[np.integer[Any]]:
        """Return (hours, places) all numbers."""
        return self._numbers


class Moves(NamedTuple):
    """When trucks come to places and go, in a block."""

    tick: Ticks
    """In any order within the part of a place [tick]."""
    begin: Counts
    """(2, places) where the ticks of those who come to each place begin, and those of those who go."""
    end: Counts
    """(2, places) where they end."""

    @classmethod
    def room_for(cls, most: Counts) -> Moves:
        """Return room for so many who come to each place and so many who go (places,), all of it empty."""
        begin = np.concatenate(([0], np.cumsum(np.tile(most, 2))))
        by_place = begin[:-1].reshape(2, -1)
        return cls(np.empty(begin[-1], np.int64), by_place, by_place.copy())


def in_parts(most: Counts) -> Iterator[slice]:
    """Yield all places in parts, of which each has few visits; `most` (places,) is how many each place has."""
    begin = 0
    for place in range(1, most.size + 1):
        if place == most.size or most[begin : place + 1].sum() > MOVES_AT_ONCE:
            yield slice(begin, place)
            begin = place


def places_of(place_of_line: Indices, part: slice) -> Indices:
    """Return (lines,) the place of each line, counted within a part of all places; -1 outside it."""
    inside = (place_of_line >= part.start) & (place_of_line < part.stop)
    return np.where(inside, place_of_line - part.start, -1).astype(np.int32)


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

    def add_moves(self, moves: Moves, start: int, end: int, places: slice = ALL) -> None:
        """Add who comes to `places` and goes in the block [start, end), and put the ticks of `moves` in order."""
        if end <= self._warmup:
            come, go = moves.end - moves.begin
            self._level[places] += come - go
            return
        for low, high in zip(moves.begin.ravel().tolist(), moves.end.ravel().tolist(), strict=True):
            moves.tick[low:high].sort()
        begin = max(start, self._warmup)
        day = 0 if begin == self._warmup else int(np.searchsorted(self._bulletins, begin, side="right"))
        first, stop = (begin - self._warmup) // TICKS_PER_HOUR, -(-(end - self._warmup) // TICKS_PER_HOUR)
        integral, highest = (part.between(first, stop, places) for part in (self.integral, self.highest))
        span = np.array([self._warmup + first * TICKS_PER_HOUR, begin, end])
        levels = Levels(integral, highest, self.bulletin[places, day:])
        follow(moves, self._level[places], span, self._bulletins[day:], levels)
        self.integral.put(first, places, integral)
        self.highest.put(first, places, highest)


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

    def add(self, log: EventLog, visits_of_line: Counts, start: int, end: int) -> None:
        """Add what happened in the block [start, end); `visits_of_line` is how many rows of the log each line has.

        A truck that starts in the tick in which it joins never waited, so it is left out.
        """
        most = np.bincount(self._stage, visits_of_line, self._level.size).astype(np.int64)
        for part in in_parts(most):
            moves = Moves.room_for(most[part])
            gather_waits(log.times, log.draws.line, places_of(self._stage, part), moves, start, end)
            self.add_moves(moves, start, end, part)


@kernel
def gather_waits(times: Ticks, line: Indices, stage_of_line: Indices, moves: Moves, start: int, end: int) -> None:
    """Write when waits begin and end in [start, end), by stage; a line with the stage -1 is left out."""
    for visit in range(line.size):
        stage = stage_of_line[line[visit]]
        if stage < 0:
            continue
        joined, started = times[visit, JOINED], end_of_wait(times, visit)
        if joined != started:
            if start <= joined < end:
                moves.tick[moves.end[0, stage]] = joined
                moves.end[0, stage] += 1
            if start <= started < end:
                moves.tick[moves.end[1, stage]] = started
                moves.end[1, stage] += 1


@step
def end_of_wait(times: Ticks, visit: int) -> int:
    """Return when a truck in the queue started, or turned back; `NEVER` for neither."""
    if times[visit, STARTED] == NEVER:
        return int(times[visit, LEFT])
    return int(times[visit, STARTED])


@kernel
def follow(moves: Moves, level_of: Counts, span: Ticks, bulletins: Ticks, levels: Levels) -> None:
    """Follow the levels of all places through a block.

    Parameters
    ----------
    moves
        In order within each place; at equal ticks the net change counts.
    level_of
        (places,) level before the block, modified in place.
    span
        (3,) start of the first hour, start and end of what is measured of the block [tick].
    bulletins
        (days to come,) [tick].
    levels
        `Levels`, modified in place.
    """
    zero, begin, end = span
    for place in range(level_of.size):
        level, now, day, integral, highest = level_of[place], begin, 0, 0, 0
        come, go = moves.begin[0, place], moves.begin[1, place]
        come_to, go_to = moves.end[0, place], moves.end[1, place]
        while come < come_to and moves.tick[come] < begin:
            level += 1
            come += 1
        while go < go_to and moves.tick[go] < begin:
            level -= 1
            go += 1
        hour = (now - zero) // TICKS_PER_HOUR
        hour_ends = zero + (hour + 1) * TICKS_PER_HOUR
        while day < bulletins.size and bulletins[day] <= now:
            levels.bulletin[place, day] = level
            day += 1
        while True:
            tick = end
            if come < come_to:
                tick = moves.tick[come]
            if go < go_to:
                tick = min(tick, moves.tick[go])
            while day < bulletins.size and bulletins[day] <= tick:
                levels.bulletin[place, day] = level
                day += 1
            if tick > now:
                while tick >= hour_ends:
                    levels.integral[hour, place] += integral + level * (hour_ends - now)
                    levels.highest[hour, place] = max(levels.highest[hour, place], highest, level)
                    integral, highest, now = 0, 0, hour_ends
                    hour += 1
                    hour_ends += TICKS_PER_HOUR
                if tick > now:
                    integral += level * (tick - now)
                    highest = max(highest, level)
                    now = tick
            if tick == end:
                if integral or highest:
                    levels.integral[hour, place] += integral
                    levels.highest[hour, place] = max(levels.highest[hour, place], highest)
                break
            if come < come_to and moves.tick[come] == tick:
                level += 1
                come += 1
            else:
                level -= 1
                go += 1
        level_of[place] = level
