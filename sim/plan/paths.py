"""The paths of a gate, flattened: each visit with the conditions under which a truck makes it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from gates.findings import Place
from gates.schema.base import OTHER_WAY, DirectionName
from gates.schema.gate import Gate
from gates.schema.paths import Alternative, Choice, Mark, PlacedStep, SecondLoad, Visit, WrittenPath


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
    """(decision, alternatives): each decision must be for one of these alternatives."""
    empty: bool
    needs: tuple[int, ...] = ()
    """Earlier visits, by their numbers on the path, that the truck must have made: those that it repeats."""
    second: tuple[str, str] | None = None
    """(class, direction) of the second load, for visits made instead of returning empty."""


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
    """Whether the choice is still to be made: trucks in a queue at the start may have made it."""


@dataclass(frozen=True)
class Path:
    """The path of one class of vehicles: only what its trucks can meet."""

    direction: str
    decisions: tuple[Decision, ...]
    visits: tuple[PathVisit, ...]
    released: int
    """Number of leading visits up to the release from the last control."""
    second_released: int | None = None
    """Number of leading visits up to the release of the second load; None if no truck takes one."""
    forks: tuple[Fork, ...] = ()
    begins: int = 0
    """Number of leading visits that trucks have made before: those of trucks in a queue at the start."""

    @property
    def with_first_load(self) -> int:
        """Number of leading visits that the truck makes with its first load."""
        return next((n for n, v in enumerate(self.visits) if v.empty or v.second), len(self.visits))

    @property
    def second_load_visits(self) -> list[int]:
        """Places of the visits that only trucks with a second load make."""
        return [n for n, visit in enumerate(self.visits) if visit.second]

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


def paths_by_class(gate: Gate, direction: DirectionName) -> dict[str, Path]:
    """Flatten the path of `direction` for every class that flows there."""
    classes = {flow.vehicle_class for flow in gate.flows.values() if flow.direction == direction}
    path = WrittenPath(direction, gate.paths[direction])
    return {name: _Flattening(name).run(path, gate.two_way.get(direction)) for name in sorted(classes)}


def begin_at(path: Path, stage: str, *, empty: bool) -> Path:
    """Return the path of trucks that are in the queue of their first visit to `stage`.

    The choices that lead there have been made; the others are still open.

    Raises
    ------
    ValueError
        If such trucks never come to the stage.
    """
    begins = next((n for n, v in enumerate(path.visits) if (v.stage, v.empty, v.second) == (stage, empty, None)), None)
    if begins is None:
        raise ValueError(f"no {'empty' if empty else 'loaded'} {path.direction} truck of this class visits {stage}")
    here = path.visits[begins]
    decisions = list(path.decisions)
    for number, alternatives in here.when:
        shares = [s if a in alternatives else 0.0 for a, s in enumerate(decisions[number].shares)]
        if not any(shares):  # nobody comes here from now on: those who stand here did
            shares = [float(a in alternatives) for a in range(len(shares))]
        decisions[number] = replace(decisions[number], shares=tuple(s / sum(shares) for s in shares))
    visits = (*path.visits[:begins], replace(here, share=1.0), *path.visits[begins + 1 :])
    forks = tuple(replace(f, open=not f.heads[0] <= begins < f.ends[-1]) for f in path.forks)
    return replace(path, decisions=tuple(decisions), visits=visits, begins=begins, forks=forks)


class _Flattening:
    """The path of one class of vehicles, built on a walk over its steps."""

    def __init__(self, vehicle_class: str) -> None:
        self.vehicle_class = vehicle_class
        self.decisions: list[Decision] = []
        self.visits: list[PathVisit] = []
        self.by_rule: list[tuple[Alternative, ...]] = []
        """The alternatives of rules that each visit is in, the outermost first."""
        self.when: tuple[tuple[int, frozenset[int]], ...] = ()
        """Conditions of all visits from here on: whether the truck takes a second load."""
        self.number: dict[Place, int] = {}
        """Place of a choice by shares -> number of its decision."""
        self.visits_of: dict[str, int] = {}
        """Stage -> number of its visits so far, for all classes: names of draws must agree."""
        self.last: dict[str, int] = {}
        """Stage -> number of visits before the latest one there, whether this class makes it or not."""
        self.released: int | None = None
        self.two_way: int | None = None
        """Number of the decision whether a truck takes a second load."""
        self.share = 0.0
        """Share of the trucks that do."""
        self.second: tuple[str, str] | None = None
        """The second load, once the walk has come there."""
        self.first_decision = 0
        """Number of decisions before the second load: its steps do not refer to them."""

    def run(self, path: WrittenPath, back: SecondLoad | None) -> Path:
        self.share = 0.0 if back is None else back.share_of(self.vehicle_class)
        self.walk(path)
        released = len(self.visits) if self.released is None else self.released
        second_released = None
        if back is not None and self.two_way is not None:
            second_released = self.load_again(WrittenPath(path.direction, back.steps, back), back, self.two_way)
        return Path(
            direction=path.direction,
            decisions=tuple(self.decisions),
            visits=tuple(self.visits),
            released=released,
            second_released=second_released,
            forks=_forks(self.by_rule),
        )

    def load_again(self, path: WrittenPath, back: SecondLoad, number: int) -> int:
        """Walk the steps with a second load, taken by decision `number`; return the visits up to its release."""
        again = _Flattening(back.vehicle_class)
        again.decisions, again.visits, again.by_rule = self.decisions, self.visits, self.by_rule
        again.first_decision, again.second = len(self.decisions), (back.vehicle_class, OTHER_WAY[path.direction])
        again.when = ((number, frozenset([1])),)
        again.walk(path)
        return len(self.visits) if again.released is None else again.released

    def walk(self, path: WrittenPath) -> None:
        for placed in path.walk():
            match placed.step:
                case Mark(mark="released"):
                    self.released = len(self.visits)
                case Mark():
                    self.turn_back()
                case Choice(rule=None) as choice:
                    self.choose(placed, choice)
                case Visit() as visit:
                    self.visit(placed, visit)
                case Choice() | Alternative():
                    pass  # each visit says which alternatives it is in

    def turn_back(self) -> None:
        """Let trucks decide whether they take a second load, if any do."""
        if self.share > 0 and self.two_way is None:
            self.two_way = len(self.decisions)
            shares = (1 - self.share, self.share)
            self.decisions.append(Decision("empty/second-load", ("no", "yes"), shares, self.when))
            self.when = (*self.when, (self.two_way, frozenset([0])))

    def choose(self, placed: PlacedStep, choice: Choice) -> None:
        self.number[placed.place] = len(self.decisions)
        shares, names = choice.shares_of(self.vehicle_class), tuple(choice.shares)
        shares_in_order = tuple(shares.get(name, 0.0) for name in names)
        self.decisions.append(Decision(self.named(choice.choose), names, shares_in_order, self.when_inside(placed)))

    def when_inside(self, placed: PlacedStep) -> tuple[tuple[int, frozenset[int]], ...]:
        """Return the conditions of all steps of the alternatives that a step is in."""
        conditions = list(self.when)
        for alternative in placed.inside:
            if alternative.choice.rule is None:
                names = list(alternative.choice.shares)
                number = self.number[alternative.place_of_choice]
                conditions.append((number, frozenset([names.index(alternative.name)])))
        return tuple(conditions)

    def visit(self, placed: PlacedStep, step: Visit) -> None:
        self.visits_of[step.stage] = self.visits_of.get(step.stage, 0) + 1
        self.last[step.stage] = len(self.visits)
        share = step.share_of(self.vehicle_class)
        if share == 0:
            return
        nth = self.visits_of[step.stage]
        name = self.named(step.stage if nth == 1 else f"{step.stage}#{nth}")
        met = (*self.when_inside(placed), *self.conditions(step))
        self.visits.append(PathVisit(name, step.stage, share, met, placed.is_empty, second=self.second))
        self.by_rule.append(tuple(alternative for alternative in placed.inside if alternative.choice.rule is not None))
        self.repeat(step)

    def named(self, name: str) -> str:
        """Return the name of streams of draws, which tells the second load from the first."""
        return name if self.second is None else f"second-load/{name}"

    def repeat(self, step: Visit) -> None:
        """Add the visits that the truck repeats after the visit just added, at most `most` times."""
        share = step.again_share_of(self.vehicle_class)
        if share == 0:
            return
        here = len(self.visits) - 1
        start = here if step.again_from is None else self.last[step.again_from]
        if any(inside != self.by_rule[here] for inside in self.by_rule[start:here]):
            raise ValueError(f"visits from {step.again_from} on are repeated, but a rule chooses between them")
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
                self.by_rule.append(self.by_rule[here])

    def conditions(self, step: Visit) -> list[tuple[int, frozenset[int]]]:
        names = [decision.name for decision in self.decisions[self.first_decision :]]
        conditions = []
        for choice, alternatives in step.when.items():
            number = self.first_decision + names.index(self.named(choice))
            known = self.decisions[number].alternatives
            conditions.append((number, frozenset(known.index(a) for a in alternatives)))
        return conditions


def _forks(by_rule: Sequence[tuple[Alternative, ...]]) -> tuple[Fork, ...]:
    """Return the choices by rules between visits, inner ones before those around them.

    An alternative without a stage for the class is none for it, and one alternative alone is not a choice.
    """
    choices: dict[Place, dict[str, list[int]]] = {}
    rules: dict[Place, int] = {}
    for n, inside in enumerate(by_rule):
        for alternative in inside:
            place = alternative.place_of_choice
            rules[place] = _RULES[alternative.choice.rule or ""]
            choices.setdefault(place, {}).setdefault(alternative.name, []).append(n)
    forks = [
        Fork(
            rules[place],
            tuple(visits[0] for visits in ways.values()),
            tuple(visits[-1] + 1 for visits in ways.values()),
        )
        for place, ways in reversed(choices.items())
        if len(ways) > 1
    ]
    return tuple(sorted(forks, key=lambda fork: fork.ends[-1]))
