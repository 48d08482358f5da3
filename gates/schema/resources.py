"""Resources that stages share, and their failures: pools, areas, links, breakdowns, outages."""

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
    """Mean running time between failures [s], exponentially distributed; only time in service counts."""
    uses: Annotated[Number, Field(gt=1, le=1e9)] | None = None
    """Mean number of services between failures, instead of `running`."""
    repair: Distribution
    """Distribution of the time to repair."""
    then: Literal["resumes", "restarts", "hands-over"] = "resumes"
    """Whether the truck waits in its lane for the repair, after which its service goes on (`resumes`) or starts again
    (`restarts`), or goes back to its place in the queue, from which the next free lane takes it (`hands-over`)."""


class Shift(Sourced):
    """Hours in which units of a pool are on duty."""

    hours: OpeningHours
    """Hours of duty on the clock of the pool's side, daily or by weekday."""
    units: Units
    """Units on duty."""


class Charging(Sourced):
    """Stops of a fleet's vehicles to charge or to change batteries, after a distance driven."""

    range: Annotated[Metres, Field(gt=0)]
    """Distance driven from one stop to the next [m]."""
    trip: Annotated[Metres, Field(gt=0)]
    """Distance from where a unit is taken to where it is given back, and back again [m]."""
    takes: Distribution
    """Distribution of the duration of a stop."""

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
    """Hours and number of units on duty; where shifts overlap, units add. A unit finishes its task before it leaves."""
    comes_back: Distribution | None = None
    """Distribution of the time after which a unit given back can be used again; by default at once."""
    charging: Charging | None = None
    """Stops to charge: a unit stops when it is given back, after the share `trip / range` of its uses. Omit if it never
    stops."""
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
    """Maximum number of trucks inside."""
    stages: Annotated[list[Name], Field(min_length=1, max_length=256)]
    """Its stages; a stage lies in one area at most."""
    keeps_out: list[Name] | None = None
    """Vehicle classes that wait for a space; others enter even if it is full. They take their space when the service
    before it starts, and wait in the queue until then, so that they block no lane. By default all classes wait, and
    block their lanes."""
    reopens_at: Annotated[Count, Field(ge=0, le=MOST_LANES)] | None = None
    """Trucks inside at which an area that was full admits trucks again; by default as soon as a space is free."""
    road_per_truck: Metres | None = None
    """Length of road occupied by each truck inside, if the area is a road [m]; omit for a yard."""


class Link(Sourced):
    """A data network that stages need: its radio cell or cable, and the devices on it."""

    title: Title = {}
    """Names for people, by language."""
    uplink: Annotated[Megabits, Field(gt=0)]
    """Rate at which one device sends [Mbit/s]."""
    shared_uplink: Annotated[Megabits, Field(gt=0)]
    """Total rate for the video of all devices [Mbit/s]."""
    round_trip: Seconds
    """Time from a request to its answer [s]."""


InHand = Literal["finishes", "resumes", "restarts", "hands-over"]
"""What happens to a service in progress when its lane goes down."""


class Outage(Sourced):
    """Something that fails from time to time and takes stages, pools and links down together."""

    title: Title = {}
    """Names for people, by language."""
    every: Distribution
    """Distribution of the time from the end of one outage to the start of the next."""
    lasts: Distribution
    """Distribution of its duration."""
    stages: list[Name] = []
    """Stages whose lanes go down."""
    groups: list[Name] | None = None
    """Lane groups of these stages that go down; by default all."""
    pools: list[Name] = []
    """Pools whose units go down."""
    links: list[Name] = []
    """Links that go down."""
    units: Units | None = None
    """Number of lanes of each lane group and of units of each pool that go down; by default all."""
    each: bool = False
    """Whether each lane and each unit fails independently instead of all together."""
    in_hand: InHand = "finishes"
    """What happens to the service in progress in a lane that goes down: it is finished first (`finishes`), continues
    after the repair (`resumes`), starts again after it (`restarts`), or the truck goes back to its place in the queue,
    from which the next free lane takes it (`hands-over`)."""
