"""What the compiled engine keeps in mind between two events: counts, waiting lines as linked lists, agendas.

Numbers of rows are unsigned: the compiler then knows that they are not negative, and leaves out that an index may
count from the end, which costs a sixth of a run.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sim.arrays import NOBODY, Numbers, Rows, table_of
from sim.clock import Ticks
from sim.draws.columns import Draws
from sim.engines.agenda import Agenda, new_agenda
from sim.engines.log import LANE_CHANGE, LOG_COLUMNS, POSTING, TRUCK_COLUMNS, EventLog
from sim.jit import step
from sim.plan.network import LONG_AGO, Network
from sim.plan.work_clocks import NO_TICK

Counts = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

NEXT_ARRIVAL, NEXT_CHANGE, SPARE_LEAF, LANE_CHANGES, POSTINGS, MOVERS = range(6)
"""Entries of `State.cursor`."""
NO_LEAF = -1
_ROOM = 32
"""Changes of lanes for which there is room at first."""


class Trucks(NamedTuple):
    """Columns of the draws (`sim.draws.columns`) and of the log that the run fills."""

    arrival: Ticks
    first: Counts
    line: Numbers
    service: Ticks
    comes_back: Ticks
    service_by_hand: Ticks
    patience: Ticks
    gives_up: Ticks
    fails_after: Ticks
    fails_for: Ticks
    next_row: Numbers
    alternative_row: Numbers
    rule: npt.NDArray[np.int8]
    flow: Numbers
    released: Counts
    sibling: Counts
    taste: Ticks
    puts_up_with: Ticks
    times: Ticks
    group: Numbers
    by_hand: Flags
    failed: Ticks
    came: Ticks
    moved: Flags


_RESOURCE_STATE = table_of(
    on_duty="i8",
    busy="i8",
    scheduled="i8",
    faces="?",
    reversing="?",
    faces_since="i8",
    in_use="i8",
    started="i8",
    gate="i8",
    timed_term="?",
    admits_before="i8",
    under_repair="i8",
)
"""Lanes open or units on duty; lanes that hold a truck, units in use or on their way back. Of lanes also: what the
timetable gives, whether they serve the group or not; whether they serve it, and since when; whether they reverse to it
or are called for by the queue; how many are there for it. Of reversible lanes also: trucks that started since then, and
after which they leave; whether the alarm for the end of the longest time is set. Of lanes that serve the queue: the
tick of closing, if they still serve those who joined before, else `NO_TICK`. Of lanes that hand over when they break
down: how many of those that hold a truck hold none, but are under repair."""
_LINE_STATE = table_of(head="u4", tail="u4", waiting="i8")
"""First and last truck in line, or `NOBODY`; trucks in line."""
_AREA_STATE = table_of(inside="i8", head="u4", tail="u4", shut="?", reopened="?")
"""Spaces taken; first and last truck that stands in line for one; whether the area is full, or was and has not opened
again; whether it has opened again and the trucks that it kept out have not been called."""
_STAGE_STATE = table_of(gathering="i8", gathered_since="i8", called_up="i8", timed="?")
"""Trucks of the next batch, when the first of them joined; trucks in line that may start; whether an alarm is set."""
_TRUCK_STATE = table_of(ahead="u4", behind="u4", visit="u4", next="u4", leaf="u4")
"""Who stands before and behind a waiting truck; rows of its present visit (`NOBODY` while it waits outside) and of its
next one (the row after its last where it departs); the leaf of the end of its service, or of its patience
while it waits."""


_BOARD_STATE = table_of(trucks="i8", released="i8", posted="i8", known="i8", span="i8", cleared="i8", going="i8")
"""Trucks that count on a board, and those released so far. Of the last posting: what was posted, and what trucks know
that set out [tick]; the time over which trucks released are counted [tick], and how many they are; trucks that have
decided since to move there."""


class State(NamedTuple):
    """The state of the gate between two events. Resources are lane groups, then pools, then links."""

    resources: Rows
    lines: Rows
    areas: Rows
    stages: Rows
    trucks: Rows
    ends: Agenda
    """Ends of service."""
    alarms: Agenda
    """Resources that come back, lanes that have reversed, then batches whose time is over."""
    impatient: Agenda
    """When the patience of trucks that wait is at its end."""
    lane_changes: Rows
    """Changes of lanes that the queue opens or reverses (`sim.engines.log.LANE_CHANGE`), and room for more."""
    boards: Rows
    movers: Numbers
    """(2 x trucks,) trucks that are to move to another gate, each followed by what it is there."""
    postings: Rows
    """Postings (`sim.engines.log.POSTING`), and room for all that are to come."""
    cursor: Counts
    """(6,) next truck to arrive; next change of the timetable; leaf of the service that ends, which the next service
    to start takes over, or -1; changes of lanes; postings; entries of `movers`."""


def new_state(network: Network, draws: Draws) -> State:
    """Return the state of a gate that is still shut and empty."""
    groups, trucks = network.groups.size, draws.trucks
    state = State(
        resources=np.zeros(groups + network.pools.size, _RESOURCE_STATE),
        lines=np.zeros(network.lines.size, _LINE_STATE),
        areas=np.zeros(network.areas.size, _AREA_STATE),
        stages=np.zeros(network.stages.size, _STAGE_STATE),
        trucks=np.empty(trucks, _TRUCK_STATE),
        ends=new_agenda(trucks),
        alarms=new_agenda(_most_alarms(network)),
        impatient=new_agenda(trucks if draws.patience.size or draws.gives_up.size else 0),
        lane_changes=np.zeros(0, LANE_CHANGE),
        boards=np.zeros(network.boards.rows.size, _BOARD_STATE),
        movers=np.empty(movers_of(draws), np.uint32),
        postings=np.zeros(_postings(network), POSTING),
        cursor=np.array([0, 0, NO_LEAF, 0, 0, 0]),
    )
    state.boards["known"] = network.boards.rows["first"]
    state.resources["faces"][:groups] = network.groups["faces_first"]
    state.resources["admits_before"] = NO_TICK
    state.resources["in_use"][:groups] = network.groups["lanes"] * network.groups["faces_first"]
    state.resources["faces_since"][:groups] = LONG_AGO
    for queues in (state.lines, state.areas):
        queues["head"] = queues["tail"] = NOBODY
    return with_lanes_in_use(network, state, 0)


def movers_of(draws: Draws) -> int:
    """Return the entries of `State.movers` that are needed."""
    return 2 * draws.trucks if draws.sibling.size else 0


def _postings(network: Network) -> int:
    """Return how many rows the postings of a run fill."""
    number = network.groups.size + network.pools.size
    return int(np.count_nonzero(network.change_resource == number)) * network.boards.rows.size


def with_lanes_in_use(network: Network, state: State, now: int) -> State:
    """Return the state with changes of lanes that say no more than which lanes are in use at `now`."""
    if not (network.reverses or network.opens_by_queue):
        return state
    groups = network.groups
    by_queue = (groups["other_way"] != NOBODY) | (groups["opens_at"] > 0)
    mine = np.flatnonzero(by_queue & state.resources["faces"][: groups.size])
    changes = np.zeros(_ROOM + _most_changes_at_once(network), LANE_CHANGE)
    changes[: mine.size] = [(now, group, state.resources["in_use"][group]) for group in mine.tolist()]
    cursor = state.cursor.copy()
    cursor[LANE_CHANGES] = mine.size
    return state._replace(lane_changes=changes, cursor=cursor)


def with_more_room(state: State) -> State:
    """Return the state with room for twice as many changes of lanes."""
    return state._replace(lane_changes=np.concatenate((state.lane_changes, np.zeros_like(state.lane_changes))))


def log_of(state: State, log: EventLog) -> EventLog:
    """Return the log with the changes of lanes and the postings."""
    return replace(
        log,
        lane_changes=state.lane_changes[: state.cursor[LANE_CHANGES]].copy(),
        postings=state.postings[: state.cursor[POSTINGS]].copy(),
    )


def _most_alarms(network: Network) -> int:
    """Return how many alarms can be set at once: units and lanes that come back or reverse, limits, batches."""
    back = np.flatnonzero(network.pools["comes_back"]) + network.groups.size
    units = int(network.change_units[np.isin(network.change_resource, back)].sum())
    one_by_one = int(network.groups["lanes"][network.groups["each"]].sum())
    repairs = int(network.groups["lanes"][network.groups["breaks_down"]].sum())
    return units + one_by_one + repairs + 3 * network.groups.size + network.stages.size


def trucks_of(draws: Draws, log: EventLog) -> Trucks:
    """Return what trucks bring, beside the log to be filled; numbers of lines, groups and rows without a sign."""
    of_log = (*LOG_COLUMNS, "failed", *TRUCK_COLUMNS)
    columns = [getattr(log if name in of_log else draws, name) for name in Trucks._fields]
    return Trucks(*(column.view(np.uint32) if column.dtype == np.int32 else column for column in columns))


@step
def has_room(network: Network, state: State) -> bool:
    """Tell whether the changes of lanes that may come before the next alarm can be written."""
    if not (network.reverses or network.opens_by_queue):
        return True
    return int(state.cursor[LANE_CHANGES]) + _most_changes_at_once(network) <= state.lane_changes.size


@step
def _most_changes_at_once(network: Network) -> int:
    """Return the most changes of lanes up to the next alarm: a group is put in use by an alarm, then out of use."""
    return 1 + network.groups.size


# One width of whole numbers: a part that is given two would be compiled twice.


@step
def row_of(number: int) -> int:
    """Return the number of a row so that the compiler knows that it is not negative."""
    return int(np.int64(np.uint32(number)))


@step
def line_of(trucks: Trucks, visit: int) -> int:
    """Return the waiting line of a visit."""
    return row_of(trucks.line[visit])


@step
def group_of(trucks: Trucks, visit: int) -> int:
    """Return the lane group that serves or served a visit."""
    return row_of(trucks.group[visit])


@step
def visit_of(state: State, truck: int) -> int:
    """Return the row of the present visit of a truck, or `NOBODY`."""
    return row_of(state.trucks[truck]["visit"])


@step
def next_of(state: State, truck: int) -> int:
    """Return the row of the next visit of a truck; the row after its last if it departs."""
    return row_of(state.trucks[truck]["next"])


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
    return row_of(truck)


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
