"""The intervals of a Time Release Study, from a simulated run and from a real log alike.

The clock of the World Customs Organization's Time Release Study runs from arrival to physical release (Time Release
Study Guide, version 4, June 2025). Inside it, each stage has its queue, its service and what follows until the truck
leaves; in a log with a row a truck, each interval lies between two moments that follow each other.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from experiments.answers.labels import Labels, count, day_text
from experiments.logs.columns import choice_column
from experiments.logs.kept import KeptLog, KeptReplication
from experiments.logs.read_log import WORDS, ReadLog
from gates.findings import ConfigError, Finding, suggestion

Frame = pd.DataFrame
Hours = npt.NDArray[np.float64]
OF_STAGE = {
    "queue": ("joined", "started"),
    "service": ("started", "finished"),
    "after service": ("finished", "left"),
    "stay": ("joined", "left"),
}
"""Interval at a stage -> the moments at which it begins and ends; `stay` where a log has no others."""
TOTAL, PASSAGE, ON_SIDE = "arrival to release", "arrival to departure", "time on the side until release"
FENCES = 3.0
"""An outlier lies further than this many interquartile ranges outside the quartiles (Tukey 1977: "far out")."""
CHANNEL = "channel"
ALL = "all"


class Trend(NamedTuple):
    """How an interval changes from day to day: the slope of Theil and Sen over daily medians."""

    per_day: float
    """[h/day]"""
    low: float
    high: float
    days: int


@dataclass(frozen=True)
class ReleaseTimes:
    """The intervals of all trucks."""

    title: str
    basis: str
    zone: str
    """Time zone whose days count."""
    spans: Frame
    """A row for each interval of each truck: `interval`, `stage` (missing for those of several), `truck`, `WORDS`
    that are known, `replication`, `begin` (UTC), `hours` (NaN where the interval did not end), and `part`: whether
    it is a part of the time to release of a truck that was released."""
    order: tuple[str, ...]
    """Names of the intervals, those of the whole way first, then along the way."""
    end: pd.Timestamp
    """End of the record (UTC)."""
    notes: tuple[str, ...]
    """What its reader must know: what was left out."""

    @property
    def segments(self) -> tuple[str, ...]:
        """What trucks can be told apart by."""
        return tuple(name for name in WORDS if name in self.spans and self.spans[name].notna().any())


def of_result(log: KeptLog) -> ReleaseTimes:
    """Return the intervals of the trucks that arrive in the measured period of a result."""
    labels = log.labels
    first = labels.ticks(labels.midnight(0))
    parts = [_spans_of(log, part, first) for part in log.replications()]
    spans = pd.concat(parts, ignore_index=True)
    unfinished = spans[(spans["interval"] == TOTAL) & spans["hours"].isna()]
    notes = []
    if len(unfinished):
        notes.append(f"{_trucks(len(unfinished))} were not released before the end of the run: true means are larger.")
    order = [TOTAL, PASSAGE, ON_SIDE, *(_name(what, stage, labels) for stage in _stages(labels) for what in OF_STAGE)]
    present = set(spans["interval"])
    return ReleaseTimes(
        title=labels.title,
        basis=f"Simulated: {labels.period}, {count(len(log.numbers), 'replication')} with event log",
        zone=labels.gate.sides[labels.gate.end_of_day.side],
        spans=spans,
        order=tuple(name for name in order if name in present),
        end=pd.Timestamp(labels.midnight(labels.days)),
        notes=tuple(notes),
    )


def of_log(log: ReadLog, title: str, zone: str, released_after: Sequence[str] = ()) -> ReleaseTimes:
    """Return the intervals of the trucks of a real log.

    Parameters
    ----------
    zone
        Time zone whose days count.
    released_after
        The stages of control: a truck is released when it leaves the last of those that it visited. None means that the
        last moment of a truck is its release.

    Raises
    ------
    ConfigError
        If the log has no such stage.
    """
    spans, order = _of_visits(log, released_after) if log.has_visits else _of_moments(log)
    negative = spans["hours"] < 0
    notes = list(log.cleaned)
    if negative.any():
        worst = spans.loc[negative, "interval"].value_counts()
        where = ", ".join(f"{name} ({number:,})" for name, number in worst.head(3).items())
        notes.append(
            f"{int(negative.sum()):,} intervals end before they begin: {where}. Clocks may differ; they count."
        )
    days = spans["begin"].dropna().dt.tz_convert(zone)
    trucks = spans["truck"].nunique()
    period = f"{day_text(days.min().date())} to {day_text(days.max().date())}" if len(days) else "no day"
    basis = f"Recorded: {_trucks(trucks)}, {period} on the clock of {zone}"
    end = log.rows[list(log.moments)].max().max()
    return ReleaseTimes(title, basis, zone, spans, order, end, tuple(notes))


def table_of(times: ReleaseTimes, target_h: float | None = None) -> Frame:
    """Return the numbers of each interval, over all trucks and by each segment.

    Returns
    -------
    Columns `interval`, `segment` (`all` or one of `segments`), `value`, `n`, `unfinished`, `mean_h`, `median_h`,
    `p10_h`, `p90_h`, `outliers`, `mean_without_outliers_h`, `share_of_total` (of the mean from arrival to release) and
    `within_target`; NaN where there is nothing to measure.
    """
    rows: list[dict[str, Any]] = []
    for segment in (ALL, *times.segments):
        keys = ["interval"] if segment == ALL else ["interval", segment]
        groups = times.spans.groupby(keys, sort=False)
        totals: dict[str, float] = {}
        for key, group in groups:
            name, value = str(key[0]), ALL if segment == ALL else str(key[-1])
            elapsed = (times.end - group["begin"]).dt.total_seconds().to_numpy(np.float64) / 3600
            numbers = numbers_of(group["hours"].to_numpy(np.float64), elapsed, target_h)
            inside = float(group.loc[group["part"], "hours"].sum()) if group["part"].any() else np.nan
            if name == TOTAL:
                totals[value] = inside
            rows.append({"interval": name, "segment": segment, "value": value, "inside": inside, **numbers})
        for row in rows:
            if row["segment"] == segment:
                whole = totals.get(str(row["value"]), np.nan)
                row["share_of_total"] = row["inside"] / whole if whole > 0 else np.nan
    table = Frame(rows)
    rank = {name: n for n, name in enumerate(times.order)}
    places = {name: n for n, name in enumerate((ALL, *times.segments))}
    order = (
        table["value"].to_numpy(str),
        table["interval"].map(rank).to_numpy(),
        table["segment"].map(places).to_numpy(),
    )
    return table.iloc[np.lexsort(order)].reset_index(drop=True)


def numbers_of(hours: Hours, elapsed: Hours, target_h: float | None = None) -> dict[str, float]:
    """Return the numbers of one interval; outliers are marked, and only one of the two means leaves them out.

    Parameters
    ----------
    hours
        (trucks,) NaN where the interval did not end [h].
    elapsed
        (trucks,) from the begin of the interval to the end of the record [h].
    target_h
        Time within which an interval should end [h].
    """
    done = hours[~np.isnan(hours)]
    nothing = dict.fromkeys(("mean_h", "median_h", "p10_h", "p90_h", "mean_without_outliers_h"), np.nan)
    numbers = {"n": done.size, "unfinished": hours.size - done.size, **nothing, "outliers": 0, "within_target": np.nan}
    if not done.size:
        return numbers
    p10, q1, median, q3, p90 = np.quantile(done, [0.1, 0.25, 0.5, 0.75, 0.9])
    inside = (done >= q1 - FENCES * (q3 - q1)) & (done <= q3 + FENCES * (q3 - q1))
    within = np.nan
    if target_h is not None:
        late = int((np.isnan(hours) & (elapsed > target_h)).sum())
        within = float((done <= target_h).sum() / (done.size + late))
    return numbers | {
        "mean_h": float(done.mean()),
        "median_h": float(median),
        "p10_h": float(p10),
        "p90_h": float(p90),
        "mean_without_outliers_h": float(done[inside].mean()),
        "outliers": int((~inside).sum()),
        "within_target": within,
    }


def daily(times: ReleaseTimes) -> Frame:
    """Return `direction`, `date`, `n`, `median_h` and `p90_h` of the time to release, by day of arrival.

    Trucks that are not released count with the time that they have taken so far (Kaplan and Meier 1958, Nonparametric
    estimation from incomplete observations, Journal of the American Statistical Association 53(282)); NaN where a
    percentile is not reached.
    """
    spans = times.spans[(times.spans["interval"] == TOTAL) & times.spans["begin"].notna()]
    direction = spans["direction"] if "direction" in spans else pd.Series(ALL, index=spans.index)
    date = spans["begin"].dt.tz_convert(times.zone).dt.date
    rows = []
    for (way, day), group in spans.groupby([direction.fillna(ALL).rename("direction"), date.rename("date")]):
        elapsed = (times.end - group["begin"]).dt.total_seconds().to_numpy(np.float64) / 3600
        median, p90 = censored_quantiles(group["hours"].to_numpy(np.float64), elapsed, (0.5, 0.9))
        rows.append({"direction": way, "date": day, "n": len(group), "median_h": median, "p90_h": p90})
    return Frame(rows, columns=["direction", "date", "n", "median_h", "p90_h"])


def censored_quantiles(hours: Hours, elapsed: Hours, parts: Sequence[float]) -> list[float]:
    """Return the shortest times by which these parts of the trucks are released; NaN where that is not reached.

    Parameters
    ----------
    hours
        (trucks,) NaN where the interval did not end [h].
    elapsed
        (trucks,) from the begin of the interval to the end of the record [h].
    """
    from scipy.stats import CensoredData, ecdf

    runs = np.isnan(hours)
    if runs.all():
        return [np.nan] * len(parts)
    left = ecdf(CensoredData.right_censored(np.where(runs, elapsed, hours), runs)).sf
    reached = [np.flatnonzero(left.probabilities <= 1 - part + 1e-12) for part in parts]
    return [float(left.quantiles[at[0]]) if at.size else np.nan for at in reached]


def trend(days: Frame) -> Trend | None:
    """Return the trend of daily medians of one direction with its 95 % interval; None for fewer than seven days.

    Sen (1968), Estimates of the regression coefficient based on Kendall's tau, Journal of the American Statistical
    Association 63(324). Days are taken as independent; where the queue of a day is left to the next, the true interval
    is wider.
    """
    from scipy.stats import theilslopes

    days = days[days["median_h"].notna()]
    if len(days) < 7:
        return None
    ordered = days.sort_values("date")
    at = (pd.to_datetime(ordered["date"]) - pd.Timestamp(ordered["date"].iloc[0])).dt.days.to_numpy(np.float64)
    slope, _, low, high = theilslopes(ordered["median_h"].to_numpy(np.float64), at, 0.95)
    return Trend(float(slope), float(low), float(high), len(days))


def _trucks(number: int) -> str:
    return f"{number:,} truck{'s' * (number != 1)}"


def _stages(labels: Labels) -> list[str]:
    return list(dict.fromkeys(stage for way in labels.directions for stage in labels.stages_of(way)))


def _name(what: str, stage: str, labels: Labels | None = None) -> str:
    return f"{stage if labels is None else labels.stage(stage)}: {what}"


def _spans_of(log: KeptLog, part: KeptReplication, first: float) -> Frame:
    """Return the intervals of one replication."""
    trucks = part.trucks[(part.trucks["arrived"] >= first) & part.trucks["flow"].isin(log.gate.flows.keys())]
    trucks = trucks[trucks["released"].notna() | trucks["departed"].isna()]  # who turned back is not released
    known = Frame({"truck": trucks["truck"], "direction": trucks["direction"], "class": trucks["class"]})
    if choice_column(CHANNEL).name in trucks:
        known[CHANNEL] = trucks[choice_column(CHANNEL).name]
    known = known.set_index("truck")
    zone = next(iter(log.zones))

    def spans(rows: Frame, name: object, begin: str, end: str, **more: object) -> Frame:
        hours = (rows[end] - rows[begin]).astype("Float64").to_numpy(np.float64, na_value=np.nan) / 3.6e6
        clock = log.wall_clock(rows[begin], zone).dt.tz_convert("UTC")
        made = {"interval": name, "truck": rows["truck"], "begin": clock, "hours": hours, **more}
        return Frame(made).join(known, on="truck")

    visits = part.visits[part.visits["truck"].isin(known.index)]
    release = visits["truck"].map(trucks.set_index("truck")["released"])
    inside = (visits["joined"] < release).fillna(False).astype(bool)
    stays = _on_sides(visits[inside | release.isna()], "joined", "left")
    found = [
        spans(trucks, TOTAL, "arrived", "released", part=trucks["released"].notna()),
        spans(trucks, PASSAGE, "arrived", "departed", part=False),
        spans(stays, ON_SIDE, "joined", "left", side=stays["side"], part=False),
    ]
    titles = {stage: log.labels.stage(stage) for stage in log.gate.stages}
    for what, (begin, end) in OF_STAGE.items():
        rows = visits[visits[begin].notna()]
        if what != "stay":
            names = rows["stage"].map(titles) + f": {what}"
            part_of = inside[rows.index]
            found.append(spans(rows, names, begin, end, stage=rows["stage"], side=rows["side"], part=part_of))
    return pd.concat(found, ignore_index=True).assign(replication=part.number)


def _on_sides(visits: Frame, begin: str, end: str) -> Frame:
    """Return `truck`, `side`, `begin` and `end` of the stay of each truck on each side; no end if one is missing."""
    groups = visits.groupby(["truck", "side"], sort=False)
    ends = groups[end].max().where(groups[end].count() == groups[end].size())
    return Frame({begin: groups[begin].min(), end: ends}).reset_index()


def _of_visits(log: ReadLog, released_after: Sequence[str]) -> tuple[Frame, tuple[str, ...]]:
    rows = log.rows
    stages = list(dict.fromkeys(rows["stage"]))
    unknown = [name for name in released_after if name not in stages]
    if unknown:
        problem = "the log has no such stage"
        raise ConfigError([Finding("--released-after", n[:60], problem, suggestion(stages, n)) for n in unknown])
    words = [name for name in WORDS if name in rows and name != "side"]
    by_truck = rows.groupby("truck", sort=False)
    known = by_truck[words].first() if words else Frame(index=list(by_truck.groups))
    moments = list(log.moments)
    first, last = rows[moments].min(axis=1), rows[moments].max(axis=1)
    control = rows["stage"].isin(released_after) if released_after else pd.Series(True, index=rows.index)
    complete = rows[moments[-1]].notna() | (not released_after)
    ends = last.where(control & complete).groupby(rows["truck"], sort=False).max()
    begins = first.groupby(rows["truck"], sort=False).min()
    total = Frame({"interval": TOTAL, "truck": begins.index, "begin": begins.array, "hours": _hours(begins, ends)})
    total["part"] = total["hours"].notna()
    found = [total.join(known, on="truck")]
    release = rows["truck"].map(ends)
    if "side" in rows and len(moments) > 1:
        stays = _on_sides(rows[~(first >= release)], moments[0], moments[-1])
        hours = _hours(stays[moments[0]], stays[moments[-1]])
        stayed = {"interval": ON_SIDE, "truck": stays["truck"], "side": stays["side"], "begin": stays[moments[0]]}
        found.append(Frame({**stayed, "hours": hours, "part": False}).join(known, on="truck"))
    pairs = {what: ends for what, ends in OF_STAGE.items() if what != "stay" and set(ends) <= set(moments)}
    if not pairs:
        pairs = {"stay": (moments[0], moments[-1])} if len(moments) > 1 else {}
    for what, (begin, end) in pairs.items():
        at = rows[rows[begin].notna()]
        made = Frame(
            {
                "interval": at["stage"] + f": {what}",
                "truck": at["truck"],
                "begin": at[begin],
                "hours": _hours(at[begin], at[end]),
                "stage": at["stage"],
                "part": (first < release)[at.index],
            }
        )
        if "side" in at:
            made["side"] = at["side"]
        found.append(made.join(known, on="truck"))
    spans = pd.concat(found, ignore_index=True).assign(replication=0)
    order = [TOTAL, ON_SIDE, *(_name(what, stage) for stage in stages for what in pairs)]
    present = set(spans["interval"])
    return spans, tuple(name for name in order if name in present)


def _of_moments(log: ReadLog) -> tuple[Frame, tuple[str, ...]]:
    rows = log.rows
    words = [name for name in WORDS if name in rows]
    names = []
    found = []
    for name, begin, end in _steps(log.moments):
        at = rows[rows[begin].notna()]
        made = {"interval": name, "truck": at["truck"], "begin": at[begin], "hours": _hours(at[begin], at[end])}
        made["part"] = at[log.moments[-1]].notna()
        found.append(Frame({**made, **{word: at[word] for word in words}}))
        names.append(name)
    return pd.concat(found, ignore_index=True).assign(replication=0), tuple(names)


def _steps(moments: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Yield the intervals between moments: name, begin and end, the whole way first."""
    if len(moments) > 1:
        yield TOTAL, moments[0], moments[-1]
    for begin, end in itertools.pairwise(moments):
        yield f"{begin} to {end}", begin, end


def _hours(begin: pd.Series, end: pd.Series) -> Hours:
    """Return the hours between moments of the same row; NaN where one is missing."""
    elapsed: Hours = (end - begin).dt.total_seconds().to_numpy(np.float64) / 3600
    return elapsed
