"""What time, people and machines at a gate cost, and how costs and benefits of several years are added up.

Prices are in US dollars of one day, without inflation; so the discount rate is real.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from gates.schema.base import DirectionName, Name, SideName, Sourced
from gates.schema.prices.levels import NONE, ONE, End, Levels, ShareLevels
from gates.schema.quantities import Count, Day, Number

Part = Literal["vehicle_usd", "driver_usd", "cargo_usd"]


class TruckHour(Sourced):
    """Cost of an hour of a truck at the gate; at stages with `hold` it is nothing, as no capacity shortens them."""

    vehicle_usd: Levels
    """Vehicle, borne by its carrier, fuel left out [USD/h]."""
    driver_usd: Levels
    """Time of the driver [USD/h]."""
    cargo_usd: Levels
    """Capital bound in a load, borne by its trader; only while the truck is loaded [USD/h]."""


class OwnTruckHour(Sourced):
    """What an hour costs of some trucks; what is omitted is as for the others."""

    vehicle_usd: Levels | None = None
    """Vehicle [USD/h]."""
    driver_usd: Levels | None = None
    """Driver [USD/h]."""
    cargo_usd: Levels | None = None
    """Capital bound in a load [USD/h]."""


class Fee(Sourced):
    """A fee that each truck released pays: a transfer from its trader to a side, which costs nobody else anything."""

    direction: DirectionName
    """Direction of the trucks that pay it."""
    usd: Levels
    """Fee of a truck [USD]."""
    to: SideName
    """The side that receives it."""


class Post(Sourced):
    """What one lane of a stage, or one unit of a pool, needs while it is open or on duty."""

    officers: Annotated[Number, Field(ge=0, le=100)] = 0.0
    """Officers in each hour in which it is open."""
    year_usd: Levels | None = None
    """Upkeep of a lane or machine [USD a year]; omit if it costs nothing beside its officers."""


class Money(Sourced):
    """Prices, and how costs and benefits of several years are added up."""

    date: Day
    """Day of the prices."""
    truck_hour: TruckHour
    """What an hour of a truck costs."""
    truck_hour_of: dict[DirectionName, OwnTruckHour] = {}
    """Direction -> what an hour of its trucks costs instead, as they are of its side of origin."""
    truck_hour_for: dict[Name, OwnTruckHour] = {}
    """Vehicle class -> what an hour of its trucks costs instead, in every direction; it beats `truck_hour_of`."""
    turn_back_usd: Levels | None = None
    """What a truck that turns back costs its carrier, the loss of its load left out [USD]; omit if not known."""
    spoilage: Levels = ONE
    """Factor on the value that loads lose by ageing (`value_lost_per_day` or `value_lost_by_age` of the class)."""
    fees: dict[Name, Fee] = {}
    """Fees of trucks released."""
    posts: dict[Name, Post] = {}
    """Stage or pool -> what a lane or a unit needs. Counted where an upgrade leaves fewer of them than before: what it
    adds is in its own running cost."""
    officer_year_usd: dict[SideName, Levels] = {}
    """Side -> cost of an officer [USD a year]."""
    officer_week_h: Annotated[Number, Field(gt=0, le=168)] = 35.0
    """Hours a week that one officer covers, leave and training taken off [h]."""
    inspections: list[Name] = []
    """Stages that inspect goods: trucks that visit none of them count as not inspected."""
    carbon_usd_per_t: Levels | None = None
    """Cost to society of a tonne of CO2 [USD/t]; omit to leave it out."""
    discount_rate: ShareLevels
    """Real discount rate a year."""
    horizon_years: Annotated[Count, Field(ge=1, le=100)]
    """Years from the decision that are counted."""
    growth_per_year: ShareLevels = NONE
    """Growth of the benefits a year, as trucks become more."""
    growth_years: Annotated[Count, Field(ge=0, le=100)] = 0
    """Years in which they grow; after that they stay."""

    def hour_usd(self, part: Part, direction: DirectionName, vehicle_class: str, end: End) -> float:
        """Return what an hour of a truck costs of one part, at one end of its range [USD/h]."""
        own = (self.truck_hour_for.get(vehicle_class), self.truck_hour_of.get(direction))
        levels = next((getattr(each, part) for each in own if each and getattr(each, part)), None)
        return float((levels or getattr(self.truck_hour, part)).at(end))
