"""How much shelf life loads have left at their release, and what they lost at the gate."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sim.arrays import Indices
from sim.clock import Ticks
from sim.engines.log import EventLog
from sim.plan.plan import Plan

Counts = npt.NDArray[np.int64]


class Ageing:
    """Shelf life of the loads released in the measured period, added up block by block, by row of `plan.shelf`.

    A load ages with the time from its arrival to its release, at each stage as fast as the stage lets it.
    """

    def __init__(self, plan: Plan, row_of_flow: Indices) -> None:
        rows = len(plan.shelf)
        self.loads, self.short = np.zeros(rows, np.int64), np.zeros(rows, np.int64)
        """(rows,) perishable loads released, and those with less shelf life left than their class asks for."""
        self.left, self.lost = np.zeros(rows, np.int64), np.zeros(rows, np.int64)
        """(rows,) shelf life left at the release, none for what is spoilt; shelf life lost at the gate [tick]."""
        self._life = np.array([-1 if shelf is None else shelf.life for shelf in plan.shelf], np.int64)
        self._least = np.array([0 if shelf is None else shelf.least for shelf in plan.shelf], np.int64)
        self._pace, self._stage = plan.ageing, plan.network.line_stage
        self._row_of_flow, self._warmup = row_of_flow, plan.warmup

    def add(self, log: EventLog, released: Ticks, cleared: npt.NDArray[np.bool_]) -> None:
        """Add the trucks `cleared` in a block, of which `released` says when."""
        row = self._row_of_flow[log.draws.flow]
        mine = np.flatnonzero(cleared & (released >= self._warmup) & (self._life[row] >= 0))
        row, lost = row[mine], self._aged(log, mine)
        left = self._life[row] - lost
        if log.draws.age.size:
            left -= log.draws.age[mine]
        np.add.at(self.loads, row, 1)
        np.add.at(self.short, row, left < self._least[row])
        np.add.at(self.left, row, np.maximum(left, 0))
        np.add.at(self.lost, row, lost)

    def _aged(self, log: EventLog, trucks: Counts) -> Ticks:
        """Return how much each truck's load aged between arrival and release [tick]."""
        pace = self._pace[self._stage[log.draws.line]]
        aged = np.where(log.left >= 0, np.rint(pace * (log.left - log.joined)), 0).astype(np.int64)
        before = np.concatenate(([0], np.cumsum(aged)))
        first, last = log.draws.first[trucks], log.draws.released[trucks]
        at_stages = np.where(last >= 0, before[last + 1] - before[first], 0)
        outside = np.zeros(trucks.size, np.int64)
        came = last >= 0
        outside[came] = log.entered[trucks[came]] - log.draws.arrival[trucks[came]]
        return np.asarray(at_stages + outside, np.int64)
