"""The answer of a study in words and small tables, for the console and the report alike."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from experiments.answers.labels import GLUE, NOTHING, listed, with_interval
from experiments.answers.run_tables import Table
from experiments.answers.study_labels import StudyLabels, read_labels
from experiments.runs.statistics import Estimate
from experiments.studies.folder import read_table
from experiments.studies.tables import TRUCK_HOURS
from gates import Gate
from gates.sources import footing_text

Frame = pd.DataFrame
NAMED = 4
"""Scenarios named in a sentence; the tables have all."""
ROWS = 40
"""Rows of a table on the page."""


@dataclass(frozen=True)
class StudyAnswer:
    """The advice of a study, with its uncertainty, and the tables behind it."""

    title: str
    question: str
    basis: str
    advice: tuple[str, ...]
    """Three sentences."""
    notes: tuple[str, ...]
    tables: tuple[Table, ...]


def read_answer(folder: Path) -> StudyAnswer:
    """Return the answer of a study's folder."""
    labels = read_labels(folder)
    frames = {name: read_table(folder, name) for name in ("differences", "best", "effects", "estimates", "scenarios")}
    frames |= {name: read_table(folder, name) for name in ("tornado", "bottleneck", "screening", "variance")}
    if labels.design == "bottleneck":
        advice, found = _bottleneck(frames, labels)
    elif labels.design == "tornado":
        advice, found = _tornado(frames, labels)
    elif labels.design == "screening":
        advice, found = _screening(frames, labels)
    else:
        advice, found = _comparison(frames, labels)
    return StudyAnswer(labels.title, labels.question, labels.basis, advice, tuple(_notes(labels)), tuple(found))


def _notes(labels: StudyLabels) -> Iterable[str]:
    """What limits the answer."""
    manifest = labels.manifest
    if manifest["unmet"]:
        wanted = listed([labels.metric(metric) for metric in manifest["unmet"]])
        yield f"The intervals of {wanted} are still wider than asked; more replications are needed (at_most)."
    if any(each["settled"] is False for each in manifest.get("warmup", [])):
        yield (
            "In the pilot runs at least one scenario never settled: its queue grows, and what it measures depends on "
            "how long it runs."
        )


def _assumed(labels: StudyLabels) -> str:
    return (
        "Intervals hold together with 95 % for each metric; they cover the luck of the days, not the numbers of the "
        f"gate file: {footing_text(labels.gate.gate)}."
    )


# Comparisons.


def _comparison(frames: Mapping[str, Frame], labels: StudyLabels) -> tuple[tuple[str, ...], list[Table]]:
    metric = labels.metrics[0]
    differences = frames["differences"]
    of_metric = differences[differences["metric_name"] == metric]
    better = _better(of_metric, labels, metric)
    sentences = (_first(better, frames, labels, metric), _second(of_metric, better, labels, metric), _assumed(labels))
    tables = [_difference_table(differences, each, frames["best"], labels) for each in labels.metrics]
    touched = _touched_table(of_metric, frames["estimates"], labels)
    tables += [touched] if touched.rows else []
    tables += [_effect_table(frames["effects"], metric, labels)] if len(frames["effects"]) else []
    money = _money_table(of_metric, frames["scenarios"], labels, metric)
    return sentences, [*tables, *([money] if money.rows else [])]


def _better(found: Frame, labels: StudyLabels, metric: str) -> Frame:
    """The scenarios that are better for sure, best first."""
    higher = labels.higher_is_better(metric)
    sure = found[found["low"] > 0] if higher else found[found["high"] < 0]
    return sure.sort_values("value", ascending=not higher)


def _first(better: Frame, frames: Mapping[str, Frame], labels: StudyLabels, metric: str) -> str:
    against = better.iloc[0]["against"] if len(better) else "base"
    base = _estimate(labels.rows_of(frames["estimates"], metric).set_index("scenario").loc[against])
    words, unit = _lower(labels.metric(metric)), labels.unit(metric)
    now = f"{with_interval(base)}{GLUE}{unit}"
    if not len(better):
        return f"No scenario is surely better than the base ({now}) in {words}."
    row = better.iloc[0]
    chance = frames["best"]
    likely = ""
    if len(chance):
        mine = chance[(chance["metric_name"] == metric) & (chance["scenario"] == row["scenario"])]["probability"]
        likely = f"; it is the best of all with a probability of {_probability(float(mine.iloc[0]))}"
    percent = with_interval(Estimate(row["percent"], row["percent_low"], row["percent_high"]), 1)
    return (
        f"{labels.titles[row['scenario']]} helps most: {words} changes by {with_interval(_estimate(row))}{GLUE}{unit} "
        f"({percent}{GLUE}%) from {now}{likely}."
    )


def _second(found: Frame, better: Frame, labels: StudyLabels, metric: str) -> str:
    unit = labels.unit(metric)
    rest = [
        f"{labels.titles[r['scenario']]} ({_signed(r['value'])}{GLUE}{unit})" for _, r in better.iloc[1:].iterrows()
    ]
    sentences = []
    if rest:
        more = f" and {len(rest) - NAMED} more" if len(rest) > NAMED else ""
        sentences.append(f"Then come {listed(rest[:NAMED]) if not more else ', '.join(rest[:NAMED])}{more}")
    worse = found[found["sure"] & ~found["scenario"].isin(better["scenario"])]
    if len(worse):
        sentences.append(f"{_some(worse, labels)} surely worse")
    same = found[~found["sure"]]
    if len(same):
        sentences.append(f"{_some(same, labels)} not to be told from the base")
    text = "; ".join(sentences)
    return f"{text[:1].upper()}{text[1:]}." if text else "There is nothing else to compare."


def _some(rows: Frame, labels: StudyLabels) -> str:
    names = [labels.titles[name] for name in rows["scenario"]]
    if len(names) > NAMED:
        return f"{', '.join(names[:NAMED])} and {len(names) - NAMED} more are"
    return f"{listed(names)} {'is' if len(names) == 1 else 'are'}"


def _difference_table(differences: Frame, metric: str, best: Frame, labels: StudyLabels) -> Table:
    found = differences[differences["metric_name"] == metric]
    found = found.sort_values("value", ascending=not labels.higher_is_better(metric))
    chance = best[best["metric_name"] == metric].set_index("scenario")["probability"] if len(best) else None
    rows = []
    for _, row in found.head(ROWS).iterrows():
        percent = with_interval(Estimate(row["percent"], row["percent_low"], row["percent_high"]), 1)
        rows.append(
            (
                labels.titles[row["scenario"]],
                with_interval(_estimate(row)),
                f"{percent}{GLUE}%" if percent != NOTHING else NOTHING,
                "yes" if row["sure"] else "no",
                _p(row["p"]),
                NOTHING if chance is None else _probability(float(chance[row["scenario"]])),
            )
        )
    adjustment = {"holm": "Holm", "bonferroni": "Bonferroni"}[labels.adjustment]
    cut = f" The first {ROWS} of {len(found)}; the tables of the folder have all." if len(found) > ROWS else ""
    return Table(
        f"{labels.metric(metric)}: difference from the base",
        ("Scenario", f"Change, {labels.unit(metric)}", "Change, %", "Surely differs", "p", "Probability of being best"),
        tuple(rows),
        f"± half the simultaneous 95 % interval (Bonferroni over {len(found)} comparisons); p adjusted after "
        f"{adjustment}. Best is the {'highest' if labels.higher_is_better(metric) else 'lowest'} of all scenarios, the "
        f"base included.{cut}",
    )


def _touched_table(found: Frame, estimates: Frame, labels: StudyLabels) -> Table:
    """Why scenarios do what they do: how busy the stages are that they change, and how long trucks wait there now."""
    base = estimates[estimates["scenario"] == "base"]
    busy = base[base["metric"] == "utilisation"].set_index("stage")["value"]
    wait = base[(base["metric"] == "wait_h")].groupby("stage")["value"].max()
    sure = found.set_index("scenario")["sure"]
    rows = []
    for scenario in labels.manifest["scenarios"]:
        stages = _stages_changed(scenario["changes"], labels.gate.gate)
        if not stages or scenario["name"] not in sure.index or scenario["factors"].get("round"):
            continue
        for stage in stages[:6]:
            rows.append(
                (
                    scenario["title"],
                    labels.stage(stage),
                    f"{100 * busy[stage]:.0f}{GLUE}%" if stage in busy.index and pd.notna(busy[stage]) else NOTHING,
                    f"{60 * wait[stage]:.0f}" if stage in wait.index and pd.notna(wait[stage]) else NOTHING,
                    "yes" if sure[scenario["name"]] else "no",
                )
            )
    return Table(
        "Why: the stages that each scenario changes, as they are in the base",
        ("Scenario", "Stage", "Busy", "Wait in line, minutes", "Surely differs"),
        tuple(rows),
        "Busy: share of the lanes' open time. A stage at which nobody waits cannot make anyone faster by more lanes; "
        "it can only save its own time of service. Waiting in line while the stage is open; the longer of the two "
        "directions.",
    )


def _stages_changed(changes: Iterable[Mapping[str, Any]], gate: Gate) -> list[str]:
    words = [word for change in changes for word in re.split(r"[.\[\]#]", change["path"])]
    return list(dict.fromkeys(word for word in words if word in gate.stages))


def _effect_table(effects: Frame, metric: str, labels: StudyLabels) -> Table:
    found = effects[effects["metric_name"] == metric]
    rows = [(row["effect"], with_interval(_estimate(row)), _kind(row["order"])) for _, row in found.iterrows()]
    return Table(
        f"{labels.metric(metric)}: main effects and interactions",
        ("Effect", f"Change, {labels.unit(metric)}", "Kind"),
        tuple(rows),
        "Over all combinations of the others; ± half the simultaneous 95 % interval.",
    )


def _kind(order: int) -> str:
    return "main effect" if order == 1 else "interaction"


def _money_table(found: Frame, scenarios: Frame, labels: StudyLabels, metric: str) -> Table:
    """What a unit of the deciding metric costs, for scenarios that are better and cost something."""
    money = scenarios.set_index("scenario")
    rows = []
    for _, row in _better(found, labels, metric).iterrows():
        costs = money.loc[row["scenario"]]
        if (
            not pd.notna(costs["capital_usd_base"])
            or costs["capital_usd_high"] + costs["running_usd_per_year_high"] == 0
        ):
            continue
        rows.append(
            (
                labels.titles[row["scenario"]],
                _range(costs, "capital_usd"),
                _range(costs, "running_usd_per_year"),
                with_interval(_estimate(row)),
            )
        )
    return Table(
        "What it costs",
        ("Scenario", "Capital, USD m", "Running, USD m a year", f"Change, {labels.unit(metric)}"),
        tuple(rows),
        "Base value, with low to high; most costs are assumptions. Scenarios that are surely better, best first.",
    )


def _range(costs: Any, what: str) -> str:
    low, base, high = (f"{costs[f'{what}_{level}'] / 1e6:.3g}" for level in ("low", "base", "high"))
    return f"{base} ({low} to {high})"


# What binds.


def _bottleneck(frames: Mapping[str, Frame], labels: StudyLabels) -> tuple[tuple[str, ...], list[Table]]:
    found = frames["bottleneck"]
    hours = found[(found["metric_name"] == TRUCK_HOURS)]
    first = hours[(hours["round"] == 1) & (hours["what"] == "capacity")]
    second = hours[(hours["round"] == 2) & (hours["what"] == "capacity")]
    opening = hours[(hours["round"] == 1) & (hours["what"] == "hours")]
    sentences = (
        _binds(first, labels, "", "No stage binds: a tenth more capacity anywhere saves nothing for sure."),
        _binds(second, labels, "Once that is relieved, ", "Once that is relieved, no other stage binds.")
        if len(second)
        else "So there is no next one.",
        _opens(opening, labels) + " " + _assumed(labels),
    )
    return sentences, [
        _binding_table(found, number, what, labels)
        for number in sorted(found["round"].unique())
        for what in ("capacity", "hours")
        if len(found[(found["round"] == number) & (found["what"] == what)])
    ]


def _binds(found: Frame, labels: StudyLabels, start: str, nothing: str) -> str:
    sure = found[found["high"] < 0].sort_values("value")
    if not len(sure):
        return nothing
    row = sure.iloc[0]
    name = labels.stage(row["place"])
    text = (
        f"{start}{name} {'binds' if start else 'binds first'}: a tenth more capacity ({row['how']}) saves "
        f"{with_interval(_negated(row), 0)} truck hours a day"
    )
    others = [f"{labels.stage(r['place'])} ({-r['value']:,.0f})" for _, r in sure.iloc[1:4].iterrows()]
    return f"{text}, before {listed(others)}." if others else f"{text}, and no other stage saves anything for sure."


def _opens(found: Frame, labels: StudyLabels) -> str:
    sure = found[found["high"] < 0].sort_values("value")
    if not len(sure):
        return "Longer hours of a single stage save nothing for sure."
    row = sure.iloc[0]
    return (
        f"Of the opening hours, those of {labels.stage(row['place'])} cost most: {row['how']}, it would save "
        f"{with_interval(_negated(row), 0)} truck hours a day."
    )


def _negated(row: Any) -> Estimate:
    return Estimate(-row["value"], -row["high"], -row["low"])


def _binding_table(found: Frame, number: int, what: str, labels: StudyLabels) -> Table:
    part = found[(found["round"] == number) & (found["what"] == what)]
    names = [TRUCK_HOURS, *labels.metrics]
    rows = []
    for _, group in part.groupby("rank", sort=True):
        by_name = group.set_index("metric_name")
        if (by_name["value"].abs() < 1e-9).all():
            continue
        head = by_name.iloc[0]
        cells = (with_interval(_estimate(by_name.loc[name])) for name in names)
        rows.append((labels.stage(head["place"]), head["how"], *cells))
    relieved = part["relieved"].iloc[0]
    after = f", {labels.cell_words(relieved)} relieved" if number > 1 and isinstance(relieved, str) else ""
    heading = {"capacity": "A tenth more capacity", "hours": "A tenth longer open"}[what]
    units = [f"{labels.metric(name)}, {labels.unit(name)}" for name in labels.metrics]
    return Table(
        f"{heading}{after}",
        ("Stage", "How", "Truck hours a day", *units),
        tuple(rows),
        "Changes against the same gate without it, ± half the simultaneous 95 % interval. Truck hours: all loaded "
        "trucks of a day, from arrival to release. Stages that change nothing at all are left out.",
    )


# Tornados and screenings.


def _tornado(frames: Mapping[str, Frame], labels: StudyLabels) -> tuple[tuple[str, ...], list[Table]]:
    metric = labels.metrics[0]
    found = frames["tornado"]
    found = found[found["metric_name"] == metric]
    differences = frames["differences"]
    of_choice = differences[differences["scenario"] == labels.choice_name]
    plain = of_choice[of_choice["metric_name"] == metric].iloc[0]
    unit, words = labels.unit(metric), _lower(labels.metric(metric))
    changing = list(dict.fromkeys(found[found["changes_advice"]]["place"]))
    span = (
        found.groupby("place")["value"]
        .agg(lambda v: float((v - plain["value"]).abs().max()))
        .sort_values(ascending=False)
    )
    top = span.head(3).items()
    largest = [f"{labels.place(str(place))} (by up to {value:.3g}{GLUE}{unit})" for place, value in top]
    named = listed([labels.place(name) for name in changing[:6]])
    verdict = (
        f"The advice would change with {len(changing)} of {len(span)} guesses: {named}."
        if changing
        else f"None of the {len(span)} guesses would change that advice when it is {labels.ends[0]:g} or "
        f"{labels.ends[1]:g} times as large."
    )
    sentences = (
        f"{labels.choice} changes {words} by {with_interval(_estimate(plain))}{GLUE}{unit} as the gate file stands.",
        verdict,
        f"What moves the gain most is {listed(largest)}; counting these is worth more than further replications.",
    )
    rows = []
    for place in span.index[:ROWS]:
        ends = found[found["place"] == place].set_index("end")
        cells = [with_interval(_estimate(ends.loc[end])) for end in ("low", "high")]
        rows.append((labels.place(str(place)), *cells, "yes" if ends["changes_advice"].any() else "no"))
    columns = (
        "Assumption",
        f"× {labels.ends[0]:g}: change, {unit}",
        f"× {labels.ends[1]:g}: change, {unit}",
        "Changes advice",
    )
    note = (
        "What the choice brings when one assumption is smaller or larger in both scenarios; each interval for itself."
    )
    return sentences, [Table(f"{labels.choice}: {labels.metric(metric)}", columns, tuple(rows), note)]


def _screening(frames: Mapping[str, Frame], labels: StudyLabels) -> tuple[tuple[str, ...], list[Table]]:
    metric = labels.metrics[0]
    unit, words = labels.unit(metric), _lower(labels.metric(metric))
    screened, shares = frames["screening"], frames["variance"]
    named = [
        f"{labels.factor(r['factor'])} ({r['mean_absolute']:.3g}{GLUE}{unit})" for _, r in screened.head(3).iterrows()
    ]
    quiet = [labels.factor(r["factor"]) for _, r in screened.iterrows() if r["mean_absolute"] == 0]
    second = (
        f"Of the spread over the ranges, {labels.factor(shares.iloc[0]['factor'])} makes "
        f"about {min(100.0, 100 * shares.iloc[0]['total']):.0f} % with its interactions."
        if len(shares)
        else f"{listed(quiet)} change nothing."
        if quiet
        else "No factor is without effect."
    )
    third = (
        "Every point has the same luck, so the effects are those of the numbers; the ranges are part of the question."
    )
    note = "Mean of the absolute elementary effects, their mean with sign, and their spread (interactions, curvature)."
    rows = [
        (
            labels.factor(r["factor"]),
            f"{r['mean_absolute']:.3g} ± {r['half_width']:.2g}",
            f"{r['mean']:.3g}",
            f"{r['spread']:.3g}",
        )
        for _, r in screened.iterrows()
    ]
    tables = [Table("Elementary effects", ("Factor", f"Mean absolute, {unit}", "Mean", "Spread"), tuple(rows), note)]
    if len(shares):
        cells = [
            (
                labels.factor(r["factor"]),
                f"{r['first']:.2f} ± {r['first_half_width']:.2f}",
                f"{r['total']:.2f} ± {r['total_half_width']:.2f}",
            )
            for _, r in shares.iterrows()
        ]
        tables.append(
            Table("Shares of the variance", ("Factor", "Alone", "With interactions"), tuple(cells), "± 95 %.")
        )
    return (f"What moves {words} most: {listed(named)}.", second, third), tables


# Words.


def _estimate(row: Any) -> Estimate:
    return Estimate(float(row["value"]), float(row["low"]), float(row["high"]))


def _signed(value: float) -> str:
    text = f"{value:+,.0f}" if abs(value) >= 100 else f"{value:+.2g}"
    return text.replace("-", "−")


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _probability(value: float) -> str:
    if pd.isna(value):
        return NOTHING
    return "> 99 %" if value > 0.99 else "< 1 %" if value < 0.01 else f"{100 * value:.0f} %"
