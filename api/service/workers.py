"""Processes that compute for the server: they can be stopped at once, and none outlives it."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import resource
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from pebble import ProcessExpired, ProcessPool
from pebble.common.types import CONSTS

Answer = TypeVar("Answer")

NICE = 10
"""Simulations give way to the server: the same machine answers half as many questions again (measured)."""
CONSTS.term_timeout = 0.5  # a worker that does not stop when told is killed after so many seconds


class WorkerDied(Exception):
    """A worker ended in the middle of its work: killed, or crashed."""


class WorkerTooSlow(Exception):
    """A worker did not finish in its time, and was stopped."""


class Pool:
    """Some processes that do one job each at a time; started when first needed."""

    def __init__(
        self, processes: int, memory_mb: int, nice: int = 0, prepare: Callable[[], object] | None = None
    ) -> None:
        self.processes = processes
        self._begin = (memory_mb, nice, prepare)
        self._pool: ProcessPool | None = None

    async def run(self, timeout: float, function: Callable[..., Answer], *arguments: Any) -> Answer:
        """Do `function(*arguments)` in a process; cancelling the wait stops it.

        Raises
        ------
        WorkerDied, WorkerTooSlow, MemoryError
            If it could not be done to the end.
        """
        if self._pool is None:
            self._pool = ProcessPool(
                self.processes,
                initializer=_begin,
                initargs=self._begin,
                context=multiprocessing.get_context("spawn"),
            )
        future = self._pool.schedule(function, args=arguments, timeout=timeout)
        try:
            answer: Answer = await asyncio.wrap_future(future)
        except ProcessExpired as error:
            raise WorkerDied(f"a worker ended with code {error.exitcode}") from None
        except TimeoutError:
            raise WorkerTooSlow(f"not done after {timeout:.0f} s") from None
        return answer

    @property
    def is_started(self) -> bool:
        """Whether the processes are there."""
        return self._pool is not None

    def stop(self) -> None:
        """Stop all processes at once."""
        if self._pool is not None:
            self._pool.stop()  # type: ignore[no-untyped-call]
            self._pool.join(timeout=10)
            self._pool = None


def _begin(memory_mb: int, nice: int, prepare: Callable[[], object] | None) -> None:
    """Prepare a worker: its limits, its rank, its end, and what it will need for every job."""
    threading.Thread(target=_end_with_the_server, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server decides when to stop
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # Linux counts what was really asked for; elsewhere only the address space can be limited
    kind = resource.RLIMIT_DATA if sys.platform == "linux" else resource.RLIMIT_AS
    most = memory_mb * 1024 * 1024
    hard = resource.getrlimit(kind)[1]
    resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    os.environ["BORDERGATE_QUIET"] = "1"
    if nice:
        os.nice(nice)
    if prepare is not None:
        prepare()


def _end_with_the_server() -> None:
    server = multiprocessing.parent_process()
    if server is not None:
        server.join()
        os._exit(3)
