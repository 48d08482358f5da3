"""Read a trace: which truck is of which flow, when it comes, and what is given of its services and choices."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from experiments.inputs.table import RowFindings, Table, columns_of
from experiments.inputs.trace import CHOICE, MS_PER_MINUTE, SERVICE, VISITS, FlowTrace, Trace
from gates.findings import nearest, suggestion
from gates.schema.gate import Gate
from gates.schema.scenario import Scenario
from sim.clock import TICKS_PER_SECOND, moment
from sim.plan.arrivals import NOT_GIVEN
from sim.plan.paths import Path as GatePath
from sim.plan.paths import PathVisit, paths_by_class
from sim.plan.timetable import scenario_days

Numbers = npt.NDArray[np.int64]
PLAIN = ("arrival", "flow", "class", "direction")
LONGEST = 1 << 40
"""Longest service, and latest arrival [tick]."""
MAKES, LEAVES_OUT = 1, 0


def read_trace(table: Table, scenario: Scenario) -> Trace:
    """Return the trace that a table holds, one row a truck.

    Raises
    ------
    ConfigError
        With every finding at once.
    """
    findings = RowFindings()
    columns = columns_of(table)
    if scenario.demand != 1:
        remedy = "Leave demand at 1; change `per_day` of the flows that are drawn."
        findings.add(("demand",), scenario.demand, "does not change the trucks of a trace", remedy)
    reading = _Reading(scenario, columns, findings)
    trace = reading.trace()
    findings.refuse()
    return trace


class _FlowAt(NamedTuple):
    """A flow, and which rows are its trucks, in order of arrival."""

    name: str
    path: GatePath
    rows: Numbers


class _Reading:
    """A table that is read for a scenario."""

    def __init__(self, scenario: Scenario, columns: Mapping[str, Sequence[Any]], findings: RowFindings) -> None:
        self.scenario, self.gate, self.columns, self.findings = scenario, scenario.gate, columns, findings
        self.paths = {name: _path_of(self.gate, name) for name in self.gate.flows}

    def trace(self) -> Trace:
        self.refuse_unknown_columns()
        flow = self.flows()
        arrival = self.arrivals(flow)
        order = np.argsort(arrival, kind="stable")
        names = list(self.gate.flows)
        read = {}
        for number, name in enumerate(names):
            rows = order[flow[order] == number]
            if rows.size:
                self.refuse_booked(name)
                read[name] = self.flow_trace(_FlowAt(name, self.paths[name], rows), arrival)
        return Trace(flows=read)

    def refuse_unknown_columns(self) -> None:
        visits = {visit.name for path in self.paths.values() for visit in path.visits}
        shares = {visit.name for path in self.paths.values() for visit in path.visits if visit.share < 1}
        choices = {decision.name for path in self.paths.values() for decision in path.decisions}
        known = [*PLAIN, *(SERVICE + name for name in sorted(visits)), *(CHOICE + name for name in sorted(choices))]
        known += [VISITS + name for name in sorted(shares)]
        for name in self.columns:
            if name not in known:
                near = nearest(name, known)
                listed = "arrival, flow, class, direction, service.STAGE, choice.CHOICE and visits.STAGE"
                remedy = f"Did you mean {near}?" if near else f"Columns are {listed}, as the gate names them."
                self.findings.add(("trace", name), None, "is not a column of a trace of this gate", remedy)
        self.columns = {name: values for name, values in self.columns.items() if name in known}

    def flows(self) -> Numbers:
        """Return (rows,) number of the flow of each truck; -1 where it is not known."""
        names = list(self.gate.flows)
        count = len(next(iter(self.columns.values()), ()))
        if "flow" in self.columns:
            return np.array([self.flow_named(row, names) for row in range(count)], np.int64)
        if "class" not in self.columns and len(names) > 1:
            remedy = "Add a column `flow`, or `class`."
            self.findings.add(("trace", "flow"), None, "nothing says of which flow the trucks are", remedy)
            return np.full(count, -1)
        numbers: dict[tuple[Any, Any], int] = {}
        found = np.full(count, -1)
        for row in range(count):
            key = self.cell("class", row), self.cell("direction", row)
            if key not in numbers or numbers[key] < 0:
                numbers[key] = self.flow_of_class(row, *key)
            found[row] = numbers[key]
        return found

    def cell(self, column: str, row: int) -> Any:
        return self.columns[column][row] if column in self.columns else None

    def flow_named(self, row: int, names: list[str]) -> int:
        value = self.cell("flow", row)
        if value not in names:
            self.findings.add_row("flow", row, value, "the gate has no such flow", suggestion(names, value))
            return -1
        flow = self.gate.flows[value]
        for column, own in (("class", flow.vehicle_class), ("direction", flow.direction)):
            written = self.cell(column, row)
            if written is not None and written != own:
                problem, remedy = f"the flow {value} has the {column} {own}", f"Use {own}, or leave the column out."
                self.findings.add_row(column, row, written, problem, remedy)
        return names.index(value)

    def flow_of_class(self, row: int, vehicle_class: Any, direction: Any) -> int:
        """Return the only flow of a class and a direction; without a column all of them count."""
        flows, names = self.gate.flows, list(self.gate.flows)
        for column, value, known in (
            ("class", vehicle_class, {flow.vehicle_class for flow in flows.values()}),
            ("direction", direction, {flow.direction for flow in flows.values()}),
        ):
            if column in self.columns and value not in known:
                self.findings.add_row(
                    column, row, value, f"no flow has this {column}", suggestion(sorted(known), value)
                )
                return -1
        mine = [
            name
            for name, flow in flows.items()
            if vehicle_class in (None, flow.vehicle_class) and direction in (None, flow.direction)
        ]
        if len(mine) != 1:
            both = f"{vehicle_class} {direction or ''}".strip()
            problem = f"{len(mine)} flows are of this kind" + (f": {', '.join(mine[:5])}" if mine else "")
            remedy = "Name the flow in a column `flow`." if mine else f"Flows are {', '.join(names[:10])}."
            self.findings.add_row("class", row, both, problem, remedy)
            return -1
        return names.index(mine[0])

    def refuse_booked(self, flow: str) -> None:
        for name, booking in self.gate.booking.items():
            if flow in booking.flows:
                problem = f"its trucks book slots of {name}, which decide when they arrive"
                remedy = f"Leave {flow} out of the trace, or run the gate without {name}."
                self.findings.add(("trace", "flow"), flow, problem, remedy)

    def arrivals(self, flow: Numbers) -> Numbers:
        """Return (rows,) when each truck comes [tick]; 0 where that is not known."""
        values = self.columns.get("arrival")
        if values is None:
            remedy = "Give minutes since the start of the run, or dates with times of day."
            self.findings.add(("trace", "arrival"), None, "no column says when the trucks come", remedy)
            return np.zeros(flow.size, np.int64)
        days = scenario_days(self.scenario, self.gate.end_of_day.side)
        origin, end = days.origin, int(days.midnight[self.scenario.days_simulated])
        flows = list(self.gate.flows.values())
        zones = [ZoneInfo(self.gate.sides[self.gate.origin[each.direction]]) for each in flows]
        ticks = np.zeros(len(values), np.int64)
        for row, value in enumerate(values):
            tick = _tick(value, origin, zones[flow[row]] if flow[row] >= 0 else zones[0])
            if tick is None:
                remedy = "Give minutes since the start of the run, or a date with a time of day."
                self.findings.add_row("arrival", row, value, "is not a time", remedy)
            elif tick < 0:
                problem = f"before the run, which begins at {origin.isoformat(sep=' ', timespec='minutes')}"
                remedy = "Leave the truck out, or let the run begin earlier: `start`, `warmup_days`."
                self.findings.add_row("arrival", row, value, problem, remedy)
            else:
                ticks[row] = tick
        if ticks.min() >= end:
            problem = f"all trucks come after the end of the run, which lasts {end / MS_PER_MINUTE:,.0f} min"
            remedy = "Set `start` and `days`, so that the run has the days of the trace."
            self.findings.add(("trace", "arrival"), None, problem, remedy)
        return ticks

    def flow_trace(self, flow: _FlowAt, arrival: Numbers) -> FlowTrace:
        """Return the trucks of a flow, and find what does not go together."""
        visits = {visit.name: visit for visit in flow.path.visits}
        decisions = {decision.name: decision.alternatives for decision in flow.path.decisions}
        service, choice, makes = {}, {}, {}
        for column, values in self.columns.items():
            cells = [(int(row), values[row]) for row in flow.rows]
            kind, _, name = column.partition(".")
            kind += "."
            if kind not in (SERVICE, CHOICE, VISITS) or all(value is None for _, value in cells):
                continue
            known = decisions if kind == CHOICE else visits
            if name not in known or (kind == VISITS and visits[name].share == 1):
                row, value = next((row, value) for row, value in cells if value is not None)
                problem = f"trucks of the flow {flow.name} have no such {'choice' if kind == CHOICE else 'visit'}"
                if name in known:
                    problem = f"all trucks of the flow {flow.name} make this visit"
                self.findings.add_row(column, row, value, problem, _leave_empty(name, known))
            elif kind == CHOICE:
                choice[name] = self.alternatives(column, cells, decisions[name])
            elif kind == SERVICE:
                service[name] = np.array([self.duration(column, *cell) for cell in cells], np.int64)
            else:
                makes[name] = np.array([self.yes_or_no(column, *cell) for cell in cells], np.int64)
        self.settle_visits(flow, service, choice, makes)
        return FlowTrace(
            arrival=tuple(arrival[flow.rows].tolist()),
            service={name: _given(ticks) for name, ticks in service.items()},
            choice=choice,
            visits={
                name: tuple(None if each is None else each == MAKES for each in _given(made))
                for name, made in makes.items()
            },
        )

    def alternatives(self, column: str, cells: list[tuple[int, Any]], known: tuple[str, ...]) -> tuple[str | None, ...]:
        taken = []
        for row, value in cells:
            if value is not None and value not in known:
                self.findings.add_row(
                    column, row, value, "is not an alternative of the choice", suggestion(known, value)
                )
            taken.append(value if value in known else None)
        return tuple(taken)

    def duration(self, column: str, row: int, value: Any) -> int:
        """Return a service [tick]; `NOT_GIVEN` where it is drawn."""
        if value is None:
            return NOT_GIVEN
        number = _number(value)
        if number is None or not 0 <= number * MS_PER_MINUTE < LONGEST:
            remedy = "Give minutes, 0 or more; leave it empty to draw it."
            self.findings.add_row(column, row, value, "is not a time of service", remedy)
            return NOT_GIVEN
        return round(number * MS_PER_MINUTE)

    def yes_or_no(self, column: str, row: int, value: Any) -> int:
        """Return whether a truck makes a visit; `NOT_GIVEN` where that is drawn."""
        words = {"1": MAKES, "true": MAKES, "1.0": MAKES, "0": LEAVES_OUT, "false": LEAVES_OUT, "0.0": LEAVES_OUT}
        if value is None:
            return NOT_GIVEN
        if str(value).lower() not in words:
            self.findings.add_row(
                column, row, value, "says neither yes nor no", "Write 1 or 0; leave it empty to draw it."
            )
        return words.get(str(value).lower(), NOT_GIVEN)

    def settle_visits(
        self,
        flow: _FlowAt,
        service: Mapping[str, Numbers],
        choice: Mapping[str, Sequence[str | None]],
        makes: dict[str, Numbers],
    ) -> None:
        """Let a service imply the visit, and find services of trucks that do not make it, or may not."""
        visits, known = flow.path.visits, list[Numbers]()
        for visit in visits:
            served = service.get(visit.name, np.full(flow.rows.size, NOT_GIVEN)) != NOT_GIVEN
            leads_there = _leads_there(flow.path, visit, choice, known, flow.rows.size)
            mine = np.full(flow.rows.size, MAKES)
            if visit.share < 1:
                mine = makes.get(visit.name, np.full(flow.rows.size, NOT_GIVEN))
                if served.any():
                    mine = makes[visit.name] = np.where(served & (mine == NOT_GIVEN), MAKES, mine)
            status = _all_of([leads_there, mine])
            known.append(status)
            for problem, remedy, wrong in (
                ("the truck does not make this visit", "Leave the service empty, or change the choice.", LEAVES_OUT),
                ("it is drawn whether the truck makes this visit", _say_which(flow.path, visit), NOT_GIVEN),
            ):
                for n in np.flatnonzero(served & (status == wrong)):
                    ticks = service[visit.name][n] / MS_PER_MINUTE
                    self.findings.add_row(SERVICE + visit.name, int(flow.rows[n]), ticks, problem, remedy)


def _leads_there(
    path: GatePath, visit: PathVisit, choice: Mapping[str, Sequence[str | None]], known: Sequence[Numbers], trucks: int
) -> Numbers:
    """Return (trucks,) whether the choices lead to a visit, and the visits are made that it repeats."""
    conditions = [known[earlier] for earlier in visit.needs]
    for number, wanted in visit.when:
        decision = path.decisions[number]
        names = [decision.alternatives[n] for n in wanted]
        share = math.fsum(decision.shares[n] for n in wanted)
        drawn = MAKES if share >= 1 - 1e-12 else LEAVES_OUT if share == 0 else NOT_GIVEN
        given = choice.get(decision.name, [None] * trucks)
        conditions.append(np.array([drawn if each is None else int(each in names) for each in given], np.int64))
    return _all_of([np.full(trucks, MAKES), *conditions])


def _all_of(conditions: Sequence[Numbers]) -> Numbers:
    """Return 1 where all hold, 0 where one does not, -1 where that is drawn."""
    several = np.stack(conditions)
    return np.where((several == LEAVES_OUT).any(axis=0), LEAVES_OUT, several.min(axis=0))


def _say_which(path: GatePath, visit: PathVisit) -> str:
    names = [CHOICE + path.decisions[number].name for number, _ in visit.when]
    names += [VISITS + path.visits[earlier].name for earlier in visit.needs if path.visits[earlier].share < 1]
    return f"Say so in {' and '.join(dict.fromkeys(names))}."


def _given(values: Numbers) -> tuple[int | None, ...]:
    return tuple(None if value == NOT_GIVEN else value for value in values.tolist())


def _path_of(gate: Gate, flow: str) -> GatePath:
    row = gate.flows[flow]
    return paths_by_class(gate, row.direction)[row.vehicle_class]


def _leave_empty(name: str, known: Iterable[str]) -> str:
    near = nearest(name, known)
    return f"Leave the cells of these trucks empty{f', or did you mean {near}' if near and near != name else ''}."


def _tick(value: Any, origin: dt.datetime, zone: ZoneInfo) -> int | None:
    """Return an arrival as a tick; None if it is no time."""
    number = _number(value)
    if number is not None:
        return round(number * MS_PER_MINUTE) if abs(number) * MS_PER_MINUTE < LONGEST else None
    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, dt.datetime):
        return None
    if value.tzinfo is None:
        second = (value - dt.datetime.combine(value.date(), dt.time())).total_seconds()
        value = moment(value.date(), second, zone)
    since: dt.timedelta = value - origin
    return round(since.total_seconds() * TICKS_PER_SECOND)


def _number(value: Any) -> float | None:
    """Return a finite number, also one that is written as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
