"""Checks of the paths: stages, classes, choices, conditions and marks along them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence

from gates.checks.register import (
    Findings,
    found,
    not_full,
    paths_of,
    rule,
    steps_of,
    unknown,
    unused,
)
from gates.findings import Place
from gates.schema.base import OTHER_WAY
from gates.schema.gate import Gate
from gates.schema.paths import Choice, Mark, Step, Visit

# Paths.


def _all_steps(gate: Gate) -> Iterator[tuple[Place, Step]]:
    for place, steps in paths_of(gate):
        yield from steps_of(steps, place)


def _visits(gate: Gate) -> Iterator[tuple[Place, str]]:
    """(place of the name, stage) of every visit."""
    for place, step in _all_steps(gate):
        if isinstance(step, str):
            yield place, step
        elif isinstance(step, Visit):
            yield (*place, "stage"), step.stage


@rule()
def path_stages(gate: Gate) -> Findings:
    """A path visits stages of the gate."""
    for place, stage in _visits(gate):
        if stage not in gate.stages:
            yield unknown(place, stage, "stage", gate.stages)


@rule("paths.**", "two_way.**")
def unused_stages(gate: Gate) -> Findings:
    """A stage that no path visits is a mistake."""
    for name in unused(gate.stages, [stage for _, stage in _visits(gate)]):
        yield found(("stages", name), "", "no path visits it", "Add it to a path, or remove the stage.")


@rule()
def paths_without_stages(gate: Gate) -> Findings:
    """A path visits at least one stage."""
    for path, steps in paths_of(gate):
        if not any(isinstance(step, str | Visit) for _, step in steps_of(steps, ())):
            yield found(path, "", "it visits no stage", "Name at least one stage.")


@rule("classes.*")
def path_classes(gate: Gate) -> Findings:
    """Vehicle classes named on a path must exist."""
    for place, step in _all_steps(gate):
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
    for place, step in _all_steps(gate):
        if isinstance(step, Visit):
            lists: dict[Place, list[str] | None] = {(*place, "only"): step.only}
            lists |= {(*place, "when", choice): names for choice, names in step.when.items()}
            for where, names in lists.items():
                if names == []:
                    yield found(where, "[]", "nobody makes the visit", "Name someone, or leave the key out.")


def _choices(gate: Gate) -> Iterator[tuple[Place, Choice]]:
    for place, step in _all_steps(gate):
        if isinstance(step, Choice):
            yield place, step


@rule()
def choice_shares(gate: Gate) -> Findings:
    """The shares of a choice add to 100 %, for every class."""
    for place, choice in _choices(gate):
        if choice.rule is not None:
            continue
        yield from not_full((*place, "shares"), choice.shares)
        for name, shares in choice.shares_for.items():
            yield from not_full((*place, "shares_for", name), shares)


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
                yield found((*place, key), "", "a rule decides", f"Remove `{key}`, or the rule.")
        if len(choice.then) < 2:
            yield found((*place, "then"), "", "fewer than two alternatives", "Add one: there is nothing to choose.")
        for name, steps in choice.then.items():
            first = steps[0] if steps else None
            visits = isinstance(first, str) or (isinstance(first, Visit) and _is_for_all(first))
            if not visits:
                remedy = "Begin with a stage that all its trucks visit; `only` may name classes."
                yield found((*place, "then", name), "", "it begins with no stage to compare", remedy)


def _is_for_all(visit: Visit) -> bool:
    return visit.share == 1 and not visit.share_for and not visit.when


@rule()
def choice_names(gate: Gate) -> Findings:
    """A choice has a name of its own on its path."""
    for path, steps in paths_of(gate):
        seen: set[str] = set()
        for place, step in steps_of(steps, path):
            if isinstance(step, Choice):
                if step.choose in seen:
                    yield found((*place, "choose"), step.choose, "a second choice of this name", "Rename one of them.")
                seen.add(step.choose)


@rule("paths.**", "two_way.**")
def conditions(gate: Gate) -> Findings:
    """`when` names an earlier choice of the path and alternatives of it."""
    for path, steps in paths_of(gate):
        all_steps = list(steps_of(steps, path))
        everywhere = {step.choose for _, step in all_steps if isinstance(step, Choice)}
        earlier: dict[str, Choice] = {}
        for place, step in all_steps:
            if isinstance(step, Choice):
                earlier.setdefault(step.choose, step)
            elif isinstance(step, Visit):
                yield from _condition((*place, "when"), step, earlier, everywhere)


def _condition(place: Place, visit: Visit, earlier: Mapping[str, Choice], everywhere: set[str]) -> Findings:
    for name, alternatives in visit.when.items():
        if name in earlier and earlier[name].rule is not None:
            remedy = "Put the visit under `then` of the choice, or choose by shares."
            yield found((*place, name), name, "trucks choose by a rule when they get there", remedy)
        elif name in earlier:
            for n, alternative in enumerate(alternatives):
                if alternative not in earlier[name].shares:
                    yield unknown((*place, name, n), alternative, "alternative", earlier[name].shares)
        elif name in everywhere:
            yield found((*place, name), name, "the choice comes later", "Move the choice before this visit.")
        else:
            yield unknown((*place, name), name, "choice", earlier)


def made_again(steps: Sequence[Step], visit: Visit) -> list[Step]:
    """The steps that trucks make again after `visit`, in order; none if they would start at no earlier one."""
    before = list(itertools.takewhile(lambda step: step is not visit, (step for _, step in steps_of(steps, ()))))
    if visit.again_from is None:
        return [visit]
    named = [n for n, step in enumerate(before) if _stage_of(step) == visit.again_from]
    return [*before[named[-1] :], visit] if named else []


def _rule_within(all_steps: Sequence[tuple[Place, Step]], place: Place, part: Sequence[Step]) -> bool:
    """Tell whether a rule chooses between the steps made again before the visit at `place`."""
    if any(isinstance(step, Choice) and step.rule for step in part):
        return True
    start = next(where for where, step in reversed(all_steps) if step is part[0] and where <= place)
    chosen = [where for where, step in all_steps if isinstance(step, Choice) and step.rule]
    inside = [c for c in chosen if c in (place[: len(c)], start[: len(c)])]
    return any(place[: len(c) + 2] != start[: len(c) + 2] for c in inside)


def _stage_of(step: Step) -> str | None:
    return step if isinstance(step, str) else step.stage if isinstance(step, Visit) else None


@rule("paths.**", "two_way.**", "stages.*.takes.**", "stages.*.gives.**")
def again(gate: Gate) -> Findings:
    """What is made again starts at an earlier stage, between the same marks, and moves no units of pools."""
    for path, steps in paths_of(gate):
        for place, visit in steps_of(steps, path):
            if not isinstance(visit, Visit) or not (visit.again or visit.again_for):
                continue
            part = made_again(steps, visit)
            stages = [gate.stages[name] for step in part if (name := _stage_of(step)) in gate.stages and name]
            where = (*place, "again_from")
            if not part and visit.again_from not in gate.stages:
                yield unknown(where, visit.again_from, "stage", gate.stages)
            elif not part:
                yield found(where, visit.again_from, "no earlier stage of the path", "Name a stage before this one.")
            elif any(isinstance(step, Mark) for step in part):
                yield found(where, visit.again_from, "a mark lies in between", "Start again after the mark.")
            elif _rule_within(list(steps_of(steps, path)), place, part):
                remedy = "Start again after the choice, within one alternative."
                yield found(where, visit.again_from, "a choice by a rule lies in between", remedy)
            elif any(stage.takes or stage.gives for stage in stages):
                remedy = "Start again where nothing is taken or given back, or let the stages need the units."
                yield found((*place, "again"), visit.stage, "units of a pool would be taken or given twice", remedy)


@rule()
def marks(gate: Gate) -> Findings:
    """Each mark stands at most once, not inside an alternative, `released` before `empty`."""
    for path, steps in paths_of(gate):
        seen: list[str] = []
        for place, step in steps_of(steps, path):
            if not isinstance(step, Mark):
                continue
            where = (*place, "mark")
            if "then" in place:
                yield found(where, step.mark, "inside an alternative", "Move it out: it holds for all trucks.")
            elif step.mark in seen:
                yield found(where, step.mark, "marked twice", "Keep one of the two.")
            elif step.mark == "released" and "empty" in seen:
                yield found(where, step.mark, "after the load is off", "Move it before the mark `empty`.")
            seen.append(step.mark)


@rule("classes.*", "flows.*.class", "flows.*.direction", "paths.**")
def two_way(gate: Gate) -> Findings:
    """A second load is of a class that flows in the other direction, and follows the mark `empty` of the path."""
    flowing = {(flow.vehicle_class, flow.direction) for flow in gate.flows.values()}
    for direction, back in gate.two_way.items():
        place: Place = ("two_way", direction)
        yield from _unknown_classes(gate, (*place, "share_for"), back.share_for)
        if direction not in gate.paths:
            yield found(place, "", "no path has this direction", f"Add paths.{direction}, or remove it.")
        elif not any(isinstance(step, Mark) and step.mark == "empty" for step in gate.paths[direction]):
            remedy = f"Mark on paths.{direction} where the load is off: `mark: empty`."
            yield found(place, "", "its trucks never return empty", remedy)
        if back.vehicle_class not in gate.classes:
            yield unknown((*place, "class"), back.vehicle_class, "vehicle class", gate.classes)
        elif (back.vehicle_class, OTHER_WAY[direction]) not in flowing:
            remedy = "Add such a flow, with a per_day of 0 if none come by themselves."
            problem = f"no flow brings it {OTHER_WAY[direction]}"
            yield found((*place, "class"), back.vehicle_class, problem, remedy)
        before = list(itertools.takewhile(lambda step: not isinstance(step, Mark), back.steps))
        if not any(_stage_of(step) for _, step in steps_of(before, ())) and len(before) < len(back.steps):
            yield found((*place, "steps", len(before)), "", "a mark before the first stage", "Visit a stage before it.")
