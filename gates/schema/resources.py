"""What stages share, and what fails: pools, areas, links, breakdowns, outages."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from gates.schema.base import (
    MOST_LANES,
    Name,
    SideName,
    Sourced,
    Title,
    Units,
)
from gates.schema.distributions import Distribution
from gates.schema.hours import OpeningHours
from gates.schema.quantities import (
    Count,
    Megabits,
    Metres,
    Number,
    Seconds,
)


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


class Shift(Sourced):
    """Hours in which units of a pool are on duty."""

    hours: OpeningHours
    """Hours of duty on the clock of the pool's side, daily or by weekday."""
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
