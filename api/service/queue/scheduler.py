"""How runs are done: part by part, whatever happens to the workers, the disk, the database or the server.

A run is done in parts: some replications each, one to a few seconds of work, kept as a file when it is whole. After
a crash what no file holds is done again. Everything happens in one event loop; only the database's thread and the
workers' processes stand beside it.
"""

from __future__ import annotations

import asyncio
import dataclasses
import errno
import functools
import json
import logging
import math
import shutil
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from api.service import store
from api.service.data_folder import DataFolder
from api.service.queue import tasks
from api.service.queue.admission import Examiner, Refused
from api.service.queue.tasks import Examined
from api.service.queue.workers import Pool, WorkerDied, WorkerTooSlow
from api.service.settings import Limits
from api.service.store import DELETED, UNFINISHED, Row, Store, StoreUnavailable
from experiments.runs.prediction import Prediction
from experiments.runs.store import ranges
from gates.findings import ConfigError

log = logging.getLogger("bordergate")

PART_S = 2.0
"""Work of a part [s]: little is lost with a worker, and little time goes into files."""
ACTIVE_RUNS = 8
"""Runs that take turns on the workers, so that a short one need not wait for the end of a long one."""
PROGRESS_S = 0.3
"""How often a study is asked how far it is [s]."""
SAVING_S = 0.2
"""For so long changes are gathered, to be stored together [s]."""
SAVED = ("status", "digest", "done", "total", "started", "version")
REMEMBERED_S = 24 * 3600.0
"""How long an idempotency key holds [s]."""
CACHED_ROWS = 10_000
WOKEN_AT_ONCE = 10
"""Event streams that are served before other requests have their turn; each takes some 0.1 ms."""
UNTOLD_VERSIONS = 1000
"""More than a dead server can have told of a run without having stored it: no version stands for two states."""
INTERNAL = {"kind": "internal", "detail": "The software failed; the server's log says why."}
RETRY_S = (0.5, 1.0, 2.0, 4.0)
"""Waits before trying again after a worker died, or while the disk is full [s]."""
ATTEMPTS = len(RETRY_S) + 1
"""Times that a part is given to a worker before the run fails because workers die of it."""


@dataclass(frozen=True)
class Pools:
    """Who does what."""

    simulators: Pool
    checker: Pool
    studies: Pool
    """One process, which leads a study and has processes of its own."""
    cluster: str | None = None
    """Address of a Dask scheduler on whose workers studies run instead."""


@dataclass(eq=False)
class Work:
    """A run that is being done."""

    id: str
    kind: str
    text: str
    replications: int
    part: int
    """Replications of a part."""
    timeout: float
    todo: deque[tuple[int, int]]
    done: int
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    attempts: dict[tuple[int, int], int] = field(default_factory=dict)
    spent: float = 0.0
    """Time that workers took [s]."""
    stalled: int = 0
    """Times in a row that the disk was full."""
    waits_until: float = 0.0
    over: bool = False

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left but to put the parts together."""
        return not self.todo and not self.tasks and self.done == self.replications


class Foreman:
    """Carries runs and studies through to their end, and keeps what is known of them."""

    def __init__(self, folder: DataFolder, stored: Store, pools: Pools, limits: Limits) -> None:
        self.folder, self.limits = folder, limits
        self._store, self._pools, self._simulators = stored, pools, pools.simulators
        self._rows: OrderedDict[str, Row] = OrderedDict()
        self._active_rows: dict[str, Row] = {}
        self._same: dict[str, str] = {}
        self.examiner = Examiner(folder, pools.checker, limits)
        self._queue: deque[str] = deque()
        self._work: OrderedDict[str, Work] = OrderedDict()
        self._waiting: dict[str, list[asyncio.Future[None]]] = {}
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._busy = 0
        self._taken_up = 0
        self._unsaved: set[str] = set()
        self._some_unsaved = asyncio.Event()
        self._ending: dict[str, asyncio.Event] = {}
        self.replications_done = 0
        self.trouble = ""
        """Why runs cannot go on at the moment; empty if they can."""

    async def start(self) -> None:
        """Take up what an earlier server left."""
        for row in await self._store.asynchronously(store.with_status(DELETED)):
            await self._forget(row.id)
        await self._store.asynchronously(store.count_versions_on(UNTOLD_VERSIONS))
        for row in await self._store.asynchronously(store.with_status(*UNFINISHED)):
            self._active_rows[row.id] = row
            self._same[row.digest] = row.id
            self._queue.append(row.id)
        await self._store.asynchronously(store.forget_old(REMEMBERED_S))
        known = self._active_rows.keys()
        half_written = (self.folder.root / "runs").glob(".*")
        for left in (*half_written, *(self.folder.root / "work").iterdir()):
            if left.name not in known:
                shutil.rmtree(left, ignore_errors=True)
        self._wake.set()
        self._spawn(self._schedule())
        self._spawn(self._save_changes())

    async def stop(self) -> None:
        """Stop at once: what is not done is done by the next server."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _spawn(self, work: Any) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _asked(self, job: Callable[[Any], Any]) -> Any:
        try:
            return await self._store.asynchronously(job)
        except StoreUnavailable as error:
            log.warning("database: %s", error)
            if error.full:
                raise Refused("disk-full", "The disk is full. Free some space; nothing was changed.") from None
            raise Refused("unavailable", "The database cannot be reached. Ask again later.") from None

    def at_hand(self, run: str) -> Row | None:
        """Return a run without asking the database, if it was seen lately."""
        return self._active_rows.get(run) or self._rows.get(run)

    def _remember(self, row: Row) -> None:
        self._rows[row.id] = row
        while len(self._rows) > CACHED_ROWS:
            self._rows.popitem(last=False)

    async def _forget(self, run: str) -> None:
        await asyncio.to_thread(self.folder.remove, run)
        await self._asked(store.remove(run))

    async def _schedule(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._queue and len(self._work) + self._taken_up < ACTIVE_RUNS:
                self._taken_up += 1
                self._spawn(self._take_up(self._queue.popleft())).add_done_callback(self._was_taken_up)
            while self._busy < self._simulators.processes and self._start_one():
                pass

    def _was_taken_up(self, _: object) -> None:
        self._taken_up -= 1
        self._wake.set()

    async def _take_up(self, run: str) -> None:
        """Prepare a run that waited; one that cannot be prepared is no reason to leave the others lying."""
        try:
            await self._prepare(run)
        except Exception as error:
            log.error("%s failed", run, exc_info=error)
            await self._end(run, "failed", problem=INTERNAL)

    async def _prepare(self, run: str) -> None:
        """Find out what is left to do; what the parts of a run hold already is not done again."""
        row = self._active_rows.get(run)
        if row is None or row.status not in UNFINISHED:
            return
        try:
            found, cost = await self.examiner.examine(json.loads(row.request), row.kind)
        except Refused as error:  # no time for it just now: it was acknowledged, so it is tried until it goes
            log.warning("%s: %s; trying again", run, error)
            asyncio.get_running_loop().call_later(RETRY_S[-1], self._requeue, run)
            return
        except ConfigError as error:
            detail = f"This version of the software cannot run it any more: {error}"
            await self._end(run, "failed", problem={"kind": "not-runnable", "detail": detail})
            return
        is_new = found.digest != row.digest  # the software or the library changed since: start again, do not mix
        if is_new:
            await asyncio.to_thread(shutil.rmtree, self.folder.work(run), True)
        work = await asyncio.to_thread(self._prepared, row, found, cost)
        if run not in self._active_rows or run in self._ending:
            return  # cancelled meanwhile
        self._work[run] = work
        changes: dict[str, Any] = {"digest": found.digest} if is_new else {}
        if row.kind == "run":
            changes["done"] = work.done
        if row.status == "queued":
            changes |= {"status": "running", "started": time.time()}
        self._publish(run, **changes)

    def _requeue(self, run: str) -> None:
        self._queue.append(run)
        self._wake.set()

    def _prepared(self, row: Row, found: Examined, cost: Prediction) -> Work:
        run, total = row.id, found.total
        if row.kind == "study":  # one piece of work, which finds its own finished replications in the store
            timeout = self.limits.run_seconds * self.limits.study_factor
            return Work(run, "study", found.text, 1, 1, timeout, deque([(0, 1)]), 0)
        there = tasks.replications_in(found.text, str(self.folder.work(run)))
        fair = math.ceil(total / self._simulators.processes)
        part = max(1, min(fair, int(PART_S / cost.replication_seconds)))
        missing = [number for number in range(total) if number not in there]
        return Work(
            id=run,
            kind="run",
            text=found.text,
            replications=total,
            part=part,
            timeout=self.limits.run_seconds,
            todo=deque(ranges(missing, part)),
            done=total - len(missing),
        )

    def _start_one(self) -> bool:
        """Give a free worker the next part of the run whose turn it is."""
        now = time.monotonic()
        for run, work in self._work.items():
            if work.over or work.waits_until > now or not (work.todo or work.is_complete):
                continue
            if work.kind == "study" and any(w.tasks for w in self._work.values() if w.kind == "study"):
                continue  # one after the other: each has all the cores
            self._work.move_to_end(run)
            part = work.todo.popleft() if work.todo else None
            self._busy += 1
            task = self._spawn(self._do(work, part))
            work.tasks.add(task)
            task.add_done_callback(functools.partial(self._was_done, work))
            return True
        return False

    def _was_done(self, work: Work, task: asyncio.Task[None]) -> None:
        """Count a worker as free again: also after a task that was cancelled before its first step."""
        work.tasks.discard(task)
        self._busy -= 1
        self._wake.set()

    async def _do(self, work: Work, part: tuple[int, int] | None) -> None:
        """Have one part done, or the result put together."""
        began = time.monotonic()
        try:
            await self._computed(work, part)
            work.stalled = 0
            self.trouble = ""
        except asyncio.CancelledError:
            raise
        except Exception as error:
            await self._went_wrong(work, part, error)
        else:
            if part is None:
                await self._succeeded(work)
            elif work.kind == "study":
                work.done = 1
            elif not work.over:
                work.done += part[1] - part[0]
                self.replications_done += part[1] - part[0]
                self._publish(work.id, done=work.done)
        finally:
            work.spent += time.monotonic() - began

    async def _computed(self, work: Work, part: tuple[int, int] | None) -> None:
        folder, left = str(self.folder.work(work.id)), max(1.0, work.timeout - work.spent)
        if work.kind == "study":
            if part is not None and not (self.folder.result(work.id) / "manifest.json").is_file():
                await self._study(work, left)
        elif part is not None:
            await self._simulators.run(left, tasks.simulate, work.text, folder, *part)
        elif not (self.folder.result(work.id) / "manifest.json").is_file():  # it was there before a crash
            await self._simulators.run(left, tasks.finish, work.text, folder, str(self.folder.result(work.id)))

    async def _study(self, work: Work, timeout: float) -> None:
        """Have a study done, and tell how far it is meanwhile."""
        progress = self.folder.work(work.id) / "progress"
        places = tasks.StudyPlaces(
            store=str(self.folder.replications),
            kept_mb=self.limits.kept_mb,
            target=str(self.folder.result(work.id)),
            progress=str(progress),
        )
        workers, cluster = self._simulators.processes, self._pools.cluster
        job = asyncio.ensure_future(self._pools.studies.run(timeout, tasks.study, work.text, places, workers, cluster))
        try:
            while not (await asyncio.wait({job}, timeout=PROGRESS_S))[0]:
                done, total = _progress(progress)
                row = self._active_rows.get(work.id)
                if row is not None and total and (done, total) != (row.done, row.total):
                    self._publish(work.id, done=done, total=total)
        finally:
            job.cancel()
        await job

    async def _succeeded(self, work: Work) -> None:
        await self._end(work.id, "succeeded")

    async def _went_wrong(self, work: Work, part: tuple[int, int] | None, error: Exception) -> None:
        if work.over:
            return
        if isinstance(error, WorkerDied):
            key = part or (-1, -1)
            work.attempts[key] = work.attempts.get(key, 0) + 1
            if work.attempts[key] < ATTEMPTS:
                log.warning("%s: %s; its part is done again", work.id, error)
                self._again(work, part, RETRY_S[work.attempts[key] - 1])
                return
            problem = {"kind": "worker-died", "detail": f"Workers died of it {ATTEMPTS} times: {error}."}
        elif isinstance(error, WorkerTooSlow):
            problem = {"kind": "time-limit", "detail": f"It took more than {work.timeout:,.0f} s."}
        elif isinstance(error, MemoryError):
            detail = f"A worker needed more than {self.limits.worker_mb:,} MB of memory."
            problem = {"kind": "memory-limit", "detail": detail}
        elif isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
            work.stalled += 1
            self.trouble = "The disk is full; runs go on when there is space."
            log.warning("%s: %s; it goes on when there is space", work.id, error.strerror)
            self._again(work, part, RETRY_S[min(work.stalled, len(RETRY_S)) - 1])
            return
        else:
            log.error("%s failed", work.id, exc_info=error)
            problem = INTERNAL
        await self._end(work.id, "failed", problem=problem)

    def _again(self, work: Work, part: tuple[int, int] | None, wait: float) -> None:
        """Have a part done again, after a while: what the machine lacked may be there by then."""
        if part is not None:
            work.todo.appendleft(part)
        work.waits_until = time.monotonic() + wait
        asyncio.get_running_loop().call_later(wait + 0.01, self._wake.set)

    async def _end(self, run: str, status: str, problem: dict[str, str] | None = None) -> None:
        """Bring a run to its end: its workers stop, the end is stored, then everyone is told."""
        row = self._active_rows.get(run)
        if row is None:
            return
        if run in self._ending:
            await self._ending[run].wait()
            return
        self._ending[run] = asyncio.Event()
        work = self._work.pop(run, None)
        if work is not None:
            work.over = True
            for task in work.tasks - {asyncio.current_task()}:
                task.cancel()
        values: dict[str, Any] = {
            "status": status,
            "finished": time.time(),
            "version": row.version + 1,
            "digest": row.digest,
        }
        values |= {"done": row.total if status == "succeeded" else row.done, "total": row.total}
        values |= {"started": row.started}
        values["problem"] = None if problem is None else json.dumps(problem)
        await self._stored(run, values)
        await asyncio.to_thread(shutil.rmtree, self.folder.work(run), True)
        ended = dataclasses.replace(row, **values)
        self._active_rows.pop(run, None)
        if self._same.get(row.digest) == run:
            del self._same[row.digest]
        self._remember(ended)
        self._tell(run)
        self._ending.pop(run).set()
        self._wake.set()

    async def _stored(self, run: str, values: dict[str, Any]) -> None:
        """Store a change, however long that takes."""
        attempt = 0
        while True:
            try:
                await self._store.asynchronously(store.change(run, values))
                if attempt:
                    self.trouble = ""
                return
            except StoreUnavailable as error:
                self.trouble = f"The database cannot be written: {error}"
                log.warning("database: %s; trying again", error)
                await asyncio.sleep(RETRY_S[min(attempt, len(RETRY_S) - 1)])
                attempt += 1

    def _publish(self, run: str, **changes: Any) -> None:
        """Change a run that goes on; it is stored soon, and told at once."""
        row = self._active_rows.get(run)
        if row is None:
            return
        self._active_rows[run] = dataclasses.replace(row, version=row.version + 1, **changes)
        if "digest" in changes:
            self._same[changes["digest"]] = run
        self._unsaved.add(run)
        self._some_unsaved.set()
        self._tell(run)

    def _tell(self, run: str) -> None:
        waiting = self._waiting.pop(run, None)
        if waiting:
            self._spawn(_wake_up(waiting))

    async def change_after(self, run: str, version: int, seconds: float) -> bool:
        """Wait until a run has a newer version, or is gone from memory; tell whether before the time was over."""
        if (row := self.at_hand(run)) is None or row.version > version:
            return True
        told = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(run, []).append(told)
        clock = asyncio.get_running_loop().call_later(seconds, _wake, told)
        try:
            await told
        finally:
            clock.cancel()
            if told in self._waiting.get(run, ()):
                self._waiting[run].remove(told)
                if not self._waiting[run]:
                    del self._waiting[run]
        return (row := self.at_hand(run)) is None or row.version > version

    async def _save_changes(self) -> None:
        """Store what changed, a few times a second at most."""
        while True:
            await self._some_unsaved.wait()
            self._some_unsaved.clear()
            await asyncio.sleep(SAVING_S)
            rows = [self._active_rows[run] for run in self._unsaved if run in self._active_rows]
            self._unsaved.clear()
            await asyncio.gather(*(self._stored(row.id, {name: getattr(row, name) for name in SAVED}) for row in rows))


async def _wake_up(waiting: list[asyncio.Future[None]]) -> None:
    """Let all go on who wait for a change, some at a time: other requests come in between."""
    for number, told in enumerate(waiting, start=1):
        _wake(told)
        if number % WOKEN_AT_ONCE == 0:
            await asyncio.sleep(0)


def _wake(told: asyncio.Future[None]) -> None:
    if not told.done():
        told.set_result(None)


def _progress(path: Path) -> tuple[int, int]:
    """Return (done, total) of a study; zeros if it has not begun."""
    try:
        done, total = path.read_text(encoding="ascii").split()
        return int(done), int(total)
    except (OSError, ValueError):
        return 0, 0
