"""The search within budgets on a small gate, against every set of its upgrades."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from experiments.answers.money.budget import budget_advice
from experiments.answers.study_advice import READ, answer_of
from experiments.answers.study_labels import StudyLabels
from experiments.runs.replications import Runner
from experiments.studies.budget.mixes import candidate_cells, knapsack, known_worth, mix_of, most_mixes, price_of
from experiments.studies.budget.tables import BUDGET_TABLES
from experiments.studies.folder import manifest
from experiments.studies.model import Study
from experiments.studies.money.tables import Frame
from experiments.studies.result import StudyResult
from experiments.studies.run import most_scenarios, run_study
from experiments.studies.tables import tables
from gates import ConfigError, Scenario
from tests.experiments.studies import SMALL, plain, replications_of
from tests.gates.files import changed, write
from tests.prices import MONEY, levels

UPGRADES: dict[str, tuple[str, Any, float]] = {
    "booth": ("stages.booth.lanes", 3, 0.3e6),
    "inspectors": ("stages.inspection.lanes", 5, 0.2e6),
    "quick": ("stages.inspection.patience", {"constant": "9 h"}, 0.4e6),
    "useless": ("stages.booth.patience", {"constant": "9 h"}, 0.1e6),
}
BUDGETS = [0.25e6, 0.5e6, 1e6]
HOURS = {"booth": 20.0, "inspectors": 25.0, "quick": 30.0, "useless": 0.0}
"""Truck hours a day that each upgrade saves by itself."""
TOGETHER = {("inspectors", "quick"): -20.0, ("booth", "inspectors"): 6.0}
"""And two of them together beyond that: a second remedy of the same queue saves less."""
USD_AN_HOUR = 365 * 9 * 6.144567
"""Net present value of a truck hour a day: 9 USD an hour, 10 years at 10 %."""


def hours_saved(mix: Iterable[str]) -> float:
    own = set(mix)
    return sum(HOURS[name] for name in own) + sum(hours for pair, hours in TOGETHER.items() if own.issuperset(pair))


def truth(mix: Iterable[str]) -> float:
    """Return the net present value of a mix, as it is."""
    return USD_AN_HOUR * hours_saved(mix) - sum(UPGRADES[name][2] for name in mix)


def simulated(_: Study, scenarios: Sequence[Scenario], numbers: range, __: Runner) -> Any:
    """Return replications in the place of a simulation: chance of the day in common, and a little of their own."""
    found = []
    for scenario in scenarios:
        stages = scenario.gate.stages
        there = {
            "booth": stages["booth"].lanes == 3,
            "inspectors": stages["inspection"].lanes == 5,
            "quick": stages["inspection"].patience is not None,
            "useless": stages["booth"].patience is not None,
        }
        mix = [name for name, on in there.items() if on]
        days = [np.random.default_rng([number, 0]).normal(500, 20) for number in numbers]
        own = [np.random.default_rng([number, 1, *map(ord, "".join(mix))]).normal(0, 2) for number in numbers]
        hours = [day + chance - hours_saved(mix) for day, chance in zip(days, own, strict=True)]
        found.append(
            replications_of(
                {
                    "clearance_h.mean.northbound": hours,
                    "throughput_per_day.mean.northbound": [100.0] * len(hours),
                    "queue_truck_hours_per_day.mean.northbound.general": hours,
                    "loaded_truck_hours_per_day.mean.northbound.general": hours,
                }
            )
        )
    return tuple(found)


def files(folder: Path, **gate: Any) -> dict[str, str]:
    """Write a gate and its upgrades; return their paths by name."""
    data = changed(*gate.items())
    paths = {"gate": str(write(folder, json.dumps(data)))}
    for name, (path, value, capital) in UPGRADES.items():
        upgrade = {
            "name": name,
            "about": "One change.",
            "gate": "minimal",
            "changes": [{"path": path, "set": value, "source": "assumption"}],
            "costs": {
                "capital_usd": levels(capital),
                "running_usd_per_year": levels(0),
                "life_years": 10,
                "lead_time_months": 0,
            },
        }
        paths[name] = str(write(folder, json.dumps(upgrade), f"{name}.yaml"))
    return paths


def study(paths: dict[str, str], **changes: Any) -> Study:
    budget = {"usd": BUDGETS, "margin_usd": 50_000, "strongest": 3, "candidates": 9, "contenders": 5, "at_most": 40}
    own = {
        "design": "best-within-budget",
        "budget": budget,
        "factors": {name: {"upgrade": paths[name]} for name in UPGRADES},
        "replications": 8,
    }
    return Study.model_validate({**SMALL, "gate": paths["gate"], **own, **changes})


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return files(tmp_path_factory.mktemp("gate"), money=MONEY)


@pytest.fixture(scope="module")
def result(paths: dict[str, str]) -> Iterator[StudyResult]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("experiments.studies.run._replications", simulated)
        patched.setattr("experiments.studies.run.refuse_unknown_metrics", lambda _: None)
        yield run_study(study(paths))


def test_it_names_the_best_of_all_sets(result):
    sets = [frozenset(each) for n in range(5) for each in itertools.combinations(UPGRADES, n)]
    cells = {cell.name: cell for cell in result.cells}
    for budget, chosen in zip(BUDGETS, result.selections, strict=True):
        within = [mix for mix in sets if sum(UPGRADES[name][2] for name in mix) <= budget]
        best = max(within, key=truth)
        found = mix_of(cells[chosen.best], result)
        assert found in within
        assert truth(found) >= truth(best) - 50_000, "the best, or one within the margin"
        assert chosen.decided
    assert mix_of(cells[result.selections[-1].best], result) == {"booth", "inspectors"}, (
        "quick is not worth it beside them"
    )


def test_it_screens_upgrades_then_pairs_then_mixes(result):
    mixes = [mix_of(cell, result) for cell in result.cells]
    assert mixes[0] == frozenset()
    assert {frozenset([name]) for name in UPGRADES} == set(mixes[1:5])
    assert len(set(mixes)) == len(mixes), "nothing twice"
    assert len(mixes) <= 1 + most_mixes(result.study) == most_scenarios(result.study, result.cells[0].scenario.gate)
    assert not candidate_cells(result) or max(price_of(cell, result) for cell in candidate_cells(result)) <= max(
        BUDGETS
    )


def test_effects_add_up_to_what_was_measured(result):
    problem, worth = knapsack(result), known_worth(result)
    assert problem.cost == {name: capital for name, (_, _, capital) in UPGRADES.items()}
    for name in UPGRADES:
        assert problem.effect[name] == pytest.approx(float(worth[name].mean()))
    assert problem.effect["useless"] == pytest.approx(-0.1e6, abs=0.1e6), "its cost, and nothing for it"
    assert problem.pair["inspectors", "quick"] == pytest.approx(-20 * USD_AN_HOUR, rel=0.3)


def test_tables_and_words(result):
    table = BUDGET_TABLES["budget"](result)
    assert table["budget_usd"].tolist() == BUDGETS
    assert (table["capital_usd"] <= table["budget_usd"]).all()
    assert table["value"].is_monotonic_increasing or (table["value"].diff().dropna() > -50_000).all()
    front = BUDGET_TABLES["front"](result)
    assert front["on_front"].between(0, 1).all()
    assert front.iloc[0]["on_front"] == 1, "nothing costs nothing"
    frames = {**tables(result), **{name: make(result) for name, make in BUDGET_TABLES.items()}}
    answer = answer_of({name: frames.get(name, Frame()) for name in READ}, StudyLabels(manifest(result)))
    said = [plain(sentence) for sentence in answer.advice if sentence.startswith("With ")]
    assert len(said) == 3
    assert said[0].startswith("With USD 0.25 million: ")
    assert [t.title for t in answer.tables][:2] == [
        "The best mix within each budget",
        "Front of cost and net present value",
    ]


def test_sentences_of_a_choice_on_paper(result):
    """4 million with 1 million to spend, 7 with 3: 3 more, so 1.5 for each further million; the same again with 10."""
    labels = StudyLabels(manifest(result))
    first, second, third = (cell.name for cell in result.cells[1:4])
    row = {"low": 3e6, "high": 5e6, "capital_usd": 0.5e6, "contenders": 4, "probability": 0.9, "decided": True}
    rows = [
        {**row, "budget_usd": 1e6, "scenario": first, "value": 4e6, "as_good": "", "per_million": 4e6},
        {**row, "budget_usd": 3e6, "scenario": second, "value": 7e6, "as_good": "", "per_million": 1.5e6},
        {**row, "budget_usd": 10e6, "scenario": second, "value": 7e6, "as_good": third, "per_million": 0.0},
    ]
    rows[1]["decided"] = rows[2]["decided"] = False
    frame = Frame(rows).assign(per_million_high=[5e6, 2e6, 0.0])
    titles = labels.titles
    assert [plain(sentence) for sentence in budget_advice({"budget": frame}, labels)] == [
        f"With USD 1 million: {titles[first]}, for USD 0.5 million. Net present value USD 4 million (95 % interval "
        "3.0 to 5.0). It is the best of 4 mixes, or within the margin of it, with 95 % confidence (Kim and Nelson), "
        "among those that were tried.",
        f"With USD 3 million: {titles[second]}, for USD 0.5 million. Net present value USD 7 million (95 % interval "
        "3.0 to 5.0), USD 3 million more than with USD 1 million. It is the best of 4 mixes that were compared for "
        "this budget, with 95 % confidence (paired differences, Bonferroni).",
        f"With USD 10 million: {titles[second]}, for USD 0.5 million. Net present value USD 7 million (95 % interval "
        f"3.0 to 5.0), nothing more than with USD 3 million. Not shown to be better than {titles[third]} within the "
        "replications allowed; its probability of being the best is 90 %.",
        "More money than the budget before it brings nothing from USD 10 million on.",
    ]


BAD: list[tuple[dict[str, Any], str]] = [
    ({"budget": None}, "budgets and their design go together"),
    ({"design": "one-at-a-time"}, "budgets and their design go together"),
    ({"factors": {"n": {"path": "stages.booth.lanes", "values": [2, 3]}}}, "a budget is spent on upgrades"),
    ({"factors": {}}, "a design without factors"),
    ({"scenarios": [{"name": "more"}]}, "budgets and scenarios"),
    ({"replications": 4}, "too few replications to begin with"),
    ({"replications": 41}, "at_most is below the replications"),
]


@pytest.mark.parametrize(("changes", "problem"), BAD, ids=[problem for _, problem in BAD])
def test_a_file_that_cannot_be_used_says_why(paths, changes, problem):
    with pytest.raises(ValidationError, match=problem):
        study(paths, **changes)


def test_it_needs_prices_and_costs(tmp_path):
    bare = files(tmp_path)
    upgrade = json.loads(Path(bare["booth"]).read_text(encoding="utf-8"))
    del upgrade["costs"]
    write(tmp_path, json.dumps(upgrade), "booth.yaml")
    with pytest.raises(ConfigError) as caught:
        run_study(study(bare))
    assert [(found.path, found.problem) for found in caught.value.findings] == [
        ("gate", "it has no prices"),
        ("factors.booth", "it has no costs"),
    ]
