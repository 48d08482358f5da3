"""Checks across the fields of a gate: what no single field can know.

An overloaded gate is not a mistake: overload is what the simulation is for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from gates.checks import booking, breakdowns, demand, hours, initial, links, paths, pools, stages
from gates.checks.prices import energy, money, ranges
from gates.checks.register import RULES
from gates.findings import Finding, within
from gates.schema.gate import Gate

__all__ = [
    "RULES",
    "booking",
    "breakdowns",
    "check",
    "demand",
    "energy",
    "hours",
    "initial",
    "links",
    "money",
    "paths",
    "pools",
    "ranges",
    "stages",
]


def check(gate: Gate, *, damaged: Sequence[str] = ()) -> list[Finding]:
    """Every finding of every check.

    Parameters
    ----------
    gate
        A gate that the models accept.
    damaged
        Paths that were repaired before: they get no findings.
    """
    findings: list[Finding] = []
    for rule in RULES.values():
        if not any(_spoils(path, pattern) for path in damaged for pattern in rule.complete):
            findings += rule.run(gate)
    return [finding for finding in findings if not any(within(finding.path, path) for path in damaged)]


def _spoils(path: str, pattern: str) -> bool:
    """Tell whether a repair at `path` touches what `pattern` names; `**` at its end means all inside, too."""
    parts, words = re.split(r"[.\[]", path), pattern.split(".")
    inside = words[-1] == "**"
    words = words[:-1] if inside else words
    return (inside or len(parts) <= len(words)) and all(
        word in (part, "*") for part, word in zip(parts, words, strict=False)
    )
