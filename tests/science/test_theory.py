"""The formulas themselves, at points that can be worked out."""

from __future__ import annotations

import numpy as np
import pytest

from tests.science.theory import evidence, mean_wait_mg1, mean_wait_mmc, probability_of_waiting


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


def test_evidence_is_students_interval():
    # 0, 1, ..., 8: mean 4, standard error sqrt(7.5 / 9); t(8 degrees) leaves 1e-8 outside beyond 23.90.
    found = evidence(np.arange(9.0))
    assert found.mean == 4
    assert found.half_width / np.sqrt(7.5 / 9) == pytest.approx(23.90, abs=0.01)
    assert not found.decides(4, within=0.01)  # too wide to tell
