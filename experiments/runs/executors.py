"""Where replications run: here, in threads or processes of this machine, or on a Dask cluster.

All are a `concurrent.futures.Executor`. Threads start at once, and the engines give up the lock of the interpreter; but
draws and metrics are many short NumPy calls that hold it: measured on the full gate, two threads were 1.3 times as fast
as one, two processes 1.9 times.
"""

from __future__ import annotations

import ipaddress
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar
from urllib.parse import urlsplit

from experiments.operating_system import keep_freed_memory, process_starter, processes, start_no_more
from gates.findings import ConfigError, Finding

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")

SIMULATE = ("experiments.runs.folder", "experiments.runs.replications")
"""Modules that a process needs which simulates."""
DASK_MISSING = "Install it: pip install 'bordergate[cluster]'."


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Inline(Executor):
    """Does each task where it is given, at once."""

    def submit(
        self, task: Callable[Arguments, Answer], /, *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Future[Answer]:
        future: Future[Answer] = Future()
        try:
            future.set_result(task(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


@contextmanager
def threads(workers: int | None = None) -> Iterator[Executor]:
    """Give an executor with threads of this process, one for each core by default; an error drops what waits."""
    pool = ThreadPoolExecutor(workers or cores())
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    else:
        pool.shutdown()


@contextmanager
def local(workers: int | None = None, modules: Sequence[str] = SIMULATE) -> Iterator[Executor]:
    """Give an executor with processes on this machine, one a core if not said, that have some modules loaded.

    An error or an interruption ends them at once; should this process be killed, they end by themselves.
    """
    starter = process_starter(modules)
    pool = ProcessPoolExecutor(processes(workers or cores()), mp_context=starter, initializer=_started)
    try:
        yield pool
    except BaseException:
        running = list((pool._processes or {}).values())
        pool.shutdown(wait=False, cancel_futures=True)
        for process in running:
            process.terminate()
        if modules:
            start_no_more()
        raise
    else:
        pool.shutdown()


def _started() -> None:
    """Prepare a worker: leave Ctrl-C to its parent, and end when the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    keep_freed_memory()
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: Any) -> None:
    parent.join()  # returns when the parent has ended, however it ended
    os._exit(1)


@contextmanager
def dask(address: str) -> Iterator[Executor]:
    """Give an executor that runs on the workers of a Dask cluster.

    Certificates for `tls://` are taken from the configuration of Dask (`distributed.comm.tls`).

    Raises
    ------
    ConfigError
        If the address is not safe, the extra `cluster` is not installed, no scheduler answers, or a worker has other
        versions than this process, whose results could differ.
    """
    refuse_open_address(address)
    try:
        from distributed import Client
    except ModuleNotFoundError:
        raise ConfigError([Finding("--cluster", address, "Dask is not installed", DASK_MISSING)]) from None
    try:
        client = Client(address, timeout="10s")
    except (OSError, ValueError, TypeError) as error:
        remedy = "Check the address, that the scheduler runs, and the certificates."
        problem = f"no scheduler answers: {str(error).splitlines()[0] if str(error) else type(error).__name__}"
        raise ConfigError([Finding("--cluster", address, problem, remedy)]) from None
    with client:
        _refuse_other_versions(client, address)
        yield client.get_executor(pure=False, retries=3)


def refuse_open_address(address: str) -> None:
    """Raise `ConfigError` if work would go over a public network in the clear.

    Whoever reaches a scheduler without TLS can run code on its workers and on this machine. For private
    networks the user decides.
    """
    parts = urlsplit(address if "://" in address else f"tcp://{address}")
    if parts.scheme == "tls":
        return
    remedy = "Use tls:// with certificates, or a scheduler on this machine or in a private network."
    if parts.scheme != "tcp" or not parts.hostname:
        raise ConfigError([Finding("--cluster", address, "not an address", "Write tls://HOST:PORT.")])
    if parts.hostname == "localhost":
        return
    try:
        where = ipaddress.ip_address(parts.hostname)
    except ValueError:
        problem = "a host name without TLS: its owner cannot be verified"
        raise ConfigError([Finding("--cluster", address, problem, remedy)]) from None
    if not where.is_private or where.is_unspecified:
        problem = "a public address without TLS: anyone could run code there"
        raise ConfigError([Finding("--cluster", address, problem, remedy)])


def is_shared_network(address: str) -> bool:
    """Tell whether an allowed address without TLS leaves this machine: worth a warning."""
    parts = urlsplit(address if "://" in address else f"tcp://{address}")
    if parts.scheme == "tls" or parts.hostname == "localhost":
        return False
    return not ipaddress.ip_address(str(parts.hostname)).is_loopback


def _refuse_other_versions(client: Any, address: str) -> None:
    from experiments.runs.provenance import code_digest, versions

    mine = _identity()
    try:
        theirs = client.run(_identity)
    except Exception as error:
        problem = f"a worker cannot run bordergate: {str(error).splitlines()[0]}"
        raise ConfigError([Finding("--cluster", address, problem, "Install the same version there.")]) from None
    if not theirs:
        raise ConfigError([Finding("--cluster", address, "the cluster has no workers", "Start some.")])
    other = [worker for worker, identity in theirs.items() if identity != mine]
    if other:
        problem = f"{other[0]} has other versions than this machine, so its results could differ"
        listed = ", ".join(f"{name} {number}" for name, number in versions().items())
        remedy = f"Install the same there: {listed}, code {code_digest()[:8]}."
        raise ConfigError([Finding("--cluster", address, problem, remedy)])


def _identity() -> tuple[dict[str, str], str]:
    from experiments.runs.provenance import code_digest, versions

    return versions(), code_digest()
