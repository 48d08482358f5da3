"""The plots of a study: made from its tables, the same for files and for the report."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from experiments.answers.numbers import short
from experiments.answers.study_advice import study_warnings
from experiments.answers.study_labels import StudyLabels, read_labels
from experiments.plots.draw import drawn_as
from experiments.plots.marks import Frame, Plot
from experiments.plots.study_curves import curves, dose_plot, warmup_plot
from experiments.plots.study_inputs import bottleneck_plot, reading_plot, screening_plot, tornado_plot, variance_plot
from experiments.plots.study_rows import BETTER, SAME, UNCLEAR, VALUE, WORSE, in_scale, interval_rows, mark_of
from experiments.plots.theme import Theme
from experiments.studies.folder import read_table
from gates.findings import ConfigError, Finding, suggestion
from gates.schema.base import LanguageTag
from gates.schema.borders.names import OF_GATE

MOST_ROWS = 24
SIDES = {"less": ": better to the left", "more": ": better to the right", "neither": ""}


def study_plots(folder: Path, labels: StudyLabels) -> list[Plot]:
    """Return the plots of a study's folder, ready to be drawn."""
    found: list[Plot] = []
    bottleneck = read_table(folder, "bottleneck")
    tornado = read_table(folder, "tornado")
    if len(bottleneck):
        found += [bottleneck_plot(bottleneck, number, labels) for number in sorted(bottleneck["round"].unique())]
    elif len(tornado):
        found.append(tornado_plot(tornado, labels))
    elif labels.design == "screening":
        screened, shares = read_table(folder, "screening"), read_table(folder, "variance")
        found += [screening_plot(screened, labels)] if len(screened) else []
        found += [variance_plot(shares, labels)] if len(shares) else []
    else:
        differences, estimates = read_table(folder, "differences"), read_table(folder, "estimates")
        found += [_comparison(estimates, metric, labels) for metric in labels.metrics[:1]]
        found += [_differences(differences, direction, labels) for direction in labels.directions_of(labels.metrics)]
        found += [reading_plot(readings, labels)] if len(readings := read_table(folder, "readings")) else []
        dose = dose_plot(estimates, read_table(folder, "scenarios"), labels)
        found += [dose] if dose else []
        effects = read_table(folder, "effects")
        found += [_effects(effects, margin_of(differences, labels.metrics[0]), labels)] if len(effects) else []
        found += curves(folder, differences, labels)
    warmup = read_table(folder, "warmup")
    found += [warmup_plot(warmup, labels)] if len(warmup) else []
    warning = " ".join(study_warnings({name: read_table(folder, name) for name in ("estimates", "growth")}, labels))
    return [dataclasses.replace(plot, warning=warning) for plot in found]


def study_drawn(folder: Path, name: str, form: str, colours: Theme = "light", language: LanguageTag = "en") -> bytes:
    """Return one plot of a study's folder as `json` (Vega-Lite), `svg` or `png`; its words are in English only.

    Raises
    ------
    ConfigError
        If the study has no plot of this name.
    """
    labels = read_labels(folder)
    assert language == "en", "studies have no words in other languages yet"
    found = {plot.name: plot for plot in study_plots(folder, labels)}
    if name not in found:
        raise ConfigError([Finding("name", name[:60], "the study has no such plot", suggestion(found, name))])
    return drawn_as(found[name], labels, form, colours)


def _comparison(estimates: Frame, metric: str, labels: StudyLabels) -> Plot:
    """What the deciding metric is in every scenario."""
    frame = labels.rows_of(estimates, metric)
    fewest = _fewest(frame.assign(mark=VALUE, row=frame["scenario"]), labels, metric)
    shown, unit = in_scale(fewest, labels.unit(metric), change=False)
    order = list(shown.sort_values("value", ascending=labels.better(metric) != "more")["row"])
    base = shown.set_index("row")["value"].get("base", math.nan)
    return Plot(
        name="comparison",
        title=f"{labels.metric(metric)} in every scenario",
        caption=f"Dots are means over replications, lines their individual 95 % intervals; dashed: "
        f"the base. {_cut(frame, shown)}"
        "To compare two scenarios use the differences: they share their draws, so their intervals are narrower.",
        alt=f"{labels.metric(metric)} by scenario: " + _listed(shown, order, labels),
        chart=lambda width: interval_rows(
            shown, order, labels.titles, width, f"{labels.metric(metric)} [{unit}]", zero=False, before=base
        ),
    )


def _fewest(frame: Frame, labels: StudyLabels, metric: str) -> Frame:
    """Return at most `MOST_ROWS` rows: the best ones, and the base."""
    if len(frame) <= MOST_ROWS:
        return frame
    ordered = frame.sort_values("value", ascending=labels.better(metric) != "more")
    kept = ordered.head(MOST_ROWS - 1)
    base = ordered[ordered["scenario"] == "base"]
    return pd.concat([kept, base]).drop_duplicates("scenario")


def _cut(frame: Frame, shown: Frame) -> str:
    left_out = len(frame) - len(shown)
    return f"{left_out} scenarios that do worse are left out; the tables have them. " if left_out else ""


def _listed(shown: Frame, order: list[str], labels: StudyLabels) -> str:
    found = shown.set_index("row")["value"]
    return "; ".join(f"{labels.titles[name]} {short(found[name])}" for name in order[:MOST_ROWS])


def _differences(differences: Frame, direction: str, labels: StudyLabels) -> Plot:
    """What every scenario changes against the base, in the metrics of one direction."""
    metrics = [m for m in labels.metrics if labels.direction_of(m) == direction]
    frames, units = [], []
    for metric in metrics:
        frame = differences[differences["metric_name"] == metric]
        shown = frame.reindex(frame["value"].abs().sort_values(ascending=False).index).head(MOST_ROWS)
        marked = shown.assign(row=shown["scenario"], mark=shown["verdict"].map(mark_of))
        scaled, unit = in_scale(marked, labels.unit(metric), change=True)
        frames.append(scaled)
        units.append(unit)
    order = list(frames[0].sort_values("value", ascending=labels.better(metrics[0]) != "more")["row"])
    marks = {mark for frame in frames for mark in frame["mark"]}

    def chart(width: int) -> Any:
        panels = [
            interval_rows(
                frame[frame["row"].isin(order)],
                order,
                labels.titles,
                width,
                f"change, {unit}",
                zero=True,
                heading=labels.metric(metric) + SIDES[labels.better(metric)],
                marks=marks,
            )
            for metric, frame, unit in zip(metrics, frames, units, strict=True)
        ]
        return alt.vconcat(*panels, spacing=26)

    return Plot(
        name=f"differences-{direction.replace(OF_GATE, '-') or 'gate'}",
        title=f"Difference from the base{', ' + labels.way(direction) if direction else ''}",
        caption="Each mark is the mean difference over replications with common random numbers, from the base or from "
        "the scenario that stands for the same circumstances; lines are simultaneous 95 % intervals (Bonferroni). "
        "Grey: not clear, or less than the margin.",
        alt=f"Differences of {labels.metric(metrics[0])} from the base: " + _listed(frames[0], order, labels),
        chart=chart,
    )


def margin_of(differences: Frame, metric: str) -> float:
    """Return the smallest difference in a metric that matters: the least of the margins of a study."""
    return float(differences[differences["metric_name"] == metric]["margin"].min())


def _effects(effects: Frame, margin: float, labels: StudyLabels) -> Plot:
    """Main effects and interactions of the deciding metric; those that lie within the margin do not matter."""
    metric = labels.metrics[0]
    frame = effects[effects["metric_name"] == metric].copy()
    less = labels.better(metric) != "more"
    good, bad = (frame["high"] < 0, frame["low"] > 0) if less else (frame["low"] > 0, frame["high"] < 0)
    small = (frame["low"] >= -margin) & (frame["high"] <= margin)
    frame = frame.assign(row=frame["effect"], mark=np.select([small, good, bad], [SAME, BETTER, WORSE], UNCLEAR))
    frame, unit = in_scale(frame.sort_values(["order", "value"]), labels.unit(metric), change=True)
    order = list(frame["row"])
    return Plot(
        name="interactions",
        title=f"Main effects and interactions: {labels.metric(metric)}",
        caption="A main effect is what the metric changes when the upgrade is on, over all combinations of the others. "
        "An interaction (×) says how much more, or less, two bring together than apart: half the difference between "
        "the effect of one with and without the other. Lines: simultaneous 95 % intervals. Grey: not clear, or less "
        "than the margin.",
        alt="Effects: " + _listed(frame, order, labels.with_titles(order)),
        chart=lambda width: interval_rows(
            frame, order, dict(zip(order, order, strict=True)), width, f"change, {unit}", zero=True
        ),
    )
