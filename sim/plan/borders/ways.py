"""The gates of a border as they are compiled: with its days, and with a way that leads from other gates to theirs.

The way of a trade is a stage without limit before all others, at which only trucks that move to the gate come by.
"""

from __future__ import annotations

from typing import Any

from gates.schema.borders.model import Border, Trade
from gates.schema.borders.names import way_of
from gates.schema.calendar import Surge
from gates.schema.gate import Gate
from gates.schema.paths import Step, Visit
from gates.schema.scenario import Scenario
from gates.schema.stages import Stage


def scenarios_of_gates(border: Border, scenario: Scenario) -> dict[str, Scenario]:
    """Return the scenario of each gate by its name at the border: the days of the run, and the trucks of the gate."""
    return {name: scenario.model_copy(update={"gate": _at_border(border, name)}) for name in border.gates}


def _at_border(border: Border, name: str) -> Gate:
    gate = border.gates[name].found
    bulletin = border.end_of_day.model_copy(update={"counts": gate.end_of_day.counts})
    changes: dict[str, Any] = {"end_of_day": bulletin, "start": border.start}
    moving = {trade: each for trade, each in border.trade.items() if each.thinks_again and name in each.flows}
    if moving:
        changes |= _with_ways(gate, name, moving)
    return gate.model_copy(update=changes)


def _with_ways(gate: Gate, name: str, moving: dict[str, Trade]) -> dict[str, Any]:
    """Return the stages, paths and calendar of a gate with the ways of some trades to it."""
    side = next(iter(gate.sides))
    stages = dict(gate.stages)
    paths: dict[Any, list[Step]] = {direction: list(steps) for direction, steps in gate.paths.items()}
    for trade, each in moving.items():
        stages[way_of(trade)] = Stage(side=side, lanes="unlimited", service=each.way)
        come: dict[str, list[str]] = {}
        for flow in each.flows[name]:
            come.setdefault(gate.flows[flow].direction, []).append(gate.flows[flow].vehicle_class)
        for direction, classes in come.items():
            paths[direction].insert(0, Visit(stage=way_of(trade), only=sorted(set(classes))))
    return {"stages": stages, "paths": paths, "calendar": [_of_own_stages(entry, gate) for entry in gate.calendar]}


def _of_own_stages(entry: Any, gate: Gate) -> Any:
    """Return an entry of the calendar that names the stages which it touches: a closed side closes no way."""
    if isinstance(entry, Surge):
        return entry
    touches = entry.touches if hasattr(entry, "touches") else entry.closes
    mine = [name for name, stage in gate.stages.items() if touches(name, stage.side)]
    return entry.model_copy(update={"stages": mine, "sides": None})
