"""What a study gives back: its cells and all their replications."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from experiments.studies.designs import Cell
from experiments.studies.model import (
    DEFAULT_METRICS,
    Study,
    metric_key,
)
from experiments.studies.replication import Floats, Replication
from experiments.studies.warm_up import Warmup
from gates.schema.scenario import Scenario
from sim.metrics.meter import Key


@dataclass(frozen=True, eq=False)
class StudyResult:
    """All replications of a study."""

    study: Study
    cells: tuple[Cell, ...]
    """The base first."""
    replications: tuple[tuple[Replication, ...], ...]
    """For each cell, in order; all cells have the same number."""
    warmup_days: int
    warmups: tuple[Warmup, ...] = ()
    """What was found about the warm-up, if it was sought."""
    unmet: tuple[str, ...] = ()
    """Targets of precision that were not met at the cap."""
    simulated: int = 0
    """Replications made in this run; the others were in the store."""

    def values(self, key: Key) -> dict[str, Floats]:
        """Return one metric: scenario -> (replications,), NaN where the scenario does not have it."""
        return {
            cell.name: np.array([each.by_key.get(key, np.nan) for each in found])
            for cell, found in zip(self.cells, self.replications, strict=True)
        }

    @property
    def metrics(self) -> tuple[Key, ...]:
        """The metrics compared; the first decides."""
        return metrics_of(self.study, self.cells[0].scenario)


def metrics_of(study: Study, scenario: Scenario) -> tuple[Key, ...]:
    """Return the metrics that a study compares; those by default in each direction with trucks."""
    if study.metrics:
        return tuple(metric_key(text) for text in study.metrics)
    flowing = {flow.direction for flow in scenario.gate.flows.values()}
    directions = [name for name in ("northbound", "southbound") if name in flowing]
    return tuple(metric_key(f"{text}.{direction}") for direction in directions for text in DEFAULT_METRICS)
