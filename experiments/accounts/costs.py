"""What a day at the gate costs, by item and by who bears it; and what a change of the gate saves of it.

Hours at stages where goods are not ready cost nothing: no capacity shortens them. A fee moves money from a trader to a
side, so its lines add to zero.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from experiments.accounts.energy import Floats, Pair, Values, classes_of, energy_uses, hours_of
from experiments.accounts.staff import DAYS_A_YEAR, staffed
from gates.schema.gate import Gate
from gates.schema.prices.levels import ENDS, End
from gates.schema.prices.money import Money
from sim.metrics.meter import Key

CARRIERS, DRIVERS, TRADERS, SOCIETY = "carriers", "drivers", "traders", "society"
WAITING = {
    "queue time": ("queue", "blocked"),
    "waiting for opening": ("closed",),
    "time in service": ("served", "road"),
}
"""Item -> states of truck hours."""
KILOS_A_TONNE = 1000.0


class Line(NamedTuple):
    """An item of the cost of a day at the gate, borne by a party."""

    item: str
    party: str
    """`carriers`, `drivers`, `traders`, `society`, or the state of a side: `state vn`."""
    usd_per_day: Floats
    """(replications,) negative where the party receives it."""


def state_of(side: str) -> str:
    """Return the party that is the state of a side."""
    return f"state {side}"


def cost_lines(gate: Gate, values: Values, end: End = "base") -> list[Line]:
    """Return all that a day at the gate costs, at one end of the range of each price; items that occur more than once
    for a party are added. None for a gate without prices.
    """
    if gate.money is None:
        return []
    found: dict[tuple[str, str], Floats] = {}
    for item, party, usd in _lines(gate, gate.money, values, end):
        found[item, party] = found.get((item, party), np.zeros(1)) + usd
    return [Line(item, party, usd) for (item, party), usd in found.items()]


def _lines(gate: Gate, money: Money, values: Values, end: End) -> Iterator[tuple[str, str, Floats]]:
    for pair in classes_of(gate):
        for item, states in WAITING.items():
            hours = np.asarray(sum(hours_of(values, state, *pair) for state in states), np.float64)
            yield item, CARRIERS, money.hour_usd("vehicle_usd", *pair, end) * hours
            yield item, DRIVERS, money.hour_usd("driver_usd", *pair, end) * hours
        bound = money.hour_usd("cargo_usd", *pair, end) * hours_of(values, "loaded", *pair)
        yield "capital bound in loads", TRADERS, bound
        yield from _lost(gate, money, values, pair, end)
    for fee in money.fees.values():
        released = values.get(Key("throughput_per_day", "mean", fee.direction), np.zeros(1))
        yield "fees", TRADERS, fee.usd.at(end) * released
        yield "fees", state_of(fee.to), -fee.usd.at(end) * released
    for use in energy_uses(gate, values, end):
        who = state_of(gate.pools[use.vehicle_class].side) if use.purpose == "fleet" else CARRIERS
        yield "fuel and electricity", who, use.usd
        if money.carbon_usd_per_t is not None:
            yield "CO2", SOCIETY, money.carbon_usd_per_t.at(end) * use.co2_kg / KILOS_A_TONNE
    for post in staffed(gate, end).values():
        yield "officers, lanes and machines", state_of(post.side), np.array([post.usd_per_year / DAYS_A_YEAR])


def _lost(gate: Gate, money: Money, values: Values, pair: Pair, end: End) -> Iterator[tuple[str, str, Floats]]:
    """Yield what loads lose by ageing, and what is lost with trucks that turn back."""
    worth = gate.classes[pair[1]]
    turned_back = values.get(Key("turned_back_per_day", "mean", *pair), np.zeros(1))
    by_turning = turned_back * (worth.value_usd or 0.0) * (1 - worth.value_turned_back)
    lost = values.get(Key("value_lost_usd_per_day", "mean", *pair), by_turning)
    yield "spoilage", TRADERS, money.spoilage.at(end) * (lost - by_turning)
    yield "turn-backs", TRADERS, by_turning
    if money.turn_back_usd is not None:
        yield "turn-backs", CARRIERS, money.turn_back_usd.at(end) * turned_back


class Saving(NamedTuple):
    """What a change of the gate saves a party of an item."""

    item: str
    party: str
    usd_per_day: Floats
    """(replications,) with the base prices; negative where it costs more."""
    price_low: float
    """Mean with the prices of the ends at which least is saved [USD/d]."""
    price_high: float
    """Mean with the prices of the ends at which most is saved [USD/d]."""


def savings(before: tuple[Gate, Values], after: tuple[Gate, Values]) -> list[Saving]:
    """Return what the gate after a change saves against the gate before, replication by replication.

    Officers, lanes and machines count only where fewer of a post are needed: what an upgrade adds is in its own
    running cost.
    """
    by_end = {end: _saved(before, after, end) for end in ENDS}
    found = []
    for (item, party), usd in by_end["base"].items():
        ends = [float(np.mean(by_end[end][item, party])) for end in ENDS]
        found.append(Saving(item, party, usd, min(ends), max(ends)))
    return found


def _saved(before: tuple[Gate, Values], after: tuple[Gate, Values], end: End) -> dict[tuple[str, str], Floats]:
    old, new = (
        {(line.item, line.party): line.usd_per_day for line in cost_lines(*state, end)} for state in (before, after)
    )
    none = np.zeros(1)
    saved = {key: old.get(key, none) - new.get(key, none) for key in {**old, **new}}
    posts = staffed(before[0], end), staffed(after[0], end)
    freed: dict[str, float] = {}
    for name, post in posts[0].items():
        kept = posts[1][name].usd_per_year if name in posts[1] else 0.0
        freed[post.side] = freed.get(post.side, 0.0) + max(0.0, post.usd_per_year - kept)
    for key in saved:
        if key[0] == "officers, lanes and machines":
            saved[key] = np.array([freed.get(key[1].removeprefix("state "), 0.0) / DAYS_A_YEAR])
    return saved


def hours_waited(gate: Gate, values: Values) -> Floats:
    """Return the truck hours of a day in queues, before closed stages, and blocked."""
    states = (*WAITING["queue time"], *WAITING["waiting for opening"])
    hours = [hours_of(values, state, *pair) for pair in classes_of(gate) for state in states]
    return np.asarray(sum(hours, np.zeros(1)), np.float64)
