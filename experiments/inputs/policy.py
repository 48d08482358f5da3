"""The code of a policy, as a name and a digest: what a replication under own rules depends on."""

from __future__ import annotations

import functools
import hashlib
import inspect
import textwrap
import types
from collections.abc import Callable, Iterator
from typing import Any

from gates.findings import ConfigError, Finding
from gates.schema.base import Model

FILE = "policy.txt"
"""Where a result folder keeps the source of its policy, to be read."""
_PLAIN = (bool, int, float, str, bytes, type(None))
_DEEPEST = 20


class PolicyCode(Model):
    """Which policy rules a run. The code itself is not kept: who runs again brings it along."""

    name: str
    sha256: str
    """Of the source of the policy, of functions and classes of its module that it uses, and of values it refers to."""
    source: str
    """What is digested, to be read."""

    @property
    def document(self) -> dict[str, str]:
        """What manifests and identities say of it."""
        return {"name": self.name, "sha256": self.sha256}


def policy_code(policy: object) -> PolicyCode:
    """Return the code of a policy.

    Raises
    ------
    ConfigError
        If it is not something to call.
    """
    if not callable(policy):
        remedy = "Give a function that takes the live run: `def policy(live): ...`."
        raise ConfigError([Finding("policy", type(policy).__name__, "cannot be called", remedy)])
    source = "\n".join(_parts(policy, set(), 0))
    name = getattr(policy, "__name__", type(policy).__name__)
    return PolicyCode(name=name, sha256=hashlib.sha256(source.encode()).hexdigest(), source=source)


def _parts(thing: Any, seen: set[int], depth: int) -> Iterator[str]:
    """Yield the source of a function, class or object, then that of what it uses of the same module."""
    if id(thing) in seen or depth > _DEEPEST:
        return
    seen.add(id(thing))
    if isinstance(thing, functools.partial):
        yield f"# partial: {thing.args!r} {sorted(thing.keywords.items())!r}"
        yield from _parts(thing.func, seen, depth + 1)
    elif isinstance(thing, types.MethodType):
        yield from _parts(thing.__self__, seen, depth + 1)
        yield from _parts(thing.__func__, seen, depth + 1)
    elif isinstance(thing, types.FunctionType):
        yield _source(thing)
        for name, value in sorted(_used(thing).items()):
            yield from _value(name, value, thing.__module__, seen, depth)
    elif isinstance(thing, type):
        yield _source(thing)
        for method in vars(thing).values():
            if isinstance(method, types.FunctionType):
                for name, value in sorted(_used(method).items()):
                    yield from _value(name, value, thing.__module__, seen, depth)
    else:  # an object that can be called: its class, and what it holds
        yield from _parts(type(thing), seen, depth + 1)
        for name, value in sorted(getattr(thing, "__dict__", {}).items()):
            yield from _value(name, value, type(thing).__module__, seen, depth)


def _value(name: str, value: Any, module: str, seen: set[int], depth: int) -> Iterator[str]:
    """Yield a plain value, or the source of something that is of the policy's own module."""
    if _is_plain(value):
        yield f"# {name} = {value!r}"
    elif getattr(value, "__module__", None) == module and isinstance(value, types.FunctionType | type):
        yield from _parts(value, seen, depth + 1)


def _is_plain(value: Any) -> bool:
    if isinstance(value, tuple | list):
        return all(map(_is_plain, value))
    if isinstance(value, dict):
        return all(_is_plain(key) and _is_plain(entry) for key, entry in value.items())
    return isinstance(value, _PLAIN)


def _used(function: types.FunctionType) -> dict[str, Any]:
    """Return what a function refers to outside itself: globals, variables of functions around it, defaults."""
    known = dict(zip(function.__code__.co_freevars, _cells(function), strict=True))
    names = set(_names(function.__code__))
    known |= {name: value for name, value in function.__globals__.items() if name in names}
    for number, value in enumerate(function.__defaults__ or ()):
        known[f"default {number}"] = value
    return known | dict(function.__kwdefaults__ or {})


def _cells(function: types.FunctionType) -> Iterator[Any]:
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # not set yet
            yield None


def _names(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            yield from _names(inner)


def _source(thing: Callable[..., Any]) -> str:
    """Return the source of a function or class; what Python compiled of it, where the source is not there."""
    try:
        return textwrap.dedent(inspect.getsource(thing))
    except (OSError, TypeError):
        functions = [thing] if isinstance(thing, types.FunctionType) else vars(thing).values()
        code = [_compiled(each.__code__) for each in functions if isinstance(each, types.FunctionType)]
        return f"# {getattr(thing, '__name__', '')}: source not found; compiled: {code}"


def _compiled(code: types.CodeType) -> str:
    inner = [_compiled(each) if isinstance(each, types.CodeType) else repr(each) for each in code.co_consts]
    return hashlib.sha256(repr((code.co_code.hex(), inner, code.co_names, code.co_varnames)).encode()).hexdigest()
