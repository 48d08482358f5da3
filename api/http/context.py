"""What routes need of the server they run in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request

from api.http.problems import Problem
from api.http.telemetry import Telemetry
from api.service.queue.workers import FairPool, WorkerDied, WorkerTooSlow
from api.service.runs import RunService
from api.service.security.access import Access
from api.service.settings import Limits
from api.service.store import Store

Answer = TypeVar("Answer")
READING_S = 120.0


@dataclass
class Server:
    """A server's parts."""

    runs: RunService
    stored: Store
    reader: FairPool
    limits: Limits
    telemetry: Telemetry
    streams: int = 0
    """Event streams open now."""

    async def read(self, access: Access, function: Callable[..., Answer], *arguments: Any) -> Answer:
        """Read files of a result in a process of its own; `ConfigError` passes through.

        Raises
        ------
        Problem
            If it takes too long or too much.
        """
        try:
            return await self.reader.run(access.owner, READING_S, function, *arguments)
        except (WorkerTooSlow, WorkerDied, MemoryError):
            raise Problem("unavailable", "This took too long or too much memory. Ask for less, or again.") from None


async def server(request: Request) -> Server:
    """Return the server that a request came to."""
    here: Server = request.app.state.server
    return here


Here = Annotated[Server, Depends(server)]


async def access(request: Request) -> Access:
    """Return what the key of a request allows."""
    allowed: Access = request.state.access
    return allowed


Who = Annotated[Access, Depends(access)]
