"""What the event log says of trucks and visits, on logs written by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from sim.draws.columns import Draws
from sim.engines.log import DECISIONS, LOG_COLUMNS, NEVER, EventLog
from tests.sim.hand import plan_of, trucks

STAGES = {name: {"lanes": 1} for name in ("a", "b", "c")}
PATIENT = {name: {**stage, "patience": {"constant": "1 h"}} for name, stage in STAGES.items()}
"""Where trucks may turn back, their later rows stay empty."""
WAY = [("a.", 1), ("b", 1), ("c", 1)]
"""Released after `a`; a second load is released after `b`."""
EMPTY_ROW = (NEVER, NEVER, NEVER, NEVER)


def log_of(draws: Draws, rows: Sequence[tuple[int, int, int, int]], second: Sequence[int] | None = None) -> EventLog:
    """Return a log of the given times; `second` gives each truck the row after which its second load is released."""
    log = EventLog.empty(draws if second is None else replace(draws, second_released=np.array(second)))
    log.times[:] = rows
    return log


def test_trucks_that_leave_no_row_out() -> None:
    # Truck 0 has departed, truck 1 is at its second visit, truck 2 waits outside, truck 3 visits nothing.
    draws = trucks(plan_of(STAGES, [*STAGES]), *[("general", 0.0, WAY)] * 3, ("general", 2, []))
    rows = [(0, 0, 1, 1), (1, 1, 2, 2), (2, 2, 3, 4), (0, 1, 2, 2), (2, 2, 3, NEVER), *[EMPTY_ROW] * 4]
    draws.released[3] = NEVER
    log = log_of(draws, rows)
    assert log.released.tolist() == [1, 2, NEVER, 120_000]
    assert log.departed.tolist() == [4, NEVER, NEVER, 120_000]
    assert log.entered.tolist() == [0, 0, NEVER, 120_000]
    assert log.turned_back.tolist() == [NEVER] * 4
    assert log.second_released.tolist() == [NEVER] * 4  # no truck of this gate takes one
    assert log.truck.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert log.visits_made() == 4


@pytest.mark.parametrize("stages", [STAGES, PATIENT], ids=["every row", "rows left out"])
def test_second_loads(stages: dict[str, object]) -> None:
    # Truck 0 has released its second load, truck 1 is still at the stage where it does, truck 2 takes none.
    draws = trucks(plan_of(stages, [*stages]), *[("general", 0.0, WAY)] * 3)
    rows = [
        (0, 0, 1, 1), (1, 1, 2, 3), (3, 3, 4, 5),
        (0, 1, 2, 2), (2, 3, 4, NEVER), EMPTY_ROW,
        (0, 2, 3, 3), (3, 4, 5, 6), (6, 6, 7, 7),
    ]  # fmt: skip
    log = log_of(draws, rows, second=[1, 4, NEVER])
    assert log.second_released.tolist() == [3, NEVER, NEVER]
    assert log.released.tolist() == [1, 2, 3]
    assert log.departed.tolist() == [5, NEVER, 7]


def test_trucks_that_turn_back() -> None:
    # One turns back at each stage: before its release, with the second load, and after that was released. The last
    # truck visits nothing.
    draws = trucks(plan_of(PATIENT, [*PATIENT]), *[("general", 0.0, WAY)] * 3, ("general", 3, []))
    draws.released[3] = NEVER
    gone = (NEVER, NEVER)
    rows = [
        (0, *gone, 5), EMPTY_ROW, EMPTY_ROW,
        (0, 0, 1, 1), (1, *gone, 6), EMPTY_ROW,
        (0, 1, 2, 2), (2, 2, 3, 3), (3, *gone, 7),
    ]  # fmt: skip
    log = log_of(draws, rows, second=[1, 4, 7, NEVER])
    assert log.turned_back.tolist() == [5, 6, 7, NEVER]
    assert log.released.tolist() == [NEVER, 1, 2, 180_000]
    assert log.second_released.tolist() == [NEVER, NEVER, 3, NEVER]
    assert log.departed.tolist() == [5, 6, 7, 180_000]
    assert log.entered.tolist() == [0, 0, 0, 180_000]


def test_released_on_arrival_although_it_is_still_inside() -> None:
    draws = trucks(plan_of(PATIENT, [*PATIENT]), ("general", 1, [("b", 1)]), ("general", 1, [("b", 1)]))
    draws.released[:] = NEVER
    log = log_of(draws, [(60_000, 60_000, 120_000, 120_000), (60_000, NEVER, NEVER, NEVER)])
    assert log.released.tolist() == [60_000, 60_000]
    assert log.departed.tolist() == [120_000, NEVER]


def test_logs_differ_by_what_was_decided() -> None:
    draws = trucks(plan_of(STAGES, [*STAGES]), ("general", 0, WAY))
    log = EventLog.empty(draws)
    for name in DECISIONS:
        other = EventLog.empty(draws)
        vars(other)[name] = np.zeros(1, getattr(log, name).dtype)
        assert not log.equals(other)


@pytest.mark.parametrize("column", LOG_COLUMNS)
def test_logs_are_equal_row_by_row(column: str) -> None:
    draws = trucks(plan_of(STAGES, [*STAGES]), ("general", 0, WAY))
    one, other = EventLog.empty(draws), EventLog.empty(draws)
    assert one.equals(other)
    values = getattr(other, column)
    values[-1] = 1
    assert not one.equals(other)
