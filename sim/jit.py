"""Compilation of kernels: cached on disk, and still working where the disk cannot be written."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])
_told = False


# Kernels get arrays and give none back, so Numba need not count references to them. With counting, each step of
# the engine would count the twenty-odd arrays of its structures up and down: measured, seven times slower.
_OPTIONS: dict[str, Any] = {"nogil": True, "_nrt": False}


def kernel(function: Function) -> Function:
    """Compile `function` with Numba on first use, release the lock while it runs, cache it on disk.

    A kernel works on arrays that it is given and makes none. No `fastmath` and no `parallel`: results are the same
    to the bit for any number of workers.
    """
    try:
        return cast(Function, numba.njit(cache=True, **_OPTIONS)(function))
    except RuntimeError as error:  # Numba found no folder that it may write
        if "cannot cache" not in str(error):
            raise
        _tell_once()
        return cast(Function, numba.njit(**_OPTIONS)(function))


def step(function: Function) -> Function:
    """Compile `function` as a part of the kernels that call it."""
    return cast(Function, numba.njit(forceinline=True, **_OPTIONS)(function))


def cache_is_warm() -> bool:
    """Tell whether the engine was compiled before, so that a first use can announce the wait."""
    from sim import compiled

    cache = getattr(compiled.run, "_cache", None)
    index = getattr(cache, "_cache_file", None)  # none where nothing can be kept
    if index is None:
        return False
    return bool(index._load_index())  # empty if the code is newer than what was kept


def _tell_once() -> None:
    global _told
    if not _told and "BORDERGATE_QUIET" not in os.environ:
        print(
            "bordergate: no folder for compiled code can be written, so it is compiled again at each start. "
            "Set NUMBA_CACHE_DIR to a folder that can be written.",
            file=sys.stderr,
        )
    _told = True
