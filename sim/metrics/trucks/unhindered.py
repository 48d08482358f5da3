"""How long clearance would take if no truck met a queue or a closed stage."""

from __future__ import annotations

from typing import Self

import numpy as np

from sim.clock import TICKS_PER_HOUR, Ticks
from sim.engines.log import EventLog
from sim.jit import kernel
from sim.metrics.block import LogBlock, arrived_by_row, truck_moves
from sim.metrics.meter import BORDERGATE, Meter, Metric, Readings, ratio
from sim.metrics.scope import Counts, Scope

NO_QUEUE_CLEARANCE = Metric(
    name="no_queue_clearance_h",
    title="Clearance without queues",
    unit="h",
    statistics=("mean",),
    better="less",
    definition="Mean clearance if no truck met a queue or a closed stage: the sum of the service times up to the "
    "release.",
    source=BORDERGATE,
)


class UnhinderedClearance(Meter):
    """Adds up the service times up to the release, of the trucks that arrive in the measured period."""

    metrics = (NO_QUEUE_CLEARANCE,)
    place = 70

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._service, self._arrived = scope.by_row(), scope.by_row()
        """(rows,) service times [tick]; trucks."""

    @classmethod
    def for_plan(cls, scope: Scope) -> Self:
        """Return a meter of any plan."""
        return cls(scope)

    def add(self, block: LogBlock) -> None:
        """Add the trucks that arrive in a block."""
        moves = truck_moves(block)
        fresh = moves.comes & moves.measured
        self._arrived += arrived_by_row(block)
        np.add.at(self._service, moves.row[fresh], _service_to_release(block.log)[fresh])

    def values(self) -> Readings:
        """Yield the mean of each direction and class."""
        for direction, name, rows in self._scope.cohorts:
            service, arrived = (int(total[list(rows)].sum()) for total in (self._service, self._arrived))
            yield NO_QUEUE_CLEARANCE.key("mean", direction, name), ratio(service, arrived * TICKS_PER_HOUR)


def _service_to_release(log: EventLog) -> Ticks:
    """(trucks,) sum of the service times up to the release [tick]; of alternatives, those of the first."""
    draws = log.draws
    first, released = draws.first[:-1], draws.released
    if draws.next_row.size:
        total = np.zeros(draws.trucks, np.int64)
        add_services(draws.first, released, draws.next_row, draws.service, total)
        return total
    before = np.concatenate(([0], np.cumsum(draws.service)))
    return np.where(released >= 0, before[released + 1] - before[first], 0)


@kernel
def add_services(first: Counts, released: Counts, onward: Counts, service: Ticks, total: Ticks) -> None:
    """Add the service times of each truck up to its release to `total`."""
    for truck in range(total.size):
        visit = first[truck]
        while visit < first[truck + 1] and visit <= released[truck]:
            total[truck] += service[visit]
            visit = onward[visit]
