"""The one door to the engines."""

from __future__ import annotations

from typing import Literal

from sim.draws import Draws
from sim.log import EventLog
from sim.plan import Plan

Engine = Literal["compiled", "reference"]


def simulate(plan: Plan, draws: Draws, engine: Engine = "compiled") -> EventLog:
    """Run the gate with either engine; for the same plan and draws their logs are equal, row by row."""
    if engine == "compiled":
        from sim import compiled

        return compiled.simulate(plan, draws)
    from sim import reference

    return reference.simulate(plan, draws)
