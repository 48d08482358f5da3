"""Outages: what fails from time to time, drawn before the run, and the gate as it then stands.

Each source of outages is an alternating renewal process (Cox 1962, Renewal Theory, chapter 7): up for a time,
down for a time, from the start of the run on. It goes on by the calendar, whether anybody is served or not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from sim.clock import Ticks
from sim.draws.uniforms import uniforms
from sim.plan.failures import Source
from sim.plan.network import NO_LIMIT, Network
from sim.plan.timetable import Windows, merged_windows
from sim.plan.work_clocks import Pieces, clocks, merged, standing

if TYPE_CHECKING:
    from sim.plan.plan import Plan


Indices = npt.NDArray[np.int32]


class Outages(NamedTuple):
    """The outages of a run, source by source in the order of the plan, and in order of time within each."""

    source: Indices
    """(outages,) index of the source."""
    start: Ticks
    end: Ticks

    def of(self, source: int) -> Windows:
        """Return the outages of one source."""
        mine = self.source == source
        return Windows(self.start[mine], self.end[mine])


ALL_UNITS = 1 << 40
"""Units that are down where all are, however many a policy asks for."""
NO_OUTAGES = Outages(np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0, np.int64))


def in_force(plan: Plan, outages: Outages) -> Network:
    """Return the network of `plan` with its timetable and work clocks as the outages leave them."""
    network = plan.network
    if outages.source.size == 0:
        return network
    windows = [outages.of(n) for n in range(len(plan.outages))]
    down = {resource for source in plan.outages for resource in source.resources}
    kept = ~np.isin(network.change_resource, list(down))
    ticks, resources, units = [network.change_tick[kept]], [network.change_resource[kept]], [network.change_units[kept]]
    keeps = [network.change_keeps[kept]]
    for resource in sorted(down):
        tick, left, lanes = _left(network, resource, plan.outages, windows)
        ticks.append(tick)
        units.append(left)
        keeps.append(lanes)
        resources.append(np.full(tick.size, resource, np.uint32))
    all_ticks, of, units_left = np.concatenate(ticks), np.concatenate(resources), np.concatenate(units)
    first_link = network.groups.size + len(plan.pools) - len(plan.links)
    postings = network.groups.size + len(plan.pools)  # the resource that stands for them
    not_link = (of < first_link) | (of == postings)
    order = np.lexsort((of, not_link, all_ticks))  # links first: lanes that come back with one find it up
    return network._replace(
        change_tick=all_ticks[order],
        change_resource=of[order],
        change_units=units_left[order],
        change_keeps=np.concatenate(keeps)[order],
        clocks=clocks([_clock(plan, group, windows) for group in range(network.groups.size)]),
    )


def _left(
    network: Network, resource: int, sources: Sequence[Source], windows: Sequence[Windows]
) -> tuple[Ticks, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return when the units of a resource on duty and not down change, how many are left, how many trucks they keep."""
    mine = network.change_resource == resource
    scheduled_tick, scheduled = network.change_tick[mine], network.change_units[mine]
    edge, down = _down(resource, sources, windows, int(scheduled.max(initial=0)))
    tick = np.union1d(scheduled_tick, edge)
    planned = np.concatenate(([0], scheduled))[np.searchsorted(scheduled_tick, tick, side="right")]
    lost = np.concatenate(([0], down))[np.searchsorted(edge, tick, side="right")]
    left = np.maximum(planned - lost, 0)
    keeps = _kept(network, resource, tick, sources, windows)
    changes = left != np.concatenate(([0], left[:-1]))
    if resource < network.groups.size and network.groups["hands_back"][resource]:
        keeps[changes & (left == 0)] = 0
    changes |= keeps < NO_LIMIT
    return tick[changes], left[changes], keeps[changes]


def _kept(
    network: Network, resource: int, tick: Ticks, sources: Sequence[Source], windows: Sequence[Windows]
) -> npt.NDArray[np.int64]:
    """Return how many trucks lanes keep at most at each tick: as many as lanes are up where some hand theirs over."""
    starts = _handed_over_at(resource, sources, windows)
    if not starts:
        return np.full(tick.size, NO_LIMIT)
    lanes = int(network.groups["lanes"][resource])
    edge, down = _down(resource, sources, windows, lanes)
    up = lanes - np.concatenate(([0], down))[np.searchsorted(edge, tick, side="right")]
    return np.where(np.isin(tick, list(starts)), np.maximum(up, 0), NO_LIMIT)


def handed_over_at(plan: Plan, outages: Outages, resource: int) -> set[int]:
    """Return when lanes of a group go down that hand the trucks in service over [tick]; never for pools and links."""
    return _handed_over_at(resource, plan.outages, [outages.of(n) for n in range(len(plan.outages))])


def _handed_over_at(resource: int, sources: Sequence[Source], windows: Sequence[Windows]) -> set[int]:
    return {
        int(start)
        for source, spans in zip(sources, windows, strict=True)
        if resource in source.hands_over
        for start in spans.start
    }


def _down(
    resource: int, sources: Sequence[Source], windows: Sequence[Windows], every: int
) -> tuple[Ticks, npt.NDArray[np.int64]]:
    """Return when the units of a resource that are down change, and how many are; `every` stands for all of them."""
    edges, steps = [], []
    for source, spans in zip(sources, windows, strict=True):
        if resource in source.resources:
            size = every if source.units is None else source.units
            edges += [spans.start, spans.end]
            steps += [np.full(spans.start.size, size), np.full(spans.end.size, -size)]
    edge, change = np.concatenate(edges), np.concatenate(steps)
    order = np.argsort(edge, kind="stable")
    return edge[order], np.cumsum(change[order])


def units_down(plan: Plan, outages: Outages) -> Iterator[tuple[int, int, int]]:
    """Yield (tick, resource, units): how many units of it are down from then on; of one tick the last counts."""
    windows = [outages.of(n) for n in range(len(plan.outages))]
    for resource in sorted({resource for source in plan.outages for resource in source.resources}):
        for tick, units in zip(*_down(resource, plan.outages, windows, ALL_UNITS), strict=True):
            yield int(tick), resource, int(units)


def _clock(plan: Plan, group: int, windows: Sequence[Windows]) -> Pieces | None:
    """Return the work clock of a lane group as the outages leave it."""
    clock = plan.clock_of_group[group]
    for restarts in (False, True):
        spans = [
            (int(start), int(end))
            for source, outage in zip(plan.outages, windows, strict=True)
            if group in source.stops and source.restarts == restarts
            for start, end in zip(outage.start, outage.end, strict=True)
        ]
        if spans:
            still = merged_windows(spans, plan.end)
            stops = standing(still.start, still.end, loses=restarts)
            clock = stops if clock is None else merged(clock, stops)
    return clock


def draw_outages(sources: Sequence[Source], name: str, end: int) -> Outages:
    """Return the outages of each source that start before `end`; `name` names the run."""
    outages = [_outages_of(source, f"{name}/outage/{source.name}", end) for source in sources]
    if not outages:
        return NO_OUTAGES
    return Outages(
        np.repeat(np.arange(len(outages), dtype=np.int32), [start.size for start, _ in outages]),
        np.concatenate([start for start, _ in outages]),
        np.concatenate([stop for _, stop in outages]),
    )


def _outages_of(source: Source, name: str, end: int) -> tuple[Ticks, Ticks]:
    starts, stops, at, number = [], [], 0, 0
    while at < end:
        many = 64
        up = source.every.ticks(uniforms(f"{name}/every", number, many))
        down = source.lasts.ticks(uniforms(f"{name}/lasts", number, many))
        stop = at + np.cumsum(np.maximum(up + down, 1))  # time goes on, whatever the distributions say
        starts.append(stop - down)
        stops.append(stop)
        at, number = int(stop[-1]), number + many
    start, stop = np.concatenate(starts), np.concatenate(stops)
    real = (start < end) & (start < stop)
    return start[real], np.minimum(stop[real], end)
