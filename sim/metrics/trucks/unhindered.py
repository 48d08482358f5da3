"""How long clearance would take if no truck met a queue or a closed stage."""

from __future__ import annotations

from typing import Self

from sim.arrays import Indices
from sim.clock import TICKS_PER_HOUR, Ticks
from sim.jit import kernel
from sim.metrics.block import LogBlock, arrived_by_row, truck_moves
from sim.metrics.meter import BORDERGATE, Meter, Metric, Readings, ratio
from sim.metrics.scope import Counts, Mask, Scope

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
        moves, draws = truck_moves(block), block.log.draws
        self._arrived += arrived_by_row(block)
        fresh = moves.comes & moves.measured
        add_services(fresh, moves.row, draws.first, draws.released, draws.next_row, draws.service, self._service)

    def values(self) -> Readings:
        """Yield the mean of each direction and class."""
        for direction, name, rows in self._scope.cohorts:
            service, arrived = (int(total[list(rows)].sum()) for total in (self._service, self._arrived))
            yield NO_QUEUE_CLEARANCE.key("mean", direction, name), ratio(service, arrived * TICKS_PER_HOUR)


@kernel
def add_services(
    fresh: Mask, row: Indices, first: Counts, released: Counts, onward: Indices, service: Ticks, total: Ticks
) -> None:
    """Add the service times of each fresh truck up to its release to `total` (rows,); of alternatives, of the first."""
    for truck in range(fresh.size):
        if not fresh[truck]:
            continue
        visit = first[truck]
        while visit < first[truck + 1] and visit <= released[truck]:
            total[row[truck]] += service[visit]
            visit = onward[visit] if onward.size else visit + 1
