"""Who may choose between the gates of a border, and what each gate costs a truck beyond the wait.

The part of a cost that differs from truck to truck is Gumbel distributed, so that shares are those of a logit model
(McFadden 1974, Conditional Logit Analysis of Qualitative Choice Behavior). It is drawn by the name of the gate: one
gate more leaves what the others cost alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sim.clock import Ticks
from sim.draws.columns import Counts, Draws, Mask
from sim.draws.flow import Trips
from sim.draws.uniforms import Floats, uniforms
from sim.plan.borders.trades import FREE
from sim.plan.plan import Choosing, Plan, Stream


def free_trucks(stream: Stream, name: str, number: Counts) -> Mask:
    """Return which trucks of a flow that chooses, by their numbers in ascending order, may choose their gate."""
    assert stream.choosing is not None
    return _uniforms(f"{name}/{FREE}", number) < stream.choosing.free


def put_choices(plan: Plan, flows: Sequence[Trips], places: Sequence[Counts], draws: Draws) -> None:
    """Write to the trucks that choose what each gate costs them, and which truck they are at the next gate.

    `places` are the numbers of the trucks of each flow.
    """
    for here, trips in enumerate(flows):
        choosing = trips.stream.choosing
        if choosing is None:
            continue
        free = free_trucks(trips.stream, trips.name, trips.trucks.number)
        number = trips.trucks.number[free]
        trucks = [places[s][free] if s == here else places[s] for s in choosing.streams]
        for n, (gate, at_gate) in enumerate(zip(choosing.gates, trucks, strict=True)):
            draws.sibling[at_gate] = trucks[(n + 1) % len(trucks)]
            draws.taste[at_gate] = tastes(choosing, n, _uniforms(f"{trips.name}/taste/{gate}", number))
        if choosing.puts_up_with is not None:
            limit = choosing.puts_up_with.ticks(_uniforms(f"{trips.name}/puts-up-with", number))
            draws.puts_up_with[places[here][free]] = limit


def tastes(choosing: Choosing, gate: int, uniform: Floats) -> Ticks:
    """Return what a gate costs trucks beyond the wait [tick]."""
    return np.floor(choosing.extra[gate] + choosing.spread * np.log(-np.log(uniform))).astype(np.int64)


def _uniforms(name: str, number: Counts) -> Floats:
    """Return the uniform numbers of trucks by their numbers, in ascending order."""
    if number.size == 0:
        return np.empty(0)
    return np.asarray(uniforms(name, int(number[0]), int(number[-1] - number[0]) + 1)[number - number[0]])
