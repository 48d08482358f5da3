"""Which worker does what next, whatever happens to the workers, the disk, the database or the server.

A run is done in parts: some replications each, one to a few seconds of work, kept as a file when it is whole. After
a crash what no file holds is done again. Everything happens in one event loop; only the database's thread and the
workers' processes stand beside it.
"""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import json
import logging
import shutil
import time
from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from api.service.data_folder import DataFolder
from api.service.queue import tasks
from api.service.queue.admission import Admission, Refused
from api.service.queue.background import Background
from api.service.queue.states import RETRY_S, RunStates
from api.service.queue.work import INTERNAL, Part, Work, is_full_disk, problem_of, progress_of_study, work_on
from api.service.queue.workers import Pool, WorkerDied
from gates.findings import ConfigError

log = logging.getLogger("bordergate")

ACTIVE_RUNS = 8
"""Runs that take turns on the workers, so that a short one need not wait for the end of a long one."""
PROGRESS_S = 0.3
"""How often the progress of a study is read [s]."""
ATTEMPTS = len(RETRY_S) + 1
"""Times that a part is given to a worker before the run fails because workers die of it."""


@dataclass(frozen=True)
class Pools:
    """The processes for each kind of work."""

    simulators: Pool
    checker: Pool
    studies: Pool
    """One process, which leads a study and has processes of its own."""
    cluster: str | None = None
    """Address of a Dask scheduler on whose workers studies run instead."""

    def all(self) -> tuple[Pool, ...]:
        """Return all pools."""
        return self.simulators, self.checker, self.studies


class Scheduler:
    """Gives parts of runs to workers until every run has its end."""

    def __init__(
        self, folder: DataFolder, states: RunStates, admission: Admission, pools: Pools, background: Background
    ) -> None:
        self._folder, self._states, self._admission = folder, states, admission
        self._pools, self._limits = pools, admission.limits
        self._background = background
        self._queue: deque[str] = deque()
        self._work: OrderedDict[str, Work] = OrderedDict()
        self._wake = asyncio.Event()
        self._busy = 0
        self._being_prepared = 0
        self._ending: dict[str, asyncio.Event] = {}
        self.replications_done = 0
        self.trouble = ""
        """Why runs cannot continue at the moment; empty if they can."""

    def start(self, waiting: Iterable[str]) -> None:
        """Start with the runs that an earlier server left."""
        self._queue.extend(waiting)
        self._wake.set()
        self._background.start(self._schedule())

    def enqueue(self, run: str) -> None:
        """Put a run at the end of the queue."""
        self._queue.append(run)
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
            finished=time.time(),
            version=row.version + 1,
            done=row.total if status == "succeeded" else row.done,
            problem=None if problem is None else json.dumps(problem),
        )
        await self._states.store_end(ended)
        await asyncio.to_thread(shutil.rmtree, self._folder.work(run), True)
        self._states.finish(ended)
        self._ending.pop(run).set()
        self._wake.set()

    async def _schedule(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._queue and len(self._work) + self._being_prepared < ACTIVE_RUNS:
                self._being_prepared += 1
                preparing = self._background.start(self._prepare_or_fail(self._queue.popleft()))
                preparing.add_done_callback(self._was_prepared)
            while self._busy < self._pools.simulators.processes and self._start_one():
                pass

    # preparing

    def _was_prepared(self, _: object) -> None:
        self._being_prepared -= 1
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
            resolved, cost = await self._admission.resolve(json.loads(row.request), row.kind)
        except Refused as error:  # no time for it just now: it was acknowledged, so it is tried until it goes
            log.warning("%s: %s; trying again", run, error)
            asyncio.get_running_loop().call_later(RETRY_S[-1], self.enqueue, run)
            return
        except ConfigError as error:
            detail = f"This version of the software can no longer run it: {error}"
            await self.end(run, "failed", problem={"kind": "not-runnable", "detail": detail})
            return
        is_new = resolved.digest != row.digest  # the software or the library changed since: start again, do not mix
        if is_new:
            await asyncio.to_thread(shutil.rmtree, self._folder.work(run), True)
        processes = self._pools.simulators.processes
        work = await asyncio.to_thread(work_on, row, resolved, cost, self._folder, processes, self._limits)
        if self._states.unfinished(run) is None or run in self._ending:
            return  # cancelled meanwhile
        self._work[run] = work
        changes: dict[str, Any] = {"digest": resolved.digest} if is_new else {}
        if row.kind == "run":
            changes["done"] = work.done
        if row.status == "queued":
            changes |= {"status": "running", "started": time.time()}
        self._states.change(run, **changes)

    # computing

    def _start_one(self) -> bool:
        """Give a free worker the next part of the run whose turn it is."""
        now = time.monotonic()
        for run, work in self._work.items():
            if work.is_over or work.waits_until > now or not (work.todo or work.is_complete):
                continue
            if work.kind == "study" and any(w.tasks for w in self._work.values() if w.kind == "study"):
                continue  # one after the other: each has all the cores
            self._work.move_to_end(run)
            part = work.todo.popleft() if work.todo else None
            self._busy += 1
            task = self._background.start(self._do(work, part))
            work.tasks.add(task)
            task.add_done_callback(functools.partial(self._was_done, work))
            return True
        return False

    def _was_done(self, work: Work, task: asyncio.Task[None]) -> None:
        """Count a worker as free again: also after a task that was cancelled before its first step."""
        work.tasks.discard(task)
        self._busy -= 1
        self._wake.set()

    async def _do(self, work: Work, part: Part | None) -> None:
        """Have one part done, or the result put together."""
        began = time.monotonic()
        try:
            await self._compute(work, part)
            work.stalled = 0
            self.trouble = ""
        except asyncio.CancelledError:
            raise
        except Exception as error:
            await self._failed(work, part, error)
        else:
            await self._count(work, part)
        finally:
            work.spent += time.monotonic() - began

    async def _count(self, work: Work, part: Part | None) -> None:
        """Count a part that is done; a run whose parts are put together has succeeded."""
        if part is None:
            await self.end(work.id, "succeeded")
        elif work.kind == "study":
            work.done = 1
        elif not work.is_over:
            work.done += part[1] - part[0]
            self.replications_done += part[1] - part[0]
            self._states.change(work.id, done=work.done)

    async def _compute(self, work: Work, part: Part | None) -> None:
        folder, target = self._folder.work(work.id), self._folder.result(work.id)
        is_written = (target / "manifest.json").is_file()  # by a server that crashed before it could say so
        if work.kind == "study":
            if part is not None and not is_written:
                await self._compute_study(work)
        elif part is not None:
            await self._pools.simulators.run(work.time_left, tasks.simulate, work.text, str(folder), *part)
        elif not is_written:
            await self._pools.simulators.run(work.time_left, tasks.finish, work.text, str(folder), str(target))

    async def _compute_study(self, work: Work) -> None:
        """Have a study done, and publish its progress meanwhile."""
        progress = self._folder.work(work.id) / "progress"
        places = tasks.StudyPlaces(
            store=str(self._folder.replications),
            kept_mb=self._limits.kept_mb,
            target=str(self._folder.result(work.id)),
            progress=str(progress),
        )
        processes, cluster = self._pools.simulators.processes, self._pools.cluster
        study = self._pools.studies.run(work.time_left, tasks.study, work.text, places, processes, cluster)
        running = asyncio.ensure_future(study)
        try:
            while not (await asyncio.wait({running}, timeout=PROGRESS_S))[0]:
                done, total = progress_of_study(progress)
                row = self._states.unfinished(work.id)
                if row is not None and total and (done, total) != (row.done, row.total):
                    self._states.change(work.id, done=done, total=total)
        finally:
            running.cancel()
        await running

    # failing

    async def _failed(self, work: Work, part: Part | None, error: Exception) -> None:
        if work.is_over:
            return
        if is_full_disk(error):
            work.stalled += 1
            self.trouble = "The disk is full; runs continue when there is space."
            log.warning("%s: %s; it continues when there is space", work.id, error)
            self._retry(work, part, RETRY_S[min(work.stalled, len(RETRY_S)) - 1])
        elif isinstance(error, WorkerDied):
            await self._worker_died(work, part, error)
        else:
            problem = problem_of(error, work, self._limits)
            if problem is INTERNAL:
                log.error("%s failed", work.id, exc_info=error)
            await self.end(work.id, "failed", problem=problem)

    async def _worker_died(self, work: Work, part: Part | None, error: WorkerDied) -> None:
        work.deaths[part] = work.deaths.get(part, 0) + 1
        if work.deaths[part] < ATTEMPTS:
            log.warning("%s: %s; its part is done again", work.id, error)
            self._retry(work, part, RETRY_S[work.deaths[part] - 1])
            return
        detail = f"Its workers died {ATTEMPTS} times: {error}."
        await self.end(work.id, "failed", problem={"kind": "worker-died", "detail": detail})

    def _retry(self, work: Work, part: Part | None, wait: float) -> None:
        """Have a part done again, after a while: the machine may have recovered by then."""
        if part is not None:
            work.todo.appendleft(part)
        work.waits_until = time.monotonic() + wait
        asyncio.get_running_loop().call_later(wait + 0.01, self._wake.set)
