"""Small studies for the tests."""

from __future__ import annotations

from typing import Any

from experiments.studies.model import Study

SMALL: dict[str, Any] = {
    "name": "small",
    "question": "Does a booth more help?",
    "gate": "minimal",
    "days": 3,
    "warmup_days": 1,
    "replications": 4,
    "metrics": ["clearance_h.mean.northbound", "throughput_per_day.mean.northbound"],
}
SCENARIOS: list[dict[str, Any]] = [
    {"name": "third-booth", "title": "A third booth", "set": {"stages.booth.lanes": 3}},
    {"name": "busy", "demand": 1.5},
]


def small(**changes: Any) -> Study:
    """Return a study of the small gate that runs in a moment."""
    return Study.model_validate({**SMALL, **({} if "design" in changes else {"scenarios": SCENARIOS}), **changes})
