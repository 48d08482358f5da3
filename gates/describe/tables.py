"""The tables of a gate that a person sees: texts only."""

from __future__ import annotations

import dataclasses

from gates.sources import SourcedNumber


@dataclasses.dataclass(frozen=True, slots=True)
class StageRow:
    """A stage, or one lane group of a stage that has several."""

    name: str
    """Stage, with the lane group after a slash."""
    title: str
    side: str
    lanes: str
    admits: str
    """Which trucks; empty for all."""
    hours: dict[str, str]
    """Side -> opening hours on that side's clock."""
    service: str
    """Mean service time, moving up included, with its distribution."""
    source: str
    """Ids of the sources of lanes, hours and service."""


@dataclasses.dataclass(frozen=True, slots=True)
class PoolRow:
    """A shift of a pool."""

    name: str
    title: str
    side: str
    units: str
    """On duty in this shift."""
    hours: dict[str, str]
    """Side -> hours of the shift on that side's clock."""
    users: str
    """Stages that need, take or give units, in words."""
    comes_back: str
    """Distribution of the time that a unit needs to come back, and its stops to charge; empty if it needs none."""
    source: str
    """Ids of the sources of units, hours and the way back."""


@dataclasses.dataclass(frozen=True, slots=True)
class AreaRow:
    """An area of limited space."""

    name: str
    title: str
    spaces: str
    stages: tuple[str, ...]
    source: str


@dataclasses.dataclass(frozen=True, slots=True)
class FlowRow:
    """A flow."""

    name: str
    title: str
    direction: str
    per_day: str
    profile: str
    """When its trucks come, in words."""
    source: str


@dataclasses.dataclass(frozen=True, slots=True)
class PathRow:
    """A path in words: one line for each step, inner steps indented by two spaces."""

    direction: str
    steps: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class ReadingRow:
    """A reading."""

    name: str
    title: str
    weight: str
    changes: str
    """How many places of the file it changes; `the baseline` if none."""
    about: str
    evidence: str


@dataclasses.dataclass(frozen=True, slots=True)
class TargetRow:
    """A target."""

    name: str
    title: str
    metric: str
    band: str
    """`0.95 to 1.4`, `at least 275`."""
    kind: str
    date: str
    source: str


@dataclasses.dataclass(frozen=True, slots=True)
class GateSheet:
    """Everything that a person wants to see of a gate."""

    name: str
    title: str
    about: str
    start: str
    end_of_day: str
    sides: dict[str, str]
    """Side -> time zone."""
    stages: tuple[StageRow, ...]
    pools: tuple[PoolRow, ...]
    areas: tuple[AreaRow, ...]
    flows: tuple[FlowRow, ...]
    paths: tuple[PathRow, ...]
    calendar: tuple[str, ...]
    """Closures, public holidays and surges, in words."""
    initial: tuple[str, ...]
    """Trucks in queues at the start, in words."""
    links: tuple[str, ...]
    """Data networks and who sends over them, in words."""
    outages: tuple[str, ...]
    """What fails, and what goes down with it, in words."""
    readings: tuple[ReadingRow, ...]
    targets: tuple[TargetRow, ...]
    numbers: tuple[SourcedNumber, ...]
    assumptions: int
    """Numbers that rest, at least in part, on an assumption."""
    unsourced: int
    """Numbers that say nothing about where they come from."""
