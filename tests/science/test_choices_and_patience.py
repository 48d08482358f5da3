"""Choices by a rule, patience, turning away, areas and lanes that turn, against theory (see `small_gates`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

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
from tests.science.theory import share_that_gives_up

SOUTH = "southbound"
MU = 1.0  # services of one lane: time is counted in services
QUEUE = Key("queue_trucks", "mean", stage="booth")
TURNED_BACK = Key("turned_back_per_day", "mean", NORTH)


def booth(lanes: int, **stage: Any) -> dict[str, Any]:
    return {"booth": {"lanes": lanes, "service": exponential(SERVICE_S), **stage}}


def birth_and_death(lanes: int, arrivals: float, most: int, leaves: float = 0.0) -> dict[int, float]:
    """Return the shares of time of so many trucks, at most `most`; each in line gives up at the rate `leaves`."""

    def moves(trucks: int) -> Iterator[tuple[int, float]]:
        if trucks < most:
            yield trucks + 1, arrivals
        if trucks:
            yield trucks - 1, min(trucks, lanes) * MU + max(trucks - lanes, 0) * leaves

    return shares_of_time(0, moves)


def test_a_full_line_is_a_system_with_losses():
    """M/M/c/K (Gross and others 2008, section 2.4): three lanes, five in line, more trucks than can be served."""
    lanes, line, arrivals = 3, 5, 3.3
    shares = birth_and_death(lanes, arrivals, lanes + line)
    waiting = mean_over(shares, lambda n: max(n - lanes, 0))
    lost = shares[lanes + line]
    found = run(
        booth(lanes, turns_away_at=line),
        arrivals * A_DAY,
        10,
        [QUEUE, TURNED_BACK, Key("throughput_per_day", "mean", NORTH)],
    )
    check(found, [waiting, arrivals * lost * A_DAY, arrivals * (1 - lost) * A_DAY], within=0.05)


def test_patience_is_erlang_a():
    """M/M/c+M (Palm 1957): trucks give up after 3 services on average, and more come than can be served.

    The mean wait counts the time in line of those who give up; the share that does is patience rate x wait.
    """
    lanes, arrivals, leaves = 3, 3.6, 1 / 3
    waiting = mean_over(birth_and_death(lanes, arrivals, 100, leaves), lambda n: max(n - lanes, 0))
    found = run(
        booth(lanes, patience=exponential(SERVICE_S / leaves)),
        arrivals * A_DAY,
        10,
        [QUEUE, TURNED_BACK, Key("wait_h", "mean", NORTH, stage="booth")],
    )
    check(found, [waiting, leaves * waiting * A_DAY, waiting / arrivals * SERVICE_H], within=0.05)


def test_a_patience_that_all_share():
    """M/M/1+D (Barrer 1957): trucks give up after exactly 4 services."""
    arrivals, patience = 0.9, 4.0
    found = run(booth(1, patience={"constant": patience * SERVICE_S}), arrivals * A_DAY, 40, [TURNED_BACK])
    check(found, [arrivals * share_that_gives_up(arrivals, MU, patience) * A_DAY], within=0.09)


def test_a_memoryless_patience_over_two_stages():
    """M/M/inf, then M/M/2 with patience from the arrival on: a birth and death process.

    What leaves M/M/inf is a Poisson stream (Mirasol 1963), and so are those among them whose patience ended in the
    service there, the share leaves / (MU + leaves): marks of a Poisson process that is displaced. They go on if a lane
    is free, and turn back at once if not. The others lose patience in the queue, without memory, at the rate `leaves`.
    """
    lanes, arrivals, leaves, most = 2, 2.2, 0.25, 100
    hurried = leaves / (MU + leaves)

    def moves(trucks: int) -> Iterator[tuple[int, float]]:
        if trucks < most:
            yield trucks + 1, arrivals * (1 if trucks < lanes else 1 - hurried)
        if trucks:
            yield trucks - 1, min(trucks, lanes) * MU + max(trucks - lanes, 0) * leaves

    shares = shares_of_time(0, moves)
    waiting = mean_over(shares, lambda n: max(n - lanes, 0))
    busy = mean_over(shares, lambda n: n >= lanes)
    found = run(
        {"drive": {"lanes": "unlimited", "service": exponential(SERVICE_S)}, **booth(lanes)},
        arrivals * A_DAY,
        20,
        [QUEUE, TURNED_BACK],
        classes={"general": {"patience": exponential(SERVICE_S / leaves)}},
    )
    check(found, [waiting, (arrivals * hurried * busy + leaves * waiting) * A_DAY], within=0.05)


@pytest.mark.parametrize("rule", ["shortest-queue", "least-wait"])
def test_two_lanes_of_which_trucks_choose_one(rule):
    """Two exponential lanes, the second half as fast; trucks join one by the rule (Haight 1958; here by its chain).

    The state is the number of trucks at each. By the wait, those at a lane of m trucks and mean service s wait m s, as
    one that comes to n > 0 finds n - 1 in line and counts itself.
    """
    arrivals, means, most = 1.1, (1.0, 2.0), 40

    def moves(state: tuple[int, int]) -> Iterator[tuple[tuple[int, int], float]]:
        first, second = state
        load = state if rule == "shortest-queue" else (first * means[0], second * means[1])
        joins = (first + 1, second) if load[0] <= load[1] else (first, second + 1)
        if max(joins) <= most:
            yield joins, arrivals
        if first:
            yield (first - 1, second), 1 / means[0]
        if second:
            yield (first, second - 1), 1 / means[1]

    shares = shares_of_time((0, 0), moves)
    names = ("road", "lane")
    found = run(
        {name: {"lanes": 1, "service": exponential(mean * SERVICE_S)} for name, mean in zip(names, means, strict=True)},
        arrivals * A_DAY,
        60,
        [
            Key(metric, of, stage=name)
            for metric, of in (("queue_trucks", "mean"), ("utilisation", "share"))
            for name in names
        ],
        paths={NORTH: [{"choose": "way", "rule": rule, "then": {name: [name] for name in names}}]},
    )
    waiting = [
        mean_over(shares, lambda state: max(state[0] - 1, 0)),
        mean_over(shares, lambda state: max(state[1] - 1, 0)),
    ]
    busy = [mean_over(shares, lambda state: state[0] > 0), mean_over(shares, lambda state: state[1] > 0)]
    check(found, waiting + busy, within=0.09)


def test_an_area_that_opens_again_at_one():
    """M/M/1 with three spaces that opens again at one inside: the lane never idles, so the chain is that of M/M/1.

    State: trucks inside, outside, and whether the area is shut.
    """
    spaces, reopens, arrivals, most = 3, 1, 0.6, 60

    def moves(state: tuple[int, int, bool]) -> Iterator[tuple[tuple[int, int, bool], float]]:
        inside, outside, shut = state
        if shut and outside < most:
            yield (inside, outside + 1, True), arrivals
        if not shut:
            yield (inside + 1, outside, inside + 1 == spaces), arrivals
        if inside:
            shut = shut and inside - 1 > reopens
            enter = 0 if shut else min(outside, spaces - inside + 1)
            yield (inside - 1 + enter, outside - enter, shut or inside - 1 + enter == spaces), MU

    shares = shares_of_time((0, 0, False), moves)
    outside = mean_over(shares, lambda state: state[1])
    inside = mean_over(shares, lambda state: state[0])
    assert inside + outside == pytest.approx(arrivals / (1 - arrivals))
    found = run(
        booth(1),
        arrivals * A_DAY,
        80,
        [Key("outside_trucks", "mean", NORTH), Key("area_trucks", "mean", stage="yard")],
        areas={"yard": {"spaces": spaces, "stages": ["booth"], "reopens_at": reopens}},
    )
    check(found, [outside, inside], within=0.09)


Bridge = tuple[tuple[int, int], int, bool, bool]
"""Trucks in line each way, the way that the lane faces, whether it is busy, and whether it will turn after that."""


def test_a_lane_that_turns():
    """One lane for both directions that turns at two waiting, in no time; six in line at most, both ways together."""
    at, most, arrivals = 2, 6, (0.5, 0.3)

    def start(line: tuple[int, int], way: int) -> Bridge:
        """An empty lane that faces a way takes the first truck in line there."""
        if not line[way]:
            return line, way, False, False
        return (line[0] - (way == 0), line[1] - (way == 1)), way, True, False

    def turned_if_due(state: Bridge) -> Bridge:
        line, way, busy, turns = state
        if turns or line[1 - way] < at or line[1 - way] <= line[way]:
            return state
        return (line, way, True, True) if busy else start(line, 1 - way)

    def moves(state: Bridge) -> Iterator[tuple[Bridge, float]]:
        line, way, busy, turns = state
        for comes in (0, 1):
            if not busy and comes == way:
                yield (line, way, True, False), arrivals[comes]
            elif sum(line) < most:
                longer = (line[0] + (comes == 0), line[1] + (comes == 1))
                yield turned_if_due((longer, way, busy, turns)), arrivals[comes]
        if busy and turns:
            yield start(line, 1 - way), MU
        elif busy:
            yield turned_if_due(start(line, way)), MU

    shares = shares_of_time(((0, 0), 0, False, False), moves)

    def is_lost(state: Bridge, comes: int) -> bool:
        line, way, busy, _ = state
        return sum(line) == most and (busy or comes != way)

    lost = [mean_over(shares, lambda state: is_lost(state, 0)), mean_over(shares, lambda state: is_lost(state, 1))]
    ways = [NORTH, SOUTH]
    lanes = [{"name": "both", "lanes": 1, "directions": ways, "reverses": {"at": at, "takes": 0}}]
    found = run(
        {"booth": {"lanes": lanes, "service": exponential(SERVICE_S), "turns_away_at": most}},
        0,
        40,
        [QUEUE, *(Key("throughput_per_day", "mean", way) for way in ways)],
        origin=dict.fromkeys(ways, "vn"),
        flows={
            way: {"class": "general", "direction": way, "per_day": rate * A_DAY}
            for way, rate in zip(ways, arrivals, strict=True)
        },
        paths={way: ["booth"] for way in ways},
    )
    served = [rate * (1 - share) * A_DAY for rate, share in zip(arrivals, lost, strict=True)]
    check(found, [mean_over(shares, lambda state: sum(state[0])), *served], within=0.09)
