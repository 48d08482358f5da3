"""What a replication measured: the numbers of all meters, and the series and curves behind them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from sim.clock import TICKS_PER_HOUR, Ticks
from sim.engines.log import STAYED_AWAY, EventLog, of_those_who_came
from sim.metrics.block import LogBlock
from sim.metrics.meter import Floats, Key, Meter
from sim.metrics.registry import METERS, METRICS
from sim.metrics.resources.areas import METRES_PER_KM, OUTSIDE, Areas, Place
from sim.metrics.scope import Counts, Scope
from sim.metrics.stages.queues import Queues
from sim.metrics.stages.times import StageTime, StageTimes
from sim.metrics.trucks.clearance import PERCENT, Clearance, Curves, curves
from sim.metrics.trucks.flows import Flows
from sim.metrics.trucks.stock import Stock
from sim.plan.plan import Plan

AnyMeter = TypeVar("AnyMeter", bound=Meter)
Series = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True, eq=False)
class Measures:
    """What one replication measured. Every replication of a plan has the same keys, in the same order."""

    values: dict[Key, float]
    """NaN where undefined."""
    hourly_integral: Series
    """(hours, stages) integral of the number of trucks in the queue, by hour of the measured period [truck tick]."""
    hourly_max: Series
    """(hours, stages) largest number of trucks in the queue."""
    road_m: dict[Place, float]
    """(direction outside, None) or (None, area that is a road) -> road that each truck there takes [m], if known."""
    road_integral: Series
    """(hours, places of `road_m`) integral of the number of trucks that stand there [truck tick]."""
    road_max: Series
    """(hours, places of `road_m`) largest number of trucks that stand there."""
    arrived: Counts
    """(days, directions) loaded trucks that arrived, by day of the bulletin's side."""
    released: Counts
    """(days, directions) loaded trucks released from the last control."""
    departed: Counts
    """(days, directions) trucks gone for good."""
    stock: Counts
    """(days, directions) loaded trucks in the stock, just before each bulletin."""
    directions: tuple[str, ...]
    percent: Floats
    """(P,) percentages of the curves."""
    clearance_curve: Curves
    """(direction, class or None for all) -> (P,) quantiles of clearance [h]; NaN beyond the last release."""
    passage_curve: Curves
    """The same for passage [h]."""
    stage_time: dict[tuple[str, str], StageTime]
    """(stage, direction) -> where the time went. `OUTSIDE` is one more stage of a gate with areas."""
    measured_ticks: int
    """Length of the measured period [tick]."""

    def __repr__(self) -> str:
        """Return a line: its numbers and series fill many screens."""
        return f"Measures: {len(self.values)} numbers, {len(self.hourly_integral)} hours, {len(self.arrived)} days"

    @property
    def hourly_mean(self) -> Floats:
        """(hours, stages) mean number of trucks in the queue, by hour since the start of the measured period."""
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
        self._scope = Scope(plan, exact=exact)
        self._at = 0
        """Where the next block starts [tick]."""
        meters = [meter.for_plan(self._scope) for meter in METERS]
        self._meters = [meter for meter in meters if meter is not None]

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
        if start != self._at or not start < end <= self._scope.plan.end:
            raise ValueError(f"a block from tick {start} to {end} cannot follow one that ends at {self._at}")
        self._at = end
        stayed_away = self._stayed_away(log, start, end)
        block = LogBlock(self._scope, of_those_who_came(log, end), start, end, stayed_away)
        for meter in self._meters:
            meter.add(block)

    def _stayed_away(self, log: EventLog, start: int, end: int) -> Counts:
        """Return the flows of the trucks that stay away in [start, end) and in the measured period."""
        arrival = log.draws.arrival[: log.came.size]
        here = (arrival >= max(start, self._scope.plan.warmup)) & (arrival < end)
        return np.asarray(log.draws.flow[: log.came.size][here & (log.came == STAYED_AWAY)], np.int64)

    def measures(self) -> Measures:
        """Return what the replication measured.

        Raises
        ------
        ValueError
            If blocks are missing.
        """
        plan = self._scope.plan
        if self._at != plan.end:
            raise ValueError(f"added up to tick {self._at}, but the run ends at {plan.end}")
        queues, areas = self._the(Queues), self._first(Areas)
        flows, clearance = self._the(Flows), self._the(Clearance)
        roads = areas.roads() if areas else []
        hours = len(queues.levels.integral.by_hour())
        return Measures(
            values=self._values(),
            hourly_integral=queues.levels.integral.by_hour(),
            hourly_max=queues.levels.highest.by_hour(),
            road_m={road.place: road.road_m for road in roads},
            road_integral=_columns([road.integral for road in roads], hours),
            road_max=_columns([road.highest for road in roads], hours),
            arrived=flows.arrived,
            released=flows.released,
            departed=flows.departed,
            stock=self._the(Stock).stock,
            directions=self._scope.directions,
            percent=PERCENT,
            clearance_curve=curves(clearance.clearance),
            passage_curve=curves(clearance.passage),
            stage_time=self._the(StageTimes).times() | (_outside_times(areas) if areas else {}),
            measured_ticks=plan.end - plan.warmup,
        )

    def _values(self) -> dict[Key, float]:
        """Return the numbers of all meters, metric by metric."""
        order = {name: place for place, name in enumerate(METRICS)}
        values = [value for meter in self._meters for value in meter.values()]
        return dict(sorted(values, key=lambda item: order[item[0].metric]))

    def _first(self, kind: type[AnyMeter]) -> AnyMeter | None:
        return next((meter for meter in self._meters if isinstance(meter, kind)), None)

    def _the(self, kind: type[AnyMeter]) -> AnyMeter:
        """Return the meter of a kind that measures at every gate."""
        return next(meter for meter in self._meters if isinstance(meter, kind))


def _outside_times(areas: Areas) -> dict[tuple[str, str], StageTime]:
    """Return the time outside as that at one more stage."""
    return {
        (OUTSIDE, direction): StageTime(arrived, 0.0, 0.0, 0.0, hours)
        for direction, (arrived, hours) in areas.outside().items()
    }


def _columns(series: list[Series], hours: int) -> Series:
    return np.stack(series, axis=1) if series else np.zeros((hours, 0), np.uint8)
