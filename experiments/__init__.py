"""Which question: replications, statistics, results, plots and reports."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from experiments.run import RunResult, run_scenario
    from experiments.settings import RunSettings
    from experiments.statistics import Estimate, mean_interval

__all__ = ["Estimate", "RunResult", "RunSettings", "mean_interval", "run_scenario"]


_HOMES = {"Estimate": "statistics", "RunSettings": "settings", "mean_interval": "statistics"}


def __getattr__(name: str) -> Any:
    """Import on first use: who only reads requests and hands them on needs no engine."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"experiments.{_HOMES.get(name, 'run')}"), name)
