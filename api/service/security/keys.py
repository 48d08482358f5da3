"""Access keys: random, shown once, stored as their hash."""

from __future__ import annotations

import dataclasses
import hashlib
import re
import secrets
import time
from dataclasses import dataclass

import sqlalchemy as sa

from api.service.store import Statement
from api.service.store.tables import keys

PREFIX = "bg_"
SCOPES = ("read", "run", "admin")
"""Each allows what those before it do: see; submit, and cancel and delete one's own; cancel and delete any."""
NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")


@dataclass(frozen=True)
class StoredKey:
    """An access key, without the key."""

    name: str
    sha256: str
    scope: str
    created: float


def new_key(name: str, scope: str) -> tuple[str, StoredKey]:
    """Return a key of 256 random bits, and what is stored of it."""
    secret = PREFIX + secrets.token_urlsafe(32)
    return secret, StoredKey(name, hashed(secret), scope, time.time())


def hashed(secret: str) -> str:
    """Return the SHA-256 of a key. It has so much randomness that a slow hash would add nothing."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def allows(scope: str, needed: str) -> bool:
    """Tell whether a key of a scope may do what needs another."""
    return SCOPES.index(scope) >= SCOPES.index(needed)


def all_keys() -> Statement[list[StoredKey]]:
    """Return all access keys."""

    def statement(connection: sa.Connection) -> list[StoredKey]:
        return [StoredKey(**each._mapping) for each in connection.execute(sa.select(keys).order_by(keys.c.name))]

    return statement


def add_key(key: StoredKey) -> Statement[None]:
    """Store an access key."""

    def statement(connection: sa.Connection) -> None:
        connection.execute(keys.insert().values(dataclasses.asdict(key)))

    return statement


def remove_key(name: str) -> Statement[bool]:
    """Remove an access key; tell whether there was one."""

    def statement(connection: sa.Connection) -> bool:
        return bool(connection.execute(keys.delete().where(keys.c.name == name)).rowcount)

    return statement
