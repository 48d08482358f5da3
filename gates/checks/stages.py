"""Checks of stages: lane groups, service times, and of the sources of every model."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from gates.checks.register import Findings, finding, rule, unknown
from gates.findings import Place, suggestion
from gates.schema.base import EMPTY, OTHER_WAY, UNLIMITED, Sourced
from gates.schema.distributions import Distribution, Gamma, Lognormal, Triangular, Uniform
from gates.schema.gate import Gate
from gates.schema.paths import Choice, PlacedStep, Visit, walk
from gates.schema.quantities import DAY_S, days_text, seconds_text
from gates.schema.stages import LaneGroup
from gates.sources import (
    ASSUMPTION,
    OWN,
    parse_source,
    source_mistake,
    sourced_models,
    unknown_keys,
)

LONGEST_DRAW_S = 36_500 * DAY_S
_RAREST_SCORE = 8.25

# Stages, lanes and service times.


def _groups(gate: Gate) -> Iterator[tuple[str, Place, Sequence[LaneGroup]]]:
    """(stage, place of its lanes, groups) of every stage with lane groups."""
    for name, stage in gate.stages.items():
        if isinstance(stage.lanes, list):
            yield name, ("stages", name, "lanes"), stage.lanes


@rule()
def group_names(gate: Gate) -> Findings:
    """Lane groups of a stage have names of their own."""
    for _, place, groups in _groups(gate):
        counts = Counter(group.name for group in groups)
        for n, group in enumerate(groups):
            if counts[group.name] > 1 and group.name in [other.name for other in groups[:n]]:
                yield finding(
                    (*place, n, "name"), group.name, "another lane group has this name", "Rename one of them."
                )


@rule("classes.*")
def group_classes(gate: Gate) -> Findings:
    """Vehicle classes named by a lane group must exist."""
    for _, place, groups in _groups(gate):
        for n, group in enumerate(groups):
            for k, name in enumerate(group.classes or []):
                if name not in gate.classes:
                    yield unknown((*place, n, "classes", k), name, "vehicle class", gate.classes)


@rule()
def reversible_lanes(gate: Gate) -> Findings:
    """Reversible lanes are a number of lanes with two directions."""
    for _, place, groups in _groups(gate):
        for n, group in enumerate(groups):
            if group.reverses is None:
                continue
            if len(set(group.directions or [])) != 2:
                remedy = "Write both under `directions`, the one to start with first."
                yield finding((*place, n, "directions"), "", "reversible lanes need two directions", remedy)
            if group.lanes == UNLIMITED:
                yield finding(
                    (*place, n, "lanes"),
                    group.lanes,
                    "unlimited lanes cannot be reversible",
                    "Write a number of lanes.",
                )


@rule()
def reversal_rules(gate: Gate) -> Findings:
    """Reversible lanes do not change without end, and what their rule says has an effect."""
    for _, place, groups in _groups(gate):
        for n, group in enumerate(groups):
            if (rule := group.reverses) is None:
                continue
            here = (*place, n, "reverses")
            if rule.at == 0 and rule.until == "longer-queue":
                problem = "when nobody waits, neither queue is the longer one"
                yield finding((*here, "at"), rule.at, problem, "Use at least 1, or `until: empty` or `until: gated`.")
            elif rule.at == 0 and rule.takes == 0:
                problem = "empty lanes would change direction without end at one moment"
                yield finding((*here, "takes"), seconds_text(rule.takes), problem, "Use a longer time, or `at: 1`.")
            if rule.lead > 1 and rule.until != "longer-queue":
                problem = f"`until: {rule.until}` does not compare the queues"
                yield finding((*here, "lead"), rule.lead, problem, "Remove it, or write `until: longer-queue`.")
            if rule.at_most is not None and rule.at_most < rule.at_least:
                problem = f"shorter than `at_least`, {seconds_text(rule.at_least)}"
                yield finding((*here, "at_most"), seconds_text(rule.at_most), problem, "Exchange the two.")


@rule()
def lanes_by_queue(gate: Gate) -> Findings:
    """Lanes that the queue opens are a number of lanes, close at a shorter queue, and do not reverse."""
    for _, place, groups in _groups(gate):
        for n, group in enumerate(groups):
            if group.opens is None:
                continue
            if group.opens.closes_below >= group.opens.at:
                problem = f"not below {group.opens.at}, at which they open"
                remedy = "Use a smaller number, so that they stay open for a while."
                yield finding((*place, n, "opens", "closes_below"), group.opens.closes_below, problem, remedy)
            if group.lanes == UNLIMITED:
                problem = "the queue cannot open lanes whose number is unlimited"
                yield finding((*place, n, "lanes"), group.lanes, problem, "Write a number of lanes.")
            if group.reverses is not None:
                remedy = "Keep one of the two, or make two groups."
                yield finding((*place, n, "opens"), "", "reversible lanes cannot also be opened by the queue", remedy)


@rule()
def closing_rules(gate: Gate) -> Findings:
    """Lanes with a closing rule of their own do not pause when closed, reverse, open by the queue or fail."""
    failing = {stage: name for name, outage in gate.outages.items() for stage in outage.stages}
    for name, stage in gate.stages.items():
        for n, group in enumerate(stage.lane_groups()):
            rule_here = group.at_closing or stage.at_closing
            if rule_here == "serves-whom-it-has":
                continue
            own = group.at_closing is not None and isinstance(stage.lanes, list)
            place = ("stages", name, *(("lanes", n) if own else ()), "at_closing")
            reasons = {
                "a service here pauses when closed": stage.pauses_when_closed,
                f"the outage {failing.get(name)} takes its lanes down": name in failing,
                "its lanes reverse": group.reverses is not None,
                "the queue opens its lanes": group.opens is not None,
            }
            for reason in (reason for reason, holds in reasons.items() if holds):
                yield finding(place, rule_here, reason, "Remove one of the two.")


@rule()
def holds(gate: Gate) -> Findings:
    """Nothing limits how many trucks are held at once, so that the time of a hold is the load's own."""
    for name, stage in gate.stages.items():
        limits = {
            "its lanes are limited": any(group.lanes != UNLIMITED for group in stage.lane_groups()),
            "it needs units of a pool": bool(stage.needs or stage.takes),
            "it sends over a link": stage.sends is not None,
            "its trucks start together": stage.batch is not None,
        }
        for limit in (limit for limit, applies in limits.items() if stage.hold and applies):
            remedy = "Give it unlimited lanes and nothing else that trucks queue for, or remove `hold`."
            yield finding(("stages", name, "hold"), "true", f"trucks could queue for this hold: {limit}", remedy)


@rule("stages.*.lanes.**", "paths.**", "two_way.**", "flows.*.class", "flows.*.direction")
def trucks_of_a_reserve(gate: Gate) -> Findings:
    """Every kind of truck has lanes that open at any length of the queue."""
    reached = kinds_by_stage(gate)
    for name, place, groups in _groups(gate):
        for kind in reached[name]:
            admitting = [n for n, group in enumerate(groups) if _admits(group, kind)]
            if admitting and all(groups[n].opens is not None for n in admitting):
                first = groups[admitting[0]].opens
                least = first.at if first is not None else 0
                problem = f"only these lanes admit these trucks, so fewer than {least} would wait for ever"
                remedy = "Admit them in a lane group without `opens`, too."
                yield finding((*place, admitting[0], "opens"), str(kind), problem, remedy)


def _admits(group: LaneGroup, kind: Kind) -> bool:
    return group.admits(kind.vehicle_class, kind.direction, empty=kind.empty)


@rule()
def batches(gate: Gate) -> Findings:
    """A stage has lanes for all trucks that start together."""
    for name, stage in gate.stages.items():
        lanes = [group.lanes for group in stage.lane_groups()]
        if stage.batch is not None and UNLIMITED not in lanes:
            most = sum(count for count in lanes if count != UNLIMITED)
            if stage.batch.size > most:
                remedy = f"Use at most {most}, or more lanes."
                yield finding(
                    ("stages", name, "batch", "size"), stage.batch.size, "more than the stage has lanes", remedy
                )


@rule("classes.*")
def patience_classes(gate: Gate) -> Findings:
    """Patience is given for classes of the gate."""
    for name, stage in gate.stages.items():
        for vehicle_class in stage.patience_for:
            if vehicle_class not in gate.classes:
                place = ("stages", name, "patience_for", vehicle_class)
                yield unknown(place, vehicle_class, "vehicle class", gate.classes)


@dataclasses.dataclass(frozen=True, order=True)
class Kind:
    """A kind of truck, as lane groups tell them apart."""

    vehicle_class: str
    direction: str
    empty: bool

    def __str__(self) -> str:
        """The kind in words."""
        return f"{'empty' if self.empty else 'loaded'} {self.vehicle_class} {self.direction}"


def kinds_by_stage(gate: Gate) -> dict[str, list[Kind]]:
    """The kinds of trucks that can reach each stage."""
    reached: dict[str, set[Kind]] = {name: set() for name in gate.stages}
    for path in gate.written_paths():
        if path.two_way is None:
            direction = path.direction
            classes = {flow.vehicle_class for flow in gate.flows.values() if flow.direction == direction}
        else:
            direction, classes = OTHER_WAY[path.direction], {path.two_way.vehicle_class}
        for name in classes:
            for placed, visit in visits_of_class(path.walk(), name):
                reached.setdefault(visit.stage, set()).add(Kind(name, direction, placed.is_empty))
    return {name: sorted(kinds) for name, kinds in reached.items()}


def own_visits(gate: Gate, direction: str, vehicle_class: str) -> Iterator[tuple[PlacedStep, Visit]]:
    """The visits that trucks of a class can make in a direction without a second load, in order."""
    steps = {str(name): steps for name, steps in gate.paths.items()}
    return visits_of_class(walk(steps.get(direction, [])), vehicle_class)


def comes_to(gate: Gate, kind: Kind) -> list[str]:
    """The stages to which trucks of a kind come on their own path, in order."""
    visits = own_visits(gate, kind.direction, kind.vehicle_class)
    return [visit.stage for placed, visit in visits if placed.is_empty == kind.empty]


def visits_of_class(steps: Iterator[PlacedStep], vehicle_class: str) -> Iterator[tuple[PlacedStep, Visit]]:
    """The visits that trucks of a class can make: those that no share and no condition keeps all of them from."""
    possible: dict[str, set[str]] = {}
    for placed in steps:
        if any(alternative.name not in possible.get(alternative.choice.choose, ()) for alternative in placed.inside):
            continue
        if isinstance(choice := placed.step, Choice):
            shares = choice.shares_of(vehicle_class)
            possible[choice.choose] = {name for name, share in shares.items() if share > 0} or set(choice.then)
        elif isinstance(visit := placed.step, Visit) and _makes(visit, vehicle_class, possible):
            yield placed, visit


def _makes(visit: Visit, vehicle_class: str, possible: Mapping[str, set[str]]) -> bool:
    if visit.share_of(vehicle_class) == 0:
        return False
    return all(set(names) & possible.get(choice, set(names)) for choice, names in visit.when.items())


@rule("stages.*.lanes.**", "paths.**", "two_way.**", "flows.*.class", "flows.*.direction")
def trucks_without_lanes(gate: Gate) -> Findings:
    """Every kind of truck that reaches a stage is admitted by a lane group."""
    reached = kinds_by_stage(gate)
    for name, place, groups in _groups(gate):
        for kind in reached[name]:
            if not any(group.admits(kind.vehicle_class, kind.direction, empty=kind.empty) for group in groups):
                remedy = "Admit them in a lane group, or remove the stage from their path."
                yield finding(place, str(kind), "no lane group admits these trucks", remedy)


@rule("stages.*.lanes.**", "paths.**", "two_way.**", "flows.*.class", "flows.*.direction")
def lanes_without_trucks(gate: Gate) -> Findings:
    """Every lane group has trucks to serve."""
    reached = kinds_by_stage(gate)
    for name, place, groups in _groups(gate):
        for n, group in enumerate(groups):
            kinds = reached[name]
            if kinds and not any(group.admits(k.vehicle_class, k.direction, empty=k.empty) for k in kinds):
                remedy = "Fix its classes, directions or load, or remove it."
                yield finding((*place, n), group.name, "no truck that comes to this stage may use it", remedy)


@rule("classes.*")
def service_classes(gate: Gate) -> Findings:
    """`service_for` names vehicle classes or `empty`."""
    for name, stage in gate.stages.items():
        for key in stage.service_for:
            if key not in gate.classes and key != EMPTY:
                yield unknown(("stages", name, "service_for", key), key, "vehicle class", [*gate.classes, EMPTY])


def _distributions(gate: Gate) -> Iterator[tuple[Place, Distribution]]:
    for name, stage in gate.stages.items():
        yield ("stages", name, "service"), stage.service
        for key, other in stage.service_for.items():
            yield ("stages", name, "service_for", key), other
        for n, breakdown in enumerate(stage.breakdowns):
            yield ("stages", name, "breakdowns", n, "repair"), breakdown.repair
        if stage.patience is not None:
            yield ("stages", name, "patience"), stage.patience
        for key, other in stage.patience_for.items():
            yield ("stages", name, "patience_for", key), other
    for n, entry in enumerate(gate.initial):
        yield ("initial", n, "waited"), entry.waited
    for name, booking in gate.booking.items():
        yield ("booking", name, "offset"), booking.offset
    for name, vehicle_class in gate.classes.items():
        if vehicle_class.age is not None:
            yield ("classes", name, "age"), vehicle_class.age
        if vehicle_class.patience is not None:
            yield ("classes", name, "patience"), vehicle_class.patience
    for name, pool in gate.pools.items():
        if pool.comes_back is not None:
            yield ("pools", name, "comes_back"), pool.comes_back
        if pool.charging is not None:
            yield ("pools", name, "charging", "takes"), pool.charging.takes
        for n, breakdown in enumerate(pool.breakdowns):
            yield ("pools", name, "breakdowns", n, "repair"), breakdown.repair


@rule()
def distribution_bounds(gate: Gate) -> Findings:
    """The bounds of a distribution are in order."""
    yield from bounds_out_of_order(_distributions(gate))


def bounds_out_of_order(distributions: Iterator[tuple[Place, Distribution]]) -> Findings:
    """Yield a finding for each distribution whose bounds are out of order."""
    for place, distribution in distributions:
        match distribution:
            case Uniform(uniform=inner) if inner.low > inner.high:
                words = f"{seconds_text(inner.low)} to {seconds_text(inner.high)}"
                yield finding((*place, "uniform"), words, "low is greater than high", "Swap them.")
            case Triangular(triangular=inner) if not inner.low <= inner.mode <= inner.high:
                words = ", ".join(seconds_text(value) for value in (inner.low, inner.mode, inner.high))
                remedy = "Write low <= mode <= high."
                yield finding((*place, "triangular"), words, "low, mode and high are out of order", remedy)
            case _:
                pass


@rule()
def distribution_tails(gate: Gate) -> Findings:
    """The rarest draw of a distribution stays within 100 years: integer time must hold it."""
    yield from tails_too_long(_distributions(gate))


def tails_too_long(distributions: Iterator[tuple[Place, Distribution]]) -> Findings:
    """Yield a finding for each distribution whose rarest draw is too long."""
    for place, distribution in distributions:
        longest = _longest(distribution)
        if longest > LONGEST_DRAW_S:
            value = f"up to {days_text(round(longest / DAY_S))}"
            yield finding(place, value, "durations may exceed 100 years", "Use a smaller mean or cv.")


def _longest(distribution: Distribution) -> float:
    """A bound on the longest duration [s] that a distribution can give in a run."""
    match distribution:
        case Lognormal(lognormal=inner):
            return inner.mean * math.exp(_RAREST_SCORE * math.sqrt(math.log1p(inner.cv**2)))
        case Gamma(gamma=inner):
            return inner.mean * (1 + 40 * inner.cv**2)
        case _:
            return 0.0


# Sources.


@rule()
def source_keys(gate: Gate) -> Findings:
    """The keys of `sources` name something in their model."""
    yield from unknown_source_keys(gate)


def unknown_source_keys(whole: Sourced) -> Findings:
    """Yield a finding for each key of `sources` that names nothing in its model."""
    for place, model in sourced_models(whole):
        for key in unknown_keys(model):
            fields = [field.alias or name for name, field in type(model).model_fields.items() if name != "sources"]
            yield finding((*place, "sources", key), key, "nothing here has this name", suggestion(fields, key))


@rule()
def source_ids(gate: Gate) -> Findings:
    """Sources are facts of the library, `assumption` or `own`."""
    yield from unknown_sources(gate)


def unknown_sources(whole: Sourced) -> Findings:
    """Yield a finding for each source that is neither a fact of the library nor `assumption` or `own`."""
    for place, model in sourced_models(whole):
        for key, text in model.sources.items():
            mistake = source_mistake(text)
            if mistake:
                remedy = f"Write fact ids, `{ASSUMPTION}: why` or `{OWN}: where it is written`."
                yield finding((*place, "sources", key), ", ".join(parse_source(text).ids), mistake, remedy)
