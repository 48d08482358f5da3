"""Which scenario is better, and how clear that is: differences with simultaneous intervals.

Replication r of every scenario has the same draws (common random numbers), so scenarios are compared replication by
replication: what chance did to both cancels. Each difference carries one interval and one p-value of the same test at
the same simultaneous level (Bonferroni), so that p < 0.05 exactly where the interval leaves out zero.

Three procedures:

- `paired t`: the mean of the paired differences (Law 2015, section 10.2.1);
- `sign`: where a value is unreached (infinite), the median of the paired differences with its order-statistic
  interval and the sign test (David and Nagaraja 2003, section 7.1; Conover 1999, section 3.4). Pairs in which neither
  scenario reaches the number count against either answer;
- `Welch`: runs that do not meet the same trucks on the same days, which are not paired (Welch 1947; Law
  2015, section 10.2.2).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from experiments.runs.statistics import CONFIDENCE, Estimate, mean_interval, t_quantile

Floats = npt.NDArray[np.float64]
Method = Literal["paired t", "sign", "Welch", "none"]
RESAMPLES = 10_000
FEWEST = 3
"""Replications below which nothing is concluded."""
NAN = math.nan
_NOTHING = Estimate(NAN, NAN, NAN)


class Difference(NamedTuple):
    """A scenario less another, in one metric."""

    scenario: str
    against: str
    value: float
    """Mean of the paired differences (median with the sign test), in the metric's unit."""
    low: float
    """Ends of the interval; all intervals of the family hold together with 95 %. NaN below three replications."""
    high: float
    percent: float
    """The difference over the mean of the other [%]; NaN with the sign test."""
    percent_low: float
    percent_high: float
    p: float
    """Two-sided p-value of no difference, adjusted for the family; NaN below three replications."""
    variance_ratio: float
    """Variance of the difference with independent draws over that with common ones."""
    n: int = 0
    """Replications in which the number is defined in both."""
    unreached: int = 0
    """Of these, replications in which the scenario does not reach the number."""
    against_unreached: int = 0
    """Of these, replications in which the other does not."""
    method: Method = "none"

    @property
    def clear(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0

    def __str__(self) -> str:
        """Return `−0.452 (95 % interval −0.498 to −0.407), −1.41 %`, in the metric's unit."""
        value, low, high, percent = (f"{number:+.3g}".replace("-", "−") for number in self[2:6])
        if math.isnan(self.low):
            return f"{value} (no interval)"
        return f"{value} (95 % interval {low} to {high})" + ("" if math.isnan(self.percent) else f", {percent} %")


def against_base(values: Mapping[str, Floats], base: str) -> list[Difference]:
    """Compare every scenario with the base.

    Parameters
    ----------
    values
        Scenario -> (replications,) one metric; NaN where undefined, infinite where unreached.
    """
    return family(values, [(name, base) for name in values if name != base])


def all_pairs(values: Mapping[str, Floats]) -> list[Difference]:
    """Compare every scenario with every other."""
    return family(values, [(b, a) for a, b in combinations(values, 2)])


def family(values: Mapping[str, Floats], pairs: Sequence[tuple[str, str]]) -> list[Difference]:
    """Compare pairs (scenario, against); intervals hold together (Bonferroni, Law 2015, equation 10.5)."""
    count = max(len(pairs), 1)
    compared = [difference(values, pair, simultaneous(count)) for pair in pairs]
    return [each._replace(p=float(np.minimum(1.0, count * each.p))) for each in compared]


def simultaneous(count: int) -> float:
    """Return the confidence of each of `count` intervals that hold together with 95 %."""
    return 1 - (1 - CONFIDENCE) / max(count, 1)


def difference(values: Mapping[str, Floats], pair: tuple[str, str], confidence: float) -> Difference:
    """Compare one pair (scenario, against), its p-value not adjusted."""
    scenario, against = pair
    both = ~np.isnan(values[scenario]) & ~np.isnan(values[against])
    a, b = values[scenario][both], values[against][both]
    counts = (int(both.sum()), int(np.isinf(a).sum()), int(np.isinf(b).sum()))
    if np.isinf(a).any() or np.isinf(b).any():
        gap, p = median_interval(a, b, confidence)
        return Difference(scenario, against, *gap[:3], NAN, NAN, NAN, p, NAN, *counts, "sign")
    if a.size < FEWEST:
        value = float((a - b).mean()) if a.size else NAN
        percent = ratio_interval(a, b, confidence).value
        return Difference(scenario, against, value, NAN, NAN, percent, NAN, NAN, NAN, NAN, *counts, "none")
    gap = mean_interval((a - b).tolist(), confidence)
    ratio = ratio_interval(a, b, confidence)
    variances = _variance_ratio(a, b)
    return Difference(scenario, against, *gap[:3], *ratio[:3], p_value(a - b), variances, *counts, "paired t")


def median_interval(a: Floats, b: Floats, confidence: float) -> tuple[Estimate, float]:
    """Return the median of the paired differences a - b with its order-statistic interval, and p of the sign test.

    Values may be infinite. A pair of two infinite values may differ by anything: it stands at the lower end for the
    lower limit and at the upper end for the upper one.
    """
    with np.errstate(invalid="ignore"):
        gap = a - b
    n = gap.size
    if n < FEWEST:
        return _NOTHING, NAN
    lows, highs = (np.sort(np.where(np.isnan(gap), end, gap)) for end in (-np.inf, np.inf))
    middle = _median(lows), _median(highs)
    chances = np.cumsum([math.comb(n, k) for k in range(n + 1)]) / 2.0**n
    left_out = int(np.searchsorted(chances, (1 - confidence) / 2, side="right"))
    low = float(lows[left_out - 1]) if left_out else -math.inf
    high = float(highs[n - left_out]) if left_out else math.inf
    value = middle[0] if middle[0] == middle[1] else NAN
    agreeing = max(int((gap > 0).sum()), int((gap < 0).sum()))
    return Estimate(value, low, high, n), min(1.0, 2 * float(chances[n - agreeing]))


def _median(ordered: Floats) -> float:
    """Return the middle of sorted values, infinite ones included."""
    low, high = float(ordered[(ordered.size - 1) // 2]), float(ordered[ordered.size // 2])
    return low if low == high else (low + high) / 2


def unpaired(name: str, a: Floats, against: str, b: Floats, confidence: float = CONFIDENCE) -> Difference:
    """Compare runs that do not share their draws (other seeds or days), by Welch's interval.

    A number that a run does not reach cannot be compared so; the interval and p are NaN then.
    """
    a, b = a[~np.isnan(a)], b[~np.isnan(b)]
    counts = (min(a.size, b.size), int(np.isinf(a).sum()), int(np.isinf(b).sum()))
    if counts[0] < FEWEST or counts[1] or counts[2]:
        return Difference(name, against, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, *counts, "none")
    value, over = float(a.mean() - b.mean()), float(b.mean())
    parts = float(a.var(ddof=1)) / a.size, float(b.var(ddof=1)) / b.size
    error = math.sqrt(sum(parts))
    if error == 0:
        half, p = 0.0, 1.0 if value == 0 else 0.0
    else:
        freedom = sum(parts) ** 2 / (parts[0] ** 2 / (a.size - 1) + parts[1] ** 2 / (b.size - 1))
        half, p = t_quantile(freedom, confidence) * error, _two_sided(value / error, freedom)
    percent = 100 * value / over if over else NAN
    return Difference(name, against, value, value - half, value + half, percent, NAN, NAN, p, 1.0, *counts, "Welch")


def ratio_interval(a: Floats, b: Floats, confidence: float) -> Estimate:
    """Return 100 (mean a / mean b - 1) with its interval [%].

    Ratio of means of pairs, by linearisation: Cochran (1977), Sampling Techniques, section 6.3.
    """
    if not b.size or b.mean() == 0:
        return _NOTHING
    ratio = a.mean() / b.mean()
    residual = mean_interval((100 * (a - ratio * b) / b.mean()).tolist(), confidence)
    middle = float(100 * (ratio - 1))
    return Estimate(middle, middle + residual.low - residual.value, middle + residual.high - residual.value)


def p_value(differences: Floats) -> float:
    """Return the two-sided p-value of the paired t test that the mean difference is zero."""
    n = differences.size
    if n < 2:
        return NAN
    mean, spread = float(differences.mean()), float(differences.std(ddof=1))
    if spread <= 1e-12 * max(abs(mean), 1e-300):
        return 1.0 if mean == 0 else 0.0
    return _two_sided(mean / spread * math.sqrt(n), n - 1)


def _two_sided(errors: float, freedom: float) -> float:
    from scipy.special import stdtr

    return float(2 * stdtr(freedom, -abs(errors)))


def _variance_ratio(a: Floats, b: Floats) -> float:
    common, independent = float((a - b).var(ddof=1)), float(a.var(ddof=1) + b.var(ddof=1))
    return independent / common if common > 0 else math.inf if independent > 0 else NAN


def replications_needed(half: float, n: int, target: float, confidence: float) -> int:
    """Return about how many replications bring the half-width of an interval down to `target`.

    The variance is that of the n replications there are (Law 2015, section 9.4.1).
    """
    spread = half * math.sqrt(n) / t_quantile(n - 1, confidence)

    def is_enough(count: int) -> bool:
        return t_quantile(count - 1, confidence) * spread / math.sqrt(count) <= target

    least, most = 2, n
    while not is_enough(most):
        most *= 2
    while least < most:
        middle = (least + most) // 2
        least, most = (least, middle) if is_enough(middle) else (middle + 1, most)
    return most


def probability_best(values: Mapping[str, Floats], *, higher_is_better: bool, seed: int = 1) -> dict[str, float]:
    """Return how probable it is that each scenario has the best true mean; ties share.

    Paired bootstrap over replications (Efron and Tibshirani 1993, chapter 8): the share of resamples in which the
    scenario's mean is the best one. Differences from one scenario to the next keep what common draws brought. With
    unreached values the best is the one with the fewest of them, and the best mean of the others among equals. Below
    three replications there is no probability.
    """
    table = np.array([values[name] for name in values])
    table = table[:, ~np.isnan(table).any(axis=0)]
    n = table.shape[1]
    if n < FEWEST:
        return dict.fromkeys(values, NAN)
    generator = np.random.Generator(np.random.Philox(seed))
    beyond = np.isinf(table)
    reached = np.where(beyond, 0.0, table if not higher_is_better else -table)
    penalty = 1e6 * (1 + np.abs(reached).max())
    wins = np.zeros(len(values))
    for _ in range(10):  # in parts, so that memory stays small
        weights = generator.multinomial(n, np.full(n, 1 / n), size=RESAMPLES // 10) / n
        means = weights @ reached.T + penalty * (weights @ beyond.T)
        winners = np.isclose(means, means.min(axis=1, keepdims=True), rtol=1e-12, atol=0)
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
    A metric that a replication does not reach has no effects: they are NaN.
    """
    points = list(values)
    wanted = [(n,) for n in range(len(factors))] + list(combinations(range(len(factors)), 2))
    signs = np.array([[1.0 if on else -1.0 for on in point] for point in points])
    table = np.array([values[point] for point in points])
    table = np.where(np.isinf(table), NAN, table)
    complete = not np.isnan(table).any() and table.shape[1] >= FEWEST
    scale = len(points) / 2
    effects = []
    for chosen in wanted:
        contrast = np.prod(signs[:, list(chosen)], axis=1) @ table / scale
        estimate = mean_interval(contrast.tolist(), simultaneous(len(wanted))) if complete else _NOTHING
        effects.append(Effect(tuple(factors[n] for n in chosen), *estimate[:3]))
    return effects
