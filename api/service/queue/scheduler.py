"""Which worker does what next, whatever happens to the workers, the disk, the database or the server.

A run is done in parts: some replications each, one to a few seconds of work, kept as a file when it is whole. After
a crash what no file holds is done again. A study has a leader, a process that asks for its replications piece by piece.
Each free worker gets a piece of the share whose turn it is (`fair`). Everything happens in one event loop; only the
database's thread and the workers' processes stand beside it.
"""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import json
import logging
import shutil
import time
from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

from api.service.data_folder import DataFolder
from api.service.keeping import write_entry
from api.service.queue import tasks
from api.service.queue.admission import Admission, Refused
from api.service.queue.background import Background
from api.service.queue.fair import Share, Turns
from api.service.queue.leading import Pools, lead, lend
from api.service.queue.states import RETRY_S, RunStates
from api.service.queue.work import (
    INTERNAL,
    Finish,
    Lead,
    Loan,
    Part,
    Piece,
    Progress,
    Work,
    problem_of,
    storage_trouble,
    work_on,
)
from api.service.queue.workers import WorkerDied
from api.service.store import Row
from gates.findings import ConfigError

log = logging.getLogger("bordergate")

ACTIVE_OF_A_SHARE = 8
"""Runs of a key that take turns on the workers, so that a short one need not wait for the end of a long one."""
LATE_S = 2.0
"""Nobody waits longer than this for the end of others' pieces: then one more worker begins [s]."""
ATTEMPTS = len(RETRY_S) + 1
"""Times that a piece is given to a worker before the run fails because workers die of it."""


class Workers(NamedTuple):
    """How many simulate at most, and just now."""

    total: int
    busy: int


class Scheduler:
    """Gives pieces of runs to workers until every run has its end."""

    def __init__(
        self, folder: DataFolder, states: RunStates, admission: Admission, pools: Pools, background: Background
    ) -> None:
        self._folder, self._states, self._admission = folder, states, admission
        self._pools, self._limits = pools, admission.limits
        self._background = background
        self._queue: list[Row] = []
        self._work: dict[str, Work] = {}
        self._turns = Turns()
        self._wake = asyncio.Event()
        self._busy = 0
        self._leading = 0
        self._being_prepared: Counter[Share] = Counter()
        self._ending: dict[str, asyncio.Event] = {}
        self.replications_done = 0
        self.trouble = ""
        """Why runs cannot continue at the moment; empty if they can."""

    @property
    def workers(self) -> Workers:
        """How many simulate at most, and just now."""
        return Workers(self._pools.slots, self._busy)

    def start(self, waiting: Iterable[Row]) -> None:
        """Start with the runs that an earlier server left."""
        self._queue.extend(waiting)
        self._wake.set()
        self._background.start(self._schedule())

    def enqueue(self, row: Row) -> None:
        """Put a run at the end of its share's queue."""
        self._queue.append(row)
        self._wake.set()

    async def end(self, run: str, status: str, problem: dict[str, str] | None = None) -> None:
        """Bring a run to its end: its workers stop, the end is stored, then all who wait are notified."""
        row = self._states.unfinished(run)
        if row is None:
            return
        if run in self._ending:
            await self._ending[run].wait()
            return
        self._ending[run] = asyncio.Event()
        work = self._work.pop(run, None)
        if work is not None:
            work.is_over = True
            for task in work.tasks - {asyncio.current_task()}:
                task.cancel()
        ended = dataclasses.replace(
            row,
            status=status,
            finished=max(time.time(), row.started or row.created),  # the clock may have been put back
            version=row.version + 1,
            done=row.total if status == "succeeded" else row.done,
            problem=None if problem is None else json.dumps(problem),
            phase="",
            ends_at=None,
        )
        await self._states.store_end(ended)
        if status == "succeeded":
            await self._keep_entry(ended)
        await asyncio.to_thread(shutil.rmtree, self._folder.work(run), True)
        self._states.finish(ended)
        self._ending.pop(run).set()
        self._wake.set()

    async def _keep_entry(self, row: Row) -> None:
        """Keep what the database says beside the result; a result without it is merely found again less well."""
        try:
            await asyncio.to_thread(write_entry, self._folder, row)
        except OSError as error:
            log.warning("%s: its entry cannot be kept: %s", row.id, error)

    async def _schedule(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while (row := self._next_to_prepare()) is not None:
                self._queue.remove(row)
                share = Share.of(row.project, row.owner)
                self._being_prepared[share] += 1
                preparing = self._background.start(self._prepare_or_fail(row.id))
                preparing.add_done_callback(functools.partial(self._was_prepared, share))
            while self._leading < self._pools.studies.processes and self._start_leader():
                pass
            while self._start_one():
                pass

    # preparing

    def _next_to_prepare(self) -> Row | None:
        """Return the first waiting run of a share that may have one more, the more urgent before the others."""
        active = Counter(work.share for work in self._work.values()) + self._being_prepared
        ready = (row for row in self._queue if active[Share.of(row.project, row.owner)] < ACTIVE_OF_A_SHARE)
        return min(ready, key=lambda row: -row.priority, default=None)

    def _was_prepared(self, share: Share, _: object) -> None:
        self._being_prepared[share] -= 1
        self._wake.set()

    async def _prepare_or_fail(self, run: str) -> None:
        """Prepare a run that waited; one that cannot be prepared must not block the other runs."""
        try:
            await self._prepare(run)
        except Exception as error:
            log.error("%s failed", run, exc_info=error)
            await self.end(run, "failed", problem=INTERNAL)

    async def _prepare(self, run: str) -> None:
        row = self._states.unfinished(run)
        if row is None:
            return
        try:
            resolved, cost = await self._admission.resolve(json.loads(row.request), row.kind, row.owner)
        except Refused as error:  # no time for it just now: it was acknowledged, so it is tried until it goes
            log.warning("%s: %s; trying again", run, error)
            asyncio.get_running_loop().call_later(RETRY_S[-1], self.enqueue, row)
            return
        except ConfigError as error:
            detail = f"This version of the software can no longer run it: {error}"
            await self.end(run, "failed", problem={"kind": "not-runnable", "detail": detail})
            return
        is_new = resolved.digest != row.digest  # the software or the library changed since: start again, do not mix
        if is_new:
            await asyncio.to_thread(shutil.rmtree, self._folder.work(run), True)
        work = await asyncio.to_thread(work_on, row, resolved, cost, self._folder, self._pools.slots, self._limits)
        row = self._states.unfinished(run)
        if row is None or run in self._ending:
            return  # cancelled meanwhile
        self._work[run] = work
        changes: dict[str, Any] = {"digest": resolved.digest} if is_new else {}
        if row.kind == "run":
            changes["done"] = work.done
        if row.status == "queued":
            changes |= {"status": "running", "started": max(time.time(), row.created)}
        self._states.change(run, phase="waiting", **changes)

    # choosing

    def _start_one(self) -> bool:
        """Give a free worker the next piece of the share whose turn it is."""
        candidates = [work for work in self._work.values() if work.piece() is not None]
        if self._busy >= self._pools.slots:
            candidates = self._late(candidates)
        share = self._turns.first(work.share for work in candidates)
        if share is None:
            return False
        work = max((work for work in candidates if work.share == share), key=lambda each: each.priority)
        piece = work.piece()
        assert piece is not None
        if work.todo:
            work.todo.popleft()
        self._work[work.id] = self._work.pop(work.id)  # of a share's runs, those that waited longest go first
        self._turns.begin(work.share, work.expected_s(piece), work.weight)
        self._busy += 1
        work.pieces += 1
        self._begin(work, piece)
        return True

    def _late(self, candidates: list[Work]) -> list[Work]:
        """Return those that have waited too long, of shares for which nobody works, if one more worker may begin."""
        if self._busy > self._pools.slots or not candidates:
            return []
        served = {work.share for work in self._work.values() if work.pieces}
        waiting = [work for work in candidates if work.share not in served]
        now = time.monotonic()
        late = [work for work in waiting if now - work.waiting_since >= LATE_S]
        if waiting and not late:
            soonest = min(work.waiting_since for work in waiting) + LATE_S - now
            asyncio.get_running_loop().call_later(soonest + 0.01, self._wake.set)
        return late

    def _start_leader(self) -> bool:
        """Let a worker lead the next study: of each share one after the other."""
        led = {work.share for work in self._work.values() if work.is_led}
        candidates = [work for work in self._work.values() if work.wants_leader() and work.share not in led]
        share = self._turns.first(work.share for work in candidates)
        if share is None:
            return False
        work = next(work for work in candidates if work.share == share)
        work.is_led = True
        self._leading += 1
        self._begin(work, Lead())
        return True

    def _begin(self, work: Work, piece: Piece) -> None:
        task = self._background.start(self._do(work, piece))
        work.tasks.add(task)
        task.add_done_callback(functools.partial(self._was_done, work, piece, time.monotonic()))

    def _was_done(self, work: Work, piece: Piece, began: float, task: asyncio.Task[None]) -> None:
        """Count a worker as free again: also after a task that was cancelled before its first step."""
        work.tasks.discard(task)
        now = time.monotonic()
        if isinstance(piece, Lead):
            work.is_led = False
            work.todo.clear()  # what a leader asked for that is gone
            self._leading -= 1
        else:
            self._busy -= 1
            work.pieces -= 1
            self._turns.end(work.share, now - began, work.expected_s(piece), work.weight)
        work.waiting_since = now
        self._wake.set()

    # computing

    async def _do(self, work: Work, piece: Piece) -> None:
        """Have a piece done."""
        try:
            await self._compute(work, piece)
            work.stalled = 0
            self.trouble = ""
        except asyncio.CancelledError:
            raise
        except Exception as error:
            await self._failed(work, piece, error)
        else:
            await self._count(work, piece)

    async def _count(self, work: Work, piece: Piece) -> None:
        """Count a piece that is done; a run that is put together has succeeded, and a study that was led."""
        if isinstance(piece, Finish | Lead):
            await self.end(work.id, "succeeded")
        elif isinstance(piece, Part) and not work.is_over:
            work.done += piece.end - piece.first
            self.replications_done += piece.end - piece.first
            self._tell(work, Progress(work.done, work.total, "simulating"))

    def _tell(self, work: Work, now: Progress) -> None:
        """Publish how far a run is; while a study has more stages, nobody knows the time to its end."""
        left = work.seconds_left(now.done, now.total, time.monotonic())
        is_last = now.phase == "simulating" and now.stage == now.stages
        ends_at = time.time() + left if is_last and left is not None else None
        self._states.change(work.id, **now._asdict(), ends_at=ends_at)

    async def _compute(self, work: Work, piece: Piece) -> None:
        folder, target = self._folder.work(work.id), self._folder.result(work.id)
        simulators, is_written = self._pools.simulators, (target / "manifest.json").is_file()
        if isinstance(piece, Part):
            part = piece.first, piece.end
            await simulators.run(work.time_left, tasks.simulate, work.text, str(folder), *part, spend=work.spend)
        elif isinstance(piece, Loan):
            await lend(self._pools.simulators, work, piece)
        elif is_written:  # by a server that crashed before it could say so
            pass
        elif isinstance(piece, Lead):
            await lead(self._pools, work, self._places(work), self._lent, self._tell)
        else:
            self._tell(work, Progress(work.done, work.total, "combining"))
            places = str(folder), str(target)
            await simulators.run(work.time_left, tasks.finish, work.text, *places, spend=work.spend)

    def _places(self, work: Work) -> tasks.StudyPlaces:
        return tasks.StudyPlaces(
            store=str(self._folder.replications),
            kept_mb=self._limits.kept_mb,
            target=str(self._folder.result(work.id)),
            progress=str(self._folder.work(work.id) / "progress"),
        )

    def _lent(self, work: Work, loan: Loan) -> None:
        """Note what the leader of a study asks for."""
        if work.is_led and not work.is_over:
            if not work.todo:
                work.waiting_since = time.monotonic()
            work.todo.append(loan)
            self._wake.set()

    # failing

    async def _failed(self, work: Work, piece: Piece, error: Exception) -> None:
        if work.is_over:
            return
        if trouble := storage_trouble(error, self._folder):
            work.stalled += 1
            self.trouble = trouble
            log.warning("%s: %s; it is tried again", work.id, error)
            self._retry(work, piece, RETRY_S[min(work.stalled, len(RETRY_S)) - 1])
        elif isinstance(error, WorkerDied):
            await self._worker_died(work, piece, error)
        else:
            problem = problem_of(error, work, self._limits)
            if problem is INTERNAL:
                log.error("%s failed", work.id, exc_info=error)
            await self.end(work.id, "failed", problem=problem)

    async def _worker_died(self, work: Work, piece: Piece, error: WorkerDied) -> None:
        work.deaths[piece] = work.deaths.get(piece, 0) + 1
        if work.deaths[piece] < ATTEMPTS:
            log.warning("%s: %s; its part is done again", work.id, error)
            self._retry(work, piece, RETRY_S[work.deaths[piece] - 1])
            return
        detail = f"Its workers died {ATTEMPTS} times: {error}."
        await self.end(work.id, "failed", problem={"kind": "worker-died", "detail": detail})

    def _retry(self, work: Work, piece: Piece, wait: float) -> None:
        """Have a piece done again, after a while: the machine may have recovered by then."""
        if isinstance(piece, Part | Loan):
            work.todo.appendleft(piece)
        work.waits_until = time.monotonic() + wait
        asyncio.get_running_loop().call_later(wait + 0.01, self._wake.set)
