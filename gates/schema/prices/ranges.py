"""How far an assumed number may be off."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from gates.schema.base import Sourced
from gates.schema.quantities import Number


class InputRange(Sourced):
    """Range of an assumed number, as factors on what the file says."""

    low: Annotated[Number, Field(gt=0, le=1)]
    """Lower end, such as 0.8: four fifths of it."""
    high: Annotated[Number, Field(ge=1, le=10)]
    """Upper end."""
