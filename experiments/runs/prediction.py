"""What a run will cost, before it runs: events, seconds, megabytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from experiments.runs.settings import RunSettings, streams

if TYPE_CHECKING:
    from sim.plan.plan import Plan

VISITS_A_SECOND = {"compiled": 3.0e6, "reference": 5.0e4}
"""Stage visits that one core draws, simulates and measures in a second, on a small machine; `benchmarks/` has more."""
REPLICATION_S = 0.004
"""What a replication costs apart from its visits [s]."""
VISIT_LOGGED_B = 18.0
"""A stage visit of a kept log on disk [B]."""
SERIES_CELL_B = 3.0
"""One hour of one stage of one replication on disk [B]."""
SERIES_HELD_B = 48.0
"""The same while the result folder is made [B]."""
VISIT_HELD_B = 220.0
"""A stage visit in memory while it is simulated and measured [B]."""
PROCESS_MB = 350.0
"""A worker before it does anything: code, libraries, compiled kernels [MB]."""


class Prediction(NamedTuple):
    """What a run is expected to cost."""

    events: float
    """Stage visits of all replications."""
    seconds: float
    """Processor time of all replications [s]; divide by the cores for the time to wait."""
    replication_seconds: float
    """The same for one replication [s]."""
    disk_mb: float
    """Size of the result folder [MB]."""
    memory_mb: float
    """Memory of a worker [MB]."""


class Size(NamedTuple):
    """How large a replication is: all that a prediction needs of a plan."""

    visits: float
    """Expected stage visits, warm-up included."""
    days: float
    """Measured period [d]."""
    stages: int


def size_of(plan: Plan) -> Size:
    """Return how large a replication of a plan is."""
    from experiments.runs.run import expected_visits

    return Size(expected_visits(plan), plan.measured_days, len(plan.stages))


def predict(size: Size, settings: RunSettings) -> Prediction:
    """Return what a run is expected to cost; good to about a factor of two."""
    each = size.visits / VISITS_A_SECOND[settings.engine] + REPLICATION_S
    cells = size.days * 24 * size.stages
    kept = min(settings.keep_events, settings.replications)
    at_once = size.visits * min(1.0, 28 / max(size.days, 1)) if streams(settings) else size.visits
    return Prediction(
        events=size.visits * settings.replications,
        seconds=each * settings.replications,
        replication_seconds=each,
        disk_mb=(kept * size.visits * VISIT_LOGGED_B + settings.replications * cells * SERIES_CELL_B) / 1e6 + 0.1,
        memory_mb=PROCESS_MB + (at_once * VISIT_HELD_B + settings.replications * cells * SERIES_HELD_B) / 1e6,
    )
