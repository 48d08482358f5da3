"""The advice of a study of bottlenecks: which stage limits, which one next, and what opening hours cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from experiments.answers.labels import NOTHING, listed, with_interval
from experiments.answers.numbers import GLUE, interval, plain, short, within
from experiments.answers.run_tables import Table
from experiments.answers.study_labels import StudyLabels
from experiments.runs.statistics import Estimate
from experiments.studies.tables import TRUCK_HOURS

Frame = pd.DataFrame
HEADINGS = {"capacity": "A tenth more capacity", "hours": "A tenth longer open", "relief": "Twice the capacity"}


def bottleneck_advice(found: Frame, labels: StudyLabels) -> Iterator[str]:
    """Yield the sentences; `found` is the table `bottleneck`."""
    hours = found[found["metric_name"] == TRUCK_HOURS]
    relief = hours[hours["what"] == "relief"]
    yield _first(_of(hours, 1, "capacity"), relief, labels)
    if len(relief):
        yield _next(_of(hours, 2, "capacity"), labels)
    opening = _saving(_of(hours, 1, "hours"))
    if len(opening):
        row = opening.iloc[0]
        yield (f"Opening hours: those of {labels.stage(row['place'])} cost most; {row['how']}, it saves {_hours(row)}.")
    elif len(_of(hours, 1, "hours")):
        yield f"Opening hours: {_nothing(_of(hours, 1, 'hours'), 'longer hours of a single stage save')}"


def _of(hours: Frame, number: int, what: str) -> Frame:
    return hours[(hours["round"] == number) & (hours["what"] == what)]


def _saving(rows: Frame) -> Frame:
    """Return the rows that save truck hours, statistically clear; the largest saving first."""
    return rows[rows["high"] < 0].sort_values("value", kind="stable")


def _first(rows: Frame, relief: Frame, labels: StudyLabels) -> str:
    """`Bottleneck: X` only where relief saves more than the margin."""
    if not len(relief):
        return f"No single stage is a bottleneck: {_nothing(rows, 'a tenth more capacity of any stage saves')}"
    row, tenth = relief.iloc[0], _saving(rows)
    name = labels.stage(row["place"])
    twice = (
        f"Twice its capacity saves {_hours(row)}"
        if row["high"] < 0
        else "Twice its capacity saves nothing that is statistically clear"
    )
    others = [f"{labels.stage(r['place'])} ({plain(-r['value'])})" for _, r in tenth.iloc[1:4].iterrows()]
    more = f"; other stages: {listed(others)}" if others else "; no other stage saves anything, statistically clear"
    ranks = f"A tenth more ({tenth.iloc[0]['how']}) saves {_hours(tenth.iloc[0])}{more}."
    if row["high"] < -row["margin"]:
        return f"Bottleneck: {name}. {twice}. {ranks}"
    return f"No single stage is a bottleneck. The nearest to one is {name}: {twice[:1].lower()}{twice[1:]}. {ranks}"


def _next(rows: Frame, labels: StudyLabels) -> str:
    saving = _saving(rows)
    if not len(saving):
        return f"Once it is relieved: {_nothing(rows, 'a tenth more capacity of any other stage saves')}"
    row = saving.iloc[0]
    return (
        f"Once it is relieved, {labels.stage(row['place'])} comes next: a tenth more ({row['how']}) saves "
        f"{_hours(row)}."
    )


def _nothing(rows: Frame, what: str) -> str:
    """Why nothing is named: all within the margin, or too few replications."""
    if not len(rows):
        return "there is nothing to enlarge."
    if (rows["low"] >= -rows["margin"]).all():
        return f"{what} less than 1 % of all truck hours."
    return f"too few replications to tell whether {what} anything."


def _hours(row: Any) -> str:
    """What a row saves: `120 truck hours a day (7.1 %; 95 % interval 110 to 130)`."""
    percent = f"{short(abs(row['percent']))}{GLUE}%; 95{GLUE}% interval {interval(-row['high'], -row['low'])}"
    return f"{within(-row['value'], -row['high'], -row['low'])} truck hours a day ({percent})"


def bottleneck_tables(found: Frame, labels: StudyLabels) -> list[Table]:
    """Return a table for each round and kind of growth."""
    kinds = found[["round", "what"]].drop_duplicates()
    return [
        _table(found[(found["round"] == number) & (found["what"] == what)], number, what, labels)
        for number in sorted(kinds["round"].unique())
        for what in HEADINGS
        if ((kinds["round"] == number) & (kinds["what"] == what)).any()
    ]


def _table(part: Frame, number: int, what: str, labels: StudyLabels) -> Table:
    names = [TRUCK_HOURS, *labels.metrics]
    rows = []
    for _, group in part.groupby("rank", sort=True):
        by_name = group.set_index("metric_name")
        if (by_name["value"].abs() < 1e-9).all():
            continue
        head = by_name.iloc[0]
        rows.append((labels.stage(head["place"]), head["how"], *(_cell(by_name.loc[name]) for name in names)))
    relieved = part["relieved"].iloc[0]
    after = f", {labels.cell_words(relieved)} relieved" if number > 1 and isinstance(relieved, str) else ""
    units = [f"{labels.metric(name)}, {labels.unit(name)}" for name in labels.metrics]
    return Table(
        f"{HEADINGS[what]}{after}",
        ("Stage", "How", "Truck hours a day", *units),
        tuple(rows),
        "Changes against the same gate without it, ± half the simultaneous 95 % interval (paired t, Bonferroni). Truck "
        "hours: all loaded trucks of a day, from arrival to release. Stages that change nothing at all are left out.",
    )


def _cell(row: Any) -> str:
    if row["unreached"] or row["against_unreached"]:
        return NOTHING
    return with_interval(Estimate(row["value"], row["low"], row["high"]))
