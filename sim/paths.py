"""The paths of a gate, flattened: each visit with the conditions under which a truck makes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Path:
    """The path of one class of vehicles: only what its trucks can meet."""

    direction: str
    decisions: tuple[Decision, ...]
    visits: tuple[PathVisit, ...]
    released: int
    """Number of leading visits up to the release from the last control."""
    forks: tuple[Fork, ...] = ()

    @property
    def turned(self) -> int:
        """Number of leading visits that the truck makes loaded."""
        return sum(not visit.empty for visit in self.visits)

    def expected_visits(self) -> float:
        """Return the mean number of visits of a truck, all alternatives of a rule included."""
        mean = 0.0
        for visit in self.visits:
            share = visit.share
            for number, alternatives in visit.when:
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


class _Flattening:
    """One walk over the steps of a path for one class of vehicles."""

    def __init__(self, vehicle_class: str) -> None:
        self.vehicle_class = vehicle_class
        self.decisions: list[Decision] = []
        self.visits: list[PathVisit] = []
        self.forks: list[Fork] = []
        self.seen: dict[str, int] = {}
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
        heads, ends = [], []
        for steps in step.then.values():
            start = len(self.visits)
            self.walk(steps, when)
            if len(self.visits) > start:
                heads.append(start)
                ends.append(len(self.visits))
        if len(heads) > 1:
            self.forks.append(Fork(rule, tuple(heads), tuple(ends)))

    def visit(self, step: Visit, when: tuple[tuple[int, frozenset[int]], ...]) -> None:
        self.seen[step.stage] = self.seen.get(step.stage, 0) + 1  # counted for all classes: names must agree
        if step.only is not None and self.vehicle_class not in step.only:
            return
        share = step.share_for.get(self.vehicle_class, step.share)
        if share == 0:
            return
        nth = self.seen[step.stage]
        name = step.stage if nth == 1 else f"{step.stage}#{nth}"
        self.visits.append(PathVisit(name, step.stage, share, (*when, *self.conditions(step)), self.empty))

    def conditions(self, step: Visit) -> list[tuple[int, frozenset[int]]]:
        names = [decision.name for decision in self.decisions]
        found = []
        for choice, alternatives in step.when.items():
            number = names.index(choice)
            known = self.decisions[number].alternatives
            found.append((number, frozenset(known.index(a) for a in alternatives)))
        return found
