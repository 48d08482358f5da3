"""The plots of a study: made from its tables, the same for files and for the report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from experiments.answers.labels import GLUE, with_interval
from experiments.answers.study_labels import StudyLabels, read_labels
from experiments.plots import theme
from experiments.plots.draw import write_pictures
from experiments.plots.marks import WIDE, Frame, Plot, StageRows, data_of, message, panel_title
from experiments.runs.statistics import Estimate
from experiments.studies.folder import read_table
from experiments.studies.tables import TRUCK_HOURS

MOST_CURVES = 6
MOST_ROWS = 24
NUMBERS_PX = 92
"""Room for the numbers at the right of a row."""
SURE, UNSURE = "differs", "may be no difference"


def draw_study_plots(folder: Path) -> list[Path]:
    """Write `plots/NAME.svg` and `.png` of a study's folder; return their paths."""
    labels = read_labels(folder)
    plots = study_plots(folder, labels)
    pictures = [
        theme.with_heading(theme.svg_of(plot.chart(WIDE)), plot.title, labels.title, f"{labels.basis}. {plot.caption}")
        for plot in plots
    ]
    return write_pictures(folder, plots, pictures)


def study_plots(folder: Path, labels: StudyLabels) -> list[Plot]:
    """Return the plots of a study's folder, ready to be drawn."""
    found: list[Plot] = []
    bottleneck = read_table(folder, "bottleneck")
    tornado = read_table(folder, "tornado")
    if len(bottleneck):
        found += [_bottleneck(bottleneck, number, labels) for number in sorted(bottleneck["round"].unique())]
    elif len(tornado):
        found.append(_tornado(tornado, labels))
    elif labels.design == "screening":
        found.append(_screening(read_table(folder, "screening"), labels))
        shares = read_table(folder, "variance")
        found += [_variance(shares, labels)] if len(shares) else []
    else:
        differences, estimates = read_table(folder, "differences"), read_table(folder, "estimates")
        found += [_comparison(estimates, metric, labels) for metric in labels.metrics[:1]]
        found += [_differences(differences, direction, labels) for direction in labels.directions_of(labels.metrics)]
        effects = read_table(folder, "effects")
        found += [_effects(effects, labels)] if len(effects) else []
        found += _curves(folder, differences, labels)
    warmup = read_table(folder, "warmup")
    found += [_warmup(warmup, labels)] if len(warmup) else []
    return found


def _interval_rows(
    frame: Frame, order: list[str], titles: dict[str, str], width: int, axis: str, *, zero: bool, heading: str = ""
) -> Any:
    """Return a chart of dots with intervals, a row each; the columns are `row`, `value`, `low`, `high`, `mark`."""
    rows = StageRows([titles[name] for name in order], width)
    inner = width - rows.room - 20 - NUMBERS_PX
    y = alt.Y("row:N", sort=order, axis=None, scale=alt.Scale(paddingInner=0.1))
    colour = alt.Color(
        "mark:N",
        scale=alt.Scale(domain=[SURE, UNSURE], range=[theme.BLUE, "#8c959f"]),
        legend=alt.Legend(title=None, values=sorted(frame["mark"].unique())) if zero else None,
    )
    frame = frame.assign(
        text=[_number(*ends) for ends in zip(frame["value"], frame["low"], frame["high"], strict=True)]
    )
    base = alt.Chart(data_of(frame[["row", "value", "low", "high", "mark", "text"]])).encode(y=y)
    x = alt.X(
        "value:Q", title=axis, scale=alt.Scale(zero=zero, nice=True), axis=alt.Axis(tickCount=max(3, inner // 70))
    )
    low = alt.X("low:Q", title=axis)
    bars = base.mark_rule(strokeWidth=2.5, yOffset=rows.shift).encode(x=low, x2="high:Q", color=colour)
    dots = base.mark_circle(size=62, opacity=1, yOffset=rows.shift).encode(x=x, color=colour)
    side: Any = "right" if rows.beside else "left"
    above, room = (0, 430) if rows.beside else (-8, width - NUMBERS_PX)
    names = alt.Chart(data_of(Frame({"row": order, "title": [titles[name] for name in order]})))
    named = names.mark_text(fontSize=11, color=theme.MUTED, align=side, dy=above, limit=room)
    numbers = base.mark_text(fontSize=10.5, color=theme.INK, align="left", dy=rows.shift)
    layers = [
        bars,
        dots,
        named.encode(y=y, x=alt.value(-6 if rows.beside else 1), text="title:N"),
        numbers.encode(x=alt.value(inner + 8), text="text:N"),
    ]
    if zero:
        line = alt.Chart(data_of(Frame({"zero": [0]}))).mark_rule(color=theme.INK, strokeDash=[3, 3]).encode(x="zero:Q")
        layers.insert(0, line)
    return rows.layered(layers, heading).properties(width=inner)


def _number(value: float, low: float, high: float) -> str:
    """A value with half its interval, to the digits that the interval bears."""
    return with_interval(Estimate(value, low, high)).replace(GLUE, " ")


def _comparison(estimates: Frame, metric: str, labels: StudyLabels) -> Plot:
    """What the deciding metric is in every scenario."""
    frame = labels.rows_of(estimates, metric)
    shown = _fewest(frame.assign(mark=SURE, row=frame["scenario"]), labels, metric)
    order = list(shown.sort_values("value", ascending=not labels.higher_is_better(metric))["row"])
    return Plot(
        name="comparison",
        title=f"{labels.metric(metric)} in every scenario",
        caption=f"Dots are means over replications, lines their 95 % intervals, each for itself. {_cut(frame, shown)}"
        "To compare two scenarios use the differences: they share their luck, so their intervals are narrower.",
        alt=f"{labels.metric(metric)} by scenario: " + _listed(shown, order, labels),
        chart=lambda width: _interval_rows(shown, order, labels.titles, width, labels.axis(metric), zero=False),
    )


def _fewest(frame: Frame, labels: StudyLabels, metric: str) -> Frame:
    """Return at most `MOST_ROWS` rows: the best ones, and the base."""
    if len(frame) <= MOST_ROWS:
        return frame
    ordered = frame.sort_values("value", ascending=not labels.higher_is_better(metric))
    kept = ordered.head(MOST_ROWS - 1)
    base = ordered[ordered["scenario"] == "base"]
    return pd.concat([kept, base]).drop_duplicates("scenario")


def _cut(frame: Frame, shown: Frame) -> str:
    left_out = len(frame) - len(shown)
    return f"{left_out} scenarios that do worse are left out; the tables have them. " if left_out else ""


def _listed(shown: Frame, order: list[str], labels: StudyLabels) -> str:
    found = shown.set_index("row")["value"]
    return "; ".join(f"{labels.titles[name]} {found[name]:.3g}" for name in order[:MOST_ROWS])


def _differences(differences: Frame, direction: str, labels: StudyLabels) -> Plot:
    """What every scenario changes against the base, in the metrics of one direction."""
    metrics = [m for m in labels.metrics if labels.direction_of(m) == direction]
    frames = []
    for metric in metrics:
        frame = differences[differences["metric_name"] == metric]
        shown = frame.reindex(frame["value"].abs().sort_values(ascending=False).index).head(MOST_ROWS)
        frames.append(shown.assign(row=shown["scenario"], mark=np.where(shown["sure"], SURE, UNSURE)))
    order = list(frames[0].sort_values("value", ascending=not labels.higher_is_better(metrics[0]))["row"])

    def chart(width: int) -> Any:
        panels = [
            _interval_rows(
                frame[frame["row"].isin(order)],
                order,
                labels.titles,
                width,
                f"change, {labels.unit(metric)}",
                zero=True,
                heading=f"{labels.metric(metric)}: better to the {labels.better_side(metric)}",
            )
            for metric, frame in zip(metrics, frames, strict=True)
        ]
        return alt.vconcat(*panels, spacing=26)

    return Plot(
        name=f"differences-{direction or 'gate'}",
        title=f"Difference from the base{', ' + direction if direction else ''}",
        caption="Each dot is the mean difference over replications with the same trucks and the same luck; lines are "
        f"simultaneous 95 % intervals (Bonferroni over {len(order)} scenarios a metric). Grey: the line crosses zero, "
        "so there may be no difference.",
        alt=f"Differences of {labels.metric(metrics[0])} from the base: " + _listed(frames[0], order, labels),
        chart=chart,
    )


def _effects(effects: Frame, labels: StudyLabels) -> Plot:
    """Main effects and interactions of the deciding metric."""
    metric = labels.metrics[0]
    frame = effects[effects["metric_name"] == metric].copy()
    sure = (frame["low"] > 0) | (frame["high"] < 0)
    frame = frame.assign(row=frame["effect"], mark=np.where(sure, SURE, UNSURE))
    frame = frame.sort_values(["order", "value"])
    order = list(frame["row"])
    return Plot(
        name="interactions",
        title=f"Main effects and interactions: {labels.metric(metric)}",
        caption="A main effect is what the metric changes when the upgrade is on, over all combinations of the others. "
        "An interaction (×) says how much more, or less, two bring together than apart: half the difference between "
        "the effect of one with and without the other. Lines: simultaneous 95 % intervals.",
        alt="Effects: " + _listed(frame, order, labels.with_titles(order)),
        chart=lambda width: _interval_rows(
            frame, order, dict(zip(order, order, strict=True)), width, f"change, {labels.unit(metric)}", zero=True
        ),
    )


def _curves(folder: Path, differences: Frame, labels: StudyLabels) -> list[Plot]:
    """Queues by the clock, clearance and end-of-day stock of the base and the scenarios that differ most."""
    metric = labels.metrics[0]
    found = differences[differences["metric_name"] == metric]
    largest = found.reindex(found["value"].abs().sort_values(ascending=False).index)["scenario"]
    chosen = ["base", *largest.head(MOST_CURVES - 1)]
    titles = [labels.titles[name] for name in chosen]
    colour = alt.Color(
        "title:N",
        scale=alt.Scale(domain=titles, range=[theme.BLACK, *theme.CLASS_COLOURS[: len(titles) - 1]]),
        legend=alt.Legend(title=None, columns=1, labelLimit=520),
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

    def lines(frame: Frame, x: Any, y: Any, width: int, heading: str = "") -> Any:
        chart = (
            alt.Chart(data_of(frame))
            .mark_line(strokeWidth=2, clip=True)
            .encode(x=x, y=y, color=colour, strokeDash=dash)
        )
        more = {"title": panel_title(heading, width)} if heading else {}
        return chart.properties(width=width - 70, height=230, **more)

    hours = alt.X("hour:Q", title=f"hour of the day, {labels.clock}", axis=alt.Axis(values=list(range(0, 25, 3))))
    queue = alt.Y("in_line:Q", title="trucks in line at all stages")
    percent = alt.Y("percent:Q", title="trucks released, %", scale=alt.Scale(domain=[0, 100]))
    time = alt.X("hours:Q", title="hours since arrival", scale=alt.Scale(zero=True))
    day = alt.X("day:Q", title="measured day", axis=alt.Axis(tickMinStep=1))
    left = alt.Y("value:Q", title="trucks not yet released")
    directions = list(dict.fromkeys(clearance["direction"]))

    def by_direction(frame: Frame, x: Any, y: Any, width: int) -> Any:
        panels = [lines(frame[frame["direction"] == name], x, y, width, labels.direction(name)) for name in directions]
        return alt.vconcat(*panels, spacing=18)

    return [
        Plot(
            "queue-by-hour",
            "Trucks in line by hour of the day",
            f"Mean over days and replications, lines before closed stages included.{left_out}",
            f"Curves of trucks in line over the day for {', '.join(titles)}.",
            lambda width: lines(clock, hours, queue, width),
        ),
        Plot(
            "clearance-curves",
            "How fast trucks are released",
            f"Share of the loaded trucks released within so many hours of arrival; mean over replications.{left_out}",
            f"Curves of clearance for {', '.join(titles)}.",
            lambda width: by_direction(clearance.dropna(subset=["hours"]), time, percent, width),
        ),
        Plot(
            "stock-by-day",
            "Trucks not yet released at the end of the day",
            f"Counted at {labels.bulletin}; mean over replications.{left_out}",
            f"Curves of the end-of-day stock for {', '.join(titles)}.",
            lambda width: by_direction(stock, day, left, width),
        ),
    ]


def _tornado(tornado: Frame, labels: StudyLabels) -> Plot:
    """How far each assumption moves what the choice brings."""
    metric = labels.metrics[0]
    frame = tornado[tornado["metric_name"] == metric]
    unvaried = float(frame["unvaried"].iloc[0])
    span = frame.groupby("place")["value"].agg(lambda v: float(np.abs(v - unvaried).max()))
    order = list(span.sort_values(ascending=False).head(MOST_ROWS).index)
    shown = frame[frame["place"].isin(order)].assign(start=unvaried)
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
        title = f"what the choice changes, {labels.unit(metric)}"
        bars = (
            alt.Chart(data_of(shown))
            .mark_bar(**rows.bar)
            .encode(y=y, x=alt.X("start:Q", title=title, scale=alt.Scale(zero=False)), x2="value:Q", color=colour)
        )
        middle = alt.Chart(data_of(Frame({"x": [unvaried]}))).mark_rule(color=theme.INK).encode(x="x:Q")
        side: Any = "right" if rows.beside else "left"
        names = (
            alt.Chart(data_of(Frame({"place": order, "title": [labels.place(name) for name in order]})))
            .mark_text(fontSize=11, color=theme.MUTED, align=side, dy=0 if rows.beside else -8)
            .encode(y=y, x=alt.value(-6 if rows.beside else 1), text="title:N")
        )
        return rows.layered([bars, middle, names])

    return Plot(
        "tornado",
        f"Which guess would change the advice? {labels.choice}: {labels.metric(metric)}",
        f"Each bar runs from what the choice brings as the gate file stands ({unvaried:.3g} {labels.unit(metric)}) to "
        f"what it brings when one assumption is {labels.ends[0]:g} or {labels.ends[1]:g} times as large in both."
        + (f" The {len(order)} that matter most of {len(span)}." if len(span) > len(order) else ""),
        "Assumptions by how far they move the gain: " + ", ".join(map(labels.place, order[:10])),
        chart,
    )


def _bottleneck(frame: Frame, number: int, labels: StudyLabels) -> Plot:
    """What a tenth more of each stage brings."""
    found = frame[(frame["round"] == number) & (frame["metric_name"] == TRUCK_HOURS)]
    found = found.assign(row=found["place"] + " " + found["what"], mark=np.where(found["sure"], SURE, UNSURE))
    relieved = found["relieved"].iloc[0] if number > 1 else None
    kinds = [(what, part) for what, part in found.groupby("what", sort=True)]
    titles = {
        str(row): f"{labels.stage(place)} ({how})"
        for row, place, how in zip(found["row"], found["place"], found["how"], strict=True)
    }

    def chart(width: int) -> Any:
        panels = []
        for what, part in kinds:
            shown = part[part["value"].abs() > 0.5].head(14)
            heading = {"capacity": "A tenth more capacity", "hours": "A tenth longer open"}[str(what)]
            panels.append(
                _interval_rows(
                    shown, list(shown["row"]), titles, width, "change of truck hours a day", zero=True, heading=heading
                )
                if len(shown)
                else message(f"{heading}: no stage changes anything.", width)
            )
        return alt.vconcat(*panels, spacing=26)

    after = f", with {labels.cell_words(str(relieved))} relieved" if relieved else ""
    return Plot(
        f"bottleneck-{number}",
        f"What binds{after}",
        "Change of the hours that all loaded trucks of a day spend between arrival and release, both directions "
        "together, when one stage passes a tenth more; fewer is better. Lines: simultaneous 95 % intervals. Stages "
        "that change less than half a truck hour a day are left out.",
        "Truck hours saved a day: "
        + "; ".join(f"{titles[str(r.row)]} {r.value:.0f}" for r in found.head(8).itertuples()),
        chart,
    )


def _screening(frame: Frame, labels: StudyLabels) -> Plot:
    metric = labels.metrics[0]
    shown = frame.head(MOST_ROWS)
    low = (shown["mean_absolute"] - shown["half_width"]).clip(lower=0)
    shown = shown.assign(
        row=shown["factor"],
        value=shown["mean_absolute"],
        low=low,
        high=shown["mean_absolute"] + shown["half_width"],
        mark=SURE,
    )
    order = list(shown["row"])
    titles = {name: labels.factor(name) for name in order}
    return Plot(
        "screening",
        f"Which numbers matter: {labels.metric(metric)}",
        "Mean of the absolute elementary effects (Morris 1991; Campolongo 2007): how much the metric changes when a "
        "number goes through two thirds of its range, over the ranges of the others. Lines: 95 % bootstrap intervals.",
        "Elementary effects: " + "; ".join(f"{titles[str(r.row)]} {r.value:.3g}" for r in shown.itertuples()),
        lambda width: _interval_rows(
            shown, order, titles, width, f"mean absolute effect, {labels.unit(metric)}", zero=False
        ),
    )


def _variance(frame: Frame, labels: StudyLabels) -> Plot:
    metric = labels.metrics[0]
    parts = []
    for kind, title in (("first", "alone"), ("total", "with interactions")):
        part = frame.assign(value=frame[kind], half=frame[f"{kind}_half_width"], title=title)
        parts.append(part[["factor", "value", "half", "title"]])
    long = pd.concat(parts).assign(row=lambda f: f["factor"] + " " + f["title"], mark=SURE)
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
        lambda width: _interval_rows(long, order, titles, width, "share of the variance", zero=False),
    )


def _warmup(frame: Frame, labels: StudyLabels) -> Plot:
    titles = {name: labels.titles.get(name, name) for name in frame["scenario"].unique()}
    frame = frame.assign(title=frame["scenario"].map(titles))
    cut = int(frame["warmup_days"].max())

    def chart(width: int) -> Any:
        lines = (
            alt.Chart(data_of(frame))
            .mark_line(strokeWidth=1.5, opacity=0.7)
            .encode(
                x=alt.X("day:Q", title="day of the pilot, which starts empty"),
                y=alt.Y("in_line:Q", title="mean trucks in line"),
                detail="title:N",
                color=alt.value(theme.BLUE),
            )
        )
        marked = alt.Chart(data_of(Frame({"day": [cut]}))).mark_rule(color=theme.VERMILION, strokeWidth=2)
        rule = marked.encode(x="day:Q")
        return alt.layer(lines, rule).properties(width=width - 70, height=220)

    return Plot(
        "warm-up",
        "How long the gate takes to fill",
        f"Pilot runs of {frame['day'].max()} days, a line for each scenario. The red line is the warm-up taken: the "
        "longest that MSER-5 found.",
        f"Trucks in line by day of the pilot runs; {cut} days are left out.",
        chart,
    )
