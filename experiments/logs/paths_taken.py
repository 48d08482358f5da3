"""Which alternative of each choice a truck took, told from the stages that it visited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gates.schema.gate import Gate
from gates.schema.paths import Choice, Visit, walk


@dataclass(frozen=True)
class _Signs:
    """What tells which alternative of one choice was taken."""

    of_stage: Mapping[str, str]
    """Stage -> the only alternative whose trucks visit it."""
    without: str | None
    """The only alternative that no stage tells; None if there are several or none."""
    after: frozenset[str]
    """Stages that trucks come to only once the choice is behind them."""


class PathsTaken:
    """Tells the alternatives that trucks of a gate took."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._signs: dict[tuple[str, str], dict[str, _Signs]] = {}

    @property
    def choices(self) -> tuple[str, ...]:
        """The names of the choices by shares, in the order of the file; without those of a second load."""
        steps = (placed.step for path in self._gate.paths.values() for placed in walk(path))
        return tuple(dict.fromkeys(step.choose for step in steps if isinstance(step, Choice) and step.rule is None))

    def taken(self, direction: str, vehicle_class: str, stages: Sequence[str]) -> dict[str, str | None]:
        """Return choice -> the alternative that a truck took; None where its stages do not tell.

        Parameters
        ----------
        direction, vehicle_class
            Those of the truck.
        stages
            The stages that it has come to.
        """
        found: dict[str, str | None] = dict.fromkeys(self.choices)
        for name, signs in self._of(direction, vehicle_class).items():
            told = {signs.of_stage[stage] for stage in stages if stage in signs.of_stage}
            if len(told) == 1:
                found[name] = told.pop()
            elif not told and signs.after.intersection(stages):
                found[name] = signs.without
        return found

    def _of(self, direction: str, vehicle_class: str) -> dict[str, _Signs]:
        key = direction, vehicle_class
        if key not in self._signs:
            self._signs[key] = dict(_signs(self._gate, direction, vehicle_class))
        return self._signs[key]


def _signs(gate: Gate, direction: str, vehicle_class: str) -> list[tuple[str, _Signs]]:
    steps = list(walk(gate.paths[direction]))  # type: ignore[index]
    choices = [placed.step for placed in steps if isinstance(placed.step, Choice) and placed.step.rule is None]
    return [(choice.choose, _signs_of(choice, steps, vehicle_class)) for choice in choices]


def _signs_of(choice: Choice, steps: Sequence[object], vehicle_class: str) -> _Signs:
    ways: dict[str, set[str | None]] = {}
    """Stage -> the alternatives whose trucks visit it; None for trucks of all of them."""
    before: set[str] = set()
    after: set[str] = set()
    seen = False
    for placed in steps:
        step = placed.step  # type: ignore[attr-defined]
        seen = seen or step is choice
        if not isinstance(step, Visit) or step.share_of(vehicle_class) == 0:
            continue
        inside = [each.name for each in placed.inside if each.choice is choice]  # type: ignore[attr-defined]
        only = inside or (step.when.get(choice.choose, []) if seen else [])
        ways.setdefault(step.stage, set()).update(only or [None])
        if not seen:
            before.add(step.stage)
        elif not inside:
            after.add(step.stage)
    shares = choice.shares_of(vehicle_class)
    possible = [name for name in choice.shares if shares.get(name, 0) > 0]
    of_stage = {stage: name for stage, names in ways.items() if len(names) == 1 and (name := next(iter(names)))}
    # an alternative is told by a stage that all of its trucks visit
    always = {
        name
        for placed in steps
        for step in [placed.step]  # type: ignore[attr-defined]
        if isinstance(step, Visit) and step.share_of(vehicle_class) == 1 and not step.when
        for name in [each.name for each in placed.inside if each.choice is choice]  # type: ignore[attr-defined]
        if of_stage.get(step.stage) == name
    }
    untold = [name for name in possible if name not in always]
    return _Signs(of_stage, untold[0] if len(untold) == 1 else None, frozenset(after - before))
