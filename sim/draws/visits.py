"""How the visits of a path follow each other, and the lines that trucks join at each."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.arrays import Indices
from sim.draws.columns import Counts, Mask
from sim.plan.paths import Path
from sim.plan.plan import Plan, Stream


class VisitOrder(NamedTuple):
    """How visits follow each other, by visit of a path or by row: see `Draws`."""

    next_row: Counts
    alternative_row: Counts
    rule: Counts


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


def lines_joined(plan: Plan, stream: Stream, made: Mask, without_slot: Mask) -> Indices:
    """Return (trucks, visits) the line joined; trucks that come `without_slot` may have others than the rest."""
    stages = [plan.stages.index(visit.stage) for visit in stream.path.visits]
    line = plan.line_of[stages, plan.kinds_of(stream)].astype(np.int32)
    other = line if stream.line_without_slot is None else stream.line_without_slot
    joined = np.where(without_slot[:, None] & (other >= 0), other, line).astype(np.int32)
    if not plan.network.keeps_out:
        return joined
    ahead = _kept_out_ahead(stream.path, areas_that_keep_out(plan, line), made)
    return lines_kept_out(plan, joined, ahead)


def areas_that_keep_out(plan: Plan, line: Indices) -> Indices:
    """Return the area of each line if it keeps its trucks out while it lets others in, else -1."""
    rows = plan.network.lines[line]
    area = plan.network.area_of_line[line]
    keeps = plan.network.areas["keeps_some_out"][area] & ~rows["enters_freely"] & (area >= 0)
    return np.where(keeps, area, -1).astype(np.int32)


def lines_kept_out(plan: Plan, line: Indices, ahead: Indices) -> Indices:
    """Return the lines of trucks that the areas `ahead` keep out, -1 for none; others stay in their lines."""
    kept_out = np.where(ahead >= 0, plan.line_kept_out[line, ahead], -1)
    return np.where(kept_out >= 0, kept_out, line).astype(np.int32)


def _kept_out_ahead(path: Path, keeps_out: Indices, made: Mask) -> Indices:
    """Return (trucks, visits) the area of the visit that follows, if it keeps the truck out, else -1.

    `keeps_out` (visits,) is that area of each visit. Where a rule chooses what follows, all must have the same one.
    """
    follows, alternative, _ = visit_order(path)
    visits = keeps_out.size
    first = np.full((made.shape[0], visits + 1), -1, np.int32)
    """(trucks, visits + 1) the area of the first visit that is made from here on."""
    for n in range(visits - 1, -1, -1):
        here = np.broadcast_to(keeps_out[n], made.shape[0])
        if alternative[n] >= 0:
            here = np.where(here == first[:, alternative[n]], here, -1)
        first[:, n] = np.where(made[:, n], here, first[:, follows[n]])
    return first[:, follows]
