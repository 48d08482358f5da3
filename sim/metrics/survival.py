"""How long it takes until the release, when some trucks are still inside at the end (Kaplan and Meier 1958).

A truck that is not released at the end tells that its clearance takes longer than the time it has been there
(right-censored). Leaving it out would make a jammed gate look quick.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.arrays import Indices
from sim.clock import Ticks
from sim.jit import kernel
from sim.metrics.durations import Durations, Ended, Histogram, Values, cell_last, cell_of

Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_ROUNDING = 1e-12
"""Shares that differ by no more than this, relatively, are taken as equal."""


@dataclass(frozen=True, eq=False)
class Survival:
    """An estimated distribution of durations."""

    ended: Ended
    """Durations that ended."""
    cuts: Counts
    """(censored,) times that ended within the time that each which had not ended stays at risk, ascending."""
    factor: Floats
    """(censored + 1,) what the first, the first two, ... of them correct the share by; 1 before the first."""
    mean: float
    """Area under the curve up to the longest time seen [tick]; NaN without any duration, infinite if none ended."""

    @property
    def longer(self) -> Floats:
        """(times,) estimated share of durations longer than each time [1]."""
        n = self.ended.gone[-1] + self.cuts.size
        cut = np.searchsorted(self.cuts, np.arange(self.ended.time.size), side="right")
        return np.asarray((n - self.ended.gone[1:] - cut) / n * self.factor[cut], np.float64)

    def quantiles(self, percent: Floats) -> Floats:
        """Return the shortest times within which `percent` of them end [tick].

        A time that is not reached lies beyond the last one: it is infinite, larger than any that is reached. Without
        any duration there is nothing to reach: NaN.
        """
        shares = (100.0 - percent) / 100.0 * (1 + _ROUNDING)
        quantiles = np.full(percent.size, np.nan if np.isnan(self.mean) else np.inf)
        find_quantiles(self.ended.time, self.ended.gone, self.cuts, self.factor, shares, quantiles)
        return quantiles


@kernel
def find_quantiles(time: Ticks, gone: Counts, cuts: Counts, factor: Floats, shares: Floats, out: Floats) -> None:
    """Write to `out` the first time at which `Survival.longer` is no more than each of `shares`.

    It falls with each time by at least one part in the number of durations, far more than it is rounded by. So it is
    looked for between two censored durations, then by halving, and worked out only where it is looked at.
    """
    n, cut = gone[-1] + cuts.size, 0
    for which in range(shares.size):
        if which > 0 and shares[which] > shares[which - 1]:
            cut = 0
        while cut < cuts.size and (cuts[cut] == 0 or (n - gone[cuts[cut]] - cut) / n * factor[cut] > shares[which]):
            cut += 1
        low = cuts[cut - 1] if cut > 0 else 0
        high = cuts[cut] if cut < cuts.size else time.size
        while low < high:
            middle = (low + high) // 2
            if (n - gone[middle + 1] - cut) / n * factor[cut] <= shares[which]:
                high = middle
            else:
                low = middle + 1
        if low < time.size:
            out[which] = time[low]


def kaplan_meier(ended: Ended, censored: Ticks) -> Survival:
    r"""Estimate the distribution of durations of which some were cut short.

    The product-limit estimator (Kaplan and Meier 1958, section 2), the product of :math:`1 - d_i / n_i`
    over the end times, is written as the share not yet gone, corrected for each censoring:

    .. math:: S(t) = \frac{r(t)}{n} \prod_{c_j < t} \frac{r_j}{r_j - 1}

    with :math:`r_j` at risk just before the j-th censoring. So it needs one factor a censored duration, and
    is an exact fraction if there is none. The mean is the area under the curve up to the longest time seen
    (restricted mean, Irwin 1949); where nothing ended that says nothing, and it is infinite.

    A censored duration stays at risk to the end of its cell in the histogram of `sim.metrics.durations` (at most
    2**-11 longer), so that the estimate from cells has the same steps as the one from values.

    Parameters
    ----------
    ended
        Durations that ended.
    censored
        (censored,) durations that had not ended yet [tick].
    """
    gone = ended.gone
    n = int(gone[-1]) + censored.size
    if not (ended.time.size and censored.size):
        none = np.zeros(censored.size, np.int64)
        mean = float(ended.total.sum()) / n if ended.time.size else np.inf if n else np.nan
        return Survival(ended, none, np.ones(censored.size + 1, np.float64), mean)
    censored = np.sort(censored)
    at_risk_until = cell_last(cell_of(censored))
    place = np.searchsorted(ended.time, at_risk_until, side="right")
    at_risk = n - gone[place] - np.arange(censored.size)
    factor = np.asarray(np.cumprod(np.concatenate(([1.0], at_risk / np.maximum(at_risk - 1, 1)))), np.float64)
    total = np.concatenate(([0], np.cumsum(ended.total)))
    between = np.diff(total[np.concatenate(([0], place, [ended.time.size]))])
    area = float(between @ factor) / n
    cut = int(np.searchsorted(place, ended.time.size - 1, side="right"))
    longest = (n - int(gone[-1]) - cut) / n * float(factor[cut])
    if longest > 0:
        area += longest * float(censored[-1])
    return Survival(ended, place, factor, area)


class CensoredTimes:
    """Durations of trucks by row, of which some are cut short by the end of the run."""

    def __init__(self, rows: int, longest: int, exact: bool) -> None:
        self._durations: Durations = Values(rows) if exact else Histogram(rows, longest)
        self._rows = rows
        self._cut: tuple[Indices, Ticks] = np.empty(0, np.int32), np.empty(0, np.int64)

    def add(self, row: Indices, duration: Ticks) -> None:
        """Add durations that ended [tick], each to its row."""
        self._durations.add(row, duration)

    def cut_short(self, row: Indices, duration: Ticks) -> None:
        """Say which durations have not ended when the run ends [tick]."""
        self._cut = row, duration

    def cut(self, rows: Sequence[int]) -> Ticks:
        """Return the durations of some rows that have not ended [tick]."""
        mine = np.zeros(self._rows, np.bool_)
        mine[list(rows)] = True
        return self._cut[1][mine[self._cut[0]]]

    def survival(self, rows: Sequence[int]) -> Survival:
        """Return the distribution of the durations of some rows together."""
        return kaplan_meier(self._durations.ended(rows), self.cut(rows))
