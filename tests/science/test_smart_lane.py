"""The smart lane against the estimate of fact F230: 2,000 boxes a day want 20 to 45 vehicles.

The gate is the example of docs/mechanisms.md: 3.6 km at 25 km/h, cranes of 3 min a box at both ends, a gate of 2 min
each way, vehicles available for 85 % of the time. Five cranes a side are the upper end of the fact. Assumptions: the
spread of the lifts, six lanes at the gate, how long a vehicle is down, and boxes that wait without end.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import numpy as np
import pytest
from ruamel.yaml import YAML

from gates.schema.gate import Gate
from gates.schema.scenario import Scenario
from sim import compile_plan, draw, measure, simulate
from sim.metrics.meter import Key
from tests.science.small_gates import NORTH
from tests.science.theory import Evidence, evidence
from tests.test_docs import ROOT, blocks

PAGE = ROOT / "docs" / "mechanisms.md"
LIFT_MIN = 3
CYCLE_MIN = {"empty": 2 * (3.6 / 25 * 60 + 2 + LIFT_MIN), "loaded": 2 * (3.6 / 25 * 60 + 2 + 2 * LIFT_MIN)}
AVAILABLE = 0.85
A_DAY = 24 * 60
REPLICATIONS = 10


def smart_lane(vehicles: int, cranes: int = 5) -> dict[str, Any]:
    """Return the gate of the page with another fleet."""
    page = blocks(PAGE.name, PAGE.read_text(encoding="utf-8"))
    (text,) = [block.text for block in page if block.notes.get("file") == "smart-lane.yaml"]
    gate: dict[str, Any] = YAML(typ="safe").load(text)
    gate["pools"]["igv"]["shifts"][0]["units"] = vehicles
    for name in ("crane-on", "crane-off"):
        gate["stages"][name]["lanes"] = cranes
    return gate


def loaded_both_ways(gate: dict[str, Any], cranes: int) -> dict[str, Any]:
    """Return the gate with a box for the way back: a truck of the model is then a pair of boxes.

    The cranes of a side, now a pool, take boxes off and put boxes on.
    """
    stages = gate["stages"]
    there = list(gate["paths"][NORTH])
    for name, side in (("crane-on", "vn"), ("crane-off", "cn")):
        stages[name] |= {"lanes": "unlimited", "needs": {f"crane-{side}": 1}}
        gate["pools"][f"crane-{side}"] = {"side": side, "shifts": [{"hours": "24 h", "units": cranes}]}
    stages |= {f"{name}-back": dict(stages[name]) for name in there}
    for name, side in (("crane-on-back", "cn"), ("crane-off-back", "vn")):
        stages[name]["needs"] = {f"crane-{side}": 1}
    del stages["crane-off"]["gives"], stages["crane-on-back"]["takes"], gate["pools"]["igv"]["comes_back"]
    del gate["pools"]["igv"]["sources"]["comes_back"]
    gate["paths"] = {NORTH: [*there, *(f"{name}-back" for name in there)]}
    return gate


class Day(NamedTuple):
    boxes: Evidence
    cranes: float
    """Share of the time in which the cranes before the drive work."""
    vehicles: float
    """Share of the vehicles that no fault has taken down which are loaded, at a crane, or on their way back."""


def a_day(vehicles: int, cranes: int, back: str) -> Day:
    """Run the lane where boxes wait without end."""
    gate, pairs = smart_lane(vehicles, cranes), back == "loaded"
    if pairs:
        gate = loaded_both_ways(gate, cranes)
    plan = compile_plan(Scenario(gate=Gate.model_validate(gate), days=4, warmup_days=1))
    used = (
        Key("pool_utilisation", "share", stage="crane-vn") if pairs else Key("utilisation", "share", stage="crane-on")
    )
    keys = [Key("throughput_per_day", "mean", NORTH), used, Key("pool_utilisation", "share", stage="igv")]
    rows = []
    for replication in range(REPLICATIONS):
        values = measure(plan, simulate(plan, draw(plan, seed=1, replication=replication))).values
        rows.append([values[key] for key in keys])
    boxes, used_cranes, used_vehicles = np.array(rows).T
    return Day(evidence(boxes * (2 if pairs else 1)), float(used_cranes.mean()), float(used_vehicles.mean()))


def rows_of_the_page() -> list[tuple[int, int, str, int, str]]:
    """Return the table of the page: vehicles, cranes a side, the way back, boxes a day, what binds."""
    found = re.findall(
        r"^\| (\d+) \| (\d) \| (empty|loaded) \| ([\d,]+) \| (.+) \|$", PAGE.read_text("utf-8"), re.MULTILINE
    )
    return [
        (int(fleet), int(cranes), back, int(boxes.replace(",", "")), binds)
        for fleet, cranes, back, boxes, binds in found
    ]


@pytest.mark.parametrize(("vehicles", "cranes", "back", "boxes", "binds"), rows_of_the_page())
def test_what_the_page_says(vehicles, cranes, back, boxes, binds):
    """The page rounds to fifty boxes. What binds works all the time that it can, and the bound on paper is near."""
    found = a_day(vehicles, cranes, back)
    assert abs(found.boxes.mean - boxes) <= 25
    by_fleet = vehicles * AVAILABLE * A_DAY / CYCLE_MIN[back] * (2 if back == "loaded" else 1)
    by_cranes = cranes * A_DAY / LIFT_MIN
    assert found.boxes.mean - found.boxes.half_width <= min(by_fleet, by_cranes)
    assert min(by_fleet, by_cranes) <= 1.05 * found.boxes.mean
    assert (found.vehicles > 0.95) == ("vehicles" in binds)
    assert (found.cranes > 0.95) == ("cranes" in binds)


def test_two_thousand_boxes_want_twenty_to_forty_five_vehicles():
    """Within a tenth, with the interval at the false-alarm rate, at both ends of what the fact says."""
    one_way, both_ways = a_day(45, 5, "empty"), a_day(27, 5, "loaded")
    for found in (one_way.boxes, both_ways.boxes):
        assert abs(found.mean - 2000) + found.half_width <= 200, str(found)
    too_few, enough = a_day(20, 5, "loaded").boxes, a_day(32, 5, "loaded").boxes
    assert too_few.mean + too_few.half_width < 2000 < enough.mean


def test_half_of_the_day_carries_half_of_the_boxes():
    """Cranes that work from 07:00 to 19:00: about half, whatever the fleet."""
    gate = smart_lane(45, 5)
    for name in ("crane-on", "crane-off"):
        gate["stages"][name]["hours"] = "07:00-19:00"
    plan = compile_plan(Scenario(gate=Gate.model_validate(gate), days=4, warmup_days=1))
    values = measure(plan, simulate(plan, draw(plan))).values
    assert 900 <= values[Key("throughput_per_day", "mean", NORTH)] <= 1100
