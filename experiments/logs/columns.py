"""What each column of an exported table holds, and in which unit: declared once, for every form of export."""

from __future__ import annotations

from typing import NamedTuple


class Column(NamedTuple):
    """A column of an exported table."""

    name: str
    unit: str
    """Unit; empty where there is none."""
    text: str


MS = "ms"
REPLICATION = Column("replication", "", "Number of the replication, from 0.")
STAGE = Column("stage", "", "Stage, as the gate file names it.")
DIRECTION = Column("direction", "", "Direction of the truck.")
CLASS = Column("class", "", "Vehicle class.")
TRUCK = (
    Column("truck", "", "Number of the truck within the replication, in order of arrival."),
    Column("flow", "", "Flow of the gate file to which the truck belongs."),
    Column("number", "", "Number of the truck within its flow; the same truck in every scenario with the same seed."),
    CLASS,
    DIRECTION,
)
MOMENTS = {
    "joined": "When the truck joined the queue of the stage",
    "started": "When its service started",
    "finished": "When its service ended",
    "left": "When it left the stage and freed the lane",
}
"""Moments of a visit."""
TRUCK_MOMENTS = {
    "arrived": "When the truck arrived",
    "released": "When the last control released it",
    "departed": "When it left the gate, empty return included, or turned back",
}
"""Moments of a truck."""
NOT_YET = "empty if it did not happen before the end of the run"

TABLES: dict[str, tuple[Column, ...]] = {
    "events": (
        REPLICATION,
        *TRUCK,
        Column("visit", "", "Number of the visit of the truck, from 0, in order."),
        STAGE,
        Column("side", "", "Side of the border on which the stage is."),
        Column("lane_group", "", "Lane group that served the truck; empty if its service did not start."),
        Column("empty", "", "Whether the truck was without its load."),
        Column("by_hand", "", "Whether the service was done by hand because a link was down."),
        *(Column(name, MS, f"{text}, since the start of the run; {NOT_YET}.") for name, text in MOMENTS.items()),
    ),
    "trucks": (
        REPLICATION,
        *TRUCK,
        *(Column(name, MS, f"{text}, since the start of the run; {NOT_YET}.") for name, text in TRUCK_MOMENTS.items()),
        Column("waiting", MS, "Time in queues of open stages."),
        Column("closed", MS, "Time in queues of closed stages."),
        Column("served", MS, "Time in service."),
        Column("blocked", MS, "Time in a lane after the service, because there was no room ahead."),
    ),
    "queues": (
        REPLICATION,
        Column("hour", "h", "Hours since the measured period began."),
        STAGE,
        Column("mean", "trucks", "Trucks in the queue, mean over the hour."),
        Column("max", "trucks", "Most trucks in the queue within the hour."),
    ),
    "days": (
        REPLICATION,
        Column("day", "d", "Day of the measured period, from 0."),
        Column("date", "", "The same as a date, on the clock of the side whose bulletin counts the days."),
        DIRECTION,
        Column("arrived", "trucks", "Loaded trucks that arrived on the day."),
        Column("released", "trucks", "Loaded trucks that the last control released on the day."),
        Column("departed", "trucks", "Trucks that left the gate on the day."),
        Column("stock", "trucks", "Loaded trucks not yet released when the bulletin counts."),
    ),
    "clearance": (
        REPLICATION,
        Column("measure", "", "`clearance`, until the release, or `passage`, until the departure."),
        DIRECTION,
        Column("class", "", "Vehicle class; empty for all."),
        Column("percent", "%", "Share of the trucks."),
        Column("hours", "h", "Time within which this share is through; empty if the run ends before."),
    ),
    "stages": (
        REPLICATION,
        STAGE,
        DIRECTION,
        Column("visits", "", "Visits that began in the measured period."),
        Column("waiting_h", "truck-hours", "Time of all trucks in the queue while the stage was open."),
        Column("closed_h", "truck-hours", "Time of all trucks in the queue while the stage was closed."),
        Column("served_h", "truck-hours", "Time of all trucks in service."),
        Column("blocked_h", "truck-hours", "Time of all trucks in a lane after their service."),
    ),
    "replications": (
        Column("metric", "", "Name of the metric, with its unit; docs/metrics.md defines it."),
        Column("statistic", "", "Statistic of the metric."),
        Column("direction", "", "Direction; empty for all."),
        Column("class", "", "Vehicle class; empty for all."),
        Column("stage", "", "Stage, area or pool; empty if the metric is of the whole gate."),
        REPLICATION,
        Column("value", "as the metric says", "Value; NaN if it is not defined, infinite if it is not reached."),
    ),
    "tailback": (
        REPLICATION,
        Column("hour", "h", "Hours since the measured period began."),
        Column("direction", "", "Direction of the trucks outside; empty for a road inside the gate."),
        Column("area", "", "Road area; empty for the queue outside."),
        Column("mean_km", "km", "Length of road occupied by waiting trucks, mean over the hour."),
        Column("max_km", "km", "Greatest length within the hour."),
    ),
    "decisions": (
        REPLICATION,
        Column("tick", MS, "When it was decided, since the start of the run."),
        Column("what", "", "`lanes`, `units` or `may start`."),
        Column("place", "", "Lane group, pool or stage."),
        Column("number", "", "Number from then on; empty where the gate file decides again."),
    ),
}
"""Table -> its columns, without those of wall clocks and of choices, which depend on the gate."""


def clock_columns(table: str, zones: dict[str, str]) -> tuple[Column, ...]:
    """Return the columns with wall-clock times of a table.

    Parameters
    ----------
    zones
        Side -> IANA time zone.
    """
    moments = {"events": MOMENTS, "trucks": TRUCK_MOMENTS}.get(table, {})
    return tuple(
        Column(f"{name}_{side}", f"local time, {zone}", f"{text}, on the clock of side {side}; {NOT_YET}.")
        for name, text in moments.items()
        for side, zone in zones.items()
    )


def choice_column(choice: str) -> Column:
    """Return the column that says which alternative of a choice a truck took, named as in a trace."""
    text = f"Alternative of the choice `{choice}` that the truck took; empty if the stages it came to do not tell."
    return Column(f"choice.{choice}", "", text)
