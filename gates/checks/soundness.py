"""Whether a gate has passed all checks: what is read from a file has, what is put together in Python need not."""

from __future__ import annotations

from weakref import WeakValueDictionary

from gates.schema.gate import Gate

_sound: WeakValueDictionary[int, Gate] = WeakValueDictionary()
"""Gates that passed, by identity; each is forgotten with the gate itself."""


def remember_sound(gate: Gate) -> Gate:
    """Note that a gate has passed all checks, and return it."""
    _sound[id(gate)] = gate
    return gate


def is_known_sound(gate: Gate) -> bool:
    """Tell whether this very gate has passed all checks."""
    return _sound.get(id(gate)) is gate
