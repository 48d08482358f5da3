"""Which scenario is better, and how sure: paired differences with simultaneous intervals, on common random numbers.

Replication r of every scenario has the same draws, so scenarios are compared replication by replication: what luck
did to both falls out of the difference.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from experiments.runs.statistics import CONFIDENCE, Estimate, mean_interval

Floats = npt.NDArray[np.float64]
RESAMPLES = 10_000


class Difference(NamedTuple):
    """A scenario less another, in one metric."""

    scenario: str
    against: str
    value: float
    """Mean of the paired differences, in the metric's unit."""
    low: float
    """Ends of the interval; all intervals of the family hold together with 95 %."""
    high: float
    percent: float
    """The difference over the mean of the other [%]."""
    percent_low: float
    percent_high: float
    p: float
    """Two-sided p-value of no difference, adjusted for the family."""
    variance_ratio: float
    """Variance of the difference with independent draws over that with common ones."""

    @property
    def sure(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0


Adjustment = Literal["holm", "bonferroni"]


def against_base(values: Mapping[str, Floats], base: str, adjustment: Adjustment = "holm") -> list[Difference]:
    """Compare every scenario with the base.

    Parameters
    ----------
    values
        Scenario -> (replications,) one metric; NaN where undefined.
    """
    return family(values, [(name, base) for name in values if name != base], adjustment)


def all_pairs(values: Mapping[str, Floats], adjustment: Adjustment = "holm") -> list[Difference]:
    """Compare every scenario with every other."""
    return family(values, [(b, a) for a, b in combinations(values, 2)], adjustment)


def family(
    values: Mapping[str, Floats], pairs: Sequence[tuple[str, str]], adjustment: Adjustment = "holm"
) -> list[Difference]:
    """Compare pairs (scenario, against); intervals hold together (Bonferroni, Law 2015, equation 10.5)."""
    count = max(len(pairs), 1)
    found = [_difference(values, pair, 1 - (1 - CONFIDENCE) / count) for pair in pairs]
    adjusted = adjusted_p([difference.p for difference in found], adjustment)
    return [difference._replace(p=p) for difference, p in zip(found, adjusted, strict=True)]


def _difference(values: Mapping[str, Floats], pair: tuple[str, str], confidence: float) -> Difference:
    scenario, against = pair
    both = ~np.isnan(values[scenario]) & ~np.isnan(values[against])
    a, b = values[scenario][both], values[against][both]
    gap = mean_interval((a - b).tolist(), confidence)
    percent = ratio_interval(a, b, confidence)
    return Difference(scenario, against, *gap, *percent, p_value(a - b), _variance_ratio(a, b))


def ratio_interval(a: Floats, b: Floats, confidence: float) -> Estimate:
    """Return 100 (mean a / mean b - 1) with its interval [%].

    Ratio of means of pairs, by linearisation: Cochran (1977), Sampling Techniques, section 6.3.
    """
    if not b.size or b.mean() == 0:
        return Estimate(math.nan, math.nan, math.nan)
    ratio = a.mean() / b.mean()
    residual = mean_interval((100 * (a - ratio * b) / b.mean()).tolist(), confidence)
    middle = 100 * (ratio - 1)
    return Estimate(middle, middle + residual.low - residual.value, middle + residual.high - residual.value)


def p_value(differences: Floats) -> float:
    """Return the two-sided p-value of the paired t test that the mean difference is zero."""
    n = differences.size
    if n < 2:
        return math.nan
    mean, spread = differences.mean(), differences.std(ddof=1)
    if spread <= 1e-12 * max(abs(mean), 1e-300):
        return 1.0 if mean == 0 else 0.0
    from scipy.special import stdtr

    return float(2 * stdtr(n - 1, -abs(mean) / spread * math.sqrt(n)))


def adjusted_p(p: Sequence[float], adjustment: Adjustment) -> list[float]:
    """Return p-values adjusted for their number: Holm (1979) step-down, or Bonferroni. NaN counts as 1."""
    known = [1.0 if math.isnan(value) else value for value in p]
    count = len(known)
    if adjustment == "bonferroni":
        return [min(1.0, count * value) for value in known]
    order = sorted(range(count), key=known.__getitem__)
    found, highest = [0.0] * count, 0.0
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, (count - rank) * known[index]))
        found[index] = highest
    return found


def _variance_ratio(a: Floats, b: Floats) -> float:
    if a.size < 2:
        return math.nan
    common, independent = float((a - b).var(ddof=1)), float(a.var(ddof=1) + b.var(ddof=1))
    return independent / common if common > 0 else math.inf if independent > 0 else math.nan


def probability_best(values: Mapping[str, Floats], *, higher_is_better: bool, seed: int = 1) -> dict[str, float]:
    """Return how probable it is that each scenario has the best true mean; ties share.

    Paired bootstrap over replications (Efron and Tibshirani 1993, chapter 8): the share of resamples in which the
    scenario's mean is the best one. Differences from one scenario to the next keep what common draws brought.
    """
    table = np.array([values[name] for name in values])
    table = table[:, ~np.isnan(table).any(axis=0)]
    if table.shape[1] < 2:
        return dict.fromkeys(values, math.nan)
    generator = np.random.Generator(np.random.Philox(seed))
    wins = np.zeros(len(values))
    n = table.shape[1]
    for _ in range(10):  # in parts, so that memory stays small
        weights = generator.multinomial(n, np.full(n, 1 / n), size=RESAMPLES // 10) / n
        means = weights @ table.T
        best = means.max(axis=1, keepdims=True) if higher_is_better else means.min(axis=1, keepdims=True)
        winners = np.isclose(means, best, rtol=1e-12, atol=0)
        wins += (winners / winners.sum(axis=1, keepdims=True)).sum(axis=0)
    return dict(zip(values, (wins / RESAMPLES).tolist(), strict=True))


class Effect(NamedTuple):
    """A main effect, or an interaction, of factors with two values."""

    factors: tuple[str, ...]
    value: float
    low: float
    high: float


def factorial_effects(values: Mapping[tuple[bool, ...], Floats], factors: Sequence[str]) -> list[Effect]:
    """Return main effects and two-way interactions of a full factorial design with two values a factor.

    Parameters
    ----------
    values
        Which factors are at their second value -> (replications,) one metric; all combinations are there.
    factors
        Their names.

    The effect of a factor is the mean change of the metric when it goes from the first to the second value; that of
    two is half the difference between the effect of one with and without the other (Law 2015, section 12.2). A
    contrast is taken in each replication, so that intervals use common draws; intervals hold together (Bonferroni).
    """
    points = list(values)
    wanted = [(n,) for n in range(len(factors))] + list(combinations(range(len(factors)), 2))
    signs = np.array([[1.0 if on else -1.0 for on in point] for point in points])
    table = np.array([values[point] for point in points])
    scale = len(points) / 2
    found = []
    for chosen in wanted:
        contrast = np.prod(signs[:, list(chosen)], axis=1) @ table / scale
        estimate = mean_interval(contrast.tolist(), 1 - (1 - CONFIDENCE) / len(wanted))
        found.append(Effect(tuple(factors[n] for n in chosen), *estimate))
    return found
