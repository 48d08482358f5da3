"""Rows of dots with intervals: a scenario, an effect or a factor each."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import altair as alt
import numpy as np

from experiments.answers.numbers import BEYOND, interval, scale_of, within
from experiments.plots import theme
from experiments.plots.marks import Chart, Frame, StageRows, at_px, data_of

NUMBERS_PX = 118
"""Room for the numbers at the right of a row."""
VALUE = "value"
"""Mark of a row that is compared with nothing."""
BETTER, WORSE, SAME, UNCLEAR = "better", "worse", "no difference that matters", "too few replications to tell"
COLOURS = {
    VALUE: theme.BLUE,
    BETTER: theme.BLUE,
    "higher": theme.BLUE,
    WORSE: theme.VERMILION,
    "lower": theme.VERMILION,
}
COLOURS |= {SAME: theme.MUTED, UNCLEAR: theme.FAINT}
SHAPES = {VALUE: "circle", BETTER: "circle", "higher": "circle", WORSE: "triangle-up", "lower": "triangle-up"}
SHAPES |= {SAME: "square", UNCLEAR: "cross"}


def mark_of(verdict: str) -> str:
    """Return the mark of a verdict; differences below the margin share one."""
    if verdict in COLOURS:
        return verdict
    return UNCLEAR if verdict == "not defined" else SAME


def in_scale(frame: Frame, unit: str, *, change: bool = False) -> tuple[Frame, str]:
    """Return values with their intervals in the unit in which tables show them, and its name: hours or minutes."""
    scale = scale_of(unit, *frame["value"], change=change)
    return frame.assign(**{end: scale.factor * frame[end] for end in ("value", "low", "high")}), scale.unit


def interval_rows(
    frame: Frame,
    order: list[str],
    titles: dict[str, str],
    width: int,
    axis: str,
    *,
    zero: bool,
    heading: str = "",
    marks: Iterable[str] = (),
    before: float = math.nan,
) -> Any:
    """Return a chart of dots with intervals, a row each; the columns are `row`, `value`, `low`, `high`, `mark`.

    Charts that share a legend need the same `marks`: all that any of them draws. A dashed line stands at 0, or at the
    value `before` any change.
    """
    rows = StageRows([titles[name] for name in order], width)
    inner = width - rows.room - 20 - NUMBERS_PX
    y = alt.Y("row:N", sort=order, axis=None, scale=alt.Scale(paddingInner=0.1))
    drawn = {*frame["mark"], *marks}
    marks = [name for name in COLOURS if name in drawn]
    legend = alt.Legend(title=None, columns=2) if zero else None
    colour = alt.Color("mark:N", scale=alt.Scale(domain=marks, range=[COLOURS[m] for m in marks]), legend=legend)
    shape = alt.Shape("mark:N", scale=alt.Scale(domain=marks, range=[SHAPES[m] for m in marks]), legend=legend)
    frame = frame.assign(text=[_number(row, sign=zero) for _, row in frame.iterrows()])
    frame = frame.assign(value=frame["value"].where(np.isfinite(frame["value"])))
    base = Chart(data_of(frame[["row", "value", "low", "high", "mark", "text"]])).encode(y=y)
    cut = not zero and _is_far_from_zero(frame)
    axis = f"{axis}; the axis does not start at 0" if cut else axis
    scale = alt.Scale(zero=not cut, nice=True)
    x = alt.X("value:Q", title=axis, scale=scale, axis=alt.Axis(tickCount=max(3, inner // 70)))
    low = alt.X("low:Q", title=axis)
    bars = base.mark_rule(strokeWidth=2.5, yOffset=rows.shift).encode(x=low, x2="high:Q", color=colour)
    dots = base.mark_point(size=62, opacity=1, filled=True, yOffset=rows.shift).encode(x=x, color=colour, shape=shape)
    side: Any = "right" if rows.beside else "left"
    above, room = (0, 430) if rows.beside else (-8, width - NUMBERS_PX)
    names = Chart(data_of(Frame({"row": order, "title": [titles[name] for name in order]})))
    inks: list[dict[str, Any]] = [{"color": theme.MUTED}]
    if not rows.beside:  # a rim of paper around the letters, so that no line crosses a name
        inks.insert(0, {"color": theme.PAPER, "stroke": theme.PAPER, "strokeWidth": 3, "strokeJoin": "round"})
    named = [names.mark_text(fontSize=11, align=side, dy=above, limit=room, **ink) for ink in inks]
    numbers = base.mark_text(fontSize=10.5, color=theme.INK, align="left", dy=rows.shift)
    layers = [
        bars,
        dots,
        *(each.encode(y=y, x=at_px(-6 if rows.beside else 1), text="title:N") for each in named),
        numbers.encode(x=at_px(inner + 8), text="text:N"),
    ]
    against = 0.0 if zero else before
    if math.isfinite(against):
        line = Chart(data_of(Frame({"against": [against]}))).mark_rule(color=theme.INK, strokeDash=[3, 3])
        layers.insert(0, line.encode(x="against:Q"))
    return rows.layered(layers, heading).properties(width=inner)


def _is_far_from_zero(frame: Frame) -> bool:
    """Tell whether an axis from zero would leave most of its length empty."""
    ends = frame[["value", "low", "high"]].to_numpy(float)
    ends = ends[np.isfinite(ends)]
    return bool(ends.size and ends.min() > 0.5 * ends.max())


def _number(row: Any, *, sign: bool) -> str:
    """A value with its interval, a change with its `sign`; in how many replications it lies beyond the run."""
    unreached = row.get("unreached", 0) or row.get("against_unreached", 0)
    if unreached:
        return f"{BEYOND} in {unreached:.0f} of {row['n']:.0f}"
    if not math.isfinite(row["value"]):
        return "not defined"
    bounded = math.isfinite(row["low"]) and math.isfinite(row["high"])
    ends = f" ({interval(row['low'], row['high'], sign=sign)})" if bounded else ""
    return within(row["value"], row["low"], row["high"], sign=sign) + ends
