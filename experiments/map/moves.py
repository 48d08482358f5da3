"""Who goes where at a gate: the moves from stage to stage, over the one walk of a path."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterator, Mapping

from gates.schema.base import OTHER_WAY
from gates.schema.gate import Gate
from gates.schema.paths import Alternative, Choice, Mark, PlacedStep, Visit, WrittenPath


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class Move:
    """Trucks that go from one stage to the next one of their path."""

    start: str
    end: str
    direction: str
    """Where they go: an empty return from a northbound load is southbound."""
    empty: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Traffic:
    """The moves of a gate, and how many of the trucks visit each stage."""

    moves: tuple[Move, ...]
    """Loaded trucks of the first direction first, empty ones last; within each the order of the paths."""
    headings: Mapping[str, frozenset[str]]
    """Stage -> directions in which trucks come to it."""
    shares: Mapping[str, float]
    """Stage -> the largest share that visits it of the trucks of a path; repeated visits are not counted."""


def traffic(gate: Gate) -> Traffic:
    """Return the moves of a gate."""
    moves: dict[Move, None] = {}
    headings: dict[str, set[str]] = defaultdict(set)
    shares: dict[str, float] = {}
    for path in gate.written_paths():
        if path.two_way is not None and not _takes_second_loads(path):
            continue
        for move in _moves(path):
            moves.setdefault(move)
        for placed in path.walk():
            if isinstance(placed.step, Visit):
                stage = placed.step.stage
                headings[stage].add(_heading(path, placed))
                shares[stage] = max(shares.get(stage, 0.0), _share(gate, path, placed))
    first = next(iter(gate.paths))
    ordered = sorted(moves, key=lambda move: (move.empty, move.direction != first))
    return Traffic(tuple(ordered), {name: frozenset(found) for name, found in headings.items()}, shares)


def _takes_second_loads(path: WrittenPath) -> bool:
    back = path.two_way
    return back is None or back.share > 0 or any(share > 0 for share in back.share_for.values())


def _heading(path: WrittenPath, placed: PlacedStep) -> str:
    """Return where a truck goes at a step: it turns where its load is off, and with a second load it has turned."""
    turned = placed.is_empty or path.two_way is not None
    return OTHER_WAY[path.direction] if turned else path.direction


Known = frozenset[tuple[str, str]]
"""(choice, alternative) of the forks that a truck has passed."""
End = tuple[str, Known]
"""Where some trucks of a path are, and which way they took."""
OUTSIDE = ""
"""Where trucks are before their first stage."""
MOST_ENDS = 256
"""Beyond that, ways are no longer kept apart."""


def _moves(path: WrittenPath) -> Iterator[Move]:
    """Go through the pairs of stages that follow each other; a stage that only some visit is in the chain of all."""
    forks = _forks(path)
    ends: list[End] = [(OUTSIDE, Known())]
    choices: list[_Branches] = []
    for placed in path.walk():
        while choices and not choices[-1].holds(placed):
            ends = choices.pop().joined(ends)
        match placed.step:
            case Choice() as choice:
                choices.append(_Branches(placed, choice, ends, choice.choose in forks))
            case Alternative(name=name):
                ends = choices[-1].begin(name, ends)
            case Visit() as visit:
                coming = [end for end in ends if _may_come(visit, end[1], forks)]
                for start in dict.fromkeys(start for start, _ in coming if start not in (OUTSIDE, visit.stage)):
                    yield Move(start, visit.stage, _heading(path, placed), placed.is_empty)
                staying = [end for end in ends if end not in coming]
                ends = _few([(visit.stage, known) for _, known in coming] + staying)
            case Mark():
                pass


def _forks(path: WrittenPath) -> set[str]:
    """Return the choices after which trucks go separate ways.

    Those are choices of which two visits ask for different alternatives, and those of which a visit asks for an
    alternative that has its steps later on the path, while others have theirs at the choice. Any other visit that asks
    for an alternative is one that some trucks make, in the chain of all.
    """
    asked: dict[str, list[set[str]]] = defaultdict(list)
    for placed in path.walk():
        if isinstance(placed.step, Visit):
            for choice, names in placed.step.when.items():
                asked[choice].append(set(names))
        elif isinstance(placed.step, Choice) and placed.step.then:
            asked[placed.step.choose].append({name for name, steps in placed.step.then.items() if steps})
    return {choice for choice, sets in asked.items() if any(not a & b for a in sets for b in sets)}


def _may_come(visit: Visit, known: Known, forks: set[str]) -> bool:
    taken = dict(known)
    return all(
        choice not in forks or choice not in taken or taken[choice] in names for choice, names in visit.when.items()
    )


def _few(ends: list[End]) -> list[End]:
    different = list(dict.fromkeys(ends))
    if len(different) > MOST_ENDS:
        different = list(dict.fromkeys((stage, Known()) for stage, _ in different))
    return different


class _Branches:
    """A choice that the walk is inside of: where its trucks came from, and where its alternatives have ended."""

    def __init__(self, placed: PlacedStep, choice: Choice, before: list[End], fork: bool) -> None:
        self._place, self._choice, self._before, self._fork = placed.place, choice, before, fork
        idle = [name for name in choice.shares if name not in choice.then]
        self._ends = [end for name in idle for end in self._taking(name)]
        """Where trucks are that have passed; those of an alternative without steps stay where they were."""
        self._begun = False

    def _taking(self, name: str) -> list[End]:
        mark = {(self._choice.choose, name)} if self._fork else set()
        return [(stage, known | mark) for stage, known in self._before]

    def holds(self, placed: PlacedStep) -> bool:
        """Tell whether a step is inside the choice."""
        return placed.place[: len(self._place)] == self._place

    def begin(self, name: str, ends: list[End]) -> list[End]:
        """Begin an alternative, `ends` being those of the one before; return where its trucks come from."""
        self._add(ends)
        self._begun = True
        return self._taking(name)

    def joined(self, ends: list[End]) -> list[End]:
        """Return where trucks of all alternatives are."""
        self._add(ends)
        return _few(self._ends)

    def _add(self, ends: list[End]) -> None:
        if self._begun:
            self._ends += ends


def _share(gate: Gate, path: WrittenPath, placed: PlacedStep) -> float:
    """Return the share of a path's trucks that make a visit; a rule splits them evenly, as nobody knows its shares."""
    if path.two_way is not None:
        flows = {path.two_way.vehicle_class: 1.0}
    else:
        flows = defaultdict(float)
        for flow in gate.flows.values():
            if flow.direction == path.direction:
                flows[flow.vehicle_class] += flow.per_day
    total = sum(flows.values())
    assert isinstance(placed.step, Visit)
    visiting = sum(
        trucks * placed.step.share_of(name) * _taken(path, placed, placed.step, name) for name, trucks in flows.items()
    )
    return visiting / total if total > 0 else 1.0


def _taken(path: WrittenPath, placed: PlacedStep, visit: Visit, vehicle_class: str) -> float:
    """Return the share of a class that takes the alternatives that a visit is inside of, or asks for."""
    share = 1.0
    for alternative in placed.inside:
        share *= _part(alternative.choice, alternative.name, vehicle_class)
    for name, alternatives in visit.when.items():
        for other in path.walk():
            if isinstance(other.step, Choice) and other.step.choose == name:
                share *= sum(_part(other.step, one, vehicle_class) for one in alternatives)
                break
    return share


def _part(choice: Choice, name: str, vehicle_class: str) -> float:
    if choice.rule is not None:
        return 1 / max(len(choice.then), 1)
    return choice.shares_of(vehicle_class).get(name, 0.0)
