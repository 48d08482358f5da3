"""What the server remembers of runs: one row each, in SQLite or PostgreSQL.

The row is the queue entry, the state and the record of a run in one, so no two of them can disagree after a crash.
One thread talks to the database. What waits for it is committed together: with a slow disk, a hundred submissions
cost one wait for it. A submission is acknowledged only after its commit.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import queue
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa

from gates.findings import ConfigError, Finding

Answer = TypeVar("Answer")
FORMAT = 1
"""Number of the tables' layout."""
SERVER_LOCK = 7_201_640_913
"""Key of PostgreSQL's advisory lock: one server a database."""

UNFINISHED = ("queued", "running")
FINISHED = ("succeeded", "failed", "cancelled")
STATUSES = (*UNFINISHED, *FINISHED)
DELETED = "deleted"

_tables = sa.MetaData()
_meta = sa.Table("bordergate_meta", _tables, sa.Column("format", sa.Integer, nullable=False))
_runs = sa.Table(
    "bordergate_runs",
    _tables,
    sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("id", sa.String(40), nullable=False, unique=True),
    sa.Column("kind", sa.String(10), nullable=False),
    sa.Column("status", sa.String(12), nullable=False, index=True),
    sa.Column("digest", sa.String(64), nullable=False, index=True),
    sa.Column("gate", sa.String(80), nullable=False),
    sa.Column("owner", sa.String(80), nullable=False),
    sa.Column("request", sa.Text, nullable=False),
    sa.Column("predicted", sa.Text, nullable=False),
    sa.Column("done", sa.Integer, nullable=False),
    sa.Column("total", sa.Integer, nullable=False),
    sa.Column("created", sa.Float(53), nullable=False),
    sa.Column("started", sa.Float(53)),
    sa.Column("finished", sa.Float(53)),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("problem", sa.Text),
    sqlite_autoincrement=True,
)
_idempotency = sa.Table(
    "bordergate_idempotency",
    _tables,
    sa.Column("owner", sa.String(80), primary_key=True),
    sa.Column("key", sa.String(255), primary_key=True),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("run", sa.String(40), nullable=False),
    sa.Column("created", sa.Float(53), nullable=False),
)
_keys = sa.Table(
    "bordergate_keys",
    _tables,
    sa.Column("name", sa.String(80), primary_key=True),
    sa.Column("sha256", sa.String(64), nullable=False, unique=True),
    sa.Column("scope", sa.String(10), nullable=False),
    sa.Column("created", sa.Float(53), nullable=False),
)


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
    """Name of the key that asked for it; empty without keys."""
    request: str
    """What was asked, as JSON."""
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


@dataclass(frozen=True)
class Remembered:
    """What an idempotency key stood for."""

    fingerprint: str
    run: str


@dataclass(frozen=True)
class StoredKey:
    """An access key, without the key."""

    name: str
    sha256: str
    scope: str
    created: float


class StoreUnavailable(Exception):
    """The database cannot be written or reached just now; `full` if for want of space."""

    def __init__(self, reason: str, *, full: bool) -> None:
        super().__init__(reason)
        self.full = full


_Job = tuple[Callable[[sa.Connection], Any], "Future[Any]"]


class Store:
    """The tables, behind one thread. Methods ending in nothing wait; those of `asynchronously` do not block."""

    MOST_AT_ONCE = 512

    def __init__(self, url: str) -> None:
        self._engine = _engine(url)
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._guard: sa.Connection | None = None
        self._guard_lost = False
        self._prepare(url)
        self._thread = threading.Thread(target=self._work, name="store", daemon=True)
        self._thread.start()

    def _prepare(self, url: str) -> None:
        shown = sa.make_url(url).render_as_string(hide_password=True)
        try:
            _tables.create_all(self._engine)
            with self._engine.begin() as connection:
                found = connection.scalar(sa.select(_meta.c.format))
                if found is None:
                    connection.execute(_meta.insert().values(format=FORMAT))
        except (sa.exc.SQLAlchemyError, OSError) as error:
            reason = str(getattr(error, "orig", error)).strip().splitlines()[0]
            remedy = "See that the database is there and lets you in, and start again."
            raise ConfigError([Finding("--database", shown, f"cannot be opened: {reason}", remedy)]) from None
        if found is not None and found > FORMAT:
            problem = f"has tables of format {found}, and this version reads up to {FORMAT}"
            raise ConfigError([Finding("--database", shown, problem, "Use a newer version.")])

    def own(self) -> None:
        """Make sure that no other server uses the database; a file is guarded by the lock of its folder.

        Raises
        ------
        ConfigError
            If another server has it.
        """
        if self._engine.dialect.name != "postgresql":
            return
        if self._guard is not None:
            with contextlib.suppress(sa.exc.SQLAlchemyError):
                self._guard.invalidate()  # the lock went with the connection
        guard = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        if not guard.scalar(sa.select(sa.func.pg_try_advisory_lock(SERVER_LOCK))):
            guard.close()
            shown = self._engine.url.render_as_string(hide_password=True)
            remedy = "Stop that server, or give this one a database of its own."
            raise ConfigError([Finding("--database", shown, "is in use by another server", remedy)])
        self._guard, self._guard_lost = guard, False

    def close(self) -> None:
        """Finish what waits, and let go of the database."""
        self._jobs.put(None)
        self._thread.join(timeout=10)
        if self._guard is not None:
            self._guard.close()
        self._engine.dispose()

    # the one thread

    def _work(self) -> None:
        stopping = False
        while not stopping:
            first = self._jobs.get()
            jobs: list[_Job] = []
            for job in (first, *self._waiting()):
                if job is None:
                    stopping = True
                elif job[1].set_running_or_notify_cancel():  # who asked may have gone
                    jobs.append(job)
            if jobs:
                self._commit(jobs)

    def _waiting(self) -> list[_Job | None]:
        found: list[_Job | None] = []
        with contextlib.suppress(queue.Empty):
            while len(found) < self.MOST_AT_ONCE:
                found.append(self._jobs.get_nowait())
        return found

    def _commit(self, jobs: list[_Job]) -> None:
        """Do all jobs in one transaction; if that fails, each in its own, so that none suffers for another."""
        try:
            if self._guard_lost:
                self.own()
            with self._engine.begin() as connection:
                answers = [job(connection) for job, _ in jobs]
        except Exception as error:
            self._guard_lost = self._guard is not None and _unavailable(error)
            if len(jobs) > 1 and not _unavailable(error):
                for job in jobs:
                    self._commit([job])
                return
            for _, future in jobs:
                future.set_exception(_as_unavailable(error))
            return
        for (_, future), answer in zip(jobs, answers, strict=True):
            future.set_result(answer)

    def _ask(self, job: Callable[[sa.Connection], Answer]) -> Future[Answer]:
        future: Future[Answer] = Future()
        self._jobs.put((job, future))
        return future

    async def asynchronously(self, job: Callable[[sa.Connection], Answer]) -> Answer:
        """Do a job in the database's thread.

        Raises
        ------
        StoreUnavailable
            If the database cannot be written or reached; nothing was changed.
        """
        return await asyncio.wrap_future(self._ask(job))

    def at_once(self, job: Callable[[sa.Connection], Answer]) -> Answer:
        """Do a job and wait for it."""
        return self._ask(job).result()


def _engine(url: str) -> sa.Engine:
    try:
        parsed = sa.make_url(url)
        if parsed.get_backend_name() == "sqlite":
            engine = sa.create_engine(parsed, poolclass=sa.pool.StaticPool, connect_args={"check_same_thread": False})
            sa.event.listen(engine, "connect", _durable_sqlite)
            return engine
        if parsed.get_backend_name() == "postgresql":
            return sa.create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True, pool_size=3)
    except (sa.exc.ArgumentError, ValueError):
        pass
    except ImportError:
        remedy = 'Install it with: pip install "bordergate[postgres]"'
        raise ConfigError([Finding("--database", "postgresql://...", "the driver is missing", remedy)]) from None
    remedy = "Write postgresql://user@host/name, or leave the option out for the embedded database."
    raise ConfigError([Finding("--database", url.partition("://")[0][:40], "no database of a known kind", remedy)])


def _durable_sqlite(connection: Any, _: object) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "busy_timeout = 5000", "foreign_keys = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _unavailable(error: Exception) -> bool:
    return isinstance(error, ConfigError | sa.exc.OperationalError | sa.exc.InterfaceError | OSError)


def _as_unavailable(error: Exception) -> Exception:
    if not _unavailable(error):
        return error
    text = str(getattr(error, "orig", error)).strip().partition("\n")[0]
    full = "full" in text or "No space" in text or "disk I/O error" in text
    return StoreUnavailable(text, full=full)


# What is asked of the tables: functions of a connection, for `asynchronously` and `at_once`.


def add_run(
    row: Row, remembered: tuple[str, str] | None = None, *, reuse: bool = False
) -> Callable[[sa.Connection], Row]:
    """Store a new run, and return it with its number; or one with this content that succeeded, if that may be given.

    Parameters
    ----------
    remembered
        The idempotency key and the fingerprint of what it was asked with.
    """
    values = {name: value for name, value in vars(row).items() if name != "seq"}

    def job(connection: sa.Connection) -> Row:
        taken = same(row.digest, row.kind)(connection) if reuse else None
        if taken is None:
            added = connection.execute(_runs.insert(), values)
            (seq,) = added.inserted_primary_key or (0,)
            taken = dataclasses.replace(row, seq=int(seq))
        if remembered is not None:
            remember(row.owner, *remembered, taken.id)(connection)
        return taken

    return job


def remember(owner: str, key: str, fingerprint: str, run: str) -> Callable[[sa.Connection], None]:
    """Store what an idempotency key stands for."""

    def job(connection: sa.Connection) -> None:
        values = {"owner": owner, "key": key, "fingerprint": fingerprint, "run": run, "created": time.time()}
        connection.execute(_idempotency.insert().values(values))

    return job


def remembered(owner: str, key: str) -> Callable[[sa.Connection], Remembered | None]:
    """Return what an idempotency key stood for."""
    query = sa.select(_idempotency.c.fingerprint, _idempotency.c.run).where(
        _idempotency.c.owner == owner, _idempotency.c.key == key
    )

    def job(connection: sa.Connection) -> Remembered | None:
        found = connection.execute(query).first()
        return None if found is None else Remembered(found.fingerprint, found.run)

    return job


def forget_old(seconds: float) -> Callable[[sa.Connection], None]:
    """Forget idempotency keys that are older than that."""

    def job(connection: sa.Connection) -> None:
        connection.execute(_idempotency.delete().where(_idempotency.c.created < time.time() - seconds))

    return job


def change(run: str, values: Mapping[str, Any]) -> Callable[[sa.Connection], None]:
    """Change the row of a run that is not finished; an end is never overwritten."""
    query = _runs.update().where(_runs.c.id == run, _runs.c.status.in_(UNFINISHED)).values(**values)

    def job(connection: sa.Connection) -> None:
        connection.execute(query)

    return job


def count_versions_on(steps: int) -> Callable[[sa.Connection], None]:
    """Leave out some versions of every run that is not finished: a server that died may have told them."""
    query = _runs.update().where(_runs.c.status.in_(UNFINISHED)).values(version=_runs.c.version + steps)

    def job(connection: sa.Connection) -> None:
        connection.execute(query)

    return job


def mark_deleted(run: str) -> Callable[[sa.Connection], None]:
    """Note that the files of a run are to go, before they do."""

    def job(connection: sa.Connection) -> None:
        connection.execute(_runs.update().where(_runs.c.id == run).values(status=DELETED))

    return job


def remove(run: str) -> Callable[[sa.Connection], None]:
    """Remove the row of a run, and what pointed at it."""

    def job(connection: sa.Connection) -> None:
        connection.execute(_idempotency.delete().where(_idempotency.c.run == run))
        connection.execute(_runs.delete().where(_runs.c.id == run))

    return job


def one(run: str) -> Callable[[sa.Connection], Row | None]:
    """Return a run by its id."""

    def job(connection: sa.Connection) -> Row | None:
        found = connection.execute(sa.select(_runs).where(_runs.c.id == run, _runs.c.status != DELETED)).first()
        return None if found is None else Row(**found._mapping)

    return job


def same(digest: str, kind: str) -> Callable[[sa.Connection], Row | None]:
    """Return the first run with this content that succeeded."""
    query = (
        sa.select(_runs)
        .where(_runs.c.digest == digest, _runs.c.kind == kind, _runs.c.status == "succeeded")
        .order_by(_runs.c.seq)
        .limit(1)
    )

    def job(connection: sa.Connection) -> Row | None:
        found = connection.execute(query).first()
        return None if found is None else Row(**found._mapping)

    return job


def page(
    kind: str, limit: int, before: int | None = None, status: str | None = None, gate: str | None = None
) -> Callable[[sa.Connection], list[Row]]:
    """Return runs, the newest first, from the one before number `before`."""
    query = sa.select(_runs).where(_runs.c.kind == kind, _runs.c.status != DELETED)
    if before is not None:
        query = query.where(_runs.c.seq < before)
    if status is not None:
        query = query.where(_runs.c.status == status)
    if gate is not None:
        query = query.where(_runs.c.gate == gate)
    query = query.order_by(_runs.c.seq.desc()).limit(limit)

    def job(connection: sa.Connection) -> list[Row]:
        return [Row(**found._mapping) for found in connection.execute(query)]

    return job


def with_status(*statuses: str) -> Callable[[sa.Connection], list[Row]]:
    """Return all runs in one of these states, in the order of their submission."""
    query = sa.select(_runs).where(_runs.c.status.in_(statuses)).order_by(_runs.c.seq)

    def job(connection: sa.Connection) -> list[Row]:
        return [Row(**found._mapping) for found in connection.execute(query)]

    return job


def counts() -> Callable[[sa.Connection], dict[str, int]]:
    """Return how many runs there are in each state."""
    query = sa.select(_runs.c.status, sa.func.count()).group_by(_runs.c.status)

    def job(connection: sa.Connection) -> dict[str, int]:
        return {status: count for status, count in connection.execute(query)}

    return job


def keys() -> Callable[[sa.Connection], list[StoredKey]]:
    """Return all access keys."""

    def job(connection: sa.Connection) -> list[StoredKey]:
        return [StoredKey(**found._mapping) for found in connection.execute(sa.select(_keys).order_by(_keys.c.name))]

    return job


def add_key(key: StoredKey) -> Callable[[sa.Connection], None]:
    """Store an access key."""

    def job(connection: sa.Connection) -> None:
        connection.execute(_keys.insert().values(dataclasses.asdict(key)))

    return job


def remove_key(name: str) -> Callable[[sa.Connection], bool]:
    """Remove an access key; tell whether there was one."""

    def job(connection: sa.Connection) -> bool:
        return bool(connection.execute(_keys.delete().where(_keys.c.name == name)).rowcount)

    return job
