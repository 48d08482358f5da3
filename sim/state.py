"""What the compiled engine keeps in mind between two events: counts, waiting lines as linked lists, heaps of events."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sim.arrays import Indices
from sim.clock import Ticks
from sim.clocks import Clocks
from sim.draws import Draws
from sim.jit import step
from sim.log import EventLog
from sim.network import Network

Counts = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

NOBODY = -1
NUMBER_BITS = 24
"""Low bits of an event key that hold the number of the truck; the tick fills the others."""
NUMBER_MASK = (1 << NUMBER_BITS) - 1
MAX_TICK = 1 << (63 - NUMBER_BITS)
"""First tick that no event key can hold: about 17 years."""
NO_EVENT = np.iinfo(np.int64).max
PENDING, ALARMS, IMPATIENT, NEXT_ARRIVAL, NEXT_CHANGE, TOP_IS_TAKEN = range(6)
"""Entries of `State.cursor`."""


Rows = npt.NDArray[np.void]
"""Rows of named entries. Few arrays of many columns compile faster than many arrays."""


def _columns(**kinds: str) -> np.dtype[np.void]:
    return np.dtype(list(kinds.items()), align=True)


_LINE = _columns(
    stage="i8",
    priority="i8",
    area="i8",
    by_hand_without="i8",
    groups_from="i8",
    groups_to="i8",
    taken_from="i8",
    taken_to="i8",
    given_from="i8",
    given_to="i8",
    turns_away_at="i8",
    mean_service="i8",
    enters_freely="?",
)
_GROUP = _columns(lines_from="i8", lines_to="i8", other_way="i8", faces_first="?", turns_at="i8", turn_takes="i8")
_POOL = _columns(lines_from="i8", lines_to="i8", comes_back="?")
_AREA = _columns(spaces="i8", reopens_at="i8")
_STAGE = _columns(lines_from="i8", lines_to="i8", groups_from="i8", groups_to="i8", batch_size="i8", batch_after="i8")
_CHANGE = _columns(tick="i8", units="i8", resource="i8")
_UNITS = _columns(units="i8", pool="i8")


class Tables(NamedTuple):
    """`sim.network.Network` as the compiled engine reads it: the same names, row by row."""

    lines: Rows
    groups: Rows
    pools: Rows
    areas: Rows
    stages: Rows
    changes: Rows
    """The timetable."""
    taken: Rows
    given: Rows
    groups_of_line: Counts
    lines_of_group: Counts
    lines_of_pool: Counts
    clocks: Clocks
    turns_away: bool
    """Whether any stage turns trucks away."""
    batches: bool
    """Whether any stage starts trucks together."""
    reverses: bool
    """Whether any lanes are reversible."""
    works_by_hand: bool
    """Whether any stage works by hand while a link is down."""


def tables(network: Network) -> Tables:
    """Return what the compiled engine looks up."""
    away, batches = network.turns_away_at.size > 0, network.batch_size.size > 0
    reverses, by_hand = network.other_way.size > 0, network.by_hand_without.size > 0
    return Tables(
        lines=_rows(
            _LINE,
            stage=network.line_stage,
            priority=network.line_priority,
            area=network.area_of_line,
            by_hand_without=network.by_hand_without if by_hand else NOBODY,
            turns_away_at=network.turns_away_at if away else 0,
            mean_service=network.mean_service,
            enters_freely=network.enters_freely,
            **_ranges(groups=network.groups_of_line_from, taken=network.taken_from, given=network.given_from),
        ),
        groups=_rows(
            _GROUP,
            faces_first=network.faces_first,
            other_way=network.other_way if reverses else NOBODY,
            turns_at=network.turns_at,
            turn_takes=network.turn_takes,
            **_ranges(lines=network.lines_of_group_from),
        ),
        pools=_rows(_POOL, comes_back=network.comes_back, **_ranges(lines=network.lines_of_pool_from)),
        areas=_rows(_AREA, spaces=network.area_spaces, reopens_at=network.area_reopens),
        stages=_rows(
            _STAGE,
            batch_after=network.batch_after,
            batch_size=network.batch_size if batches else 0,
            **_ranges(lines=network.lines_of_stage_from, groups=network.groups_of_stage_from),
        ),
        changes=_rows(_CHANGE, tick=network.change_tick, units=network.change_units, resource=network.change_resource),
        taken=_rows(_UNITS, pool=network.taken_pool, units=network.taken_units),
        given=_rows(_UNITS, pool=network.given_pool, units=network.given_units),
        groups_of_line=network.groups_of_line.astype(np.int64),
        lines_of_group=network.lines_of_group.astype(np.int64),
        lines_of_pool=network.lines_of_pool.astype(np.int64),
        clocks=network.clocks,
        turns_away=away,
        batches=batches,
        reverses=reverses,
        works_by_hand=by_hand,
    )


def _rows(kind: np.dtype[np.void], **columns: npt.NDArray[Any] | int) -> Rows:
    """Return rows from columns; the first one has an entry for each row."""
    rows = np.zeros(np.size(next(iter(columns.values()))), kind)
    for name, values in columns.items():
        rows[name] = values
    return rows


def _ranges(**starts: Indices) -> dict[str, Indices]:
    """Return the columns `x_from` and `x_to` of where the entries of each row stand."""
    return {
        f"{name}_{end}": at for name, start in starts.items() for end, at in (("from", start[:-1]), ("to", start[1:]))
    }


class Trucks(NamedTuple):
    """What trucks bring (see `sim.draws`) and the log rows that the run fills."""

    arrival: Ticks
    first: Counts
    line: Indices
    service: Ticks
    comes_back: Ticks
    by_hand: Ticks
    patience: Ticks
    onward: Counts
    other: Counts
    rule: Counts
    times: Ticks
    group: Indices


_RESOURCE_STATE = _columns(on_duty="i8", busy="i8", scheduled="i8", faces="?", turning="?")
"""Lanes open or units on duty; lanes that hold a truck, units in use or on their way back. Of reversible lanes also:
what the timetable gives, whichever way they face; whether they serve the group; whether they turn to it."""
_LINE_STATE = _columns(head="i8", tail="i8", waiting="i8")
"""First and last truck in line, or `NOBODY`; trucks in line."""
_AREA_STATE = _columns(inside="i8", head="i8", tail="i8", shut="?")
"""Spaces taken; first and last truck that stands in line for one; whether the area is full, or was and has not opened
again."""
_STAGE_STATE = _columns(gathering="i8", gathered_since="i8", called_up="i8", timed="?")
"""Trucks of the next batch, when the first of them joined; trucks in line that may start; whether an alarm is set."""
_TRUCK_STATE = _columns(ahead="i4", behind="i4", visit="i8")
"""Who stands before and behind a waiting truck; row of its present visit: the row before its first while it waits
outside, the row after its last when it turned back."""


class State(NamedTuple):
    """The state of the gate between two events. Resources are lane groups, then pools, then links."""

    resources: Rows
    lines: Rows
    areas: Rows
    stages: Rows
    trucks: Rows
    next: Counts
    """(trucks,) row of the next visit; no entries if trucks never choose."""
    works_by_hand: Flags
    """(trucks,) whether the present service is done by hand; no entries if none ever is."""
    pending: Ticks
    """(trucks,) heap of event keys: ends of service."""
    alarms: Ticks
    """(alarms at once,) heap of event keys: resources that come back, then batches whose time is over."""
    impatient: Ticks
    """(visits with patience,) heap of event keys: when patience ends, of trucks that may have gone on since."""
    cursor: Counts
    """(6,) sizes of the three heaps, next truck to arrive, next change of the timetable, and whether the event that
    happens still stands at the top of `pending`, where the next one to be pushed takes its place."""


def new_state(network: Tables, draws: Draws) -> State:
    """Return the state of a gate that is still shut and empty."""
    groups, trucks = network.groups.size, draws.trucks
    state = State(
        resources=np.zeros(groups + network.pools.size, _RESOURCE_STATE),
        lines=np.zeros(network.lines.size, _LINE_STATE),
        areas=np.zeros(network.areas.size, _AREA_STATE),
        stages=np.zeros(network.stages.size, _STAGE_STATE),
        trucks=np.empty(trucks, _TRUCK_STATE),
        next=np.empty(trucks if draws.onward.size else 0, np.int64),
        works_by_hand=np.zeros(trucks if draws.by_hand.size else 0, np.bool_),
        pending=np.empty(trucks, np.int64),
        alarms=np.empty(most_alarms(network), np.int64),
        impatient=np.empty(draws.patience.size, np.int64),
        cursor=np.zeros(6, np.int64),
    )
    state.resources["faces"][:groups] = network.groups["faces_first"]
    for queues in (state.lines, state.areas):
        queues["head"] = queues["tail"] = NOBODY
    return state


def most_alarms(network: Tables) -> int:
    """Return how many alarms can be set at once: units on their way back, lanes that turn, batches."""
    back = np.flatnonzero(network.pools["comes_back"]) + network.groups.size
    units = int(network.changes["units"][np.isin(network.changes["resource"], back)].sum())
    return units + network.groups.size + network.stages.size


def trucks_of(draws: Draws, log: EventLog) -> Trucks:
    """Return what trucks bring, beside the log to be filled."""
    return Trucks(
        draws.arrival,
        draws.first,
        draws.line,
        draws.service,
        draws.comes_back,
        draws.by_hand,
        draws.patience,
        draws.onward,
        draws.other,
        draws.rule,
        log.times,
        log.group,
    )


# One width of whole numbers: a part that is given two would be compiled twice.


@step
def line_of(trucks: Trucks, visit: int) -> int:
    """Return the waiting line of a visit."""
    return int(np.int64(trucks.line[visit]))


@step
def group_of(trucks: Trucks, visit: int) -> int:
    """Return the lane group that serves or served a visit."""
    return int(np.int64(trucks.group[visit]))


# Waiting lines.


@step
def take_first(state: State, queues: Rows, line: int) -> int:
    """Take the first truck out of a line and return it."""
    truck = queues[line]["head"]
    behind = state.trucks[truck]["behind"]
    queues[line]["head"] = behind
    if behind == NOBODY:
        queues[line]["tail"] = NOBODY
    else:
        state.trucks[behind]["ahead"] = NOBODY
    return int(truck)


@step
def take_out(state: State, queues: Rows, line: int, truck: int) -> None:
    """Take a truck out of a line, wherever it stands."""
    ahead, behind = state.trucks[truck]["ahead"], state.trucks[truck]["behind"]
    if ahead == NOBODY:
        queues[line]["head"] = behind
    else:
        state.trucks[ahead]["behind"] = behind
    if behind == NOBODY:
        queues[line]["tail"] = ahead
    else:
        state.trucks[behind]["ahead"] = ahead


@step
def put_in(state: State, queues: Rows, line: int, last: int, truck: int) -> None:
    """Put a truck behind another one of a line, or at its head if that is `NOBODY`."""
    behind = queues[line]["head"] if last == NOBODY else state.trucks[last]["behind"]
    state.trucks[truck]["ahead"] = last
    state.trucks[truck]["behind"] = behind
    if last == NOBODY:
        queues[line]["head"] = truck
    else:
        state.trucks[last]["behind"] = truck
    if behind == NOBODY:
        queues[line]["tail"] = truck
    else:
        state.trucks[behind]["ahead"] = truck


# Heaps of events.


@step
def event_key(tick: int, number: int) -> int:
    """Pack (tick, number) so that keys sort like the pairs. Keys beyond `MAX_TICK` would never be taken."""
    return int(np.int64(min(tick, MAX_TICK - 1)) << NUMBER_BITS | np.int64(number))


@step
def push_event(heap: Ticks, cursor: Counts, size: int, key: int) -> None:
    """Add a key to a heap whose size stands at `cursor[size]`."""
    hole = cursor[size]
    cursor[size] += 1
    while hole > 0:
        parent = (hole - 1) >> 1
        if heap[parent] <= key:
            break
        heap[hole] = heap[parent]
        hole = parent
    heap[hole] = key


@step
def pop_event(heap: Ticks, cursor: Counts, size: int) -> None:
    """Drop the smallest key of a heap."""
    cursor[size] -= 1
    sift_down(heap, cursor[size], heap[cursor[size]])


@step
def sift_down(heap: Ticks, size: int, key: int) -> None:
    """Put a key in place of the smallest one of a heap."""
    hole = 0
    child = 1
    while child < size:
        child += child + 1 < size and heap[child + 1] < heap[child]
        if heap[child] >= key:
            break
        heap[hole] = heap[child]
        hole = child
        child = 2 * hole + 1
    heap[hole] = key
