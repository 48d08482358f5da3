"""Paths: the steps of a truck through the gate.

A step can be written in several ways; a function looks at what is written and picks the one model meant, so that a
mistake in it gives one finding and not one a model.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Discriminator, Field

from gates.schema.base import (
    TAG_MARK,
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
