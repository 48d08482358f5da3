"""Compilation of kernels: cached on disk, and still working where the disk cannot be written."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.extending import typeof_impl

Function = TypeVar("Function", bound=Callable[..., Any])
_told = False


# Kernels get arrays and give none back, so Numba need not count references to them. With counting, each step of
# the engine would count the twenty-odd arrays of its structures up and down: measured, seven times slower.
_OPTIONS: dict[str, Any] = {"nogil": True, "_nrt": False}
_CALLED_BY_KERNELS: dict[str, Any] = {"no_cpython_wrapper": True}
INTERPRETED: bool = vars(numba.config)["DISABLE_JIT"]


def kernel(function: Function) -> Function:
    """Compile `function` with Numba on first use, release the lock while it runs, cache it on disk.

    A kernel works on arrays that it is given and makes none. No `fastmath` and no `parallel`: results are the same
    to the bit for any number of workers.
    """
    try:
        compiled = numba.njit(cache=True, **_OPTIONS)(function)
        _outdate_with_all_of_sim(compiled)
        return cast(Function, compiled)
    except RuntimeError as error:  # Numba found no folder that it may write
        if "cannot cache" not in str(error):
            raise
        _tell_once()
        return cast(Function, numba.njit(**_OPTIONS)(function))


def _outdate_with_all_of_sim(compiled: Any) -> None:
    """Let what was kept of a kernel be out of date when any file of this package changes.

    Numba looks at the kernel's own file alone, but steps from other files are compiled into it.
    """
    cache = getattr(compiled, "_cache", None)  # none where nothing is compiled
    cache_file = getattr(cache, "_cache_file", None)
    if cache_file is not None and hasattr(cache_file, "_source_stamp"):
        cache_file._source_stamp = _stamp()


@functools.cache
def _stamp() -> tuple[tuple[str, int, int], ...]:
    """Return place, time of change and size of every source file of the whole package, subpackages included."""
    (root,) = map(Path, sys.modules[__name__.partition(".")[0]].__path__)
    files = sorted((file.relative_to(root).as_posix(), file.stat()) for file in root.rglob("*.py"))
    return tuple((name, status.st_mtime_ns, status.st_size) for name, status in files)


class Step:
    """A part of kernels, compiled where they call it. Called from Python it is the Python function.

    A way in from Python to the compiled part, of which each would have one, takes a quarter of the time to compile.
    """

    def __init__(self, function: Callable[..., Any], **options: Any) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.compiled = numba.njit(**_OPTIONS, **_CALLED_BY_KERNELS, **options)(function)

    def __call__(self, *arguments: Any) -> Any:
        return self.function(*arguments)


@typeof_impl.register(Step)
def _typeof_step(value: Step, _: Any) -> numba.types.Type:
    return numba.types.Dispatcher(value.compiled)


def step(function: Function) -> Function:
    """Compile `function` as a part of the kernels that call it, copied into each."""
    return function if INTERPRETED else cast(Function, Step(function, forceinline=True))


def seldom(function: Function) -> Function:
    """Compile `function` as a part that few events need: called, not copied in, which halves the time to compile."""
    return function if INTERPRETED else cast(Function, Step(function))


def _tell_once() -> None:
    global _told
    if not _told and "BORDERGATE_QUIET" not in os.environ:
        print(
            "bordergate: no folder for compiled code can be written, so it is compiled again at each start. "
            "Set NUMBA_CACHE_DIR to a folder that can be written.",
            file=sys.stderr,
        )
    _told = True
