"""Pools, areas, links and outages in words."""

from __future__ import annotations

from gates.describe.tables import AreaRow, PoolRow
from gates.describe.texts import distribution_text, hours_on_clocks, source_ids, title_of
from gates.schema.base import LanguageTag
from gates.schema.gate import Gate
from gates.schema.quantities import megabits_text, metres_text, number_text
from gates.schema.resources import Pool
from gates.sources import SourcedNumber


def pool_rows(gate: Gate, name: str, sources: dict[str, SourcedNumber], language: LanguageTag) -> list[PoolRow]:
    """The rows of a pool, one a shift."""
    pool = gate.pools[name]
    return [
        PoolRow(
            name=name,
            title=title_of(pool.title, name, language),
            side=pool.side,
            units=str(shift.units),
            hours=hours_on_clocks(gate, pool.side, shift.hours),
            users=_users(gate, name),
            comes_back=_way_back(pool),
            source=source_ids(
                sources,
                f"pools.{name}",
                (f"shifts[{n}].units", f"shifts[{n}].hours", "comes_back", "charging.range", "charging.takes"),
            ),
        )
        for n, shift in enumerate(pool.shifts)
    ]


def _way_back(pool: Pool) -> str:
    words = [] if pool.comes_back is None else [distribution_text(pool.comes_back)]
    if pool.charging is not None:
        every = metres_text(pool.charging.range)
        words.append(f"charges after {every}: {distribution_text(pool.charging.takes)}")
    return "; ".join(words)


def _users(gate: Gate, pool: str) -> str:
    """The stages that use a pool: `booth needs 1, crane takes 2`."""
    words = [
        f"{name} {use} {units[pool]}"
        for name, stage in gate.stages.items()
        for use, units in (("needs", stage.needs), ("takes", stage.takes), ("gives", stage.gives))
        if pool in units
    ]
    return ", ".join(words)


def area_row(gate: Gate, name: str, sources: dict[str, SourcedNumber], language: LanguageTag) -> AreaRow:
    """The row of an area."""
    area = gate.areas[name]
    return AreaRow(
        name=name,
        title=title_of(area.title, name, language),
        spaces=str(area.spaces) + ("" if area.road_per_truck is None else f" of {metres_text(area.road_per_truck)}"),
        stages=tuple(area.stages),
        source=source_ids(sources, f"areas.{name}", ("spaces",)),
    )


def link_words(gate: Gate, name: str, language: LanguageTag) -> str:
    """A link: `4G: 27 Mbit/s a device, 40 Mbit/s in all, 50 ms round trip; kiosk-in`."""
    link = gate.links[name]
    users = [user for user, stage in gate.stages.items() if stage.sends and stage.sends.link == name]
    rates = f"{megabits_text(link.uplink)} a device, {megabits_text(link.shared_uplink)} for video in all"
    trip = f"{number_text(round(link.round_trip * 1000, 3))} ms round trip"
    return f"{title_of(link.title, name, language)}: {rates}, {trip}; {', '.join(users)}"


def outage_words(gate: Gate, name: str, language: LanguageTag) -> str:
    """An outage: `Storm: constant 48 h after exponential, mean 12,000 h without one; kiosk-in, 4g`."""
    outage = gate.outages[name]
    down = ", ".join([*outage.stages, *outage.pools, *outage.links])
    some = "each on its own: " if outage.each else f"{outage.units} of each: " if outage.units else ""
    words = f"{distribution_text(outage.lasts)} after {distribution_text(outage.every)} without one"
    return f"{title_of(outage.title, name, language)}: {words}; {some}{down}"
