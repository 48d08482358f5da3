"""What plausible worlds say of a study, in words and tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from experiments.answers.labels import listed
from experiments.answers.numbers import GLUE, interval, money, short
from experiments.answers.run_tables import Table
from experiments.answers.study_labels import StudyLabels
from experiments.studies.money.tables import NET

Frame = pd.DataFrame
WORLD_FRAMES = ("doubt", "information")
MILLION = 1e6
NAMED, MEASURED = 4, 3
ROUNDED = 0.005
"""Share of the worlds from which an option is named."""


def worlds_advice(frames: Mapping[str, Frame], labels: StudyLabels) -> Iterator[str]:
    """Yield in how many worlds each option is best, how far its number may be off, and what to measure."""
    rows = frames["doubt"]
    if not len(rows):
        return
    measure = NET if (rows["measure"] == NET).any() else labels.metrics[0]
    mine = rows[rows["measure"] == measure].sort_values("best_share", ascending=False, kind="stable")
    first = mine.iloc[0]
    what = "the largest net present value" if measure == NET else f"the best {labels.phrase(measure)}"
    likely = mine[mine["best_share"] >= ROUNDED].head(NAMED)
    named = [f"{labels.titles[row['scenario']]} in {_percent(row['best_share'])}" for _, row in likely.iterrows()]
    yield (
        f"In {first['worlds']} plausible worlds, in which {first['inputs']} inputs and the readings of the gate are "
        f"drawn together ({first['defaults']} with the default range of their kind), {what} has {listed(named)}."
    )
    scale, unit = (MILLION, f"USD{GLUE}million") if measure == NET else (1.0, labels.unit(measure))
    options = [row for _, row in mine.iterrows() if row["scenario"] != "base"][:2]
    for row in options:
        ends = interval(row["low"] / scale, row["high"] / scale, sign=True)
        value = short(row["value"] / scale, sign=True)
        yield (
            f"{labels.titles[row['scenario']]}: {value} on average of the worlds, {ends} in 95{GLUE}% [{unit}]. "
            f"Of the variance of a replication, {_percent(row['input_share'])} comes from inputs, the rest from chance."
        )
    yield from _information(frames["information"], labels)


def _information(rows: Frame, labels: StudyLabels) -> Iterator[str]:
    if not len(rows):
        return
    whole = float(rows.iloc[0]["usd"])
    if whole <= 0:
        yield "To know every input before the choice would be worth nothing: one option is best whatever they are."
        return
    text = f"To know every input before the choice would be worth {money(whole)} at most"
    dearest = rows.iloc[1 : 1 + MEASURED]
    named = [f"{place_text(row['input'], labels)} ({money(row['usd'])})" for _, row in dearest.iterrows()]
    yield f"{text}; most of it to know {listed(named)}." if named else f"{text}; no single input stands out."


def place_text(name: str, labels: StudyLabels) -> str:
    """Return what people call an input."""
    return name if name.startswith(("reading ", "money.", "energy.")) else labels.place(name)


def _percent(share: float) -> str:
    return f"{100 * share:.0f}{GLUE}%"


def world_tables(frames: Mapping[str, Frame], labels: StudyLabels) -> Iterator[Table]:
    """Yield the table of plausible worlds."""
    rows = frames["doubt"]
    for measure in dict.fromkeys(rows["measure"]) if len(rows) else ():
        if measure not in (NET, labels.metrics[0]):
            continue
        scale = MILLION if measure == NET else 1.0
        mine = rows[rows["measure"] == measure].sort_values("best_share", ascending=False, kind="stable")
        cells = [
            (
                labels.titles[row["scenario"]],
                _percent(row["best_share"]),
                short(row["value"] / scale, sign=True),
                interval(row["low"] / scale, row["high"] / scale, sign=True),
                _percent(row["input_share"]),
            )
            for _, row in mine.iterrows()
        ]
        what = "net present value, USD million" if measure == NET else labels.axis(measure)
        yield Table(
            f"In plausible worlds: {what}",
            ("Scenario", "Best in", "Against the base", "95 % of the worlds", "Share of the inputs"),
            tuple(cells),
            "Inputs that are assumptions, prices with a range, costs of upgrades and the readings of the gate are drawn"
            " together. The interval holds the expected numbers of the worlds, chance taken out. Share of the inputs: "
            "in the variance of one replication. Worlds are not held to the published targets of the gate.",
        )
