"""Checks of sides, clocks, calendar, flows and arrival profiles."""

from __future__ import annotations

import difflib
import itertools
import re
import zoneinfo
from collections.abc import Mapping

from gates.checks.register import Findings, finding, rule, shares_not_full, unknown, unused
from gates.findings import Place, suggestion
from gates.schema.base import OTHER_WAY
from gates.schema.calendar import Closure, Holidays, Surge
from gates.schema.gate import Gate
from gates.schema.holidays import countries, names_around, plain_name, public_holidays
from gates.schema.quantities import days_text, number_text, parse_window, span_text

MOST_TRUCKS_PER_DAY = 1_000_000
_SHORTEST_YEAR = 365
_OF_THE_MACHINE = re.compile("localtime|posixrules|Factory|(posix|right)/.*", re.IGNORECASE)
"""Names of zones that each machine sets for itself, or that only some machines have."""

# Sides, clocks, calendar.


@rule()
def time_zones(gate: Gate) -> Findings:
    """Time zones must be known."""
    for side, zone in gate.sides.items():
        if _OF_THE_MACHINE.fullmatch(zone):
            remedy = "Use an IANA name, such as Asia/Shanghai."
            yield finding(("sides", side), zone, "means a different time zone on each machine", remedy)
            continue
        try:
            zoneinfo.ZoneInfo(zone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            near = difflib.get_close_matches(zone, sorted(zoneinfo.available_timezones()), n=1, cutoff=0.85)
            remedy = f"Did you mean {near[0]}?" if near else "Use an IANA name, such as Asia/Shanghai."
            yield finding(("sides", side), zone, "an unknown time zone", remedy)


@rule("calibrated")
def calibrated_range(gate: Gate) -> Findings:
    """A calibrated range must not be empty."""
    fitted = gate.calibrated
    if fitted is None or fitted.least_demand is None or fitted.most_demand is None:
        return
    if fitted.least_demand > fitted.most_demand:
        remedy = f"Write a number not above {number_text(fitted.most_demand)}, or raise most_demand."
        value = number_text(fitted.least_demand)
        yield finding(("calibrated", "least_demand"), value, "above most_demand", remedy)


@rule("sides.*")
def sides(gate: Gate) -> Findings:
    """Every side that is named is a side of the gate."""
    named: list[tuple[Place, str]] = [(("end_of_day", "side"), gate.end_of_day.side)]
    named += [(("origin", direction), side) for direction, side in gate.origin.items()]
    named += [(("stages", name, "side"), stage.side) for name, stage in gate.stages.items()]
    named += [(("pools", name, "side"), pool.side) for name, pool in gate.pools.items()]
    named += [(("booking", name, "side"), booking.side) for name, booking in gate.booking.items()]
    for n, entry in enumerate(gate.calendar):
        if not isinstance(entry, Surge):
            named += [(("calendar", n, "sides", k), side) for k, side in enumerate(entry.sides or [])]
    for place, side in named:
        if side not in gate.sides:
            yield unknown(place, side, "side", gate.sides)


@rule("paths.*")
def direction_pair(gate: Gate) -> Findings:
    """The directions of a gate belong together: one is the way back of the other."""
    first = next(iter(gate.paths), None)
    for direction in gate.paths:
        if first is not None and direction not in (first, OTHER_WAY[first]):
            remedy = f"Write {OTHER_WAY[first]}, the way back of {first}, everywhere in the file."
            yield finding(("paths", direction), "", f"cannot be used together with {first}", remedy)


@rule("origin.*", "paths.*")
def origins(gate: Gate) -> Findings:
    """Directions with a path are the directions with an origin."""
    for direction in gate.paths:
        if direction not in gate.origin:
            yield finding(
                ("origin",),
                "",
                f"{direction} is missing",
                f"Add the side from which {direction} trucks come.",
            )
    for direction in gate.origin:
        if direction not in gate.paths:
            yield finding(("origin", direction), "", "no path has this direction", "Add the path, or remove it.")


@rule("calendar.*.weekdays")
def closure_days(gate: Gate) -> Findings:
    """A closure has days, and it ends on or after its first day; so does a surge."""
    for n, entry in enumerate(gate.calendar):
        if isinstance(entry, Holidays):
            continue
        place: Place = ("calendar", n)
        if isinstance(entry, Closure):
            yield from _missing_days(place, entry)
        if entry.first is not None and entry.last is not None and entry.first > entry.last:
            yield finding((*place, "last"), entry.last, "before the first day", f"Use {entry.first} or later.")


def _missing_days(place: Place, entry: Closure) -> Findings:
    """What is missing to know the days of a closure."""
    missing = [key for key in ("first", "last") if getattr(entry, key) is None]
    if entry.weekdays is None and missing:
        remedy = f"Add `{missing[0]}`, or `weekdays` if it comes again every week."
        yield finding((*place, missing[0]), "", "missing", remedy)
    elif entry.yearly and missing:
        remedy = f"Add `{missing[0]}`: the span that comes again every year."
        yield finding((*place, missing[0]), "", "missing", remedy)
    elif entry.yearly and entry.first and entry.last and (entry.last - entry.first).days >= _SHORTEST_YEAR:
        yield finding((*place, "last"), entry.last, "longer than a year", "End it earlier, or remove `yearly`.")
    if entry.weeks is not None and entry.weekdays is None:
        yield finding((*place, "weekdays"), "", "missing", "Add `weekdays`: `weeks` says which of them in a month.")


@rule("stages.*.side")
def closure_stages(gate: Gate) -> Findings:
    """A closure names stages of the gate, on the sides it names."""
    for n, entry in enumerate(gate.calendar):
        if isinstance(entry, Surge):
            continue
        for k, name in enumerate(entry.stages or []):
            place: Place = ("calendar", n, "stages", k)
            if name not in gate.stages:
                yield unknown(place, name, "stage", gate.stages)
            elif entry.sides is not None and gate.stages[name].side not in entry.sides:
                side = gate.stages[name].side
                yield finding(
                    place, name, "the stage is on another side", f"Add {side} to the sides, or remove the stage."
                )


def unknown_place(place: str) -> tuple[str, str] | None:
    """The problem and the remedy where no holidays of a place are known; None where they are."""
    country, _, part = place.partition("-")
    if country not in countries():
        remedy = "Use the two letters of a country (ISO 3166-1), or write its days as closures."
        return "no holidays of this country are known", remedy
    if part and part not in countries()[country]:
        parts = [f"{country}-{code}" for code in countries()[country]]
        return f"no such part of {country}", suggestion(parts, place) if parts else f"Use {country}."
    return None


@rule("sides.*")
def holiday_countries(gate: Gate) -> Findings:
    """Public holidays are of a country that the library knows, at a side that is named or that it names itself."""
    for n, entry in enumerate(gate.calendar):
        if not isinstance(entry, Holidays):
            continue
        place: Place = ("calendar", n)
        mistake = unknown_place(entry.holidays)
        if mistake:
            yield finding((*place, "holidays"), entry.holidays, *mistake)
            continue
        if entry.sides is None and entry.stages is None and entry.country not in gate.sides:
            yield finding(
                place, entry.holidays, "no side has the name of this country", "Name the `sides` that it closes."
            )
        known = names_around(entry.holidays, gate.start.year)
        for k, name in enumerate(entry.only or []):
            if plain_name(name) in known:
                continue
            kind, parts = f"public holiday of {entry.holidays}", _parts_with(entry.country, name, gate.start.year)
            if parts:
                yield finding(
                    (*place, "only", k), name, f"no such {kind}", f"Name a part that has it: {', '.join(parts)}."
                )
            else:
                yield unknown((*place, "only", k), name, kind, known)


def _parts_with(country: str, name: str, year: int) -> list[str]:
    """The parts of a country that have a holiday of this name."""
    parts = [f"{country.upper()}-{code}" for code in countries().get(country.upper(), ())]
    return [part for part in parts if name in map(plain_name, public_holidays(part, year).values())]


@rule("classes.*", "flows.**")
def surges(gate: Gate) -> Findings:
    """A surge names flows, classes and directions of the gate, and touches at least one flow."""
    for n, entry in enumerate(gate.calendar):
        if not isinstance(entry, Surge):
            continue
        place: Place = ("calendar", n)
        wrong: list[tuple[Place, str, str, Mapping[str, object]]]
        wrong = [(("flows", k), name, "flow", gate.flows) for k, name in enumerate(entry.flows or [])]
        wrong += [(("classes", k), name, "vehicle class", gate.classes) for k, name in enumerate(entry.classes or [])]
        wrong = [row for row in wrong if row[1] not in row[3]]
        for where, name, kind, known in wrong:
            yield unknown((*place, *where), name, kind, known)
        if not wrong and not any(entry.touches(name, flow) for name, flow in gate.flows.items()):
            yield finding(
                place, entry.name, "it applies to no flow", "Fix its flows, classes or directions, or remove it."
            )


# Flows and profiles.


@rule("classes.*")
def flow_classes(gate: Gate) -> Findings:
    """A flow's class must exist."""
    for name, flow in gate.flows.items():
        if flow.vehicle_class not in gate.classes:
            yield unknown(("flows", name, "class"), flow.vehicle_class, "vehicle class", gate.classes)


@rule("paths.*")
def flow_directions(gate: Gate) -> Findings:
    """A flow's direction must have a path."""
    for name, flow in gate.flows.items():
        if flow.direction not in gate.paths:
            remedy = f"Add paths.{flow.direction}, or change the direction."
            yield finding(("flows", name, "direction"), flow.direction, "no path has this direction", remedy)


@rule("profiles.*")
def flow_profiles(gate: Gate) -> Findings:
    """A flow's profile must exist."""
    for name, flow in gate.flows.items():
        if flow.profile is not None and flow.profile not in gate.profiles:
            yield unknown(("flows", name, "profile"), flow.profile, "profile", gate.profiles)


@rule("flows.*.class")
def unused_classes(gate: Gate) -> Findings:
    """Every vehicle class has a flow."""
    for name in unused(gate.classes, [flow.vehicle_class for flow in gate.flows.values()]):
        yield finding(("classes", name), "", "no flow has this class", "Add a flow of this class, or remove the class.")


@rule()
def shelf_lives(gate: Gate) -> Findings:
    """Only loads that perish have an age, and buyers require no more shelf life than a load has."""
    for name, vehicle_class in gate.classes.items():
        place: Place = ("classes", name)
        life, least = vehicle_class.shelf_life, vehicle_class.least_life
        if life is None and (least or vehicle_class.age is not None):
            key = "least_life" if least else "age"
            yield finding((*place, key), "", "it has no shelf life", "Add `shelf_life`, or remove this.")
        elif life is not None and least > life:
            value, most = days_text(least), days_text(life)
            yield finding((*place, "least_life"), value, "longer than its shelf life", f"Use at most {most}.")


@rule()
def values(gate: Gate) -> Findings:
    """A load that can lose value has a value, and a shelf life if it loses value with it."""
    for name, vehicle_class in gate.classes.items():
        turned_back, per_day = vehicle_class.value_turned_back < 1, vehicle_class.value_lost_per_day > 0
        if vehicle_class.value_usd is None and (turned_back or per_day):
            key = "value_turned_back" if turned_back else "value_lost_per_day"
            yield finding(("classes", name, key), "", "it has no value", "Add `value_usd`, or remove this.")
        if vehicle_class.value_lost_per_day > 0 and vehicle_class.shelf_life is None:
            place = ("classes", name, "value_lost_per_day")
            yield finding(place, "", "it has no shelf life", "Add `shelf_life`, or remove this.")


@rule("flows.*.profile")
def unused_profiles(gate: Gate) -> Findings:
    """Every profile is used by a flow."""
    for name in unused(gate.profiles, [flow.profile for flow in gate.flows.values()]):
        yield finding(("profiles", name), "", "no flow uses it", "Name it in a flow, or remove it.")


@rule("flows.*.direction")
def unused_paths(gate: Gate) -> Findings:
    """Every path has a flow in its direction."""
    used = {flow.direction for flow in gate.flows.values()}
    for direction in gate.paths:
        if direction not in used:
            remedy = "Add a flow in this direction, or remove the path."
            yield finding(("paths", direction), "", "no flow has this direction", remedy)


@rule()
def too_many_trucks(gate: Gate) -> Findings:
    """All flows together stay within what a run can hold."""
    total = sum(flow.per_day for flow in gate.flows.values())
    if total > MOST_TRUCKS_PER_DAY:
        remedy = f"Keep the sum of `per_day` at {MOST_TRUCKS_PER_DAY:,} or below."
        yield finding(("flows",), f"{total:,.0f} a day", "too many trucks", remedy)


@rule()
def group_sizes(gate: Gate) -> Findings:
    """The shares of the sizes of groups add to 100 %."""
    for name, flow in gate.flows.items():
        if flow.groups:
            yield from shares_not_full(
                ("flows", name, "groups"), {str(size): share for size, share in flow.groups.items()}
            )


@rule()
def profile_windows(gate: Gate) -> Findings:
    """The windows of a profile must not overlap."""
    for name, profile in gate.profiles.items():
        windows = sorted(piece for text in profile.hours for piece in parse_window(text))
        for before, after in itertools.pairwise(windows):
            if after[0] < before[1]:
                value = f"{span_text(before)} and {span_text(after)}"
                yield finding(
                    ("profiles", name, "hours"),
                    value,
                    "windows overlap",
                    "Let each window end before the next one starts, or at that time.",
                )


@rule()
def profile_shares(gate: Gate) -> Findings:
    """The shares of a profile add to 100 %."""
    for name, profile in gate.profiles.items():
        yield from shares_not_full(("profiles", name, "hours"), profile.hours)


@rule()
def profile_factors(gate: Gate) -> Findings:
    """Some weekday and some month must have arrivals."""
    for name, profile in gate.profiles.items():
        for key, factors, size in (("weekdays", profile.weekdays, 7), ("months", profile.months, 12)):
            if len(factors) == size and not any(factors.values()):
                remedy = "Give at least one of them a factor above 0."
                yield finding(("profiles", name, key), "0", "no truck ever arrives", remedy)
