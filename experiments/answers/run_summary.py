"""The answer of a run in words and small tables, for the console and the report alike.

Warnings come first: trucks in deadlock, a stock that grows, a run outside the range for which the gate was calibrated.
Then, for each direction, what trucks wait for, the largest cause first. A stage is called the bottleneck only where a
run with more of it was quicker (`bordergate run --confirm`, `bordergate study`): that a stage is busy proves nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.answers.labels import Labels, direction_word, listed, percent_with_interval, with_interval
from experiments.answers.money.run import day_account_tables
from experiments.answers.numbers import GLUE
from experiments.answers.run_causes import Cause, causes, hours_text
from experiments.answers.run_numbers import Metrics, RunNumbers, read_numbers
from experiments.answers.run_tables import (
    HARDLY_H,
    STAGE_NOTE,
    Table,
    day_table,
    first_table,
    gate_time_table,
    limit_tables,
    stage_table,
)
from experiments.runs.statistics import is_overload
from gates.describe.calendar import uncalibrated_text

MOST_CAUSES = 3
FULL = 0.95
"""Utilisation within opening hours from which waiting for opening is waiting for capacity too."""


@dataclass(frozen=True)
class Headline:
    """What a run says first about a direction."""

    direction: str
    sentence: str
    """How long its trucks wait, and for what."""
    details: tuple[str, ...] = ()
    """The largest causes, and what else one must know of them."""
    cause: Cause | None = None
    """The largest cause that hours or capacity could relieve: not a hold."""


@dataclass(frozen=True)
class Summary:
    """The answer of a run."""

    title: str
    """The gate in its languages."""
    basis: str
    """What was run, and what the intervals are."""
    warnings: tuple[str, ...]
    """What one must know before any number: deadlock, overload, a run outside the calibrated range."""
    headlines: tuple[Headline, ...]
    """One for each direction; none if trucks are in deadlock."""
    confirmed: tuple[str, ...]
    """What relief of the largest causes does, where it was tried."""
    first: Table
    """The numbers of the first screen."""
    tables: tuple[Table, ...]
    """All others."""
    notes: tuple[str, ...]
    """What the columns of these mean, and how many trucks were still inside at the end."""

    @property
    def answers(self) -> tuple[str, ...]:
        """The warnings, one text for each direction, and what relief does."""
        headlines = (" ".join((each.sentence, *each.details)) for each in self.headlines)
        return (*self.warnings, *headlines, *self.confirmed)


def read_summary(folder: Path) -> Summary:
    """Return the summary of a result folder."""
    from experiments.result_folder import MANIFEST, read_json

    return summary(read_numbers(folder), read_json(folder / MANIFEST))


HARDLY = f"Stages with under {HARDLY_H * 60:.0f} minutes of waiting are only in the report."


def summary(numbers: RunNumbers, manifest: Mapping[str, Any]) -> Summary:
    """Return the summary of a run from its numbers and `manifest.json`."""
    labels, metrics = Labels(manifest), numbers.metrics
    waits = [stage_table(metrics, labels, name, only_waits=True) for name in labels.directions]
    stages = [table for table in waits if table.rows]
    return Summary(
        title=labels.title,
        basis=" ".join(
            (f"{labels.basis}, seed {labels.seed}.", *inputs_sentences(manifest), interval_text(labels, metrics))
        ),
        warnings=warnings(numbers, labels),
        headlines=headlines(numbers, labels),
        confirmed=confirmed_sentences(manifest),
        first=first_table(numbers, labels),
        tables=(
            day_table(metrics, labels),
            gate_time_table(metrics, labels),
            *stages,
            *limit_tables(metrics, labels),
            *day_account_tables(metrics, labels),
        ),
        notes=(
            f"{STAGE_NOTE} {HARDLY}" if stages else HARDLY,
            *unfinished_sentences(metrics, labels),
        ),
    )


def inputs_sentences(manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """Say what was given beside the gate, and under which of its readings it ran."""
    trucks = manifest.get("trace", {}).get("trucks", {})
    of_flows = listed([f"{count:,} of {flow}" for flow, count in trucks.items()])
    rules = manifest.get("policy", {}).get("name", "")
    told = (
        reading_sentence(manifest),
        f"Recorded trucks instead of drawn ones: {of_flows}." if trucks else "",
        f"Under own rules: {rules}." if rules else "",
    )
    return tuple(text for text in told if text)


def reading_sentence(manifest: Mapping[str, Any]) -> str:
    """Say which reading of several a gate ran under; empty if it has none."""
    reading = manifest.get("reading")
    if reading is None:
        return ""
    count = len(reading["others"])
    others = f"{count} other{'s explain' if count > 1 else ' explains'} the same published figures" if count else ""
    role = "the baseline" if reading["baseline"] else "not the baseline"
    return f"Reading: {reading['title']}, {role}" + (f"; {others} (bordergate calibration)." if others else ".")


def confirmed_sentences(manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """Say what relief of the largest cause of waiting does in each direction, where `--confirm` tried it."""
    return tuple(str(each["sentence"]) for each in manifest.get("confirmed", ()))


def interval_text(labels: Labels, metrics: Metrics) -> str:
    """Say what stands behind the ±."""
    if metrics.batches:
        return (
            f"±: 95{GLUE}% interval of clearance, from {metrics.batches} batches of the days of this one run (batch "
            "means, of percentiles batch quantiles). It is missing where batches are too alike, or do not reach the "
            "number. Other numbers have no interval; run 20 replications for them."
        )
    if labels.replications < 2:
        return "One replication gives no interval; run 20."
    return f"±: 95{GLUE}% interval of the mean over replications (Student t)."


def warnings(numbers: RunNumbers, labels: Labels) -> tuple[str, ...]:
    """Return what one must know before any number."""
    flowing = () if in_deadlock(numbers.metrics) else labels.directions
    grows = (_growth(numbers, direction) for direction in flowing)
    first = (_deadlock(numbers.metrics), uncalibrated_text(labels.scenario))
    return tuple(text for text in (*first, *grows) if text)


def in_deadlock(metrics: Metrics) -> bool:
    """Tell whether trucks are in deadlock at the end of some replication."""
    return metrics.get("locked_trucks", "total").value > 0


def _deadlock(metrics: Metrics) -> str:
    if not in_deadlock(metrics):
        return ""
    locked = metrics.get("locked_trucks", "total").value
    trucks = f"{locked:,.0f} trucks" if locked.is_integer() else f"{locked:,.1f} trucks on average"
    return (
        f"Deadlock: {trucks} can never move again, because each waits for a lane, a space or a unit that another of "
        "them holds. The numbers below describe a gate that stands still, so they say nothing about its capacity. Let "
        "trucks give back what they hold before they wait, or queue at a stage in between."
    )


def _growth(numbers: RunNumbers, direction: str) -> str:
    """Say so if the stock, or else the number of trucks not yet released, grows beyond doubt and notably."""
    if direction not in numbers.days:
        return ""
    arrivals = numbers.metrics.get("arrivals_per_day", direction=direction)
    released = numbers.metrics.get("throughput_per_day", direction=direction)
    growth, unreleased = numbers.days[direction].growth, numbers.unreleased(direction)
    if is_overload(growth, arrivals, released):
        said = f"the {direction} stock grows by {with_interval(growth, 1)} trucks a day"
    elif is_overload(unreleased, arrivals, released):
        said = f"the number of {direction} trucks not yet released grows by {with_interval(unreleased, 1)} a day"
    else:
        return ""
    return (
        f"Overload: {said}, because more trucks arrive ({with_interval(arrivals)} a day) than are released "
        f"({with_interval(released)}). {direction_word(direction)} means and percentiles depend on how long you run."
    )


def headlines(numbers: RunNumbers, labels: Labels) -> tuple[Headline, ...]:
    """Return what to say about each direction; nothing if trucks are in deadlock."""
    if in_deadlock(numbers.metrics):
        return ()
    return tuple(_headline(numbers, labels, direction) for direction in labels.directions)


def _headline(numbers: RunNumbers, labels: Labels, direction: str) -> Headline:
    who = direction_word(direction)
    if not numbers.metrics.get("arrivals_per_day", direction=direction).value > 0:
        return Headline(direction, f"{who}: no truck arrived in the measured period.")
    waits = [
        (numbers.state(direction, state).value, purpose)
        for state, purpose in (("closed", "for stages to open"), ("waiting", "in queues"), ("blocked", "for space"))
    ]
    waits.append((numbers.served(direction, labels.holds).value, "for goods to be ready"))
    notable = sorted(((hours, text) for hours, text in waits if hours >= HARDLY_H), reverse=True)
    if not notable:
        return Headline(direction, f"{who}: trucks hardly wait, less than {HARDLY_H * 60:.0f} minutes each.")
    said = listed([f"{hours_text(hours)} {text}" for hours, text in notable])
    largest = causes(numbers, labels, direction)
    details = (_largest(largest), _short_hours(numbers.metrics, labels, largest))
    relieved = next((each for each in largest if each.kind != "hold"), None)
    return Headline(direction, f"{who}: trucks wait {said}.", tuple(text for text in details if text), relieved)


def _largest(found: list[Cause]) -> str:
    named = [each for each in found if each.hours.value >= HARDLY_H][:MOST_CAUSES]
    return f"Largest causes, per truck: {listed([each.text for each in named])}." if named else ""


def _short_hours(metrics: Metrics, labels: Labels, found: list[Cause]) -> str:
    """Say so where the largest cause is a stage that is closed part of the day, and full while it is open."""
    if not found or found[0].kind != "opening":
        return ""
    used = metrics.utilisation(found[0].place)
    if not used.value >= FULL:
        return ""
    return (
        f"The lanes of {labels.stage(found[0].place)} are busy {percent_with_interval(used)} of their opening hours, "
        "so part of this wait is for capacity."
    )


def unfinished_sentences(metrics: Metrics, labels: Labels) -> tuple[str, ...]:
    """Say how many trucks were still inside at the end."""
    sentences = []
    for direction in labels.directions:
        inside = metrics.get("inside_end_trucks", "total", direction)
        share = metrics.get("unfinished_share", "share", direction)
        if inside.value > 0:
            sentences.append(
                f"{direction_word(direction)}: {with_interval(inside, 1)} trucks were still inside at the end; of "
                f"those that arrived in the measured period, {percent_with_interval(share)} were not yet released."
            )
    return tuple(sentences)
