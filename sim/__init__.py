"""How time passes: plans, draws, two engines that give equal logs, and metrics."""

from sim.draws.columns import Draws
from sim.draws.draw import draw
from sim.engines.log import EventLog
from sim.engines.simulate import Engine, simulate
from sim.metrics.fold import Fold, Measures, measure
from sim.metrics.meter import Key, Metric
from sim.metrics.registry import METRICS
from sim.metrics.stages.times import StageTime
from sim.metrics.time_use import truck_times
from sim.plan.compile import compile_plan
from sim.plan.plan import Plan
from sim.streaming import stream

__all__ = [
    "METRICS",
    "Draws",
    "Engine",
    "EventLog",
    "Fold",
    "Key",
    "Measures",
    "Metric",
    "Plan",
    "StageTime",
    "compile_plan",
    "draw",
    "measure",
    "simulate",
    "stream",
    "truck_times",
]
