"""The process that serves: who may reach it, and how it starts and stops."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable, Sequence

import uvicorn

from api.http.app import Opened, create_app, open_data
from api.http.guard import LOOPBACK, is_loopback
from api.service.security.keys import all_keys
from api.service.settings import ServiceSettings
from gates.findings import ConfigError, Finding

CLOSING_S = 2
"""How long open connections are waited for when the server is told to stop [s]."""


def serve(
    settings: ServiceSettings,
    host: str,
    port: int,
    *,
    hosts: Sequence[str] = (),
    origins: Sequence[str] = (),
    ready: Callable[[str], object],
) -> None:
    """Serve until told to stop.

    Parameters
    ----------
    hosts
        Names under which others reach it, such as that of a proxy.
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
        gc.freeze()  # what was loaded stays: to look it through for cycles would hold up all requests for 50 ms
        ready(address)

    try:
        made_server(settings, opened, host, port, hosts=hosts, origins=origins, ready=started).run()
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
    ready: Callable[[str], object],
) -> uvicorn.Server:
    """Return a server on opened data; its `run` serves.

    Raises
    ------
    ConfigError
        If others could reach it, and it has no key.
    """
    refuse_strangers(opened, host, hosts)
    names = {*LOOPBACK, *hosts} if is_loopback(host) else {*hosts, *LOOPBACK, *_itself(host)}
    app = create_app(settings, opened, hosts=sorted(names), origins=origins)
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="uvloop",
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


def refuse_strangers(opened: Opened, host: str, hosts: Sequence[str]) -> None:
    """Refuse to be reached by others without a key.

    Raises
    ------
    ConfigError
        If it would be.
    """
    if (is_loopback(host) and not hosts) or opened.stored.at_once(all_keys()):
        return
    path, value = ("--host", host) if not is_loopback(host) else ("--allow-host", hosts[0])
    remedy = "Make a key first: bordergate keys add NAME --scope run, with the same --data and --database."
    raise ConfigError([Finding(path, value, "others could reach the server, and it has no access key", remedy)])


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
