"""What is there for a gate alone, and not for a border."""

from __future__ import annotations

from gates.findings import ConfigError, Finding
from gates.schema.borders.composed import ComposedGate
from gates.schema.gate import Gate


def refuse_border(gate: Gate, path: str, problem: str) -> None:
    """Raise where a border is given to what is for a gate alone.

    Parameters
    ----------
    path, problem
        What was asked for, and why a border cannot have it.

    Raises
    ------
    ConfigError
        If it is a border.
    """
    if isinstance(gate, ComposedGate):
        names = ", ".join(member.found.name for member in gate.border.gates.values())
        raise ConfigError([Finding(path, gate.name, problem, f"Name one of its gates: {names}.")])
