"""A run that is being done: its pieces, what is left of them, and what its failures mean."""

from __future__ import annotations

import asyncio
import errno
import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from api.service.data_folder import DataFolder
from api.service.queue import tasks
from api.service.queue.fair import Share
from api.service.queue.loans import Asked, Given
from api.service.queue.tasks import CheckedRequest
from api.service.queue.workers import WorkerTooSlow
from api.service.settings import Limits
from api.service.store import Row
from experiments.runs.prediction import Prediction
from experiments.runs.store import ranges

PIECE_S = 2.0
"""Work of a piece [s]: little is lost with a worker, others wait little for it, and little time goes into files."""
FINISHING_S = 0.5
"""What putting a result together is expected to take [s]."""
RATE_S = 30.0
"""The time left is judged by what was done within this time [s]."""
INTERNAL = {"kind": "internal", "detail": "The software failed; the server's log says why."}


@dataclass(frozen=True)
class Part:
    """Replications of a run, from the first to before the second number."""

    first: int
    end: int


@dataclass(frozen=True)
class Finish:
    """Putting the parts of a run together."""


@dataclass(frozen=True)
class Lead:
    """Leading a study, in a process of its own that borrows those which simulate."""


@dataclass(frozen=True)
class Loan:
    """A piece of a study, as its leader asks for it."""

    asked: Asked
    answer: Callable[[Given], None]


Piece = Part | Finish | Lead | Loan


@dataclass(eq=False)
class Work:
    """A run that is being done."""

    id: str
    kind: str
    text: str
    total: int
    """Replications; of a study, as far as known."""
    timeout: float
    """Time that workers may take [s]."""
    replication_s: float
    """What a replication is expected to take [s]."""
    share: Share
    priority: int = 0
    weight: float = 1.0
    todo: deque[Piece] = field(default_factory=deque)
    done: int = 0
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    pieces: int = 0
    """Pieces that workers who simulate have in hand."""
    is_led: bool = False
    """Whether a study has its leader."""
    deaths: dict[Piece, int] = field(default_factory=dict)
    """Workers that died of a piece."""
    spent: float = 0.0
    """Time that workers took [s]."""
    stalled: int = 0
    """Times in a row that the results could not be stored."""
    waits_until: float = 0.0
    waiting_since: float = field(default_factory=time.monotonic)
    """Since when nobody works for it, though somebody could [s]."""
    is_over: bool = False
    _pace: deque[tuple[float, int]] = field(default_factory=deque)

    def piece(self) -> Piece | None:
        """Return what a worker that simulates could do next, without taking it."""
        if self.is_over or self.waits_until > time.monotonic():
            return None
        if self.todo:
            return self.todo[0]
        is_complete = self.kind == "run" and not self.tasks and self.done == self.total
        return Finish() if is_complete else None

    def wants_leader(self) -> bool:
        """Tell whether it is a study that nobody leads just now."""
        return self.kind == "study" and not (self.is_led or self.is_over or self.waits_until > time.monotonic())

    def expected_s(self, piece: Piece) -> float:
        """Return what a piece is expected to take [s]."""
        if isinstance(piece, Part):
            return (piece.end - piece.first) * self.replication_s
        return self.chunk * self.replication_s if isinstance(piece, Loan) else FINISHING_S

    @property
    def chunk(self) -> int:
        """Replications of a piece."""
        return max(1, int(PIECE_S / self.replication_s))

    def spend(self, seconds: float) -> None:
        """Note that a worker took so much time [s]."""
        self.spent += seconds

    @property
    def time_left(self) -> float:
        """Time that workers may still take [s]."""
        return max(1.0, self.timeout - self.spent)

    def seconds_left(self, done: int, total: int, now: float) -> float | None:
        """Note how much is done, and return the time to the end at the pace of late [s]; none if it is not known."""
        self._pace.append((now, done))
        while len(self._pace) > 1 and now - self._pace[1][0] > RATE_S:
            self._pace.popleft()
        began, before = self._pace[0]
        return (now - began) / (done - before) * (total - done) if done > before else None


def work_on(
    row: Row, resolved: CheckedRequest, cost: Prediction, folder: DataFolder, processes: int, limits: Limits
) -> Work:
    """Return what is left to do of a run; what its files hold is not done again."""
    work = Work(
        id=row.id,
        kind=row.kind,
        text=resolved.text,
        total=resolved.total,
        timeout=limits.run_seconds * (limits.study_factor if row.kind == "study" else 1.0),
        replication_s=cost.replication_seconds,
        share=Share.of(row.project, row.owner),
        priority=row.priority,
        weight=row.weight,
    )
    if row.kind == "run":  # a study finds its own finished replications in the store
        finished = tasks.replications_in(resolved.text, str(folder.work(row.id)))
        fair = math.ceil(resolved.total / processes)
        missing = [number for number in range(resolved.total) if number not in finished]
        work.todo = deque(Part(*each) for each in ranges(missing, min(fair, work.chunk)))
        work.done = resolved.total - len(missing)
    return work


STORAGE = (
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EIO,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.ENODEV,
    errno.ENXIO,
    errno.ESTALE,
    errno.ENOTCONN,
    errno.EHOSTDOWN,
    errno.ETIMEDOUT,
)


def storage_trouble(error: Exception, folder: DataFolder) -> str:
    """Return why results cannot be stored at the moment, if that is why something failed; else nothing."""
    if not isinstance(error, OSError):
        return ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "The disk is full; runs continue when there is space."
    if error.errno in STORAGE:
        return f"The data folder cannot be written ({error.strerror}); runs continue when it can."
    if error.errno == errno.ENOENT and not folder.root.is_dir():
        return "The data folder is gone; runs continue when it is back."
    return ""


def is_out_of_memory(error: Exception) -> bool:
    """Tell whether something failed for lack of memory; compressors of Arrow say it with an error of no number."""
    return isinstance(error, MemoryError) or (
        isinstance(error, OSError) and error.errno is None and "not enough memory" in str(error)
    )


def problem_of(error: Exception, work: Work, limits: Limits) -> dict[str, str]:
    """Return why a run failed, as its owner reads it."""
    if isinstance(error, WorkerTooSlow):
        return {"kind": "time-limit", "detail": f"It took more than {work.timeout:,.0f} s."}
    if is_out_of_memory(error):
        return {"kind": "memory-limit", "detail": f"A worker needed more than {limits.worker_mb:,} MB of memory."}
    return INTERNAL


class Progress(NamedTuple):
    """How far a run or a study is."""

    done: int
    """Replications."""
    total: int
    """Replications, as far as known."""
    phase: str
    stage: int = 1
    """Of a study: what one stage finds decides how much the next one has to do."""
    stages: int = 1
    """How many there are at most."""


def progress_of_study(path: Path) -> Progress:
    """Return how far a study is; zeros if it has not begun."""
    try:
        done, total, phase, stage, stages = path.read_text(encoding="ascii").split()
        return Progress(int(done), int(total), phase, int(stage), int(stages))
    except (OSError, ValueError):
        return Progress(0, 0, "")
