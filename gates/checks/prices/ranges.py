"""Checks of ranges: they belong to numbers of the gate."""

from __future__ import annotations

from gates.addresses import PlaceError, find
from gates.checks.register import Findings, finding, rule
from gates.schema.gate import Gate


@rule("ranges.*")
def ranged_numbers(gate: Gate) -> Findings:
    """A range is of a number, or of a distribution, that stands in the gate."""
    data = gate.model_dump(mode="json", by_alias=True) if gate.ranges else {}
    for path in gate.ranges:
        try:
            spot = find(data, path)
        except PlaceError as error:
            yield finding(("ranges", path), "", error.problem, error.remedy)
            continue
        if not spot.present:
            yield finding(("ranges", path), "", "there is no such place", "Name a number, such as stages.bay-cn.lanes.")
