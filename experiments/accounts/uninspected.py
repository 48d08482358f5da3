"""Trucks that no inspection sees, by class and risk channel: worked out from the shares of the paths.

Whether an inspection would have found something is not modelled: fewer inspections save time and cost detection.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import NamedTuple

from gates.schema.gate import Gate
from sim.plan.paths import Path, PathVisit, paths_by_class

CHANNEL = "channel"
NO_CHANNEL = "all"
MOST_COMBINATIONS = 200_000


class Unseen(NamedTuple):
    """Trucks of a class and a channel that no inspection sees."""

    direction: str
    vehicle_class: str
    channel: str
    """Alternative of the choice `channel`; `all` where the path has none."""
    share: float
    """Of the trucks of the class."""
    per_day: float
    """Expected trucks a day, before profile and calendar."""


def not_inspected(gate: Gate, demand: float = 1.0) -> list[Unseen]:
    """Return who is not inspected; nothing for a gate that names no inspections."""
    stages = set(gate.money.inspections) if gate.money else set()
    if not stages:
        return []
    found = []
    for direction in gate.paths:
        for name, path in paths_by_class(gate, direction).items():
            flows = (flow for flow in gate.flows.values() if (flow.direction, flow.vehicle_class) == (direction, name))
            per_day = demand * math.fsum(flow.per_day for flow in flows)
            for channel, share in _unseen(path, stages).items():
                found.append(Unseen(direction, name, channel, share, share * per_day))
    return found


def _unseen(path: Path, stages: set[str]) -> dict[str, float]:
    """Return the share of the trucks of a path that no inspection sees, by channel."""
    visits = [visit for visit in path.visits if visit.stage in stages and not visit.needs and visit.second is None]
    numbers = _decisions_behind(path, visits)
    channel = next((n for n, decision in enumerate(path.decisions) if decision.name == CHANNEL), None)
    if channel is not None:
        numbers = sorted({*numbers, *_closed_under(path, {channel})})
    found: dict[str, float] = {}
    for chosen, chance in _combinations(path, numbers):
        missed = math.prod(1 - visit.share for visit in visits if _met(visit.when, chosen))
        name = NO_CHANNEL if channel is None else path.decisions[channel].alternatives[chosen[channel]]
        if channel is None or _met(path.decisions[channel].when, chosen):
            found[name] = found.get(name, 0.0) + chance * missed
    return found


def _decisions_behind(path: Path, visits: list[PathVisit]) -> list[int]:
    return sorted(_closed_under(path, {number for visit in visits for number, _ in visit.when}))


def _closed_under(path: Path, numbers: set[int]) -> set[int]:
    """Return decisions with those that they depend on."""
    more = {number for n in numbers for number, _ in path.decisions[n].when} - numbers
    return _closed_under(path, numbers | more) if more else numbers


def _combinations(path: Path, numbers: list[int]) -> Iterator[tuple[dict[int, int], float]]:
    """Yield what trucks choose, each combination with its chance."""
    decisions = [path.decisions[n] for n in numbers]
    count = math.prod(len(decision.alternatives) for decision in decisions)
    if count > MOST_COMBINATIONS:
        raise ValueError(f"{count:,} combinations of choices lead to inspections; the most are {MOST_COMBINATIONS:,}")
    for choice in itertools.product(*(range(len(decision.alternatives)) for decision in decisions)):
        chance = math.prod(d.shares[a] for d, a in zip(decisions, choice, strict=True))
        if chance > 0:
            yield dict(zip(numbers, choice, strict=True)), chance


def _met(when: tuple[tuple[int, frozenset[int]], ...], chosen: dict[int, int]) -> bool:
    return all(chosen[number] in alternatives for number, alternatives in when)
