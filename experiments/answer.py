"""The answer of a run in words and small tables, for the console and the report alike.

Which stage binds? A stage limits a direction when its lanes are busy most of the time that they are open: then
lines form, and more arrivals cannot be served. So the stage with the highest utilisation on the loaded path is
named, if it is high enough to matter; else the sentence says where the time goes instead.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.labels import (
    NOTHING,
    Labels,
    count,
    listed,
    percent_with_interval,
    with_interval,
)
from experiments.results import MANIFEST, read_json
from experiments.statistics import Estimate, mean_interval

BINDING_UTILISATION = 0.70
"""A stage below this does not bind. With random arrivals and services (M/M/1) the mean wait is u / (1 - u)
services: one at 50 %, 2.3 at 70 %, 9 at 90 %. Below 70 % more lanes would hardly shorten anyone's time."""
LITTLE_SHARE = 0.10
"""A stage with less of all waiting than this is not where trucks wait, however busy it is."""
HARDLY_H = 0.05
"""Three minutes: a shorter mean wait is left out of the screen, and named as such."""

PERCENTILES = ("p50", "p90", "p95", "p99")
NO_ESTIMATE = Estimate(math.nan, math.nan, math.nan)


class Metrics:
    """The numbers of `metrics.json`, by name."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._found = {
            tuple(row[part] for part in ("metric", "statistic", "direction", "class", "stage")): Estimate(
                *(math.nan if row[end] is None else row[end] for end in ("value", "low", "high"))
            )
            for row in document["metrics"]
        }

    def get(
        self,
        metric: str,
        statistic: str = "mean",
        *,
        direction: str | None = None,
        vehicle_class: str | None = None,
        stage: str | None = None,
    ) -> Estimate:
        """Return an estimate; NaN if the run has none of this name."""
        return self._found.get((metric, statistic, direction, vehicle_class, stage), NO_ESTIMATE)

    def utilisation(self, stage: str) -> Estimate:
        """Return the utilisation of a stage, under whichever statistic it is kept."""
        found = self.get("utilisation", "share", stage=stage)
        return found if math.isfinite(found.value) else self.get("utilisation", stage=stage)


@dataclass(frozen=True)
class StageTime:
    """Where the time of a direction's trucks goes, replication by replication [h, totals]."""

    waiting: Mapping[str, tuple[float, ...]]
    """Stage -> in line while the stage is open."""
    closed: Mapping[str, tuple[float, ...]]
    served: Mapping[str, tuple[float, ...]]
    blocked: Mapping[str, tuple[float, ...]]


@dataclass(frozen=True)
class Table:
    """A table as people read it: the first column names the row."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True)
class Summary:
    """The answer of a run on one screen."""

    title: str
    """The gate in its languages."""
    basis: str
    """What was run."""
    answers: tuple[str, ...]
    """One sentence for each direction: which stage binds, and why."""
    tables: tuple[Table, ...]
    notes: tuple[str, ...]


def read_summary(folder: Path) -> Summary:
    """Return the summary of a result folder."""
    return summary(
        read_json(folder / "metrics.json"), read_json(folder / MANIFEST), read_stage_time(folder / "stages.parquet")
    )


def read_stage_time(path: Path) -> dict[str, StageTime]:
    """Return where the time goes, by direction, from `stages.parquet`."""
    from pyarrow import parquet

    return stage_time_of(parquet.read_table(path).to_pylist())


def stage_time_of(rows: Iterable[Mapping[str, Any]]) -> dict[str, StageTime]:
    """Return where the time goes, by direction, from the rows of `stages.parquet`."""
    kept = list(rows)
    replications = 1 + max((row["replication"] for row in kept), default=0)
    found: dict[str, StageTime] = {}
    for direction in dict.fromkeys(row["direction"] for row in kept):
        totals: dict[str, dict[str, list[float]]] = {}
        for row in kept:
            if row["direction"] == direction:
                for name in ("waiting", "closed", "served", "blocked"):
                    of_stage = totals.setdefault(name, {}).setdefault(row["stage"], [0.0] * replications)
                    of_stage[row["replication"]] += row[f"{name}_h"]
        found[direction] = StageTime(
            **{name: {stage: tuple(v) for stage, v in stages.items()} for name, stages in totals.items()}
        )
    return found


def summary(
    metrics: Mapping[str, Any],
    manifest: Mapping[str, Any],
    stage_time: Mapping[str, StageTime] | None = None,
) -> Summary:
    """Return the summary of a run.

    Parameters
    ----------
    metrics
        What `metrics.json` holds.
    manifest
        What `manifest.json` holds.
    stage_time
        By direction; without it the sentences name no shares of the time.
    """
    numbers, labels = Metrics(metrics), Labels(manifest)
    return Summary(
        title=labels.title,
        basis=f"{labels.basis}, seed {labels.seed}. Values: mean ± half width of the 95 % interval.",
        answers=binding_sentences(numbers, labels, stage_time or {}),
        tables=(
            direction_table(numbers, labels),
            *(stage_table(numbers, labels, d, busy_only=True) for d in labels.directions),
        ),
        notes=unfinished_sentences(numbers, labels),
    )


# Tables


def direction_table(metrics: Metrics, labels: Labels) -> Table:
    """Return throughput, clearance, passage and stock, a column for each direction."""
    rows = [("Arriving, trucks a day", "arrivals_per_day", "mean"), ("Released, trucks a day", "throughput_per_day", "mean")]
    for metric, name in (("clearance_h", "Clearance"), ("passage_h", "Passage")):
        rows += [(f"{name}, mean, h", metric, "mean")]
        rows += [(f"{name}, {wording(p)}, h", metric, p) for p in PERCENTILES]
    rows += [
        ("Clearance without any wait, h", "no_queue_clearance_h", "mean"),
        (f"Waiting at {labels.bulletin}, trucks", "stock_trucks", "end_of_day"),
        ("   the most on any day, trucks", "stock_trucks", "max"),
        ("   in days of releases", "stock_days", "end_of_day"),
    ]
    return Table(
        "Throughput and time at the gate",
        ("", *(name.capitalize() for name in labels.directions)),
        tuple(
            (text, *(with_interval(metrics.get(metric, statistic, direction=d)) for d in labels.directions))
            for text, metric, statistic in rows
        ),
        "Clearance: arrival to release from the last control. Passage: arrival to the last departure, empty.",
    )


def wording(percentile: str) -> str:
    """`9 of 10 below`: what a percentile says."""
    return {"p50": "half below", "p90": "90 % below", "p95": "95 % below", "p99": "99 % below"}[percentile]


STAGE_COLUMNS = ("Stage", "In line, h", "Closed, h", "Queue mean", "max", "end of day", "In use")


def stage_table(metrics: Metrics, labels: Labels, direction: str, *, busy_only: bool = False) -> Table:
    """Return waiting, queue and utilisation of the stages of a direction, in the order of its path.

    Parameters
    ----------
    busy_only
        Leave out stages that hold nobody up; the note names them.
    """
    rows, idle = [], []
    for stage in labels.stages_of(direction):
        if busy_only and _holds_nobody_up(metrics, direction, stage):
            idle.append(labels.stage(stage))
        else:
            rows.append((labels.stage(stage), *_stage_cells(metrics, direction, stage)))
    note = "In line and closed: mean hours a visit. Queue in trucks, over all who use the stage. In use: of the open time."
    if idle:
        note += f" Hardly any wait (under {HARDLY_H * 60:.0f} minutes): {listed(idle)}."
    return Table(f"Stages, {direction}", STAGE_COLUMNS, tuple(rows), note)


def _stage_cells(metrics: Metrics, direction: str, stage: str) -> list[str]:
    waits = [metrics.get(name, direction=direction, stage=stage) for name in ("wait_h", "closed_h")]
    queues = [metrics.get("queue_trucks", statistic, stage=stage) for statistic in ("mean", "max", "end_of_day")]
    used = "no limit" if not labels_limited(metrics, stage) else percent_with_interval(metrics.utilisation(stage))
    return [*(with_interval(wait) for wait in waits), *(with_interval(queue, 1) for queue in queues), used]
