"""What trucks of a direction wait for: the causes, with the hours that each costs a truck.

Waiting is put down to what it is for, not to where the truck stands. Time in front of a closed stage goes to the
opening hours; the time of a hold to the load, which is not ready; time in an open queue to the stage, to one of its
lane groups, or to a pool that is busier than the lanes; time in a lane after the service to the area ahead that is
full. A queue of a stage whose lanes are held longer by blocked trucks than by services goes to that area too. Hours are
means over all trucks of the direction.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from experiments.answers.labels import Labels
from experiments.answers.numbers import GLUE, amount, interval, scale_of, within
from experiments.answers.run_numbers import RunNumbers, StageTime, added
from experiments.runs.statistics import Estimate, mean_interval
from experiments.studies.select import margin_of
from sim.metrics.meter import Key
from sim.metrics.resources.areas import OUTSIDE

Kind = Literal["opening", "hold", "stage", "group", "pool", "area"]
Blame = tuple[Kind, str]
"""(kind of the cause, name of the stage, pool or area; `stage/group` of a lane group)."""
UNEVEN = 0.2
"""A lane group is named if its utilisation is this much above that of all lanes of the stage."""

_BEFORE: dict[Kind, str] = {
    "opening": " of ",
    "hold": " at ",
    "stage": " at ",
    "group": " at ",
    "pool": "wait for ",
    "area": "no space in ",
}


@dataclass(frozen=True)
class Cause:
    """What trucks wait for."""

    kind: Kind
    place: str
    """Stage, pool or area; `stage/group` of a lane group."""
    title: str
    """`opening hours of Booth`, `hold at Papers`, `queue at Booth`, `wait for Officers`, `no space in Yard`."""
    hours: Estimate
    """Mean over all trucks of the direction [h]."""

    @property
    def object(self) -> str:
        """What of it can be relieved: `Booth`, `Yard`."""
        return self.title.partition(_BEFORE[self.kind])[2]

    @property
    def text(self) -> str:
        """`queue at Booth (3.8 h)`."""
        return f"{self.title} ({hours_text(self.hours.value)})"


def hours_text(hours: float) -> str:
    """Return hours as people read them: `24 h`, `3.8 h`, `5 min`."""
    if hours >= 9.95:
        return f"{hours:,.0f}{GLUE}h"
    if hours >= 0.095:
        return f"{hours:.1f}{GLUE}h"
    minutes = round(60 * hours)
    return f"{minutes}{GLUE}min" if minutes else f"under 1{GLUE}min"


def causes(numbers: RunNumbers, labels: Labels, direction: str) -> list[Cause]:
    """Return what trucks of a direction wait for, the largest cause first."""
    blamed: dict[Blame, list[Sequence[float]]] = {}
    for blame, hours in _Way(numbers, labels, direction).waits():
        blamed.setdefault(blame, []).append(hours)
    every = [
        Cause(kind, place, _title(labels, kind, place), numbers.a_truck(direction, added(hours)))
        for (kind, place), hours in blamed.items()
    ]
    return sorted((each for each in every if each.hours.value > 0), key=lambda each: -each.hours.value)


def _title(labels: Labels, kind: Kind, place: str) -> str:
    if kind == "opening":
        return f"opening hours of {labels.stage(place)}"
    if kind == "hold":
        return f"hold at {labels.stage(place)}"
    if kind == "pool":
        return f"wait for {labels.pool(place)}"
    if kind == "area":
        return f"no space in {labels.area(place)}"
    stage, _, group = place.partition("/")
    return f"queue at {labels.stage(stage)}" + (f", lane group {labels.lane_group(group)}" if group else "")


@dataclass(frozen=True)
class _Way:
    """The way through the gate in one direction."""

    numbers: RunNumbers
    labels: Labels
    direction: str

    def waits(self) -> Iterator[tuple[Blame, Sequence[float]]]:
        """Yield every wait with its cause, and its hours by replication."""
        for stage, time in self._stages.items():
            yield ("opening", stage), time.closed
            if stage in self.labels.holds:
                yield ("hold", stage), time.served
            yield self._cause_of_queue(stage, time), time.waiting
            area = self._full_ahead(stage)
            yield ("area", area) if area else ("stage", stage), time.blocked

    @property
    def _stages(self) -> dict[str, StageTime]:
        return self.numbers.stages(self.direction)

    def _cause_of_queue(self, stage: str, time: StageTime) -> Blame:
        area = self._full_ahead(stage)
        if area and sum(time.blocked) > sum(time.served):
            return "area", area
        used = self.numbers.metrics.utilisation(stage).value
        if pool := self._busier_pool(stage, used):
            return "pool", pool
        if group := self._overloaded_group(stage, used):
            return "group", f"{stage}/{group}"
        return "stage", stage

    def _busier_pool(self, stage: str, used: float) -> str | None:
        metrics = self.numbers.metrics
        pools = [name for name in self.labels.gate.pools if stage in self.labels.users_of(name)]
        busy = {name: metrics.pool_utilisation(name).value for name in pools}
        most = max(busy, key=busy.__getitem__, default=None)
        return most if most and not busy[most] <= used else None

    def _overloaded_group(self, stage: str, used: float) -> str | None:
        groups = self.labels.gate.stages[stage].lane_groups() if stage in self.labels.gate.stages else []
        busy = {
            group.name: self.numbers.metrics.get("lane_group_utilisation", "share", stage=f"{stage}/{group.name}").value
            for group in groups
        }
        most = max((name for name in busy if math.isfinite(busy[name])), key=busy.__getitem__, default=None)
        return most if most and busy[most] >= used + UNEVEN else None

    def _full_ahead(self, stage: str) -> str | None:
        """Return the area whose lack of space blocks trucks at a stage; the farthest, if one blocks the other."""
        areas = self._areas_ahead(stage)
        seen: set[str] = set()
        while areas and areas[0] not in seen:
            seen.add(areas[0])
            blocked = [name for name in self.labels.gate.areas[areas[0]].stages if self._is_mainly_blocked(name)]
            farther = self._areas_ahead(blocked[0]) if blocked else []
            if not farther:
                return areas[0]
            areas = farther
        return areas[0] if areas else None

    def _areas_ahead(self, stage: str) -> list[str]:
        """Return the areas that trucks may enter right after a stage; of those outside, the area of the first stage."""
        if stage != OUTSIDE:
            return self.labels.areas_ahead(self.direction, stage)
        first = next(iter(self.labels.stages_of(self.direction)), "")
        area = self.labels.area_of(first)
        return [area] if area else []

    def _is_mainly_blocked(self, stage: str) -> bool:
        time = self._stages.get(stage)
        return time is not None and sum(time.blocked) > sum(time.served)


# Whether relief helps


def confirmation(cause: Cause, how: str, direction: str, before: Sequence[float], after: Sequence[float]) -> str:
    """Say whether relief of a cause shortens mean clearance; `Bottleneck` only where it does by more than the margin.

    Parameters
    ----------
    how
        `twice the lanes of`.
    before, after
        Mean clearance in each replication without and with the relief, on common random numbers [h].
    """
    key = Key("clearance_h", "mean", direction)
    was, now = mean_interval(before), mean_interval(after)
    change = mean_interval([b - a for a, b in zip(before, after, strict=True)])
    margin = margin_of(key, was.value, None)
    relief, time = f"{how} {cause.object}", f"mean {direction} clearance"
    if change.high < -margin:
        saved = _with_doubt(-change.value, -change.high, -change.low)
        times = f"from {amount(was.value, 'h')} to {amount(now.value, 'h')}"
        return f"Bottleneck: {cause.title}. {_sentence(relief)} cuts {time} by {saved}, {times}."
    size = _with_doubt(change.value, change.low, change.high, sign=True)
    if change.low > -margin:
        return (
            f"Not a bottleneck: {cause.title}. {_sentence(relief)} does not shorten {time} by as much as "
            f"{amount(margin, 'h')}; it changes by {size}."
        )
    return f"Too few replications to tell whether {relief} shortens {time}; it changes by {size}."


def _with_doubt(value: float, low: float, high: float, *, sign: bool = False) -> str:
    """`26 h (95 % interval 25.8 to 26.2)`, all in one unit."""
    scale = scale_of("h", value, low, high)
    ends = interval(scale.factor * low, scale.factor * high, sign=sign)
    mean = within(scale.factor * value, scale.factor * low, scale.factor * high, sign=sign)
    return f"{mean}{GLUE}{scale.unit} (95{GLUE}% interval {ends})"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
