"""The distinct laws of a gate, tabulated once each, and which kind of truck draws from which where."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from gates.schema.distributions import Distribution
from gates.schema.gate import Gate
from gates.schema.stages import Stage
from sim.arrays import Indices
from sim.clock import Ticks
from sim.plan.distributions import Law, law
from sim.plan.network import Line


def service_law(gate: Gate, vehicle_class: str, name: str, *, empty: bool) -> tuple[Distribution, float]:
    """Return the law of a service and what is added to it: moving up, sending data [s]."""
    stage = gate.stages[name]
    extra = stage.move_up
    if stage.sends is not None:
        link = gate.links[stage.sends.link]
        extra += stage.sends.data * 8 / min(link.uplink, link.shared_uplink)
        extra += stage.sends.round_trips * link.round_trip
    return stage.service_distribution(vehicle_class, empty=empty), extra


def by_hand_law(stage: Stage) -> tuple[Distribution, float] | None:
    """Return the law of a service while the link is down, and the time to move up [s]; None if it waits."""
    if stage.sends is None or stage.sends.without is None:
        return None
    return stage.sends.without, stage.move_up


def patience_law(stage: Stage, vehicle_class: str) -> tuple[Distribution, float] | None:
    """Return the law of patience in the line of a stage; None for ever."""
    found = stage.patience_for.get(vehicle_class, stage.patience)
    return None if found is None else (found, 0.0)


class Laws:
    """The distinct laws of a gate, tabulated once each."""

    def __init__(self) -> None:
        self.found: list[Law] = []
        self._number: dict[str, int] = {}

    def of_kinds(self, line_of: Indices, wanted: Callable[[int, int], tuple[Distribution, float] | None]) -> Indices:
        """Return (stages, kinds) the law that is wanted where a kind goes, -1 where there is none."""
        law_of = np.full(line_of.shape, -1, np.int32)
        for s, k in np.argwhere(line_of >= 0):
            asked = wanted(s, k)
            if asked is not None:
                law_of[s, k] = self.number(*asked)
        return law_of

    def of_returns(self, gate: Gate) -> Indices:
        """Return (stages,) the law of the time that units given back there need to come back, or -1."""
        law_of = np.full(len(gate.stages), -1, np.int32)
        for s, stage in enumerate(gate.stages.values()):
            for name in {**stage.needs, **stage.gives}:
                comes_back = gate.pools[name].comes_back
                if comes_back is not None:
                    law_of[s] = self.number(comes_back)
        return law_of

    def number(self, distribution: Distribution, plus_s: float = 0.0) -> int:
        """Return the number of a law, which is tabulated if it is new."""
        key = f"{distribution!r} + {plus_s}"
        if key not in self._number:
            self._number[key] = len(self.found)
            self.found.append(law(distribution, plus_s))
        return self._number[key]


def mean_service(laws: Sequence[Law], law_of: Indices, line_of: Indices, lines: Sequence[Line]) -> Ticks:
    """Return (lines,) mean service times [tick]: over the kinds of a line that are served alike, unweighted.

    Of a line for trucks without a slot: over all kinds of its stage.
    """
    found = []
    for n, line in enumerate(lines):
        mine = law_of[line_of == n]
        if mine.size == 0:
            mine = law_of[line.stage][law_of[line.stage] >= 0]
        found.append(round(np.mean([laws[number].mean for number in set(mine.tolist())])))
    return np.array(found, np.int64)
