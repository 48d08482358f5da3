"""What a difference means for a decision: the margin, one verdict a row, the set as good as the best, the cheapest.

The margin is the smallest difference worth having. Nothing is called equal without proof that the difference lies
within the margin; else the verdict is that replications are too few, and how many are needed.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import Literal, NamedTuple

from experiments.studies.compare import (
    FEWEST,
    Difference,
    Floats,
    difference,
    replications_needed,
)
from experiments.studies.designs import Cell
from experiments.studies.model import Margin
from sim.metrics.meter import Better, Key
from sim.metrics.registry import METRICS

Verdict = Literal[
    "better",
    "worse",
    "higher",
    "lower",
    "better by less than the margin",
    "worse by less than the margin",
    "higher by less than the margin",
    "lower by less than the margin",
    "no difference that matters",
    "too few replications to tell",
    "not defined",
]
RELATIVE = 0.01
"""Default margin, as a share of the value without the option."""
LEAST = {"h": 1 / 60, "1": 0.01}
"""Unit -> smallest default margin: one minute a truck, one percentage point."""
MOST_NEEDED = 100_000
"""Beyond that many replications, no number is named."""


def margin_of(key: Key, reference: float, chosen: Margin | None) -> float:
    """Return the margin of a metric, in its unit; NaN where there is nothing that it could be a share of.

    Parameters
    ----------
    reference
        Value without the option.
    chosen
        What the study says; for the deciding metric alone.
    """
    if chosen is not None and chosen.absolute is not None:
        return chosen.absolute
    share = RELATIVE if chosen is None or chosen.relative is None else chosen.relative
    relative = share * abs(reference) if math.isfinite(reference) else math.nan
    least = LEAST.get(METRICS[key.metric].unit) if chosen is None else None
    if least is None:
        return relative
    return least if math.isnan(relative) else max(least, relative)


def verdict(compared: Difference, margin: float, better: Better) -> Verdict:
    """Return what the interval of a difference says; the one decision of a row."""
    if compared.n == 0:
        return "not defined"
    within = -margin <= compared.low and compared.high <= margin
    if not compared.clear:
        return "no difference that matters" if within else "too few replications to tell"
    higher = compared.low > 0
    if better == "neither":
        if within:
            return "higher by less than the margin" if higher else "lower by less than the margin"
        return "higher" if higher else "lower"
    good = higher == (better == "more")
    if within:
        return "better by less than the margin" if good else "worse by less than the margin"
    return "better" if good else "worse"


def needed(compared: Difference, margin: float, confidence: float) -> int | None:
    """Return about how many replications would decide a row that is not decided; None where that is not known."""
    half = (compared.high - compared.low) / 2
    if compared.method != "paired t" or compared.clear or not half > 0:
        return None
    gap = abs(compared.value)
    target = max(gap, margin - gap) if margin > gap else gap
    if target <= 0 or half / target > 1000:
        return None
    count = replications_needed(half, compared.n, target, confidence)
    return count if compared.n < count <= MOST_NEEDED else None


class Standing(NamedTuple):
    """Where a scenario stands among others."""

    scenario: str
    excess: float
    """Upper bound on how much worse it is than the best of the others; NaN if that is not known."""
    as_good: bool
    """Whether it is shown to be within the margin of the best."""
    behind: bool
    """Whether it is shown to be worse than another one."""
    needed: float
    """About how many replications would show that it is as good, by its present means; NaN where none would."""


def standings(values: Mapping[str, Floats], margin: float, better: Better) -> list[Standing]:
    """Return which scenarios are as good as the best one, and which are behind.

    Multiple comparisons with the best (Hsu 1984; Nelson et al. 2001): one-sided bounds against every other scenario,
    each at 1 - 0.05 / (K - 1). A scenario counts as good only if it is within the margin of *every* other one, the true
    best included, so at most one study in twenty lets one in that is not; the same holds for those left behind.
    """
    names = list(values)
    if len(names) == 1:
        return [Standing(names[0], 0.0, as_good=True, behind=False, needed=math.nan)]
    confidence = 1 - 2 * 0.05 / (len(names) - 1)
    return [
        _standing(name, [_loss(values, name, other, better, confidence) for other in names if other != name], margin)
        for name in names
    ]


def _loss(values: Mapping[str, Floats], name: str, other: str, better: Better, confidence: float) -> Difference:
    """Return how much worse a scenario is than another one."""
    if better == "more":
        return difference(values, (other, name), confidence)
    return difference(values, (name, other), confidence)


def _standing(name: str, losses: list[Difference], margin: float) -> Standing:
    known = [each for each in losses if each.n >= FEWEST]
    excess = max(0.0, *(each.high for each in known)) if len(known) == len(losses) else math.nan
    behind = any(each.low > 0 for each in known)
    needs = math.nan
    if margin < excess < math.inf and not behind and all(each.value < margin for each in known):
        needs = max(float(_needed_for(each, margin, len(losses))) for each in known if each.high > margin)
    return Standing(name, excess, excess <= margin, behind, needs)


def _needed_for(loss: Difference, margin: float, others: int) -> int:
    return replications_needed(
        loss.high - loss.value, loss.n, max(margin - loss.value, 1e-3 * margin), 1 - 2 * 0.05 / others
    )


def costs(cell: Cell, reference: Cell) -> dict[str, float]:
    """Return capital, running cost and cost a year of a scenario's upgrades [USD].

    NaN if one of them has no costs, or if the study changes what its reference does not: nobody has costed that.
    """
    own = {(c.path, c.after) for c in cell.changes if c.upgrade == "study"}
    common = {(c.path, c.after) for c in reference.changes if c.upgrade == "study"}
    known = [upgrade.costs for upgrade in cell.upgrades]
    unknown = bool(own - common) or None in known
    total: dict[str, float] = {}
    for what, level in itertools.product(("capital_usd", "running_usd_per_year"), ("low", "base", "high")):
        parts = [float(getattr(getattr(each, what), level)) for each in known if each is not None]
        total[f"{what}_{level}"] = math.nan if unknown else sum(parts)
    yearly = [each.capital_usd.base / each.life_years + each.running_usd_per_year.base for each in known if each]
    return total | {"usd_per_year": math.nan if unknown else float(sum(yearly))}


def cheapest(costs: Mapping[str, float]) -> str | None:
    """Return the scenario with the least cost; None where no cost is known."""
    known = {name: cost for name, cost in costs.items() if not math.isnan(cost)}
    return min(known, key=known.__getitem__) if known else None
