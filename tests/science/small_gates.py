"""Small gates of one mechanism each: run in replications, and held against Markov chains that can be solved.

As in `test_queues`: independent replications with fixed seeds, Student's interval at `theory.FALSE_ALARM` a comparison,
and narrow enough to notice an error of the stated share.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.linalg import spsolve

from gates.schema.gate import Gate
from gates.schema.scenario import Scenario
from sim import compile_plan, draw, simulate
from sim.metrics.fold import measure
from sim.metrics.meter import Key
from tests.science.theory import Evidence, evidence

NORTH = "northbound"
SERVICE_S = 60.0
SERVICE_H = SERVICE_S / 3600
A_DAY = 86_400 / SERVICE_S
"""Services that one server makes in a day."""
REPLICATIONS = 24

Floats = npt.NDArray[np.float64]


def exponential(mean: float) -> dict[str, Any]:
    return {"exponential": {"mean": mean}}


def run(stages: Mapping[str, Any], per_day: float, days: int, keys: list[Key], **gate: Any) -> list[Evidence]:
    """Run the gate whose trucks visit all stages in turn, and return what the metrics were."""
    document = {
        "name": "mechanism",
        "sides": {"vn": "Asia/Ho_Chi_Minh"},
        "origin": {NORTH: "vn"},
        "start": dt.date(2025, 7, 1),
        "end_of_day": {"side": "vn"},
        "classes": {"general": {}},
        "flows": {"general": {"class": "general", "direction": NORTH, "per_day": per_day}},
        "stages": {name: {"side": "vn", **stage} for name, stage in stages.items()},
        "paths": {NORTH: list(stages)},
        **gate,
    }
    plan = compile_plan(Scenario(gate=Gate.model_validate(document), days=days, warmup_days=2), check_gate=False)
    rows = []
    for replication in range(REPLICATIONS):
        values = measure(plan, simulate(plan, draw(plan, seed=1, replication=replication))).values
        rows.append([values[key] for key in keys])
    columns = zip(np.array(rows).T, keys, strict=True)
    return [replace(evidence(column), what=text_of(key)) for column, key in columns]


def text_of(key: Key) -> str:
    """Return a metric as a study writes it: `wait_h.mean.northbound@booth`."""
    parts = (key.metric, key.statistic, key.direction, key.vehicle_class)
    return ".".join(part for part in parts if part) + (f"@{key.stage}" if key.stage else "")


class Seen(NamedTuple):
    """A comparison with theory that was made."""

    found: Evidence
    theory: float
    within: float


SEEN: list[Seen] = []
"""The comparisons of this process, for the page of `tests.science.page`."""


def check(found: list[Evidence], theory: list[float], within: float) -> None:
    """Check each number against theory; all failures are told together."""
    pairs = list(zip(found, theory, strict=True))
    SEEN.extend(Seen(one, value, within) for one, value in pairs)
    wrong = [f"{one}, theory {value:.6g}" for one, value in pairs if not one.decides(value, within)]
    assert not wrong, "; ".join(wrong)


State = TypeVar("State", bound=Hashable)


def shares_of_time(start: State, moves: Callable[[State], Iterable[tuple[State, float]]]) -> dict[State, float]:
    """Return the stationary distribution of a Markov chain over all states that it reaches from `start`.

    `moves` gives the next states with their rates; a state may come twice, and one that stays counts for nothing.
    """
    number = {start: 0}
    found = [start]
    entries: list[tuple[int, int, float]] = []
    for state in found:  # grows
        for after, rate in moves(state):
            if after not in number:
                number[after] = len(found)
                found.append(after)
            here, there = number[state], number[after]
            entries += [(there, here, rate), (here, here, -rate)]
    size = len(found)
    row, column, value = (np.array(part) for part in zip(*entries, strict=True))
    kept = row < size - 1  # one balance follows from the others: the shares add to 1 instead
    balance = sparse.csc_array(
        (
            np.append(value[kept], np.ones(size)),
            (np.append(row[kept], np.full(size, size - 1)), np.append(column[kept], np.arange(size))),
        ),
        (size, size),
    )
    share = spsolve(balance, np.eye(1, size, size - 1)[0])
    return dict(zip(found, share.tolist(), strict=True))


def mean_over(shares: Mapping[State, float], value: Callable[[State], float]) -> float:
    """Return the mean over time of a value of the state."""
    return sum(share * value(state) for state, share in shares.items())
