"""A trace: recorded trucks that come instead of drawn ones, as a model that a replication depends on.

Names are those of the gate: flows, visits of a path (a stage, or `stage#2` for the second visit there) and choices.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from gates.schema.base import Model

MS_PER_MINUTE = 60_000
SERVICE, CHOICE, VISITS = "service.", "choice.", "visits."
"""What the names of columns begin with that go on with the name of a visit or of a choice."""
FILE = "trace.csv"
"""Where a result folder keeps its trace."""


class FlowTrace(Model):
    """The trucks of a flow, in order of arrival. None stands for what is drawn."""

    arrival: tuple[int, ...]
    """Arrival at the first stage [ms since the start of the run]."""
    service: dict[str, tuple[int | None, ...]]
    """Visit -> time of the service [ms]."""
    choice: dict[str, tuple[str | None, ...]]
    """Choice -> alternative taken."""
    visits: dict[str, tuple[bool | None, ...]]
    """Visit that only a share of the trucks makes -> whether each makes it."""


class Trace(Model):
    """Recorded trucks that come instead of drawn ones."""

    flows: dict[str, FlowTrace]
    """The flows that it gives; the others are drawn."""

    @property
    def trucks(self) -> dict[str, int]:
        """How many trucks it gives of each flow."""
        return {name: len(flow.arrival) for name, flow in self.flows.items()}


def write_trace(trace: Trace, path: Path) -> None:
    """Write a trace as a CSV file, which reads back without any loss."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows(_rows(trace))


def _rows(trace: Trace) -> Iterator[Sequence[str]]:
    """Yield the heading, then the trucks of all flows in order of arrival; times in minutes."""
    parts: list[tuple[str, str]] = []
    for prefix, field in ((SERVICE, "service"), (CHOICE, "choice"), (VISITS, "visits")):
        given = dict.fromkeys(name for flow in trace.flows.values() for name in getattr(flow, field))
        parts += [(prefix, name) for name in given]
    yield ["flow", "arrival", *(prefix + name for prefix, name in parts)]
    flows = list(trace.flows.items())
    rows = [(arrival, place, n) for place, (_, flow) in enumerate(flows) for n, arrival in enumerate(flow.arrival)]
    for arrival, place, truck in sorted(rows):
        name, flow = flows[place]
        yield [name, _minutes(arrival), *(_cell(flow, truck, *part) for part in parts)]


def _cell(flow: FlowTrace, truck: int, prefix: str, name: str) -> str:
    if prefix == SERVICE:
        service = flow.service[name][truck] if name in flow.service else None
        return "" if service is None else _minutes(service)
    if prefix == CHOICE:
        return (flow.choice[name][truck] or "") if name in flow.choice else ""
    makes = flow.visits[name][truck] if name in flow.visits else None
    return "" if makes is None else str(int(makes))


def _minutes(ms: int) -> str:
    """Return a time in minutes, with as many digits as give the same millisecond back."""
    return f"{ms // MS_PER_MINUTE}" if ms % MS_PER_MINUTE == 0 else repr(ms / MS_PER_MINUTE)
