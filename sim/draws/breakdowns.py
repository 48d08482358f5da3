"""Failures in use and their repair, drawn with the visit in which they happen.

Times between failures are memoryless: a failure after an exponential running time, or with one and the same chance in
each use, knows nothing of the visit before. So what fails within a service can be drawn with it, keyed by truck and
visit, and an engine sees a longer service (the completion time of Gaver 1962).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from sim.clock import Ticks
from sim.draws.columns import FOR_EVER
from sim.draws.uniforms import Floats, uniforms
from sim.plan.failures import Failing

Counts = npt.NDArray[np.int64]


MOST_FAILURES = 1000
"""Most failures of one kind within a service: a service that starts again each time could else last for ever."""


def draw_failures(
    failing: Failing, running: Ticks, name: str, start: int, chosen: npt.NDArray[np.bool_]
) -> tuple[Ticks, Ticks]:
    """Draw what failures do to uses of a lane, a machine or a vehicle, which waits for its repair.

    Parameters
    ----------
    running
        (trucks,) time that each use takes without failures [tick].
    name, start
        Names the streams of uniform numbers; number of the first truck in them.
    chosen
        (trucks,) who makes the visit; nothing fails for the others.

    Returns
    -------
    (trucks,) time under repair, and time of work lost because it starts again [tick].
    """
    repair, lost = np.zeros(running.size, np.int64), np.zeros(running.size, np.int64)
    for hit, under_repair, worked in _one_by_one(failing, running, name, start, chosen):
        repair[hit] += under_repair
        lost[hit] += worked
    return repair, lost


def draw_hand_over(
    failing: Failing, running: Ticks, name: str, start: int, chosen: npt.NDArray[np.bool_]
) -> tuple[Ticks, Ticks, Ticks, Ticks]:
    """Draw what failures do to uses of a lane that hands its truck over when it fails.

    The numbers are those of `draw_failures`, told apart: the first failure ends the use of the lane, and the others
    strike in the lane that serves the truck next.

    Returns
    -------
    (trucks,) time of work up to the first failure, `FOR_EVER` where there is none, and the repair after it; then the
    time under repair and of work lost through all others [tick].
    """
    after, under_repair = np.full(running.size, FOR_EVER), np.zeros(running.size, np.int64)
    repair, lost = np.zeros(running.size, np.int64), np.zeros(running.size, np.int64)
    for n, (hit, out_for, worked) in enumerate(_one_by_one(failing, running, name, start, chosen)):
        if n == 0:
            after[hit], under_repair[hit] = worked, out_for
        else:
            repair[hit] += out_for
            lost[hit] += worked
    return after, under_repair, repair, lost


def _one_by_one(
    failing: Failing, running: Ticks, name: str, start: int, chosen: npt.NDArray[np.bool_]
) -> Iterator[tuple[Counts, Ticks, Ticks]]:
    """Yield of the first failure of each use, then of the second, and so on: which uses, repair and work lost."""
    failures = np.where(chosen, _failures(failing, running, uniforms(f"{name}/failures", start, running.size)), 0)
    for n in range(1, int(failures.max(initial=0)) + 1):
        hit = np.flatnonzero(failures >= n)
        first, count = start + int(hit[0]), int(hit[-1] - hit[0]) + 1
        repair = failing.repair.ticks(uniforms(f"{name}/repair/{n}", first, count)[hit - hit[0]])
        lost = np.zeros(hit.size, np.int64)
        if failing.restarts:
            lost = _lost(failing, running[hit], uniforms(f"{name}/lost/{n}", first, count)[hit - hit[0]])
        yield hit, repair, lost


def _failures(failing: Failing, running: Ticks, uniform: Floats) -> Counts:
    """Return (trucks,) how often each use fails, at most `MOST_FAILURES` times."""
    if failing.restarts:  # P(n failures or more) = p^n
        chance = failing.per_use - np.expm1(-failing.per_tick * running)
        with np.errstate(divide="ignore"):
            times = -np.log(uniform) / np.maximum(-np.log(chance), 1e-300)  # a chance of 1 is far beyond the most
        return np.asarray(np.minimum(times, MOST_FAILURES), np.int64)
    if failing.per_use:
        return (uniform < failing.per_use).astype(np.int64)
    return _poisson(np.asarray(failing.per_tick * running, np.float64), uniform)


def _poisson(mean: Floats, uniform: Floats) -> Counts:
    """Return Poisson numbers by inversion, at most `MOST_FAILURES`."""
    failures = np.zeros(mean.size, np.int64)
    term = np.exp(-mean)
    below = term.copy()
    left = np.flatnonzero(uniform >= below)
    n = 0
    while left.size and n < MOST_FAILURES:
        n += 1
        failures[left] = n
        term[left] *= mean[left] / n
        below[left] += term[left]
        left = left[uniform[left] >= below[left]]
    return failures


def _lost(failing: Failing, running: Ticks, uniform: Floats) -> Ticks:
    """Return the work done when a use fails, given that it does before it is over.

    After an exponential running time: that distribution, cut off at the end of the use. With a chance a use: any
    moment of it.
    """
    if failing.per_use:
        return np.rint(uniform * running).astype(np.int64)
    chance = -np.expm1(-failing.per_tick * running)
    return np.asarray(np.rint(-np.log1p(-uniform * chance) / failing.per_tick), np.int64)
