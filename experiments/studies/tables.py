"""The tables of a study, tidy: one row an observation, one column a variable."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from experiments.runs.statistics import growth_a_day, is_overload, mean_interval
from experiments.studies.bottleneck import RELIEVED, first_of, truck_hours
from experiments.studies.compare import (
    Difference,
    against_base,
    all_pairs,
    factorial_effects,
    family,
    probability_best,
    simultaneous,
)
from experiments.studies.designs import AT_BASE, AT_CHOICE, Cell, values_of
from experiments.studies.model import BASE, better_of, metric_text
from experiments.studies.replication import HOURS_A_DAY, Floats
from experiments.studies.result import Context, StudyResult, contexts_of, counted
from experiments.studies.select import RELATIVE, costs, margin_of, needed, standings, verdict
from gates.renamed import OLD_COLUMNS
from sim.metrics.meter import Key
from sim.metrics.registry import key_document

Frame = pd.DataFrame
MOST_PAIRED = 60
"""With more scenarios, pairs are left out of the tables: they grow with the square."""
TRUCK_HOURS = "truck_hours_per_day"


def tables(result: StudyResult) -> dict[str, Frame]:
    """Return every table of a study that has rows, by name; renamed columns also under their old name."""
    found = {name: make(result) for name, make in _TABLES.items()}
    for column in OLD_COLUMNS:
        for frame in (found[name] for name in column.tables if len(found[name])):
            frame[column.old] = frame[column.new]
    return {name: frame for name, frame in found.items() if len(frame)}


def scenarios(result: StudyResult) -> Frame:
    """Return what each scenario is: upgrades, demand, first day, factors, costs, and what it is compared with."""
    against = {name: (context.reference, context.title) for context in contexts(result) for name in _named(context)}
    by_name = {cell.name: cell for cell in result.cells}
    counts = counted(result.study, result.cells)
    rows = []
    for cell in result.cells:
        reference, title = against.get(cell.name, (BASE, ""))
        rows.append(
            {
                "scenario": cell.name,
                "title": cell.title,
                "context": title,
                "is_option": cell.name != reference,
                "upgrades": ", ".join(upgrade.name for upgrade in cell.upgrades),
                "demand": cell.scenario.demand,
                "start": cell.scenario.first_measured.isoformat(),
                "number": counts.get(cell.name, math.nan),
                **costs(cell, by_name[reference]),
                **{f"factor.{name}": value for name, value in cell.factors.items()},
            }
        )
    return Frame(rows)


def _named(context: Context) -> tuple[str, ...]:
    return (context.reference, *context.options)


def replications(result: StudyResult) -> Frame:
    """Return the compared metrics, one row a scenario, replication and metric."""
    frames = []
    for key in result.metrics:
        for name, values in result.values(key).items():
            frames.append(
                Frame({"scenario": name, "replication": range(values.size), **key_document(key), "value": values})
            )
    return pd.concat(frames, ignore_index=True)


def estimates(result: StudyResult) -> Frame:
    """Return every metric of every scenario with its 95 % interval over replications."""
    rows = []
    for cell, found in zip(result.cells, result.replications, strict=True):
        table = np.array([each.values for each in found])
        for n, key in enumerate(found[0].keys):
            rows.append({"scenario": cell.name, **key_document(key), **mean_interval(table[:, n].tolist())._asdict()})
    return Frame(rows)


def contexts(result: StudyResult) -> list[Context]:
    """Return the circumstances of a study with the options in each."""
    return contexts_of(result.study, result.cells)


def differences(result: StudyResult) -> Frame:
    """Return every option less the reference of its context, and every circumstance less the base.

    All intervals of a metric hold together.
    """
    of_context = [(name, c.reference, c.title, "option") for c in contexts(result) for name in c.options]
    of_context += [
        (c.reference, BASE, c.title, "context") for c in contexts(result) if not _is_base(result, c.reference)
    ]
    rows = []
    for key in result.metrics:
        values = result.values(key)
        compared = family(values, [(name, against) for name, against, _, _ in of_context])
        for (_, _, title, kind), each in zip(of_context, compared, strict=True):
            rows.append({"context": title, "kind": kind, **judged(result, key, values, each, len(compared))})
    return Frame(rows)


def _is_base(result: StudyResult, name: str) -> bool:
    """Tell whether a scenario of a design is the base once more: it measures the same in every replication."""
    cell = next(cell for cell in result.cells if cell.name == name)
    tables = map(result.values, result.metrics)
    return name == BASE or (
        bool(cell.factors) and all(np.array_equal(each[name], each[BASE], equal_nan=True) for each in tables)
    )


def judged(
    result: StudyResult, key: Key, values: dict[str, Floats], compared: Difference, count: int
) -> dict[str, Any]:
    """Return the row of a difference with its margin, its verdict, and the replications that would decide it."""
    chosen = result.study.margin if key == result.metrics[0] else None
    margin = margin_of(key, mean_interval(values[compared.against].tolist()).value, chosen)
    enough = needed(compared, margin, simultaneous(count))
    return {
        "metric_name": metric_text(key),
        **key_document(key),
        **compared._asdict(),
        "clear": compared.clear,
        "margin": margin,
        "verdict": verdict(compared, margin, better_of(key)),
        "needed": math.nan if enough is None else float(enough),
    }


def pairs(result: StudyResult) -> Frame:
    """Return every scenario less every other of its context, with simultaneous intervals for each metric."""
    rows = []
    for context in _ranked(result):
        for key in result.metrics:
            values = _of(result.values(key), context)
            for each in all_pairs(values):
                named = {"context": context.title, "metric_name": metric_text(key), **key_document(key)}
                rows.append({**named, **each._asdict(), "clear": each.clear})
    return Frame(rows)


def _ranked(result: StudyResult) -> list[Context]:
    """Return the contexts in which scenarios stand beside each other, so that one of them can be best."""
    if result.study.design in ("tornado", "bottleneck", "screening"):
        return []
    return [context for context in contexts(result) if 0 < len(context.options) < MOST_PAIRED]


def _of(values: dict[str, Floats], context: Context) -> dict[str, Floats]:
    return {name: values[name] for name in _named(context)}


def best(result: StudyResult) -> Frame:
    """Return, in each context and metric, which scenarios are as good as the best, and how probably each is best."""
    rows = []
    for context in _ranked(result):
        for key in (key for key in result.metrics if better_of(key) != "neither"):
            values, better = _of(result.values(key), context), better_of(key)
            chosen = result.study.margin if key == result.metrics[0] else None
            margin = margin_of(key, mean_interval(values[context.reference].tolist()).value, chosen)
            chances = probability_best(values, higher_is_better=better == "more")
            for each in standings(values, margin, better):
                row = {"context": context.title, "metric_name": metric_text(key), **each._asdict(), "margin": margin}
                rows.append({**row, "probability": chances[each.scenario]})
    return Frame(rows)


def effects(result: StudyResult) -> Frame:
    """Return main effects and interactions of a grid in which every factor has two values."""
    study = result.study
    choices = (
        {name: values_of(name, factor) for name, factor in study.factors.items()} if study.design == "grid" else {}
    )
    if not choices or any(len(values) != 2 for values in choices.values()):
        return Frame()
    second = {name: values[1].text for name, values in choices.items()}
    points = {_point(cell, second): cell.name for cell in result.cells if cell.factors or cell.name == BASE}
    if len(points) != 2 ** len(choices):
        return Frame()
    titles = [(study.factors[name].title or name).removesuffix(" ×") for name in choices]
    rows = []
    for key in result.metrics:
        values = result.values(key)
        for found in factorial_effects({point: values[name] for point, name in points.items()}, titles):
            effect = " × ".join(found.factors)
            rows.append(
                {"metric_name": metric_text(key), **key_document(key), "effect": effect, "order": len(found.factors)}
                | {"value": found.value, "low": found.low, "high": found.high}
            )
    return Frame(rows)


def _point(cell: Cell, second: dict[str, str]) -> tuple[bool, ...]:
    return tuple(cell.factors.get(name) == text for name, text in second.items())


def clearance(result: StudyResult) -> Frame:
    """Return the hours in which a percentage of the trucks is released, mean over replications."""
    frames = []
    for cell, found in _curved(result):
        for n, direction in enumerate(found[0].directions):
            curves = np.array([each.clearance[n] for each in found])
            hours = curves.mean(axis=0)  # infinite, or undefined, where one of them is
            frames.append(
                Frame({"scenario": cell.name, "direction": direction, "percent": found[0].percent, "hours": hours})
            )
    return pd.concat(frames, ignore_index=True)


def _curved(result: StudyResult) -> Iterator[tuple[Cell, Any]]:
    """Yield the cells whose curves are kept: not those of screenings and tornados, which are hundreds."""
    for cell, found in zip(result.cells, result.replications, strict=True):
        if not {"stage", "which"} & cell.factors.keys():
            yield cell, found


def clock(result: StudyResult) -> Frame:
    """Return the mean number of trucks in the queues of all stages by hour of the day of the bulletin's side."""
    frames = []
    for cell, found in _curved(result):
        hours = np.mean([each.by_clock for each in found], axis=0)
        frames.append(Frame({"scenario": cell.name, "hour": range(HOURS_A_DAY), "in_line": hours}))
    return pd.concat(frames, ignore_index=True)


def stock(result: StudyResult) -> Frame:
    """Return the stock at the bulletin of each day, with 95 % intervals."""
    rows = []
    for cell, found in _curved(result):
        for n, direction in enumerate(found[0].directions):
            series = np.array([each.stock[:, n] for each in found])
            for day in range(series.shape[1]):
                estimate = mean_interval(series[:, day].tolist())
                rows.append({"scenario": cell.name, "direction": direction, "day": day + 1, **estimate._asdict()})
    return Frame(rows)


def growth(result: StudyResult) -> Frame:
    """Return by how many trucks a day the stock grows in every scenario, with 95 % intervals; where it is overload.

    Where it is not, but trucks not yet released become more, since the bulletin does not count all of them, the row
    is about those: `of` is `unreleased`, else `stock`.
    """
    rows = []
    for cell, found in zip(result.cells, result.replications, strict=True):
        for n, direction in enumerate(found[0].directions):
            keys = (Key(metric, "mean", direction) for metric in ("arrivals_per_day", "throughput_per_day"))
            flows = [mean_interval([each.by_key.get(key, math.nan) for each in found]) for key in keys]
            stock = mean_interval([growth_a_day(each.stock[:, n].tolist()) for each in found])
            unreleased = mean_interval([each.unreleased_a_day(n) for each in found])
            in_stock = is_overload(stock, *flows)
            beyond = not in_stock and is_overload(unreleased, *flows)
            about = {"scenario": cell.name, "direction": direction, "of": "unreleased" if beyond else "stock"}
            rows.append({**about, "is_overload": in_stock or beyond, **(unreleased if beyond else stock)._asdict()})
    return Frame(rows)


def warmup(result: StudyResult) -> Frame:
    """Return the pilot runs behind a warm-up that was sought: mean trucks in queues by day, and what MSER-5 cut."""
    frames = [
        Frame({"scenario": w.scenario, "day": range(1, w.series.size + 1), "in_line": w.series}).assign(
            warmup_days=w.days, settled=w.settled
        )
        for w in result.warmups
    ]
    return pd.concat(frames, ignore_index=True) if frames else Frame()


def tornado(result: StudyResult) -> Frame:
    """Return, for each number varied, what the choice brings at both ends of its range."""
    if result.study.design != "tornado":
        return Frame()
    (entry,) = result.study.scenarios
    rows = []
    for key in result.metrics:
        values = result.values(key)
        two = {BASE: values[BASE], entry.name: values[entry.name]}
        plain = judged(result, key, two, against_base(two, BASE)[0], 1)
        for cell in result.cells:
            if cell.factors.get("which") != AT_CHOICE:
                continue
            place, end = cell.factors["place"], cell.factors["end"]
            pair = {BASE: values[f"{AT_BASE}: {place} {end}"], entry.name: values[cell.name]}
            row = judged(result, key, pair, against_base(pair, BASE)[0], 1)
            decided = row["verdict"] not in ("too few replications to tell", "not defined")
            rows.append(
                {**row, "place": place, "end": end, "unvaried": plain["value"], "unvaried_verdict": plain["verdict"]}
                | {"base_value": mean_interval(pair[BASE].tolist()).value}
                | {"changes_advice": decided and row["verdict"] != plain["verdict"]}
            )
    return Frame(rows)


def bottleneck(result: StudyResult) -> Frame:
    """Return what a tenth more of each stage brings, before and after the first one is relieved, and what relief does.

    Ranked by truck hours, capacity and hours each for itself.
    """
    if result.study.design != "bottleneck":
        return Frame()
    cells = {cell.name: cell for cell in result.cells if cell.factors}
    binding, rows = first_of(result), []
    for number, start in ((1, BASE), (2, RELIEVED)):
        names = [name for name, cell in cells.items() if cell.factors["round"] == str(number) and name != RELIEVED]
        relieved = binding if number == 2 else None
        rows += _growth_rows(result, [cells[name] for name in names], start, {"round": number, "relieved": relieved})
    if RELIEVED in cells:
        rows += _growth_rows(result, [cells[RELIEVED]], BASE, {"round": 1, "relieved": None})
    return Frame(rows).sort_values(["round", "what", "rank"], kind="stable", ignore_index=True)


def _growth_rows(result: StudyResult, cells: list[Cell], start: str, of_round: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of some cells against the one that they start from: truck hours first, which rank them."""
    names = [start, *(cell.name for cell in cells)]
    rows = []
    for key, values in [(None, truck_hours(result)), *((key, result.values(key)) for key in result.metrics)]:
        compared = against_base({name: values[name] for name in names}, start) if cells else []
        if key is None:
            ranks = _ranks(cells, {each.scenario: each.value for each in compared})
        for cell, each in zip(cells, compared, strict=True):
            about = {"rank": ranks[cell.name], "place": cell.factors["place"], "what": cell.factors["what"]}
            row = _hours_row(values, each) if key is None else judged(result, key, values, each, len(compared))
            rows.append({**of_round, **about, "how": cell.title, **row})
    return rows


def _ranks(cells: list[Cell], saving: dict[str, float]) -> dict[str, int]:
    """Return the place of each cell among those of its kind, the largest saving first."""
    ranks: dict[str, int] = {}
    for kind in dict.fromkeys(cell.factors["what"] for cell in cells):
        of_kind = sorted((c.name for c in cells if c.factors["what"] == kind), key=saving.__getitem__)
        ranks |= {name: rank for rank, name in enumerate(of_kind, 1)}
    return ranks


def _hours_row(values: dict[str, Floats], compared: Difference) -> dict[str, Any]:
    margin = RELATIVE * mean_interval(values[compared.against].tolist()).value
    about = {"metric_name": TRUCK_HOURS, "metric": TRUCK_HOURS, "unit": "truck hours a day"}
    judgement = {"clear": compared.clear, "margin": margin, "verdict": verdict(compared, margin, "less")}
    return {**about, **compared._asdict(), **judgement}


def screening(result: StudyResult) -> Frame:
    """Return the elementary effects of the factors of a screening."""
    if result.study.design != "screening":
        return Frame()
    from experiments.studies import sensitivity

    return Frame(sensitivity.screening(result))


def variance(result: StudyResult) -> Frame:
    """Return the shares of variance of the strongest factors of a screening."""
    if result.study.design != "screening":
        return Frame()
    from experiments.studies import sensitivity

    return Frame(sensitivity.variance(result))


_TABLES: dict[str, Callable[[StudyResult], Frame]] = {
    "scenarios": scenarios,
    "replications": replications,
    "estimates": estimates,
    "differences": differences,
    "pairs": pairs,
    "best": best,
    "effects": effects,
    "clearance": clearance,
    "clock": clock,
    "stock": stock,
    "growth": growth,
    "warmup": warmup,
    "tornado": tornado,
    "bottleneck": bottleneck,
    "screening": screening,
    "variance": variance,
}
