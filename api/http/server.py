"""The process that serves: who may reach it, and how it starts and stops."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.http.app import Opened, create_app, open_data
from api.http.guard import LOOPBACK, is_loopback
from api.service.security.identity import Identity
from api.service.security.keys import AccessKey, all_keys
from api.service.settings import ServiceSettings
from api.service.viewing import viewed
from gates.findings import ConfigError, Finding

HEADERS_S = 20.0
"""The longest that the head of a request may take to arrive [s]."""
IDLE_S = 60
"""How long a connection stays open without a request [s]."""
CLOSING_S = 2
"""How long the server waits for open connections when it stops [s]."""


def serve(
    settings: ServiceSettings,
    host: str,
    port: int,
    *,
    hosts: Sequence[str] = (),
    origins: Sequence[str] = (),
    keys: bool | None = None,
    identity: Identity | None = None,
    ready: Callable[[str], object],
) -> None:
    """Serve until a signal to stop.

    Parameters
    ----------
    hosts
        Names under which others reach it, such as that of a proxy.
    keys
        Whether requests need an access key. If not said: yes if others can reach it, no if it serves this machine.
    identity
        Which proxy says who it is, beside keys.
    ready
        Called with the address once it answers.

    Raises
    ------
    ConfigError
        If it must not or cannot start so.
    """
    opened = open_data(settings)

    def started(address: str) -> None:
        gc.collect()
        gc.freeze()  # what was loaded stays; a search for cycles in it would delay all requests by 50 ms
        ready(address)

    try:
        made_server(
            settings, opened, host, port, hosts=hosts, origins=origins, keys=keys, identity=identity, ready=started
        ).run()
    finally:
        opened.close()


def view(folder: Path, port: int, *, ready: Callable[[str], object]) -> None:
    """Serve one result folder to this machine until a signal to stop, and change nothing.

    Parameters
    ----------
    ready
        Called with the address of its view once it answers.

    Raises
    ------
    ConfigError
        If it is not a result, or is damaged.
    """
    with viewed(folder) as (data, address):
        settings = ServiceSettings(data=data)
        opened = open_data(settings)
        try:
            made_server(
                settings, opened, LOOPBACK[1], port, shows=address, ready=lambda server: ready(server + address)
            ).run()
        finally:
            opened.close()


def made_server(
    settings: ServiceSettings,
    opened: Opened,
    host: str,
    port: int,
    *,
    hosts: Sequence[str] = (),
    origins: Sequence[str] = (),
    keys: bool | None = None,
    identity: Identity | None = None,
    shows: str = "",
    ready: Callable[[str], object],
) -> uvicorn.Server:
    """Return a server on opened data; its `run` serves.

    Raises
    ------
    ConfigError
        If it must not start so.
    """
    known = opened.stored.at_once(all_keys())
    needs_key = asks_for_keys(known, host, hosts, keys, has_proxy=identity is not None)
    names = {*LOOPBACK, *hosts} if is_loopback(host) else {*hosts, *LOOPBACK, *_itself(host)}
    refuse_what_is_no_origin(origins, needs_key=needs_key)
    stopping = asyncio.Event()
    app = create_app(
        settings,
        opened,
        hosts=sorted(names),
        origins=origins,
        keys=needs_key,
        identity=identity,
        stopping=stopping,
        shows=shows,
    )
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="auto",  # uvloop, where there is one
        http=_Protocol,
        ws="none",
        lifespan="on",
        access_log=False,
        proxy_headers=False,  # the application reads them, after it has noted who sends them
        server_header=False,
        log_config=None,
        timeout_keep_alive=IDLE_S,
        limit_concurrency=settings.limits.connections,
        timeout_graceful_shutdown=CLOSING_S,
    )
    return _Announced(config, ready, stopping)


def asks_for_keys(
    known: Sequence[AccessKey], host: str, hosts: Sequence[str], keys: bool | None, *, has_proxy: bool = False
) -> bool:
    """Tell whether requests need an access key. How the server was started decides, never how many keys there are.

    Parameters
    ----------
    known
        The keys at the start.
    keys
        What `--keys` or `--no-keys` say.
    has_proxy
        Whether a proxy says who it is: then keys are asked of all others.

    Raises
    ------
    ConfigError
        If others could reach it without a key, if there is no key that works, or if keys are there and nothing says
        whether to ask for them.
    """
    is_public = bool(hosts) or not is_loopback(host)
    path, value = ("--host", host) if not is_loopback(host) else ("--allow-host", ", ".join(hosts))
    if has_proxy and keys is False:
        remedy = "Leave --no-keys out."
        raise ConfigError(
            [Finding("--identity-header", "", "has no effect without keys, because everyone has access", remedy)]
        )
    if has_proxy:
        return True
    if is_public and keys is False:
        remedy = "Leave --no-keys out, or listen on 127.0.0.1 without --allow-host."
        raise ConfigError([Finding(path, value, "others could reach the server without a key", remedy)])
    if not is_public and not keys:
        if known and keys is None:
            remedy = "Use --keys to require them, or --no-keys to let every user of this machine in without one."
            raise ConfigError(
                [Finding("--keys", "", "there are access keys, but only this machine can reach the server", remedy)]
            )
        return False
    if not any(key.is_valid(time.time()) for key in known):
        problem = "others could reach the server, and it has no access key" if is_public else "there is no access key"
        remedy = "Make one first: bordergate keys add NAME --scope run, with the same --data and --database."
        finding = Finding(path, value, problem, remedy) if is_public else Finding("--keys", "", problem, remedy)
        raise ConfigError([finding])
    return True


def _itself(host: str) -> tuple[str, ...]:
    return () if host in ("0.0.0.0", "::", "") else (host,)


def refuse_what_is_no_origin(origins: Sequence[str], *, needs_key: bool) -> None:
    """Refuse values of `--cors` that are no origin of a website, and all websites on a server without keys.

    Raises
    ------
    ConfigError
        With a finding for each.
    """
    findings = []
    for origin in origins:
        parts = urlsplit(origin)
        if origin == "*" and not needs_key:
            remedy = "Name the websites, or ask for keys: --keys."
            findings.append(Finding("--cors", origin, "every website could send requests without a key", remedy))
        elif origin != "*" and (parts.scheme not in ("http", "https") or f"{parts.scheme}://{parts.netloc}" != origin):
            remedy = "Write scheme, name and port only, such as https://planner.example.org."
            findings.append(Finding("--cors", origin[:60], "is not the origin of a website", remedy))
    if findings:
        raise ConfigError(findings)


class _Protocol(HttpToolsProtocol):
    """A connection that is closed if the head of a request takes too long to arrive."""

    _clock: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait_for_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        self._headers_are_there()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        self._headers_are_there()
        self._wait_for_headers()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._headers_are_there()
        super().on_headers_complete()

    def _wait_for_headers(self) -> None:
        self._clock = self.loop.call_later(HEADERS_S, self.transport.close)

    def _headers_are_there(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None


class _Announced(uvicorn.Server):
    """A server that says when it answers, and that stops without leaving anyone waiting."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[str], object], stopping: asyncio.Event) -> None:
        super().__init__(config)
        self._ready, self._stopping = ready, stopping

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        with super().capture_signals():
            yield
            self._captured_signals.clear()  # raised again, they would end the process before its data is closed

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stopping.set()
        await super().shutdown(sockets)

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        await super().startup(sockets)  # type: ignore[arg-type]
        if self.started and self.servers:
            port = self.servers[0].sockets[0].getsockname()[1]
            shown = f"[{self.config.host}]" if ":" in self.config.host else self.config.host
            self._ready(f"http://{shown}:{port}")
