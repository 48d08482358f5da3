"""Small borders for examples worked by hand, and what is known of a run by truck."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gates.schema.borders.composed import composed
from gates.schema.borders.model import Border
from gates.schema.scenario import Scenario
from sim.draws.columns import Draws, blank
from sim.plan.compile import compile_plan
from sim.plan.plan import Plan
from tests.sim.hand import MINUTE

HOUR = 60
"""[min]"""


def gate_document(name: str, **parts: Any) -> dict[str, Any]:
    """Return a gate with one side, one class and one direction, at which each truck visits a yard."""
    yard = {"side": "vn", "service": {"constant": 600}, "lanes": 1}
    return {
        "name": name,
        "sides": {"vn": "Asia/Ho_Chi_Minh"},
        "origin": {"northbound": "vn"},
        "start": dt.date(2025, 7, 1),
        "end_of_day": {"at": "20:00", "side": "vn"},
        "classes": {"fruit": {}},
        "flows": {"fruit": {"class": "fruit", "direction": "northbound", "per_day": parts.pop("per_day", 10)}},
        "stages": {"yard": {**yard, **parts.pop("yard", {})}},
        "paths": {"northbound": ["yard"]},
        **parts,
    }


def border_of(gates: Mapping[str, dict[str, Any]], board: dict[str, Any] | None = None, **trade: Any) -> Border:
    """Return a border of whole gates, with one trade in the fruit of all of them where `trade` says something."""
    fruit = {"flows": {name: ["fruit"] for name in gates}, "usual_wait": dict.fromkeys(gates, 0), **trade}
    return Border.model_validate(
        {
            "name": "hand",
            "start": dt.date(2025, 7, 1),
            "end_of_day": {"at": "20:00", "side": "vn"},
            "gates": {name: {"gate": gate} for name, gate in gates.items()},
            "board": {"at": ["00:00"], "side": "vn", **(board or {})} if trade or board else None,
            "trade": {"fruit": fruit} if trade or board else {},
        }
    )


def plan_of_border(border: Border, days: int = 2, warmup_days: int = 0) -> Plan:
    """Return the plan of a border."""
    return compile_plan(Scenario(gate=composed(border), days=days, warmup_days=warmup_days), check_gate=False)


def free_and_bound(
    plan: Plan,
    trucks: Sequence[tuple[str, float, bool]],
    service: float = 10,
    way: float = 0,
    taste: Mapping[str, float] | None = None,
) -> Draws:
    """Return draws of trucks (gate, arrival [min], whether it may choose), in order of arrival, all of one trade.

    `service` is that of every stage and `way` that of the ways between gates [min]; `taste` is what each gate costs a
    truck beyond the wait [min].
    """
    names = [stream.name for stream in plan.streams]
    rows: list[tuple[int, int, float, int, bool]] = []  # truck, flow, arrival, group, free
    for number, (gate, arrival, free) in enumerate(trucks):
        own = names.index(f"{gate}:fruit")
        choosing = plan.streams[own].choosing
        streams = choosing.streams if free and choosing else (own,)
        rows += [(number, flow, arrival, flow != own, free) for flow in (own, *(s for s in streams if s != own))]
    rows.sort(key=lambda row: (row[2], row[3], row[0]))
    paths = [
        [v for v in plan.streams[flow].path.visits if free or not _is_way(v.stage)] for _, flow, _, _, free in rows
    ]
    draws = blank(plan, np.cumsum([0, *(len(path) for path in paths)]))
    draws.released[:] = draws.emptied[:] = draws.first[1:]
    draws.released[:] -= 1
    for at, ((number, flow, arrival, _, free), path) in enumerate(zip(rows, paths, strict=True)):
        stream = plan.streams[flow]
        draws.arrival[at], draws.flow[at], draws.number[at] = round(arrival * MINUTE), flow, number
        for row, visit in enumerate(path, int(draws.first[at])):
            draws.line[row] = plan.line_of[plan.stages.index(visit.stage), stream.kind]
            draws.service[row] = round((way if _is_way(visit.stage) else service) * MINUTE)
        if free:
            ring = {rows[n][1]: n for n in range(len(rows)) if rows[n][0] == number}
            own = next(s for s in ring if not plan.streams[s].follows >= 0)
            choosing = plan.streams[own].choosing
            assert choosing is not None
            place = choosing.streams.index(flow)
            draws.sibling[at] = ring[choosing.streams[(place + 1) % len(choosing.streams)]]
            draws.taste[at] = round((taste or {}).get(choosing.gates[place], 0) * MINUTE)
    return dataclasses.replace(draws)


def _is_way(stage: str) -> bool:
    return ":moving-" in stage
