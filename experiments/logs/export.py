"""A result exported for other programs: its event logs and tables as CSV, Parquet, OCEL 2.0 or XES."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import csv, parquet

from experiments.logs.columns import MOMENTS, TABLES, TRUCK_MOMENTS, Column, choice_column, clock_columns
from experiments.logs.kept import KeptLog
from experiments.logs.ocel import write_ocel
from experiments.logs.xes import write_xes
from experiments.result_folder import write_json
from experiments.runs.files import new_folder
from gates.findings import ConfigError, Finding, suggestion

FORMS = ("csv", "parquet", "ocel", "xes")
MOST_VISITS_AS_TEXT = 500_000
"""Most stage visits that are written as OCEL or XES: about 1.5 kB each."""
METADATA = "csv-metadata.json"
"""What the columns of the CSV files hold; the W3C's "Metadata Vocabulary for Tabular Data" (2015) gives the name."""


def export(result: Path | str, form: str, out: Path | str | None = None, replication: int | None = None) -> Path:
    """Write the event logs of a result, and as CSV or Parquet its other tables, into a new folder; return the folder.

    Parameters
    ----------
    result
        Result folder of a run.
    form
        `csv`, `parquet`, `ocel` or `xes`.
    out
        The new folder; none means `NAME-FORM` here.
    replication
        The only replication whose event log is exported; none means all that are kept.

    Raises
    ------
    ConfigError
        With every finding at once.
    OSError
        If the disk is full or the place cannot be written; nothing is left behind.
    """
    if form not in FORMS:
        raise ConfigError([Finding("--form", form[:60], "is not a form of export", suggestion(FORMS, form))])
    log = KeptLog(Path(result), replication)
    folder = Path(f"{Path(result).resolve().name}-{form}" if out is None else out)
    if form in ("ocel", "xes"):
        _refuse_too_long(log, form)
    with new_folder(folder) as partial:
        if form == "ocel":
            write_ocel(log, partial / "events.ocel.json")
        elif form == "xes":
            write_xes(log, partial / "events.xes")
        else:
            _write_tables(log, partial, _write_csv if form == "csv" else _write_parquet)
            if form == "csv":
                _write_metadata(log, partial)
    return folder


def columns_of(log: KeptLog, table: str) -> tuple[Column, ...]:
    """Return the columns of an exported table, in order."""
    choices = tuple(choice_column(name) for name in log.choices) if table in ("events", "trucks") else ()
    return (*TABLES[table], *choices, *clock_columns(table, log.zones))


def _refuse_too_long(log: KeptLog, form: str) -> None:
    events = [log.folder / "events" / f"rep-{number:05d}.parquet" for number in log.numbers]
    visits = sum(parquet.read_metadata(path).num_rows for path in events)
    if visits > MOST_VISITS_AS_TEXT:
        problem = f"{visits:,} stage visits are more than the {MOST_VISITS_AS_TEXT:,} that are written as {form}"
        remedy = "Export one replication (--replication 0), or use --form parquet."
        raise ConfigError([Finding("--form", form, problem, remedy)])


Write = Callable[[KeptLog, str, Iterator[pd.DataFrame], Path], None]


def _write_tables(log: KeptLog, folder: Path, write: Write) -> None:
    """Write every table that the result has; one replication of its logs is in memory at a time."""
    write(log, "events", (_with_clocks(log, "events", part.visits) for part in log.replications()), folder)
    write(log, "trucks", (_with_clocks(log, "trucks", part.trucks) for part in log.replications()), folder)
    for name in TABLES:
        if name not in ("events", "trucks") and (log.folder / f"{name}.parquet").is_file():
            table = parquet.read_table(log.folder / f"{name}.parquet", partitioning=None).to_pandas()
            write(log, name, iter([table]), folder)


def _with_clocks(log: KeptLog, table: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with a column for each moment and clock."""
    moments = MOMENTS if table == "events" else TRUCK_MOMENTS
    clocks = {f"{name}_{side}": log.wall_clock(rows[name], side) for name in moments for side in log.zones}
    return pd.concat([rows, pd.DataFrame(clocks, index=rows.index)], axis=1)


def _write_csv(log: KeptLog, name: str, parts: Iterator[pd.DataFrame], folder: Path) -> None:
    columns = [column.name for column in columns_of(log, name)]
    with (folder / f"{name}.csv").open("wb") as stream:
        for n, part in enumerate(parts):
            shown = {each: _iso(part[each]) if _has_zone(part[each]) else part[each] for each in columns}
            table = pa.Table.from_pandas(pd.DataFrame(shown), preserve_index=False)
            options = csv.WriteOptions(include_header=n == 0, quoting_style="needed")
            csv.write_csv(table, stream, options)


def _write_parquet(log: KeptLog, name: str, parts: Iterator[pd.DataFrame], folder: Path) -> None:
    columns = columns_of(log, name)
    about = {each.name: {"description": each.text, "unit": each.unit} for each in columns}
    writer: parquet.ParquetWriter | None = None
    try:
        for part in parts:
            table = pa.Table.from_pandas(part[list(about)], preserve_index=False)
            if writer is None:
                fields = [pa.field(f.name, _kind(f, log), metadata=about[f.name]) for f in table.schema]
                schema = pa.schema(fields, {"gate": log.gate.name, "start_of_run": log.tick_zero.isoformat()})
                writer = parquet.ParquetWriter(folder / f"{name}.parquet", schema, compression="zstd")
            writer.write_table(table.cast(schema))
    finally:
        if writer is not None:
            writer.close()


def _kind(field: pa.Field, log: KeptLog) -> pa.DataType:
    """Return the type of a column, which does not depend on what one replication happens to hold."""
    is_word = pa.types.is_null(field.type) or pa.types.is_dictionary(field.type) or field.name.startswith("choice.")
    return pa.string() if is_word else field.type


def _write_metadata(log: KeptLog, folder: Path) -> None:
    """Write what the columns hold, as "Metadata Vocabulary for Tabular Data" (W3C 2015) has it."""
    tables = [
        {"url": f"{name}.csv", "tableSchema": {"columns": [_described(column) for column in columns_of(log, name)]}}
        for name in TABLES
        if (folder / f"{name}.csv").is_file()
    ]
    document = {
        "@context": "http://www.w3.org/ns/csvw",
        "dc:title": f"Result of {log.gate.name}",
        "dc:description": f"Times in ms count from {log.tick_zero.isoformat()}.",
        "tables": tables,
    }
    write_json(folder / METADATA, document)


def _described(column: Column) -> dict[str, Any]:
    unit = {"schema:unitText": column.unit} if column.unit else {}
    return {"name": column.name.replace(".", "_"), "titles": column.name, "dc:description": column.text, **unit}


def _has_zone(values: pd.Series) -> bool:
    return isinstance(values.dtype, pd.DatetimeTZDtype)


def _iso(moments: pd.Series) -> Any:
    """Return moments as ISO 8601 with milliseconds and the distance to UTC; None where there is none."""
    local = moments.dt.tz_localize(None).to_numpy("M8[ms]")
    ahead = (moments.dt.tz_localize(None) - moments.dt.tz_convert("UTC").dt.tz_localize(None)).dt.total_seconds()
    offsets = {seconds: _offset(seconds) for seconds in ahead.dropna().unique()}
    texts = np.char.add(np.datetime_as_string(local, unit="ms"), ahead.map(offsets).fillna("").to_numpy(str))
    return np.where(moments.isna().to_numpy(), np.array(None), texts.astype(object))


def _offset(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
