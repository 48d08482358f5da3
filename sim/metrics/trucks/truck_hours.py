"""Hours that trucks spend at the gate by what they do there, and what they drive: what money and energy rest on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from sim.clock import TICKS_PER_HOUR
from sim.metrics.block import LogBlock
from sim.metrics.meter import TIME_AVERAGE, Key, Meter, Metric, Readings
from sim.metrics.scope import Scope
from sim.metrics.time_use import time_use
from sim.plan.plan import HourKeeping

_STATES = (  # in the order of `sim.metrics.time_use.Totals.hours`
    ("queue", "in queues of stages that are open"),
    ("closed", "in queues of stages that are closed"),
    ("blocked", "in lanes that they block, and outside for lack of space"),
    ("served", "in service, roads (`drive`) and holds left out"),
    ("road", "on roads of the gate (`drive`)"),
    ("held", "at stages where goods are not ready (`hold`), their queues included"),
    ("loaded", "with a load, from arrival to the last stage with one, holds left out"),
)
HOURS = tuple(
    Metric(
        name=f"{name}_truck_hours_per_day",
        title=f"Truck hours, {name}",
        unit="h/day",
        statistics=("mean",),
        better="neither" if name in ("served", "road", "held") else "less",
        definition=f"Hours per day that trucks spend {text}. Measured at gates with `money` or `energy`.",
        source=TIME_AVERAGE,
    )
    for name, text in _STATES
)
DRIVEN = Metric(
    name="driven_km_per_day",
    title="Distance driven by trucks",
    unit="km/day",
    statistics=("mean",),
    better="neither",
    definition="Distance per day that trucks drive on the roads of the gate (`drive` of stages).",
    source=TIME_AVERAGE,
)
TRIPS = Metric(
    name="fleet_trips_per_day",
    title="Trips of a fleet",
    unit="trips/day",
    statistics=("mean",),
    better="neither",
    definition="Trips per day of the units of a pool that `energy.fleets` names, which stands in place of the stage.",
    source=TIME_AVERAGE,
)


class TruckHours(Meter):
    """Adds up the hours of trucks by state, the services at each stage, and the trips of fleets."""

    metrics = (*HOURS, DRIVEN, TRIPS)
    place = 65

    def __init__(self, scope: Scope, keeping: HourKeeping) -> None:
        self._scope, self._keeping = scope, keeping
        rows = len(scope.classes)
        self._by_state = np.zeros((rows, len(HOURS)), np.int64)
        """(rows, states) [tick]."""
        self._services = np.zeros((rows, keeping.hold.size), np.int64)
        """(rows, stages) services that start."""

    @classmethod
    def for_plan(cls, scope: Scope) -> Self | None:
        """Return a meter; None for a gate that counts neither money nor energy."""
        keeping = scope.plan.hour_keeping
        return None if keeping is None else cls(scope, keeping)

    def add(self, block: LogBlock) -> None:
        """Add what trucks do in a block."""
        totals = time_use(block)
        self._by_state += totals.hours
        self._services += totals.services

    def values(self) -> Readings:
        """Yield the hours of each direction and class, the distance driven, and the trips of each fleet."""
        for metric, column in zip(HOURS, self._by_state.T, strict=True):
            yield from self._by_cohort(metric, column / TICKS_PER_HOUR)
        yield from self._by_cohort(DRIVEN, self._services @ self._keeping.drive_m / 1000)
        trips = self._services.sum(axis=0) @ self._keeping.fleet_units
        for pool, count in zip(self._keeping.fleets, trips.tolist(), strict=True):
            yield TRIPS.key("mean", stage=pool), count / self._scope.plan.measured_days

    def _by_cohort(self, metric: Metric, by_row: npt.NDArray[Any]) -> Iterator[tuple[Key, float]]:
        for direction, name, rows in self._scope.cohorts:
            yield metric.key("mean", direction, name), float(by_row[list(rows)].sum()) / self._scope.plan.measured_days
