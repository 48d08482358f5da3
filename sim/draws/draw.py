"""All the luck of a run, drawn before it: arrivals, paths and service times of every truck.

One uniform number stands behind each value. It is found by its name (seed, replication, stream, number of the
truck within its flow), never by its place in a sequence, so a change of the gate leaves the luck of every other
value alone: truck 17 of a flow is the same truck in every scenario (common random numbers).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sim.arrays import Indices
from sim.clock import Ticks
from sim.draws.arrival_times import Cursor, comings
from sim.draws.booking import BOOKED, Comers, Desk, nobody
from sim.draws.breakdowns import struck
from sim.draws.outages import NO_OUTAGES, Outages, draw_outages
from sim.draws.uniforms import pick, uniforms
from sim.jit import kernel, step
from sim.plan.paths import Decision, Path
from sim.plan.plan import MAX_TRUCKS, Plan, Stream

Mask = npt.NDArray[np.bool_]
FOR_EVER = 1 << 50
"""Patience of a truck that never turns back [tick]."""


def _nothing() -> Ticks:
    return np.empty(0, np.int64)


@dataclass(frozen=True, eq=False)
class Draws:
    """What trucks bring, in order of (arrival, flow, number). Visit rows of truck n: `first[n]:first[n + 1]`."""

    arrival: Ticks
    """(trucks,) arrival at the first stage [tick]."""
    flow: Indices
    """(trucks,) index of the flow."""
    number: npt.NDArray[np.int64]
    """(trucks,) number within the flow."""
    first: npt.NDArray[np.int64]
    """(trucks + 1,) first visit row of each truck."""
    released: npt.NDArray[np.int64]
    """(trucks,) visit row after which the truck is released from the last control; -1 if released on arrival."""
    turned: npt.NDArray[np.int64]
    """(trucks,) first visit row that the truck makes empty; the row after its last if none."""
    line: Indices
    """(visits,) waiting line joined."""
    service: Ticks
    """(visits,) service time, with what breakdowns add to it [tick]."""
    comes_back: Ticks
    """(visits,) time that units given back need to come back [tick]; no entries if no pool's units do."""
    by_hand: Ticks = field(default_factory=_nothing)
    """(visits,) service time while the link that the stage needs is down [tick]; no entries if none needs one."""
    patience: Ticks = field(default_factory=_nothing)
    """(visits,) time in line after which the truck turns back [tick], `FOR_EVER` for none; no entries if trucks never
    turn back."""
    onward: Ticks = field(default_factory=_nothing)
    """(visits,) visit row that follows; the row after the truck's last where it departs. With the next two, no entries
    if trucks never choose by a rule."""
    other: Ticks = field(default_factory=_nothing)
    """(visits,) first row of the next alternative, where a row is the first of one; else -1."""
    rule: Ticks = field(default_factory=_nothing)
    """(visits,) rule of the choice (`sim.plan.paths`), where a row is the first of an alternative; else 0."""
    repair: Ticks = field(default_factory=_nothing)
    """(visits,) time of the service under repair [tick]; no entries if no stage has breakdowns."""
    second: npt.NDArray[np.int64] = field(default_factory=_nothing)
    """(trucks,) visit row after which the second load of a truck is released, -1 if it has none; no entries if no
    truck takes one."""
    age: Ticks = field(default_factory=_nothing)
    """(trucks,) time since loading at the arrival [tick]; no entries if no class has an age."""
    asked: Ticks = field(default_factory=_nothing)
    """(trucks,) when a truck would have come without booking [tick]; no entries if nobody books."""
    how: npt.NDArray[np.int64] = field(default_factory=_nothing)
    """(trucks,) how it comes: `sim.draws.booking.UNBOOKED`, `BOOKED` or `WITHOUT`; no entries if nobody books."""
    missed_tick: Ticks = field(default_factory=_nothing)
    """(trucks that do not come,) the tick at which they are missed."""
    missed_flow: npt.NDArray[np.int64] = field(default_factory=_nothing)
    """(trucks that do not come,) index of the flow."""
    missed_why: npt.NDArray[np.int64] = field(default_factory=_nothing)
    """(trucks that do not come,) `sim.draws.booking.NO_SHOW` or `NO_SLOT`."""
    outages: Outages = field(default_factory=lambda: NO_OUTAGES)
    """What fails, and when."""

    @property
    def trucks(self) -> int:
        """Number of trucks."""
        return self.arrival.size

    @property
    def visits(self) -> int:
        """Number of visits."""
        return self.line.size


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
        come: list[Comers] = []
        for n, stream in enumerate(plan.streams):
            horizon = tick + desk_of[n].slots.ahead if n in desk_of else tick
            start = cursors[n].number
            ticks, cursors[n] = comings(stream, names[n], cursors[n], horizon)
            if ticks.size > MAX_TRUCKS:
                raise ValueError(
                    f"flow {stream.name}: {ticks.size:,} trucks at once are too many; draw in shorter blocks"
                )
            number = np.arange(start, start + ticks.size)
            come.append(Comers(number, ticks, ticks, np.zeros(ticks.size, np.int64)))
        for desk in desks:
            desk.book({n: come[n] for n in desk.slots.streams}, {n: names[n] for n in desk.slots.streams})
        missed = [nobody() for _ in plan.streams]
        for n, desk in desk_of.items():
            come[n], missed[n] = desk.leave(n, tick)
        batches = [_batch(plan, *which) for which in zip(plan.streams, names, come, strict=True)]
        yield dataclasses.replace(_merge(plan, batches, missed), outages=outages)


@dataclass(frozen=True, eq=False)
class _Batch:
    """Trucks of one flow."""

    come: Comers
    path: Path
    line: Indices
    """(2, visits) line joined; in the second row by trucks that come without a slot."""
    met: Mask
    """(trucks, visits of the path) which visits each truck makes."""
    times: dict[str, Ticks]
    """What is drawn for visits: entries of `Draws` -> (trucks, visits) [tick]."""
    age: Ticks | None

    def part(self, rows: npt.NDArray[np.int64]) -> _Batch:
        """Return some rows of all that is drawn by truck."""
        return dataclasses.replace(
            self,
            met=self.met[rows],
            times={name: ticks[rows] for name, ticks in self.times.items()},
            age=None if self.age is None else self.age[rows],
        )


def _batch(plan: Plan, stream: Stream, name: str, come: Comers) -> _Batch:
    start = int(come.number[0]) if come.number.size else 0
    count = int(come.number[-1]) - start + 1 if come.number.size else 0
    path, kinds = stream.path, plan.kinds_of(stream)
    stages = [plan.stages.index(visit.stage) for visit in path.visits]
    met = _met(path, name, start, count)

    def times(what: str, law_of: Indices) -> Ticks:
        return _times(plan, path, met, f"{name}/{{}}/{what}", start, law_of)

    found = {"service": times("service", plan.law_of[stages, kinds])}
    if plan.network.pools["comes_back"].any():
        found["comes_back"] = times("comes-back", plan.return_law_of[stages])
        _repair_units(plan, path, met, name, start, found["service"], found["comes_back"])
    if plan.network.works_by_hand:
        found["by_hand"] = times("by-hand", plan.by_hand_law_of[stages, kinds])
    if any(plan.failing):
        found["repair"] = _repair_lanes(plan, path, met, name, start, found)
    if plan.turns_back:
        law_of = plan.patience_law_of[stages, kinds]
        found["patience"] = np.where(law_of >= 0, times("patience", law_of), FOR_EVER)
    line = plan.line_of[stages, kinds].astype(np.int32)
    late = line if stream.late is None else np.where(stream.late >= 0, stream.late, line)
    age = _ages(plan, stream, name, start, count)
    batch = _Batch(come, path, np.stack((line, late)), met, found, age)
    # there are gaps where trucks that booked come in other blocks, or not at all
    return batch if count == come.number.size else batch.part(come.number - start)


def _ages(plan: Plan, stream: Stream, name: str, start: int, count: int) -> Ticks | None:
    """Return (trucks,) the time since loading at the arrival; None if no class has an age."""
    if not any(shelf and shelf.age for shelf in plan.shelf):
        return None
    shelf = plan.shelf[stream.kind // 2]
    if shelf is None or shelf.age is None:
        return np.zeros(count, np.int64)
    return shelf.age.ticks(uniforms(f"{name}/age", start, count))


def _times(plan: Plan, path: Path, met: Mask, name: str, start: int, law_of_visit: Indices) -> Ticks:
    """Return (trucks, visits): a time from the law of each visit that is met; 0 where a visit has no law."""
    ticks = np.zeros(met.shape, np.int64)
    for v, visit in enumerate(path.visits):
        if law_of_visit[v] >= 0:
            goes = met[:, v]
            uniform = uniforms(name.format(visit.name), start, met.shape[0])
            ticks[goes, v] = plan.laws[law_of_visit[v]].ticks(uniform[goes])
    return ticks


def _repair_lanes(plan: Plan, path: Path, met: Mask, name: str, start: int, times: dict[str, Ticks]) -> Ticks:
    """Add what breakdowns do to the services in `times` (trucks, visits), and return the time under repair.

    A service by hand, while a link is down, meets the same breakdowns.
    """
    services = [times[what] for what in ("service", "by_hand") if what in times]
    repair = np.zeros(met.shape, np.int64)
    for v, visit in enumerate(path.visits):
        bare = times["service"][:, v].copy()
        for failing in plan.failing[plan.stages.index(visit.stage)]:
            stream = f"{name}/{visit.name}/breakdown/{failing.name}"
            mended, lost = struck(failing, bare, stream, start, met[:, v])
            repair[:, v] += mended
            for service in services:
                service[:, v] += mended + lost
    return repair


def _repair_units(plan: Plan, path: Path, met: Mask, name: str, start: int, service: Ticks, comes_back: Ticks) -> None:
    """Add the repair of units given back to the time that they need to come back (trucks, visits).

    They run while a truck that holds them is served, and on their way back.
    """
    for v, visit in enumerate(path.visits):
        way_back = comes_back[:, v].copy()
        for back in plan.return_failing[plan.stages.index(visit.stage)]:
            taken = max((w for w in range(v) if path.visits[w].stage in back.taken_at), default=v)
            running = service[:, taken : v + 1].sum(axis=1) + way_back
            stream = f"{name}/{visit.name}/breakdown/{back.pool}/{back.failing.name}"
            comes_back[:, v] += struck(back.failing, running, stream, start, met[:, v])[0]


def _met(path: Path, name: str, start: int, count: int) -> Mask:
    """Return (trucks, visits): which visits each truck makes."""
    taken = [_alternative(decision, f"{name}/{decision.name}", start, count) for decision in path.decisions]
    met = np.ones((count, len(path.visits)), np.bool_)
    for v, visit in enumerate(path.visits):
        for decision, alternatives in visit.when:
            met[:, v] &= np.isin(taken[decision], list(alternatives))
        for made in visit.needs:
            met[:, v] &= met[:, made]
        if visit.share < 1:
            met[:, v] &= uniforms(f"{name}/{visit.name}/share", start, count) < visit.share
    met[:, : path.begins] = False
    return met


def _alternative(decision: Decision, name: str, start: int, count: int) -> npt.NDArray[np.int64]:
    """Return the alternative each truck takes, as if it met the decision (conditions are on the visits)."""
    return pick(decision.shares, uniforms(name, start, count))


def _merge(plan: Plan, batches: list[_Batch], missed: list[Comers]) -> Draws:
    """Put the trucks of all flows in order of (arrival, flow, number)."""
    sizes = [batch.come.number.size for batch in batches]
    arrival = np.concatenate([batch.come.arrival for batch in batches])
    if arrival.size > MAX_TRUCKS:
        raise ValueError(f"{arrival.size:,} trucks at once are too many; draw in shorter blocks")
    order = np.argsort(arrival, kind="stable")
    counts = np.concatenate([batch.met.sum(axis=1) for batch in batches])
    first = np.concatenate(([0], np.cumsum(counts[order])))
    rank = np.empty(arrival.size, np.int64)
    rank[order] = np.arange(arrival.size)
    visits = int(first[-1])
    line = np.empty(visits, np.int32)
    times = {name: np.empty(visits, np.int64) for name in batches[0].times}
    forks = any(batch.path.forks for batch in batches)
    onward, other, rule = (np.empty(visits if forks else 0, np.int64) for _ in range(3))
    both_ways = any(batch.path.second_released is not None for batch in batches)
    released, turned = np.empty(arrival.size, np.int64), np.empty(arrival.size, np.int64)
    second = np.full(arrival.size if both_ways else 0, -1)
    offset = 0
    for batch, size in zip(batches, sizes, strict=True):
        here = rank[offset : offset + size]
        row, met, late = first[here], batch.met, batch.come.how != BOOKED
        for name, ticks in batch.times.items():
            _place(met, ticks, batch.line, late, row, line, times[name])
        if forks:
            _place_forks(met, *_ways(batch.path), row, Ways(onward, other, rule))
        turned[here] = row + met[:, : batch.path.turned].sum(axis=1)
        ahead = met[:, : batch.path.released].sum(axis=1)
        released[here] = np.where(ahead > 0, row + ahead - 1, -1)
        if batch.path.second_released is not None:
            back = met[:, batch.path.goes_back].any(axis=1)
            second[here] = np.where(back, row + met[:, : batch.path.second_released].sum(axis=1) - 1, -1)
            turned[here] = np.where(back, row + met.sum(axis=1), turned[here])
        offset += size
    ages = [batch.age for batch in batches if batch.age is not None]
    draws = Draws(
        arrival=arrival[order],
        flow=np.repeat(np.arange(len(batches), dtype=np.int32), sizes)[order],
        number=np.concatenate([batch.come.number for batch in batches])[order],
        first=first,
        released=released,
        turned=turned,
        line=line,
        onward=onward,
        other=other,
        rule=rule,
        service=times["service"],
        comes_back=times.get("comes_back", _nothing()),
        by_hand=times.get("by_hand", _nothing()),
        patience=times.get("patience", _nothing()),
        repair=times.get("repair", _nothing()),
        second=second,
        age=np.concatenate(ages)[order] if ages else _nothing(),
    )
    return _booked(draws, batches, missed, order) if plan.bookings else draws


def _booked(draws: Draws, batches: list[_Batch], missed: list[Comers], order: npt.NDArray[np.int64]) -> Draws:
    """Return the draws with what booking made of those who come, and with those who do not, by the time missed."""
    tick = np.concatenate([away.arrival for away in missed])
    turn = np.argsort(tick, kind="stable")
    return dataclasses.replace(
        draws,
        asked=np.concatenate([batch.come.asked for batch in batches])[order],
        how=np.concatenate([batch.come.how for batch in batches])[order],
        missed_tick=tick[turn],
        missed_flow=np.repeat(np.arange(len(missed)), [away.number.size for away in missed])[turn],
        missed_why=np.concatenate([away.how for away in missed])[turn],
    )


class Ways(NamedTuple):
    """How visits follow each other, by visit of a path or by row: see `Draws`."""

    onward: Ticks
    other: Ticks
    rule: Ticks


def _ways(path: Path) -> Ways:
    """Return how the visits of a path follow each other, each alternative by what comes after all of them."""
    visits = len(path.visits)
    onward, other, rule = np.arange(1, visits + 1), np.full(visits, -1), np.zeros(visits, np.int64)
    for fork in path.forks:
        for head, end, sibling in zip(fork.heads, fork.ends, (*fork.heads[1:], -1), strict=True):
            onward[end - 1] = fork.ends[-1]
            if fork.open:
                other[head], rule[head] = sibling, fork.rule
    return Ways(onward, other, rule)


@kernel
def _place(
    met: Mask,
    service: Ticks,
    line_of_visit: Indices,
    late: Mask,
    row: npt.NDArray[np.int64],
    line_out: Indices,
    service_out: Ticks,
) -> None:
    """Copy each truck's visits that are met to its rows."""
    for truck in range(met.shape[0]):
        at = row[truck]
        for visit in range(met.shape[1]):
            if met[truck, visit]:
                line_out[at] = line_of_visit[int(late[truck]), visit]
                service_out[at] = service[truck, visit]
                at += 1


@kernel
def _place_forks(met: npt.NDArray[np.bool_], onward: Ticks, other: Ticks, rule: Ticks, row: Ticks, out: Ways) -> None:
    """Write to the rows of each truck which row follows, and what it has to choose from."""
    visits = met.shape[1]
    for truck in range(met.shape[0]):
        at = row[truck]
        for visit in range(visits):
            if not met[truck, visit]:
                continue
            follows = onward[visit]
            while follows < visits and not met[truck, follows]:
                follows = onward[follows]
            out.onward[at] = at + _rows_between(met, truck, visit, follows)
            out.other[at] = at + _rows_between(met, truck, visit, other[visit]) if other[visit] >= 0 else -1
            out.rule[at] = rule[visit]
            at += 1


@step
def _rows_between(met: npt.NDArray[np.bool_], truck: int, start: int, end: int) -> int:
    """Return how many visits of a truck are met from `start` to before `end`."""
    rows = 0
    for visit in range(start, end):
        rows += met[truck, visit]
    return rows


def same_draws(a: Draws, b: Draws) -> bool:
    """Tell whether two sets of draws are equal, value by value."""
    names = [field.name for field in fields(Draws) if field.name != "outages"]
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in names) and all(
        np.array_equal(getattr(a.outages, name), getattr(b.outages, name)) for name in Outages._fields
    )
