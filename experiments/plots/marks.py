"""Parts that the plots are made of: bands over replications, rows of stages, legends that fit."""

from __future__ import annotations

import datetime as dt
import math
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from altair.utils.schemapi import debug_mode

from experiments.answers.labels import Labels
from experiments.plots import theme

WIDE, NARROW = 760, 350
"""Width of a chart in a file and on a screen, and on a phone [px]."""
PERCENTILES = (5, 95)
ENOUGH_FOR_PERCENTILES = 20
"""With fewer replications the 5th and 95th percentile say no more than the lowest and the highest."""
HOURS = 24

Frame = pd.DataFrame


class Chart(alt.Chart):
    """A chart of Altair that is put together more quickly, to the same specification.

    For each channel that is a text, such as `x2="to:Q"`, Altair looks through all its classes; and for each layer,
    panel and property it copies all that there is so far, down to the last empty field. Nothing here changes a part
    of a chart after it was made, so copies may share their parts.
    """

    def __deepcopy__(self, _: object) -> Chart:
        """Return a copy that has the same parts."""
        return self.copy(deep=False)

    def encode(self, *args: Any, **channels: Any) -> Any:
        """Add channels to the chart."""
        return super().encode(*args, **{name: _channel(name, value) for name, value in channels.items()})


def _channel(name: str, value: Any) -> Any:
    return getattr(alt, name[0].upper() + name[1:])(value) if isinstance(value, str) else value


@dataclass(frozen=True)
class Plot:
    """One plot: what it shows, how to read it, and its chart in any width."""

    name: str
    """File name, without its ending."""
    title: str
    caption: str
    """How to read it: units, clock, band, and what is left out."""
    alt: str
    """What the picture shows, for those who cannot see it."""
    chart: Callable[[int], Any]
    """Returns the chart at a width [px], without title."""
    warning: str = ""
    """What one must know before any number of the result; a page that shows several plots says it once."""


def specification(plot: Plot, width: int) -> dict[str, Any]:
    """Return the chart of a plot as Vega-Lite, not checked against its schema: tests do that for every chart."""
    with debug_mode(False):
        return {**plot.chart(width).to_dict(validate=False), "config": theme.CONFIG}


def picture(plot: Plot) -> theme.Picture:
    """Draw a plot in both widths."""
    wide, narrow = (theme.rendered(specification(plot, width)) for width in (WIDE, NARROW))
    return theme.Picture(plot.name, plot.title, plot.caption, plot.alt, plot.warning, wide, narrow)


@dataclass(frozen=True)
class StageRows:
    """Horizontal bars, a row for each stage: its name beside the bar, or above it where there is no room."""

    titles: list[str]
    width: int

    @property
    def beside(self) -> bool:
        """Whether the names stand beside the rows."""
        return self.width > NARROW

    @property
    def room(self) -> int:
        """Width kept for the names [px]."""
        return text_px(self.titles) + 14 if self.beside else 0

    @property
    def shift(self) -> int:
        """How far below the middle of its row a bar stands."""
        return 0 if self.beside else 6

    @property
    def bar(self) -> dict[str, Any]:
        """Size and place of a bar."""
        return {"height": 14 if self.beside else 11, "yOffset": self.shift}

    def names(self, order: Sequence[str], y: Any, labels: Labels) -> Any:
        """Return the names of the stages as a layer."""
        frame = Frame({"stage": order, "title": [labels.stage(name) for name in order]})
        side: Any = "right" if self.beside else "left"
        chart = Chart(data_of(frame))
        text = chart.mark_text(fontSize=11, color=theme.MUTED, align=side, dy=0 if self.beside else -8)
        return text.encode(y=y, x=at_px(-6 if self.beside else 1), text="title:N")

    def layered(self, layers: Sequence[Any], title: str = "") -> Any:
        """Return the layers as one chart."""
        heading = {"title": panel_title(title, self.width)} if title else {}
        step = alt.Step(19 if self.beside else 31)
        return alt.layer(*layers).properties(width=self.width - self.room - 20, height=step, **heading)


def over_replications(frame: Frame, keys: list[str], value: str) -> Frame:
    """Return mean, low and high of `value` over replications, for each combination of `keys`."""
    groups = frame.groupby(keys, sort=True, dropna=False)[value]
    if frame["replication"].nunique() >= ENOUGH_FOR_PERCENTILES:
        low, high = (groups.quantile(percent / 100) for percent in PERCENTILES)
    else:
        low, high = groups.min(), groups.max()
    return Frame({"mean": groups.mean(), "low": low, "high": high}).reset_index()


def hour_of_day(hour: Any, labels: Labels) -> Any:
    """Return hours of the bulletin's clock from hours since the measured period began."""
    zone, begin = labels.zone(labels.bulletin_side), labels.midnight(0)
    clock = [(begin + dt.timedelta(hours=n)).astimezone(zone).hour for n in range(int(hour.max()) + 1)]
    return np.array(clock)[hour]


def clock_axis(title: str = "Hour of day") -> Any:
    """Return the axis of the hours of a day, field `hour`."""
    axis = alt.Axis(values=[0, 6, 12, 18, 24], grid=False)
    return alt.X("hour:Q", title=title, scale=alt.Scale(domain=[0, HOURS]), axis=axis)


def to_end_of_day(rows: Frame) -> Frame:
    """Return rows by hour, in order, with the last hour again at 24, because its step reaches to the end of it."""
    rows = rows.sort_values("hour")
    return pd.concat([rows, rows.tail(1).assign(hour=HOURS)])


def date_axis(first: dt.date, days: int, most: int) -> Any:
    """Return an axis of dates with at most so many labels, or one more."""
    every = max(1, math.ceil(days / most))
    marked = [stamp(pd.Timestamp(first) + pd.Timedelta(days=n)) for n in range(0, days, every)]
    return alt.Axis(format="%-d %b", grid=False, values=marked)


def band_text(labels: Labels, what: str = "Band") -> str:
    """Say what a band is."""
    if labels.replications < 2:
        return "One replication: no band."
    if labels.replications < ENOUGH_FOR_PERCENTILES:
        return f"{what}: lowest to highest of {labels.replications} replications."
    return f"{what}: 5th to 95th percentile of {labels.replications} replications."


def at_px(px: int) -> Any:
    """Return a place at so many pixels from the left, whatever the scale."""
    place: Any = alt.XValue
    return place(px)


def message(text: str, width: int) -> Any:
    """Return a chart that says why there is nothing to draw."""
    return (
        Chart(data_of(Frame({"text": [text]})))
        .mark_text(fontSize=13, color=theme.MUTED, limit=width)
        .encode(text="text:N")
        .properties(width=width, height=60)
    )


def shade(spans: Frame) -> Any:
    """Return a layer of grey rectangles, to be given their sides."""
    return Chart(data_of(spans)).mark_rect(color=theme.SHADE, clip=True)


def data_of(frame: Frame) -> Any:
    """Return rows as data of a chart, as text: Altair copies lists of rows over and over."""
    return alt.InlineData(values=frame.round(6).to_json(orient="records"), format=alt.JsonDataFormat(type="json"))


def stamp(moment: pd.Timestamp) -> str:
    """Return a time as a chart reads it, so that no time zone of the machine matters."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def panel_title(text: str, width: int, frame: Any = "bounds") -> Any:
    """Return the title of a part of a chart, in as many lines as its width asks for."""
    lines = textwrap.wrap(text, max(12, int(width / 6.4)))
    return alt.TitleParams(lines, frame=frame)


def text_px(texts: Sequence[str]) -> int:
    """Return about how wide the longest of some texts is drawn [px]; Chinese characters take twice the room."""
    return max((sum(12 if ord(c) > 0x2E7F else 6 for c in text) for text in texts), default=0)


def fitted(texts: Sequence[str], width: int) -> list[str]:
    """Return names that fit into a legend: cut in the middle, because names that are alike often differ at the end."""
    letters = max(12, (width - 44) // 7)

    def cut(text: str) -> str:
        return text if len(text) <= letters else f"{text[: letters // 2]} … {text[-(letters - letters // 2 - 3) :]}"

    found = [cut(text) for text in texts]
    return found if len(set(found)) == len(set(texts)) else list(texts)


def columns_of(texts: Sequence[str], width: int) -> int:
    """Return how many columns of a legend fit."""
    return max(1, min(len(texts), width // (text_px(texts) + 44)))
