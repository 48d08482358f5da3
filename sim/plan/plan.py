"""From a scenario to flat arrays: everything the draws, the engines and the metrics look up.

How a run goes, for both engines
--------------------------------
Time is an integer (`sim.clock`). Pending events are taken in the order (tick, rank, id):

====  ==================================================  ====================================
rank  event                                               id
====  ==================================================  ====================================
0     a lane group, pool or link changes its units        place in the timetable; links before all others
0     the waits at gates are posted                       place in the timetable, after all others
1     a unit of a pool comes back, lanes reversed, lanes  number of the resource
      open by the queue or were open for the least time
1     the time of a batch is over                         number of resources + of the stage
1     lanes served a direction for the least time         ... + number of stages + of the lane group
1     lanes served a direction for the longest time       ... + number of lane groups + of the lane group
2     a truck arrives, or ends its service                number of the truck, by arrival
3     the patience of a truck that waits is at its end     number of the truck
====  ==================================================  ====================================

Own rules (`sim.live`, on the reference engine only) come after all of these at their tick.

What an event makes possible at once is finished before the next event is taken, in this order:

1. the truck whose service ended gives back the units of pools that it used, and takes an alternative of its path
   where a rule asks it to; it leaves its lane if the area of its next stage has a space or is the one where it
   stands, and takes that space; else it stays in the lane, blocked, and stands in line for a space;
2. the units given back call the trucks in line that need them, best first, pool by pool;
3. the lane left calls the trucks in line that it admits, best first, then reverses to the other direction if it is due;
4. the truck joins its next stage: it turns back where too many stand in line, or starts, or stands in line. There
   it completes a batch, which calls trucks lane group by lane group, or lets reversible lanes reverse, or lanes of a
   reserve be called for, if they are due;
5. spaces that fell free call the trucks that stand in line for them, the first area in the order of the file first,
   one truck at a time; each moves on as in 3 and 4, until no more can move.

A truck starts when a lane that admits it is free and open, all units that the stage needs or takes are on duty and
free, and its batch is complete or its time over; it then occupies them all at once. A truck that waits for units
holds up nobody in another line.

Trucks wait in the order (priority, tick joined, number). A truck that joins takes the first lane group, in
the order of the file, that admits it and has a free open lane. A lane finishes the truck that it serves, then closes;
where its group serves the queue, it also goes on with those who joined before the tick of closing. Where its group
hands back, the trucks in service stand in their lines again, in the places that they had; then the lanes of the stage,
and after them the units that they used, call who is in line. Lanes that fail and hand over do the same until no more
trucks are in them than lanes are up; who started last goes first, of equals the greater number. Where the work clock of
its group stands still (`sim.plan.work_clocks`), so does the service. A service of no ticks is an event of its own.
Events at or after the end of the run do not happen.

An area that was full opens again to trucks at a number of trucks inside; classes that it does not keep out come in
all the same. Those that it keeps out while others come in take its space when the service before it starts, and do not
start before there is one; when it opens again, the lanes before it call them last, lane group by lane group. Lanes
reverse when enough trucks of the other direction wait and their rule allows it: they finish those they serve, then take
the time to reverse. Lanes that the queue opens close as soon as a truck leaves the line, to start or for good, and
too few are left in it.

A truck that comes to a border chooses its gate by what it knows of the waits posted; of equals it takes the first. When
waits are posted, trucks that queue where they may choose again do so before anything else happens: stage by stage, each
queue from its tail, every truck counting those that chose before it. Then those that move do so in that order, unless
they have started meanwhile: a truck leaves its queue, is on its way to the other gate at once, and a space that it left
calls as in 5. It goes to no gate at which it was before (`sim.plan.borders`).

Words: a *kind* is a vehicle class in a direction, loaded or empty; a *line* is the waiting line of one stage
for the kinds that the same lane groups admit with the same priority.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from sim.arrays import Indices
from sim.clock import TICKS_PER_DAY, LocalDays, Ticks
from sim.plan.arrivals import ArrivalRate, GivenTrucks
from sim.plan.distributions import Sampler
from sim.plan.failures import Failing, Source
from sim.plan.network import Network
from sim.plan.paths import Path
from sim.plan.slots import Slots
from sim.plan.supply import LaneGroups
from sim.plan.timetable import OnDuty, Windows
from sim.plan.work_clocks import Pieces

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
    age: Sampler | None
    """Distribution of the time since loading at the arrival; none for loaded then."""
    tonnes: float | None
    """Mean load [t]."""


@dataclass(frozen=True)
class Worth:
    """What the loads of a class are worth, and what they lose."""

    value_usd: float
    turned_back: float
    """Share of the value that a load loses that turns back."""
    per_day: float
    """Share of the value that it loses with each day of shelf life [1/d]; NaN where a curve says it."""
    curve: tuple[tuple[int, ...], tuple[float, ...]] = ((0,), (0.0,))
    """Ages [tick] and shares of the value lost by then, beginning with age 0."""


@dataclass(frozen=True, eq=False)
class HourKeeping:
    """What the hours of trucks are counted by, for a gate that counts money or energy."""

    hold: npt.NDArray[np.bool_]
    """(stages,) whether goods are not ready there."""
    drive_m: npt.NDArray[np.int64]
    """(stages,) distance driven in a service [m]."""
    on_road: npt.NDArray[np.bool_]
    """(stages,) whether it is."""
    fleets: tuple[str, ...]
    """Pools whose trips are counted."""
    fleet_units: npt.NDArray[np.int64]
    """(stages, fleets) units that a service takes of each."""


@dataclass(frozen=True, eq=False)
class Returning:
    """What fails in the units of a pool that a stage gives back."""

    pool: str
    taken_at: frozenset[str]
    """Stages that take units of it to keep; without any the stage itself used them."""
    failing: Failing


@dataclass(frozen=True)
class GroupSizes:
    """How many trucks come together."""

    sizes: tuple[int, ...]
    shares: tuple[float, ...]
    """Share of the groups that have each size; they add to 1."""

    @property
    def mean(self) -> float:
        """Mean size."""
        return sum(size * share for size, share in zip(self.sizes, self.shares, strict=True))


ONE_BY_ONE = GroupSizes((1,), (1.0,))


@dataclass(frozen=True, eq=False)
class Choosing:
    """How free trucks of a flow choose between the gates of their trade, in the order of the file."""

    free: float
    """Share of the trucks that do."""
    gates: tuple[str, ...]
    """Their names, which name the draws."""
    streams: tuple[int, ...]
    """(gates,) flow in which a truck comes to each: its own, or one that follows that."""
    extra: tuple[float, ...]
    """(gates,) cost beyond the wait posted [tick]."""
    spread: float
    """Scale of the part of it that differs from truck to truck [tick]."""
    puts_up_with: Sampler | None
    """Distribution of the cost from which on a truck stays away; none if no truck does."""


@dataclass(frozen=True, eq=False)
class Stream:
    """A flow, or the trucks that stand in one line at the start, ready to draw."""

    name: str
    kind: int
    """Index of its loaded kind; the empty kind is the next one."""
    path: Path
    rate: ArrivalRate
    groups: GroupSizes = ONE_BY_ONE
    """How many come together."""
    line_without_slot: Indices | None = None
    """(visits,) line that a truck joins which comes without a slot, if it has a priority of its own."""
    standing: int = 0
    """Trucks that stand in line at tick 0; they alone make up a stream that has any."""
    patience: Sampler | None = None
    """Distribution of the time from the arrival after which a truck that waits turns back; None for ever."""
    waited: Sampler | None = None
    """Distribution of the time since the arrival of those who stand in line at tick 0, if they have patience."""
    may_turn_back: npt.NDArray[np.bool_] | None = None
    """(visits,) whether patience ends the wait for each: not behind the release, nor with units of a pool."""
    given: GivenTrucks | None = None
    """Trucks of a trace; they come instead of those that the rate would bring."""
    choosing: Choosing | None = None
    """How some of its trucks choose between gates; none if all are bound to theirs."""
    follows: int = -1
    """Flow of another gate whose free trucks these are, in case that they come here; -1 for a flow of its own."""

    def expected(self, until: int) -> float:
        """Return the expected number of trucks before the tick `until`; of a flow that follows another, at most."""
        if self.given is not None:
            return float(self.given.before(until))
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
    line_kept_out: Indices
    """(lines, areas) line of the same trucks if the area is their next one and keeps them out; -1 if it does not."""
    line_windows: tuple[Windows, ...]
    """When at least one lane group of the line is open [tick]."""
    samplers: tuple[Sampler, ...]
    """The distinct distributions of times by visit."""
    sampler_of: dict[str, Indices]
    """Column of the draws by visit -> (stages, kinds) number of its sampler; -1 where there is none."""
    failing: tuple[tuple[Failing, ...], ...]
    """(stages,) what fails in the lanes of each."""
    return_failing: tuple[tuple[Returning, ...], ...]
    """(stages,) what fails in the units that are given back at each."""
    shelf: tuple[Shelf | None, ...]
    """(kinds / 2,) shelf life of each class in each direction, in the order of its loaded kinds; none if it keeps."""
    worth: tuple[Worth | None, ...]
    """(kinds / 2,) worth of the loads of each, in the same order; none if it is not reckoned."""
    hour_keeping: HourKeeping | None
    """By what the hours of trucks are counted; None where nobody asks for money or energy."""
    wait_target: Ticks
    """(stages,) wait that is still in time [tick]; -1 where the file names none."""
    ageing: npt.NDArray[np.float64]
    """(stages,) how fast loads age there [1]."""
    bookings: tuple[Slots, ...]
    """Booking systems, in the order of the file."""
    pools: tuple[str, ...]
    """Pools, then links, in the order of the file."""
    links: tuple[str, ...]
    """Those of them that are links."""
    on_duty: tuple[OnDuty, ...]
    """(pools,) their units on duty over the run; of a link the rate that it can carry [kbit/s]."""
    areas: tuple[str, ...]
    """Areas, in the order of the file."""
    road_m: tuple[float | None, ...]
    """(areas,) road that a truck inside takes [m]; none for a yard."""
    outside_road_m: dict[str, float]
    """Direction -> road that a truck takes which waits outside [m], where it is known."""
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
    zones: dict[str, ZoneInfo]
    """Side -> time zone."""
    bulletin: Ticks
    """(measured days,) when the trucks that wait are counted [tick]."""
    across: dict[str, npt.NDArray[np.bool_]]
    """Direction -> (stages,) whether trucks that come to a stage are no longer in the stock, because it is not on the
    side that they come from; empty if only their release ends that."""
    memory: dict[Any, Any] = field(default_factory=dict, init=False)
    """What draws and metrics worked out of it, for the next replication."""

    def __repr__(self) -> str:
        """Return a line: its arrays fill many screens."""
        return f"Plan: {len(self.stages)} stages, {len(self.streams)} streams, {self.end / TICKS_PER_DAY:g} days"

    @property
    def chooses_gates(self) -> bool:
        """Whether trucks choose between gates."""
        return self.network.boards.rows.size > 0

    @property
    def hands_over_in_use(self) -> bool:
        """Whether lanes that break down in use hand their trucks over."""
        return any(failing.hands_over for stage in self.failing for failing in stage)

    @property
    def turns_back(self) -> bool:
        """Whether trucks may leave somewhere without release."""
        return self.limits_queues or self.limits_stays or bool(self.network.boards.thinks.any())

    @property
    def limits_stays(self) -> bool:
        """Whether trucks may turn back because of their whole stay."""
        return any(stream.patience is not None for stream in self.streams)

    @property
    def limits_queues(self) -> bool:
        """Whether trucks may turn back because of a single queue: its length, or their wait in it."""
        return self.network.turns_away or bool((self.sampler_of["patience"] >= 0).any())

    def kinds_of(self, stream: Stream) -> list[int]:
        """Return the kind as which its trucks make each visit of their path."""
        return [
            stream.kind + visit.empty if visit.second is None else self.kinds.index(Kind(*visit.second, visit.empty))
            for visit in stream.path.visits
        ]

    @property
    def expected_visits(self) -> float:
        """Expected number of stage visits."""
        return sum(stream.expected(self.end) * stream.path.expected_visits() for stream in self.streams)

    @property
    def midnight(self) -> Ticks:
        """(days + 1,) borders of the simulated days [tick]."""
        return self.days.midnight

    @property
    def measured_days(self) -> float:
        """Length of the measured period [d of 24 h]."""
        return (self.end - self.warmup) / TICKS_PER_DAY
