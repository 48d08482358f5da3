"""Which question: replications, statistics, results, plots and reports."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from experiments.run import RunResult, run_scenario
    from experiments.settings import RunSettings
    from experiments.statistics import Estimate, mean_interval
    from experiments.study import StudyResult, run_study
    from experiments.study_file import Study, load_study

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
    "Estimate": "statistics",
    "RunSettings": "settings",
    "Study": "study_file",
    "StudyResult": "study",
    "load_study": "study_file",
    "mean_interval": "statistics",
    "run_study": "study",
}


def __getattr__(name: str) -> Any:
    """Import on first use: who only reads requests and hands them on needs no engine."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"experiments.{_HOMES.get(name, 'run')}"), name)
