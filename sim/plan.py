"""From a scenario to flat arrays: everything the draws, the engines and the metrics look up.

How a run goes, for both engines
--------------------------------
Time is an integer (`sim.clock`). Pending events are taken in the order (tick, rank, id):

====  ==================================================  ====================================
rank  event                                               id
====  ==================================================  ====================================
0     a lane group, pool or link changes its units        place in the timetable
1     a unit of a pool comes back, or lanes have turned   number of the resource
1     the time of a batch is over                         number of resources + of the stage
2     a truck arrives, or ends its service                number of the truck, by arrival
3     the patience of a truck in line is at its end       number of the truck
====  ==================================================  ====================================

What an event makes possible at once is finished before the next event is taken, in this order:

1. the truck whose service ended gives back the units of pools that it used, and takes an alternative of its path
   where a rule asks it to; it leaves its lane if the area of its next stage has a space or is the one where it
   stands, and takes that space; else it stays in the lane, blocked, and stands in line for a space;
2. the units given back call the trucks in line that need them, best first, pool by pool;
3. the lane left calls the trucks in line that it admits, best first, then turns to the other direction if it is due;
4. the truck joins its next stage: it turns back where too many stand in line, or starts, or stands in line. There
   it completes a batch, which calls trucks lane group by lane group, or lets reversible lanes turn if they are due;
5. spaces that fell free call the trucks that stand in line for them, the first area in the order of the file first,
   one truck at a time; each moves on as in 3 and 4, until no more can move.

A truck starts when a lane that admits it is free and open, all units that the stage needs or takes are on duty and
free, and its batch is complete or its time over; it then occupies them all at once. A truck that waits for units
holds up nobody in another line.

Trucks wait in the order (priority, tick joined, number). A truck that joins takes the first lane group, in
the order of the file, that admits it and has a free open lane. A lane finishes the truck that it serves, then
closes; where the work clock of its group stands still (`sim.clocks`), so does the service. A service of no ticks is
an event of its own. Events at or after the end of the run do not happen.

An area that was full opens again to trucks at a number of trucks inside; classes that it does not keep out come in
all the same. Lanes turn when at least so many trucks of the other direction wait, and more than of their own: they
finish those they serve, then take the time to turn.

Words: a *kind* is a vehicle class in a direction, loaded or empty; a *line* is the waiting line of one stage
for the kinds that the same lane groups admit with the same priority.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gates.config import Area, Breakdown, Distribution, Gate, LaneGroup, Outage, Stage, VehicleClass
from gates.scenario import Scenario
from sim.arrivals import NOBODY_COMES, ArrivalRate, arrival_rate
from sim.booking import Slots
from sim.breakdowns import Failing
from sim.clock import TICKS_PER_DAY, TICKS_PER_SECOND, LocalDays, Ticks, local_days
from sim.clocks import FULL_SPEED, NO_TICK, Clocks, Pieces, clocks, merged, standing
from sim.laws import Law, law
from sim.outages import Source
from sim.paths import Path, PathVisit, begin_at, paths_by_class
from sim.timetable import OnDuty, Windows, added, open_windows, union

Indices = npt.NDArray[np.int32]
Paths = dict[tuple[str, str], Path]
"""(direction, vehicle class) -> path."""

UNLIMITED_LANES = 1 << 40
"""Capacity of a lane group without limit, while open."""
NEVER_FULL = 1 << 40
"""Trucks in line at which a stage turns others away that never does."""
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
    """(changes,) timetable: when a lane group, pool or link changes its units on duty [tick], in order."""
    change_resource: Indices
    """(changes,) which one: lane groups come first, then pools, then links."""
    change_units: npt.NDArray[np.int64]
    """(changes,) units on duty from then on."""
    taken_pool: Indices
    """Pools and links, as resources, of which a service in a line takes units at its start (CSR by line)."""
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
    """(pools and links,) whether units given back need time to come back."""
    area_of_line: Indices
    """(lines,) area in which the stage of the line lies; -1 for none."""
    area_spaces: npt.NDArray[np.int64]
    """(areas,) spaces."""
    area_reopens: npt.NDArray[np.int64]
    """(areas,) trucks inside at which an area that was full lets trucks in again."""
    enters_freely: npt.NDArray[np.bool_]
    """(lines,) whether trucks that come to the line enter its area although it is full."""
    lines_of_stage_from: Indices
    """(stages + 1,) lines stand stage by stage."""
    groups_of_stage_from: Indices
    """(stages + 1,) lane groups stand stage by stage."""
    turns_away_at: npt.NDArray[np.int64]
    """(lines,) trucks in line at the stage at which one more turns back; no entries if no stage turns trucks away."""
    batch_size: npt.NDArray[np.int64]
    """(stages,) trucks that start together, 0 where each starts on its own; no entries if all do."""
    batch_after: Ticks
    """(stages,) time after which fewer start [tick]."""
    other_way: Indices
    """(groups,) the same lanes in the other direction, -1 if they do not turn; no entries if none do."""
    turns_at: npt.NDArray[np.int64]
    """(groups,) waiting trucks at which lanes turn to the group."""
    turn_takes: Ticks
    """(groups,) time to turn to the group [tick]."""
    faces_first: npt.NDArray[np.bool_]
    """(groups,) whether reversible lanes serve the group at first."""
    by_hand_without: Indices
    """(lines,) link without which a service is done by hand, as a resource, or -1; no entries if none is."""
    mean_service: Ticks
    """(lines,) mean service time [tick]."""
    clocks: Clocks
    """Work clocks of the lane groups."""
    groups: int
    """Number of lane groups: pool or link n is resource `groups + n`."""


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
    counted: npt.NDArray[np.bool_]
    """(groups,) False for the second direction of reversible lanes, which are the same lanes."""
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
    by_hand_law_of: Indices
    """(stages, kinds) law of the service time by hand, while a link is down; -1 if there is none."""
    patience_law_of: Indices
    """(stages, kinds) law of patience; -1 for trucks that wait for ever."""
    turns_back: bool
    """Whether trucks may turn back somewhere."""
    pools: tuple[str, ...]
    """Pools, then links, in the order of the file."""
    on_duty: tuple[OnDuty, ...]
    """(pools,) their units on duty over the run; of a link the rate that it can carry [kbit/s]."""
    areas: tuple[str, ...]
    """Areas, in the order of the file."""
    load_t: npt.NDArray[np.float64]
    """(classes in a direction, as in every second of `kinds`) mean load [t]; NaN where the file names none."""
    clock_of_group: tuple[Pieces | None, ...]
    """(groups,) work clock of each lane group without outages; None where work always goes on."""
    outages: tuple[Source, ...]
    """What fails from time to time."""
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
    for (_, vehicle_class), path in paths.items():
        _check_held(gate, vehicle_class, path)
    stages = tuple(gate.stages)
    groups = _lane_groups(scenario, stages, end)
    admitted = _admitted(gate, kinds, stages)
    line_of, lines = _lines(gate, kinds, stages, paths, admitted)
    laws = _Laws()
    law_of = laws.of_kinds(line_of, lambda s, k: _service(gate, kinds[k], stages[s]))
    by_hand_law_of = laws.of_kinds(line_of, lambda s, _: _by_hand(gate.stages[stages[s]]))
    patience_law_of = laws.of_kinds(line_of, lambda s, k: _patience(gate.stages[stages[s]], kinds[k].vehicle_class))
    return_law_of = laws.of_returns(gate)
    on_duty = _on_duty(scenario, end)
    clock_of_group = _clocks(scenario, groups)
    first = scenario.warmup_days
    return Plan(
        network=_network(gate, lines, groups, on_duty)._replace(
            mean_service=_mean_service(laws.found, law_of, line_of, lines), clocks=clocks(clock_of_group)
        ),
        stages=stages,
        kinds=kinds,
        streams=tuple(_streams(scenario, kinds, paths, lines, admitted)),
        groups=groups,
        line_of=line_of,
        line_windows=tuple(union([groups.windows[g] for g in line.groups]) for line in lines),
        laws=tuple(laws.found),
        law_of=law_of,
        return_law_of=return_law_of,
        failing=tuple(tuple(_failing(found) for found in stage.breakdowns) for stage in gate.stages.values()),
        return_failing=tuple(_return_failing(gate, stage) for stage in gate.stages.values()),
        shelf=tuple(_shelf(gate.classes[kind.vehicle_class]) for kind in kinds[::2]),
        ageing=np.array([stage.ageing for stage in gate.stages.values()]),
        bookings=tuple(_slots(scenario, name) for name in gate.booking),
        by_hand_law_of=by_hand_law_of,
        patience_law_of=patience_law_of,
        turns_back=any(stage.turns_away_at is not None for stage in gate.stages.values())
        or bool((patience_law_of >= 0).any()),
        pools=(*gate.pools, *gate.links),
        on_duty=tuple(on_duty),
        areas=tuple(gate.areas),
        load_t=np.array([gate.classes[kind.vehicle_class].load for kind in kinds[::2]], np.float64),
        clock_of_group=clock_of_group,
        outages=tuple(_outages(gate, groups)),
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


def _ways(stage: Stage) -> list[LaneGroup]:
    """Return the lane groups of a stage, reversible ones once for each direction that they admit."""
    found = []
    for group in stage.lane_groups():
        if group.reverses is None:
            found.append(group)
        else:
            found += [group.model_copy(update={"directions": [way]}) for way in group.directions or []]
    return found


def _lane_groups(scenario: Scenario, stages: tuple[str, ...], end: int) -> LaneGroups:
    stage_index, names, lanes, counted, windows = [], [], [], [], []
    days_of = {side: _days(scenario, side) for side in scenario.gate.sides}
    for index, stage_name in enumerate(stages):
        stage = scenario.gate.stages[stage_name]
        seen: set[str] = set()
        for group in _ways(stage):
            stage_index.append(index)
            counted.append(group.name not in seen)
            seen.add(group.name)
            names.append(group.name)
            lanes.append(UNLIMITED_LANES if group.lanes == "unlimited" else group.lanes)
            hours = stage.hours if group.hours is None else group.hours
            days = days_of[stage.side]
            closed = scenario.gate.closed_days(stage_name, days.dates[0], days.dates[-1])
            windows.append(open_windows(hours, days, closed, end))
    return LaneGroups(
        np.array(stage_index, np.int32),
        tuple(names),
        np.array(lanes, np.int64),
        np.array(counted, np.bool_),
        tuple(windows),
    )


def _clocks(scenario: Scenario, groups: LaneGroups) -> tuple[Pieces | None, ...]:
    """Return the work clock of each lane group without outages."""
    found: list[Pieces | None] = []
    for index, windows in zip(groups.stage, groups.windows, strict=True):
        name = list(scenario.gate.stages)[index]
        stage = scenario.gate.stages[name]
        clock = None
        days = _days(scenario, stage.side)
        slowed = scenario.gate.slowed_days(name, days.dates[0], days.dates[-1])
        if slowed:
            clock = _slowed(slowed, days)
        if stage.pauses_when_closed:
            open_and_shut = standing(np.append(0, windows.end), np.append(windows.start, NO_TICK))
            clock = open_and_shut if clock is None else merged(clock, open_and_shut)
        found.append(clock)
    return tuple(found)


def _slowed(factors: dict[dt.date, float], days: LocalDays) -> Pieces:
    """Return the clock of a stage whose service times are multiplied by a factor on some days."""
    speed = [round(FULL_SPEED / factors.get(date, 1.0)) for date in days.dates]
    tick = np.maximum(days.midnight[:-1], 0)
    kept = np.append(tick[1:] != tick[:-1], True)  # days before the run are one with its first
    return Pieces(tick[kept], np.array(speed, np.int64)[kept], np.zeros(int(kept.sum()), np.bool_))


def _outages(gate: Gate, groups: LaneGroups) -> Iterator[Source]:
    """Yield the sources of outages: one, or one for each lane and unit that fails on its own."""
    stages, count = list(gate.stages), len(groups.name)
    shared = [*gate.pools, *gate.links]
    for name, outage in gate.outages.items():
        every, lasts = law(outage.every), law(outage.lasts)
        mine = [
            g
            for g in range(count)
            if stages[groups.stage[g]] in outage.stages and (outage.groups is None or groups.name[g] in outage.groups)
        ]
        resources = [*mine, *(count + shared.index(other) for other in (*outage.pools, *outage.links))]
        if not outage.each:
            stops = () if outage.in_hand == "finishes" else _stopped(gate, groups, outage, mine)
            yield Source(name, every, lasts, tuple(resources), outage.units, stops, outage.in_hand == "restarts")
            continue
        for g in mine:
            both_ways = (g, g + 1) if g + 1 < count and not groups.counted[g + 1] else (g,)
            for n in range(int(groups.lanes[g]) if groups.counted[g] else 0):
                yield Source(f"{name}/{stages[groups.stage[g]]}/{groups.name[g]}/{n}", every, lasts, both_ways, 1)
        for pool in outage.pools:
            for n in range(sum(shift.units for shift in gate.pools[pool].shifts)):
                yield Source(f"{name}/{pool}/{n}", every, lasts, (count + shared.index(pool),), 1)
        for link in outage.links:
            yield Source(f"{name}/{link}", every, lasts, (count + shared.index(link),))


def _stopped(gate: Gate, groups: LaneGroups, outage: Outage, mine: Sequence[int]) -> tuple[int, ...]:
    """Return the lane groups whose services in hand stand still: those that fail, or that need what fails."""
    down = set(mine)
    for g, index in enumerate(groups.stage):
        stage = list(gate.stages.values())[index]
        over = stage.sends is not None and stage.sends.without is None and stage.sends.link in outage.links
        if over or any(pool in outage.pools for pool in stage.needs):
            down.add(g)
    return tuple(sorted(down))


def _admitted(gate: Gate, kinds: tuple[Kind, ...], stages: tuple[str, ...]) -> dict[tuple[int, int], tuple[int, ...]]:
    """Return the lane groups that admit each (stage, kind), in the order of the file."""
    admitted: dict[tuple[int, int], tuple[int, ...]] = {}
    offset = 0
    for s, name in enumerate(stages):
        groups = _ways(gate.stages[name])
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
    enters_freely: bool


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
            wanted[s, k] = _Line(s, priority, admitted[s, k], _enters_freely(gate, visit.stage, vehicle_class))
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
    freely = _enters_freely(gate, visit.stage, gate.flows[flow].vehicle_class)
    return _Line(stage, priority, admitted[stage, kind], freely)


def _enters_freely(gate: Gate, stage: str, vehicle_class: str) -> bool:
    """Tell whether trucks of a class come into the area of a stage although it is full."""
    kept_out = next((area.keeps_out for area in gate.areas.values() if stage in area.stages), None)
    return kept_out is not None and vehicle_class not in kept_out


def _check_held(gate: Gate, vehicle_class: str, path: Path) -> None:
    """Raise `ValueError` unless each truck gives back what it took, and gives nothing that it did not take."""
    held: dict[str, tuple[int, object]] = {}
    for visit in path.visits:
        stage, when = gate.stages[visit.stage], (visit.share, visit.when)
        if held and (stage.turns_away_at is not None or _patience(stage, vehicle_class)):
            raise ValueError(f"trucks may turn back at stage {visit.stage} while they hold {', '.join(held)}")
        for pool, units in stage.gives.items():
            if held.pop(pool, None) != (units, when) or visit.share < 1:
                raise ValueError(f"stage {visit.stage} gives back {units} of {pool}: not what the truck took before")
        for pool, units in stage.takes.items():
            if pool in held:
                raise ValueError(f"stage {visit.stage} takes {pool} a second time; give it back first")
            held[pool] = (units, when)
    if held:
        raise ValueError(f"{', '.join(held)} taken on the path {path.direction} and never given back")


def _service(gate: Gate, kind: Kind, name: str) -> tuple[Distribution, float]:
    """Return the law of a service and what is added to it: moving up, sending data [s]."""
    stage = gate.stages[name]
    extra = stage.move_up
    if stage.sends is not None:
        link = gate.links[stage.sends.link]
        extra += stage.sends.data * 8 / min(link.uplink, link.shared_uplink)
        extra += stage.sends.round_trips * link.round_trip
    return stage.service_law(kind.vehicle_class, empty=kind.empty), extra


def _by_hand(stage: Stage) -> tuple[Distribution, float] | None:
    if stage.sends is None or stage.sends.without is None:
        return None
    return stage.sends.without, stage.move_up


def _patience(stage: Stage, vehicle_class: str) -> tuple[Distribution, float] | None:
    found = stage.patience_for.get(vehicle_class, stage.patience)
    return None if found is None else (found, 0.0)


class _Laws:
    """The distinct laws of a gate, tabulated once each."""

    def __init__(self) -> None:
        self.found: list[Law] = []
        self._number: dict[str, int] = {}

    def of_kinds(self, line_of: Indices, wanted: Callable[[int, int], tuple[Distribution, float] | None]) -> Indices:
        """Return (stages, kinds) the law that is wanted where a kind goes, -1 where there is none."""
        law_of = np.full(line_of.shape, -1, np.int32)
        for s, k in np.argwhere(line_of >= 0):
            asked = wanted(s, k)
            if asked is not None:
                law_of[s, k] = self.number(*asked)
        return law_of

    def of_returns(self, gate: Gate) -> Indices:
        """Return (stages,) the law of the time that units given back there need to come back, or -1."""
        law_of = np.full(len(gate.stages), -1, np.int32)
        for s, stage in enumerate(gate.stages.values()):
            for name in {**stage.needs, **stage.gives}:
                comes_back = gate.pools[name].comes_back
                if comes_back is not None:
                    law_of[s] = self.number(comes_back)
        return law_of

    def number(self, distribution: Distribution, plus_s: float = 0.0) -> int:
        """Return the number of a law, which is tabulated if it is new."""
        key = f"{distribution!r} + {plus_s}"
        if key not in self._number:
            self._number[key] = len(self.found)
            self.found.append(law(distribution, plus_s))
        return self._number[key]


def _mean_service(laws: Sequence[Law], law_of: Indices, line_of: Indices, lines: Sequence[_Line]) -> Ticks:
    """Return (lines,) mean service times [tick]: over the kinds of a line that are served alike, unweighted.

    Of a line for trucks without a slot: over all kinds of its stage.
    """
    found = []
    for n, line in enumerate(lines):
        mine = law_of[line_of == n]
        if mine.size == 0:
            mine = law_of[line.stage][law_of[line.stage] >= 0]
        found.append(round(np.mean([laws[number].mean for number in set(mine.tolist())])))
    return np.array(found, np.int64)


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
    for link in scenario.gate.links.values():
        levels.append(OnDuty(np.zeros(1, np.int64), np.array([_kilobits(link.shared_uplink)], np.int64)))
    return levels


def _kilobits(rate: float) -> int:
    """Return a rate [Mbit/s] in the units of a link [kbit/s]; who sends at all holds at least one."""
    return max(1, round(rate * 1000))


def _network(gate: Gate, lines: list[_Line], groups: LaneGroups, pools: list[OnDuty]) -> Network:
    count = len(groups.name)
    names = [*gate.pools, *gate.links]
    stages = list(gate.stages.values())
    sending = [{s.sends.link: _kilobits(s.sends.video)} if s.sends else {} for s in stages]
    served = [[n for n, line in enumerate(lines) if g in line.groups] for g in range(count)]
    taken = [{**stages[line.stage].needs, **stages[line.stage].takes, **sending[line.stage]} for line in lines]
    given = [{**stages[line.stage].needs, **stages[line.stage].gives, **sending[line.stage]} for line in lines]
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
        comes_back=np.array(
            [*(pool.takes_time for pool in gate.pools.values()), *(False for _ in gate.links)], np.bool_
        ),
        area_of_line=np.array([area_of_stage.get(stage_names[line.stage], -1) for line in lines], np.int32),
        area_spaces=np.array([area.spaces for area in gate.areas.values()], np.int64),
        area_reopens=np.array([_reopens_at(area) for area in gate.areas.values()], np.int64),
        enters_freely=np.array([line.enters_freely for line in lines], np.bool_),
        lines_of_stage_from=_starts([line.stage for line in lines], len(stages)),
        groups_of_stage_from=_starts(groups.stage.tolist(), len(stages)),
        turns_away_at=_where_any([stages[line.stage].turns_away_at or NEVER_FULL for line in lines], NEVER_FULL),
        batch_size=_where_any([stage.batch.size if stage.batch else 0 for stage in stages], 0),
        batch_after=np.array([_ticks(stage.batch.after) if stage.batch else 0 for stage in stages], np.int64),
        by_hand_without=_where_any(
            [
                count + names.index(s.sends.link) if s.sends and s.sends.without else -1
                for s in _of_lines(lines, stages)
            ],
            -1,
        ).astype(np.int32),
        mean_service=np.empty(0, np.int64),
        clocks=clocks([]),
        groups=count,
        **_turning(gate, groups),
    )


def _turning(gate: Gate, groups: LaneGroups) -> dict[str, npt.NDArray[Any]]:
    """Return what the network says of reversible lanes: two lane groups each, one after the other."""
    ways = [way for stage in gate.stages.values() for way in _ways(stage)]
    reversals = [way.reverses for way in ways]
    other = [-1 if r is None else g + (1 if groups.counted[g] else -1) for g, r in enumerate(reversals)]
    return {
        "other_way": _where_any(other, -1).astype(np.int32),
        "turns_at": np.array([0 if r is None else r.at for r in reversals], np.int64),
        "turn_takes": np.array([0 if r is None else _ticks(r.takes) for r in reversals], np.int64),
        "faces_first": groups.counted,
    }


def _of_lines(lines: list[_Line], stages: Sequence[Stage]) -> list[Stage]:
    return [stages[line.stage] for line in lines]


def _reopens_at(area: Area) -> int:
    return area.spaces - 1 if area.reopens_at is None else area.reopens_at


def _ticks(seconds: float) -> int:
    return round(seconds * TICKS_PER_SECOND)


def _starts(stage: Sequence[int], stages: int) -> Indices:
    """Return (stages + 1,) where the entries of each stage start in a list that goes stage by stage."""
    return np.searchsorted(stage, np.arange(stages + 1)).astype(np.int32)


def _where_any(values: Sequence[int], neutral: int) -> npt.NDArray[np.int64]:
    """Return values, or none at all if each is the neutral one: engines then skip what nobody asks for."""
    return np.array(values if any(value != neutral for value in values) else [], np.int64)


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
