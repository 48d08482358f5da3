"""The advice of tornados and screenings: which inputs matter."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from experiments.answers.labels import listed
from experiments.answers.numbers import GLUE, amount, interval, scale_of, within
from experiments.answers.run_tables import Table
from experiments.answers.study_comparison import change_sentence, change_text
from experiments.answers.study_labels import StudyLabels
from experiments.answers.study_tables import ROWS
from experiments.studies.designs import UNDER_ONE

Frame = pd.DataFrame


def tornado_advice(frames: Mapping[str, Frame], labels: StudyLabels) -> Iterator[str]:
    """Yield what the choice brings, and which inputs would change that."""
    metric = labels.metrics[0]
    found, plain = _of(frames["tornado"], metric), _with_todays_inputs(frames, labels)
    unit = labels.unit(metric)
    yield _choice(plain, frames, metric, labels)
    spans = _spans(found, plain["value"])
    changing = list(dict.fromkeys(found[found["changes_advice"]]["place"]))
    low, high = (f"{end:g}" for end in labels.ends)
    unclear = found[found["verdict"] == "too few replications to tell"]["place"].nunique()
    if not _is_clear(plain):
        yield "So there is no advice that an input could change."
    elif changing:
        named = [labels.place(name) for name in changing[:6]]
        yield (
            f"Varied one at a time, {len(changing)} of {len(spans)} inputs that are assumptions change that: "
            f"{listed(named)}{_more(len(changing), 6)}."
        )
    else:
        yield f"None of the {len(spans)} assumptions alone, at {low} or {high} times its value, is shown to do so."
    if unclear:
        yield f"Too few replications to tell for {unclear} of them."
    top = [f"{labels.place(str(place))} (by up to {amount(value, unit, change=True)})" for place, value in spans[:3]]
    if top:
        yield f"Measure first what moves the benefit most: {listed(top)}."


def _with_todays_inputs(frames: Mapping[str, Frame], labels: StudyLabels) -> Any:
    """Return the row of `differences` about the choice with today's inputs."""
    of_choice = frames["differences"][frames["differences"]["scenario"] == labels.choice_name]
    return of_choice[of_choice["metric_name"] == labels.metrics[0]].iloc[0]


def _is_clear(row: Any) -> bool:
    return bool(row["low"] > 0 or row["high"] < 0)


def _more(count: int, shown: int) -> str:
    return f" and {count - shown} more" if count > shown else ""


def _choice(plain: Any, frames: Mapping[str, Frame], metric: str, labels: StudyLabels) -> str:
    """What the choice changes with today's inputs."""
    now = labels.rows_of(frames["estimates"], metric).set_index("scenario").loc[plain["against"]]
    if _is_clear(plain):
        return change_sentence(f"With today's inputs the choice ({labels.choice})", plain, now, metric, labels)
    return f"With today's inputs the choice ({labels.choice}) makes no clear difference in {labels.phrase(metric)}."


def _of(tornado: Frame, metric: str) -> Frame:
    return tornado[tornado["metric_name"] == metric]


def _spans(found: Frame, plain: float) -> list[tuple[str, float]]:
    """Places with how far they move the benefit, the widest first."""
    widest = found.assign(moved=(found["value"] - plain).abs()).groupby("place", sort=False)["moved"].max()
    return [(str(place), float(moved)) for place, moved in widest.sort_values(ascending=False, kind="stable").items()]


def tornado_table(frames: Mapping[str, Frame], labels: StudyLabels) -> Table:
    """Return what the choice brings at both ends of each input."""
    metric = labels.metrics[0]
    found = _of(frames["tornado"], metric)
    scale = scale_of(labels.unit(metric), *found["value"], change=True)
    advises = _is_clear(_with_todays_inputs(frames, labels))  # without advice there is none to change
    rows = []
    for place, _ in _spans(found, float(found["unvaried"].iloc[0]))[:ROWS]:
        ends = found[found["place"] == place].set_index("end")
        cells = [_with_ends(ends.loc[end], scale.factor) for end in ("low", "high")]
        changes = ("yes" if ends["changes_advice"].any() else "no",) if advises else ()
        rows.append((labels.place(place), *cells, *changes))
    at_ends = tuple(f"× {end:g}: change, {scale.unit}" for end in labels.ends)
    note = "What the choice brings when one input is smaller or larger in both scenarios, with its own 95 % interval."
    title = f"{labels.choice}: {labels.metric(metric)}"
    columns = ("Assumption", *at_ends, *(("Changes the advice",) if advises else ()))
    return Table(title, columns, tuple(rows), note)


def _with_ends(row: Any, factor: float) -> str:
    if not math.isfinite(row["value"]):
        return "–"
    ends = interval(factor * row["low"], factor * row["high"]) if pd.notna(row["low"]) else ""
    value = within(factor * row["value"], factor * row["low"], factor * row["high"], sign=True)
    return value + (f" ({ends})" if ends else "")


def screening_advice(frames: Mapping[str, Frame], labels: StudyLabels) -> Iterator[str]:
    """Yield which factors matter."""
    metric = labels.metrics[0]
    unit, screened, shares = labels.unit(metric), frames["screening"], frames["variance"]
    if not len(screened):
        yield (
            f"No effects: at some points of the ranges {labels.phrase(metric)} lies beyond the run or is not defined, "
            "so there is no mean to compare. Run longer, narrow the ranges, or let another metric decide."
        )
        return
    top = [
        f"{labels.factor(row['factor'])} ({amount(row['mean_absolute'], unit, change=True)})"
        for _, row in screened[screened["mean_absolute"] > 0].head(3).iterrows()
    ]
    if top:
        yield f"Factors that change {labels.phrase(metric)} most: {listed(top)}."
    if len(shares):
        first = shares.iloc[0]
        yield (
            f"{labels.factor(first['factor'])} accounts for about {min(100.0, 100 * first['total']):.0f}{GLUE}% of the "
            "variance over the ranges, its interactions included."
        )
    quiet = [labels.factor(row["factor"]) for _, row in screened.iterrows() if row["mean_absolute"] == 0]
    if quiet:
        yield f"No effect at all: {listed(quiet)}."
    yield "Every point has the same random numbers, so the effects are those of the factors, over these ranges."


def screening_tables(frames: Mapping[str, Frame], labels: StudyLabels) -> list[Table]:
    """Return elementary effects, and shares of variance if there are any."""
    unit = labels.unit(labels.metrics[0])
    if not len(frames["screening"]):
        return []
    rows = [
        (
            labels.factor(row["factor"]),
            f"{row['mean_absolute']:.3g} ± {row['half_width']:.2g}",
            f"{row['mean']:.3g}".replace("-", "−"),
            f"{row['spread']:.3g}",
        )
        for _, row in frames["screening"].iterrows()
    ]
    note = "Mean of the absolute elementary effects, their mean with sign, and their spread (interactions, curvature)."
    tables = [Table("Elementary effects", ("Factor", f"Mean absolute, {unit}", "Mean", "Spread"), tuple(rows), note)]
    shares = [
        (
            labels.factor(row["factor"]),
            f"{row['first']:.2f} ± {row['first_half_width']:.2f}".replace("-", "−"),
            f"{row['total']:.2f} ± {row['total_half_width']:.2f}",
        )
        for _, row in frames["variance"].iterrows()
    ]
    columns = ("Factor", "Alone", "With interactions")
    return [*tables, *([Table("Shares of the variance", columns, tuple(shares), "± 95 %.")] if shares else [])]


# Readings: the structure of the gate as one more input.


def reading_advice(frames: Mapping[str, Frame], labels: StudyLabels) -> Iterator[str]:
    """Yield which advice holds under all readings of the gate, which depends on one, and which reverses."""
    found = frames.get("readings", Frame())
    names = labels.readings
    if not len(found):
        if len(names) == 1 and (others := len(labels.gate.gate.readings) - 1) > 0:
            some = "1 other reading explains" if others == 1 else f"{others} other readings explain"
            alone = f"Under one reading of the gate, {labels.reading(names[0])}"
            which = "NAME" if labels.design in UNDER_ONE else "all"
            yield f"{alone}; {some} the same published figures. See the others with --readings {which}."
        return
    ours = _of(found, labels.metrics[0])
    titles = listed([labels.reading(name) for name in names])
    yield f"Readings of the gate: {titles}. All tables and plots but those by reading are of the first."
    several = ours["context"].nunique() > 1
    for context, part in ours.groupby("context", sort=False):
        start = f"{str(context) or 'Base'}. " if several else ""
        for sentence, options in _grouped(part).items():
            told = [_by_reading(option, labels) for option in options[:MOST_OPTIONS]]
            yield f"{start}{sentence}: {'; '.join(told)}{_more(len(options), MOST_OPTIONS)}."
        if first := _first(part, labels):
            yield f"{start}{first}"


def _grouped(part: Frame) -> dict[str, list[Frame]]:
    """Return the options of a context by what a sentence says of them, each with a row a reading."""
    found: dict[str, list[Frame]] = {}
    options = [(str(rows["holds"].iloc[0]), rows) for _, rows in part.groupby("scenario", sort=False)]
    for holds, (alike, apart) in _HOLDS.items():
        for own, rows in options:
            if own == holds:
                sizes = rows["value"].abs()
                found.setdefault(apart if sizes.max() > FAR_APART * sizes.min() else alike, []).append(rows)
    return found


MOST_OPTIONS = 6
FAR_APART = 2.0
"""How many times the smallest change the largest one may be before its size is said to depend on the reading."""
_HOLDS = {
    "better in all": ("Better under every reading", "Better under every reading, but how much depends on the reading"),
    "better in some": ("Better, but not under every reading",) * 2,
    "reverses": ("Better under one reading and worse under another",) * 2,
    "worse in some": ("Worse, but not under every reading",) * 2,
    "worse in all": ("Worse under every reading", "Worse under every reading, but how much depends on the reading"),
}
"""Whether advice holds -> how a sentence about it begins: where changes are alike, and where they are far apart."""


def _by_reading(rows: Frame, labels: StudyLabels) -> str:
    """`Round the clock (−26 h under List at dawn, −4.4 h under Hold by goods)`."""
    unit = labels.unit(labels.metrics[0])
    values = [f"{change_text(row, unit)} under {labels.reading(row['reading'])}" for _, row in rows.iterrows()]
    return f"{labels.titled_in(str(rows['scenario'].iloc[0]), _context(rows))} ({', '.join(values)})"


def _context(rows: Frame) -> str:
    return str(rows["context"].iloc[0] or "")


def _first(part: Frame, labels: StudyLabels) -> str:
    """Say which options rank first, under each reading if they differ; nothing where none is better than no option."""
    first = part[(part["rank"] == 1) & (part["verdict"] == "better")]
    under: dict[str, list[str]] = {}
    for reading in labels.readings:
        options = first[first["reading"] == reading]["scenario"]
        titles = listed([labels.titled_in(str(option), _context(part)) for option in options])
        under.setdefault(titles, []).append(labels.reading(reading))
    none = under.pop("", [])
    if not under:
        return ""
    if len(under) == 1 and not none:
        verb = "rank" if first["scenario"].nunique() > 1 else "ranks"
        return f"{next(iter(under))} {verb} first under every reading."
    ranked = [f"{titles} under {listed(readings)}" for titles, readings in under.items()]
    ranked += [f"under {listed(none)} none is better by more than the margin"] if none else []
    return f"Which option ranks first depends on the reading: {'; '.join(ranked)}."


def reading_table(frames: Mapping[str, Frame], labels: StudyLabels) -> Table | None:
    """Return the change of the deciding metric under every reading, with its rank; None for a study under one."""
    found = frames.get("readings", Frame())
    if not len(found):
        return None
    metric = labels.metrics[0]
    rows = _of(found, metric)
    scale = scale_of(labels.unit(metric), *rows["value"], change=True)
    several, cells = rows["context"].nunique() > 1, []
    for (context, option), part in rows.groupby(["context", "scenario"], sort=False):
        by_name = {row["reading"]: row for _, row in part.iterrows()}
        values = [_ranked(by_name[name], scale.factor) for name in labels.readings]
        title = labels.titled_in(str(option), str(context)) + (f" ({str(context) or 'base'})" if several else "")
        cells.append((float(part["value"].iloc[0]), (title, *values, str(part["holds"].iloc[0]))))
    better = -1 if labels.better(metric) == "more" else 1
    ordered = [cell for _, cell in sorted(cells, key=lambda each: better * each[0])]
    columns = ("Scenario", *(labels.reading(name) for name in labels.readings), "Advice")
    note = "In brackets the rank among the options. Advice: whether the verdict is the same under every reading."
    return Table(f"{labels.metric(metric)}: change by reading, {scale.unit}", columns, tuple(ordered[:ROWS]), note)


def _ranked(row: Any, factor: float) -> str:
    value = within(*(factor * row[end] for end in ("value", "low", "high")), sign=True)
    return f"{value} ({row['rank']:.0f})"
