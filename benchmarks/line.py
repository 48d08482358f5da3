"""The six-stage line: stages in series, 35 lanes in all, 4 trucks a minute, exponential services."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from gates import Gate, Scenario, gate_from_data
from sim import Draws, Plan, compile_plan, draw
from sim.clock import TICKS_PER_SECOND
from sim.draws.draw import draw_blocks

LANES = (4, 5, 6, 6, 7, 7)
TRUCKS_PER_MINUTE = 4
UTILISATION = 0.85
SERVICE_S = tuple(UTILISATION * lanes * 60 / TRUCKS_PER_MINUTE for lanes in LANES)
"""Mean service time of each stage [s]: every stage is busy for the same share of time."""
TRUCKS_PER_DAY = TRUCKS_PER_MINUTE * 1440
BATCHES = 20


def line_gate() -> Gate:
    """Return the line as a gate."""
    stages = {
        f"stage-{n}": {
            "side": "vn",
            "lanes": lanes,
            "hours": "24 h",
            "service": {"exponential": {"mean": f"{mean} s"}},
        }
        for n, (lanes, mean) in enumerate(zip(LANES, SERVICE_S, strict=True), 1)
    }
    data: dict[str, Any] = {
        "name": "line",
        "title": {"en": "Six stages in series"},
        "about": "A benchmark, not a border.",
        "sides": {"vn": "Asia/Ho_Chi_Minh"},
        "origin": {"northbound": "vn"},
        "start": "2025-01-01",
        "end_of_day": {"at": "20:00", "side": "vn"},
        "sources": {key: "assumption: a benchmark" for key in ("start", "end_of_day", "flows", "stages", "paths")},
        "classes": {"truck": {"title": {"en": "Truck"}}},
        "flows": {"truck": {"class": "truck", "direction": "northbound", "per_day": TRUCKS_PER_DAY}},
        "stages": stages,
        "paths": {"northbound": list(stages)},
    }
    return gate_from_data(data)


def line_plan(days: int) -> Plan:
    """Return the plan of the line over some days, none of them a warm-up."""
    return compile_plan(Scenario(gate=line_gate(), days=days, warmup_days=0))


def line_run(trucks: int) -> tuple[Plan, Draws]:
    """Return a plan, and draws of exactly so many trucks, all of which leave before its end."""
    days = math.ceil(1.05 * trucks / TRUCKS_PER_DAY) + 2
    plan = line_plan(days)
    arrival = draw(plan).arrival
    draws = next(draw_blocks(plan, 1, 0, [int(arrival[trucks])]))
    if draws.trucks != trucks or draws.visits != trucks * len(LANES):
        raise RuntimeError(f"{draws.trucks} trucks with {draws.visits} visits were drawn")
    return plan, draws


def services(draws: Draws) -> npt.NDArray[np.int64]:
    """Return (trucks, stages): the service times [tick]."""
    return draws.service.reshape(-1, len(LANES))


@dataclass(frozen=True)
class Mean:
    """A mean time in the system, with the half-width of its 95 % interval [s]."""

    value: float
    half_width: float


def mean_time(in_system_s: npt.NDArray[np.float64]) -> Mean:
    """Return the mean over trucks in order of arrival; the interval is from the means of 20 batches."""
    batches = np.array([part.mean() for part in np.array_split(in_system_s, BATCHES)])
    quantile = float(stats.t.ppf(0.975, BATCHES - 1))
    return Mean(float(in_system_s.mean()), quantile * float(batches.std(ddof=1)) / math.sqrt(BATCHES))


def theory_mean_s() -> float:
    """Return the exact mean time in the system in the long run [s]: six M/M/c queues (Burke 1956; Erlang 1917)."""
    rate = TRUCKS_PER_MINUTE / 60
    return sum(mean + _erlang_c_wait(rate, lanes, mean) for lanes, mean in zip(LANES, SERVICE_S, strict=True))


def _erlang_c_wait(rate: float, lanes: int, mean: float) -> float:
    load = rate * mean
    lost = 1.0
    for n in range(1, lanes + 1):
        lost = load * lost / (n + load * lost)
    waits = lost / (1 - load / lanes * (1 - lost))
    return waits * mean / (lanes - load)


def seconds(ticks: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Turn ticks into seconds."""
    return ticks / TICKS_PER_SECOND
