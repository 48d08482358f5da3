"""Sets of options that are likely to be good within a budget: a knapsack with pair effects, solved exactly.

The model of the value of a set is additive with pairs: the sum of the effects of its options and of the pairs that it
holds. `scipy.optimize.milp` finds the best set; a cut that rules it out gives the next best, and so on. The model only
proposes: what a set is worth comes out of the simulation.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Pair = tuple[str, str]


@dataclass(frozen=True)
class Knapsack:
    """Options to choose from, and what is known of them."""

    cost: Mapping[str, float]
    """Option -> capital [USD]."""
    effect: Mapping[str, float]
    """Option -> what it adds by itself."""
    pair: Mapping[Pair, float] = field(default_factory=dict)
    """Two options -> what they add together beyond both effects."""
    needs: tuple[Pair, ...] = ()
    """(option, another that it needs)."""
    excludes: tuple[Pair, ...] = ()
    """Two options of which one may be chosen."""

    def value(self, chosen: frozenset[str]) -> float:
        """Return what the model says of a set."""
        pairs = (value for pair, value in self.pair.items() if chosen.issuperset(pair))
        return sum(self.effect[name] for name in chosen) + sum(pairs)

    def price(self, chosen: frozenset[str]) -> float:
        """Return the capital of a set [USD]."""
        return sum(self.cost[name] for name in chosen)

    def allows(self, chosen: frozenset[str]) -> bool:
        """Tell whether a set has what its options need, and nothing that they exclude."""
        return all(b in chosen for a, b in self.needs if a in chosen) and not any(
            chosen.issuperset(pair) for pair in self.excludes
        )


def proposals(problem: Knapsack, budget: float, count: int) -> list[frozenset[str]]:
    """Return the sets within a budget that the model likes best, the best first; the empty one may be among them."""
    names = sorted(problem.cost)
    found: list[frozenset[str]] = []
    while len(found) < count:
        chosen = _best(problem, names, budget, found)
        if chosen is None:
            break
        found.append(chosen)
    return found


def _best(
    problem: Knapsack, names: Sequence[str], budget: float, without: Sequence[frozenset[str]]
) -> frozenset[str] | None:
    from scipy.optimize import Bounds, LinearConstraint, milp

    pairs = [pair for pair, value in problem.pair.items() if value]
    worth = np.array([*(problem.effect[name] for name in names), *(problem.pair[pair] for pair in pairs)])
    rows, low, high = _constraints(problem, names, pairs, budget, without)
    scale = float(np.abs(worth).max()) or 1.0
    done: Any = milp(
        -worth / scale,
        constraints=LinearConstraint(rows, low, high),
        integrality=np.ones(worth.size, np.int64),
        bounds=Bounds(0, 1),
        options={"mip_rel_gap": 0.0},
    )
    if not done.success:
        return None
    return frozenset(name for name, value in zip(names, done.x, strict=False) if value > 0.5)


def _constraints(
    problem: Knapsack,
    names: Sequence[str],
    pairs: Sequence[Pair],
    budget: float,
    without: Sequence[frozenset[str]],
) -> tuple[Floats, Floats, Floats]:
    """Return rows with their lower and upper ends: the budget, needs, excludes, pairs, sets found before."""
    at = {name: n for n, name in enumerate(names)}
    width = len(names) + len(pairs)

    def row(*entries: tuple[int, float]) -> Floats:
        made = np.zeros(width)
        for place, value in entries:
            made[place] += value
        return made

    def rows() -> Iterator[tuple[Floats, float, float]]:
        millions = [(at[name], problem.cost[name] / 1e6) for name in names]
        yield row(*millions), -np.inf, budget / 1e6 * (1 + 1e-12)
        for name, needed in problem.needs:
            yield row((at[name], 1), (at[needed], -1)), -np.inf, 0
        for a, b in problem.excludes:
            yield row((at[a], 1), (at[b], 1)), -np.inf, 1
        for n, (a, b) in enumerate(pairs, len(names)):
            yield row((n, 1), (at[a], -1)), -np.inf, 0
            yield row((n, 1), (at[b], -1)), -np.inf, 0
            yield row((n, 1), (at[a], -1), (at[b], -1)), -1, np.inf
        for chosen in without:
            cut = row(*((at[name], 1.0 if name in chosen else -1.0) for name in names))
            yield cut, -np.inf, len(chosen) - 1

    made = list(rows())
    return np.array([r for r, _, _ in made]), np.array([x for _, x, _ in made]), np.array([x for _, _, x in made])


def all_sets(problem: Knapsack, budget: float) -> list[frozenset[str]]:
    """Return every set within a budget, where there are few options."""
    names = sorted(problem.cost)
    sets = (frozenset(each) for n in range(len(names) + 1) for each in itertools.combinations(names, n))
    return [each for each in sets if problem.allows(each) and problem.price(each) <= budget * (1 + 1e-12)]
