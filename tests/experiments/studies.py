"""Small studies for the tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from experiments.answers.study_advice import READ, StudyAnswer, answer_of
from experiments.answers.study_labels import StudyLabels
from experiments.studies.designs import cells
from experiments.studies.folder import manifest
from experiments.studies.model import Study, metric_key
from experiments.studies.replication import Replication
from experiments.studies.result import StudyResult
from experiments.studies.tables import Frame, tables

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


Values = Mapping[str, Mapping[str, Sequence[float]]]
"""Scenario -> metric -> a value for each replication."""


def made(study: Study, values: Values) -> StudyResult:
    """Return the result of a study whose replications have these values, without simulating anything."""
    all_cells = [cell for cell in cells(study, 0) if cell.name in values]
    return StudyResult(study, tuple(all_cells), tuple(replications_of(values[cell.name]) for cell in all_cells), 0)


def replications_of(values: Mapping[str, Sequence[float]]) -> tuple[Replication, ...]:
    """Return replications that measured these values: metric -> a value for each."""
    keys, columns = tuple(metric_key(text) for text in values), np.array(list(values.values()), float)
    nothing, hours = np.zeros((1, 1)), np.zeros(24)
    return tuple(
        Replication(keys, column, ("northbound",), nothing, nothing, nothing, nothing, np.array([50.0]), hours, hours)
        for column in columns.T
    )


def answer(result: StudyResult) -> StudyAnswer:
    """Return the answer of a study's result, by way of its tables."""
    frames = tables(result)
    return answer_of({name: frames.get(name, Frame()) for name in READ}, StudyLabels(manifest(result)))


def plain(text: str) -> str:
    """Return a text with ordinary spaces."""
    return text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")
