"""Checks before a route: host, key, website, size and media type of the body.

Plain ASGI for speed: it runs for every request.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.problems import Problem
from api.service.security.access import EVERYBODY, LOCAL, Access
from api.service.security.identity import Identity, IdentityRefused
from api.service.security.keyring import KeyRefused, Keyring
from api.service.store import StoreUnavailable

refusals = logging.getLogger("bordergate.refused")

OPEN_PATHS = ("/health", "/docs", "/openapi.json", "/assets/", "/favicon.")
"""Need no key: they say nothing about any run."""
PROBES = ("/health", "/ready")
"""May be asked by address and without a key, by what watches many servers; then they say yes or no."""
PAGE = re.compile(r"/(new|compare|studies(/[^/]+)?|runs(/[^/]+(/replay)?)?|gates/[^/]+)?")
"""Addresses of the page, which is the same for everybody; what it shows needs a key."""
SESSION = "/api/v1/session"
"""Every key may sign in and out there."""
PEER = "peer"
"""In the state of a request: the address that the connection comes from, whatever its headers say."""
COOKIE = "bordergate-key"
"""Holds the key of a page that signed in; scripts cannot read it, and other websites cannot send it."""
BODY_S = 30.0
"""The longest that a body may take to arrive [s]."""
LOOPBACK = ("localhost", "127.0.0.1", "::1")
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


@dataclass(frozen=True)
class Door:
    """Which requests are accepted."""

    hosts: frozenset[str]
    """Names under which the server may be reached."""
    origins: frozenset[str]
    """Other websites whose pages may send requests; `*` for all."""
    body_bytes: int
    keyring: Keyring | None
    """The accepted keys; none if the server was started to serve this machine without keys."""
    identity: Identity | None = None
    """Which proxy says who it is, beside keys."""
    read_only: bool = False
    """Whether it shows a result that is there, and takes nothing."""


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach an address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_address(host: str) -> bool:
    """Tell whether a host is named by its address, which no other website can make its own."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def host_name(header: str) -> str:
    """Return the name in a Host header, without its port."""
    if header.startswith("["):
        return header[1 : header.find("]")].lower() if "]" in header else ""
    return header.partition(":")[0].lower()


def sent_key(headers: Mapping[bytes, bytes]) -> str:
    """Return the key that a request sends: in `Authorization`, or in the cookie of a page that signed in."""
    if (sent := headers.get(b"authorization")) is not None:
        scheme, _, secret = sent.decode("latin-1").partition(" ")
        return secret.strip() if scheme.lower() == "bearer" else ""
    for part in headers.get(b"cookie", b"").decode("latin-1").split(";"):
        name, _, value = part.strip().partition("=")
        if name == COOKIE:
            return value
    return ""


class Peer:
    """Keeps the address that a connection comes from, before a proxy's headers take its place."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] == "http":
            scope.setdefault("state", {})[PEER] = (scope.get("client") or ("",))[0]
        await self._app(scope, receive, send)


class Guard:
    """Refuses what must not reach a route, and adds the headers of every answer."""

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self._app, self._door = app, door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer with a problem."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                named = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *((n, v) for n, v in HEADERS if n not in named)]
            await send(message)

        try:
            body = await self._checked(scope, receive)
        except Problem as problem:
            if problem.status in (400, 401, 403):
                _log(scope, problem)
            await problem.response()(scope, receive, send_with_headers)
            return
        await self._app(scope, body, send_with_headers)

    async def _checked(self, scope: Scope, receive: Receive) -> Receive:
        headers: dict[bytes, bytes] = dict(scope["headers"])
        host = host_name(headers.get(b"host", b"").decode("latin-1"))
        if sum(name == b"host" for name, _ in scope["headers"]) > 1:
            raise Problem("bad-host", "The request names its host twice.")
        if host not in self._door.hosts and not (scope["path"] in PROBES and is_address(host)):
            raise Problem("bad-host", "This server has another name. Start it with --allow-host NAME to add one.")
        scope.setdefault("state", {})
        scope["state"]["access"] = access = await self._access(scope, headers)
        if scope["method"] in ("GET", "HEAD", "OPTIONS"):
            return receive
        if self._door.read_only:
            raise Problem("forbidden", "This server shows one result folder and runs nothing. Use bordergate serve.")
        if not access.allows("run") and scope["path"] != SESSION:
            raise Problem("forbidden", "This key may only read.", reason=f"key {access.owner} may only read")
        if not self._is_of_a_known_page(headers):
            raise Problem("cross-site", "Send the request from a page of this server, or from outside a browser.")
        return await self._body(scope, headers, receive)

    def _is_of_a_known_page(self, headers: dict[bytes, bytes]) -> bool:
        """Tell whether a request comes from no page, from one of this server, or from one that may send."""
        if headers.get(b"sec-fetch-site", b"none") in (b"none", b"same-origin"):
            return True
        origin = headers.get(b"origin", b"").decode("latin-1")
        return bool(origin) and not self._door.origins.isdisjoint({origin, "*"})

    async def _access(self, scope: Scope, headers: dict[bytes, bytes]) -> Access:
        """Return what a request may do."""
        if self._door.read_only:
            return EVERYBODY
        if self._door.keyring is None:
            return LOCAL
        if scope["path"].startswith(OPEN_PATHS) or PAGE.fullmatch(scope["path"]):
            return EVERYBODY
        if scope["path"] in PROBES and not sent_key(headers):
            return EVERYBODY
        try:
            if self._door.identity is not None and not sent_key(headers):
                person = self._door.identity.access(scope["state"].get(PEER, ""), headers)
                if person is not None:
                    return person
            return await self._door.keyring.access(sent_key(headers))
        except IdentityRefused as refused:
            raise Problem("no-key", "The proxy gives a name that cannot be used.", reason=str(refused)) from None
        except KeyRefused as refused:
            challenge = {"WWW-Authenticate": 'Bearer realm="bordergate"'}
            raise Problem("no-key", refused.remedy, headers=challenge, reason=str(refused)) from None
        except StoreUnavailable:
            raise Problem("unavailable", "The database cannot be reached. Try again later.") from None

    async def _body(self, scope: Scope, headers: dict[bytes, bytes], receive: Receive) -> Receive:
        """Read the body, so that its size is known before anything is done with it."""
        most = self._door.body_bytes
        said = headers.get(b"content-length", b"0")
        if not said.isdigit() or len(said) > 12 or int(said) > most:
            raise Problem("body-too-large", f"The body may have at most {most:,} bytes.")
        if headers.get(b"content-encoding", b"identity").strip().lower() != b"identity":
            detail = "Send the body as it is, without a Content-Encoding."
            raise Problem("encoded", detail, headers={"Accept-Encoding": "identity"})
        parts, size, more = [], 0, True
        try:
            async with asyncio.timeout(BODY_S):
                while more:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return receive
                    parts.append(message.get("body", b""))
                    size += len(parts[-1])
                    if size > most:
                        raise Problem("body-too-large", f"The body may have at most {most:,} bytes.")
                    more = message.get("more_body", False)
        except TimeoutError:
            detail = f"The body did not arrive within {BODY_S:.0f} s."
            raise Problem("too-slow", detail, headers={"Connection": "close"}) from None
        kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        if size and kind != b"application/json":
            raise Problem("not-json", "Send the body as JSON, with `Content-Type: application/json`.")
        return _again(b"".join(parts), receive)


def _log(scope: Scope, problem: Problem) -> None:
    """Note a request that was refused; a line cannot be forged, and no key is in it."""
    address = (scope.get("client") or ("unknown",))[0]
    path = ascii(scope["path"][:100])[1:-1]
    why = problem.reason or problem.kind
    refusals.warning("refused: %d %s %s from %s: %s", problem.status, scope["method"], path, address, why)


def _again(body: bytes, receive: Receive) -> Receive:
    """Return a receiver that first gives a body that was read already."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
