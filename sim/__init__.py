"""How time passes: plans, draws, two engines that give equal logs, and metrics."""

from sim.definitions import METRICS, Definition
from sim.draws import Draws, draw
from sim.engines import Engine, simulate
from sim.log import EventLog
from sim.metrics import Fold, Key, Measures, StageTime, measure
from sim.plan import Plan, compile_plan
from sim.streaming import stream
from sim.time_use import truck_times

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
