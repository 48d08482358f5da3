"""How time passes: plans, draws, two engines that give equal logs, and metrics."""

from sim.draws import Draws, draw
from sim.engines import Engine, simulate
from sim.log import EventLog
from sim.plan import Plan, compile_plan

__all__ = ["Draws", "Engine", "EventLog", "Plan", "compile_plan", "draw", "simulate"]
