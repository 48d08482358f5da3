"""The plots of a result: made from its tables, the same for files and for the report.

A chart shows what the tables hold. The only arithmetic is display: means and percentiles over replications, hours of
the clock, hours per truck. Every caption says what its band is and whose clock it shows.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from experiments.answers.labels import Labels
from experiments.answers.run_numbers import read_numbers
from experiments.answers.run_summary import warnings
from experiments.plots import theme
from experiments.plots.days import end_of_day_stock, throughput
from experiments.plots.hours import clearance_by_arrival, lanes_in_use, queue_map
from experiments.plots.marks import WIDE, Frame, Plot
from experiments.plots.road import tailback_by_hour
from experiments.plots.stages import queue_by_hour, utilisation, where_time_goes
from experiments.plots.trucks import clearance_distribution, journeys
from experiments.result_folder import MANIFEST, read_json
from gates.findings import ConfigError, Finding, suggestion


def draw_plots(folder: Path) -> list[Path]:
    """Write `plots/NAME.svg` and `.png` of a result folder; return their paths."""
    labels = Labels(read_json(folder / MANIFEST))
    plots = read_plots(folder)
    pictures = [as_file(plot, labels) for plot in plots]
    return write_pictures(folder, plots, pictures)


def write_pictures(folder: Path, plots: Sequence[Plot], pictures: Sequence[str]) -> list[Path]:
    """Write the SVG of each plot, and its PNG, to `plots/` of a folder; return their paths."""
    faces = theme.font_faces(pictures)
    target = folder / "plots"
    target.mkdir(exist_ok=True)
    written = []
    for plot, svg in zip(plots, pictures, strict=True):
        vector, picture = target / f"{plot.name}.svg", target / f"{plot.name}.png"
        vector.write_text(theme.standalone(svg, plot.alt, faces), encoding="utf-8", newline="\n")
        picture.write_bytes(theme.png_of(svg))
        written += [vector, picture]
    return written


def drawn(folder: Path, name: str, form: str) -> bytes:
    """Return one plot of a result folder as `json` (Vega-Lite), `svg` or `png`.

    Raises
    ------
    ConfigError
        If the result has no plot of this name.
    """
    found = {plot.name: plot for plot in read_plots(folder)}
    if name not in found:
        raise ConfigError([Finding("name", name[:60], "the run has no such plot", suggestion(found, name))])
    if form == "json":
        return json.dumps(as_specification(found[name]), ensure_ascii=False).encode()
    svg = as_file(found[name], Labels(read_json(folder / MANIFEST)))
    if form == "png":
        return theme.png_of(svg)
    return theme.standalone(svg, found[name].alt, theme.font_faces([svg])).encode()


def as_specification(plot: Plot) -> dict[str, Any]:
    """Return a plot as Vega-Lite, its title, caption and text for those who cannot see it under `usermeta`."""
    said = {"name": plot.name, "title": plot.title, "caption": plot.caption, "alt": plot.alt, "warning": plot.warning}
    return {**plot.chart(WIDE).to_dict(), "config": theme.CONFIG, "usermeta": said}


def as_file(plot: Plot, labels: Labels) -> str:
    """Return a plot as its file shows it, as SVG: under its title, the gate's names and its caption."""
    svg = theme.svg_of(plot.chart(WIDE))
    return theme.with_heading(svg, plot.title, labels.title, f"{labels.basis}. {plot.caption}", plot.warning)


def read_plots(folder: Path) -> list[Plot]:
    """Return the plots of a result folder, ready to be drawn."""
    labels = Labels(read_json(folder / MANIFEST))
    numbers = read_numbers(folder)
    days = _table(folder / "days.parquet")
    queues, road = _table(folder / "queues.parquet"), folder / "tailback.parquet"
    found = [
        where_time_goes(_table(folder / "stages.parquet"), days, labels),
        utilisation(numbers.metrics, labels),
        queue_by_hour(queues, labels),
        queue_map(queues, labels),
        *([tailback_by_hour(_table(road), labels)] if road.is_file() else []),
        end_of_day_stock(days, labels),
        throughput(days, labels),
        clearance_distribution(_table(folder / "clearance.parquet"), labels),
    ]
    events = folder / "events" / "rep-00000.parquet"
    if events.is_file():
        log = _table(events)
        found += [clearance_by_arrival(_table(folder / "trucks.parquet"), labels), lanes_in_use(log, labels)]
        found.append(journeys(log, labels))
    warning = " ".join(warnings(numbers, labels))
    return [dataclasses.replace(plot, warning=warning) for plot in found]


def _table(path: Path) -> Frame:
    frame = pd.read_parquet(path)
    words = frame.select_dtypes("category").columns
    return frame.astype(dict.fromkeys(words, object))
