"""Tables of a search within budgets: the best mix for each, and the front of cost and net present value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from experiments.runs.statistics import mean_interval
from experiments.studies.budget.mixes import known_worth, price_of
from experiments.studies.budget.selection import Floats, Selection, chance_of_front, rivals
from experiments.studies.compare import probability_best
from experiments.studies.result import StudyResult

Frame = pd.DataFrame
MILLION = 1e6


def budget(result: StudyResult) -> Frame:
    """Return the best mix within each budget, how sure that is, what the next best costs, and the next million brings.

    `regret` is what the next best mix is worth less; `per_million` what each further million of the budget brings
    over the budget before it, the first one over spending nothing. Both are paired differences of the replications
    that both mixes have.
    """
    if result.study.budget is None:
        return Frame()
    prices = {cell.name: price_of(cell, result) for cell in result.cells}
    rows: list[dict[str, Any]] = []
    before, spent = np.zeros(result.study.budget.at_most), 0.0
    for usd, chosen in zip(result.study.budget.usd, result.selections, strict=True):
        worth = chosen.values[chosen.best]
        value, low, high, *_ = mean_interval(worth.tolist())
        row = {"budget_usd": usd, "scenario": chosen.best, "capital_usd": prices[chosen.best]}
        row |= {"value": value, "low": low, "high": high, "replications": worth.size, "decided": chosen.decided}
        row |= {"as_good": "; ".join(sorted(rivals(chosen))), "contenders": len(chosen.values)}
        row |= {"drawn": chosen.drawn, "probability": _chance(chosen), **_regret(chosen)}
        rows.append({**row, **_gap("per_million", worth, before, (usd - spent) / MILLION)})
        before, spent = worth, usd
    return Frame(rows)


def _chance(chosen: Selection) -> float:
    """Return how probable it is that the mix chosen is the best of its contenders."""
    common = min(values.size for values in chosen.values.values())
    return probability_best({n: v[:common] for n, v in chosen.values.items()}, higher_is_better=True)[chosen.best]


def _regret(chosen: Selection) -> dict[str, Any]:
    others = [name for name in chosen.values if name != chosen.best]
    if not others:
        return {"next_best": "", **_gap("regret", np.zeros(0), np.zeros(0), 1.0)}
    following = max(others, key=lambda name: (name in chosen.left, float(chosen.values[name].mean())))
    gap = _gap("regret", chosen.values[chosen.best], chosen.values[following], 1.0)
    return {"next_best": following, **gap}


def _gap(name: str, a: Floats, b: Floats, over: float) -> dict[str, float]:
    """Return the paired difference over a number with its interval; NaN where there is none."""
    common = min(a.size, b.size)
    value, low, high, *_ = mean_interval(((a[:common] - b[:common]) / over).tolist())
    return {name: value, f"{name}_low": low, f"{name}_high": high}


def front(result: StudyResult) -> Frame:
    """Return capital and net present value of every mix tried, and how probably no cheaper one is better."""
    if result.study.budget is None:
        return Frame()
    worth = known_worth(result)
    prices = [price_of(cell, result) for cell in result.cells]
    chances = chance_of_front(prices, np.array([worth[cell.name] for cell in result.cells]))
    rows = []
    for cell, price, chance in zip(result.cells, prices, chances.tolist(), strict=True):
        value, low, high, *_ = mean_interval(worth[cell.name].tolist())
        about = {"scenario": cell.name, "capital_usd": price, "value": value, "low": low, "high": high}
        rows.append({**about, "on_front": chance})
    return Frame(rows).sort_values(["capital_usd", "value"], kind="stable", ignore_index=True)


BUDGET_TABLES: dict[str, Callable[[StudyResult], Frame]] = {"budget": budget, "front": front}
"""Tables of a study's folder, where they have rows."""
