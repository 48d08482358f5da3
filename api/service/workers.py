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
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
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
    """Some processes that do one job each at a time; started when first needed.

    Each is a pool of its own: what one leaves behind when it is killed, such as a lock that it held, goes with it.
    """

    def __init__(
        self, processes: int, memory_mb: int, nice: int = 0, prepare: Callable[[], object] | None = None
    ) -> None:
        self.processes = processes
        self._begin = (memory_mb, nice, prepare)
        self._room = asyncio.Semaphore(processes)
        self._free: list[ProcessPool] = []
        self._all: set[ProcessPool] = set()

    async def run(self, timeout: float, function: Callable[..., Answer], *arguments: Any) -> Answer:
        """Do `function(*arguments)` in a process; cancelling the wait stops it.

        Raises
        ------
        WorkerDied, WorkerTooSlow, MemoryError
            If it could not be done to the end.
        """
        async with self._room:
            pool = self._free.pop() if self._free else self._new()
            is_fit = False
            try:
                answer: Answer = await asyncio.wrap_future(_given(pool, timeout, function, arguments))
                is_fit = True
            except (ProcessExpired, BrokenProcessPool) as error:
                raise WorkerDied(f"a worker ended with code {getattr(error, 'exitcode', 'unknown')}") from None
            except TimeoutError:
                raise WorkerTooSlow(f"not done after {timeout:.0f} s") from None
            except MemoryError:
                raise
            except Exception:
                is_fit = True  # the job failed, the worker did not
                raise
            finally:
                if is_fit and pool in self._all:
                    self._free.append(pool)
                else:
                    self._discard(pool)
            return answer

    def _new(self) -> ProcessPool:
        context = multiprocessing.get_context("spawn")
        pool = ProcessPool(1, initializer=_begin, initargs=self._begin, context=context)
        self._all.add(pool)
        return pool

    def _discard(self, pool: ProcessPool) -> None:
        self._all.discard(pool)
        threading.Thread(target=_stopped, args=(pool,), daemon=True).start()

    def stop(self) -> None:
        """Stop all processes at once."""
        pools, self._free = list(self._all), []
        self._all.clear()
        for pool in pools:
            _stopped(pool)


def _given(pool: ProcessPool, timeout: float, function: Callable[..., Any], arguments: Any) -> Future[Any]:
    try:
        return pool.schedule(function, args=arguments, timeout=timeout)
    except RuntimeError as error:  # its process ended while it had nothing to do
        raise BrokenProcessPool(str(error)) from None


def _stopped(pool: ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call]
    with suppress(TimeoutError):
        pool.join(timeout=10)


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
