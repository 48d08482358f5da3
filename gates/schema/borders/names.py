"""Names of things at a border: those of a gate stand behind the name that the gate has there, `fp:kiosk-in`."""

from __future__ import annotations

OF_GATE = ":"
"""Stands between the name of a gate and a name of its own; no name holds it."""


def of_gate(gate: str, name: str) -> str:
    """Return what something of a gate is called at the border."""
    return f"{gate}{OF_GATE}{name}"


def parted(name: str) -> tuple[str | None, str]:
    """Return the gate that a name belongs to, None for that of a gate alone or of the whole border, and the rest."""
    gate, mark, rest = name.partition(OF_GATE)
    return (gate, rest) if mark else (None, name)


def way_of(trade: str) -> str:
    """Return the stage at which trucks of a trade are on their way from another gate."""
    return f"moving-{trade}"[:40].rstrip("-")
