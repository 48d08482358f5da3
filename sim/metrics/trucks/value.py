"""The value that loads lose: those that turn back, and those that age until their release."""

from __future__ import annotations

from typing import Self

from sim.clock import TICKS_PER_DAY
from sim.metrics.block import LogBlock, turned_back_by_row
from sim.metrics.meter import BORDERGATE, Meter, Metric, Readings
from sim.metrics.scope import Scope
from sim.metrics.trucks.shelf_life import BILLION, aged_loads
from sim.plan.plan import Worth

VALUE_LOST = Metric(
    name="value_lost_usd_per_day",
    title="Value lost to spoilage and turn-backs",
    unit="USD/day",
    statistics=("mean",),
    better="less",
    definition="Value that loads lose per day of 24 hours: of those that turn back, their value less what they still "
    "bring (`value_usd`, `value_turned_back` of the class); of those released, their value times the days of shelf "
    "life lost since the arrival times `value_lost_per_day`, or what the curve `value_lost_by_age` "
    "says. Classes without a value are left out.",
    source=BORDERGATE,
)


class ValueLost(Meter):
    """Adds up the loads that turn back and the shelf life lost, of classes with a value."""

    metrics = (VALUE_LOST,)
    place = 60

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._turned_back, self._aged, self._spoilt = scope.by_row(), scope.by_row(), scope.by_row()
        """(rows,) loads that turn back; shelf life lost until the release [tick]; billionths of loads by curves."""

    @classmethod
    def for_plan(cls, scope: Scope) -> Self | None:
        """Return a meter; None for a gate where no class has a value."""
        return cls(scope) if any(worth is not None for worth in scope.plan.worth) else None

    def add(self, block: LogBlock) -> None:
        """Add what loads lose in a block."""
        self._turned_back += turned_back_by_row(block)
        if any(self._scope.plan.shelf):
            aged = aged_loads(block)
            self._aged += aged.lost
            self._spoilt += aged.spoilt

    def values(self) -> Readings:
        """Yield the value lost of each direction and class that has a value."""
        plan = self._scope.plan
        for direction, name, cohort in self._scope.cohorts:
            rows = [(row, worth) for row in cohort if (worth := plan.worth[row]) is not None]
            if rows:
                lost = sum(worth.value_usd * self._share_lost(row, worth) for row, worth in rows)
                yield VALUE_LOST.key("mean", direction, name), lost / plan.measured_days

    def _share_lost(self, row: int, worth: Worth) -> float:
        """Return the value lost of the loads of a row, in loads."""
        turned_back = worth.turned_back * int(self._turned_back[row])
        if len(worth.curve[0]) > 1:
            return turned_back + int(self._spoilt[row]) / BILLION
        return turned_back + worth.per_day * int(self._aged[row]) / TICKS_PER_DAY
