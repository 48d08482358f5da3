"""Services done by hand, for lack of the link that they need."""

from __future__ import annotations

import numpy as np

from sim.metrics.block import LogBlock
from sim.metrics.scope import Mask, once


@once
def done_by_hand(block: LogBlock) -> Mask:
    """Return (visits,) whether a service was done by hand, for lack of the link that it needs."""
    log, plan = block.log, block.scope.plan
    by_hand = np.zeros(log.draws.visits, np.bool_)
    if plan.network.by_hand_without.size == 0:
        return by_hand
    link = plan.network.by_hand_without[log.draws.line]
    for number, source in enumerate(plan.outages):
        if source.units is None:
            windows = log.draws.outages.of(number)
            inside = np.searchsorted(windows.start, log.started, side="right")
            down = (inside > 0) & (log.started < np.append(windows.end, 0)[inside - 1])
            by_hand |= down & np.isin(link, source.resources)
    return by_hand
