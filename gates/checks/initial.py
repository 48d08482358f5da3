"""Checks of the trucks in queues when the run begins."""

from __future__ import annotations

from collections.abc import Iterator

from gates.checks.register import Findings, finding, rule, unknown
from gates.checks.stages import Kind, comes_to, own_visits
from gates.findings import Place
from gates.schema.demand import InitialQueue
from gates.schema.distributions import Constant
from gates.schema.gate import Gate


def _entries(gate: Gate) -> Iterator[tuple[Place, InitialQueue]]:
    for n, entry in enumerate(gate.initial):
        yield ("initial", n), entry


@rule("classes.*", "flows.*.class", "flows.*.direction", "stages.*")
def initial_names(gate: Gate) -> Findings:
    """Trucks in initial queues are of a class that flows in their direction, at a stage of the gate."""
    flowing = {(flow.vehicle_class, flow.direction) for flow in gate.flows.values()}
    for place, entry in _entries(gate):
        if entry.vehicle_class not in gate.classes:
            yield unknown((*place, "class"), entry.vehicle_class, "vehicle class", gate.classes)
        elif (entry.vehicle_class, entry.direction) not in flowing:
            remedy = "Add such a flow, with a per_day of 0 if no more arrive."
            yield finding((*place, "class"), entry.vehicle_class, f"no {entry.direction} flow has this class", remedy)
        if entry.stage not in gate.stages:
            yield unknown((*place, "stage"), entry.stage, "stage", gate.stages)


@rule("initial.**", "paths.**", "flows.*.class", "flows.*.direction")
def initial_stages(gate: Gate) -> Findings:
    """Trucks in initial queues are at a stage that such trucks come to."""
    flowing = {(flow.vehicle_class, flow.direction) for flow in gate.flows.values()}
    for place, entry in _entries(gate):
        kind = Kind(entry.vehicle_class, entry.direction, entry.empty)
        if (kind.vehicle_class, kind.direction) not in flowing:
            continue
        if entry.stage in gate.stages and entry.stage not in comes_to(gate, kind):
            remedy = "Name a stage on their path, and say whether they return empty."
            yield finding((*place, "stage"), entry.stage, f"{kind} trucks never come here", remedy)


@rule("initial.**", "classes.*")
def initial_waits(gate: Gate) -> Findings:
    """The time that trucks have waited at the start counts towards the patience of their class."""
    for place, entry in _entries(gate):
        vehicle_class = gate.classes.get(entry.vehicle_class)
        if vehicle_class and vehicle_class.patience is None and entry.waited != Constant(constant=0.0):
            remedy = "Give the class a `patience`, or remove `waited`."
            yield finding((*place, "waited"), "", f"{entry.vehicle_class} trucks never lose patience", remedy)


@rule("initial.**")
def initial_twice(gate: Gate) -> Findings:
    """Each kind of truck at a stage has one entry."""
    seen: set[tuple[str, str, str, bool]] = set()
    for place, entry in _entries(gate):
        key = (entry.vehicle_class, entry.direction, entry.stage, entry.empty)
        if key in seen:
            yield finding(place, entry.stage, "these trucks are listed twice", "Write the sum in one entry.")
        seen.add(key)


@rule("initial.**", "paths.**", "stages.*.takes.**", "stages.*.gives.**", "flows.*.class", "flows.*.direction")
def initial_units(gate: Gate) -> Findings:
    """Trucks in initial queues hold no units of a pool."""
    for place, entry in _entries(gate):
        held: set[str] = set()
        for placed, visit in own_visits(gate, entry.direction, entry.vehicle_class):
            if (visit.stage, placed.is_empty) == (entry.stage, entry.empty):
                break
            if visit.stage in gate.stages:
                stage = gate.stages[visit.stage]
                held = (held - stage.gives.keys()) | stage.takes.keys()
        else:
            held = set()
        if held:
            problem = f"trucks here hold units of {', '.join(sorted(held))}"
            yield finding(
                (*place, "stage"),
                entry.stage,
                problem,
                "Put them at the stage that takes the units, or at an earlier one.",
            )
