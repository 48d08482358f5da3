"""All random numbers of a run, drawn before it: arrivals, paths and service times of every truck.

One uniform number stands behind each value. It is named (seed, replication, stream, number of the truck within its
flow), never counted from the start of a sequence, so a change of the gate leaves the random number of every other
value alone: truck 17 of a flow is the same truck in every scenario (common random numbers).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from sim.draws.arrival_times import Cursor, next_arrivals
from sim.draws.booking import Desk, FlowTrucks, no_trucks
from sim.draws.columns import Draws
from sim.draws.flow import trips_of
from sim.draws.gates import free_trucks
from sim.draws.merge import merged
from sim.draws.outages import draw_outages
from sim.plan.plan import MAX_TRUCKS, Plan


def draw(plan: Plan, seed: int = 1, replication: int = 0) -> Draws:
    """Draw a whole run.

    Raises
    ------
    ValueError
        If the run would have more trucks than one block of draws can hold.
    """
    return next(draw_blocks(plan, seed, replication, [plan.end]))


def draw_blocks(plan: Plan, seed: int, replication: int, until: list[int]) -> Iterator[Draws]:
    """Draw the trucks that arrive before each tick of `until` in turn; the values do not depend on the cuts."""
    outages = draw_outages(plan.outages, f"{seed}/{replication}", plan.end)
    names = [f"{seed}/{replication}/{stream.name}" for stream in plan.streams]
    desks = [Desk(slots) for slots in plan.bookings]
    desk_of = {stream: desk for desk in desks for stream in desk.slots.streams}
    cursors = [Cursor() for _ in plan.streams]
    for tick in until:
        trucks: list[FlowTrucks] = []
        for n, stream in enumerate(plan.streams):
            if stream.follows >= 0:
                trucks.append(no_trucks())
                continue
            horizon = tick + desk_of[n].slots.ahead if n in desk_of else tick
            start = cursors[n].number
            ticks, cursors[n] = next_arrivals(stream, names[n], cursors[n], horizon)
            if ticks.size > MAX_TRUCKS:
                raise ValueError(
                    f"flow {stream.name}: {ticks.size:,} trucks at once are too many; draw in shorter blocks"
                )
            number = np.arange(start, start + ticks.size)
            trucks.append(FlowTrucks(number, ticks, ticks, np.zeros(ticks.size, np.int64)))
        for desk in desks:
            desk.book({n: trucks[n] for n in desk.slots.streams}, {n: names[n] for n in desk.slots.streams})
        missing = [no_trucks() for _ in plan.streams]
        for n, desk in desk_of.items():
            trucks[n], missing[n] = desk.leave(n, tick)
        for n, stream in enumerate(plan.streams):
            if stream.follows >= 0:
                free = free_trucks(plan.streams[stream.follows], names[stream.follows], trucks[stream.follows].number)
                trucks[n] = trucks[stream.follows].part(free)
        own = [names[n if stream.follows < 0 else stream.follows] for n, stream in enumerate(plan.streams)]
        flows = [trips_of(*which) for which in zip(plan.streams, names, trucks, own, strict=True)]
        yield dataclasses.replace(merged(plan, flows, missing), outages=outages)
