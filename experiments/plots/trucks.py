"""Plots of trucks: how long clearance takes, and the journeys of some of them."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from experiments.answers.labels import Labels, count, day_text
from experiments.plots import theme
from experiments.plots.marks import (
    NARROW,
    Chart,
    Frame,
    Plot,
    StageRows,
    at_px,
    band_text,
    columns_of,
    data_of,
    fitted,
    message,
    over_replications,
    panel_title,
    shade,
)
from experiments.plots.theme import CLASS_COLOURS, CLASS_DASHES
from gates.countries import side_title
from sim.clock import TICKS_PER_HOUR

JOURNEYS = 6
"""Trucks shown for each direction."""
JOURNEY_HOURS = 48
STROKES = {"moves": 0.7, "waits": 1.7, "blocked": 1.7, "served": 4.2}
"""How thick a truck's line is [px]."""
DOING = ("waits", "served", "blocked")
"""What lies between the times of a visit: joined, started, finished, left."""


# How long it takes


def clearance_distribution(curves: Frame, labels: Labels) -> Plot:
    """Draw the share of trucks released within some hours, by direction and class."""
    rows = curves[curves["measure"] == "clearance"].assign(**{"class": lambda f: f["class"].fillna("")})
    rows = rows.assign(hours=rows["hours"].where(np.isfinite(rows["hours"])))
    known = rows.groupby(["direction", "class", "percent"])["hours"].transform("count") == labels.replications
    bands = over_replications(rows[known], ["direction", "class", "percent"], "hours")
    shown = [d for d in labels.directions if (bands["direction"] == d).any()]
    middle = bands[(bands["class"] == "") & (bands["percent"] == 50)].set_index("direction")["mean"]
    said = ", ".join(f"{middle[d]:.1f} h {d}" for d in shown if d in middle.index)
    return Plot(
        "clearance-distribution",
        "How long clearance takes",
        "Share of trucks released from the last control within a number of hours after arrival. "
        f"{band_text(labels)} A line ends where, in some replication, trucks still inside leave the rest open.",
        f"Curves by direction and class. Half of the trucks are released within {said}." if said else "Empty.",
        partial(_clearance_panels, bands, shown, labels),
    )


def _clearance_panels(bands: Frame, shown: Sequence[str], labels: Labels, width: int) -> Any:
    if not shown:
        return message("No truck was released in this period.", width)
    beside = width > NARROW and len(shown) > 1
    each = (width - 140) // 2 if beside else width - 70
    panels = [_clearance_panel(bands[bands["direction"] == d], d, labels, each) for d in shown]
    joined = alt.hconcat(*panels, spacing=22) if beside else alt.vconcat(*panels, spacing=18)
    return joined.resolve_scale(color="independent", strokeDash="independent")


def _clearance_panel(bands: Frame, direction: str, labels: Labels, width: int) -> Any:
    classes = [name for name in labels.classes_of(direction) if (bands["class"] == name).any()]
    names = ["", *(classes if len(classes) > 1 else [])]
    bands = bands[bands["class"].isin(names)]
    named = [labels.vehicle_class(name) if name else "All trucks" for name in names]
    titles = dict(zip(names, fitted(named, width), strict=True))
    known = list(labels.gate.classes)
    colours = [CLASS_COLOURS[known.index(n) % len(CLASS_COLOURS)] if n else theme.BLACK for n in names]
    dashes = [CLASS_DASHES[known.index(n) % len(CLASS_DASHES)] if n else [1, 0] for n in names]
    rows = bands.assign(title=bands["class"].map(titles)).sort_values(["class", "percent"])
    far = rows[rows["percent"] <= 97.5]["high"].max()
    domain = list(titles.values())
    x = alt.X(
        "mean:Q",
        title="Hours since arrival",
        scale=alt.Scale(domain=[0, float(far) or 1.0], clamp=False),
        axis=alt.Axis(values=_hour_ticks(far, width), format="d"),
    )
    y = alt.Y(
        "percent:Q",
        title="Trucks released [%]",
        scale=alt.Scale(domain=[0, 100]),
        axis=alt.Axis(values=[0, 25, 50, 75, 90, 100]),
    )
    legend = alt.Legend(columns=columns_of(domain, width), symbolSize=300, symbolType="stroke")
    colour = alt.Color("title:N", title=None, scale=alt.Scale(domain=domain, range=colours), legend=legend)
    dash = alt.StrokeDash("title:N", title=None, scale=alt.Scale(domain=domain, range=dashes), legend=legend)
    chart = Chart(data_of(rows)).encode(y=y, color=colour)
    line = chart.mark_line(clip=True, orient="vertical").encode(
        x=x,
        strokeDash=dash,
        order="percent:Q",
        strokeWidth=alt.condition("datum['class'] === ''", alt.value(3), alt.value(1.8)),
    )
    layers: list[Any] = [line]
    if labels.replications > 1:
        band = chart.mark_area(clip=True, orient="horizontal", opacity=0.2)
        layers.insert(0, band.encode(x=alt.X("low:Q"), x2="high:Q"))
    return alt.layer(*layers).properties(width=width, height=230, title=panel_title(labels.direction(direction), width))


def _hour_ticks(far: float, width: int) -> list[float]:
    most = max(3, width // 45)
    step = next((s for s in (1, 2, 3, 6, 12, 24, 48, 72, 168) if far / s <= most), 24 * math.ceil(far / 24 / most))
    return [float(n * step) for n in range(int(far // step) + 1)]


# Single trucks


def journeys(events: Frame, labels: Labels) -> Plot:
    """Draw the journeys of some trucks through the stages, over two days."""
    begin, chosen = _sample(events, labels)
    end = min(begin + dt.timedelta(hours=JOURNEY_HOURS), labels.midnight(labels.days))
    hours = (end - begin).total_seconds() / 3600
    visits = events[events["truck"].isin(chosen)]
    day = day_text(begin.astimezone(labels.zone(labels.bulletin_side)).date())
    return Plot(
        "journeys",
        "The journeys of single trucks",
        f"{count(len(chosen), 'truck')} of the first replication, drawn evenly from those that arrive on {day}. "
        f"Thin: in the queue. Thick: being processed. Grey: the stage is closed. {_clock_text((begin, end), labels)} "
        f"Stages are in the order of the path; what happens after {hours:.0f} hours is not shown.",
        f"Lines of {count(len(chosen), 'truck')} through the stages, over {hours:.0f} hours.",
        partial(_journey_panels, visits, (begin, end), labels),
    )


def _clock_text(span: Span, labels: Labels) -> str:
    """Say whose clock the axis shows, with what it was ahead of UTC on the days of a span."""
    zone = labels.zone(labels.bulletin_side)
    first, last = (moment.astimezone(zone).date() for moment in (span[0], span[1] - dt.timedelta(seconds=1)))
    days = (last - first).days + 1
    clocks = [f"{side_title(side)} time ({labels.offset_text(side, first, days)})" for side in _sides(labels)]
    return f"Times: {clocks[0]} above, {clocks[1]} below." if len(clocks) > 1 else f"Times: {clocks[0]}."


def _sides(labels: Labels) -> list[str]:
    """Return the bulletin's side, and another one whose clock shows another time."""
    return [labels.bulletin_side, *labels.other_clocks()[:1]]


def _sample(events: Frame, labels: Labels) -> tuple[dt.datetime, list[int]]:
    """Return the start of a day and trucks that arrive on it, some of each direction.

    The day is the second measured one, or the first after it on which trucks arrive in every direction.
    """
    arrivals = events.groupby("truck").agg({"joined": "min", "direction": "first"}).sort_values("joined")
    best: tuple[dt.datetime, list[int]] = (labels.midnight(0), [])
    covered = 0
    for day in [*range(1, labels.days), 0]:
        begin = labels.midnight(day)
        start, stop = (labels.ticks(moment) for moment in (begin, labels.midnight(day + 1)))
        came = arrivals[(arrivals["joined"] >= start) & (arrivals["joined"] < stop)]
        groups = [came.index[came["direction"] == name] for name in labels.directions]
        groups = [group for group in groups if len(group)]
        if len(groups) > covered:
            covered = len(groups)
            best = begin, [int(truck) for group in groups for truck in _evenly(group)]
        if covered == len(labels.directions):
            break
    return best


def _evenly(trucks: Any) -> Any:
    return trucks[np.unique(np.linspace(0, len(trucks) - 1, JOURNEYS).round().astype(int))]


Span = tuple[dt.datetime, dt.datetime]


def _journey_panels(visits: Frame, span: Span, labels: Labels, width: int) -> Any:
    if visits.empty:
        return message("No truck arrived in this period.", width)
    used = set(visits["stage"])
    rows = StageRows([labels.stage(name) for name in labels.gate.stages if name in used], width)
    directions = [name for name in labels.directions if (visits["direction"] == name).any()]
    panels = [
        _journey_panel(visits[visits["direction"] == name], span, labels, rows).properties(
            title=panel_title(labels.direction(name), width)
        )
        for name in directions
    ]
    return alt.vconcat(*panels, spacing=18).resolve_scale(color="independent")


def _journey_panel(visits: Frame, span: Span, labels: Labels, rows: StageRows) -> Any:
    begin, end = span
    hours = (end - begin).total_seconds() / 3600
    used = set(visits["stage"])
    order = [name for name in labels.stages_of(visits["direction"].iloc[0]) if name in used]
    spells = _spells(visits, order, labels.ticks(begin), hours, (-0.42, 0.42) if rows.beside else (-0.06, 0.44))
    x = alt.X(
        "from:Q",
        title=None,
        scale=alt.Scale(domain=[0, hours], nice=False),
        axis=_clock_axis(begin, hours, labels, most=9 if rows.beside else 4),
    )
    scale = alt.Scale(domain=[-0.5, len(order) - 0.5], reverse=True, nice=False, zero=False)
    y = alt.Y("y:Q", axis=None, scale=scale)
    names = Chart(data_of(Frame({"y": range(len(order)), "text": [labels.stage(name) for name in order]})))
    side: Any = "right" if rows.beside else "left"
    borders = Chart(data_of(Frame({"y": [n + 0.5 for n in range(len(order) - 1)]})))
    layers = [
        shade(_closed_rows(order, span, labels)).encode(x="from:Q", x2="to:Q", y=y, y2="y2:Q"),
        borders.mark_rule(color=theme.GRID).encode(y=y),
        names.mark_text(fontSize=11, color=theme.MUTED, align=side, dy=0 if rows.beside else -10).encode(
            y=y, x=at_px(-6 if rows.beside else 2), text="text:N"
        ),
    ]
    colour = _class_colour(spells, labels, rows.width)
    for state, stroke in STROKES.items():
        chart = Chart(data_of(spells[spells["state"] == state]))
        line = chart.mark_rule(clip=True, strokeWidth=stroke, opacity=0.6 if stroke < 1 else 1)
        layers.append(line.encode(x=x, x2="to:Q", y=y, y2="y2:Q", color=colour))
    height = (26 if rows.beside else 36) * len(order)
    return alt.layer(*layers).properties(width=rows.width - rows.room - 20, height=height)


def _class_colour(spells: Frame, labels: Labels, width: int) -> Any:
    known = list(labels.gate.classes)
    classes = [name for name in known if name in set(spells["class"])]
    titles = fitted([labels.vehicle_class(name) for name in classes], width)
    colours = [CLASS_COLOURS[known.index(name) % len(CLASS_COLOURS)] for name in classes]
    names = json.dumps(dict(zip(classes, titles, strict=True)), ensure_ascii=False)
    legend = alt.Legend(
        columns=columns_of(titles, width), symbolType="stroke", symbolSize=250, labelExpr=f"{names}[datum.label]"
    )
    return alt.Color("class:N", title=None, scale=alt.Scale(domain=classes, range=colours), legend=legend)


def _spells(visits: Frame, order: Sequence[str], start: float, hours: float, within: tuple[float, float]) -> Frame:
    """Return what trucks do, as lines: the moves between stages, in the queue, processed, blocked.

    Each truck keeps its own height `within` the row of every stage.
    """
    visits = visits.sort_values(["joined", "truck"])
    trucks = list(visits["truck"].unique())
    low, high = within
    height = {truck: low + (high - low) * (n + 0.5) / len(trucks) for n, truck in enumerate(trucks)}
    before: dict[int, float] = {}
    rows = []
    for visit in visits.to_dict("records"):
        truck = visit["truck"]
        y = order.index(visit["stage"]) + height[truck]
        times = [visit[name] for name in ("joined", "started", "finished", "left")]
        at = [hours if pd.isna(time) else min((time - start) / TICKS_PER_HOUR, hours) for time in times]
        if truck in before:
            rows.append((visit["class"], "moves", at[0], at[0], before[truck], y))
        rows += [(visit["class"], state, a, b, y, y) for state, a, b in zip(DOING, at, at[1:], strict=False) if b > a]
        before[truck] = y
    frame = Frame(rows, columns=["class", "state", "from", "to", "y", "y2"])
    return frame[frame["from"] < hours]


def _closed_rows(order: Sequence[str], span: Span, labels: Labels) -> Frame:
    """Return when each stage is closed, as spans in its row."""
    hour = dt.timedelta(hours=1)
    spans = [
        (n - 0.5, n + 0.5, (a - span[0]) / hour, (b - span[0]) / hour)
        for n, name in enumerate(order)
        for a, b in labels.closed(name, *span)
    ]
    return Frame(spans, columns=["y", "y2", "from", "to"])


def _clock_axis(begin: dt.datetime, hours: float, labels: Labels, most: int) -> Any:
    """Return an axis of hours since `begin` that shows clock times of both sides."""
    every = next((step for step in (2, 3, 6, 12) if hours / step <= most), 24)
    ticks = [n * every for n in range(int(hours // every) + 1)]
    texts: dict[str, list[str]] = {}
    for tick in ticks:
        local = [(begin + dt.timedelta(hours=tick)).astimezone(labels.zone(side)) for side in _sides(labels)]
        date = [f"{local[0].day} {local[0]:%b}"] if local[0].hour == 0 else []
        texts[str(tick)] = [f"{clock:%H:%M}" for clock in local] + date
    return alt.Axis(
        values=ticks,
        labelExpr=f"{json.dumps(texts, ensure_ascii=False)}[datum.value]",
        labelLineHeight=13,
        labelOverlap=False,
    )
