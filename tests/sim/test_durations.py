"""A histogram of bounded size and relative error keeps counts and sums exactly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.metrics.durations import (
    CELLS_PER_OCTAVE,
    EXACT_BELOW,
    RELATIVE_ERROR,
    Histogram,
    Values,
    cell_last,
    cell_middle,
    cell_of,
)

LONGEST = 10 * 366 * 86_400_000  # ten years
durations = st.integers(0, LONGEST) | st.integers(0, 2 * EXACT_BELOW)


@given(st.lists(durations, min_size=1))
def test_the_middle_of_a_cell_is_within_the_stated_error(values):
    duration = np.array(values)
    error = np.abs(cell_middle(cell_of(duration)) - duration)
    assert (error <= RELATIVE_ERROR * duration).all()
    assert (error[duration < EXACT_BELOW] == 0).all()


def test_the_stated_error_is_reached():
    # The first tick of the last octave's first cell lies half a cell below the middle: 2**-12 of itself.
    first = np.array([1 << 34])
    assert cell_middle(cell_of(first))[0] - first[0] == RELATIVE_ERROR * first[0]


def test_cells_follow_each_other_without_gap():
    # The last tick of each cell, and the next tick, are in neighbouring cells: from 0 over 24 octaves.
    last = cell_last(np.arange(24 * CELLS_PER_OCTAVE))
    assert np.array_equal(cell_of(last), np.arange(last.size))
    assert np.array_equal(cell_of(last + 1), np.arange(1, last.size + 1))


@pytest.mark.parametrize("power", [12, 13, 20, 34, 38])
def test_cells_at_powers_of_two(power):
    # 2**12 is the first duration whose cell holds two ticks; each octave has 2**11 cells.
    below, at = cell_of(np.array([(1 << power) - 1, 1 << power]))
    assert at == below + 1 == (power - 10) * CELLS_PER_OCTAVE


@given(st.lists(st.tuples(st.integers(0, 2), durations)), st.sets(st.integers(0, 2), min_size=1))
def test_both_collections_keep_counts_and_sums(pairs, rows):
    kept, binned = Values(3), Histogram(3, LONGEST)
    half = len(pairs) // 2
    for part in (pairs[:half], pairs[half:]):
        row = np.array([r for r, _ in part], np.int32)
        duration = np.array([d for _, d in part], np.int64)
        kept.add(row, duration)
        binned.add(row, duration)
    exact, cells = kept.ended(sorted(rows)), binned.ended(sorted(rows))
    wanted = sorted(d for r, d in pairs if r in rows)
    assert exact.time.tolist() == exact.total.tolist() == wanted
    assert cells.gone[-1] == exact.gone[-1] == len(wanted)
    assert cells.total.sum() == sum(wanted)
    assert np.array_equal(np.repeat(cells.time, np.diff(cells.gone)), cell_middle(cell_of(exact.time)))


def test_a_histogram_does_not_grow():
    histogram = Histogram(1, LONGEST)
    size = histogram._count.size
    histogram.add(np.zeros(10_000, np.int32), np.arange(10_000) * 3_000_000)
    assert histogram._count.size == size
    assert size <= 29 * CELLS_PER_OCTAVE  # ten years: 475 kB a row
