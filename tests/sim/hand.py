"""Small gates for examples worked by hand: trucks are put in by the test, minute by minute."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np

from gates.schema.gate import Gate
from gates.schema.scenario import Scenario
from sim.arrays import Indices
from sim.draws.columns import Draws, blank
from sim.draws.outages import Outages
from sim.draws.visits import areas_that_keep_out, visit_order
from sim.engines.log import NEVER
from sim.engines.simulate import Engine, simulate
from sim.plan.compile import compile_plan
from sim.plan.plan import Plan

MINUTE = 60_000

Visit = tuple[str, float] | tuple[str, float, float]
"""Stage, service [min], and patience in line [min] where it ends."""


def plan_of(stages: dict[str, Any], path: list[Any], days: int = 1, **gate: Any) -> Plan:
    """Return the plan of a gate with one side, two classes and one direction."""
    side = {"side": "vn", "service": {"constant": 0}}
    document = {
        "name": "hand",
        "sides": {"vn": "Asia/Ho_Chi_Minh"},
        "origin": {"northbound": "vn"},
        "start": dt.date(2025, 7, 1),
        "end_of_day": {"at": "20:00", "side": "vn"},
        "classes": {"durian": {"priority": 1}, "general": {}},
        "flows": {name: {"class": name, "direction": "northbound", "per_day": 1} for name in ("durian", "general")},
        "stages": {name: {**side, **stage} for name, stage in stages.items()},
        "paths": {"northbound": path},
    }
    scenario = Scenario(gate=Gate.model_validate({**document, **gate}), days=days, warmup_days=0)
    return compile_plan(scenario, check_gate=False)


def minutes(plan: Plan, draws: Draws, engine: Engine) -> list[tuple[float | None, ...]]:
    """Return (joined, started, left) of each visit [min]; None for what did not happen."""
    log = simulate(plan, draws, engine)
    rows = zip(log.joined.tolist(), log.started.tolist(), log.left.tolist(), strict=True)
    return [tuple(None if tick == NEVER else tick / MINUTE for tick in row) for row in rows]


def trucks(
    plan: Plan,
    *trucks: tuple[str, float, Sequence[Visit]],
    comes_back: float = 0,
    by_hand: float = 0,
    gives_up: Sequence[float | None] = (),
    outages: Sequence[tuple[str, float, float]] = (),
) -> Draws:
    """Return draws of given trucks: (flow, arrival [min], [(stage, service [min]), ...]) in order of arrival.

    A stage written `stage!` is visited empty; `stage.` is the last before the release. A third number of a visit is
    the truck's patience [min]. Where a rule chooses, the visits are those of all alternatives, in the order of the
    path. `by_hand` is the service while a link is down [min]; `outages` are (source, start [min], end [min]).
    `gives_up` is when each truck has stayed too long [min], wherever it waits; None for never.
    """
    flows = [stream.name for stream in plan.streams]
    draws = blank(plan, np.cumsum([0, *(len(visits) for _, _, visits in trucks)]))
    draws.arrival[:] = [round(arrival * MINUTE) for _, arrival, _ in trucks]
    draws.flow[:] = [flows.index(name) for name, _, _ in trucks]
    draws.number[:] = range(len(trucks))
    draws.emptied[:] = draws.first[1:]
    draws.comes_back[:] = round(comes_back * MINUTE)
    draws.service_by_hand[:] = round(by_hand * MINUTE)
    for truck, until in enumerate(gives_up):
        if until is not None:
            draws.gives_up[draws.first[truck] : draws.first[truck + 1]] = round(until * MINUTE)
    for truck, (name, _, visits) in enumerate(trucks):
        row, stream = int(draws.first[truck]), plan.streams[flows.index(name)]
        if stream.path.forks:
            assert [visit.stage for visit in stream.path.visits] == [visit[0] for visit in visits]
            order, mine = visit_order(stream.path), slice(row, row + len(visits))
            draws.next_row[mine] = row + order.next_row
            draws.alternative_row[mine] = np.where(order.alternative_row >= 0, row + order.alternative_row, -1)
            draws.rule[mine] = order.rule
        for at, visit in enumerate(visits, row):
            place, minutes = visit[:2]
            empty = place.endswith("!")
            draws.line[at] = plan.line_of[plan.stages.index(place.rstrip("!.")), stream.kind + empty]
            draws.service[at] = round(minutes * MINUTE)
            if len(visit) > 2:
                draws.patience[at] = round(visit[2] * MINUTE)
            if place.endswith("."):
                draws.released[truck] = at
            if empty:
                draws.emptied[truck] = min(draws.emptied[truck], at)
        mine = slice(row, row + len(visits))
        if plan.network.keeps_out:  # no hand-worked example has a choice by a rule before such an area
            ahead = np.append(areas_that_keep_out(plan, draws.line[mine])[1:], -1)
            draws.line[mine] = lines_kept_out(plan, draws.line[mine], ahead)
    sources = [source.name for source in plan.outages]
    down = sorted((sources.index(name), round(start * MINUTE), round(end * MINUTE)) for name, start, end in outages)
    source, start, end = np.array(down, np.int64).reshape(-1, 3).T.copy()
    return dataclasses.replace(draws, outages=Outages(source.astype(np.int32), start, end))


def both_ways(north: list[Any], back: Sequence[Any] = ("booth",), per_day: float = 1) -> dict[str, Any]:
    """Return what makes general trucks that come northbound go back southbound with a second load, all of them."""
    general = {"class": "general", "direction": "northbound", "per_day": per_day}
    return {
        "origin": {"northbound": "vn", "southbound": "vn"},
        "flows": {
            "general": general,
            "durian": {**general, "class": "durian"},
            "south": {**general, "direction": "southbound", "per_day": 0},
        },
        "paths": {"northbound": [*north, {"mark": "empty"}], "southbound": [*back]},
        "two_way": {"northbound": {"share_for": {"general": 1}, "share": 0, "class": "general", "steps": [*back]}},
    }


def lines_kept_out(plan: Plan, line: Indices, ahead: Indices) -> Indices:
    """Return the lines of trucks that the areas `ahead` keep out, -1 for none; others stay in their lines."""
    kept_out = np.where(ahead >= 0, plan.line_kept_out[line, ahead], -1)
    return np.where(kept_out >= 0, kept_out, line).astype(np.int32)
