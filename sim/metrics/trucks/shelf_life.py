"""How much shelf life loads have left at their release, and what they lose at the gate."""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np

from sim.arrays import Indices
from sim.clock import TICKS_PER_DAY, Ticks
from sim.engines.log import JOINED, NEVER
from sim.engines.log import LEFT as AT_LEFT
from sim.jit import kernel
from sim.memory import once
from sim.metrics.block import LogBlock, truck_moves
from sim.metrics.meter import BORDERGATE, Floats, Meter, Metric, Readings, ratio
from sim.metrics.scope import Counts, Scope

LEFT = Metric(
    name="shelf_life_d",
    title="Shelf life left at release",
    unit="days",
    statistics=("mean",),
    better="more",
    definition="Mean shelf life left when a perishable load is released from the last control, of the loads released "
    "in the measured period; zero for a load that is spoilt.",
    source=BORDERGATE,
)
LOST = Metric(
    name="shelf_life_lost_d",
    title="Shelf life lost at the gate",
    unit="days",
    statistics=("mean",),
    better="less",
    definition="Mean shelf life that a perishable load loses between its arrival and its release.",
    source=BORDERGATE,
)
SHORT = Metric(
    name="short_life_share",
    title="Loads with too little shelf life",
    unit="1",
    statistics=("share",),
    better="less",
    definition="Share of the perishable loads that have less shelf life left at their release than buyers require "
    "(`least_life` of the class; without one: that are spoilt).",
    source=BORDERGATE,
)
TONNE_DAYS = Metric(
    name="tonne_days_lost_per_day",
    title="Shelf life lost, weighted by load",
    unit="t d/day",
    statistics=("mean",),
    better="less",
    definition="Shelf life lost between arrival and release, times the load of the class, of the loads released per "
    "day of 24 hours; times the price of a tonne and of a day of freshness it is the value lost.",
    source=BORDERGATE,
)


class Aged(NamedTuple):
    """Perishable loads released in a block and in the measured period, by row."""

    loads: Counts
    short: Counts
    """Loads with less shelf life left than their class asks for."""
    left: Ticks
    """Shelf life left at the release, zero for what is spoilt [tick]."""
    lost: Ticks
    """Shelf life lost at the gate [tick]."""
    spoilt: Counts
    """Value lost at the gate by curves, in billionths of loads: whole numbers, whose sums do not depend on order."""


@once
def aged_loads(block: LogBlock) -> Aged:
    """Return what the loads released in a block lost and have left.

    A load ages with the time from its arrival to its release, at each stage at the pace of the stage.
    """
    scope, draws = block.scope, block.log.draws
    aged = Aged(*(scope.by_row() for _ in Aged._fields))
    life = np.array([-1 if shelf is None else shelf.life for shelf in scope.plan.shelf], np.int64)
    least = np.array([0 if shelf is None else shelf.least for shelf in scope.plan.shelf], np.int64)
    moves = truck_moves(block)
    perishable = life[moves.row] >= 0
    trucks = np.flatnonzero(moves.is_released & (moves.released >= scope.plan.warmup) & perishable)
    row, lost = moves.row[trucks], _lost_until_release(block, trucks)
    age = draws.age[trucks] if draws.age.size else np.zeros(trucks.size, np.int64)
    left = life[row] - lost - age
    np.add.at(aged.loads, row, 1)
    np.add.at(aged.short, row, left < least[row])
    np.add.at(aged.left, row, np.maximum(left, 0))
    np.add.at(aged.lost, row, lost)
    np.add.at(aged.spoilt, row, _spoilt(scope, row, age, age + lost))
    return aged


BILLION = 1_000_000_000


def _spoilt(scope: Scope, row: Indices, before: Ticks, after: Ticks) -> Counts:
    """Return the value that each load loses between two ages, in billionths of a load; 0 without a curve."""
    spoilt = np.zeros(row.size, np.int64)
    for number, worth in enumerate(scope.plan.worth):
        if worth is not None and len(worth.curve[0]) > 1:
            mine = row == number
            shares = np.interp(after[mine], *worth.curve) - np.interp(before[mine], *worth.curve)
            spoilt[mine] = np.rint(shares * BILLION)
    return spoilt


def _lost_until_release(block: LogBlock, trucks: Counts) -> Ticks:
    """Return how much each truck's load ages between arrival and release [tick]."""
    draws, plan = block.log.draws, block.scope.plan
    pace = plan.ageing[plan.network.line_stage]
    lost = np.zeros(trucks.size, np.int64)
    add_ageing(trucks, draws.arrival, draws.first, draws.released, block.log.times, draws.line, pace, lost)
    return lost


@kernel
def add_ageing(
    trucks: Counts,
    arrival: Ticks,
    first: Counts,
    released: Counts,
    times: Ticks,
    line: Indices,
    pace: Floats,
    lost: Ticks,
) -> None:
    """Add to `lost` how much the load of each of `trucks` ages until its release; `pace` (lines,) is how fast."""
    for n in range(trucks.size):
        truck = trucks[n]
        inside = False
        for visit in range(first[truck], released[truck] + 1):
            joined, left = times[visit, JOINED], times[visit, AT_LEFT]
            if joined == NEVER:
                continue
            if not inside:
                lost[n] += joined - arrival[truck]
                inside = True
            if left != NEVER:
                lost[n] += np.int64(np.rint(pace[line[visit]] * (left - joined)))


class ShelfLife(Meter):
    """Adds up the shelf life of the loads released in the measured period."""

    metrics = (LEFT, LOST, SHORT, TONNE_DAYS)
    place = 50

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._aged = Aged(*(scope.by_row() for _ in Aged._fields))

    @classmethod
    def for_plan(cls, scope: Scope) -> Self | None:
        """Return a meter; None for a gate without perishable loads."""
        return cls(scope) if any(scope.plan.shelf) else None

    def add(self, block: LogBlock) -> None:
        """Add the loads released in a block."""
        for total, more in zip(self._aged, aged_loads(block), strict=True):
            total += more

    def values(self) -> Readings:
        """Yield the shelf life of each direction and class that has perishable loads."""
        shelf, days = self._scope.plan.shelf, self._scope.plan.measured_days
        for direction, name, cohort in self._scope.cohorts:
            rows = [row for row in cohort if shelf[row] is not None]
            if not rows:
                continue
            loads, short = int(self._aged.loads[rows].sum()), int(self._aged.short[rows].sum())
            left, lost = (int(t[rows].sum()) / TICKS_PER_DAY for t in (self._aged.left, self._aged.lost))
            yield LEFT.key("mean", direction, name), ratio(left, loads)
            yield LOST.key("mean", direction, name), ratio(lost, loads)
            yield SHORT.key("share", direction, name), ratio(short, loads)
            tonnes = [None if load is None else load.tonnes for load in (shelf[row] for row in rows)]
            if None not in tonnes:
                lost_t = sum((load or 0.0) * int(self._aged.lost[row]) for load, row in zip(tonnes, rows, strict=True))
                yield TONNE_DAYS.key("mean", direction, name), lost_t / TICKS_PER_DAY / days
