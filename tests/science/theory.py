"""Formulas of queueing theory, and how far a simulation may stray from them by chance."""

from __future__ import annotations

from dataclasses import dataclass
from math import factorial, sqrt

import numpy as np
import numpy.typing as npt
from scipy import stats

FALSE_ALARM = 1e-8
"""Chance that one comparison fails although the model is right. About a hundred comparisons: 1e-6 together."""


def probability_of_waiting(servers: int, load: float) -> float:
    """M/M/c: chance that an arrival finds all servers busy (Erlang 1917, his second formula, "Erlang C").

    Gross, Shortle, Thompson and Harris (2008), Fundamentals of Queueing Theory, 4th edition, section 2.3, with
    `load` = arrival rate times mean service [1], below `servers`.
    """
    full = load**servers / factorial(servers) * servers / (servers - load)
    return full / (sum(load**n / factorial(n) for n in range(servers)) + full)


def mean_wait_mmc(servers: int, load: float, service: float) -> float:
    """M/M/c: mean time in line [unit of `service`] (the same source, equation 2.34)."""
    return probability_of_waiting(servers, load) * service / (servers - load)


def mean_wait_mg1(load: float, service: float, cv: float) -> float:
    """M/G/1: mean time in line [unit of `service`] (Pollaczek 1930, Khinchine 1932; the same source, 5.1).

    `cv` is the coefficient of variation of the service time: 1 gives M/M/1, 0 M/D/1.
    """
    return load * service * (1 + cv**2) / (2 * (1 - load))


def mean_number_with_outages(arrivals: float, services: float, fails: float, repairs: float) -> float:
    """M/M/1 whose server goes down by the calendar and resumes: mean number in the system (White and Christie 1958).

    All four are rates in one unit of time. The server is up for 1 / `fails` and down for 1 / `repairs`, exponential;
    the case of one class of interruptions, Operations Research 6, 79-95; also Avi-Itzhak and Naor 1963, model A.
    """
    both = fails + repairs
    return arrivals * (both**2 + fails * services) / (both * (repairs * (services - arrivals) - arrivals * fails))


def share_that_gives_up(arrivals: float, services: float, patience: float) -> float:
    """M/M/1+D: share of the trucks that leave after waiting for exactly `patience` (Barrer 1957, first case).

    Operations Research 5, 644-649. `arrivals` and `services` are rates, and not equal.
    """
    load = arrivals / services
    late = load * np.exp(-(services - arrivals) * patience)
    return float((1 - load) * late / (1 - load * late))


def weighted_waits_of_two_queues(
    loads: tuple[float, float], service: float, cv: float, change: float, *, gated: bool
) -> float:
    """Two M/G/1 queues that one server serves in turn: their mean waits, each times its load, added up.

    The server changes in a constant time `change`, even if nobody waits, when the queue is empty, or when it has served
    those whom it found (`gated`). Pseudo-conservation law of Boxma and Groenendijk (1987), Pseudo-conservation laws in
    cyclic-service systems, Journal of Applied Probability 24, 949-964, for two queues.
    """
    load, cycle = sum(loads), 2 * change
    waits = load * load * service * (1 + cv**2) / (2 * (1 - load)) + load * cycle / 2
    waits += cycle * (load**2 - sum(each**2 for each in loads)) / (2 * (1 - load))
    return waits + (cycle * sum(each**2 for each in loads) / (1 - load) if gated else 0)


def mean_wait_of_two_queues(load: float, service: float, cv: float, change: float, *, gated: bool) -> float:
    """Two such queues with half of the load each: the mean wait of both (Takagi 1988, Queuing analysis of polling
    models, ACM Computing Surveys 20, 5-28)."""
    line = load * service * (1 + cv**2) / (2 * (1 - load))
    return line + change * (2 + load if gated else 2 - load) / (2 * (1 - load))


@dataclass(frozen=True)
class Evidence:
    """A mean over independent replications, with the interval that it leaves only at the false-alarm rate."""

    mean: float
    half_width: float
    what: str = ""
    """What was measured, such as `wait_h.mean.northbound@booth`."""

    def decides(self, theory: float, within: float) -> bool:
        """Tell whether the mean agrees, by an interval narrow enough to notice an error of the share `within`."""
        return abs(self.mean - theory) <= self.half_width <= within * abs(theory)

    def __str__(self) -> str:
        return f"{self.mean:.6g} ± {self.half_width:.2g}"


def evidence(replications: list[float] | npt.NDArray[np.float64]) -> Evidence:
    """Return Student's interval at the false-alarm rate (Student 1908; Law 2015, section 9.5)."""
    values = np.asarray(replications)
    quantile = stats.t.ppf(1 - FALSE_ALARM / 2, values.size - 1)
    return Evidence(float(values.mean()), float(quantile * values.std(ddof=1) / sqrt(values.size)))
