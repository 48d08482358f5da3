"""The sheet of a gate: all tables together."""

from __future__ import annotations

from gates.describe.calendar import entry_words
from gates.describe.demand import flow_row, initial_queue_words
from gates.describe.paths import path_words
from gates.describe.readings import reading_row, target_row
from gates.describe.resources import area_row, link_words, outage_words, pool_rows
from gates.describe.stages import stage_rows
from gates.describe.tables import GateSheet, PathRow
from gates.describe.texts import title_of
from gates.schema.base import LanguageTag
from gates.schema.gate import Gate
from gates.schema.quantities import clock_text
from gates.sources import every_number


def sheet(gate: Gate, language: LanguageTag = "en") -> GateSheet:
    """Lay out a gate.

    Parameters
    ----------
    gate
        The gate.
    language
        Language of the titles; where a title lacks it, English or the name stands.
    """
    numbers = tuple(every_number(gate))
    sources = {number.path: number for number in numbers}
    return GateSheet(
        name=gate.name,
        title=title_of(gate.title, gate.name, language),
        about=" ".join(gate.about.split()),
        start=gate.start.isoformat(),
        end_of_day=_end_of_day(gate),
        sides=dict(gate.sides),
        stages=tuple(row for name in gate.stages for row in stage_rows(gate, name, sources, language)),
        pools=tuple(row for name in gate.pools for row in pool_rows(gate, name, sources, language)),
        areas=tuple(area_row(gate, name, sources, language) for name in gate.areas),
        flows=tuple(flow_row(gate, name, sources, language) for name in gate.flows),
        paths=tuple(PathRow(direction, tuple(path_words(gate, direction))) for direction in gate.paths),
        calendar=tuple(entry_words(gate, entry) for entry in gate.calendar),
        initial=tuple(initial_queue_words(entry) for entry in gate.initial),
        links=tuple(link_words(gate, name, language) for name in gate.links),
        outages=tuple(outage_words(gate, name, language) for name in gate.outages),
        readings=tuple(reading_row(gate, name, language) for name in gate.readings),
        targets=tuple(target_row(gate, name) for name in gate.targets),
        numbers=numbers,
        assumptions=sum(number.is_assumption for number in numbers),
        unsourced=sum(not number.is_sourced for number in numbers),
    )


def _end_of_day(gate: Gate) -> str:
    """`20:00 in Asia/Ho_Chi_Minh`, and whom the bulletin counts if not all who are not released."""
    bulletin = gate.end_of_day
    counts = ", of trucks that are not over the border" if bulletin.counts == "until-crossing" else ""
    return f"{clock_text(bulletin.at)} in {gate.sides[bulletin.side]}{counts}"
