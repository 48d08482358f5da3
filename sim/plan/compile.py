"""From a scenario to a plan: all that the draws, the engines and the metrics look up, as flat arrays."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from gates.files.load import refuse_unsound
from gates.schema.borders.composed import ComposedGate
from gates.schema.borders.model import Border
from gates.schema.demand import VehicleClass
from gates.schema.gate import Gate
from gates.schema.resources import Breakdown, Pool
from gates.schema.scenario import Scenario
from gates.schema.stages import Stage
from sim.arrays import Indices
from sim.clock import TICKS_PER_DAY, TICKS_PER_SECOND, ticks_of
from sim.plan.arrivals import NOBODY_COMES, arrival_rate
from sim.plan.borders.compose import composed
from sim.plan.borders.trades import with_trade
from sim.plan.borders.ways import scenarios_of_gates
from sim.plan.distribution_index import TIMES, SamplerIndex, mean_service
from sim.plan.distributions import sampler
from sim.plan.failures import Failing
from sim.plan.network import Line, area_that_keeps_out, enters_freely, network_of
from sim.plan.paths import Path, PathVisit, begin_at, paths_by_class
from sim.plan.plan import (
    EMPTY_PRIORITY,
    ONE_BY_ONE,
    GroupSizes,
    HourKeeping,
    Kind,
    Paths,
    Plan,
    Returning,
    Shelf,
    Stream,
    Worth,
)
from sim.plan.slots import Slots
from sim.plan.supply import (
    directed_groups,
    lane_groups,
    outage_sources,
    units_on_duty,
    work_clocks,
)
from sim.plan.timetable import scenario_days, union
from sim.plan.work_clocks import clocks


def compile_plan(scenario: Scenario, *, check_gate: bool = True) -> Plan:
    """Compile `scenario` to arrays.

    Parameters
    ----------
    check_gate
        Whether the gate is checked first, unless it was. A worker leaves it out, whose gate was checked before it was
        sent, and a test of the engines that looks at an odd gate.

    Raises
    ------
    ConfigError
        If the gate is not one that a file could hold.
    """
    gate = scenario.gate
    if isinstance(gate, ComposedGate):
        return _plan_of_border(scenario, gate.border)
    if check_gate:
        refuse_unsound(gate)
    return _plan_of_gate(scenario)


def _plan_of_border(scenario: Scenario, border: Border) -> Plan:
    plans = {name: _plan_of_gate(part) for name, part in scenarios_of_gates(border, scenario).items()}
    side = border.end_of_day.side if border.board is None else border.board.side
    return with_trade(composed(plans), border, scenario_days(scenario, side))


def _plan_of_gate(scenario: Scenario) -> Plan:
    gate = scenario.gate
    days = scenario_days(scenario, gate.end_of_day.side)
    end = int(days.midnight[scenario.days_simulated])
    kinds = _kinds(gate)
    paths: Paths = {
        (direction, name): path for direction in gate.paths for name, path in paths_by_class(gate, direction).items()
    }
    for (_, vehicle_class), path in paths.items():
        _check_held(gate, vehicle_class, path)
    stages = tuple(gate.stages)
    groups = lane_groups(scenario, stages, end)
    admitted = _admitted(gate, kinds, stages)
    line_of, lines = _lines(gate, kinds, stages, paths, admitted)
    index = SamplerIndex()
    sampler_of = {column: index.of_kinds(gate, line_of, kinds, time) for column, time in TIMES.items()}
    means = mean_service(index.samplers, sampler_of["service"], line_of, lines)
    on_duty = units_on_duty(scenario, end)
    clock_of_group = work_clocks(scenario, groups)
    first = scenario.warmup_days
    return Plan(
        network=network_of(gate, lines, groups, on_duty, means, clocks(clock_of_group)),
        stages=stages,
        kinds=kinds,
        streams=tuple(_streams(scenario, kinds, paths, lines, admitted)),
        groups=groups,
        line_of=line_of,
        line_kept_out=_lines_kept_out(lines, len(gate.areas)),
        line_windows=tuple(union([groups.windows[g] for g in line.groups]) for line in lines),
        samplers=tuple(index.samplers),
        sampler_of=sampler_of,
        failing=tuple(tuple(_failing(breakdown) for breakdown in stage.breakdowns) for stage in gate.stages.values()),
        return_failing=tuple(_return_failing(gate, stage) for stage in gate.stages.values()),
        shelf=tuple(_shelf(gate.classes[kind.vehicle_class]) for kind in kinds[::2]),
        worth=tuple(_worth(gate.classes[kind.vehicle_class]) for kind in kinds[::2]),
        hour_keeping=_hour_keeping(gate),
        wait_target=np.array([_wait_target(stage) for stage in gate.stages.values()], np.int64),
        ageing=np.array([stage.ageing for stage in gate.stages.values()]),
        bookings=tuple(_slots(scenario, name) for name in gate.booking),
        pools=(*gate.pools, *gate.links),
        links=tuple(gate.links),
        on_duty=tuple(on_duty),
        areas=tuple(gate.areas),
        road_m=tuple(area.road_per_truck for area in gate.areas.values()),
        outside_road_m={} if gate.road_per_truck is None else dict.fromkeys(gate.paths, gate.road_per_truck),
        load_t=np.array([gate.classes[kind.vehicle_class].load for kind in kinds[::2]], np.float64),
        clock_of_group=clock_of_group,
        outages=tuple(outage_sources(gate, groups)),
        warmup=int(days.midnight[first]),
        end=end,
        days=days,
        zones={side: ZoneInfo(zone) for side, zone in gate.sides.items()},
        bulletin=np.array([days.at(d, gate.end_of_day.at) for d in range(first, scenario.days_simulated)], np.int64),
        across=_across(gate) if gate.end_of_day.counts == "until-crossing" else {},
    )


def _across(gate: Gate) -> dict[str, npt.NDArray[np.bool_]]:
    """Return, by direction, which stages are not on the side that its trucks come from."""
    sides = np.array([stage.side for stage in gate.stages.values()])
    return {direction: sides != side for direction, side in gate.origin.items()}


def _wait_target(stage: Stage) -> int:
    return -1 if stage.wait_target is None else ticks_of(stage.wait_target)


def _kinds(gate: Gate) -> tuple[Kind, ...]:
    pairs = sorted({(flow.vehicle_class, flow.direction) for flow in gate.flows.values()})
    return tuple(Kind(name, direction, empty) for name, direction in pairs for empty in (False, True))


def _streams(
    scenario: Scenario,
    kinds: tuple[Kind, ...],
    paths: Paths,
    lines: list[Line],
    admitted: dict[tuple[int, int], tuple[int, ...]],
) -> list[Stream]:
    gate = scenario.gate
    streams = []
    for name, flow in gate.flows.items():
        days = scenario_days(scenario, gate.origin[flow.direction])
        rate = arrival_rate(gate, name, days, scenario.demand)
        kind = kinds.index(Kind(flow.vehicle_class, flow.direction, False))
        groups = GroupSizes(tuple(flow.groups), tuple(flow.groups.values())) if flow.groups else ONE_BY_ONE
        path = paths[flow.direction, flow.vehicle_class]
        without_slot = None
        if any(name in booking.flows for booking in gate.booking.values()):
            own_lines = [_line_without_slot(gate, name, kind, visit, admitted) for visit in path.visits]
            without_slot = np.array([-1 if line is None else lines.index(line) for line in own_lines], np.int32)
        stream = Stream(name, kind, path, rate, groups, without_slot)
        streams.append(_with_patience(gate, flow.vehicle_class, stream))
    return streams + _standing(gate, kinds, paths)


def _with_patience(gate: Gate, vehicle_class: str, stream: Stream) -> Stream:
    """Return the stream with the patience of its class over the whole stay, if it has one."""
    patience = gate.classes[vehicle_class].patience
    if patience is None:
        return stream
    may_turn_back, held = [], set[str]()
    for n, visit in enumerate(stream.path.visits):
        stage = gate.stages[visit.stage]
        may_turn_back.append(n < stream.path.released and not visit.empty and not held)
        held = (held - stage.gives.keys()) | stage.takes.keys()
    return replace(stream, patience=sampler(patience), may_turn_back=np.array(may_turn_back, np.bool_))


def _standing(gate: Gate, kinds: tuple[Kind, ...], paths: Paths) -> list[Stream]:
    """Return the trucks that stand in line at tick 0, each entry of the file as a stream of its own."""
    streams = []
    for entry in gate.initial:
        name = f"{'empty ' if entry.empty else ''}{entry.vehicle_class} {entry.direction} at {entry.stage}"
        path = begin_at(paths[entry.direction, entry.vehicle_class], entry.stage, empty=entry.empty)
        kind = kinds.index(Kind(entry.vehicle_class, entry.direction, False))
        stream = Stream(name, kind, path, NOBODY_COMES, standing=entry.trucks, waited=sampler(entry.waited))
        streams.append(_with_patience(gate, entry.vehicle_class, stream))
    return streams


def _slots(scenario: Scenario, name: str) -> Slots:
    booking = scenario.gate.booking[name]
    more = 2 + math.ceil(booking.latest)  # who asks on the last days looks for slots after them
    days = scenario_days(scenario, booking.side, more)
    length = ticks_of(booking.slot)
    windows = [
        (days.at(d, opens), days.at(d, closes))
        for d, date in enumerate(days.dates)
        for opens, closes in booking.hours.on(date)
    ]
    start = np.array([at for a, b in windows for at in range(a, b - length + 1, length)], np.int64)
    waits = booking.without == "wait"
    return Slots(
        name=name,
        start=start,
        end=start + length,
        capacity=booking.capacity,
        streams=tuple(n for n, flow in enumerate(scenario.gate.flows) if flow in booking.flows),
        share=booking.share,
        early=round(booking.early * TICKS_PER_SECOND),
        offset=sampler(booking.offset),
        no_show=booking.no_show,
        latest=-1 if waits else round(booking.latest * TICKS_PER_DAY),
        comes=booking.without == "come",
    )


def _admitted(gate: Gate, kinds: tuple[Kind, ...], stages: tuple[str, ...]) -> dict[tuple[int, int], tuple[int, ...]]:
    """Return the lane groups that admit each (stage, kind), in the order of the file."""
    admitted: dict[tuple[int, int], tuple[int, ...]] = {}
    offset = 0
    for s, name in enumerate(stages):
        groups = directed_groups(gate.stages[name])
        for k, kind in enumerate(kinds):
            admitted[s, k] = tuple(
                offset + n
                for n, group in enumerate(groups)
                if group.admits(kind.vehicle_class, kind.direction, empty=kind.empty)
            )
        offset += len(groups)
    return admitted


def _lines(
    gate: Gate,
    kinds: tuple[Kind, ...],
    stages: tuple[str, ...],
    paths: Paths,
    admitted: dict[tuple[int, int], tuple[int, ...]],
) -> tuple[Indices, list[Line]]:
    wanted: dict[tuple[int, int], Line] = {}
    kept_out: set[Line] = set()
    for own, path in paths.items():
        for n, visit in enumerate(path.visits):
            direction, vehicle_class = own if visit.second is None else visit.second[::-1]
            kind = Kind(vehicle_class, direction, visit.empty)
            s, k = stages.index(visit.stage), kinds.index(kind)
            if not admitted[s, k]:
                what = f"{'empty' if kind.empty else 'loaded'} {kind.vehicle_class} {kind.direction}"
                raise ValueError(f"no lane group of stage {visit.stage} admits {what} trucks; add one")
            priority = EMPTY_PRIORITY if kind.empty else gate.classes[vehicle_class].priority
            wanted[s, k] = Line(s, priority, admitted[s, k], enters_freely(gate, visit.stage, vehicle_class))
            kept_out.update(_kept_out(gate, own[1], path, n, wanted[s, k]))
    without_slot: set[Line] = set()
    for name in {flow for booking in gate.booking.values() for flow in booking.flows if flow in gate.flows}:
        flow = gate.flows[name]
        kind_of_flow = kinds.index(Kind(flow.vehicle_class, flow.direction, False))
        path = paths[flow.direction, flow.vehicle_class]
        for n, visit in enumerate(path.visits):
            line = _line_without_slot(gate, name, kind_of_flow, visit, admitted)
            if line is not None:
                without_slot.add(line)
                kept_out.update(_kept_out(gate, flow.vehicle_class, path, n, line))
    lines = sorted({*wanted.values(), *without_slot, *kept_out})
    line_of = np.full((len(stages), len(kinds)), -1, np.int32)
    for (s, k), line in wanted.items():
        line_of[s, k] = lines.index(line)
    return line_of, lines


def _kept_out(gate: Gate, vehicle_class: str, path: Path, n: int, line: Line) -> Iterator[Line]:
    """Yield the lines of the trucks of a line that areas behind visit `n` of their path keep out."""
    for visit in path.visits[n + 1 :]:
        loaded_with = vehicle_class if visit.second is None else visit.second[0]
        area = area_that_keeps_out(gate, visit.stage, loaded_with)
        if area >= 0 and path.visits[n].stage not in list(gate.areas.values())[area].stages:
            yield replace(line, kept_out_of=area)
        if visit.share == 1 and not visit.when and not visit.needs and not path.forks:
            return


def _lines_kept_out(lines: list[Line], areas: int) -> Indices:
    """Return (lines, areas) the line of the same trucks where the area is their next one and keeps them out; or -1."""
    kept_out = np.full((len(lines), areas), -1, np.int32)
    for n, line in enumerate(lines):
        if line.kept_out_of >= 0:
            kept_out[lines.index(line.base), line.kept_out_of] = n
    return kept_out


def _line_without_slot(
    gate: Gate, flow: str, kind: int, visit: PathVisit, admitted: dict[tuple[int, int], tuple[int, ...]]
) -> Line | None:
    """Return the line that trucks of a flow join which come without a slot; None for that of their class."""
    priority = next(b.priority_without for b in gate.booking.values() if flow in b.flows)
    if priority is None or visit.empty or visit.second is not None:
        return None
    stage = list(gate.stages).index(visit.stage)
    freely = enters_freely(gate, visit.stage, gate.flows[flow].vehicle_class)
    return Line(stage, priority, admitted[stage, kind], freely)


def _check_held(gate: Gate, vehicle_class: str, path: Path) -> None:
    """Raise `ValueError` unless each truck gives back what it took, and gives nothing that it did not take."""
    held: dict[str, tuple[int, object]] = {}
    for visit in path.visits:
        stage, when = gate.stages[visit.stage], (visit.share, visit.when)
        if held and (stage.turns_away_at is not None or stage.patience_for.get(vehicle_class, stage.patience)):
            raise ValueError(f"trucks may turn back at stage {visit.stage} while they hold {', '.join(held)}")
        for pool, units in stage.gives.items():
            if held.pop(pool, None) != (units, when) or visit.share < 1:
                raise ValueError(f"stage {visit.stage} gives back {units} of {pool}: not what the truck took before")
        for pool, units in stage.takes.items():
            if pool in held:
                raise ValueError(f"stage {visit.stage} takes {pool} a second time; give it back first")
            held[pool] = (units, when)
    if held:
        raise ValueError(f"{', '.join(held)} taken on the path {path.direction} and never given back")


def _shelf(vehicle_class: VehicleClass) -> Shelf | None:
    if vehicle_class.shelf_life is None:
        return None
    life, least = (round(days * TICKS_PER_DAY) for days in (vehicle_class.shelf_life, vehicle_class.least_life))
    age = None if vehicle_class.age is None else sampler(vehicle_class.age)
    return Shelf(life, least, age, vehicle_class.load)


def _worth(vehicle_class: VehicleClass) -> Worth | None:
    if vehicle_class.value_usd is None:
        return None
    turned_back, curve = 1 - vehicle_class.value_turned_back, vehicle_class.value_lost_by_age
    if not curve:
        return Worth(vehicle_class.value_usd, turned_back, vehicle_class.value_lost_per_day)
    ages = (0, *(round(point.age * TICKS_PER_DAY) for point in curve))
    return Worth(vehicle_class.value_usd, turned_back, math.nan, (ages, (0.0, *(point.lost for point in curve))))


def _hour_keeping(gate: Gate) -> HourKeeping | None:
    if gate.money is None and gate.energy is None:
        return None
    stages = list(gate.stages.values())
    fleets = () if gate.energy is None else tuple(gate.energy.fleets)
    units = [[stage.takes.get(pool, stage.needs.get(pool, 0)) for pool in fleets] for stage in stages]
    return HourKeeping(
        hold=np.array([stage.hold for stage in stages], np.bool_),
        drive_m=np.array([round(stage.drive) for stage in stages], np.int64),
        on_road=np.array([stage.drive > 0 for stage in stages], np.bool_),
        fleets=fleets,
        fleet_units=np.array(units, np.int64).reshape(len(stages), len(fleets)),
    )


def _failing(breakdown: Breakdown) -> Failing:
    return Failing(
        name=breakdown.name,
        repair=sampler(breakdown.repair),
        per_tick=1 / (breakdown.running * TICKS_PER_SECOND) if breakdown.running else 0.0,
        per_use=1 / breakdown.uses if breakdown.uses else 0.0,
        restarts=breakdown.then != "resumes",
        hands_over=breakdown.then == "hands-over",
    )


def _return_failing(gate: Gate, stage: Stage) -> tuple[Returning, ...]:
    return tuple(
        Returning(name, frozenset(s for s, other in gate.stages.items() if name in other.takes), failing)
        for name in {**stage.needs, **stage.gives}
        for failing in _pool_failing(gate.pools[name])
    )


def _pool_failing(pool: Pool) -> list[Failing]:
    """Return what keeps units of a pool away after their way back: repairs, and stops to charge."""
    failing = [_failing(breakdown) for breakdown in pool.breakdowns]
    if pool.charging is not None:
        stop, per_use = sampler(pool.charging.takes), pool.charging.per_use
        failing.append(Failing("charging stop", stop, per_tick=0.0, per_use=per_use, restarts=False))
    return failing
