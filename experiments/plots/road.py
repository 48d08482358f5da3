"""The plot of the road: the length of the queue outside, because the gate is full."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import altair as alt

from experiments.answers.labels import Labels, count, listed
from experiments.answers.numbers import GLUE
from experiments.plots import theme
from experiments.plots.marks import (
    NARROW,
    Chart,
    Frame,
    Plot,
    clock_axis,
    data_of,
    hour_of_day,
    message,
    panel_title,
    to_end_of_day,
)
from experiments.plots.theme import direction_colour
from experiments.runs.statistics import mean_interval

LINES = {"mean": "Mean of that hour", "highest": "Longest at that hour, of any day and replication"}
DASHES = {"mean": [1, 0], "highest": [4, 3]}


def tailback_by_hour(road: Frame, labels: Labels) -> Plot:
    """Draw the length of the tail-back by hour of day, a panel for each road on which trucks ever stand.

    Parameters
    ----------
    road
        One row a replication, hour and place, as in `tailback.parquet`.
    """
    place = road["direction"].where(road["direction"].notna(), road["area"])
    hours = road.assign(hour=hour_of_day(road["hour"], labels), place=place)
    bands = _by_hour(hours)
    longest = bands.groupby("place")["highest"].max()
    shown = [name for name in dict.fromkeys(place) if longest[name] > 0]
    empty = [_title(name, labels) for name in dict.fromkeys(place) if not longest[name] > 0]
    roads = [name for name in labels.gate.areas if name in longest]
    also = f", or stand on {listed([labels.area(name) for name in roads])}" if roads else ""
    caption = f"Road occupied by trucks that wait outside because the gate is full{also}, {_road_text(labels)}."
    if shown:
        interval = "Band: its 95 % interval" if labels.replications > 1 else "One replication: no interval"
        caption += (
            f" By hour of the day, {labels.clock(labels.bulletin_side)}. Line: mean over {count(labels.days, 'day')}. "
            f"{interval}. Dashes: the longest at that hour, of any day and replication."
        )
    if len(shown) > 1:
        caption += " Each panel has its own scale."
    if shown and empty:
        caption += f" Nobody ever stands there: {listed(empty)}."
    said = [f"{_title(name, labels)}: {longest[name]:.3g} km at the longest" for name in shown]
    return Plot(
        "tailback-by-hour",
        "Length of the queue on the road",
        caption,
        f"Tail-back by hour of day. {'; '.join(said)}." if said else "Nobody ever stands on the road.",
        partial(_panels, bands, shown, labels),
    )


def _by_hour(hours: Frame) -> Frame:
    """Return mean, its interval and the highest, for each place and hour of the day."""
    groups = hours.groupby(["place", "hour"])
    found = groups["max_km"].max().rename("highest").reset_index()
    days = hours.groupby(["place", "hour", "replication"])["mean_km"].mean().unstack("replication")
    estimates = [mean_interval(values.tolist()) for values in days.to_numpy()]
    low = [max(estimate.low, 0.0) for estimate in estimates]  # there is no road before the gate
    return found.assign(mean=[e.value for e in estimates], low=low, high=[e.high for e in estimates])


def _road_text(labels: Labels) -> str:
    """Say how much road a truck takes."""
    gate = labels.gate
    metres = [gate.road_per_truck, *(area.road_per_truck for area in gate.areas.values())]
    found = sorted({length for length in metres if length is not None})
    return f"{listed([f'{length:g}{GLUE}m' for length in found])} each"


def _title(place: str, labels: Labels) -> str:
    return labels.area(place) if place in labels.gate.areas else labels.direction(place)


def _panels(bands: Frame, shown: list[str], labels: Labels, width: int) -> Any:
    if not shown:
        return message("At no time does a truck stand on the road: there is always space inside.", width)
    columns = min(len(shown), 2) if width > NARROW else 1
    panel = width // columns - 62
    panels = [_panel(bands[bands["place"] == name], name, labels, panel) for name in shown]
    return alt.concat(*panels, columns=columns, spacing={"row": 16, "column": 14})


def _panel(rows: Frame, name: str, labels: Labels, width: int) -> Any:
    rows = to_end_of_day(rows)
    lines = rows.melt(["hour"], list(LINES), var_name="line", value_name="km")
    x = clock_axis()
    title = "Tail-back [km]"
    y = alt.Y("km:Q", title=title, scale=alt.Scale(domainMin=0), axis=alt.Axis(tickCount=5))
    colour = theme.GREEN if name in labels.gate.areas else direction_colour(name)
    dash = alt.StrokeDash(
        "line:N",
        title=None,
        scale=alt.Scale(domain=list(LINES), range=list(DASHES.values())),
        legend=alt.Legend(
            labelExpr=f"{json.dumps(LINES)}[datum.label]", symbolType="stroke", symbolSize=400, direction="vertical"
        ),
    )
    drawn = Chart(data_of(lines)).mark_line(interpolate="step-after", color=colour, strokeWidth=1.8)
    layers = [drawn.encode(x=x, y=y, strokeDash=dash)]
    if labels.replications > 1:
        band = Chart(data_of(rows)).mark_area(interpolate="step-after", color=colour, opacity=0.3)
        layers.insert(0, band.encode(x=x, y=alt.Y("low:Q", title=title), y2="high:Q"))
    heading = panel_title(_title(name, labels), width, "group")
    return alt.layer(*layers).properties(width=width, height=170, title=heading)
