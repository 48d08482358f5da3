"""Webhooks: an address that hears when a run has ended, signed, and called again until it answers.

Requests name an address; the operator says which addresses may be called at all. The signature is that of Standard
Webhooks 1.0 (https://www.standardwebhooks.com), for which there are libraries in most languages. Calls are kept in the
database with the run, so that a server that was killed makes them when it is back. The same call may come twice; its
`webhook-id` stays the same.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import logging
import os
import secrets
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urlsplit

from api.service.store import Row, Store, StoreUnavailable, webhooks
from api.service.store.webhooks import Call
from gates.findings import ConfigError, Finding

if TYPE_CHECKING:
    import httpx

log = logging.getLogger("bordergate")

PAUSES_S = (5.0, 30.0, 120.0, 600.0, 3600.0, 6 * 3600.0, 24 * 3600.0)
"""Waits before a call is tried again; after the last one it is given up [s]."""
ANSWER_S = 10.0
"""Longest wait for the answer to a call [s]."""
AT_ONCE = 20
"""Calls that are made beside each other."""
LOOK_S = 60.0
"""Longest time without looking for calls that are due [s]."""
LONGEST = 1_000
LOOPBACK = ("127.0.0.1", "localhost", "::1")
PREFIX = "whsec_"
Body = Callable[[Row], bytes]
"""Gives what is sent of a run that has ended."""


class Address(NamedTuple):
    """What of an address decides whether it may be called."""

    scheme: str
    host: str
    port: int
    path: tuple[str, ...]


def read_address(written: str, place: str) -> Address:
    """Return an address for calls.

    Raises
    ------
    ConfigError
        If it is not `https://` with a host, or does not lead where it seems to.
    """
    remedy = "Write https://HOST/PATH; http:// only for this machine."
    try:
        parts = urlsplit(written)
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
    except ValueError:
        raise ConfigError([Finding(place, written[:100], "is not an address", remedy)]) from None
    host = (parts.hostname or "").rstrip(".")
    path = tuple(part for part in unquote(parts.path).split("/") if part)
    problem = ""
    if parts.scheme not in ("https", "http") or not host or len(written) > LONGEST:
        problem = "is not an address that can be called"
    elif parts.scheme == "http" and host not in LOOPBACK:
        problem = "would send the results of a run unencrypted"
    elif parts.username is not None or parts.password is not None:
        problem, remedy = "holds a name or a password", "Put a secret into the path, or check the signature."
    elif (
        any(part in (".", "..") or "\\" in part for part in path) or not written.isascii() or not written.isprintable()
    ):
        problem = "does not lead where it seems to"
    if problem:
        raise ConfigError([Finding(place, written[:100], problem, remedy)])
    return Address(parts.scheme, host, port, path)


class Caller:
    """Makes the calls that were asked for, of addresses that may be called."""

    def __init__(self, stored: Store, folder: Path, allowed: Sequence[str] = (), body: Body = lambda row: b"") -> None:
        self._store, self._body = stored, body
        self._allowed = [read_address(each, "--webhook") for each in allowed]
        self._secret = _secret(folder / "webhook-secret") if allowed else b""
        self.wake = asyncio.Event()
        """Set when a run has ended."""

    def check(self, url: str) -> str:
        """Return an address that a request names.

        Raises
        ------
        ConfigError
            If this server may not call it.
        """
        wanted = read_address(url, "notify")
        for each in self._allowed:
            if wanted[:3] == each[:3] and wanted.path[: len(each.path)] == each.path:
                return url
        remedy = "Ask the operator to allow it: bordergate serve --webhook https://HOST/."
        raise ConfigError([Finding("notify", url[:100], "is not an address that this server calls", remedy)])

    async def work(self) -> None:
        """Make calls for as long as the server runs."""
        import httpx

        if not self._allowed:
            return
        async with httpx.AsyncClient(timeout=ANSWER_S, follow_redirects=False) as client:
            while True:
                self.wake.clear()
                try:
                    calls = await self._store.asynchronously(webhooks.next_calls(AT_ONCE))
                    due = [call for call in calls if call.due <= time.time()]
                    await asyncio.gather(*(self._made(client, call) for call in due))
                except StoreUnavailable as error:
                    log.warning("webhooks: %s", error)
                    due, calls = [], []
                if not due:  # else there may be more, and those that failed have another time
                    ahead = min((call.due - time.time() for call in calls), default=LOOK_S)
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self.wake.wait(), max(0.1, min(ahead, LOOK_S)))

    async def _made(self, client: httpx.AsyncClient, call: Call) -> None:
        """Make a call, and note what came of it."""
        import httpx

        body = self._body(call.row)
        headers = signed(self._secret, f"{call.row.id}.{call.seq}", int(time.time()), body)
        try:
            self.check(call.url)  # what may be called may have changed
            async with client.stream("POST", call.url, content=body, headers=headers) as answer:
                problem = "" if answer.is_success else f"answered {answer.status_code}"
        except (httpx.HTTPError, ConfigError) as error:
            problem = str(error) or type(error).__name__
        if not problem or call.attempts >= len(PAUSES_S):
            if problem:
                log.warning("webhook of %s: given up, the last time it %s", call.row.id, problem)
            await self._store.asynchronously(webhooks.done(call))
            return
        log.info("webhook of %s: %s; it is called again", call.row.id, problem)
        await self._store.asynchronously(webhooks.put_off(call, time.time() + PAUSES_S[call.attempts]))


def signed(secret: bytes, name: str, moment: int, body: bytes) -> dict[str, str]:
    """Return the headers of a call: Standard Webhooks 1.0, an HMAC of SHA-256 over id, time and body."""
    digest = hmac.digest(secret, f"{name}.{moment}.".encode() + body, hashlib.sha256)
    return {
        "content-type": "application/json",
        "user-agent": "bordergate",
        "webhook-id": name,
        "webhook-timestamp": str(moment),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def _secret(path: Path) -> bytes:
    """Return the secret that signs calls; the first time it is made, for its owner's eyes only."""
    with contextlib.suppress(FileExistsError):
        made = PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(made + "\n")
    text = path.read_text(encoding="ascii").strip()
    try:
        return base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except ValueError:
        remedy = "Remove it and start again: a new secret is made. Give it to everyone who checks signatures."
        raise ConfigError([Finding("--data", str(path), "is not a secret for webhooks", remedy)]) from None
