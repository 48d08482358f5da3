"""From a scenario to flat arrays: everything the draws, the engines and the metrics look up.

How a run goes, for both engines
--------------------------------
Time is an integer (`sim.clock`). Pending events are taken in the order (tick, rank, id):

====  ==================================================  ====================================
rank  event                                               id
====  ==================================================  ====================================
0     a lane group or pool changes its units on duty      place in the timetable
1     a unit of a pool comes back                         number of the pool
2     a truck arrives, or ends its service                number of the truck, by arrival
====  ==================================================  ====================================

What an event makes possible at once is finished before the next event is taken, in this order:

1. the truck whose service ended gives back the units of pools that it used; it leaves its lane if the area of its
   next stage has a space or is the one where it stands, and takes that space; else it stays in the lane, blocked, and
   stands in line for a space;
2. the units given back call the trucks in line that need them, best first, pool by pool;
3. the lane left calls the trucks in line that it admits, best first;
4. the truck joins its next stage;
5. spaces that fell free call the trucks that stand in line for them, the first area in the order of the file first,
   one truck at a time; each moves on as in 3 and 4, until no more can move.

A truck starts when a lane that admits it is free and open and all units that the stage needs or takes are on duty and
free; it then occupies them all at once. A truck that waits for units holds up nobody in another line.

Trucks wait in the order (priority, tick joined, number). A truck that joins takes the first lane group, in
the order of the file, that admits it and has a free open lane. A lane finishes the truck that it serves, then
closes. A service of no ticks is an event of its own. Events at or after the end of the run do not happen.

Words: a *kind* is a vehicle class in a direction, loaded or empty; a *line* is the waiting line of one stage
for the kinds that the same lane groups admit with the same priority.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gates.config import Breakdown, Gate, Stage, VehicleClass
from gates.scenario import Scenario
from sim.arrivals import NOBODY_COMES, ArrivalRate, arrival_rate
from sim.booking import Slots
from sim.breakdowns import Failing
from sim.clock import TICKS_PER_DAY, TICKS_PER_SECOND, LocalDays, Ticks, local_days
from sim.laws import Law, law
from sim.paths import Path, PathVisit, begin_at, paths_by_class
from sim.timetable import OnDuty, Windows, added, open_windows, union

Indices = npt.NDArray[np.int32]
Paths = dict[tuple[str, str], Path]
"""(direction, vehicle class) -> path."""

UNLIMITED_LANES = 1 << 40
"""Capacity of a lane group without limit, while open."""
MAX_TRUCKS = (1 << 24) - 1
"""Most trucks in one block of draws: the number of a truck fills the low 24 bits of an event key."""
EMPTY_PRIORITY = 5
"""Empty trucks are neither preferred nor put back, whatever they carried."""


class Network(NamedTuple):
    """What engines look up. CSR arrays come in pairs: entries of row n are `x[x_from[n]:x_from[n + 1]]`."""

    line_stage: Indices
    """(lines,) stage of each line."""
    groups_of_line: Indices
    """Lane groups that serve a line, in the order of the file (CSR)."""
    groups_of_line_from: Indices
    lines_of_group: Indices
    """Lines that a lane group serves, best priority first (CSR)."""
    lines_of_group_from: Indices
    line_priority: Indices
    """(lines,) lower is served first."""
    change_tick: Ticks
    """(changes,) timetable: when a lane group or pool changes its units on duty [tick], in order."""
    change_resource: Indices
    """(changes,) which one: lane groups come first, then pools."""
    change_units: npt.NDArray[np.int64]
    """(changes,) units on duty from then on."""
    taken_pool: Indices
    """Pools, as resources, of which a service in a line takes units at its start (CSR by line)."""
    taken_units: npt.NDArray[np.int64]
    """How many units of each."""
    taken_from: Indices
    given_pool: Indices
    """Pools of which a service in a line gives units back at its end (CSR by line)."""
    given_units: npt.NDArray[np.int64]
    given_from: Indices
    lines_of_pool: Indices
    """Lines that take units of a pool, best priority first (CSR by pool)."""
    lines_of_pool_from: Indices
    comes_back: npt.NDArray[np.bool_]
    """(pools,) whether units given back need time to come back."""
    area_of_line: Indices
    """(lines,) area in which the stage of the line lies; -1 for none."""
    area_spaces: npt.NDArray[np.int64]
    """(areas,) spaces."""
    groups: int
    """Number of lane groups: pool n is resource `groups + n`."""


@dataclass(frozen=True)
class Kind:
    """A vehicle class in a direction, loaded or empty."""

    vehicle_class: str
    direction: str
    empty: bool


@dataclass(frozen=True)
class LaneGroups:
    """The lane groups of all stages, stage by stage in the order of the file."""

    stage: Indices
    """(groups,) index of the stage."""
    name: tuple[str, ...]
    lanes: npt.NDArray[np.int64]
    """(groups,) lanes when open; `UNLIMITED_LANES` for no limit."""
    windows: tuple[Windows, ...]
    """When each is open [tick]."""


@dataclass(frozen=True, eq=False)
class Shelf:
    """The shelf life of the loads of a class."""

    life: int
    """From loading [tick]."""
    least: int
    """What buyers ask for at the release [tick]."""
    age: Law | None
    """Law of the time since loading at the arrival; none for loaded then."""
    tonnes: float | None
    """Mean load [t]."""


@dataclass(frozen=True, eq=False)
class Returning:
    """What fails in the units of a pool that a stage gives back."""

    pool: str
    taken_at: frozenset[str]
    """Stages that take units of it to keep; without any the stage itself used them."""
    failing: Failing


@dataclass(frozen=True)
class Groups:
    """How many trucks come together."""

    sizes: tuple[int, ...]
    shares: tuple[float, ...]
    """Share of the groups that have each size; they add to 1."""

    @property
    def mean(self) -> float:
        """Mean size."""
        return sum(size * share for size, share in zip(self.sizes, self.shares, strict=True))


ONE_BY_ONE = Groups((1,), (1.0,))


@dataclass(frozen=True, eq=False)
class Stream:
    """A flow, or the trucks that stand in one line at the start, ready to draw."""

    name: str
    kind: int
    """Index of its loaded kind; the empty kind is the next one."""
    path: Path
    rate: ArrivalRate
    groups: Groups = ONE_BY_ONE
    """How many come together."""
    late: Indices | None = None
    """(visits,) line that a truck joins which comes without a slot, if it has a priority of its own."""
    standing: int = 0
    """Trucks that stand in line at tick 0; they alone make up a stream that has any."""

    def expected(self, until: int) -> float:
        """Return the expected number of trucks before the tick `until`."""
        return self.standing + self.rate.before(until)


@dataclass(frozen=True, eq=False)
class Plan:
    """A compiled scenario."""

    network: Network
    stages: tuple[str, ...]
    kinds: tuple[Kind, ...]
    """Loaded and empty in turn: kind 2n is loaded, kind 2n + 1 is the same class empty."""
    streams: tuple[Stream, ...]
    groups: LaneGroups
    line_of: Indices
    """(stages, kinds) line that a truck of the kind joins at the stage; -1 if it never goes there."""
    line_windows: tuple[Windows, ...]
    """When at least one lane group of the line is open [tick]."""
    laws: tuple[Law, ...]
    law_of: Indices
    """(stages, kinds) law of the service time; -1 if the kind never goes there."""
    return_law_of: Indices
    """(stages,) law of the time that a unit given back there takes to come back; -1 for at once."""
    failing: tuple[tuple[Failing, ...], ...]
    """(stages,) what fails in the lanes of each."""
    return_failing: tuple[tuple[Returning, ...], ...]
    """(stages,) what fails in the units that are given back at each."""
    shelf: tuple[Shelf | None, ...]
    """(kinds / 2,) shelf life of each class in each direction, in the order of its loaded kinds; none if it keeps."""
    ageing: npt.NDArray[np.float64]
    """(stages,) how fast loads age there [1]."""
    bookings: tuple[Slots, ...]
    """Booking systems, in the order of the file."""
    pools: tuple[str, ...]
    """Pools, in the order of the file."""
    on_duty: tuple[OnDuty, ...]
    """(pools,) their units on duty over the run."""
    areas: tuple[str, ...]
    """Areas, in the order of the file."""
    warmup: int
    """Start of the measured period [tick]."""
    end: int
    """End of the run [tick]."""
    days: LocalDays
    """Days of the bulletin's side."""
    bulletin: Ticks
    """(measured days,) when the trucks that wait are counted [tick]."""

    def kinds_of(self, stream: Stream) -> list[int]:
        """Return the kind as which its trucks make each visit of their path."""
        return [
            stream.kind + visit.empty if visit.second is None else self.kinds.index(Kind(*visit.second, visit.empty))
            for visit in stream.path.visits
        ]

    @property
    def midnight(self) -> Ticks:
        """(days + 1,) borders of the simulated days [tick]."""
        return self.days.midnight

    @property
    def measured_days(self) -> float:
        """Length of the measured period [d of 24 h]."""
        return (self.end - self.warmup) / TICKS_PER_DAY


def compile_plan(scenario: Scenario) -> Plan:
    """Compile `scenario` to arrays."""
    gate = scenario.gate
    days = _days(scenario, gate.end_of_day.side)
    end = int(days.midnight[scenario.days_simulated])
    kinds = _kinds(gate)
    paths: Paths = {
        (direction, name): path for direction in gate.paths for name, path in paths_by_class(gate, direction).items()
    }
    for path in paths.values():
        _check_held(gate, path)
    stages = tuple(gate.stages)
    groups = _lane_groups(scenario, stages, end)
    admitted = _admitted(gate, kinds, stages)
    line_of, lines = _lines(gate, kinds, stages, paths, admitted)
    laws, law_of = _laws(gate, kinds, stages, line_of)
    return_laws, return_law_of = _return_laws(gate, len(laws))
    on_duty = _on_duty(scenario, end)
    first = scenario.warmup_days
    return Plan(
        network=_network(gate, lines, groups, on_duty),
        stages=stages,
        kinds=kinds,
        streams=tuple(_streams(scenario, kinds, paths, lines, admitted)),
        groups=groups,
        line_of=line_of,
        line_windows=tuple(union([groups.windows[g] for g in line.groups]) for line in lines),
        laws=laws + return_laws,
        law_of=law_of,
        return_law_of=return_law_of,
        failing=tuple(tuple(_failing(found) for found in stage.breakdowns) for stage in gate.stages.values()),
        return_failing=tuple(_return_failing(gate, stage) for stage in gate.stages.values()),
        shelf=tuple(_shelf(gate.classes[kind.vehicle_class]) for kind in kinds[::2]),
        ageing=np.array([stage.ageing for stage in gate.stages.values()]),
        bookings=tuple(_slots(scenario, name) for name in gate.booking),
        pools=tuple(gate.pools),
        on_duty=tuple(on_duty),
        areas=tuple(gate.areas),
        warmup=int(days.midnight[first]),
        end=end,
        days=days,
        bulletin=np.array([days.at(d, gate.end_of_day.at) for d in range(first, scenario.days_simulated)], np.int64),
    )


def _days(scenario: Scenario, side: str, more: int = 0) -> LocalDays:
    """Return the days of a side's clock that touch the run, and some after it."""
    gate = scenario.gate
    origin_zone = gate.sides[gate.end_of_day.side]
    return local_days(gate.sides[side], origin_zone, scenario.first_simulated, scenario.days_simulated + more)


def _kinds(gate: Gate) -> tuple[Kind, ...]:
    pairs = sorted({(flow.vehicle_class, flow.direction) for flow in gate.flows.values()})
    return tuple(Kind(name, direction, empty) for name, direction in pairs for empty in (False, True))


def _streams(
    scenario: Scenario,
    kinds: tuple[Kind, ...],
    paths: Paths,
    lines: list[_Line],
    admitted: dict[tuple[int, int], tuple[int, ...]],
) -> list[Stream]:
    gate = scenario.gate
    streams = []
    for name, flow in gate.flows.items():
        days = _days(scenario, gate.origin[flow.direction])
        rate = arrival_rate(gate, name, days, scenario.demand)
        kind = kinds.index(Kind(flow.vehicle_class, flow.direction, False))
        groups = Groups(tuple(flow.groups), tuple(flow.groups.values())) if flow.groups else ONE_BY_ONE
        path = paths[flow.direction, flow.vehicle_class]
        late = None
        if any(name in booking.flows for booking in gate.booking.values()):
            late_lines = [_late_line(gate, name, kind, visit, admitted) for visit in path.visits]
            late = np.array([-1 if line is None else lines.index(line) for line in late_lines], np.int32)
        streams.append(Stream(name, kind, path, rate, groups, late))
    return streams + _standing(gate, kinds, paths)


def _standing(gate: Gate, kinds: tuple[Kind, ...], paths: Paths) -> list[Stream]:
    """Return the trucks that stand in line at tick 0, each entry of the file as a stream of its own."""
    streams = []
    for entry in gate.initial:
        name = f"{'empty ' if entry.empty else ''}{entry.vehicle_class} {entry.direction} at {entry.stage}"
        path = begin_at(paths[entry.direction, entry.vehicle_class], entry.stage, empty=entry.empty)
        kind = kinds.index(Kind(entry.vehicle_class, entry.direction, False))
        streams.append(Stream(name, kind, path, NOBODY_COMES, standing=entry.trucks))
    return streams


def _slots(scenario: Scenario, name: str) -> Slots:
    booking = scenario.gate.booking[name]
    more = 2 + math.ceil(booking.latest)  # who asks on the last days looks for slots after them
    days = _days(scenario, booking.side, more)
    starts = [
        days.at(d, opens + n * booking.slot)
        for d in range(len(days.dates))
        for opens, closes in booking.hours
        for n in range(int((closes - opens) // booking.slot))
    ]
    start = np.array(starts, np.int64)
    waits = booking.without == "wait"
    return Slots(
        name=name,
        start=start,
        end=start + round(booking.slot * TICKS_PER_SECOND),
        capacity=booking.capacity,
        streams=tuple(n for n, flow in enumerate(scenario.gate.flows) if flow in booking.flows),
        share=booking.share,
        early=round(booking.early * TICKS_PER_SECOND),
        offset=law(booking.offset),
        no_show=booking.no_show,
        latest=-1 if waits else round(booking.latest * TICKS_PER_DAY),
        comes=booking.without == "come",
    )


def _lane_groups(scenario: Scenario, stages: tuple[str, ...], end: int) -> LaneGroups:
    stage_index, names, lanes, windows = [], [], [], []
    days_of = {side: _days(scenario, side) for side in scenario.gate.sides}
    for index, stage_name in enumerate(stages):
        stage = scenario.gate.stages[stage_name]
        for group in stage.lane_groups():
            stage_index.append(index)
            names.append(group.name)
            lanes.append(UNLIMITED_LANES if group.lanes == "unlimited" else group.lanes)
            hours = stage.hours if group.hours is None else group.hours
            days = days_of[stage.side]
            closed = scenario.gate.closed_days(stage_name, days.dates[0], days.dates[-1])
            windows.append(open_windows(hours, days, closed, end))
    return LaneGroups(np.array(stage_index, np.int32), tuple(names), np.array(lanes, np.int64), tuple(windows))


def _admitted(gate: Gate, kinds: tuple[Kind, ...], stages: tuple[str, ...]) -> dict[tuple[int, int], tuple[int, ...]]:
    """Return the lane groups that admit each (stage, kind), in the order of the file."""
    admitted: dict[tuple[int, int], tuple[int, ...]] = {}
    offset = 0
    for s, name in enumerate(stages):
        groups = gate.stages[name].lane_groups()
        for k, kind in enumerate(kinds):
            admitted[s, k] = tuple(
                offset + n
                for n, group in enumerate(groups)
                if group.admits(kind.vehicle_class, kind.direction, empty=kind.empty)
            )
        offset += len(groups)
    return admitted


@dataclass(frozen=True, order=True)
class _Line:
    stage: int
    priority: int
    groups: tuple[int, ...]


def _lines(
    gate: Gate,
    kinds: tuple[Kind, ...],
    stages: tuple[str, ...],
    paths: Paths,
    admitted: dict[tuple[int, int], tuple[int, ...]],
) -> tuple[Indices, list[_Line]]:
    wanted: dict[tuple[int, int], _Line] = {}
    for own, path in paths.items():
        for visit in path.visits:
            direction, vehicle_class = own if visit.second is None else visit.second[::-1]
            kind = Kind(vehicle_class, direction, visit.empty)
            s, k = stages.index(visit.stage), kinds.index(kind)
            if not admitted[s, k]:
                what = f"{'empty' if kind.empty else 'loaded'} {kind.vehicle_class} {kind.direction}"
                raise ValueError(f"no lane group of stage {visit.stage} admits {what} trucks; add one")
            priority = EMPTY_PRIORITY if kind.empty else gate.classes[vehicle_class].priority
            wanted[s, k] = _Line(s, priority, admitted[s, k])
    late = [
        _late_line(gate, name, kinds.index(Kind(flow.vehicle_class, flow.direction, False)), visit, admitted)
        for booking in gate.booking.values()
        for name, flow in gate.flows.items()
        if name in booking.flows
        for visit in paths[flow.direction, flow.vehicle_class].visits
    ]
    lines = sorted({*wanted.values(), *(line for line in late if line is not None)})
    line_of = np.full((len(stages), len(kinds)), -1, np.int32)
    for (s, k), line in wanted.items():
        line_of[s, k] = lines.index(line)
    return line_of, lines


def _late_line(
    gate: Gate, flow: str, kind: int, visit: PathVisit, admitted: dict[tuple[int, int], tuple[int, ...]]
) -> _Line | None:
    """Return the line that trucks of a flow join which come without a slot; None for that of their class."""
    priority = next(b.priority_without for b in gate.booking.values() if flow in b.flows)
    if priority is None or visit.empty or visit.second is not None:
        return None
    stage = list(gate.stages).index(visit.stage)
    return _Line(stage, priority, admitted[stage, kind])


def _check_held(gate: Gate, path: Path) -> None:
    """Raise `ValueError` unless each truck gives back what it took, and gives nothing that it did not take."""
    held: dict[str, tuple[int, object]] = {}
    for visit in path.visits:
        stage, when = gate.stages[visit.stage], (visit.share, visit.when)
        for pool, units in stage.gives.items():
            if held.pop(pool, None) != (units, when) or visit.share < 1:
                raise ValueError(f"stage {visit.stage} gives back {units} of {pool}: not what the truck took before")
        for pool, units in stage.takes.items():
            if pool in held:
                raise ValueError(f"stage {visit.stage} takes {pool} a second time; give it back first")
            held[pool] = (units, when)
    if held:
        raise ValueError(f"{', '.join(held)} taken on the path {path.direction} and never given back")


def _laws(
    gate: Gate, kinds: tuple[Kind, ...], stages: tuple[str, ...], line_of: Indices
) -> tuple[tuple[Law, ...], Indices]:
    laws: dict[str, Law] = {}
    law_of = np.full(line_of.shape, -1, np.int32)
    for s, k in np.argwhere(line_of >= 0):
        stage = gate.stages[stages[s]]
        service = stage.service_law(kinds[k].vehicle_class, empty=kinds[k].empty)
        key = f"{service!r} + {stage.move_up}"
        if key not in laws:
            laws[key] = law(service, stage.move_up)
        law_of[s, k] = list(laws).index(key)
    return tuple(laws.values()), law_of


def _return_laws(gate: Gate, known: int) -> tuple[tuple[Law, ...], Indices]:
    laws: list[Law] = []
    law_of = np.full(len(gate.stages), -1, np.int32)
    for s, stage in enumerate(gate.stages.values()):
        for name in {**stage.needs, **stage.gives}:
            comes_back = gate.pools[name].comes_back
            if comes_back is not None:
                law_of[s] = known + len(laws)
                laws.append(law(comes_back))
    return tuple(laws), law_of


def _shelf(vehicle_class: VehicleClass) -> Shelf | None:
    if vehicle_class.shelf_life is None:
        return None
    life, least = (round(days * TICKS_PER_DAY) for days in (vehicle_class.shelf_life, vehicle_class.least_life))
    age = None if vehicle_class.age is None else law(vehicle_class.age)
    return Shelf(life, least, age, vehicle_class.load)


def _failing(breakdown: Breakdown) -> Failing:
    return Failing(
        name=breakdown.name,
        repair=law(breakdown.repair),
        per_tick=1 / (breakdown.running * TICKS_PER_SECOND) if breakdown.running else 0.0,
        per_use=1 / breakdown.uses if breakdown.uses else 0.0,
        restarts=breakdown.then == "restarts",
    )


def _return_failing(gate: Gate, stage: Stage) -> tuple[Returning, ...]:
    return tuple(
        Returning(name, frozenset(s for s, other in gate.stages.items() if name in other.takes), _failing(breakdown))
        for name in {**stage.needs, **stage.gives}
        for breakdown in gate.pools[name].breakdowns
    )


def _on_duty(scenario: Scenario, end: int) -> list[OnDuty]:
    """Return the pools' units on duty: where shifts overlap they add."""
    levels = []
    for pool in scenario.gate.pools.values():
        days = _days(scenario, pool.side)
        shifts = [(open_windows(shift.hours, days, (), end), shift.units) for shift in pool.shifts]
        levels.append(added(shifts))
    return levels


def _network(gate: Gate, lines: list[_Line], groups: LaneGroups, pools: list[OnDuty]) -> Network:
    count = len(groups.name)
    names = list(gate.pools)
    stages = list(gate.stages.values())
    served = [[n for n, line in enumerate(lines) if g in line.groups] for g in range(count)]
    taken = [{**stages[line.stage].needs, **stages[line.stage].takes} for line in lines]
    given = [{**stages[line.stage].needs, **stages[line.stage].gives} for line in lines]
    needing = [[n for n, pools_of in enumerate(taken) if name in pools_of] for name in names]
    groups_of_line, groups_of_line_from = _csr([list(line.groups) for line in lines])
    lines_of_group, lines_of_group_from = _csr([_best_first(row, lines) for row in served])
    lines_of_pool, lines_of_pool_from = _csr([_best_first(row, lines) for row in needing])
    taken_pool, taken_from = _csr([[count + names.index(name) for name in row] for row in taken])
    given_pool, given_from = _csr([[count + names.index(name) for name in row] for row in given])
    change_tick, change_resource, change_units = _timetable(groups, pools)
    area_of_stage = {name: n for n, area in enumerate(gate.areas.values()) for name in area.stages}
    stage_names = list(gate.stages)
    return Network(
        line_stage=np.array([line.stage for line in lines], np.int32),
        groups_of_line=groups_of_line,
        groups_of_line_from=groups_of_line_from,
        lines_of_group=lines_of_group,
        lines_of_group_from=lines_of_group_from,
        line_priority=np.array([line.priority for line in lines], np.int32),
        change_tick=change_tick,
        change_resource=change_resource,
        change_units=change_units,
        taken_pool=taken_pool,
        taken_units=np.array([units for row in taken for units in row.values()], np.int64),
        taken_from=taken_from,
        given_pool=given_pool,
        given_units=np.array([units for row in given for units in row.values()], np.int64),
        given_from=given_from,
        lines_of_pool=lines_of_pool,
        lines_of_pool_from=lines_of_pool_from,
        comes_back=np.array([pool.takes_time for pool in gate.pools.values()], np.bool_),
        area_of_line=np.array([area_of_stage.get(stage_names[line.stage], -1) for line in lines], np.int32),
        area_spaces=np.array([area.spaces for area in gate.areas.values()], np.int64),
        groups=count,
    )


def _best_first(row: list[int], lines: list[_Line]) -> list[int]:
    return sorted(row, key=lambda n: (lines[n].priority, n))


def _csr(rows: list[list[int]]) -> tuple[Indices, Indices]:
    flat = np.array([entry for row in rows for entry in row], np.int32)
    return flat, np.cumsum([0] + [len(row) for row in rows], dtype=np.int32)


def _timetable(groups: LaneGroups, pools: list[OnDuty]) -> tuple[Ticks, Indices, npt.NDArray[np.int64]]:
    """Return the changes of units on duty, ordered by (tick, resource); none changes twice at one tick."""
    ticks, resource, units = [], [], []
    for g, windows in enumerate(groups.windows):
        ticks += [windows.start, windows.end]
        resource += [np.full(2 * windows.start.size, g, np.int32)]
        units += [np.full(windows.start.size, groups.lanes[g]), np.zeros(windows.end.size, np.int64)]
    for p, pool in enumerate(pools):
        ticks.append(pool.tick)
        resource.append(np.full(pool.tick.size, len(groups.name) + p, np.int32))
        units.append(pool.units)
    tick, of, on_duty_units = np.concatenate(ticks), np.concatenate(resource), np.concatenate(units)
    order = np.lexsort((of, tick))
    return tick[order], of[order], on_duty_units[order]
