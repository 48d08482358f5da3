"""Lanes that serve two directions in turn, against the theory of polling (see `small_gates`)."""

from __future__ import annotations

from typing import Any

import pytest

from sim.metrics.meter import Key
from tests.science.small_gates import A_DAY, NORTH, SERVICE_S, check, exponential, run
from tests.science.theory import mean_wait_of_two_queues, weighted_waits_of_two_queues

SOUTH = "southbound"
WAYS = (NORTH, SOUTH)
CHANGE_S = 120.0
WAITS = [Key("wait_h", "mean", way, stage="road") for way in WAYS]


def road(loads: tuple[float, float], days: int, service: dict[str, Any], lanes: int = 1, **rule: Any) -> list[Any]:
    """Return the waits each way at a road whose lanes serve one direction at a time; loads are in lanes."""
    group = {"name": "both", "lanes": lanes, "directions": list(WAYS), "reverses": {"takes": CHANGE_S, **rule}}
    flows = {
        way: {"class": "general", "direction": way, "per_day": load * A_DAY}
        for way, load in zip(WAYS, loads, strict=True)
    }
    return run(
        {"road": {"lanes": [group], "service": service}},
        0,
        days,
        WAITS,
        origin=dict.fromkeys(WAYS, "vn"),
        flows=flows,
        paths={way: ["road"] for way in WAYS},
    )


@pytest.mark.parametrize("until", ["empty", "gated"])
@pytest.mark.parametrize("cv", [0, 1])
def test_traffic_that_alternates(until: str, cv: int) -> None:
    """One lane for two directions, 0.7 busy (Takagi 1988): it changes in 2 min, whether anybody waits or not."""
    theory = mean_wait_of_two_queues(0.7, SERVICE_S, cv, CHANGE_S, gated=until == "gated")
    service = exponential(SERVICE_S) if cv else {"constant": SERVICE_S}
    found = road((0.35, 0.35), 40, service, at=0, until=until)
    check(found, [theory / 3600] * 2, within=0.07)


@pytest.mark.parametrize("until", ["empty", "gated"])
def test_traffic_that_alternates_unevenly(until: str) -> None:
    """Loads 0.5 and 0.2: their waits, weighted by load, follow the conservation law of polling."""
    loads = (0.5, 0.2)
    theory = weighted_waits_of_two_queues(loads, SERVICE_S, 1, CHANGE_S, gated=until == "gated")
    waits = road(loads, 40, exponential(SERVICE_S), at=0, until=until)
    low, high = (
        sum(load * (wait.mean + sign * wait.half_width) for load, wait in zip(loads, waits, strict=True))
        for sign in (-1, 1)
    )
    assert low <= theory / 3600 <= high
    assert high - low <= 0.16 * theory / 3600


def test_four_lanes_carry_what_the_longer_queue_makes_them_lose() -> None:
    """Four lanes at 40 % load that change in 2 min: by the longer queue they cannot cope, until empty they can."""
    loads = (0.8, 0.8)
    jam = road(loads, 4, exponential(SERVICE_S), lanes=4, at=1)
    waits = road(loads, 4, exponential(SERVICE_S), lanes=4, at=1, until="empty", each=True)
    assert all(wait.mean - wait.half_width > 3 for wait in jam)  # hours, and the more the longer it lasts
    assert all(wait.mean + wait.half_width < 0.1 for wait in waits)
