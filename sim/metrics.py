"""What a replication measured: every number with its unit, and what it means to a planner."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sim.clock import TICKS_PER_HOUR, Ticks
from sim.fold import Fold
from sim.log import EventLog
from sim.plan import UNLIMITED_LANES, Plan
from sim.survival import Survival
from sim.time_use import AFTER_CLOSING, BLOCKED, VISITS, WAITING, WHILE_OPEN

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

PERCENT: Floats = np.arange(1, 200) / 2
"""Percentages at which the curves of clearance and passage are given."""
QUANTILES = {"p50": 50.0, "p90": 90.0, "p95": 95.0, "p99": 99.0}
UNDEFINED = float("nan")


class Key(NamedTuple):
    """The name of one number of a replication."""

    metric: str
    statistic: str
    direction: str | None = None
    vehicle_class: str | None = None
    stage: str | None = None


@dataclass(frozen=True)
class Definition:
    """What a metric is."""

    unit: str
    sentence: str
    """For a planner."""
    source: str
    """Whose definition or formula it is."""


_TRS = (
    "World Customs Organization (2018), Guide to Measure the Time Required for the Release of Goods, version 3: "
    "{}"
)
_CENSORED = (
    "Trucks still inside at the end count as taking longer than they have been there (Kaplan and Meier 1958); the "
    "mean is the area under that curve (Irwin 1949)."
)
_TIME_AVERAGE = "Time average of a counting process (Law 2015, Simulation Modeling and Analysis, section 1.4.3)"
_OURS = "bordergate"

METRICS: dict[str, Definition] = {
    "throughput_per_day": Definition(
        "trucks/day", "Loaded trucks released from the last control per day of 24 hours.", _OURS
    ),
    "arrivals_per_day": Definition("trucks/day", "Loaded trucks that arrive per day of 24 hours.", _OURS),
    "clearance_h": Definition(
        "h",
        "Time from the arrival of a truck to its release from the last control, for trucks that arrive in the "
        f"measured period. {_CENSORED}",
        _TRS.format("time between arrival and release"),
    ),
    "passage_h": Definition(
        "h",
        "Time from the arrival of a truck to its last departure, the empty return included, for trucks that arrive "
        f"in the measured period. {_CENSORED}",
        _TRS.format("time between arrival and exit"),
    ),
    "no_queue_clearance_h": Definition(
        "h",
        "What clearance would take without a queue and without a closed stage: the service times of a truck up to "
        "its release, added up, on average.",
        _OURS,
    ),
    "wait_h": Definition(
        "h",
        "Mean time in line at a visit of the stage while a lane for the truck is open. A visit not over at the end "
        "counts with its time so far.",
        _TRS.format("waiting time at each step"),
    ),
    "closed_h": Definition(
        "h",
        "Mean time in line at a visit of the stage while every lane for the truck is closed, such as overnight.",
        _TRS.format("waiting outside working hours is told apart"),
    ),
    "blocked_h": Definition(
        "h",
        "Mean time at a visit of the stage that a truck stays in its lane after its service, because what is ahead "
        "is full.",
        _OURS,
    ),
    "queue_trucks": Definition(
        "trucks",
        "Trucks in line at the stage, those in service not counted: averaged over time, at most, and on average "
        "when the day's bulletin counts.",
        _TIME_AVERAGE,
    ),
    "stock_trucks": Definition(
        "trucks",
        "Loaded trucks at the gate, not yet released, when the day's bulletin counts: on average over the days, "
        "and on the worst day.",
        _OURS,
    ),
    "stock_days": Definition(
        "days",
        "How many days of throughput the mean stock makes: about how long a truck that arrives now stays.",
        "Little (1961), A proof for the queuing formula L = lambda W, Operations Research 9(3)",
    ),
    "utilisation": Definition(
        "1", "Share of the open lane time of the stage in which a lane serves or holds a truck.", _TIME_AVERAGE
    ),
    "overtime_h": Definition(
        "h/day", "Lane hours per day that the stage works after closing, to finish trucks in service.", _OURS
    ),
    "inside_end_trucks": Definition(
        "trucks", "Trucks still at the gate at the end of the run, empty ones on their way back included.", _OURS
    ),
    "unfinished_share": Definition(
        "1", "Share of the trucks that arrive in the measured period and are not released by its end.", _OURS
    ),
}
"""Every metric of a replication, in the order in which results give them."""


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
    hourly_mean: Floats
    """(hours, stages) mean number of trucks in line, by hour since the start of the measured period."""
    hourly_max: Counts
    """(hours, stages) largest number of trucks in line."""
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
    """(direction, vehicle class or None for all) -> (P,) quantiles of clearance [h]; NaN beyond the last release."""
    passage_curve: dict[tuple[str, str | None], Floats]
    """The same for passage [h]."""
    stage_time: dict[tuple[str, str], StageTime]
    """(stage, direction) -> where the time went."""


def measure(plan: Plan, log: EventLog) -> Measures:
    """Measure a replication from its event log."""
    fold = Fold(plan, exact=True)
    fold.add(log, 0, plan.end)
    return measures(fold)


def measures(fold: Fold) -> Measures:
    """Give units to what a fold added up.

    Raises
    ------
    ValueError
        If the run is not over.
    """
    if fold.at != fold.plan.end:
        raise ValueError(f"the run ends at tick {fold.plan.end}, and {fold.at} is as far as it was added up")
    plan = fold.plan
    length = np.diff(np.append(np.arange(plan.warmup, plan.end, TICKS_PER_HOUR), plan.end))
    clearance = {name: fold.clearance(rows) for name, rows in _cohorts(fold)}
    passage = {name: fold.passage(rows) for name, rows in _cohorts(fold)}
    stage_time = {(stage, direction): _stage_time(fold, stage, direction) for stage, direction in _served(plan)}
    found = [
        *_flow_values(fold),
        *_time_values("clearance_h", clearance),
        *_time_values("passage_h", passage),
        *_stage_values(stage_time),
        *_queue_values(fold),
        *_lane_values(fold),
    ]
    order = list(METRICS)
    return Measures(
        values=dict(sorted(found, key=lambda item: order.index(item[0].metric))),
        hourly_mean=(fold.queues.integral / length).T,
        hourly_max=fold.queues.highest.T,
        arrived=fold.arrived,
        released=fold.released,
        departed=fold.departed,
        stock=fold.stock,
        directions=fold.directions,
        percent=PERCENT,
        clearance_curve={name: _hours(survival.quantiles(PERCENT)) for name, survival in clearance.items()},
        passage_curve={name: _hours(survival.quantiles(PERCENT)) for name, survival in passage.items()},
        stage_time=stage_time,
    )


Values = Iterator[tuple[Key, float]]


def _cohorts(fold: Fold) -> Iterator[tuple[tuple[str, str | None], list[int]]]:
    """Yield (direction, vehicle class or None for all) with the rows of the fold that it joins."""
    for direction in fold.directions:
        rows = [row for row, (of, _) in enumerate(fold.classes) if of == direction]
        yield (direction, None), rows
        for row in rows:
            yield (direction, fold.classes[row][1]), [row]


def _flow_values(fold: Fold) -> Values:
    days = fold.plan.measured_days
    for (direction, name), rows in _cohorts(fold):
        arrived = int(fold.arrived_by_class[rows].sum())
        released = int(fold.released_by_class[rows].sum())
        service = int(fold.service_to_release[rows].sum())
        yield Key("throughput_per_day", "mean", direction, name), released / days
        yield Key("arrivals_per_day", "mean", direction, name), arrived / days
        yield Key("no_queue_clearance_h", "mean", direction, name), _ratio(service, arrived * TICKS_PER_HOUR)
        if name is not None:
            continue
        stock = fold.stock[:, fold.directions.index(direction)]
        yield Key("stock_trucks", "end_of_day", direction), float(stock.mean())
        yield Key("stock_trucks", "max", direction), float(stock.max())
        yield Key("stock_days", "end_of_day", direction), _ratio(float(stock.mean()) * days, released)
        yield Key("inside_end_trucks", "total", direction), float(fold.inside_by_class[rows].sum())
        yield Key("unfinished_share", "share", direction), _ratio(fold.unfinished(rows), arrived)


def _time_values(metric: str, found: dict[tuple[str, str | None], Survival]) -> Values:
    for (direction, name), survival in found.items():
        yield Key(metric, "mean", direction, name), survival.mean / TICKS_PER_HOUR
        hours = _hours(survival.quantiles(np.array(list(QUANTILES.values()))))
        for statistic, value in zip(QUANTILES, hours, strict=True):
            yield Key(metric, statistic, direction, name), float(value)


def _served(plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield each (stage, direction) that some path has."""
    for stage, lines in zip(plan.stages, plan.line_of, strict=True):
        for direction in sorted({plan.kinds[k].direction for k in np.flatnonzero(lines >= 0)}):
            yield stage, direction


def _stage_time(fold: Fold, stage: str, direction: str) -> StageTime:
    totals = fold.use.totals.stage[fold.plan.stages.index(stage), fold.directions.index(direction)]
    return StageTime(int(totals[VISITS]), *_hours(totals[WAITING : BLOCKED + 1]).tolist())


def _stage_values(found: dict[tuple[str, str], StageTime]) -> Values:
    for (stage, direction), time in found.items():
        yield Key("wait_h", "mean", direction, stage=stage), _ratio(time.waiting_h, time.visits)
        yield Key("closed_h", "mean", direction, stage=stage), _ratio(time.closed_h, time.visits)
        yield Key("blocked_h", "mean", direction, stage=stage), _ratio(time.blocked_h, time.visits)


def _queue_values(fold: Fold) -> Values:
    for index, stage in enumerate(fold.plan.stages):
        integral = int(fold.queues.integral[index].sum())
        yield Key("queue_trucks", "mean", stage=stage), integral / (fold.plan.end - fold.plan.warmup)
        yield Key("queue_trucks", "max", stage=stage), float(fold.queues.highest[index].max())
        yield Key("queue_trucks", "end_of_day", stage=stage), float(fold.queues.bulletin[index].mean())


def _lane_values(fold: Fold) -> Values:
    """Yield what a stage with a limited number of lanes made of them."""
    plan, groups = fold.plan, fold.plan.groups
    measured = np.array([plan.warmup, plan.end])
    for index, stage in enumerate(plan.stages):
        mine = np.flatnonzero(groups.stage == index)
        if (groups.lanes[mine] >= UNLIMITED_LANES).any():
            continue
        open_time = sum(
            int(groups.lanes[g]) * int(np.diff(groups.windows[g].open_before(measured))[0]) for g in mine
        )
        busy, after = fold.use.totals.lane[mine].sum(axis=0)[[WHILE_OPEN, AFTER_CLOSING]].tolist()
        yield Key("utilisation", "share", stage=stage), _ratio(busy, open_time)
        yield Key("overtime_h", "mean", stage=stage), after / TICKS_PER_HOUR / plan.measured_days


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else UNDEFINED


def _hours(ticks: Ticks | Floats) -> Floats:
    return np.asarray(ticks / TICKS_PER_HOUR, np.float64)
