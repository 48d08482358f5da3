"""First results of a run that is not finished: its numbers after the replications that are done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from experiments.answers.labels import Labels
from experiments.answers.run_numbers import numbers_of
from experiments.answers.run_summary import summary
from experiments.map import direction_text
from experiments.runs.replications import planned, unpacked
from experiments.runs.request import resolve
from experiments.runs.run import RunResult
from experiments.runs.settings import Setup
from experiments.runs.store import Store, setup_digest
from gates.schema.base import LanguageTag
from sim.metrics.fold import Measures

MOST = 100
"""Replications that are read: enough for a first look, and as quick for a run of thousands."""
CURVE_STEP = 2
"""Percentiles between two points of a curve."""


def so_far(request: dict[str, Any], store: Path, language: LanguageTag = "en") -> dict[str, Any]:
    """Return the numbers of a run after the replications that are done, from the first on without a gap.

    Replications that happen to end early, out of their order, are left out: what ends early may differ from the rest.
    Of many, the first hundred are looked at.

    Parameters
    ----------
    request
        The run as it was submitted.
    store
        Where its replications are kept while it is done.

    Returns
    -------
    dict
        `replications`, how many those are, and `total`, how many there will be; `numbers`, the table of the first
        screen, null while there is none; `curves`, by how many hours so many percent of the trucks of a direction are
        cleared, as means over replications; null where in some replication fewer trucks are.

    Raises
    ------
    ConfigError
        With every finding, if the request cannot be run.
    """
    resolved = resolve(request)
    scenario, settings = resolved.scenario, resolved.settings
    setup = Setup.of_run(scenario, settings)
    files, digest = Store(store), setup_digest(setup)
    there = files.numbers(digest)
    most = min(settings.replications, MOST)
    count = next((number for number in range(most) if number not in there), most)
    found = dict(files.get(digest, range(count), unpacked))
    measures = tuple(found[number] for number in sorted(found))
    document: dict[str, Any] = {"replications": len(measures), "total": settings.replications}
    if not measures:
        return {**document, "numbers": None, "curves": []}
    settings = settings.model_copy(update={"replications": len(measures), "keep_events": 0})
    result = RunResult(scenario, settings, planned(setup.text)[1], measures)
    first = summary(numbers_of(result), result.manifest).first
    table = {"columns": list(first.columns), "rows": [list(row) for row in first.rows], "note": first.note}
    gate = Labels(result.manifest).gate
    curves = [
        {"direction": direction, "title": direction_text(gate, direction, language), **_curve(measures, direction)}
        for direction, vehicle_class in measures[0].clearance_curve
        if vehicle_class is None
    ]
    return {**document, "numbers": table, "curves": curves}


def _curve(measures: tuple[Measures, ...], direction: str) -> dict[str, Any]:
    """Return the curve of clearance times of a direction, as a mean over replications."""
    hours = np.array([each.clearance_curve[direction, None] for each in measures], np.float64).mean(axis=0)
    percent = np.asarray(measures[0].percent, np.float64)
    shown = slice(None, None, max(1, round(len(percent) * CURVE_STEP / 100)))
    return {
        "percent": percent[shown].tolist(),
        "hours": [round(float(each), 3) if np.isfinite(each) else None for each in hours[shown]],
    }
