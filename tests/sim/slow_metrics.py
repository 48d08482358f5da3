"""The main numbers of a replication once more, slow and obvious: what `sim.metrics.fold` must agree with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from gates.schema.gate import Gate
from sim.clock import TICKS_PER_HOUR
from sim.engines.log import NEVER, EventLog
from sim.metrics.durations import cell_last, cell_of
from sim.plan.plan import Plan
from sim.plan.timetable import Windows


def textbook_survival(ended: list[int], cut: list[int]) -> tuple[list[tuple[int, Fraction]], Fraction | float]:
    """Steps (time, share longer) and mean of Kaplan and Meier's estimate, one factor a time.

    Where nothing ended the mean is infinite. Censored durations stay at risk to the end of their cell, as
    `sim.metrics.survival` says.
    """
    at_risk_until = [int(cell_last(cell_of(np.array([time])))[0]) for time in cut]
    steps, longer = [], Fraction(1)
    area, before = Fraction(0), 0
    for time in sorted(set(ended)):
        at_risk = sum(t >= time for t in ended) + sum(t >= time for t in at_risk_until)
        area += longer * (time - before)
        longer *= 1 - Fraction(ended.count(time), at_risk)
        before = time
        steps.append((time, longer))
    if not ended and not cut:
        return [], math.nan
    if not ended:
        return [], math.inf
    if longer > 0:
        area += longer * (max(cut) - before)
    return steps, area


def open_time(windows: Windows, start: int, end: int) -> int:
    """Return how long windows are open in [start, end), window by window."""
    return sum(
        max(0, min(end, b) - max(start, a)) for a, b in zip(windows.start.tolist(), windows.end.tolist(), strict=True)
    )


def time_of(spans: list[tuple[int, int]], start: int, end: int) -> int:
    """Return how long at least one of the spans lasts in [start, end), piece by piece."""
    cuts = sorted({start, end, *(tick for span in spans for tick in span if start < tick < end)})
    return sum(b - a for a, b in pairwise(cuts) if any(first <= a < last for first, last in spans))


class Visit(NamedTuple):
    """A visit that was joined; infinity for what did not happen. A truck that turned back started as it left."""

    truck: int
    row: int
    stage: int
    joined: float
    started: float
    finished: float
    left: float

    def known_at(self, end: int) -> tuple[int, int, int, int]:
        """Return its four ticks, or the end where they had not come."""
        joined, started, finished, left = (int(min(tick, end)) for tick in self[3:])
        return joined, started, finished, left


class Slow:
    """Everything by loops over visits and trucks."""

    def __init__(self, plan: Plan, log: EventLog, gate: Gate) -> None:
        self.plan, self.log, self.gate = plan, log, gate
        draws = log.draws
        known = [[math.inf if tick == NEVER else tick for tick in row] for row in log.times.tolist()]
        known = [[joined, min(started, left), min(finished, left), left] for joined, started, finished, left in known]
        self.visits = [
            Visit(truck, visit, int(plan.network.line_stage[draws.line[visit]]), *known[visit])
            for truck in range(draws.trucks)
            for visit in range(draws.first[truck], draws.first[truck + 1])
            if known[visit][0] < math.inf
        ]
        self.kind = [plan.kinds[plan.streams[flow].kind] for flow in draws.flow]
        self.arrival = draws.arrival.tolist()
        self.stood = [plan.streams[flow].standing > 0 for flow in draws.flow]
        self.behind = [stood and row < 0 for stood, row in zip(self.stood, draws.released, strict=True)]
        self.made = [[visit for visit in self.visits if visit.truck == truck] for truck in range(draws.trucks)]
        self.turned = [
            next((visit.left for visit in made if self.log.started[visit.row] == NEVER), math.inf) for made in self.made
        ]
        rows = draws.released.tolist()
        self.released = [
            self.release(truck, row) if row >= 0 else float(self.arrival[truck]) for truck, row in enumerate(rows)
        ]
        rows = draws.second_released.tolist() if draws.second_released.size else [-1] * draws.trucks
        self.second = [self.release(truck, row) if row >= 0 else math.inf for truck, row in enumerate(rows)]
        back = [[visit.second for visit in stream.path.visits if visit.second] for stream in plan.streams]
        self.second_load = [back[flow][0] if back[flow] else None for flow in draws.flow]
        self.departed = [
            max((visit.left for visit in made), default=math.inf) if draws.first[truck + 1] > draws.first[truck] else at
            for truck, (at, made) in enumerate(zip(self.arrival, self.made, strict=True))
        ]

    def release(self, truck: int, row: int) -> float:
        """Return when a load was released: its truck has left all visits up to a row, and did not turn back there."""
        before = [visit for visit in self.made[truck] if visit.row <= row]
        if not self.made[truck] or any(self.log.started[visit.row] == NEVER for visit in before):
            return math.inf
        return max(visit.left for visit in before)

    def hours(self) -> list[tuple[int, int]]:
        """Return start and end of each measured hour [tick]."""
        starts = range(self.plan.warmup, self.plan.end, TICKS_PER_HOUR)
        return [(start, min(start + TICKS_PER_HOUR, self.plan.end)) for start in starts]

    def waiting(self, stage: int, tick: int) -> int:
        """Count who waits at a stage in a tick."""
        return sum(visit.joined <= tick < visit.started for visit in self.visits if visit.stage == stage)

    def levels(self, stage: int) -> list[list[tuple[int, int]]]:
        """Return (level, how long [tick]) in turn, hour by hour."""
        here = [visit for visit in self.visits if visit.stage == stage]
        moments = {visit.joined for visit in here} | {visit.started for visit in here}
        found = []
        for start, end in self.hours():
            cuts = [start, *sorted(int(tick) for tick in moments if start < tick < end), end]
            found.append([(self.waiting(stage, a), b - a) for a, b in pairwise(cuts)])
        return found

    def time_use(self, visit: Visit) -> list[int]:
        """Return ticks waiting, closed, served and blocked at a visit."""
        joined, started, finished, left = visit.known_at(self.plan.end)
        line = self.plan.network.lines[self.log.draws.line[visit.row]]
        groups = self.plan.network.groups_of_line[line["groups_from"] : line["groups_to"]].tolist()
        opened = time_of([span for group in groups for span in self.spans(group)], joined, started)
        return [opened, started - joined - opened, finished - started, left - finished]

    def stage_time(self, stage: int, direction: str) -> list[int]:
        """Return visits, and ticks waiting, closed, served and blocked."""
        parts = [
            [1, *self.time_use(visit)]
            for visit in self.visits
            if (visit.stage, self.kind[visit.truck].direction) == (stage, direction)
            and visit.joined >= self.plan.warmup
        ]
        return [sum(column) for column in zip([0] * 5, *parts, strict=True)]

    def waits(
        self, stage: int, direction: str | None, vehicle_class: str | None, group: str
    ) -> tuple[list[int], list[int]]:
        """Return the open waits [tick] that ended, and those that go on at the end; none of which is for a group."""
        ended: list[int] = []
        still: list[int] = []
        for visit in self.visits:
            kind, began = self.kind[visit.truck], self.log.started[visit.row] != NEVER
            served_by = self.plan.groups.name[self.log.group[visit.row]] if began else ""
            if (
                (visit.stage, direction or kind.direction) != (stage, kind.direction)
                or vehicle_class not in (None, kind.vehicle_class)
                or group not in ("", served_by)
                or visit.joined < self.plan.warmup
            ):
                continue
            (ended if visit.started < math.inf else still).append(self.time_use(visit)[0])
        return ended, still

    def outside(self, direction: str) -> list[tuple[int, int, float]]:
        """Return (truck, arrival, when it entered) of the trucks of a direction that visit a stage."""
        first = self.log.draws.first
        entered = {truck: made[0].joined for truck, made in enumerate(self.made) if made}
        goes = np.diff(first) > 0
        return [(t, self.arrival[t], entered.get(t, math.inf)) for t in self.trucks(direction, None) if goes[t]]

    def in_area(self, area: int) -> list[tuple[float, float]]:
        """Return (came, went) of each visit in an area."""
        areas = self.plan.network.area_of_line[self.log.draws.line]
        return [(visit.joined, visit.left) for visit in self.visits if areas[visit.row] == area]

    def level(self, spells: Sequence[tuple[float, float]]) -> tuple[float, int]:
        """Return the mean and the largest number of spells [came, went) that go on, over the measured period."""
        return self._level_between(spells, self.plan.warmup, self.plan.end)

    def level_by_hour(self, spells: Sequence[tuple[float, float]]) -> list[tuple[float, int]]:
        """Return the same for each hour of the measured period."""
        return [self._level_between(spells, start, end) for start, end in self.hours()]

    @staticmethod
    def _level_between(spells: Sequence[tuple[float, float]], start: int, end: int) -> tuple[float, int]:
        cuts = sorted({start, end, *(int(t) for spell in spells for t in spell if start < t < end)})
        levels = [(sum(a <= cut < b for a, b in spells), after - cut) for cut, after in pairwise(cuts)]
        return sum(level * ticks for level, ticks in levels) / (end - start), max(level for level, _ in levels)

    def pool_time(self, pool: str) -> int:
        """Return the unit time in use of a pool, taken from the gate file."""
        total = 0
        for truck in range(self.log.draws.trucks):
            visits = [visit for visit in self.made[truck] if self.log.started[visit.row] != NEVER]
            for n, visit in enumerate(visits):
                units = self.units(visit, "needs").get(pool, 0) + self.sent(visit, pool)
                last: Visit | None = visit
                if pool in self.units(visit, "takes"):
                    units = self.units(visit, "takes")[pool]
                    last = next((after for after in visits[n:] if pool in self.units(after, "gives")), None)
                total += units * self.in_use(pool, visit.started, last)
        return total

    def pool_there(self, pool: str) -> int:
        """Return the unit time that a pool is on duty and not down, by a walk through all that begins and ends."""
        index, total, outages = self.plan.pools.index(pool), 0, self.log.draws.outages
        on_duty, sources = self.plan.on_duty[index], self.plan.outages
        most = max(on_duty.units.tolist(), default=0)
        down = [
            (int(start), int(end), most if (units := sources[source].units) is None else units)
            for source, start, end in zip(outages.source, outages.start, outages.end, strict=True)
            if self.plan.network.groups.size + index in sources[source].resources
        ]
        shifts = list(zip(on_duty.tick.tolist(), on_duty.units.tolist(), strict=True))
        cuts = {self.plan.warmup, self.plan.end, *on_duty.tick.tolist(), *(t for a, b, _ in down for t in (a, b))}
        for a, b in pairwise(sorted(cut for cut in cuts if self.plan.warmup <= cut <= self.plan.end)):
            planned = next((units for tick, units in reversed(shifts) if tick <= a), 0)
            total += max(0, planned - sum(units for start, end, units in down if start <= a < end)) * (b - a)
        return total

    def in_use(self, pool: str, taken: float, last: Visit | None) -> int:
        """Return how long a unit is away in the measured period while the pool is on duty, until it has come back."""
        back = math.inf
        if last is not None and last.finished < math.inf:
            index = self.plan.pools.index(pool)
            way = self.log.draws.comes_back[last.row] if self.plan.network.pools["comes_back"][index] else 0
            back = last.finished + int(way)
        taken, back = (min(max(tick, self.plan.warmup), self.plan.end) for tick in (taken, back))
        on_duty = self.plan.on_duty[self.plan.pools.index(pool)]
        shifts = pairwise([*zip(on_duty.tick.tolist(), on_duty.units.tolist(), strict=True), (self.plan.end, 0)])
        return sum(int(max(0, min(back, ends) - max(taken, begins))) for (begins, units), (ends, _) in shifts if units)

    def sent(self, visit: Visit, link: str) -> int:
        """Return what a visit occupies of a link [kbit/s]; nothing if it is done by hand while the link is down."""
        sends = self.gate.stages[self.plan.stages[visit.stage]].sends
        if sends is None or sends.link != link:
            return 0
        return 0 if self.by_hand(visit) else max(1, round(sends.video * 1000))

    def by_hand(self, visit: Visit) -> bool:
        """Tell whether a service was done by hand, by the log."""
        return bool(self.log.by_hand[visit.row])

    def finds_its_link_down(self, visit: Visit) -> bool:
        """Tell whether a service starts while the link is down without which it is done by hand, by the outages."""
        sends, outages = self.gate.stages[self.plan.stages[visit.stage]].sends, self.log.draws.outages
        if sends is None or sends.without is None or self.log.started[visit.row] == NEVER:
            return False  # who turned back started nothing
        for source, start, end in zip(outages.source, outages.start, outages.end, strict=True):
            name = self.plan.outages[source].name
            whole = name in self.gate.outages and self.gate.outages[name].units is None
            down = (whole and sends.link in self.gate.outages[name].links) or name.endswith(f"/{sends.link}")
            if down and start <= visit.started < end:
                return True
        return False

    def units(self, visit: Visit, how: str) -> dict[str, int]:
        """Return what the stage of a visit needs, takes or gives."""
        found: dict[str, int] = getattr(self.gate.stages[self.plan.stages[visit.stage]], how)
        return found

    def spans(self, group: int) -> list[tuple[int, int]]:
        """Return when the lanes of a group are open: within their hours, and by the queue where it opens them."""
        windows = self.plan.groups.windows[group]
        hours = list(zip(windows.start.tolist(), windows.end.tolist(), strict=True))
        if not self.plan.network.groups["opens_at"][group]:
            return hours
        changes = [(tick, lanes) for tick, of, lanes in self.log.lane_changes.tolist() if of == group]
        in_use = [(a, b) for (a, lanes), (b, _) in pairwise([*changes, (self.plan.end, 0)]) if lanes]
        both = [(max(a, c), min(b, d)) for a, b in hours for c, d in in_use]
        return [(a, b) for a, b in both if a < b]

    def lane_time(self, group: int) -> tuple[int, int, int]:
        """Return ticks that the lanes of a group are open, are busy within their hours, and are busy after.

        Lanes that the queue opened are open until they have finished the truck that they serve when it closes them.
        """
        windows, lanes = self.plan.groups.windows[group], int(self.plan.groups.lanes[group])
        busy, after, served = 0, 0, []
        for visit in self.visits:
            if self.log.group[visit.row] == group:
                _, started, _, left = visit.known_at(self.plan.end)
                started, left = max(started, self.plan.warmup), max(left, self.plan.warmup)
                opened = open_time(windows, started, left)
                busy, after = busy + opened, after + left - started - opened
                served.append((started, left))
        opened = time_of(self.spans(group), self.plan.warmup, self.plan.end)
        return lanes * int(self.plan.groups.counted[group]) * opened + self.finishing(group, served), busy, after

    def finishing(self, group: int, served: list[tuple[int, int]]) -> int:
        """Return how long lanes that the queue opens serve or hold trucks within their hours beyond those in use."""
        if not self.plan.network.groups["opens_at"][group]:
            return 0
        windows, spans = self.plan.groups.windows[group], self.spans(group)
        moments = {tick for span in (*served, *spans) for tick in span} | {
            *windows.start.tolist(),
            *windows.end.tolist(),
        }
        total = 0
        for a, b in pairwise(sorted(tick for tick in moments if self.plan.warmup <= tick <= self.plan.end)):
            in_use = int(self.plan.groups.lanes[group]) if any(first <= a < last for first, last in spans) else 0
            serving = sum(started <= a < left for started, left in served)
            total += max(0, serving - in_use) * open_time(windows, a, b)
        return total

    def down_time(self, stage: int) -> int:
        """Return the lane ticks that outages take from a stage, by a walk through all that begins and ends."""
        total, outages = 0, self.log.draws.outages
        for group in np.flatnonzero((self.plan.groups.stage == stage) & self.plan.groups.counted):
            lanes = int(self.plan.groups.lanes[group])
            down = [
                (
                    int(start),
                    int(end),
                    lanes if self.plan.outages[source].units is None else self.plan.outages[source].units,
                )
                for source, start, end in zip(outages.source, outages.start, outages.end, strict=True)
                if group in self.plan.outages[source].resources
            ]
            cuts = sorted({self.plan.warmup, self.plan.end, *(t for a, b, _ in down for t in (a, b))})
            for a, b in pairwise(cut for cut in cuts if self.plan.warmup <= cut <= self.plan.end):
                lost = min(lanes, sum(units or 0 for start, end, units in down if start <= a < end))
                total += lost * time_of(self.spans(int(group)), a, b)
        return total

    def repair_time(self, stage: int) -> int:
        """Return the repair ticks of the services that start in the measured period."""
        repair: list[int] = self.log.draws.repair.tolist()
        handed_over = 0
        for row, tick in enumerate(self.log.failed.tolist()):
            if self.measured(tick) and self.plan.network.line_stage[self.log.draws.line[row]] == stage:
                handed_over += min(int(self.log.draws.fails_for[row]), self.plan.end - int(tick))
        return handed_over + sum(
            min(repair[visit.row], self.plan.end - int(visit.started))
            for visit in self.visits
            if visit.stage == stage
            and self.measured(visit.started)
            and self.log.started[visit.row] != NEVER
            and not self.by_hand(visit)
        )

    def trucks(self, direction: str, name: str | None) -> list[int]:
        """Return the trucks of a direction, or of one class in it."""
        return [
            truck
            for truck, kind in enumerate(self.kind)
            if kind.direction == direction and name in (None, kind.vehicle_class)
        ]

    def measured(self, tick: float) -> bool:
        return self.plan.warmup <= tick < self.plan.end

    def fresh(self, truck: int) -> bool:
        """Tell whether a truck arrives in the measured period."""
        return self.measured(self.arrival[truck]) and not self.stood[truck]

    def shelf_life(self, truck: int) -> tuple[int, int]:
        """Return the shelf life that the load of a truck has left at its release and what it lost, in ticks."""
        draws, mine = self.log.draws, [visit for visit in self.visits if visit.truck == truck]
        before = [visit for visit in mine if visit.row <= draws.released[truck]]
        pace = [self.gate.stages[self.plan.stages[visit.stage]].ageing for visit in before]
        lost = before[0].joined - self.arrival[truck] if before else 0
        lost += sum(round(p * (visit.left - visit.joined)) for p, visit in zip(pace, before, strict=True))
        life = self.gate.classes[self.kind[truck].vehicle_class].shelf_life
        assert life is not None
        age = int(draws.age[truck]) if draws.age.size else 0
        return round(life * 86_400_000) - age - int(lost), int(lost)

    def second_loads(self, direction: str, name: str | None) -> list[float]:
        """Return when the second loads of a direction, or of one class in it, are released."""
        loads = zip(self.second_load, self.second, strict=True)
        return [at for load, at in loads if load and load[1] == direction and name in (None, load[0])]

    def backlog(self, direction: str) -> tuple[list[int], int]:
        """Return when those who stood in line at the start were released, and how many were not."""
        mine = [t for t in self.trucks(direction, None) if self.stood[t] and not self.behind[t]]
        gone = [min(self.released[t], self.turned[t]) for t in mine]
        return [int(tick) for tick in gone if tick < math.inf], sum(tick == math.inf for tick in gone)

    def durations(self, trucks: list[int], ends: list[float]) -> tuple[list[int], list[int]]:
        """Return the durations of the cohort that ended, and those cut short by the end of the run.

        Who turned back is left out, but from clearance only if that was before the release.
        """
        released = ends is self.released
        cohort = [
            t for t in trucks if self.fresh(t) and (self.turned[t] == math.inf or (released and ends[t] < math.inf))
        ]
        ended = [int(ends[t] - self.arrival[t]) for t in cohort if ends[t] < math.inf]
        return ended, [self.plan.end - self.arrival[t] for t in cohort if ends[t] == math.inf]

    def by_day(self, direction: str, ticks: list[float], left_out: list[bool], more: Sequence[float] = ()) -> list[int]:
        """Count by day of the bulletin's side, but for trucks left out."""
        borders = [int(tick) for tick in self.plan.midnight if self.plan.warmup <= tick <= self.plan.end]
        mine = [ticks[truck] for truck in self.trucks(direction, None) if not left_out[truck]]
        return [sum(a <= tick < b for tick in [*mine, *more]) for a, b in pairwise(borders)]

    def over_the_border(self, truck: int, direction: str) -> float:
        """Return when a truck first came to a stage of the other side, if the bulletin counts until then."""
        if self.gate.end_of_day.counts != "until-crossing":
            return math.inf
        ours = next(side for way, side in self.gate.origin.items() if way == direction)
        sides = [self.gate.stages[self.plan.stages[visit.stage]].side for visit in self.made[truck]]
        came = (max(visit.joined, self.arrival[truck]) for visit in self.made[truck])
        return next((tick for tick, side in zip(came, sides, strict=True) if side != ours), math.inf)

    def stock(self, direction: str) -> list[int]:
        """Count who has arrived and is not released, or not over the border, in the tick before each bulletin."""
        return [
            sum(
                self.arrival[t] < bulletin <= min(self.released[t], self.turned[t], self.over_the_border(t, direction))
                for t in self.trucks(direction, None)
                if not self.behind[t]
            )
            for bulletin in self.plan.bulletin
        ]
