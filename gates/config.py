"""The gate model: what stands at a border gate, as frozen, closed models.

A gate file is YAML; `gates.load` reads it into these models. Every quantity is written with
its unit ("35 s", "45 %", "20 t") and held in the canonical unit named in the field's sentence.
Every model can say where its numbers come from: `sources` maps a field to a source text, which
is one or more fact ids ("F005", "F005, F117") or the word "assumption", or both, with an optional
note after a colon ("assumption: no published count"). `gates.sources` says which number it covers.

A step of a path can be written in several ways; a function looks at what is written and picks the one
model meant, so that a mistake in it gives one finding and not one a model. Laws of durations are in
`gates.laws`, entries of the calendar in `gates.calendars`, what all models share in `gates.model`.
"""

from __future__ import annotations

import datetime as dt
import math
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Discriminator, Field, StringConstraints

from gates.calendars import CalendarEntry, Closure, Holidays, Slowdown, Surge
from gates.laws import Constant, Distribution
from gates.model import (
    EMPTY,
    MOST_LANES,
    TAG_MARK,
    UNLIMITED,
    DirectionName,
    Factor,
    LaneCount,
    Model,
    Month,
    Name,
    SideName,
    Sourced,
    Title,
    Units,
    Unlimited,
    Weekday,
    tag,
)
from gates.quantities import (
    DAY_S,
    Clock,
    Count,
    Day,
    Days,
    Hours,
    Megabits,
    Megabytes,
    Metres,
    Number,
    Seconds,
    Share,
    Tonnes,
    WindowText,
    parse_window,
)


class VehicleClass(Sourced):
    """A kind of vehicle with its load."""

    title: Title = {}
    """Names for people, by language."""
    load: Tonnes | None = None
    """Mean load [t]."""
    shelf_life: Days | None = None
    """How long the load keeps from loading [d]; none if it does not perish."""
    age: Distribution | None = None
    """Law of the time since loading when the truck arrives; none means that it is loaded then."""
    least_life: Days = 0.0
    """Shelf life that buyers ask for at the release [d]: a load with less counts as short."""
    value_usd: Annotated[Number, Field(ge=0, le=1e9)] | None = None
    """Mean value of a load where it goes [USD]; none if it is not reckoned."""
    value_turned_back: Share = 1.0
    """What a load that turns back still brings, as a share of its value."""
    value_lost_per_day: Share = 0.0
    """Share of its value that a load loses with each day of shelf life [1/d]."""
    powertrain: Literal["diesel", "gas", "battery"] = "diesel"
    """What drives the vehicle."""
    priority: Annotated[Count, Field(ge=0, le=9)] = 5
    """Place in waiting lines while loaded: lower is served first, equals first come first served."""


class Profile(Sourced):
    """How arrivals spread over the hours of a day, the days of a week and the months of a year."""

    hours: Annotated[dict[WindowText, Share], Field(min_length=1, max_length=96)] = {"00:00-24:00": 1.0}
    """Windows on the clock of the side of origin -> share of the day's arrivals, even within a window;
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
    """Name of its profile; none means even arrivals."""
    groups: GroupSizes = {}
    """Vehicles that come together: a number, or sizes with the shares of the groups that have them, which add to
    100 %; none means one by one. Groups come as a Poisson process, whose rate keeps `per_day`."""


def _lanes_written(value: Any) -> str | None:
    """The tag of the way in which lanes are written, or None where it is none of the three."""
    if isinstance(value, list | tuple):
        return f"{TAG_MARK}groups"
    if isinstance(value, str):
        return f"{TAG_MARK}unlimited" if value == UNLIMITED else None
    return f"{TAG_MARK}count" if isinstance(value, int | float) and not isinstance(value, bool) else None


class Reversal(Sourced):
    """How lanes turn from one direction to the other, by the trucks that wait."""

    at: Units
    """Waiting trucks of the other direction at which the lanes turn, if they are also more than those of their own."""
    takes: Seconds
    """Time to turn, after the lanes have finished the trucks they serve [s]."""


class LaneGroup(Sourced):
    """Lanes of a stage that serve the same trucks at the same hours."""

    name: Name
    """Its name within the stage."""
    lanes: Annotated[
        Annotated[LaneCount, tag("count")] | Annotated[Unlimited, tag("unlimited")],
        Discriminator(_lanes_written),
    ]
    """Number of lanes: trucks served at once."""
    classes: list[Name] | None = None
    """Vehicle classes admitted; none means all."""
    directions: list[DirectionName] | None = None
    """Directions admitted; none means all."""
    load: Literal["any", "loaded", "empty"] = "any"
    """Whether loaded trucks, empty ones or both are admitted."""
    hours: Hours | None = None
    """Opening windows on the clock of the stage's side; none means those of the stage."""
    reverses: Reversal | None = None
    """Lanes that serve one direction at a time, at first the first of `directions`; none means that they serve all
    that they admit."""

    def admits(self, vehicle_class: str, direction: str, *, empty: bool) -> bool:
        """Tell whether the lanes serve such trucks."""
        return (
            (self.classes is None or vehicle_class in self.classes)
            and (self.directions is None or direction in self.directions)
            and self.load in ("any", "empty" if empty else "loaded")
        )


class Batch(Sourced):
    """A stage that starts its trucks together, as a convoy or a train leaves."""

    size: Units
    """Waiting trucks that start together, each in a lane of its own."""
    after: Seconds
    """Time after which those that wait start although they are fewer, since the first of them joined [s]."""


class Sending(Sourced):
    """What each service sends over a link."""

    link: Name
    """The link."""
    data: Megabytes = 0.0
    """Data sent during a service, which takes the longer for it [MB]."""
    round_trips: Annotated[Count, Field(ge=0, le=1000)] = 1
    """Questions and answers that the service waits for."""
    video: Megabits = 0.0
    """Rate that a service occupies from its start to its end [Mbit/s]."""
    without: Distribution | None = None
    """Law of the service time by hand while the link is down; none means that no service starts until it is back."""


class Breakdown(Sourced):
    """A kind of failure in use, and its repair."""

    name: Name
    """Its name."""
    running: Annotated[Seconds, Field(gt=0)] | None = None
    """Mean running time between failures [s]; it is exponential, and counts only while a truck is served."""
    uses: Annotated[Number, Field(gt=1, le=1e9)] | None = None
    """Mean number of services between failures, in place of `running`."""
    repair: Distribution
    """Law of the time until it works again."""
    then: Literal["resumes", "restarts"] = "resumes"
    """Whether the service in hand goes on after the repair or starts again."""


class Stage(Sourced):
    """A place where trucks wait in line and are served."""

    title: Title = {}
    """Names for people, by language."""
    side: SideName
    """The side on which it stands; its hours are on that side's clock."""
    lanes: Annotated[
        Annotated[LaneCount, tag("count")]
        | Annotated[Unlimited, tag("unlimited")]
        | Annotated[list[LaneGroup], Field(min_length=1, max_length=32), tag("groups")],
        Discriminator(_lanes_written),
    ]
    """Number of lanes, `unlimited`, or lane groups. A joining truck takes the first group in this order
    with a free lane."""
    hours: Hours = ((0, DAY_S),)
    """Daily opening windows; a lane finishes the truck it serves, then closes."""
    service: Distribution
    """Law of the service time."""
    service_for: dict[str, Distribution] = {}
    """Other laws for a vehicle class, or for `empty` trucks (which beats the class)."""
    move_up: Seconds = 0.0
    """Time to move up into the lane, added to each service [s]."""
    ageing: Factor = 1.0
    """How fast loads age here: 1 at their right temperature, more where doors are open or the cooling is off."""
    needs: dict[Name, Units] = {}
    """Pool -> units that a service occupies, beside its lane; it starts when lane and units are free."""
    takes: dict[Name, Units] = {}
    """Pool -> units taken at the start of the service and kept until a later stage `gives` them back."""
    gives: dict[Name, Units] = {}
    """Pool -> units, taken at an earlier stage, given back at the end of the service."""
    sends: Sending | None = None
    """What a service sends over a link; none if it needs none."""
    pauses_when_closed: bool = False
    """Whether a service in hand stands still while the lane is closed, as tests in a laboratory do; if not, the lane
    finishes the truck it serves, then closes."""
    patience: Distribution | None = None
    """Law of the time that a truck waits in line before it gives up and turns back; none means for ever."""
    patience_for: dict[Name, Distribution] = {}
    """Other laws of patience for a vehicle class."""
    turns_away_at: Units | None = None
    """Trucks in line at which one more does not join but turns back; none means never."""
    batch: Batch | None = None
    """Trucks that start together; none means that each starts when it can."""
    breakdowns: Annotated[list[Breakdown], Field(max_length=16)] = []
    """Failures of its lanes in use; the truck waits in the lane for the repair."""

    def lane_groups(self) -> list[LaneGroup]:
        """Return the lane groups; a plain number of lanes is one group that admits all."""
        if isinstance(self.lanes, list):
            return self.lanes
        return [LaneGroup(name="all", lanes=self.lanes)]

    def service_law(self, vehicle_class: str, *, empty: bool) -> Distribution:
        """Return the law of the service time of such trucks, without moving up."""
        if empty and EMPTY in self.service_for:
            return self.service_for[EMPTY]
        return self.service_for.get(vehicle_class, self.service)


class Shift(Sourced):
    """Hours in which units of a pool are on duty."""

    hours: Hours
    """Daily windows on the clock of the pool's side."""
    units: Units
    """Units on duty."""


class Charging(Sourced):
    """Stops of a fleet's vehicles to charge or to change batteries, after so much way."""

    range: Annotated[Metres, Field(gt=0)]
    """Way from one stop to the next [m]."""
    trip: Annotated[Metres, Field(gt=0)]
    """Way from where a unit is taken to where it is given back, and back again [m]."""
    takes: Distribution
    """Law of the time of a stop."""

    @property
    def per_use(self) -> float:
        """Share of the uses after which a unit stops."""
        return self.trip / self.range


class Pool(Sourced):
    """People or machines that stages share, or that trucks keep from one stage to a later one: officers, vehicles."""

    title: Title = {}
    """Names for people, by language."""
    side: SideName
    """The side whose clock its shifts follow."""
    shifts: Annotated[list[Shift], Field(min_length=1, max_length=64)]
    """When how many are on duty; where shifts overlap their units add. A unit ends what it does, then leaves."""
    comes_back: Distribution | None = None
    """Law of the time that a unit given back needs before it can be used again; none means at once."""
    charging: Charging | None = None
    """Stops to charge; a unit stops after it was given back, in one use of so many. None means never."""
    breakdowns: Annotated[list[Breakdown], Field(max_length=16)] = []
    """Failures of its units in use; they are repaired when they are given back."""

    @property
    def takes_time(self) -> bool:
        """Whether a unit given back may not be used again at once."""
        return self.comes_back is not None or self.charging is not None or bool(self.breakdowns)


class Area(Sourced):
    """A place with a limited number of spaces that spans stages: a yard, an apron, a road.

    A truck takes a space when it joins its first stage there and leaves it when it goes on to a stage elsewhere. While
    no space is free, the trucks that would enter stay where they are and block their lanes, or wait outside the gate.
    """

    title: Title = {}
    """Names for people, by language."""
    spaces: Units
    """Trucks that find room."""
    stages: Annotated[list[Name], Field(min_length=1, max_length=256)]
    """Its stages; a stage lies in one area at most."""
    keeps_out: list[Name] | None = None
    """Vehicle classes that have to wait for a space; others come in although it is full. None means all."""
    reopens_at: Annotated[Count, Field(ge=0, le=MOST_LANES)] | None = None
    """Trucks inside at which an area that was full lets trucks in again; none means as soon as a space is free."""
    road_per_truck: Metres | None = None
    """Road that each truck inside takes, of an area that is a road [m]; none if it is a yard."""


class Link(Sourced):
    """A data network that stages need: its radio cell or cable, and the devices on it."""

    title: Title = {}
    """Names for people, by language."""
    uplink: Annotated[Megabits, Field(gt=0)]
    """Rate at which one device sends [Mbit/s]."""
    shared_uplink: Annotated[Megabits, Field(gt=0)]
    """Rate that all together can occupy with video [Mbit/s]."""
    round_trip: Seconds
    """Time from a question to its answer [s]."""


class Outage(Sourced):
    """Something that fails from time to time and takes stages, pools and links down together."""

    title: Title = {}
    """Names for people, by language."""
    every: Distribution
    """Law of the time from the end of one to the start of the next."""
    lasts: Distribution
    """Law of its duration."""
    stages: list[Name] = []
    """Stages whose lanes go down."""
    groups: list[Name] | None = None
    """Lane groups of these stages that go down; none means all of them."""
    pools: list[Name] = []
    """Pools whose units go down."""
    links: list[Name] = []
    """Links that go down."""
    units: Units | None = None
    """How many lanes of each lane group and units of each pool go down; none means all."""
    each: bool = False
    """Whether each lane and each unit fails on its own instead of all together."""
    in_hand: Literal["finishes", "resumes", "restarts"] = "finishes"
    """What becomes of the service in a lane that goes down: it is finished first, goes on after the repair, or starts
    again after it."""


class Choice(Sourced):
    """A choice between alternatives on a path: a random one by shares, or the truck's own by what it finds."""

    choose: Name
    """Name of the choice, such as `channel`."""
    shares: Annotated[dict[Name, Share], Field(max_length=16)] = {}
    """Share of each alternative; they add to 100 %. None where a rule decides."""
    rule: Literal["shortest-queue", "least-wait"] | None = None
    """Rule by which a truck takes an alternative when it gets there, by the first stage of each: the fewest trucks
    waiting or in service, or the least expected wait. Of equals the first in the file; a closed stage only if all
    are closed."""
    shares_for: dict[Name, dict[Name, Share]] = {}
    """Other shares for a vehicle class."""
    then: dict[Name, list[Step]] = {}
    """Steps of each alternative; an alternative not named adds none."""


class Visit(Sourced):
    """A visit of a stage on a path, perhaps only by some trucks."""

    stage: Name
    """The stage visited."""
    share: Share = 1.0
    """Share of the trucks that visit it."""
    share_for: dict[Name, Share] = {}
    """Other shares for a vehicle class."""
    only: list[Name] | None = None
    """Vehicle classes that visit it; none means all."""
    when: dict[Name, list[Name]] = {}
    """Choice -> alternatives: only trucks for which an earlier choice on the path fell so."""
    again: Share = 0.0
    """Share of the visits after which the truck makes it again: a failed declaration, a second inspection."""
    again_for: dict[Name, Share] = {}
    """Other shares for a vehicle class."""
    again_from: Name | None = None
    """Earlier stage of the path from which it makes all its visits up to here again; none means this visit alone."""
    most: Annotated[Count, Field(ge=1, le=20)] = 1
    """How many times a truck makes it again, at most."""


class Mark(Model):
    """A point on a path that metrics and lane groups refer to."""

    mark: Literal["released", "empty"]
    """`released`: the last control lies behind; `empty`: the load is off and the truck returns empty."""


def _step_written(value: Any) -> str | None:
    """The tag of the kind of step that is written, or None where it is none of the four."""
    if isinstance(value, str):
        return f"{TAG_MARK}name"
    if isinstance(value, BaseModel):
        value = dict.fromkeys(type(value).model_fields)
    if isinstance(value, dict):
        kinds = [kind for kind in ("stage", "choose", "mark") if kind in value]
        return f"{TAG_MARK}{kinds[0]}" if kinds else None
    return None


Step = Annotated[
    Annotated[Name, tag("name")]
    | Annotated[Visit, tag("stage")]
    | Annotated[Choice, tag("choose")]
    | Annotated[Mark, tag("mark")],
    Discriminator(_step_written),
]
"""A step of a path: a stage name, a visit, a choice or a mark."""

Choice.model_rebuild()  # its alternatives are steps themselves


class Booking(Sourced):
    """Slots that trucks book for their arrival."""

    title: Title = {}
    """Names for people, by language."""
    flows: Annotated[list[Name], Field(min_length=1, max_length=128)]
    """Flows whose trucks book; a flow books in one place."""
    side: SideName
    """The side whose clock the hours follow."""
    hours: Hours = ((0, DAY_S),)
    """Daily windows in which slots are offered, one after the other from the start of each window."""
    slot: Annotated[Seconds, Field(ge=60)]
    """Length of a slot [s]; what is left of a window at its end is offered to nobody."""
    capacity: Units
    """Trucks a slot."""
    share: Share = 1.0
    """Share of the trucks that book; the others come when they like."""
    early: Annotated[Seconds, Field(le=DAY_S)] = 0.0
    """How long before its slot a truck comes, apart from `offset` [s]."""
    offset: Distribution = Constant(constant=0.0)
    """Law of how much later it comes than that."""
    no_show: Share = 0.0
    """Share of the trucks with a slot that do not come."""
    without: Literal["wait", "come", "stay-away"] = "wait"
    """What a truck does that finds no slot in time: it takes the next free one, however late; comes all the same; or
    does not come."""
    latest: Days = 1.0
    """How long after the time that it asks for a slot may start, if it does not `wait` [d]."""
    priority_without: Annotated[Count, Field(ge=0, le=9)] | None = None
    """Place in waiting lines of loaded trucks of these flows that come without a slot, because they found none or do
    not book; none means that of their class."""


class TwoWay(Sourced):
    """What trucks of a direction do that take a load back instead of returning empty."""

    share: Share
    """Share of the trucks that do."""
    share_for: dict[Name, Share] = {}
    """Other shares for a vehicle class that comes in this direction."""
    vehicle_class: Annotated[Name, Field(alias="class")]
    """Vehicle class of the second load; it goes in the other direction."""
    steps: Annotated[list[Step], Field(min_length=1, max_length=200)]
    """What they do in place of the steps after the mark `empty`; a mark `released` counts the second load."""


class Standing(Sourced):
    """Trucks that stand in line at a stage when the run begins."""

    vehicle_class: Annotated[Name, Field(alias="class")]
    """Their vehicle class."""
    direction: DirectionName
    """Their direction."""
    stage: Name
    """The stage in whose line they stand, at their first visit of it; the choices that lead there have fallen."""
    empty: bool = False
    """Whether they return empty."""
    trucks: Annotated[Count, Field(ge=1, le=100_000)]
    """Number of trucks."""


class EndOfDay(Sourced):
    """When the day's bulletin counts the trucks that wait."""

    at: Clock = DAY_S
    """Time of day [s]."""
    side: SideName
    """Whose clock; days of results are this side's days too."""


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
    """First day of the measured period, unless the run says another."""
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
    """Public road that each truck takes which waits outside because an area is full [m]; none if it is not known."""
    links: Annotated[dict[Name, Link], Field(max_length=16)] = {}
    """Data networks."""
    outages: Annotated[dict[Name, Outage], Field(max_length=64)] = {}
    """What fails, and what goes down with it."""
    paths: dict[DirectionName, Annotated[list[Step], Field(min_length=1, max_length=200)]]
    """Direction -> the stages a truck visits, in order."""
    two_way: dict[DirectionName, TwoWay] = {}
    """Direction -> its trucks that carry goods both ways."""
    booking: Annotated[dict[Name, Booking], Field(max_length=32)] = {}
    """Booking systems."""
    calendar: Annotated[list[CalendarEntry], Field(max_length=1000)] = []
    """Closures, public holidays, surges of demand and slowdowns of services."""
    initial: Annotated[list[Standing], Field(max_length=256)] = []
    """Trucks that stand in line at the first tick of the run, warm-up included."""

    def closings(self) -> list[Closure | Holidays]:
        """Return the entries of the calendar that close something."""
        return [entry for entry in self.calendar if isinstance(entry, Closure | Holidays)]

    def closed_days(self, stage: str, first: dt.date, last: dt.date) -> set[dt.date]:
        """Return the days of a period on which `stage` stays closed, on its side's clock."""
        side = self.stages[stage].side
        return {day for entry in self.closings() if entry.closes(stage, side) for day in entry.days(first, last)}

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
