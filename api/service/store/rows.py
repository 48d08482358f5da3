"""Rows of runs and studies: how they are read and written."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from api.service.store import idempotency
from api.service.store.database import Statement
from api.service.store.tables import runs, webhooks

UNFINISHED = ("queued", "running")
FINISHED = ("succeeded", "failed", "cancelled")
STATUSES = (*UNFINISHED, *FINISHED)
DELETED = "deleted"


@dataclass(frozen=True)
class Row:
    """A run, or a study, as it is stored."""

    id: str
    kind: str
    """`run` or `study`."""
    status: str
    digest: str
    gate: str
    owner: str
    """Name of the key that submitted it; empty without keys."""
    request: str
    """What was submitted, as JSON."""
    predicted: str
    """What it was expected to cost, as JSON."""
    done: int
    total: int
    created: float
    """Seconds since 1970, like all times here."""
    started: float | None = None
    finished: float | None = None
    version: int = 1
    """Counts changes; the id of an event, and the entity tag."""
    problem: str | None = None
    """Why it failed, as JSON."""
    seq: int = 0
    """Order of submission; 0 until stored."""
    project: str = ""
    """Project whose keys see it; empty if none."""
    priority: int = 0
    """Before those of its key with a lower one."""
    weight: float = 1.0
    """Of its key when it was submitted: how much of the workers it gets beside others."""
    name: str = ""
    """What people call it, like its tags and its note; empty if they do not."""
    tags: str = ""
    """As `api.service.labels` stores them."""
    note: str = ""
    phase: str = ""
    """What is being done for it just now. Not stored."""
    ends_at: float | None = None
    """When it is expected to end. Not stored."""
    stage: int = 1
    """Which stage of a study goes on. Not stored."""
    stages: int = 1
    """How many stages it has at most. Not stored."""


NOT_STORED = ("seq", "phase", "ends_at", "stage", "stages")
"""The database gives the number; the others hold only while a server runs."""


def add(row: Row, remembered: tuple[str, str] | None = None, *, reuse: bool = False) -> Statement[Row]:
    """Store a new run, and return it with its number; or an identical one of its owner that succeeded, if allowed.

    Parameters
    ----------
    remembered
        The idempotency key, and the fingerprint of its request.
    """
    values = {name: value for name, value in vars(row).items() if name not in NOT_STORED}

    def statement(connection: sa.Connection) -> Row:
        stored = same(row)(connection) if reuse else None
        if stored is None:
            added = connection.execute(runs.insert(), values)
            (seq,) = added.inserted_primary_key or (0,)
            stored = dataclasses.replace(row, seq=int(seq))
        if remembered is not None:
            idempotency.remember(row.owner, *remembered, stored.id)(connection)
        return stored

    return statement


def change(run: str, values: Mapping[str, Any]) -> Statement[None]:
    """Change the row of a run that is not finished; an end is never overwritten."""
    query = runs.update().where(runs.c.id == run, runs.c.status.in_(UNFINISHED)).values(**values)

    def statement(connection: sa.Connection) -> None:
        connection.execute(query)

    return statement


def relabel(run: str, values: Mapping[str, str]) -> Statement[None]:
    """Write other words on a run, finished or not."""
    query = runs.update().where(runs.c.id == run).values(**values, version=runs.c.version + 1)

    def statement(connection: sa.Connection) -> None:
        connection.execute(query)

    return statement


def skip_versions(steps: int) -> Statement[None]:
    """Skip some versions of every unfinished run: a server that died may have announced them."""
    query = runs.update().where(runs.c.status.in_(UNFINISHED)).values(version=runs.c.version + steps)

    def statement(connection: sa.Connection) -> None:
        connection.execute(query)

    return statement


def mark_deleted(run: str) -> Statement[None]:
    """Note that the files of a run are to go, before they do; its idempotency keys are free from now on."""

    def statement(connection: sa.Connection) -> None:
        idempotency.forget(run)(connection)
        connection.execute(webhooks.delete().where(webhooks.c.run == run))
        connection.execute(runs.update().where(runs.c.id == run).values(status=DELETED))

    return statement


def remove(run: str) -> Statement[None]:
    """Remove the row of a run."""

    def statement(connection: sa.Connection) -> None:
        connection.execute(runs.delete().where(runs.c.id == run))

    return statement


def one(run: str) -> Statement[Row | None]:
    """Return a run by its id."""
    return _first(sa.select(runs).where(runs.c.id == run, runs.c.status != DELETED))


def same(row: Row) -> Statement[Row | None]:
    """Return the first run with the content, the owner and the project of another that succeeded."""
    query = sa.select(runs).where(
        runs.c.digest == row.digest,
        runs.c.kind == row.kind,
        runs.c.owner == row.owner,
        runs.c.project == row.project,
        runs.c.status == "succeeded",
    )
    return _first(query.order_by(runs.c.seq).limit(1))


@dataclass(frozen=True)
class Filter:
    """Which runs a list holds; what is none does not matter."""

    kind: str
    statuses: tuple[str, ...] = ()
    """Those in one of these states; all if there is none."""
    gate: str | None = None
    owner: str | None = None
    name: str | None = None
    """Those whose name holds this text, in small or capital letters."""
    tags: tuple[str, ...] = ()
    """Those that have each of these tags, as `api.service.labels` stores one."""
    since: float | None = None
    until: float | None = None
    """Those submitted at this time or later, and before that one."""
    visible_to: tuple[str, tuple[str, ...]] | None = None
    """Only those of an owner, or of some projects."""

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """Return what a row must fulfil."""
        found: list[sa.ColumnElement[bool]] = [runs.c.kind == self.kind, runs.c.status != DELETED]
        if self.statuses:
            found.append(runs.c.status.in_(self.statuses))
        found += [
            runs.c[column] == value
            for column, value in (("gate", self.gate), ("owner", self.owner))
            if value is not None
        ]
        if self.name is not None:
            found.append(runs.c.name.icontains(self.name, autoescape=True))
        found += [runs.c.tags.contains(tag, autoescape=True) for tag in self.tags]
        if self.since is not None:
            found.append(runs.c.created >= self.since)
        if self.until is not None:
            found.append(runs.c.created < self.until)
        if self.visible_to is not None:
            owner, projects = self.visible_to
            found.append((runs.c.owner == owner) | runs.c.project.in_(projects))
        return found


def page(wanted: Filter, limit: int, after: int | None = None, *, oldest_first: bool = False) -> Statement[list[Row]]:
    """Return runs, the newest first unless told otherwise, from the one that follows number `after`."""
    query = sa.select(runs).where(*wanted.conditions())
    if after is not None:
        query = query.where(runs.c.seq > after if oldest_first else runs.c.seq < after)
    return _all(query.order_by(runs.c.seq if oldest_first else runs.c.seq.desc()).limit(limit))


def count(wanted: Filter) -> Statement[int]:
    """Return how many runs there are of this kind."""
    query = sa.select(sa.func.count()).select_from(runs).where(*wanted.conditions())

    def statement(connection: sa.Connection) -> int:
        return connection.scalar(query) or 0

    return statement


def with_status(*statuses: str) -> Statement[list[Row]]:
    """Return all runs in one of these states, in the order of their submission."""
    return _all(sa.select(runs).where(runs.c.status.in_(statuses)).order_by(runs.c.seq))


def counts() -> Statement[dict[str, int]]:
    """Return how many runs there are in each state."""
    query = sa.select(runs.c.status, sa.func.count()).group_by(runs.c.status)

    def statement(connection: sa.Connection) -> dict[str, int]:
        return {status: count for status, count in connection.execute(query)}

    return statement


def _first(query: sa.Select[Any]) -> Statement[Row | None]:
    def statement(connection: sa.Connection) -> Row | None:
        first = connection.execute(query).first()
        return None if first is None else Row(**first._mapping)

    return statement


def _all(query: sa.Select[Any]) -> Statement[list[Row]]:
    def statement(connection: sa.Connection) -> list[Row]:
        return [Row(**each._mapping) for each in connection.execute(query)]

    return statement
