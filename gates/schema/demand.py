"""Demand: vehicle classes, arrival profiles, flows, booking systems, and the trucks in queues when a run begins."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from gates.schema.base import (
    DirectionName,
    Factor,
    Model,
    Month,
    Name,
    SideName,
    Sourced,
    Title,
    Units,
    Weekday,
)
from gates.schema.distributions import Constant, Distribution
from gates.schema.hours import ALWAYS, OpeningHours
from gates.schema.quantities import (
    DAY_S,
    Count,
    Days,
    Number,
    Seconds,
    Share,
    Tonnes,
    WindowText,
    parse_window,
)

Powertrain = Literal["diesel", "gas", "battery"]


class LossPoint(Model):
    """A point of a curve of the value that a load loses with its age."""

    age: Annotated[Days, Field(gt=0)]
    """Shelf life used [d]."""
    lost: Share
    """Share of the value lost by then."""


class VehicleClass(Sourced):
    """A kind of vehicle with its load."""

    title: Title = {}
    """Names for people, by language."""
    load: Tonnes | None = None
    """Mean load [t]."""
    shelf_life: Days | None = None
    """Shelf life of the load, counted from loading [d]; omit if it does not perish."""
    age: Distribution | None = None
    """Distribution of the time since loading when the truck arrives; by default it has just been loaded."""
    least_life: Days = 0.0
    """Shelf life that buyers require at the release [d]; a load with less counts as short."""
    value_usd: Annotated[Number, Field(ge=0, le=1e9)] | None = None
    """Mean value of a load at its destination [USD]; omit if losses are not valued."""
    value_turned_back: Share = 1.0
    """Share of its value that a load keeps if the truck turns back."""
    value_lost_per_day: Share = 0.0
    """Share of its value that a load loses with each day of shelf life used [1/d]."""
    value_lost_by_age: Annotated[list[LossPoint], Field(max_length=64)] = []
    """Curve of the value lost over the age of the load, instead of `value_lost_per_day`: from nothing when it is
    loaded, straight between the points, and level after the last one. Counted at the gate: what is lost from arrival to
    release."""
    patience: Distribution | None = None
    """Distribution of the time from its arrival after which a truck that waits turns back: in any queue, outside, or in
    a lane that it blocks, until it is released; by default trucks do not give up."""
    powertrain: Powertrain = "diesel"
    """What drives the vehicle, which decides its fuel and what it gives off (`energy`)."""
    powertrain_shares: dict[Powertrain, Share] = {}
    """What drives it -> share of the vehicles, instead of one `powertrain` for all; they add to 100 %."""
    refrigerated: Share = 0.0
    """Share of the loads with a refrigeration unit that has an engine of its own."""
    priority: Annotated[Count, Field(ge=0, le=9)] = 5
    """Place in queues while loaded: lower numbers are served first, equal numbers in order of arrival."""


class Profile(Sourced):
    """How arrivals spread over the hours of a day, the days of a week and the months of a year."""

    hours: Annotated[dict[WindowText, Share], Field(min_length=1, max_length=96)] = {"00:00-24:00": 1.0}
    """Windows on the clock of the side of origin -> share of the day's arrivals, spread evenly over it;
    the shares add to 100 %. A window may pass midnight."""
    weekdays: dict[Weekday, Factor] = {}
    """Factor by weekday; a day not named has 1. Scaled so that the seven average 1."""
    months: dict[Month, Factor] = {}
    """Factor by month; a month not named has 1. Not scaled: `per_day` holds in a month with factor 1."""

    def windows(self) -> list[tuple[int, int, float]]:
        """Return the windows as sorted `(start, end, share)` [s since midnight, s, 1], cut at midnight."""
        parts: list[tuple[int, int, float]] = []
        for text, share in self.hours.items():
            pieces = parse_window(text)
            length = sum(end - start for start, end in pieces)
            parts += [(start, end, share * (end - start) / length) for start, end in pieces]
        return sorted(parts)


def _one_size(value: Any) -> Any:
    """A number of vehicles as a mapping of sizes; anything else as it is."""
    return {value: 1.0} if isinstance(value, int) and not isinstance(value, bool) else value


GroupSizes = Annotated[
    dict[Annotated[int, Field(ge=1, le=1000)], Share], Field(max_length=64), BeforeValidator(_one_size)
]
"""Sizes of groups -> share of the groups that have them."""


class Flow(Sourced):
    """A stream of arriving vehicles of one class in one direction: a non-stationary Poisson process."""

    vehicle_class: Annotated[Name, Field(alias="class")]
    """The vehicle class."""
    direction: DirectionName
    """Its direction."""
    per_day: Annotated[Number, Field(ge=0, le=100_000)]
    """Mean number of loaded vehicles a day, before profile and calendar."""
    profile: Name | None = None
    """Name of its profile; by default arrivals are even over the day."""
    groups: GroupSizes = {}
    """Vehicles that come together: a number, or sizes with the shares of the groups that have them, which add to
    100 %; by default vehicles come one by one. Groups come as a Poisson process, whose rate keeps `per_day`."""


class Booking(Sourced):
    """Slots that trucks book for their arrival."""

    title: Title = {}
    """Names for people, by language."""
    flows: Annotated[list[Name], Field(min_length=1, max_length=128)]
    """Flows whose trucks book; a flow books in one place."""
    side: SideName
    """The side whose clock the hours follow."""
    hours: OpeningHours = ALWAYS
    """Windows in which slots are offered, one after the other from the start of each window."""
    slot: Annotated[Seconds, Field(ge=60)]
    """Length of a slot [s]; a shorter rest at the end of a window or before midnight is not offered."""
    capacity: Units
    """Trucks per slot."""
    share: Share = 1.0
    """Share of the trucks that book; the others come without a slot."""
    early: Annotated[Seconds, Field(le=DAY_S)] = 0.0
    """How long before the start of its slot a truck aims to arrive [s]."""
    offset: Distribution = Constant(constant=0.0)
    """Distribution of how much later than that it arrives."""
    no_show: Share = 0.0
    """Share of the trucks with a slot that do not come."""
    without: Literal["wait", "come", "stay-away"] = "wait"
    """What a truck does if no slot is free in time: it takes the next free one, however late (`wait`); comes without a
    slot (`come`); or does not come (`stay-away`)."""
    latest: Days = 1.0
    """How long after the desired time a slot may start [d]; not used if trucks `wait`."""
    priority_without: Annotated[Count, Field(ge=0, le=9)] | None = None
    """Place in queues of loaded trucks of these flows that come without a slot, because no slot was free or they do not
    book; by default that of their class."""


class InitialQueue(Sourced):
    """Trucks in the queue of a stage when the run begins."""

    vehicle_class: Annotated[Name, Field(alias="class")]
    """Their vehicle class."""
    direction: DirectionName
    """Their direction."""
    stage: Name
    """The stage in whose queue they are, on their first visit; the choices that lead there have been made."""
    empty: bool = False
    """Whether they return empty."""
    trucks: Annotated[Count, Field(ge=1, le=100_000)]
    """Number of trucks."""
    waited: Distribution = Constant(constant=0.0)
    """Distribution of the time since they arrived, which counts towards the patience of their class; by default they
    have just arrived."""


class CalibratedRange(Sourced):
    """For which runs a gate was fitted; every result of another run says that it is an extrapolation."""

    months: Annotated[list[Month], Field(min_length=1, max_length=12)] | None = None
    """Months whose counts and reports it was fitted to; omit if it holds in all."""
    least_demand: Factor | None = None
    """Smallest factor on all flows for which it was fitted; omit if it is not known."""
    most_demand: Factor | None = None
    """Largest factor on all flows for which it was fitted; omit if it is not known."""
