"""Which question: replications, statistics, results, plots and reports."""

from experiments.run import RunResult, RunSettings, run_scenario
from experiments.statistics import Estimate, mean_interval

__all__ = ["Estimate", "RunResult", "RunSettings", "mean_interval", "run_scenario"]
