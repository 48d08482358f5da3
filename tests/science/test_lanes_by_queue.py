"""Lanes that the queue opens against a Markov chain (see `small_gates`)."""

from __future__ import annotations

from collections.abc import Iterator

from sim.metrics.meter import Key
from tests.science.small_gates import A_DAY, SERVICE_S, check, exponential, mean_over, run, shares_of_time

MU = 1.0  # services of one lane: time is counted in services
Booth = tuple[int, bool, bool, bool]
"""Trucks in line, whether the desk and the reserve are busy, whether the queue keeps the reserve open."""


def test_a_reserve_with_two_thresholds():
    """One desk, and one lane more from five waiting until fewer than two do, opened at once.

    As in Gebhard (1967), A queuing process with bilevel hysteretic service-rate control, Naval Research Logistics
    Quarterly 14, 55-67, but that the second lane finishes the truck that it serves.
    """
    at, below, arrivals, most = 5, 2, 1.3, 300

    def served(line: int, reserve: bool, is_open: bool) -> Booth:
        """The desk is busy; an open reserve takes a truck, and closes where too few are left in line."""
        if is_open and not reserve and line:
            line, reserve = line - 1, True
        return line, True, reserve, is_open and line >= below

    def moves(state: Booth) -> Iterator[tuple[Booth, float]]:
        line, desk, reserve, is_open = state
        if not desk:
            yield (0, True, reserve, False), arrivals
        elif line < most:
            yield served(line + 1, reserve, is_open or line + 1 >= at), arrivals
        if desk:
            after = served(line - 1, reserve, is_open) if line else (0, False, reserve, False)
            yield after, MU
        if reserve:
            yield served(line, False, is_open) if desk else (0, False, False, False), MU

    shares = shares_of_time((0, False, False, False), moves)
    lanes = [
        {"name": "desk", "lanes": 1},
        {"name": "reserve", "lanes": 1, "opens": {"at": at, "closes_below": below}},
    ]
    found = run(
        {"booth": {"lanes": lanes, "service": exponential(SERVICE_S)}},
        arrivals * A_DAY,
        60,
        [
            Key("queue_trucks", "mean", stage="booth"),
            Key("open_lanes_h", "mean", stage="booth/reserve"),
            Key("lane_group_utilisation", "share", stage="booth/reserve"),
            Key("lane_group_utilisation", "share", stage="booth/desk"),
            Key("utilisation", "share", stage="booth"),
        ],
    )
    busy = [mean_over(shares, lambda state: state[1]), mean_over(shares, lambda state: state[2])]
    opened = mean_over(shares, lambda state: state[3] or state[2])
    check(
        found,
        [
            mean_over(shares, lambda state: state[0]),
            24 * opened,
            busy[1] / opened,
            busy[0],
            sum(busy) / (1 + opened),
        ],
        within=0.03,
    )
