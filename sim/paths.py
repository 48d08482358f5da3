"""The paths of a gate, flattened: each visit with the conditions under which a truck makes it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from gates.config import Choice, DirectionName, Gate, Mark, Step, Visit


@dataclass(frozen=True)
class Decision:
    """A choice as one class of vehicles meets it."""

    name: str
    alternatives: tuple[str, ...]
    shares: tuple[float, ...]
    when: tuple[tuple[int, frozenset[int]], ...]


@dataclass(frozen=True)
class PathVisit:
    """A visit as one class of vehicles makes it."""

    name: str
    """Its own name on the path, which names its streams of draws: the stage, numbered from its second visit."""
    stage: str
    share: float
    """Share of the trucks that meet the conditions and make the visit."""
    when: tuple[tuple[int, frozenset[int]], ...]
    """(decision, alternatives): all must have fallen so."""
    empty: bool
    needs: tuple[int, ...] = ()
    """Earlier visits, by their places on the path, that the truck must have made: what it makes again."""


SHORTEST_QUEUE, LEAST_WAIT = 1, 2
"""Rules by which trucks choose; 0 stands for none."""
_RULES = {"shortest-queue": SHORTEST_QUEUE, "least-wait": LEAST_WAIT}


@dataclass(frozen=True)
class Fork:
    """A choice that a truck makes when it gets there, between alternatives that lie one after the other."""

    rule: int
    """`SHORTEST_QUEUE` or `LEAST_WAIT`."""
    heads: tuple[int, ...]
    """First visit of each alternative."""
    ends: tuple[int, ...]
    """The visit after the last one of each."""
    open: bool = True
    """Whether the choice is still to be made: trucks that stand in line at the start may have made it."""


@dataclass(frozen=True)
class Path:
    """The path of one class of vehicles: only what its trucks can meet."""

    direction: str
    decisions: tuple[Decision, ...]
    visits: tuple[PathVisit, ...]
    released: int
    """Number of leading visits up to the release from the last control."""
    forks: tuple[Fork, ...] = ()
    begins: int = 0
    """Number of leading visits that lie behind the trucks when they come: those that stand in line at the start."""

    @property
    def turned(self) -> int:
        """Number of leading visits that the truck makes loaded."""
        return sum(not visit.empty for visit in self.visits)

    def expected_visits(self) -> float:
        """Return the mean number of visits of a truck, all alternatives of a rule included."""
        mean = 0.0
        for visit in self.visits[self.begins :]:
            chain = [visit, *(self.visits[n] for n in dict.fromkeys(visit.needs))]
            share = math.prod(each.share for each in chain)
            for number, alternatives in dict.fromkeys(condition for each in chain for condition in each.when):
                share *= sum(self.decisions[number].shares[a] for a in alternatives)
            mean += share
        return mean

    def stages(self, *, empty: bool) -> list[str]:
        """Return the stages that its loaded or empty trucks may visit."""
        return [visit.stage for visit in self.visits if visit.empty == empty]


def paths_by_class(gate: Gate, direction: DirectionName) -> dict[str, Path]:
    """Flatten the path of `direction` for every class that flows there."""
    classes = {flow.vehicle_class for flow in gate.flows.values() if flow.direction == direction}
    steps = gate.paths[direction]
    return {name: _Flattening(name).run(direction, steps) for name in sorted(classes)}


def begin_at(path: Path, stage: str, *, empty: bool) -> Path:
    """Return the path of trucks that stand in line at their first visit of `stage`.

    The choices that lead there have fallen; the others are as open as they were.

    Raises
    ------
    ValueError
        If such trucks never come to the stage.
    """
    begins = next((n for n, v in enumerate(path.visits) if (v.stage, v.empty) == (stage, empty)), None)
    if begins is None:
        raise ValueError(f"no {'empty' if empty else 'loaded'} {path.direction} truck of this class visits {stage}")
    here = path.visits[begins]
    decisions = list(path.decisions)
    for number, alternatives in here.when:
        shares = [s if a in alternatives else 0.0 for a, s in enumerate(decisions[number].shares)]
        if not any(shares):
            raise ValueError(f"no {path.direction} truck of this class is sent to {stage}")
        decisions[number] = replace(decisions[number], shares=tuple(s / sum(shares) for s in shares))
    visits = (*path.visits[:begins], replace(here, share=1.0), *path.visits[begins + 1 :])
    forks = tuple(replace(f, open=not f.heads[0] <= begins < f.ends[-1]) for f in path.forks)
    return replace(path, decisions=tuple(decisions), visits=visits, begins=begins, forks=forks)


class _Flattening:
    """One walk over the steps of a path for one class of vehicles."""

    def __init__(self, vehicle_class: str) -> None:
        self.vehicle_class = vehicle_class
        self.decisions: list[Decision] = []
        self.visits: list[PathVisit] = []
        self.forks: list[Fork] = []
        self.alternative = 0
        """First visit of the alternative of a rule that the walk is in."""
        self.seen: dict[str, int] = {}
        self.last: dict[str, int] = {}
        """Stage -> number of visits before the latest one there, whether this class makes it or not."""
        self.empty = False
        self.released: int | None = None

    def run(self, direction: str, steps: Sequence[Step]) -> Path:
        self.walk(steps, ())
        released = len(self.visits) if self.released is None else self.released
        return Path(direction, tuple(self.decisions), tuple(self.visits), released, tuple(self.forks))

    def walk(self, steps: Sequence[Step], when: tuple[tuple[int, frozenset[int]], ...]) -> None:
        for step in steps:
            match step:
                case Mark(mark="released"):
                    self.released = len(self.visits)
                case Mark():
                    self.empty = True
                case Choice(rule=None):
                    self.choose(step, when)
                case Choice(rule=str(rule)):
                    self.fork(step, _RULES[rule], when)
                case Visit():
                    self.visit(step, when)
                case str():
                    self.visit(Visit(stage=step), when)

    def choose(self, step: Choice, when: tuple[tuple[int, frozenset[int]], ...]) -> None:
        number = len(self.decisions)
        shares = step.shares_for.get(self.vehicle_class, step.shares)
        names = tuple(step.shares)
        self.decisions.append(Decision(step.choose, names, tuple(shares.get(n, 0.0) for n in names), when))
        for name, steps in step.then.items():
            self.walk(steps, (*when, (number, frozenset([names.index(name)]))))

    def fork(self, step: Choice, rule: int, when: tuple[tuple[int, frozenset[int]], ...]) -> None:
        """Walk over the alternatives of a rule; one that has no stage for the class is none for it."""
        heads, ends, outer = [], [], self.alternative
        for steps in step.then.values():
            start = self.alternative = len(self.visits)
            self.walk(steps, when)
            if len(self.visits) > start:
                heads.append(start)
                ends.append(len(self.visits))
        self.alternative = outer
        if len(heads) > 1:
            self.forks.append(Fork(rule, tuple(heads), tuple(ends)))

    def visit(self, step: Visit, when: tuple[tuple[int, frozenset[int]], ...]) -> None:
        self.seen[step.stage] = self.seen.get(step.stage, 0) + 1  # counted for all classes: names must agree
        self.last[step.stage] = len(self.visits)
        if step.only is not None and self.vehicle_class not in step.only:
            return
        share = step.share_for.get(self.vehicle_class, step.share)
        if share == 0:
            return
        nth = self.seen[step.stage]
        name = step.stage if nth == 1 else f"{step.stage}#{nth}"
        self.visits.append(PathVisit(name, step.stage, share, (*when, *self.conditions(step)), self.empty))
        self.repeat(step)

    def repeat(self, step: Visit) -> None:
        """Add what the truck makes again after the visit just added: once more in each round, at most `most` times."""
        share = step.again_for.get(self.vehicle_class, step.again)
        if share == 0:
            return
        here = len(self.visits) - 1
        start = here if step.again_from is None else self.last[step.again_from]
        if start < self.alternative or any(fork.heads[0] >= start for fork in self.forks):
            raise ValueError(f"visits from {step.again_from} on are made again, but a rule chooses between them")
        part = [n for n in range(start, here + 1) if not self.visits[n].needs]
        rounds: tuple[tuple[int, frozenset[int]], ...] = ()
        for nth in range(1, step.most + 1):
            name = f"{self.visits[here].name}/again/{nth}"
            rounds = (*rounds, (len(self.decisions), frozenset([1])))
            self.decisions.append(Decision(name, ("done", "again"), (1 - share, share), ()))
            for n in part:
                original = self.visits[n]
                again = replace(original, name=f"{original.name}/{name}", share=1.0, when=rounds, needs=(n, here))
                self.visits.append(again)

    def conditions(self, step: Visit) -> list[tuple[int, frozenset[int]]]:
        names = [decision.name for decision in self.decisions]
        found = []
        for choice, alternatives in step.when.items():
            number = names.index(choice)
            known = self.decisions[number].alternatives
            found.append((number, frozenset(known.index(a) for a in alternatives)))
        return found
