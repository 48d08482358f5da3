"""The public door: `import bordergate as bg` gives what notebooks and scripts need, each name loaded on first use.

Nothing is defined here but the door itself: the gate comes from `gates`, how time passes from `sim`, runs, studies and
results from `experiments`, and the command line (`python -m bordergate`) from `api`.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from api.client.server import Server, connect
    from api.client.transport import ServiceError
    from experiments.results.calls import compare, result, run, study
    from experiments.results.comparison import Comparison
    from experiments.results.run import Result
    from experiments.results.study import StudyFolder
    from experiments.runs.statistics import Estimate
    from experiments.studies.model import Study, load_study
    from gates import ConfigError, Finding, Gate, library_gates, load_gate, upgrade_names
    from sim.live import Live, Policy, WaitingTruck

__all__ = [
    "Comparison",
    "ConfigError",
    "Estimate",
    "Finding",
    "Gate",
    "Live",
    "Policy",
    "Result",
    "Server",
    "ServiceError",
    "Study",
    "StudyFolder",
    "WaitingTruck",
    "compare",
    "connect",
    "library_gates",
    "load_gate",
    "load_study",
    "result",
    "run",
    "study",
    "upgrade_names",
]

_HOMES = {
    "Comparison": "experiments.results.comparison",
    "ConfigError": "gates",
    "Estimate": "experiments.runs.statistics",
    "Finding": "gates",
    "Gate": "gates",
    "Live": "sim.live",
    "Policy": "sim.live",
    "Server": "api.client.server",
    "ServiceError": "api.client.transport",
    "connect": "api.client.server",
    "Result": "experiments.results.run",
    "Study": "experiments.studies.model",
    "StudyFolder": "experiments.results.study",
    "WaitingTruck": "sim.live",
    "compare": "experiments.results.calls",
    "library_gates": "gates",
    "load_gate": "gates",
    "load_study": "experiments.studies.model",
    "result": "experiments.results.calls",
    "run": "experiments.results.calls",
    "study": "experiments.results.calls",
    "upgrade_names": "gates",
}
_PARTS = ("gates", "sim", "experiments", "api")


def _refuse_foreign_parts() -> None:
    """Raise `ImportError` if Python would take something else for a package of this product."""
    from importlib.util import find_spec
    from pathlib import Path

    home = Path(__file__).resolve().parent.parent
    for part in _PARTS:
        spec = find_spec(part)  # finds it without running it
        if spec is None or spec.origin is None:
            raise ImportError(f"bordergate is not complete: its package {part} is missing. Install it again.")
        place = Path(spec.origin).resolve()
        place = place.parent if place.name == "__init__.py" else place
        if place != home / part:
            remedy = "Rename it, or start Python in another folder."
            raise ImportError(f"{place} hides the package {part} of bordergate, which is in {home}. {remedy}")


_refuse_foreign_parts()


def __getattr__(name: str) -> Any:
    """Import on first use."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """Name what the door gives, for completion in a notebook."""
    return __all__
