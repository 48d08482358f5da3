"""Waits at stages that have a target: by class and lane group, with percentiles, and how many are too long."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import NamedTuple, Self

import numpy as np

from sim.arrays import Indices
from sim.clock import Ticks
from sim.engines.log import NEVER
from sim.jit import kernel
from sim.metrics.block import LogBlock
from sim.metrics.meter import RELEASE_GUIDE, TIME_AVERAGE, Key, Meter, Metric, Readings, hours, ratio
from sim.metrics.open_time import open_between
from sim.metrics.scope import Mask, Scope
from sim.metrics.stages.times import WAIT
from sim.metrics.survival import CensoredTimes
from sim.metrics.time_use import Openings, openings_in
from sim.metrics.trucks.clearance import QUANTILES
from sim.plan.plan import Stream

QUEUED = Metric(
    name="queued_share",
    title="Visits that queue",
    unit="1",
    statistics=("share",),
    better="less",
    definition="Share of the visits of a stage with a `wait_target` that wait in its queue while a lane for the truck "
    "is open; by class and by lane group, too (`stage` holds the names of both, `booth/fruit`).",
    source=TIME_AVERAGE,
)
OVER_TARGET = Metric(
    name="over_target_share",
    title="Waits above the target",
    unit="1",
    statistics=("share",),
    better="less",
    definition="Share of the visits of a stage whose wait in the queue, while a lane for the truck is open, is longer "
    "than the `wait_target` of the stage; by class and by lane group, too. A visit that still waits at the end counts "
    "with its time so far.",
    source=f"{RELEASE_GUIDE}: waiting time by step",
)


class Cell(NamedTuple):
    """Visits that are counted together."""

    key: tuple[str | None, str | None, str]
    """Direction, vehicle class and stage of their numbers; the stage is `stage/group` for a lane group."""
    rows: list[int]
    """Their rows in the meter."""


class Waits(Meter):
    """Collects the waits at stages with a target: a row for each class that comes there, and for each lane group."""

    metrics = (QUEUED, OVER_TARGET)
    place = 85

    def __init__(self, scope: Scope) -> None:
        plan = scope.plan
        self._scope = scope
        self._row_of_class = np.full((len(plan.stages), len(scope.classes)), NEVER, np.int64)
        self._row_of_group = np.full(len(plan.groups.name) + 1, NEVER, np.int64)
        """(groups + 1,) -1 where the stage has one lane group alone; the last is that of a visit not started."""
        self._cells = list(self._numbered())
        rows = sum(len(cell.rows) for cell in self._cells if cell.key[1] is not None or cell.key[0] is None)
        self._times = CensoredTimes(rows, plan.end, scope.exact)
        self._total, self._visits, self._queued, self._over = (np.zeros(rows, np.int64) for _ in range(4))

    @classmethod
    def for_plan(cls, scope: Scope) -> Self | None:
        """Return a meter; None for a gate without a stage that has a target."""
        return cls(scope) if (scope.plan.wait_target != NEVER).any() else None

    def _numbered(self) -> Iterator[Cell]:
        """Number the rows of each stage with a target; yield its directions, their classes and its lane groups."""
        plan, scope, rows = self._scope.plan, self._scope, count()
        for stage in np.flatnonzero(plan.wait_target != NEVER).tolist():
            name = plan.stages[stage]
            come = {scope.classes[stream.kind // 2] for stream in plan.streams if name in _stages(stream)}
            for kind, pair in enumerate(scope.classes):
                if pair in come:
                    self._row_of_class[stage, kind] = next(rows)
            for direction, vehicle_class, kinds in scope.cohorts:
                mine = [int(row) for row in self._row_of_class[stage, list(kinds)] if row != NEVER]
                if mine:
                    yield Cell((direction, vehicle_class, name), mine)
            groups = np.flatnonzero(plan.groups.stage == stage).tolist()
            names = dict.fromkeys(plan.groups.name[group] for group in groups)
            for each in names if len(names) > 1 else ():
                row = next(rows)
                self._row_of_group[[group for group in groups if plan.groups.name[group] == each]] = row
                yield Cell((None, None, f"{name}/{each}"), [row])

    def add(self, block: LogBlock) -> None:
        """Add the visits whose service ends in a block, or that turn back; with the last block all others, too.

        A visit counts once its service has ended, because until then its truck may be handed back to the queue.
        """
        log, plan, scope = block.log, self._scope.plan, self._scope
        stage = plan.network.line_stage[log.draws.line]
        joined, started, finished, left = (np.where(part < block.end, part, NEVER) for part in log.times.T)
        turned_back = (started == NEVER) & (left != NEVER)
        ended = block.contains(np.where(turned_back, left, finished))
        if block.is_last:
            ended |= (finished == NEVER) & ~turned_back
        chosen = np.flatnonzero(ended & (plan.wait_target[stage] != NEVER) & (joined >= plan.warmup))
        until = np.where(turned_back, left, started)[chosen]
        goes_on = until == NEVER
        wait = np.empty(chosen.size, np.int64)
        line = log.draws.line[chosen]
        open_times(openings_in(block), line, joined[chosen], np.where(goes_on, block.end, until), wait)
        target = plan.wait_target[stage[chosen]]
        kind = scope.row_of_flow[log.draws.flow[log.truck[chosen]]]
        group = np.where(started[chosen] == NEVER, -1, log.group[chosen])
        rows = np.concatenate((self._row_of_class[stage[chosen], kind], self._row_of_group[group]))
        known = rows != NEVER
        self._count(rows[known], *(np.tile(part, 2)[known] for part in (wait, target, goes_on)))

    def _count(self, row: Ticks, wait: Ticks, target: Ticks, goes_on: Mask) -> None:
        self._times.add(row[~goes_on].astype(np.int32), wait[~goes_on])
        if goes_on.any():  # so at the end alone
            self._times.cut_short(row[goes_on].astype(np.int32), wait[goes_on])
        np.add.at(self._total, row, wait)
        for counts, counted in ((self._visits, wait >= 0), (self._queued, wait > 0), (self._over, wait > target)):
            counts += np.bincount(row[counted], minlength=counts.size)

    def values(self) -> Readings:
        """Yield the numbers of each direction, of its classes and of lane groups."""
        for (direction, name, stage), rows in self._cells:
            visits = int(self._visits[rows].sum())
            if name is not None or direction is None:  # the mean of all in a direction is measured everywhere
                mean = ratio(float(hours(self._total[rows].sum())), visits)
                yield Key(WAIT.name, "mean", direction, name, stage), mean
            quantiles = hours(self._times.survival(rows).quantiles(np.array(list(QUANTILES.values()))))
            for statistic, value in zip(QUANTILES, quantiles, strict=True):
                yield Key(WAIT.name, statistic, direction, name, stage), float(value)
            for metric, counts in ((QUEUED, self._queued), (OVER_TARGET, self._over)):
                share = ratio(int(counts[rows].sum()), visits)
                yield Key(metric.name, "share", direction, name, stage), share


def _stages(stream: Stream) -> set[str]:
    return {visit.stage for visit in stream.path.visits}


@kernel
def open_times(openings: Openings, line: Indices, start: Ticks, end: Ticks, out: Ticks) -> None:
    """Write how long each line is open in [start, end) to `out` [tick]."""
    for n in range(line.size):
        out[n] = open_between(openings.table, openings.of_line[line[n]], start[n], end[n])
