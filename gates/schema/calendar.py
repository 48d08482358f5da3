"""Entries of a calendar: closures, public holidays, surges of demand and slowdowns of services."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, Discriminator, Field, StringConstraints

from gates.schema.base import (
    TAG_MARK,
    DirectionName,
    Factor,
    Name,
    SideName,
    Sourced,
    tag,
)
from gates.schema.holidays import plain_name, public_holidays, single_names
from gates.schema.hours import HOLIDAY_PLACE, WEEK, OpeningHours, Weekdays
from gates.schema.quantities import Day, Number, Share, Spans

if TYPE_CHECKING:
    from gates.schema.demand import Flow


def days_between(first: dt.date, last: dt.date) -> list[dt.date]:
    """Return the days from the first to the last; none if the last comes before the first."""
    return [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]


class _Closing(Sourced):
    """What entries of the calendar that close something have in common."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    """What it is, such as `Tết 2026`."""
    sides: list[SideName] | None = None
    """Sides closed; none means all, unless stages are named (of public holidays: the side that the country names)."""
    stages: list[Name] | None = None
    """Stages closed; none means all of those sides."""
    arrivals: Share = 1.0
    """Share of the usual arrivals that still come."""
    hours: OpeningHours | None = None
    """Hours within which they open all the same; omit if they stay closed."""

    def leaves_open(self, day: dt.date) -> Spans:
        """Return the windows of one of its days [s] within which what it closes may open."""
        return () if self.hours is None else self.hours.on(day)

    def closes(self, stage: str, side: str) -> bool:
        """Tell whether it closes a stage of a side."""
        return (self.stages is None or stage in self.stages) and (self.sides is None or side in self.sides)


class Closure(_Closing):
    """Days on which sides or stages stay closed, or open for shorter hours: a span, weekdays, or both."""

    first: Day | None = None
    """First day; omit if there is none, as of weekdays."""
    last: Day | None = None
    """Last day; omit if there is none."""
    weekdays: Weekdays | None = None
    """Weekdays meant, within the span if there is one; omit if all are."""
    weeks: Annotated[list[Literal[1, 2, 3, 4, 5, "last"]], Field(min_length=1, max_length=6)] | None = None
    """Which of these weekdays in a month: 1 is the first, `last` the last; omit if all are."""
    yearly: bool = False
    """Whether the span comes again every year, earlier years included."""

    def days(self, first: dt.date, last: dt.date) -> list[dt.date]:
        """Return its days, as far as they lie in a period."""
        days = (day for begin, end in self._spans(first, last) for day in days_between(begin, end))
        return sorted({day for day in days if self._means(day)})

    def _spans(self, first: dt.date, last: dt.date) -> list[tuple[dt.date, dt.date]]:
        """Its spans, cut to a period."""
        begin, end = self.first or first, self.last or last
        spans = [(begin, end)]
        if self.yearly and self.first and self.last:
            years = range(first.year - self.last.year, last.year - self.first.year + 1)
            spans = [(_years_later(begin, years_on), _years_later(end, years_on)) for years_on in years]
        return [(max(start, first), min(stop, last)) for start, stop in spans]

    def _means(self, day: dt.date) -> bool:
        if self.weekdays is not None and WEEK[day.weekday()] not in self.weekdays:
            return False
        number = (day.day + 6) // 7
        is_last = (day + dt.timedelta(days=7)).month != day.month
        return self.weeks is None or number in self.weeks or (is_last and "last" in self.weeks)


def _years_later(day: dt.date, years: int) -> dt.date:
    """The same day of another year; the 28th of February for a 29th that it lacks."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


class Holidays(_Closing):
    """Public holidays of a country, on which sides or stages stay closed; their dates come from a library."""

    holidays: Annotated[str, StringConstraints(pattern=rf"^{HOLIDAY_PLACE}$")]
    """The country by its two capital letters, or the part of a country whose holidays are meant: `VN`, `GB-ENG`."""
    only: list[Annotated[str, StringConstraints(min_length=1, max_length=80)]] | None = None
    """Names of the holidays meant, in English; days that the library marks as observed or estimated are meant, too.
    Omit if all are meant."""

    @property
    def country(self) -> str:
        """The side that the country names."""
        return self.holidays[:2].lower()

    def closes(self, stage: str, side: str) -> bool:
        """Tell whether it closes a stage of a side."""
        sides = [self.country] if self.sides is None and self.stages is None else self.sides
        return (self.stages is None or stage in self.stages) and (sides is None or side in sides)

    def days(self, first: dt.date, last: dt.date) -> list[dt.date]:
        """Return its days, as far as they lie in a period."""
        years = range(first.year, last.year + 1)
        found = {day: name for year in years for day, name in public_holidays(self.holidays, year).items()}
        return [day for day, name in found.items() if first <= day <= last and self.means(name)]

    def means(self, name: str) -> bool:
        """Tell whether a holiday is one of those meant; a day that is two holidays is if one of them is."""
        names = [form for single in single_names(name) for form in (single, plain_name(single))]
        return self.only is None or not set(self.only).isdisjoint(names)


class Surge(Sourced):
    """Days on which more trucks come than usual, or fewer."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    """What it is, such as `Durian peak`."""
    first: Day
    """First day, on the clock of the side from which the trucks come."""
    last: Day
    """Last day."""
    demand: Factor
    """Factor on the arrivals of these days; where surges overlap their factors multiply."""
    flows: list[Name] | None = None
    """Flows that it touches; none means all."""
    classes: list[Name] | None = None
    """Vehicle classes that it touches; none means all."""
    directions: list[DirectionName] | None = None
    """Directions that it touches; none means all."""

    def touches(self, name: str, flow: Flow) -> bool:
        """Tell whether it changes the arrivals of a flow."""
        return (
            (self.flows is None or name in self.flows)
            and (self.classes is None or flow.vehicle_class in self.classes)
            and (self.directions is None or flow.direction in self.directions)
        )

    def days(self, first: dt.date, last: dt.date) -> list[dt.date]:
        """Return its days, as far as they lie in a period."""
        return days_between(max(self.first, first), min(self.last, last))


class Slowdown(Sourced):
    """Days on which services take longer than usual, or less."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    """What it is, such as `Storm`."""
    first: Day
    """First day."""
    last: Day
    """Last day."""
    service_times: Annotated[Number, Field(gt=0, le=100)]
    """Factor on the time that services take on these days; where entries overlap their factors multiply."""
    sides: list[SideName] | None = None
    """Sides that it touches; none means all."""
    stages: list[Name] | None = None
    """Stages that it touches; none means all of those sides."""

    def touches(self, stage: str, side: str) -> bool:
        """Tell whether it changes the service times of a stage of a side."""
        return (self.stages is None or stage in self.stages) and (self.sides is None or side in self.sides)

    def days(self, first: dt.date, last: dt.date) -> list[dt.date]:
        """Return its days, as far as they lie in a period."""
        return days_between(max(self.first, first), min(self.last, last))


def _event_written(value: Any) -> str | None:
    """The tag of the kind of calendar entry that is written."""
    if isinstance(value, BaseModel):
        value = dict.fromkeys(type(value).model_fields)
    if not isinstance(value, dict):
        return None
    kinds = [kind for kind in ("holidays", "demand", "service_times") if kind in value]
    return f"{TAG_MARK}{kinds[0] if kinds else 'closure'}"


CalendarEntry = Annotated[
    Annotated[Closure, tag("closure")]
    | Annotated[Holidays, tag("holidays")]
    | Annotated[Surge, tag("demand")]
    | Annotated[Slowdown, tag("service_times")],
    Discriminator(_event_written),
]
"""An entry of the calendar: a closure, public holidays, a surge of demand or a slowdown of services."""
