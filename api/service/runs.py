"""The service: accepts runs and studies, and reports their state."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import logging
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from api.service.data_folder import DataFolder
from api.service.keeping import write_entry
from api.service.labels import label_of, read_label, with_label
from api.service.queue.admission import Admission, Refused
from api.service.queue.background import Background
from api.service.queue.leading import Pools
from api.service.queue.scheduler import Scheduler, Workers
from api.service.queue.states import RunStates, content_of
from api.service.queue.tasks import CheckedRequest
from api.service.security.access import Access
from api.service.settings import Limits
from api.service.store import DELETED, FINISHED, Row, Statement, Store, StoreUnavailable, idempotency, rows
from api.service.store import webhooks as calls
from api.service.submission import KEY_REUSED, PRIORITIES, Submission
from api.service.webhooks import Caller
from experiments.result_folder import MANIFEST, resized_files
from experiments.runs.prediction import Prediction

Answer = TypeVar("Answer")

log = logging.getLogger("bordergate")
refusals = logging.getLogger("bordergate.refused")

HEARTBEAT_S = 15.0
"""After this time without a change, event streams send a sign of life [s]."""


class RunService:
    """Submit, get, list, cancel, delete, and events."""

    def __init__(
        self,
        folder: DataFolder,
        stored: Store,
        pools: Pools,
        limits: Limits,
        stopping: asyncio.Event | None = None,
        caller: Caller | None = None,
    ) -> None:
        self._stopping = stopping or asyncio.Event()
        self.folder, self._limits, self._store = folder, limits, stored
        self._background = Background()
        self._caller = caller or Caller(stored, folder.root)
        self._states = RunStates(stored, self._background, self._caller.wake)
        self.admission = Admission(folder, pools.checker, limits)
        self._scheduler = Scheduler(folder, self._states, self.admission, pools, self._background)
        self._being_answered: dict[tuple[str, str], str] = {}
        self._being_stored: dict[tuple[str, ...], asyncio.Future[None]] = {}

    async def start(self) -> None:
        """Take over what an earlier server left."""
        for row in await self._store.asynchronously(rows.with_status(DELETED)):
            try:
                await self._remove(row.id)
            except OSError as error:
                log.warning("%s: deleted, but its files cannot be removed: %s", row.id, error)
        left = await self._states.start()
        known = {row.id for row in left}
        await self._store.asynchronously(idempotency.forget_old())
        half_written = (self.folder.root / "runs").glob(".*")
        for path in (*half_written, *(self.folder.root / "work").iterdir()):
            if path.name not in known:
                shutil.rmtree(path, ignore_errors=True)
        self._scheduler.start(left)
        self._background.start(self._release_who_waits())
        self._background.start(self._caller.work())

    async def _release_who_waits(self) -> None:
        """When the server is to stop, let all who wait for a change have the present state."""
        await self._stopping.wait()
        self._states.release()

    async def stop(self) -> None:
        """Stop at once: what is not done is done by the next server."""
        await self._background.stop()

    async def submit(self, submission: Submission) -> tuple[Row, bool]:
        """Accept a run or a study; it is stored when this returns. Tell also whether it existed already.

        Raises
        ------
        ConfigError
            With every finding.
        Refused
            If it is too large, the queue or the disk is full, or the key was used for something else.
        """
        project = submission.project_or_default()
        if submission.notify is not None:
            self._caller.check(submission.notify)
        with self._answering(submission):
            earlier = await self._earlier(submission)
            if earlier is not None:
                return earlier, True
            resolved, cost = await self.admission.resolve(submission.request, submission.kind, submission.owner)
            self.admission.refuse_what_is_too_large(cost, submission.kind)
            row = _new_row(submission, project, resolved, cost)
            stored = await self._take(row, submission)
            return stored, stored.id != row.id

    async def _earlier(self, submission: Submission) -> Row | None:
        """Return the run that the submission's idempotency key stands for."""
        if submission.key is None:
            return None
        known = await self._ask(idempotency.remembered(submission.owner, submission.key))
        if known is None:
            return None
        if known.fingerprint != submission.fingerprint:
            raise Refused("idempotency-key-reused", KEY_REUSED)
        return await self._row(known.run)

    @contextmanager
    def _answering(self, submission: Submission) -> Iterator[None]:
        """Refuse a request whose idempotency key is that of one that is being answered, and note this one."""
        if submission.key is None:
            yield
            return
        name = submission.owner, submission.key
        answering = self._being_answered.get(name)
        if answering is not None and answering != submission.fingerprint:
            raise Refused("idempotency-key-reused", KEY_REUSED)
        if answering is not None:
            raise Refused("in-progress", "The first request with this Idempotency-Key is not answered yet.")
        self._being_answered[name] = submission.fingerprint
        try:
            yield
        finally:
            del self._being_answered[name]

    async def _take(self, row: Row, submission: Submission) -> Row:
        """Store a run and put it into the queue; or return an identical one of its owner, if that may be given."""
        if not submission.reuse:
            return await self._store_new(row, submission)
        content = content_of(row)
        while (pending := self._being_stored.get(content)) is not None:  # the same is submitted at the same moment
            await asyncio.wait({pending})
        same = self._states.same(row)
        if same is not None:
            if submission.remembered is not None:
                await self._ask(idempotency.remember(row.owner, *submission.remembered, same.id))
            if submission.notify is not None:
                await self._ask(calls.ask(same.id, submission.notify))
                self._caller.wake.set()  # it may have ended in between
            return same
        stored = self._being_stored[content] = asyncio.get_running_loop().create_future()
        try:
            return await self._store_new(row, submission)
        finally:
            del self._being_stored[content]
            stored.set_result(None)

    async def _store_new(self, row: Row, submission: Submission) -> Row:
        await self._refuse_if_full(row, submission)
        self._states.add(row)
        try:
            adding = rows.add(row, submission.remembered, reuse=submission.reuse)
            stored = await self._ask(calls.asked_with(adding, submission.notify))
        except BaseException:
            self._states.drop(row.id)
            raise
        if stored.id != row.id:
            self._states.drop(row.id)
            if await asyncio.to_thread(_is_whole, self.folder.result(stored.id)):
                self._caller.wake.set()
                return stored
            log.warning("%s: its result is damaged or missing; it is simulated again", stored.id)
            return await self._store_new(row, dataclasses.replace(submission, reuse=False))
        self._states.confirm(stored)
        self._scheduler.enqueue(stored)
        return stored

    async def _refuse_if_full(self, row: Row, submission: Submission) -> None:
        access, own = submission.access, self._states.count(row.owner) if row.owner else 0
        quota = self._limits.queued_a_key if access.quota is None else access.quota
        if self._states.count() < self._limits.queued and own < quota:
            return
        if submission.reuse and await self._ask(rows.same(row)) is not None:
            return
        if own >= quota:
            raise Refused(
                "queue-full", f"{own} runs of this key are not finished, as many as it may have. Wait for them."
            )
        raise Refused("queue-full", "Too many runs are waiting. Try again when some are finished.")

    async def get(self, access: Access, run: str) -> Row:
        """Return a run.

        Raises
        ------
        Refused
            If the key sees no run of this id.
        """
        row = await self._row(run)
        if not access.may_see(row):
            refusals.warning("refused: key %s may not see %s", access.owner, run)
            raise _not_there(run)
        return row

    async def _row(self, run: str) -> Row:
        row = self._states.at_hand(run)
        if row is None:
            row = await self._ask(rows.one(run))
            if row is None:
                raise _not_there(run)
            self._states.remember(row)
        return row

    async def page(
        self, access: Access, wanted: rows.Filter, limit: int, after: int | None = None, *, oldest_first: bool = False
    ) -> list[Row]:
        """Return the runs that the key may see, the newest first unless told otherwise."""
        seen = _seen_by(access, wanted)
        listed = await self._ask(rows.page(seen, limit, after, oldest_first=oldest_first))
        return [self._states.unfinished(row.id) or row for row in listed]

    async def count(self, access: Access, wanted: rows.Filter) -> int:
        """Return how many runs there are that the key may see."""
        return await self._ask(rows.count(_seen_by(access, wanted)))

    async def relabel(self, access: Access, run: str, written: object) -> Row:
        """Write a name, tags or a note on a run; what is left out stays.

        Raises
        ------
        ConfigError
            With every finding.
        Refused
            If the key sees no run of this id, or it belongs to another key.
        """
        row = await self._to_change(access, run)
        label = read_label(written, label_of(row), place="body")
        if label != label_of(row):
            await self._ask(rows.relabel(run, label.stored()))
            self._states.relabel(run, lambda known: with_label(known, label))
            row = await self._row(run)
            if row.status in FINISHED:
                try:
                    await asyncio.to_thread(write_entry, self.folder, row)
                except OSError as error:  # the database has it
                    log.warning("%s: its label is not kept beside its result: %s", run, error)
        return row

    async def cancel(self, access: Access, run: str) -> Row:
        """Stop a run; its cores are free at once.

        Raises
        ------
        Refused
            If the key sees no run of this id, it belongs to another key, or it is finished.
        """
        row = await self._to_change(access, run)
        if row.status not in FINISHED:
            await self._scheduler.end(run, "cancelled")
            row = await self._row(run)
        if row.status != "cancelled":
            raise Refused("finished", f"The run has {row.status}; there is nothing to cancel.")
        return row

    async def delete(self, access: Access, run: str) -> None:
        """Remove a finished run with all its files.

        Raises
        ------
        Refused
            If the key sees no run of this id, it belongs to another key, it is not finished, or some of its files
            cannot be removed.
        """
        row = await self._to_change(access, run)
        if row.status not in FINISHED:
            raise Refused("not-finished", f"The run is {row.status}. Cancel it first.")
        await self._ask(rows.mark_deleted(run))
        self._states.forget(run)
        try:
            await self._remove(run)
        except OSError as error:
            log.warning("%s: deleted, but its files cannot be removed: %s", run, error)
            detail = (
                f"It is deleted, but some files stay until the next start of the server: {error.strerror or error}."
            )
            raise Refused("unavailable", detail) from None

    async def _to_change(self, access: Access, run: str) -> Row:
        row = await self.get(access, run)
        if not access.may_change(row):
            refusals.warning("refused: key %s may not change %s of %s", access.owner, run, row.owner or "nobody")
            raise Refused("forbidden", "The run belongs to another key.")
        return row

    async def _remove(self, run: str) -> None:
        await asyncio.to_thread(self.folder.remove, run)
        await self._ask(rows.remove(run))

    async def events(
        self, access: Access, run: str, after: int = 0, pause: float = HEARTBEAT_S
    ) -> AsyncIterator[Row | None]:
        """Give the run each time it changed since version `after`, until it is finished; none after each pause."""
        while True:
            row = await self.get(access, run)
            if row.version > after:
                after = row.version
                yield row
            if row.status in FINISHED or self._stopping.is_set():
                return
            if not await self._states.change_after(run, after, pause):
                yield None

    async def ended(self, access: Access, run: str, seconds: float) -> Row:
        """Return the run once it is finished or the time is over."""
        row = await self.get(access, run)
        until = time.monotonic() + seconds
        while row.status not in FINISHED and not self._stopping.is_set() and (left := until - time.monotonic()) > 0:
            await self._states.change_after(run, row.version, left)
            row = await self.get(access, run)
        return row

    @property
    def unfinished(self) -> int:
        """Number of runs that wait or are being done."""
        return self._states.count()

    def unfinished_by_owner(self) -> dict[str, int]:
        """Return how many runs of each key wait or are being done."""
        return self._states.counts_by_owner()

    @property
    def workers(self) -> Workers:
        """How many simulate at most, and just now."""
        return self._scheduler.workers

    @property
    def trouble(self) -> str:
        """Why runs cannot continue at the moment; empty if they can."""
        return self._scheduler.trouble or self._states.trouble  # a full disk first: the database fails for it, too

    @property
    def replications_done(self) -> int:
        """Number of replications simulated since the start."""
        return self._scheduler.replications_done

    async def counts(self) -> dict[str, int]:
        """Return how many runs there are in each state."""
        return await self._ask(rows.counts())

    async def _ask(self, statement: Statement[Answer]) -> Answer:
        try:
            return await self._store.asynchronously(statement)
        except StoreUnavailable as error:
            log.warning("database: %s", error)
            if error.full:
                raise Refused("disk-full", "The disk is full. Free some space; nothing was changed.") from None
            raise Refused("unavailable", "The database cannot be reached. Try again later.") from None


def _is_whole(folder: Path) -> bool:
    """Tell whether every file of a result is there, with the size that it had."""
    return (folder / MANIFEST).is_file() and not resized_files(folder)


def _not_there(run: str) -> Refused:
    return Refused("not-found", f"{run[:40]} does not exist.")


def _seen_by(access: Access, wanted: rows.Filter) -> rows.Filter:
    visible_to = None if access.sees_all else (access.owner, access.projects)
    return dataclasses.replace(wanted, visible_to=visible_to)


def _new_row(submission: Submission, project: str, resolved: CheckedRequest, cost: Prediction) -> Row:
    row = Row(
        id=f"{submission.kind}_{secrets.token_hex(8)}",
        kind=submission.kind,
        status="queued",
        digest=resolved.digest,
        gate=resolved.gate,
        owner=submission.owner,
        project=project,
        request=json.dumps(submission.request, ensure_ascii=True),
        predicted=json.dumps(cost._asdict()),
        done=0,
        total=resolved.total,
        created=time.time(),
        priority=PRIORITIES[submission.priority],
        weight=submission.access.weight,
    )
    return with_label(row, submission.label)
