"""The best of several options by simulation, with a stated guarantee, on common random numbers.

The procedure of Kim and Nelson (2001), A fully sequential procedure for indifference-zone selection in simulation, ACM
Transactions on Modeling and Computer Simulation 11(3): all options get a first stage of replications; then one more at
a time, until the sums of all but one have fallen behind by more than chance explains. It uses the variance of paired
differences, so common random numbers make it end sooner. If values are normal and the best is better than every other
by the margin at least, it names the best with the confidence asked for; it names one whose mean is within the margin
of the best where several are that close.

Options that are still there at the cap are not told apart; the one with the best mean is named, and the guarantee does
not hold.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from experiments.runs.statistics import t_quantile

Floats = npt.NDArray[np.float64]
Sample = Callable[[Sequence[str], range], Mapping[str, Floats]]
"""Options and numbers of replications -> (replications,) values of each; more is better."""


class Selection(NamedTuple):
    """What a selection found."""

    best: str
    left: tuple[str, ...]
    """Options that were never shown to be behind; the best alone if the guarantee holds."""
    values: dict[str, Floats]
    """Option -> all values drawn, (replications,): more for those that stayed longer."""
    decided: bool
    """Whether it ended before the cap, so that the guarantee holds."""

    @property
    def drawn(self) -> int:
        """Replications that it took, of all options together."""
        return sum(values.size for values in self.values.values())


def select(
    names: Sequence[str],
    sample: Sample,
    *,
    margin: float,
    first: int,
    at_most: int,
    confidence: float = 0.95,
    step: int = 1,
) -> Selection:
    """Return the best of some options.

    Parameters
    ----------
    sample
        Gives the values of options for replications; called for the first stage, then with what is left.
    margin
        Smallest difference worth detecting (indifference zone); above 0.
    first
        Replications of the first stage, at least 3.
    at_most
        Replications of an option at which it ends in any case.
    step
        Replications between two looks.
    """
    values = {name: np.asarray(found, np.float64) for name, found in sample(names, range(first)).items()}
    alive = list(names)
    if len(alive) == 1:
        return Selection(alive[0], tuple(alive), values, decided=True)
    allowance = _allowances(np.array([values[name] for name in names]), margin, 1 - confidence)
    number = {name: n for n, name in enumerate(names)}
    count = first
    while True:
        alive = _left(alive, number, values, allowance, margin, count)
        if len(alive) == 1 or count >= at_most:
            break
        more = range(count, min(count + step, at_most))
        for name, found in sample(alive, more).items():
            values[name] = np.concatenate([values[name], found])
        count = more.stop
    best = max(alive, key=lambda name: float(values[name].mean()))
    return Selection(best, tuple(alive), values, decided=len(alive) == 1)


def _allowances(table: Floats, margin: float, alpha: float) -> Floats:
    """Return (options, options) h² S² / margin² of each pair: what the boundaries of a race start from."""
    options, first = table.shape
    eta = 0.5 * ((2 * alpha / (options - 1)) ** (-2 / (first - 1)) - 1)
    gaps = table[:, np.newaxis, :] - table[np.newaxis, :, :]
    return np.asarray(2 * eta * (first - 1) * gaps.var(axis=2, ddof=1) / margin**2, np.float64)


def _left(
    alive: list[str],
    number: Mapping[str, int],
    values: Mapping[str, Floats],
    allowance: Floats,
    margin: float,
    count: int,
) -> list[str]:
    """Return the options that no other one has left behind after `count` replications."""
    sums = {name: float(values[name][:count].sum()) for name in alive}

    def behind(name: str, other: str) -> bool:
        bound = margin / 2 * max(0.0, float(allowance[number[name], number[other]]) - count)
        return sums[other] - sums[name] > bound

    kept = [name for name in alive if not any(behind(name, other) for other in alive if other != name)]
    return kept or [max(alive, key=sums.__getitem__)]


def rivals(chosen: Selection, confidence: float = 0.95) -> tuple[str, ...]:
    """Return the options left that may be as good as the one chosen.

    Where a selection has reached its cap, its boundaries, which a small margin sets far apart, say little of options
    that are clearly behind. Those whose paired difference from the chosen one lies above zero are no rivals, with this
    confidence for all of them together: multiple comparisons with the best under common random numbers (Yang and
    Nelson 1991, Operations Research 39(4)), one-sided, by Bonferroni over all options of the selection.
    """
    found = []
    for name in chosen.left:
        common = min(chosen.values[name].size, chosen.values[chosen.best].size)
        gaps = chosen.values[chosen.best][:common] - chosen.values[name][:common]
        error = float(gaps.std(ddof=1)) / math.sqrt(common)
        reach = t_quantile(common - 1, 1 - 2 * (1 - confidence) / (len(chosen.values) - 1)) if error else 0.0
        if name != chosen.best and gaps.mean() - reach * error <= 0:
            found.append(name)
    return tuple(found)


def chance_of_front(costs: Sequence[float], values: Floats, *, resamples: int = 2000, seed: int = 1) -> Floats:
    """Return (options,) how probable it is that no cheaper or equally dear option is better.

    Paired bootstrap over replications (Efron and Tibshirani 1993, chapter 8).

    Parameters
    ----------
    values
        (options, replications) more is better.
    """
    order = np.argsort(np.asarray(costs, np.float64), kind="stable")
    generator = np.random.Generator(np.random.Philox(seed))
    n = values.shape[1]
    weights = generator.multinomial(n, np.full(n, 1 / n), size=resamples) / n
    means = (weights @ values.T)[:, order]
    best_before = np.maximum.accumulate(means, axis=1)
    shares = np.empty(len(costs))
    on_front = np.ones_like(means, np.bool_)
    on_front[:, 1:] = means[:, 1:] > best_before[:, :-1]
    shares[order] = on_front.mean(axis=0)
    return shares


def likely_share(estimate: float, error: float) -> float:
    """Return an effect shrunk by what is noise in it: zero where it is no larger than its standard error.

    The positive-part estimator of James and Stein (1961) for one effect.
    """
    return estimate * max(0.0, 1 - (error / estimate) ** 2) if estimate and math.isfinite(error) else 0.0
