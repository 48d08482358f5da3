"""Trucks that lock each other: each waits for a lane, a space or a unit that another of them holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Self

import numpy as np

from sim.draws.columns import FOR_EVER
from sim.engines.log import NEVER, EventLog
from sim.memory import once
from sim.metrics.block import LogBlock
from sim.metrics.meter import BORDERGATE, Meter, Metric, Readings
from sim.metrics.scope import Scope
from sim.plan.paths import Path
from sim.plan.plan import Plan, Stream
from sim.plan.supply import UNLIMITED_LANES

LOCKED = Metric(
    name="locked_trucks",
    title="Trucks in deadlock",
    unit="trucks",
    statistics=("total",),
    better="less",
    definition="Trucks that hold a lane, a space of an area or units of a pool at the end, and can never move again, "
    "because each waits for what another of them holds; only of gates whose trucks can lock each other.",
    source=BORDERGATE,
)


class Deadlock(Meter):
    """Counts the trucks in deadlock when the run ends."""

    metrics = (LOCKED,)
    place = 180

    def __init__(self) -> None:
        self._trucks = 0

    @classmethod
    def for_plan(cls, scope: Scope) -> Self | None:
        """Return a meter; None for a gate whose trucks cannot lock each other."""
        return cls() if can_lock(scope.plan) else None

    def add(self, block: LogBlock) -> None:
        """Count with the last block."""
        if block.is_last:
            self._trucks = locked_trucks(block.scope.plan, block.log)

    def values(self) -> Readings:
        """Yield the number of trucks."""
        yield LOCKED.key("total"), float(self._trucks)


# Whether trucks can lock each other

Resource = tuple[str, int]
"""`lane` and a stage, `area` and an area, or `pool` and a pool, by its number."""


@once
def can_lock(plan: Plan) -> bool:
    """Tell whether what trucks hold while they wait leads from one lane, area or pool to others and back.

    A stage elsewhere between two areas has room for a queue; so only steps from one area right into another count.
    """
    return bool(circle(plan))


def circle(plan: Plan) -> list[tuple[str, str]]:
    """Return the fewest resources in which trucks can lock each other, by kind and name; none if they cannot.

    A truck may hold each of them while it waits for the next one, and the last one while it waits for the first. The
    kind is `lane` (of a stage), `area` or `pool`.
    """
    after = _after(plan)
    circles = [found for resource in after if (found := _way_back(after, resource))]
    shortest = min(circles, key=lambda found: (len(found), found), default=[])
    pools = ("",) * plan.network.groups.size + plan.pools  # pools are numbered after the lane groups
    names = {"lane": plan.stages, "area": plan.areas, "pool": pools}
    return [(kind, names[kind][number]) for kind, number in shortest]


def _after(plan: Plan) -> dict[Resource, set[Resource]]:
    """Resource -> what trucks wait for while they hold it."""
    after: dict[Resource, set[Resource]] = {}
    for stream in plan.streams:
        for held, wanted in _waits(plan, stream):
            for resource in held:
                after.setdefault(resource, set()).update(wanted - {resource})
    return after


def _waits(plan: Plan, stream: Stream) -> Iterator[tuple[set[Resource], set[Resource]]]:
    """Yield (what trucks may hold, what they then wait for) at each step of a path."""
    network = plan.network
    stages = [plan.stages.index(visit.stage) for visit in stream.path.visits]
    lines = [plan.line_of[stage, kind] for stage, kind in zip(stages, plan.kinds_of(stream), strict=True)]
    areas = [int(network.area_of_line[line]) for line in lines]
    kept = _kept(plan, stream.path, lines)
    for n, m in _steps(stream.path):
        inside: set[Resource] = {("area", areas[m])} - {("area", -1)}
        before = kept[n] if n >= 0 else set()
        if n >= 0 and areas[n] != areas[m] and inside:
            here: set[Resource] = {("lane", stages[n]), ("area", areas[n])} - {("area", -1)}
            yield here | before, inside
        row = network.lines[lines[m]]
        taken = {("pool", int(entry["pool"])) for entry in network.taken[row["taken_from"] : row["taken_to"]]}
        kept_out: set[Resource] = {("area", int(area)) for area in np.flatnonzero(plan.line_kept_out[lines[m]] >= 0)}
        yield inside | before, {("lane", stages[m]), *taken, *kept_out}


def _kept(plan: Plan, path: Path, lines: Sequence[int]) -> list[set[Resource]]:
    """Return the pools of which a truck may keep units after each visit."""
    network, kept, after = plan.network, set[Resource](), []
    for n, line in enumerate(lines):
        row = network.lines[line]
        taken, given = (
            {("pool", int(entry["pool"])) for entry in entries[row[f"{name}_from"] : row[f"{name}_to"]]}
            for entries, name in ((network.taken, "taken"), (network.given, "given"))
        )
        kept = (kept | taken) - given if _all_make(path, n) else kept | (taken - given)
        after.append(kept)
    return after


def _steps(path: Path) -> Iterator[tuple[int, int]]:
    """Yield visits that may follow each other, by their numbers; -1 is the arrival."""
    for n in range(-1, len(path.visits)):
        for m in range(n + 1, len(path.visits)):
            yield n, m
            if _all_make(path, m):
                break


def _all_make(path: Path, n: int) -> bool:
    """Tell whether no truck leaves a visit out."""
    visit = path.visits[n]
    return visit.share == 1 and not visit.when and not visit.needs and not path.forks


def _way_back(after: dict[Resource, set[Resource]], start: Resource) -> list[Resource]:
    """Return the shortest way from a resource back to it, without the last step; empty if there is none."""
    came_from: dict[Resource, Resource] = {}
    ends = [start]
    while ends:
        further = []
        for here in ends:
            for resource in sorted(after.get(here, ())):
                if resource == start:
                    way = [here]
                    while way[-1] != start:
                        way.append(came_from[way[-1]])
                    return way[::-1]
                if resource not in came_from:
                    came_from[resource] = here
                    further.append(resource)
        ends = further
    return []


# Who is locked at the end


class _End(NamedTuple):
    """What trucks hold at the end of a run."""

    plan: Plan
    log: EventLog
    area: list[int]
    """(visits,) area of the stage, or -1."""
    inside: dict[int, set[int]]
    """Area -> visits of the trucks in it."""
    units: dict[int, dict[int, int]]
    """Visit -> pool -> units that its truck keeps."""


def locked_trucks(plan: Plan, log: EventLog) -> int:
    """Return how many trucks hold something at the end of a run and can never move again.

    Who is being served will go on, and who loses patience. Who is blocked goes on if an area that it may go to next is
    alive; who queues, if a lane that admits it and the units that it needs are not held for ever. An area is alive if
    one truck in it can go on. So all who wait count as locked at first, and those who can go on are taken out until
    nobody else can.
    """
    end = _end_of(plan, log)
    waiting = np.flatnonzero((log.joined != NEVER) & (log.left == NEVER) & (log.started == NEVER)).tolist()
    blocked = np.flatnonzero((log.finished != NEVER) & (log.left == NEVER)).tolist()
    still = {row for row in waiting if not _gives_up(log, row)} | {
        row for row in blocked if not any(_stays_too_long(log, after) for after in _next_rows(log, row))
    }
    while True:
        kept = _who_cannot_move(end, still)
        if kept == still:
            return sum(
                1 for row in still if log.started[row] != NEVER or end.area[row] >= 0 or any(end.units[row].values())
            )
        still = kept


def _gives_up(log: EventLog, row: int) -> bool:
    """Tell whether a truck in line will turn back one day."""
    patience = log.draws.patience
    return bool(patience.size and patience[row] < FOR_EVER) or _stays_too_long(log, row)


def _stays_too_long(log: EventLog, row: int) -> bool:
    """Tell whether a truck that waits for a visit will turn back because of its whole stay."""
    gives_up = log.draws.gives_up
    return bool(row < gives_up.size and gives_up[row] < FOR_EVER)


def _end_of(plan: Plan, log: EventLog) -> _End:
    area = plan.network.area_of_line[log.draws.line].tolist()
    here = np.flatnonzero((log.joined != NEVER) & (log.left == NEVER)).tolist()
    inside: dict[int, set[int]] = {}
    for row in here:
        inside.setdefault(area[row], set()).add(row)
    first = log.draws.first[log.truck]
    return _End(plan, log, area, inside, {row: _units_kept(plan, log, int(first[row]), row) for row in here})


def _units_kept(plan: Plan, log: EventLog, first: int, row: int) -> dict[int, int]:
    """Return the units that a truck holds on its visit `row`, by pool."""
    network, units = plan.network, dict[int, int]()
    for visit in range(first, row + 1):
        line = network.lines[log.draws.line[visit]]
        for entries, name, sign, ticks in (
            (network.taken, "taken", 1, log.started),
            (network.given, "given", -1, log.finished),
        ):
            for entry in entries[line[f"{name}_from"] : line[f"{name}_to"]] if ticks[visit] != NEVER else ():
                units[int(entry["pool"])] = units.get(int(entry["pool"]), 0) + sign * int(entry["units"])
    return units


def _who_cannot_move(end: _End, still: set[int]) -> set[int]:
    """Return those of `still` who cannot go on as long as none of the others does."""
    log, network = end.log, end.plan.network
    dead = {area for area, here in end.inside.items() if area >= 0 and still.issuperset(here)}
    lanes = np.bincount([log.group[row] for row in still if log.started[row] != NEVER], minlength=network.groups.size)
    units: dict[int, int] = {}
    for row in still:
        for pool, count in end.units[row].items():
            units[pool] = units.get(pool, 0) + count
    last = set((log.draws.first[1:] - 1).tolist())
    return {
        row
        for row in still
        if (
            _cannot_start(end, row, lanes, units, dead)
            if log.started[row] == NEVER
            else row not in last and dead.issuperset(end.area[after] for after in _next_rows(log, row))
        )
    }


def _cannot_start(
    end: _End, row: int, held_lanes: Sequence[int] | np.ndarray, held_units: dict[int, int], dead: set[int]
) -> bool:
    network, plan = end.plan.network, end.plan
    line = network.lines[end.log.draws.line[row]]
    ahead = int(line["kept_out_of"])
    if ahead in dead and len(end.inside[ahead]) > network.areas[ahead]["reopens_at"]:
        return True
    groups = network.groups_of_line[line["groups_from"] : line["groups_to"]].tolist()
    lanes = plan.groups.lanes.copy()
    np.maximum.at(lanes, end.log.lane_changes["group"], end.log.lane_changes["lanes"])
    if all(lanes[g] < UNLIMITED_LANES and held_lanes[g] >= lanes[g] for g in groups):
        return True
    taken = network.taken[line["taken_from"] : line["taken_to"]]
    return any(
        held_units.get(int(entry["pool"]), 0) > 0
        and held_units[int(entry["pool"])] + int(entry["units"]) > _most_on_duty(plan, end.log, int(entry["pool"]))
        for entry in taken
    )


def _most_on_duty(plan: Plan, log: EventLog, resource: int) -> int:
    pool = resource - plan.network.groups.size
    chosen = log.unit_changes["units"][log.unit_changes["pool"] == pool]
    return int(np.append(plan.on_duty[pool].units, chosen).max(initial=0))


def _next_rows(log: EventLog, row: int) -> Iterator[int]:
    """Yield the rows of the visits that a truck may make next: one, or one of each alternative."""
    after = int(log.draws.next_row[row]) if log.draws.next_row.size else row + 1
    yield after
    while log.draws.next_row.size and log.draws.alternative_row[after] >= 0:
        after = int(log.draws.alternative_row[after])
        yield after
