"""The distinct distributions of a gate, tabulated once each, and which kind of truck draws from which where."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from gates.schema.distributions import Distribution
from gates.schema.gate import Gate
from sim.arrays import Indices
from sim.clock import Ticks
from sim.plan.distributions import Sampler, sampler
from sim.plan.network import Line
from sim.plan.plan import Kind

Shifted = tuple[Distribution, float]
"""A distribution, and what is added to it [s]."""


def _service(gate: Gate, name: str, vehicle_class: str, empty: bool) -> Shifted:
    """Return the distribution of a service and what is added to it: moving up, sending data."""
    stage = gate.stages[name]
    extra = stage.move_up
    if stage.sends is not None:
        link = gate.links[stage.sends.link]
        extra += stage.sends.data * 8 / min(link.uplink, link.shared_uplink)
        extra += stage.sends.round_trips * link.round_trip
    return stage.service_distribution(vehicle_class, empty=empty), extra


def _service_by_hand(gate: Gate, name: str, _class: str, _empty: bool) -> Shifted | None:
    """Return the distribution of a service while the link is down, and the time to move up; None if it waits."""
    stage = gate.stages[name]
    if stage.sends is None or stage.sends.without is None:
        return None
    return stage.sends.without, stage.move_up


def _patience(gate: Gate, name: str, vehicle_class: str, _empty: bool) -> Shifted | None:
    """Return the distribution of patience in the line of a stage; None for ever."""
    patience = gate.stages[name].patience_for.get(vehicle_class, gate.stages[name].patience)
    return None if patience is None else (patience, 0.0)


def _comes_back(gate: Gate, name: str, _class: str, _empty: bool) -> Shifted | None:
    """Return the distribution of the time that units given back there need to come back; None for at once."""
    stage = gate.stages[name]
    times = [gate.pools[pool].comes_back for pool in {**stage.needs, **stage.gives}]
    return next(((time, 0.0) for time in reversed(times) if time is not None), None)


Time = Callable[[Gate, str, str, bool], Shifted | None]
"""What a time is drawn from, by stage, class and whether the truck is empty; None where there is no such time."""
TIMES: dict[str, Time] = {
    "service": _service,
    "service_by_hand": _service_by_hand,
    "patience": _patience,
    "comes_back": _comes_back,
}
"""Column of the draws by visit -> what its times are drawn from."""


class SamplerIndex:
    """The distinct distributions of a gate, tabulated once each."""

    def __init__(self) -> None:
        self.samplers: list[Sampler] = []
        self._number: dict[str, int] = {}

    def of_kinds(self, gate: Gate, line_of: Indices, kinds: Sequence[Kind], time: Time) -> Indices:
        """Return (stages, kinds) the number of a distribution where a kind goes, -1 where there is none."""
        sampler_of = np.full(line_of.shape, -1, np.int32)
        names = list(gate.stages)
        for s, k in np.argwhere(line_of >= 0):
            shifted = time(gate, names[s], kinds[k].vehicle_class, kinds[k].empty)
            if shifted is not None:
                sampler_of[s, k] = self.number(*shifted)
        return sampler_of

    def number(self, distribution: Distribution, plus_s: float = 0.0) -> int:
        """Return the number of a distribution, which is tabulated if it is new."""
        key = f"{distribution!r} + {plus_s}"
        if key not in self._number:
            self._number[key] = len(self.samplers)
            self.samplers.append(sampler(distribution, plus_s))
        return self._number[key]


def mean_service(samplers: Sequence[Sampler], sampler_of: Indices, line_of: Indices, lines: Sequence[Line]) -> Ticks:
    """Return (lines,) mean service times [tick]: over the kinds of a line that are served alike, unweighted.

    Of a line for trucks without a slot: over all kinds of its stage. Whether an area ahead keeps them out is no matter.
    """
    means = []
    for line in lines:
        mine = sampler_of[line_of == lines.index(line.base)]
        if mine.size == 0:
            mine = sampler_of[line.stage][sampler_of[line.stage] >= 0]
        means.append(round(np.mean([samplers[number].mean for number in set(mine.tolist())])))
    return np.array(means, np.int64)
