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
