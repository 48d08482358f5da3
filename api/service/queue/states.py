"""The states of runs: in memory, stored soon after each change, announced at once to all who wait."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Any

from api.service.queue.background import Background
from api.service.store import UNFINISHED, Row, Store, StoreUnavailable, rows

log = logging.getLogger("bordergate")

SAVING_S = 0.2
"""Changes within this time are stored together [s]."""
SAVED = ("status", "digest", "done", "total", "started", "version")
CACHED_ROWS = 10_000
WOKEN_AT_ONCE = 10
"""Event streams that are served before other requests have their turn; each takes some 0.1 ms."""
SKIPPED_VERSIONS = 1000
"""More than a server can have announced before it died without storing it: no version means two states."""
RETRY_S = (0.5, 1.0, 2.0, 4.0)
"""Waits before the database is tried again [s]."""


class RunStates:
    """Every unfinished run, and the finished ones that were used lately."""

    def __init__(self, stored: Store, background: Background, ended: asyncio.Event | None = None) -> None:
        self._store, self._background = stored, background
        self._ended = ended or asyncio.Event()
        self._unfinished: dict[str, Row] = {}
        self._finished: OrderedDict[str, Row] = OrderedDict()
        self._shared: dict[tuple[str, ...], str] = {}
        self._waiting: dict[str, list[asyncio.Future[None]]] = {}
        self._unsaved: set[str] = set()
        self._some_unsaved = asyncio.Event()
        self.trouble = ""
        """Why states cannot be stored at the moment; empty if they can."""

    async def start(self) -> list[Row]:
        """Return the runs that an earlier server left unfinished, in order."""
        await self._store.asynchronously(rows.skip_versions(SKIPPED_VERSIONS))
        left = await self._store.asynchronously(rows.with_status(*UNFINISHED))
        for row in left:
            self._unfinished[row.id] = row
            self._shared[content_of(row)] = row.id
        self._background.start(self._save_changes())
        return left

    # reading

    def at_hand(self, run: str) -> Row | None:
        """Return a run without reading the database, if it is in memory."""
        return self._unfinished.get(run) or self._finished.get(run)

    def unfinished(self, run: str) -> Row | None:
        """Return a run that is not finished."""
        return self._unfinished.get(run)

    def count(self, owner: str | None = None) -> int:
        """Return how many runs are not finished, of all or of one owner."""
        return len(self._unfinished) if owner is None else sum(row.owner == owner for row in self._unfinished.values())

    def counts_by_owner(self) -> Counter[str]:
        """Return how many runs of each owner are not finished."""
        return Counter(row.owner for row in self._unfinished.values())

    def same(self, row: Row) -> Row | None:
        """Return the unfinished run with the content, the owner and the project of another."""
        run = self._shared.get(content_of(row))
        return None if run is None else self._unfinished[run]

    # changing

    def add(self, row: Row) -> None:
        """Add a run, which counts as unfinished while it is being stored."""
        self._unfinished[row.id] = row

    def drop(self, run: str) -> None:
        """Take a run out again, which was not stored."""
        del self._unfinished[run]

    def confirm(self, row: Row) -> None:
        """Note that a run is stored, so that others may share it."""
        self._unfinished[row.id] = row
        self._shared.setdefault(content_of(row), row.id)

    def remember(self, row: Row) -> None:
        """Keep a finished run in memory for a while."""
        self._finished[row.id] = row
        while len(self._finished) > CACHED_ROWS:
            self._finished.popitem(last=False)

    def forget(self, run: str) -> None:
        """Take a run out of memory that is being deleted."""
        self._finished.pop(run, None)

    def change(self, run: str, **changes: Any) -> None:
        """Change an unfinished run; the change is stored soon, and announced at once."""
        row = self._unfinished.get(run)
        if row is None:
            return
        self._unfinished[run] = changed = dataclasses.replace(row, version=row.version + 1, **changes)
        if "digest" in changes:
            self._shared[content_of(changed)] = run
        self._unsaved.add(run)
        self._some_unsaved.set()
        self._announce(run)

    def relabel(self, run: str, written: Callable[[Row], Row]) -> None:
        """Show what is stored already: other words on a run."""
        kept = self._unfinished if run in self._unfinished else self._finished
        if run in kept:
            kept[run] = written(dataclasses.replace(kept[run], version=kept[run].version + 1))
            self._announce(run)

    async def store_end(self, row: Row) -> None:
        """Store the end of a run, however long that takes."""
        values = {name: getattr(row, name) for name in (*SAVED, "finished", "problem")}
        await self._stored(row.id, values)

    def finish(self, row: Row) -> None:
        """Announce that a run is finished."""
        known = self._unfinished.pop(row.id, row)
        row = dataclasses.replace(row, name=known.name, tags=known.tags, note=known.note)  # written on meanwhile
        if self._shared.get(content_of(row)) == row.id:
            del self._shared[content_of(row)]
        self.remember(row)
        self._announce(row.id)
        self._ended.set()

    async def _save_changes(self) -> None:
        """Store what changed, a few times a second at most."""
        while True:
            await self._some_unsaved.wait()
            self._some_unsaved.clear()
            await asyncio.sleep(SAVING_S)
            changed = [self._unfinished[run] for run in self._unsaved if run in self._unfinished]
            self._unsaved.clear()
            values = ({name: getattr(row, name) for name in SAVED} for row in changed)
            await asyncio.gather(*(self._stored(row.id, each) for row, each in zip(changed, values, strict=True)))

    async def _stored(self, run: str, values: dict[str, Any]) -> None:
        """Store a change, however long that takes."""
        attempt = 0
        while True:
            try:
                await self._store.asynchronously(rows.change(run, values))
            except StoreUnavailable as error:
                self.trouble = f"The database cannot be written: {error}"
                log.warning("database: %s; trying again", error)
                await asyncio.sleep(RETRY_S[min(attempt, len(RETRY_S) - 1)])
                attempt += 1
            else:
                self.trouble = ""
                return

    # waiting

    async def change_after(self, run: str, version: int, seconds: float) -> bool:
        """Wait until a run has a newer version, or is gone from memory; tell whether that was in time."""
        if self._is_newer(run, version):
            return True
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(run, []).append(waiter)
        clock = asyncio.get_running_loop().call_later(seconds, _wake, waiter)
        try:
            await waiter
        finally:
            clock.cancel()
            if waiter in self._waiting.get(run, ()):
                self._waiting[run].remove(waiter)
                if not self._waiting[run]:
                    del self._waiting[run]
        return self._is_newer(run, version)

    def release(self) -> None:
        """Let all who wait go on, whether anything changed or not."""
        for run in list(self._waiting):
            self._announce(run)

    def _is_newer(self, run: str, version: int) -> bool:
        row = self.at_hand(run)
        return row is None or row.version > version

    def _announce(self, run: str) -> None:
        waiting = self._waiting.pop(run, None)
        if waiting:
            self._background.start(_wake_up(waiting))


def content_of(row: Row) -> tuple[str, ...]:
    """Return what two runs must have in common for one to be given for the other."""
    return row.digest, row.owner, row.project


async def _wake_up(waiting: list[asyncio.Future[None]]) -> None:
    """Wake all who wait for a change, a few at a time: other requests are served in between."""
    for number, waiter in enumerate(waiting, start=1):
        _wake(waiter)
        if number % WOKEN_AT_ONCE == 0:
            await asyncio.sleep(0)


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
