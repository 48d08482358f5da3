"""What is drawn for the trucks of one flow: which visits each makes, then what each visit takes, row by row."""

from __future__ import annotations

import dataclasses
import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sim.clock import Ticks
from sim.draws.booking import FlowTrucks
from sim.draws.breakdowns import draw_failures, draw_hand_over
from sim.draws.columns import COLUMNS, FOR_EVER, Column, Counts, Draws, Mask
from sim.draws.times import put_times
from sim.draws.uniforms import keys, pick, uniforms
from sim.jit import kernel
from sim.memory import once
from sim.plan.arrivals import NOT_GIVEN
from sim.plan.paths import Decision, Path
from sim.plan.plan import Plan, Stream


@dataclass(frozen=True, eq=False)
class Trips:
    """The trucks of one flow that come, and which visits each makes."""

    stream: Stream
    name: str
    """Names the random numbers of the flow."""
    trucks: FlowTrucks
    made: Mask
    """(visits of the path, trucks) which visits each truck makes."""
    own_name: str
    """Names the random numbers that a truck has at every gate to which it may come: those of its usual flow."""

    @property
    def path(self) -> Path:
        """The path of the trucks."""
        return self.stream.path

    @functools.cached_property
    def start(self) -> int:
        """Number of the first truck within the flow."""
        return int(self.trucks.number[0]) if self.trucks.number.size else 0

    @functools.cached_property
    def count(self) -> int:
        """How many numbers there are from the first truck to the last; others may come in other blocks, or never."""
        return int(self.trucks.number[-1]) - self.start + 1 if self.trucks.number.size else 0

    @functools.cached_property
    def here(self) -> Counts:
        """(trucks,) which of those numbers are there."""
        return np.asarray(self.trucks.number - self.start)


@dataclass(frozen=True, eq=False)
class Rows:
    """Which rows of the draws belong to the trucks of a flow."""

    trips: Trips
    first: Counts
    """(trucks,) first row of each truck."""

    @functools.cached_property
    def _before(self) -> Counts:
        """(visits + 1, trucks) how many visits each truck makes before each."""
        made = self.trips.made
        return np.concatenate((np.zeros((1, made.shape[1]), np.int64), np.cumsum(made, axis=0)))

    def of(self, visit: int) -> Counts:
        """Return the rows of a visit, of the trucks that make it."""
        made = self.trips.made[visit]
        return np.asarray(self.first[made] + self._before[visit, made])

    def by_number(self, column: npt.NDArray[Any], visit: int) -> npt.NDArray[Any]:
        """Return (numbers,) what a column holds for the visit of each truck; 0 for those who do not make it."""
        values = np.zeros(self.trips.count, column.dtype)
        values[self.numbers(visit)] = column[self.of(visit)]
        return values

    def numbers(self, visit: int) -> Counts:
        """Return which numbers, counted from that of the first truck, make the visit."""
        return np.asarray(self.trips.here[self.trips.made[visit]])

    def makes(self, visit: int) -> Mask:
        """Return (numbers,) who makes the visit."""
        makes = np.zeros(self.trips.count, np.bool_)
        makes[self.numbers(visit)] = True
        return makes


def trips_of(stream: Stream, name: str, trucks: FlowTrucks, own_name: str | None = None) -> Trips:
    """Draw which visits the given trucks of a flow make; `name` names its random numbers."""
    made = np.empty((len(stream.path.visits), 0), np.bool_)
    trips = Trips(stream, name, trucks, made, name if own_name is None else own_name)
    return dataclasses.replace(trips, made=_visits_made(trips))


def columns_by_truck(plan: Plan, trips: Trips) -> dict[str, npt.NDArray[Any]]:
    """Return columns of `Draws` -> (trucks,)."""
    trucks = trips.trucks
    columns: dict[str, npt.NDArray[Any]] = {"arrival": trucks.arrival, "number": trucks.number}
    if COLUMNS["age"].needed(plan):
        columns["age"] = _ages(plan, trips)
    if plan.bookings:
        columns |= {"intended_arrival": trucks.intended_arrival, "booking": trucks.booking}
    return columns


def fill_visits(plan: Plan, rows: Rows, draws: Draws) -> None:
    """Draw the columns by visit of a flow into its rows of `draws`, but for those of `sim.draws.merge`."""
    _fill_times(plan, rows, draws)
    if plan.limits_stays:
        _fill_give_up(rows, draws.gives_up)


def _fill_give_up(rows: Rows, gives_up: Ticks) -> None:
    """Write when a truck that waits for a visit turns back, since its arrival was long ago."""
    trips, stream = rows.trips, rows.trips.stream
    if stream.patience is None or stream.may_turn_back is None:
        put_ends_of_stay(trips.made, rows.first, np.zeros(len(trips.made), np.bool_), trips.trucks.arrival, gives_up)
        return
    uniform = uniforms(f"{trips.own_name}/stay", trips.start, trips.count)[trips.here]
    if stream.waited is None:
        left = stream.patience.ticks(uniform)
    else:
        waited = uniforms(f"{trips.name}/waited", trips.start, trips.count)[trips.here]
        left = stream.patience.left_after(stream.waited.ticks(waited), uniform)
    put_ends_of_stay(trips.made, rows.first, stream.may_turn_back, trips.trucks.arrival + left, gives_up)


@kernel
def put_ends_of_stay(made: Mask, row: Counts, may_turn_back: Mask, end: Ticks, out: Ticks) -> None:
    """Write the end (trucks,) of the stay of each truck to its rows; `FOR_EVER` where it may not turn back."""
    for truck in range(row.size):
        at = row[truck]
        for visit in range(made.shape[0]):
            if made[visit, truck]:
                out[at] = end[truck] if may_turn_back[visit] else FOR_EVER
                at += 1


def _visits_made(trips: Trips) -> Mask:
    """Return (visits, trucks): which visits each truck makes."""
    path, given, here = trips.path, trips.stream.given, trips.here
    alternatives = [_alternative(decision, f"{trips.name}/{decision.name}", trips) for decision in path.decisions]
    for number, taken in given.alternative.items() if given else ():
        alternatives[number] = _as_given(taken[trips.trucks.number], alternatives[number])
    made = np.ones((len(path.visits), here.size), np.bool_)
    for v, visit in enumerate(path.visits):
        for decision, wanted in visit.when:
            takes = np.zeros(len(path.decisions[decision].shares) + 1, np.bool_)
            takes[list(wanted)] = True
            made[v] &= takes[alternatives[decision]]
        for earlier in visit.needs:
            made[v] &= made[earlier]
        if visit.share < 1:
            drawn = uniforms(f"{trips.name}/{visit.name}/share", trips.start, trips.count)[here] < visit.share
            with_share = given and v in given.makes
            made[v] &= _as_given(given.makes[v][trips.trucks.number], drawn) if given and with_share else drawn
    made[: path.begins] = False
    return made


def _alternative(decision: Decision, name: str, trips: Trips) -> npt.NDArray[np.int64]:
    """Return the alternative each truck takes, as if it met the decision (conditions are on the visits)."""
    return pick(decision.shares, uniforms(name, trips.start, trips.count)[trips.here])


def _as_given(given: Counts, drawn: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return what a trace gives of each truck; what is drawn where it gives nothing."""
    return np.where(given == NOT_GIVEN, drawn, given).astype(drawn.dtype)


def _ages(plan: Plan, trips: Trips) -> Ticks:
    """Return (trucks,) the time since loading at the arrival."""
    shelf = plan.shelf[trips.stream.kind // 2]
    if shelf is None or shelf.age is None:
        return np.zeros(trips.here.size, np.int64)
    return shelf.age.ticks(uniforms(f"{trips.own_name}/age", trips.start, trips.count)[trips.here])


def _fill_times(plan: Plan, rows: Rows, draws: Draws) -> None:
    """Draw the columns of times by visit that the plan needs."""
    for column in COLUMNS.values():
        if column.stream and column.needed(plan):
            _fill_column(plan, rows, column, getattr(draws, column.name))
    _take_given_services(rows, draws)
    if draws.comes_back.size:
        _add_repair_of_units(plan, rows, draws)
    if draws.repair.size:
        _add_repair_of_lanes(plan, rows, draws)
        _take_given_services(rows, draws)


def _take_given_services(rows: Rows, draws: Draws) -> None:
    """Put services of a trace in place of drawn ones; what repairs added to them is in them."""
    trips = rows.trips
    for v, given in trips.stream.given.service.items() if trips.stream.given else ():
        mine, row = given[trips.trucks.number[trips.made[v]]], rows.of(v)
        draws.service[row] = _as_given(mine, draws.service[row])
        if draws.repair.size:
            draws.repair[row[mine != NOT_GIVEN]] = 0
        if draws.fails_after.size:
            draws.fails_after[row[mine != NOT_GIVEN]] = FOR_EVER


def _fill_column(plan: Plan, rows: Rows, column: Column, out: Ticks) -> None:
    """Draw a time from the distribution of each visit that is made; those without one get the neutral time."""
    trips = rows.trips
    sampler = _samplers(plan, trips.stream, column.name)
    names = keys(*[f"{trips.name}/{visit.name}/{column.stream}" for visit in trips.path.visits])
    put_times(plan, sampler, names, trips.trucks.number, trips.made, rows.first, out, column.neutral)


@once
def _samplers(plan: Plan, stream: Stream, column: str) -> Counts:
    """Return (visits,) the number of the sampler of a column at each visit of a flow; -1 for none."""
    stages = [plan.stages.index(visit.stage) for visit in stream.path.visits]
    return np.asarray(plan.sampler_of[column][stages, plan.kinds_of(stream)].astype(np.int64))


def _add_repair_of_lanes(plan: Plan, rows: Rows, draws: Draws) -> None:
    """Add what breakdowns do to the services, and write the time under repair.

    A service by hand, while a link is down, meets the same breakdowns.
    """
    trips = rows.trips
    services = [column for column in (draws.service, draws.service_by_hand) if column.size]
    for v, visit in enumerate(trips.path.visits):
        all_failing = plan.failing[plan.stages.index(visit.stage)]
        if not all_failing:
            continue
        running, makes, row, numbers = rows.by_number(draws.service, v), rows.makes(v), rows.of(v), rows.numbers(v)
        for failing in all_failing:
            stream = f"{trips.name}/{visit.name}/breakdown/{failing.name}"
            if failing.hands_over:
                after, out_for, repair, lost = draw_hand_over(failing, running, stream, trips.start, makes)
                draws.fails_after[row], draws.fails_for[row] = after[numbers], out_for[numbers]
            else:
                repair, lost = draw_failures(failing, running, stream, trips.start, makes)
            draws.repair[row] += repair[numbers]
            for service in services:
                service[row] += (repair + lost)[numbers]


def _add_repair_of_units(plan: Plan, rows: Rows, draws: Draws) -> None:
    """Add the repair of units given back to the time that they need to come back.

    They run while a truck that holds them is served, and on their way back.
    """
    trips, visits = rows.trips, rows.trips.path.visits
    for v, visit in enumerate(visits):
        all_failing = plan.return_failing[plan.stages.index(visit.stage)]
        if not all_failing:
            continue
        way_back = rows.by_number(draws.comes_back, v)
        for back in all_failing:
            taken = max((w for w in range(v) if visits[w].stage in back.taken_at), default=v)
            running = way_back + sum(rows.by_number(draws.service, w) for w in range(taken, v + 1))
            stream = f"{trips.name}/{visit.name}/breakdown/{back.pool}/{back.failing.name}"
            repair, _ = draw_failures(back.failing, running, stream, trips.start, rows.makes(v))
            draws.comes_back[rows.of(v)] += repair[rows.numbers(v)]
