"""The tables of a study that compares scenarios: one decision a row."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from experiments.answers.labels import NOTHING, count, listed
from experiments.answers.numbers import BEYOND, GLUE, interval, money, plain, scale_of, short, within
from experiments.answers.run_tables import Table
from experiments.answers.study_comparison import ENDS, INTERACTION, MOST_PERCENT, NAMED, p_text
from experiments.answers.study_labels import StudyLabels
from gates import Gate

Frame = pd.DataFrame
ROWS = 40
"""Rows of a table on the page."""
NOT_GIVEN = "not given"


def difference_table(frames: Mapping[str, Frame], metric: str, labels: StudyLabels) -> Table:
    """Return every difference in a metric, with its interval, verdict and p."""
    differences, best = frames["differences"], frames["best"]
    rows = differences[differences["metric_name"] == metric]
    rows = _in_order(rows, frames["scenarios"], labels.better(metric) == "more")
    same = rows[(rows["low"] == 0) & (rows["high"] == 0)]
    listed_rows = rows.drop(same.index) if len(same) > 1 else rows
    chances = _chances(best, metric)
    scale = scale_of(labels.unit(metric), *rows["value"], change=True)
    contexts = rows["against"].nunique() > 1
    cells = [_difference_cells(row, scale.factor, chances, labels) for _, row in listed_rows.head(ROWS).iterrows()]
    against = [labels.titles[name] for name in listed_rows["against"].head(ROWS)]
    shown = [(c[0], a, *c[1:]) if contexts else c for c, a in zip(cells, against, strict=True)]
    if len(same) > 1:
        names = [labels.titles[name] for name in same["scenario"]]
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        title = f"{', '.join(names[:NAMED])}{more}" if more else listed(names)
        about = ("no change in any replication", NOTHING, NOTHING, "no difference that matters", NOTHING, NOTHING)
        shown.append((title, "their own reference", *about) if contexts else (title, *about))
    first = ("Scenario", "Compared with") if contexts else ("Scenario",)
    columns = (
        *first,
        f"Change, {scale.unit}",
        "95 % interval",
        "Change, %",
        "Verdict",
        "p",
        "Probability of being best",
    )
    return Table(
        f"{labels.metric(metric)}: difference from {'what it is compared with' if contexts else 'the base'}",
        columns,
        tuple(shown),
        _note(rows, listed_rows, metric, labels),
    )


def _in_order(rows: Frame, scenarios: Frame, descending: bool) -> Frame:
    """Return rows by context; in each, numbered scenarios in the order of their numbers, others the best first."""
    numbers = rows["scenario"].map(scenarios.set_index("scenario")["number"])
    places = {name: n for n, name in enumerate(dict.fromkeys(rows["against"]))}
    by_value = -rows["value"] if descending else rows["value"]
    order = rows["value"] if rows.empty else numbers.where(numbers.notna(), by_value)
    keyed = rows.assign(place=rows["against"].map(places), order=order)
    return keyed.sort_values(["place", "order"], kind="stable").drop(columns=["place", "order"])


def _chances(best: Frame, metric: str) -> dict[tuple[str, str], float]:
    """(context, scenario) -> probability of being best."""
    rows = best[best["metric_name"] == metric] if len(best) else best
    return {(str(r["context"]), str(r["scenario"])): float(r["probability"]) for _, r in rows.iterrows()}


def _difference_cells(
    row: Any, factor: float, chances: Mapping[tuple[str, str], float], labels: StudyLabels
) -> tuple[str, ...]:
    number = "" if row["n"] == labels.manifest["replications"] else f" (n = {row['n']:.0f})"
    chance = chances.get((row["context"], row["scenario"]), math.nan) if row["kind"] == "option" else math.nan
    return (
        labels.titled_in(row["scenario"], row["context"] if row["kind"] == "option" else "") + number,
        _change(row, factor),
        interval(factor * row["low"], factor * row["high"], sign=True) if pd.notna(row["low"]) else NOTHING,
        short(row["percent"], sign=True) if abs(row["percent"]) < MOST_PERCENT else NOTHING,
        row["verdict"] + (f" (about {plain(row['needed'])} needed)" if pd.notna(row["needed"]) else ""),
        p_text(row["p"]),
        probability_text(chance),
    )


def _change(row: Any, factor: float) -> str:
    """The difference; where a value is unreached, in how many replications."""
    if row["unreached"] or row["against_unreached"]:
        return (
            f"{BEYOND} in {row['unreached']:.0f} of {row['n']:.0f}; compared with {row['against_unreached']:.0f} of "
            f"{row['n']:.0f}"
        )
    if pd.isna(row["value"]):
        return NOTHING
    return within(factor * row["value"], factor * row["low"], factor * row["high"], sign=True)


def _note(rows: Frame, shown: Frame, metric: str, labels: StudyLabels) -> str:
    better = {"less": "Less is better.", "more": "More is better.", "neither": "Neither more nor less is better."}
    unit = labels.unit(metric)
    margins = sorted({round(value, 9) for value in rows["margin"].dropna()})
    scale = scale_of(unit, *margins, change=True)
    margin = " to ".join(dict.fromkeys(short(scale.factor * each) for each in (margins[:1] + margins[-1:])))
    ranks = " Where a value lies beyond the run: sign test of the paired differences." * bool(
        (rows["method"] == "sign").any()
    )
    cut = f" The first {ROWS} of {len(shown)}; the tables of the folder have all." if len(shown) > ROWS else ""
    return (
        f"{better[labels.better(metric)]} Intervals hold together with 95 % (paired t, Bonferroni over "
        f"{count(len(rows), 'comparison')}); p belongs to the same test at the same level, so p < 0.05 where the "
        f"interval leaves out zero.{ranks} Margin: {margin}{GLUE}{scale.unit}.{cut}"
    )


def probability_text(value: float) -> str:
    """`> 99 %`, `45 %`, `–`."""
    if pd.isna(value):
        return NOTHING
    return f">{GLUE}99{GLUE}%" if value > 0.99 else f"<{GLUE}1{GLUE}%" if value < 0.01 else f"{100 * value:.0f}{GLUE}%"


def touched_table(frames: Mapping[str, Frame], metric: str, labels: StudyLabels) -> Table:
    """Return the stages that scenarios change: how busy they are in the base, and how long trucks wait there."""
    estimates, differences = frames["estimates"], frames["differences"]
    base = estimates[estimates["scenario"] == "base"]
    busy = base[base["metric"] == "utilisation"].set_index("stage")["value"]
    wait = base[base["metric"] == "wait_h"].groupby("stage")["value"].max()
    verdicts = differences[differences["metric_name"] == metric].set_index("scenario")["verdict"]
    rows = []
    for scenario in labels.manifest["scenarios"]:
        stages = _stages_changed(scenario["changes"], labels.gate.gate)
        if scenario["name"] not in verdicts.index:
            continue
        for stage in stages[:6]:
            rows.append(
                (
                    scenario["title"],
                    labels.stage(stage),
                    f"{100 * busy[stage]:.0f}{GLUE}%" if pd.notna(busy.get(stage)) else NOTHING,
                    f"{60 * wait[stage]:.0f}" if math.isfinite(wait.get(stage, math.nan)) else NOTHING,
                    verdicts[scenario["name"]],
                )
            )
    return Table(
        "Why: the stages that each scenario changes, as they are in the base",
        ("Scenario", "Stage", "Utilisation", "Wait, minutes", "Verdict"),
        tuple(rows),
        "More lanes cannot make anyone faster at a stage where nobody waits; a faster service saves its own time. "
        "Waits in the queue while the stage is open; the longer of the two directions.",
    )


def _stages_changed(changes: Iterable[Mapping[str, Any]], gate: Gate) -> list[str]:
    words = [word for change in changes for word in re.split(r"[.\[\]#]", change["path"])]
    return list(dict.fromkeys(word for word in words if word in gate.stages))


def effect_table(effects: Frame, metric: str, labels: StudyLabels) -> Table:
    """Return main effects and interactions."""
    rows = effects[effects["metric_name"] == metric]
    scale = scale_of(labels.unit(metric), *rows["value"], change=True)
    cells = []
    for _, row in rows.iterrows():
        value, *ends = (scale.factor * row[end] for end in ENDS)
        shown = interval(*ends, sign=True) if pd.notna(row["low"]) else NOTHING
        cells.append((row["effect"], within(value, *ends, sign=True), shown, _kind(row["order"])))
    return Table(
        f"{labels.metric(metric)}: main effects and interactions",
        ("Effect", f"Change, {scale.unit}", "95 % interval", "Kind"),
        tuple(cells),
        f"Over all combinations of the others; the intervals hold together. {INTERACTION}.",
    )


def _kind(order: int) -> str:
    return "main effect" if order == 1 else "interaction"


def money_table(frames: Mapping[str, Frame], metric: str, labels: StudyLabels) -> Table:
    """Return what the scenarios that are better cost, for those that cost something, or whose costs nobody gave."""
    differences = frames["differences"]
    better = differences[(differences["metric_name"] == metric) & (differences["verdict"] == "better")]
    better = better.sort_values("value", ascending=labels.better(metric) != "more", kind="stable")
    costs = frames["scenarios"].set_index("scenario")
    scale = scale_of(labels.unit(metric), *better["value"], change=True)
    rows = [
        (
            labels.titles[row["scenario"]],
            _range(costs.loc[row["scenario"]], "capital_usd"),
            _range(costs.loc[row["scenario"]], "running_usd_per_year"),
            _yearly(costs.loc[row["scenario"]]),
            _change(row, scale.factor),
        )
        for _, row in better.iterrows()
        if costs.loc[row["scenario"], "usd_per_year"] != 0
    ]
    return Table(
        "What it costs",
        ("Scenario", "Capital, USD m", "Running, USD m a year", "Cost a year", f"Change, {scale.unit}"),
        tuple(rows),
        "Base value, with low to high; most costs are assumptions. Cost a year: capital over its life, and running "
        "cost. Scenarios that are better, statistically clear; the best first.",
    )


def _yearly(costs: Any) -> str:
    return NOT_GIVEN if math.isnan(costs["usd_per_year"]) else money(costs["usd_per_year"])


def _range(costs: Any, what: str) -> str:
    if math.isnan(costs[f"{what}_base"]):
        return NOT_GIVEN
    low, base, high = (f"{costs[f'{what}_{level}'] / 1e6:.3g}" for level in ("low", "base", "high"))
    return f"{base} ({low} to {high})"
