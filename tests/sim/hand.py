"""Small gates for examples worked by hand: trucks are put in by the test, minute by minute."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np

from gates.config import Gate
from gates.scenario import Scenario
from sim.draws import Draws
from sim.engines import Engine, simulate
from sim.log import NEVER
from sim.plan import Kind, Plan, compile_plan

MINUTE = 60_000


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


def trucks(plan: Plan, *trucks: tuple[str, float, Sequence[tuple[str, float]]], comes_back: float = 0) -> Draws:
    """Return draws of given trucks: (class, arrival [min], [(stage, service [min]), ...]) in order of arrival.

    A stage written `stage!` is visited empty; `stage.` is the last before the release.
    """
    first = [0]
    released: list[int] = []
    turned: list[int] = []
    line: list[int] = []
    service: list[int] = []
    for name, _, visits in trucks:
        row = len(line)
        released.append(-1)
        turned.append(row + len(visits))
        for n, (place, minutes) in enumerate(visits):
            empty = place.endswith("!")
            kind = plan.kinds.index(Kind(name, "northbound", empty))
            line.append(plan.line_of[plan.stages.index(place.rstrip("!.")), kind])
            service.append(round(minutes * MINUTE))
            if place.endswith("."):
                released[-1] = row + n
            if empty:
                turned[-1] = min(turned[-1], row + n)
        first.append(len(line))
    flows = [stream.name for stream in plan.streams]
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
        repair=np.zeros(len(service) if any(plan.failing) else 0, np.int64),
    )
