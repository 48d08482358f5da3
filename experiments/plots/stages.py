"""Plots of the stages: where the time goes, how busy the lanes are, who waits when."""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import altair as alt

from experiments.answers.labels import Labels, count, listed
from experiments.answers.run_numbers import HIGH_UTILISATION, Metrics
from experiments.plots import theme
from experiments.plots.marks import (
    NARROW,
    Chart,
    Frame,
    Plot,
    StageRows,
    band_text,
    clock_axis,
    columns_of,
    data_of,
    hour_of_day,
    message,
    over_replications,
    panel_title,
    shade,
    to_end_of_day,
)
from experiments.plots.theme import STATE_COLOURS
from sim.metrics.resources.areas import OUTSIDE

NOTABLE_QUEUE = 1.0
"""A stage gets a panel of its own if at some hour this many trucks wait there on average."""
MOST_PANELS = 12
LITTLE_HOURS = 0.005
"""A stage that takes a truck less time than this, 18 seconds, has no bar."""
SHARE_OF_DAYS: Any = alt.Opacity("share:Q", scale=alt.Scale(domain=[0, 1], range=[0, 1]), legend=None)
"""How strong the grey of closed hours is."""
STATES = {
    "waiting_h": "In the queue",
    "closed_h": "Stage closed",
    "blocked_h": "Blocked",
    "served_h": "Being processed",
    "held_h": "Goods not ready",
}


# Where the time goes


def where_time_goes(stages: Frame, days: Frame, labels: Labels) -> Plot:
    """Draw the hours that a truck spends at each stage, waiting, blocked and served."""
    trucks = days.groupby(["replication", "direction"])["arrived"].sum().rename("trucks")
    spent = stages.join(trucks, on=["replication", "direction"])
    spent = spent[spent["trucks"] > 0].copy()
    hold = spent["stage"].isin(labels.holds)
    spent["held_h"], spent["served_h"] = spent["served_h"].where(hold, 0.0), spent["served_h"].where(~hold, 0.0)
    states = [state for state in STATES if state != "held_h" or labels.holds]
    for state in states:
        spent[state] /= spent["trucks"]
    spent["total"] = spent[states].sum(axis=1)
    totals = over_replications(spent, ["direction", "stage"], "total")
    means = spent.groupby(["direction", "stage"], as_index=False)[states].mean()
    bars = means.melt(["direction", "stage"], var_name="state", value_name="hours")
    shown = [d for d in labels.directions if (totals["direction"] == d).any()]
    longest = [totals[totals["direction"] == d].nlargest(1, "mean").iloc[0] for d in shown]
    said = ", ".join(f"{row['mean']:.1f} h {row['direction']} ({labels.stage(row['stage'])})" for row in longest)
    return Plot(
        "where-time-goes",
        "Where the time of a truck goes",
        "Hours at each stage, averaged over all trucks of the direction, whether they visit the stage or not; from "
        f"top to bottom in the order of the path, the empty return included. {band_text(labels, 'Black line')}",
        f"Bars by stage and direction. The longest: {said}." if shown else "Empty.",
        partial(_time_bars, bars, totals, shown, labels),
    )


def _time_bars(bars: Frame, totals: Frame, shown: Sequence[str], labels: Labels, width: int) -> Any:
    if not shown:
        return message("No truck arrived in this period.", width)
    totals = totals[totals["mean"] >= LITTLE_HOURS]
    rows = StageRows([labels.stage(name) for name in totals["stage"].unique()], width)
    longest = totals["high"].max() * (1.12 if width > NARROW else 1.16)
    x = alt.X("hours:Q", title="Hours per truck", scale=alt.Scale(domain=[0, longest], nice=False))
    states = [state for state in STATES if bars.loc[bars["state"] == state, "hours"].max() > 0]
    texts = [STATES[state] for state in states]
    colour = alt.Color(
        "text:N",
        title=None,
        scale=alt.Scale(domain=texts, range=[STATE_COLOURS[text] for text in texts]),
        legend=alt.Legend(columns=columns_of(texts, width), symbolType="square"),
    )
    panels = []
    for direction in shown:
        here = totals[totals["direction"] == direction]
        order = [name for name in [OUTSIDE, *labels.stages_of(direction)] if name in set(here["stage"])]
        y = alt.Y("stage:N", sort=order, axis=None)
        parts = bars[(bars["direction"] == direction) & bars["stage"].isin(order)]
        parts = parts.assign(text=parts["state"].map(STATES), rank=parts["state"].map(list(STATES).index))
        bar = Chart(data_of(parts)).mark_bar(**rows.bar).encode(x=x, y=y, color=colour, order="rank:O")
        ends = Chart(data_of(here.assign(text=here["mean"].map(_hours_text)))).encode(y=y)
        value = ends.mark_text(align="left", dx=5, dy=rows.shift, fontSize=11)
        layers = [bar, rows.names(order, y, labels), value.encode(x="high:Q", text="text:N")]
        if labels.replications > 1:
            rule = ends.mark_rule(color=theme.BLACK, strokeWidth=1.6, yOffset=rows.shift)
            layers.append(rule.encode(x="low:Q", x2="high:Q"))
        panels.append(rows.layered(layers, labels.direction(direction)))
    return alt.vconcat(*panels, spacing=18)


def _hours_text(hours: float) -> str:
    return f"{hours:.1f}" if hours >= 10 else f"{hours:.2f}"


# How busy the stages are


def utilisation(metrics: Metrics, labels: Labels) -> Plot:
    """Draw the share of their time in which the lanes of each stage and the units of each pool are busy."""
    found = {name: metrics.utilisation(name) for name in labels.gate.stages}
    pools = {name: metrics.get("pool_utilisation", "share", stage=name) for name in labels.gate.pools}
    found |= {name: used for name, used in pools.items() if name not in found}
    rows = Frame(
        [(name, *(100 * part for part in used[:3])) for name, used in found.items() if math.isfinite(used.value)],
        columns=["stage", "value", "low", "high"],
    )
    busiest = None if rows.empty else rows.iloc[int(rows["value"].argmax())]
    interval = "Black line: 95 % interval." if labels.replications > 1 else "One replication: no interval."
    return Plot(
        "utilisation",
        "How busy the lanes are",
        "Share of the open lane time in which a lane serves or holds a truck"
        f"{'; of pools, share of the units on duty that are in use' if labels.gate.pools else ''}. "
        f"Dashed: {100 * HIGH_UTILISATION:.0f} %, above which queues grow fast and bars are orange. {interval} "
        "Stages without a limit of lanes are left out.",
        "Empty: no stage has a limited number of lanes."
        if busiest is None
        else f"Bars by stage. The busiest is {labels.stage(str(busiest['stage']))}, {busiest['value']:.0f} %.",
        partial(_utilisation_bars, rows, labels),
    )


def _utilisation_bars(frame: Frame, labels: Labels, width: int) -> Any:
    if frame.empty:
        return message("No stage has a limited number of lanes.", width)
    frame = frame.assign(
        text=[f"{value:.0f} %" for value in frame["value"]], over=frame["value"] >= 100 * HIGH_UTILISATION
    )
    order = list(frame["stage"])
    rows = StageRows([labels.stage(name) for name in order], width)
    x = alt.X(
        "value:Q",
        title="Share of open lane time, of units on duty [%]" if labels.gate.pools else "Share of open lane time [%]",
        scale=alt.Scale(domain=[0, 112], nice=False),
        axis=alt.Axis(values=[0, 25, 50, 75, 100]),
    )
    y = alt.Y("stage:N", sort=order, axis=None)
    chart = Chart(data_of(frame)).encode(y=y)
    colour = alt.condition("datum.over", alt.value(theme.ORANGE), alt.value(theme.SKY))
    limit = Chart(data_of(Frame({"limit": [100 * HIGH_UTILISATION]})))
    layers = [
        chart.mark_bar(**rows.bar).encode(x=x, color=colour),
        limit.mark_rule(strokeDash=[5, 4], color=theme.MUTED).encode(x="limit:Q"),
        chart.mark_text(align="right", fontSize=11, dy=rows.shift).encode(x=alt.datum(112), text="text:N"),
        rows.names(order, y, labels),
    ]
    if labels.replications > 1:
        rule = chart.mark_rule(color=theme.BLACK, strokeWidth=1.6, yOffset=rows.shift)
        layers.append(rule.encode(x="low:Q", x2="high:Q"))
    return rows.layered(layers)


# Queues


def queue_by_hour(queues: Frame, labels: Labels) -> Plot:
    """Draw the trucks waiting by hour of day, a panel for each stage with a notable line."""
    hours = queues.assign(hour=hour_of_day(queues["hour"], labels))
    mean_day = hours.groupby(["replication", "stage", "hour"])["mean"].mean().reset_index()
    bands = over_replications(mean_day, ["stage", "hour"], "mean")
    peaks = bands.groupby("stage")["mean"].max().sort_values(ascending=False, kind="stable")
    shown = list(peaks[peaks >= NOTABLE_QUEUE].index[:MOST_PANELS])
    rest = [name for name in labels.gate.stages if name in peaks.index and name not in shown]
    caption = (
        f"Trucks in the queue by hour of the day, {labels.clock(labels.bulletin_side)}: mean over "
        f"{count(labels.days, 'day')}. {band_text(labels)} Grey: the stage is closed; the paler, the fewer days. "
        "Each panel has its own scale."
    )
    long = [f"{labels.stage(name)} {peaks[name]:.0f}" for name in rest if peaks[name] >= NOTABLE_QUEUE]
    if long:
        caption += f" Not drawn: {listed(long)} trucks at most."
    if shown and len(long) < len(rest):
        caption += " At the other stages the queue is shorter than one truck at any hour."
    summary = f"The longest line is at {labels.stage(shown[0])}." if shown else "No stage has a notable line."
    return Plot(
        "queue-by-hour",
        "When and where trucks wait",
        caption,
        f"Trucks in the queue by hour of the day, {count(len(shown), 'stage')}. {summary}",
        partial(_queue_panels, bands, shown, labels),
    )


def _queue_panels(bands: Frame, shown: Sequence[str], labels: Labels, width: int) -> Any:
    if not shown:
        return message("At no hour does a truck wait on average, at any stage.", width)
    columns = min(len(shown), 3 if width > NARROW else 2)
    panel = width // 3 - 52 if width > NARROW else width // 2 - 56
    panels = [_queue_panel(bands[bands["stage"] == name], name, labels, panel) for name in shown]
    return alt.concat(*panels, columns=columns, spacing={"row": 16, "column": 12})


def _queue_panel(rows: Frame, name: str, labels: Labels, width: int) -> Any:
    y = alt.Y("mean:Q", title="Trucks in the queue", scale=alt.Scale(domainMin=0), axis=alt.Axis(tickCount=4))
    line = Chart(data_of(to_end_of_day(rows))).encode(x=clock_axis())
    layers = [
        shade(closed_hours(name, labels)).encode(x=alt.X("from:Q"), x2="to:Q", opacity=SHARE_OF_DAYS),
        line.mark_area(interpolate="step-after", color=theme.BLUE, opacity=0.25).encode(y=y, y2=alt.datum(0))
        if labels.replications < 2
        else line.mark_area(interpolate="step-after", color=theme.BLUE, opacity=0.3).encode(
            y=alt.Y("low:Q"), y2="high:Q"
        ),
        line.mark_line(interpolate="step-after", color=theme.BLUE, strokeWidth=1.8).encode(y=y),
    ]
    return alt.layer(*layers).properties(width=width, height=104, title=panel_title(labels.stage(name), width, "group"))


def closed_hours(name: str, labels: Labels) -> Frame:
    """Return the share of the measured days on which a stage is closed, by time of day on the bulletin's clock."""
    zone = labels.zone(labels.bulletin_side)
    begin, end = labels.midnight(0), labels.midnight(labels.days)
    changes: dict[float, int] = {0.0: 0, 24.0: 0}
    for a, b in labels.closed(name, begin, end):
        for start, stop in _by_day(a.astimezone(zone), b.astimezone(zone)):
            changes[start] = changes.get(start, 0) + 1
            changes[stop] = changes.get(stop, 0) - 1
    hours = sorted(changes)
    closed = list(itertools.accumulate(changes[hour] for hour in hours))
    rows = [(a, b, days / labels.days) for a, b, days in zip(hours, hours[1:], closed, strict=False) if days]
    return Frame(rows, columns=["from", "to", "share"])


def _by_day(begin: dt.datetime, end: dt.datetime) -> Iterator[tuple[float, float]]:
    """Yield a spell on a clock as pieces within a day, in hours since midnight by that clock."""
    days = (end.date() - begin.date()).days
    for n in range(days + 1):
        start, stop = (_clock_hours(begin) if n == 0 else 0.0), (_clock_hours(end) if n == days else 24.0)
        if start < stop:
            yield start, stop


def _clock_hours(moment: dt.datetime) -> float:
    return moment.hour + moment.minute / 60 + moment.second / 3600
