"""Times by visit of all trucks of a flow at once: the values of `Sampler.ticks`, found a quicker way.

The normal score of a uniform number is read from a table of cubic polynomials, exact to `SCORE_ERROR`. Where a time
lies so close to the middle between two ticks that such an error could round it to the other one, and far out in the
tails, the kernel leaves it to the sampler. So the ticks are equal, and all but a few in a million take the quick way.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

from sim.draws.uniforms import PER_COUNTER, Counts, Floats, Keys, put_uniforms
from sim.jit import kernel, step
from sim.memory import once
from sim.plan.distributions import PER_Z, Z_LIMIT
from sim.plan.plan import Plan

Mask = npt.NDArray[np.bool_]
Ticks = npt.NDArray[np.int64]

SCORE_ERROR = 4e-12
"""Largest error of a normal score read from the table."""
_OCTAVES = 20
"""Uniform numbers below 2**-20, and above 1 - 2**-20, are left to the sampler."""
_CELL_BITS = 7
"""The table has 2**7 cells from one power of two to the next."""
_FRACTION_BITS = 52
"""Bits of a float of 64 bits below its leading one."""
_BELOW_CELL = _FRACTION_BITS - _CELL_BITS
_FIRST_CELL = int(np.float64(2.0**-_OCTAVES).view(np.int64)) >> _BELOW_CELL
_PLACE_ERROR = 1.1 * SCORE_ERROR * PER_Z
"""Error of a place in the table of a sampler, in cells of it."""
_ROUNDED = 1e-15
"""More than the relative error of a few operations."""
_AT_A_TIME = 2048
"""Uniform numbers that are worked out together: they fit the processor's first cache."""


class Tables(NamedTuple):
    """The samplers of a plan, as a kernel reads them."""

    listed: Mask
    """Whether the table goes by rank, instead of by normal score."""
    begin: Counts
    """(samplers + 1,) where the table of each begins."""
    table: Floats
    fixed: Ticks
    """(samplers,) the time of a sampler that knows only one [tick]; -1 for others."""
    scores: Floats
    """(cells, 4) coefficients of the normal score in each cell, of the part of the cell below the uniform number."""


class Doubts(NamedTuple):
    """Values that the kernel leaves to the sampler."""

    row: Counts
    sampler: Counts
    uniform: Floats
    total: Counts
    """(1,) how many there are."""

    @classmethod
    def room_for(cls, most: int) -> Doubts:
        """Return room for so many."""
        return cls(np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most), np.zeros(1, np.int64))


@functools.cache
def score_table() -> Floats:
    """Return `Tables.scores`: cubic polynomials through four Chebyshev nodes of each cell."""
    cells = np.arange((_OCTAVES - 1) << _CELL_BITS)  # up to one half
    low = ((cells + _FIRST_CELL) << _BELOW_CELL).view(np.float64)
    width = ((cells + 1 + _FIRST_CELL) << _BELOW_CELL).view(np.float64) - low
    nodes = 0.5 - 0.5 * np.cos(np.pi * (np.arange(4) + 0.5) / 4)
    scores = special.ndtri(low[:, None] + width[:, None] * nodes)
    return np.ascontiguousarray(np.linalg.solve(np.vander(nodes, increasing=True), scores.T).T)


@once
def tables_of(plan: Plan) -> Tables:
    """Return the samplers of a plan as a kernel reads them."""
    samplers = plan.samplers
    fixed = [
        round(float(each.table[0])) if not each.listed and each.table[0] == each.table[-1] else -1 for each in samplers
    ]
    return Tables(
        listed=np.array([each.listed for each in samplers], np.bool_),
        begin=np.cumsum([0, *(each.table.size for each in samplers)]),
        table=np.concatenate([np.empty(0), *(each.table for each in samplers)]),
        fixed=np.array(fixed, np.int64),
        scores=score_table(),
    )


def put_times(
    plan: Plan, sampler: Counts, names: Keys, number: Counts, made: Mask, row: Counts, out: Ticks, without: int = 0
) -> None:
    """Draw a time for each visit that is made.

    Parameters
    ----------
    sampler
        (visits,) number of the sampler of each visit; -1 for none.
    names
        (visits, 2) keys of the streams of uniform numbers.
    number, row
        (trucks,) number of each truck within the flow, ascending; its first row in `out`.
    made
        (visits, trucks) which visits each truck makes.
    out
        (rows,) [tick].
    without
        The time where there is no sampler [tick].
    """
    if not number.size:
        return
    doubts = Doubts.room_for(made.size if (sampler >= 0).any() else 0)
    room = np.empty(_AT_A_TIME, np.int64), np.empty(_AT_A_TIME)
    draw_times(tables_of(plan), sampler, names, number, made, row, *room, without, out, doubts)
    (count,) = doubts.total
    for which in np.unique(doubts.sampler[:count]):
        mine = np.flatnonzero(doubts.sampler[:count] == which)
        out[doubts.row[mine]] = plan.samplers[which].ticks(doubts.uniform[mine])


@kernel
def draw_times(
    tables: Tables,
    sampler: Counts,
    names: Keys,
    number: Counts,
    made: Mask,
    row: Counts,
    at: Counts,
    uniform: Floats,
    without: int,
    out: Ticks,
    doubts: Doubts,
) -> None:
    """Draw times as `put_times` says; `at` and `uniform` are room to work in."""
    begin = 0
    while begin < number.size:
        base = number[begin] // PER_COUNTER * PER_COUNTER
        end = begin
        while end < number.size and number[end] - base < uniform.size:
            at[end - begin] = row[end]
            end += 1
        count = number[end - 1] + 1 - base
        for visit in range(sampler.size):
            which = sampler[visit]
            if which >= 0:
                if tables.fixed[which] < 0:
                    put_uniforms(names[visit, 0], names[visit, 1], base, count, uniform)
                for truck in range(begin, end):
                    if made[visit, truck]:
                        put_time(tables, which, uniform[number[truck] - base], at[truck - begin], out, doubts)
            else:
                for truck in range(begin, end):
                    if made[visit, truck]:
                        out[at[truck - begin]] = without
            for truck in range(begin, end):
                at[truck - begin] += made[visit, truck]
        begin = end


@step
def put_time(tables: Tables, which: int, uniform: float, row: int, out: Ticks, doubts: Doubts) -> None:
    """Write the time that a uniform number stands for to a row, or that the sampler has to be asked."""
    if tables.fixed[which] >= 0:
        out[row] = tables.fixed[which]
        return
    begin, size = tables.begin[which], tables.begin[which + 1] - tables.begin[which]
    if tables.listed[which]:
        out[row] = np.int64(np.rint(tables.table[begin + int(uniform * size)]))
        return
    tail = min(uniform, 1.0 - uniform)
    bits = np.float64(tail).view(np.int64)
    cell = (bits >> _BELOW_CELL) - _FIRST_CELL
    if cell < 0 or cell >= tables.scores.shape[0]:
        leave(which, uniform, row, doubts)
        return
    part = np.float64(bits & ((1 << _BELOW_CELL) - 1)) * 2.0**-_BELOW_CELL
    c = tables.scores[cell]
    score = c[0] + part * (c[1] + part * (c[2] + part * c[3]))
    place = ((score if uniform <= 0.5 else -score) + Z_LIMIT) * PER_Z
    left = int(place)
    low = tables.table[begin + left]
    rise = tables.table[begin + left + 1] - low
    part = place - left
    time = low + part * rise
    tick = np.rint(time)
    error = _PLACE_ERROR * abs(rise) + _ROUNDED * (abs(low) + abs(rise))
    if 0.5 - abs(time - tick) <= error or part < 2 * _PLACE_ERROR or part > 1 - 2 * _PLACE_ERROR:
        leave(which, uniform, row, doubts)
        return
    out[row] = np.int64(tick)


@step
def leave(which: int, uniform: float, row: int, doubts: Doubts) -> None:
    """Leave a value to the sampler."""
    at = doubts.total[0]
    doubts.row[at], doubts.sampler[at], doubts.uniform[at] = row, which, uniform
    doubts.total[0] = at + 1
