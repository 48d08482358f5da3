"""Processes that compute for the server: they can be stopped at once, and none outlives it."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import signal
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

from api.service.queue import loans
from api.service.queue.loans import Asked, Given
from experiments.operating_system import keep_freed_memory, limit_memory, process_starter, yield_to_others
from experiments.runs.executors import SIMULATE

Answer = TypeVar("Answer")

NICE = 10
"""Simulations yield to the server: the same machine answers half as many requests again (measured)."""
START_S = 120.0
"""The longest that a process may take until it can be given work [s]; a busy machine needs a few."""


class WorkerDied(Exception):
    """A worker ended in the middle of its work: killed, or crashed."""


class WorkerTooSlow(Exception):
    """A worker did not finish in its time, and was stopped."""


@dataclass(frozen=True)
class Kind:
    """What all processes of a pool are like."""

    memory_mb: int
    nice: int = 0
    prepare: Callable[[], object] | None = None
    """Called once in each, before its first job."""
    borrows: bool = False
    """Whether jobs may ask the server to have work done by others (`loans.borrowed`)."""


Lend = Callable[[Asked, Callable[[Given], None]], None]
"""Takes what a worker asks for, and how to give it the answer; called in another thread."""


class Worker:
    """One process that does one job at a time; started when first needed.

    The pipe to it is all that is shared, and this side keeps only its own end: however the process dies, the
    caller learns it at once. Methods block, except `stop`; a thread calls them.
    """

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._is_stopped = False
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None

    def start(self) -> None:
        """Wait until the process can be given a job.

        Raises
        ------
        WorkerDied
            If it could not begin.
        """
        if self._is_stopped:
            raise WorkerDied("a worker was stopped before it began")
        try:
            starter = process_starter(SIMULATE)
            self._pipe, there = starter.Pipe()
            process = starter.Process(target=_serve, args=(there, self._kind), name="worker", daemon=True)
            try:
                process.start()  # the first of all waits for seconds
            finally:
                there.close()
        except OSError as error:
            raise WorkerDied(f"a worker cannot be started: {error.strerror}") from None
        with self._lock:
            self._process = process
            if self._is_stopped:
                process.kill()
        self._answer()

    def call(
        self, function: Callable[..., Any], arguments: tuple[Any, ...], lend: Lend | None = None
    ) -> tuple[bool, Any]:
        """Return whether a job was done, and its answer or its error.

        Raises
        ------
        WorkerDied
            If the process ended before.
        """
        self._send((function, arguments))
        while isinstance(answer := self._answer(), Asked):
            assert lend is not None
            lend(answer, self._send)
        found: tuple[bool, Any] = answer
        return found

    def _send(self, message: Any) -> None:
        assert self._pipe is not None
        with self._sending, contextlib.suppress(OSError):  # it has ended: there will be no answer either
            self._pipe.send(message)

    def _answer(self) -> Any:
        assert self._pipe is not None
        assert self._process is not None
        try:
            return self._pipe.recv()
        except (EOFError, OSError):
            self._process.join()
            raise WorkerDied(f"a worker ended with code {self._process.exitcode}") from None

    def stop(self) -> None:
        """Stop the process at once."""
        with self._lock:
            self._is_stopped = True
        if self._process is not None:
            self._process.kill()

    def join(self) -> None:
        """Wait until the process is gone."""
        if self._process is not None:
            self._process.join()


class Pool:
    """Some workers of one kind, which do one job each at a time."""

    def __init__(self, processes: int, kind: Kind) -> None:
        self.processes = processes
        self._kind = kind
        self._room = asyncio.Semaphore(processes)
        self._free: list[Worker] = []
        self._all: set[Worker] = set()
        # twice as many: a thread whose wait was cancelled needs a moment until its worker has died
        self._threads = ThreadPoolExecutor(2 * processes, thread_name_prefix="waits-for-a-worker")

    async def run(
        self,
        timeout: float,
        function: Callable[..., Answer],
        *arguments: Any,
        lend: Lend | None = None,
        spend: Callable[[float], None] | None = None,
    ) -> Answer:
        """Do `function(*arguments)` in a process; cancelling the wait stops it.

        Parameters
        ----------
        lend
            Takes what the job asks for, in a pool that borrows.
        spend
            Called with how long the process had the job [s]; its own start does not count.

        Raises
        ------
        WorkerDied, WorkerTooSlow, MemoryError
            If it could not be done to the end.
        """
        async with self._room:
            worker = self._free.pop() if self._free else await self._new()
            is_fit, began = False, time.monotonic()
            try:
                is_done, answer = await self._in_time(timeout, worker.call, function, arguments, lend)
                is_fit = is_done or not isinstance(answer, MemoryError)
            finally:
                if spend is not None:
                    spend(time.monotonic() - began)
                if is_fit and worker in self._all:
                    self._free.append(worker)
                else:
                    self._discard(worker)
            if not is_done:
                raise answer
            result: Answer = answer
            return result

    async def _new(self) -> Worker:
        worker = Worker(self._kind)
        self._all.add(worker)
        try:
            await self._in_time(START_S, worker.start)
        except BaseException:
            self._discard(worker)
            raise
        return worker

    async def _in_time(self, seconds: float, function: Callable[..., Answer], *arguments: Any) -> Answer:
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)
        except TimeoutError:
            raise WorkerTooSlow(f"not done after {seconds:.0f} s") from None

    def _discard(self, worker: Worker) -> None:
        self._all.discard(worker)
        worker.stop()

    def stop(self) -> None:
        """Stop all processes, and wait until they are gone."""
        workers, self._free = list(self._all), []
        self._all.clear()
        for worker in workers:
            worker.stop()
        for worker in workers:
            worker.join()
        self._threads.shutdown()


class FairPool:
    """A pool of which nobody gets all processes, so that others find one free.

    Parameters
    ----------
    most
        Processes that one owner may use at once.
    """

    def __init__(self, pool: Pool, most: int) -> None:
        self.pool = pool
        self._most = most
        self._rooms: dict[str, asyncio.Semaphore] = {}
        self._users: Counter[str] = Counter()

    async def run(self, owner: str, timeout: float, function: Callable[..., Answer], *arguments: Any) -> Answer:
        """Do `function(*arguments)` in a process, for an owner.

        Raises
        ------
        WorkerDied, WorkerTooSlow, MemoryError
            If it could not be done to the end.
        """
        room = self._rooms.setdefault(owner, asyncio.Semaphore(self._most))
        self._users[owner] += 1
        try:
            async with room:
                return await self.pool.run(timeout, function, *arguments)
        finally:
            self._users[owner] -= 1
            if not self._users[owner]:
                del self._users[owner], self._rooms[owner]


# In the process of a worker


def _serve(pipe: Connection, kind: Kind) -> None:
    """Do job after job, until the server has gone."""
    _begin(kind)
    borrowed = loans.begin(pipe) if kind.borrows else None
    receive, send = (borrowed.next_job, borrowed.send) if borrowed else (pipe.recv, pipe.send)
    with contextlib.suppress(EOFError, ConnectionError):
        send("ready")
        while True:
            function, arguments = receive()
            send(_done(function, arguments))


def _done(function: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[bool, Any]:
    try:
        return True, function(*arguments)
    except Exception as error:
        error.add_note(f"In a worker:\n{traceback.format_exc()}")
        return False, error


def _begin(kind: Kind) -> None:
    """Prepare a worker: its limits, its rank, its end, and what it will need for every job."""
    threading.Thread(target=_end_with_the_server, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server decides when to stop
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    limit_memory(kind.memory_mb)
    keep_freed_memory()
    os.environ["BORDERGATE_QUIET"] = "1"
    yield_to_others(kind.nice)
    if kind.prepare is not None:
        kind.prepare()


def _end_with_the_server() -> None:
    server = multiprocessing.parent_process()
    if server is not None:
        server.join()
        os._exit(3)
