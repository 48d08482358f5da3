"""How time passes: plans, draws, two engines that give equal logs, and metrics."""

from sim.draws.columns import Draws
from sim.draws.draw import draw
from sim.engines.log import EventLog
from sim.engines.simulate import Engine, simulate
from sim.metrics.definitions import METRICS, Definition
from sim.metrics.fold import Fold, Key, Measures, StageTime, measure
from sim.metrics.time_use import truck_times
from sim.plan.compile import compile_plan
from sim.plan.plan import Plan
from sim.streaming import stream

__all__ = [
    "METRICS",
    "Definition",
    "Draws",
    "Engine",
    "EventLog",
    "Fold",
    "Key",
    "Measures",
    "Plan",
    "StageTime",
    "compile_plan",
    "draw",
    "measure",
    "simulate",
    "stream",
    "truck_times",
]
