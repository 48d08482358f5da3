"""The one door to the engines."""

from __future__ import annotations

from typing import Literal

from sim.draws.columns import Draws
from sim.engines.log import EventLog
from sim.plan.plan import Plan

Engine = Literal["compiled", "reference"]


def simulate(plan: Plan, draws: Draws, engine: Engine = "compiled") -> EventLog:
    """Run the gate with either engine; for the same plan and draws their logs are equal, row by row."""
    if engine == "compiled":
        from sim.engines import compiled

        return compiled.simulate(plan, draws)
    from sim.engines import reference

    return reference.simulate(plan, draws)
