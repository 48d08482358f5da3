"""Fuel and electricity that trucks, refrigeration units and fleets use at a gate, and what they give off."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from gates.schema.base import Name, SideName, Sourced
from gates.schema.prices.levels import NONE, Levels, ShareLevels
from gates.schema.quantities import Metres


class EngineOn(Sourced):
    """Share of each kind of time in which the engine of a truck runs."""

    waiting: ShareLevels
    """In the queue of a stage that is open, and where the truck is blocked."""
    closed: ShareLevels
    """In the queue of a stage that is closed, and while goods are not ready."""
    served: ShareLevels
    """In service, stages on whose way trucks drive (`drive`) left out."""


class Fuel(Sourced):
    """What an engine burns, and what it gives off."""

    unit: Literal["l", "kg"]
    """Unit of its amounts."""
    idle_per_h: Levels
    """Use while the truck stands [unit/h]."""
    creep_per_h: Levels
    """Use while it moves up in a queue [unit/h]."""
    drive_per_km: Levels
    """Use on the roads of the gate [unit/km]."""
    co2_kg: Levels
    """CO2 of a unit, from the exhaust alone [kg]."""
    usd: Levels
    """Price of a unit [USD]."""
    nox_g_per_h: Levels | None = None
    """Nitrogen oxides of an engine that runs while the truck stands [g/h]; omit if not known."""
    pm_g_per_h: Levels | None = None
    """Particles of an engine that runs while the truck stands [g/h]; omit if not known."""


class Battery(Sourced):
    """What a truck with a battery uses."""

    idle_kw: Levels
    """While it is switched on and stands [kW]."""
    creep_kw: Levels
    """While it moves up in a queue [kW]."""
    drive_kwh_per_km: Levels
    """On the roads of the gate [kWh/km]."""


class Refrigeration(Sourced):
    """Refrigeration units with engines of their own, which run as long as the truck is loaded."""

    l_per_h: Levels
    """Diesel at a stand [l/h]."""


class Grid(Sourced):
    """Electricity of a side."""

    co2_kg_per_kwh: Levels
    """CO2 of a kilowatt-hour [kg]."""
    usd_per_kwh: Levels
    """Price of a kilowatt-hour [USD]."""


class FleetEnergy(Sourced):
    """What the vehicles of a pool use."""

    trip: Annotated[Metres, Field(gt=0)]
    """Distance that a unit drives for each truck, the way back included [m]."""
    kwh_per_km: Levels
    """Electricity [kWh/km], from the grid of the pool's side."""


class Energy(Sourced):
    """Fuel and electricity at the gate. Trucks with a battery charge on the side where their direction begins."""

    engine_on: EngineOn
    """How much of their time engines run."""
    creeping: ShareLevels = NONE
    """Share of the running time in queues of open stages in which trucks move up."""
    fuels: dict[Literal["diesel", "gas"], Fuel]
    """Fuel -> what an engine burns."""
    battery: Battery | None = None
    """Trucks with a battery; omit if no class has one."""
    refrigeration: Refrigeration | None = None
    """Refrigeration units; omit if no class is refrigerated."""
    grid: dict[SideName, Grid] = {}
    """Side -> its electricity."""
    fleets: dict[Name, FleetEnergy] = {}
    """Pool -> what its vehicles use."""
