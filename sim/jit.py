"""Compilation of kernels: cached on disk, and still working where the disk cannot be written."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from numba.extending import typeof_impl

from sim.kept_code import KeptCode, own_cache

Function = TypeVar("Function", bound=Callable[..., Any])


# Kernels get arrays and give none back, so Numba need not count references to them. With counting, each step of
# the engine would count the twenty-odd arrays of its structures up and down: measured, seven times slower.
_OPTIONS: dict[str, Any] = {"nogil": True, "_nrt": False}
_CALLED_BY_KERNELS: dict[str, Any] = {"no_cpython_wrapper": True}
KEPT: dict[str, KeptCode] = {}
"""Name of each kernel that was imported -> its compiled code; empty where nothing is compiled."""
INTERPRETED: bool = vars(numba.config)["DISABLE_JIT"]


def kernel(function: Function) -> Function:
    """Compile `function` with Numba on first use, release the lock while it runs, keep the code (`sim.kept_code`).

    A kernel works on arrays that it is given and makes none. No `fastmath` and no `parallel`: results are the same
    to the bit for any number of workers.
    """
    compiled = numba.njit(**_OPTIONS)(function)
    if not INTERPRETED:
        compiled._cache = KEPT[f"{function.__module__}.{function.__qualname__}"] = KeptCode(
            function, own_cache(function)
        )
    return cast(Function, compiled)


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
