"""The advice of tornados and screenings: which inputs matter."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from experiments.answers.labels import listed
from experiments.answers.numbers import GLUE, amount, interval, scale_of, within
from experiments.answers.run_tables import Table
from experiments.answers.study_comparison import change_sentence
from experiments.answers.study_labels import StudyLabels
from experiments.answers.study_tables import ROWS

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
