"""The plots of a result: charts from its tables, the same for files and for the report.

A chart shows what the tables hold; the only arithmetic here is display: means and quantiles over replications,
hours of the clock, hours per truck. Every plot says in its caption what its band is.
"""

from __future__ import annotations

import datetime as dt
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from experiments import theme
from experiments.answer import BINDING_UTILISATION, Metrics, read_json
from experiments.labels import Labels, count, listed
from experiments.theme import CLASS_COLOURS, CLASS_DASHES, DIRECTION_COLOURS, STATE_COLOURS

WIDE, NARROW = 760, 350
"""Width of a chart in a file and on a screen, and on a phone [px]."""
NOTABLE_QUEUE = 1.0
"""A line gets a panel of its own if, at some hour, this many trucks wait on average."""
MOST_PANELS = 9
QUANTILES = (0.05, 0.95)
ENOUGH_FOR_QUANTILES = 20
"""With fewer replications the 5th and 95th percentile say little more than the lowest and the highest."""
JOURNEYS = 8
"""Trucks shown for each direction."""
JOURNEY_HOURS = 48
STATES = {"waiting_h": "In line", "closed_h": "Stage closed", "blocked_h": "Blocked", "served_h": "Being served"}

Frame = pd.DataFrame


@dataclass(frozen=True)
class Plot:
    """One plot: what it shows, how to read it, and the chart in any width."""

    name: str
    """File name, without its ending."""
    title: str
    caption: str
    """How to read it: units, clock, band, what is left out."""
    alt: str
    """What the picture shows, for those who cannot see it."""
    chart: Callable[[int], alt.TopLevelMixin]
    """Draws the chart at a width [px], without title."""


def draw_plots(folder: Path) -> list[Path]:
    """Write `plots/NAME.svg` and `.png` of a result folder; return their paths."""
    labels = Labels(read_json(folder / "manifest.json"))
    target = folder / "plots"
    target.mkdir(exist_ok=True)
    written = []
    for plot in plots(folder):
        svg = theme.svg_of(titled(plot, labels))
        paths = [target / f"{plot.name}.svg", target / f"{plot.name}.png"]
        paths[0].write_text(theme.standalone(svg, plot.alt), encoding="utf-8")
        paths[1].write_bytes(theme.png_of(svg))
        written += paths
    return written


def titled(plot: Plot, labels: Labels) -> alt.TopLevelMixin:
    """Return the chart of a plot as a file shows it: under its title, the gate's names and its caption."""
    lines = [labels.title, *textwrap.wrap(f"{labels.basis}. {plot.caption}", 128)]
    return plot.chart(WIDE).properties(title=alt.TitleParams(plot.title, subtitle=lines))


def plots(folder: Path) -> list[Plot]:
    """Return the plots of a result folder, ready to be drawn."""
    labels = Labels(read_json(folder / "manifest.json"))
    metrics = Metrics(read_json(folder / "metrics.json"))
    days = _table(folder / "days.parquet")
    found = [
        where_time_goes(_table(folder / "stages.parquet"), days, labels),
        utilisation(metrics, labels),
        queue_by_hour(_table(folder / "queues.parquet"), labels),
        end_of_day_stock(days, labels),
        throughput(days, labels),
        clearance_distribution(_table(folder / "clearance.parquet"), labels),
    ]
    events = folder / "events" / "rep-00000.parquet"
    return [*found, journeys(_table(events), labels)] if events.is_file() else found


# Queues


def queue_by_hour(queues: Frame, labels: Labels) -> Plot:
    """Draw the trucks waiting by hour of day, a panel for each stage with a notable line."""
    hours = queues.assign(hour=_hour_of_day(queues["hour"], labels))
    mean_day = hours.groupby(["replication", "stage", "hour"], as_index=False)["mean"].mean()
    bands = over_replications(mean_day, ["stage", "hour"], "mean")
    peaks = bands.groupby("stage")["mean"].max().sort_values(ascending=False, kind="stable")
    shown = list(peaks[peaks >= NOTABLE_QUEUE].index[:MOST_PANELS])
    rest = [labels.stage(name) for name in labels.gate.stages if name in peaks.index and name not in shown]
    clock = labels.clock(labels.bulletin_side)
    caption = (
        f"Trucks waiting in line, by hour of the day in {clock}, mean over {count(labels.days, 'day')}. "
        f"{band_text(labels)} Grey: the stage is closed. Each panel has its own scale."
    )
    if rest:
        limit = max(NOTABLE_QUEUE, float(peaks[[n for n in peaks.index if n not in shown]].max()))
        caption += f" At no hour more than {np.ceil(limit):.0f} waiting on average: {listed(rest)}."
    draw = partial(_queue_panels, bands, shown, labels)
    longest = labels.stage(shown[0]) if shown else ""
    summary = f"The longest line is at {longest}." if shown else "No stage has a notable line."
    return Plot(
        "queue-by-hour",
        "When and where trucks wait",
        caption,
        f"Trucks waiting by hour of day for {count(len(shown), 'stage')}. {summary}",
        draw,
    )


def _queue_panels(bands: Frame, shown: Sequence[str], labels: Labels, width: int) -> alt.TopLevelMixin:
    if not shown:
        return message("Nowhere does a truck wait on average at any hour.", width)
    columns = min(len(shown), 3 if width > NARROW else 2)
    panel = (width - 62 * columns) // columns
    panels = [_queue_panel(bands[bands["stage"] == name], name, labels, panel) for name in shown]
    return alt.concat(*panels, columns=columns, spacing={"row": 22, "column": 14})


def _queue_panel(rows: Frame, name: str, labels: Labels, width: int) -> alt.LayerChart:
    rows = pd.concat([rows, rows.assign(hour=24).tail(1)])  # a step reaches to the end of its hour
    x = alt.X("hour:Q", title="Hour", scale=alt.Scale(domain=[0, 24]), axis=alt.Axis(values=[0, 6, 12, 18, 24]))
    y = alt.Y("mean:Q", title="Trucks", axis=alt.Axis(tickCount=4), scale=alt.Scale(domainMin=0))
    layers = [
        _shade(_closed_hours(name, labels)).encode(x="from:Q", x2="to:Q"),
        *_band(rows, labels, interpolate="step-after").encode_all(x, "low:Q", "high:Q"),
        alt.Chart(_data(rows)).mark_line(interpolate="step-after", color=theme.BLUE, strokeWidth=1.8).encode(x, y),
    ]
    title = alt.TitleParams(_wrapped(labels.stage(name), width // 6), fontSize=12, offset=6, lineHeight=15)
    return alt.layer(*layers).properties(width=width, height=110, title=title)
