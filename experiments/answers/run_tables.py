"""The tables of a run: the five numbers of the first screen, and all others for `--full` and the report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from experiments.answers.labels import NOTHING, Labels, direction_word, percent_with_interval, with_interval
from experiments.answers.numbers import GLUE
from experiments.answers.run_numbers import HIGH_UTILISATION, Metrics, RunNumbers

if TYPE_CHECKING:
    from experiments.runs.statistics import Estimate
    from sim.metrics.meter import Metric

HARDLY_H = 0.05
"""Three minutes: a stage with a shorter mean wait is left off the screen, and named below the table."""
QUANTILES = ("p50", "p90", "p95", "p99")
STATISTICS = ("mean", *QUANTILES)


@dataclass(frozen=True)
class Table:
    """A table as people read it: the first column names the row."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def first_table(numbers: RunNumbers, labels: Labels) -> Table:
    """Return the numbers of the first screen, a column for each direction."""
    columns = [dict(first_numbers(numbers, labels, direction)) for direction in labels.directions]
    names = dict.fromkeys(name for column in columns for name in column)
    rows = [(name, *(column.get(name, NOTHING) for column in columns)) for name in names]
    return Table("", ("", *(direction_word(name) for name in labels.directions)), tuple(rows), FIRST_NOTE)


FIRST_NOTE = (
    f"Waiting: mean over all trucks of the direction. {NOTHING}: not defined, such as beyond the end of the run."
)


def first_numbers(numbers: RunNumbers, labels: Labels, direction: str) -> tuple[tuple[str, str], ...]:
    """Return what one asks first about a direction: (what it is, value with interval)."""
    metrics = numbers.metrics
    blocked, held = numbers.state(direction, "blocked"), numbers.served(direction, labels.holds)
    rows = [
        ("Released [trucks/day]", metrics.get("throughput_per_day", direction=direction)),
        ("Clearance, mean [h]", metrics.get("clearance_h", direction=direction)),
        (f"Clearance, 90{GLUE}% of trucks within [h]", metrics.get("clearance_h", "p90", direction)),
        ("Waiting in queues [h/truck]", numbers.state(direction, "waiting")),
        ("Waiting for opening [h/truck]", numbers.state(direction, "closed")),
        *([("Waiting for readiness [h/truck]", held)] if held.value > 0 else []),
        *([("Waiting for space [h/truck]", blocked)] if blocked.value > 0 else []),
        (f"Stock at {labels.bulletin_time} [trucks]", metrics.get("stock_trucks", "end_of_day", direction)),
    ]
    return tuple((name, with_interval(estimate)) for name, estimate in rows)


def day_table(metrics: Metrics, labels: Labels) -> Table:
    """Return every number of a direction that has no table of its own, a column for each direction."""
    rows = [
        (_row_title(metric, statistic), *(_cell(metric, metrics.get(metric.name, statistic, d)) for d in directions))
        for directions in [labels.directions]
        for metric in _of_directions()
        for statistic in metric.statistics
        if statistic not in QUANTILES and any(metrics.has(metric.name, statistic, d) for d in directions)
    ]
    columns = ("", *(direction_word(name) for name in labels.directions))
    note = f"End of day: {labels.bulletin}. Stock: trucks {labels.in_stock}."
    return Table("A day at the gate", columns, tuple(rows), note)


TOLD_ELSEWHERE = {"clearance_h", "passage_h", "inside_end_trucks", "unfinished_share"}
"""Metrics that have a table or a sentence of their own."""


def _of_directions() -> list[Metric]:
    from sim.metrics.registry import METRICS

    return [metric for name, metric in METRICS.items() if name not in TOLD_ELSEWHERE]


def _row_title(metric: Metric, statistic: str) -> str:
    """`Queue outside, maximum [trucks]`; the statistic is left out where there is one only."""
    from sim.metrics.meter import STATISTICS as WORDS

    unit = "" if metric.unit == "1" else f" [{metric.unit}]"
    return metric.title + (f", {WORDS[statistic]}" if len(metric.statistics) > 1 else "") + unit


def _cell(metric: Metric, estimate: Estimate) -> str:
    return percent_with_interval(estimate) if metric.unit == "1" else with_interval(estimate)


def gate_time_table(metrics: Metrics, labels: Labels) -> Table:
    """Return clearance and passage, a row for each direction."""
    rows = [
        (f"{text}, {direction}", *_statistics(metrics, metric, direction, None))
        for metric, text in (("clearance_h", "Clearance"), ("passage_h", "Passage"))
        for direction in labels.directions
    ]
    return Table("Time at the gate", ("Hours", *STATISTICS), tuple(rows), TIME_NOTE)


TIME_NOTE = (
    "Clearance: from arrival to release from the last control. Passage: from arrival to the last departure, "
    f"the empty return included. p90: 90 % of trucks take less. {NOTHING}: no truck. "
    "n: replications with such a truck, where not all have one."
)


def _statistics(metrics: Metrics, metric: str, direction: str, vehicle_class: str | None) -> list[str]:
    return [_counted(metrics.get(metric, name, direction, vehicle_class), metrics.replications) for name in STATISTICS]


def _counted(estimate: Estimate, replications: int) -> str:
    """Return an estimate with its interval, and on how many replications it rests where that is not all."""
    few = 0 < estimate.n < replications and not estimate.unreached
    return with_interval(estimate) + (f" (n = {estimate.n})" if few else "")


def throughput_table(metrics: Metrics, labels: Labels) -> Table:
    """Return arrivals and releases a day, by direction and class."""
    rows = []
    for direction, name, text in _kinds(labels):
        arrived = metrics.get("arrivals_per_day", "mean", direction, name)
        released = metrics.get("throughput_per_day", "mean", direction, name)
        rows.append((text, with_interval(arrived), with_interval(released)))
    return Table("Throughput", ("Trucks a day", "Arriving", "Released"), tuple(rows))


def time_table(metrics: Metrics, labels: Labels, metric: str, title: str) -> Table:
    """Return mean and percentiles of a time, by direction and class."""
    rows = [(text, *_statistics(metrics, metric, direction, name)) for direction, name, text in _kinds(labels)]
    return Table(title, ("Hours", *STATISTICS), tuple(rows))


def _kinds(labels: Labels) -> list[tuple[str, str | None, str]]:
    """Return (direction, class or None for all, text) in the order in which tables list them."""
    return [
        (direction, name, labels.vehicle_class(name) if name else f"{direction_word(direction)}, all")
        for direction in labels.directions
        for name in [None, *labels.classes_of(direction)]
    ]


STAGE_COLUMNS = ("", "In queue, h", "Closed, h", "Queue, mean", "max", "end of day", "In use")
STAGE_NOTE = (
    "In queue, closed: mean hours of a visit, while the stage is open and while it is closed. Queue: waiting trucks, "
    "of both directions if both use the stage. In use: busy share of the lanes' open time."
)


def stage_table(metrics: Metrics, labels: Labels, direction: str, *, only_waits: bool = False) -> Table:
    """Return waiting, queue and utilisation of the stages of a direction, in the order of its path.

    Parameters
    ----------
    only_waits
        Leave out the stages at which nobody waits to speak of.
    """
    rows = [
        (labels.stage(stage), *_stage_cells(metrics, labels, direction, stage))
        for stage in labels.stages_of(direction)
        if not (only_waits and _nobody_waits(metrics, direction, stage))
    ]
    return Table(f"Stages, {direction}", STAGE_COLUMNS, tuple(rows), "" if only_waits else STAGE_NOTE)


def limit_tables(metrics: Metrics, labels: Labels) -> list[Table]:
    """Return how full the areas are and how busy the pools; nothing for a gate that has none."""
    tables = []
    if labels.gate.areas:
        roads = any(area.road_per_truck is not None for area in labels.gate.areas.values())
        areas = [
            (labels.area(name), f"{area.spaces:,}", *_area_cells(metrics, name, roads=roads))
            for name, area in labels.gate.areas.items()
        ]
        columns = ("", "Spaces", "Trucks, mean", "max", *(("Road, km, mean", "max") if roads else ()))
        tables.append(Table("Areas", columns, tuple(areas)))
    if labels.gate.pools:
        used = {name: metrics.pool_utilisation(name) for name in labels.gate.pools}
        pools = [(labels.pool(name), percent_with_interval(share)) for name, share in used.items()]
        tables.append(Table("Pools", ("", "Utilisation"), tuple(pools), POOL_NOTE))
    return tables


POOL_NOTE = "Utilisation: units in use or on their way back, as a share of those on duty that no outage takes down."


def _area_cells(metrics: Metrics, area: str, *, roads: bool) -> list[str]:
    cells = [with_interval(metrics.get("area_trucks", name, stage=area), 1) for name in ("mean", "max")]
    if not roads:
        return cells
    if not metrics.has("tailback_km", "mean", stage=area):
        return [*cells, "", ""]
    return [*cells, *(with_interval(metrics.get("tailback_km", name, stage=area)) for name in ("mean", "max"))]


def _nobody_waits(metrics: Metrics, direction: str, stage: str) -> bool:
    waits = [metrics.get(name, "mean", direction, stage=stage).value for name in ("wait_h", "closed_h")]
    used = metrics.utilisation(stage).value
    return not any(wait >= HARDLY_H for wait in waits) and not used >= HIGH_UTILISATION


def _stage_cells(metrics: Metrics, labels: Labels, direction: str, stage: str) -> list[str]:
    waits = [metrics.get(name, "mean", direction, stage=stage) for name in ("wait_h", "closed_h")]
    queues = [metrics.get("queue_trucks", name, stage=stage) for name in ("mean", "max", "end_of_day")]
    used = percent_with_interval(metrics.utilisation(stage)) if labels.is_limited(stage) else "no limit"
    return [*map(with_interval, waits), *(with_interval(queue, 1) for queue in queues), used]
