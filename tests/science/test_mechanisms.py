"""Pools, fleets and areas against theory: Erlang's delay, blocking after service, closed networks.

As in `test_queues`: independent replications with fixed seeds, Student's interval at `theory.FALSE_ALARM` a comparison
(some twenty comparisons: below 1e-6 together), and narrow enough to notice an error of the stated share.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from sim.metrics.meter import Key
from tests.science.small_gates import A_DAY, NORTH, SERVICE_H, SERVICE_S, check, exponential, run
from tests.science.theory import mean_wait_mmc

Floats = npt.NDArray[np.float64]


def test_a_pool_is_erlangs_delay_system():
    """c units that serve unlimited lanes are M/M/c."""
    units, busy = 3, 0.8
    wait, used = Key("wait_h", "mean", NORTH, stage="desk"), Key("pool_utilisation", "share", stage="officers")
    found = run(
        {"desk": {"lanes": "unlimited", "service": exponential(SERVICE_S), "needs": {"officers": 1}}},
        units * busy * A_DAY,
        30,
        [wait, used],
        pools={"officers": {"side": "vn", "shifts": [{"hours": "24 h", "units": units}]}},
    )
    check(found, [mean_wait_mmc(units, units * busy, SERVICE_H), busy], within=0.09)


def test_a_pool_of_two_stages_is_one_delay_system():
    """Each truck needs an officer twice: both visits wait as in the M/M/c of all visits.

    Officers shared by two stages in series, first come first served by the tick of joining, with equal exponential
    services: a single-chain network of one M/M/c station visited twice, which has a product form (Baskett, Chandy,
    Muntz and Palacios 1975): the mean wait a visit is that of M/M/c with twice the arrivals.
    """
    units, busy = 2, 0.7
    needs = {"lanes": "unlimited", "service": exponential(SERVICE_S), "needs": {"officers": 1}}
    keys = [Key("wait_h", "mean", NORTH, stage=name) for name in ("first", "second")]
    found = run(
        {"first": needs, "second": needs},
        units * busy * A_DAY / 2,
        45,
        keys,
        pools={"officers": {"side": "vn", "shifts": [{"hours": "24 h", "units": units}]}},
    )
    check(found, [mean_wait_mmc(units, units * busy, SERVICE_H)] * 2, within=0.09)


@pytest.mark.long
def test_a_full_area_moves_the_line_outside():
    """M/M/1 with K spaces in front: the time in the system is that of M/M/1, N - K trucks of N > K are outside.

    N is geometric: E[(N - K)+] = rho^(K + 1) / (1 - rho), E[min(N, K)] = rho (1 - rho^K) / (1 - rho).
    """
    spaces, busy = 2, 0.7
    found = run(
        {"booth": {"lanes": 1, "service": exponential(SERVICE_S)}},
        busy * A_DAY,
        100,
        [
            Key("clearance_h", "mean", NORTH),
            Key("outside_trucks", "mean", NORTH),
            Key("outside_h", "mean", NORTH),
            Key("area_trucks", "mean", stage="yard"),
        ],
        areas={"yard": {"spaces": spaces, "stages": ["booth"]}},
    )
    outside = busy ** (spaces + 1) / (1 - busy)
    inside = busy * (1 - busy**spaces) / (1 - busy)
    little = SERVICE_H / busy  # hours between arrivals
    check(found, [mean_wait_mmc(1, busy, SERVICE_H) + SERVICE_H, outside, outside * little, inside], within=0.09)


def stationary(rates: Floats) -> Floats:
    """Return the stationary distribution of a Markov chain from its (states, states) rates."""
    generator = rates - np.diag(rates.sum(axis=1))
    system = np.vstack([generator.T, np.ones(len(rates))])
    share: Floats = np.linalg.lstsq(system, np.eye(len(rates) + 1)[-1], rcond=None)[0]
    return share


@pytest.mark.long
def test_two_stages_with_blocking_after_service():
    """A line that is never empty, one server, K spaces, one server.

    State n: trucks past the first server, from 0 to K + 1, where the last one is blocked in the first lane.
    """
    spaces, second_s = 2, 80.0
    first, second = 1 / SERVICE_H, 3600 / second_s
    states = spaces + 2
    rates = np.diag([first] * (states - 1), 1) + np.diag([second] * (states - 1), -1)
    share = stationary(rates)
    throughput = second * (1 - share[0])
    in_yard = float(np.minimum(np.arange(states), spaces) @ share)
    found = run(
        {
            "booth": {"lanes": 1, "service": exponential(SERVICE_S)},
            "dock": {"lanes": 1, "service": exponential(second_s)},
        },
        1.2 * A_DAY,
        30,
        [
            Key("throughput_per_day", "mean", NORTH),
            Key("utilisation", "share", stage="dock"),
            Key("area_trucks", "mean", stage="yard"),
        ],
        areas={"yard": {"spaces": spaces, "stages": ["dock"]}},
    )
    check(found, [24 * throughput, 1 - share[0], in_yard], within=0.03)


def mean_wait_with(first: float, second: float, per_hour: float) -> float:
    """Mean wait of M/G/1 [h] with the first two moments of the time in the lane [h, h^2] (Pollaczek and Khinchine)."""
    return per_hour * second / (2 * (1 - per_hour * first))


@pytest.mark.parametrize("clock", [{"running": 600.0}, {"uses": 10.0}], ids=["running", "uses"])
def test_breakdowns_in_operation(clock):
    """M/M/1 that fails in operation and resumes: M/G/1 with Gaver's completion times (Gaver 1962, section 4).

    By running time: C = S + R1 + ... + RN, N Poisson with mean f S. By uses: C = S + R with the chance p, else S.
    """
    mend, per_hour = 300.0 / 3600, 25.0
    if "running" in clock:
        rate = 3600 / clock["running"]
        first = SERVICE_H * (1 + rate * mend)
        second = 2 * SERVICE_H**2 * (1 + rate * mend) ** 2 + rate * 2 * mend**2 * SERVICE_H
        share = per_hour * SERVICE_H * rate * mend
    else:
        chance = 1 / clock["uses"]
        first = SERVICE_H + chance * mend
        second = 2 * SERVICE_H**2 + chance * (2 * SERVICE_H * mend + 2 * mend**2)
        share = per_hour * chance * mend
    found = run(
        {
            "booth": {
                "lanes": 1,
                "service": exponential(SERVICE_S),
                "breakdowns": [{"name": "jam", **clock, "repair": exponential(300)}],
            }
        },
        per_hour * 24,
        200,
        [Key("wait_h", "mean", NORTH, stage="booth"), Key("repair_share", "share", stage="booth")],
    )
    check(found, [mean_wait_with(first, second, per_hour), share], within=0.09)


@pytest.mark.parametrize("clock", [{"running": 60.0}, {"uses": 2.5}], ids=["running", "uses"])
def test_a_service_that_starts_again(clock):
    """M/D/1 that fails in operation and starts again: C = S + Z1 + ... + ZK, with K geometric (Gaver 1962, section 5).

    Z is the work lost in a failed attempt and its repair. By running time at rate f: the attempt fails with
    p = 1 - exp(-f S), after an exponential time cut off at S; then E[C] = (exp(f S) - 1) (1 / f + E[R]).
    By uses: with the chance p, at an even moment.
    """
    mend, per_hour = 40.0 / 3600, 12.0
    if "running" in clock:
        rate = 3600 / clock["running"]
        chance = 1 - np.exp(-rate * SERVICE_H)
        lost = 1 / rate - SERVICE_H * (1 - chance) / chance
        lost_second = 2 / rate * lost - SERVICE_H**2 * (1 - chance) / chance
    else:
        chance = 1 / clock["uses"]
        lost, lost_second = SERVICE_H / 2, SERVICE_H**2 / 3
    times, spread = chance / (1 - chance), chance / (1 - chance) ** 2
    first = SERVICE_H + times * (lost + mend)
    if "running" in clock:
        assert first == pytest.approx((np.exp(rate * SERVICE_H) - 1) * (1 / rate + mend))
    variance = times * (lost_second - lost**2 + mend**2) + spread * (lost + mend) ** 2
    found = run(
        {
            "booth": {
                "lanes": 1,
                "service": {"constant": SERVICE_S},
                "breakdowns": [{"name": "jam", **clock, "repair": exponential(40), "then": "restarts"}],
            }
        },
        per_hour * 24,
        200,
        [Key("wait_h", "mean", NORTH, stage="booth"), Key("repair_share", "share", stage="booth")],
    )
    check(found, [mean_wait_with(first, variance + first**2, per_hour), per_hour * times * mend], within=0.09)


@pytest.mark.long
def test_a_visit_made_again_is_a_queue_with_feedback():
    """M/M/1 with feedback p (Jackson 1957): L of M/M/1 with arrivals lambda / (1 - p). Twenty rounds: all but 3e-11."""
    busy, again = 0.7, 0.3
    found = run(
        {"booth": {"lanes": 1, "service": exponential(SERVICE_S)}},
        busy * (1 - again) * A_DAY,
        100,
        [Key("queue_trucks", "mean", stage="booth"), Key("utilisation", "share", stage="booth")],
        paths={NORTH: [{"stage": "booth", "again": again, "most": 20}]},
    )
    check(found, [busy**2 / (1 - busy), busy], within=0.09)


def test_second_loads_are_more_arrivals_of_a_queue():
    """M/M/1 stages in series with Bernoulli routing (Jackson 1957): each has the wait of its own M/M/1.

    Every truck passes the kiosk, 40 % pass customs with a second load. Throughput southbound: those that come there by
    themselves and the second loads.
    """
    busy, share, own = 0.6, 0.4, 0.2
    flow = {"class": "general", "direction": NORTH}
    found = run(
        {name: {"lanes": 1, "service": exponential(SERVICE_S)} for name in ("kiosk", "customs")},
        0,
        60,
        [
            Key("wait_h", "mean", NORTH, stage="kiosk"),
            Key("wait_h", "mean", NORTH, stage="customs"),
            Key("throughput_per_day", "mean", "southbound"),
            Key("second_loads_per_day", "mean", "southbound"),
        ],
        origin={NORTH: "vn", "southbound": "vn"},
        flows={
            "north": {**flow, "per_day": busy * A_DAY},
            "south": {**flow, "direction": "southbound", "per_day": own * A_DAY},
        },
        paths={NORTH: ["kiosk", {"mark": "empty"}], "southbound": ["customs"]},
        two_way={NORTH: {"share": share, "class": "general", "steps": ["customs"]}},
    )
    both = own + share * busy
    waits = [rho / (1 - rho) * SERVICE_H for rho in (busy, both)]
    check(found, [*waits, both * A_DAY, share * busy * A_DAY], within=0.09)


def test_shelf_life_left_after_a_queue():
    """The time in M/M/1 is exponential with mean 1 / (mu - lambda): that is what a load loses at a pace of 1.

    Here the pace is 3: lost are 3 T, less than `least` is left with P(3 T > life - least).
    """
    busy, pace, life, least = 0.7, 3.0, 0.1, 0.095
    time = SERVICE_S / 86_400 / (1 - busy)
    found = run(
        {"booth": {"lanes": 1, "service": exponential(SERVICE_S), "ageing": pace}},
        busy * A_DAY,
        100,
        [
            Key("shelf_life_lost_d", "mean", NORTH),
            Key("short_life_share", "share", NORTH, "general"),
            Key("tonne_days_lost_per_day", "mean", NORTH),
        ],
        classes={"general": {"shelf_life": life, "least_life": least, "load": 20}},
    )
    short = float(np.exp(-(life - least) / (pace * time)))
    check(found, [pace * time, short, 20 * pace * time * busy * A_DAY], within=0.09)


def test_slots_that_are_all_taken_make_arrivals_regular():
    """D/M/1 (Gross and others 2008, section 6.2): the wait is s sigma / (1 - sigma), sigma = exp(-(1 - sigma) T / s).

    One punctual truck a slot of T, more trucks than slots: one comes every T.
    """
    slot = 80.0
    sigma = 0.5
    for _ in range(200):
        sigma = float(np.exp(-(1 - sigma) * slot / SERVICE_S))
    found = run(
        {"booth": {"lanes": 1, "service": exponential(SERVICE_S)}},
        1.3 * 86_400 / slot,
        60,
        [Key("wait_h", "mean", NORTH, stage="booth"), Key("arrivals_per_day", "mean", NORTH)],
        booking={"slots": {"flows": ["general"], "side": "vn", "slot": slot, "capacity": 1}},
    )
    check(found[:1], [sigma / (1 - sigma) * SERVICE_H], within=0.09)
    assert found[1].mean == 86_400 / slot


@pytest.mark.parametrize("groups", [{4: 1.0}, {1: 0.8, 6: 0.2}], ids=["fours", "ones and sixes"])
def test_groups_are_batch_arrivals(groups):
    """M[X]/M/1: L = rho (E[X] + E[X^2]) / (2 E[X] (1 - rho)) (Gross and others 2008, section 3.1)."""
    busy = 0.7
    first = sum(size * share for size, share in groups.items())
    second = sum(size**2 * share for size, share in groups.items())
    length = busy * (first + second) / (2 * first * (1 - busy))
    flow = {"class": "general", "direction": NORTH, "per_day": busy * A_DAY, "groups": groups}
    found = run(
        {"booth": {"lanes": 1, "service": exponential(SERVICE_S)}},
        busy * A_DAY,
        100,
        [Key("wait_h", "mean", NORTH, stage="booth"), Key("queue_trucks", "mean", stage="booth")],
        flows={"general": flow},
    )
    check(found, [(length / busy - 1) * SERVICE_H, length - busy], within=0.09)


def three_in_a_row() -> float:
    """Throughput, in services, of three equal exponential servers with one space each, the first never idle.

    State: what each server does; it works, is idle or is blocked. Hunt (1956) gives 22/39.
    """
    index: dict[tuple[str, str, str], int] = {}
    rows: list[tuple[int, int, bool]] = []

    def settle(line: list[str]) -> tuple[str, str, str]:
        """Let blocked trucks move on, the last first; the first server always has a truck."""
        for n in (1, 0):
            if line[n] == "b" and line[n + 1] == "i":
                line[n], line[n + 1] = "i", "w"
        if line[0] == "i":
            line[0] = "w"
        return line[0], line[1], line[2]

    found = [("w", "i", "i")]
    index[found[0]] = 0
    for state in found:  # grows
        for n in range(3):
            if state[n] != "w":
                continue
            line = list(state)
            line[n] = "i" if n == 2 else "b"
            after = settle(line)
            if after not in index:
                index[after] = len(found)
                found.append(after)
            rows.append((index[state], index[after], n == 2))
    rates = np.zeros((len(found), len(found)))
    for a, b, _ in rows:
        rates[a, b] += 1
    share = stationary(rates)
    return float(sum(share[a] for a, _, leaves in rows if leaves))


def test_three_stages_without_room_between_them():
    """Three servers in a row that block each other (Hunt 1956): 22/39 of a service a service time."""
    assert three_in_a_row() == pytest.approx(22 / 39)
    names = ("gate", "bay", "dock")
    found = run(
        {name: {"lanes": 1, "service": exponential(SERVICE_S)} for name in names},
        0.7 * A_DAY,
        30,
        [Key("throughput_per_day", "mean", NORTH)],
        areas={name: {"spaces": 1, "stages": [name]} for name in names[1:]},
    )
    check(found, [three_in_a_row() * A_DAY], within=0.03)


def mean_values(vehicles: int, queues: list[float], delay: float) -> tuple[float, list[float]]:
    """Throughput of a closed network and the mean numbers at its queues (Reiser and Lavenberg 1980).

    Exact mean-value analysis for single exponential servers with mean services `queues`, and a delay of mean `delay`.
    """
    length = [0.0] * len(queues)
    rate = 0.0
    for n in range(1, vehicles + 1):
        time = [service * (1 + ahead) for service, ahead in zip(queues, length, strict=True)]
        rate = n / (delay + sum(time))
        length = [rate * spent for spent in time]
    return rate, length


@pytest.mark.parametrize("vehicles", [1, 5, 12])
def test_a_fleet_is_a_closed_network(vehicles):
    """Trucks wait without end, so vehicles go round: crane on, drive, crane off, drive back."""
    on_s, drive_s, off_s, back_s = SERVICE_S, 180.0, 50.0, 120.0
    rate, length = mean_values(vehicles, [on_s, off_s], drive_s + back_s)
    idle = length[0] - rate * on_s  # vehicles in line for the crane have no truck
    found = run(
        {
            "crane-on": {"lanes": 1, "service": exponential(on_s), "takes": {"igv": 1}},
            "drive": {"lanes": "unlimited", "service": exponential(drive_s)},
            "crane-off": {"lanes": 1, "service": exponential(off_s), "gives": {"igv": 1}},
        },
        1.2 * rate * 86_400,
        30,
        [
            Key("throughput_per_day", "mean", NORTH),
            Key("utilisation", "share", stage="crane-off"),
            Key("pool_utilisation", "share", stage="igv"),
        ],
        pools={
            "igv": {
                "side": "vn",
                "shifts": [{"hours": "24 h", "units": vehicles}],
                "comes_back": exponential(back_s),
            }
        },
    )
    check(found[:2], [rate * 86_400, rate * off_s], within=0.03)
    if vehicles == 1:  # never idle but for the start
        assert found[2].mean == pytest.approx(1, abs=1e-9)
    else:
        check(found[2:], [1 - idle / vehicles], within=0.03)
