"""What operating systems do each in their own way.

Everything in this product that is only on Linux and macOS, or only on Windows, is in this file, and imported where it
is used.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext, SpawnContext

WINDOWS = os.name == "nt"
LOCKED_AT = 1 << 30
"""Byte of a file that a lock on Windows takes: no other process can read what is locked, and this nobody reads."""
TRIES, PAUSE_S = 20, 0.1
"""On Windows a file cannot be moved while another process has it open, such as a virus scanner: it is tried again."""
MOST_PROCESSES = 61
"""Windows waits for 63 things at once, of which Python's pool of processes needs two for itself."""
FORKS = sys.platform == "linux" and sys.version_info >= (3, 11, 1)
"""Whether a process that has loaded our modules may be forked: macOS's own libraries do not allow it, and the first
Python 3.11 let any user of the machine ask for it."""
_starting = threading.Lock()
KEPT_MB, LARGEST_MB = 128, 32
"""How much freed memory a process that simulates keeps, and the largest piece of it."""
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_SYNCHRONIZE, _WAIT_TIMEOUT, _ACCESS_DENIED = 0x00100000, 0x102, 5


def is_alive(process: int) -> bool:
    """Tell whether a process of this number runs."""
    if WINDOWS:
        return _is_alive_on_windows(process)
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _is_alive_on_windows(process: int) -> bool:
    """Ask for the process: `os.kill` would end it there."""
    import ctypes

    kernel = ctypes.WinDLL("kernel32", use_last_error=True)  # type: ignore[attr-defined]
    handle = kernel.OpenProcess(_SYNCHRONIZE, False, process)
    if not handle:
        return bool(ctypes.get_last_error() == _ACCESS_DENIED)  # type: ignore[attr-defined]
    try:
        return bool(kernel.WaitForSingleObject(handle, 0) == _WAIT_TIMEOUT)
    finally:
        kernel.CloseHandle(handle)


def sync(path: Path) -> None:
    """Wait until a file's content, or a folder's list of names, is on the disk; Windows writes the latter by itself."""
    if WINDOWS and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDWR if WINDOWS else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def move(source: Path, target: Path) -> None:
    """Move a file or a folder; a file that stands there is replaced.

    Raises
    ------
    OSError
        If it cannot be moved; on Windows also if a program has a file of it open for long.
    """
    for _ in range(TRIES if WINDOWS else 0):
        try:
            source.replace(target)
        except PermissionError:
            time.sleep(PAUSE_S)
        else:
            return
    source.replace(target)


def hold(file: IO[str]) -> None:
    """Lock an open file for this process until it is closed or the process ends, however it ends.

    Raises
    ------
    BlockingIOError
        If another process holds it.
    """
    if WINDOWS:
        import msvcrt

        file.seek(LOCKED_AT)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        except OSError as error:
            raise BlockingIOError(error.errno, error.strerror) from None
        finally:
            file.seek(0)
        return
    import fcntl

    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def process_starter(modules: Sequence[str]) -> SpawnContext | ForkServerContext:
    """Return what starts processes that have these modules loaded.

    Loading them takes seconds. On Linux one process loads them once, does nothing else, and forks all the others: a
    start then takes 0.03 s, and the first one waits until they are loaded. That process lives as long as this one, with
    the modules and the environment variables of the first call. Elsewhere, and without modules, each begins anew.
    """
    if not FORKS or not modules:
        return multiprocessing.get_context("spawn")
    from multiprocessing import forkserver

    context = multiprocessing.get_context("forkserver")
    with _starting, _without_the_folder():
        context.set_forkserver_preload(list(modules))
        forkserver.ensure_running()
    return context


def processes(wanted: int) -> int:
    """Return how many processes one pool can have, of those that are wanted; only Windows has a limit."""
    return min(wanted, MOST_PROCESSES) if WINDOWS else wanted


def start_no_more() -> None:
    """End the process that starts others, which would complain of what this process has taken back meanwhile.

    Those that it has started go on; the next start makes another one.
    """
    if not FORKS:
        return
    from multiprocessing import forkserver

    with _starting:
        pid = getattr(forkserver._forkserver, "_forkserver_pid", None)
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@contextlib.contextmanager
def _without_the_folder() -> Iterator[None]:
    """Let a Python that is started now not look for modules in the folder where it is started.

    The folder may hold another `experiments`; what `sys.path` is here, it learns too late.
    """
    before = os.environ.get("PYTHONSAFEPATH")
    os.environ["PYTHONSAFEPATH"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONSAFEPATH"]
        else:
            os.environ["PYTHONSAFEPATH"] = before


def limit_memory(megabytes: int) -> None:
    """Let this process have no more memory, and leave no image of it when it crashes; Windows has no such limit."""
    if WINDOWS:
        return
    import resource

    # Linux counts the memory really requested; elsewhere only the address space can be limited
    limited = resource.RLIMIT_DATA if sys.platform == "linux" else resource.RLIMIT_AS
    most = megabytes * 1024 * 1024
    hard = resource.getrlimit(limited)[1]
    resource.setrlimit(limited, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def keep_freed_memory() -> bool:
    """Let this process keep memory that it frees for what it needs next; tell whether it does: only Linux has a way.

    Each replication needs as much for its trucks as the one before. By itself the C library gives that back to the
    system and fetches it anew, page by page.
    """
    if sys.platform != "linux":
        return False
    import ctypes

    set_option = getattr(ctypes.CDLL(None), "mallopt", None)  # only the GNU library has it
    options = {_TRIM_THRESHOLD: KEPT_MB, _MMAP_THRESHOLD: LARGEST_MB}
    return set_option is not None and all(set_option(name, mb << 20) == 1 for name, mb in options.items())


def yield_to_others(steps: int) -> None:
    """Let other processes go first, by so many steps of niceness; Windows has none."""
    if steps and not WINDOWS:
        os.nice(steps)


def user_data() -> Path:
    """Return where programs keep a user's data by convention."""
    if WINDOWS:
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
