"""A border read as one gate: everything of its gates under the names that it has at the border.

Tables, plots, pages and reports look names up here. A run does not: its plan is made of the plans of the gates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gates.schema.borders.model import Border
from gates.schema.borders.names import of_gate, parted, way_of
from gates.schema.calendar import Surge
from gates.schema.gate import Gate
from gates.schema.paths import Choice, Step, Visit
from gates.schema.stages import Stage


class ComposedGate(Gate):
    """The gates of a border as one, made by `composed` alone: no file describes it."""

    border: Border
    """The border."""
    changes: tuple[Any, ...] = ()
    """What upgrades changed in its gates, in order."""

    @property
    def document(self) -> dict[str, Any]:
        """The border as plain data, its gates in it."""
        return self.border.model_dump(mode="json", by_alias=True)

    def __repr__(self) -> str:
        """Return a line."""
        return repr(self.border)

    __str__ = __repr__


def composed(border: Border, changes: tuple[Any, ...] = ()) -> ComposedGate:
    """Return a border, whose gates have been looked up, read as one gate; `changes` are those of upgrades."""
    gates = {name: member.found for name, member in border.gates.items()}
    paths: dict[Any, Any] = {
        of_gate(name, direction): _steps(name, steps)
        for name, gate in gates.items()
        for direction, steps in gate.paths.items()
    }
    two_way: dict[Any, Any] = {
        of_gate(name, direction): back.model_copy(update={"steps": _steps(name, back.steps)})
        for name, gate in gates.items()
        for direction, back in gate.two_way.items()
    }
    return ComposedGate.model_construct(
        border=border,
        changes=changes,
        name=border.name,
        title=border.title,
        about=border.about,
        sides={side: zone for gate in gates.values() for side, zone in gate.sides.items()},
        origin=_all(gates, "origin"),
        start=border.start,
        end_of_day=border.end_of_day,
        classes={name: each for gate in gates.values() for name, each in gate.classes.items()},
        profiles={},
        flows={
            of_gate(name, flow): each.model_copy(update={"direction": of_gate(name, each.direction), "profile": None})
            for name, gate in gates.items()
            for flow, each in gate.flows.items()
        },
        stages=_titled(_stages(border, gates)),
        pools=_titled(_all(gates, "pools")),
        areas=_titled(
            {
                of_gate(name, area): each.model_copy(update={"stages": [of_gate(name, stage) for stage in each.stages]})
                for name, gate in gates.items()
                for area, each in gate.areas.items()
            }
        ),
        links=_all(gates, "links"),
        outages={},
        paths=paths,
        two_way=two_way,
        booking={},
        calendar=[_entry(name, gate, entry) for name, gate in gates.items() for entry in gate.calendar],
        initial=[],
        sources=border.sources,
        road_per_truck=None,
        calibrated=None,
        readings={},
        reading=None,
        targets={},
    )


def _all(gates: Mapping[str, Gate], part: str) -> dict[Any, Any]:
    """Return a part of all gates by names at the border."""
    return {of_gate(name, key): each for name, gate in gates.items() for key, each in getattr(gate, part).items()}


def _titled(parts: Mapping[str, Any]) -> dict[Any, Any]:
    """Return parts of gates with the name of their gate before each title, as two gates may use the same words."""
    titled = {}
    for key, part in parts.items():
        gate, name = parted(key)
        titles = part.title or {"en": name.replace("-", " ").capitalize()}
        titled[key] = part.model_copy(update={"title": {tag: f"{gate}: {text}" for tag, text in titles.items()}})
    return titled


def _stages(border: Border, gates: Mapping[str, Gate]) -> dict[str, Stage]:
    found: dict[str, Stage] = {}
    for name, gate in gates.items():
        for trade, each in border.trade.items():
            if each.thinks_again and name in each.flows:
                way = Stage(side=next(iter(gate.sides)), lanes="unlimited", service=each.way)
                found[of_gate(name, way_of(trade))] = way.model_copy(update={"title": {"en": "From another gate"}})
        for key, stage in gate.stages.items():
            pools = {use: {of_gate(name, pool): n for pool, n in getattr(stage, use).items()} for use in _USES}
            found[of_gate(name, key)] = stage.model_copy(update=pools)
    return found


_USES = ("needs", "takes", "gives")


def _step(name: str, step: Step) -> Step:
    """Return a step of a path with the stages at the border."""
    match step:
        case str():
            return Visit(stage=step).model_copy(update={"stage": of_gate(name, step)})
        case Visit():
            again = step.again_from and of_gate(name, step.again_from)
            return step.model_copy(update={"stage": of_gate(name, step.stage), "again_from": again})
        case Choice():
            return step.model_copy(update={"then": {way: _steps(name, inner) for way, inner in step.then.items()}})
    return step


def _steps(name: str, steps: Sequence[Step]) -> list[Step]:
    return [_step(name, step) for step in steps]


def _entry(name: str, gate: Gate, entry: Any) -> Any:
    """Return an entry of a calendar that names the flows or stages of its gate that it touches."""
    if isinstance(entry, Surge):
        flows = [of_gate(name, flow) for flow, each in gate.flows.items() if entry.touches(flow, each)]
        return entry.model_copy(update={"flows": flows, "classes": None, "directions": None})
    touches = entry.touches if hasattr(entry, "touches") else entry.closes
    stages = [of_gate(name, stage) for stage, each in gate.stages.items() if touches(stage, each.side)]
    return entry.model_copy(update={"stages": stages, "sides": None})
