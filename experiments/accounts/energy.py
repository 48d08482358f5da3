"""Fuel, electricity, CO2 and pollutants of a day at the gate, from the hours of its trucks.

An engine that stands burns its idle rate as long as it runs; in the queue of an open stage it moves up for a share of
that time and burns the creeping rate. On roads of the gate the distance counts, not the time. Refrigeration units run
as long as the truck is loaded, holds included. Every number is proportional to the hours measured, so each replication
has its own, and factors can be changed without a new run.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gates.schema.base import DirectionName
from gates.schema.gate import Gate
from gates.schema.prices.energy import Energy, Fuel
from gates.schema.prices.levels import End, Levels
from sim.metrics.meter import Key

Floats = npt.NDArray[np.float64]
Values = Mapping[Key, Floats]
"""Numbers of a scenario: (replications,) of each."""
GRAMS = 1000.0


class Use(NamedTuple):
    """Energy of one kind that trucks of a class use for one purpose in a day."""

    direction: str
    """Empty for a fleet."""
    vehicle_class: str
    """Vehicle class, or the pool of a fleet."""
    purpose: str
    """`queues`, `opening`, `service`, `driving`, `refrigeration` or `fleet`."""
    energy: str
    """`diesel`, `gas` or `electricity`."""
    unit: str
    amount: Floats
    """(replications,) [unit/d]."""
    co2_kg: Floats
    """(replications,) [kg/d]."""
    usd: Floats
    """(replications,) [USD/d]."""
    nox_kg: Floats
    """(replications,) [kg/d]; NaN where no factor is known."""
    pm_kg: Floats
    """(replications,) [kg/d]; NaN where no factor is known."""


class _Hours(NamedTuple):
    """Hours of a day in which engines of a class run, and what it drives."""

    idle: dict[str, Floats]
    """Purpose -> hours at a stand."""
    creep: Floats
    driven_km: Floats


Pair = tuple[DirectionName, str]
"""Direction and vehicle class."""


def classes_of(gate: Gate) -> list[Pair]:
    """Return (direction, vehicle class) of all trucks of a gate, each once."""
    return list(dict.fromkeys((flow.direction, flow.vehicle_class) for flow in gate.flows.values()))


def hours_of(values: Values, state: str, direction: str, vehicle_class: str) -> Floats:
    """Return the truck hours of a class in a state in a day; nothing where they were not measured."""
    key = Key(f"{state}_truck_hours_per_day", "mean", direction, vehicle_class)
    return values.get(key, np.zeros(1))


def energy_uses(gate: Gate, values: Values, end: End = "base") -> list[Use]:
    """Return all energy that trucks and fleets use in a day, with the factors of one end of their ranges; none for a
    gate without `energy`.
    """
    energy = gate.energy
    if energy is None:
        return []
    uses = [use for pair in classes_of(gate) for use in _of_class(gate, energy, values, pair, end)]
    return uses + list(_of_fleets(gate, energy, values, end))


def _of_class(gate: Gate, energy: Energy, values: Values, pair: Pair, end: End) -> Iterator[Use]:
    direction, name = pair
    kind = gate.classes[name]
    hours = _running(energy, values, pair, end)
    for powertrain, share in (kind.powertrain_shares or {kind.powertrain: 1.0}).items():
        if powertrain == "battery":
            yield from _electric(gate, energy, hours, pair, share, end)
        else:
            yield from _burnt(energy.fuels[powertrain], powertrain, hours, pair, share, end)
    if kind.refrigerated and energy.refrigeration is not None:
        cooled = hours_of(values, "loaded", *pair) + hours_of(values, "held", *pair)
        litres = kind.refrigerated * energy.refrigeration.l_per_h.at(end) * cooled
        diesel, unknown = energy.fuels["diesel"], np.full(litres.shape, math.nan)
        parts = litres, diesel.co2_kg.at(end) * litres, diesel.usd.at(end) * litres
        yield Use(direction, name, "refrigeration", "diesel", diesel.unit, *parts, unknown, unknown)


def _running(energy: Energy, values: Values, pair: Pair, end: End) -> _Hours:
    on, creeping = energy.engine_on, energy.creeping.at(end)
    queue, closed, blocked, served, held = (
        hours_of(values, state, *pair) for state in ("queue", "closed", "blocked", "served", "held")
    )
    moving = on.waiting.at(end) * creeping * queue
    return _Hours(
        idle={
            "queues": on.waiting.at(end) * (queue + blocked) - moving,
            "opening": on.closed.at(end) * (closed + held),
            "service": on.served.at(end) * served,
        },
        creep=moving,
        driven_km=values.get(Key("driven_km_per_day", "mean", *pair), np.zeros(1)),
    )


def _burnt(fuel: Fuel, name: str, hours: _Hours, pair: Pair, share: float, end: End) -> Iterator[Use]:
    for purpose, idle in hours.idle.items():
        moving = hours.creep if purpose == "queues" else np.zeros_like(idle)
        amount = share * (fuel.idle_per_h.at(end) * idle + fuel.creep_per_h.at(end) * moving)
        given_off = (_grams(share, factor, idle + moving, end) for factor in (fuel.nox_g_per_h, fuel.pm_g_per_h))
        co2, usd = fuel.co2_kg.at(end) * amount, fuel.usd.at(end) * amount
        yield Use(*pair, purpose, name, fuel.unit, amount, co2, usd, *given_off)
    amount, unknown = share * fuel.drive_per_km.at(end) * hours.driven_km, np.full(hours.driven_km.shape, math.nan)
    if amount.any():
        co2, usd = fuel.co2_kg.at(end) * amount, fuel.usd.at(end) * amount
        yield Use(*pair, "driving", name, fuel.unit, amount, co2, usd, unknown, unknown)


def _grams(share: float, factor: Levels | None, hours: Floats, end: End) -> Floats:
    """Return what an engine gives off at a stand [kg]."""
    return np.full(hours.shape, math.nan) if factor is None else share * factor.at(end) * hours / GRAMS


def _electric(gate: Gate, energy: Energy, hours: _Hours, pair: Pair, share: float, end: End) -> Iterator[Use]:
    battery = energy.battery
    assert battery is not None  # `gates.checks.prices.energy`
    side = gate.origin[pair[0]]
    for purpose, idle in hours.idle.items():
        moving = hours.creep if purpose == "queues" else np.zeros_like(idle)
        amount = share * (battery.idle_kw.at(end) * idle + battery.creep_kw.at(end) * moving)
        yield _from_grid(energy, side, (*pair, purpose), amount, end)
    driven = share * battery.drive_kwh_per_km.at(end) * hours.driven_km
    if driven.any():
        yield _from_grid(energy, side, (*pair, "driving"), driven, end)


def _from_grid(energy: Energy, side: str, about: tuple[str, str, str], kwh: Floats, end: End) -> Use:
    grid, none = energy.grid[side], np.zeros_like(kwh)
    co2, usd = grid.co2_kg_per_kwh.at(end) * kwh, grid.usd_per_kwh.at(end) * kwh
    return Use(*about, "electricity", "kWh", kwh, co2, usd, none, none)


def _of_fleets(gate: Gate, energy: Energy, values: Values, end: End) -> Iterator[Use]:
    for pool, fleet in energy.fleets.items():
        trips = values.get(Key("fleet_trips_per_day", "mean", stage=pool), np.zeros(1))
        kwh = trips * fleet.trip / 1000 * fleet.kwh_per_km.at(end)
        yield _from_grid(energy, gate.pools[pool].side, ("", pool, "fleet"), kwh, end)
