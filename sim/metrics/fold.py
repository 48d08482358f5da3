"""What a replication measured: every number with its unit, and what it means to a planner."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sim.clock import TICKS_PER_DAY, TICKS_PER_HOUR, Ticks
from sim.engines.log import NEVER, EventLog
from sim.metrics.definitions import METRICS, OUTSIDE, Definition, Key
from sim.metrics.levels import HourlySeries, LevelSeries
from sim.metrics.sums import Sums
from sim.metrics.survival import Survival
from sim.metrics.time_use import AFTER_CLOSING, BLOCKED, VISITS, WAITING, WHILE_OPEN
from sim.plan.plan import Plan, Worth
from sim.plan.supply import UNLIMITED_LANES

__all__ = ["METRICS", "OUTSIDE", "Definition", "Fold", "Key", "Measures", "StageTime", "measure"]

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

PERCENT: Floats = np.arange(1, 200) / 2
"""Percentages at which the curves of clearance and passage are given."""
METRES_PER_KM = 1000
QUANTILES = {"p50": 50.0, "p90": 90.0, "p95": 95.0, "p99": 99.0}
UNDEFINED = float("nan")


class StageTime(NamedTuple):
    """Where the trucks of one direction spent their time at one stage, added up over their visits."""

    visits: int
    """Visits joined in the measured period; a visit not over at the end counts with its time so far."""
    waiting_h: float
    closed_h: float
    served_h: float
    blocked_h: float


@dataclass(frozen=True, eq=False)
class Measures:
    """What one replication measured. Every replication of a plan has the same keys, in the same order."""

    values: dict[Key, float]
    """NaN where undefined."""
    hourly_integral: npt.NDArray[np.integer[Any]]
    """(hours, stages) integral of the number of trucks in line, by hour of the measured period [truck tick]."""
    hourly_max: npt.NDArray[np.integer[Any]]
    """(hours, stages) largest number of trucks in line."""
    road_m: dict[tuple[str | None, str | None], float]
    """(direction outside, None) or (None, area that is a road) -> road that each truck there takes [m], if known."""
    road_integral: npt.NDArray[np.integer[Any]]
    """(hours, places of `road_m`) integral of the number of trucks that stand there [truck tick]."""
    road_max: npt.NDArray[np.integer[Any]]
    """(hours, places of `road_m`) largest number of trucks that stand there."""
    arrived: Counts
    """(days, directions) loaded trucks that arrived, by day of the bulletin's side."""
    released: Counts
    """(days, directions) loaded trucks released from the last control."""
    departed: Counts
    """(days, directions) trucks gone for good."""
    stock: Counts
    """(days, directions) loaded trucks arrived and not released, just before each bulletin."""
    directions: tuple[str, ...]
    percent: Floats
    """(P,) percentages of the curves."""
    clearance_curve: dict[tuple[str, str | None], Floats]
    """(direction, class or None for all) -> (P,) quantiles of clearance [h]; NaN beyond the last release."""
    passage_curve: dict[tuple[str, str | None], Floats]
    """The same for passage [h]."""
    stage_time: dict[tuple[str, str], StageTime]
    """(stage, direction) -> where the time went. `OUTSIDE` is one more stage of a gate with areas."""
    measured_ticks: int
    """Length of the measured period [tick]."""

    @property
    def hourly_mean(self) -> Floats:
        """(hours, stages) mean number of trucks in line, by hour since the start of the measured period."""
        return np.asarray(self.hourly_integral / self._hour_ticks[:, np.newaxis])

    @property
    def tailback_mean_km(self) -> Floats:
        """(hours, places of `road_m`) mean length of the tail-back [km], by hour since the measured period began."""
        return np.asarray(self.road_integral / self._hour_ticks[:, np.newaxis] * self._road_km)

    @property
    def tailback_max_km(self) -> Floats:
        """(hours, places of `road_m`) largest length of the tail-back [km]."""
        return np.asarray(self.road_max * self._road_km)

    @property
    def _road_km(self) -> Floats:
        return np.array(list(self.road_m.values()), np.float64) / METRES_PER_KM

    @property
    def _hour_ticks(self) -> Ticks:
        """(hours,) length of each hour of the measured period; the last may be cut short [tick]."""
        since = np.arange(len(self.hourly_integral)) * TICKS_PER_HOUR
        return np.minimum(self.measured_ticks - since, TICKS_PER_HOUR)


def measure(plan: Plan, log: EventLog) -> Measures:
    """Measure a replication from its event log."""
    fold = Fold(plan, exact=True)
    fold.add(log, 0, plan.end)
    return fold.measures()


class Fold:
    """Measures a replication block by block, without keeping its events.

    Memory does not grow with the length of the run, but for the series by hour and by day, and for the
    trucks still inside at the end.

    Parameters
    ----------
    plan
        The compiled scenario.
    exact
        Keep every clearance and passage time instead of a histogram. Quantiles are then exact; without it
        they are within `sim.metrics.durations.RELATIVE_ERROR` of that. All else is equal.
    """

    def __init__(self, plan: Plan, *, exact: bool = False) -> None:
        self._sums = Sums(plan, exact=exact)

    def add(self, log: EventLog, start: int, end: int) -> None:
        """Add what happened in [start, end).

        Parameters
        ----------
        log
            All that is known at `end`, or later, of the trucks that were inside at `start` or came since.
            What happened outside the block is left aside.
        start, end
            The block [tick]. Blocks follow each other, from 0 to the end of the plan.

        Raises
        ------
        ValueError
            If the block does not start where the last one ended.
        """
        self._sums.add(log, start, end)

    def measures(self) -> Measures:
        """Return what the replication measured.

        Raises
        ------
        ValueError
            If blocks are missing.
        """
        if self._sums.at != self._sums.plan.end:
            raise ValueError(f"added up to tick {self._sums.at}, but the run ends at {self._sums.plan.end}")
        return _measures(self._sums)


def _measures(sums: Sums) -> Measures:
    plan = sums.plan
    clearance = {name: sums.clearance(rows) for name, rows in _cohorts(sums)}
    passage = {name: sums.passage(rows) for name, rows in _cohorts(sums)}
    stage_time = {(stage, direction): _stage_time(sums, stage, direction) for stage, direction in _served(plan)}
    found = [
        *_flow_values(sums),
        *_time_values("clearance_h", clearance),
        *_time_values("passage_h", passage),
        *_backlog_values(sums),
        *_shelf_values(sums),
        *_value_values(sums),
        *_turnout_values(sums),
        *_stage_values(stage_time),
        *_queue_values(sums),
        *_lane_values(sums),
        *_outside_values(sums),
        *_area_values(sums),
        *_lock_values(sums),
        *_pool_values(sums),
    ]
    order = list(METRICS)
    return Measures(
        values=dict(sorted(found, key=lambda item: order.index(item[0].metric))),
        hourly_integral=sums.queues.integral.by_hour(),
        hourly_max=sums.queues.highest.by_hour(),
        road_m=_road_m(sums),
        road_integral=_on_roads(sums, lambda levels: levels.integral),
        road_max=_on_roads(sums, lambda levels: levels.highest),
        arrived=sums.arrived,
        released=sums.released,
        departed=sums.departed,
        stock=sums.stock,
        directions=sums.directions,
        percent=PERCENT,
        clearance_curve={name: _hours(survival.quantiles(PERCENT)) for name, survival in clearance.items()},
        passage_curve={name: _hours(survival.quantiles(PERCENT)) for name, survival in passage.items()},
        stage_time={**stage_time, **_outside_time(sums)},
        measured_ticks=plan.end - plan.warmup,
    )


Values = Iterator[tuple[Key, float]]


def _cohorts(sums: Sums) -> Iterator[tuple[tuple[str, str | None], list[int]]]:
    """Yield (direction, vehicle class or None for all) with the rows of the sums that it joins."""
    for direction in sums.directions:
        rows = [row for row, (of, _) in enumerate(sums.classes) if of == direction]
        yield (direction, None), rows
        for row in rows:
            yield (direction, sums.classes[row][1]), [row]


def _flow_values(sums: Sums) -> Values:
    days = sums.plan.measured_days
    for (direction, name), rows in _cohorts(sums):
        arrived = int(sums.arrived_by_class[rows].sum())
        released = int(sums.released_by_class[rows].sum())
        service = int(sums.service_to_release[rows].sum())
        second = int(sums.second_by_class[rows].sum())
        yield Key("throughput_per_day", "mean", direction, name), (released + second) / days
        if sums.second_loads:
            yield Key("second_loads_per_day", "mean", direction, name), second / days
        yield Key("arrivals_per_day", "mean", direction, name), arrived / days
        yield Key("no_queue_clearance_h", "mean", direction, name), _ratio(service, arrived * TICKS_PER_HOUR)
        if sums.plan.turns_back:
            yield from _turned_back_values(sums, direction, name, rows)
        if name is not None:
            continue
        stock = sums.stock[:, sums.directions.index(direction)]
        yield Key("stock_trucks", "end_of_day", direction), float(stock.mean())
        yield Key("stock_trucks", "max", direction), float(stock.max())
        yield Key("stock_days", "end_of_day", direction), _ratio(float(stock.mean()) * days, released)
        yield Key("inside_end_trucks", "total", direction), float(sums.inside_by_class[rows].sum())
        yield Key("unfinished_share", "share", direction), _ratio(sums.unfinished(rows), arrived)


def _turned_back_values(sums: Sums, direction: str, name: str | None, rows: list[int]) -> Values:
    turned, days = sums.turned_back_by_class[rows], sums.plan.measured_days
    yield Key("turned_back_per_day", "mean", direction, name), int(turned.sum()) / days
    tonnes = sums.plan.load_t[rows]
    if not np.isnan(tonnes).any():
        yield Key("turned_back_t_per_day", "mean", direction, name), float((turned * tonnes).sum()) / days


def _time_values(metric: str, found: dict[tuple[str, str | None], Survival]) -> Values:
    for (direction, name), survival in found.items():
        yield Key(metric, "mean", direction, name), survival.mean / TICKS_PER_HOUR
        hours = _hours(survival.quantiles(np.array(list(QUANTILES.values()))))
        for statistic, value in zip(QUANTILES, hours, strict=True):
            yield Key(metric, statistic, direction, name), float(value)


def _backlog_values(sums: Sums) -> Values:
    """Yield how long it takes until those are released who stood in line at the start."""
    if sums.backlog is None:
        return
    plan = sums.plan
    for direction in sorted({plan.kinds[stream.kind].direction for stream in plan.streams if stream.standing}):
        rows = [row for row, (of, _) in enumerate(sums.classes) if of == direction]
        survival, last = sums.backlog.survival(rows), int(sums.backlog.last[rows].max())
        gone = last != NEVER and not sums.backlog.unfinished(rows)
        yield from _time_values("backlog_h", {(direction, None): survival})
        yield Key("backlog_h", "max", direction), last / TICKS_PER_HOUR if gone else UNDEFINED


def _shelf_values(sums: Sums) -> Values:
    """Yield the shelf life of perishable loads at their release."""
    if sums.ageing is None:
        return
    found, shelf = sums.ageing, sums.plan.shelf
    for (direction, name), cohort in _cohorts(sums):
        rows = [row for row in cohort if shelf[row] is not None]
        if not rows:
            continue
        loads = int(found.loads[rows].sum())
        left, lost = (int(ticks[rows].sum()) / TICKS_PER_DAY for ticks in (found.left, found.lost))
        yield Key("shelf_life_d", "mean", direction, name), _ratio(left, loads)
        yield Key("shelf_life_lost_d", "mean", direction, name), _ratio(lost, loads)
        yield Key("short_life_share", "share", direction, name), _ratio(int(found.short[rows].sum()), loads)
        tonnes = [None if load is None else load.tonnes for load in (shelf[row] for row in rows)]
        if None not in tonnes:
            lost_t = sum((load or 0.0) * int(found.lost[row]) for load, row in zip(tonnes, rows, strict=True))
            yield (
                Key("tonne_days_lost_per_day", "mean", direction, name),
                (lost_t / TICKS_PER_DAY / sums.plan.measured_days),
            )


def _value_values(sums: Sums) -> Values:
    """Yield the value that loads lost: those that turned back, and those that aged until their release."""
    plan = sums.plan
    for (direction, name), cohort in _cohorts(sums):
        rows = [(row, worth) for row in cohort if (worth := plan.worth[row]) is not None]
        if rows:
            lost = sum(worth.value_usd * _share_lost(sums, row, worth) for row, worth in rows)
            yield Key("value_lost_usd_per_day", "mean", direction, name), lost / plan.measured_days


def _share_lost(sums: Sums, row: int, worth: Worth) -> float:
    """Return the value lost of the loads of a row, in loads."""
    aged = 0 if sums.ageing is None else int(sums.ageing.lost[row])
    return worth.turned_back * int(sums.turned_back_by_class[row]) + worth.per_day * aged / TICKS_PER_DAY


def _turnout_values(sums: Sums) -> Values:
    """Yield what booking made of the arrivals."""
    found, days = sums.turnout, sums.plan.measured_days
    if found is None:
        return
    for (direction, name), cohort in _cohorts(sums):
        rows = [row for row in cohort if row in found.rows]
        if not rows:
            continue
        booked, moved = int(found.booked[rows].sum()), int(found.moved[rows].sum())
        yield Key("slot_delay_h", "mean", direction, name), _ratio(moved / TICKS_PER_HOUR, booked)
        yield Key("without_slot_per_day", "mean", direction, name), int(found.without[rows].sum()) / days
        yield Key("no_shows_per_day", "mean", direction, name), int(found.no_shows[rows].sum()) / days


def _served(plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield each (stage, direction) that some path has."""
    directions: dict[str, set[str]] = {stage: set() for stage in plan.stages}
    for stream in plan.streams:
        for visit in stream.path.visits:
            directions[visit.stage].add(plan.kinds[stream.kind].direction)
    for stage, found in directions.items():
        yield from ((stage, direction) for direction in sorted(found))


def _stage_time(sums: Sums, stage: str, direction: str) -> StageTime:
    totals = sums.use.totals.stage[sums.plan.stages.index(stage), sums.directions.index(direction)]
    return StageTime(int(totals[VISITS]), *_hours(totals[WAITING : BLOCKED + 1]).tolist())


def _stage_values(found: dict[tuple[str, str], StageTime]) -> Values:
    for (stage, direction), time in found.items():
        yield Key("wait_h", "mean", direction, stage=stage), _ratio(time.waiting_h, time.visits)
        yield Key("closed_h", "mean", direction, stage=stage), _ratio(time.closed_h, time.visits)
        yield Key("blocked_h", "mean", direction, stage=stage), _ratio(time.blocked_h, time.visits)


def _queue_values(sums: Sums) -> Values:
    for index, stage in enumerate(sums.plan.stages):
        yield from _level_values(sums, Key("queue_trucks", "mean", stage=stage), sums.queues, index)


def _level_values(sums: Sums, mean: Key, levels: LevelSeries, index: int, each: float = 1.0) -> Values:
    """Yield mean, maximum and end-of-day level of one place, of which a truck makes up `each`; `mean` is the first."""
    integral = int(levels.integral[index].sum())
    yield mean, each * integral / (sums.plan.end - sums.plan.warmup)
    yield mean._replace(statistic="max"), each * float(levels.highest[index].max())
    yield mean._replace(statistic="end_of_day"), each * float(levels.bulletin[index].mean())


def _lane_values(sums: Sums) -> Values:
    """Yield what a stage with a limited number of lanes made of them."""
    plan, groups = sums.plan, sums.plan.groups
    measured = np.array([plan.warmup, plan.end])
    for index, stage in enumerate(plan.stages):
        mine = np.flatnonzero(groups.stage == index)
        if (groups.lanes[mine] >= UNLIMITED_LANES).any():
            continue
        lanes = mine[groups.counted[mine]]
        open_time = sum(int(groups.lanes[g]) * int(np.diff(groups.windows[g].open_before(measured))[0]) for g in lanes)
        if sums.down and any(g in source.resources for source in plan.outages for g in lanes.tolist()):
            yield Key("down_share", "share", stage=stage), _ratio(int(sums.down.lost[lanes].sum()), open_time)
        busy, after = sums.use.totals.lane[mine].sum(axis=0)[[WHILE_OPEN, AFTER_CLOSING]].tolist()
        yield Key("utilisation", "share", stage=stage), _ratio(busy, open_time)
        if sums.repair is not None and plan.failing[index]:
            yield Key("repair_share", "share", stage=stage), _ratio(int(sums.repair.ticks[index]), open_time)
        yield Key("overtime_h", "mean", stage=stage), after / TICKS_PER_HOUR / plan.measured_days


def _outside_time(sums: Sums) -> dict[tuple[str, str], StageTime]:
    """Return the time outside as that at one more stage; nothing for a gate without areas."""
    if sums.spaces is None:
        return {}
    found = {}
    for index, direction in enumerate(sums.directions):
        rows = [row for row, (of, _) in enumerate(sums.classes) if of == direction]
        hours = int(sums.spaces.outside_time[index]) / TICKS_PER_HOUR
        found[OUTSIDE, direction] = StageTime(int(sums.arrived_by_class[rows].sum()), 0.0, 0.0, 0.0, hours)
    return found


def _road_m(sums: Sums) -> dict[tuple[str | None, str | None], float]:
    """Return how much road a truck takes that stands outside, or in an area that is a road."""
    plan, found = sums.plan, dict[tuple[str | None, str | None], float]()
    if sums.spaces is not None and plan.outside_road_m is not None:
        found |= {(direction, None): plan.outside_road_m for direction in sums.directions}
    roads = zip(plan.areas, plan.road_m, strict=True)
    return found | {(None, area): road_m for area, road_m in roads if road_m is not None}


def _on_roads(sums: Sums, part: Callable[[LevelSeries], HourlySeries]) -> npt.NDArray[np.integer[Any]]:
    """Return (hours, places of `_road_m`) a number of the trucks that stand on the road."""
    found: list[npt.NDArray[np.integer[Any]]] = []
    for direction, area in _road_m(sums):
        assert sums.spaces is not None
        if direction is not None:
            found.append(part(sums.spaces.outside)[sums.directions.index(direction)])
        else:
            found.append(part(sums.spaces.areas)[sums.plan.areas.index(str(area))])
    return np.stack(found, axis=1) if found else np.zeros((len(sums.queues.integral[0]), 0), np.uint8)


def _outside_values(sums: Sums) -> Values:
    """Yield what waited outside for a space."""
    for (_, direction), time in _outside_time(sums).items():
        assert sums.spaces is not None
        index = sums.directions.index(direction)
        levels = sums.spaces.outside
        yield from _level_values(sums, Key("outside_trucks", "mean", direction), levels, index)
        if sums.plan.outside_road_m is not None:
            km = sums.plan.outside_road_m / METRES_PER_KM
            yield from _level_values(sums, Key("tailback_km", "mean", direction), levels, index, km)
        yield Key("outside_h", "mean", direction), _ratio(time.blocked_h, time.visits)


def _area_values(sums: Sums) -> Values:
    if sums.spaces is None:
        return
    levels = sums.spaces.areas
    for index, area in enumerate(sums.plan.areas):
        integral = int(levels.integral[index].sum())
        yield Key("area_trucks", "mean", stage=area), integral / (sums.plan.end - sums.plan.warmup)
        yield Key("area_trucks", "max", stage=area), float(levels.highest[index].max())
        road_m = sums.plan.road_m[index]
        if road_m is not None:
            km = road_m / METRES_PER_KM
            yield from _level_values(sums, Key("tailback_km", "mean", stage=area), levels, index, km)


def _lock_values(sums: Sums) -> Values:
    if sums.locked is not None:
        yield Key("locked_trucks", "total"), float(sums.locked)


def _pool_values(sums: Sums) -> Values:
    if sums.pools is None:
        return
    plan = sums.plan
    for n, (name, on_duty, in_use) in enumerate(zip(plan.pools, plan.on_duty, sums.pools.in_use.tolist(), strict=True)):
        down = int(sums.down.lost[plan.network.groups.size + n]) if sums.down else 0
        there = on_duty.unit_time(plan.warmup, plan.end) - down
        yield Key("pool_utilisation", "share", stage=name), _ratio(in_use, there)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else UNDEFINED


def _hours(ticks: Ticks | Floats) -> Floats:
    return np.asarray(ticks / TICKS_PER_HOUR, np.float64)
