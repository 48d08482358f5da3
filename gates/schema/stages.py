"""Stages: lanes, admission, service times, patience, batches."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field

from gates.schema.base import (
    EMPTY,
    MOST_LANES,
    TAG_MARK,
    UNLIMITED,
    DirectionName,
    Factor,
    LaneCount,
    Name,
    SideName,
    Sourced,
    Title,
    Units,
    Unlimited,
    tag,
)
from gates.schema.distributions import Distribution
from gates.schema.hours import ALWAYS, OpeningHours
from gates.schema.quantities import (
    Count,
    Megabits,
    Megabytes,
    Metres,
    Seconds,
)
from gates.schema.resources import Breakdown


def _lanes_written(value: Any) -> str | None:
    """The tag of the way in which lanes are written, or None where it is none of the three."""
    if isinstance(value, list | tuple):
        return f"{TAG_MARK}groups"
    if isinstance(value, str):
        return f"{TAG_MARK}unlimited" if value == UNLIMITED else None
    return f"{TAG_MARK}count" if isinstance(value, int | float) and not isinstance(value, bool) else None


class Reversal(Sourced):
    """When lanes change from one direction to the other."""

    at: Annotated[Count, Field(ge=0, le=MOST_LANES)]
    """Waiting trucks of the other direction at which the lanes may change; 0 to change even if nobody waits, as traffic
    lights do."""
    takes: Seconds
    """Time to change direction, after the lanes have finished the trucks in service [s]."""
    until: Literal["longer-queue", "empty", "gated"] = "longer-queue"
    """When lanes leave their direction: `longer-queue` when the other queue is longer by `lead`, `empty` when a lane
    has nobody to serve, `gated` when all have started who waited as the lanes came to it."""
    lead: Units = 1
    """Trucks by which the other queue must be longer under `until: longer-queue`."""
    most_trucks: Units | None = None
    """Trucks after which lanes leave their direction in any case; by default any number."""
    at_most: Annotated[Seconds, Field(gt=0)] | None = None
    """Time after which lanes leave their direction in any case [s]; by default any time."""
    at_least: Seconds = 0.0
    """Shortest time that lanes serve a direction before they leave it [s]."""
    each: bool = False
    """Whether each lane changes by itself as soon as it is empty, as separate kiosks do; by default all wait for the
    last truck, as on a bridge."""


class QueueOpening(Sourced):
    """When lanes open because the queue is long, and when they close again."""

    at: Units
    """Waiting trucks at which the lanes open, of those that the lanes admit."""
    closes_below: Units
    """Waiting trucks below which they close again; each lane finishes the truck it serves first."""
    after: Seconds = 0.0
    """Time from the moment that so many wait until the lanes open [s]; they stay closed if fewer than `closes_below`
    wait by then."""
    at_least: Seconds = 0.0
    """Shortest time that they stay open [s]."""


AtClosing = Literal["serves-whom-it-has", "serves-the-queue", "hands-back"]
"""What a lane does when its hours end."""


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
    """Vehicle classes admitted; by default all."""
    directions: list[DirectionName] | None = None
    """Directions admitted; by default all."""
    load: Literal["any", "loaded", "empty"] = "any"
    """Whether loaded trucks, empty ones or both are admitted."""
    hours: OpeningHours | None = None
    """Opening hours on the clock of the stage's side; by default those of the stage."""
    reverses: Reversal | None = None
    """For lanes that serve one direction at a time, starting with the first of `directions`; by default they serve all
    that they admit at any time."""
    at_closing: AtClosing | None = None
    """What its lanes do when their hours end; by default as the stage."""
    opens: QueueOpening | None = None
    """For lanes that open only while the queue is long, such as a reserve; by default they are open at all their
    hours."""

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
    """Time since the first of them joined after which fewer trucks start, too [s]."""


class LinkUse(Sourced):
    """What each service sends over a link."""

    link: Name
    """The link."""
    data: Megabytes = 0.0
    """Data sent during a service [MB]; the time to send it is added to the service time."""
    round_trips: Annotated[Count, Field(ge=0, le=1000)] = 1
    """Requests that the service sends; it waits for each answer."""
    video: Megabits = 0.0
    """Rate of video that a service sends from its start to its end [Mbit/s]."""
    without: Distribution | None = None
    """Distribution of the service time by hand while the link is down; by default no service starts then."""


class Stage(Sourced):
    """A place where trucks queue and are served."""

    title: Title = {}
    """Names for people, by language."""
    role: Name | None = None
    """What it is for, in a word by which upgrades find it at any gate, such as `inspection-bay`; omit if none does."""
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
    hours: OpeningHours = ALWAYS
    """Opening hours, daily or by weekday; a lane finishes the truck it serves, then closes."""
    at_closing: AtClosing = "serves-whom-it-has"
    """What its lanes do when their hours end: finish the trucks in service (`serves-whom-it-has`), serve all trucks,
    too, that are in the queue then (`serves-the-queue`), or break services off and give the trucks back to the queue,
    to start anew later (`hands-back`)."""
    service: Distribution
    """Distribution of the service time."""
    service_for: dict[str, Distribution] = {}
    """Other distributions for a vehicle class, or for `empty` trucks (which beats the class)."""
    move_up: Seconds = 0.0
    """Time to move up into the lane, added to each service [s]."""
    hold: bool = False
    """Whether the service is a hold: the time until a load is ready to go on (papers, an order, a buyer, a partner
    truck), which no capacity shortens. Results count it as waiting for readiness, not as processing."""
    drive: Metres = 0.0
    """Distance that trucks drive during the service, if it is a road [m]; for fuel alone (`energy`)."""
    ageing: Factor = 1.0
    """How fast loads age here: 1 at the right temperature, more where doors are open or the cooling is off."""
    needs: dict[Name, Units] = {}
    """Pool -> units that a service occupies in addition to its lane; it starts when lane and units are free."""
    takes: dict[Name, Units] = {}
    """Pool -> units taken at the start of the service and kept until a later stage `gives` them back."""
    gives: dict[Name, Units] = {}
    """Pool -> units, taken at an earlier stage, given back at the end of the service."""
    sends: LinkUse | None = None
    """What a service sends over a link; omit if it needs no link."""
    pauses_when_closed: bool = False
    """Whether a service in progress pauses while the lane is closed, as tests in a laboratory do; if not, the lane
    finishes the truck it serves, then closes."""
    patience: Distribution | None = None
    """Distribution of the time that a truck waits in the queue before it gives up and turns back; by default trucks do
    not give up."""
    patience_for: dict[Name, Distribution] = {}
    """Other distributions of patience for a vehicle class."""
    turns_away_at: Units | None = None
    """Length of the queue [trucks] at which a truck that arrives does not join but turns back; by default never."""
    wait_target: Seconds | None = None
    """Wait in the queue, while a lane for the truck is open, that is still in time [s]. Omit if only the mean wait is
    of interest: with a target the waits of the stage are measured by class and lane group, with percentiles and the
    shares that queue and that wait longer."""
    batch: Batch | None = None
    """Trucks that start together; by default each starts when it can."""
    breakdowns: Annotated[list[Breakdown], Field(max_length=16)] = []
    """Failures of its lanes in use; the truck waits in the lane for the repair."""

    def lane_groups(self) -> list[LaneGroup]:
        """Return the lane groups; a plain number of lanes is one group that admits all."""
        if isinstance(self.lanes, list):
            return self.lanes
        return [LaneGroup(name="all", lanes=self.lanes)]

    def service_distribution(self, vehicle_class: str, *, empty: bool) -> Distribution:
        """Return the distribution of the service time of such trucks, without moving up."""
        if empty and EMPTY in self.service_for:
            return self.service_for[EMPTY]
        return self.service_for.get(vehicle_class, self.service)
