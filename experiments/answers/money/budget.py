"""The best mix of upgrades within each budget, in words and tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from experiments.answers.labels import NOTHING, listed
from experiments.answers.numbers import GLUE, interval, money, short
from experiments.answers.run_tables import Table
from experiments.answers.study_labels import StudyLabels
from experiments.answers.study_tables import probability_text

Frame = pd.DataFrame
BUDGET_FRAMES = ("budget", "front")
MILLION = 1e6
FRONT_ROWS = 30
LIKELY = 0.05
"""Chance of being on the front from which a mix is listed."""
BASE = "base"


def budget_advice(frames: Mapping[str, Frame], labels: StudyLabels) -> Iterator[str]:
    """Yield the best mix for each budget, how sure that is, and what it brings beyond the budget before."""
    before = 0.0
    for _, row in frames["budget"].iterrows():
        yield f"With {money(row['budget_usd'])}: {_choice(row, before, labels)} {_certainty(row, labels)}"
        before = row["budget_usd"]
    useless = frames["budget"][frames["budget"]["per_million_high"] <= 0]
    if len(useless):
        first = money(float(useless["budget_usd"].iloc[0]))
        yield f"More money than the budget before it brings nothing from {first} on."


def _choice(row: Any, before: float, labels: StudyLabels) -> str:
    if row["scenario"] == BASE:
        return "nothing is worth its cost at base prices."
    return (
        f"{labels.titles[row['scenario']]}, for {money(row['capital_usd'])}. Net present value "
        f"{_million(row['value'])} (95 % interval {interval(row['low'] / MILLION, row['high'] / MILLION)})"
        f"{_beyond(row, before)}."
    )


def _beyond(row: Any, before: float) -> str:
    """Return how much more than the budget before it a budget brings."""
    if not before:
        return ""
    text = short(row["per_million"] * (row["budget_usd"] - before) / MILLION**2)
    more = "nothing" if text.strip("−0.") == "" else f"USD{GLUE}{text}{GLUE}million"
    return f", {more} more than with {money(before)}"


def _certainty(row: Any, labels: StudyLabels) -> str:
    if row["decided"]:
        return (
            f"It is the best of {row['contenders']} mixes, or within the margin of it, with 95 % confidence (Kim and "
            f"Nelson), among those that were tried."
        )
    if not row["as_good"]:
        return (
            f"It is the best of {row['contenders']} mixes that were compared for this budget, with 95 % confidence "
            f"(paired differences, Bonferroni)."
        )
    others = [labels.titles[name] for name in row["as_good"].split("; ")]
    return (
        f"Not shown to be better than {listed(others)} within the replications allowed; its probability of being the "
        f"best is {probability_text(row['probability'])}."
    )


def _million(usd: float) -> str:
    return f"USD{GLUE}{short(usd / MILLION)}{GLUE}million"


def budget_tables(frames: Mapping[str, Frame], labels: StudyLabels) -> Iterator[Table]:
    """Yield the choice for each budget, and the front."""
    rows = [
        (
            short(row["budget_usd"] / MILLION),
            labels.titles[row["scenario"]],
            short(row["capital_usd"] / MILLION),
            _ranged(row, "value", "low", "high"),
            probability_text(row["probability"]),
            labels.titles[row["next_best"]] if row["next_best"] else NOTHING,
            _ranged(row, "regret", "regret_low", "regret_high"),
            _ranged(row, "per_million", "per_million_low", "per_million_high"),
        )
        for _, row in frames["budget"].iterrows()
    ]
    columns = (
        *("Budget, USD m", "Best mix", "Capital, USD m", "Net present value, USD m", "Probability of being best"),
        *("Next best", "Regret of the next best, USD m", "USD m per further million"),
    )
    note = (
        "At base prices, with 95 % intervals over replications. Probability of being best: among the mixes in the "
        "selection. Regret: what the next best is worth less. Mixes are those that were tried; others may be better."
    )
    yield Table("The best mix within each budget", columns, tuple(rows), note)
    likely = frames["front"][frames["front"]["on_front"] >= LIKELY].head(FRONT_ROWS)
    cells = [
        (
            labels.titles[row["scenario"]],
            short(row["capital_usd"] / MILLION),
            _ranged(row, "value", "low", "high"),
            probability_text(row["on_front"]),
        )
        for _, row in likely.iterrows()
    ]
    yield Table(
        "Front of cost and net present value",
        ("Mix", "Capital, USD m", "Net present value, USD m", "Probability of being on the front"),
        tuple(cells),
        "Mixes for which no cheaper or equally dear one that was tried is better, with a chance of at least 5 %.",
    )


def _ranged(row: Any, value: str, low: str, high: str) -> str:
    """`2.1 (1.8 to 2.4)`."""
    if pd.isna(row[value]):
        return NOTHING
    middle = short(row[value] / MILLION)
    if pd.isna(row[low]) or row[low] == row[high]:
        return middle
    return f"{middle} ({interval(row[low] / MILLION, row[high] / MILLION)})"
