"""Flows, and the trucks in queues at the start, in words."""

from __future__ import annotations

from gates.describe.tables import FlowRow
from gates.describe.texts import distribution_text, source_ids, title_of
from gates.findings import path_text
from gates.schema.base import LanguageTag
from gates.schema.demand import Flow, InitialQueue, Profile
from gates.schema.distributions import Constant
from gates.schema.gate import Gate
from gates.schema.quantities import number_text, share_text
from gates.sources import SourcedNumber


def flow_row(gate: Gate, name: str, sources: dict[str, SourcedNumber], language: LanguageTag) -> FlowRow:
    """The row of a flow."""
    flow = gate.flows[name]
    profile = gate.profiles[flow.profile] if flow.profile else None
    vehicle_class = gate.classes[flow.vehicle_class]
    return FlowRow(
        name=name,
        title=title_of(vehicle_class.title, flow.vehicle_class, language),
        direction=flow.direction,
        per_day=number_text(flow.per_day) + _groups(flow),
        profile="even over the day" if profile is None else _arrivals(profile),
        source=source_ids(sources, path_text(("flows", name)), ("per_day",)),
    )


def _groups(flow: Flow) -> str:
    sizes = [f"{size} ({share_text(share)})" if share < 1 else str(size) for size, share in flow.groups.items()]
    return f", in groups of {' or '.join(sizes)}" if sizes else ""


def _arrivals(profile: Profile) -> str:
    words = [f"{share_text(share)} in {window}" for window, share in profile.hours.items()]
    words += ["by weekday"] if profile.weekdays else []
    words += ["by month"] if profile.months else []
    return ", ".join(words)


def initial_queue_words(entry: InitialQueue) -> str:
    """Trucks in a queue at the start: `booth: 3 general northbound`, and how long they have waited, if it counts."""
    load = "empty " if entry.empty else ""
    waited = "" if entry.waited == Constant(constant=0.0) else f", waited {distribution_text(entry.waited)}"
    return f"{entry.stage}: {entry.trucks:,} {load}{entry.vehicle_class} {entry.direction}{waited}"
