"""One thread that talks to the database.

Statements that wait are committed together: with a slow disk, a hundred submissions cost one wait. A submission is
acknowledged only after its commit.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeAlias, TypeVar

import sqlalchemy as sa

from api.service.store.tables import FORMAT, prepare
from gates.findings import ConfigError, Finding

Answer = TypeVar("Answer")
Statement: TypeAlias = Callable[[sa.Connection], Answer]
"""Something to do in a transaction."""
SERVER_LOCK = 7_201_640_913
"""Key of PostgreSQL's advisory lock: one server a database."""

_Job = tuple[Statement[Any], "Future[Any]"]


class StoreUnavailable(Exception):
    """The database cannot be written or reached just now; `full` if for lack of space."""

    def __init__(self, reason: str, *, full: bool) -> None:
        super().__init__(reason)
        self.full = full


class Store:
    """The database, behind one thread. `at_once` waits for an answer; `asynchronously` and `soon` do not block."""

    MOST_AT_ONCE = 512

    def __init__(self, url: str) -> None:
        self._engine = _engine(url)
        self._shown = sa.make_url(url).render_as_string(hide_password=True)
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._guard: sa.Connection | None = None
        self._guard_lost = False
        self._prepare()
        self._thread = threading.Thread(target=self._work, name="store", daemon=True)
        self._thread.start()

    def _prepare(self) -> None:
        try:
            layout = prepare(self._engine)
        except (sa.exc.SQLAlchemyError, OSError) as error:
            reason = str(getattr(error, "orig", error)).strip().splitlines()[0]
            remedy = "Check that the database is running and your credentials are valid, and start again."
            raise ConfigError([Finding("--database", self._shown, f"cannot be opened: {reason}", remedy)]) from None
        if layout > FORMAT:
            problem = f"has tables of format {layout}; this version reads formats up to {FORMAT}"
            raise ConfigError([Finding("--database", self._shown, problem, "Use a newer version.")])

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
            remedy = "Stop that server, or give this one a database of its own."
            raise ConfigError([Finding("--database", self._shown, "is in use by another server", remedy)])
        self._guard, self._guard_lost = guard, False

    def close(self) -> None:
        """Finish what waits, and close the database."""
        self._jobs.put(None)
        self._thread.join(timeout=10)
        if self._guard is not None:
            self._guard.close()
        self._engine.dispose()

    async def asynchronously(self, statement: Statement[Answer]) -> Answer:
        """Do something in the database's thread.

        Raises
        ------
        StoreUnavailable
            If the database cannot be written or reached; nothing was changed.
        """
        return await asyncio.wrap_future(self._put(statement))

    def at_once(self, statement: Statement[Answer]) -> Answer:
        """Do something and wait for it."""
        return self._put(statement).result()

    def soon(self, statement: Statement[Any]) -> None:
        """Do something that nobody waits for, and that may fail."""
        self._put(statement)

    def _put(self, statement: Statement[Answer]) -> Future[Answer]:
        future: Future[Answer] = Future()
        self._jobs.put((statement, future))
        return future

    # the one thread

    def _work(self) -> None:
        stopping = False
        while not stopping:
            first = self._jobs.get()
            jobs: list[_Job] = []
            for job in (first, *self._waiting()):
                if job is None:
                    stopping = True
                elif job[1].set_running_or_notify_cancel():  # the caller may have gone
                    jobs.append(job)
            if jobs:
                self._commit(jobs)

    def _waiting(self) -> list[_Job | None]:
        waiting: list[_Job | None] = []
        with contextlib.suppress(queue.Empty):
            while len(waiting) < self.MOST_AT_ONCE:
                waiting.append(self._jobs.get_nowait())
        return waiting

    def _commit(self, jobs: list[_Job]) -> None:
        """Do all jobs in one transaction; if that fails, each in its own, so that one that fails fails alone."""
        try:
            if self._guard_lost:
                self.own()
            with self._engine.begin() as connection:
                answers = [statement(connection) for statement, _ in jobs]
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
    raise ConfigError(
        [Finding("--database", url.partition("://")[0][:40], "is not a database of a known kind", remedy)]
    )


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
