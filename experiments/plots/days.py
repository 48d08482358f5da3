"""Plots day by day: trucks that stand at the gate, arrive and are released."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import altair as alt
import pandas as pd

from experiments.answers.labels import Labels, listed, together
from experiments.plots import theme
from experiments.plots.marks import (
    NARROW,
    Chart,
    Frame,
    Plot,
    band_text,
    data_of,
    date_axis,
    message,
    over_replications,
    panel_title,
    shade,
    stamp,
)
from experiments.plots.theme import BLUE, direction_colour

MOST_POINTS = 45
"""Longer series are drawn as lines without a point for each day."""


def end_of_day_stock(days: Frame, labels: Labels) -> Plot:
    """Draw the stock when the day's bulletin counts, day by day."""
    bands = over_replications(days, ["date", "direction"], "stock")
    ends = bands.sort_values("date").groupby("direction")["mean"].agg(["first", "last"])
    said = "; ".join(f"{d}: {ends.loc[d, 'first']:.0f} at first, {ends.loc[d, 'last']:.0f} at last" for d in ends.index)
    return Plot(
        "end-of-day-stock",
        f"Trucks {labels.in_stock} at the end of the day",
        f"Loaded trucks that have arrived and are {labels.in_stock}, counted at {labels.bulletin}. "
        f"{band_text(labels)}{_closure_text(labels)}",
        f"Stock by day and direction. {said}.",
        partial(_stock_lines, bands, labels),
    )


def _stock_lines(bands: Frame, labels: Labels, width: int) -> Any:
    if not bands["high"].max() > 0:
        return message("No truck stands at the gate at the end of any day.", width)
    titles = {name: labels.direction(name) for name in labels.directions}
    dashes = [[1, 0] if direction_colour(name) == BLUE else [6, 3] for name in titles]
    series = _Series("direction", titles, [direction_colour(name) for name in titles], dashes)
    layers = [_closures(labels), *_day_lines(bands, series, labels, width, f"Trucks {labels.in_stock}")]
    return alt.layer(*layers).properties(width=width - 70, height=230)


def throughput(days: Frame, labels: Labels) -> Plot:
    """Draw the trucks released each day, arrivals beside them."""
    counts = days.melt(
        ["replication", "date", "direction"], ["arrived", "released"], var_name="what", value_name="trucks"
    )
    bands = over_replications(counts, ["date", "direction", "what"], "trucks")
    means = days.groupby("direction")[["arrived", "released"]].mean()
    said = "; ".join(f"{d}: {row.released:.0f} released, {row.arrived:.0f} arrived" for d, row in means.iterrows())
    return Plot(
        "throughput",
        "How many trucks arrive and are released each day",
        f"Loaded trucks by day of {labels.clock(labels.bulletin_side)}; released means past the last control. "
        f"{band_text(labels)}{_closure_text(labels)}",
        f"Trucks a day by direction. Means: {said}.",
        partial(_throughput_panels, bands, labels),
    )


def _throughput_panels(bands: Frame, labels: Labels, width: int) -> Any:
    if not bands["high"].max() > 0:
        return message("No truck arrived in this period.", width)
    titles = {"released": "Released", "arrived": "Arrived"}
    series = _Series("what", titles, [theme.BLACK, theme.GREY], [[1, 0], [6, 3]])
    panels = []
    for direction in labels.directions:
        rows = bands[bands["direction"] == direction]
        layers = [_closures(labels), *_day_lines(rows, series, labels, width, "Trucks a day")]
        title = panel_title(labels.direction(direction), width)
        panels.append(alt.layer(*layers).properties(width=width - 70, height=150, title=title))
    return alt.vconcat(*panels, spacing=14)


@dataclass(frozen=True)
class _Series:
    """The lines of a chart: the field that tells them apart, and how each looks."""

    field: str
    titles: dict[str, str]
    colours: list[str]
    dashes: list[list[int]]

    def channel(self, kind: Any, looks: Sequence[Any], symbol: str = "stroke") -> Any:
        """Return a colour or dash channel; both make one legend."""
        names = json.dumps(self.titles, ensure_ascii=False)
        legend = alt.Legend(
            labelExpr=f"{names}[datum.label]",
            symbolType=symbol,
            symbolSize=400 if symbol == "stroke" else 60,
            direction="vertical",
        )
        scale = alt.Scale(domain=list(self.titles), range=list(looks))
        return kind(f"{self.field}:N", title=None, scale=scale, legend=legend)


def _day_lines(bands: Frame, series: _Series, labels: Labels, width: int, title: str) -> list[Any]:
    """Return bands, lines and points over days; lines named last are drawn on top."""
    days = labels.days
    begin = pd.Timestamp(labels.first)
    half, last = pd.Timedelta(hours=12), begin + pd.Timedelta(days=days - 1)
    x = alt.X(
        "date:T",
        title=None,
        scale=alt.Scale(type="utc", domain=[stamp(begin - half), stamp(last + half)]),
        axis=date_axis(labels.first, days, 6 if width > NARROW else 4),
    )
    rank = bands[series.field].map(list(series.titles).index)
    rows = bands.assign(date=[stamp(pd.Timestamp(date)) for date in bands["date"]], rank=rank)
    colour = series.channel(alt.Color, series.colours, "stroke" if days > 1 else "circle")
    chart = Chart(data_of(rows.sort_values(["rank", "date"]))).encode(x=x, color=colour)
    y = alt.Y("mean:Q", title=title, scale=alt.Scale(domainMin=0))
    low, high = alt.Y("low:Q", title=title), alt.Y2("high:Q")
    layers: list[Any] = []
    if labels.replications > 1:
        band = chart.mark_area(opacity=0.22) if days > 1 else chart.mark_rule(strokeWidth=2)
        layers.append(band.encode(y=low, y2=high))
    if days > 1:
        dash = series.channel(alt.StrokeDash, series.dashes)
        layers.append(chart.mark_line(strokeWidth=2).encode(y=y, strokeDash=dash))
    if days <= MOST_POINTS:
        layers.append(chart.mark_point(filled=True, size=24, opacity=1).encode(y=y))
    return layers


def _closures(labels: Labels) -> Any:
    """Return grey spans for the closures of the calendar."""
    last = labels.first + dt.timedelta(days=labels.days - 1)
    half = pd.Timedelta(hours=12)
    spans = [
        (stamp(pd.Timestamp(begin) - half), stamp(pd.Timestamp(end) + half))
        for entry in labels.gate.closings()
        for begin, end in together(entry.days(labels.first, last))
    ]
    return shade(Frame(spans, columns=["from", "to"])).encode(x=alt.X("from:T"), x2="to:T")


def _closure_text(labels: Labels) -> str:
    last = labels.first + dt.timedelta(days=labels.days - 1)
    names = [entry.name for entry in labels.gate.closings() if entry.days(labels.first, last)]
    return f" Grey: {listed(list(dict.fromkeys(names)))}." if names else ""
