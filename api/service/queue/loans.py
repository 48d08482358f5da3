"""Workers that lead a study have no processes of their own: they borrow the server's, piece by piece.

The two ends of the pipe between the server and such a worker: what it asks for, and what it is given.
"""

from __future__ import annotations

import contextlib
import itertools
import pickle
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from multiprocessing.connection import Connection
from typing import Any, NamedTuple, ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


class Asked(NamedTuple):
    """A piece of work that a worker wants to have done."""

    number: int
    content: bytes
    """The function and its arguments, pickled; the server passes them on unread."""


class Given(NamedTuple):
    """What came of it."""

    number: int
    is_done: bool
    answer: Any
    """The answer as bytes, or an error."""


def done(content: bytes) -> bytes:
    """Do what was asked for; called in a process that simulates."""
    function, arguments, named = pickle.loads(content)
    return pickle.dumps(function(*arguments, **named), pickle.HIGHEST_PROTOCOL)


class Borrowed(Executor):
    """In a worker: the processes of its server, as an executor. It also receives the worker's own jobs.

    Parameters
    ----------
    pipe
        To the server; from now on nothing else may read it.
    """

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._sending = threading.Lock()
        self._numbers = itertools.count()
        self._waiting: dict[int, Future[Any]] = {}
        self._jobs: queue.SimpleQueue[Any] = queue.SimpleQueue()
        threading.Thread(target=self._receive, daemon=True).start()

    def submit(
        self, task: Callable[Arguments, Answer], /, *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Future[Answer]:
        """Ask the server to have a task done; it decides when."""
        future: Future[Answer] = Future()
        number = next(self._numbers)
        self._waiting[number] = future
        self.send(Asked(number, pickle.dumps((task, args, kwargs), pickle.HIGHEST_PROTOCOL)))
        return future

    def send(self, message: Any) -> None:
        """Send a message to the server, one at a time."""
        with self._sending:
            self._pipe.send(message)

    def next_job(self) -> Any:
        """Wait for the next job of this worker.

        Raises
        ------
        EOFError
            If the server has gone.
        """
        job = self._jobs.get()
        if job is None:
            raise EOFError
        return job

    def _receive(self) -> None:
        with contextlib.suppress(EOFError, OSError):
            while True:
                message = self._pipe.recv()
                if not isinstance(message, Given):
                    self._jobs.put(message)
                elif (future := self._waiting.pop(message.number, None)) is not None:
                    if message.is_done:
                        future.set_result(pickle.loads(message.answer))
                    else:
                        future.set_exception(message.answer)
        self._jobs.put(None)


_here: list[Borrowed] = []


def begin(pipe: Connection) -> Borrowed:
    """Let this process borrow from its server, by `borrowed`."""
    _here[:] = [Borrowed(pipe)]
    return _here[0]


def borrowed() -> Executor:
    """Return the server's processes as an executor.

    Raises
    ------
    RuntimeError
        If this process is not a worker that may borrow.
    """
    if not _here:
        raise RuntimeError("this process has no server to borrow from")
    return _here[0]
