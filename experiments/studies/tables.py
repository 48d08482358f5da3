"""The tables of a study, tidy: one row an observation, one column a variable."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from experiments.runs.statistics import mean_interval
from experiments.studies.bottleneck import RELIEVED, first_of, truck_hours
from experiments.studies.compare import (
    Difference,
    against_base,
    all_pairs,
    factorial_effects,
    family,
    probability_best,
)
from experiments.studies.designs import AT_BASE, AT_CHOICE, Cell, values_of
from experiments.studies.model import BASE, better_of, metric_text
from experiments.studies.replication import HOURS_A_DAY, Floats
from experiments.studies.result import StudyResult
from gates.upgrades import load_upgrade
from sim.metrics.meter import Key
from sim.metrics.registry import METRICS

Frame = pd.DataFrame
MOST_PAIRED = 60
"""With more scenarios, pairs are left out of the tables: they grow with the square."""
TRUCK_HOURS = "truck_hours_per_day"


def tables(result: StudyResult) -> dict[str, Frame]:
    """Return every table of a study that has rows, by name."""
    found = {name: make(result) for name, make in _TABLES.items()}
    return {name: frame for name, frame in found.items() if len(frame)}


def scenarios(result: StudyResult) -> Frame:
    """Return what each scenario is: upgrades, demand, first day, factors, costs."""
    rows = []
    for cell in result.cells:
        upgrades = [name for name in dict.fromkeys(c.upgrade for c in cell.changes) if name != "study"]
        rows.append(
            {
                "scenario": cell.name,
                "title": cell.title,
                "upgrades": ", ".join(upgrades),
                "demand": cell.scenario.demand,
                "start": cell.scenario.first_measured.isoformat(),
                **_money(upgrades),
                **{f"factor.{name}": value for name, value in cell.factors.items()},
            }
        )
    return Frame(rows)


def _money(upgrades: list[str]) -> dict[str, float]:
    """Return capital and running cost of upgrades together [USD, USD a year]; NaN if one has none."""
    total = {
        f"{what}_{level}": 0.0 for what in ("capital_usd", "running_usd_per_year") for level in ("low", "base", "high")
    }
    for name in upgrades:
        try:
            costs = load_upgrade(name).costs
        except Exception:  # an upgrade of a file has no name to look up
            costs = None
        for what, level in itertools.product(("capital_usd", "running_usd_per_year"), ("low", "base", "high")):
            total[f"{what}_{level}"] += float("nan") if costs is None else getattr(getattr(costs, what), level)
    return total


def _parts(key: Key) -> dict[str, Any]:
    return {
        "metric": key.metric,
        "statistic": key.statistic,
        "direction": key.direction,
        "class": key.vehicle_class,
        "stage": key.stage,
        "unit": METRICS[key.metric].unit,
    }


def replications(result: StudyResult) -> Frame:
    """Return the compared metrics, one row a scenario, replication and metric."""
    frames = []
    for key in result.metrics:
        for name, values in result.values(key).items():
            frames.append(Frame({"scenario": name, "replication": range(values.size), **_parts(key), "value": values}))
    return pd.concat(frames, ignore_index=True)


def estimates(result: StudyResult) -> Frame:
    """Return every metric of every scenario with its 95 % interval over replications."""
    rows = []
    for cell, found in zip(result.cells, result.replications, strict=True):
        table = np.array([each.values for each in found])
        for n, key in enumerate(found[0].keys):
            rows.append({"scenario": cell.name, **_parts(key), **mean_interval(table[:, n].tolist())._asdict()})
    return Frame(rows)


def _compared(result: StudyResult, find: Callable[[dict[str, Floats]], list[Difference]]) -> Frame:
    rows = []
    for key in result.metrics:
        for found in find(_comparable(result, result.values(key))):
            rows.append({"metric_name": metric_text(key), **_parts(key), **found._asdict(), "sure": found.sure})
    return Frame(rows)


def _comparable(result: StudyResult, values: dict[str, Floats]) -> dict[str, Floats]:
    """Leave out the points of screenings: they are looked at by their own methods."""
    names = [cell.name for cell in result.cells if "stage" not in cell.factors]
    return {name: values[name] for name in names}


def differences(result: StudyResult) -> Frame:
    """Return every scenario less its base, with simultaneous intervals for each metric."""
    bases = bases_of(result)
    asked = [(cell.name, bases[cell.name]) for cell in result.cells if bases[cell.name] not in ("", cell.name)]
    asked = [pair for pair in asked if not {"stage", "round", "which"} & _cell(result, pair[0]).factors.keys()]
    return _compared(result, lambda values: family(values, asked, result.study.adjustment))


def _cell(result: StudyResult, name: str) -> Cell:
    return next(cell for cell in result.cells if cell.name == name)


def bases_of(result: StudyResult) -> dict[str, str]:
    """Return what each scenario is compared with: the base, or the first scenario with the same context.

    The base itself, and the scenarios that stand for it in a context, have no base; theirs is empty.
    """
    factors = result.study.factors
    contexts = [name for name, factor in factors.items() if factor.context]
    if not contexts:
        return {cell.name: "" if cell.name == BASE else BASE for cell in result.cells}
    first: dict[tuple[str, ...], str] = {}
    found = {}
    for cell in result.cells:
        context = tuple(cell.factors.get(name, "") for name in contexts)
        plain = all(cell.factors.get(n) == values_of(n, f)[0].text for n, f in factors.items() if n not in contexts)
        if cell.name != BASE and plain:
            first[context] = cell.name
        found[cell.name] = context
    return {name: "" if name in (BASE, first.get(c)) else first.get(c, BASE) for name, c in found.items()}


def pairs(result: StudyResult) -> Frame:
    """Return every scenario less every other, with simultaneous intervals for each metric."""
    if len(result.cells) > MOST_PAIRED or not _ranks(result):
        return Frame()
    return _compared(result, lambda values: all_pairs(values, result.study.adjustment))


def _ranks(result: StudyResult) -> bool:
    """Whether scenarios stand beside each other, so that one of them can be best."""
    contexts = any(factor.context for factor in result.study.factors.values())
    return not contexts and result.study.design not in ("tornado", "bottleneck", "screening")


def best(result: StudyResult) -> Frame:
    """Return how probable it is that each scenario is the best one in each metric."""
    if not _ranks(result):
        return Frame()
    rows = []
    for key in result.metrics:
        found = probability_best(result.values(key), higher_is_better=better_of(key) == "more")
        rows += [{"metric_name": metric_text(key), "scenario": name, "probability": p} for name, p in found.items()]
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
    titles = [study.factors[name].title or name for name in choices]
    rows = []
    for key in result.metrics:
        values = result.values(key)
        for found in factorial_effects({point: values[name] for point, name in points.items()}, titles):
            effect = " × ".join(found.factors)
            rows.append(
                {"metric_name": metric_text(key), **_parts(key), "effect": effect, "order": len(found.factors)}
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
            hours = np.where(np.isnan(curves).any(axis=0), np.nan, np.nanmean(np.nan_to_num(curves), axis=0))
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
    """Return the mean number of trucks in line at all stages by hour of the day of the bulletin's side."""
    frames = []
    for cell, found in _curved(result):
        hours = np.mean([each.by_clock for each in found], axis=0)
        frames.append(Frame({"scenario": cell.name, "hour": range(HOURS_A_DAY), "in_line": hours}))
    return pd.concat(frames, ignore_index=True)


def stock(result: StudyResult) -> Frame:
    """Return the trucks not yet released at the bulletin of each day, with 95 % intervals."""
    rows = []
    for cell, found in _curved(result):
        for n, direction in enumerate(found[0].directions):
            series = np.array([each.stock[:, n] for each in found])
            for day in range(series.shape[1]):
                estimate = mean_interval(series[:, day].tolist())
                rows.append({"scenario": cell.name, "direction": direction, "day": day + 1, **estimate._asdict()})
    return Frame(rows)


def warmup(result: StudyResult) -> Frame:
    """Return the pilot runs behind a warm-up that was sought: mean trucks in line by day, and what MSER-5 cut."""
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
        plain = against_base({BASE: values[BASE], entry.name: values[entry.name]}, BASE)[0]
        for cell in result.cells:
            if cell.factors.get("which") != AT_CHOICE:
                continue
            place, end = cell.factors["place"], cell.factors["end"]
            pair = {BASE: values[f"{AT_BASE}: {place} {end}"], entry.name: values[cell.name]}
            found = against_base(pair, BASE)[0]
            rows.append(
                {"metric_name": metric_text(key), **_parts(key), "place": place, "end": end}
                | {"value": found.value, "low": found.low, "high": found.high, "percent": found.percent}
                | {"base_value": float(np.nanmean(pair[BASE])), "unvaried": plain.value}
                | {"changes_advice": bool(plain.sure and not (found.sure and found.value * plain.value > 0))}
            )
    return Frame(rows)


def bottleneck(result: StudyResult) -> Frame:
    """Return what a tenth more of each stage brings, before and after the first one is relieved.

    Ranked by truck hours, capacity and hours each for itself.
    """
    if result.study.design != "bottleneck":
        return Frame()
    hours = truck_hours(result)
    binding = first_of(result)
    frames = []
    for number, start in (("1", BASE), ("2", RELIEVED)):
        of_round = [cell for cell in result.cells if cell.factors.get("round") == number and cell.name != RELIEVED]
        if not of_round or start not in hours:
            continue
        names = [start, *(cell.name for cell in of_round)]
        ranked = {found.scenario: found.value for found in _round(result, hours, names, start)}
        kinds = {cell.name: cell.factors["what"] for cell in of_round}
        order = {
            kind: sorted((name for name in ranked if kinds[name] == kind), key=ranked.__getitem__)
            for kind in dict.fromkeys(kinds.values())
        }
        for key, values in [(None, hours), *((key, result.values(key)) for key in result.metrics)]:
            compared = _round(result, values, names, start)
            parts = _parts(key) if key else {"metric": TRUCK_HOURS, "unit": "truck hours a day"}
            for found in compared:
                cell = next(cell for cell in of_round if cell.name == found.scenario)
                frames.append(
                    {
                        "round": int(number),
                        "rank": order[kinds[cell.name]].index(cell.name) + 1,
                        "place": cell.factors["place"],
                    }
                    | {"what": cell.factors["what"], "how": cell.title, "relieved": binding if number == "2" else None}
                    | {"metric_name": metric_text(key) if key else TRUCK_HOURS, **parts}
                    | {**found._asdict(), "sure": found.sure}
                )
    frame = Frame(frames)
    return frame.sort_values(["round", "what", "rank"], kind="stable", ignore_index=True)


def _round(result: StudyResult, values: dict[str, Floats], names: list[str], start: str) -> list[Difference]:
    return against_base({name: values[name] for name in names}, start, result.study.adjustment)


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
    "warmup": warmup,
    "tornado": tornado,
    "bottleneck": bottleneck,
    "screening": screening,
    "variance": variance,
}
