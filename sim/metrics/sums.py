"""All counts and times of a run, added up block by block in integers; `sim.metrics.fold` gives them units."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sim.arrays import Indices
from sim.clock import Ticks
from sim.engines.log import NEVER, EventLog
from sim.jit import kernel
from sim.metrics.ageing import Ageing
from sim.metrics.booking import Turnout
from sim.metrics.capacity import Down, PoolUse, RepairTime, Spaces
from sim.metrics.deadlock import can_lock, locked_trucks
from sim.metrics.durations import Durations, Histogram, Values
from sim.metrics.levels import QueueLevels
from sim.metrics.survival import Survival, kaplan_meier
from sim.metrics.time_use import TimeUse
from sim.plan.plan import Plan, Stream

Counts = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


class Sums:
    """What happened in a run. See `sim.metrics.fold.Fold` for the parameters."""

    def __init__(self, plan: Plan, *, exact: bool) -> None:
        self.plan = plan
        self.at = 0
        """Where the next block starts [tick]."""
        self.directions = tuple(sorted({kind.direction for kind in plan.kinds}))
        self.classes = tuple((kind.direction, kind.vehicle_class) for kind in plan.kinds[::2])
        """(direction, vehicle class) of each row of what is kept by class."""
        self._direction_of_row = np.array([self.directions.index(d) for d, _ in self.classes], np.int32)
        self._row_of_flow = np.array([stream.kind // 2 for stream in plan.streams], np.int32)
        self._standing = np.array([stream.standing > 0 for stream in plan.streams], np.bool_)

        days, rows = plan.bulletin.size, len(self.classes)
        self.queues = QueueLevels(plan)
        direction_of_flow = self._direction_of_row[self._row_of_flow]
        self.use = TimeUse(plan, direction_of_flow, len(self.directions))
        self.spaces = Spaces(plan, direction_of_flow, len(self.directions)) if plan.areas else None
        """None for a gate without areas."""
        self.locked = 0 if can_lock(plan) else None
        """Trucks at the end in areas that lock each other; None for a gate whose areas cannot."""
        self.repair = RepairTime(plan) if any(plan.failing) else None
        """None for a gate where nothing breaks down."""
        self.pools = PoolUse(plan) if plan.pools else None
        """None for a gate without pools."""
        self.down = Down(plan) if plan.outages else None
        """None for a gate where nothing fails."""
        self.arrived, self.released, self.departed, self.stock = (
            np.zeros((days, len(self.directions)), np.int64) for _ in range(4)
        )
        """(days, directions) trucks by day; the stock at each bulletin: arrived before it, not released."""
        self.arrived_by_class = np.zeros(rows, np.int64)
        self.released_by_class = np.zeros(rows, np.int64)
        self.turned_back_by_class = np.zeros(rows, np.int64)
        """Trucks that turned back without release in the measured period."""
        self.inside_by_class = np.zeros(rows, np.int64)
        self.service_to_release = np.zeros(rows, np.int64)
        """Service times up to the release, of the trucks that arrive in the measured period [tick]."""
        self._clearance = Cohort(rows, plan.end, exact)
        self._passage = Cohort(rows, plan.end, exact)
        self._second_row = np.array([_second_row(stream, self.classes) for stream in plan.streams], np.int32)
        self.second_loads = bool((self._second_row >= 0).any())
        self.second_by_class = np.zeros(rows, np.int64)
        """Second loads released in the measured period, by their own class and direction."""
        self.ageing = Ageing(plan, self._row_of_flow) if any(plan.shelf) else None
        """None for a gate without perishable loads."""
        self.turnout = Turnout(plan, self._row_of_flow, rows) if plan.bookings else None
        """None for a gate without booking."""
        self.backlog = Backlog(plan, self._row_of_flow, rows, exact) if self._standing.any() else None
        """None for a gate at which nobody stands at the start."""
        self._days = plan.midnight[plan.midnight >= plan.warmup][: days + 1]

    def add(self, log: EventLog, start: int, end: int) -> None:
        """Add what happened in [start, end)."""
        if start != self.at or not start < end <= self.plan.end:
            raise ValueError(f"a block from tick {start} to {end} cannot follow one that ends at {self.at}")
        self.at = end
        self.queues.add(log, start, end)
        self.use.add(log, start, end)
        if self.spaces:
            self.spaces.add(log, start, end)
        if self.locked is not None and end == self.plan.end:
            self.locked = locked_trucks(self.plan, log)
        if self.repair:
            self.repair.add(log, start, end)
        if self.pools:
            self.pools.add(log, start, end)
        if self.down:
            self.down.add(log, start, end)
        self._add_trucks(log, start, end)

    def clearance(self, rows: Sequence[int]) -> Survival:
        """Return the distribution of the time from arrival to release, for some rows together."""
        return self._clearance.survival(rows)

    def passage(self, rows: Sequence[int]) -> Survival:
        """Return the distribution of the time from arrival to departure, for some rows together."""
        return self._passage.survival(rows)

    def unfinished(self, rows: Sequence[int]) -> int:
        """Return how many trucks of some rows arrived in the measured period and were not released."""
        return self._clearance.cut(rows).size

    def _add_trucks(self, log: EventLog, start: int, end: int) -> None:
        arrival, row = log.draws.arrival, self._row_of_flow[log.draws.flow]
        released, departed, turned = (
            np.where(ticks < end, ticks, NEVER) for ticks in (log.released, log.departed, log.turned_back)
        )
        came, cleared, left, gave_up = (_within(ticks, start, end) for ticks in (arrival, released, departed, turned))
        gave_up &= released == NEVER
        here_before = self._standing[log.draws.flow]
        cleared &= ~here_before | (log.draws.released >= 0)  # who stands behind the last control is released already
        loaded = came & (~here_before | (log.draws.released >= 0))
        came &= ~here_before
        for index in range(len(self.directions)):
            mine = (self._direction_of_row == index)[row]
            arrivals, releases = np.sort(arrival[came & mine]), np.sort(released[cleared & mine])
            departures = np.sort(departed[left & mine])
            self.arrived[:, index] += np.diff(np.searchsorted(arrivals, self._days))
            self.released[:, index] += np.diff(np.searchsorted(releases, self._days))
            self.departed[:, index] += np.diff(np.searchsorted(departures, self._days))
            self.stock[:, index] += np.searchsorted(np.sort(arrival[loaded & mine]), self.plan.bulletin)
            self.stock[:, index] -= np.searchsorted(releases, self.plan.bulletin)
            self.stock[:, index] -= np.searchsorted(np.sort(turned[gave_up & mine]), self.plan.bulletin)

        if self.second_loads:
            self._add_second_loads(log, start, end)
        measured = (arrival >= self.plan.warmup) & ~here_before
        fresh = came & measured
        self.arrived_by_class += self._by_class(row[fresh])
        self.released_by_class += self._by_class(row[cleared & (released >= self.plan.warmup)])
        self.turned_back_by_class += self._by_class(row[gave_up & (turned >= self.plan.warmup)])
        np.add.at(self.service_to_release, row[fresh], _service_to_release(log)[fresh])
        for cohort, ticks, happened in (
            (self._clearance, released, cleared),
            (self._passage, departed, left & (turned == NEVER)),
        ):
            done = happened & measured
            cohort.add(row[done], ticks[done] - arrival[done])
        if end == self.plan.end:
            here = arrival < end
            self.inside_by_class += self._by_class(row[here & (departed == NEVER)])
            for cohort, ticks in ((self._clearance, released), (self._passage, departed)):
                cut = here & measured & (ticks == NEVER) & (turned == NEVER)
                cohort.cut_short(row[cut], end - arrival[cut])
        if self.turnout:
            self.turnout.add(log.draws, start, end)
        if self.ageing:
            self.ageing.add(log, released, cleared)
        if self.backlog:
            gone = np.where(released == NEVER, turned, released)
            self.backlog.add(log, gone, cleared | gave_up, here_before, end)

    def _add_second_loads(self, log: EventLog, start: int, end: int) -> None:
        released = log.second_released
        done = _within(released, start, end)
        row, at = self._second_row[log.draws.flow[done]], released[done]
        self.second_by_class += self._by_class(row[at >= self.plan.warmup])
        for index in range(len(self.directions)):
            releases = np.sort(at[self._direction_of_row[row] == index])
            self.released[:, index] += np.diff(np.searchsorted(releases, self._days))

    def _by_class(self, row: Indices) -> Counts:
        return np.bincount(row, minlength=len(self.classes))


def _second_row(stream: Stream, classes: Sequence[tuple[str, str]]) -> int:
    """Return the row of the second load that trucks of a stream may take; -1 for none."""
    loads = [visit.second for visit in stream.path.visits if visit.second]
    return classes.index(loads[0][::-1]) if loads else -1


class Cohort:
    """Durations of trucks by row, of which some are cut short by the end of the run."""

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


class Backlog:
    """How long it takes until the trucks that stand in line at the start are released, or turn back, by row."""

    def __init__(self, plan: Plan, row_of_flow: Indices, rows: int, exact: bool) -> None:
        self._row_of_flow, self._end = row_of_flow, plan.end
        self._times = Cohort(rows, plan.end, exact)
        self.last = np.full(rows, NEVER, np.int64)
        """(rows,) when the last of them was released [tick]; `NEVER` if none was."""

    def add(self, log: EventLog, gone: Ticks, leaves: Mask, here_before: Mask, end: int) -> None:
        """Add who is released or turns back in a block that ends at `end`; `gone` is `NEVER` for what comes later."""
        row = self._row_of_flow[log.draws.flow]
        done = leaves & here_before
        self._times.add(row[done], gone[done])
        np.maximum.at(self.last, row[done], gone[done])
        if end == self._end:
            still = here_before & (log.draws.released >= 0) & (gone == NEVER)
            self._times.cut_short(row[still], np.full(np.count_nonzero(still), end))

    def survival(self, rows: Sequence[int]) -> Survival:
        """Return the distribution of the time from the start of the run to the release, for some rows together."""
        return self._times.survival(rows)

    def unfinished(self, rows: Sequence[int]) -> int:
        """Return how many of them are not released by the end of the run."""
        return self._times.cut(rows).size


def _within(ticks: Ticks, start: int, end: int) -> Mask:
    return (ticks >= start) & (ticks < end)


def _service_to_release(log: EventLog) -> Ticks:
    """(trucks,) sum of the service times up to the release [tick]; of alternatives, those of the first."""
    draws = log.draws
    first, released = draws.first[:-1], draws.released
    if draws.next_row.size:
        total = np.zeros(draws.trucks, np.int64)
        add_services(draws.first, released, draws.next_row, draws.service, total)
        return total
    before = np.concatenate(([0], np.cumsum(draws.service)))
    return np.where(released >= 0, before[released + 1] - before[first], 0)


@kernel
def add_services(first: Counts, released: Counts, onward: Counts, service: Ticks, total: Ticks) -> None:
    """Add the service times of each truck up to its release to `total`."""
    for truck in range(total.size):
        visit = first[truck]
        while visit < first[truck + 1] and visit <= released[truck]:
            total[truck] += service[visit]
            visit = onward[visit]
