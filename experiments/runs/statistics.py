"""Intervals over replications, and over batches of one long run.

A number of a replication is one of three: reached (finite), *unreached* (infinite: a percentile that lies beyond the
end of the run, so larger than any that is reached), or *undefined* (NaN: nothing to measure, such as a class without a
truck). Unreached values are never left out; undefined ones are, and `n` counts what remains.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

CONFIDENCE = 0.95
BATCHES = 10
"""Parts into which one long run is cut for an interval."""
FEWEST_BATCH_DAYS = 7
"""Days of a batch, at least: each has every day of the week, and lasts longer than most stays."""
ONE_SIDED_5 = 1.6449
"""Normal value that is exceeded with a chance of 5 %."""
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


def batch_interval(value: float, batches: Sequence[float], confidence: float = CONFIDENCE) -> Estimate:
    """Return a number of one long run with the interval that its batches give: Student t around the whole run's value.

    Of a mean these are batch means (Law 2015, section 9.5.3), of a percentile nonoverlapping batch quantiles (Seila
    1982, A batching approach to quantile estimation in regenerative simulations, Management Science 28(5)). Batches
    must be as good as independent: where von Neumann's ratio shows at the 5 % level that neighbours are alike, there is
    no interval, nor where a batch does not reach the number.

    Parameters
    ----------
    value
        The number in the whole run.
    batches
        The same number in each batch of the run, in order.
    """
    count = len(batches)
    if count < 3 or not all(map(math.isfinite, (value, *batches))) or neighbours_alike(batches):
        return mean_interval([value])
    mean = math.fsum(batches) / count
    variance = math.fsum((each - mean) ** 2 for each in batches) / (count - 1)
    half = t_quantile(count - 1, confidence) * math.sqrt(variance / count)
    return Estimate(value, value - half, value + half, 1)


def neighbours_alike(values: Sequence[float]) -> bool:
    """Tell whether neighbours are more alike than by chance, at the 5 % level.

    Von Neumann's ratio of the mean square successive difference to the variance, in the form of Young (1941), On
    randomness in ordered sequences, Annals of Mathematical Statistics 12(3): one less half of it has mean 0 and
    variance (n - 2) / (n^2 - 1) for independent normal values.
    """
    n, mean = len(values), math.fsum(values) / len(values)
    spread = math.fsum((each - mean) ** 2 for each in values)
    if spread == 0:
        return False
    steps = math.fsum((after - before) ** 2 for before, after in itertools.pairwise(values))
    return 1 - steps / (2 * spread) > ONE_SIDED_5 * math.sqrt((n - 2) / (n * n - 1))


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


def unreleased_a_day(arrived: Sequence[float], released: Sequence[float]) -> float:
    """Return by how many trucks a day more arrive than are released, from both by day; NaN as for `growth_a_day`.

    A stock that is counted `until-crossing` does not see trucks that wait beyond the border; this does. Trucks that
    turn back count as not released, and second loads as released.
    """
    return growth_a_day(list(itertools.accumulate(a - r for a, r in zip(arrived, released, strict=True))))


def is_overload(growth: Estimate, arrivals: Estimate, released: Estimate) -> bool:
    """Tell whether the stock grows beyond doubt and notably, because more trucks arrive than are released."""
    return growth.low > 0 and growth.value >= NOTABLE_GROWTH * arrivals.value and arrivals.low > released.value
