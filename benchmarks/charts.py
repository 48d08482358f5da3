"""The plots of the results, as SVG. Colours are those of Okabe and Ito (2008); none is without a shape or a label."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import altair as alt
import pandas as pd
import vl_convert

from benchmarks.harness import ROOT, Row, three_digits

FONT = "Noto Sans, Noto Sans SC"
BLACK, ORANGE, SKY, GREEN, BLUE, VERMILION = "#000000", "#e69f00", "#56b4e9", "#009e73", "#0072b2", "#d55e00"
INK, QUIET, GRID = "#222222", "#555555", "#dddddd"
WIDTH = 560
SHAPES = ["circle", "square", "triangle-up"]
VISITS_PER_S = "stage visits a second (logarithmic)"
SHORT = "datum.value >= 1e6 ? format(datum.value / 1e6, '~r') + ' million' : format(datum.value, ',')"


def peers(rows: list[Row], path: Path) -> None:
    """Draw the speed of each tool at each size."""
    measured = [row for row in rows if row["cpu_s"] is not None and not row["refused"]]
    frame = pd.DataFrame(
        {
            "tool": row["tool"],
            "trucks": f"{row['trucks']:,}",
            "speed": row["visits_per_s"],
            "label": three_digits(row["visits_per_s"]),
        }
        for row in measured
    )
    fastest = frame.loc[frame.groupby("tool")["speed"].idxmax()]
    order = fastest.sort_values("speed", ascending=False)["tool"].tolist()
    sizes = list(dict.fromkeys(frame["trucks"]))
    y = alt.Y("tool:N", sort=order, title=None)
    x = _log_x("speed", VISITS_PER_S, frame["speed"])
    points = (
        alt.Chart(frame)
        .mark_point(size=110, filled=True, opacity=1)
        .encode(
            x,
            y,
            color=alt.Color("trucks:N", sort=sizes, title="trucks", scale=_scale(sizes, [ORANGE, BLUE, BLACK])),
            shape=alt.Shape("trucks:N", sort=sizes, title="trucks", scale=_scale(sizes, SHAPES)),
        )
    )
    labels = alt.Chart(fastest).mark_text(dx=14, align="left", fontSize=12).encode(x, y, text="label:N")
    title = "Six stages in series: the same trucks in five tools"
    _save((points + labels).properties(width=WIDTH, height=200, title=_title(title, "one core, CPU time")), path)


def limit(rows: list[Row], path: Path) -> None:
    """Draw the compiled engine beside the bare loops."""
    frame = pd.DataFrame(
        {"loop": row["loop"], "trucks": f"{row['trucks']:,} trucks", "speed": row["visits_per_s"] / 1e6}
        for row in rows
        if not row["refused"]
    )
    frame["label"] = [f"{speed:.1f}" for speed in frame["speed"]]
    loops, sizes = list(dict.fromkeys(frame["loop"])), list(dict.fromkeys(frame["trucks"]))
    base = alt.Chart(frame).encode(
        alt.X("speed:Q", title=None, scale=alt.Scale(zero=True), axis=alt.Axis(values=list(range(0, 60, 5)))),
        alt.Y("loop:N", sort=loops, title=None),
    )
    bars = base.mark_bar(height=18).encode(
        color=alt.Color("loop:N", sort=loops, legend=None, scale=_scale(loops, [SKY, GREEN, BLUE]))
    )
    labels = base.mark_text(dx=4, align="left", fontSize=12).encode(text="label:N")
    panels = [
        (bars + labels)
        .transform_filter(alt.datum.trucks == size)
        .properties(width=WIDTH, height=80, title=alt.TitleParams(size, fontSize=12, anchor="start"))
        for size in sizes
    ]
    below = "six stages in series, million stage visits a second, one core, CPU time"
    title = _title("The compiled engine beside a bare loop", below)
    _save(alt.vconcat(*panels, spacing=8).resolve_scale(x="shared").properties(title=title), path)


def gate(rows: list[Row], path: Path) -> None:
    """Draw how long each part of a run takes."""
    names = {
        "draw": "draw",
        "simulate": "simulate, compiled",
        "metrics": "metrics from the log",
        "streaming": "all three, streaming",
        "reference": "simulate, reference",
    }
    frame = pd.DataFrame(
        {
            "part": names[part],
            "horizon": f"{row['days']} days",
            "time": second,
            "label": f"{three_digits(second)} s",
        }
        for row in rows
        for part, second in row["cpu_s"].items()
        if part in names
    )
    horizons = list(dict.fromkeys(frame["horizon"]))
    x = _log_x("time", "seconds (logarithmic)", frame["time"])
    y = alt.Y("part:N", sort=list(names.values()), title=None)
    points = (
        alt.Chart(frame)
        .mark_point(size=110, filled=True, opacity=1)
        .encode(
            x,
            y,
            color=alt.Color("horizon:N", sort=horizons, title="horizon", scale=_scale(horizons, [ORANGE, BLUE])),
            shape=alt.Shape("horizon:N", sort=horizons, title="horizon", scale=_scale(horizons, SHAPES)),
        )
    )
    labels = alt.Chart(frame).mark_text(dy=-13, fontSize=11).encode(x, y, text="label:N")
    title = _title("Friendship Pass: where the time of a run goes", "one core, CPU time")
    _save((points + labels).properties(width=WIDTH, height=240, title=title), path)


def scaling(rows: list[Row], path: Path) -> None:
    """Draw time a visit by size, peak memory by size, and peak memory of streaming by horizon."""
    line = [row for row in rows if row["model"] == "line"]
    long = [row for row in rows if row["model"] != "line"]
    simulate, log, streaming = "simulate, with a log", "with a log", "streaming"
    series = {
        "simulate_ns_per_visit": simulate,
        "streaming_ns_per_visit": "draw + simulate + metrics, streaming",
        "simulate_user_ns_per_visit": "simulate, less the system's time to give memory",
    }
    time = pd.DataFrame(
        {"trucks": row["trucks"], "what": what, "value": row[key]}
        for key, what in series.items()
        for row in line
        if key in row
    )
    memory = pd.DataFrame(
        {
            "trucks": row["trucks"],
            "what": log if row["way"] == "log" else streaming,
            "value": row["memory_mb"],
        }
        for row in line
    )
    horizon = pd.DataFrame({"years": row["days"] / 365, "value": row["memory_mb"]} for row in long)
    trucks = alt.X(
        "trucks:Q",
        title="trucks (logarithmic)",
        scale=alt.Scale(type="log", domain=[7e3, 1.5e7], nice=False),
        axis=alt.Axis(values=[1e4, 1e5, 1e6, 1e7], labelExpr=SHORT),
    )
    size = {"width": 250, "height": 190}
    first = _lines(time, trucks, alt.Y("value:Q", title="CPU ns a stage visit", scale=alt.Scale(zero=True)))
    second = _lines(
        memory,
        trucks,
        alt.Y(
            "value:Q",
            title="peak memory, MB (logarithmic)",
            scale=alt.Scale(type="log", domain=[100, 10_000]),
            axis=alt.Axis(values=[100, 300, 1000, 3000, 10_000], format=","),
        ),
    )
    third = (
        alt.Chart(horizon)
        .mark_line(color=VERMILION, point=alt.OverlayMarkDef(size=60, color=VERMILION, shape="square"))
        .encode(
            alt.X("years:Q", title="simulated years", axis=alt.Axis(values=[1, 2, 5, 10])),
            alt.Y("value:Q", title="peak memory, MB", scale=alt.Scale(zero=True)),
        )
    )
    panels = [
        first.properties(**size, title=_title("Six-stage line: time", "")),
        second.properties(**size, title=_title("Six-stage line: memory", "")),
        third.properties(**size, title=_title("Friendship Pass: memory, streaming", "")),
    ]
    _save(
        alt.hconcat(*panels, spacing=90, bounds="flush").resolve_scale(color="independent", shape="independent"), path
    )


def _lines(frame: pd.DataFrame, x: alt.X, y: alt.Y) -> alt.Chart:
    """Return lines with a shape each, named in a legend below."""
    names = list(dict.fromkeys(frame["what"]))
    legend = alt.Legend(orient="bottom", title=None, direction="vertical", labelLimit=330)
    colour = alt.Color("what:N", sort=names, legend=legend, scale=_scale(names, [BLUE, VERMILION, GREEN]))
    shape = alt.Shape("what:N", sort=names, legend=legend, scale=_scale(names, SHAPES))
    lines = alt.Chart(frame).mark_line().encode(x, y, color=colour)
    points = alt.Chart(frame).mark_point(size=60, filled=True, opacity=1).encode(x, y, color=colour, shape=shape)
    drawn: alt.Chart = lines + points
    return drawn


def _log_x(field: str, title: str, values: Any) -> alt.X:
    """Return a logarithmic axis with a mark at each power of ten, and room for labels at its end."""
    low, high = float(min(values)) / 1.6, float(max(values)) * 4
    marks = [10.0**power for power in range(-3, 10) if low <= 10.0**power <= high]
    return alt.X(
        f"{field}:Q",
        title=title,
        scale=alt.Scale(type="log", domain=[low, high], nice=False),
        axis=alt.Axis(values=marks, labelExpr=SHORT),
    )


def _scale(names: list[str], colours: list[str]) -> alt.Scale:
    return alt.Scale(domain=names, range=colours[: len(names)])


def _title(text: str, below: str) -> alt.TitleParams:
    return alt.TitleParams(text, subtitle=below, anchor="start", fontSize=14, subtitleColor=QUIET, offset=12)


def _save(chart: Any, path: Path) -> None:
    """Write a chart as SVG."""
    vl_convert.register_font_directory(str(ROOT / "experiments" / "fonts"))
    axis = {
        "gridColor": GRID,
        "domainColor": QUIET,
        "tickColor": QUIET,
        "labelFontSize": 12,
        "titleFontSize": 12,
    }
    styled = (
        chart.configure(font=FONT, background="white", padding=12)
        .configure_axis(**axis, labelColor=INK, titleColor=INK, titleFontWeight="normal")
        .configure_view(stroke=None)
        .configure_legend(labelFontSize=12, titleFontSize=12, titleFontWeight="normal", symbolOpacity=1)
        .configure_text(color=INK)
    )
    path.write_text(vl_convert.vegalite_to_svg(styled.to_dict()), "utf-8")
