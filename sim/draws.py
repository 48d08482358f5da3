"""All the luck of a run, drawn before it: arrivals, paths and service times of every truck.

One uniform number stands behind each value. It is found by its name (seed, replication, stream, number of the
truck within its flow), never by its place in a sequence, so a change of the gate leaves the luck of every other
value alone: truck 17 of a flow is the same truck in every scenario (common random numbers).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace

import numpy as np
import numpy.typing as npt

from sim.booking import BOOKED, Comers, Desk, nobody
from sim.breakdowns import struck
from sim.clock import Ticks
from sim.comings import Cursor, comings
from sim.jit import kernel
from sim.paths import Decision, Path
from sim.plan import MAX_TRUCKS, Indices, Plan, Stream
from sim.uniforms import pick, uniforms

Mask = npt.NDArray[np.bool_]


def _nothing() -> npt.NDArray[np.int64]:
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
    repair: Ticks
    """(visits,) time of the service under repair [tick]; no entries if no stage has breakdowns."""
    second: npt.NDArray[np.int64]
    """(trucks,) visit row after which the second load of a truck is released; -1 if it has none."""
    age: Ticks = field(default_factory=_nothing)
    """(trucks,) time since loading at the arrival [tick]; no entries if no class has an age."""
    asked: Ticks = field(default_factory=_nothing)
    """(trucks,) when a truck would have come without booking [tick]; no entries if nobody books."""
    how: npt.NDArray[np.int64] = field(default_factory=_nothing)
    """(trucks,) how it comes: `sim.booking.UNBOOKED`, `BOOKED` or `WITHOUT`; no entries if nobody books."""
    missed_tick: Ticks = field(default_factory=_nothing)
    """(trucks that do not come,) the tick at which they are missed."""
    missed_flow: npt.NDArray[np.int64] = field(default_factory=_nothing)
    """(trucks that do not come,) index of the flow."""
    missed_why: npt.NDArray[np.int64] = field(default_factory=_nothing)
    """(trucks that do not come,) `sim.booking.NO_SHOW` or `NO_SLOT`."""

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
        yield _merge(plan, [_batch(plan, *which) for which in zip(plan.streams, names, come, strict=True)], missed)


@dataclass(frozen=True, eq=False)
class _Batch:
    """Trucks of one flow; `met`, `service`, `comes_back` and `repair` are (trucks, visits of the path)."""

    come: Comers
    path: Path
    line: Indices
    """(2, visits) line joined; in the second row by trucks that come without a slot."""
    met: Mask
    service: Ticks
    comes_back: Ticks | None
    repair: Ticks | None
    age: Ticks | None

    def part(self, rows: npt.NDArray[np.int64]) -> _Batch:
        """Return some rows of all that is drawn by truck."""

        def some(values: npt.NDArray[np.int64] | None) -> npt.NDArray[np.int64] | None:
            return None if values is None else values[rows]

        return replace(
            self,
            met=self.met[rows],
            service=self.service[rows],
            comes_back=some(self.comes_back),
            repair=some(self.repair),
            age=some(self.age),
        )


def _batch(plan: Plan, stream: Stream, name: str, come: Comers) -> _Batch:
    start = int(come.number[0]) if come.number.size else 0
    count = int(come.number[-1]) - start + 1 if come.number.size else 0
    path, kinds = stream.path, plan.kinds_of(stream)
    stages = [plan.stages.index(visit.stage) for visit in path.visits]
    met = _met(path, name, start, count)
    service = _times(plan, path, met, f"{name}/{{}}/service", start, plan.law_of[stages, kinds])
    comes_back = None
    if plan.network.comes_back.any():
        comes_back = _times(plan, path, met, f"{name}/{{}}/comes-back", start, plan.return_law_of[stages])
        _repair_units(plan, path, met, name, start, service, comes_back)
    repair = _repair_lanes(plan, path, met, name, start, service) if any(plan.failing) else None
    age = None
    if any(shelf and shelf.age for shelf in plan.shelf):
        shelf = plan.shelf[stream.kind // 2]
        law = shelf.age if shelf else None
        age = np.zeros(count, np.int64) if law is None else law.ticks(uniforms(f"{name}/age", start, count))
    line = plan.line_of[stages, kinds].astype(np.int32)
    late = line if stream.late is None else np.where(stream.late >= 0, stream.late, line)
    batch = _Batch(come, path, np.stack((line, late)), met, service, comes_back, repair, age)
    # there are gaps where trucks that booked come in other blocks, or not at all
    return batch if count == come.number.size else batch.part(come.number - start)


def _times(plan: Plan, path: Path, met: Mask, name: str, start: int, law_of_visit: Indices) -> Ticks:
    """Return (trucks, visits): a time from the law of each visit that is met; 0 where a visit has no law."""
    ticks = np.zeros(met.shape, np.int64)
    for v, visit in enumerate(path.visits):
        if law_of_visit[v] >= 0:
            goes = met[:, v]
            uniform = uniforms(name.format(visit.name), start, met.shape[0])
            ticks[goes, v] = plan.laws[law_of_visit[v]].ticks(uniform[goes])
    return ticks


def _repair_lanes(plan: Plan, path: Path, met: Mask, name: str, start: int, service: Ticks) -> Ticks:
    """Add what breakdowns do to `service` (trucks, visits), and return the time under repair."""
    repair = np.zeros(service.shape, np.int64)
    for v, visit in enumerate(path.visits):
        bare = service[:, v].copy()
        for failing in plan.failing[plan.stages.index(visit.stage)]:
            stream = f"{name}/{visit.name}/breakdown/{failing.name}"
            mended, lost = struck(failing, bare, stream, start, met[:, v])
            repair[:, v] += mended
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
    line, service = np.empty(first[-1], np.int32), np.empty(first[-1], np.int64)
    returning = any(batch.comes_back is not None for batch in batches)
    comes_back = np.empty(first[-1] if returning else 0, np.int64)
    mending = any(batch.repair is not None for batch in batches)
    repair = np.empty(first[-1] if mending else 0, np.int64)
    released, turned, second = (np.empty(arrival.size, np.int64) for _ in range(3))
    offset = 0
    for batch, size in zip(batches, sizes, strict=True):
        here = slice(offset, offset + size)
        row = first[rank[here]]
        late = batch.come.how != BOOKED
        _place(batch.met, batch.service, batch.line, late, row, line, service)
        if batch.comes_back is not None:
            _place(batch.met, batch.comes_back, batch.line, late, row, line, comes_back)
        if batch.repair is not None:
            _place(batch.met, batch.repair, batch.line, late, row, line, repair)
        turned[rank[here]] = row + batch.met[:, : batch.path.turned].sum(axis=1)
        ahead = batch.met[:, : batch.path.released].sum(axis=1)
        released[rank[here]] = np.where(ahead > 0, row + ahead - 1, -1)
        second[rank[here]] = -1
        if batch.path.second_released is not None:
            back = batch.met[:, batch.path.goes_back].any(axis=1)
            ahead = batch.met[:, : batch.path.second_released].sum(axis=1)
            second[rank[here]] = np.where(back, row + ahead - 1, -1)
            turned[rank[here]] = np.where(back, row + batch.met.sum(axis=1), turned[rank[here]])
        offset += size
    ages = [batch.age for batch in batches if batch.age is not None]
    flow = np.repeat(np.arange(len(batches), dtype=np.int32), sizes)
    number = np.concatenate([batch.come.number for batch in batches])
    return Draws(
        arrival=arrival[order],
        flow=flow[order],
        number=number[order],
        first=first,
        released=released,
        turned=turned,
        line=line,
        service=service,
        comes_back=comes_back,
        repair=repair,
        second=second,
        age=np.concatenate(ages)[order] if ages else _nothing(),
        **(_booked(batches, missed, order) if plan.bookings else {}),
    )


def _booked(
    batches: list[_Batch], missed: list[Comers], order: npt.NDArray[np.int64]
) -> dict[str, npt.NDArray[np.int64]]:
    """Return what booking made of the trucks, those who come in `order`, and those who do not by the time missed."""
    tick = np.concatenate([away.arrival for away in missed])
    turn = np.argsort(tick, kind="stable")
    return {
        "asked": np.concatenate([batch.come.asked for batch in batches])[order],
        "how": np.concatenate([batch.come.how for batch in batches])[order],
        "missed_tick": tick[turn],
        "missed_flow": np.repeat(np.arange(len(missed)), [away.number.size for away in missed])[turn],
        "missed_why": np.concatenate([away.how for away in missed])[turn],
    }


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


def same_draws(a: Draws, b: Draws) -> bool:
    """Tell whether two sets of draws are equal, value by value."""
    return all(np.array_equal(getattr(a, f.name), getattr(b, f.name)) for f in fields(Draws))
