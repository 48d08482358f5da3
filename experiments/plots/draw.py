"""The plots of a result: made from its tables, the same for files and for the report.

A chart shows what the tables hold. The only arithmetic is display: means and percentiles over replications, hours of
the clock, hours per truck. Every caption says what its band is and whose clock it shows.
"""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from experiments.answers.labels import Labels
from experiments.answers.run_numbers import read_numbers
from experiments.answers.run_summary import warnings
from experiments.messages.plots import ENGLISH, Words, words_of
from experiments.plots import theme
from experiments.plots.days import end_of_day_stock, throughput
from experiments.plots.hours import clearance_by_arrival, lanes_in_use, queue_map
from experiments.plots.marks import WIDE, Frame, Plot, specification
from experiments.plots.road import tailback_by_hour
from experiments.plots.stages import queue_by_hour, utilisation, where_time_goes
from experiments.plots.trucks import clearance_distribution, journeys
from experiments.result_folder import MANIFEST
from gates.findings import ConfigError, Finding, suggestion
from gates.schema.base import LanguageTag

OF_LOGS = {"clearance-by-arrival", "lanes-by-hour", "journeys"}
"""Plots of a replication whose event log is kept."""


def drawn(folder: Path, name: str, form: str, colours: theme.Theme = "light", language: LanguageTag = "en") -> bytes:
    """Return one plot of a run's result folder as `json` (Vega-Lite), `svg` or `png`.

    Raises
    ------
    ConfigError
        If the result has no plot of this name.
    """
    makers = _makers(folder)
    if name not in makers:
        raise ConfigError([Finding("name", name[:60], "the run has no such plot", suggestion(makers, name))])
    labels = _labels(folder)
    return drawn_as(read_plot(folder, name), labels, form, colours, words_of(language, labels))


def drawn_as(plot: Plot, labels: theme.Naming, form: str, colours: theme.Theme, words: Words = ENGLISH) -> bytes:
    """Return a plot as `json` (Vega-Lite), `svg` or `png`, in the colours of a theme and the words of a language."""
    definition = words.chart(as_specification(plot))
    text = theme.themed(json.dumps(definition, ensure_ascii=False), colours)
    if form == "json":
        return text.encode()
    chart = theme.rendered(json.loads(text), words.numbers)
    text = words.text(f"{labels.basis}. {plot.caption}")
    svg = theme.with_heading(chart, words.text(plot.title), labels.title, text, plot.warning)
    svg = theme.themed(svg, colours)
    if form == "png":
        return theme.png_of(svg)
    return theme.standalone(svg, plot.alt, theme.font_faces([svg])).encode()


def as_specification(plot: Plot) -> dict[str, Any]:
    """Return a plot as Vega-Lite, its title, caption and text for those who cannot see it under `usermeta`."""
    said = {"name": plot.name, "title": plot.title, "caption": plot.caption, "alt": plot.alt, "warning": plot.warning}
    return {**specification(plot, WIDE), "usermeta": said}


def read_plots(folder: Path) -> list[Plot]:
    """Return the plots of a result folder, ready to be drawn."""
    warning = plots_warning(folder)
    return [read_plot(folder, name, warning) for name in plot_names(folder)]


def plot_names(folder: Path) -> list[str]:
    """Return the names of the plots that a result has, in their order."""
    return list(_makers(folder))


def plots_warning(folder: Path) -> str:
    """Return what one must know before any number of a result."""
    return " ".join(warnings(read_numbers(folder), _labels(folder)))


def read_plot(folder: Path, name: str, warning: str | None = None) -> Plot:
    """Return one plot of a result folder, ready to be drawn; its warning is looked up if it is not given."""
    plot = _makers(folder)[name]()
    return dataclasses.replace(plot, warning=plots_warning(folder) if warning is None else warning)


def _makers(folder: Path) -> dict[str, Callable[[], Plot]]:
    """Return name of a plot -> what makes it from the tables that it needs."""
    labels = _labels(folder)

    def table(name: str) -> Frame:
        frame = pd.read_parquet(folder / f"{name}.parquet")
        words = frame.select_dtypes("category").columns
        return frame.astype(dict.fromkeys(words, object))

    log = "events/rep-00000"
    found: dict[str, Callable[[], Plot]] = {
        "where-time-goes": lambda: where_time_goes(table("stages"), table("days"), labels),
        "utilisation": lambda: utilisation(read_numbers(folder).metrics, labels),
        "queue-by-hour": lambda: queue_by_hour(table("queues"), labels),
        "queue-map": lambda: queue_map(table("queues"), labels),
        "tailback-by-hour": lambda: tailback_by_hour(table("tailback"), labels),
        "end-of-day-stock": lambda: end_of_day_stock(table("days"), labels),
        "throughput": lambda: throughput(table("days"), labels),
        "clearance-distribution": lambda: clearance_distribution(table("clearance"), labels),
        "clearance-by-arrival": lambda: clearance_by_arrival(table("trucks"), labels),
        "lanes-by-hour": lambda: lanes_in_use(table(log), labels),
        "journeys": lambda: journeys(table(log), labels),
    }
    left_out = {"tailback-by-hour"} if not (folder / "tailback.parquet").is_file() else set()
    if not (folder / f"{log}.parquet").is_file():
        left_out |= OF_LOGS
    return {name: make for name, make in found.items() if name not in left_out}


def _labels(folder: Path) -> Labels:
    return _labels_of((folder / MANIFEST).read_text(encoding="utf-8"))


@functools.lru_cache(maxsize=2)
def _labels_of(manifest: str) -> Labels:
    """Return the labels of a manifest; the plots of a result share them."""
    return Labels(json.loads(manifest))
