"""What would tell the readings of a gate apart: the numbers in which they differ most, beyond chance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from experiments.calibration.targets import Period, measured, under
from experiments.runs.replications import Runner
from experiments.runs.statistics import Estimate, mean_interval
from gates.schema.gate import Gate
from gates.schema.scenario import Scenario
from sim.metrics.meter import Key

SHOWN = 6
UNSEEN = ("no_queue_clearance_h", "unfinished_share", "inside_end_trucks")
"""Metrics that nobody can measure at a gate."""
LEAST = 0.1
"""Smallest spread over the mean that is worth measuring."""


@dataclass(frozen=True)
class Apart:
    """A number in which readings differ."""

    key: Key
    by_reading: dict[str, Estimate]

    @property
    def spread(self) -> float:
        """The largest less the smallest value, over their mean."""
        values = [each.value for each in self.by_reading.values()]
        middle = math.fsum(values) / len(values)
        return (max(values) - min(values)) / middle if middle else 0.0

    @property
    def is_clear(self) -> bool:
        """Whether the intervals of the smallest and the largest value do not meet."""
        ordered = sorted(self.by_reading.values())
        return ordered[0].high < ordered[-1].low


def apart(gate: Gate, readings: Sequence[str], period: Period, runner: Runner) -> list[Apart]:
    """Return the numbers that differ most between readings, of each metric and class the one with the widest spread."""
    if len(readings) < 2:
        return []
    scenarios = [
        Scenario(gate=under(gate, reading), days=period.days, warmup_days=period.warmup_days) for reading in readings
    ]
    made = measured(scenarios, period, runner)
    shared = [key for key in made[0][0] if all(key in each[0] for each in made)]
    keys = [key for key in shared if key.direction and key.stage is None and key.metric not in UNSEEN]
    found: dict[tuple[str, str | None, str | None], Apart] = {}
    for key in keys:
        estimates = [mean_interval([each[key] for each in values]) for values in made]
        row = Apart(key, dict(zip(readings, estimates, strict=True)))
        if not all(math.isfinite(part) for each in estimates for part in each[:3]) or not row.is_clear:
            continue
        place = (key.metric, key.direction, key.vehicle_class)
        if row.spread >= LEAST and (place not in found or row.spread > found[place].spread):
            found[place] = row
    return sorted(found.values(), key=lambda row: -row.spread)[:SHOWN]
