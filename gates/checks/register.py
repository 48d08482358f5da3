"""What the checks of a gate share: their register and the shape of a finding.

A check is a function that yields findings, registered under its name; none stops at its first.
`gates.checks.check` runs them all.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from gates.findings import Finding, Place, nearest, path_text, suggestion, value_text
from gates.schema.gate import Gate
from gates.schema.quantities import share_text

Findings = Iterator[Finding]
_FULL = 1e-9


@dataclasses.dataclass(frozen=True)
class Rule:
    """A registered check."""

    run: Callable[[Gate], Findings]
    complete: tuple[str, ...]
    """Places that must be without mistakes, or the check would report a repair: `flows.*.class`, `paths.**`."""


RULES: dict[str, Rule] = {}


def rule(*complete: str) -> Callable[[Callable[[Gate], Findings]], Callable[[Gate], Findings]]:
    """Register a check that needs the places `complete` to be sound."""

    def register(run: Callable[[Gate], Findings]) -> Callable[[Gate], Findings]:
        RULES[run.__name__] = Rule(run, complete)
        return run

    return register


def finding(place: Place, value: object, problem: str, remedy: str) -> Finding:
    """A finding at `place`."""
    return Finding(path_text(place), value_text(value) if value != "" else "", problem, remedy)


def unknown(place: Place, name: object, kind: str, known: Mapping[str, object] | Sequence[str]) -> Finding:
    """The finding that `name` is not one of `known`."""
    return finding(place, name, f"no such {kind}", suggestion(known, name))


def unused(known: Mapping[str, object], used: Iterable[str | None]) -> list[str]:
    """The names that nothing uses, except those that a name with a typo was meant to be."""
    words = [word for word in used if word is not None]
    meant = {nearest(word, known) for word in words if word not in known}
    return [name for name in known if name not in words and name not in meant]


def shares_not_full(place: Place, shares: Mapping[str, float]) -> Findings:
    """The finding that shares do not add to 100 %, if they do not."""
    total = math.fsum(shares.values())
    if abs(total - 1.0) > _FULL:
        value = share_text(round(total, 6))
        yield finding(place, value, "the shares do not add to 100 %", f"Change them by {_difference(total)}.")


def _difference(total: float) -> str:
    return f"{(1.0 - total) * 100:+.4g} %"
