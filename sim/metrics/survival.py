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
from sim.metrics.durations import Durations, Ended, Histogram, Values, cell_last, cell_of

Floats = npt.NDArray[np.float64]

_ROUNDING = 1e-12
"""Shares that differ by no more than this, relatively, are taken as equal."""


@dataclass(frozen=True, eq=False)
class Survival:
    """An estimated distribution of durations."""

    time: Ticks
    """(times,) at which a duration ended, ascending [tick]."""
    longer: Floats
    """(times,) estimated share of durations longer than each time [1]."""
    mean: float
    """Area under the curve up to the longest time seen [tick]; NaN without any duration, infinite if none ended."""

    def quantiles(self, percent: Floats) -> Floats:
        """Return the shortest times within which `percent` of them end [tick].

        A time that is not reached lies beyond the last one: it is infinite, larger than any that is reached. Without
        any duration there is nothing to reach: NaN.
        """
        shares = (100.0 - percent) / 100.0 * (1 + _ROUNDING)
        place = np.searchsorted(-self.longer, -shares, side="left")
        times = np.append(self.time.astype(np.float64), np.nan if np.isnan(self.mean) else np.inf)
        return np.asarray(times[place], np.float64)


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
    n = int(ended.trucks.sum()) + censored.size
    if n == 0:
        return Survival(ended.time, np.empty(0), np.nan)
    if not ended.time.size:
        return Survival(ended.time, np.empty(0), np.inf)
    censored = np.sort(censored)
    at_risk_until = cell_last(cell_of(censored))
    gone = np.concatenate(([0], np.cumsum(ended.trucks)))
    place = np.searchsorted(ended.time, at_risk_until, side="right")
    at_risk = n - gone[place] - np.arange(censored.size)
    factor = np.cumprod(np.concatenate(([1.0], at_risk / np.maximum(at_risk - 1, 1))))
    cut = np.searchsorted(at_risk_until, ended.time, side="left")
    longer = np.minimum.accumulate((n - gone[1:] - cut) / n * factor[cut])

    total = np.concatenate(([0], np.cumsum(ended.total)))
    between = np.diff(total[np.concatenate(([0], place, [ended.time.size]))])
    area = float(between @ factor) / n
    if longer[-1] > 0:
        area += float(longer[-1]) * float(censored[-1])
    return Survival(ended.time, longer, area)


class CensoredTimes:
    """Durations of trucks by row, of which some are cut short by the end of the run."""

    def __init__(self, rows: int, longest: int, exact: bool) -> None:
        self._durations: Durations = Values(rows) if exact else Histogram(rows, longest)
        self._cut: tuple[Indices, Ticks] = np.empty(0, np.int32), np.empty(0, np.int64)

    def add(self, row: Indices, duration: Ticks) -> None:
        """Add durations that ended [tick], each to its row."""
        self._durations.add(row, duration)

    def cut_short(self, row: Indices, duration: Ticks) -> None:
        """Say which durations have not ended when the run ends [tick]."""
        self._cut = row, duration

    def cut(self, rows: Sequence[int]) -> Ticks:
        """Return the durations of some rows that have not ended [tick]."""
        return self._cut[1][np.isin(self._cut[0], rows)]

    def survival(self, rows: Sequence[int]) -> Survival:
        """Return the distribution of the durations of some rows together."""
        return kaplan_meier(self._durations.ended(rows), self.cut(rows))
