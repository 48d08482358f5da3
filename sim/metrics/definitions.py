"""What the metrics are: every one with its unit, one sentence for a planner, and whose definition it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

OUTSIDE = "outside the gate"
"""Stands for a stage where trucks are blocked that arrive and find no space; no stage can have this name."""


class Key(NamedTuple):
    """The name of one number of a replication."""

    metric: str
    """Name in `METRICS`."""
    statistic: str
    """`mean`, `p50`, `p90`, `p95`, `p99`, `max`, `end_of_day`, `total` or `share`."""
    direction: str | None = None
    vehicle_class: str | None = None
    stage: str | None = None
    """Stage; the area of `area_trucks` and `tailback_km`, the pool of `pool_utilisation`."""


@dataclass(frozen=True)
class Definition:
    """What a metric is."""

    unit: str
    sentence: str
    """What it tells a planner."""
    source: str
    """Whose definition or formula it is."""


_OURS = "bordergate"
_RELEASE = "World Customs Organization (2018), Guide to Measure the Time Required for the Release of Goods, version 3"
_LEVEL = "Law (2015), Simulation Modeling and Analysis, section 1.4: a level averaged over time"
_LITTLE = "Little (1961), A Proof for the Queuing Formula: L = λW, Operations Research 9(3)"
_CENSORED = (
    "A truck still inside at the end counts as taking longer than it has been there (Kaplan and Meier 1958); "
    "the mean is the area under that curve (Irwin 1949)."
)

METRICS: dict[str, Definition] = {
    "throughput_per_day": Definition(
        unit="trucks/day",
        sentence="Loaded trucks released from the last control per day of 24 hours; a second load counts in the "
        "direction in which it goes.",
        source=_OURS,
    ),
    "second_loads_per_day": Definition(
        unit="trucks/day",
        sentence="Second loads of trucks that carry goods both ways, released from the last control per day of 24 "
        "hours, by the direction in which they go.",
        source=_OURS,
    ),
    "arrivals_per_day": Definition(
        unit="trucks/day",
        sentence="Loaded trucks that arrive per day of 24 hours; those that stand in line at the start do not.",
        source=_OURS,
    ),
    "clearance_h": Definition(
        unit="h",
        sentence="Time from the arrival of a truck to its release from the last control, for trucks "
        f"that arrive in the measured period. {_CENSORED}",
        source=f"{_RELEASE}: from arrival to release",
    ),
    "passage_h": Definition(
        unit="h",
        sentence="Time from the arrival of a truck to its last departure, the empty return included, "
        f"for trucks that arrive in the measured period. {_CENSORED}",
        source=f"{_RELEASE}: carried on from the release to the departure",
    ),
    "backlog_h": Definition(
        unit="h",
        sentence="Time from the start of the run until a truck that stood in line then is released from the last "
        f"control; at most: until the last of them is. {_CENSORED}",
        source=_OURS,
    ),
    "slot_delay_h": Definition(
        unit="h",
        sentence="Mean time by which booking moves the arrival of a truck with a slot, from when it would have come by "
        "itself; clearance counts from the arrival.",
        source=_OURS,
    ),
    "without_slot_per_day": Definition(
        unit="trucks/day",
        sentence="Trucks that find no slot in time per day of 24 hours, whether they come all the same or not.",
        source=_OURS,
    ),
    "no_shows_per_day": Definition(
        unit="trucks/day",
        sentence="Trucks with a slot that do not come, per day of 24 hours.",
        source=_OURS,
    ),
    "shelf_life_d": Definition(
        unit="days",
        sentence="Mean shelf life left when a perishable load is released from the last control, of the loads released "
        "in the measured period; none for a load that is spoilt.",
        source=_OURS,
    ),
    "shelf_life_lost_d": Definition(
        unit="days",
        sentence="Mean shelf life that a perishable load loses between its arrival and its release.",
        source=_OURS,
    ),
    "short_life_share": Definition(
        unit="1",
        sentence="Share of the perishable loads that have less shelf life left at their release than buyers ask for "
        "(`least_life` of the class; without one: that are spoilt).",
        source=_OURS,
    ),
    "tonne_days_lost_per_day": Definition(
        unit="t d/day",
        sentence="Shelf life lost between arrival and release, times the load of the class, of the loads released per "
        "day of 24 hours; times the price of a tonne and of a day of freshness it is the value lost.",
        source=_OURS,
    ),
    "value_lost_usd_per_day": Definition(
        unit="USD/day",
        sentence="Value that loads lose per day of 24 hours: of those that turn back, their value less what they still "
        "bring (`value_usd`, `value_turned_back` of the class); of those released, their value times the days of shelf "
        "life lost since the arrival times `value_lost_per_day`. Classes without a value are left out.",
        source=_OURS,
    ),
    "no_queue_clearance_h": Definition(
        unit="h",
        sentence="What clearance would take on average if no truck met a queue or a closed stage: the "
        "service times up to the release, added up.",
        source=_OURS,
    ),
    "wait_h": Definition(
        unit="h",
        sentence="Mean time in line at a visit of the stage while a lane for the truck is open; a "
        "visit that is not over at the end counts with its time so far.",
        source=f"{_RELEASE}: waiting time by step",
    ),
    "closed_h": Definition(
        unit="h",
        sentence="Mean time in line at a visit of the stage while every lane for the truck is closed, "
        "such as overnight.",
        source=_OURS,
    ),
    "blocked_h": Definition(
        unit="h",
        sentence="Mean time at a visit of the stage that a truck stays in its lane after its service, "
        "because what lies ahead is full.",
        source=_OURS,
    ),
    "queue_trucks": Definition(
        unit="trucks",
        sentence="Trucks in line at the stage, without those in service: averaged over time, at most, "
        "and when the day's bulletin counts (averaged over the days).",
        source=_LEVEL,
    ),
    "stock_trucks": Definition(
        unit="trucks",
        sentence="Loaded trucks that have arrived and are not yet released when the day's bulletin "
        "counts: averaged over the days, and on the worst day.",
        source=_OURS,
    ),
    "stock_days": Definition(
        unit="days",
        sentence="The mean stock in days of throughput: about how long a truck stays until its release.",
        source=_LITTLE,
    ),
    "utilisation": Definition(
        unit="1",
        sentence="Share of the open lane time of the stage in which a lane serves a truck, or holds one that was "
        "served and is blocked by what lies ahead.",
        source=_LEVEL,
    ),
    "repair_share": Definition(
        unit="1",
        sentence="Lane time of the stage under repair after breakdowns, as a share of its open lane time; counted with "
        "the services that start in the measured period, repairs that go on after closing included.",
        source=_OURS,
    ),
    "overtime_h": Definition(
        unit="h/day",
        sentence="Lane hours per day that the stage works after closing, to finish the trucks it serves.",
        source=_OURS,
    ),
    "inside_end_trucks": Definition(
        unit="trucks",
        sentence="Trucks still at the gate at the end of the run, those that return empty and those outside for want "
        "of space included.",
        source=_OURS,
    ),
    "unfinished_share": Definition(
        unit="1",
        sentence="Share of the trucks that arrive in the measured period and are neither released nor turned back by "
        "its end.",
        source=_OURS,
    ),
    "turned_back_per_day": Definition(
        unit="trucks/day",
        sentence="Trucks per day of 24 hours that turn back without release, because too many stand in line or their "
        "patience is at an end. They are left out of clearance and passage times.",
        source=_OURS,
    ),
    "turned_back_t_per_day": Definition(
        unit="t/day",
        sentence="Load per day of 24 hours of the trucks that turn back, where every class has its load.",
        source=_OURS,
    ),
    "down_share": Definition(
        unit="1",
        sentence="Share of the open lane time of the stage that outages took.",
        source=_LEVEL,
    ),
    "outside_trucks": Definition(
        unit="trucks",
        sentence="Trucks that have arrived and wait on the public road because the area of their first stage is "
        "full: averaged over time, at most, and when the day's bulletin counts (averaged over the days).",
        source=_LEVEL,
    ),
    "outside_h": Definition(
        unit="h",
        sentence="Mean time on the public road, waiting for a space at the gate, of the trucks that arrive in the "
        "measured period; a truck still outside at the end counts with its time so far.",
        source=f"{_RELEASE}: waiting time by step",
    ),
    "tailback_km": Definition(
        unit="km",
        sentence="Road that trucks take which wait outside for want of space, by direction, or which are in an area "
        "that is a road, which stands in place of the stage: number of trucks times `road_per_truck`; averaged over "
        "time, at most, and when the day's bulletin counts (averaged over the days).",
        source=_LEVEL,
    ),
    "area_trucks": Definition(
        unit="trucks",
        sentence="Trucks that take a space of the area, which stands in place of the stage: averaged over time, and "
        "at most.",
        source=_LEVEL,
    ),
    "locked_trucks": Definition(
        unit="trucks",
        sentence="Trucks that stand at the end in areas in which nobody can ever move again: all of them are full, and "
        "each truck waits for a space in another; only of gates whose areas can lock each other.",
        source=_OURS,
    ),
    "pool_utilisation": Definition(
        unit="1",
        sentence="Units in use or on their way back, under repair after a breakdown or charging included, of the pool "
        "that stands in place of the stage, as a share of the units on duty that no outage takes down; above 1 where "
        "units finish work after their shift or in an outage.",
        source=_LEVEL,
    ),
}
"""Every metric of a replication, in the order in which results give them."""
