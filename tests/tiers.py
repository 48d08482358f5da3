"""How often each long series repeats what it tries, by tier: the one place with these counts.

The tier is chosen by `BORDERGATE_TIER`, which `scripts/check.py` sets and every process of a test inherits:

- `quick`, beside the keyboard: `scripts/check.py --quick`;
- `everyday`, what `pytest` does by itself;
- `all`, what CI does: each series in a small form, always the same;
- `soak`, in full and by hand: `scripts/check.py --soak` writes what it saw under `docs/validation/`.

A test of a series is marked with its name. It gets its count by the fixture `times` (`tests/conftest.py`), or by
`count` where no fixture reaches. `SERIES` names what is counted.
"""

from __future__ import annotations

import os
from typing import NamedTuple


class Series(NamedTuple):
    """What is counted, and how many of it."""

    what: str
    quick: int
    everyday: int
    all: int
    soak: int


TIERS = Series._fields[1:]
SERIES = {
    "examples": Series("generated examples of each property", 8, 40, 80, 250),
    "engines": Series("generated gates, run on both engines", 40, 200, 400, 2_500),
    "server kills": Series("servers killed while they take and do runs", 2, 2, 12, 100),
    "worker kills": Series("workers killed while they simulate", 2, 2, 10, 50),
    "study kills": Series("kills of one study, which then goes on", 2, 2, 4, 10),
    "coverage": Series("studies of queues whose means are known", 100, 100, 200, 1_000),
    "decisions": Series("studies of queues whose best is known", 200, 200, 1_000, 1_000),
    "queues": Series("trucks a replication, 32 replications of each queue", 300_000, 300_000, 300_000, 1_000_000),
    "contract": Series("generated requests, at most, to each operation over HTTP", 10, 10, 20, 650),
}
TIER = os.environ.get("BORDERGATE_TIER", "everyday")
if TIER not in TIERS:
    raise ValueError(f"BORDERGATE_TIER = {TIER} - no such tier. Choose one of {', '.join(TIERS)}.")


def count(series: str, tier: str = TIER) -> int:
    """Return how often a series repeats what it tries."""
    return int(SERIES[series]._asdict()[tier])
