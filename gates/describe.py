"""A gate laid out for people: tables of stages, flows, paths and numbers. Drawing them is the reader's."""

from __future__ import annotations

import dataclasses
import datetime as dt
import zoneinfo
from collections.abc import Iterator, Sequence

from gates.findings import path_text
from gates.schema.base import DirectionName, LanguageTag, Title
from gates.schema.calendar import CalendarEntry, Closure, Holidays, Slowdown
from gates.schema.demand import Flow, Profile, Standing
from gates.schema.distributions import Distribution
from gates.schema.gate import Gate
from gates.schema.hours import OpeningHours
from gates.schema.paths import Choice, Mark, Step, Visit
from gates.schema.quantities import (
    clock_text,
    megabits_text,
    metres_text,
    number_text,
    seconds_text,
    share_text,
)
from gates.schema.resources import Pool
from gates.schema.scenario import Scenario
from gates.schema.stages import LaneGroup, Stage
from gates.sources import SourcedNumber, every_number

_DAYS_AHEAD = 365
"""The sheet shows hours and dates of so many days from the gate's first day."""


@dataclasses.dataclass(frozen=True, slots=True)
class StageRow:
    """A stage, or one lane group of a stage that has several."""

    name: str
    """Stage, with the lane group after a slash."""
    title: str
    side: str
    lanes: str
    admits: str
    """Which trucks; empty for all."""
    hours: dict[str, str]
    """Side -> opening hours on that side's clock."""
    service: str
    """Mean service time, moving up included, with the law."""
    source: str
    """Ids of the sources of lanes, hours and service."""


@dataclasses.dataclass(frozen=True, slots=True)
class PoolRow:
    """A shift of a pool."""

    name: str
    title: str
    side: str
    units: str
    """On duty in this shift."""
    hours: dict[str, str]
    """Side -> hours of the shift on that side's clock."""
    users: str
    """Stages that need, take or give units, in words."""
    comes_back: str
    """Law of the time that a unit needs to come back, and its stops to charge; empty for none."""
    source: str
    """Ids of the sources of units, hours and the way back."""


@dataclasses.dataclass(frozen=True, slots=True)
class AreaRow:
    """An area of limited space."""

    name: str
    title: str
    spaces: str
    stages: tuple[str, ...]
    source: str


@dataclasses.dataclass(frozen=True, slots=True)
class FlowRow:
    """A flow."""

    name: str
    title: str
    direction: str
    per_day: str
    profile: str
    """When its trucks come, in words."""
    source: str


@dataclasses.dataclass(frozen=True, slots=True)
class PathRow:
    """A path in words: one line a step, inner steps indented by two spaces."""

    direction: str
    steps: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class GateSheet:
    """Everything that a person wants to see of a gate."""

    name: str
    title: str
    about: str
    start: str
    end_of_day: str
    sides: dict[str, str]
    """Side -> time zone."""
    stages: tuple[StageRow, ...]
    pools: tuple[PoolRow, ...]
    areas: tuple[AreaRow, ...]
    flows: tuple[FlowRow, ...]
    paths: tuple[PathRow, ...]
    calendar: tuple[str, ...]
    """Closures, public holidays and surges, in words."""
    initial: tuple[str, ...]
    """Trucks that stand in line at the start, in words."""
    links: tuple[str, ...]
    """Data networks and who sends over them, in words."""
    outages: tuple[str, ...]
    """What fails, and what goes down with it, in words."""
    numbers: tuple[SourcedNumber, ...]
    assumptions: int
    """Numbers that rest, at least in part, on an assumption."""
    unsourced: int
    """Numbers that say nothing about where they come from."""


def sheet(gate: Gate, language: LanguageTag = "en") -> GateSheet:
    """Lay out a gate.

    Parameters
    ----------
    gate
        The gate.
    language
        Language of the titles; where a title lacks it, English or the name stands.
    """
    numbers = tuple(every_number(gate))
    sources = {number.path: number for number in numbers}
    return GateSheet(
        name=gate.name,
        title=title_of(gate.title, gate.name, language),
        about=" ".join(gate.about.split()),
        start=gate.start.isoformat(),
        end_of_day=f"{clock_text(gate.end_of_day.at)} in {gate.sides[gate.end_of_day.side]}",
        sides=dict(gate.sides),
        stages=tuple(row for name in gate.stages for row in _stage_rows(gate, name, sources, language)),
        pools=tuple(row for name in gate.pools for row in _pool_rows(gate, name, sources, language)),
        areas=tuple(_area_row(gate, name, sources, language) for name in gate.areas),
        flows=tuple(_flow_row(gate, name, sources, language) for name in gate.flows),
        paths=tuple(PathRow(direction, tuple(_path_words(gate, direction))) for direction in gate.paths),
        calendar=tuple(_entry_words(gate, entry) for entry in gate.calendar),
        initial=tuple(_standing_words(entry) for entry in gate.initial),
        links=tuple(_link_words(gate, name, language) for name in gate.links),
        outages=tuple(_outage_words(gate, name, language) for name in gate.outages),
        numbers=numbers,
        assumptions=sum(number.is_assumption for number in numbers),
        unsourced=sum(not number.is_sourced for number in numbers),
    )


def _entry_words(gate: Gate, entry: CalendarEntry) -> str:
    """An entry of the calendar: `Tết 2026: 2026-02-15 to 2026-02-18`."""
    if isinstance(entry, Holidays):
        where = ", ".join(entry.stages or entry.sides or [entry.country])
        which = "" if entry.only is None else f" ({', '.join(entry.only)})"
        last = gate.start + dt.timedelta(days=_DAYS_AHEAD - 1)
        days = ", ".join(day.isoformat() for day in entry.days(gate.start, last)) or "no day"
        words = f"{entry.name}: public holidays of {entry.holidays}{which} at {where}{_shorter(entry)}"
        return f"{words}; in the year from {gate.start.isoformat()}: {days}"
    if isinstance(entry, Closure):
        return f"{entry.name}: {_closure_days(entry)}{_shorter(entry)}"
    words = f"{entry.name}: {entry.first.isoformat()} to {entry.last.isoformat()}"
    if isinstance(entry, Slowdown):
        touched = [*(entry.sides or []), *(entry.stages or [])]
        times = f"{number_text(entry.service_times)} times the service times"
        return f"{words}, {times}" + (f" of {', '.join(touched)}" if touched else "")
    touched = [*(entry.flows or []), *(entry.classes or []), *(entry.directions or [])]
    return f"{words}, {number_text(entry.demand)} times the arrivals" + (f" of {', '.join(touched)}" if touched else "")


def _closure_days(entry: Closure) -> str:
    """The days of a closure: `sat, sun (1, last of the month) from 2026-02-01, every year`."""
    words = [", ".join(entry.weekdays)] if entry.weekdays else []
    words += [f"({', '.join(map(str, entry.weeks))} of the month)"] if entry.weeks else []
    if entry.first and entry.last:
        words.append(f"{entry.first.isoformat()} to {entry.last.isoformat()}")
    else:
        words += [f"from {entry.first.isoformat()}"] if entry.first else []
        words += [f"until {entry.last.isoformat()}"] if entry.last else []
    return " ".join(words) + (", every year" if entry.yearly else "")


def outside_text(scenario: Scenario) -> str:
    """A sentence on the entries of the calendar that touch no simulated day; empty if there are none."""
    first = scenario.first_simulated
    last = first + dt.timedelta(days=scenario.days_simulated - 1)
    names = [entry.name for entry in scenario.gate.calendar if not entry.days(first, last)]
    if not names:
        return ""
    touch = "entry of the calendar touches" if len(names) == 1 else "entries of the calendar touch"
    listed = ", ".join(dict.fromkeys(names))
    return f"{len(names)} {touch} no day from {first.isoformat()} to {last.isoformat()}: {listed}."


def _shorter(entry: Closure | Holidays) -> str:
    return "" if entry.hours is None else f", open within {entry.hours}"


def _link_words(gate: Gate, name: str, language: LanguageTag) -> str:
    """A link: `4G: 27 Mbit/s a device, 40 Mbit/s in all, 50 ms round trip; kiosk-in`."""
    link = gate.links[name]
    users = [stage for stage, found in gate.stages.items() if found.sends and found.sends.link == name]
    rates = f"{megabits_text(link.uplink)} a device, {megabits_text(link.shared_uplink)} for video in all"
    trip = f"{number_text(round(link.round_trip * 1000, 3))} ms round trip"
    return f"{title_of(link.title, name, language)}: {rates}, {trip}; {', '.join(users)}"


def _outage_words(gate: Gate, name: str, language: LanguageTag) -> str:
    """An outage: `Storm: constant 48 h after exponential, mean 12,000 h without one; kiosk-in, 4g`."""
    outage = gate.outages[name]
    down = ", ".join([*outage.stages, *outage.pools, *outage.links])
    some = "each on its own: " if outage.each else f"{outage.units} of each: " if outage.units else ""
    words = f"{law_text(outage.lasts)} after {law_text(outage.every)} without one"
    return f"{title_of(outage.title, name, language)}: {words}; {some}{down}"


def _standing_words(entry: Standing) -> str:
    load = "empty " if entry.empty else ""
    return f"{entry.stage}: {entry.trucks:,} {load}{entry.vehicle_class} {entry.direction}"


def title_of(title: Title, name: str, language: LanguageTag = "en") -> str:
    """The title in a language, or the English one, or the name."""
    return title.get(language) or title.get("en") or name


# Stages.


def _stage_rows(gate: Gate, name: str, sources: dict[str, SourcedNumber], language: LanguageTag) -> list[StageRow]:
    stage = gate.stages[name]
    groups = stage.lane_groups()
    return [
        StageRow(
            name=name if len(groups) == 1 else f"{name}/{group.name}",
            title=title_of(stage.title, name, language),
            side=stage.side,
            lanes=str(group.lanes),
            admits=_admits(group),
            hours=hours_on_clocks(gate, stage.side, group.hours or stage.hours),
            service=_service(stage),
            source=_ids(sources, f"stages.{name}", _lane_paths(stage, n)),
        )
        for n, group in enumerate(groups)
    ]


def _lane_paths(stage: Stage, n: int) -> tuple[str, ...]:
    lanes = (f"lanes[{n}].lanes", f"lanes[{n}].hours") if isinstance(stage.lanes, list) else ("lanes",)
    return (*lanes, "hours", "service", "service_for", "move_up")


def _ids(sources: dict[str, SourcedNumber], holder: str, keys: Sequence[str]) -> str:
    """The ids of the numbers under some keys of a model, each once."""
    starts = tuple(f"{holder}.{key}" for key in keys)
    ids = [
        name
        for path, number in sources.items()
        if any(path == start or path.startswith(f"{start}.") for start in starts)
        for name in number.ids
    ]
    return ", ".join(dict.fromkeys(ids))


def _admits(group: LaneGroup) -> str:
    words: list[str] = [] if group.load == "any" else [group.load]
    words += [", ".join(group.classes)] if group.classes is not None else []
    words += [", ".join(group.directions)] if group.directions is not None else []
    return "; ".join(words)


def _service(stage: Stage) -> str:
    moving = f" + {seconds_text(stage.move_up)} to move up" if stage.move_up else ""
    others = [f"; {key} {law_text(law)}" for key, law in stage.service_for.items()]
    return law_text(stage.service) + "".join(others) + moving


def law_text(law: Distribution) -> str:
    """A law in words: `erlang, mean 15 s, shape 4`."""
    ((name, parameters),) = law.model_dump(mode="json").items()
    if isinstance(parameters, dict):
        return ", ".join([name, *(f"{key} {_plain(value)}" for key, value in parameters.items())])
    return f"{name}, {len(parameters)} values" if isinstance(parameters, list) else f"{name}, {parameters}"


def _plain(value: object) -> str:
    return number_text(value) if isinstance(value, int | float) else str(value)


def hours_on_clocks(gate: Gate, side: str, hours: OpeningHours) -> dict[str, str]:
    """Opening hours of a side as the clocks of all sides show them, in the year from the gate's first day.

    Where clocks change on one side and not on the other, the hours from each such day on follow those before.
    """
    return {other: "; ".join(_rows_on_clock(gate, side, other, hours)) for other in gate.sides}


def _rows_on_clock(gate: Gate, side: str, other: str, hours: OpeningHours) -> Iterator[str]:
    shown = ""
    for day, ahead in _differences(gate, side, other):
        text = str(hours.moved(ahead))
        if text != shown:
            yield f"from {day.isoformat()} {text}" if shown else text
        shown = text


def _differences(gate: Gate, side: str, other: str) -> Iterator[tuple[dt.date, int]]:
    """By how much the clock of another side is ahead [s]: on the gate's first day, and from where it changes on."""
    here, there = (zoneinfo.ZoneInfo(gate.sides[name]) for name in (side, other))
    last = None
    for day in (gate.start + dt.timedelta(days=n) for n in range(_DAYS_AHEAD)):
        ahead = _offset(there, day) - _offset(here, day)
        if ahead != last:
            yield day, ahead
        last = ahead


def _offset(zone: zoneinfo.ZoneInfo, day: dt.date) -> int:
    """Seconds by which a zone is ahead of UTC at noon of a day."""
    noon = dt.datetime.combine(day, dt.time(12), zone)
    return round((noon.utcoffset() or dt.timedelta()).total_seconds())


# Pools and areas.


def _pool_rows(gate: Gate, name: str, sources: dict[str, SourcedNumber], language: LanguageTag) -> list[PoolRow]:
    pool = gate.pools[name]
    return [
        PoolRow(
            name=name,
            title=title_of(pool.title, name, language),
            side=pool.side,
            units=str(shift.units),
            hours=hours_on_clocks(gate, pool.side, shift.hours),
            users=_users(gate, name),
            comes_back=_way_back(pool),
            source=_ids(
                sources,
                f"pools.{name}",
                (f"shifts[{n}].units", f"shifts[{n}].hours", "comes_back", "charging.range", "charging.takes"),
            ),
        )
        for n, shift in enumerate(pool.shifts)
    ]


def _way_back(pool: Pool) -> str:
    words = [] if pool.comes_back is None else [law_text(pool.comes_back)]
    if pool.charging is not None:
        every = metres_text(pool.charging.range)
        words.append(f"charges after {every}: {law_text(pool.charging.takes)}")
    return "; ".join(words)


def _users(gate: Gate, pool: str) -> str:
    """The stages that use a pool: `booth needs 1, crane takes 2`."""
    words = [
        f"{name} {use} {units[pool]}"
        for name, stage in gate.stages.items()
        for use, units in (("needs", stage.needs), ("takes", stage.takes), ("gives", stage.gives))
        if pool in units
    ]
    return ", ".join(words)


def _area_row(gate: Gate, name: str, sources: dict[str, SourcedNumber], language: LanguageTag) -> AreaRow:
    area = gate.areas[name]
    return AreaRow(
        name=name,
        title=title_of(area.title, name, language),
        spaces=str(area.spaces) + ("" if area.road_per_truck is None else f" of {metres_text(area.road_per_truck)}"),
        stages=tuple(area.stages),
        source=_ids(sources, f"areas.{name}", ("spaces",)),
    )


# Flows and paths.


def _flow_row(gate: Gate, name: str, sources: dict[str, SourcedNumber], language: LanguageTag) -> FlowRow:
    flow = gate.flows[name]
    profile = gate.profiles[flow.profile] if flow.profile else None
    vehicle_class = gate.classes[flow.vehicle_class]
    return FlowRow(
        name=name,
        title=title_of(vehicle_class.title, flow.vehicle_class, language),
        direction=flow.direction,
        per_day=number_text(flow.per_day) + _groups(flow),
        profile="even over the day" if profile is None else _arrivals(profile),
        source=_ids(sources, path_text(("flows", name)), ("per_day",)),
    )


def _groups(flow: Flow) -> str:
    sizes = [f"{size} ({share_text(share)})" if share < 1 else str(size) for size, share in flow.groups.items()]
    return f", in groups of {' or '.join(sizes)}" if sizes else ""


def _arrivals(profile: Profile) -> str:
    words = [f"{share_text(share)} in {window}" for window, share in profile.hours.items()]
    words += ["by weekday"] if profile.weekdays else []
    words += ["by month"] if profile.months else []
    return ", ".join(words)


def _path_words(gate: Gate, direction: DirectionName) -> Iterator[str]:
    yield from _words(gate.paths[direction])
    if direction in gate.two_way:
        back = gate.two_way[direction]
        shares = [share_text(back.share), *(f"{name} {share_text(share)}" for name, share in back.share_for.items())]
        yield f"with a second load of {back.vehicle_class} instead of returning empty ({', '.join(shares)}):"
        yield from _words(back.steps, "  ")


def _words(steps: Sequence[Step], indent: str = "") -> list[str]:
    lines: list[str] = []
    for step in steps:
        if isinstance(step, Choice):
            lines += _choice_words(step, indent)
        elif isinstance(step, Mark):
            meaning = "released from the last control" if step.mark == "released" else "empty from here on"
            lines.append(f"{indent}({meaning})")
        else:
            lines.append(indent + (step if isinstance(step, str) else _visit_words(step)))
    return lines


def _choice_words(choice: Choice, indent: str) -> list[str]:
    shares = ", ".join(f"{name} {share_text(share)}" for name, share in choice.shares.items())
    ways = {"shortest-queue": "the shortest queue", "least-wait": "the least expected wait"}
    lines = [f"{indent}{choice.choose}: {shares if choice.rule is None else ways[choice.rule]}"]
    for vehicle_class, by_class in choice.shares_for.items():
        words = ", ".join(f"{name} {share_text(share)}" for name, share in by_class.items())
        lines.append(f"{indent}  for {vehicle_class}: {words}")
    for name, steps in choice.then.items():
        lines.append(f"{indent}  {name}:")
        lines += _words(steps, indent + "    ")
    return lines


def _visit_words(visit: Visit) -> str:
    words = [visit.stage]
    words += [f"only {', '.join(visit.only)}"] if visit.only is not None else []
    words += [f"if {choice} is {' or '.join(names)}" for choice, names in visit.when.items()]
    words += [share_text(visit.share)] if visit.share != 1 or visit.share_for else []
    words += [f"{name} {share_text(share)}" for name, share in visit.share_for.items()]
    words += [_again_words(visit)] if visit.again or visit.again_for else []
    return words[0] + (f" ({'; '.join(words[1:])})" if len(words) > 1 else "")


def _again_words(visit: Visit) -> str:
    """Who makes it again: `again from scan: 10 %, durian 20 %, at most 2 times`."""
    shares = [share_text(visit.again)] if visit.again else []
    shares += [f"{name} {share_text(share)}" for name, share in visit.again_for.items()]
    start = f" from {visit.again_from}" if visit.again_from else ""
    times = "once" if visit.most == 1 else f"{visit.most} times"
    return f"again{start}: {', '.join(shares)}, at most {times}"
