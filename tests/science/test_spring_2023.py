"""The peak of spring 2023: more trucks came than the bays in China could take, and none turned back [F034, F160].

On 28 May 2023 Huu Nghi cleared 290 northbound trucks, 320 new ones came, and 898 waited in the province, after "over a
week" of congestion; by its share of the trucks cleared (290 of 524), 497 of them waited here. How many came before is
from 8 April: 203 cleared and 244 came, four in five with fruit [F018]. Three in ten durian loads were tested [F188].
The number of bays is set so that they pass what was cleared, so the throughput is not a result. The result is the
stock: how long loads that are not ready, and the line before the border, hold a truck, in days of clearance.
"""

from __future__ import annotations

import datetime as dt

import numpy as np

from gates import Gate, Scenario, load_gate
from sim import compile_plan, draw, measure, simulate

NORTH = "northbound"
USUAL, PEAK, CLEARED = 220, 320, 290
BAYS = 16
FRUIT = 0.8
SHARE_HERE = 290 / 524
WAITING = 898 * SHARE_HERE
FIRST, BULLETIN = dt.date(2023, 5, 20), dt.date(2023, 5, 28)
REPLICATIONS = 20


def spring() -> Gate:
    """Return the gate with the flows of spring 2023 and bays that pass what was cleared."""
    gate = load_gate("friendship-pass").model_dump(mode="json", by_alias=True)
    shares = {"durian": FRUIT / 2, "fruit": FRUIT / 2, "electronics": (1 - FRUIT) / 2, "general": (1 - FRUIT) / 2}
    for goods, share in shares.items():
        # The months of durian are those of 2024 and 2025: the observed arrivals hold whatever they say.
        gate["flows"][f"{goods}-north"] |= {"per_day": USUAL * share, "profile": "evening-before"}
    gate["end_of_day"]["counts"] = "until-release"  # who waits for kiosks and bays in a jam was counted in Vietnam
    gate["stages"]["bay-cn"]["lanes"] = BAYS
    (laboratory,) = [step for step in gate["paths"][NORTH] if isinstance(step, dict) and step.get("stage") == "lab-cn"]
    laboratory["share"] = 0.3
    gate["calendar"].append(
        {"name": "Peak", "first": str(FIRST), "last": str(BULLETIN), "demand": PEAK / USUAL, "directions": [NORTH]}
    )
    del gate["profiles"]["durian-season"]  # no flow has it now, and what names it is not looked at here
    del gate["readings"], gate["targets"]
    return Gate.model_validate(gate)


def test_v4_stock_after_a_week_of_the_peak() -> None:
    days = (BULLETIN - FIRST).days + 1
    plan = compile_plan(Scenario(gate=spring(), days=days, warmup_days=14, start=FIRST))
    rows = []
    for replication in range(REPLICATIONS):
        found = measure(plan, simulate(plan, draw(plan, seed=1, replication=replication)))
        here = found.directions.index(NORTH)
        rows.append((found.released[-3:, here].mean(), found.stock[-1, here]))
    cleared, waiting = np.mean(rows, axis=0)
    assert abs(cleared - CLEARED) <= 0.05 * CLEARED
    assert 0.8 * 1.7 <= waiting / cleared <= 1.2 * 2.0
    assert abs(waiting - WAITING) <= 0.2 * WAITING
