"""When the trucks of a flow come, one by one or in groups, drawn block by block."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.clock import Ticks
from sim.draws.uniforms import pick, uniforms
from sim.plan.plan import Stream


@dataclass(frozen=True)
class Cursor:
    """Where the arrivals of a flow stand: the next truck's number, and the unit-rate time before it."""

    number: int = 0
    units: float = 0.0
    """Expected number of trucks before the last that came [1]."""
    group: int = 0
    """Number of the next group; that of the next truck where they come one by one."""


def next_arrivals(stream: Stream, name: str, cursor: Cursor, until: int) -> tuple[Ticks, Cursor]:
    """Return the arrivals before `until` that come after the cursor, and where the flow then stands."""
    if stream.standing:  # they are there in the first block
        count = stream.standing - cursor.number
        return np.zeros(count, np.int64), Cursor(stream.standing)
    if stream.given is not None:
        end = stream.given.before(until)
        return stream.given.arrival[cursor.number : end], Cursor(end)
    limit = stream.rate.before(until)
    ticks: list[Ticks] = []
    while True:
        expected = limit - cursor.units
        if expected <= 0:
            break
        some, cursor, over = _some(stream, name, cursor, until, limit)
        ticks.append(some)
        if over:
            break
    return (np.concatenate(ticks) if ticks else np.empty(0, np.int64)), cursor


def _some(stream: Stream, name: str, cursor: Cursor, until: int, limit: float) -> tuple[Ticks, Cursor, bool]:
    """Return arrivals after the cursor, where the flow then stands, and whether the next one is too late."""
    size = stream.groups.mean
    expected = (limit - cursor.units) / size
    count = int(expected + 4 * np.sqrt(expected) + 16)
    gaps = -np.log(uniforms(f"{name}/arrival", cursor.group, count)) * size
    units = np.cumsum(np.concatenate(([cursor.units], gaps)))[1:]
    arrival = stream.rate.ticks(units)
    here = int(np.searchsorted(np.maximum.accumulate(np.where(units < limit, arrival, until)), until))
    arrival, trucks = arrival[:here], here
    if len(stream.groups.sizes) > 1 or size > 1:
        drawn = pick(stream.groups.shares, uniforms(f"{name}/group", cursor.group, here))
        sizes = np.array(stream.groups.sizes)[drawn]
        arrival, trucks = np.repeat(arrival, sizes), int(sizes.sum())
    if here:
        cursor = Cursor(cursor.number + trucks, float(units[here - 1]), cursor.group + here)
    return arrival, cursor, here < count
