"""All counts and times of a run, added up block by block in integers; `sim.metrics` gives them units."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sim.clock import Ticks
from sim.durations import Durations, Histogram, Values
from sim.levels import QueueLevels
from sim.log import NEVER, EventLog
from sim.plan import Indices, Plan
from sim.survival import Survival, kaplan_meier
from sim.time_use import TimeUse

Counts = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


class Fold:
    """What happened in a run, without its log.

    Memory does not grow with the length of the run, but for the series by hour and by day, and for the trucks
    still inside at the end. `sim.metrics.measures` turns it into numbers with units.

    Parameters
    ----------
    plan
        The compiled scenario.
    exact
        Keep every clearance time instead of a histogram. Quantiles are then exact; without it they are within
        `sim.durations.RELATIVE_ERROR`. All else is equal.
    """

    def __init__(self, plan: Plan, *, exact: bool = False) -> None:
        self.plan = plan
        self.directions = tuple(sorted({kind.direction for kind in plan.kinds}))
        self.classes = tuple((kind.direction, kind.vehicle_class) for kind in plan.kinds[::2])
        """(direction, vehicle class) of each row of what is kept by class."""
        self.direction_of_row = np.array([self.directions.index(d) for d, _ in self.classes], np.int32)
        self.row_of_flow = np.array([stream.kind // 2 for stream in plan.streams], np.int32)
        self.at = 0
        """Where the next block starts [tick]."""

        days, directions, rows = plan.bulletin.size, len(self.directions), len(self.classes)
        self.queues = QueueLevels(plan)
        self.use = TimeUse(plan, self.direction_of_row[self.row_of_flow], directions)
        self.arrived = np.zeros((days, directions), np.int64)
        self.released = np.zeros((days, directions), np.int64)
        self.departed = np.zeros((days, directions), np.int64)
        self.stock = np.zeros((days, directions), np.int64)
        self.arrived_by_class = np.zeros(rows, np.int64)
        self.released_by_class = np.zeros(rows, np.int64)
        self.service_to_release = np.zeros(rows, np.int64)
        """Service times up to the release, summed over the trucks that arrive in the measured period [tick]."""
        self.inside_by_class = np.zeros(rows, np.int64)
        self._clearance = _Cohort(rows, plan.end, exact)
        self._passage = _Cohort(rows, plan.end, exact)
        self._days = plan.midnight[plan.midnight >= plan.warmup][: days + 1]
        self._bulletins = plan.bulletin

    def add(self, log: EventLog, start: int, end: int) -> None:
        """Add what happened in [start, end).

        Parameters
        ----------
        log
            All visits of the trucks that are inside at `start` or arrive before `end`, at least; what happened at
            `end` or later is left aside.
        start, end
            The block [tick]. Blocks follow each other, from 0 to the end of the plan.

        Raises
        ------
        ValueError
            If the block does not start where the last one ended.
        """
        if start != self.at or not start < end <= self.plan.end:
            raise ValueError(f"a block from {start} to {end} cannot follow one that ends at {self.at}")
        self.at = end
        self.queues.add(log, start, end)
        self.use.add(log, start, end)
        self._add_trucks(log, start, end)

    def clearance(self, rows: Sequence[int]) -> Survival:
        """Return the distribution of the time from arrival to release for some rows of `classes` together."""
        return self._clearance.survival(rows)

    def passage(self, rows: Sequence[int]) -> Survival:
        """Return the distribution of the time from arrival to departure for some rows of `classes` together."""
        return self._passage.survival(rows)

    def unfinished(self, rows: Sequence[int]) -> int:
        """Return how many trucks of some rows arrived in the measured period and were not released."""
        return self._clearance.cut(rows).size

    def _add_trucks(self, log: EventLog, start: int, end: int) -> None:
        arrival, row = log.draws.arrival, self.row_of_flow[log.draws.flow]
        released = _known(_ends(log, log.draws.released), end)
        departed = _known(_ends(log, _last_visit(log)), end)
        came, cleared, left = (_within(ticks, start, end) for ticks in (arrival, released, departed))
        for index in range(len(self.directions)):
            mine = (self.direction_of_row == index)[row]
            arrivals, releases = np.sort(arrival[came & mine]), np.sort(released[cleared & mine])
            self.arrived[:, index] += np.diff(np.searchsorted(arrivals, self._days))
            self.released[:, index] += np.diff(np.searchsorted(releases, self._days))
            self.departed[:, index] += np.diff(np.searchsorted(np.sort(departed[left & mine]), self._days))
            before = np.searchsorted(arrivals, self._bulletins) - np.searchsorted(releases, self._bulletins)
            self.stock[:, index] += before

        measured = arrival >= self.plan.warmup
        fresh = came & measured
        self.arrived_by_class += self._by_class(row[fresh])
        self.released_by_class += self._by_class(row[cleared & (released >= self.plan.warmup)])
        np.add.at(self.service_to_release, row[fresh], _service_to_release(log)[fresh])
        for cohort, ticks, happened in ((self._clearance, released, cleared), (self._passage, departed, left)):
            done = happened & measured
            cohort.add(row[done], ticks[done] - arrival[done])
        if end == self.plan.end:
            here = arrival < end
            self.inside_by_class += self._by_class(row[here & (departed == NEVER)])
            for cohort, ticks in ((self._clearance, released), (self._passage, departed)):
                cut = here & measured & (ticks == NEVER)
                cohort.cut_short(row[cut], end - arrival[cut])

    def _by_class(self, row: Indices) -> Counts:
        return np.bincount(row, minlength=len(self.classes))


class _Cohort:
    """Durations of the trucks that arrive in the measured period, by row."""

    def __init__(self, rows: int, longest: int, exact: bool) -> None:
        self._durations: Durations = Values(rows) if exact else Histogram(rows, longest)
        self._cut: tuple[Indices, Ticks] = np.empty(0, np.int32), np.empty(0, np.int64)

    def add(self, row: Indices, duration: Ticks) -> None:
        self._durations.add(row, duration)

    def cut_short(self, row: Indices, duration: Ticks) -> None:
        self._cut = row, duration

    def cut(self, rows: Sequence[int]) -> Ticks:
        return self._cut[1][np.isin(self._cut[0], rows)]

    def survival(self, rows: Sequence[int]) -> Survival:
        return kaplan_meier(self._durations.ended(rows), self.cut(rows))


def _last_visit(log: EventLog) -> Counts:
    """(trucks,) row of the last visit; -1 without any."""
    first = log.draws.first
    return np.where(first[1:] > first[:-1], first[1:] - 1, -1)


def _ends(log: EventLog, visit: Counts) -> Ticks:
    """(trucks,) when the truck left the given visit, or arrived if there is none; `NEVER` if it did not yet."""
    if log.draws.visits == 0:
        return log.draws.arrival
    return np.where(visit >= 0, log.left[np.maximum(visit, 0)], log.draws.arrival)


def _known(ticks: Ticks, end: int) -> Ticks:
    return np.where(ticks < end, ticks, NEVER)


def _within(ticks: Ticks, start: int, end: int) -> Mask:
    return (ticks >= start) & (ticks < end)


def _service_to_release(log: EventLog) -> Ticks:
    """(trucks,) sum of the service times up to the release [tick]."""
    before = np.concatenate(([0], np.cumsum(log.draws.service)))
    first, released = log.draws.first[:-1], log.draws.released
    return np.where(released >= 0, before[np.maximum(released, 0) + 1] - before[first], 0)
