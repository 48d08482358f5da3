"""A run that is being done: its parts, what is left of them, and what its failures mean."""

from __future__ import annotations

import asyncio
import errno
import math
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from api.service.data_folder import DataFolder
from api.service.queue import tasks
from api.service.queue.tasks import CheckedRequest
from api.service.queue.workers import WorkerTooSlow
from api.service.settings import Limits
from api.service.store import Row
from experiments.runs.prediction import Prediction
from experiments.runs.store import ranges

PART_S = 2.0
"""Work of a part [s]: little is lost with a worker, and little time goes into files."""
INTERNAL = {"kind": "internal", "detail": "The software failed; the server's log says why."}

Part = tuple[int, int]
"""Replications from the first to before the second."""


@dataclass(eq=False)
class Work:
    """A run that is being done."""

    id: str
    kind: str
    text: str
    replications: int
    timeout: float
    todo: deque[Part]
    done: int
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    deaths: dict[Part | None, int] = field(default_factory=dict)
    """Workers that died of a part, or of putting the parts together."""
    spent: float = 0.0
    """Time that workers took [s]."""
    stalled: int = 0
    """Times in a row that the disk was full."""
    waits_until: float = 0.0
    is_over: bool = False

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left but to put the parts together."""
        return not self.todo and not self.tasks and self.done == self.replications

    @property
    def time_left(self) -> float:
        """Time that workers may still take [s]."""
        return max(1.0, self.timeout - self.spent)


def work_on(
    row: Row, resolved: CheckedRequest, cost: Prediction, folder: DataFolder, processes: int, limits: Limits
) -> Work:
    """Return what is left to do of a run; what its files hold is not done again."""
    if row.kind == "study":  # one piece of work, which finds its own finished replications in the store
        seconds = limits.run_seconds * limits.study_factor
        return Work(row.id, "study", resolved.text, 1, seconds, deque([(0, 1)]), 0)
    finished = tasks.replications_in(resolved.text, str(folder.work(row.id)))
    fair = math.ceil(resolved.total / processes)
    size = max(1, min(fair, int(PART_S / cost.replication_seconds)))
    missing = [number for number in range(resolved.total) if number not in finished]
    todo = deque(ranges(missing, size))
    done = resolved.total - len(missing)
    return Work(row.id, "run", resolved.text, resolved.total, limits.run_seconds, todo, done)


def is_full_disk(error: Exception) -> bool:
    """Tell whether something failed because the disk is full."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO)


def problem_of(error: Exception, work: Work, limits: Limits) -> dict[str, str]:
    """Return why a run failed, as its owner reads it."""
    if isinstance(error, WorkerTooSlow):
        return {"kind": "time-limit", "detail": f"It took more than {work.timeout:,.0f} s."}
    if isinstance(error, MemoryError):
        return {"kind": "memory-limit", "detail": f"A worker needed more than {limits.worker_mb:,} MB of memory."}
    return INTERNAL


def progress_of_study(path: Path) -> tuple[int, int]:
    """Return (done, total) of a study; zeros if it has not begun."""
    try:
        done, total = path.read_text(encoding="ascii").split()
        return int(done), int(total)
    except (OSError, ValueError):
        return 0, 0
