"""The curves of a study: queues by the clock, clearance, stock by day, and the pilot runs of a warm-up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from experiments.answers.study_labels import StudyLabels
from experiments.plots import theme
from experiments.plots.marks import Chart, Frame, Plot, data_of, date_axis, panel_title, stamp
from experiments.plots.study_rows import in_scale
from experiments.studies.folder import read_table

MOST_CURVES = 6
MOST_DATES = 6
MOST_DOSES = 6
"""Panels of what more of something brings."""
FEWEST_DOSES = 3


def curves(folder: Path, differences: Frame, labels: StudyLabels) -> list[Plot]:
    """Queues by the clock, clearance and end-of-day stock of the base and the scenarios that differ most."""
    metric = labels.metrics[0]
    found = differences[differences["metric_name"] == metric]
    largest = found.reindex(found["value"].abs().sort_values(ascending=False).index)["scenario"]
    chosen = ["base", *largest.head(MOST_CURVES - 1)]
    titles = [labels.titles[name] for name in chosen]
    colour = alt.Color(
        "title:N",
        scale=alt.Scale(domain=titles, range=[theme.BLACK, *theme.CLASS_COLOURS[: len(titles) - 1]]),
        legend=alt.Legend(title=None, columns=1),
    )
    dash = alt.StrokeDash(
        "title:N", scale=alt.Scale(domain=titles, range=list(theme.CLASS_DASHES[: len(titles)])), legend=None
    )
    left_out = " The base and the scenarios that change most." if len(labels.titles) > len(chosen) else ""

    def read(name: str) -> Frame:
        frame = read_table(folder, name)
        frame = frame[frame["scenario"].isin(chosen)]
        return frame.assign(title=frame["scenario"].map(labels.titles))

    clock, clearance, stock = read("clock"), read("clearance"), read("stock")
    if labels.only_start is not None:
        dates = pd.Timestamp(labels.only_start) + pd.to_timedelta(stock["day"] - 1, unit="D")
        stock = stock.assign(date=[stamp(date) for date in dates])

    def lines(frame: Frame, x: Any, y: Any, width: int, heading: str = "") -> Any:
        chart = (
            Chart(data_of(frame)).mark_line(strokeWidth=2, clip=True).encode(x=x, y=y, color=colour, strokeDash=dash)
        )
        more = {"title": panel_title(heading, width)} if heading else {}
        return chart.properties(width=width - 70, height=230, **more)

    hours = alt.X("hour:Q", title=f"hour of the day, {labels.clock}", axis=alt.Axis(values=list(range(0, 25, 3))))
    queue = alt.Y("in_line:Q", title="trucks waiting at all stages")
    percent = alt.Y("percent:Q", title="trucks released, %", scale=alt.Scale(domain=[0, 100]))
    time = alt.X("hours:Q", title="hours since arrival", scale=alt.Scale(zero=True))
    first = labels.only_start
    day = (
        alt.X("day:Q", title="measured day", axis=alt.Axis(tickMinStep=1))
        if first is None
        else alt.X("date:T", title=None, scale=alt.Scale(type="utc"), axis=date_axis(first, labels.days, MOST_DATES))
    )
    left = alt.Y("value:Q", title=f"trucks {labels.gate.in_stock}")
    directions = list(dict.fromkeys(clearance["direction"]))

    def by_direction(frame: Frame, x: Any, y: Any, width: int) -> Any:
        panels = [lines(frame[frame["direction"] == name], x, y, width, labels.direction(name)) for name in directions]
        return alt.vconcat(*panels, spacing=18)

    return [
        Plot(
            "queue-by-hour",
            "Trucks in queues by hour of the day",
            f"Mean over days and replications, lines before closed stages included.{left_out}",
            f"Curves of trucks in queues over the day for {', '.join(titles)}.",
            lambda width: lines(clock, hours, queue, width),
        ),
        Plot(
            "clearance-curves",
            "How fast trucks are released",
            f"Share of trucks released within a number of hours after arrival; mean over replications.{left_out}",
            f"Curves of clearance for {', '.join(titles)}.",
            lambda width: by_direction(clearance[np.isfinite(clearance["hours"])], time, percent, width),
        ),
        Plot(
            "stock-by-day",
            f"Trucks {labels.gate.in_stock} at the end of the day",
            f"Counted at {labels.bulletin}; mean over replications.{left_out}",
            f"Curves of the end-of-day stock for {', '.join(titles)}.",
            lambda width: by_direction(stock, day, left, width),
        ),
    ]


def dose_plot(estimates: Frame, scenarios: Frame, labels: StudyLabels) -> Plot | None:
    """What the metrics are at each number of what a study counts up, a line for each circumstance; None without one."""
    numbered = scenarios[scenarios["number"].notna()]
    metric = labels.metrics[0]
    wanted = labels.metrics[:MOST_DOSES]
    left_out = " The table has the other metrics." if len(labels.metrics) > MOST_DOSES else ""
    if numbered["number"].nunique() < FEWEST_DOSES:
        return None
    about = numbered.set_index("scenario")[["number", "context"]]
    frames = {name: labels.rows_of(estimates, name).join(about, on="scenario", how="inner") for name in wanted}
    titles = [title or "Base" for title in dict.fromkeys(numbered["context"])]
    colour = alt.Color(
        "title:N",
        scale=alt.Scale(domain=titles, range=list(theme.CLASS_COLOURS[: len(titles)])),
        legend=alt.Legend(title=None, columns=1) if len(titles) > 1 else None,
    )
    factor = next(name.removeprefix("factor.") for name in scenarios.columns if name.startswith("factor."))

    def chart(width: int) -> Any:
        return alt.vconcat(*(panel(name, frame, width) for name, frame in frames.items()), spacing=22)

    def panel(name: str, frame: Frame, width: int) -> Any:
        rows = frame.assign(title=frame["context"].map(lambda title: title or "Base"))
        rows, unit = in_scale(rows.assign(value=rows["value"].where(np.isfinite(rows["value"]))), labels.unit(name))
        base = Chart(data_of(rows[["number", "title", "value", "low", "high"]]))
        x = alt.X("number:Q", title=labels.factor(factor), axis=alt.Axis(tickMinStep=1))
        y = alt.Y("value:Q", title=unit, scale=alt.Scale(zero=False))
        low = alt.Y("low:Q", title=unit)
        marks = [
            base.mark_line(strokeWidth=1.8).encode(x=x, y=y, color=colour),
            base.mark_rule(strokeWidth=2).encode(x=x, y=low, y2="high:Q", color=colour),
            base.mark_point(filled=True, size=45, opacity=1).encode(x=x, y=y, color=colour),
        ]
        return alt.layer(*marks).properties(width=width - 70, height=150, title=panel_title(labels.metric(name), width))

    return Plot(
        "dose-response",
        "What more of it brings",
        "Dots are means over replications, lines their 95 % intervals, each for itself. The vertical axes need not "
        f"start at 0.{left_out}",
        f"{labels.metric(metric)} by number: "
        + "; ".join(f"{row.number:g}: {row.value:.3g}" for row in frames[metric].itertuples()),
        chart,
    )


def warmup_plot(frame: Frame, labels: StudyLabels) -> Plot:
    """Trucks in the queues by day of the pilot runs."""
    titles = {name: labels.titles.get(name, name) for name in frame["scenario"].unique()}
    frame = frame.assign(title=frame["scenario"].map(titles))
    cut = int(frame["warmup_days"].max())

    def chart(width: int) -> Any:
        lines = (
            Chart(data_of(frame))
            .mark_line(strokeWidth=1.5, opacity=0.7)
            .encode(
                x=alt.X("day:Q", title="day of the pilot, which starts empty"),
                y=alt.Y("in_line:Q", title="mean trucks in queues"),
                detail="title:N",
                color=alt.ColorValue(theme.BLUE),
            )
        )
        marked = Chart(data_of(Frame({"day": [cut]}))).mark_rule(color=theme.VERMILION, strokeWidth=2)
        rule = marked.encode(x="day:Q")
        return alt.layer(lines, rule).properties(width=width - 70, height=220)

    return Plot(
        "warm-up",
        "How long the gate takes to fill",
        f"Pilot runs of {frame['day'].max()} days, a line for each scenario. The red line is the warm-up taken: the "
        "longest that MSER-5 found.",
        f"Trucks in queues by day of the pilot runs; {cut} days are left out.",
        chart,
    )
