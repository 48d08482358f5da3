"""Priorities against theory, and deliberate faults: what the comparisons of this folder would notice.

Each fault is one that a model could have. The comparison that the right model passes must refuse it, at the same
false-alarm rate.
"""

from __future__ import annotations

from typing import Any

import pytest

from sim.metrics.meter import Key
from tests.science.small_gates import A_DAY, NORTH, SERVICE_H, SERVICE_S, check, exponential, run
from tests.science.theory import Evidence, mean_wait_mmc

LOADS = (0.4, 0.35)  # of the class that goes first, and of the other
NAMES = ("first", "second")
CLEARANCE = [Key("clearance_h", "mean", NORTH, name) for name in NAMES]
WAIT, QUEUE = Key("wait_h", "mean", NORTH, stage="booth"), Key("queue_trucks", "mean", stage="booth")


def two_classes(priorities: tuple[int, int]) -> list[Evidence]:
    flow = {"direction": NORTH}
    return run(
        {"booth": {"lanes": 1, "service": exponential(SERVICE_S)}},
        0,
        90,
        CLEARANCE,
        classes={name: {"priority": priority} for name, priority in zip(NAMES, priorities, strict=True)},
        flows={name: {**flow, "class": name, "per_day": load * A_DAY} for name, load in zip(NAMES, LOADS, strict=True)},
    )


def by_priority() -> list[float]:
    """Mean times in M/M/1 with two classes [h]: W0 / ((1 - s) (1 - s')) and a service, s the load of those before."""
    left = sum(LOADS) * SERVICE_H  # rest of the service in hand
    waits = [left / (1 - LOADS[0]), left / ((1 - LOADS[0]) * (1 - sum(LOADS)))]
    return [wait + SERVICE_H for wait in waits]


def test_who_goes_first():
    """M/M/1 with two classes, the first before the second, no service broken off (Cobham 1954)."""
    check(two_classes((1, 2)), by_priority(), within=0.09)


def booth(busy: float, lanes: int, **stage: Any) -> list[Evidence]:
    """Return wait and queue of a booth whose theory is M/M/2."""
    stages = {"booth": {"lanes": lanes, "service": exponential(SERVICE_S), **stage}}
    return run(stages, 2 * busy * A_DAY, 25, [WAIT, QUEUE])


BUSY = 0.9
THEORY = [mean_wait_mmc(2, 2 * BUSY, SERVICE_H), mean_wait_mmc(2, 2 * BUSY, SERVICE_H) * 2 * BUSY / SERVICE_H]
FAULTS: dict[str, Any] = {
    "services 2 % longer": lambda: (booth(BUSY, 2, service=exponential(1.02 * SERVICE_S)), THEORY),
    "a lane too many": lambda: (booth(BUSY, 3), THEORY),
    "priority the wrong way round": lambda: (two_classes((2, 1)), by_priority()),
    "stock lost: who comes to 20 in the queue vanishes": lambda: (booth(BUSY, 2, turns_away_at=20), THEORY),
}


def noticed(found: list[Evidence], theory: list[float]) -> list[str]:
    """Return the numbers whose interval leaves out what theory says."""
    pairs = zip(found, theory, strict=True)
    return [one.what for one, value in pairs if abs(one.mean - value) > one.half_width]


def test_the_right_booth_passes():
    """M/M/2, 0.9 busy (Erlang 1917): the booth of which faults are made."""
    check(booth(BUSY, 2), THEORY, within=0.15)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_deliberate_fault_is_noticed(fault):
    found, theory = FAULTS[fault]()
    assert noticed(found, theory), [str(one) for one in found]
