"""Checks of a border whose gates have been looked up: what no single field, and no gate alone, can know."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gates.checks.register import Findings, finding, unknown
from gates.checks.stages import bounds_out_of_order, tails_too_long, unknown_source_keys, unknown_sources
from gates.findings import Finding, Place
from gates.schema.borders.model import Border, Trade
from gates.schema.borders.names import way_of
from gates.schema.distributions import Distribution
from gates.schema.gate import Gate
from gates.schema.paths import Visit, walk

BorderCheck = Callable[[Border], Findings]
CHECKS: dict[str, BorderCheck] = {}


def border_check(run: BorderCheck) -> BorderCheck:
    """Register a check."""
    CHECKS[run.__name__] = run
    return run


def check_border(border: Border) -> list[Finding]:
    """Every finding of every check."""
    return [found for run in CHECKS.values() for found in run(border)]


def _trading(border: Border) -> Iterator[tuple[str, Trade, str, Gate, list[str]]]:
    """(trade, what the file says of it, gate, the gate itself, its flows that are there)."""
    for name, trade in border.trade.items():
        for at, flows in trade.flows.items():
            if at in border.gates:
                gate = border.gates[at].found
                yield name, trade, at, gate, [flow for flow in flows if flow in gate.flows]


@border_check
def sides(border: Border) -> Findings:
    """All gates know the sides that the border names, and a side has one time zone."""
    named: list[tuple[Place, str]] = [(("end_of_day", "side"), border.end_of_day.side)]
    named += [(("board", "side"), border.board.side)] if border.board else []
    zones: dict[str, tuple[str, str]] = {}
    for name, member in border.gates.items():
        for side, zone in member.found.sides.items():
            first, before = zones.setdefault(side, (name, zone))
            if before != zone:
                problem = f"side {side} has another time zone at {first}: {before}"
                yield finding(("gates", name, "gate"), zone, problem, "Name the sides of one of the two anew.")
    shared = set.intersection(*({*member.found.sides} for member in border.gates.values()))
    for place, side in named:
        if side not in shared:
            without = [name for name, member in border.gates.items() if side not in member.found.sides]
            remedy = (
                f"Use one that all gates have: {', '.join(sorted(shared))}." if shared else "Give all gates one side."
            )
            yield finding(place, side, f"no side of {', '.join(without)}", remedy)


@border_check
def trade_flows(border: Border) -> Findings:
    """A trade names flows of gates; a class in a direction at a gate belongs to one trade, and does not book."""
    seen: dict[tuple[str, str, str], str] = {}
    for name, trade in border.trade.items():
        for at, flows in trade.flows.items():
            place: Place = ("trade", name, "flows", at)
            if at not in border.gates:
                yield unknown(place, at, "gate of the border", border.gates)
                continue
            gate = border.gates[at].found
            for n, flow in enumerate(flows):
                if flow not in gate.flows:
                    yield unknown((*place, n), flow, f"flow of {gate.name}", gate.flows)
                    continue
                kind = (at, gate.flows[flow].vehicle_class, gate.flows[flow].direction)
                if flow in flows[:n]:
                    yield finding((*place, n), flow, "named twice", "Keep one of the two.")
                elif (other := seen.setdefault(kind, name)) != name:
                    problem = f"trucks of its class and direction belong to the trade {other}"
                    yield finding((*place, n), flow, problem, "Keep one of the two.")
                if any(flow in booking.flows for booking in gate.booking.values()):
                    remedy = "Leave the flow out of the trade, or out of the booking of the gate."
                    yield finding((*place, n), flow, "its trucks book a slot at their gate", remedy)


@border_check
def board(border: Border) -> Findings:
    """Where trade chooses there is a board, and a board is for trade."""
    if border.trade and border.board is None:
        yield finding(("board",), "", "missing", "Add `board`: when the waits at the gates are posted.")
    if border.board is not None and not border.trade:
        yield finding(("board",), "", "nobody chooses by it", "Add `trade`, or remove it.")


@border_check
def trade_costs(border: Border) -> Findings:
    """Each gate of a trade has its usual wait and trucks of its own; fees need a value of time."""
    for name, trade in border.trade.items():
        for at in trade.flows:
            if at not in trade.usual_wait:
                problem = f"no usual wait at {at}"
                yield finding(
                    ("trade", name, "usual_wait"), "", problem, f"Add `{at}`: the wait posted on a usual day."
                )
        for field in ("usual_wait", "fees"):
            for at in getattr(trade, field):
                if at not in trade.flows:
                    yield unknown(("trade", name, field, at), at, "gate of the trade", trade.flows)
        if trade.fees and trade.value_of_time is None:
            remedy = "Add `value_of_time`, in USD an hour."
            yield finding(("trade", name, "fees"), "", "nothing turns them into time", remedy)
    for name, _, at, gate, flows in _trading(border):
        if flows and not any(gate.flows[flow].per_day for flow in flows):
            remedy = "Give a flow its usual `per_day`, or leave the gate out of the trade."
            yield finding(("trade", name, "flows", at), ", ".join(flows), "no truck usually goes there", remedy)


@border_check
def thinks_again(border: Border) -> Findings:
    """Trucks choose again before their release, at stages that they visit, and where they hold nothing."""
    for name, trade in border.trade.items():
        for at in trade.thinks_again.at if trade.thinks_again else ():
            if at not in trade.flows:
                place: Place = ("trade", name, "thinks_again", "in", at)
                yield unknown(place, at, "gate of the trade", trade.flows)
    for name, trade, at, gate, flows in _trading(border):
        if way_of(name) in gate.stages and trade.thinks_again:
            problem = f"{at} has a stage {way_of(name)}, which is the name of the way there"
            yield finding(("trade", name), name, problem, "Rename the trade or the stage.")
        for n, stage in enumerate(trade.thinks_again.at.get(at, ()) if trade.thinks_again else ()):
            place = ("trade", name, "thinks_again", "in", at, n)
            if stage not in gate.stages:
                yield unknown(place, stage, f"stage of {gate.name}", gate.stages)
                continue
            held = [_is_held(gate, flow, stage) for flow in flows]
            if any(held):
                problem = "trucks hold units of a pool there"
                yield finding(place, stage, problem, "Name a stage at which they hold nothing.")
            elif flows and held.count(None) == len(held):
                problem = "no truck of the trade comes there before its release"
                yield finding(place, stage, problem, "Name a stage of their path.")


def _is_held(gate: Gate, flow: str, stage: str) -> bool | None:
    """Tell whether trucks of a flow hold units at a stage before their release; None if they do not visit it."""
    vehicle_class, held, reached = gate.flows[flow].vehicle_class, set[str](), False
    for placed in walk(gate.paths[gate.flows[flow].direction]):
        visit = placed.step
        if placed.marks_before or not isinstance(visit, Visit) or visit.stage not in gate.stages:
            continue
        if visit.share_of(vehicle_class) == 0:
            continue
        if visit.stage == stage:
            reached = True
            if held:
                return True
        held = (held - gate.stages[visit.stage].gives.keys()) | gate.stages[visit.stage].takes.keys()
    return False if reached else None


@border_check
def sources(border: Border) -> Findings:
    """The sources of what belongs to the border are facts of the library, and their keys name something."""
    own = border.model_copy(update={"gates": {}})
    yield from unknown_source_keys(own)
    yield from unknown_sources(own)


@border_check
def distributions(border: Border) -> Findings:
    """Distributions have bounds in order, and no draw of them is too long."""
    for run in (bounds_out_of_order, tails_too_long):
        yield from run(_distributions(border))


def _distributions(border: Border) -> Iterator[tuple[Place, Distribution]]:
    for name, trade in border.trade.items():
        yield ("trade", name, "moves", "takes"), trade.way
        if trade.puts_up_with is not None:
            yield ("trade", name, "sets_out", "puts_up_with"), trade.puts_up_with
