"""What the compiled engine checks before it acts. Nothing here changes anything.

The reference engine checks the same under the same names, but for `is_awaited` and `is_needed`, which only spare calls,
and what tells whose patience may end, which it finds in the ticks themselves.
"""

from __future__ import annotations

from sim.arrays import NOBODY
from sim.draws.columns import FOR_EVER
from sim.engines.agenda import LEAVES, NO_EVENT, NUMBER_BITS, NUMBER_MASK, USED, next_event
from sim.engines.log import FINISHED, JOINED, NEVER, STARTED
from sim.engines.state import (
    NEXT_CHANGE,
    State,
    Trucks,
    line_of,
    next_of,
    row_of,
    visit_of,
)
from sim.jit import seldom, step
from sim.plan.network import UNTIL_GATED, UNTIL_LONGER, Network
from sim.plan.paths import SHORTEST_QUEUE
from sim.plan.work_clocks import NO_TICK


@step
def next_of_others(network: Network, state: State) -> int:
    """Return the tick from which on something else comes before an arrival or the end of a service."""
    change = state.cursor[NEXT_CHANGE]
    timetable = network.change_tick[change] if change < network.change_tick.size else NO_EVENT
    alarm = next_event(state.alarms) >> NUMBER_BITS
    impatience = (next_event(state.impatient) >> NUMBER_BITS) + 1
    return min(timetable, alarm, impatience)


@seldom
def is_better(network: Network, state: State, rule: int, line: int, other: int) -> bool:
    """Tell whether a rule prefers a line: one with open lanes, then the smaller load."""
    open_here, open_there = is_open(network, state, line), is_open(network, state, other)
    if open_here != open_there:
        return open_here
    return load(network, state, rule, line) < load(network, state, rule, other)


@step
def is_open(network: Network, state: State, line: int) -> bool:
    """Tell whether a lane group of the line is open."""
    for entry in range(network.lines[line]["groups_from"], network.lines[line]["groups_to"]):
        if lanes_open(network, state, row_of(network.groups_of_line[entry])) > 0:
            return True
    return False


@step
def lanes_open(network: Network, state: State, group: int) -> int:
    """Return the lanes of a group that admit trucks that join now."""
    if network.serves_queue and state.resources[group]["admits_before"] < NO_TICK:
        return 0
    return int(state.resources[group]["on_duty"])


@step
def load(network: Network, state: State, rule: int, line: int) -> float:
    """Return what a truck finds in a line.

    By the queue: trucks at the stage, as a whole. By the wait: nothing if a lane is free, else the service times of
    those in line and of the truck itself, shared by the open lanes.
    """
    busy, lanes, under_repair = 0, 0, 0
    for entry in range(network.lines[line]["groups_from"], network.lines[line]["groups_to"]):
        group = row_of(network.groups_of_line[entry])
        busy += state.resources[group]["busy"]
        under_repair += state.resources[group]["under_repair"]
        lanes += lanes_open(network, state, group)
    waiting = in_line(network, state, row_of(network.lines[line]["stage"]))
    if rule == SHORTEST_QUEUE:
        return float(waiting + busy - under_repair)
    if busy < lanes:
        return 0.0
    return float((waiting + 1) * network.lines[line]["mean_service"]) / max(lanes, 1)


@step
def in_line(network: Network, state: State, stage: int) -> int:
    """Return the number of trucks in line at a stage."""
    trucks = 0
    for line in range(network.stages[stage]["lines_from"], network.stages[stage]["lines_to"]):
        trucks += state.lines[line]["waiting"]
    return trucks


@step
def board_of(network: Network, trucks: Trucks, truck: int) -> int:
    """Return the board on which the trucks of a flow count, or `NOBODY`."""
    return row_of(network.boards.flows[row_of(trucks.flow[truck])]["board"])


@step
def expected_wait(network: Network, state: State, board: int) -> int:
    """Return how long trucks wait there, those included that have decided to move there."""
    trucks = state.boards[board]["trucks"] + state.boards[board]["going"]
    wait = trucks * state.boards[board]["span"] // state.boards[board]["cleared"]
    return int(min(wait, network.boards.rows[board]["at_most"]))


@step
def may_choose_again(network: Network, trucks: Trucks, state: State, stage: int, truck: int) -> bool:
    """Tell whether a truck in line is one of those that may, and does so there."""
    if trucks.sibling[truck] == NEVER or visit_of(state, truck) > trucks.released[truck]:
        return False
    return bool(network.boards.thinks[stage, board_of(network, trucks, truck)])


@seldom
def better_gate(network: Network, trucks: Trucks, state: State, truck: int, place: int, queue: int) -> int:
    """Return what a truck is at the best gate where it never was; `NOBODY` if that does not spare it enough."""
    here = board_of(network, trucks, truck)
    mine = state.boards[here]["posted"] * place // queue + trucks.taste[truck]
    best, least = NOBODY, NO_TICK
    other = trucks.sibling[truck]
    while other != truck:
        if trucks.came[other] == NEVER:
            cost = expected_wait(network, state, board_of(network, trucks, other)) + trucks.taste[other]
            if is_less(network, trucks, cost, other, least, best):
                best, least = other, cost
        other = trucks.sibling[other]
    if best != NOBODY and least + network.boards.rows[here]["gain"] < mine:
        return row_of(best)
    return NOBODY


@step
def is_less(network: Network, trucks: Trucks, cost: int, truck: int, least: int, best: int) -> bool:
    """Tell whether a gate costs a truck less than the best one so far, or as much and comes before it in the file."""
    if best == NOBODY or cost != least:
        return best == NOBODY or cost < least
    return board_of(network, trucks, truck) < board_of(network, trucks, best)


@step
def gathers(network: Network, line: int) -> bool:
    """Tell whether trucks of the line start in batches."""
    return network.batches and network.stages[row_of(network.lines[line]["stage"])]["batch_size"] > 0


@step
def is_reversible(network: Network, group: int) -> bool:
    """Tell whether the lanes of a group reverse from one direction to the other."""
    return network.reverses and row_of(network.groups[group]["other_way"]) != NOBODY


@step
def waiting_for(network: Network, state: State, group: int) -> int:
    """Return the number of trucks in the lines that a lane group serves."""
    trucks = 0
    for entry in range(network.groups[group]["lines_from"], network.groups[group]["lines_to"]):
        trucks += state.lines[row_of(network.lines_of_group[entry])]["waiting"]
    return trucks


@seldom
def may_leave(network: Network, state: State, now: int, group: int, others: int) -> bool:
    """Tell whether lanes may leave a direction while so many trucks of the other one wait."""
    since, wait = state.resources[group]["faces_since"], waiting_for(network, state, group)
    if now < since + network.groups[group]["at_least"]:
        return False
    if state.resources[group]["started"] >= network.groups[group]["most_trucks"]:
        return True
    if now >= since + network.groups[group]["at_most"]:
        return True
    until = network.groups[group]["until"]
    if until == UNTIL_LONGER:
        return others >= wait + network.groups[group]["lead"]
    if until == UNTIL_GATED and state.resources[group]["started"] >= state.resources[group]["gate"]:
        return True
    busy = state.resources[group]["busy"]
    return wait == 0 and (busy == 0 or busy < state.resources[group]["on_duty"])


@step
def is_by_hand(network: Network, state: State, line: int) -> bool:
    """Tell whether a service in the line would be done by hand, because its link is down."""
    if not network.works_by_hand or row_of(network.lines[line]["by_hand_without"]) == NOBODY:
        return False
    return state.resources[row_of(network.lines[line]["by_hand_without"])]["on_duty"] == 0


@step
def is_awaited(network: Network, state: State) -> bool:
    """Tell whether a truck may wait for a space; spares a call each time that one falls free."""
    awaited = False
    for area in range(network.areas.size):
        awaited |= state.areas[area]["head"] != NOBODY or state.areas[area]["reopened"]
    return awaited


@step
def has_space(network: Network, trucks: Trucks, visit: int) -> bool:
    """Tell whether a truck takes or took the space of its next area when its service started."""
    if not network.keeps_out or visit == NOBODY:
        return False
    return row_of(network.lines[line_of(trucks, visit)]["kept_out_of"]) != NOBODY


@step
def next_area(network: Network, trucks: Trucks, state: State, truck: int) -> int:
    """Return the area of the truck's next stage, or `NOBODY`."""
    if network.areas.size == 0:
        return NOBODY
    visit = next_of(state, truck)
    if visit == trucks.first[truck + 1]:
        return NOBODY
    return row_of(network.lines[line_of(trucks, visit)]["area"])


@step
def next_area_is_full(network: Network, trucks: Trucks, state: State, truck: int, there: int) -> bool:
    """Tell whether the truck cannot go on for lack of space in the area `there` of its next stage."""
    if there == NOBODY or not state.areas[there]["shut"]:
        return False
    if network.lines[line_of(trucks, next_of(state, truck))]["enters_freely"]:
        return False
    visit = visit_of(state, truck)
    if has_space(network, trucks, visit):
        return False
    return visit == NOBODY or there != row_of(network.lines[line_of(trucks, visit)]["area"])


@step
def is_needed(network: Network, state: State, pool: int) -> bool:
    """Tell whether a truck stands in a line that needs the pool; spares a call each time that a unit is given back."""
    number, needed = pool - network.groups.size, False
    for entry in range(network.pools[number]["lines_from"], network.pools[number]["lines_to"]):
        needed |= state.lines[network.lines_of_pool[entry]]["head"] != NOBODY
    return needed


@step
def may_start(network: Network, state: State, line: int) -> bool:
    """Tell whether a truck of the line could start in a free lane: its batch is called up, all units are free.

    A truck that the area ahead keeps out does not start: it would block a lane that others need.
    """
    if gathers(network, line) and state.stages[row_of(network.lines[line]["stage"])]["called_up"] == 0:
        return False
    if network.keeps_out:
        area = row_of(network.lines[line]["kept_out_of"])
        if area != NOBODY and state.areas[area]["shut"]:
            return False
    if network.taken.size == 0:
        return True
    by_hand = is_by_hand(network, state, line)
    for entry in range(network.lines[line]["taken_from"], network.lines[line]["taken_to"]):
        pool = row_of(network.taken[entry]["pool"])
        if by_hand and pool == row_of(network.lines[line]["by_hand_without"]):
            continue
        if state.resources[pool]["busy"] + network.taken[entry]["units"] > state.resources[pool]["on_duty"]:
            return False
    return True


@step
def first_joined(trucks: Trucks, state: State, line: int) -> int:
    """Return when the first truck of a line joined it."""
    return int(trucks.times[visit_of(state, row_of(state.lines[line]["head"])), JOINED])


@step
def free_group(network: Network, state: State, line: int, joined: int) -> int:
    """Return the first lane group with a free open lane for a truck that joined the line then, or `NOBODY`."""
    for entry in range(network.lines[line]["groups_from"], network.lines[line]["groups_to"]):
        group = row_of(network.groups_of_line[entry])
        if state.resources[group]["busy"] >= state.resources[group]["on_duty"]:
            continue
        if not network.serves_queue or joined < state.resources[group]["admits_before"]:
            return group
    return NOBODY


@step
def best_line(network: Network, trucks: Trucks, state: State, group: int) -> int:
    """Return the line whose first truck is next for a lane of the group, or `NOBODY`."""
    best = NOBODY
    for entry in range(network.groups[group]["lines_from"], network.groups[group]["lines_to"]):
        line = row_of(network.lines_of_group[entry])
        if state.lines[line]["head"] == NOBODY or not may_start(network, state, line):
            continue
        if network.serves_queue and first_joined(trucks, state, line) >= state.resources[group]["admits_before"]:
            continue
        if is_before(network, trucks, state, line, best):
            best = line
    return best


@step
def is_before(network: Network, trucks: Trucks, state: State, line: int, other: int) -> bool:
    """Tell whether the first truck of `line` goes before that of `other`: by (priority, tick joined, number)."""
    if other == NOBODY:
        return True
    if network.lines[line]["priority"] != network.lines[other]["priority"]:
        return network.lines[line]["priority"] < network.lines[other]["priority"]
    a, b = row_of(state.lines[line]["head"]), row_of(state.lines[other]["head"])
    joined_a = trucks.times[visit_of(state, a), JOINED]
    joined_b = trucks.times[visit_of(state, b), JOINED]
    return joined_a < joined_b or (joined_a == joined_b and a < b)


@step
def stands_behind(trucks: Trucks, state: State, other: int, joined: int, truck: int) -> bool:
    """Tell whether another truck in line stands behind one that joined it then."""
    other_joined = trucks.times[visit_of(state, other), JOINED]
    return other_joined > joined or (other_joined == joined and other > truck)


@step
def breaks_down(trucks: Trucks, visit: int) -> bool:
    """Tell whether the lane breaks down before the service ends: the first that serves the visit may."""
    if trucks.failed.size == 0 or trucks.failed[visit] != NEVER:
        return False
    service = trucks.service_by_hand[visit] if trucks.by_hand[visit] else trucks.service[visit]
    return bool(trucks.fails_after[visit] <= service)


@seldom
def last_started(trucks: Trucks, state: State, group: int) -> int:
    """Return the truck in service in a lane of the group that started last, of equals the last; or `NOBODY`."""
    last, at = NOBODY, NEVER
    for leaf in range(state.ends.size[LEAVES], state.ends.size[LEAVES] + state.ends.size[USED]):
        if state.ends.tree[leaf] == NO_EVENT:
            continue
        truck = row_of(state.ends.tree[leaf] & NUMBER_MASK)
        visit = visit_of(state, truck)
        if row_of(trucks.group[visit]) != group:
            continue
        started = trucks.times[visit, STARTED]
        if last == NOBODY or started > at or (started == at and truck > last):
            last, at = truck, started
    return last


@step
def stays_too_long(trucks: Trucks, visit: int) -> bool:
    """Tell whether the wait for a visit may end because of the whole stay."""
    return trucks.gives_up.size > 0 and trucks.gives_up[visit] < FOR_EVER


@step
def is_impatient(network: Network, trucks: Trucks, line: int, visit: int) -> bool:
    """Tell whether the wait for a visit may end because of the time in this line alone."""
    return trucks.patience.size > 0 and network.lines[line]["impatient"] and trucks.patience[visit] < FOR_EVER


@step
def has_patience(network: Network, trucks: Trucks, line: int, visit: int) -> bool:
    """Tell whether a truck in line for a visit may give up."""
    return is_impatient(network, trucks, line, visit) or stays_too_long(trucks, visit)


@step
def end_of_patience(network: Network, trucks: Trucks, line: int, visit: int, now: int) -> int:
    """Return when a truck that now stands in a line, and has patience, gives up."""
    end = FOR_EVER
    if is_impatient(network, trucks, line, visit):
        end = trucks.times[visit, JOINED] + trucks.patience[visit]
    if stays_too_long(trucks, visit):
        end = min(end, trucks.gives_up[visit])
    return int(max(now, end))


@step
def stands_since(trucks: Trucks, state: State, truck: int) -> int:
    """Return when a truck began to stand in line for a space."""
    visit = visit_of(state, truck)
    return trucks.arrival[truck] if visit == NOBODY else trucks.times[visit, FINISHED]
