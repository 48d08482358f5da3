"""The formulas themselves, at points that can be worked out."""

from __future__ import annotations

import numpy as np
import pytest

from tests.science.small_gates import mean_over, shares_of_time
from tests.science.theory import (
    evidence,
    mean_number_with_outages,
    mean_wait_mg1,
    mean_wait_mmc,
    mean_wait_of_two_queues,
    probability_of_waiting,
    share_that_gives_up,
    weighted_waits_of_two_queues,
)


def test_one_server_waits_as_often_as_it_is_busy():
    assert probability_of_waiting(1, 0.8) == pytest.approx(0.8)


def test_two_servers():
    # C(2, a) = a^2 / (2 + a): for a = 1 that is 1/3, and the mean wait is C / (c - a) = 1/3 service times.
    assert probability_of_waiting(2, 1.0) == pytest.approx(1 / 3)
    assert mean_wait_mmc(2, 1.0, 30.0) == pytest.approx(10.0)


def test_exponential_service_is_one_case_of_any_service():
    # M/M/1: rho / (1 - rho) service times; M/D/1: half of it.
    assert mean_wait_mg1(0.8, 60, cv=1) == pytest.approx(mean_wait_mmc(1, 0.8, 60)) == pytest.approx(240)
    assert mean_wait_mg1(0.8, 60, cv=0) == pytest.approx(120)


def test_a_server_that_fails_is_a_chain_of_two_rows():
    def moves(state):
        trucks, up = state
        if trucks < 300:
            yield (trucks + 1, up), 0.5
        if trucks and up:
            yield (trucks - 1, up), 1.0
        yield (trucks, not up), 0.1 if up else 0.3

    chain = mean_over(shares_of_time((0, True), moves), lambda state: state[0])
    assert mean_number_with_outages(0.5, 1.0, 0.1, 0.3) == pytest.approx(chain, rel=1e-9)
    assert mean_number_with_outages(0.5, 1.0, 0.0, 0.3) == pytest.approx(1.0)  # M/M/1


def test_two_queues_of_one_server():
    # Load 0.7, services of 1 min, changes of 2 min: 7/3 min as in M/M/1, and 2 x 1.3 / 0.6 or 2 x 2.7 / 0.6 min more.
    for gated, minutes in ((False, 7 / 3 + 13 / 3), (True, 7 / 3 + 9)):
        assert mean_wait_of_two_queues(0.7, 60, 1, 120, gated=gated) == pytest.approx(60 * minutes)
        law = weighted_waits_of_two_queues((0.35, 0.35), 60, 1, 120, gated=gated)
        assert law / 0.7 == pytest.approx(60 * minutes)
    # Nobody in the second queue, and no change: M/M/1.
    alone = weighted_waits_of_two_queues((0.7, 0), 60, 1, 0, gated=True) / 0.7
    assert alone == pytest.approx(mean_wait_mmc(1, 0.7, 60))


def test_without_patience_a_line_is_erlangs_loss():
    assert share_that_gives_up(0.7, 1.0, 0.0) == pytest.approx(0.7 / 1.7)
    assert share_that_gives_up(2.0, 1.0, 0.0) == pytest.approx(2 / 3)
    assert share_that_gives_up(2.0, 1.0, 100.0) == pytest.approx(1 / 2)  # all that the server cannot serve


def test_a_chain_is_solved():
    # M/M/1/2 at load 1: three states, each a third of the time.
    shares = shares_of_time(0, lambda n: [(after, 1.0) for after in (n - 1, n + 1) if 0 <= after <= 2])
    assert shares == pytest.approx({0: 1 / 3, 1: 1 / 3, 2: 1 / 3})


def test_evidence_is_students_interval():
    # 0, 1, ..., 8: mean 4, standard error sqrt(7.5 / 9); t(8 degrees) leaves 1e-8 outside beyond 23.90.
    found = evidence(np.arange(9.0))
    assert found.mean == 4
    assert found.half_width / np.sqrt(7.5 / 9) == pytest.approx(23.90, abs=0.01)
    assert not found.decides(4, within=0.01)  # too wide to tell
