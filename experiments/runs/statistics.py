"""Intervals over replications.

A number of a replication is one of three: reached (finite), *unreached* (infinite: a percentile that lies beyond the
end of the run, so larger than any that is reached), or *undefined* (NaN: nothing to measure, such as a class without a
truck). Unreached values are never left out; undefined ones are, and `n` counts what remains.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

CONFIDENCE = 0.95
A_WEEK = 7
NOTABLE_GROWTH = 0.02
"""Growth of the stock a day from which it is overload, as a share of the arrivals."""


class Estimate(NamedTuple):
    """A mean over replications with its confidence interval; NaN where undefined, infinite where unreached."""

    value: float
    low: float
    high: float
    n: int = 0
    """Replications in which the number is defined, those that do not reach it included."""
    unreached: int = 0
    """Of these, replications that do not reach it; if there are any, the value is infinite and has no interval."""

    def document(self) -> dict[str, float | int | None]:
        """Return it for JSON: null where a number is not finite; `n` and `unreached` say why."""
        ends = {name: value if math.isfinite(value) else None for name, value in zip(_ENDS, self[:3], strict=True)}
        return {**ends, "n": self.n, "unreached": self.unreached}


_ENDS = ("value", "low", "high")


def mean_interval(values: Sequence[float], confidence: float = CONFIDENCE) -> Estimate:
    """Return the mean of independent replications with its Student t interval.

    One replication alone gives a value and no interval. If a replication does not reach the number, there is no mean.

    Law (2015), Simulation Modeling and Analysis, equation 4.12.
    """
    defined = [value for value in values if not math.isnan(value)]
    count, unreached = len(defined), sum(map(math.isinf, defined))
    if not defined:
        return Estimate(math.nan, math.nan, math.nan)
    if unreached:
        return Estimate(math.inf, math.nan, math.nan, count, unreached)
    mean = math.fsum(defined) / count
    if count == 1:
        return Estimate(mean, math.nan, math.nan, count)
    variance = math.fsum((value - mean) ** 2 for value in defined) / (count - 1)
    half = t_quantile(count - 1, confidence) * math.sqrt(variance / count)
    return Estimate(mean, mean - half, mean + half, count)


def t_quantile(freedom: float, confidence: float) -> float:
    """Return how many standard errors a two-sided Student t interval reaches."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, (1 + confidence) / 2))


def growth_a_day(stock: Sequence[float]) -> float:
    """Return by how many trucks a day the stock of a replication grows; NaN if it has too few days to tell.

    From more than a week on, days are compared with the same weekday a week earlier, so that closed weekends do not
    count as growth; of fewer days, it is the slope of the least-squares line.
    """
    if len(stock) > A_WEEK:
        gaps = [after - before for before, after in zip(stock, stock[A_WEEK:], strict=False)]
        return math.fsum(gaps) / len(gaps) / A_WEEK
    if len(stock) < 3:
        return math.nan
    middle = (len(stock) - 1) / 2
    weights = [day - middle for day in range(len(stock))]
    return math.fsum(w * s for w, s in zip(weights, stock, strict=True)) / math.fsum(w * w for w in weights)


def is_overload(growth: Estimate, arrivals: Estimate, released: Estimate) -> bool:
    """Tell whether the stock grows beyond doubt and notably, because more trucks arrive than are released."""
    return growth.low > 0 and growth.value >= NOTABLE_GROWTH * arrivals.value and arrivals.low > released.value
