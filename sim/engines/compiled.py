"""The compiled engine: Numba, the same steps as `sim.engines.reference` under the same names, in the same order.

The rules of order are in `sim.plan.plan`, what the state is in `sim.engines.state`. Ends of service stand in a
tournament of 64-bit keys (`sim.engines.agenda`), tick above number; arrivals and the timetable are sorted beforehand,
so that a cursor is enough.
`run` stops at any tick and goes on from there, which is how long runs go block by block.

Long because the two engines are read side by side, step by step from the arrival to the departure of a truck, and
because steps call each other in a circle: a truck that leaves calls one that starts, joins and leaves.
"""

from __future__ import annotations

from sim.arrays import NOBODY
from sim.draws.columns import Draws
from sim.draws.outages import in_force
from sim.engines.agenda import (
    NO_EVENT,
    NUMBER_BITS,
    NUMBER_MASK,
    add_event,
    drop_event,
    drop_next_event,
    event_key,
    new_leaf,
    next_event,
    set_event,
)
from sim.engines.conditions import (
    best_line,
    better_gate,
    board_of,
    breaks_down,
    end_of_patience,
    expected_wait,
    first_joined,
    free_group,
    gathers,
    has_patience,
    has_space,
    in_line,
    is_awaited,
    is_before,
    is_better,
    is_by_hand,
    is_less,
    is_needed,
    is_reversible,
    last_started,
    may_choose_again,
    may_leave,
    may_start,
    next_area,
    next_area_is_full,
    next_of_others,
    stands_behind,
    stands_since,
    stays_too_long,
    waiting_for,
)
from sim.engines.log import FINISHED, JOINED, LEFT, NEVER, STARTED, STAYED_AWAY, EventLog
from sim.engines.state import (
    LANE_CHANGES,
    MOVERS,
    NEXT_ARRIVAL,
    NEXT_CHANGE,
    NO_LEAF,
    POSTINGS,
    SPARE_LEAF,
    State,
    Trucks,
    group_of,
    has_room,
    line_of,
    log_of,
    new_state,
    next_of,
    put_in,
    row_of,
    take_first,
    take_out,
    trucks_of,
    visit_of,
    with_more_room,
)
from sim.jit import kernel, seldom, step
from sim.plan.network import NO_LIMIT, UNTIL_GATED, UNTIL_LONGER, Network
from sim.plan.plan import Plan
from sim.plan.work_clocks import NO_TICK, end_of_work


def simulate(plan: Plan, draws: Draws) -> EventLog:
    """Run the gate until `plan.end` and return what happened."""
    log = EventLog.unwritten(draws)
    network = in_force(plan, draws.outages)
    state = run_until(network, trucks_of(draws, log), new_state(network, draws), plan.end)
    return log_of(state, log)


def run_until(network: Network, trucks: Trucks, state: State, until: int) -> State:
    """Run to the tick `until`, with more room for the changes of lanes each time that it is used up."""
    run(network, trucks, state, until)
    while not has_room(network, state):
        state = with_more_room(state)
        run(network, trucks, state, until)
    return state


@kernel
def run(network: Network, trucks: Trucks, state: State, until: int) -> None:
    """Take events in order until none is left before the tick `until`, or until changes of lanes find no room."""
    cursor = state.cursor
    while True:
        arriving = row_of(cursor[NEXT_ARRIVAL])
        arrival = event_key(trucks.arrival[arriving], arriving) if arriving < trucks.arrival.size else NO_EVENT
        end = next_event(state.ends)
        now = min(arrival, end) >> NUMBER_BITS
        if now >= min(next_of_others(network, state), until):
            if not take_other(network, trucks, state, now, until):
                return
            continue
        truck = row_of(min(arrival, end) & NUMBER_MASK)
        if arrival < end:
            cursor[NEXT_ARRIVAL] += 1
            if network.boards.rows.size > 0:
                truck = choose_gate(network, trucks, state, now, truck)
                if truck == NOBODY:
                    continue
            arrive(network, trucks, state, truck)
        elif breaks_down(trucks, visit_of(state, truck)):
            break_down(network, trucks, state, now, truck)
            continue
        else:
            finish(network, trucks, state, now, truck)
        go_on(network, trucks, state, now, truck)
        free_leaf(state)


@seldom
def take_other(network: Network, trucks: Trucks, state: State, now: int, until: int) -> bool:
    """Take the next event of the timetable, alarm or end of patience; tell whether it comes before `until`."""
    cursor = state.cursor
    alarm, leaving = next_event(state.alarms), next_event(state.impatient)
    now = min(now, alarm >> NUMBER_BITS, leaving >> NUMBER_BITS)
    change = cursor[NEXT_CHANGE]
    if change < network.change_tick.size and network.change_tick[change] <= now:
        now = network.change_tick[change]
        if now < until:
            cursor[NEXT_CHANGE] += 1
            timetable(network, trucks, state, now, change)
        return now < until
    if now >= until or not has_room(network, state):
        return False
    if alarm >> NUMBER_BITS == now:
        drop_next_event(state.alarms)
        sound_alarm(network, trucks, state, now, alarm & NUMBER_MASK)
    else:
        lose_patience(network, trucks, state, now, leaving & NUMBER_MASK)
    return True


@seldom
def timetable(network: Network, trucks: Trucks, state: State, now: int, change: int) -> None:
    """A lane group opens or closes, or units of a pool come on duty or leave, or a link fails or is back."""
    resource = row_of(network.change_resource[change])
    if resource == state.resources.size:
        post(network, trucks, state, now)
        return
    if resource >= network.groups.size:
        state.resources[resource]["on_duty"] = network.change_units[change]
        call_for_pool(network, trucks, state, now, resource)
        return
    state.resources[resource]["scheduled"] = network.change_units[change]
    if network.groups[resource]["serves_queue"] and network.change_units[change] == 0:
        state.resources[resource]["admits_before"] = now
        return
    state.resources[resource]["admits_before"] = NO_TICK
    if state.resources[resource]["faces"]:
        put_on_duty(state, resource)
        call_trucks(network, trucks, state, now, resource)
    if state.resources[resource]["busy"] > network.change_keeps[change]:
        hand_back(network, trucks, state, now, resource, network.change_keeps[change])


@seldom
def hand_back(network: Network, trucks: Trucks, state: State, now: int, group: int, keeps: int) -> None:
    """Give trucks in service back to their lines, who started last first, and let others use what they used."""
    truck = last_started(trucks, state, group)
    while truck != NOBODY and state.resources[group]["busy"] > keeps:
        break_off(network, trucks, state, now, truck)
        truck = last_started(trucks, state, group)
    pass_on(network, trucks, state, now, row_of(network.groups[group]["stage"]))


@seldom
def pass_on(network: Network, trucks: Trucks, state: State, now: int, stage: int) -> None:
    """Let others use what trucks used whose services at a stage were broken off."""
    for other in range(network.stages[stage]["groups_from"], network.stages[stage]["groups_to"]):
        call_trucks(network, trucks, state, now, row_of(other))
    for line in range(network.stages[stage]["lines_from"], network.stages[stage]["lines_to"]):
        for entry in range(network.lines[line]["taken_from"], network.lines[line]["taken_to"]):
            call_for_pool(network, trucks, state, now, row_of(network.taken[entry]["pool"]))
    for other in range(network.stages[stage]["groups_from"], network.stages[stage]["groups_to"]):
        if is_reversible(network, row_of(other)):
            reverse_if_due(network, state, now, row_of(other))
        open_if_due(network, state, now, row_of(other))
    while call_for_space(network, trucks, state, now):
        pass


@seldom
def break_down(network: Network, trucks: Trucks, state: State, now: int, truck: int) -> None:
    """A lane breaks down and hands its truck over; it is under repair and serves nobody."""
    visit = visit_of(state, truck)
    group = group_of(trucks, visit)
    trucks.failed[visit] = now
    break_off(network, trucks, state, now, truck)
    state.resources[group]["busy"] += 1
    state.resources[group]["under_repair"] += 1
    number = 3 * network.groups.size + network.pools.size + network.stages.size + group
    add_event(state.alarms, event_key(now + trucks.fails_for[visit], number))
    pass_on(network, trucks, state, now, row_of(network.groups[group]["stage"]))


@seldom
def repair(network: Network, trucks: Trucks, state: State, now: int, group: int) -> None:
    """A lane is repaired and serves again."""
    state.resources[group]["busy"] -= 1
    state.resources[group]["under_repair"] -= 1
    call_trucks(network, trucks, state, now, group)


@seldom
def break_off(network: Network, trucks: Trucks, state: State, now: int, truck: int) -> None:
    """Let a truck stand in line again as if its service had not started."""
    visit = visit_of(state, truck)
    line = line_of(trucks, visit)
    drop_event(state.ends, row_of(state.trucks[truck]["leaf"]))
    state.resources[group_of(trucks, visit)]["busy"] -= 1
    for entry in range(network.lines[line]["taken_from"], network.lines[line]["taken_to"]):
        pool = row_of(network.taken[entry]["pool"])
        if not (trucks.by_hand[visit] and pool == row_of(network.lines[line]["by_hand_without"])):
            state.resources[pool]["busy"] -= network.taken[entry]["units"]
    if gathers(network, line):
        state.stages[row_of(network.lines[line]["stage"])]["called_up"] += 1
    if has_space(network, trucks, visit):
        free_space(network, state, row_of(network.lines[line]["kept_out_of"]))
    trucks.times[visit, STARTED] = NEVER
    trucks.group[visit] = NOBODY
    trucks.by_hand[visit] = False
    stand_in_line(network, trucks, state, line, truck, now)


@seldom
def sound_alarm(network: Network, trucks: Trucks, state: State, now: int, number: int) -> None:
    """A unit or a lane comes back, lanes have reversed or open, or the time of a batch or of a direction is over."""
    resources = network.groups.size + network.pools.size
    if number >= resources + network.stages.size + 2 * network.groups.size:
        repair(network, trucks, state, now, number - resources - network.stages.size - 2 * network.groups.size)
    elif number >= resources + network.stages.size:
        end_limit(network, state, now, number - resources - network.stages.size)
    elif number >= resources:
        end_gathering(network, trucks, state, now, number - resources)
    elif number >= network.groups.size:
        come_back(network, trucks, state, now, number)
    elif network.groups[number]["opens_at"] > 0:
        open_lanes(network, trucks, state, now, number)
    else:
        face(network, trucks, state, now, number)


@step
def come_back(network: Network, trucks: Trucks, state: State, now: int, pool: int) -> None:
    """A unit of a pool can be used again."""
    state.resources[pool]["busy"] -= 1
    call_for_pool(network, trucks, state, now, pool)


@seldom
def face(network: Network, trucks: Trucks, state: State, now: int, group: int) -> None:
    """A lane has reversed to serve a group, or all lanes have."""
    if not state.resources[group]["faces"]:
        begin_term(network, state, now, group)
    lanes = network.groups[group]["lanes"]
    if network.groups[group]["each"]:
        lanes = state.resources[group]["in_use"] + 1
    put_in_use(network, trucks, state, now, group, lanes)
    if network.groups[group]["until"] != UNTIL_LONGER:
        reverse_if_due(network, state, now, row_of(network.groups[group]["other_way"]))


@step
def begin_term(network: Network, state: State, now: int, group: int) -> None:
    """Begin to count the trucks and the time for which lanes serve a direction."""
    state.resources[group]["faces_since"] = now
    state.resources[group]["started"] = 0
    gated = network.groups[group]["until"] == UNTIL_GATED
    state.resources[group]["gate"] = waiting_for(network, state, group) if gated else NO_LIMIT
    if network.groups[group]["at_least"] > 0:
        number = network.groups.size + network.pools.size + network.stages.size + group
        add_event(state.alarms, event_key(now + network.groups[group]["at_least"], number))
    if network.groups[group]["at_most"] < NO_LIMIT and not state.resources[group]["timed_term"]:
        set_term_alarm(network, state, group)


@step
def set_term_alarm(network: Network, state: State, group: int) -> None:
    """Set the alarm for the end of the longest time that lanes serve a direction."""
    state.resources[group]["timed_term"] = True
    number = 2 * network.groups.size + network.pools.size + network.stages.size + group
    add_event(state.alarms, event_key(state.resources[group]["faces_since"] + network.groups[group]["at_most"], number))


@step
def end_limit(network: Network, state: State, now: int, number: int) -> None:
    """The least time of a direction is over, or the longest of it or of an earlier term."""
    if number >= network.groups.size:
        end_term(network, state, now, number - network.groups.size)
    else:
        reverse_if_due(network, state, now, row_of(network.groups[number]["other_way"]))


@step
def end_term(network: Network, state: State, now: int, group: int) -> None:
    """Reverse lanes if they are due at the end of the longest time; if it was that of an earlier term, wait on."""
    state.resources[group]["timed_term"] = False
    if not state.resources[group]["faces"]:
        return
    if now < state.resources[group]["faces_since"] + network.groups[group]["at_most"]:
        set_term_alarm(network, state, group)
    else:
        reverse_if_due(network, state, now, row_of(network.groups[group]["other_way"]))


@seldom
def put_in_use(network: Network, trucks: Trucks, state: State, now: int, group: int, lanes: int) -> None:
    """Let lanes that have reversed to a group, or that the queue opens, serve it within its hours."""
    state.resources[group]["in_use"] = lanes
    state.resources[group]["reversing"] = lanes < network.groups[group]["lanes"]
    state.resources[group]["faces"] = True
    log_lanes(state, now, group, lanes)
    put_on_duty(state, group)
    call_trucks(network, trucks, state, now, group)


@step
def put_on_duty(state: State, group: int) -> None:
    """Open the lanes that there are for a group, as far as the timetable gives them."""
    state.resources[group]["on_duty"] = min(state.resources[group]["scheduled"], state.resources[group]["in_use"])


@seldom
def put_out_of_use(state: State, now: int, group: int) -> None:
    """Let lanes serve no more trucks of a group than those that they serve."""
    state.resources[group]["faces"] = False
    log_lanes(state, now, group, 0)
    state.resources[group]["on_duty"] = 0


@step
def log_lanes(state: State, now: int, group: int, lanes: int) -> None:
    """Write that so many lanes of a group are in use from now on."""
    row = row_of(state.cursor[LANE_CHANGES])
    state.cursor[LANE_CHANGES] += 1
    state.lane_changes[row]["tick"] = now
    state.lane_changes[row]["group"] = group
    state.lane_changes[row]["lanes"] = lanes


@step
def arrive(network: Network, trucks: Trucks, state: State, truck: int) -> None:
    """A truck arrives."""
    open_rows(trucks, truck)
    state.trucks[truck]["visit"] = NOBODY
    state.trucks[truck]["next"] = trucks.first[truck]
    if trucks.sibling.size > 0 and trucks.sibling[truck] != NEVER:
        state.trucks[truck]["next"] += network.boards.flows[row_of(trucks.flow[truck])]["has_way"]


@seldom
def choose_gate(network: Network, trucks: Trucks, state: State, now: int, truck: int) -> int:
    """Return what a truck is at the gate that costs it least by what it knows, of equals at the first.

    Return `NOBODY` where it stays away, and for what it would be at another gate than its usual one.
    """
    if network.boards.flows[row_of(trucks.flow[truck])]["is_spare"]:
        return NOBODY
    best = truck
    if trucks.sibling[truck] != NEVER:
        least = state.boards[board_of(network, trucks, truck)]["known"] + trucks.taste[truck]
        other = trucks.sibling[truck]
        open_rows(trucks, truck)
        while other != truck:
            open_rows(trucks, row_of(other))
            cost = state.boards[board_of(network, trucks, other)]["known"] + trucks.taste[other]
            if is_less(network, trucks, cost, other, least, best):
                best, least = row_of(other), cost
            other = trucks.sibling[other]
        if trucks.puts_up_with[truck] < least:
            trucks.came[truck] = STAYED_AWAY
            return NOBODY
    set_out(network, trucks, state, now, best)
    return best


@seldom
def set_out(network: Network, trucks: Trucks, state: State, now: int, truck: int) -> None:
    """A truck comes to a gate, or sets out for it from another; it counts there until it is released."""
    trucks.came[truck] = now
    board = board_of(network, trucks, truck)
    if board != NOBODY and trucks.released[truck] >= 0:
        state.boards[board]["trucks"] += 1


@step
def pass_control(network: Network, trucks: Trucks, state: State, truck: int, visit: int) -> None:
    """Count a truck as released if it goes on from the last control, where it made that visit."""
    if network.boards.rows.size == 0 or visit == NOBODY:
        return
    board, released = board_of(network, trucks, truck), trucks.released[truck]
    if board != NOBODY and visit <= released < next_of(state, truck):
        state.boards[board]["trucks"] -= 1
        state.boards[board]["released"] += 1


@step
def leave_board(network: Network, trucks: Trucks, state: State, truck: int, visit: int) -> None:
    """Count a truck no more that leaves without release."""
    if network.boards.rows.size == 0:
        return
    board = board_of(network, trucks, truck)
    if board != NOBODY and visit <= trucks.released[truck]:
        state.boards[board]["trucks"] -= 1


@seldom
def post(network: Network, trucks: Trucks, state: State, now: int) -> None:
    """Post how long trucks wait: those there, by the time in which as many were released. Some choose again."""
    boards, at = network.boards.rows.size, row_of(state.cursor[POSTINGS])
    state.boards["going"][:] = 0
    for board in range(boards):
        tick, released = 0, 0
        back = at - network.boards.rows[board]["over"] * boards
        if back >= 0:
            tick, released = state.postings[back]["tick"], state.postings[back]["released"]
        state.boards[board]["span"] = now - tick
        state.boards[board]["cleared"] = max(state.boards[board]["released"] - released, 1)
        state.boards[board]["posted"] = expected_wait(network, state, board)
        state.postings[at]["tick"] = now
        state.postings[at]["board"] = board
        state.postings[at]["trucks"] = state.boards[board]["trucks"]
        state.postings[at]["released"] = state.boards[board]["released"]
        state.postings[at]["posted"] = state.boards[board]["posted"]
        back = at - network.boards.rows[board]["late"] * boards
        if back >= 0:
            state.boards[board]["known"] = state.postings[back]["posted"]
        at += 1
    state.cursor[POSTINGS] = at
    choose_again(network, trucks, state, now)


@seldom
def choose_again(network: Network, trucks: Trucks, state: State, now: int) -> None:
    """Let trucks in line choose again: all decide, each queue from its tail, then those move that decided so."""
    state.cursor[MOVERS] = 0
    for stage in range(network.stages.size):
        if network.boards.thinks[stage].any():
            decide(network, trucks, state, stage)
    for mover in range(0, row_of(state.cursor[MOVERS]), 2):
        move(network, trucks, state, now, row_of(state.movers[mover]), row_of(state.movers[mover + 1]))


@seldom
def decide(network: Network, trucks: Trucks, state: State, stage: int) -> None:
    """Let the trucks in line at a stage decide whether they move."""
    queue = in_line(network, state, stage)
    place = queue
    lines = network.stages[stage]["lines_to"] - network.stages[stage]["lines_from"]
    for n in range(lines):
        truck = row_of(state.lines[row_of(network.stages[stage]["lines_to"]) - 1 - n]["tail"])
        while truck != NOBODY:
            if may_choose_again(network, trucks, state, stage, truck):
                to = better_gate(network, trucks, state, truck, place, queue)
                if to != NOBODY:
                    state.boards[board_of(network, trucks, to)]["going"] += 1
                    state.movers[state.cursor[MOVERS]] = truck
                    state.movers[state.cursor[MOVERS] + 1] = to
                    state.cursor[MOVERS] += 2
            place -= 1
            truck = row_of(state.trucks[truck]["ahead"])


@seldom
def move(network: Network, trucks: Trucks, state: State, now: int, truck: int, to: int) -> None:
    """A truck leaves the queue for another gate, unless it has started: it is on the way there at once."""
    visit = visit_of(state, truck)
    if trucks.times[visit, STARTED] != NEVER:
        return
    trucks.moved[truck] = True
    line = line_of(trucks, visit)
    if has_patience(network, trucks, line, visit):
        drop_event(state.impatient, row_of(state.trucks[truck]["leaf"]))
    leave_line(network, trucks, state, now, line, truck)
    freed = turn_back(network, trucks, state, now, truck)
    set_out(network, trucks, state, now, to)
    freed |= join(network, trucks, state, now, to, row_of(trucks.first[to]))
    while freed:
        freed = call_for_space(network, trucks, state, now)


@step
def open_rows(trucks: Trucks, truck: int) -> None:
    """Write to the rows of a truck that nothing has happened yet."""
    for visit in range(row_of(trucks.first[truck]), row_of(trucks.first[truck + 1])):
        for column in range(4):
            trucks.times[visit, column] = NEVER
        trucks.group[visit] = NOBODY
        trucks.by_hand[visit] = False


@step
def choose(network: Network, trucks: Trucks, state: State, truck: int) -> None:
    """Take the next visit of the path; of alternatives the one that a rule finds best, of equals the first."""
    if trucks.next_row.size == 0:
        return
    visit = visit_of(state, truck)
    first = next_of(state, truck) if visit == NOBODY else row_of(trucks.next_row[visit])
    best = first
    if first < trucks.first[truck + 1]:
        other = row_of(trucks.alternative_row[first])
        while other != NOBODY:
            if is_better(network, state, trucks.rule[other], line_of(trucks, other), line_of(trucks, best)):
                best = other
            other = row_of(trucks.alternative_row[other])
    state.trucks[truck]["next"] = best


@step
def join(network: Network, trucks: Trucks, state: State, now: int, truck: int, visit: int) -> bool:
    """Join the waiting line of the stage; start at once if a lane and all that the stage needs are free.

    Tell whether the truck turned back instead and left a space.
    """
    line = line_of(trucks, visit)
    trucks.times[visit, JOINED] = now
    state.trucks[truck]["visit"] = visit
    state.trucks[truck]["next"] = visit + 1
    if (
        network.turns_away
        and in_line(network, state, row_of(network.lines[line]["stage"])) >= network.lines[line]["turns_away_at"]
    ):
        return turn_back(network, trucks, state, now, truck)
    if gathers(network, line):
        stand_in_line(network, trucks, state, line, truck, now)
        gather(network, trucks, state, now, row_of(network.lines[line]["stage"]))
    else:
        if may_start(network, state, line):
            group = free_group(network, state, line, now)
            if group != NOBODY:
                start(network, trucks, state, now, truck, group)
                return False
        stand_in_line(network, trucks, state, line, truck, now)
    if network.reverses:
        for entry in range(network.lines[line]["groups_from"], network.lines[line]["groups_to"]):
            reverse_if_due(network, state, now, row_of(network.groups_of_line[entry]))
    if network.opens_by_queue:
        for entry in range(network.lines[line]["groups_from"], network.lines[line]["groups_to"]):
            open_if_due(network, state, now, row_of(network.groups_of_line[entry]))
    return False


@seldom
def turn_back(network: Network, trucks: Trucks, state: State, now: int, truck: int) -> bool:
    """Leave for good without service. Tell whether a space of an area fell free."""
    visit = visit_of(state, truck)
    trucks.times[visit, LEFT] = now
    leave_board(network, trucks, state, truck, visit)
    if network.areas.size == 0 or row_of(network.lines[line_of(trucks, visit)]["area"]) == NOBODY:
        return False
    free_space(network, state, row_of(network.lines[line_of(trucks, visit)]["area"]))
    return True


@seldom
def lose_patience(network: Network, trucks: Trucks, state: State, now: int, truck: int) -> None:
    """A truck whose patience ends turns back."""
    visit = visit_of(state, truck)
    drop_event(state.impatient, row_of(state.trucks[truck]["leaf"]))
    if visit == NOBODY or trucks.times[visit, FINISHED] != NEVER:
        lose_patience_for_space(network, trucks, state, now, truck)
        return
    leave_line(network, trucks, state, now, line_of(trucks, visit), truck)
    freed = turn_back(network, trucks, state, now, truck)
    while freed:
        freed = call_for_space(network, trucks, state, now)


@seldom
def leave_line(network: Network, trucks: Trucks, state: State, now: int, line: int, truck: int) -> None:
    """Leave a line without service."""
    take_out(state, state.lines, line, truck)
    state.lines[line]["waiting"] -= 1
    if gathers(network, line):
        leave_batch(state, row_of(network.lines[line]["stage"]), trucks.times[visit_of(state, truck), JOINED])
    close_lanes_if_due(network, state, now, line)
    if network.reverses:
        for entry in range(network.lines[line]["groups_from"], network.lines[line]["groups_to"]):
            group = row_of(network.groups_of_line[entry])
            if network.groups[group]["until"] != UNTIL_LONGER:
                reverse_if_due(network, state, now, row_of(network.groups[group]["other_way"]))


@seldom
def lose_patience_for_space(network: Network, trucks: Trucks, state: State, now: int, truck: int) -> None:
    """A truck whose patience ends while it stands for a space turns back; it leaves the lane that it blocks."""
    row = next_of(state, truck)
    take_out(state, state.areas, row_of(network.lines[line_of(trucks, row)]["area"]), truck)
    trucks.times[row, JOINED] = now
    trucks.times[row, LEFT] = now
    leave_board(network, trucks, state, truck, row)
    state.trucks[truck]["next"] = trucks.first[truck + 1]
    freed = vacate(network, trucks, state, now, truck, NOBODY)
    freed |= proceed(network, trucks, state, now, truck)
    while freed:
        freed = call_for_space(network, trucks, state, now)


@seldom
def gather(network: Network, trucks: Trucks, state: State, now: int, stage: int) -> None:
    """Add a truck to the next batch of the stage, and let it start when it is complete."""
    if state.stages[stage]["gathering"] == 0:
        state.stages[stage]["gathered_since"] = now
        if not state.stages[stage]["timed"]:
            set_gathering_alarm(network, state, stage)
    state.stages[stage]["gathering"] += 1
    if state.stages[stage]["gathering"] >= network.stages[stage]["batch_size"]:
        call_up(network, trucks, state, now, stage)


@step
def leave_batch(state: State, stage: int, joined: int) -> None:
    """Take a truck out of the next batch if it joined with it, else out of those that may start."""
    mine = joined >= state.stages[stage]["gathered_since"] or state.stages[stage]["called_up"] == 0
    if mine and state.stages[stage]["gathering"] > 0:
        state.stages[stage]["gathering"] -= 1
    else:
        state.stages[stage]["called_up"] -= 1


@step
def set_gathering_alarm(network: Network, state: State, stage: int) -> None:
    """Set the alarm for the end of the time in which a batch gathers."""
    state.stages[stage]["timed"] = True
    number = network.groups.size + network.pools.size + stage
    key = event_key(state.stages[stage]["gathered_since"] + network.stages[stage]["batch_after"], number)
    add_event(state.alarms, key)


@seldom
def end_gathering(network: Network, trucks: Trucks, state: State, now: int, stage: int) -> None:
    """Let a batch start although it is not complete, if its time is over; else wait for the batch after it."""
    state.stages[stage]["timed"] = False
    if state.stages[stage]["gathering"] == 0:
        return
    if state.stages[stage]["gathered_since"] + network.stages[stage]["batch_after"] <= now:
        call_up(network, trucks, state, now, stage)
    else:
        set_gathering_alarm(network, state, stage)


@seldom
def call_up(network: Network, trucks: Trucks, state: State, now: int, stage: int) -> None:
    """Let the trucks that have gathered start, lane group by lane group."""
    state.stages[stage]["called_up"] += state.stages[stage]["gathering"]
    state.stages[stage]["gathering"] = 0
    for group in range(network.stages[stage]["groups_from"], network.stages[stage]["groups_to"]):
        call_trucks(network, trucks, state, now, row_of(group))


@seldom
def reverse_if_due(network: Network, state: State, now: int, group: int) -> None:
    """Let lanes reverse to serve the group, once they are empty, if enough trucks wait for it."""
    other = row_of(network.groups[group]["other_way"])
    if other == NOBODY or not state.resources[other]["faces"] or state.resources[other]["reversing"]:
        return
    wait = waiting_for(network, state, group)
    if wait < network.groups[group]["reverses_at"] or not may_leave(network, state, now, other, wait):
        return
    put_out_of_use(state, now, other)
    state.resources[group]["reversing"] = True
    reverse_if_empty(network, state, now, other)


@seldom
def reverse_if_empty(network: Network, state: State, now: int, group: int) -> None:
    """Begin to reverse lanes away from a group: each that is empty, or all when the last one is."""
    other = row_of(network.groups[group]["other_way"])
    empty = state.resources[group]["in_use"] - state.resources[group]["busy"]
    if not state.resources[other]["reversing"]:
        return
    key = event_key(now + network.groups[other]["reversal_takes"], other)
    if network.groups[group]["each"]:
        state.resources[group]["in_use"] -= empty
        for _ in range(empty):
            add_event(state.alarms, key)
    elif state.resources[group]["busy"] == 0 and empty > 0:
        state.resources[group]["in_use"] = 0
        add_event(state.alarms, key)


@seldom
def open_if_due(network: Network, state: State, now: int, group: int) -> None:
    """Call for the lanes of a group that the queue opens, if it is long enough; they open after some time."""
    at = network.groups[group]["opens_at"]
    if at == 0 or state.resources[group]["faces"] or state.resources[group]["reversing"]:
        return
    if waiting_for(network, state, group) >= at:
        state.resources[group]["reversing"] = True
        add_event(state.alarms, event_key(now + network.groups[group]["opening_takes"], group))


@seldom
def open_lanes(network: Network, trucks: Trucks, state: State, now: int, group: int) -> None:
    """Lanes open by the queue, unless it has become too short; after the least time they may close."""
    if state.resources[group]["faces"]:
        close_if_due(network, state, now, group)
        return
    state.resources[group]["reversing"] = False
    if waiting_for(network, state, group) < network.groups[group]["closes_below"]:
        return
    state.resources[group]["faces_since"] = now
    put_in_use(network, trucks, state, now, group, network.groups[group]["lanes"])
    if network.groups[group]["stays_open"] > 0:
        add_event(state.alarms, event_key(now + network.groups[group]["stays_open"], group))


@step
def close_lanes_if_due(network: Network, state: State, now: int, line: int) -> None:
    """Let lanes close that the queue opened, now that one truck less stands in a line that they serve."""
    if network.opens_by_queue:
        for entry in range(network.lines[line]["groups_from"], network.lines[line]["groups_to"]):
            close_if_due(network, state, now, row_of(network.groups_of_line[entry]))


@seldom
def close_if_due(network: Network, state: State, now: int, group: int) -> None:
    """Close lanes that the queue opened if it is short enough and they were open long enough."""
    if network.groups[group]["opens_at"] == 0 or not state.resources[group]["faces"]:
        return
    if now < state.resources[group]["faces_since"] + network.groups[group]["stays_open"]:
        return
    if waiting_for(network, state, group) < network.groups[group]["closes_below"]:
        put_out_of_use(state, now, group)


@step
def start(network: Network, trucks: Trucks, state: State, now: int, truck: int, group: int) -> None:
    """Take a lane of the group, and the units of pools and links that the stage needs or takes."""
    visit = visit_of(state, truck)
    state.resources[group]["busy"] += 1
    service = trucks.service[visit]
    if network.taken.size:
        line = line_of(trucks, visit)
        by_hand = is_by_hand(network, state, line)
        if by_hand:
            service = trucks.service_by_hand[visit]
            trucks.by_hand[visit] = True
        for entry in range(network.lines[line]["taken_from"], network.lines[line]["taken_to"]):
            if not (by_hand and row_of(network.taken[entry]["pool"]) == row_of(network.lines[line]["by_hand_without"])):
                state.resources[row_of(network.taken[entry]["pool"])]["busy"] += network.taken[entry]["units"]
    if gathers(network, line_of(trucks, visit)):
        state.stages[row_of(network.lines[line_of(trucks, visit)]["stage"])]["called_up"] -= 1
    if has_space(network, trucks, visit):
        take_space(network, state, row_of(network.lines[line_of(trucks, visit)]["kept_out_of"]))
    trucks.times[visit, STARTED] = now
    trucks.group[visit] = group
    if trucks.failed.size > 0 and breaks_down(trucks, visit):
        service = trucks.fails_after[visit]
    key = event_key(end_of_work(network.clocks, group, now, service), truck)
    leaf = state.cursor[SPARE_LEAF] if state.cursor[SPARE_LEAF] != NO_LEAF else new_leaf(state.ends)
    state.cursor[SPARE_LEAF] = NO_LEAF
    state.trucks[truck]["leaf"] = leaf
    set_event(state.ends, leaf, key)
    if network.reverses:
        count_start(network, state, now, group)


@seldom
def count_start(network: Network, state: State, now: int, group: int) -> None:
    """Count a truck that started; after so many reversible lanes leave the direction."""
    state.resources[group]["started"] += 1
    started = state.resources[group]["started"]
    if started == network.groups[group]["most_trucks"] or started == state.resources[group]["gate"]:
        reverse_if_due(network, state, now, row_of(network.groups[group]["other_way"]))


@step
def free_leaf(state: State) -> None:
    """Take the service that has ended off the agenda, unless another one took its place there."""
    leaf = state.cursor[SPARE_LEAF]
    if leaf != NO_LEAF:
        state.cursor[SPARE_LEAF] = NO_LEAF
        drop_event(state.ends, row_of(leaf))


@step
def finish(network: Network, trucks: Trucks, state: State, now: int, truck: int) -> None:
    """End the service, and give units back."""
    visit = visit_of(state, truck)
    trucks.times[visit, FINISHED] = now
    state.cursor[SPARE_LEAF] = state.trucks[truck]["leaf"]
    give_back(network, trucks, state, now, visit)


@step
def go_on(network: Network, trucks: Trucks, state: State, now: int, truck: int) -> None:
    """Go on to the next stage unless its area is full, after an arrival or a service."""
    visit = visit_of(state, truck)
    choose(network, trucks, state, truck)
    there = next_area(network, trucks, state, truck)
    blocked = next_area_is_full(network, trucks, state, truck, there)
    freed = False
    if not blocked:
        freed = vacate(network, trucks, state, now, truck, there)
    if visit != NOBODY:
        call_for_given(network, trucks, state, now, visit)
    if blocked:
        stand_for_space(trucks, state, there, truck, now)
        return
    pass_control(network, trucks, state, truck, visit)
    freed |= proceed(network, trucks, state, now, truck)
    while freed and is_awaited(network, state):
        freed = call_for_space(network, trucks, state, now)


@step
def give_back(network: Network, trucks: Trucks, state: State, now: int, visit: int) -> None:
    """Give units of pools and links back: at once, or after the time that they need to come back."""
    if network.given.size == 0:
        return
    line = line_of(trucks, visit)
    for entry in range(network.lines[line]["given_from"], network.lines[line]["given_to"]):
        pool = row_of(network.given[entry]["pool"])
        if trucks.by_hand[visit] and pool == row_of(network.lines[line]["by_hand_without"]):
            continue
        if not network.pools[pool - network.groups.size]["comes_back"]:
            state.resources[pool]["busy"] -= network.given[entry]["units"]
            continue
        for _ in range(network.given[entry]["units"]):
            key = event_key(now + trucks.comes_back[visit], pool)
            add_event(state.alarms, key)


@step
def call_for_given(network: Network, trucks: Trucks, state: State, now: int, visit: int) -> None:
    """Let the units just given back call trucks in line that need them, pool by pool."""
    if network.given.size == 0:
        return
    line = line_of(trucks, visit)
    for entry in range(network.lines[line]["given_from"], network.lines[line]["given_to"]):
        pool = row_of(network.given[entry]["pool"])
        if is_needed(network, state, pool):
            call_for_pool(network, trucks, state, now, pool)


@step
def vacate(network: Network, trucks: Trucks, state: State, now: int, truck: int, there: int) -> bool:
    """Leave the lane, and take a space of the area `there`. Tell whether a space of another area fell free."""
    visit = visit_of(state, truck)
    inside = visit != NOBODY
    if inside:
        trucks.times[visit, LEFT] = now
        state.resources[group_of(trucks, visit)]["busy"] -= 1
    if network.areas.size == 0:
        return False
    here = row_of(network.lines[line_of(trucks, visit)]["area"]) if inside else NOBODY
    if here == there:
        return False
    if there != NOBODY and not has_space(network, trucks, visit):
        take_space(network, state, there)
    if here == NOBODY:
        return False
    free_space(network, state, here)
    return True


@step
def take_space(network: Network, state: State, area: int) -> None:
    """Take a space of an area; it is shut when the last one is taken."""
    state.areas[area]["inside"] += 1
    if state.areas[area]["inside"] >= network.areas[area]["spaces"]:
        state.areas[area]["shut"] = True


@step
def free_space(network: Network, state: State, area: int) -> None:
    """Leave an area; it opens again when few enough are inside."""
    state.areas[area]["inside"] -= 1
    if state.areas[area]["shut"] and state.areas[area]["inside"] <= network.areas[area]["reopens_at"]:
        state.areas[area]["shut"] = False
        state.areas[area]["reopened"] = True


@step
def proceed(network: Network, trucks: Trucks, state: State, now: int, truck: int) -> bool:
    """Let the lane just left call the next truck, then join the next stage; tell whether a space fell free."""
    visit = visit_of(state, truck)
    if visit != NOBODY:
        group = group_of(trucks, visit)
        serve(network, trucks, state, now, group)
        if is_reversible(network, group):
            reverse_if_empty(network, state, now, group)
            reverse_if_due(network, state, now, row_of(network.groups[group]["other_way"]))
    visit = next_of(state, truck)
    if visit < trucks.first[truck + 1]:
        return join(network, trucks, state, now, truck, visit)
    return False


@seldom
def call_for_space(network: Network, trucks: Trucks, state: State, now: int) -> bool:
    """Let the first truck in line for a free space move on; tell whether one could.

    If none can, areas that have opened again let the lanes before them call the trucks that they kept out.
    """
    for number in range(network.areas.size):
        area = row_of(number)
        truck = row_of(state.areas[area]["head"])
        if truck != NOBODY and not state.areas[area]["shut"]:
            take_first(state, state.areas, area)
            if stays_too_long(trucks, next_of(state, truck)):
                drop_event(state.impatient, row_of(state.trucks[truck]["leaf"]))
            pass_control(network, trucks, state, truck, visit_of(state, truck))
            vacate(network, trucks, state, now, truck, area)
            proceed(network, trucks, state, now, truck)
            return True
    for number in range(network.areas.size):
        if state.areas[number]["reopened"]:
            state.areas[number]["reopened"] = False
            for entry in range(network.areas[number]["groups_before_from"], network.areas[number]["groups_before_to"]):
                call_trucks(network, trucks, state, now, row_of(network.groups_before_area[entry]))
    return False


@step
def start_first(network: Network, trucks: Trucks, state: State, now: int, line: int, group: int) -> None:
    """Take the first truck out of a line and start it."""
    state.lines[line]["waiting"] -= 1
    truck = take_first(state, state.lines, line)
    if has_patience(network, trucks, line, visit_of(state, truck)):
        drop_event(state.impatient, row_of(state.trucks[truck]["leaf"]))
    start(network, trucks, state, now, truck, group)
    close_lanes_if_due(network, state, now, line)


@step
def serve(network: Network, trucks: Trucks, state: State, now: int, group: int) -> None:
    """Call trucks from the lines, best first, while a lane is free and open."""
    while state.resources[group]["busy"] < state.resources[group]["on_duty"]:
        line = best_line(network, trucks, state, group)
        if line == NOBODY:
            return
        start_first(network, trucks, state, now, line, group)


@seldom
def call_trucks(network: Network, trucks: Trucks, state: State, now: int, group: int) -> None:
    """Do as `serve` does, where a call is quick enough."""
    serve(network, trucks, state, now, group)


@seldom
def call_for_pool(network: Network, trucks: Trucks, state: State, now: int, pool: int) -> None:
    """Call trucks that need units of the pool, best first, while one of them can start."""
    number = pool - network.groups.size
    while state.resources[pool]["busy"] < state.resources[pool]["on_duty"] or network.works_by_hand:
        best = NOBODY
        for entry in range(network.pools[number]["lines_from"], network.pools[number]["lines_to"]):
            line = row_of(network.lines_of_pool[entry])
            if state.lines[line]["head"] == NOBODY or not may_start(network, state, line):
                continue
            joined = first_joined(trucks, state, line)
            if free_group(network, state, line, joined) != NOBODY and is_before(network, trucks, state, line, best):
                best = line
        if best == NOBODY:
            return
        group = free_group(network, state, best, first_joined(trucks, state, best))
        start_first(network, trucks, state, now, best, group)


@step
def stand_for_space(trucks: Trucks, state: State, area: int, truck: int, now: int) -> None:
    """Stand in line for a space of an area, by the tick of asking, then by number."""
    last = state.areas[area]["tail"]
    while last != NOBODY and last > truck and stands_since(trucks, state, row_of(last)) == now:
        last = state.trucks[last]["ahead"]
    put_in(state, state.areas, area, last, truck)
    row = next_of(state, truck)
    if stays_too_long(trucks, row):
        state.trucks[truck]["leaf"] = add_event(state.impatient, event_key(max(now, trucks.gives_up[row]), truck))


@step
def stand_in_line(network: Network, trucks: Trucks, state: State, line: int, truck: int, now: int) -> None:
    """Stand behind all who joined before, or at the same tick with a smaller number, as long as patience lasts.

    A truck that is handed back stands where it stood, and its patience has run on.
    """
    joined = trucks.times[visit_of(state, truck), JOINED]
    last = state.lines[line]["tail"]
    while last != NOBODY and stands_behind(trucks, state, row_of(last), joined, truck):
        last = state.trucks[last]["ahead"]
    put_in(state, state.lines, line, last, truck)
    state.lines[line]["waiting"] += 1
    visit = visit_of(state, truck)
    if has_patience(network, trucks, line, visit):
        end = end_of_patience(network, trucks, line, visit, now)
        state.trucks[truck]["leaf"] = add_event(state.impatient, event_key(end, truck))
