"""Parts of all models of a gate: their base class, names, and words that several models use."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, StringConstraints, Tag
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from gates.schema.quantities import Count, Number

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=40)]
"""A lower-case name with hyphens, at most 40 characters: `kiosk-in`."""
SideName = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]
"""Two lower-case letters, such as a country code: `vn`."""
DirectionName = Literal["northbound", "southbound", "eastbound", "westbound", "inbound", "outbound"]
PAIRS: tuple[tuple[DirectionName, DirectionName], ...] = (
    ("northbound", "southbound"),
    ("eastbound", "westbound"),
    ("inbound", "outbound"),
)
"""Directions that belong together; a gate uses one pair."""
OTHER_WAY: dict[str, DirectionName] = {a: b for pair in PAIRS for a, b in (pair, pair[::-1])}
"""Direction -> the other one."""
LanguageTag = Literal["en", "vi", "zh"]
"""A language of the page and of the sheet of a gate."""
TitleTag = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Z][a-z]{3})?$")]
"""A language of titles: `en`, `es`, `zh-Hant`."""
Title = dict[TitleTag, Annotated[str, StringConstraints(min_length=1, max_length=80)]]
SourceText = Annotated[str, StringConstraints(min_length=1, max_length=600)]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Month = Literal["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
Factor = Annotated[Number, Field(ge=0, le=1000)]
Unlimited = Literal["unlimited"]
UNLIMITED: Unlimited = "unlimited"
MOST_LANES = 1_000_000
LaneCount = Annotated[Count, Field(ge=1, le=MOST_LANES)]
Units = LaneCount
"""Number of units of a pool, or of spaces of an area."""

TAG_MARK = "\N{RIGHTWARDS ARROW}"
"""First letter of the tag of a variant: such a part of an error's place is not in the file."""


EMPTY = "empty"
"""Key of `Stage.service_for` for trucks that return empty."""


def tag(name: str) -> Tag:
    """Return the tag of a variant."""
    return Tag(TAG_MARK + name)


_SCHEMA_WORDS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}


class Model(BaseModel):
    """Base of every model here: frozen, and closed to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Write bounds in the words of JSON Schema, which pydantic does not behind a validator of our own."""
        schema = handler(core_schema)
        for field in handler.resolve_ref_schema(schema).get("properties", {}).values():
            for part in (field, *field.get("anyOf", ())):
                for ours in _SCHEMA_WORDS.keys() & part.keys():
                    part[_SCHEMA_WORDS[ours]] = part.pop(ours)
        return schema


class Sourced(Model):
    """A model whose fields can say where their numbers come from."""

    sources: dict[str, SourceText] = {}
    """Field name -> fact ids or `assumption`, with an optional note after a colon."""
