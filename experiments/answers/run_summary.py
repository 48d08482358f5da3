"""The answer of a run in words and small tables, for the console and the report alike.

What binds? A stage limits a direction when its lanes are busy most of the time that they are open, and a pool when its
units are in use most of the time that they are on duty: then lines form, and more arrivals could not be served. So
the stage or pool with the highest utilisation on the loaded path is named, if that is high enough to matter; else the
sentence says where the time goes instead.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.answers.labels import (
    GLUE,
    NOTHING,
    Labels,
    listed,
    percent_with_interval,
    with_interval,
)
from experiments.runs.statistics import Estimate, mean_interval

if TYPE_CHECKING:
    from sim.metrics.meter import Metric

BINDING_UTILISATION = 0.70
"""A stage below this does not bind. With random arrivals and services (M/M/1) the mean wait is u / (1 - u)
services: one at 50 %, 2.3 at 70 %, nine at 90 %. Below 70 % more lanes would hardly shorten anyone's time."""
HARDLY_H = 0.05
"""Three minutes: a stage with a shorter mean wait is left off the screen, and named below the table."""

QUANTILES = ("p50", "p90", "p95", "p99")
STATISTICS = ("mean", *QUANTILES)
STATES = ("waiting", "closed", "served", "blocked")
NO_ESTIMATE = Estimate(math.nan, math.nan, math.nan)


class Metrics:
    """The numbers of `metrics.json`, by name."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._found = {
            tuple(row[part] for part in ("metric", "statistic", "direction", "class", "stage")): Estimate(
                *(math.nan if row[end] is None else float(row[end]) for end in ("value", "low", "high"))
            )
            for row in document["metrics"]
        }

    def get(
        self,
        metric: str,
        statistic: str = "mean",
        direction: str | None = None,
        vehicle_class: str | None = None,
        stage: str | None = None,
    ) -> Estimate:
        """Return an estimate; NaN if the run has none of this name."""
        return self._found.get((metric, statistic, direction, vehicle_class, stage), NO_ESTIMATE)

    def has(self, metric: str, statistic: str, direction: str | None = None, *, stage: str | None = None) -> bool:
        """Tell whether the run has a number of this name."""
        return (metric, statistic, direction, None, stage) in self._found

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
    """In line while the stage is open [h]."""
    closed: tuple[float, ...]
    """Before the closed stage [h]."""
    served: tuple[float, ...]
    """In service [h]."""
    blocked: tuple[float, ...]
    """Served, and unable to go on [h]."""


StageTimes = Mapping[tuple[str, str], StageTime]
"""(direction, stage) -> where the time goes there."""


@dataclass(frozen=True)
class Table:
    """A table as people read it: the first column names the row."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True)
class Binding:
    """What limits a direction."""

    direction: str
    stage: str | None
    """The stage that binds; None where a pool does, or no capacity."""
    sentence: str
    """Which stage or pool binds, and why."""
    details: tuple[str, ...] = ()
    """Sentences on what comes next, and on what else costs time."""
    pool: str | None = None
    """The pool that binds; None where a stage does, or no capacity."""


@dataclass(frozen=True)
class Summary:
    """The answer of a run on one screen."""

    title: str
    """The gate in its languages."""
    basis: str
    """What was run, and what the intervals are."""
    bindings: tuple[Binding, ...]
    """For each direction: which stage or pool binds, and why."""
    tables: tuple[Table, ...]
    notes: tuple[str, ...]
    """What the columns mean, and how many trucks were still inside at the end."""

    @property
    def answers(self) -> tuple[str, ...]:
        """One text for each direction: the sentence and its details."""
        return tuple(" ".join((found.sentence, *found.details)) for found in self.bindings)


def read_summary(folder: Path) -> Summary:
    """Return the summary of a result folder."""
    from experiments.result_folder import MANIFEST, read_json

    metrics, manifest = read_json(folder / "metrics.json"), read_json(folder / MANIFEST)
    return summary(metrics, manifest, read_stage_times(folder / "stages.parquet"))


def summary(metrics: Mapping[str, Any], manifest: Mapping[str, Any], times: StageTimes | None = None) -> Summary:
    """Return the summary of a run from `metrics.json`, `manifest.json` and where the time goes.

    Without `times` the sentences name utilisation and waits, but no shares of the time.
    """
    numbers, labels = Metrics(metrics), Labels(manifest)
    return Summary(
        title=labels.title,
        basis=f"{labels.basis}, seed {labels.seed}. {interval_text(labels)}",
        bindings=tuple(bindings(numbers, labels, times or {})),
        tables=(
            day_table(numbers, labels),
            gate_time_table(numbers, labels),
            *(stage_table(numbers, labels, name, only_waits=True) for name in labels.directions),
            *limit_tables(numbers, labels),
        ),
        notes=(
            f"{STAGE_NOTE} Stages with under {HARDLY_H * 60:.0f} minutes of waiting are only in the report.",
            *unfinished_sentences(numbers, labels),
        ),
    )


def interval_text(labels: Labels) -> str:
    """Say what stands behind the ±."""
    if labels.replications < 2:
        return "One replication gives no interval; ask for 20."
    return "Values are means over replications ± half of the 95 % interval (Student t)."


def read_stage_times(path: Path) -> dict[tuple[str, str], StageTime]:
    """Return where the time goes from `stages.parquet`."""
    from pyarrow import parquet

    return stage_times(parquet.read_table(path).to_pylist())


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


# Which stage binds


def bindings(metrics: Metrics, labels: Labels, times: StageTimes) -> list[Binding]:
    """Return what limits each direction."""
    return [_binding(metrics, labels, direction, times) for direction in labels.directions]


def _binding(metrics: Metrics, labels: Labels, direction: str, times: StageTimes) -> Binding:
    who = direction.capitalize()
    arrivals = metrics.get("arrivals_per_day", direction=direction)
    if not arrivals.value > 0:
        return Binding(direction, None, f"{who}, no truck arrived in the measured period.")
    ranked = _ranked(metrics, labels, direction)
    way = _Way(direction, {s: t for (d, s), t in times.items() if d == direction}, arrivals.value * labels.days)
    binding = ranked[0] if ranked and ranked[0].used.value >= BINDING_UTILISATION else None
    if binding:
        kind, reason = "pool" if binding.is_pool else "stage", _capacity_reason(metrics, labels, way, binding)
        sentence = f"{who}, the {kind} that binds is {binding.full_title}: {reason}."
        details = [_next(ranked), way.longest_line(metrics, labels, binding.stages)]
    else:
        sentence = f"{who}, {_nothing_binds(ranked)}{way.most_time(labels)}."
        details = []
    released = metrics.get("throughput_per_day", direction=direction)
    details += [way.closed_hours(labels, binding.stages if binding else ()), _growth(arrivals, released)]
    return Binding(
        direction,
        stage=binding.name if binding and not binding.is_pool else None,
        sentence=sentence,
        details=tuple(text for text in details if text),
        pool=binding.name if binding and binding.is_pool else None,
    )


@dataclass(frozen=True)
class _Capacity:
    """The lanes of a stage, or the units of a pool, and how busy they are."""

    name: str
    title: str
    used: Estimate
    stages: tuple[str, ...]
    """The stage itself, or those of the direction that need the pool."""
    users: str = ""
    """Who needs the pool, the other direction's stages included: `shared by Papers and Bays`; empty for a stage."""

    @property
    def is_pool(self) -> bool:
        """Whether it is a pool."""
        return bool(self.users)

    @property
    def full_title(self) -> str:
        """`Customs officers (Vietnam), shared by Papers and Bays`."""
        return ", ".join(filter(None, (self.title, self.users)))

    @property
    def share(self) -> str:
        """`Bays (93 %)`, `Customs officers (93 %, shared by Papers and Bays)`."""
        return f"{self.title} ({', '.join(filter(None, (percent_with_interval(self.used), self.users)))})"


def _ranked(metrics: Metrics, labels: Labels, direction: str) -> list[_Capacity]:
    """Return the limited stages on the way of loaded trucks, and the pools that they need, the busiest first."""
    loaded = labels.loaded_stages(direction)
    found = [_Capacity(name, labels.stage(name), metrics.utilisation(name), (name,)) for name in loaded]
    for name in labels.gate.pools:
        users = labels.users_of(name)
        if here := tuple(stage for stage in loaded if stage in users):
            text = f"{'shared by' if len(users) > 1 else 'needed at'} {listed([*map(labels.stage, users)])}"
            found.append(_Capacity(name, labels.pool(name), metrics.pool_utilisation(name), here, text))
    return sorted((each for each in found if math.isfinite(each.used.value)), key=lambda each: -each.used.value)


def _nothing_binds(ranked: Sequence[_Capacity]) -> str:
    if not ranked:
        return "no stage's capacity binds"
    first = ranked[0]
    what = "stage's or pool's" if any(each.is_pool for each in ranked) else "stage's"
    time = "time on duty" if first.is_pool else "open time"
    used = percent_with_interval(first.used)
    return f"no {what} capacity binds: the busiest, {first.full_title}, is in use {used} of its {time}"


def _capacity_reason(metrics: Metrics, labels: Labels, way: _Way, first: _Capacity) -> str:
    def wait(stage: str) -> str:
        return with_interval(metrics.get("wait_h", direction=way.direction, stage=stage), unit=f"{GLUE}h")

    used = percent_with_interval(first.used)
    if first.is_pool:
        waits = [f"{wait(stage)} at {labels.stage(stage)}" for stage in first.stages]
        reason = f"its units are in use {used} of their time on duty, and a truck waits in line {listed(waits)}"
    else:
        reason = f"its lanes are busy {used} of their open time, and a truck waits {wait(first.name)} in line there"
    share = way.share_of_lines(first.stages)
    if math.isfinite(share.value):
        reason += f", {percent_with_interval(share)} of all the time in line in this direction"
    return reason


def _next(ranked: Sequence[_Capacity]) -> str:
    first, *others = ranked
    high = [each for each in others if each.used.value >= BINDING_UTILISATION]
    if not high:
        what, time = ("stage or pool", "time") if any(each.is_pool for each in ranked) else ("stage", "open time")
        return f"No other {what} is in use more than {100 * BINDING_UTILISATION:.0f} % of its {time}."
    close = [each for each in high if each.used.high >= first.used.low]
    named = [each.share for each in close or high[:1]]
    return f"About as busy: {listed(named)}." if close else f"Next comes {named[0]}."


def _growth(arrivals: Estimate, released: Estimate) -> str:
    """Say so if more trucks arrive than are released, beyond doubt."""
    if not arrivals.low > released.high:
        return ""
    return (
        f"More trucks arrive ({with_interval(arrivals)} a day) than are released "
        f"({with_interval(released)}), so the stock grows."
    )


@dataclass(frozen=True)
class _Way:
    """The way through the gate in one direction: where its trucks spend their time."""

    direction: str
    stages: Mapping[str, StageTime]
    trucks: float

    def share_of_lines(self, stages: Sequence[str]) -> Estimate:
        """Return what share of all time in line is spent at `stages`."""
        if not any(stage in self.stages for stage in stages):
            return NO_ESTIMATE
        everything = self._totals(lambda time: time.waiting)
        here = _added(*(self.stages[stage].waiting for stage in stages if stage in self.stages))
        return mean_interval([a / b if b else math.nan for a, b in zip(here, everything, strict=True)])

    def longest_line(self, metrics: Metrics, labels: Labels, binding: Sequence[str]) -> str:
        """Say where trucks spend most time in line, if that is not where the direction binds."""
        stage = max(self.stages, key=lambda name: sum(self.stages[name].waiting), default=None)
        if stage is None or stage in binding:
            return ""
        share = percent_with_interval(self.share_of_lines([stage]))
        text = f"Most time in line, {share}, is spent at {labels.stage(stage)}"
        used = metrics.utilisation(stage)
        if stage in labels.loaded_stages(self.direction) and math.isfinite(used.value):
            text += f", whose lanes are busy {percent_with_interval(used)}"
        return f"{text}."

    def most_time(self, labels: Labels) -> str:
        """Say at which stage trucks spend most time, and how."""
        hours = {stage: self._a_truck(_all_states(time)) for stage, time in self.stages.items()}
        if not hours:
            return ""
        stage = max(hours, key=lambda name: hours[name].value)
        everything = self._a_truck(self._totals(_all_states))
        spent = self.stages[stage]
        how = max(
            ("being served", spent.served),
            ("in line", spent.waiting),
            ("before the closed stage", spent.closed),
            ("blocked", spent.blocked),
            key=lambda kind: sum(kind[1]),
        )[0]
        return (
            f"; most time goes to {labels.stage(stage)}, {with_interval(hours[stage])}{GLUE}h of "
            f"{with_interval(everything)}{GLUE}h a truck, mainly {how}"
        )

    def closed_hours(self, labels: Labels, binding: Sequence[str]) -> str:
        """Say so if closed stages cost more time than lines do."""
        if not self.stages:
            return ""
        closed = self._a_truck(self._totals(lambda time: time.closed))
        waiting = self._a_truck(self._totals(lambda time: time.waiting))
        if closed.value <= max(waiting.value, HARDLY_H):
            return ""
        stage = max(self.stages, key=lambda name: sum(self.stages[name].closed))
        there = with_interval(self._a_truck(self.stages[stage].closed))
        text = (
            f"A truck spends {with_interval(closed)}{GLUE}h before closed stages ({there}{GLUE}h of it at "
            f"{labels.stage(stage)}) and {with_interval(waiting)}{GLUE}h in line while they are open"
        )
        # in front of what binds, a line that is too long for the day waits overnight too
        return f"{text}." if stage in binding else f"{text}: opening hours explain more waiting than queues do."

    def _totals(self, of: Callable[[StageTime], Sequence[float]]) -> list[float]:
        return [math.fsum(column) for column in zip(*(of(time) for time in self.stages.values()), strict=True)]

    def _a_truck(self, hours: Sequence[float]) -> Estimate:
        return mean_interval([total / self.trucks for total in hours])


def _added(*totals: Sequence[float]) -> list[float]:
    return [math.fsum(column) for column in zip(*totals, strict=True)]


def _all_states(time: StageTime) -> list[float]:
    return _added(time.waiting, time.closed, time.served, time.blocked)


def unfinished_sentences(metrics: Metrics, labels: Labels) -> tuple[str, ...]:
    """Say how many trucks were still inside at the end, and if some of them can never move again."""
    found = []
    if metrics.has("locked_trucks", "total") and metrics.get("locked_trucks", "total").value > 0:
        locked = with_interval(metrics.get("locked_trucks", "total"), 1)
        found.append(
            f"{locked} trucks can never move again: full areas wait for each other. Give a path that leads from one to "
            "the other and back a stage elsewhere in between, where trucks can wait in line."
        )
    for direction in labels.directions:
        inside = metrics.get("inside_end_trucks", "total", direction)
        share = metrics.get("unfinished_share", "share", direction)
        if inside.value > 0:
            found.append(
                f"{direction.capitalize()}: {with_interval(inside, 1)} trucks were still inside at the end; of "
                f"those that arrived in the measured period, {percent_with_interval(share)} were not yet released."
            )
    return tuple(found)


# Tables


def day_table(metrics: Metrics, labels: Labels) -> Table:
    """Return every number of a direction that has no table of its own, a column for each direction."""
    rows = [
        (_row_title(metric, statistic), *(_cell(metric, metrics.get(metric.name, statistic, d)) for d in directions))
        for directions in [labels.directions]
        for metric in _of_directions()
        for statistic in metric.statistics
        if statistic not in QUANTILES and any(metrics.has(metric.name, statistic, d) for d in directions)
    ]
    columns = ("", *(name.capitalize() for name in labels.directions))
    return Table("A day at the gate", columns, tuple(rows), f"End of day: {labels.bulletin}.")


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
    f"the empty return included. p90: nine trucks in ten are faster. {NOTHING}: beyond what the run saw."
)


def _statistics(metrics: Metrics, metric: str, direction: str, vehicle_class: str | None) -> list[str]:
    return [with_interval(metrics.get(metric, name, direction, vehicle_class)) for name in STATISTICS]


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
        (direction, name, labels.vehicle_class(name) if name else f"{direction.capitalize()}, all")
        for direction in labels.directions
        for name in [None, *labels.classes_of(direction)]
    ]


STAGE_COLUMNS = ("", "In line, h", "Closed, h", "Queue, mean", "max", "end of day", "Utilisation")
STAGE_NOTE = (
    "In line, closed: mean hours of a visit, while the stage is open and while it is closed. Queue: trucks in line, "
    "of both directions if both use the stage. Utilisation: busy share of the lanes' open time."
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
    return not any(wait >= HARDLY_H for wait in waits) and not used >= BINDING_UTILISATION


def _stage_cells(metrics: Metrics, labels: Labels, direction: str, stage: str) -> list[str]:
    waits = [metrics.get(name, "mean", direction, stage=stage) for name in ("wait_h", "closed_h")]
    queues = [metrics.get("queue_trucks", name, stage=stage) for name in ("mean", "max", "end_of_day")]
    used = percent_with_interval(metrics.utilisation(stage)) if labels.is_limited(stage) else "no limit"
    return [*map(with_interval, waits), *(with_interval(queue, 1) for queue in queues), used]
