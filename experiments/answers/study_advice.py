"""The answer of a study in words and small tables, for the console and the report alike."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from experiments.answers.labels import listed, with_interval
from experiments.answers.money.budget import BUDGET_FRAMES, budget_advice, budget_tables
from experiments.answers.money.study import FRAMES, money_advice, money_tables
from experiments.answers.money.worlds import WORLD_FRAMES, world_tables, worlds_advice
from experiments.answers.numbers import short
from experiments.answers.run_tables import Table
from experiments.answers.study_bottleneck import bottleneck_advice, bottleneck_tables
from experiments.answers.study_comparison import advice, circumstances, contexts, effect_advice, some
from experiments.answers.study_labels import StudyLabels, read_labels
from experiments.answers.study_sensitivity import (
    reading_advice,
    reading_table,
    screening_advice,
    screening_tables,
    tornado_advice,
    tornado_table,
)
from experiments.answers.study_tables import difference_table, effect_table, money_table, touched_table
from experiments.runs.statistics import Estimate
from experiments.studies.compare import FEWEST
from experiments.studies.folder import read_table
from experiments.studies.model import BUDGETED
from gates.describe.calendar import uncalibrated_text
from gates.sources import footing_text

Frame = pd.DataFrame
READ = (
    *("differences", "best", "effects", "estimates", "scenarios", "growth"),
    *("tornado", "bottleneck", "screening", "variance", "readings"),
    *FRAMES,
    *BUDGET_FRAMES,
    *WORLD_FRAMES,
)
"""Tables that the answer rests on."""


@dataclass(frozen=True)
class StudyAnswer:
    """The advice of a study, with its uncertainty, and the tables behind it."""

    title: str
    question: str
    basis: str
    warnings: tuple[str, ...]
    """What one must know before any number: deadlock, overload, scenarios outside the calibrated range."""
    advice: tuple[str, ...]
    """Sentences and lists; the first one answers the question."""
    notes: tuple[str, ...]
    tables: tuple[Table, ...]


def read_answer(folder: Path) -> StudyAnswer:
    """Return the answer of a study's folder."""
    return answer_of({name: read_table(folder, name) for name in READ}, read_labels(folder))


def answer_of(frames: Mapping[str, Frame], labels: StudyLabels) -> StudyAnswer:
    """Return the answer of a study's tables."""
    said, tables = _by_design(frames, labels)
    return StudyAnswer(
        title=labels.title,
        question=labels.question,
        basis=labels.basis,
        warnings=study_warnings(frames, labels),
        advice=(
            *said,
            *money_advice(frames, labels),
            *worlds_advice(frames, labels),
            *reading_advice(frames, labels),
            *([] if len(frames["doubt"]) else [_doubt(labels)]),
        ),
        notes=tuple(_notes(labels)),
        tables=(*tables, *world_tables(frames, labels), *money_tables(frames, labels)),
    )


def study_warnings(frames: Mapping[str, Frame], labels: StudyLabels) -> tuple[str, ...]:
    """Return what one must know before any number of a study."""
    deadlock, growth = _locked(frames["estimates"]), frames["growth"]
    grown = growth[growth["is_overload"]] if len(growth) else growth
    found = [
        f"Deadlock in {_named(deadlock, labels)}: trucks there can never move again, because each waits for what "
        "another holds. Their numbers describe a gate that stands still."
        if deadlock
        else "",
        *_uncalibrated(labels),
        *(
            f"Overload: {_what_grows(rows, labels)} from day to day in {_named(_column(rows, 'scenario'), labels)} "
            f"({_growths(rows)} trucks a day). Means and percentiles there depend on how long you run."
            for rows in _kinds(grown)
        ),
    ]
    return tuple(filter(None, found))


def _kinds(grown: Frame) -> Iterator[Frame]:
    """Yield the rows of `growth` by direction, and by whether the stock grows or only what it does not count."""
    for direction in _column(grown, "direction"):
        rows = grown[grown["direction"] == direction]
        beyond = rows.get("of", pd.Series("stock", rows.index)) == "unreleased"  # folders of earlier versions
        yield from (part for part in (rows[~beyond], rows[beyond]) if len(part))


def _what_grows(rows: Frame, labels: StudyLabels) -> str:
    row = rows.iloc[0]
    if row.get("of") == "unreleased":
        return labels.of_way(row["direction"], "trucks not yet released", "become more")
    return "the " + labels.of_way(row["direction"], "stock", "grows")


def _locked(estimates: Frame) -> list[str]:
    if not len(estimates):
        return []
    return _column(estimates[(estimates["metric"] == "locked_trucks") & (estimates["value"] > 0)], "scenario")


def _column(rows: Frame, name: str) -> list[str]:
    """What stands in a column, each once."""
    return list(dict.fromkeys(rows[name])) if len(rows) else []


def _growths(rows: Frame) -> str:
    """`12 ± 3`, or from the least to the largest of several."""
    if len(rows) == 1:
        row = rows.iloc[0]
        return with_interval(Estimate(row["value"], row["low"], row["high"]), 1)
    return f"{short(rows['value'].min())} to {short(rows['value'].max())}"


def _uncalibrated(labels: StudyLabels) -> Iterator[str]:
    """Yield what lies outside the range for which the gate was fitted, once for all scenarios of which it is true."""
    found: dict[str, list[str]] = {}
    for each in labels.manifest["scenarios"]:
        about = {"demand": each["demand"], "start": dt.date.fromisoformat(each["start"])}
        text = uncalibrated_text(labels.gate.scenario.model_copy(update=about))
        if text:
            found.setdefault(text, []).append(each["name"])
    for text, names in found.items():
        everywhere = len(names) == len(labels.titles)
        yield text if everywhere else f"{_named(names, labels)}. {text}"


def _named(names: list[str], labels: StudyLabels) -> str:
    """Titles of some scenarios; `all scenarios`, or the first few and how many more."""
    if len(names) == len(labels.titles) > 1:
        return "all scenarios"
    return some([labels.titles[name] for name in names])


def _by_design(frames: Mapping[str, Frame], labels: StudyLabels) -> tuple[Iterable[str], Iterable[Table]]:
    if labels.design == "bottleneck":
        return bottleneck_advice(frames["bottleneck"], labels), bottleneck_tables(frames["bottleneck"], labels)
    if labels.design == "tornado":
        return tornado_advice(frames, labels), [tornado_table(frames, labels)]
    if labels.design == "screening":
        return screening_advice(frames, labels), screening_tables(frames, labels)
    if labels.design == BUDGETED:
        return budget_advice(frames, labels), (*budget_tables(frames, labels), *_comparison_tables(frames, labels))
    return _comparison(frames, labels), _comparison_tables(frames, labels)


def _comparison(frames: Mapping[str, Frame], labels: StudyLabels) -> Iterator[str]:
    """Yield what each circumstance costs, then the advice for each context."""
    metric = labels.metrics[0]
    yield from circumstances(frames, metric, labels)
    found = list(contexts(frames, metric, labels))
    others = [each for other in labels.metrics[1:] for each in contexts(frames, other, labels)]
    for context in found:
        beside = [each for each in others if each.title == context.title]
        yield from advice(context, f"{context.title or 'Base'}. " if len(found) > 1 else "", beside)
    if len(frames["effects"]):
        yield from effect_advice(frames["effects"], metric, labels)


def _comparison_tables(frames: Mapping[str, Frame], labels: StudyLabels) -> Iterator[Table]:
    metric = labels.metrics[0]
    first, *others = labels.metrics
    yield difference_table(frames, first, labels)
    if (by_reading := reading_table(frames, labels)) is not None:
        yield by_reading
    for each in others:
        yield difference_table(frames, each, labels)
    if len(frames["effects"]):
        yield effect_table(frames["effects"], metric, labels)
    for table in (touched_table(frames, metric, labels), money_table(frames, metric, labels)):
        if table.rows:
            yield table


def _doubt(labels: StudyLabels) -> str:
    """What the intervals cover; that there are none below `FEWEST` replications."""
    count = int(labels.manifest["replications"])
    shown = "The intervals show random day-to-day variation only"
    if count < FEWEST:
        few = "One replication gives" if count == 1 else "Two replications give"
        shown = f"{few} no interval, so nothing is shown to be better or worse; run 20"
    return f"{shown}. Errors in the inputs are not included: {footing_text(labels.gate.gate)}."


def _notes(labels: StudyLabels) -> Iterator[str]:
    """What limits the answer."""
    manifest = labels.manifest
    if manifest["unmet"]:
        wanted = listed([labels.metric(metric) for metric in manifest["unmet"]])
        yield f"The intervals of {wanted} are still wider than the target; more replications are needed (at_most)."
    if any(each["settled"] is False for each in manifest.get("warmup", [])):
        yield (
            "In the pilot runs at least one scenario never settled: its queue grows, and what it measures depends on "
            "how long it runs."
        )
