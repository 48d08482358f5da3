"""The result folder: written whole or not at all, and complete by itself."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from experiments.inputs.policy import FILE as POLICY
from experiments.inputs.trace import FILE as TRACE
from experiments.inputs.trace import write_trace
from experiments.result_folder import MANIFEST, new_result, read_json, write_json
from experiments.runs.provenance import with_confirmed
from experiments.runs.run import RunResult, truck_tables
from experiments.runs.tables import decisions_table, events_table, name_column, write_table

NAMES = ("metric", "statistic", "direction", "class", "stage")
"""Columns that name a number, as `sim.metrics.meter.Key` does."""
Column = Any
"""A NumPy or Arrow array."""


def write_result(result: RunResult, folder: Path, finish: Callable[[Path], object] | None = None) -> Path:
    """Write the result folder of a run, and return its path.

    Parameters
    ----------
    folder
        Where it shall stand. An earlier result of the gate is replaced; anything else is refused.
    finish
        Called with the folder's provisional path before it appears: draws plots, writes the report.

    Raises
    ------
    ConfigError
        If something stands there that is not replaced.
    OSError
        If the disk is full or the place cannot be written; nothing is left behind.
    """
    with new_result(folder, "run", result.scenario.gate.name) as partial:
        fill_folder(result, partial)
        if finish:
            finish(partial)
    return folder


def fill_folder(result: RunResult, folder: Path) -> None:
    """Write the files of a run's result into a folder that is there."""
    write_json(folder / MANIFEST, result.manifest)
    if result.trace is not None:
        write_trace(result.trace, folder / TRACE)
    if result.policy is not None:
        (folder / POLICY).write_text(result.policy.source + "\n", encoding="utf-8", newline="\n")
    write_json(folder / "metrics.json", result.metrics)
    write_table(folder / "replications.parquet", _replications(result))
    write_table(folder / "queues.parquet", _queues(result))
    write_table(folder / "days.parquet", _days(result))
    write_table(folder / "clearance.parquet", _curves(result))
    write_table(folder / "stages.parquet", _stages(result))
    if result.measures[0].road_m:
        write_table(folder / "tailback.parquet", _tailback(result))
    _write_logs(result, folder)


def keep_confirmed(folder: Path, found: list[dict[str, Any]]) -> None:
    """Keep in the manifest what relief of the largest causes of waiting does: a row for each direction with one."""
    write_json(folder / MANIFEST, with_confirmed(read_json(folder / MANIFEST), found))


def _replications(result: RunResult) -> pa.Table:
    """Return every metric of every replication; NaN where undefined, infinite where unreached."""
    keys = list(result.measures[0].values)

    def columns(measures: Any) -> dict[str, Column]:
        names = {part: pa.array([key[n] for key in keys], pa.string()) for n, part in enumerate(NAMES)}
        words = {part: column.dictionary_encode() for part, column in names.items()}
        return {**words, "value": np.array([measures.values[key] for key in keys], np.float64)}

    return _replicated(result, columns).select([*NAMES, "replication", "value"])


def _queues(result: RunResult) -> pa.Table:
    stages = result.plan.stages
    hours = result.measures[0].hourly_mean.shape[0]
    return _replicated(
        result,
        lambda m: {
            "hour": np.repeat(np.arange(hours, dtype=np.int32), len(stages)),
            "stage": name_column(stages, np.tile(np.arange(len(stages)), hours)),
            "mean": m.hourly_mean.ravel(),
            "max": m.hourly_max.ravel().astype(np.int32),
        },
    )


def _tailback(result: RunResult) -> pa.Table:
    """Return the length of every tail-back by hour, outside by direction and in areas that are roads."""
    directions, areas = zip(*result.measures[0].road_m, strict=True)
    hours, places = result.measures[0].tailback_mean_km.shape

    def names(of: Sequence[str | None]) -> pa.Array:
        return pa.array([*of] * hours, pa.string()).dictionary_encode()

    return _replicated(
        result,
        lambda m: {
            "hour": np.repeat(np.arange(hours, dtype=np.int32), places),
            "direction": names(directions),
            "area": names(areas),
            "mean_km": m.tailback_mean_km.ravel(),
            "max_km": m.tailback_max_km.ravel(),
        },
    )


def _days(result: RunResult) -> pa.Table:
    plan, directions = result.plan, result.measures[0].directions
    days = result.scenario.days
    first = result.scenario.warmup_days
    dates = np.array(plan.days.dates[first : first + days], "M8[D]")
    return _replicated(
        result,
        lambda m: {
            "day": np.repeat(np.arange(days, dtype=np.int32), len(directions)),
            "date": np.repeat(dates, len(directions)),
            "direction": name_column(directions, np.tile(np.arange(len(directions)), days)),
            **{
                name: getattr(m, name).ravel().astype(np.int32) for name in ("arrived", "released", "departed", "stock")
            },
        },
    )


def _curves(result: RunResult) -> pa.Table:
    tables = []
    for name in ("clearance", "passage"):
        for direction, vehicle_class in getattr(result.measures[0], f"{name}_curve"):

            def columns(m: Any, name: str = name, key: Any = (direction, vehicle_class)) -> dict[str, Column]:
                hours = getattr(m, f"{name}_curve")[key]
                count = hours.size
                return {
                    "measure": pa.array([name] * count).dictionary_encode(),
                    "direction": pa.array([key[0]] * count).dictionary_encode(),
                    "class": pa.array([key[1]] * count, pa.string()).dictionary_encode(),
                    "percent": np.asarray(m.percent, np.float64),
                    "hours": pa.array(hours, mask=np.isnan(hours)),
                }

            tables.append(_replicated(result, columns))
    return pa.concat_tables(tables).unify_dictionaries().combine_chunks()


def _stages(result: RunResult) -> pa.Table:
    keys = list(result.measures[0].stage_time)
    names = ("waiting_h", "closed_h", "served_h", "blocked_h")

    def columns(m: Any) -> dict[str, Column]:
        totals = np.array([m.stage_time[key] for key in keys], np.float64).reshape(-1, 5)
        return {
            "stage": pa.array([key[0] for key in keys]).dictionary_encode(),
            "direction": pa.array([key[1] for key in keys]).dictionary_encode(),
            "visits": totals[:, 0].astype(np.int64),
            **{name: totals[:, n + 1] for n, name in enumerate(names)},
        }

    return _replicated(result, columns)


def _write_logs(result: RunResult, folder: Path) -> None:
    """Write the event logs of a result, and the table of their trucks."""
    trucks = truck_tables(result)
    if not trucks:
        return
    write_table(folder / "trucks.parquet", pa.concat_tables(trucks))
    if result.policy is not None:
        made = [decisions_table(result.plan, number, log) for number, log in result.logs.items()]
        write_table(folder / "decisions.parquet", pa.concat_tables(made).unify_dictionaries().combine_chunks())
    events = folder / "events"
    events.mkdir()
    for number, log in result.logs.items():
        write_table(events / f"rep-{number:05d}.parquet", events_table(result.plan, log))
    for number, files in result.log_files.items():
        shutil.copyfile(files.events, events / f"rep-{number:05d}.parquet")


def _replicated(result: RunResult, columns: Callable[[Any], Mapping[str, Column]]) -> pa.Table:
    tables = []
    for replication, measures in enumerate(result.measures):
        measured = columns(measures)
        count = len(next(iter(measured.values())))
        tables.append(pa.table({"replication": np.full(count, replication, np.int32), **measured}))
    return pa.concat_tables(tables).unify_dictionaries().combine_chunks()
