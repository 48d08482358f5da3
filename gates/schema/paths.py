"""Paths: the steps of a truck through the gate, and the one walk over them.

A step can be written in several ways; a function looks at what is written and picks the one model meant, so that a
mistake gives one finding, not one for each model.

Everything that reads a path reads it with `walk`: it goes through the steps in the order of the file, into the
alternatives of each choice, and says for each step where it is, inside which alternatives, and behind which marks.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Discriminator, Field

from gates.findings import Place
from gates.schema.base import (
    TAG_MARK,
    DirectionName,
    Model,
    Name,
    Sourced,
    tag,
)
from gates.schema.quantities import (
    Count,
    Share,
)


class Choice(Sourced):
    """A choice between alternatives on a path: at random by shares, or by a rule when the truck gets there."""

    choose: Name
    """Name of the choice, such as `channel`."""
    shares: Annotated[dict[Name, Share], Field(max_length=16)] = {}
    """Share of each alternative; they add to 100 %. Omit if a rule decides."""
    rule: Literal["shortest-queue", "least-wait"] | None = None
    """Rule by which a truck chooses when it gets there. It compares the first stages of the alternatives: the fewest
    trucks waiting or in service, or the shortest expected wait. A tie goes to the first in the file; a closed stage is
    chosen only if all are closed."""
    shares_for: dict[Name, dict[Name, Share]] = {}
    """Other shares for a vehicle class."""
    then: dict[Name, list[Step]] = {}
    """Steps of each alternative; an alternative that is not named has none."""

    def shares_of(self, vehicle_class: str) -> Mapping[str, float]:
        """Return the shares of the alternatives for a vehicle class."""
        return self.shares_for.get(vehicle_class, self.shares)


class Visit(Sourced):
    """A visit to a stage on a path, perhaps by some trucks only."""

    stage: Name
    """The stage visited."""
    share: Share = 1.0
    """Share of the trucks that visit it."""
    share_for: dict[Name, Share] = {}
    """Other shares for a vehicle class."""
    only: list[Name] | None = None
    """Vehicle classes that visit it; by default all."""
    when: dict[Name, list[Name]] = {}
    """Choice -> alternatives: only trucks that took one of these alternatives, earlier on the path."""
    again: Share = 0.0
    """Share of the visits after which the truck repeats it: a failed declaration, a second inspection."""
    again_for: dict[Name, Share] = {}
    """Other shares for a vehicle class."""
    again_from: Name | None = None
    """Earlier stage of the path from which it repeats all its visits up to here; by default this visit alone."""
    most: Annotated[Count, Field(ge=1, le=20)] = 1
    """How many times a truck repeats it, at most."""

    def share_of(self, vehicle_class: str) -> float:
        """Return the share of the trucks of a class that make the visit, where its conditions are met."""
        if self.only is not None and vehicle_class not in self.only:
            return 0.0
        return self.share_for.get(vehicle_class, self.share)

    def again_share_of(self, vehicle_class: str) -> float:
        """Return the share of the visits of a class after which the truck makes it again."""
        return self.again_for.get(vehicle_class, self.again)


class Mark(Model):
    """A point on a path that metrics and lane groups refer to."""

    mark: Literal["released", "empty"]
    """`released`: the last control is passed; `empty`: the load is off and the truck returns empty."""


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


class SecondLoad(Sourced):
    """What trucks of a direction do if they take a load back instead of returning empty."""

    share: Share
    """Share of the trucks that take one."""
    share_for: dict[Name, Share] = {}
    """Other shares for a vehicle class that comes in this direction."""
    vehicle_class: Annotated[Name, Field(alias="class")]
    """Vehicle class of the second load; it goes in the other direction."""
    steps: Annotated[list[Step], Field(min_length=1, max_length=200)]
    """Their steps instead of those after the mark `empty`; a mark `released` here is the release of the second load."""

    def share_of(self, vehicle_class: str) -> float:
        """Return the share of the trucks of a class that take a second load."""
        return self.share_for.get(vehicle_class, self.share)


# The walk.


@dataclasses.dataclass(frozen=True, slots=True)
class Alternative:
    """An alternative of a choice: where its steps begin, and what each of them is inside of."""

    place: Place
    """`paths.northbound[4].then.red`."""
    choice: Choice
    name: str

    @property
    def place_of_choice(self) -> Place:
        """`paths.northbound[4]`."""
        return self.place[:-2]


@dataclasses.dataclass(frozen=True, slots=True)
class PlacedStep:
    """What a walk comes to: a visit, a choice, the begin of one of its alternatives, or a mark."""

    place: Place
    """Where it is in the file."""
    step: Visit | Choice | Alternative | Mark
    """A stage that is only named is a visit of all trucks."""
    inside: tuple[Alternative, ...] = ()
    """The alternatives that it is in, the outermost first."""
    marks_before: tuple[str, ...] = ()
    """The marks that come before it on the path."""
    only_named: bool = False
    """Whether a visit is written as the name of its stage alone."""

    @property
    def is_empty(self) -> bool:
        """Tell whether trucks are empty when they come here."""
        return "empty" in self.marks_before

    @property
    def place_of_stage(self) -> Place:
        """Where the stage of a visit is named."""
        return self.place if self.only_named else (*self.place, "stage")


def walk(steps: Sequence[Step], place: Place = ()) -> Iterator[PlacedStep]:
    """Go through the steps of a path in the order of the file, those of alternatives included.

    Parameters
    ----------
    steps
        The steps, as the file has them.
    place
        Where they are in the file.
    """
    marks: tuple[str, ...] = ()
    for placed in _walk_inside(steps, place, ()):
        yield dataclasses.replace(placed, marks_before=marks)
        if isinstance(placed.step, Mark):
            marks = (*marks, placed.step.mark)


def _walk_inside(steps: Sequence[Step], place: Place, inside: tuple[Alternative, ...]) -> Iterator[PlacedStep]:
    for n, step in enumerate(steps):
        here = (*place, n)
        if isinstance(step, str):
            yield PlacedStep(here, Visit(stage=step), inside, only_named=True)
        else:
            yield PlacedStep(here, step, inside)
        if isinstance(step, Choice):
            for name, inner in step.then.items():
                alternative = Alternative((*here, "then", name), step, name)
                yield PlacedStep(alternative.place, alternative, inside)
                yield from _walk_inside(inner, alternative.place, (*inside, alternative))


@dataclasses.dataclass(frozen=True, slots=True)
class WrittenPath:
    """A path as the file has it: that of a direction, or what its trucks do with a second load."""

    direction: DirectionName
    steps: Sequence[Step]
    two_way: SecondLoad | None = None
    """The second load, if these are the steps with it."""

    @property
    def place(self) -> Place:
        """`paths.northbound`, or `two_way.northbound.steps`."""
        return ("paths", self.direction) if self.two_way is None else ("two_way", self.direction, "steps")

    def walk(self) -> Iterator[PlacedStep]:
        """Go through its steps."""
        return walk(self.steps, self.place)
