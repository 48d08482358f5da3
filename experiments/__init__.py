"""Which question: replications, statistics, results, plots and reports."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from experiments.runs.run import RunResult, run_scenario
    from experiments.runs.settings import RunSettings
    from experiments.runs.statistics import Estimate, mean_interval
    from experiments.studies.model import Study, load_study
    from experiments.studies.result import StudyResult
    from experiments.studies.run import run_study

__all__ = [
    "Estimate",
    "RunResult",
    "RunSettings",
    "Study",
    "StudyResult",
    "load_study",
    "mean_interval",
    "run_scenario",
    "run_study",
]


_HOMES = {
    "Estimate": "runs.statistics",
    "RunResult": "runs.run",
    "RunSettings": "runs.settings",
    "Study": "studies.model",
    "StudyResult": "studies.result",
    "load_study": "studies.model",
    "mean_interval": "runs.statistics",
    "run_scenario": "runs.run",
    "run_study": "studies.run",
}


def __getattr__(name: str) -> Any:
    """Import on first use: who only reads requests and hands them on needs no engine."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"experiments.{_HOMES[name]}"), name)
