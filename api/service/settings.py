"""Limits of a server, and where its data is: set on the command line, never by a request."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

GIB_MB = 1024


@dataclass(frozen=True)
class Limits:
    """Limits of one server."""

    body_bytes: int = 256 * 1024
    """Body of a request [B]."""
    json_depth: int = 40
    """Levels of a JSON body."""
    json_names_at_once: int = 500
    """Names in one object of it; a gate may have 256 stages."""
    json_names: int = 5_000
    """Names in all its objects; Friendship Pass has a thousand."""
    json_entries: int = 5_000
    """Entries of all its lists."""
    events: float = 2e9
    """Predicted stage visits of all replications of a run."""
    queued: int = 1000
    """Runs and studies not finished."""
    queued_a_key: int = 500
    """The same for one key."""
    run_seconds: float = 3600.0
    """Processor time of a run [s], predicted and real."""
    study_factor: float = 20.0
    """The limits of events and seconds for a study, as a multiple of those for a run."""
    worker_mb: int = 4 * GIB_MB
    """Memory of a worker [MB]."""
    free_mb: float = 200.0
    """Space that stays free on the disk; below it no run is accepted [MB]."""
    kept_mb: float = 2000.0
    """Finished replications that studies leave for the next ones; beyond it the oldest go [MB]."""
    connections: int = 2000
    """Connections open at once; beyond it requests are answered with 503."""
    streams: int = 1000
    """Event streams open at once."""
    page: int = 100
    """Entries of a page of a list."""
    points: int = 2000
    """Points of a series."""
    replay_rows: int = 200_000
    """Stage visits of one replay."""


@dataclass(frozen=True)
class ServiceSettings:
    """Where the data is, and what computes."""

    data: Path
    database: str | None = None
    """URL of a PostgreSQL database; none means SQLite in the data folder."""
    workers: int = 1
    """Processes that simulate."""
    cluster: str | None = None
    """Address of a Dask scheduler on whose workers studies run."""
    webhooks: tuple[str, ...] = ()
    """Addresses that may be called when a run has ended, with all below them."""
    access_log: bool = False
    """Whether every answer is written down, beside what changes something."""
    limits: Limits = field(default_factory=Limits)
