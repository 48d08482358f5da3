"""Fan charts of a forecast, and its folder."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import altair as alt
import numpy as np
import pandas as pd

from experiments.answers.labels import direction_word
from experiments.forecast.answer import answers, basis, title
from experiments.forecast.forecast import HIGH, LOW, Forecast, quantile
from experiments.plots import theme
from experiments.plots.marks import NARROW, Chart, Frame, Plot, data_of, message, panel_title, picture, stamp
from experiments.plots.theme import direction_colour, write_pictures
from experiments.result_folder import write_json
from experiments.runs.files import new_folder

NOBODY = "Fewer than half of the trucks of any hour are released before the end of tomorrow."
BANDS = ((5, 95, 0.16), (25, 75, 0.32))
"""Percentiles between which a band lies, and how dark it is."""


class Naming(NamedTuple):
    """What a file of a plot says of its forecast."""

    title: str
    basis: str


def write_forecast(made: Forecast, folder: Path, *, png: bool = False) -> Path:
    """Write a forecast into a new folder: `forecast.json`, `stock.csv` and the plots.

    Raises
    ------
    ConfigError
        If something stands there.
    OSError
        If the disk is full or the place cannot be written; nothing is left behind.
    """
    naming = Naming(title(made), basis(made).removesuffix("."))
    with new_folder(folder) as partial_folder:
        write_json(partial_folder / "forecast.json", {**made.document(), "answers": answers(made)})
        _stock(made).drop(columns="at").to_csv(partial_folder / "stock.csv", index=False, lineterminator="\n")
        write_pictures(partial_folder, [picture(plot) for plot in plots_of(made)], naming, png=png)
    return folder


def plots_of(made: Forecast) -> list[Plot]:
    """Return the fan charts: the stock, and the time to release by hour of arrival."""
    clock = made.labels.clock(made.labels.bulletin_side)
    bands = "median; dark band: half of the replications; light band: nine in ten."
    stock, clearance = _stock(made), _clearance(made)
    return [
        Plot(
            "stock",
            "How many trucks will wait",
            f"Loaded trucks that have arrived and are not yet released. Line: {bands} Dashed: spaces of the areas on "
            f"the way, if they are near. {clock}.",
            " ".join(answers(made)[: len(made.directions)]),
            partial(_fans, made, stock, "Trucks not yet released"),
        ),
        Plot(
            "clearance",
            "How long trucks will wait that arrive from now on",
            f"Median time from arrival to release of the trucks of an hour of arrival. Dot: {bands} Where one is "
            f"missing, nobody arrives, or the release lies after the end of tomorrow. {clock}.",
            "Time to release by hour of arrival.",
            partial(_fans, made, clearance, "Hours from arrival to release"),
        ),
    ]


def _stock(made: Forecast) -> Frame:
    """Return `direction`, `time`, `at` and percentiles of the stock."""
    parts = []
    for n, way in enumerate(made.directions):
        stock = made.stock(made.base, n)
        bands = {f"p{p}": np.percentile(stock, p, axis=0) for p in (LOW, 25, 50, 75, HIGH)}
        parts.append(_timed(made, made.made.marks, {"direction": way, **bands}))
    return pd.concat(parts, ignore_index=True)


def _clearance(made: Forecast) -> Frame:
    parts = []
    for n, way in enumerate(made.directions):
        hours = np.stack([one.clearance[n] for one in made.base])
        bands = {f"p{p}": np.array([quantile(c, p) for c in hours.T]) for p in (LOW, 25, 50, 75, HIGH)}
        ticks = made.made.now + 3_600_000 * np.arange(hours.shape[1])
        parts.append(_timed(made, ticks, {"direction": way, **bands}))
    return pd.concat(parts, ignore_index=True).replace([np.inf], np.nan)


def _timed(made: Forecast, ticks: Any, columns: dict[str, Any]) -> Frame:
    moments = [made.moment(float(tick)) for tick in ticks]
    texts = [at.isoformat() for at in moments if at is not None]
    shown = [stamp(pd.Timestamp(at.replace(tzinfo=None))) for at in moments if at is not None]
    return Frame({"time": texts, "at": shown, **columns})


def _fans(made: Forecast, rows: Frame, what: str, width: int) -> Any:
    panels = []
    for n, way in enumerate(made.directions):
        mine = rows[rows["direction"] == way].dropna(subset=["p50"])
        title_of = panel_title(direction_word(way), width)
        if mine.empty:
            panels.append(message(NOBODY, width - 70).properties(title=title_of))
            continue
        panels.append(_fan(made, mine, n, what, width).properties(title=title_of))
    return alt.vconcat(*panels, spacing=14)


def _fan(made: Forecast, rows: Frame, n: int, what: str, width: int) -> Any:
    ends = [made.moment(made.made.now), made.moment(made.made.plan.end)]
    domain = [stamp(pd.Timestamp(at.replace(tzinfo=None))) for at in ends if at is not None]
    every = 3 if width > NARROW else 6
    hours = pd.date_range(pd.Timestamp(domain[0]).ceil("3h"), pd.Timestamp(domain[1]), freq=f"{every}h")
    label = "utcFormat(datum.value, '%H') == '00' ? utcFormat(datum.value, '%-d %b') : utcFormat(datum.value, '%H:%M')"
    axis = alt.Axis(labelExpr=label, values=[stamp(at) for at in hours], grid=False)
    x = alt.X("at:T", title=None, scale=alt.Scale(type="utc", domain=domain), axis=axis)
    colour = direction_colour(made.directions[n])
    chart = Chart(data_of(rows)).encode(x=x)
    is_stock = what.startswith("Trucks")
    layers: list[Any] = []
    for low, high, dark in BANDS:
        known = chart.transform_filter(f"isValid(datum.p{low}) && isValid(datum.p{high})")
        band = (
            known.mark_area(color=colour, opacity=dark)
            if is_stock
            else known.mark_bar(color=colour, opacity=dark, width=9 if width > NARROW else 5)
        )
        layers.append(band.encode(y=alt.Y(f"p{low}:Q", title=what, scale=alt.Scale(domainMin=0)), y2=f"p{high}:Q"))
    middle = (
        chart.mark_line(color=colour, strokeWidth=2)
        if is_stock
        else chart.mark_point(color=colour, filled=True, opacity=1, size=30)
    )
    layers.append(middle.encode(y="p50:Q"))
    spaces = made.spaces(n)
    if is_stock and spaces is not None and spaces <= 2 * float(rows["p95"].max()):
        limit = Chart(data_of(Frame({"spaces": [spaces]})))
        layers.append(limit.mark_rule(strokeDash=[6, 3], color=theme.INK).encode(y="spaces:Q"))
    return alt.layer(*layers).properties(width=width - 70, height=190)
