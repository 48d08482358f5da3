"""Access keys: random, shown once, stored as their hash."""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from api.service.security.access import Access
from api.service.store import Statement
from api.service.store.tables import keys

PREFIX = "bg_"
NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
"""Of keys and of projects."""


@dataclass(frozen=True)
class AccessKey:
    """An access key, without the key. While it is rotated, two have the same name."""

    sha256: str
    name: str
    scope: str
    projects: tuple[str, ...]
    created: float
    """Seconds since 1970, like all times here."""
    expires: float | None = None
    last_used: float | None = None
    weight: float = 1.0
    quota: int | None = None

    def is_valid(self, now: float) -> bool:
        """Tell whether it has not expired."""
        return self.expires is None or now < self.expires

    @property
    def access(self) -> Access:
        """What it allows."""
        return Access(self.name, self.scope, self.projects, self.weight, self.quota)


def new_key(
    name: str,
    scope: str,
    projects: Sequence[str] = (),
    expires: float | None = None,
    *,
    weight: float = 1.0,
    quota: int | None = None,
) -> tuple[str, AccessKey]:
    """Return a key of 256 random bits, and what is stored of it."""
    secret = PREFIX + secrets.token_urlsafe(32)
    key = AccessKey(hashed(secret), name, scope, tuple(projects), time.time(), expires, weight=weight, quota=quota)
    return secret, key


def hashed(secret: str) -> str:
    """Return the SHA-256 of a key. It has so much randomness that a slow hash would add nothing."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def all_keys() -> Statement[list[AccessKey]]:
    """Return all access keys, by name and age."""
    query = sa.select(keys).order_by(keys.c.name, keys.c.created)

    def statement(connection: sa.Connection) -> list[AccessKey]:
        listed = (dict(each._mapping) for each in connection.execute(query))
        return [AccessKey(**{**values, "projects": tuple(values["projects"].split())}) for values in listed]

    return statement


def add(key: AccessKey) -> Statement[None]:
    """Store an access key."""

    def statement(connection: sa.Connection) -> None:
        connection.execute(keys.insert().values(_values(vars(key))))

    return statement


def rotate(new: AccessKey, ends: float) -> Statement[None]:
    """Store a new key in place of those of its name, which still work until `ends`."""
    older = keys.update().where(keys.c.name == new.name, _valid(keys, ends)).values(expires=ends)

    def statement(connection: sa.Connection) -> None:
        connection.execute(keys.delete().where(keys.c.name == new.name, ~_valid(keys, new.created)))
        connection.execute(older)
        add(new)(connection)

    return statement


def change(name: str, values: Mapping[str, Any]) -> Statement[None]:
    """Change all keys of a name."""

    def statement(connection: sa.Connection) -> None:
        connection.execute(keys.update().where(keys.c.name == name).values(_values(values)))

    return statement


def remove(name: str, *, even_the_last: bool) -> Statement[bool]:
    """Remove all keys of a name, the last that works only if `even_the_last`. Tell whether any was removed."""
    now, other = time.time(), keys.alias()
    query = keys.delete().where(keys.c.name == name)
    if not even_the_last:
        another_works = sa.exists().where(other.c.name != name, _valid(other, now))
        this_works = sa.exists().where(other.c.name == name, _valid(other, now))
        query = query.where(another_works | ~this_works)

    def statement(connection: sa.Connection) -> bool:
        return bool(connection.execute(query).rowcount)

    return statement


def note_use(sha256: str, moment: float) -> Statement[None]:
    """Store when a key was last used."""

    def statement(connection: sa.Connection) -> None:
        connection.execute(keys.update().where(keys.c.sha256 == sha256).values(last_used=moment))

    return statement


def _valid(table: sa.FromClause, moment: float) -> sa.ColumnElement[bool]:
    return table.c.expires.is_(None) | (table.c.expires > moment)


def _values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as they are stored: projects in one text."""
    stored = dict(values)
    if "projects" in stored:
        stored["projects"] = " ".join(stored["projects"])
    return stored
