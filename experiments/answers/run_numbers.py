"""The numbers of a result folder as sentences and tables read them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.runs.statistics import Estimate, growth_a_day, mean_interval, unreleased_a_day
from sim.metrics.meter import Key
from sim.metrics.registry import key_of

if TYPE_CHECKING:
    from experiments.runs.run import RunResult

HIGH_UTILISATION = 0.70
"""With random arrivals and services (M/M/1) the mean wait is u / (1 - u) services: one at 50 %, 2.3 at 70 %, nine at
90 %."""
STATES = ("waiting", "closed", "served", "blocked")
NO_ESTIMATE = Estimate(math.nan, math.nan, math.nan)
RELEASED = "throughput_per_day"
TIMES = ("clearance_h", "passage_h")
"""Times whose mean says nothing where nobody was released: it would only grow with the run."""


def estimate_of(row: Mapping[str, Any]) -> Estimate:
    """Return the estimate of a row of `metrics.json`; folders of earlier versions do not count replications."""
    value, low, high = (math.nan if row[end] is None else float(row[end]) for end in ("value", "low", "high"))
    unreached = int(row.get("unreached", 0))
    return Estimate(math.inf if unreached else value, low, high, int(row.get("n", 0)), unreached)


class Metrics:
    """The numbers of `metrics.json`, by name."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.replications: int = document.get("replications", 0)
        self.batches: int = document.get("batches", 0)
        """Batches of days that give intervals of one long run; 0 where intervals are over replications."""
        self._estimates = {key_of(row): estimate_of(row) for row in document["metrics"]}

    def get(
        self,
        metric: str,
        statistic: str = "mean",
        direction: str | None = None,
        vehicle_class: str | None = None,
        stage: str | None = None,
    ) -> Estimate:
        """Return an estimate; NaN if the run has none of this name, or a mean time of nobody."""
        if metric in TIMES and self._nobody_is_released(direction, vehicle_class):
            return NO_ESTIMATE
        return self._estimates.get(Key(metric, statistic, direction, vehicle_class, stage), NO_ESTIMATE)

    def _nobody_is_released(self, direction: str | None, vehicle_class: str | None) -> bool:
        released = self._estimates.get(Key(RELEASED, "mean", direction, vehicle_class), NO_ESTIMATE)
        return bool(released.value == 0)

    def means(self) -> dict[Key, float]:
        """Return the mean of every number."""
        return {key: estimate.value for key, estimate in self._estimates.items()}

    def has(self, metric: str, statistic: str, direction: str | None = None, *, stage: str | None = None) -> bool:
        """Tell whether the run has a number of this name."""
        return Key(metric, statistic, direction, None, stage) in self._estimates

    def utilisation(self, stage: str) -> Estimate:
        """Return the share of their open time in which the lanes of a stage are busy; NaN without a limit."""
        return self.get("utilisation", "share", stage=stage)

    def pool_utilisation(self, pool: str) -> Estimate:
        """Return the share of the units of a pool on duty that are in use."""
        return self.get("pool_utilisation", "share", stage=pool)


@dataclass(frozen=True)
class StageTime:
    """Hours of all trucks of a direction at one stage, an entry for each replication."""

    waiting: tuple[float, ...]
    """In the queue while the stage is open [h]."""
    closed: tuple[float, ...]
    """In the queue while the stage is closed [h]."""
    served: tuple[float, ...]
    """In service [h]."""
    blocked: tuple[float, ...]
    """Served, and unable to go on [h]."""


StageTimes = Mapping[tuple[str, str], StageTime]
"""(direction, stage) -> where the time goes there."""


@dataclass(frozen=True)
class Days:
    """What the days of one direction brought, an entry for each replication."""

    arrived: tuple[float, ...]
    """Trucks that arrived in the measured period."""
    stock: tuple[tuple[float, ...], ...]
    """Trucks waiting at the bulletin of each day."""
    flows: tuple[tuple[tuple[float, ...], tuple[float, ...]], ...] = ()
    """Trucks that arrived and trucks that were released, by day."""

    @property
    def growth(self) -> Estimate:
        """Trucks by which the stock grows a day; NaN if the run is too short to tell."""
        return mean_interval([growth_a_day(stock) for stock in self.stock])

    @property
    def unreleased(self) -> Estimate:
        """Trucks a day that arrive and are not released; NaN if the run is too short to tell."""
        return mean_interval([unreleased_a_day(arrived, released) for arrived, released in self.flows])


@dataclass(frozen=True)
class RunNumbers:
    """All numbers of a result folder that its answer needs."""

    metrics: Metrics
    times: StageTimes
    days: Mapping[str, Days]
    """Direction -> its days."""

    def stages(self, direction: str) -> dict[str, StageTime]:
        """Return where the time of a direction goes, by stage."""
        return {stage: time for (of, stage), time in self.times.items() if of == direction}

    def a_truck(self, direction: str, hours: Sequence[float]) -> Estimate:
        """Return hours of a direction as a mean over all its trucks, visitors of the stage or not."""
        arrived = self.days[direction].arrived if direction in self.days else ()
        return mean_interval([total / trucks for total, trucks in zip(hours, arrived, strict=False) if trucks])

    def unreleased(self, direction: str) -> Estimate:
        """Return by how many trucks a day those that are not yet released become more; turned back are gone, too."""
        found = self.days[direction].unreleased
        turned_back, second = (
            0.0 if math.isnan(mean := self.metrics.get(metric, direction=direction).value) else mean
            for metric in ("turned_back_per_day", "second_loads_per_day")
        )
        value, low, high = (end - turned_back + second for end in found[:3])
        return found._replace(value=value, low=low, high=high)

    def state(self, direction: str, state: str) -> Estimate:
        """Return the hours that a truck of a direction spends in one of `STATES`, at all stages together."""
        return self.a_truck(direction, added([getattr(time, state) for time in self.stages(direction).values()]))

    def served(self, direction: str, stages: Iterable[str]) -> Estimate:
        """Return the hours that a truck of a direction is in service at some stages together."""
        mine = self.stages(direction)
        return self.a_truck(direction, added([mine[stage].served for stage in stages if stage in mine]))


def added(totals: Sequence[Sequence[float]]) -> list[float]:
    """Return the sums of some totals by replication."""
    return [math.fsum(column) for column in zip(*totals, strict=True)]


def read_numbers(folder: Path) -> RunNumbers:
    """Return the numbers of a result folder."""
    from pyarrow import parquet

    from experiments.result_folder import read_json

    return RunNumbers(
        Metrics(read_json(folder / "metrics.json")),
        stage_times(parquet.read_table(folder / "stages.parquet").to_pylist()),
        days(parquet.read_table(folder / "days.parquet").to_pylist()),
    )


def numbers_of(result: RunResult) -> RunNumbers:
    """Return the numbers of a run that has no folder yet: those that `read_numbers` finds there."""
    return RunNumbers(Metrics(result.metrics), stage_times(_stage_rows(result)), days(_day_rows(result)))


def _stage_rows(result: RunResult) -> Iterator[Mapping[str, Any]]:
    """Yield what `stages.parquet` has of each replication, stage and direction."""
    for replication, measures in enumerate(result.measures):
        for (stage, direction), time in measures.stage_time.items():
            hours = {f"{state}_h": hours for state, hours in zip(STATES, time[1:], strict=True)}
            yield {"replication": replication, "stage": stage, "direction": direction, **hours}


def _day_rows(result: RunResult) -> Iterator[Mapping[str, Any]]:
    """Yield what `days.parquet` has of each replication, day and direction."""
    for replication, measures in enumerate(result.measures):
        for n, direction in enumerate(measures.directions):
            columns = (each[:, n].tolist() for each in (measures.arrived, measures.released, measures.stock))
            for day, (arrived, released, stock) in enumerate(zip(*columns, strict=True)):
                row = {"replication": replication, "day": day, "direction": direction}
                yield {**row, "arrived": arrived, "released": released, "stock": stock}


def stage_times(rows: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], StageTime]:
    """Return where the time goes from the rows of `stages.parquet`."""
    kept = list(rows)
    replications = 1 + max((row["replication"] for row in kept), default=-1)
    hours: dict[tuple[str, str], list[list[float]]] = {}
    for row in kept:
        totals = hours.setdefault((row["direction"], row["stage"]), [[0.0] * replications for _ in STATES])
        for total, state in zip(totals, STATES, strict=True):
            total[row["replication"]] += row[f"{state}_h"]
    return {key: StageTime(*(tuple(total) for total in totals)) for key, totals in hours.items()}


def days(rows: Iterable[Mapping[str, Any]]) -> dict[str, Days]:
    """Return the days of each direction from the rows of `days.parquet`."""
    found: dict[str, dict[int, list[tuple[float, float, float]]]] = {}
    for row in sorted(rows, key=lambda row: (row["replication"], row["day"])):
        counts = (float(row["arrived"]), float(row["released"]), float(row["stock"]))
        found.setdefault(row["direction"], {}).setdefault(row["replication"], []).append(counts)
    return {direction: _days_of(each.values()) for direction, each in found.items()}


def _days_of(replications: Iterable[list[tuple[float, float, float]]]) -> Days:
    """Return the days of a direction from what arrived, was released and stood there on each, by replication."""
    columns = [tuple(zip(*each, strict=True)) for each in replications]
    return Days(
        tuple(math.fsum(arrived) for arrived, _, _ in columns),
        tuple(stock for _, _, stock in columns),
        tuple((arrived, released) for arrived, released, _ in columns),
    )
