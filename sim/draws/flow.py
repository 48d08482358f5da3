"""What is drawn for the trucks of one flow: which visits each makes, and what each visit takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sim.clock import Ticks
from sim.draws.booking import BOOKED, FlowTrucks
from sim.draws.breakdowns import draw_failures
from sim.draws.columns import COLUMNS, FOR_EVER, Column, Counts, Mask
from sim.draws.uniforms import pick, uniforms
from sim.draws.visits import lines_joined
from sim.plan.arrivals import NOT_GIVEN
from sim.plan.paths import Decision, Path
from sim.plan.plan import Plan, Stream


@dataclass(frozen=True, eq=False)
class FlowDraws:
    """What is drawn for the trucks of one flow."""

    path: Path
    made: Mask
    """(trucks, visits of the path) which visits each truck makes."""
    by_truck: dict[str, npt.NDArray[Any]]
    """Columns of `Draws` -> (trucks,)."""
    by_visit: dict[str, npt.NDArray[Any]]
    """Columns of `Draws` -> (trucks, visits of the path)."""


def draw_flow(plan: Plan, stream: Stream, name: str, trucks: FlowTrucks) -> FlowDraws:
    """Draw for the given trucks of a flow; `name` names its random numbers."""
    start = int(trucks.number[0]) if trucks.number.size else 0
    count = int(trucks.number[-1]) - start + 1 if trucks.number.size else 0
    made = _visits_made(stream, name, start, count)
    by_visit: dict[str, npt.NDArray[Any]] = {**_times(plan, stream, name, start, made)}
    by_truck = {"age": _ages(plan, stream, name, start, count)} if COLUMNS["age"].needed(plan) else {}
    if count > trucks.number.size:  # others between them booked and come in other blocks, or not at all
        here = trucks.number - start
        made = made[here]
        by_visit = {column: values[here] for column, values in by_visit.items()}
        by_truck = {column: values[here] for column, values in by_truck.items()}
    by_truck |= {"arrival": trucks.arrival, "number": trucks.number}
    if plan.bookings:
        by_truck |= {"intended_arrival": trucks.intended_arrival, "booking": trucks.booking}
    if plan.limits_stays:
        by_visit["gives_up"] = _give_up(stream, name, trucks, made.shape)
    by_visit["line"] = lines_joined(plan, stream, made, trucks.booking != BOOKED)
    return FlowDraws(stream.path, made, by_truck, by_visit)


def _give_up(stream: Stream, name: str, trucks: FlowTrucks, shape: tuple[int, ...]) -> Ticks:
    """Return (trucks, visits): when a truck that waits for a visit turns back, since its arrival was long ago."""
    ticks = np.full(shape, FOR_EVER, np.int64)
    if stream.patience is None or not trucks.number.size:
        return ticks
    start, count = int(trucks.number[0]), int(trucks.number[-1] - trucks.number[0]) + 1
    here = trucks.number - start
    uniform = uniforms(f"{name}/stay", start, count)[here]
    if stream.waited is None:
        left = stream.patience.ticks(uniform)
    else:
        left = stream.patience.left_after(stream.waited.ticks(uniforms(f"{name}/waited", start, count)[here]), uniform)
    ticks[:, stream.may_turn_back] = (trucks.arrival + left)[:, None]
    return ticks


def _visits_made(stream: Stream, name: str, start: int, count: int) -> Mask:
    """Return (trucks, visits): which visits each truck makes."""
    path, given = stream.path, stream.given
    alternatives = [_alternative(decision, f"{name}/{decision.name}", start, count) for decision in path.decisions]
    for number, taken in given.alternative.items() if given else ():
        alternatives[number] = _as_given(taken, start, alternatives[number])
    made = np.ones((count, len(path.visits)), np.bool_)
    for v, visit in enumerate(path.visits):
        for decision, wanted in visit.when:
            made[:, v] &= np.isin(alternatives[decision], list(wanted))
        for earlier in visit.needs:
            made[:, v] &= made[:, earlier]
        if visit.share < 1:
            drawn = uniforms(f"{name}/{visit.name}/share", start, count) < visit.share
            made[:, v] &= _as_given(given.makes[v], start, drawn) if given and v in given.makes else drawn
    made[:, : path.begins] = False
    return made


def _alternative(decision: Decision, name: str, start: int, count: int) -> npt.NDArray[np.int64]:
    """Return the alternative each truck takes, as if it met the decision (conditions are on the visits)."""
    return pick(decision.shares, uniforms(name, start, count))


def _as_given(given: Counts, start: int, drawn: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return what a trace gives of the trucks from number `start` on; what is drawn where it gives nothing."""
    mine = given[start : start + drawn.size]
    return np.where(mine == NOT_GIVEN, drawn, mine).astype(drawn.dtype)


def _ages(plan: Plan, stream: Stream, name: str, start: int, count: int) -> Ticks:
    """Return (trucks,) the time since loading at the arrival."""
    shelf = plan.shelf[stream.kind // 2]
    if shelf is None or shelf.age is None:
        return np.zeros(count, np.int64)
    return shelf.age.ticks(uniforms(f"{name}/age", start, count))


def _times(plan: Plan, stream: Stream, name: str, start: int, made: Mask) -> dict[str, Ticks]:
    """Return the columns of times by visit that the plan needs, each (trucks, visits)."""
    times = {
        column.name: _column(plan, stream, column, name, start, made)
        for column in COLUMNS.values()
        if column.stream and column.needed(plan)
    }
    _take_given_services(stream, start, times)
    if "comes_back" in times:
        _add_repair_of_units(plan, stream.path, made, name, start, times)
    if COLUMNS["repair"].needed(plan):
        times["repair"] = _repair_of_lanes(plan, stream.path, made, name, start, times)
        _take_given_services(stream, start, times)
    return times


def _take_given_services(stream: Stream, start: int, times: dict[str, Ticks]) -> None:
    """Put services of a trace in place of drawn ones; what repairs added to them is in them."""
    for v, given in stream.given.service.items() if stream.given else ():
        service = times["service"][:, v]
        mine = given[start : start + service.size]
        service[:] = _as_given(given, start, service)
        if "repair" in times:
            times["repair"][mine != NOT_GIVEN, v] = 0


def _column(plan: Plan, stream: Stream, column: Column, name: str, start: int, made: Mask) -> Ticks:
    """Return (trucks, visits): a time from the distribution of each visit that is made; neutral where it has none."""
    ticks = np.full(made.shape, column.neutral, np.int64)
    for v, (visit, kind) in enumerate(zip(stream.path.visits, plan.kinds_of(stream), strict=True)):
        number = plan.sampler_of[column.name][plan.stages.index(visit.stage), kind]
        if number >= 0:
            uniform = uniforms(f"{name}/{visit.name}/{column.stream}", start, made.shape[0])
            ticks[made[:, v], v] = plan.samplers[number].ticks(uniform[made[:, v]])
    return ticks


def _repair_of_lanes(plan: Plan, path: Path, made: Mask, name: str, start: int, times: dict[str, Ticks]) -> Ticks:
    """Add what breakdowns do to the services in `times` (trucks, visits), and return the time under repair.

    A service by hand, while a link is down, meets the same breakdowns.
    """
    services = [times[column] for column in ("service", "service_by_hand") if column in times]
    all_repair = np.zeros(made.shape, np.int64)
    for v, visit in enumerate(path.visits):
        running = times["service"][:, v].copy()
        for failing in plan.failing[plan.stages.index(visit.stage)]:
            stream = f"{name}/{visit.name}/breakdown/{failing.name}"
            repair, lost = draw_failures(failing, running, stream, start, made[:, v])
            all_repair[:, v] += repair
            for service in services:
                service[:, v] += repair + lost
    return all_repair


def _add_repair_of_units(plan: Plan, path: Path, made: Mask, name: str, start: int, times: dict[str, Ticks]) -> None:
    """Add the repair of units given back to the time that they need to come back.

    They run while a truck that holds them is served, and on their way back.
    """
    service, comes_back = times["service"], times["comes_back"]
    for v, visit in enumerate(path.visits):
        way_back = comes_back[:, v].copy()
        for back in plan.return_failing[plan.stages.index(visit.stage)]:
            taken = max((w for w in range(v) if path.visits[w].stage in back.taken_at), default=v)
            running = service[:, taken : v + 1].sum(axis=1) + way_back
            stream = f"{name}/{visit.name}/breakdown/{back.pool}/{back.failing.name}"
            comes_back[:, v] += draw_failures(back.failing, running, stream, start, made[:, v])[0]
