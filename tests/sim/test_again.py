"""Visits made again, worked on paper. Who makes them again is read off the uniform numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from experiments.runs.run import expected_visits
from sim import Draws, Plan, draw
from sim.draws.uniforms import uniforms
from sim.engines.simulate import Engine
from tests.sim.hand import minutes, plan_of

both = pytest.mark.parametrize("engine", ["reference", "compiled"])


def at_once(trucks: int, path: list[Any]) -> tuple[Plan, Draws]:
    """Return a gate at which so many general trucks stand in line at the booth, and nobody arrives."""
    times = {"booth": 10, "scan": 3, "bay": 20, "out": 1}
    stages = {name: {"lanes": 1, "service": {"constant": 60 * time}} for name, time in times.items()}
    flows = {name: {"class": name, "direction": "northbound", "per_day": 0} for name in ("durian", "general")}
    entry = {"class": "general", "direction": "northbound", "stage": "booth", "trucks": trucks}
    plan = plan_of(stages, path, flows=flows, initial=[entry])
    return plan, draw(plan)


def uniform(name: str, trucks: int) -> np.ndarray:
    return uniforms(f"1/0/general northbound at booth/{name}", 0, trucks)


def stages_of(plan: Plan, draws: Draws) -> list[list[str]]:
    """Return the stages that each truck visits."""
    stages = [plan.stages[s] for s in plan.network.line_stage[draws.line]]
    return [stages[a:b] for a, b in zip(draws.first[:-1], draws.first[1:], strict=True)]


@both
def test_a_visit_made_again(engine: Engine) -> None:
    # All trucks come a second time. Two trucks, one lane, 10 min: truck 0 at 0-10, truck 1, who waited, at 10-20, then
    # truck 0 again, who stands behind it since 10, then truck 1.
    plan, draws = at_once(2, [{"stage": "booth", "again": 1}, "out"])
    assert minutes(plan, draws, engine) == [
        (0, 0, 10), (10, 20, 30), (30, 30, 31),
        (0, 10, 20), (20, 30, 40), (40, 40, 41),
    ]  # fmt: skip


def test_how_often_is_drawn_round_by_round() -> None:
    # A round is made if the one before was, and its number is above 1 - share.
    trucks, share = 200, 0.4
    plan, draws = at_once(trucks, [{"stage": "booth", "again_for": {"general": share}, "most": 3}])
    rounds = np.array([uniform(f"booth/again/{n}", trucks) >= 1 - share for n in (1, 2, 3)])
    times = np.cumprod(rounds, axis=0).sum(axis=0)
    assert set(times) == {0, 1, 2, 3}
    assert [len(way) for way in stages_of(plan, draws)] == (1 + times).tolist()
    assert expected_visits(plan) == pytest.approx(trucks * (1 + 0.4 + 0.16 + 0.064))


def test_all_visits_from_an_earlier_stage_again() -> None:
    # Half of the trucks are scanned; all that come to the bay (half) go back to the scan once. Who was not scanned is
    # not scanned now, who does not come to the bay goes out.
    trucks = 100
    path = ["booth", {"stage": "scan", "share": 0.5}, {"stage": "bay", "share": 0.5, "again": 1, "again_from": "scan"}]
    plan, draws = at_once(trucks, [*path, "out"])
    scanned, bay = uniform("scan/share", trucks) < 0.5, uniform("bay/share", trucks) < 0.5
    expected = [
        ["booth"] + ["scan"] * s + (["bay"] + ["scan"] * s + ["bay"]) * b + ["out"]
        for s, b in zip(scanned.tolist(), bay.tolist(), strict=True)
    ]
    assert stages_of(plan, draws) == expected
    assert expected_visits(plan) == pytest.approx(trucks * (1 + 0.5 + 0.5 + 0.25 + 0.5 + 1))


def test_a_class_that_never_comes_to_the_first_stage_starts_after_it() -> None:
    path = ["booth", {"stage": "scan", "only": ["durian"]}, {"stage": "bay", "again": 1, "again_from": "scan"}]
    plan, draws = at_once(1, path)
    assert stages_of(plan, draws) == [["booth", "bay", "bay"]]


def test_rework_leaves_all_other_random_numbers_alone() -> None:
    flows = {name: {"class": name, "direction": "northbound", "per_day": 100} for name in ("durian", "general")}
    stages = {name: {"lanes": 1, "service": {"exponential": {"mean": 60}}} for name in ("booth", "bay")}
    without, again = (
        draw(plan_of(stages, ["booth", {"stage": "bay", **more}, "booth"], flows=flows))
        for more in ({}, {"again": 0.5, "again_from": "booth"})
    )
    assert np.array_equal(without.arrival, again.arrival)
    for truck in range(without.trucks):
        first, other = (d.service[d.first[truck] : d.first[truck + 1]] for d in (without, again))
        assert first.tolist() == [*other[:2], other[-1]]
        assert other.size in (3, 5)
