"""Plausible worlds: what is drawn, and whether chance, inputs and the value of information come out as known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from experiments.answers.study_advice import READ, answer_of
from experiments.answers.study_labels import read_labels
from experiments.studies.folder import read_table, write_study
from experiments.studies.model import Study
from experiments.studies.run import most_scenarios, run_study
from experiments.studies.worlds.analysis import (
    doubt,
    share_best,
    value_of_perfect_information,
    values_of_information,
)
from experiments.studies.worlds.draws import draw_world, triangular, uncertain_inputs
from gates import ConfigError, Gate, load_gate
from gates.schema.paths import Choice
from tests.experiments.studies import SMALL, plain
from tests.gates.files import changed, write
from tests.prices import MONEY, levels

Floats = npt.NDArray[np.float64]


def test_what_is_drawn_and_how_far() -> None:
    # The booth has 2 lanes and 4 min, the inspection 3 lanes and a quarter of the trucks; hours are 07:00-19:00 and
    # 08:00-20:00; prices are those with a range. The spread of a distribution is not drawn.
    ranges = {"stages.booth.lanes": {"low": 0.5, "high": 1.5}}
    gate = Gate.model_validate(changed(("money", MONEY), ("ranges", ranges), ("sources", {})))
    found = {each.path: (each.kind, each.low, each.high, each.is_default) for each in uncertain_inputs(gate)}
    assert found["stages.booth.lanes"] == ("count", 0.5, 1.5, False)
    assert found["stages.inspection.lanes"] == ("count", 0.7, 1.3, True)
    assert found["stages.booth.service"] == ("duration", 0.5, 2, True)
    assert found["stages.booth.hours"] == ("clock", -60, 60, True)
    assert found["flows.general.per_day"] == ("count", 0.7, 1.3, True)
    assert found["paths.northbound[1].share"] == ("share", -10, 10, True)
    assert found["money.truck_hour.vehicle_usd"] == ("price", 0, 1, False)
    assert "money.truck_hour.driver_usd" not in found  # the same at both ends


def test_numbers_with_a_fact_are_not_drawn() -> None:
    paths = {each.path for each in uncertain_inputs(load_gate("friendship-pass"))}
    assert "stages.bay-cn.lanes" in paths
    assert "flows.electronics-north.per_day" not in paths  # F161


def test_worlds_stay_in_their_ranges_and_differ() -> None:
    gate = Gate.model_validate(changed(("sources", {})))
    worlds = [draw_world(gate, 1, n) for n in range(40)]
    flows = [world.gate.flows["general"].per_day for world in worlds]
    assert 0.7 * 120 <= min(flows) < 95
    assert 145 < max(flows) <= 1.3 * 120
    hours = {str(world.gate.stages["booth"].hours) for world in worlds}
    assert len(hours) > 20
    again = draw_world(gate, 1, 3)
    assert again.gate == worlds[3].gate
    assert draw_world(gate, 2, 3).gate != worlds[3].gate


@pytest.mark.slow
def test_readings_are_drawn_by_their_weights() -> None:
    gate = load_gate("friendship-pass")
    found = pd.Series([draw_world(gate, 1, n).reading for n in range(60)]).value_counts()
    # Weights 0.6, 0.2, 0.1, 0.1: of 60 worlds 36 with a standard deviation of 3.8.
    assert 25 <= found["hold-by-goods"] <= 47
    assert set(found.index) == set(gate.readings)


def test_shares_of_a_choice_still_add_up() -> None:
    gate = load_gate("friendship-pass")
    for n in range(5):
        made = draw_world(gate, 1, n).gate
        for direction in made.paths:
            choices = [step for step in made.paths[direction] if isinstance(step, Choice)]
            assert [sum(choice.shares.values()) for choice in choices] == pytest.approx([1.0] * len(choices))


def test_triangular() -> None:
    # From 0 over 1 to 3: a third of the mass lies below 1. A quarter: sqrt(3 x 1 x 0.25) = 0.866; 0.9: 3 - sqrt(0.6).
    assert triangular(0, 1, 3, 1 / 3) == pytest.approx(1)
    assert triangular(0, 1, 3, 0.25) == pytest.approx(0.8660254)
    assert triangular(0, 1, 3, 0.9) == pytest.approx(3 - 0.6**0.5)
    assert triangular(2, 2, 2, 0.4) == 2


def test_chance_and_inputs_come_apart_in_a_thousand_studies() -> None:
    # Expected numbers scatter over worlds with variance 4, replications about them with 9: the inputs have 4 / 13. The
    # interval holds 95 % of the expected numbers, which are normal, so a new world is in it about that often.
    generator = np.random.default_rng(1)
    shares, covered = [], []
    for _ in range(1000):
        truth = generator.normal(10, 2, 61)
        found = doubt(truth[:60, np.newaxis] + generator.normal(0, 3, (60, 2)))
        shares.append(found.input_share)
        covered.append(found.low <= truth[60] <= found.high)
    assert float(np.mean(shares)) == pytest.approx(4 / 13, abs=0.02)
    assert 0.92 <= np.mean(covered) <= 0.97


def test_no_input_and_no_chance() -> None:
    noise = np.random.default_rng(1).normal(0, 1, (200, 2))
    assert doubt(noise).input_share < 0.15
    assert doubt(np.repeat(np.arange(10.0)[:, np.newaxis], 2, axis=1)).input_share == 1
    assert doubt(np.ones((5, 2))) == (1, 1, 1, 0, 0)  # value, both ends, no variance


def toy(worlds: int, noise: float) -> tuple[Floats, Floats]:
    """Return values of two options, of which one brings nothing and one between -1 and 3, and where that lies."""
    generator = np.random.default_rng(2)
    places = (np.arange(worlds) + 0.5) / worlds
    values = np.zeros((worlds, 2, 2))
    values[:, 1] = (4 * places - 1)[:, np.newaxis] + generator.normal(0, noise, (worlds, 2))
    return values, places


def test_what_it_is_worth_to_know_everything() -> None:
    # Without knowing, the second: 1 on average. Knowing, it is taken where it brings more than nothing: the integral of
    # x / 4 from 0 to 3 is 9 / 8. So 1 / 8.
    values, places = toy(400, 0.0)
    assert value_of_perfect_information(values) == pytest.approx(1 / 8, abs=1e-4)
    assert share_best(values, more_is_better=True).tolist() == [0.25, 0.75]
    other = np.random.default_rng(3).random(400)
    found = values_of_information(values, {"it": places, "another": other})
    assert list(found) == ["it"]
    assert found["it"] == pytest.approx(1 / 8, abs=1e-4)


def test_noise_makes_no_value_of_information() -> None:
    generator = np.random.default_rng(4)
    values = generator.normal(0, 1, (20, 100, 3, 2))
    values[..., 1, :] += 0.5  # one is better on average, and nothing depends on the world
    assert np.mean([value_of_perfect_information(each) for each in values]) < 0.03
    inputs = {str(n): generator.random(100) for n in range(20)}
    alarms = sum(bool(values_of_information(each, inputs)) for each in values)
    assert alarms <= 4  # at 5 % one of 20; more than four once in 400 tests
    noisy, places = toy(400, 1.0)
    # Some worlds are told wrongly, so a little less than 1 / 8; a plain maximum of noisy means would say more.
    assert 0.02 < value_of_perfect_information(noisy) < 0.15
    assert values_of_information(noisy, {"it": places})["it"] == pytest.approx(1 / 8, abs=0.06)


UPGRADE: dict[str, Any] = {
    "name": "third-booth",
    "about": "A third booth.",
    "gate": "minimal",
    "changes": [{"path": "stages.booth.lanes", "add": 1, "source": "assumption"}],
    "costs": {
        "capital_usd": levels(100_000, 50_000, 200_000),
        "running_usd_per_year": levels(10_000),
        "life_years": 10,
        "lead_time_months": 0,
    },
}


def test_a_study_in_worlds(tmp_path: Path) -> None:
    gate = write(tmp_path, json.dumps(changed(("money", MONEY), ("sources", {}))))
    upgrade = write(tmp_path, json.dumps(UPGRADE), "third-booth.yaml")
    scenarios = [{"name": "third", "title": "Third booth", "upgrades": [str(upgrade)]}]
    small = {**SMALL, "gate": str(gate), "scenarios": scenarios, "worlds": 12}
    folder = write_study(run_study(Study.model_validate(small)), tmp_path / "study")
    rows = read_table(folder, "worlds")
    assert len(rows) == 12 * 2
    assert rows[rows["scenario"] == "base"]["net_usd"].eq(0).all()
    assert rows[rows["scenario"] == "third"]["net_usd"].nunique() == 12
    best = read_table(folder, "doubt")
    assert best[best["measure"] == "net present value"]["best_share"].sum() == pytest.approx(1)
    frames = {name: read_table(folder, name) for name in READ}
    answer = answer_of(frames, read_labels(folder))
    said = plain(" ".join(answer.advice))
    assert "In 12 plausible worlds, in which" in said
    assert "Errors in the inputs are not included" not in said
    assert "In plausible worlds: net present value, USD million" in {table.title for table in answer.tables}
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["study"]["worlds"] == 12


def test_designs_that_vary_numbers_themselves_are_refused() -> None:
    with pytest.raises(ConfigError) as caught:
        run_study(Study.model_validate({**SMALL, "design": "bottleneck", "worlds": 10}))
    assert caught.value.findings[0].problem == "design bottleneck varies numbers itself"


def test_worlds_count_in_the_size_of_a_study() -> None:
    # Base and one option; ten worlds of two replications each are 40, as many as ten scenarios of four replications.
    study = Study.model_validate({**SMALL, "replications": 4, "worlds": 10, "scenarios": [{"name": "same"}]})
    assert most_scenarios(study, study.own_gate()) == 2 + 10
