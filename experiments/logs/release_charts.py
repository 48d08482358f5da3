"""Plots of a Time Release Study: how long each interval takes, how groups of trucks differ, and the trend by day."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import altair as alt
import pandas as pd

from experiments.logs.release_times import ALL, ON_SIDE, PASSAGE, TOTAL, ReleaseTimes, daily
from experiments.plots import theme
from experiments.plots.marks import NARROW, Chart, Frame, Plot, data_of, message, panel_title, stamp, text_px
from experiments.plots.theme import CLASS_COLOURS

MOST_ROWS = 40
"""Intervals that a plot shows: the longest ones, in the order of the way."""
BARS = "Bar: 10th to 90th percentile; line: median; dot: mean. Only intervals that ended count."


def plots_of(times: ReleaseTimes, table: Frame) -> list[Plot]:
    """Return the plots of a study.

    Parameters
    ----------
    table
        What `experiments.logs.release_times.table_of` gives.
    """
    return [_intervals(times, table), _groups(times, table), _by_day(times)]


def _intervals(times: ReleaseTimes, table: Frame) -> Plot:
    rows = table[(table["segment"] == ALL) & (table["n"] > 0) & (table["p90_h"] > 1 / 120)]
    rows = rows[rows["interval"] != ON_SIDE]
    kept = rows.nlargest(MOST_ROWS, "mean_h").index
    rows = rows.loc[[n for n in rows.index if n in kept]]
    longest = rows[~rows["interval"].isin([TOTAL, PASSAGE])].nlargest(1, "mean_h")
    said = "".join(f" Longest part: {row['interval']}, mean {row['mean_h']:.1f} h." for _, row in longest.iterrows())
    return Plot(
        "intervals",
        "How long each interval takes",
        f"{BARS} Intervals shorter than half a minute are left out. Not every truck has each interval.",
        f"Intervals of the way through the gate.{said}",
        partial(_bars, rows, "interval", "Hours"),
    )


def _groups(times: ReleaseTimes, table: Frame) -> Plot:
    rows = table[(table["interval"] == TOTAL) & (table["segment"] != ALL) & (table["n"] > 0)]
    said = "; ".join(f"{row.value}: median {row.median_h:.1f} h" for row in rows.itertuples())
    return Plot(
        "release-by-group",
        "How long trucks wait for their release, by direction, class and channel",
        f"From arrival to release. {BARS}",
        f"Time to release by group. {said}.",
        partial(_panels, rows, times.segments),
    )


def _panels(rows: Frame, segments: Sequence[str], width: int) -> Any:
    there = [name for name in segments if name != "side" and (rows["segment"] == name).any()]
    if not there:
        return message("The log does not say of which direction, class or channel its trucks are.", width)
    longest, names = float(rows["p90_h"].max()), rows.loc[rows["segment"].isin(there), "value"].tolist()
    charts = [
        _bars(
            rows[rows["segment"] == name], "value", "Hours from arrival to release", width, longest, names
        ).properties(title=panel_title(name.capitalize(), width))
        for name in there
    ]
    return alt.vconcat(*charts, spacing=12)


def _bars(
    rows: Frame, field: str, title: str, width: int, longest: float | None = None, beside: Sequence[str] = ()
) -> Any:
    """Return bars, a row each.

    Parameters
    ----------
    longest
        Where the axis ends [h].
    beside
        Names of all charts that stand below each other, which leave the same room for them.
    """
    if rows.empty:
        return message("No truck was released.", width)
    names = rows[field].tolist()
    room = min(text_px([*names, *beside]) + 14, width // 2)
    shown = rows[[field, "n", "mean_h", "median_h", "p10_h", "p90_h"]]
    axis = alt.Axis(labelLimit=room, minExtent=room, maxExtent=room, domain=False, ticks=False)
    y = alt.Y(f"{field}:N", sort=names, title=None, axis=axis)
    scale = alt.Scale(domainMin=0) if longest is None else alt.Scale(domain=[0, longest])
    chart = Chart(data_of(shown)).encode(y=y)
    layers = [
        chart.mark_bar(height=10, color=theme.SKY, opacity=0.8).encode(
            x=alt.X("p10_h:Q", title=title, scale=scale), x2="p90_h:Q"
        ),
        chart.mark_tick(thickness=2.5, size=14, color=theme.BLACK).encode(x="median_h:Q"),
        chart.mark_point(filled=True, size=34, color=theme.VERMILION, opacity=1).encode(x="mean_h:Q"),
    ]
    return alt.layer(*layers).properties(width=width - room - 30, height=alt.Step(20))


def _by_day(times: ReleaseTimes) -> Plot:
    days = daily(times)
    said = "; ".join(f"{way}: {group['median_h'].median():.1f} h" for way, group in days.groupby("direction"))
    return Plot(
        "release-by-day",
        "How long trucks that arrive on a day wait for their release",
        f"Lines: median; dashed: 90th percentile, of trucks by day of arrival on the clock of {times.zone}. Trucks not "
        f"yet released count with the time that they have taken so far.",
        f"Time to release by day of arrival. Median of daily medians: {said}.",
        partial(_day_lines, days),
    )


def _day_lines(days: Frame, width: int) -> Any:
    if days.empty:
        return message("No truck was released.", width)
    long = days.melt(["direction", "date"], ["median_h", "p90_h"], var_name="what", value_name="hours")
    long = long.assign(date=[stamp(pd.Timestamp(date)) for date in long["date"]])
    directions = sorted(days["direction"].unique())
    known = {name: colour for name, colour in zip(directions, CLASS_COLOURS, strict=False)}
    for name in directions:
        if name.rpartition(": ")[2] in ("northbound", "southbound"):
            known[name] = theme.direction_colour(name)
    colours = alt.Scale(domain=directions, range=[known[name] for name in directions])
    dashes = alt.Scale(domain=["median_h", "p90_h"], range=[[1, 0], [6, 3]])
    labels = alt.Legend(labelExpr="datum.label == 'p90_h' ? '90th percentile' : 'Median'", symbolSize=400)
    span = (days["date"].max() - days["date"].min()).days
    every = max(1, round(span / (8 if width > NARROW else 4)))
    first = pd.Timestamp(days["date"].min())
    marked = [stamp(first + pd.Timedelta(days=n)) for n in range(0, span + 1, every)]
    x = alt.X(
        "date:T", title=None, scale=alt.Scale(type="utc"), axis=alt.Axis(format="%-d %b", grid=False, values=marked)
    )
    encoded = Chart(data_of(long)).encode(
        x=x,
        y=alt.Y("hours:Q", title="Hours from arrival to release", scale=alt.Scale(domainMin=0)),
        color=alt.Color(
            "direction:N", title=None, scale=colours, legend=alt.Legend(symbolType="stroke", symbolSize=400)
        ),
        strokeDash=alt.StrokeDash("what:N", title=None, scale=dashes, legend=labels),
    )
    layers = [encoded.mark_line(strokeWidth=2)]
    if span == 0:
        layers = [encoded.mark_point(filled=True, size=40)]
    return alt.layer(*layers).properties(width=width - 70, height=230)
