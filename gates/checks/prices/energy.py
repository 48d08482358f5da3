"""Checks of energy: every powertrain has its factors, and fleets and grids are of the gate."""

from __future__ import annotations

from gates.checks.register import Findings, finding, rule, shares_not_full, unknown
from gates.findings import Place
from gates.schema.gate import Gate


@rule("classes.*")
def powertrain_shares(gate: Gate) -> Findings:
    """Shares of powertrains add to 100 %."""
    for name, vehicle_class in gate.classes.items():
        if vehicle_class.powertrain_shares:
            shares = {str(kind): share for kind, share in vehicle_class.powertrain_shares.items()}
            yield from shares_not_full(("classes", name, "powertrain_shares"), shares)


@rule("classes.*", "energy.**")
def powertrains(gate: Gate) -> Findings:
    """What drives a class, and what cools its loads, has its factors."""
    energy = gate.energy
    if energy is None:
        return
    for name, vehicle_class in gate.classes.items():
        key = "powertrain_shares" if vehicle_class.powertrain_shares else "powertrain"
        for kind in vehicle_class.powertrain_shares or (vehicle_class.powertrain,):
            place: Place = ("classes", name, key)
            if kind == "battery" and energy.battery is None:
                yield finding(place, kind, "has no factors", "Add `energy.battery`.")
            elif kind != "battery" and kind not in energy.fuels:
                yield finding(place, kind, "has no factors", f"Add `energy.fuels.{kind}`.")
        if vehicle_class.refrigerated and (energy.refrigeration is None or "diesel" not in energy.fuels):
            missing = "energy.refrigeration" if energy.refrigeration is None else "energy.fuels.diesel"
            yield finding(("classes", name, "refrigerated"), "", "units have no factors", f"Add `{missing}`.")


@rule("sides.*", "pools.*", "energy.fleets.*", "energy.grid.*")
def electricity(gate: Gate) -> Findings:
    """Fleets are pools of the gate, and what takes electricity finds it on its side."""
    energy = gate.energy
    if energy is None:
        return
    for side in energy.grid:
        if side not in gate.sides:
            yield unknown(("energy", "grid", side), side, "side", gate.sides)
    needed: dict[str, str] = {}
    for pool in energy.fleets:
        if pool not in gate.pools:
            yield unknown(("energy", "fleets", pool), pool, "pool", gate.pools)
        else:
            needed.setdefault(gate.pools[pool].side, f"fleet {pool}")
    for flow in gate.flows.values():
        kind = gate.classes.get(flow.vehicle_class)
        if kind and "battery" in (kind.powertrain_shares or (kind.powertrain,)) and flow.direction in gate.origin:
            needed.setdefault(gate.origin[flow.direction], f"class {flow.vehicle_class}")
    for side, who in needed.items():
        if side in gate.sides and side not in energy.grid:
            yield finding(("energy", "grid"), side, f"{who} takes electricity there", f"Add `energy.grid.{side}`.")
