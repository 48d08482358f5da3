"""Access keys: random, shown once, stored as their hash."""

from __future__ import annotations

import hashlib
import re
import secrets
import time

from api.service.store import StoredKey

PREFIX = "bg_"
SCOPES = ("read", "run", "admin")
"""Each allows what those before it do: see; submit, and cancel and delete one's own; cancel and delete any."""
NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")


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
