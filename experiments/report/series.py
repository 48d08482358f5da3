"""What a reader wants to see of a result folder: series, distributions, logs, drawings.

Each function reads the files of one result and gives plain data or bytes, bounded in size. They load pandas and Arrow
and may take a second, so a server has them done in a process of its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from experiments.result_folder import MANIFEST, read_json
from experiments.runs.files import atomic_file
from experiments.runs.statistics import mean_interval
from gates.findings import ConfigError, Finding, suggestion

if TYPE_CHECKING:
    from experiments.plots.marks import Plot
    from experiments.plots.theme import Theme
    from gates.schema.base import LanguageTag

Floats = npt.NDArray[np.float64]


def queue_series(folder: Path, stage: str | None, points: int) -> dict[str, Any]:
    """Return the trucks in the queue by time: mean over replications with its 95 % interval, and the highest.

    Parameters
    ----------
    stage
        A stage; none adds all of them up.
    points
        Most buckets of time, each a whole number of hours.

    Raises
    ------
    ConfigError
        If there is no such stage.
    """
    table = pq.read_table(folder / "queues.parquet")
    stages = table["stage"].combine_chunks().dictionary.to_pylist()
    hours = int(np.max(table["hour"])) + 1
    shape = (-1, hours, len(stages))
    mean = table["mean"].to_numpy().reshape(shape)
    highest = table["max"].to_numpy().reshape(shape)
    if stage is None:
        mean, highest = mean.sum(axis=2), highest.sum(axis=2)
    else:
        _refuse_unknown("stage", stage, stages)
        mean, highest = (part[:, :, stages.index(stage)] for part in (mean, highest))
    width = math.ceil(hours / points)
    edges = np.arange(0, hours, width)
    length = np.diff(np.append(edges, hours))
    found = np.add.reduceat(mean, edges, axis=1) / length
    low, high = _interval(found)
    top = np.maximum.reduceat(highest, edges, axis=1).max(axis=0)
    return {
        "stage": stage,
        "unit": "trucks",
        "bucket_h": width,
        "replications": len(mean),
        "first_measured": read_json(folder / MANIFEST)["scenario"]["start"],
        "hour": edges.tolist(),
        "mean": _plain(found.mean(axis=0)),
        "low": _plain(low),
        "high": _plain(high),
        "max": top.tolist() if stage is not None else None,
    }


def clearance(
    folder: Path, measure: str, direction: str | None, vehicle_class: str | None, bins: int
) -> dict[str, Any]:
    """Return the distribution of clearance or passage time of each direction: a histogram and quantiles.

    Both come from the curves of the replications, in which trucks still inside at the end count as censored.

    Raises
    ------
    ConfigError
        If there is no such direction or class.
    """
    table = pq.read_table(folder / "clearance.parquet").to_pandas().astype({"class": object, "direction": object})
    table = table[table["measure"] == measure]
    directions = sorted(set(table["direction"]))
    if direction is not None:
        _refuse_unknown("direction", direction, directions)
        directions = [direction]
    if vehicle_class is not None:
        classes = sorted({name for name in table["class"] if isinstance(name, str)})
        _refuse_unknown("class", vehicle_class, classes)
        table = table[table["class"] == vehicle_class]
    else:
        table = table[table["class"].isna()]
    found = [_distribution(table[table["direction"] == name], name, bins) for name in directions]
    return {"measure": measure, "class": vehicle_class, "unit": "h", "distributions": [d for d in found if d]}


def _distribution(rows: Any, direction: str, bins: int) -> dict[str, Any] | None:
    if not len(rows):
        return None
    curves = rows.pivot(index="replication", columns="percent", values="hours")
    percent = curves.columns.to_numpy(np.float64)
    hours = curves.to_numpy(np.float64)
    mean = hours.mean(axis=0)
    known = np.isfinite(mean)
    quantiles = {}
    for wanted in (5, 10, 25, 50, 75, 90, 95, 99):
        column = hours[:, int(np.argmin(np.abs(percent - wanted)))]
        quantiles[f"p{wanted}"] = mean_interval(column.tolist()).document()
    top = float(mean[known].max()) if known.any() else 0.0
    edges = np.linspace(0.0, top or 1.0, bins + 1)
    at = np.interp(edges, np.append(0.0, mean[known]), np.append(0.0, percent[known]))
    return {
        "direction": direction,
        "replications": len(hours),
        "edges_h": _plain(edges),
        "share": _plain(np.diff(at) / 100),
        "beyond_share": _number(1 - at[-1] / 100),
        "quantiles": quantiles,
    }


def log_rows(folder: Path, replication: int) -> int:
    """Return the number of rows of an event log."""
    return int(pq.read_metadata(log_file(folder, replication)).num_rows)


def log_csv(folder: Path, replication: int, first: int, count: int) -> bytes:
    """Return some rows of an event log as CSV; with its header if they are the first."""
    import pyarrow.csv

    rows = _rows(log_file(folder, replication), first, count)
    out = pa.BufferOutputStream()
    if first == 0:
        out.write((",".join(rows.schema.names) + "\n").encode())
    options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="needed")
    pyarrow.csv.write_csv(rows, out, options)
    return bytes(out.getvalue())


def _rows(path: Path, first: int, count: int) -> pa.Table:
    """Return some rows of a Parquet file, reading only the groups of rows that hold them."""
    file = pq.ParquetFile(path)
    wanted, skipped, at = [], 0, 0
    for group in range(file.num_row_groups):
        rows = file.metadata.row_group(group).num_rows
        if at + rows <= first:
            skipped = at + rows
        elif at < first + count:
            wanted.append(group)
        at += rows
    table = file.read_row_groups(wanted).slice(first - skipped, count)
    words = [(n, f) for n, f in enumerate(table.schema) if pa.types.is_dictionary(f.type)]
    for number, field in words:
        table = table.set_column(number, field.name, table[field.name].cast(pa.string()))
    return table


def plots(folder: Path) -> list[dict[str, str]]:
    """Return the plots that a result has, each with its words."""
    from experiments.plots.draw import read_plots

    return [plot_words(plot) for plot in read_plots(folder)]


def plot_words(plot: Plot) -> dict[str, str]:
    """Return title, caption, text and warning of a plot: what one must know before reading it, such as overload."""
    words = ("name", "title", "caption", "alt", "warning")
    return {word: getattr(plot, word) for word in words}


def draw_plot(folder: Path, name: str, form: str, target: Path, colours: Theme, language: LanguageTag) -> None:
    """Write one plot of a run or a study to a file that is there whole or not at all.

    Raises
    ------
    ConfigError
        If the result has no plot of this name.
    """
    if read_json(folder / MANIFEST).get("kind") == "study":
        from experiments.plots.study import study_drawn as drawn
    else:
        from experiments.plots.draw import drawn

    _write(target, drawn(folder, name, form, colours, language))


def draw_report(folder: Path, target: Path) -> None:
    """Write the report to a file that is there whole or not at all."""
    from experiments.report.html import report

    _write(target, report(folder).encode())


def _write(target: Path, content: bytes) -> None:
    with atomic_file(target) as path:
        path.write_bytes(content)


def log_file(folder: Path, replication: int) -> Path:
    """Return the file of an event log.

    Raises
    ------
    ConfigError
        If that replication has none.
    """
    path = folder / "events" / f"rep-{replication:05d}.parquet"
    if not path.is_file():
        kept = sum(1 for _ in (folder / "events").glob("rep-*.parquet"))
        remedy = f"Ask for one from 0 to {kept - 1}." if kept else "Run it with keep_events of 1 or more."
        raise ConfigError([Finding("rep", str(replication), "has no event log", remedy)])
    return path


def _refuse_unknown(path: str, written: str, known: Iterable[str]) -> None:
    names = list(known)
    if written not in names:
        raise ConfigError([Finding(path, written[:60], "there is none of this name", suggestion(names, written))])


def _interval(found: Floats) -> tuple[Floats, Floats]:
    """Return the ends of the 95 % interval of the mean over the first axis; NaN with one replication."""
    columns = [mean_interval(column) for column in found.T.tolist()]
    return np.array([c.low for c in columns]), np.array([c.high for c in columns])


def _plain(values: Floats) -> list[float | None]:
    return [_number(value) for value in values.tolist()]


def _number(value: float) -> float | None:
    return round(float(value), 6) if math.isfinite(value) else None
