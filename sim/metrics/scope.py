"""What is measured: a plan, and the rows in which the numbers of its trucks are kept."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gates.schema.borders.names import parted
from sim.arrays import Indices
from sim.memory import Memory
from sim.plan.plan import Plan

Counts = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


class Cohort(NamedTuple):
    """Trucks whose numbers are given together."""

    direction: str
    vehicle_class: str | None
    """None for all classes of the direction."""
    rows: tuple[int, ...]
    """Rows of `Scope.classes`."""


class Scope:
    """A plan as all meters see it.

    Parameters
    ----------
    plan
        The compiled scenario.
    exact
        Keep every duration instead of a histogram.
    """

    def __init__(self, plan: Plan, *, exact: bool) -> None:
        self.plan, self.exact = plan, exact
        self.memory: Memory = plan.memory
        """What was worked out of the plan, for all of its replications."""
        self.directions = tuple(sorted({kind.direction for kind in plan.kinds}))
        self.classes = tuple((kind.direction, kind.vehicle_class) for kind in plan.kinds[::2])
        """(direction, vehicle class) of each row of what is kept by class."""
        self.direction_of_row: Indices = np.array([self.directions.index(d) for d, _ in self.classes], np.int32)
        self.row_of_flow: Indices = np.array([stream.kind // 2 for stream in plan.streams], np.int32)
        self.direction_of_flow: Indices = self.direction_of_row[self.row_of_flow]
        self.standing: Mask = np.array([stream.standing > 0 for stream in plan.streams], np.bool_)
        """(flows,) whether its trucks queue at the start of the run, instead of arriving."""
        self.cohorts = tuple(cohort for direction in self.directions for cohort in self._cohorts_of(direction))
        self.cohorts += self._at_all_gates()

    def _cohorts_of(self, direction: str) -> list[Cohort]:
        rows = self.rows_of(direction)
        return [Cohort(direction, None, rows), *(Cohort(direction, self.classes[row][1], (row,)) for row in rows)]

    def _at_all_gates(self) -> tuple[Cohort, ...]:
        """Return the cohorts of a whole border: each way at all of its gates, and each class that goes that way."""
        gates = {direction: parted(direction) for direction in self.directions}
        ways = sorted({way for gate, way in gates.values() if gate is not None})
        found = []
        for way in ways:
            rows = tuple(row for row, (direction, _) in enumerate(self.classes) if gates[direction][1] == way)
            names = sorted({self.classes[row][1] for row in rows})
            found.append(Cohort(way, None, rows))
            found += [Cohort(way, name, tuple(row for row in rows if self.classes[row][1] == name)) for name in names]
        return tuple(found)

    def rows_of(self, direction: str) -> tuple[int, ...]:
        """Return the rows of the classes of a direction."""
        return tuple(row for row, (of, _) in enumerate(self.classes) if of == direction)

    def by_row(self) -> Counts:
        """Return (rows,) zeros."""
        return np.zeros(len(self.classes), np.int64)

    def by_day(self) -> Counts:
        """Return (days, directions) zeros."""
        return np.zeros((self.plan.bulletin.size, len(self.directions)), np.int64)
