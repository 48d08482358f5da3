"""Small gates for examples worked by hand: trucks are put in by the test, minute by minute."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np

from gates.schema.gate import Gate
from gates.schema.scenario import Scenario
from sim.draws.draw import FOR_EVER, Draws, _ways
from sim.draws.outages import Outages
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
    return compile_plan(scenario)


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
    outages: Sequence[tuple[str, float, float]] = (),
) -> Draws:
    """Return draws of given trucks: (flow, arrival [min], [(stage, service [min]), ...]) in order of arrival.

    A stage written `stage!` is visited empty; `stage.` is the last before the release. A third number of a visit is
    the truck's patience [min]. Where a rule chooses, the visits are those of all alternatives, in the order of the
    path. `by_hand` is the service while a link is down [min]; `outages` are (source, start [min], end [min]).
    """
    flows = [stream.name for stream in plan.streams]
    first = [0]
    released: list[int] = []
    turned: list[int] = []
    line: list[int] = []
    service: list[int] = []
    patience: list[int] = []
    ways: list[tuple[int, int, int]] = []
    for name, _, visits in trucks:
        row = len(line)
        released.append(-1)
        turned.append(row + len(visits))
        stream = plan.streams[flows.index(name)]
        if stream.path.forks:
            found = _ways(stream.path)
            assert [visit.stage for visit in stream.path.visits] == [visit[0] for visit in visits]
            for onward, other, rule in zip(
                found.onward.tolist(), found.other.tolist(), found.rule.tolist(), strict=True
            ):
                ways.append((row + onward, row + other if other >= 0 else -1, rule))
        for n, visit in enumerate(visits):
            place, minutes = visit[:2]
            empty = place.endswith("!")
            line.append(plan.line_of[plan.stages.index(place.rstrip("!.")), stream.kind + empty])
            service.append(round(minutes * MINUTE))
            patience.append(round(visit[2] * MINUTE) if len(visit) > 2 else FOR_EVER)
            if place.endswith("."):
                released[-1] = row + n
            if empty:
                turned[-1] = min(turned[-1], row + n)
        first.append(len(line))
    onward, other, rule = np.array(ways, np.int64).reshape(-1, 3).T.copy()
    sources = [source.name for source in plan.outages]
    down = sorted((sources.index(name), round(start * MINUTE), round(end * MINUTE)) for name, start, end in outages)
    source, start, end = np.array(down, np.int64).reshape(-1, 3).T.copy()
    return Draws(
        arrival=np.array([round(arrival * MINUTE) for _, arrival, _ in trucks], np.int64),
        flow=np.array([flows.index(name) for name, _, _ in trucks], np.int32),
        number=np.arange(len(trucks), dtype=np.int64),
        first=np.array(first, np.int64),
        released=np.array(released, np.int64),
        turned=np.array(turned, np.int64),
        line=np.array(line, np.int32),
        service=np.array(service, np.int64),
        comes_back=np.full(len(service), round(comes_back * MINUTE), np.int64),
        age=np.zeros(len(trucks) if any(shelf and shelf.age for shelf in plan.shelf) else 0, np.int64),
        second=np.full(len(trucks), -1, np.int64),
        repair=np.zeros(len(service) if any(plan.failing) else 0, np.int64),
        by_hand=np.full(len(service) if plan.network.works_by_hand else 0, round(by_hand * MINUTE), np.int64),
        patience=np.array(patience if plan.turns_back else [], np.int64),
        onward=onward,
        other=other,
        rule=rule,
        outages=Outages(source.astype(np.int32), start, end),
    )


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
