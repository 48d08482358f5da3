"""Outages, links, slow days and batches, against theory (see `small_gates`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from scipy import stats

from sim.metrics.meter import Key
from tests.science.small_gates import (
    A_DAY,
    NORTH,
    SERVICE_H,
    SERVICE_S,
    check,
    exponential,
    mean_over,
    run,
    shares_of_time,
)
from tests.science.theory import mean_number_with_outages, mean_wait_mmc

QUEUE = Key("queue_trucks", "mean", stage="booth")
FAILS, REPAIRS, MOST = 0.1, 0.3, 300  # once in 10 services of time, for 10 / 3 of them; trucks of a chain
FALLS = {"every": exponential(SERVICE_S / FAILS), "lasts": exponential(SERVICE_S / REPAIRS)}


def booth(lanes: int, **stage: Any) -> dict[str, Any]:
    return {"booth": {"lanes": lanes, "service": exponential(SERVICE_S), **stage}}


def outage(**what: Any) -> dict[str, Any]:
    return {"outages": {"fault": {**FALLS, **what}}}


def test_a_lane_that_fails_by_the_calendar():
    """M/M/1 with preemptive resume (White and Christie 1958): down whether it serves anybody or not."""
    arrivals = 0.5
    theory = mean_number_with_outages(arrivals, 1.0, FAILS, REPAIRS)
    found = run(
        booth(1),
        arrivals * A_DAY,
        90,
        [Key("clearance_h", "mean", NORTH), Key("down_share", "share", stage="booth")],
        **outage(stages=["booth"], in_hand="resumes"),
    )
    check(found, [theory / arrivals * SERVICE_H, FAILS / (FAILS + REPAIRS)], within=0.09)


@pytest.mark.long
def test_two_lanes_that_fail_together():
    """M/M/2 under a common cause. State: trucks, and whether the power is on."""
    arrivals = 1.1

    def moves(state: tuple[int, bool]) -> Iterator[tuple[tuple[int, bool], float]]:
        trucks, up = state
        if trucks < MOST:
            yield (trucks + 1, up), arrivals
        if trucks and up:
            yield (trucks - 1, up), min(trucks, 2)
        yield (trucks, not up), FAILS if up else REPAIRS

    number = mean_over(shares_of_time((0, True), moves), lambda state: state[0])
    found = run(
        booth(2),
        arrivals * A_DAY,
        70,
        [Key("clearance_h", "mean", NORTH)],
        **outage(stages=["booth"], in_hand="resumes"),
    )
    check(found, [number / arrivals * SERVICE_H], within=0.09)


def test_lanes_that_fail_each_on_its_own():
    """M/M/2 whose lanes fail by themselves and finish what they serve. State: trucks in line, in service, lanes up.

    Lanes of a group are alike: while one is down, one truck less is served, whichever lane finishes first.
    """
    arrivals = 1.1

    def settled(waiting: int, busy: int, up: int) -> tuple[int, int, int]:
        starts = min(waiting, max(up - busy, 0))
        return waiting - starts, busy + starts, up

    def moves(state: tuple[int, int, int]) -> Iterator[tuple[tuple[int, int, int], float]]:
        waiting, busy, up = state
        if waiting < MOST:
            yield settled(waiting + 1, busy, up), arrivals
        if busy:
            yield settled(waiting, busy - 1, up), busy
        if up:
            yield (waiting, busy, up - 1), up * FAILS
        if up < 2:
            yield settled(waiting, busy, up + 1), (2 - up) * REPAIRS

    waiting = mean_over(shares_of_time((0, 0, 2), moves), lambda state: state[0])
    found = run(booth(2), arrivals * A_DAY, 50, [QUEUE], **outage(stages=["booth"], each=True))
    check(found, [waiting], within=0.09)


def test_work_by_hand_while_a_link_is_down():
    """One lane that works at half the speed on what it starts while the link is down.

    State: trucks, whether the link is up, and whether the service in hand is by hand.
    """
    arrivals, by_hand = 0.55, 2.0

    def moves(state: tuple[int, bool, bool]) -> Iterator[tuple[tuple[int, bool, bool], float]]:
        trucks, up, slow = state
        if trucks < MOST:
            yield (trucks + 1, up, slow if trucks else not up), arrivals
        if trucks:
            yield (trucks - 1, up, trucks > 1 and not up), 1 / by_hand if slow else 1.0
        yield (trucks, not up, slow), FAILS if up else REPAIRS

    number = mean_over(shares_of_time((0, True, False), moves), lambda state: state[0])
    found = run(
        booth(1, sends={"link": "radio", "without": exponential(by_hand * SERVICE_S)}),
        arrivals * A_DAY,
        70,
        [Key("clearance_h", "mean", NORTH)],
        links={"radio": {"uplink": 100, "shared_uplink": 1000, "round_trip": 0}},
        **outage(links=["radio"]),
    )
    check(found, [number / arrivals * SERVICE_H], within=0.09)


def test_a_link_is_erlangs_delay_system():
    """A cell that carries three services at once makes unlimited lanes M/M/3."""
    at_once, busy = 3, 0.75
    found = run(
        {
            "booth": {
                "lanes": "unlimited",
                "service": exponential(SERVICE_S),
                "sends": {"link": "radio", "video": 8, "round_trips": 0},
            }
        },
        at_once * busy * A_DAY,
        25,
        [Key("wait_h", "mean", NORTH, stage="booth"), Key("pool_utilisation", "share", stage="radio")],
        links={"radio": {"uplink": 100, "shared_uplink": 30, "round_trip": 0}},
    )
    check(found, [mean_wait_mmc(at_once, at_once * busy, SERVICE_H), busy * at_once * 8 / 30], within=0.09)


def test_slow_days_are_slow_services():
    """M/M/1 on days on which services take 1.6 times as long: M/M/1 of that load."""
    factor, arrivals = 1.6, 0.45
    days = {"name": "storm", "first": "2025-06-01", "last": "2025-12-31", "service_times": factor}
    found = run(booth(1), arrivals * A_DAY, 80, [Key("wait_h", "mean", NORTH, stage="booth")], calendar=[days])
    check(found, [mean_wait_mmc(1, factor * arrivals, factor * SERVICE_H)], within=0.09)


@pytest.mark.parametrize("after", [2.0, 500.0], ids=["by time", "complete"])
def test_batches_gather(after):
    """Batches of five of a Poisson stream, or fewer after a time since the first; lanes without limit.

    The one that comes n-th waits (5 - n) / arrivals if nothing cuts it short, 2 / arrivals on average. In general, n
    more have come after a Gamma(n) time: a batch has 1 + sum of P(Gamma(n) < after) trucks, and n + 1 of them wait for
    P(Gamma(n + 1) < after) / arrivals together, until the next one comes (renewal reward, Ross 1996, theorem 3.6.1).
    """
    size, arrivals = 5, 1.0

    def comes(nth: int) -> float:
        return float(stats.gamma.cdf(arrivals * after, nth))

    trucks = 1 + sum(comes(n) for n in range(1, size))
    waited = sum((n + 1) * comes(n + 1) for n in range(size - 1)) / arrivals
    if after > 100:
        assert waited / trucks == pytest.approx((size - 1) / (2 * arrivals))
    found = run(
        {
            "booth": {
                "lanes": "unlimited",
                "service": exponential(SERVICE_S),
                "batch": {"size": size, "after": after * SERVICE_S},
            }
        },
        arrivals * A_DAY,
        10,
        [Key("wait_h", "mean", NORTH, stage="booth"), QUEUE],
    )
    check(found, [waited / trucks * SERVICE_H, arrivals * waited / trucks], within=0.05)
