"""Queues that theory has solved: mean waits, queue lengths and the chance of waiting.

Each case runs independent replications with fixed seeds, so a verdict never changes from day to day. The interval is
Student's over replications; a right model falls outside one in 10^8 times (`theory.FALSE_ALARM`), as far as means over
ten thousands of trucks are normal. The empty start is forgotten after two days of warm-up: 70 relaxation times,
1 / (mu (sqrt c - sqrt(c rho))^2), of every M/M/c case, and over 400 mean busy periods, service / (1 - rho), of the
others. Times are rounded to a millisecond, 2e-5 of a service.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from math import sqrt
from typing import Any

import numpy as np
import pytest

from gates.schema.gate import Gate
from gates.schema.scenario import Scenario
from sim import Plan, compile_plan, draw, simulate
from sim.metrics.fold import measure
from sim.metrics.meter import Key
from tests.science.small_gates import check, text_of
from tests.science.theory import Evidence, evidence, mean_wait_mg1, mean_wait_mmc, probability_of_waiting

SERVICE_S = 60.0
SERVICE_H = SERVICE_S / 3600
REPLICATIONS = 32
NORTH = "northbound"
EXPONENTIAL = {"exponential": {"mean": SERVICE_S}}


def queue(servers: int, busy: float, service: dict[str, Any], *, trucks: int, stages: int = 1) -> Plan:
    """Return stages in series, of equal lanes, for about so many trucks a replication."""
    per_day = servers * busy * 86_400 / SERVICE_S
    names = [f"stage-{n}" for n in range(stages)]
    gate = {
        "name": "queue",
        "sides": {"vn": "Asia/Ho_Chi_Minh"},
        "origin": {NORTH: "vn"},
        "start": dt.date(2025, 7, 1),
        "end_of_day": {"side": "vn"},
        "classes": {"general": {}},
        "flows": {"general": {"class": "general", "direction": NORTH, "per_day": per_day}},
        "stages": {name: {"side": "vn", "lanes": servers, "service": service} for name in names},
        "paths": {NORTH: names},
    }
    days = round(trucks / per_day)
    return compile_plan(Scenario(gate=Gate.model_validate(gate), days=days, warmup_days=2), check_gate=False)


def run(plan: Plan, stage: int = 0) -> list[Evidence]:
    """Run the replications, and look at one stage: wait, length of the queue, utilisation, share that waits at all."""
    name = plan.stages[stage]
    keys = [
        Key("wait_h", "mean", NORTH, stage=name),
        Key("queue_trucks", "mean", stage=name),
        Key("utilisation", "share", stage=name),
    ]
    rows = []
    for replication in range(REPLICATIONS):
        log = simulate(plan, draw(plan, seed=1, replication=replication))
        values = measure(plan, log).values
        mine = (plan.network.line_stage[log.draws.line] == stage) & (log.joined >= plan.warmup)
        rows.append([*(values[key] for key in keys), float(np.mean((log.started != log.joined)[mine]))])
    names = [*map(text_of, keys), f"share of the trucks that wait@{name}"]
    return [replace(evidence(column), what=what) for column, what in zip(np.array(rows).T, names, strict=True)]


def closely(trucks: int) -> float:
    """Return the share that so many trucks a replication can tell: 4 % for a million, as one over their root."""
    return 0.04 * sqrt(1_000_000 / trucks)


def check_mmc(servers: int, busy: float, trucks: int, within: float) -> None:
    found = run(queue(servers, busy, EXPONENTIAL, trucks=trucks))
    wait = mean_wait_mmc(servers, servers * busy, SERVICE_H)
    length = wait * servers * busy / SERVICE_H  # Little
    check(found, [wait, length, busy, probability_of_waiting(servers, servers * busy)], within)


def check_mg1(busy: float, service: dict[str, Any], cv: float, trucks: int, within: float) -> None:
    found = run(queue(1, busy, service, trucks=trucks))
    check([found[0], found[3]], [mean_wait_mg1(busy, SERVICE_H, cv), busy], within)


MMC = {"M/M/1": (1, 0.7), "M/M/3": (3, 0.8), "M/M/10": (10, 0.85)}
MG1 = {
    "M/D/1": ({"constant": SERVICE_S}, 0.0),
    "M/E4/1": ({"erlang": {"mean": SERVICE_S, "shape": 4}}, 0.5),
    "M/G/1 lognormal": ({"lognormal": {"mean": SERVICE_S, "cv": 1.5}}, 1.5),
    "M/U/1": ({"uniform": {"low": 0, "high": 2 * SERVICE_S}}, 3**-0.5),
}


@pytest.mark.parametrize(("servers", "busy"), MMC.values(), ids=MMC)
def test_several_servers(servers, busy):
    """M/M/c (Erlang 1917; Gross and others 2008, section 2.3): wait, queue, utilisation, the chance of waiting."""
    check_mmc(servers, busy, trucks=100_000, within=0.09)


@pytest.mark.parametrize(("service", "cv"), MG1.values(), ids=MG1)
def test_one_server_with_any_service(service, cv):
    """M/G/1 (Pollaczek 1930, Khinchine 1932; Gross and others 2008, section 5.1): wait, and the chance of waiting."""
    check_mg1(0.7, service, cv, trucks=100_000, within=0.09)


@pytest.mark.long
def test_what_leaves_a_queue_arrives_at_the_next_as_if_there_were_none():
    """Two stages in series (Burke 1956): departures of M/M/c are Poisson, so the second one is M/M/c again."""
    found = run(queue(2, 0.75, EXPONENTIAL, trucks=100_000, stages=2), stage=1)
    check(found[:1], [mean_wait_mmc(2, 1.5, SERVICE_H)], within=0.09)


@pytest.mark.long
@pytest.mark.series(name="queues")
@pytest.mark.parametrize(("servers", "busy"), MMC.values(), ids=MMC)
def test_several_servers_closely(servers, busy, times):
    check_mmc(servers, busy, trucks=times, within=closely(times))


@pytest.mark.long
@pytest.mark.series(name="queues")
@pytest.mark.parametrize(("service", "cv"), MG1.values(), ids=MG1)
def test_one_server_with_any_service_closely(service, cv, times):
    check_mg1(0.7, service, cv, trucks=times, within=closely(times))
