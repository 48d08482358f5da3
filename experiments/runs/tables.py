"""The event log of a replication as tables, and how a table is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from sim.engines.log import NEVER, NO_RULE, EventLog
from sim.metrics.time_use import truck_times
from sim.plan.plan import Plan


def events_table(plan: Plan, log: EventLog) -> pa.Table:
    """Return the event log as a table: one row a visit that began before the end of the run."""
    draws = log.draws
    rows = np.flatnonzero(log.joined != NEVER)
    truck = log.truck[rows]
    flow = draws.flow[truck]
    stage = plan.network.line_stage[draws.line[rows]]
    return pa.table(
        {
            "truck": truck.astype(np.int32),
            "flow": name_column([s.name for s in plan.streams], flow),
            "number": draws.number[truck],
            "class": name_column([plan.kinds[s.kind].vehicle_class for s in plan.streams], flow),
            "direction": name_column([plan.kinds[s.kind].direction for s in plan.streams], flow),
            "stage": name_column(plan.stages, stage),
            "lane_group": name_column(plan.groups.name, log.group[rows]),
            "empty": rows >= draws.emptied[truck],
            "by_hand": log.by_hand[rows],
            **{name: tick_column(getattr(log, name)[rows]) for name in ("joined", "started", "finished", "left")},
        }
    )


def trucks_table(plan: Plan, replication: int, log: EventLog) -> pa.Table:
    """Return the trucks of a replication as a table, one row each."""
    flow = log.draws.flow
    times = truck_times(plan, log)
    return pa.table(
        {
            "replication": np.full(flow.size, replication, np.int32),
            "truck": np.arange(flow.size, dtype=np.int32),
            "flow": name_column([s.name for s in plan.streams], flow),
            "number": log.draws.number,
            "class": name_column([plan.kinds[s.kind].vehicle_class for s in plan.streams], flow),
            "direction": name_column([plan.kinds[s.kind].direction for s in plan.streams], flow),
            "arrived": log.draws.arrival,
            "released": tick_column(log.released),
            "departed": tick_column(log.departed),
            **{name: times[:, n] for n, name in enumerate(("waiting", "closed", "served", "blocked"))},
        }
    )


def decisions_table(plan: Plan, replication: int, log: EventLog) -> pa.Table:
    """Return what was decided in a replication as a table, in order: lanes and units from then on, and trucks held.

    The number is null where what the gate file says holds again.
    """
    groups = [f"{plan.stages[stage]}/{name}" for stage, name in zip(plan.groups.stage, plan.groups.name, strict=True)]
    kinds = (
        ("lanes", log.lane_changes, "group", "lanes", groups),
        ("units", log.unit_changes, "pool", "units", plan.pools),
        ("may start", log.holds, "stage", "trucks", plan.stages),
    )
    rows = [
        (int(row["tick"]), what, names[row[of]], None if row[number] == NO_RULE else int(row[number]))
        for what, changes, of, number, names in kinds
        for row in changes
    ]
    rows.sort(key=lambda row: row[0])
    tick, what, place, number = zip(*rows, strict=True) if rows else ((), (), (), ())
    return pa.table(
        {
            "replication": np.full(len(rows), replication, np.int32),
            "tick": pa.array(tick, pa.int64()),
            "what": pa.array(what, pa.string()).dictionary_encode(),
            "place": pa.array(place, pa.string()).dictionary_encode(),
            "number": pa.array(number, pa.int64()),
        }
    )


def name_column(names: Any, index: npt.NDArray[Any]) -> pa.Array:
    """Return names by index as a dictionary column; a negative index is null."""
    unique = list(dict.fromkeys(names))  # with a name twice in the dictionary, Arrow's files differ from time to time
    code = np.array([unique.index(name) for name in names] + [0], np.int16)
    codes = pa.array(code[index], mask=index < 0)
    return pa.DictionaryArray.from_arrays(codes, pa.array(unique, pa.string()))


def tick_column(ticks: npt.NDArray[np.int64]) -> pa.Array:
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
