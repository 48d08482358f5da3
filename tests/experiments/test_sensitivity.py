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
from experiments.studies.model import Study
from experiments.studies.result import StudyResult
from experiments.studies.sensitivity import (
    power_of_two,
    screening,
    screening_cells,
    strongest,
    variance,
    variance_cells,
)
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


def outcomes(found: Sequence[Cell], beyond: int = -1, study: Study = STUDY) -> StudyResult:
    """The base and some cells with the outcomes; one of them, if asked, is beyond the run in one replication."""

    def values(cell: Cell) -> dict[str, list[float]]:
        where = [share_of_range(cell, name) if cell.factors else 0.5 for name in study.factors]
        middle = {m: 20 + math.fsum(s * u for s, u in zip(SLOPES[m], where, strict=True)) for m in SLOPES}
        return {metric: [value - 1, value + 1] for metric, value in middle.items()}

    base = cells(study, 0)[0]
    made = [replications_of(values(cell)) for cell in (base, *found)]
    if beyond >= 0:
        made[beyond] = replications_of({**values(found[beyond]), MEAN: [20.0, math.inf]})
    return StudyResult(study, (base, *found), tuple(made), 0)


def screened(beyond: int = -1, study: Study = STUDY) -> StudyResult:
    return outcomes(screening_cells(outcomes([], study=study)), beyond, study)


def with_(**changes: Any) -> Study:
    return STUDY.model_copy(update=changes)


def test_effects_of_a_linear_outcome_are_its_slopes() -> None:
    rows = {row["factor"]: row for row in screening(screened())}
    assert list(rows) == ["demand", "booth", "exit"], "the largest first, by the metric that decides"
    assert [rows[name]["mean"] for name in rows] == pytest.approx([8.0, -2.0, 0.0], abs=0.02)
    assert [rows[name]["mean_absolute"] for name in rows] == pytest.approx([8.0, 2.0, 0.0], abs=0.02)
    assert [rows[name]["spread"] for name in rows] == pytest.approx([0.0, 0.0, 0.0], abs=0.02)
    # all six effects of a factor are its slope, so that the bootstrap's bound is no wider than the digits of a point
    assert [rows[name]["half_width"] for name in rows] == pytest.approx([0.0, 0.0, 0.0], abs=0.02)


def test_the_strongest_go_on_and_share_the_variance() -> None:
    first = screened()
    assert strongest(first) == ["demand", "booth"]
    further = variance_cells(first)
    assert {cell.factors["exit"] for cell in further} == {"x 1"}, "what does not matter stays in the middle"
    shares = {row["factor"]: row for row in variance(outcomes([*first.cells[1:], *further]))}
    # 8² and 2² of a uniform factor's variance each: 64 / 68 and 4 / 68, and nothing together
    assert shares["demand"]["first"] == pytest.approx(64 / 68, abs=0.05)
    assert shares["booth"]["total"] == pytest.approx(4 / 68, abs=0.05)
    assert shares["demand"]["total"] == pytest.approx(64 / 68, abs=0.05)
    assert shares["booth"]["first"] == pytest.approx(4 / 68, abs=0.05)
    assert list(shares) == ["demand", "booth"], "the largest share first"
    # Saltelli et al.: 64 points for each of two factors and two more series of 64; the first-order interval of a share
    # of 0.94 is wider than that of 0.06
    assert len(further) == 64 * (2 + 2)
    assert 0 < shares["booth"]["first_half_width"] < shares["demand"]["first_half_width"] < 0.5
    assert 0 < shares["booth"]["total_half_width"] < shares["demand"]["total_half_width"] < 0.5


def test_of_many_the_strongest_go_on_and_none_without_an_effect() -> None:
    assert strongest(screened(study=with_(strongest=1))) == ["demand"]
    assert strongest(screened(study=with_(strongest=3))) == ["demand", "booth"], "the exit has an effect of exactly 0"
    assert variance_cells(screened(study=with_(strongest=0))) == [], "no second stage is wanted"
    assert variance(screened()) == [], "no second stage was run"


def test_a_point_of_the_second_stage_beyond_the_run_leaves_no_shares() -> None:
    first = screened()
    every = [*first.cells[1:], *variance_cells(first)]
    assert variance(outcomes(every, beyond=len(every) - 1)) == []


def test_a_sobol_sequence_has_a_power_of_two_of_points() -> None:
    assert [power_of_two(count) for count in (1, 2, 3, 4, 5, 64, 65)] == [2, 2, 4, 4, 8, 64, 128]


def test_a_seed_of_more_than_32_bits_is_taken_by_its_last_32() -> None:
    """SALib takes seeds below 2**32; the study's may be larger."""
    small_seed, large = with_(seed=7), with_(seed=2**32 + 7)
    for study in (small_seed, large):
        first = screened(study=study)
        every = [*first.cells[1:], *variance_cells(first)]
        rows = variance(outcomes(every, study=study))
        found = [[cell.factors for cell in every], screening(first), rows]
        if study is small_seed:
            expected = found
    assert found == expected
    other = screened(study=with_(seed=8))
    assert [cell.factors for cell in other.cells] != [cell.factors for cell in screened(study=small_seed).cells]


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
    assert [cell.name for cell in found] == [f"morris {number}" for number in range(1, 25)]
    first = found[0]
    assert first.factors["stage"] == "morris"
    assert first.title == ", ".join(f"{STUDY.factors[name].title} {first.factors[name]}" for name in STUDY.factors)
    further = variance_cells(screened())
    assert (further[0].name, further[-1].name, further[0].factors["stage"]) == ("sobol 1", "sobol 256", "sobol")
