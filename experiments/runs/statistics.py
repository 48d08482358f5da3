"""Intervals over replications."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

CONFIDENCE = 0.95


class Estimate(NamedTuple):
    """A mean over replications with its confidence interval; NaN where undefined."""

    value: float
    low: float
    high: float


def mean_interval(values: Sequence[float], confidence: float = CONFIDENCE) -> Estimate:
    """Return the mean of independent replications with its Student t interval.

    Replications in which the number is undefined (NaN: no truck to measure) are left out. One replication
    alone gives a value and no interval.

    Law (2015), Simulation Modeling and Analysis, equation 4.12.
    """
    known = [value for value in values if not math.isnan(value)]
    if not known:
        return Estimate(math.nan, math.nan, math.nan)
    mean = math.fsum(known) / len(known)
    if len(known) == 1:
        return Estimate(mean, math.nan, math.nan)
    from scipy.special import stdtrit

    variance = math.fsum((value - mean) ** 2 for value in known) / (len(known) - 1)
    half = float(stdtrit(len(known) - 1, (1 + confidence) / 2)) * math.sqrt(variance / len(known))
    return Estimate(mean, mean - half, mean + half)
