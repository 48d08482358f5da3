"""Which inputs and which stages matter: tornado, screening, shares of variance, bottlenecks."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from experiments.answers.numbers import GLUE, scale_of, short
from experiments.answers.study_bottleneck import HEADINGS
from experiments.answers.study_labels import StudyLabels
from experiments.plots import theme
from experiments.plots.marks import Chart, Frame, Plot, StageRows, at_px, data_of, message
from experiments.plots.study_rows import VALUE, in_scale, interval_rows, mark_of
from experiments.studies.tables import TRUCK_HOURS

MOST_ROWS = 24
LEAST_BAR = 0.02
"""Share of the longest bar below which a bar cannot be seen."""


def tornado_plot(tornado: Frame, labels: StudyLabels) -> Plot:
    """How far each assumption moves what the choice brings."""
    metric = labels.metrics[0]
    frame = tornado[tornado["metric_name"] == metric]
    unvaried = float(frame["unvaried"].iloc[0])
    span = frame.groupby("place")["value"].agg(lambda v: float(np.abs(v - unvaried).max()))
    visible = span[span > LEAST_BAR * span.max()] if span.max() > 0 else span
    order = list(visible.sort_values(ascending=False).head(MOST_ROWS).index)
    scale = scale_of(labels.unit(metric), *frame["value"], change=True)
    shown = frame[frame["place"].isin(order)].assign(start=scale.factor * unvaried)
    # where both bars lie on one side, the shorter one is drawn over the longer one
    shown = shown.assign(length=(shown["value"] - unvaried).abs(), value=scale.factor * shown["value"])
    shown = shown.sort_values("length", ascending=False, kind="stable")
    ends = {"low": f"× {labels.ends[0]:g}", "high": f"× {labels.ends[1]:g}"}
    shown = shown.assign(label=shown["end"].map(ends))

    def chart(width: int) -> Any:
        rows = StageRows([labels.place(name) for name in order], width)
        y = alt.Y("place:N", sort=order, axis=None)
        colour = alt.Color(
            "label:N",
            scale=alt.Scale(domain=list(ends.values()), range=[theme.SKY, theme.BLUE]),
            legend=alt.Legend(title="the assumption"),
        )
        title = f"what the choice changes, {scale.unit}"
        axis = alt.Axis(tickCount=max(3, (width - rows.room) // 70))
        x = alt.X("start:Q", title=title, scale=alt.Scale(zero=False), axis=axis)
        bars = Chart(data_of(shown)).mark_bar(**rows.bar).encode(y=y, x=x, x2="value:Q", color=colour)
        middle = Chart(data_of(Frame({"x": [scale.factor * unvaried]}))).mark_rule(color=theme.INK).encode(x="x:Q")
        side: Any = "right" if rows.beside else "left"
        names = (
            Chart(data_of(Frame({"place": order, "title": [labels.place(name) for name in order]})))
            .mark_text(fontSize=11, color=theme.MUTED, align=side, dy=0 if rows.beside else -8)
            .encode(y=y, x=at_px(-6 if rows.beside else 1), text="title:N")
        )
        return rows.layered([bars, middle, names])

    today = f"{short(scale.factor * unvaried, sign=True)}{GLUE}{scale.unit}"
    return Plot(
        "tornado",
        f"Which input would change the advice? {labels.choice}: {labels.metric(metric)}",
        f"Each bar runs from what the choice brings with today's inputs ({today}) to "
        f"what it brings when one assumption is {labels.ends[0]:g} or {labels.ends[1]:g} times as large in both."
        + (
            f" The {len(order)} that matter most of {len(span)}; the others move it less."
            if len(span) > len(order)
            else ""
        ),
        "Assumptions by how far they move the gain: " + ", ".join(map(labels.place, order[:10])),
        chart,
    )


def reading_plot(found: Frame, labels: StudyLabels) -> Plot:
    """What each option changes under each reading of the gate."""
    metric = labels.metrics[0]
    frame, unit = in_scale(found[found["metric_name"] == metric], labels.unit(metric), change=True)
    several = frame["context"].nunique() > 1
    frame["row"] = frame["context"] + " " + frame["scenario"] if several else frame["scenario"]
    spread = frame.groupby("row")["value"].agg(lambda v: float(np.abs(v).max()))
    order = list(spread.sort_values(ascending=False).head(MOST_ROWS).index)
    names = {row: labels.titles[option] for row, option in zip(frame["row"], frame["scenario"], strict=True)}
    shown = frame[frame["row"].isin(order)].assign(label=frame["reading"].map(labels.reading))
    titles = [labels.reading(name) for name in labels.readings]
    colours = [theme.BLUE, theme.VERMILION, theme.SKY, theme.MUTED] * (1 + len(titles) // 4)
    shapes = ["circle", "triangle-up", "square", "cross"] * (1 + len(titles) // 4)

    def chart(width: int) -> Any:
        rows = StageRows([names[row] for row in order], width)
        y = alt.Y("row:N", sort=order, axis=None)
        colour = alt.Color("label:N", scale=alt.Scale(domain=titles, range=colours), legend=alt.Legend(title=None))
        shape = alt.Shape("label:N", scale=alt.Scale(domain=titles, range=shapes), legend=alt.Legend(title=None))
        axis = f"change, {unit}"
        base = Chart(data_of(shown[["row", "label", "value", "low", "high"]])).encode(y=y, color=colour)
        bars = base.mark_rule(strokeWidth=2, yOffset=rows.shift).encode(x=alt.X("low:Q", title=axis), x2="high:Q")
        dots = base.mark_point(size=58, opacity=1, filled=True, yOffset=rows.shift)
        zero = Chart(data_of(Frame({"x": [0.0]}))).mark_rule(color=theme.INK, strokeDash=[3, 3]).encode(x="x:Q")
        side: Any = "right" if rows.beside else "left"
        words = (
            Chart(data_of(Frame({"row": order, "title": [names[row] for row in order]})))
            .mark_text(fontSize=11, color=theme.MUTED, align=side, dy=0 if rows.beside else -8)
            .encode(y=y, x=at_px(-6 if rows.beside else 1), text="title:N")
        )
        return rows.layered([zero, bars, dots.encode(x=alt.X("value:Q", title=axis), shape=shape), words])

    return Plot(
        "readings",
        f"Does the advice hold under every reading of the gate? {labels.metric(metric)}",
        "Each dot is what an option changes under one reading, with its 95 % interval on the same draws; where dots "
        "of a row lie apart, how much is gained depends on the reading; on both sides of zero the advice reverses.",
        "Options by their largest change under any reading: " + ", ".join(names[row] for row in order[:10]),
        chart,
    )


def bottleneck_plot(frame: Frame, number: int, labels: StudyLabels) -> Plot:
    """What a tenth more of each stage brings."""
    found = frame[(frame["round"] == number) & (frame["metric_name"] == TRUCK_HOURS)]
    found = found.assign(row=found["place"] + " " + found["what"], mark=found["verdict"].map(mark_of))
    relieved = found["relieved"].iloc[0] if number > 1 else None
    kinds = [(what, part) for what, part in found.groupby("what", sort=True)]
    titles = {
        str(row): f"{labels.stage(place)} ({how})"
        for row, place, how in zip(found["row"], found["place"], found["how"], strict=True)
    }

    parts = [(what, part[part["value"].abs() > 0.5].head(14)) for what, part in kinds]
    marks = {mark for _, shown in parts for mark in shown["mark"]}

    def chart(width: int) -> Any:
        panels = []
        for what, shown in parts:
            heading = HEADINGS[str(what)]
            panels.append(
                interval_rows(
                    shown,
                    list(shown["row"]),
                    titles,
                    width,
                    "change of truck hours a day",
                    zero=True,
                    heading=heading,
                    marks=marks,
                )
                if len(shown)
                else message(f"{heading}: no stage changes anything.", width)
            )
        return alt.vconcat(*panels, spacing=26)

    after = f", with {labels.cell_words(str(relieved))} relieved" if relieved else ""
    return Plot(
        f"bottleneck-{number}",
        f"Bottlenecks{after}",
        "Change of the hours that all loaded trucks of a day spend between arrival and release, both directions "
        "together, when one stage passes a tenth more; fewer is better. Lines: simultaneous 95 % intervals. Stages "
        "that change less than half a truck hour a day are left out.",
        "Truck hours saved a day: "
        + "; ".join(f"{titles[str(r.row)]} {r.value:.0f}" for r in found.head(8).itertuples()),
        chart,
    )


def screening_plot(frame: Frame, labels: StudyLabels) -> Plot:
    """How much each factor changes the deciding metric."""
    metric = labels.metrics[0]
    shown = frame.head(MOST_ROWS)
    scale = scale_of(labels.unit(metric), *shown["mean_absolute"], change=True)
    effect, half = scale.factor * shown["mean_absolute"], scale.factor * shown["half_width"]
    low, high = (effect - half).clip(lower=0), effect + half
    shown = shown.assign(row=shown["factor"], value=effect, low=low, high=high, mark=VALUE)
    order = list(shown["row"])
    titles = {name: labels.factor(name) for name in order}
    return Plot(
        "screening",
        f"Which numbers matter: {labels.metric(metric)}",
        "Mean of the absolute elementary effects (Morris 1991; Campolongo 2007): how much the metric changes when a "
        "number goes through two thirds of its range, over the ranges of the others. Lines: 95 % bootstrap intervals.",
        "Elementary effects: " + "; ".join(f"{titles[str(r.row)]} {r.value:.3g}" for r in shown.itertuples()),
        lambda width: interval_rows(shown, order, titles, width, f"mean absolute effect, {scale.unit}", zero=False),
    )


def variance_plot(frame: Frame, labels: StudyLabels) -> Plot:
    """Which factors the variance comes from."""
    metric = labels.metrics[0]
    parts = []
    for kind, title in (("first", "alone"), ("total", "with interactions")):
        part = frame.assign(value=frame[kind], half=frame[f"{kind}_half_width"], title=title)
        parts.append(part[["factor", "value", "half", "title"]])
    long = pd.concat(parts).assign(row=lambda f: f["factor"] + " " + f["title"], mark=VALUE)
    long = long.assign(low=long["value"] - long["half"], high=long["value"] + long["half"])
    order = [f"{name} {title}" for name in frame["factor"] for title in ("alone", "with interactions")]
    titles = {
        str(row): f"{labels.factor(name)}, {title}"
        for row, name, title in zip(long["row"], long["factor"], long["title"], strict=True)
    }
    return Plot(
        "variance",
        f"Where the spread comes from: {labels.metric(metric)}",
        "Share of the variance over the ranges of the strongest numbers (Sobol indices, Saltelli 2010): of a number "
        "alone, and with its interactions. Lines: 95 % bootstrap intervals.",
        "Shares of variance: " + "; ".join(f"{titles[str(r.row)]} {r.value:.2f}" for r in long.itertuples()),
        lambda width: interval_rows(long, order, titles, width, "share of the variance", zero=False),
    )
