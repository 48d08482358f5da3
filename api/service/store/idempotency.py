"""Idempotency keys: which run a request led to that may be sent twice. Each owner has keys of their own."""

from __future__ import annotations

import time
from dataclasses import dataclass

import sqlalchemy as sa

from api.service.store.database import Statement
from api.service.store.tables import idempotency

HELD_S = 24 * 3600.0
"""How long a key holds [s]."""


@dataclass(frozen=True)
class Remembered:
    """The request that came with an idempotency key, and its run."""

    fingerprint: str
    run: str


def remember(owner: str, key: str, fingerprint: str, run: str) -> Statement[None]:
    """Store the run of an idempotency key."""

    def statement(connection: sa.Connection) -> None:
        connection.execute(_old().where(idempotency.c.owner == owner, idempotency.c.key == key))
        values = {"owner": owner, "key": key, "fingerprint": fingerprint, "run": run, "created": time.time()}
        connection.execute(idempotency.insert().values(values))

    return statement


def remembered(owner: str, key: str) -> Statement[Remembered | None]:
    """Return the request that came with an idempotency key."""
    query = sa.select(idempotency.c.fingerprint, idempotency.c.run).where(
        idempotency.c.owner == owner, idempotency.c.key == key, idempotency.c.created >= time.time() - HELD_S
    )

    def statement(connection: sa.Connection) -> Remembered | None:
        known = connection.execute(query).first()
        return None if known is None else Remembered(known.fingerprint, known.run)

    return statement


def forget_old() -> Statement[None]:
    """Forget idempotency keys that no longer hold."""

    def statement(connection: sa.Connection) -> None:
        connection.execute(_old())

    return statement


def forget(run: str) -> Statement[None]:
    """Forget the idempotency keys of a run."""

    def statement(connection: sa.Connection) -> None:
        connection.execute(idempotency.delete().where(idempotency.c.run == run))

    return statement


def _old() -> sa.Delete:
    return idempotency.delete().where(idempotency.c.created < time.time() - HELD_S)
