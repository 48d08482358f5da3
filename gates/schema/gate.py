"""The gate model: a border crossing as frozen, closed models.

A gate file is YAML; `gates.files.load` reads it into these models. Every quantity is written with
its unit ("35 s", "45 %", "20 t") and held in the canonical unit named in the field's sentence.
Every model can say where its numbers come from: `sources` maps a field to a source text, which
is one or more fact ids ("F005", "F005, F117") or the word "assumption", or both, with an optional
note after a colon ("assumption: no published count"). `gates.sources` says which number it covers.

Each part of the gate has a file of its own beside this one.
"""

from __future__ import annotations

import datetime as dt
import importlib
import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from gates.edits import EditPath
from gates.readings import Reading, Target
from gates.schema.base import (
    DirectionName,
    Name,
    SideName,
    Sourced,
    Title,
)
from gates.schema.calendar import CalendarEntry, Closure, Holidays, Slowdown, Surge
from gates.schema.demand import Booking, CalibratedRange, Flow, InitialQueue, Profile, VehicleClass
from gates.schema.hours import common
from gates.schema.paths import SecondLoad, Step, WrittenPath
from gates.schema.prices.energy import Energy
from gates.schema.prices.money import Money
from gates.schema.prices.ranges import InputRange
from gates.schema.quantities import (
    DAY_S,
    Clock,
    Day,
    Metres,
    Spans,
)
from gates.schema.resources import Area, Link, Outage, Pool
from gates.schema.stages import Stage


class EndOfDay(Sourced):
    """When the daily bulletin counts the waiting trucks."""

    at: Clock = DAY_S
    """Time of day [s]."""
    side: SideName
    """The side whose clock is meant; days in results are days of this side, too."""
    counts: Literal["until-release", "until-crossing"] = "until-release"
    """Until when a truck is in the stock: until the last control releases it, or until it comes to the first stage on
    another side than that which it comes from."""


class Gate(Sourced):
    """One border crossing, both sides, with all its stages."""

    name: Name
    """Its name in the library and in results."""
    title: Title = {}
    """Names for people, by language."""
    about: Annotated[str, StringConstraints(max_length=4000)] = ""
    """What the file describes, and what it leaves out."""
    sides: Annotated[dict[SideName, str], Field(min_length=1, max_length=4)]
    """Side -> IANA time zone."""
    origin: dict[DirectionName, SideName]
    """Direction -> side from which its trucks come; their arrival profile is on that side's clock."""
    start: Day
    """First day of the measured period, unless the run sets another."""
    end_of_day: EndOfDay
    """When a day ends for the bulletin."""
    classes: Annotated[dict[Name, VehicleClass], Field(min_length=1, max_length=64)]
    """The vehicle classes."""
    profiles: dict[Name, Profile] = {}
    """Arrival profiles."""
    flows: Annotated[dict[Name, Flow], Field(min_length=1, max_length=128)]
    """The streams of arriving vehicles."""
    stages: Annotated[dict[Name, Stage], Field(min_length=1, max_length=256)]
    """The stages."""
    pools: Annotated[dict[Name, Pool], Field(max_length=64)] = {}
    """Pools of people or machines."""
    areas: Annotated[dict[Name, Area], Field(max_length=64)] = {}
    """Areas of limited space."""
    road_per_truck: Metres | None = None
    """Length of public road occupied by each truck that waits outside a full area [m]; omit if not known."""
    links: Annotated[dict[Name, Link], Field(max_length=16)] = {}
    """Data networks."""
    outages: Annotated[dict[Name, Outage], Field(max_length=64)] = {}
    """What fails, and what goes down with it."""
    paths: dict[DirectionName, Annotated[list[Step], Field(min_length=1, max_length=200)]]
    """Direction -> the stages a truck visits, in order."""
    two_way: dict[DirectionName, SecondLoad] = {}
    """Direction -> its trucks that take a second load back (backhaul)."""
    booking: Annotated[dict[Name, Booking], Field(max_length=32)] = {}
    """Booking systems."""
    calibrated: CalibratedRange | None = None
    """For which runs the gate was fitted; omit if it was not fitted to counts or reports."""
    calendar: Annotated[list[CalendarEntry], Field(max_length=1000)] = []
    """Closures, public holidays, surges of demand and slowdowns of services."""
    initial: Annotated[list[InitialQueue], Field(max_length=256)] = []
    """Trucks in queues when the run begins, which is before the warm-up."""
    readings: Annotated[dict[Name, Reading], Field(max_length=16)] = {}
    """Structures that explain the same published figures; the one without changes is the baseline, which the file
    describes."""
    reading: Name | None = None
    """The reading that this gate is of, where it was chosen or the gate was changed; omit it in a file."""
    targets: Annotated[dict[Name, Target], Field(max_length=64)] = {}
    """Published figures that the gate is held to."""
    ranges: Annotated[dict[EditPath, InputRange], Field(max_length=500)] = {}
    """Place of an assumed number -> how far it may be off, instead of the default of its kind."""
    money: Money | None = None
    """Prices, and how costs and benefits are added up; omit to count no money."""
    energy: Energy | None = None
    """Fuel and electricity at the gate, and what they give off; omit to leave them out."""

    @property
    def baseline(self) -> str | None:
        """The reading that the gate file describes; None if the gate has no readings."""
        return next((name for name, reading in self.readings.items() if not reading.changes), None)

    def with_(self, changes: Mapping[str, Any]) -> Gate:
        """Return this gate with some values changed, checked as a file is: `gate.with_({"stages.bay-cn.lanes": 15})`.

        Parameters
        ----------
        changes
            Place -> new value, both as in a gate file; places are those of upgrades.

        Raises
        ------
        ConfigError
            With every finding at once.
        """
        made: Gate = importlib.import_module("gates.variants").variant(self, changes)
        return made

    def __repr__(self) -> str:
        """Return a line: a gate with all its numbers fills many screens, which `model_dump` gives."""
        return f"Gate {self.name}: {len(self.stages)} stages, {len(self.flows)} flows, {len(self.pools)} pools"

    __str__ = __repr__

    def written_paths(self) -> list[WrittenPath]:
        """Return the paths of all directions, then the steps with a second load."""
        paths = [WrittenPath(direction, steps) for direction, steps in self.paths.items()]
        return paths + [WrittenPath(direction, back.steps, back) for direction, back in self.two_way.items()]

    def closings(self) -> list[Closure | Holidays]:
        """Return the entries of the calendar that close something."""
        return [entry for entry in self.calendar if isinstance(entry, Closure | Holidays)]

    def left_open(self, stage: str, first: dt.date, last: dt.date) -> dict[dt.date, Spans]:
        """Return what the calendar leaves open of the days of a period that it touches [s], on the side's clock.

        `stage` opens on these days only within the windows of all entries that touch them.
        """
        side = self.stages[stage].side
        left: dict[dt.date, Spans] = {}
        for entry in self.closings():
            for day in entry.days(first, last) if entry.closes(stage, side) else ():
                windows = entry.leaves_open(day)
                left[day] = common(left[day], windows) if day in left else windows
        return left

    def closed_days(self, stage: str, first: dt.date, last: dt.date) -> set[dt.date]:
        """Return the days of a period on which the calendar keeps `stage` closed, on its side's clock."""
        return {day for day, windows in self.left_open(stage, first, last).items() if not windows}

    def slowdowns(self) -> list[tuple[int, Slowdown]]:
        """Return the slowdowns of services, with their places in the calendar."""
        return [(n, entry) for n, entry in enumerate(self.calendar) if isinstance(entry, Slowdown)]

    def slowed_days(self, stage: str, first: dt.date, last: dt.date) -> dict[dt.date, float]:
        """Return the factor on service times of `stage` by day of a period, where there is one; factors multiply."""
        side = self.stages[stage].side
        factors: dict[dt.date, float] = {}
        for _, entry in self.slowdowns():
            if entry.touches(stage, side):
                for day in entry.days(first, last):
                    factors[day] = factors.get(day, 1.0) * entry.service_times
        return factors

    def arrivals_on(self, day: dt.date, flow: str) -> float:
        """Return the factor of the calendar on the usual arrivals of `flow` on `day`, on its side's clock."""
        shares = [entry.arrivals for entry in self.closings() if entry.arrivals < 1 and entry.days(day, day)]
        surges = [
            entry.demand
            for entry in self.calendar
            if isinstance(entry, Surge) and entry.first <= day <= entry.last and entry.touches(flow, self.flows[flow])
        ]
        return min(shares, default=1.0) * math.prod(surges)
