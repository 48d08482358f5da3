"""A scenario: one gate, one period, one level of demand."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, SerializerFunctionWrapHandler, WrapSerializer

from gates.schema.base import Model
from gates.schema.borders.composed import ComposedGate, composed
from gates.schema.borders.model import Border
from gates.schema.gate import Gate
from gates.schema.quantities import Count, Number

MAX_DAYS = 3660

DayCount = Annotated[Count, Field(ge=1, le=MAX_DAYS)]
WarmupDays = Annotated[Count, Field(ge=0, le=MAX_DAYS)]
DemandFactor = Annotated[Number, Field(ge=0, le=100)]


def _gate_or_border(value: Any) -> Any:
    """Read a border as one gate; leave all else to the model of a gate."""
    if isinstance(value, dict) and "gates" in value and "stages" not in value:
        return composed(Border.model_validate(value))
    return value


def _document(gate: Gate, handler: SerializerFunctionWrapHandler) -> Any:
    """Write a border as its file has it, its gates in it."""
    return gate.document if isinstance(gate, ComposedGate) else handler(gate)


class Scenario(Model):
    """What one run simulates. The random numbers come from the seed and the replication, not from the scenario."""

    gate: Annotated[Gate, BeforeValidator(_gate_or_border), WrapSerializer(_document)]
    """The gate, upgrades applied; or a border, read as one gate."""
    days: DayCount = 30
    """Length of the measured period [d]."""
    warmup_days: WarmupDays = 7
    """Days simulated before it to fill the gate, which are not measured [d]."""
    start: dt.date | None = None
    """First measured day; by default the gate's own."""
    demand: DemandFactor = 1.0
    """Factor on every flow's vehicles a day [1]."""

    @property
    def first_measured(self) -> dt.date:
        """The first measured day."""
        return self.start or self.gate.start

    @property
    def first_simulated(self) -> dt.date:
        """The first simulated day."""
        return self.first_measured - dt.timedelta(days=self.warmup_days)

    @property
    def days_simulated(self) -> int:
        """Warm-up and measured days together [d]."""
        return self.warmup_days + self.days
