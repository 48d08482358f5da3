"""How answers travel: HEAD for all that GET gives, and compression of what is text.

Plain ASGI for speed. An event stream and a table that is written as it is read are passed on as they come.
"""

from __future__ import annotations

import asyncio
import zlib

import brotli
from starlette.types import ASGIApp, Message, Receive, Scope, Send

TEXT = (b"text/", b"application/json", b"application/problem+json", b"application/vnd.vegalite", b"image/svg+xml")
STREAMS = b"text/event-stream"
SMALLEST, LARGEST = 1_000, 16_000_000
"""Bodies outside these sizes are sent as they are [B]."""
IN_THREAD = 200_000
"""Above that, other requests must not wait for the compressor [B]."""
BROTLI_QUALITY, GZIP_LEVEL = 4, 6
CODINGS = (b"br", b"gzip")
TAGS = (b"if-match", b"if-none-match")
ENDLESS = "/events"


class Transfer:
    """Gives answers the form in which they travel."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its answer back."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["method"] == "HEAD" and not scope["path"].endswith(ENDLESS):
            inner = {**scope, "method": "GET"}
            await self._app(inner, receive, _without_body(scope, inner, send))
            return
        coding = _coding(dict(scope["headers"]).get(b"accept-encoding", b""))
        scope["headers"] = [(name, _as_sent(value) if name in TAGS else value) for name, value in scope["headers"]]
        await self._app(scope, receive, _Compressed(send, coding) if coding else send)


def _without_body(outer: Scope, inner: Scope, send: Send) -> Send:
    """Return a sender that keeps bodies back, as the answer to HEAD has none, and says which route gave it."""

    async def headers_only(message: Message) -> None:
        if "route" in inner:
            outer["route"] = inner["route"]
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        elif message["type"] == "http.response.pathsend":
            message = {"type": "http.response.body", "body": b""}
        await send(message)

    return headers_only


def _coding(accepted: bytes) -> bytes:
    """Return the coding to use, of those that a client accepts."""
    names = {}
    for part in accepted.lower().split(b","):
        name, _, more = part.strip().partition(b";")
        names[name.strip()] = more.replace(b" ", b"") not in (b"q=0", b"q=0.0", b"q=0.00", b"q=0.000")
    return next((coding for coding in CODINGS if names.get(coding)), b"")


class _Compressed:
    """A sender that compresses a body whose length is known, once it is whole."""

    def __init__(self, send: Send, coding: bytes) -> None:
        self._send, self._coding = send, coding
        self._start: Message | None = None
        self._parts: list[bytes] = []

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            if _worth_it(message):
                self._start = message
                return
        elif message["type"] == "http.response.body" and self._start is not None:
            self._parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                await self._whole(self._start)
            return
        await self._send(message)

    async def _whole(self, start: Message) -> None:
        body = b"".join(self._parts)
        if len(body) > IN_THREAD:
            body = await asyncio.to_thread(_packed, body, self._coding)
        else:
            body = _packed(body, self._coding)
        kept = [(name, self._tag(value) if name == b"etag" else value) for name, value in start["headers"]]
        headers = [(name, value) for name, value in kept if name not in (b"content-length", b"accept-ranges")]
        headers += [(b"content-encoding", self._coding), (b"vary", b"Accept-Encoding")]
        headers.append((b"content-length", str(len(body)).encode()))
        await self._send({**start, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})

    def _tag(self, tag: bytes) -> bytes:
        """Return the tag of a body in this coding: other bytes, so another tag (RFC 9110, section 8.8.3.3)."""
        return tag[:-1] + b"+" + self._coding + b'"' if tag.endswith(b'"') else tag


def _worth_it(start: Message) -> bool:
    headers = dict(start["headers"])
    kind = headers.get(b"content-type", b"")
    size = headers.get(b"content-length", b"")
    return (
        start["status"] not in (204, 206, 304)
        and b"content-encoding" not in headers
        and kind.startswith(TEXT)
        and not kind.startswith(STREAMS)
        and size.isdigit()
        and SMALLEST <= int(size) <= LARGEST
    )


def _packed(body: bytes, coding: bytes) -> bytes:
    if coding == b"br":
        packed: bytes = brotli.compress(body, quality=BROTLI_QUALITY)
        return packed
    packer = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, 31)
    return packer.compress(body) + packer.flush()


def _as_sent(tags: bytes) -> bytes:
    """Return entity tags of a request without their codings, as routes know them."""
    for coding in CODINGS:
        tags = tags.replace(b"+" + coding + b'"', b'"')
    return tags
