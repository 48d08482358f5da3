"""A Time Release Study as people read it: the answer in sentences, tables, and a folder with files and plots."""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from experiments.answers.numbers import GLUE, interval, plain, short
from experiments.answers.run_tables import Table
from experiments.logs.release_charts import plots_of
from experiments.logs.release_times import ALL, FENCES, ON_SIDE, TOTAL, ReleaseTimes, daily, table_of, trend
from experiments.plots.marks import picture
from experiments.plots.theme import write_pictures
from experiments.result_folder import write_json
from experiments.runs.files import new_folder
from gates.findings import ConfigError, Finding

GUIDE = "World Customs Organization, Time Release Study Guide, version 4, June 2025"
MOST_COLUMNS = 8
"""Columns of the table of intervals, to which a target for the release does not apply."""
MOST_HOURS = 1e5
SHORTEST_H = 30 / 3600
"""Intervals of which nine in ten are shorter are only in the files [h]."""
UNITS = {
    "interval": "",
    "segment": "",
    "value": "",
    "n": "trucks or visits whose interval ended",
    "unfinished": "trucks or visits whose interval had begun and not ended",
    "mean_h": "h",
    "median_h": "h",
    "p10_h": "h",
    "p90_h": "h",
    "outliers": f"of n: beyond the quartiles by more than {FENCES:g} interquartile ranges",
    "mean_without_outliers_h": "h",
    "share_of_total": "of the time from arrival to release of all trucks",
    "within_target": "share that ended within the target, of those that ended or have taken longer",
}
"""Column of the table of intervals -> its unit, or what it counts."""


class ReleaseStudy(NamedTuple):
    """A study, made."""

    times: ReleaseTimes
    table: pd.DataFrame
    """Every number, as `intervals.csv` holds it."""
    answers: tuple[str, ...]
    tables: tuple[Table, ...]


def release_study(times: ReleaseTimes, target_h: float | str | None = None) -> ReleaseStudy:
    """Return the study of some intervals.

    Parameters
    ----------
    target_h
        Time within which trucks should be released [h]; none means there is no target.

    Raises
    ------
    ConfigError
        If the target is not a time, or no interval has a truck.
    """
    if target_h is not None and (isinstance(target_h, str) or not 0 < target_h < MOST_HOURS):
        raise ConfigError([Finding("--target", str(target_h)[:60], "is not a time in hours", "Write 48.")])
    if times.spans.empty:
        remedy = "Give a longer period, or a log with more than one moment a truck."
        raise ConfigError([Finding("LOG", "", "has no interval", remedy)])
    table = table_of(times, target_h).reindex(columns=list(UNITS))
    answers = (*_headlines(times, table, target_h), *times.notes)
    return ReleaseStudy(times, table, answers, tuple(_tables(times, table, target_h)))


def write_study(study: ReleaseStudy, folder: Path, *, png: bool = False) -> Path:
    """Write a study into a new folder: `intervals.csv`, `days.csv`, `study.json` and the plots.

    Raises
    ------
    ConfigError
        If something stands there.
    OSError
        If the disk is full or the place cannot be written; nothing is left behind.
    """
    times = study.times
    with new_folder(folder) as partial:
        study.table.to_csv(partial / "intervals.csv", index=False, lineterminator="\n")
        daily(times).to_csv(partial / "days.csv", index=False, lineterminator="\n")
        document = {
            "title": times.title,
            "basis": times.basis,
            "method": GUIDE,
            "answers": list(study.answers),
            "columns": UNITS,
            "time_zone_of_days": times.zone,
        }
        write_json(partial / "study.json", document)
        write_pictures(partial, [picture(plot) for plot in plots_of(times, study.table)], times, png=png)
    return folder


def _headlines(times: ReleaseTimes, table: pd.DataFrame, target_h: float | None) -> list[str]:
    """Return the answer for each direction, or for all trucks if the log names none."""
    found = []
    days = daily(times)
    total = table[table["interval"] == TOTAL]
    by_direction = total[total["segment"] == "direction"]
    shown = by_direction if len(by_direction) else total[total["segment"] == ALL]
    for _, row in shown.iterrows():
        name = "All trucks" if row["value"] == ALL else str(row["value"]).capitalize()
        if not row["n"]:
            found.append(f"{name}: no truck was released.")
            continue
        numbers = f"mean {_h(row['mean_h'])}, median {_h(row['median_h'])}, 90{GLUE}% within {_h(row['p90_h'])}"
        sentence = f"{name}: from arrival to release {numbers} ({plain(row['n'])} trucks)."
        if row["outliers"]:
            without = _h(row["mean_without_outliers_h"])
            sentence += f" {plain(row['outliers'])} outliers; without them the mean is {without}."
        if target_h is not None:
            sentence += f" Within the target of {_h(target_h)}: {_percent(row['within_target'])}."
        found.append(f"{sentence} {_trend_text(days[days['direction'] == row['value']])}")
    parts = table[(table["segment"] == ALL) & (table["interval"] != TOTAL)]
    longest = parts[parts["share_of_total"] > 0].nlargest(3, "share_of_total")
    if len(longest):
        shares = [f"{row['interval']} ({_percent(row['share_of_total'])})" for _, row in longest.iterrows()]
        found.append(f"Largest parts of the time to release of all trucks: {', '.join(shares)}.")
    return found


def _trend_text(days: pd.DataFrame) -> str:
    found = trend(days)
    if found is None:
        return "Fewer than seven days: no trend is told."
    ends = interval(found.low, found.high, sign=True)
    if found.low <= 0 <= found.high:
        return f"No clear trend of the daily median (95{GLUE}% interval {ends}{GLUE}h a day)."
    word = "rises" if found.per_day > 0 else "falls"
    return f"The daily median {word} by {short(abs(found.per_day))}{GLUE}h a day (95{GLUE}% interval {ends})."


def _tables(times: ReleaseTimes, table: pd.DataFrame, target_h: float | None) -> list[Table]:
    columns = ["n", "Unfinished", "Mean", "Median", "p10", "p90", "Outliers"]
    columns += ["Share of total", *(["Within target"] if target_h is not None else [])]
    made = []
    whole = table[(table["segment"] == ALL) & ~(table["p90_h"] < SHORTEST_H) & (table["interval"] != ON_SIDE)]
    rows = [(str(row["interval"]), *_cells(row, None)) for _, row in whole.iterrows()]
    note = (
        "Times in hours; intervals of seconds are only in the files. Share of total: of the time from arrival to "
        f"release of the trucks that were released. Outliers lie more than {FENCES:g} interquartile ranges outside the "
        f"quartiles; they count in all numbers. Unfinished ones count in none, so true means are larger. "
        f"Method: {GUIDE}."
    )
    made.append(Table("Intervals of all trucks", ("Interval", *columns[:MOST_COLUMNS]), tuple(rows), note))
    for segment in times.segments:
        part = table[(table["segment"] == segment) & (table["interval"] == (ON_SIDE if segment == "side" else TOTAL))]
        rows = [(str(row["value"]), *_cells(row, target_h)) for _, row in part.iterrows()]
        if rows:
            what = ON_SIDE if segment == "side" else TOTAL
            made.append(Table(f"By {segment}: {what}", (segment.capitalize(), *columns), tuple(rows), ""))
    return made


def _cells(row: pd.Series, target_h: float | None) -> list[str]:
    hours = [_hours(row[name]) for name in ("mean_h", "median_h", "p10_h", "p90_h")]
    cells = [plain(row["n"]), plain(row["unfinished"]), *hours, plain(row["outliers"])]
    cells.append(_percent(row["share_of_total"]))
    return cells + ([_percent(row["within_target"])] if target_h is not None else [])


def _h(hours: float) -> str:
    return f"{short(hours)}{GLUE}h" if abs(hours) >= 1 else f"{short(60 * hours)}{GLUE}min"


def _hours(value: float) -> str:
    return "–" if math.isnan(value) else plain(value, 2)


def _percent(value: float) -> str:
    return "–" if math.isnan(value) else f"{short(100 * value)}{GLUE}%"
