"""Generated borders: generated gates side by side, and trade in some of their flows."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from gates.checks.stages import Kind, comes_to
from gates.schema.borders.composed import composed
from gates.schema.borders.model import Border
from gates.schema.gate import Gate
from gates.schema.scenario import Scenario
from tests.strategies import scenarios

HOURS = [0, 1, 3, 30]


def may_trade(gate: Gate) -> list[str]:
    """Return the flows of a gate that book nowhere."""
    booked = {flow for booking in gate.booking.values() for flow in booking.flows}
    return [name for name in gate.flows if name not in booked]


def may_think(gate: Gate, flow: str) -> list[str]:
    """Return the stages at which trucks of a flow may choose again: they hold no vehicle of a fleet there."""
    kind = Kind(gate.flows[flow].vehicle_class, gate.flows[flow].direction, False)
    stages = list(dict.fromkeys(comes_to(gate, kind)))
    if not any(stage.takes for stage in gate.stages.values()):
        return stages
    written = [step if isinstance(step, str) else "" for step in gate.paths[gate.flows[flow].direction]]
    return ["booth"] if written.count("booth") == 1 else []


@st.composite
def trades(draw: st.DrawFn, flows: dict[str, str], gates: dict[str, Gate]) -> dict[str, Any]:
    """Draw what a trade says of one flow of each gate."""
    trade: dict[str, Any] = {
        "flows": {name: [flow] for name, flow in flows.items()},
        "free": draw(st.sampled_from([0.3, 1, 1])),
        "spread": 3600 * draw(st.sampled_from([0, 1, 1, 24])),
        "usual_wait": {name: 3600 * draw(st.sampled_from(HOURS)) for name in flows},
        "sets_out": {
            "knows": draw(st.integers(0, 2)),
            "puts_up_with": draw(st.sampled_from([None, None, {"empirical": [3600, 20 * 3600, 300 * 3600]}])),
        },
        "moves": {"takes": draw(st.sampled_from([{"constant": 0}, {"empirical": [0, 1200, 3600]}]))},
    }
    places = {name: may_think(gates[name], flow) for name, flow in flows.items()}
    places = {name: draw(st.sampled_from([p, p, p[:1]])) for name, p in places.items() if p}
    if places and draw(st.sampled_from([True, True, True, False])):
        trade["thinks_again"] = {"in": places, "gain": 3600 * draw(st.sampled_from([0, 0, 2]))}
    return trade


@st.composite
def borders(draw: st.DrawFn, days: int = 0) -> Scenario:
    """Draw a border of one to three gates for a day or two, with up to two trades; `days` are added."""
    parts = {name: draw(scenarios()) for name in ("aa", "bb", "cc")[: draw(st.integers(1, 3))]}
    gates = {name: part.gate for name, part in parts.items()}
    first: dict[str, str] = {}
    second: dict[str, str] = {}
    for name, gate in gates.items():
        flows = may_trade(gate)
        if flows:
            first[name] = draw(st.sampled_from(flows))
            mine = gate.flows[first[name]]
            others = [
                flow
                for flow in flows
                if (gate.flows[flow].vehicle_class, gate.flows[flow].direction) != (mine.vehicle_class, mine.direction)
            ]
            if draw(st.booleans()) and others:
                second[name] = draw(st.sampled_from(others))
    often: list[list[str]] = [["20:00"], ["00:00", "06:00", "12:00", "18:00"], [f"{h:02d}:20" for h in range(24)]]
    times = draw(st.sampled_from(often))
    border = Border.model_validate(
        {
            "name": "generated",
            "start": parts["aa"].gate.start,
            "end_of_day": {"at": "20:00", "side": "vn"},
            "gates": {name: {"gate": gate} for name, gate in gates.items()},
            "board": {"at": times, "side": "vn", "over": draw(st.integers(1, 3)), "at_most": 3600 * 100},
            "trade": {name: draw(trades(flows, gates)) for name, flows in (("one", first), ("two", second)) if flows},
        }
    )
    scenario = parts["aa"]
    return Scenario(gate=composed(border), days=scenario.days + days, warmup_days=scenario.warmup_days)
