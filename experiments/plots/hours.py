"""Plots over the hours of a day: where trucks wait when, how long those take that arrive then, lanes in use."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import altair as alt
import numpy as np
import numpy.typing as npt

from experiments.answers.labels import Labels, count
from experiments.plots import theme
from experiments.plots.marks import (
    HOURS,
    NARROW,
    Chart,
    Frame,
    Plot,
    StageRows,
    clock_axis,
    data_of,
    hour_of_day,
    message,
    panel_title,
    shade,
    to_end_of_day,
)
from experiments.plots.stages import MOST_PANELS, NOTABLE_QUEUE, SHARE_OF_DAYS, closed_hours
from gates.schema.base import UNLIMITED
from sim.clock import TICKS_PER_HOUR

FEWEST = 20
"""An hour of arrival with fewer trucks has no percentiles."""
SHARES = {"p10": 0.1, "p50": 0.5, "p90": 0.9}
NOTABLE_USE = 0.05
"""A stage of which at no hour this share of the lanes is in use has no panel."""

Floats = npt.NDArray[np.float64]


# Queues of all stages at once


def queue_map(queues: Frame, labels: Labels) -> Plot:
    """Draw the trucks in queues by stage and hour of day as a heat map, the stages in the order of the path."""
    hours = queues.assign(hour=hour_of_day(queues["hour"], labels))
    means = hours.groupby(["stage", "hour"], as_index=False)["mean"].mean()
    peaks = means.groupby("stage")["mean"].max()
    order = dict.fromkeys(name for direction in labels.directions for name in labels.stages_of(direction))
    shown = [name for name in order if peaks.get(name, 0.0) >= NOTABLE_QUEUE]
    rows = means[means["stage"].isin(shown)]
    worst = rows.loc[rows["mean"].idxmax()] if shown else None
    return Plot(
        "queue-map",
        "Where trucks wait at which hour",
        f"Mean number of trucks in the queue, by hour of the day, {labels.clock(labels.bulletin_side)}; mean over "
        f"{count(labels.days, 'day')} and {count(labels.replications, 'replication')}, closed hours included. From top "
        "to bottom in the order of the path. Stages whose queue is shorter than one truck at every hour are left out. "
        "Colours go with the square root of the number, so that short queues can be seen beside long ones.",
        "Heat map of trucks in queues. "
        + (
            f"Most stand at {labels.stage(worst['stage'])} at {worst['hour']:.0f}:00, {worst['mean']:.0f}."
            if worst is not None
            else "No stage has a notable queue."
        ),
        partial(_map, rows, shown, labels),
    )


def _map(rows: Frame, shown: Sequence[str], labels: Labels, width: int) -> Any:
    if not shown:
        return message("At no hour does a truck wait on average, at any stage.", width)
    names = StageRows([labels.stage(name) for name in shown], width)
    y = alt.Y("stage:N", sort=list(shown), axis=None, scale=alt.Scale(paddingInner=0.06))
    colour = alt.Color(
        "mean:Q",
        title="Trucks in the queue",
        scale=alt.Scale(type="sqrt", range=[*theme.BLUES], domain=[0, float(rows["mean"].max())]),
        legend=alt.Legend(gradientLength=min(260, width - 80), format="d", tickCount=5),
    )
    cells = Chart(data_of(rows.assign(end=rows["hour"] + 1))).mark_rect(**_rect(names))
    return names.layered([cells.encode(x=clock_axis(), x2="end:Q", y=y, color=colour), names.names(shown, y, labels)])


def _rect(rows: StageRows) -> dict[str, Any]:
    return {} if rows.beside else {"yOffset": 12, "y2Offset": 0}


# How long those take that arrive at an hour


def clearance_by_arrival(trucks: Frame, labels: Labels) -> Plot:
    """Draw the median clearance, and that of 10 and 90 %, by the hour at which trucks arrive."""
    begin, end = labels.ticks(labels.midnight(0)), labels.ticks(labels.midnight(labels.days))
    here = trucks[(trucks["arrived"] >= begin) & (trucks["arrived"] < end)]
    since = ((here["arrived"] - begin) // TICKS_PER_HOUR).astype(int)
    waited = ((here["released"] - here["arrived"]) / TICKS_PER_HOUR).fillna(np.inf)
    known = here.assign(hour=hour_of_day(since, labels) if len(here) else since, clearance=waited)
    groups = known.groupby(["direction", "hour"])["clearance"]
    found = Frame({name: groups.quantile(share, interpolation="higher") for name, share in SHARES.items()})
    found = found[groups.size() >= FEWEST].replace(np.inf, np.nan).reset_index()
    shown = [name for name in labels.directions if (found["direction"] == name).any()]
    middle = {name: found[found["direction"] == name].set_index("hour")["p50"].dropna() for name in shown}
    said = "; ".join(
        f"{name}: {each.min():.1f} h at best, arriving at {each.idxmin()}:00; {each.max():.1f} h at worst, at "
        f"{each.idxmax()}:00"
        for name, each in middle.items()
        if len(each)
    )
    kept = int(trucks["replication"].nunique())
    return Plot(
        "clearance-by-arrival",
        "How long trucks take that arrive at this hour",
        f"Hours from arrival to release, by the hour of arrival, {labels.clock(labels.bulletin_side)}. Line: half of "
        f"the trucks take less. Band: from 10 % to 90 % of them. From {count(kept, 'replication')} whose trucks are "
        f"kept; hours with fewer than {FEWEST} trucks are left out, and where trucks still inside leave the number "
        "open.",
        f"Clearance by hour of arrival. {said}." if said else "Too few trucks arrive at each hour.",
        partial(_arrival_panels, found, shown, labels),
    )


def _arrival_panels(found: Frame, shown: Sequence[str], labels: Labels, width: int) -> Any:
    if not shown:
        return message(f"At no hour did {FEWEST} trucks arrive.", width)
    beside = width > NARROW and len(shown) > 1
    each = width // 2 - 62 if beside else width - 70
    panels = []
    for name in shown:
        rows = found[found["direction"] == name].set_index("hour").reindex(range(HOURS)).reset_index()
        colour = theme.direction_colour(name)
        chart = Chart(data_of(to_end_of_day(rows))).encode(x=clock_axis("Hour of arrival"))
        title = "Clearance [h]"
        y = alt.Y("p50:Q", title=title, scale=alt.Scale(domainMin=0))
        band = chart.mark_area(interpolate="step-after", color=colour, opacity=0.22)
        line = chart.mark_line(interpolate="step-after", color=colour, strokeWidth=2)
        layers = [band.encode(y=alt.Y("p10:Q", title=title), y2="p90:Q"), line.encode(y=y)]
        heading = panel_title(labels.direction(name), each, "group")
        panels.append(alt.layer(*layers).properties(width=each, height=170, title=heading))
    return alt.hconcat(*panels, spacing=22) if beside else alt.vconcat(*panels, spacing=18)


# Lanes in use


def lanes_in_use(events: Frame, labels: Labels) -> Plot:
    """Draw the lanes in use by hour of day, a panel for each stage with a limit, the fullest first."""
    begin = labels.ticks(labels.midnight(0))
    edges = begin + TICKS_PER_HOUR * np.arange(HOURS * labels.days + 1, dtype=np.float64)
    clock = hour_of_day(np.arange(HOURS * labels.days), labels)
    lanes = {name: _lanes(name, labels) for name in _limited(labels)}
    used = {}
    for name in lanes:
        visits = events[(events["stage"] == name) & events["started"].notna()]
        busy = _mean_busy(visits["started"].to_numpy(float), visits["left"].fillna(edges[-1]).to_numpy(float), edges)
        used[name] = np.bincount(clock, busy, HOURS) / np.bincount(clock, minlength=HOURS)
    fullest = sorted(lanes, key=lambda name: -float(used[name].max()) / lanes[name])
    shown = [name for name in fullest if used[name].max() >= NOTABLE_USE * lanes[name]][:MOST_PANELS]
    peaks = [f"{labels.stage(name)} {used[name].max():.0f} of {lanes[name]}" for name in shown]
    return Plot(
        "lanes-by-hour",
        "How many lanes are in use at which hour",
        f"Lanes that serve or hold a truck, by hour of the day, {labels.clock(labels.bulletin_side)}: mean over "
        f"{count(labels.days, 'day')} of the first replication. Dashed: all lanes of the stage. Grey: the stage is "
        "closed; the paler, the fewer days. Each panel has its own scale; the fullest stages first.",
        f"Lanes in use by hour of day. At most: {', '.join(peaks)}." if peaks else "No lane is in use.",
        partial(_lane_panels, used, lanes, shown, labels),
    )


def _limited(labels: Labels) -> list[str]:
    order = dict.fromkeys(name for direction in labels.directions for name in labels.stages_of(direction))
    return [name for name in order if labels.is_limited(name)]


def _lanes(stage: str, labels: Labels) -> int:
    return sum(group.lanes for group in labels.gate.stages[stage].lane_groups() if group.lanes != UNLIMITED)


def _mean_busy(starts: Floats, ends: Floats, edges: Floats) -> Floats:
    """(hours,) mean number of visits under way in each hour: what they last up to its end, less up to its start."""

    def spent(moments: Floats) -> Floats:
        ordered = np.sort(moments)
        before = np.searchsorted(ordered, edges)
        sums = np.concatenate([[0.0], np.cumsum(ordered)])
        # the sum of min(edge, moment) over all moments
        found: Floats = sums[before] + (ordered.size - before) * edges
        return found

    found: Floats = np.diff(spent(ends) - spent(starts)) / TICKS_PER_HOUR
    return found


def _lane_panels(
    used: dict[str, Floats], lanes: dict[str, int], shown: Sequence[str], labels: Labels, width: int
) -> Any:
    if not shown:
        return message("At no hour is a lane in use to speak of.", width)
    columns = min(len(shown), 3 if width > NARROW else 2)
    each = width // 3 - 52 if width > NARROW else width // 2 - 56
    panels = []
    for name in shown:
        rows = to_end_of_day(Frame({"hour": range(HOURS), "lanes": used[name]}))
        y = alt.Y("lanes:Q", title="Lanes in use", scale=alt.Scale(domainMin=0), axis=alt.Axis(tickCount=4))
        chart = Chart(data_of(rows)).encode(x=clock_axis(), y=y)
        green = theme.STATE_COLOURS["Being processed"]
        limit = Chart(data_of(Frame({"lanes": [lanes[name]]}))).mark_rule(color=theme.INK, strokeDash=[4, 3])
        layers = [
            shade(closed_hours(name, labels)).encode(x=alt.X("from:Q"), x2="to:Q", opacity=SHARE_OF_DAYS),
            chart.mark_area(interpolate="step-after", color=green, opacity=0.3),
            chart.mark_line(interpolate="step-after", color=green, strokeWidth=1.8),
            limit.encode(y=y),
        ]
        heading = panel_title(labels.stage(name), each, "group")
        panels.append(alt.layer(*layers).properties(width=each, height=104, title=heading))
    return alt.concat(*panels, columns=columns, spacing={"row": 16, "column": 12})
