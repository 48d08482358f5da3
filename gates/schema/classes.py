"""Vehicle classes: what drives up to the gate, and with which load."""

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
    """How long the load keeps from loading [d]; none if it does not perish."""
    age: Distribution | None = None
    """Law of the time since loading when the truck arrives; none means that it is loaded then."""
    least_life: Days = 0.0
    """Shelf life that buyers ask for at the release [d]: a load with less counts as short."""
    value_usd: Annotated[Number, Field(ge=0, le=1e9)] | None = None
    """Mean value of a load where it goes [USD]; none if it is not reckoned."""
    value_turned_back: Share = 1.0
    """What a load that turns back still brings, as a share of its value."""
    value_lost_per_day: Share = 0.0
    """Share of its value that a load loses with each day of shelf life [1/d]."""
    powertrain: Literal["diesel", "gas", "battery"] = "diesel"
    """What drives the vehicle."""
    priority: Annotated[Count, Field(ge=0, le=9)] = 5
    """Place in waiting lines while loaded: lower is served first, equals first come first served."""
