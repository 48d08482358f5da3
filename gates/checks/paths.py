"""Checks of the paths: stages, classes, choices, conditions and marks along them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from gates.checks.register import (
    Findings,
    finding,
    rule,
    shares_not_full,
    unknown,
    unused,
)
from gates.findings import Place
from gates.schema.base import OTHER_WAY
from gates.schema.gate import Gate
from gates.schema.paths import Choice, Mark, PlacedStep, SecondLoad, Visit, walk


def _all_steps(gate: Gate) -> Iterator[PlacedStep]:
    for path in gate.written_paths():
        yield from path.walk()


def _visits(gate: Gate) -> Iterator[tuple[PlacedStep, Visit]]:
    for placed in _all_steps(gate):
        if isinstance(placed.step, Visit):
            yield placed, placed.step


def _choices(gate: Gate) -> Iterator[tuple[Place, Choice]]:
    for placed in _all_steps(gate):
        if isinstance(placed.step, Choice):
            yield placed.place, placed.step


def stages_visited(gate: Gate) -> list[str]:
    """The stage of each visit, in the order of the file."""
    return [visit.stage for _, visit in _visits(gate)]


@rule()
def path_stages(gate: Gate) -> Findings:
    """A path visits stages of the gate."""
    for placed, visit in _visits(gate):
        if visit.stage not in gate.stages:
            yield unknown(placed.place_of_stage, visit.stage, "stage", gate.stages)


@rule("paths.**", "two_way.**")
def unused_stages(gate: Gate) -> Findings:
    """Every stage is visited by a path."""
    for name in unused(gate.stages, stages_visited(gate)):
        yield finding(("stages", name), "", "no path visits it", "Add it to a path, or remove the stage.")


@rule()
def paths_without_stages(gate: Gate) -> Findings:
    """A path visits at least one stage."""
    for path in gate.written_paths():
        if not any(isinstance(placed.step, Visit) for placed in path.walk()):
            yield finding(path.place, "", "it visits no stage", "Name at least one stage.")


@rule("classes.*")
def path_classes(gate: Gate) -> Findings:
    """Vehicle classes named on a path must exist."""
    for placed in _all_steps(gate):
        place, step = placed.place, placed.step
        if isinstance(step, Visit):
            for n, name in enumerate(step.only or []):
                if name not in gate.classes:
                    yield unknown((*place, "only", n), name, "vehicle class", gate.classes)
            yield from _unknown_classes(gate, (*place, "share_for"), step.share_for)
            yield from _unknown_classes(gate, (*place, "again_for"), step.again_for)
        elif isinstance(step, Choice):
            yield from _unknown_classes(gate, (*place, "shares_for"), step.shares_for)


def _unknown_classes(gate: Gate, place: Place, names: Iterable[str]) -> Findings:
    for name in names:
        if name not in gate.classes:
            yield unknown((*place, name), name, "vehicle class", gate.classes)


@rule()
def empty_conditions(gate: Gate) -> Findings:
    """`only` and `when` that name nothing let nobody pass."""
    for placed, visit in _visits(gate):
        lists: dict[Place, list[str] | None] = {(*placed.place, "only"): visit.only}
        lists |= {(*placed.place, "when", choice): names for choice, names in visit.when.items()}
        for where, names in lists.items():
            if names == []:
                yield finding(where, "[]", "no truck makes the visit", "Name at least one, or remove the key.")


@rule()
def choice_shares(gate: Gate) -> Findings:
    """The shares of a choice add to 100 %, for every class."""
    for place, choice in _choices(gate):
        if choice.rule is not None:
            continue
        yield from shares_not_full((*place, "shares"), choice.shares)
        for name, shares in choice.shares_for.items():
            yield from shares_not_full((*place, "shares_for", name), shares)


@rule()
def choice_alternatives(gate: Gate) -> Findings:
    """`then` and `shares_for` name alternatives of the choice."""
    for place, choice in _choices(gate):
        if choice.rule is not None:
            continue
        named: list[tuple[Place, str]] = [((*place, "then", name), name) for name in choice.then]
        for vehicle_class, shares in choice.shares_for.items():
            named += [((*place, "shares_for", vehicle_class, name), name) for name in shares]
        for where, name in named:
            if name not in choice.shares:
                yield unknown(where, name, "alternative", choice.shares)


@rule()
def choice_rules(gate: Gate) -> Findings:
    """A choice by a rule has no shares, and two alternatives or more that each begin with a stage for all."""
    for place, choice in _choices(gate):
        if choice.rule is None:
            continue
        for key in ("shares", "shares_for"):
            if getattr(choice, key):
                yield finding(
                    (*place, key), "", "a rule decides, so shares are not used", f"Remove `{key}`, or the rule."
                )
        if len(choice.then) < 2:
            yield finding((*place, "then"), "", "fewer than two alternatives", "Add another alternative.")
        for name, steps in choice.then.items():
            if not _begins_with_a_stage_for_all(walk(steps)):
                remedy = (
                    "Begin with a stage that all its trucks visit: the rule compares first stages. "
                    "`only` may name classes."
                )
                yield finding((*place, "then", name), "", "it does not begin with a stage for all its trucks", remedy)


def _begins_with_a_stage_for_all(steps: Iterator[PlacedStep]) -> bool:
    first = next((placed.step for placed in steps), None)
    return isinstance(first, Visit) and first.share == 1 and not first.share_for and not first.when


@rule()
def choice_names(gate: Gate) -> Findings:
    """A choice has a name of its own on its path."""
    for path in gate.written_paths():
        seen: set[str] = set()
        for placed in path.walk():
            if isinstance(choice := placed.step, Choice):
                if choice.choose in seen:
                    place = (*placed.place, "choose")
                    yield finding(place, choice.choose, "another choice has this name", "Rename one of them.")
                seen.add(choice.choose)


@rule("paths.**", "two_way.**")
def conditions(gate: Gate) -> Findings:
    """`when` names an earlier choice of the path and alternatives of it."""
    for path in gate.written_paths():
        steps = list(path.walk())
        everywhere = {placed.step.choose for placed in steps if isinstance(placed.step, Choice)}
        earlier: dict[str, Choice] = {}
        for placed in steps:
            if isinstance(placed.step, Choice):
                earlier.setdefault(placed.step.choose, placed.step)
            elif isinstance(placed.step, Visit):
                yield from _condition((*placed.place, "when"), placed.step, earlier, everywhere)


def _condition(place: Place, visit: Visit, earlier: Mapping[str, Choice], everywhere: set[str]) -> Findings:
    for name, alternatives in visit.when.items():
        if name in earlier and earlier[name].rule is not None:
            remedy = "Put the visit under `then` of the choice, or choose by shares."
            yield finding((*place, name), name, "a rule makes this choice only when the truck gets there", remedy)
        elif name in earlier:
            for n, alternative in enumerate(alternatives):
                if alternative not in earlier[name].shares:
                    yield unknown((*place, name, n), alternative, "alternative", earlier[name].shares)
        elif name in everywhere:
            yield finding((*place, name), name, "the choice comes later", "Move the choice before this visit.")
        else:
            yield unknown((*place, name), name, "choice", earlier)


def _made_again(steps: Sequence[PlacedStep], visit: Visit) -> Sequence[PlacedStep]:
    """The steps that trucks make again after `visit`, the last of `steps`; none if they would start at no earlier one.

    Steps of other alternatives lie in between, too: of each step, a truck makes again what it made before.
    """
    if visit.again_from is None:
        return steps[-1:]
    starts = [
        n
        for n, placed in enumerate(steps[:-1])
        if isinstance(placed.step, Visit) and placed.step.stage == visit.again_from
    ]
    return steps[starts[-1] :] if starts else []


def _crosses_a_rule(steps: Sequence[PlacedStep]) -> bool:
    """Tell whether a rule chooses between the first and the last of some steps."""
    first, last = ({a.place for a in placed.inside if a.choice.rule} for placed in (steps[0], steps[-1]))
    return first != last or any(isinstance(placed.step, Choice) and placed.step.rule for placed in steps)


@rule("paths.**", "two_way.**", "stages.*.takes.**", "stages.*.gives.**")
def again(gate: Gate) -> Findings:
    """What is made again starts at an earlier stage, between the same marks, and moves no units of pools."""
    for path in gate.written_paths():
        steps = list(path.walk())
        for n, placed in enumerate(steps):
            if isinstance(visit := placed.step, Visit) and (visit.again or visit.again_for):
                yield from _again_findings(gate, placed.place, visit, _made_again(steps[: n + 1], visit))


def _again_findings(gate: Gate, place: Place, visit: Visit, steps: Sequence[PlacedStep]) -> Findings:
    where = (*place, "again_from")
    names = [placed.step.stage for placed in steps if isinstance(placed.step, Visit)]
    if not steps and visit.again_from not in gate.stages:
        yield unknown(where, visit.again_from, "stage", gate.stages)
    elif not steps:
        yield finding(where, visit.again_from, "not an earlier stage of the path", "Name a stage before this one.")
    elif any(isinstance(placed.step, Mark) for placed in steps):
        yield finding(
            where, visit.again_from, "a mark lies between that stage and this visit", "Name a stage after the mark."
        )
    elif _crosses_a_rule(steps):
        remedy = "Name a stage after the choice, within one alternative."
        yield finding(where, visit.again_from, "a choice by a rule lies between that stage and this visit", remedy)
    elif any(gate.stages[name].takes or gate.stages[name].gives for name in names if name in gate.stages):
        remedy = "Repeat only visits that take and give back nothing, or let the stages need the units."
        yield finding((*place, "again"), visit.stage, "units of a pool would be taken or given back twice", remedy)


@rule()
def marks(gate: Gate) -> Findings:
    """Each mark stands at most once, not inside an alternative, `released` before `empty`."""
    for placed in _all_steps(gate):
        if not isinstance(placed.step, Mark):
            continue
        where, mark = (*placed.place, "mark"), placed.step.mark
        if placed.inside:
            yield finding(
                where, mark, "inside an alternative", "Move it out of the choice, because a mark applies to all trucks."
            )
        elif mark in placed.marks_before:
            yield finding(where, mark, "marked twice", "Keep one of the two.")
        elif mark == "released" and placed.is_empty:
            yield finding(where, mark, "after the mark `empty`", "Move it before the mark `empty`.")


@rule("classes.*", "flows.*.class", "flows.*.direction", "paths.**")
def two_way(gate: Gate) -> Findings:
    """A second load is of a class that flows in the other direction, and follows the mark `empty` of the path."""
    flowing = {(flow.vehicle_class, flow.direction) for flow in gate.flows.values()}
    for direction, back in gate.two_way.items():
        place: Place = ("two_way", direction)
        yield from _unknown_classes(gate, (*place, "share_for"), back.share_for)
        if direction not in gate.paths:
            yield finding(place, "", "no path has this direction", f"Add paths.{direction}, or remove it.")
        elif not any(placed.step == Mark(mark="empty") for placed in walk(gate.paths[direction])):
            remedy = f"Add `mark: empty` to paths.{direction} where the load is off."
            yield finding(place, "", "its trucks never return empty", remedy)
        if back.vehicle_class not in gate.classes:
            yield unknown((*place, "class"), back.vehicle_class, "vehicle class", gate.classes)
        elif (back.vehicle_class, OTHER_WAY[direction]) not in flowing:
            remedy = "Add such a flow, with a per_day of 0 if none come with a first load."
            problem = f"no {OTHER_WAY[direction]} flow has this class"
            yield finding((*place, "class"), back.vehicle_class, problem, remedy)
        if (mark := _mark_before_any_visit(back)) is not None:
            yield finding((*place, "steps", *mark), "", "a mark before the first stage", "Add a stage before it.")


def _mark_before_any_visit(back: SecondLoad) -> Place | None:
    first = next((placed for placed in walk(back.steps) if isinstance(placed.step, Visit | Mark)), None)
    return first.place if first is not None and isinstance(first.step, Mark) else None
