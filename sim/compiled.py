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
PENDING, RETURNING, NEXT_ARRIVAL, NEXT_CHANGE, TOP_IS_TAKEN = range(5)
"""Entries of `State.cursor`."""


class Trucks(NamedTuple):
    """What trucks bring (see `sim.draws`) and the log rows that the run fills."""

    arrival: Ticks
    first: npt.NDArray[np.int64]
    line: Indices
    service: Ticks
    comes_back: Ticks
    times: Ticks
    group: Indices


class State(NamedTuple):
    """The state of the gate between two events. Resources are lane groups, then pools."""

    on_duty: npt.NDArray[np.int64]
    """(resources,) lanes open, units on duty."""
    busy: npt.NDArray[np.int64]
    """(resources,) lanes that hold a truck, units in use or on their way back."""
    head: Indices
    """(lines,) first truck in line, or `NOBODY`."""
    tail: Indices
    """(lines,) last truck in line, or `NOBODY`."""
    inside: npt.NDArray[np.int64]
    """(areas,) spaces taken."""
    area_head: Indices
    """(areas,) first truck that stands in line for a space, or `NOBODY`."""
    area_tail: Indices
    """(areas,) last truck that stands in line for a space, or `NOBODY`."""
    ahead: Indices
    """(trucks,) who stands before a waiting truck."""
    behind: Indices
    """(trucks,) who stands behind a waiting truck."""
    visit: npt.NDArray[np.int64]
    """(trucks,) row of the present visit; the row before its first for a truck that waits outside."""
    pending: npt.NDArray[np.int64]
    """(trucks,) heap of event keys: ends of service."""
    returning: npt.NDArray[np.int64]
    """(units that can be under way,) heap of event keys: units that come back, by pool."""
    cursor: npt.NDArray[np.int64]
    """(5,) sizes of the two heaps, next truck to arrive, next change of the timetable, and whether the event that
    happens still stands at the top of `pending`, where the next one to be pushed takes its place."""


def new_state(network: Network, trucks: int) -> State:
    """Return the state of a gate that is still shut and empty."""
    resources, lines, areas = (
        network.groups + network.comes_back.size,
        network.line_stage.size,
        network.area_spaces.size,
    )
    return State(
        on_duty=np.zeros(resources, np.int64),
        busy=np.zeros(resources, np.int64),
        head=np.full(lines, NOBODY, np.int32),
        tail=np.full(lines, NOBODY, np.int32),
        inside=np.zeros(areas, np.int64),
        area_head=np.full(areas, NOBODY, np.int32),
        area_tail=np.full(areas, NOBODY, np.int32),
        ahead=np.empty(trucks, np.int32),
        behind=np.empty(trucks, np.int32),
        visit=np.empty(trucks, np.int64),
        pending=np.empty(trucks, np.int64),
        returning=np.empty(most_returning(network), np.int64),
        cursor=np.zeros(5, np.int64),
    )


def most_returning(network: Network) -> int:
    """Return how many units can be on their way back at once."""
    back = np.flatnonzero(network.comes_back) + network.groups
    return int(network.change_units[np.isin(network.change_resource, back)].sum())


def simulate(plan: Plan, draws: Draws) -> EventLog:
    """Run the gate until `plan.end` and return what happened."""
    log = EventLog.empty(draws)
    trucks = Trucks(draws.arrival, draws.first, draws.line, draws.service, draws.comes_back, log.times, log.group)
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
        end = state.pending[0] if cursor[PENDING] > 0 else NO_EVENT
        back = state.returning[0] if cursor[RETURNING] > 0 else NO_EVENT
        now = min(arrival, end, back) >> NUMBER_BITS
        change = cursor[NEXT_CHANGE]
        if change < network.change_tick.size and network.change_tick[change] <= now:
            now = network.change_tick[change]
            if now >= until:
                return
            cursor[NEXT_CHANGE] += 1
            timetable(network, trucks, state, now, change)
        elif now >= until:
            return
        elif back >> NUMBER_BITS == now:
            pop_event(state.returning, cursor, RETURNING)
            come_back(network, trucks, state, now, back & NUMBER_MASK)
        elif arrival < end:
            cursor[NEXT_ARRIVAL] += 1
            arrive(network, trucks, state, now, arriving)
        else:
            cursor[TOP_IS_TAKEN] = 1
            finish(network, trucks, state, now, end & NUMBER_MASK)
            if cursor[TOP_IS_TAKEN]:
                cursor[TOP_IS_TAKEN] = 0
                pop_event(state.pending, cursor, PENDING)


@step
def timetable(network: Network, trucks: Trucks, state: State, now: int, change: int) -> None:
    """A lane group opens or closes, or units of a pool come on duty or leave."""
    resource = network.change_resource[change]
    state.on_duty[resource] = network.change_units[change]
    if resource < network.groups:
        serve(network, trucks, state, now, resource)
    else:
        call_for_pool(network, trucks, state, now, resource)


@step
def come_back(network: Network, trucks: Trucks, state: State, now: int, pool: int) -> None:
    """A unit of a pool can be used again."""
    state.busy[pool] -= 1
    call_for_pool(network, trucks, state, now, pool)


@step
def arrive(network: Network, trucks: Trucks, state: State, now: int, truck: int) -> None:
    """A truck arrives, and enters unless the area of its first stage is full."""
    state.visit[truck] = trucks.first[truck] - 1
    if next_area_is_full(network, trucks, state, truck):
        stand_for_space(network, trucks, state, truck, now)
    else:
        vacate(network, trucks, state, now, truck)
        proceed(network, trucks, state, now, truck)


@step
def join(network: Network, trucks: Trucks, state: State, now: int, truck: int, visit: int) -> None:
    """Join the waiting line of the stage; start at once if a lane and all that the stage needs are free."""
    line = trucks.line[visit]
    trucks.times[visit, JOINED] = now
    state.visit[truck] = visit
    if units_free(network, state, line):
        for entry in range(network.groups_of_line_from[line], network.groups_of_line_from[line + 1]):
            group = network.groups_of_line[entry]
            if state.busy[group] < state.on_duty[group]:
                start(network, trucks, state, now, truck, group)
                return
    stand_in_line(trucks, state, line, truck, now)


@step
def start(network: Network, trucks: Trucks, state: State, now: int, truck: int, group: int) -> None:
    """Take a lane of the group, and the units of pools that the stage needs or takes."""
    visit = state.visit[truck]
    state.busy[group] += 1
    if network.taken_pool.size:
        line = trucks.line[visit]
        for entry in range(network.taken_from[line], network.taken_from[line + 1]):
            state.busy[network.taken_pool[entry]] += network.taken_units[entry]
    trucks.times[visit, STARTED] = now
    trucks.group[visit] = group
    key = event_key(now + trucks.service[visit], truck)
    if state.cursor[TOP_IS_TAKEN]:
        state.cursor[TOP_IS_TAKEN] = 0
        sift_down(state.pending, state.cursor[PENDING], key)
    else:
        push_event(state.pending, state.cursor, PENDING, key)


@step
def finish(network: Network, trucks: Trucks, state: State, now: int, truck: int) -> None:
    """End the service, give units back, and go on unless the next area is full."""
    visit = state.visit[truck]
    trucks.times[visit, FINISHED] = now
    give_back(network, trucks, state, now, visit)
    blocked = next_area_is_full(network, trucks, state, truck)
    freed = False
    if not blocked:
        freed = vacate(network, trucks, state, now, truck)
    call_for_given(network, trucks, state, now, visit)
    if blocked:
        stand_for_space(network, trucks, state, truck, now)
        return
    proceed(network, trucks, state, now, truck)
    while freed:
        freed = call_for_space(network, trucks, state, now)


@step
def give_back(network: Network, trucks: Trucks, state: State, now: int, visit: int) -> None:
    """Give units of pools back: at once, or after the time that they need to come back."""
    if network.given_pool.size == 0:
        return
    line = trucks.line[visit]
    for entry in range(network.given_from[line], network.given_from[line + 1]):
        pool = network.given_pool[entry]
        if not network.comes_back[pool - network.groups]:
            state.busy[pool] -= network.given_units[entry]
            continue
        for _ in range(network.given_units[entry]):
            key = event_key(now + trucks.comes_back[visit], pool)
            push_event(state.returning, state.cursor, RETURNING, key)


@step
def call_for_given(network: Network, trucks: Trucks, state: State, now: int, visit: int) -> None:
    """Let the units just given back call trucks in line that need them, pool by pool."""
    if network.given_pool.size == 0:
        return
    line = trucks.line[visit]
    for entry in range(network.given_from[line], network.given_from[line + 1]):
        call_for_pool(network, trucks, state, now, network.given_pool[entry])


@step
def vacate(network: Network, trucks: Trucks, state: State, now: int, truck: int) -> bool:
    """Leave the lane, and take a space of the next area. Tell whether a space of another area fell free."""
    visit = state.visit[truck]
    inside = visit >= trucks.first[truck]
    if inside:
        trucks.times[visit, LEFT] = now
        state.busy[trucks.group[visit]] -= 1
    if network.area_spaces.size == 0:
        return False
    here = network.area_of_line[trucks.line[visit]] if inside else NOBODY
    there = next_area(network, trucks, state, truck)
    if here == there:
        return False
    if there != NOBODY:
        state.inside[there] += 1
    if here != NOBODY:
        state.inside[here] -= 1
    return here != NOBODY


@step
def proceed(network: Network, trucks: Trucks, state: State, now: int, truck: int) -> None:
    """Let the lane just left call the next truck, then join the next stage."""
    visit = state.visit[truck]
    if visit >= trucks.first[truck]:
        serve(network, trucks, state, now, trucks.group[visit])
    if visit + 1 < trucks.first[truck + 1]:
        join(network, trucks, state, now, truck, visit + 1)


@step
def call_for_space(network: Network, trucks: Trucks, state: State, now: int) -> bool:
    """Let the first truck in line for a free space move on; tell whether one could."""
    for area in range(network.area_spaces.size):
        truck = state.area_head[area]
        if truck != NOBODY and state.inside[area] < network.area_spaces[area]:
            take_first(state, state.area_head, state.area_tail, area)
            vacate(network, trucks, state, now, truck)
            proceed(network, trucks, state, now, truck)
            return True
    return False


@step
def next_area(network: Network, trucks: Trucks, state: State, truck: int) -> int:
    """Return the area of the truck's next stage, or `NOBODY`."""
    visit = state.visit[truck] + 1
    if network.area_spaces.size == 0 or visit == trucks.first[truck + 1]:
        return NOBODY
    return network.area_of_line[trucks.line[visit]]


@step
def next_area_is_full(network: Network, trucks: Trucks, state: State, truck: int) -> bool:
    """Tell whether the truck cannot go on for want of space."""
    area = next_area(network, trucks, state, truck)
    if area == NOBODY or state.inside[area] < network.area_spaces[area]:
        return False
    visit = state.visit[truck]
    return visit < trucks.first[truck] or area != network.area_of_line[trucks.line[visit]]


@step
def units_free(network: Network, state: State, line: int) -> bool:
    """Tell whether all units of pools that a service in the line takes are on duty and free."""
    if network.taken_pool.size == 0:
        return True
    for entry in range(network.taken_from[line], network.taken_from[line + 1]):
        pool = network.taken_pool[entry]
        if state.busy[pool] + network.taken_units[entry] > state.on_duty[pool]:
            return False
    return True


@step
def serve(network: Network, trucks: Trucks, state: State, now: int, group: int) -> None:
    """Call trucks from the lines, best first, while a lane is free and open."""
    while state.busy[group] < state.on_duty[group]:
        line = best_line(network, trucks, state, group)
        if line == NOBODY:
            return
        start(network, trucks, state, now, take_first(state, state.head, state.tail, line), group)


@step
def call_for_pool(network: Network, trucks: Trucks, state: State, now: int, pool: int) -> None:
    """Call trucks that need units of the pool, best first, while one of them can start."""
    number = pool - network.groups
    while state.busy[pool] < state.on_duty[pool]:
        best = NOBODY
        for entry in range(network.lines_of_pool_from[number], network.lines_of_pool_from[number + 1]):
            line = network.lines_of_pool[entry]
            if state.head[line] == NOBODY or not units_free(network, state, line):
                continue
            if free_group(network, state, line) != NOBODY and is_before(network, trucks, state, line, best):
                best = line
        if best == NOBODY:
            return
        group = free_group(network, state, best)
        start(network, trucks, state, now, take_first(state, state.head, state.tail, best), group)


@step
def free_group(network: Network, state: State, line: int) -> int:
    """Return the first lane group of the line with a free open lane, or `NOBODY`."""
    for entry in range(network.groups_of_line_from[line], network.groups_of_line_from[line + 1]):
        group = network.groups_of_line[entry]
        if state.busy[group] < state.on_duty[group]:
            return group
    return NOBODY


@step
def take_first(state: State, heads: Indices, tails: Indices, line: int) -> int:
    """Take the first truck out of a line and return it."""
    truck = heads[line]
    heads[line] = state.behind[truck]
    if heads[line] == NOBODY:
        tails[line] = NOBODY
    else:
        state.ahead[heads[line]] = NOBODY
    return truck


@step
def best_line(network: Network, trucks: Trucks, state: State, group: int) -> int:
    """Return the line whose first truck is next for a lane of the group, or `NOBODY`."""
    best = NOBODY
    for entry in range(network.lines_of_group_from[group], network.lines_of_group_from[group + 1]):
        line = network.lines_of_group[entry]
        if state.head[line] == NOBODY or not units_free(network, state, line):
            continue
        if is_before(network, trucks, state, line, best):
            best = line
    return best


@step
def is_before(network: Network, trucks: Trucks, state: State, line: int, other: int) -> bool:
    """Tell whether the first truck of `line` goes before that of `other`: by (priority, tick joined, number)."""
    if other == NOBODY:
        return True
    if network.line_priority[line] != network.line_priority[other]:
        return network.line_priority[line] < network.line_priority[other]
    a, b = state.head[line], state.head[other]
    joined_a = trucks.times[state.visit[a], JOINED]
    joined_b = trucks.times[state.visit[b], JOINED]
    return joined_a < joined_b or (joined_a == joined_b and a < b)


@step
def stand_for_space(network: Network, trucks: Trucks, state: State, truck: int, now: int) -> None:
    """Stand in line for a space of the next area, by the tick of asking, then by number."""
    area = next_area(network, trucks, state, truck)
    last = state.area_tail[area]
    while last != NOBODY and last > truck and asked(trucks, state, last) == now:
        last = state.ahead[last]
    behind = state.area_head[area] if last == NOBODY else state.behind[last]
    link(state, state.area_head, state.area_tail, area, last, truck, behind)


@step
def asked(trucks: Trucks, state: State, truck: int) -> int:
    """Return when a truck began to stand in line for a space."""
    visit = state.visit[truck]
    return trucks.arrival[truck] if visit < trucks.first[truck] else trucks.times[visit, FINISHED]


@step
def stand_in_line(trucks: Trucks, state: State, line: int, truck: int, now: int) -> None:
    """Stand behind all who joined before, or at the same tick with a smaller number."""
    last = state.tail[line]
    while last != NOBODY and last > truck and trucks.times[state.visit[last], JOINED] == now:
        last = state.ahead[last]
    behind = state.head[line] if last == NOBODY else state.behind[last]
    link(state, state.head, state.tail, line, last, truck, behind)


@step
def link(state: State, heads: Indices, tails: Indices, line: int, last: int, truck: int, behind: int) -> None:
    """Put a truck between two neighbours of a line, either of whom may be `NOBODY`."""
    state.ahead[truck] = last
    state.behind[truck] = behind
    if last == NOBODY:
        heads[line] = truck
    else:
        state.behind[last] = truck
    if behind == NOBODY:
        tails[line] = truck
    else:
        state.ahead[behind] = truck


@step
def event_key(tick: int, number: int) -> int:
    """Pack (tick, number) so that keys sort like the pairs. Keys beyond `MAX_TICK` would never be taken."""
    return int(np.int64(min(tick, MAX_TICK - 1)) << NUMBER_BITS | np.int64(number))


@step
def push_event(heap: Ticks, cursor: Ticks, size: int, key: int) -> None:
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
def pop_event(heap: Ticks, cursor: Ticks, size: int) -> None:
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
