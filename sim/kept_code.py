"""Where compiled code of kernels is kept, and what it is valid for.

There are two places. `sim/machine_code` holds what `compile_ahead` made for nearly every processor of this architecture
(`processors`): a wheel brings it along, and `bordergate warm` makes it. Numba's own folders hold what was compiled on
first use for the processor of this machine. Both are valid for one content: the text of all files of this package, and
the versions of Python, NumPy, Numba and llvmlite. When files were written does not matter, so an installed, copied or
unpacked package finds the code that was made for it.

Code for other processors, too, is loaded, never compiled, in a process of the user: so Numba's settings stay as they
are, and the user's own kernels are compiled for his own processor.
"""

from __future__ import annotations

import functools
import hashlib
import os
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

from llvmlite import binding
from numba.core.caching import FunctionCache, IndexDataCacheFile
from numba.core.compiler import CompileResult

ANY_PROCESSOR = "generic"
"""Name of a processor that every machine of an architecture can stand for."""
SINCE_2015 = "x86-64-v3"
"""Name of one that nearly every x86 server and laptop built since 2015 can stand for. Measured, the engine takes
three tenths less time with its instructions."""
_NEEDED = {"sse3", "ssse3", "sse4.1", "sse4.2", "popcnt", "cx16", "sahf"}  # level 2
_NEEDED |= {"avx", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe"}  # level 3
"""What it has beyond the first x86 processors of 64 bits, as LLVM calls it (System V ABI, AMD64 supplement, 3.1.1)."""
LIBRARIES = ("numpy", "numba", "llvmlite")
SHIPPED = Path(__file__).resolve().parent / "machine_code"


class _Place:
    """Where `compile_ahead` leaves code, and what is told when a kernel has to be compiled."""

    folder: Path | None = None
    told: Callable[[str], object] | None = None


def compile_into(folder: Path) -> None:
    """Leave code that is compiled from now on, in this process, in a folder."""
    _Place.folder = folder


def tell_of_compiling(told: Callable[[str], object] | None) -> None:
    """Have a function called with the name of each kernel that has to be compiled, before it is."""
    _Place.told = told


@functools.cache
def processors() -> tuple[str, ...]:
    """Return the processors of which this machine can run code, the quickest first; `compile_ahead` is for that one."""
    has = {name for name, there in binding.get_host_cpu_features().items() if there}
    return (SINCE_2015, ANY_PROCESSOR) if has >= _NEEDED else (ANY_PROCESSOR,)


@functools.cache
def content() -> str:
    """Return the SHA-256 of all that compiled code depends on, but the processor."""
    (root,) = map(Path, sys.modules[__name__.partition(".")[0]].__path__)
    whole = hashlib.sha256()
    known = [sys.implementation.cache_tag or "", *(f"{name} {metadata.version(name)}" for name in LIBRARIES)]
    for path in sorted(root.rglob("*.py"), key=lambda path: path.relative_to(root).as_posix()):
        known += [path.relative_to(root).as_posix(), hashlib.sha256(path.read_bytes()).hexdigest()]
    whole.update("\n".join(known).encode())
    return whole.hexdigest()


class KeptCode:
    """The compiled code of one kernel, as Numba asks for it."""

    def __init__(self, kernel: Callable[..., Any], own: FunctionCache | None) -> None:
        self.kernel = kernel
        self._own = own
        """What Numba keeps for this machine; none where no folder can be written."""
        if own is not None:
            own._cache_file._source_stamp = content()
        self._shipped = self._file(SHIPPED)

    def _file(self, folder: Path) -> IndexDataCacheFile:
        name = f"{self.kernel.__module__}.{self.kernel.__qualname__}.{sys.implementation.cache_tag}"
        return IndexDataCacheFile(str(folder), name, content())

    @property
    def is_kept(self) -> bool:
        """Whether some compiled code of the kernel is there and valid."""
        return self.is_shipped or (self._own is not None and bool(_overloads(self._own._cache_file)))

    @property
    def is_shipped(self) -> bool:
        """Whether code of the kernel that this machine can run came with the package, and is valid."""
        return any(processor in processors() for _, _, processor in _overloads(self._shipped))

    @property
    def cache_path(self) -> str | None:
        """Where Numba keeps code for this machine."""
        path: str | None = self._own.cache_path if self._own else None
        return path

    def load_overload(self, signature: Any, context: Any) -> CompileResult | None:
        """Return the compiled code for a signature; none if it is not there, is outdated or cannot be read."""
        context.refresh()
        for read in (self._load_shipped, self._load_own):
            if (found := read(signature, context)) is not None:
                return found
        if _Place.told is not None:
            _Place.told(f"{self.kernel.__module__}.{self.kernel.__qualname__}")
        return None

    def _load_shipped(self, signature: Any, context: Any) -> CompileResult | None:
        try:
            for processor in processors():
                if (kept := self._shipped.load(_key(signature, context.codegen(), processor))) is not None:
                    found: CompileResult = CompileResult._rebuild(context, *kept)
                    return found
        except Exception:  # whatever is wrong with the file: the kernel is compiled instead
            return None
        return None

    def _load_own(self, signature: Any, context: Any) -> CompileResult | None:
        return self._own.load_overload(signature, context) if self._own is not None else None

    def save_overload(self, signature: Any, compiled: CompileResult) -> None:
        """Keep compiled code, if there is a place for it."""
        if _Place.folder is not None:
            _, processor, _ = compiled.codegen.magic_tuple()
            self._file(_Place.folder).save(_key(signature, compiled.codegen, processor), compiled._reduce())
        elif self._own is not None:
            self._own.save_overload(signature, compiled)
        else:
            tell_nothing_is_kept()

    def flush(self) -> None:
        """Forget what Numba keeps for this machine."""
        if self._own is not None:
            self._own.flush()

    def enable(self) -> None:
        """Keep code: it always is."""

    disable = enable


def _overloads(file: IndexDataCacheFile) -> dict[Any, str]:
    """Return the index of kept code; empty if it is outdated or cannot be read."""
    try:
        found: dict[Any, str] = file._load_index()
    except Exception:  # such as a file that is cut off: the code counts as missing
        return {}
    return found


def _key(signature: Any, codegen: Any, processor: str) -> tuple[Any, str, str]:
    """Return the name of compiled code within the index of its kernel."""
    return signature, codegen.magic_tuple()[0], processor


@functools.cache
def tell_nothing_is_kept() -> None:
    """Say once that kernels are compiled at each start."""
    if "BORDERGATE_QUIET" not in os.environ:
        print(
            "bordergate: no folder for compiled code can be written, so it is compiled again at each start. "
            "Set NUMBA_CACHE_DIR to a folder that can be written.",
            file=sys.stderr,
        )


def own_cache(kernel: Callable[..., Any]) -> FunctionCache | None:
    """Return what Numba keeps of a kernel for this machine; none where it finds no folder that it may write."""
    try:
        return FunctionCache(kernel)
    except RuntimeError as error:
        if "cannot cache" not in str(error):
            raise
        return None
