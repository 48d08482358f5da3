"""The page for a decision and the Excel file: what they say, in three languages, and that the page is one page."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path
from string import Formatter
from typing import Any

import pandas as pd
import pytest

from experiments.answers.study_advice import READ
from experiments.answers.study_labels import StudyLabels, read_labels
from experiments.report.decision.content import Decision, decision_of
from experiments.report.decision.words import LANGUAGES, Language, Words, texts
from experiments.report.excel import write_excel
from experiments.report.study import write_study_report
from experiments.studies.folder import manifest, read_table, write_study
from experiments.studies.model import Study
from experiments.studies.tables import tables
from tests.e2e.browser import BROWSER, FLAGS, IN_A_BROWSER
from tests.experiments.studies import SMALL, made, plain
from tests.gates.files import changed, write
from tests.prices import ENERGY, MONEY, levels

MEAN = "clearance_h.mean.northbound"
UPGRADE: dict[str, Any] = {
    "name": "less-checks",
    "about": "Half of the inspections.",
    "gate": "minimal",
    "changes": [{"path": "paths.northbound.inspection.share", "set": "12.5 %", "source": "assumption"}],
    "costs": {
        "capital_usd": levels(100_000),
        "running_usd_per_year": levels(10_000),
        "life_years": 10,
        "lead_time_months": 0,
    },
}


def numbers(queue: list[float]) -> dict[str, list[float]]:
    """Return the numbers of replications in which trucks wait in queues for so many hours a day, 100 trucks a day."""
    return {
        "clearance_h.mean.northbound": [hour / 10 for hour in queue],
        "throughput_per_day.mean.northbound": [100.0] * len(queue),
        "queue_truck_hours_per_day.mean.northbound": queue,
        "queue_truck_hours_per_day.mean.northbound.general": queue,
        "loaded_truck_hours_per_day.mean.northbound.general": queue,
        "queue_trucks.mean@booth": [hour / 24 for hour in queue],
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a study in which an upgrade saves 9, 10 and 11 truck hours a day."""
    place = tmp_path_factory.mktemp("decision")
    money = {**MONEY, "inspections": ["inspection"]}
    gate = write(place, json.dumps(changed(("money", money), ("energy", ENERGY))))
    upgrade = write(place, json.dumps(UPGRADE), "less-checks.yaml")
    scenarios = [{"name": "less-checks", "title": "Fewer checks", "upgrades": [str(upgrade)]}]
    study = Study.model_validate({**SMALL, "gate": str(gate), "scenarios": scenarios})
    result = made(study, {"base": numbers([100.0, 101.0, 99.0]), "less-checks": numbers([91.0, 91.0, 88.0])})
    return write_study(result, place / "study")


def page(folder: Path, language: Language = "en") -> Decision:
    frames = {name: read_table(folder, name) for name in READ}
    return decision_of(frames, read_labels(folder), Words(language))


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_the_same_texts_with_the_same_places(language: Language) -> None:
    english, other = texts("en"), texts(language)
    assert other.keys() == english.keys()
    assert {key: places(text) for key, text in other.items()} == {key: places(text) for key, text in english.items()}
    assert bool(other["unread"]) == (language != "en")


def test_what_the_page_says(folder: Path) -> None:
    # Mean clearance is a tenth of the queue: 10, 10.1 and 9.9 h before, 9.1, 9.1 and 8.8 h after, so 1 h less. 100
    # trucks a day: 1 h in queues each before, 0.9 h after. 10 h a day less are 105 USD (test_study_money), 38,325 a
    # year; a dollar a year of 10 years at 10 % is worth 6.144567 today: 28,325 x 6.144567 - 100,000 = 74,045.
    said = page(folder)
    assert plain(said.answer[0]).startswith(
        "Fewer checks: Clearance time, mean, northbound from 10.0 h to 9.0 h (difference −1.0 h, 95 % interval"
    )
    assert plain(said.answer[1]).startswith("Fewer checks: worth USD 0.074 million over 10 years at 10 % a year")
    first = said.rows[0]
    assert (first.title, plain(first.before), plain(first.after)) == (
        "Clearance time, mean, northbound",
        "10.0 h",
        "9.0 h",
    )
    assert [step.title for step in said.steps] == ["Today", "In queues", "After"]
    assert [end for step in said.steps for end in (step.start, step.end)] == pytest.approx([0, 1, 1, 0.9, 0, 0.9])
    assert [(point.title, point.capital, point.chosen) for point in said.points] == [("Fewer checks", 0.1, True)]
    assert said.points[0].net == pytest.approx(0.074045, rel=1e-4)
    assert len(said.caveats) == 3
    assert said.caveats[1] == "Fewer trucks are inspected. What these inspections would have found is in no benefit."
    assert said.measures == ("Booth: time in service (4 min).", "Trucks a day: general (120).")


def test_a_mix_without_rivals_is_the_best_whether_the_race_ended_or_not(folder: Path) -> None:
    row = {"scenario": "less-checks", "capital_usd": 1e5, "value": 7e4, "low": 6e4, "high": 8e4}
    rivals = [("", True), ("", False), ("base", False)]
    for as_good, decided in rivals:
        frames = {name: read_table(folder, name) for name in READ}
        frames["budget"] = pd.DataFrame([{**row, "budget_usd": 3e6, "as_good": as_good, "decided": decided}])
        (said, *_) = decision_of(frames, read_labels(folder), Words("en")).answer
        end = "The replications do not tell it apart from Base." if as_good else "compared, with 95 % confidence."
        assert plain(said).endswith(end)


SMALL_GATE: dict[str, Any] = {key: value for key, value in SMALL.items() if key != "question"}


def decided(values: dict[str, list[float]], **design: Any) -> Decision:
    """Return the page of a study of mean clearance [h], by scenario."""
    study = Study.model_validate({**SMALL_GATE, "question": "Which?", "metrics": [MEAN], **design})
    result = made(study, {name: {MEAN: hours} for name, hours in values.items()})
    frames = tables(result)
    labels = StudyLabels(manifest(result))
    return decision_of({name: frames.get(name, pd.DataFrame()) for name in READ}, labels, Words("en"))


def test_what_is_compared_with_a_circumstance_is_not_called_today() -> None:
    # Twice the demand makes trucks take 20 h instead of 10; a third lane brings 9 h and 12 h. Its larger gain is at
    # twice the demand, which is not the situation of today.
    growth = {"title": "Demand ×", "demand": True, "context": True, "values": [1, 2]}
    lanes = {"title": "Third lane", "path": "stages.booth.lanes", "values": [2, 3]}
    levels = {
        "growth 1 + lanes 2": 10.0,
        "growth 1 + lanes 3": 9.0,
        "growth 2 + lanes 2": 20.0,
        "growth 2 + lanes 3": 12.0,
    }
    values = {name: [level, level + 0.1, level - 0.1] for name, level in {"base": 10.0, **levels}.items()}
    said = decided(values, design="grid", factors={"growth": growth, "lanes": lanes})
    assert said.before == "Demand × 2 + Third lane 2"
    assert plain(said.answer[0]).startswith(
        "Demand × 2 + Third lane 3: Clearance time, mean, northbound from 20.000 h to"
    )


def test_of_a_numbered_factor_the_page_says_how_many_are_enough() -> None:
    # Two lanes, the base, give 10 h as three and four do; one lane gives 15 h.
    lanes = {"title": "Lanes:", "path": "stages.booth.lanes", "values": [1, 3, 4]}
    values = {"base": 10.0, "lanes 1": 15.0, "lanes 3": 10.0, "lanes 4": 10.0}
    noise = (0.0, 0.01, -0.01)
    found = decided(
        {name: [level + each for each in noise] for name, level in values.items()},
        design="one-at-a-time",
        factors={"lanes": lanes},
    )
    assert found.option == ""
    assert plain(found.answer[0]) == (
        "Enough: the base (2). Clearance time, mean, northbound: within 6 min of the best. More brings no difference "
        "that matters; fewer is not shown to be as good."
    )


def test_vietnamese_numbers_have_commas(folder: Path) -> None:
    said = page(folder, "vi")
    assert "từ 10,0 h còn 9,0 h" in plain(said.answer[0])
    assert said.words.number("1\u2009234.5") == "1.234,5"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_report_begins_with_the_page_in_its_language(folder: Path, language: Language) -> None:
    html = write_study_report(folder, [], language).read_text(encoding="utf-8")
    assert html.index('class="decision"') < html.index('id="answer"')
    assert texts(language)["caveats"] in html


@pytest.mark.parametrize("language", [pytest.param(each, marks=IN_A_BROWSER) for each in LANGUAGES])
def test_the_page_prints_on_one_sheet(folder: Path, language: Language) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=list(FLAGS))
        shown = browser.new_page()
        shown.goto(write_study_report(folder, [], language).as_uri())
        whole = _sheets(shown.pdf(prefer_css_page_size=True))
        shown.add_style_tag(content="main > :not(.decision) { display: none }")
        assert _sheets(shown.pdf(prefer_css_page_size=True)) == 1
        shown.add_style_tag(
            content="main > section:not(.decision) { display: block } .decision, header { display: none }"
        )
        assert whole == 1 + _sheets(shown.pdf(prefer_css_page_size=True))  # what follows begins on a sheet of its own
        browser.close()


def _sheets(pdf: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


def test_the_excel_file_has_the_tables_as_numbers(folder: Path) -> None:
    first = write_excel(folder).read_bytes()
    with zipfile.ZipFile(folder / "tables.xlsx") as book:
        names = re.findall(r'<sheet name="([^"]+)"', book.read("xl/workbook.xml").decode())
        appraisal = book.read(f"xl/worksheets/sheet{names.index('appraisal') + 1}.xml").decode()
    assert names[0] == "about"
    assert set(names[1:]) == {path.stem for path in (folder / "tables").glob("*.parquet")}
    assert "<v>38325" in appraisal  # the benefit a year
    assert write_excel(folder).read_bytes() == first
