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

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gates.config import Breakdown, Gate, Pool, Stage, VehicleClass
from gates.scenario import Scenario
from sim.arrays import Indices
from sim.arrivals import NOBODY_COMES, ArrivalRate, arrival_rate
from sim.booking import Slots
from sim.breakdowns import Failing
from sim.clock import TICKS_PER_DAY, TICKS_PER_SECOND, LocalDays, Ticks, scenario_days
from sim.clocks import Pieces, clocks
from sim.lane_groups import LaneGroups, lane_groups, outage_sources, units_on_duty, ways, work_clocks
from sim.law_table import Laws, by_hand_law, mean_service, patience_law, service_law
from sim.laws import Law, law
from sim.network import Line, Network, enters_freely, network_of
from sim.outages import Source
from sim.paths import Path, PathVisit, begin_at, paths_by_class
from sim.timetable import OnDuty, Windows, union

Paths = dict[tuple[str, str], Path]
"""(direction, vehicle class) -> path."""

MAX_TRUCKS = (1 << 24) - 1
"""Most trucks in one block of draws: the number of a truck fills the low 24 bits of an event key."""
EMPTY_PRIORITY = 5
"""Empty trucks are neither preferred nor put back, whatever they carried."""


@dataclass(frozen=True)
class Kind:
    """A vehicle class in a direction, loaded or empty."""

    vehicle_class: str
    direction: str
    empty: bool


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


@dataclass(frozen=True)
class Worth:
    """What the loads of a class are worth, and what they lose."""

    value_usd: float
    turned_back: float
    """Share of the value that a load loses that turns back."""
    per_day: float
    """Share of the value that it loses with each day of shelf life [1/d]."""


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
    worth: tuple[Worth | None, ...]
    """(kinds / 2,) worth of the loads of each, in the same order; none if it is not reckoned."""
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
    road_m: tuple[float | None, ...]
    """(areas,) road that a truck inside takes [m]; none for a yard."""
    outside_road_m: float | None
    """Road that a truck takes which waits outside [m]; none if it is not known."""
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
    days = scenario_days(scenario, gate.end_of_day.side)
    end = int(days.midnight[scenario.days_simulated])
    kinds = _kinds(gate)
    paths: Paths = {
        (direction, name): path for direction in gate.paths for name, path in paths_by_class(gate, direction).items()
    }
    for (_, vehicle_class), path in paths.items():
        _check_held(gate, vehicle_class, path)
    stages = tuple(gate.stages)
    groups = lane_groups(scenario, stages, end)
    admitted = _admitted(gate, kinds, stages)
    line_of, lines = _lines(gate, kinds, stages, paths, admitted)
    laws = Laws()
    law_of = laws.of_kinds(
        line_of, lambda s, k: service_law(gate, kinds[k].vehicle_class, stages[s], empty=kinds[k].empty)
    )
    by_hand_law_of = laws.of_kinds(line_of, lambda s, _: by_hand_law(gate.stages[stages[s]]))
    patience_law_of = laws.of_kinds(line_of, lambda s, k: patience_law(gate.stages[stages[s]], kinds[k].vehicle_class))
    return_law_of = laws.of_returns(gate)
    on_duty = units_on_duty(scenario, end)
    clock_of_group = work_clocks(scenario, groups)
    first = scenario.warmup_days
    return Plan(
        network=network_of(gate, lines, groups, on_duty)._replace(
            mean_service=mean_service(laws.found, law_of, line_of, lines), clocks=clocks(clock_of_group)
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
        worth=tuple(_worth(gate.classes[kind.vehicle_class]) for kind in kinds[::2]),
        ageing=np.array([stage.ageing for stage in gate.stages.values()]),
        bookings=tuple(_slots(scenario, name) for name in gate.booking),
        by_hand_law_of=by_hand_law_of,
        patience_law_of=patience_law_of,
        turns_back=any(stage.turns_away_at is not None for stage in gate.stages.values())
        or bool((patience_law_of >= 0).any()),
        pools=(*gate.pools, *gate.links),
        on_duty=tuple(on_duty),
        areas=tuple(gate.areas),
        road_m=tuple(area.road_per_truck for area in gate.areas.values()),
        outside_road_m=gate.road_per_truck,
        load_t=np.array([gate.classes[kind.vehicle_class].load for kind in kinds[::2]], np.float64),
        clock_of_group=clock_of_group,
        outages=tuple(outage_sources(gate, groups)),
        warmup=int(days.midnight[first]),
        end=end,
        days=days,
        bulletin=np.array([days.at(d, gate.end_of_day.at) for d in range(first, scenario.days_simulated)], np.int64),
    )


def _kinds(gate: Gate) -> tuple[Kind, ...]:
    pairs = sorted({(flow.vehicle_class, flow.direction) for flow in gate.flows.values()})
    return tuple(Kind(name, direction, empty) for name, direction in pairs for empty in (False, True))


def _streams(
    scenario: Scenario,
    kinds: tuple[Kind, ...],
    paths: Paths,
    lines: list[Line],
    admitted: dict[tuple[int, int], tuple[int, ...]],
) -> list[Stream]:
    gate = scenario.gate
    streams = []
    for name, flow in gate.flows.items():
        days = scenario_days(scenario, gate.origin[flow.direction])
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
    days = scenario_days(scenario, booking.side, more)
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


def _admitted(gate: Gate, kinds: tuple[Kind, ...], stages: tuple[str, ...]) -> dict[tuple[int, int], tuple[int, ...]]:
    """Return the lane groups that admit each (stage, kind), in the order of the file."""
    admitted: dict[tuple[int, int], tuple[int, ...]] = {}
    offset = 0
    for s, name in enumerate(stages):
        groups = ways(gate.stages[name])
        for k, kind in enumerate(kinds):
            admitted[s, k] = tuple(
                offset + n
                for n, group in enumerate(groups)
                if group.admits(kind.vehicle_class, kind.direction, empty=kind.empty)
            )
        offset += len(groups)
    return admitted


def _lines(
    gate: Gate,
    kinds: tuple[Kind, ...],
    stages: tuple[str, ...],
    paths: Paths,
    admitted: dict[tuple[int, int], tuple[int, ...]],
) -> tuple[Indices, list[Line]]:
    wanted: dict[tuple[int, int], Line] = {}
    for own, path in paths.items():
        for visit in path.visits:
            direction, vehicle_class = own if visit.second is None else visit.second[::-1]
            kind = Kind(vehicle_class, direction, visit.empty)
            s, k = stages.index(visit.stage), kinds.index(kind)
            if not admitted[s, k]:
                what = f"{'empty' if kind.empty else 'loaded'} {kind.vehicle_class} {kind.direction}"
                raise ValueError(f"no lane group of stage {visit.stage} admits {what} trucks; add one")
            priority = EMPTY_PRIORITY if kind.empty else gate.classes[vehicle_class].priority
            wanted[s, k] = Line(s, priority, admitted[s, k], enters_freely(gate, visit.stage, vehicle_class))
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
) -> Line | None:
    """Return the line that trucks of a flow join which come without a slot; None for that of their class."""
    priority = next(b.priority_without for b in gate.booking.values() if flow in b.flows)
    if priority is None or visit.empty or visit.second is not None:
        return None
    stage = list(gate.stages).index(visit.stage)
    freely = enters_freely(gate, visit.stage, gate.flows[flow].vehicle_class)
    return Line(stage, priority, admitted[stage, kind], freely)


def _check_held(gate: Gate, vehicle_class: str, path: Path) -> None:
    """Raise `ValueError` unless each truck gives back what it took, and gives nothing that it did not take."""
    held: dict[str, tuple[int, object]] = {}
    for visit in path.visits:
        stage, when = gate.stages[visit.stage], (visit.share, visit.when)
        if held and (stage.turns_away_at is not None or patience_law(stage, vehicle_class)):
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


def _shelf(vehicle_class: VehicleClass) -> Shelf | None:
    if vehicle_class.shelf_life is None:
        return None
    life, least = (round(days * TICKS_PER_DAY) for days in (vehicle_class.shelf_life, vehicle_class.least_life))
    age = None if vehicle_class.age is None else law(vehicle_class.age)
    return Shelf(life, least, age, vehicle_class.load)


def _worth(vehicle_class: VehicleClass) -> Worth | None:
    if vehicle_class.value_usd is None:
        return None
    return Worth(vehicle_class.value_usd, 1 - vehicle_class.value_turned_back, vehicle_class.value_lost_per_day)


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
        Returning(name, frozenset(s for s, other in gate.stages.items() if name in other.takes), failing)
        for name in {**stage.needs, **stage.gives}
        for failing in _pool_failing(gate.pools[name])
    )


def _pool_failing(pool: Pool) -> list[Failing]:
    """Return what keeps units of a pool away after their way back: repairs, and stops to charge."""
    found = [_failing(breakdown) for breakdown in pool.breakdowns]
    if pool.charging is not None:
        stop, per_use = law(pool.charging.takes), pool.charging.per_use
        found.append(Failing("charging stop", stop, per_tick=0.0, per_use=per_use, restarts=False))
    return found
