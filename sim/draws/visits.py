"""How the visits of a path follow each other, and the lines that trucks join at each."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sim.arrays import Indices
from sim.draws.columns import Counts, Mask
from sim.jit import kernel
from sim.plan.paths import Path
from sim.plan.plan import Plan, Stream

Integers = npt.NDArray[np.integer[Any]]


class VisitOrder(NamedTuple):
    """How visits follow each other, by visit of a path or by row: see `Draws`."""

    next_row: Integers
    alternative_row: Integers
    rule: Integers


def visit_order(path: Path) -> VisitOrder:
    """Return how the visits of a path follow each other, each alternative by what comes after all of them."""
    visits = len(path.visits)
    follows, alternative, rule = np.arange(1, visits + 1), np.full(visits, -1), np.zeros(visits, np.int64)
    for fork in path.forks:
        for head, end, sibling in zip(fork.heads, fork.ends, (*fork.heads[1:], -1), strict=True):
            follows[end - 1] = fork.ends[-1]
            if fork.open:
                alternative[head], rule[head] = sibling, fork.rule
    return VisitOrder(follows, alternative, rule)


class PathLines(NamedTuple):
    """The lines that trucks join on a path."""

    line: Indices
    """(visits,) line joined."""
    without_slot: Indices
    """(visits,) that of trucks that come without a slot; -1 for the same."""
    keeps_out: Indices
    """(visits,) area of the visit if it keeps its trucks out while it lets others in, else -1; empty if none does."""
    line_kept_out: Indices
    """(lines, areas) `Plan.line_kept_out`."""
    follows: Integers
    alternative: Integers
    """(visits,) as `VisitOrder`."""


def lines_of(plan: Plan, stream: Stream, order: VisitOrder) -> PathLines:
    """Return the lines that trucks of a flow join."""
    stages = [plan.stages.index(visit.stage) for visit in stream.path.visits]
    line = plan.line_of[stages, plan.kinds_of(stream)].astype(np.int32)
    other = np.full_like(line, -1) if stream.line_without_slot is None else stream.line_without_slot
    keeps_out = areas_that_keep_out(plan, line) if plan.network.keeps_out else np.empty(0, np.int32)
    return PathLines(
        line=line,
        without_slot=other.astype(np.int32),
        keeps_out=keeps_out if (keeps_out >= 0).any() else np.empty(0, np.int32),
        line_kept_out=plan.line_kept_out.astype(np.int32),
        follows=order.next_row,
        alternative=order.alternative_row,
    )


@kernel
def put_lines(made: Mask, row: Counts, lines: PathLines, without_slot: Mask, first: Indices, out: Indices) -> None:
    """Write the line joined at each visit (visits, trucks) that is made to its row.

    Trucks that come `without_slot` (trucks,) may have other lines than the rest, and so may those that the area of
    their next visit keeps out. Where a rule chooses what follows, all alternatives must have the same one. `first` is
    room for an area of each visit, and one after the last that is -1.
    """
    visits = lines.line.size
    for truck in range(row.size):
        if lines.keeps_out.size:
            for visit in range(visits - 1, -1, -1):  # the area of the first visit that is made from here on
                here = first[lines.follows[visit]]
                if made[visit, truck]:
                    here = lines.keeps_out[visit]
                    other = lines.alternative[visit]
                    if other >= 0 and here != first[other]:
                        here = -1
                first[visit] = here
        at = row[truck]
        for visit in range(visits):
            if not made[visit, truck]:
                continue
            line = lines.line[visit]
            if without_slot[truck] and lines.without_slot[visit] >= 0:
                line = lines.without_slot[visit]
            if lines.keeps_out.size:
                ahead = first[lines.follows[visit]]
                if ahead >= 0 and lines.line_kept_out[line, ahead] >= 0:
                    line = lines.line_kept_out[line, ahead]
            out[at] = line
            at += 1


def areas_that_keep_out(plan: Plan, line: Indices) -> Indices:
    """Return the area of each line if it keeps its trucks out while it lets others in, else -1."""
    rows = plan.network.lines[line]
    area = plan.network.area_of_line[line]
    keeps = plan.network.areas["keeps_some_out"][area] & ~rows["enters_freely"] & (area >= 0)
    return np.where(keeps, area, -1).astype(np.int32)
