"""What to forecast: the one definition for the command line and HTTP."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from experiments.runs.request import MAX_SET
from experiments.runs.settings import Seed
from gates.schema.base import Model
from gates.schema.quantities import Count
from gates.schema.scenario import DemandFactor

MOST_REPLICATIONS = 2_000
MOST_WHAT_IFS = 10


class WhatIf(Model):
    """A change of the gate whose effect is asked for."""

    name: Annotated[str, Field(min_length=1, max_length=120)]
    """What people call it."""
    set: Annotated[dict[str, Any], Field(max_length=MAX_SET)] = Field(default={})
    """Place in the gate -> value, such as `stages.bay-cn.lanes: 15`."""
    upgrades: Annotated[tuple[str, ...], Field(max_length=8)] = ()
    """Upgrades of the library that are switched on."""


class ForecastRequest(Model):
    """What to forecast."""

    gate: str | dict[str, Any]
    """Name of a gate of the library, or a whole gate, as in a gate file."""
    at: Annotated[str, Field(min_length=1, max_length=60)]
    """Time of the state with its distance to UTC, such as 2026-11-27T10:00+07:00."""
    reading: Annotated[str, Field(min_length=1, max_length=60)] | None = None
    """Reading of the gate, where it has several; none means its baseline."""
    set: Annotated[dict[str, Any], Field(max_length=MAX_SET)] = Field(default={})
    """Place in the gate -> value: staffing and hours of today and tomorrow."""
    closed: Annotated[dict[str, str], Field(max_length=64)] = Field(default={})
    """Stage -> hours within which it is open today; empty if it stays closed for the rest of today."""
    demand: DemandFactor = 1.0
    """Factor on every flow's vehicles a day [1]."""
    what_ifs: Annotated[tuple[WhatIf, ...], Field(max_length=MOST_WHAT_IFS)] = ()
    """Changes whose effect is asked for."""
    replications: Annotated[Count, Field(ge=2, le=MOST_REPLICATIONS)] = 200
    """Number of independent replications."""
    seed: Seed = 1
    """Seed of all random numbers."""
