"""What is known of a gate now: trucks with their places and waits, and trucks that are announced."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from experiments.inputs.table import RowFindings, Table, columns_of
from gates.checks.initial import initial_units
from gates.checks.stages import Kind, comes_to
from gates.findings import nearest, suggestion
from gates.schema.demand import InitialQueue
from gates.schema.gate import Gate
from sim.clock import TICKS_PER_SECOND
from sim.plan.paths import paths_by_class

MOST_TRUCKS = 20_000
MOST_MINUTES = 60 * 24 * 60
"""Longest wait and service that a row may tell [min]: 60 days."""
COLUMNS = ("class", "direction", "stage", "empty", "trucks", "waited", "in_service", "arrives")
QUEUE = "state"
"""How findings call the table."""
TICKS_PER_MINUTE = 60 * TICKS_PER_SECOND


@dataclass(frozen=True)
class Group:
    """Trucks of one kind at one place."""

    vehicle_class: str
    direction: str
    stage: str
    empty: bool
    waited: tuple[int, ...]
    """Time since the arrival of each [tick]."""
    in_service: tuple[int, ...] = ()
    """Time since its service began, of each [tick]; empty for trucks in the queue."""


@dataclass(frozen=True)
class State:
    """What is known of a gate now."""

    groups: tuple[Group, ...]
    """Trucks that are there: those in service first, because they are ahead."""
    announced: Mapping[tuple[str, str], tuple[dt.datetime, ...]]
    """(class, direction) -> when its announced trucks arrive, in order."""

    @property
    def trucks(self) -> int:
        """How many trucks are there."""
        return sum(len(group.waited) for group in self.groups)


def read_state(table: Table, gate: Gate, now: dt.datetime) -> State:
    """Read the state of a gate.

    Parameters
    ----------
    table
        A pandas frame, a mapping of columns or the path of a CSV file, a row for each truck, or for `trucks` alike:
        `class`, `direction` (where a class flows in two), `stage`, `empty` (1 if the load is off), `waited` (minutes
        since the arrival), `in_service` (minutes since its service there began; omit in a queue), `arrives` (instead
        of a stage: when an announced truck will arrive).
    now
        The time of the state, with its zone.

    Raises
    ------
    ConfigError
        With every finding at once.
    """
    findings = RowFindings(QUEUE)
    columns = columns_of(table, QUEUE)
    for name in columns:
        if name not in COLUMNS:
            near = nearest(name, COLUMNS)
            remedy = f"Did you mean {near}?" if near else f"Columns are {', '.join(COLUMNS)}."
            findings.add((QUEUE, name), None, "is not a column of a state", remedy)
    if "class" not in columns:
        findings.add((QUEUE, "class"), None, "no column says of which class the trucks are", "Add a column `class`.")
    findings.refuse()
    reading = _Reading(gate, now, columns, findings)
    state = reading.state()
    findings.refuse()
    return state


class _Reading:
    """A table that is read for a gate."""

    def __init__(
        self, gate: Gate, now: dt.datetime, columns: Mapping[str, Sequence[Any]], findings: RowFindings
    ) -> None:
        self.gate, self.now, self.columns, self.findings = gate, now, columns, findings
        self.ways: dict[str, list[str]] = {}
        for flow in gate.flows.values():
            ways = self.ways.setdefault(flow.vehicle_class, [])
            if flow.direction not in ways:
                ways.append(flow.direction)
        self.visited: dict[Kind, frozenset[str]] = {}

    def state(self) -> State:
        waits: dict[tuple[bool, str, str, str, bool], list[tuple[int, int]]] = {}
        announced: dict[tuple[str, str], list[dt.datetime]] = {}
        total = 0
        for row in range(len(next(iter(self.columns.values())))):
            kind = self.kind(row)
            count = self.count(row)
            if kind is None or count is None:
                continue
            total += count
            if total > MOST_TRUCKS:
                problem, remedy = f"more than {MOST_TRUCKS:,} trucks", "Give the trucks of one gate."
                self.findings.add_row("trucks", row, count, problem, remedy)
                break
            if self.cell("arrives", row) is not None:
                at = self.arrives(row, kind)
                announced.setdefault(kind, []).extend([at] * count if at else [])
                continue
            stage = self.stage(row, kind)
            waited, served = self.minutes("waited", row), self.minutes("in_service", row)
            if stage is not None:
                in_service = self.cell("in_service", row) is not None
                key = (not in_service, *kind, stage, self.empty(row))
                waits.setdefault(key, []).extend([(waited, served)] * count)
        groups = []
        for (queues, vehicle_class, direction, stage, empty), trucks in sorted(waits.items()):
            trucks.sort(reverse=True)  # who has waited longest is ahead
            served_for = () if queues else tuple(served for _, served in trucks)
            groups.append(Group(vehicle_class, direction, stage, empty, tuple(w for w, _ in trucks), served_for))
        self.refuse_held_units(groups)
        return State(tuple(groups), {kind: tuple(sorted(times)) for kind, times in announced.items()})

    def refuse_held_units(self, groups: Sequence[Group]) -> None:
        """Add a finding for each group whose trucks hold units of a pool: which of them have which is not known."""
        for group in groups:
            entry = InitialQueue.model_validate(
                {
                    "class": group.vehicle_class,
                    "direction": group.direction,
                    "stage": group.stage,
                    "empty": group.empty,
                    "trucks": len(group.waited),
                }
            )
            for found in initial_units(self.gate.model_copy(update={"initial": [entry]})):
                self.findings.add((QUEUE, "stage"), group.stage, found.problem, found.remedy)

    def cell(self, column: str, row: int) -> Any:
        return self.columns[column][row] if column in self.columns else None

    def kind(self, row: int) -> tuple[str, str] | None:
        """Return class and direction of a row."""
        vehicle_class, direction = self.cell("class", row), self.cell("direction", row)
        ways = self.ways.get(vehicle_class) if isinstance(vehicle_class, str) else None
        if ways is None:
            remedy = suggestion(sorted(self.ways), vehicle_class)
            self.findings.add_row("class", row, vehicle_class, "no flow has this class", remedy)
            return None
        if direction is None and len(ways) == 1:
            return str(vehicle_class), ways[0]
        if direction not in ways:
            problem = "no flow of this class has this direction" if direction else "the class flows in two directions"
            self.findings.add_row("direction", row, direction, problem, f"Write {' or '.join(ways)}.")
            return None
        return str(vehicle_class), str(direction)

    def stage(self, row: int, kind: tuple[str, str]) -> str | None:
        stage = self.cell("stage", row)
        if stage not in self.gate.stages:
            remedy = suggestion(self.gate.stages, stage)
            problem = "the gate has no such stage" if stage else "neither says where the truck is, nor when it arrives"
            self.findings.add_row("stage", row, stage, problem, remedy if stage else "Fill in `stage` or `arrives`.")
            return None
        there = Kind(*kind, self.empty(row))
        if there not in self.visited:
            self.visited[there] = frozenset(self.first_load(comes_to(self.gate, there), there))
        if stage not in self.visited[there]:
            remedy = "Name a stage on their path, and say in `empty` whether the load is off."
            self.findings.add_row("stage", row, stage, f"{there} trucks never come here", remedy)
            return None
        return str(stage)

    def first_load(self, stages: Iterable[str], kind: Kind) -> Iterator[str]:
        """Yield the stages to which trucks of a kind come with their first load, or empty after it."""
        path = paths_by_class(self.gate, kind.direction)[kind.vehicle_class]  # type: ignore[arg-type]
        there = {visit.stage for visit in path.visits if visit.empty == kind.empty and visit.second is None}
        yield from (stage for stage in stages if stage in there)

    def empty(self, row: int) -> bool:
        value = self.cell("empty", row)
        if value is None or str(value).lower() in ("0", "0.0", "false", "no"):
            return False
        if str(value).lower() not in ("1", "1.0", "true", "yes"):
            self.findings.add_row("empty", row, value, "is neither 1 nor 0", "Write 1 if the load is off, 0 if not.")
        return True

    def count(self, row: int) -> int | None:
        value = self.cell("trucks", row)
        number = 1.0 if value is None else _number(value)
        if number is None or not number.is_integer() or not 1 <= number <= MOST_TRUCKS:
            self.findings.add_row("trucks", row, value, "is not a number of trucks", f"Write 1 to {MOST_TRUCKS:,}.")
            return None
        return int(number)

    def minutes(self, column: str, row: int) -> int:
        """Return a time of a row [tick]."""
        value = self.cell(column, row)
        number = 0.0 if value is None else _number(value)
        if number is None or not 0 <= number <= MOST_MINUTES:
            problem, remedy = "is not a time in minutes", f"Write minutes from 0 to {MOST_MINUTES:,}."
            self.findings.add_row(column, row, value, problem, remedy)
            return 0
        return round(number * TICKS_PER_MINUTE)

    def arrives(self, row: int, kind: tuple[str, str]) -> dt.datetime | None:
        value = self.cell("arrives", row)
        if self.cell("stage", row) is not None:
            self.findings.add_row("arrives", row, value, "the truck is at a stage already", "Fill in one of the two.")
            return None
        zone = ZoneInfo(self.gate.sides[self.gate.origin[kind[1]]])  # type: ignore[index]
        try:
            at = value if isinstance(value, dt.datetime) else dt.datetime.fromisoformat(str(value).strip())
        except ValueError:
            self.findings.add_row("arrives", row, value, "is not a time", "Write 2026-11-27 14:30, or with +07:00.")
            return None
        at = at.replace(tzinfo=zone) if at.tzinfo is None else at
        if at <= self.now:
            remedy = "Give its stage instead, or leave it out."
            self.findings.add_row("arrives", row, value, "is not later than the time of the state", remedy)
            return None
        return at


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
