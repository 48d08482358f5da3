"""How long a gate takes to fill: the warm-up found by MSER-5 on pilot runs that start empty."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from experiments.studies.replication import HOURS_A_DAY, Floats, Replication

PILOT_DAYS = 60
PILOT_REPLICATIONS = 5


@dataclass(frozen=True, eq=False)
class Warmup:
    """What MSER-5 said about one scenario."""

    scenario: str
    days: int
    """Days to leave out [d]."""
    settled: bool
    """False if the rule wanted to leave out half of the pilot: no steady state in sight."""
    series: Floats
    """(days,) mean trucks in queues by day, over the pilot replications."""


def found_warmup(scenario: str, pilots: list[Replication]) -> Warmup:
    """Return the warm-up of a scenario from pilot runs without any.

    MSER-5 (White 1997; Franklin and White 2008) wants batches of five observations. An observation here is the mean
    number of trucks in queues over a fifth of a day, so that a batch is one day and the daily cycle is no transient.
    """
    hours = np.mean([pilot.in_line for pilot in pilots], axis=0)
    days = hours[: hours.size // HOURS_A_DAY * HOURS_A_DAY].reshape(-1, HOURS_A_DAY).mean(axis=1)
    cut = mser(days)
    return Warmup(scenario, cut, cut < days.size // 2, days)


def mser(batches: Floats) -> int:
    """Return how many batch means to leave out: where the marginal standard error is smallest.

    The minimum is sought in the first half (White, Cobb and Spratt 2000, equation 1).
    """
    n = batches.size
    errors = [float(np.sum((batches[d:] - batches[d:].mean()) ** 2)) / (n - d) ** 2 for d in range(n // 2 + 1)]
    return int(np.argmin(errors))
