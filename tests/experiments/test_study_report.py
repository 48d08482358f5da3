"""The folder of a study: tables, plots and the page, for every design."""

from __future__ import annotations

import json
import re
from typing import Any

import pandas as pd
import pytest

from experiments.answers.study_advice import read_answer
from experiments.answers.study_labels import read_labels
from experiments.report.drawing import draw_result
from experiments.studies.folder import read_table, write_study
from experiments.studies.run import run_study
from tests.experiments.studies import SCENARIOS, small

LANES = {"title": "Booths", "path": "stages.booth.lanes", "values": [2, 3]}
BUSY = {"title": "Demand ×", "demand": True, "values": [1.0, 1.2]}
RANGES = {
    "booth": {"title": "Booth", "path": "stages.booth.service", "low": 0.8, "high": 1.2},
    "exit": {"path": "stages.exit.service", "low": 0.8, "high": 1.2},
}
DESIGNS: dict[str, Any] = {
    "named": {},
    "warm-up": {"warmup_days": "auto"},
    "one-at-a-time": {"design": "one-at-a-time", "factors": {"booths": LANES, "demand": BUSY}},
    "grid": {"design": "grid", "factors": {"booths": LANES, "demand": BUSY}},
    "contexts": {"design": "grid", "factors": {"demand": {**BUSY, "context": True}, "booths": LANES}},
    "space-filling": {"design": "space-filling", "factors": RANGES, "points": 5},
    "tornado": {"design": "tornado", "scenarios": SCENARIOS[:1]},
    "bottleneck": {"design": "bottleneck"},
    "screening": {"design": "screening", "factors": RANGES, "trajectories": 3, "strongest": 1, "points": 4},
}


EVERYDAY = ("named", "grid", "tornado", "bottleneck")


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=[] if name in EVERYDAY else [pytest.mark.long]) for name in DESIGNS],
    ids=str,
)
def folder(request, tmp_path_factory):
    if request.param == "screening":
        pytest.importorskip("SALib")
    result = run_study(small(**DESIGNS[request.param]))
    found = write_study(result, tmp_path_factory.mktemp("study") / request.param)
    return found


def test_the_advice_is_sentences_with_numbers(folder):
    answer = read_answer(folder)
    assert len(answer.advice) >= 2
    assert all(sentence.endswith(".") and "nan" not in sentence for sentence in answer.advice)
    assert answer.tables
    for table in answer.tables:
        assert all(len(row) == len(table.columns) for row in table.rows), table.title


@pytest.mark.slow
def test_plots_are_drawn_and_described(folder):
    *paths, report = draw_result(folder, png=True)
    assert report == folder / "report.html"
    assert len({path.stem for path in paths}) == len(paths) / 2
    for path in paths:
        if path.suffix == ".svg":
            text = re.sub(r"<style>.*?</style>", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)  # fonts
            assert "<desc>" in text
            assert "NaN" not in text
            assert "undefined" not in text


def test_the_page_stands_alone(folder):
    page = draw_result(folder)[-1].read_text(encoding="utf-8")
    assert not re.search(r'(src|href)="(?!#)', page)
    assert "Content-Security-Policy" in page
    compares_options = folder.name not in ("bottleneck", "screening")
    assert ('<section class="decision"' in page) == ('href="#decision"' in page) == compares_options
    for sentence in read_answer(folder).advice:
        assert sentence.split("(")[0].replace("'", "&#39;").replace(">", "&gt;")[:40] in page
    titles = list(read_labels(folder).titles.values())[:40]
    assert re.findall("<summary>(.*?) <code>", page) == titles, "inputs that are varied are named in words"
    assert not any(re.match(r"(base|choice): ", title) for title in titles)


def test_tables_are_tidy_and_the_same_in_both_formats(folder):
    for path in folder.glob("tables/*.parquet"):
        frame, text = pd.read_parquet(path), pd.read_csv(path.with_suffix(".csv"))
        assert list(frame.columns) == list(text.columns)
        assert len(frame) == len(text) > 0
        assert not frame.duplicated().any(), path.name


def test_a_context_has_a_base_of_its_own(tmp_path):
    folder = write_study(run_study(small(**DESIGNS["contexts"])), tmp_path / "x")
    found = read_table(folder, "differences")
    pairs = set(zip(found["scenario"], found["against"], strict=True))
    assert pairs == {
        ("demand 1 + booths 3", "demand 1 + booths 2"),
        ("demand 1.2 + booths 3", "demand 1.2 + booths 2"),
        ("demand 1.2 + booths 2", "base"),
    }
    best = read_table(folder, "best")
    assert set(zip(best["context"], best["scenario"], strict=True)) == {
        ("Demand × 1", "demand 1 + booths 2"),
        ("Demand × 1", "demand 1 + booths 3"),
        ("Demand × 1.2", "demand 1.2 + booths 2"),
        ("Demand × 1.2", "demand 1.2 + booths 3"),
    }


def test_what_binds_is_named_and_then_the_next(tmp_path):
    folder = write_study(run_study(small(design="bottleneck", days=10, replications=6)), tmp_path / "x")
    found = read_table(folder, "bottleneck")
    first = found[(found["round"] == 1) & (found["what"] == "capacity") & (found["rank"] == 1)]
    assert set(first["place"]) == {"booth"}, "the booth is the busiest stage"
    second = found[(found["round"] == 2) & (found["what"] == "capacity")]
    assert set(second["place"]) == {"inspection"}
    assert set(second["relieved"]) == {"booth capacity"}
    advice = read_answer(folder).advice
    assert advice[0].startswith("Bottleneck: Booth. Twice its capacity saves ")
    assert advice[1].startswith("Once it is relieved, Inspection comes next: a tenth more (")
    relief = found[(found["what"] == "relief") & (found["metric_name"] == "truck_hours_per_day")]
    assert (relief["place"].tolist(), relief["scenario"].tolist(), relief["against"].tolist()) == (
        ["booth"],
        ["relieved"],
        ["base"],
    )


def test_a_missing_cost_is_shown_as_not_given(tmp_path):
    def upgrade(name: str, **costs: Any) -> str:
        booth = {"path": "stages.booth.lanes", "add": 1, "source": "assumption"}
        document = {"name": name, "about": "A booth.", "gate": "minimal", "changes": [booth], **costs}
        (tmp_path / f"{name}.yaml").write_text(json.dumps(document), encoding="utf-8")
        return str(tmp_path / f"{name}.yaml")

    costs = {
        "capital_usd": {"low": 1e6, "base": 2e6, "high": 3e6},
        "running_usd_per_year": {"low": 1e5, "base": 2e5, "high": 3e5},
        "life_years": 10,
        "lead_time_months": 6,
        "sources": dict.fromkeys(
            ("capital_usd", "running_usd_per_year", "life_years", "lead_time_months"), "assumption"
        ),
    }
    scenarios = [
        {"name": "costed", "upgrades": [upgrade("costed", costs=costs)]},
        {"name": "uncosted", "upgrades": [upgrade("uncosted")]},
    ]
    folder = write_study(run_study(small(scenarios=scenarios)), tmp_path / "x")
    (table,) = (table for table in read_answer(folder).tables if table.title == "What it costs")
    assert {row[:4] for row in table.rows} == {
        ("costed", "2 (1 to 3)", "0.2 (0.1 to 0.3)", "USD\N{NO-BREAK SPACE}0.4 million"),  # 2 m over 10 years + 0.2 m
        ("uncosted", "not given", "not given", "not given"),
    }
