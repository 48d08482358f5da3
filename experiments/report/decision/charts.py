"""The two pictures of the page for a decision: a waterfall of hours, and the front of cost and benefit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import altair as alt
import pandas as pd

from experiments.answers.numbers import short
from experiments.plots import theme
from experiments.plots.marks import Chart, data_of
from experiments.report.decision.content import Point, Step
from experiments.report.decision.words import Words

WIDTH, HEIGHT = 330, 130
NAMED = 4
"""Options with a name in the picture, at most: the chosen one, and those with the largest net present value."""
TITLE_PX = 24
"""Letters of a name that are drawn."""


def waterfall(steps: Sequence[Step], words: Words) -> dict[str, Any]:
    """Return the specification of the waterfall; bars that rise are worse, bars that fall are better."""
    rows = [
        {
            "title": step.title,
            "low": min(step.start, step.end),
            "high": max(step.start, step.end),
            "colour": theme.GREY if step.total else theme.VERMILION if step.end > step.start else theme.BLUE,
            "text": words.number(short(step.end - step.start, sign=not step.total)),
        }
        for step in steps
    ]
    titles = [step.title for step in steps]
    y = alt.Y("title:N", sort=titles, title=None, axis=alt.Axis(labelLimit=150))
    base = Chart(data_of(pd.DataFrame(rows))).encode(y=y)
    domain = [0.0, 1.25 * max(max(step.start, step.end) for step in steps)]  # room for the numbers
    x = alt.X("low:Q", title="h", axis=alt.Axis(tickCount=5), scale=alt.Scale(domain=domain))
    bars = base.mark_bar(height=11).encode(x=x, x2="high:Q", color=alt.Color("colour:N", scale=None))
    texts = base.mark_text(align="left", dx=4, fontSize=10.5).encode(x=alt.X("high:Q"), text="text:N")
    chart = alt.layer(bars, texts).properties(width=WIDTH - 130, height=alt.Step(17))
    return _specification(chart)


def front(points: Sequence[Point], words: Words) -> dict[str, Any]:
    """Return the specification of capital against net present value with 95 % intervals."""
    named = _apart(sorted(points, key=lambda point: (not point.chosen, -point.net)))
    middle = max(point.capital for point in points) / 2
    rows = [
        {
            **{name: getattr(point, name) for name in ("capital", "net", "low", "high")},
            "colour": theme.BLUE if point.chosen else theme.GREY,
            "before": _cut(point.title) if point in named and point.capital > middle else "",
            "after": _cut(point.title) if point in named and point.capital <= middle else "",
        }
        for point in points
    ]
    base = Chart(data_of(pd.DataFrame(rows)))
    x = alt.X("capital:Q", title=words.say("capital"), axis=alt.Axis(tickCount=5))
    y = alt.Y("net:Q", title=words.say("net"), axis=alt.Axis(tickCount=5))
    colour = alt.Color("colour:N", scale=None)
    zero = Chart(data_of(pd.DataFrame({"zero": [0.0]}))).mark_rule(color=theme.INK, strokeDash=[3, 3])
    sides: tuple[tuple[str, Literal["left", "right"], int], ...] = (("before", "right", -6), ("after", "left", 6))
    layers = [
        zero.encode(y="zero:Q"),
        base.mark_rule(strokeWidth=1.5).encode(
            x=x, y=alt.Y("low:Q", title=words.say("net")), y2="high:Q", color=colour
        ),
        base.mark_point(filled=True, size=45, opacity=1).encode(x=x, y=y, color=colour),
        *(
            base.mark_text(align=align, dx=dx, fontSize=10, color=theme.INK).encode(x=x, y=y, text=f"{text}:N")
            for text, align, dx in sides
        ),
    ]
    return _specification(alt.layer(*layers).properties(width=WIDTH - 60, height=HEIGHT))


def _apart(points: Sequence[Point]) -> list[Point]:
    """Return the first options whose names do not stand on each other."""
    reach = max(point.net for point in points) - min(point.net for point in points)
    found: list[Point] = []
    for point in points:
        if len(found) < NAMED and all(abs(point.net - other.net) > 0.1 * reach for other in found):
            found.append(point)
    return found


def _cut(title: str) -> str:
    return title if len(title) <= TITLE_PX else f"{title[: TITLE_PX - 1]}…"


def _specification(chart: Any) -> dict[str, Any]:
    return {**chart.to_dict(validate=False), "config": theme.CONFIG}
