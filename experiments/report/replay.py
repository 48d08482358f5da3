"""The stage visits of a replication in a window of time: as columns, or packed for pages to play.

Packed, a crowded day takes less than 60 kB on the wire. Nothing is lost but the fractions of seconds.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from experiments.report.series import log_file
from experiments.result_folder import MANIFEST, read_json
from gates.findings import ConfigError, Finding

ReplayForm = Literal["visits", "packed", "arrow"]
Integers = npt.NDArray[np.int64]
NAMES = ("truck", "class", "direction", "stage", "lane_group", "empty", "joined", "started", "finished", "left")
MS_A_HOUR = 3_600_000
NEVER = -1


def replay(folder: Path, replication: int, start_h: float, end_h: float, most: int, form: ReplayForm) -> bytes:
    """Return the stage visits that overlap a window of time.

    Parameters
    ----------
    start_h, end_h
        The window, in hours since the start of the run, warm-up included.
    most
        Most visits.
    form
        JSON columns with every time in milliseconds, an Arrow stream of the same, or JSON as `_packed` describes it.

    Raises
    ------
    ConfigError
        If there are more.
    """
    start, end = int(start_h * MS_A_HOUR), int(end_h * MS_A_HOUR)
    path = log_file(folder, replication)
    table = pq.read_table(path, columns=[*NAMES], filters=pc.field("joined") < end)
    table = table.filter(pc.fill_null(pc.greater_equal(table["left"], start), True))
    if len(table) > most:
        problem = f"the time window holds {len(table):,} stage visits; the limit is {most:,}"
        raise ConfigError([Finding("to", str(end_h), problem, "Ask for fewer hours.")])
    if form == "arrow":
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
        return bytes(sink.getvalue())
    if form == "packed":
        table = table.sort_by([("truck", "ascending"), ("joined", "ascending"), ("left", "ascending")])
    columns: dict[str, Any] = {}
    words: dict[str, list[str]] = {}
    for name in NAMES:
        column = table[name].combine_chunks()
        if pa.types.is_dictionary(column.type):
            words[name] = column.dictionary.to_pylist()
            column = column.indices
        columns[name] = column
    document = {
        "replication": replication,
        "tick_zero": read_json(folder / MANIFEST)["tick_zero"],
        "unit": "s" if form == "packed" else "ms since tick_zero",
        "rows": len(table),
        "words": words,
    }
    if form == "packed":
        document["packed"] = _packed(columns, len(words["stage"]))
    else:
        document["columns"] = {name: column.to_pylist() for name, column in columns.items()}
    return json.dumps(document, separators=(",", ":")).encode()


def _packed(columns: Mapping[str, Any], stages: int) -> dict[str, Any]:
    """Return visits, in order of truck and time, as small numbers of which most are alike.

    Times are whole seconds, rounded up: at every whole second the same trucks are in the same places as in the log.

    - `trips`: each sequence of visits that occurs, a visit as `[class, 1 if empty, stage]`;
    - of each truck `truck`, its number, and `joined`, when its first visit began, as differences from the truck
      before; and `trip`, which sequence is its own;
    - of each stage, for its visits in the order of `joined`, then of trucks: `wait`, by how much the service starts
      after `joined`, or after the latest start there before, whichever is later; null if it does not start;
      `stay`, from there, or else from `joined`, to when the truck leaves, null if it does not; and `gap`, by how much
      the next visit of the truck begins after that, empty where that is never so.
    """
    truck, kind, stage, empty = (
        columns[name].to_numpy(zero_copy_only=False).astype(np.int64) for name in ("truck", "class", "stage", "empty")
    )
    joined, started, left = (_seconds(columns[name]) for name in ("joined", "started", "left"))
    is_first = np.diff(truck, prepend=NEVER) != 0
    first = np.flatnonzero(is_first)
    visits = list(zip(kind.tolist(), empty.tolist(), stage.tolist(), strict=True))
    ends = [*first[1:].tolist(), len(visits)] if len(first) else []
    trips: dict[tuple[tuple[int, int, int], ...], int] = {}
    trip = [
        trips.setdefault(tuple(visits[begin:end]), len(trips)) for begin, end in zip(first.tolist(), ends, strict=True)
    ]
    before = np.append(0, np.where(left[:-1] < 0, joined[:-1], left[:-1]))[: len(joined)]
    gap = np.append(np.where(is_first, 0, joined - before)[1:], 0)[: len(joined)]
    stay = left - np.where(started < 0, joined, started)
    order = np.lexsort((np.arange(len(joined)), truck, joined))
    by_stage: dict[str, list[list[int | None]]] = {"wait": [], "stay": [], "gap": []}
    for number in range(stages):
        here = order[stage[order] == number]
        latest = np.append(NEVER, np.maximum.accumulate(started[here]))[: len(here)]
        wait = started[here] - np.maximum(joined[here], latest)
        by_stage["wait"].append(_known(wait, started[here] >= 0))
        by_stage["stay"].append(_known(stay[here], left[here] >= 0))
        by_stage["gap"].append(gap[here].tolist() if gap[here].any() else [])
    return {
        "trips": list(trips),
        "truck": np.diff(truck[first], prepend=0).tolist(),
        "joined": np.diff(joined[first], prepend=0).tolist(),
        "trip": trip,
        **by_stage,
    }


def _known(values: Integers, known: npt.NDArray[np.bool_]) -> list[int | None]:
    """Return values as JSON writes them, null where they are not known."""
    return [value if is_known else None for value, is_known in zip(values.tolist(), known.tolist(), strict=True)]


def _seconds(column: pa.Array) -> Integers:
    """Return times [s], rounded up; `NEVER` where there is none."""
    ms = pc.fill_null(column, NEVER).to_numpy(zero_copy_only=False).astype(np.int64)
    return np.where(ms < 0, NEVER, -(-ms // 1000))
