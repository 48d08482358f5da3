"""The checks of energy: what is wrong, where, and the remedy."""

from __future__ import annotations

from tests.prices import ENERGY, levels

from .rows import Table

GENERAL = "classes.general"


def energy(**more: object) -> tuple[str, object]:
    return "energy", {**ENERGY, **more}


POOL = ("pools.officer", {"side": "cn", "shifts": [{"hours": "24 h", "units": 1}]})
NEEDS = ("stages.booth.needs", {"officer": 1})
FLEET = {"trip": "1 km", "kwh_per_km": levels(1)}

TABLE: Table = {
    "powertrain_shares": [
        (
            [(f"{GENERAL}.powertrain_shares", {"diesel": "90 %"})],
            f"{GENERAL}.powertrain_shares",
            "90 %",
            "the shares do not add to 100 %",
            "Change them by +10 %.",
        ),
    ],
    "powertrains": [
        (
            [energy(), (f"{GENERAL}.powertrain", "gas")],
            f"{GENERAL}.powertrain",
            "gas",
            "has no factors",
            "Add `energy.fuels.gas`.",
        ),
        (
            [energy(battery=None), (f"{GENERAL}.powertrain", "battery")],
            f"{GENERAL}.powertrain",
            "battery",
            "has no factors",
            "Add `energy.battery`.",
        ),
        (
            [energy(refrigeration=None), (f"{GENERAL}.refrigerated", "10 %")],
            f"{GENERAL}.refrigerated",
            "",
            "units have no factors",
            "Add `energy.refrigeration`.",
        ),
    ],
    "electricity": [
        (
            [energy(grid={**ENERGY["grid"], "la": ENERGY["grid"]["vn"]})],
            "energy.grid.la",
            "la",
            "no such side",
            "Use one of vn, cn.",
        ),
        (
            [POOL, NEEDS, energy(fleets={"officr": FLEET})],
            "energy.fleets.officr",
            "officr",
            "no such pool",
            "Did you mean officer?",
        ),
        (
            [POOL, NEEDS, energy(fleets={"officer": FLEET})],
            "energy.grid",
            "cn",
            "fleet officer takes electricity there",
            "Add `energy.grid.cn`.",
        ),
        (
            [energy(grid={}), (f"{GENERAL}.powertrain", "battery")],
            "energy.grid",
            "vn",
            "class general takes electricity there",
            "Add `energy.grid.vn`.",
        ),
    ],
}
