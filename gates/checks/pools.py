"""Checks of pools and areas: who uses them, and that each truck gives back what it took."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping

from gates.checks.paths import stages_visited
from gates.checks.register import Findings, finding, rule, unknown, unused
from gates.findings import Place, nearest
from gates.schema.base import MOST_LANES, UNLIMITED
from gates.schema.gate import Gate
from gates.schema.paths import Visit, WrittenPath
from gates.schema.quantities import Spans, metres_text
from gates.schema.resources import Pool, Shift
from gates.schema.stages import Stage

_USES = ("needs", "takes", "gives")

# Pools.


def _uses(stage: Stage) -> Iterator[tuple[str, str, int]]:
    """(`needs`, `takes` or `gives`; pool; units) of all that a stage says about pools."""
    for use in _USES:
        units: Mapping[str, int] = getattr(stage, use)
        yield from ((use, pool, count) for pool, count in units.items())


@rule("pools.*")
def stage_pools(gate: Gate) -> Findings:
    """A stage needs, takes and gives units of pools of the gate."""
    for name, stage in gate.stages.items():
        for use, pool, _ in _uses(stage):
            if pool not in gate.pools:
                yield unknown(("stages", name, use, pool), pool, "pool", gate.pools)


@rule("stages.*.needs.**", "stages.*.takes.**", "stages.*.gives.**")
def unused_pools(gate: Gate) -> Findings:
    """Every pool is used by a stage."""
    for name in unused(gate.pools, [pool for stage in gate.stages.values() for _, pool, _ in _uses(stage)]):
        yield finding(("pools", name), "", "no stage uses it", "Name it in `needs` of a stage, or remove the pool.")


def most_on_duty(pool: Pool) -> int:
    """The most units that are ever on duty at once."""
    return max(_most_at_once(zip(day, pool.shifts, strict=True)) for day in _days_of_duty(pool))


def _most_at_once(shifts: Iterable[tuple[Spans, Shift]]) -> int:
    """The most units on duty at once on a day, from the windows of each shift."""
    windows = [(start, end, shift.units) for spans, shift in shifts for start, end in spans]
    return max((sum(units for start, end, units in windows if start <= at < end) for at, _, _ in windows), default=0)


def _days_of_duty(pool: Pool) -> Iterator[list[Spans]]:
    """The windows of all shifts on each kind of day: weekdays, single dates, public holidays."""
    hours = [shift.hours for shift in pool.shifts]
    places = sorted({place for each in hours for place, _ in each.holidays})
    for number in range(7):
        yield [each.on_weekday(number) for each in hours]
        yield from ([dict(each.holidays).get(place, each.on_weekday(number)) for each in hours] for place in places)
    for date in sorted({date for each in hours for date, _ in each.dates}):
        yield [each.on(date) for each in hours]


@rule("pools.*.shifts.**")
def units_on_duty(gate: Gate) -> Findings:
    """A stage uses no more units than are ever on duty."""
    for name, stage in gate.stages.items():
        for use, pool, units in _uses(stage):
            most = most_on_duty(gate.pools[pool]) if pool in gate.pools else units
            if use != "gives" and units > most:
                remedy = f"Use at most {most}, or put more on duty at once."
                yield finding(("stages", name, use, pool), units, "more than are ever on duty", remedy)


@rule("pools.*.shifts.**", "stages.*.lanes.**", "stages.*.needs.**")
def officers_of_a_reserve(gate: Gate) -> Findings:
    """Lanes that the queue opens find units on duty, beside the other lanes of the stage that keep the same hours."""
    for name, stage in gate.stages.items():
        for n, group in enumerate(stage.lane_groups()):
            for pool, units in stage.needs.items() if group.opens is not None else ():
                if group.lanes == UNLIMITED:
                    continue
                hours = group.hours or stage.hours
                others = sum(
                    other.lanes
                    for other in stage.lane_groups()
                    if other is not group and (other.hours or stage.hours) == hours and other.lanes != UNLIMITED
                )
                most = most_on_duty(gate.pools[pool]) // units if pool in gate.pools else MOST_LANES
                if others + group.lanes > most:
                    spare = most - others
                    problem = f"{pool} can staff {most} lanes at once, and {others} others are open at these hours"
                    remedy = f"Use at most {spare}, or put more" if spare > 0 else "Put more"
                    yield finding(
                        ("stages", name, "lanes", n, "lanes"), group.lanes, problem, f"{remedy} of {pool} on duty."
                    )


@rule()
def one_use_of_a_pool(gate: Gate) -> Findings:
    """A service gives back at its end what it needs: the same stage cannot also take or give it."""
    for name, stage in gate.stages.items():
        for use, pool, units in _uses(stage):
            if use != "needs" and pool in stage.needs:
                yield finding(("stages", name, use, pool), units, f"{pool} is also in `needs`", "Keep one of the two.")


@rule(
    "pools.*.comes_back.**",
    "pools.*.charging.**",
    "pools.*.breakdowns.**",
    "stages.*.needs.**",
    "stages.*.gives.**",
)
def one_way_back(gate: Gate) -> Findings:
    """At the end of a service, units of one pool at most need time to come back."""
    for name, stage in gate.stages.items():
        back = [pool for use, pool, _ in _uses(stage) if use != "takes" and pool in gate.pools]
        slow = [pool for pool in dict.fromkeys(back) if gate.pools[pool].takes_time]
        if len(slow) > 1:
            remedy = "Give them back at separate stages, one pool at each."
            yield finding(
                ("stages", name), ", ".join(slow), "more than one pool whose units take time to return", remedy
            )


@rule()
def charging_ranges(gate: Gate) -> Findings:
    """A unit gets through a trip before it must charge."""
    for name, pool in gate.pools.items():
        if pool.charging is not None and pool.charging.trip > pool.charging.range:
            remedy = f"Use at most {metres_text(pool.charging.range)}, or a longer range."
            value = metres_text(pool.charging.trip)
            yield finding(("pools", name, "charging", "trip"), value, "longer than the range", remedy)


# What trucks hold from one stage to another.


@dataclasses.dataclass(frozen=True)
class _PossibleVisit:
    """A visit that a class of vehicles can make, with its conditions: who takes must be who gives back."""

    place: Place
    stage: str
    share: float
    when: tuple[tuple[str, frozenset[str]], ...]


def _visits(path: WrittenPath, vehicle_class: str) -> Iterator[_PossibleVisit]:
    """The visits that trucks of a class can make, each with its conditions."""
    for placed in path.walk():
        if isinstance(visit := placed.step, Visit) and (share := visit.share_of(vehicle_class)) > 0:
            chosen = [(alternative.choice.choose, frozenset([alternative.name])) for alternative in placed.inside]
            named = [(choice, frozenset(names)) for choice, names in visit.when.items()]
            yield _PossibleVisit(placed.place_of_stage, visit.stage, share, (*chosen, *named))


Mistake = tuple[Place, str, str, str]
"""(place, pool, problem, remedy) of what trucks hold."""


def _held(
    visits: Iterator[_PossibleVisit], vehicle_class: str, stages: Mapping[str, Stage], pools: Mapping[str, Pool]
) -> Iterator[Mistake]:
    """What is wrong with what the trucks of a class take and give back on their path."""
    held: dict[str, tuple[int, _PossibleVisit]] = {}
    for visit in visits:
        stage = stages.get(visit.stage) or stages.get(nearest(visit.stage, stages) or "")
        if stage is None:
            continue
        impatient = stage.patience is not None or vehicle_class in stage.patience_for
        if held and (impatient or stage.turns_away_at is not None):
            remedy = "Let them give it back first, or let no truck turn back here."
            yield visit.place, ", ".join(held), "hold it and may turn back here", remedy
        for pool, units in _meant(stage.gives, pools).items():
            taken, at = held.pop(pool, (0, visit))
            if not taken:
                remedy = "Let an earlier stage of their path take it, or give nothing back here."
                yield visit.place, pool, "have not taken it before", remedy
            elif taken != units:
                yield visit.place, pool, f"took {taken} and give back {units}", f"Give back {taken}."
            elif (at.share, at.when) != (visit.share, visit.when) or visit.share < 1:
                remedy = "Let all of them visit both stages, or write the same `when` at both."
                yield visit.place, pool, "that give it back may not be those that took it", remedy
        for pool, units in _meant(stage.takes, pools).items():
            if pool in held:
                yield visit.place, pool, "already hold it", "Let a stage in between give it back."
            else:
                held[pool] = units, visit
    for pool, (_, at) in held.items():
        yield at.place, pool, "never give it back", "Let a later stage of their path give it back."


def _meant(uses: Mapping[str, int], pools: Mapping[str, Pool]) -> dict[str, int]:
    """Pool -> units, with typos in names corrected: they have findings of their own."""
    return {(pool if pool in pools else nearest(pool, pools) or pool): units for pool, units in uses.items()}


@rule(
    "paths.**",
    "two_way.**",
    "stages.*.takes.**",
    "stages.*.gives.**",
    "flows.*.class",
    "flows.*.direction",
)
def held_units(gate: Gate) -> Findings:
    """Each truck gives back what it took, once, and nothing that it did not take."""
    for path in gate.written_paths():
        flowing = {flow.vehicle_class for flow in gate.flows.values() if flow.direction == path.direction}
        mistakes: dict[Mistake, list[str]] = {}
        for name in [path.two_way.vehicle_class] if path.two_way else sorted(flowing):
            for mistake in _held(_visits(path, name), name, gate.stages, gate.pools):
                mistakes.setdefault(mistake, []).append(name)
        for (place, pool, problem, remedy), names in mistakes.items():
            yield finding(place, pool, f"{', '.join(names)} trucks {problem}", remedy)


# Areas.


@rule("stages.*")
def area_stages(gate: Gate) -> Findings:
    """An area holds stages of the gate."""
    for name, area in gate.areas.items():
        for n, stage in enumerate(area.stages):
            if stage not in gate.stages:
                yield unknown(("areas", name, "stages", n), stage, "stage", gate.stages)


@rule()
def one_area_of_a_stage(gate: Gate) -> Findings:
    """A stage lies in one area at most."""
    seen: dict[str, str] = {}
    for name, area in gate.areas.items():
        for n, stage in enumerate(area.stages):
            if stage in seen:
                problem = "named twice" if seen[stage] == name else f"also in the area {seen[stage]}"
                yield finding(("areas", name, "stages", n), stage, problem, "Keep one of the two.")
            seen.setdefault(stage, name)


@rule("classes.*")
def kept_out_classes(gate: Gate) -> Findings:
    """An area keeps out classes of the gate."""
    for name, area in gate.areas.items():
        for n, vehicle_class in enumerate(area.keeps_out or []):
            if vehicle_class not in gate.classes:
                yield unknown(("areas", name, "keeps_out", n), vehicle_class, "vehicle class", gate.classes)


@rule("areas.*.spaces")
def reopening_areas(gate: Gate) -> Findings:
    """An area opens again with fewer trucks inside than it has spaces."""
    for name, area in gate.areas.items():
        if area.reopens_at is not None and area.reopens_at >= area.spaces:
            remedy = f"Use at most {area.spaces - 1}."
            yield finding(("areas", name, "reopens_at"), area.reopens_at, "not below the number of spaces", remedy)


@rule("areas.**")
def road_outside(gate: Gate) -> Findings:
    """Trucks wait outside only if there is an area that can be full."""
    if gate.road_per_truck is not None and not gate.areas:
        remedy = "Add an area, or remove this."
        yield finding(
            ("road_per_truck",),
            metres_text(gate.road_per_truck),
            "trucks wait outside only because of a full area, and there is no area",
            remedy,
        )


@rule("paths.**", "areas.*.stages.**", "stages.*")
def unused_areas(gate: Gate) -> Findings:
    """Every area has a stage that a path visits."""
    unvisited = unused(gate.stages, stages_visited(gate))
    for name, area in gate.areas.items():
        if all(stage in unvisited for stage in area.stages):
            remedy = "Add one of its stages to a path, or remove the area."
            yield finding(("areas", name), "", "no path visits its stages", remedy)
