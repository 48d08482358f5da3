"""The compiled engine: Numba, the same steps as `sim.reference` under the same names, in the same order.

The rules of order are in `sim.plan`. Waiting lines are linked lists of trucks. Pending ends of service stand in a
binary heap of 64-bit keys, tick above number; arrivals and the timetable are sorted beforehand, so that a cursor
is enough. `run` stops at any tick and goes on from there, which is how long runs go block by block.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sim.clock import Ticks
from sim.draws import Draws
from sim.jit import kernel, step
from sim.log import FINISHED, JOINED, LEFT, STARTED, EventLog
from sim.plan import Indices, Network, Plan

NOBODY = -1
NUMBER_BITS = 24
"""Low bits of an event key that hold the number of the truck; the tick fills the others."""
NUMBER_MASK = (1 << NUMBER_BITS) - 1
MAX_TICK = 1 << (63 - NUMBER_BITS)
"""First tick that no event key can hold: about 17 years."""
NO_EVENT = np.iinfo(np.int64).max
PENDING, NEXT_ARRIVAL, NEXT_CHANGE = range(3)
"""Entries of `State.cursor`."""


class Trucks(NamedTuple):
    """What trucks bring (see `sim.draws`) and the log rows that the run fills."""

    arrival: Ticks
    first: npt.NDArray[np.int64]
    line: Indices
    service: Ticks
    times: Ticks
    group: Indices


class State(NamedTuple):
    """The state of the gate between two events."""

    open_lanes: npt.NDArray[np.int64]
    """(groups,) lanes open now."""
    busy: npt.NDArray[np.int64]
    """(groups,) lanes that serve a truck."""
    head: Indices
    """(lines,) first truck in line, or `NOBODY`."""
    tail: Indices
    """(lines,) last truck in line, or `NOBODY`."""
    ahead: Indices
    """(trucks,) who stands before a waiting truck."""
    behind: Indices
    """(trucks,) who stands behind a waiting truck."""
    visit: npt.NDArray[np.int64]
    """(trucks,) row of the present visit."""
    pending: npt.NDArray[np.int64]
    """(trucks,) heap of event keys: ends of service."""
    cursor: npt.NDArray[np.int64]
    """(3,) size of the heap, next truck to arrive, next change of the timetable."""


def new_state(network: Network, trucks: int) -> State:
    """Return the state of a gate that is still shut and empty."""
    return State(
        open_lanes=np.zeros(network.groups, np.int64),
        busy=np.zeros(network.groups, np.int64),
        head=np.full(network.line_stage.size, NOBODY, np.int32),
        tail=np.full(network.line_stage.size, NOBODY, np.int32),
        ahead=np.empty(trucks, np.int32),
        behind=np.empty(trucks, np.int32),
        visit=np.empty(trucks, np.int64),
        pending=np.empty(trucks, np.int64),
        cursor=np.zeros(3, np.int64),
    )


def simulate(plan: Plan, draws: Draws) -> EventLog:
    """Run the gate until `plan.end` and return what happened."""
    log = EventLog.empty(draws)
    trucks = Trucks(draws.arrival, draws.first, draws.line, draws.service, log.times, log.group)
    run(plan.network, trucks, new_state(plan.network, draws.trucks), plan.end)
    return log


@kernel
def run(network: Network, trucks: Trucks, state: State, until: int) -> None:
    """Take events in order until none is left before the tick `until`."""
    cursor = state.cursor
    while True:
        arriving = cursor[NEXT_ARRIVAL]
        arrival = NO_EVENT
        if arriving < trucks.arrival.size:
            arrival = event_key(trucks.arrival[arriving], arriving)
        key = state.pending[0] if cursor[PENDING] > 0 else NO_EVENT
        now = min(arrival, key) >> NUMBER_BITS
        change = cursor[NEXT_CHANGE]
        if change < network.change_tick.size and network.change_tick[change] <= now:
            if network.change_tick[change] >= until:
                return
            cursor[NEXT_CHANGE] += 1
            timetable(network, trucks, state, change)
        elif now >= until:
            return
        elif arrival < key:
            cursor[NEXT_ARRIVAL] += 1
            join(network, trucks, state, now, arriving, trucks.first[arriving])
        else:
            pop_event(state)
            finish(network, trucks, state, now, key & NUMBER_MASK)


@step
def timetable(network: Network, trucks: Trucks, state: State, change: int) -> None:
    """A lane group opens or closes."""
    group = network.change_group[change]
    state.open_lanes[group] = network.change_lanes[change]
    serve(network, trucks, state, network.change_tick[change], group)


@step
def join(network: Network, trucks: Trucks, state: State, now: int, truck: int, visit: int) -> None:
    """Join the waiting line of the stage; start at once if a lane is free and open."""
    if visit == trucks.first[truck + 1]:
        return  # no stage is left: the truck is gone
    line = trucks.line[visit]
    trucks.times[visit, JOINED] = now
    state.visit[truck] = visit
    for entry in range(network.groups_of_line_from[line], network.groups_of_line_from[line + 1]):
        group = network.groups_of_line[entry]
        if state.busy[group] < state.open_lanes[group]:
            start(trucks, state, now, truck, group)
            return
    stand_in_line(trucks, state, line, truck, now)


@step
def start(trucks: Trucks, state: State, now: int, truck: int, group: int) -> None:
    """Take a lane of the group."""
    visit = state.visit[truck]
    state.busy[group] += 1
    trucks.times[visit, STARTED] = now
    trucks.group[visit] = group
    push_event(state, event_key(now + trucks.service[visit], truck))


@step
def finish(network: Network, trucks: Trucks, state: State, now: int, truck: int) -> None:
    """End the service, leave the lane to the next truck, and go on to the next stage."""
    visit = state.visit[truck]
    trucks.times[visit, FINISHED] = now
    trucks.times[visit, LEFT] = now
    group = trucks.group[visit]
    state.busy[group] -= 1
    serve(network, trucks, state, now, group)
    join(network, trucks, state, now, truck, visit + 1)


@step
def serve(network: Network, trucks: Trucks, state: State, now: int, group: int) -> None:
    """Call trucks from the lines, best first, while a lane is free and open."""
    while state.busy[group] < state.open_lanes[group]:
        line = best_line(network, trucks, state, group)
        if line == NOBODY:
            return
        truck = state.head[line]
        state.head[line] = state.behind[truck]
        if state.head[line] == NOBODY:
            state.tail[line] = NOBODY
        else:
            state.ahead[state.head[line]] = NOBODY
        start(trucks, state, now, truck, group)


@step
def best_line(network: Network, trucks: Trucks, state: State, group: int) -> int:
    """Return the line whose first truck is next by (priority, tick joined, number), or `NOBODY`."""
    best = NOBODY
    for entry in range(network.lines_of_group_from[group], network.lines_of_group_from[group + 1]):
        line = network.lines_of_group[entry]
        if state.head[line] == NOBODY:
            continue
        if best == NOBODY:
            best = line
        elif network.line_priority[line] != network.line_priority[best]:
            return best  # lines come best priority first
        elif stands_before(trucks, state, state.head[line], state.head[best]):
            best = line
    return best


@step
def stand_in_line(trucks: Trucks, state: State, line: int, truck: int, now: int) -> None:
    """Stand behind all who joined before, or at the same tick with a smaller number."""
    last = state.tail[line]
    while last != NOBODY and last > truck and trucks.times[state.visit[last], JOINED] == now:
        last = state.ahead[last]
    behind = state.head[line] if last == NOBODY else state.behind[last]
    state.ahead[truck] = last
    state.behind[truck] = behind
    if last == NOBODY:
        state.head[line] = truck
    else:
        state.behind[last] = truck
    if behind == NOBODY:
        state.tail[line] = truck
    else:
        state.ahead[behind] = truck


@step
def stands_before(trucks: Trucks, state: State, a: int, b: int) -> bool:
    """Tell whether waiting truck `a` joined before `b`, or at the same tick with a smaller number."""
    joined_a = trucks.times[state.visit[a], JOINED]
    joined_b = trucks.times[state.visit[b], JOINED]
    return joined_a < joined_b or (joined_a == joined_b and a < b)


@step
def event_key(tick: int, number: int) -> int:
    """Pack (tick, number) so that keys sort like the pairs. Keys beyond `MAX_TICK` would never be taken."""
    return (np.int64(min(tick, MAX_TICK - 1)) << NUMBER_BITS) | np.int64(number)


@step
def push_event(state: State, key: int) -> None:
    """Add a key to the heap."""
    heap = state.pending
    hole = state.cursor[PENDING]
    state.cursor[PENDING] += 1
    while hole > 0:
        parent = (hole - 1) >> 1
        if heap[parent] <= key:
            break
        heap[hole] = heap[parent]
        hole = parent
    heap[hole] = key


@step
def pop_event(state: State) -> None:
    """Drop the smallest key from the heap."""
    heap = state.pending
    state.cursor[PENDING] -= 1
    size = state.cursor[PENDING]
    key = heap[size]
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
