"""The result folder: written whole or not at all, and complete by itself."""

from __future__ import annotations

import glob
import json
import math
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from experiments.runs.provenance import manifest
from experiments.runs.run import RunResult
from experiments.runs.statistics import CONFIDENCE, mean_interval
from gates.findings import ConfigError, Finding
from sim.engines.log import NEVER, EventLog
from sim.metrics.registry import METRICS
from sim.metrics.time_use import truck_times
from sim.plan.plan import Plan

SCHEMA = 1
"""Number of the folder's format; readers refuse a newer one."""
MANIFEST = "manifest.json"

Column = Any
"""A NumPy or Arrow array."""


def write_result(
    result: RunResult,
    folder: Path,
    finish: Callable[[Path], object] | None = None,
    *,
    write_logs: Callable[[Path], object] | None = None,
) -> Path:
    """Write the result folder of a run, and return its path.

    Parameters
    ----------
    folder
        Where it shall stand. An earlier result there is replaced; anything else is refused.
    finish
        Called with the folder's provisional path before it appears: draws plots, writes the report.
    write_logs
        Called with that path to write the event logs, if they are not those of `result`.

    Raises
    ------
    ConfigError
        If something other than a result stands there.
    OSError
        If the disk is full or the place cannot be written; nothing is left behind.
    """
    refuse_what_is_no_result(folder)
    with appearing(folder) as partial:
        write_json(partial / MANIFEST, manifest(result, SCHEMA))
        write_json(partial / "metrics.json", metrics_document(result))
        write_table(partial / "queues.parquet", _queues(result))
        write_table(partial / "days.parquet", _days(result))
        write_table(partial / "clearance.parquet", _curves(result))
        write_table(partial / "stages.parquet", _stages(result))
        if result.measures[0].road_m:
            write_table(partial / "tailback.parquet", _tailback(result))
        (write_logs or result_logs(result))(partial)
        if finish:
            finish(partial)
    return folder


def refuse_what_is_no_result(folder: Path) -> None:
    """Raise `ConfigError` if `folder` holds something other than a result, or could not be made."""
    standing = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
    if not os.access(standing if standing.is_dir() else standing.parent, os.W_OK):
        raise ConfigError([Finding("--out", str(folder), "cannot be written", "Name another folder.")])
    if not folder.exists() or (folder / MANIFEST).is_file():
        return
    if folder.is_dir() and not any(folder.iterdir()):
        return
    remedy = "Name a folder that does not exist yet, or one with an earlier result to replace."
    raise ConfigError([Finding("--out", str(folder), "exists and is no result folder", remedy)])


@contextmanager
def appearing(folder: Path) -> Iterator[Path]:
    """Give a provisional folder beside `folder` that takes its place when all went well."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    _sweep(folder)
    partial = folder.parent / f".{folder.name}.partial-{os.getpid()}"
    partial.mkdir()
    try:
        yield partial
        replaced = folder.parent / f".{folder.name}.replaced-{os.getpid()}"
        with suppress(FileNotFoundError):
            folder.rename(replaced)
        partial.rename(folder)
        shutil.rmtree(replaced, ignore_errors=True)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _sweep(folder: Path) -> None:
    """Remove what a killed process left of an earlier attempt at the same folder."""
    for stale in folder.parent.glob(f".{glob.escape(folder.name)}.*-*"):
        owner = stale.name.rpartition("-")[2]
        if owner.isdigit() and (int(owner) == os.getpid() or not _is_alive(int(owner))):
            shutil.rmtree(stale, ignore_errors=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def metrics_document(result: RunResult) -> dict[str, Any]:
    """Return what `metrics.json` holds: every metric with its 95 % interval over replications."""
    rows = []
    for key in result.measures[0].values:
        estimate = mean_interval([m.values[key] for m in result.measures])
        rows.append(
            {
                "metric": key.metric,
                "statistic": key.statistic,
                "direction": key.direction,
                "class": key.vehicle_class,
                "stage": key.stage,
                "unit": METRICS[key.metric].unit,
                **{name: _or_null(number) for name, number in estimate._asdict().items()},
            }
        )
    return {
        "schema": SCHEMA,
        "gate": result.scenario.gate.name,
        "replications": len(result.measures),
        "confidence": CONFIDENCE,
        "metrics": rows,
    }


def _or_null(number: float) -> float | None:
    return None if math.isnan(number) else number


def events_table(plan: Plan, log: EventLog) -> pa.Table:
    """Return the event log as a table: one row a visit that began before the end of the run."""
    draws = log.draws
    rows = np.flatnonzero(log.joined != NEVER)
    truck = log.truck[rows]
    flow = draws.flow[truck]
    stage = plan.network.line_stage[draws.line[rows]]
    return _table(
        {
            "truck": truck.astype(np.int32),
            "flow": _words([s.name for s in plan.streams], flow),
            "number": draws.number[truck],
            "class": _words([plan.kinds[s.kind].vehicle_class for s in plan.streams], flow),
            "direction": _words([plan.kinds[s.kind].direction for s in plan.streams], flow),
            "stage": _words(plan.stages, stage),
            "lane_group": _words(plan.groups.name, log.group[rows]),
            "empty": rows >= draws.emptied[truck],
            "by_hand": log.by_hand[rows],
            **{name: _ticks(getattr(log, name)[rows]) for name in ("joined", "started", "finished", "left")},
        }
    )


def _queues(result: RunResult) -> pa.Table:
    stages = result.plan.stages
    hours = result.measures[0].hourly_mean.shape[0]
    return _replicated(
        result,
        lambda m: {
            "hour": np.repeat(np.arange(hours, dtype=np.int32), len(stages)),
            "stage": _words(stages, np.tile(np.arange(len(stages)), hours)),
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
            "direction": _words(directions, np.tile(np.arange(len(directions)), days)),
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


def result_logs(result: RunResult) -> Callable[[Path], None]:
    """Return what writes the event logs of a result, and the table of their trucks."""

    def write(folder: Path) -> None:
        if not result.logs:
            return
        trucks = [trucks_table(result.plan, number, log) for number, log in result.logs.items()]
        write_table(folder / "trucks.parquet", pa.concat_tables(trucks))
        (folder / "events").mkdir()
        for number, log in result.logs.items():
            write_table(folder / "events" / f"rep-{number:05d}.parquet", events_table(result.plan, log))

    return write


def trucks_table(plan: Plan, replication: int, log: EventLog) -> pa.Table:
    """Return the trucks of a replication as a table, one row each."""
    flow = log.draws.flow
    times = truck_times(plan, log)
    return _table(
        {
            "replication": np.full(flow.size, replication, np.int32),
            "truck": np.arange(flow.size, dtype=np.int32),
            "flow": _words([s.name for s in plan.streams], flow),
            "number": log.draws.number,
            "class": _words([plan.kinds[s.kind].vehicle_class for s in plan.streams], flow),
            "direction": _words([plan.kinds[s.kind].direction for s in plan.streams], flow),
            "arrived": log.draws.arrival,
            "released": _ticks(log.released),
            "departed": _ticks(log.departed),
            **{name: times[:, n] for n, name in enumerate(("waiting", "closed", "served", "blocked"))},
        }
    )


def _replicated(result: RunResult, columns: Callable[[Any], Mapping[str, Column]]) -> pa.Table:
    tables = []
    for replication, measures in enumerate(result.measures):
        found = columns(measures)
        count = len(next(iter(found.values())))
        tables.append(_table({"replication": np.full(count, replication, np.int32), **found}))
    return pa.concat_tables(tables).unify_dictionaries().combine_chunks()


def _table(columns: Mapping[str, Column]) -> pa.Table:
    return pa.table(dict(columns))


def _words(names: Any, index: npt.NDArray[Any]) -> pa.Array:
    """Return names by index as a dictionary column; a negative index is null."""
    unique = list(dict.fromkeys(names))  # with a name twice in the dictionary, Arrow's files differ from time to time
    code = np.array([unique.index(name) for name in names] + [0], np.int16)
    codes = pa.array(code[index], mask=index < 0)
    return pa.DictionaryArray.from_arrays(codes, pa.array(unique, pa.string()))


def _ticks(ticks: npt.NDArray[np.int64]) -> pa.Array:
    """Return ticks as milliseconds since the start of the run, null where nothing happened."""
    return pa.array(ticks, mask=ticks == NEVER)


def write_table(path: Path, table: pa.Table) -> None:
    """Write a table as Parquet, the same bytes for the same content."""
    # integers are stored as differences: a third of the size, and read as fast
    plain = [f.name for f in table.schema if not pa.types.is_dictionary(f.type)]
    encodings = {n: "DELTA_BINARY_PACKED" for n in plain if pa.types.is_integer(table.schema.field(n).type)}
    encodings |= {n: "BYTE_STREAM_SPLIT" for n in plain if pa.types.is_floating(table.schema.field(n).type)}
    words = [f.name for f in table.schema if pa.types.is_dictionary(f.type)]
    pq.write_table(
        table, path, compression="zstd", compression_level=3, use_dictionary=words, column_encoding=encodings
    )


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write a JSON document."""
    text = json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def read_json(path: Path) -> dict[str, Any]:
    """Return a JSON document of a result folder."""
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document
