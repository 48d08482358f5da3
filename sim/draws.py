"""All the luck of a run, drawn before it: arrivals, paths and service times of every truck.

One uniform number stands behind each value. It is found by its name (seed, replication, stream, number of the
truck within its flow), never by its place in a sequence, so a change of the gate leaves the luck of every other
value alone: truck 17 of a flow is the same truck in every scenario (common random numbers).
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sim.clock import Ticks
from sim.jit import kernel, step
from sim.outages import NO_OUTAGES, Outages, Source
from sim.paths import Decision, Path
from sim.plan import MAX_TRUCKS, Indices, Plan, Stream

Floats = npt.NDArray[np.float64]
FOR_EVER = 1 << 50
"""Patience of a truck that never turns back [tick]."""
_VALUES_PER_COUNT = 4  # a Philox counter yields four 64-bit numbers


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
    """(visits,) service time [tick]."""
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
    """(visits,) rule by which the truck chooses, where a row is the first of an alternative (`sim.paths`); else 0."""
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


@dataclass(frozen=True)
class _Cursor:
    """Where the arrivals of a flow stand: the next truck's number, and the unit-rate time before it."""

    number: int = 0
    units: float = 0.0


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
    outages = _outages(plan.outages, f"{seed}/{replication}", plan.end)
    cursors = [_Cursor() for _ in plan.streams]
    for tick in until:
        batches = []
        for n, stream in enumerate(plan.streams):
            name = f"{seed}/{replication}/{stream.name}"
            batch, cursors[n] = _batch(plan, stream, name, cursors[n], tick)
            batches.append(batch)
        yield dataclasses.replace(_merge(batches), outages=outages)


def uniforms(name: str, start: int, count: int) -> Floats:
    """Return the uniform numbers in (0, 1) with numbers `start` to `start + count - 1` of a named stream.

    Counter-based generator Philox 4x64 (Salmon et al. 2011), keyed by a hash of the name.
    """
    key = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=16).digest(), "little")
    skip = start % _VALUES_PER_COUNT
    generator = np.random.Philox(key=key)
    generator.advance(start // _VALUES_PER_COUNT)
    raw = generator.random_raw(count + skip)[skip:]
    return ((raw >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


@dataclass(frozen=True, eq=False)
class _Batch:
    """Trucks of one flow; `met` is (trucks, visits of the path)."""

    arrival: Ticks
    start: int
    path: Path
    line: Indices
    met: npt.NDArray[np.bool_]
    times: dict[str, Ticks]
    """What is drawn for visits: entries of `Draws` -> (trucks, visits) [tick]."""


def _batch(plan: Plan, stream: Stream, name: str, cursor: _Cursor, until: int) -> tuple[_Batch, _Cursor]:
    arrival, after = _arrivals(stream, f"{name}/arrival", cursor, until)
    count, path = arrival.size, stream.path
    if count > MAX_TRUCKS:
        raise ValueError(f"flow {stream.name}: {count:,} trucks at once are too many; draw in shorter blocks")
    kinds = [stream.kind + visit.empty for visit in path.visits]
    stages = [plan.stages.index(visit.stage) for visit in path.visits]
    met = _met(path, name, cursor.number, count)
    times = {"service": _times(plan, path, met, f"{name}/{{}}/service", cursor.number, plan.law_of[stages, kinds])}
    if plan.network.comes_back.any():
        law_of = plan.return_law_of[stages]
        times["comes_back"] = _times(plan, path, met, f"{name}/{{}}/comes-back", cursor.number, law_of)
    if plan.network.by_hand_without.size:
        law_of = plan.by_hand_law_of[stages, kinds]
        times["by_hand"] = _times(plan, path, met, f"{name}/{{}}/by-hand", cursor.number, law_of)
    if plan.turns_back:
        law_of = plan.patience_law_of[stages, kinds]
        patience = _times(plan, path, met, f"{name}/{{}}/patience", cursor.number, law_of)
        times["patience"] = np.where(law_of >= 0, patience, FOR_EVER)
    line = plan.line_of[stages, kinds].astype(np.int32)
    return _Batch(arrival, cursor.number, path, line, met, times), after


def _outages(sources: Sequence[Source], name: str, end: int) -> Outages:
    """Return the outages of each source that start before the end of the run."""
    found = [_outages_of(source, f"{name}/outage/{source.name}", end) for source in sources]
    if not found:
        return NO_OUTAGES
    return Outages(
        np.repeat(np.arange(len(found), dtype=np.int32), [start.size for start, _ in found]),
        np.concatenate([start for start, _ in found]),
        np.concatenate([stop for _, stop in found]),
    )


def _outages_of(source: Source, name: str, end: int) -> tuple[Ticks, Ticks]:
    starts, stops, at, number = [], [], 0, 0
    while at < end:
        many = 64
        up = source.every.ticks(uniforms(f"{name}/every", number, many))
        down = source.lasts.ticks(uniforms(f"{name}/lasts", number, many))
        stop = at + np.cumsum(np.maximum(up + down, 1))  # time goes on, whatever the laws say
        starts.append(stop - down)
        stops.append(stop)
        at, number = int(stop[-1]), number + many
    start, stop = np.concatenate(starts), np.concatenate(stops)
    real = (start < end) & (start < stop)
    return start[real], np.minimum(stop[real], end)


def _times(plan: Plan, path: Path, met: npt.NDArray[np.bool_], name: str, start: int, law_of_visit: Indices) -> Ticks:
    """Return (trucks, visits): a time from the law of each visit that is met; 0 where a visit has no law."""
    ticks = np.zeros(met.shape, np.int64)
    for v, visit in enumerate(path.visits):
        if law_of_visit[v] >= 0:
            goes = met[:, v]
            uniform = uniforms(name.format(visit.name), start, met.shape[0])
            ticks[goes, v] = plan.laws[law_of_visit[v]].ticks(uniform[goes])
    return ticks


def _arrivals(stream: Stream, name: str, cursor: _Cursor, until: int) -> tuple[Ticks, _Cursor]:
    """Return the arrivals before `until` that come after the cursor, and where the flow then stands."""
    limit = stream.rate.before(until)
    ticks: list[Ticks] = []
    while True:
        expected = limit - cursor.units
        if expected <= 0:
            break
        count = int(expected + 4 * np.sqrt(expected) + 16)
        gaps = -np.log(uniforms(name, cursor.number, count))
        units = np.cumsum(np.concatenate(([cursor.units], gaps)))[1:]
        arrival = stream.rate.ticks(units)
        here = int(np.searchsorted(np.maximum.accumulate(np.where(units < limit, arrival, until)), until))
        ticks.append(arrival[:here])
        if here:
            cursor = _Cursor(cursor.number + here, float(units[here - 1]))
        if here < count:
            break
    return (np.concatenate(ticks) if ticks else np.empty(0, np.int64)), cursor


def _met(path: Path, name: str, start: int, count: int) -> npt.NDArray[np.bool_]:
    """Return (trucks, visits): which visits each truck makes."""
    taken = [_alternative(decision, f"{name}/{decision.name}", start, count) for decision in path.decisions]
    met = np.ones((count, len(path.visits)), np.bool_)
    for v, visit in enumerate(path.visits):
        for decision, alternatives in visit.when:
            met[:, v] &= np.isin(taken[decision], list(alternatives))
        if visit.share < 1:
            met[:, v] &= uniforms(f"{name}/{visit.name}/share", start, count) < visit.share
    return met


def _alternative(decision: Decision, name: str, start: int, count: int) -> npt.NDArray[np.int64]:
    """Return the alternative each truck takes, as if it met the decision (conditions are on the visits)."""
    borders = np.cumsum(decision.shares)
    borders[-1] = 1.0
    return np.searchsorted(borders, uniforms(name, start, count), side="right")


def _merge(batches: list[_Batch]) -> Draws:
    """Put the trucks of all flows in order of (arrival, flow, number)."""
    sizes = [batch.arrival.size for batch in batches]
    arrival = np.concatenate([batch.arrival for batch in batches])
    if arrival.size > MAX_TRUCKS:
        raise ValueError(f"{arrival.size:,} trucks at once are too many; draw in shorter blocks")
    order = np.argsort(arrival, kind="stable")
    counts = np.concatenate([batch.met.sum(axis=1) for batch in batches])
    first = np.concatenate(([0], np.cumsum(counts[order])))
    rank = np.empty(arrival.size, np.int64)
    rank[order] = np.arange(arrival.size)
    visits = int(first[-1])
    line = np.empty(visits, np.int32)
    times = {name: np.empty(visits, np.int64) for name in batches[0].times} if batches else {}
    forks = any(batch.path.forks for batch in batches)
    onward, other, rule = (np.empty(visits if forks else 0, np.int64) for _ in range(3))
    released, turned = np.empty(arrival.size, np.int64), np.empty(arrival.size, np.int64)
    offset = 0
    for batch, size in zip(batches, sizes, strict=True):
        here = slice(offset, offset + size)
        row = first[rank[here]]
        for name, ticks in batch.times.items():
            _place(batch.met, ticks, batch.line, row, line, times[name])
        if forks:
            _place_forks(batch.met, *_ways(batch.path), row, Ways(onward, other, rule))
        turned[rank[here]] = row + batch.met[:, : batch.path.turned].sum(axis=1)
        ahead = batch.met[:, : batch.path.released].sum(axis=1)
        released[rank[here]] = np.where(ahead > 0, row + ahead - 1, -1)
        offset += size
    flow = np.repeat(np.arange(len(batches), dtype=np.int32), sizes)
    number = np.concatenate([np.arange(b.start, b.start + b.arrival.size) for b in batches])
    return Draws(
        arrival=arrival[order],
        flow=flow[order],
        number=number[order],
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
            other[head], rule[head] = sibling, fork.rule
    return Ways(onward, other, rule)


@kernel
def _place(
    met: npt.NDArray[np.bool_],
    service: Ticks,
    line_of_visit: Indices,
    row: npt.NDArray[np.int64],
    line_out: Indices,
    service_out: Ticks,
) -> None:
    """Copy each truck's visits that are met to its rows."""
    for truck in range(met.shape[0]):
        at = row[truck]
        for visit in range(met.shape[1]):
            if met[truck, visit]:
                line_out[at] = line_of_visit[visit]
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
