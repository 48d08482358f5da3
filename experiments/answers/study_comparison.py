"""The advice of a study that compares scenarios: for each context the best, what is as good, the cheapest, the rest."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd

from experiments.answers.labels import NOTHING, listed
from experiments.answers.numbers import (
    BEYOND,
    GLUE,
    amount,
    decimals_of,
    interval,
    money,
    plain,
    scale_of,
    short,
    within,
)
from experiments.answers.study_labels import StudyLabels
from experiments.studies.select import cheapest

Frame = pd.DataFrame
KNEE = "Knee: "
INTERACTION = "Interaction, half of what two bring together beyond the sum of both"
NAMED = 4
"""Scenarios named in a list; the tables have all."""
MOST_PERCENT = 1000
"""A larger change in percent says only that there was next to nothing before."""
WITHIN = (
    "no difference that matters",
    *(f"{word} by less than the margin" for word in ("better", "worse", "higher", "lower")),
)
"""Verdicts of differences that lie within the margin."""


@dataclass(frozen=True)
class Context:
    """What a study says about one metric in one context."""

    title: str
    metric: str
    reference: str
    """The scenario without any option."""
    options: Frame
    """Rows of `differences`."""
    standings: Frame
    """Rows of `best`."""
    costs: Frame
    """Rows of `scenarios`, by scenario."""
    now: Any
    """The estimate of the reference: a row of `estimates`."""
    labels: StudyLabels

    @property
    def unit(self) -> str:
        """Unit of the metric."""
        return self.labels.unit(self.metric)

    @property
    def margin(self) -> str:
        """The margin in words: `19 min`."""
        return amount(float(self.options["margin"].iloc[0]), self.unit, change=True)

    def titled(self, name: str) -> str:
        """Title of a scenario, without the context that all of them share."""
        return self.labels.titled_in(name, self.title)

    def having(self, *verdicts: str) -> Frame:
        """Return the options with one of some verdicts, the best value first."""
        rows = self.options[self.options["verdict"].isin(verdicts)]
        return rows.sort_values("value", ascending=self.labels.better(self.metric) != "more", kind="stable")


def contexts(frames: Mapping[str, Frame], metric: str, labels: StudyLabels) -> Iterator[Context]:
    """Yield the contexts that have options, in the order of the study."""
    differences, best = frames["differences"], frames["best"]
    rows = differences[(differences["metric_name"] == metric) & (differences["kind"] == "option")]
    estimates = labels.rows_of(frames["estimates"], metric).set_index("scenario")
    costs = frames["scenarios"].set_index("scenario")
    for reference, options in rows.groupby("against", sort=False):
        title = str(options["context"].iloc[0])
        standing = best[(best["metric_name"] == metric) & (best["context"] == title)] if len(best) else best
        now = estimates.loc[str(reference)]
        yield Context(title, metric, str(reference), options, standing, costs, now, labels)


def circumstances(frames: Mapping[str, Frame], metric: str, labels: StudyLabels) -> Iterator[str]:
    """Yield what each circumstance changes: a shock, a season, a level of demand."""
    differences = frames["differences"]
    rows = differences[(differences["metric_name"] == metric) & (differences["kind"] == "context")]
    estimates = labels.rows_of(frames["estimates"], metric).set_index("scenario")
    for _, row in rows.iterrows():
        yield _effect_sentence(row, estimates.loc[row["against"]], metric, labels)


def _effect_sentence(row: Any, now: Any, metric: str, labels: StudyLabels) -> str:
    """What a row of `differences` says, as a sentence of its own."""
    title, verdict = labels.titles[row["scenario"]], row["verdict"]
    if verdict in WITHIN:
        return f"{title}: no difference in {labels.phrase(metric)} that matters ({_detail(row, labels.unit(metric))})."
    if verdict in ("not defined", "too few replications to tell"):
        return f"{title}: {_undecided(row, labels.phrase(metric))}."
    return change_sentence(f"{title}: this", row, now, metric, labels)


def change_sentence(subject: str, row: Any, now: Any, metric: str, labels: StudyLabels) -> str:
    """Return `It cuts mean clearance by 26 h (81 %; 95 % interval 25.9 to 26.1 h), from 32 h to 6 h`."""
    verb = "cuts" if row["high"] < 0 else "raises"
    phrase, unit = labels.phrase(metric), labels.unit(metric)
    if row["unreached"] or row["against_unreached"]:
        return f"{subject} {_reached(row, phrase)} (sign test, p {p_text(row['p'])})."
    sign = -1 if verb == "cuts" else 1
    size, ends = abs(row["value"]), sorted((sign * row["low"], sign * row["high"]))
    scale = scale_of(unit, size, change=True)
    percent = f"{short(abs(row['percent']))}{GLUE}%; " if abs(row["percent"]) < MOST_PERCENT and unit != "1" else ""
    low, high = (scale.factor * end for end in ends)
    doubt = f"{percent}95 % interval {interval(low, high)}{GLUE}{scale.unit}"
    before, after = _before_and_after(float(now["value"]), row, unit)
    return (
        f"{subject} {verb} {phrase} by {within(scale.factor * size, low, high)}{GLUE}{scale.unit} ({doubt}), "
        f"from {before} to {after}."
    )


def _before_and_after(now: float, row: Any, unit: str) -> tuple[str, str]:
    """Two values with so many decimals that their difference, as they are shown, is the change beside them."""
    then, change = now + float(row["value"]), float(row["value"])
    scale = scale_of(unit, now)
    if scale != scale_of(unit, then):
        return amount(now, unit), amount(then, unit)
    low, high = (scale.factor * float(row[end]) for end in ("low", "high"))
    places = decimals_of(scale.factor * change)
    values = (scale.factor * value for value in (now, then))
    before, after = (within(v, low, high) if low < high else plain(v, places) for v in values)
    return f"{before}{GLUE}{scale.unit}", f"{after}{GLUE}{scale.unit}"


def _reached(row: Any, phrase: str) -> str:
    """In how many replications a percentile lies within the run, or beyond it, with a scenario and without."""
    with_it, without = row["unreached"], row["against_unreached"]
    if row["high"] < 0:
        return (
            f"brings {phrase} within the run in {row['n'] - with_it:.0f} of {row['n']:.0f} replications, against "
            f"{row['n'] - without:.0f} without it"
        )
    return (
        f"takes {phrase} beyond the run in {with_it:.0f} of {row['n']:.0f} replications, "
        f"against {without:.0f} without it"
    )


def advice(context: Context, prefix: str = "", others: Sequence[Context] = ()) -> Iterator[str]:
    """Yield the sentences about one context; of numbers, the knee is the answer and comes first.

    `others` are the same context by the other metrics of the study: they say where the knee lies by those, or what the
    best option makes worse.
    """
    better = context.having("better", "higher") if context.labels.better(context.metric) == "more" else None
    better = context.having("better") if better is None else better
    if len(better):
        top = better.iloc[0]
        change = change_sentence("It", top, context.now, context.metric, context.labels)
        effect = f"{_rank(context, top['scenario'])}: {context.titled(top['scenario'])}. {change}"
    else:
        now = amount(float(context.now["value"]), context.unit)
        effect = f"No option is shown to improve {context.labels.phrase(context.metric)} ({now})."
    choice = _choice(context, str(better.iloc[0]["scenario"]) if len(better) else "")
    first, second = (choice, effect) if choice.startswith(KNEE) else (effect, choice)
    yield prefix + first
    if second:
        yield second
    if choice.startswith(KNEE):
        yield from _other_knees(others)
    elif len(better):
        yield from _made_worse(context, str(better.iloc[0]["scenario"]), others)
    yield from _lists(context, set(better["scenario"].head(1)))


def _rank(context: Context, name: str) -> str:
    """`Best` only where the scenario is shown to be as good as the best."""
    rows = context.standings
    proven = len(rows) and rows.loc[rows["scenario"] == name, "as_good"].any()
    return "Best" if proven else "Largest gain, not shown to be the best"


def _choice(context: Context, top: str) -> str:
    """Which scenarios are as good as the best, and the cheapest of them; empty where that does not arise."""
    rows = context.standings
    if not len(rows) or not rows["excess"].notna().any():
        return ""
    good = [str(name) for name in rows[rows["as_good"]]["scenario"]]
    if not good:
        ahead = rows[~rows["behind"]]
        need = ahead["needed"].min()
        more = f"; about {plain(need)} are needed" if pd.notna(need) else ""
        names = listed([context.titled(str(name)) for name in ahead["scenario"].head(NAMED)])
        return f"Too few replications to tell which is best within {context.margin}: {names}{more}."
    knee = _knee(context)
    if knee:
        return knee
    if context.reference in good:
        near = f"Without any option the gate is within {context.margin} of the best"
        return f"{near}, so on this metric none is worth having."
    equal = [context.titled(name) for name in good]
    costs = context.costs.loc[good, "usd_per_year"].dropna()
    least = cheapest({str(name): float(cost) for name, cost in costs.items()})
    price = f": {_price(context.costs.loc[least])}" if least else ""
    if good != [top] and len(good) == 1:
        return f"Only {equal[0]} is shown to be within {context.margin} of the best{price}."
    if len(good) == 1 and len(rows) == 2:
        return f"It costs {price.removeprefix(': ')}." if price else "Nobody has costed it."
    if len(good) == 1:
        others = f"No other option comes within {context.margin} of it."
        return f"{others} {equal[0]} costs {price.removeprefix(': ')}." if price else others
    unknown = [context.titled(name) for name in good if name not in costs.index]
    text = f"As good within {context.margin}: {some(equal)}."
    text += f" The cheapest of them is {context.titled(least)}{price}." if least else ""
    return text + (f" Not costed: {some(unknown)}." if unknown else "")


def _knee(context: Context) -> str:
    """Where more of a numbered factor stops to matter; empty for other scenarios."""
    knee = knee_of(context)
    if knee is None:
        return ""
    if knee.is_largest:
        return f"{knee.title} is the largest number tried and still better: the knee lies beyond it."
    return (
        f"{KNEE}{knee.title}. In {context.labels.phrase(context.metric)} it is within {context.margin} of the best, so "
        "more brings no difference that matters, and fewer is worse or not shown to be as good."
    )


class Knee(NamedTuple):
    """The least number of a numbered factor that is shown to be as good as the best."""

    title: str
    """Of its scenario; of the base, whose title has no number, `the base (20)`."""
    is_largest: bool
    """Whether no larger number was tried, so that the knee lies beyond it."""


def knee_of(context: Context) -> Knee | None:
    """Return the knee of a numbered factor; None for other scenarios, and where no number is shown to be as good."""
    rows = context.standings
    good = [str(name) for name in rows[rows["as_good"]]["scenario"]] if len(rows) else []
    if not good:
        return None
    numbers = context.costs["number"].reindex(list(rows["scenario"]))
    if numbers.isna().any():
        return None
    best = str(numbers.loc[good].idxmin())
    title = f"the base ({plain(numbers.loc[best])})" if best == context.reference else context.titled(best)
    return Knee(title, bool(numbers.loc[best] == numbers.max()))


def _other_knees(others: Sequence[Context]) -> Iterator[str]:
    """Say where the knee lies by the other metrics; those that none of the numbers is shown to suit are left out."""
    knees: dict[str, list[str]] = {}
    for context in others:
        knee = knee_of(context)
        if knee is not None:
            where = f"beyond {knee.title}" if knee.is_largest else knee.title
            knees.setdefault(where, []).append(context.labels.phrase(context.metric))
    if knees:
        yield f"By other metrics the knee is {listed([f'{where} (in {listed(by)})' for where, by in knees.items()])}."


def _made_worse(context: Context, name: str, others: Sequence[Context]) -> Iterator[str]:
    """Say which other metrics the best option makes worse."""
    worse = []
    for other in others:
        rows = other.having("worse")
        for _, row in rows[rows["scenario"] == name].iterrows():
            worse.append(f"{other.labels.phrase(other.metric)} ({change_text(row, other.unit)})")
    if worse:
        yield f"{context.titled(name)} makes worse: {listed(worse)}."


def _price(costs: Any) -> str:
    capital, running = costs["capital_usd_base"], costs["running_usd_per_year_base"]
    if capital == running == 0:
        return "nothing, as no upgrade is needed"
    parts = [f"{money(capital)} at once"] if capital else []
    return " and ".join([*parts, *([f"{money(running)} a year"] if running else [])])


def _lists(context: Context, said: set[str]) -> Iterator[str]:
    """Yield the lists of the other options, by verdict."""

    def change(row: Any) -> str:
        return change_text(row, context.unit)

    def needs(row: Any) -> str:
        return f"about {plain(row['needed'])} needed" if pd.notna(row["needed"]) else ""

    def named(rows: Frame, detail: Callable[[Any], str]) -> str:
        texts = [(context.titled(row["scenario"]), detail(row)) for _, row in rows.iterrows()]
        return some([f"{title} ({more})" if more else title for title, more in texts])

    rest = context.having("better")
    lists = (
        ("Next best", rest[~rest["scenario"].isin(said)], change),
        ("Higher", context.having("higher"), change),
        ("Lower", context.having("lower"), change),
        ("Worse", context.having("worse")[::-1], change),
        (f"No difference that matters, less than {context.margin}", context.having(*WITHIN), lambda row: ""),
        ("Too few replications to tell", context.having("too few replications to tell"), needs),
        ("Not defined", context.having("not defined"), lambda row: ""),
    )
    for heading, rows, detail in lists:
        if len(rows):
            yield f"{heading}: {named(rows, detail)}."


def effect_advice(effects: Frame, metric: str, labels: StudyLabels) -> Iterator[str]:
    """Yield what each factor brings on average over the others, and whether one needs another."""
    rows = effects[effects["metric_name"] == metric]
    unit = labels.unit(metric)
    for order, heading, none in (
        (1, "On average over the others", "No factor has a clear effect on average over the others."),
        (
            2,
            INTERACTION,
            "No clear interaction: none of them needs another.",
        ),
    ):
        of_order = rows[rows["order"] == order]
        clear = of_order[(of_order["low"] > 0) | (of_order["high"] < 0)]
        clear = clear.reindex(clear["value"].abs().sort_values(ascending=False, kind="stable").index)
        named = [f"{r['effect']} ({change_text(r, unit)})" for _, r in clear.iterrows()]
        if named:
            yield f"{heading}: {some(named)}."
        elif of_order["value"].notna().any():
            yield none


def change_text(row: Any, unit: str) -> str:
    """Return `−9 min`: a change with as many decimals as its interval gives it, as tables and plots show it."""
    if not math.isfinite(row["value"]):
        return BEYOND if math.isinf(row["value"]) else NOTHING
    scale = scale_of(unit, row["value"], change=True)
    return f"{within(*(scale.factor * row[name] for name in ENDS), sign=True)}{GLUE}{scale.unit}"


ENDS = ("value", "low", "high")


def some(names: list[str]) -> str:
    """Return the first few of some names, and how many more there are."""
    if len(names) > NAMED + 1:
        return listed([*names[:NAMED], f"{len(names) - NAMED} more"])
    return listed(names)


def _detail(row: Any, unit: str) -> str:
    scale = scale_of(unit, row["value"], row["low"], row["high"], change=True)
    ends = interval(scale.factor * row["low"], scale.factor * row["high"])
    value = within(*(scale.factor * row[name] for name in ("value", "low", "high")), sign=True)
    return f"{value}{GLUE}{scale.unit}, 95 % interval {ends}"


def _undecided(row: Any, phrase: str) -> str:
    if row["verdict"] == "not defined":
        return f"{phrase} is not defined"
    need = f"; about {plain(row['needed'])} are needed" if pd.notna(row["needed"]) else ""
    return f"too few replications to tell a difference in {phrase}{need}"


def p_text(value: float) -> str:
    """`< 0.001`, `0.034`, `–`."""
    if pd.isna(value):
        return "–"
    return f"<{GLUE}0.001" if value < 0.001 else f"{value:.3f}"
