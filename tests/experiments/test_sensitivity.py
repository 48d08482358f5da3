"""The screening of a study, on outcomes whose effects are known: nothing is simulated."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest

from experiments.answers.study_labels import StudyLabels
from experiments.answers.study_sensitivity import screening_advice, screening_tables
from experiments.studies.designs import Cell, cells
from experiments.studies.folder import manifest
from experiments.studies.result import StudyResult
from experiments.studies.sensitivity import screening, screening_cells, strongest, variance, variance_cells
from experiments.studies.tables import Frame
from tests.experiments.studies import plain, replications_of, small

pytest.importorskip("SALib")

MEAN, OTHER = "clearance_h.mean.northbound", "throughput_per_day.mean.northbound"
LOW, HIGH = 0.5, 1.5
STUDY = small(
    design="screening",
    factors={
        "demand": {"title": "Demand", "demand": True, "low": LOW, "high": HIGH},
        "booth": {"title": "Booth", "path": "stages.booth.service", "low": LOW, "high": HIGH},
        "exit": {"title": "Exit", "path": "stages.exit.service", "low": LOW, "high": HIGH},
    },
    trajectories=6,
    strongest=2,
    points=64,
)
SLOPES = {MEAN: (8.0, -2.0, 0.0), OTHER: (0.0, 0.0, 100.0)}
"""Hours and trucks a day by which a factor changes the metrics over its whole range: both are linear."""


def share_of_range(cell: Cell, factor: str) -> float:
    """Where a cell lies in the range of a factor; its text has four digits."""
    return (float(cell.factors[factor].removeprefix("x ")) - LOW) / (HIGH - LOW)


def outcomes(found: Sequence[Cell], beyond: int = -1) -> StudyResult:
    """The base and some cells with the outcomes; one of them, if asked, is beyond the run in one replication."""

    def values(cell: Cell) -> dict[str, list[float]]:
        where = [share_of_range(cell, name) if cell.factors else 0.5 for name in STUDY.factors]
        middle = {m: 20 + math.fsum(s * u for s, u in zip(SLOPES[m], where, strict=True)) for m in SLOPES}
        return {metric: [value - 1, value + 1] for metric, value in middle.items()}

    base = cells(STUDY, 0)[0]
    made = [replications_of(values(cell)) for cell in (base, *found)]
    if beyond >= 0:
        made[beyond] = replications_of({**values(found[beyond]), MEAN: [20.0, math.inf]})
    return StudyResult(STUDY, (base, *found), tuple(made), 0)


def screened(beyond: int = -1) -> StudyResult:
    return outcomes(screening_cells(outcomes([])), beyond)


def test_effects_of_a_linear_outcome_are_its_slopes() -> None:
    rows = {row["factor"]: row for row in screening(screened())}
    assert list(rows) == ["demand", "booth", "exit"], "the largest first, by the metric that decides"
    assert [rows[name]["mean"] for name in rows] == pytest.approx([8.0, -2.0, 0.0], abs=0.02)
    assert [rows[name]["mean_absolute"] for name in rows] == pytest.approx([8.0, 2.0, 0.0], abs=0.02)
    assert [rows[name]["spread"] for name in rows] == pytest.approx([0.0, 0.0, 0.0], abs=0.02)


def test_the_strongest_go_on_and_share_the_variance() -> None:
    first = screened()
    assert strongest(first) == ["demand", "booth"]
    further = variance_cells(first)
    assert {cell.factors["exit"] for cell in further} == {"x 1"}, "what does not matter stays in the middle"
    shares = {row["factor"]: row for row in variance(outcomes([*first.cells[1:], *further]))}
    # 8² and 2² of a uniform factor's variance each: 64 / 68 and 4 / 68, and nothing together
    assert shares["demand"]["first"] == pytest.approx(64 / 68, abs=0.05)
    assert shares["booth"]["total"] == pytest.approx(4 / 68, abs=0.05)


def said(result: StudyResult) -> tuple[list[str], int]:
    frames: dict[str, Any] = {"screening": Frame(screening(result)), "variance": Frame()}
    labels = StudyLabels(manifest(result))
    return [plain(text) for text in screening_advice(frames, labels)], len(screening_tables(frames, labels))


def test_the_advice_names_what_matters_and_what_does_not() -> None:
    advice, tables = said(screened())
    assert advice[:2] == [
        "Factors that change mean northbound clearance most: Demand (8 h) and Booth (2 h).",
        "No effect at all: Exit.",
    ]
    assert tables == 1


def test_a_point_beyond_the_run_has_no_effect_and_is_not_left_out() -> None:
    result = screened(beyond=3)
    assert screening(result) == []
    assert strongest(result) == []
    assert variance_cells(result) == []
    advice, tables = said(result)
    assert len(advice) == 1
    assert "mean northbound clearance lies beyond the run" in advice[0]
    assert tables == 0


def test_points_are_where_the_design_puts_them() -> None:
    found = screening_cells(outcomes([]))
    levels = {round(3 * share_of_range(cell, name), 2) for cell in found for name in STUDY.factors}
    assert levels == {0, 1, 2, 3}, "four levels (Morris 1991)"
    assert len(found) == 6 * (3 + 1), "each of six trajectories changes each of three factors once"
