"""Vehicle classes: kinds of vehicles that come to the gate, with their loads."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from gates.schema.base import (
    Sourced,
    Title,
)
from gates.schema.distributions import Distribution
from gates.schema.quantities import (
    Count,
    Days,
    Number,
    Share,
    Tonnes,
)


class VehicleClass(Sourced):
    """A kind of vehicle with its load."""

    title: Title = {}
    """Names for people, by language."""
    load: Tonnes | None = None
    """Mean load [t]."""
    shelf_life: Days | None = None
    """Shelf life of the load, counted from loading [d]; omit if it does not perish."""
    age: Distribution | None = None
    """Distribution of the time since loading when the truck arrives; by default it has just been loaded."""
    least_life: Days = 0.0
    """Shelf life that buyers require at the release [d]; a load with less counts as short."""
    value_usd: Annotated[Number, Field(ge=0, le=1e9)] | None = None
    """Mean value of a load at its destination [USD]; omit if losses are not valued."""
    value_turned_back: Share = 1.0
    """Share of its value that a load keeps if the truck turns back."""
    value_lost_per_day: Share = 0.0
    """Share of its value that a load loses with each day of shelf life used [1/d]."""
    powertrain: Literal["diesel", "gas", "battery"] = "diesel"
    """What drives the vehicle; no effect yet."""
    priority: Annotated[Count, Field(ge=0, le=9)] = 5
    """Place in queues while loaded: lower numbers are served first, equal numbers in order of arrival."""
