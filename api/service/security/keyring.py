"""The access keys that a running server accepts."""

from __future__ import annotations

import time

from api.service.security.access import Access
from api.service.security.keys import AccessKey, all_keys, hashed, note_use
from api.service.store import Store, StoreUnavailable

KNOWN_S = 5.0
"""For so long a removed key may still be accepted [s]."""
REREAD_S = 1.0
"""Keys are read again for one that is not known, which may be new, but not more often than this [s]."""
NOTED_S = 60.0
"""The last use of a key is stored once in this time [s]."""


class KeyRefused(Exception):
    """A request without a key that works; the reason is for the log."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.remedy = remedy


class Keyring:
    """Access keys, read again every few seconds."""

    def __init__(self, stored: Store) -> None:
        self._store = stored
        self._keys: dict[str, AccessKey] | None = None
        self._read_at = 0.0
        self._noted: dict[str, float] = {}

    async def access(self, secret: str) -> Access:
        """Return what a key allows.

        Raises
        ------
        KeyRefused
            If it is not a key of this server, or has expired.
        StoreUnavailable
            If the keys have never been read.
        """
        known = await self._read(KNOWN_S)
        remedy = "Send `Authorization: Bearer KEY` with a key of this server."
        if not secret:
            raise KeyRefused("no key", remedy)
        name = hashed(secret)
        key = known.get(name) or (await self._read(REREAD_S)).get(name)
        if key is None:
            raise KeyRefused("unknown key", remedy)
        now = time.time()
        if not key.is_valid(now):
            raise KeyRefused(f"expired key of {key.name}", "This access key has expired. Ask for a new one.")
        self._note(key, now)
        return key.access

    async def _read(self, age: float) -> dict[str, AccessKey]:
        """Return the keys, read at most this long ago [s]."""
        if self._keys is None or time.monotonic() > self._read_at + age:
            self._read_at = time.monotonic()
            try:
                self._keys = {key.sha256: key for key in await self._store.asynchronously(all_keys())}
            except StoreUnavailable:  # the keys read before stay valid: nobody can remove one meanwhile, either
                if self._keys is None:
                    raise
        return self._keys

    def _note(self, key: AccessKey, now: float) -> None:
        if now - self._noted.get(key.sha256, 0.0) > NOTED_S:
            self._noted[key.sha256] = now
            self._store.soon(note_use(key.sha256, now))
