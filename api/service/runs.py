"""The service: takes runs and studies, and tells how they are."""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import AsyncIterator
from typing import Any

from api.service import store
from api.service.data_folder import DataFolder
from api.service.queue.admission import Refused
from api.service.queue.scheduler import Foreman, Pools
from api.service.settings import Limits
from api.service.store import FINISHED, Row, Store
from experiments.runs.provenance import canonical_json

A_PAUSE_S = 15.0
"""After so long without a change, whoever follows a run gets a sign of life [s]."""


class RunService(Foreman):
    """Submit, get, list, cancel, delete, and events."""

    def __init__(self, folder: DataFolder, stored: Store, pools: Pools, limits: Limits) -> None:
        super().__init__(folder, stored, pools, limits)
        self._keyed: dict[tuple[str, str], str] = {}

    async def submit(
        self, asked: dict[str, Any], *, kind: str = "run", owner: str = "", key: str | None = None, reuse: bool = True
    ) -> tuple[Row, bool]:
        """Take a run, or a study; it is safe when this returns. Tell also whether it was there already.

        Parameters
        ----------
        asked
            What `experiments.runs.request.RunRequest` says, or a study file.
        owner
            Name of the access key.
        key
            Idempotency key: the same key with the same request gives the same run.
        reuse
            Whether an identical run that is there may be given instead.

        Raises
        ------
        ConfigError
            With every finding.
        Refused
            If it is too large, the queue or the disk is full, or the key was used for something else.
        """
        fingerprint = hashlib.sha256(canonical_json([kind, asked, reuse])).hexdigest()
        if key is None:
            return await self._submit(asked, kind, owner, None, reuse)
        known = await self._known(owner, key, fingerprint)
        if known is not None:
            return known, True
        self._keyed[owner, key] = fingerprint
        try:
            return await self._submit(asked, kind, owner, (key, fingerprint), reuse)
        finally:
            del self._keyed[owner, key]

    async def _known(self, owner: str, key: str, fingerprint: str) -> Row | None:
        """Return the run that an idempotency key stands for."""
        found = None
        if (owner, key) not in self._keyed:
            found = await self._asked(store.remembered(owner, key))
        if fingerprint != (found.fingerprint if found else self._keyed.get((owner, key), fingerprint)):
            raise Refused("idempotency-key-reused", "This Idempotency-Key was used for another request.")
        if (owner, key) in self._keyed:
            raise Refused("in-progress", "The first request with this Idempotency-Key is not answered yet.")
        return await self.get(found.run) if found else None

    async def _submit(
        self, asked: dict[str, Any], kind: str, owner: str, remembered: tuple[str, str] | None, reuse: bool
    ) -> tuple[Row, bool]:
        found, cost = await self.examiner.examine(asked, kind)
        self.examiner.refuse_what_is_too_large(cost, kind)
        if reuse and found.digest in self._same:
            same = self._active_rows[self._same[found.digest]]
            if remembered is not None:
                await self._asked(store.remember(owner, *remembered, same.id))
            return same, True
        if self._is_full(owner):
            there = await self._asked(store.same(found.digest, kind)) if reuse else None
            if there is None:
                raise Refused("queue-full", "Too many runs wait already. Ask again when some are finished.")
        row = Row(
            id=f"{kind}_{secrets.token_hex(8)}",
            kind=kind,
            status="queued",
            digest=found.digest,
            gate=found.gate,
            owner=owner,
            request=json.dumps(asked, ensure_ascii=True),
            predicted=json.dumps(cost._asdict()),
            done=0,
            total=found.total,
            created=time.time(),
        )
        self._active_rows[row.id] = row  # counts against the limits while it is being stored
        try:
            taken: Row = await self._asked(store.add_run(row, remembered, reuse=reuse))
        except BaseException:
            del self._active_rows[row.id]
            raise
        if taken.id != row.id:
            del self._active_rows[row.id]
            return taken, True
        self._active_rows[row.id] = taken
        self._same.setdefault(row.digest, row.id)
        self._queue.append(row.id)
        self._wake.set()
        return taken, False

    def _is_full(self, owner: str) -> bool:
        mine = sum(row.owner == owner for row in self._active_rows.values()) if owner else 0
        return len(self._active_rows) >= self.limits.queued or mine >= self.limits.queued_a_key

    async def get(self, run: str) -> Row:
        """Return a run.

        Raises
        ------
        Refused
            If there is none of this id.
        """
        row = self.at_hand(run)
        if row is None:
            row = await self._asked(store.one(run))
            if row is None:
                raise Refused("not-found", f"There is no {run[:40]}.")
            self._remember(row)
        return row

    async def page(self, kind: str, limit: int, before: int | None, status: str | None, gate: str | None) -> list[Row]:
        """Return runs, the newest first."""
        rows = await self._asked(store.page(kind, limit, before, status, gate))
        return [self._active_rows.get(row.id, row) for row in rows]

    async def cancel(self, run: str) -> Row:
        """Stop a run; its cores are free at once.

        Raises
        ------
        Refused
            If there is none of this id, or it is finished.
        """
        row = await self.get(run)
        if row.status == "cancelled":
            return row
        if row.status in FINISHED:
            raise Refused("finished", f"The run has {row.status}; there is nothing to cancel.")
        await self._end(run, "cancelled")
        row = await self.get(run)
        if row.status != "cancelled":
            raise Refused("finished", f"The run has {row.status}; there is nothing to cancel.")
        return row

    async def delete(self, run: str) -> None:
        """Remove a finished run with all its files.

        Raises
        ------
        Refused
            If there is none of this id, or it is not finished.
        """
        row = await self.get(run)
        if row.status not in FINISHED:
            raise Refused("not-finished", f"The run is {row.status}. Cancel it first.")
        await self._asked(store.mark_deleted(run))
        await self._forget(run)
        self._rows.pop(run, None)

    async def events(self, run: str, after: int = 0, pause: float = A_PAUSE_S) -> AsyncIterator[Row | None]:
        """Give the run each time it changed since version `after`, until it is finished; none after each pause."""
        while True:
            row = await self.get(run)
            if row.version > after:
                after = row.version
                yield row
            if row.status in FINISHED:
                return
            if not await self.change_after(run, after, pause):
                yield None

    async def ended(self, run: str, seconds: float) -> Row:
        """Return the run once it is finished or the time is over."""
        row = await self.get(run)
        until = time.monotonic() + seconds
        while row.status not in FINISHED and (left := until - time.monotonic()) > 0:
            await self.change_after(run, row.version, left)
            row = await self.get(run)
        return row

    @property
    def unfinished(self) -> int:
        """Runs that wait or are being done."""
        return len(self._active_rows)

    async def counts(self) -> dict[str, int]:
        """Return how many runs there are in each state."""
        found: dict[str, int] = await self._asked(store.counts())
        return found
