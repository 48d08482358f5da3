"""The process that serves: who may reach it, and how it starts and stops."""

from __future__ import annotations

import gc
import logging
import time
from collections.abc import Callable, Sequence

import uvicorn

from api.http.app import Opened, create_app, open_data
from api.http.guard import LOOPBACK, is_loopback
from api.service.security.keys import AccessKey, all_keys
from api.service.settings import ServiceSettings
from gates.findings import ConfigError, Finding

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
    ready: Callable[[str], object],
) -> None:
    """Serve until a signal to stop.

    Parameters
    ----------
    hosts
        Names under which others reach it, such as that of a proxy.
    keys
        Whether requests need an access key. If not said: yes if others can reach it, no if it serves this machine.
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
        made_server(settings, opened, host, port, hosts=hosts, origins=origins, keys=keys, ready=started).run()
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
    ready: Callable[[str], object],
) -> uvicorn.Server:
    """Return a server on opened data; its `run` serves.

    Raises
    ------
    ConfigError
        If it must not start so.
    """
    needs_key = asks_for_keys(opened.stored.at_once(all_keys()), host, hosts, keys)
    names = {*LOOPBACK, *hosts} if is_loopback(host) else {*hosts, *LOOPBACK, *_itself(host)}
    app = create_app(settings, opened, hosts=sorted(names), origins=origins, keys=needs_key)
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="auto",  # uvloop, where there is one
        http="httptools",
        ws="none",
        lifespan="on",
        access_log=False,
        server_header=False,
        log_config=None,
        timeout_keep_alive=60,
        timeout_graceful_shutdown=CLOSING_S,
    )
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.WARNING)
    return _Announced(config, ready)


def asks_for_keys(known: Sequence[AccessKey], host: str, hosts: Sequence[str], keys: bool | None) -> bool:
    """Tell whether requests need an access key. How the server was started decides, never how many keys there are.

    Parameters
    ----------
    known
        The keys at the start.
    keys
        What `--keys` or `--no-keys` say.

    Raises
    ------
    ConfigError
        If others could reach it without a key, if there is no key that works, or if keys are there and nothing says
        whether to ask for them.
    """
    is_public = bool(hosts) or not is_loopback(host)
    path, value = ("--host", host) if not is_loopback(host) else ("--allow-host", ", ".join(hosts))
    if is_public and keys is False:
        remedy = "Leave --no-keys out, or listen on 127.0.0.1 without --allow-host."
        raise ConfigError([Finding(path, value, "others could reach the server without a key", remedy)])
    if not is_public and not keys:
        if known and keys is None:
            remedy = "Use --keys to ask for them, or --no-keys to let every user of this machine in without."
            raise ConfigError([Finding("--keys", "", "there are access keys, and only this machine is served", remedy)])
        return False
    if not any(key.is_valid(time.time()) for key in known):
        problem = "others could reach the server, and it has no access key" if is_public else "there is no access key"
        remedy = "Make one first: bordergate keys add NAME --scope run, with the same --data and --database."
        finding = Finding(path, value, problem, remedy) if is_public else Finding("--keys", "", problem, remedy)
        raise ConfigError([finding])
    return True


def _itself(host: str) -> tuple[str, ...]:
    return () if host in ("0.0.0.0", "::", "") else (host,)


class _Announced(uvicorn.Server):
    """A server that says when it answers."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[str], object]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        await super().startup(sockets)  # type: ignore[arg-type]
        if self.started and self.servers:
            port = self.servers[0].sockets[0].getsockname()[1]
            shown = f"[{self.config.host}]" if ":" in self.config.host else self.config.host
            self._ready(f"http://{shown}:{port}")
