"""Money and energy of a study, on replications with given numbers: worked on paper."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from experiments.answers.study_advice import READ, StudyAnswer, answer_of
from experiments.answers.study_labels import StudyLabels
from experiments.studies.folder import manifest
from experiments.studies.model import Study
from experiments.studies.money.tables import Frame, money_frames
from experiments.studies.result import StudyResult
from experiments.studies.tables import tables
from tests.experiments.studies import SMALL, made, plain
from tests.gates.files import changed, write
from tests.prices import ENERGY, MONEY, levels

NORTH = "northbound"
UPGRADE: dict[str, Any] = {
    "name": "less-checks",
    "about": "Half of the inspections.",
    "gate": "minimal",
    "changes": [{"path": "paths.northbound.inspection.share", "set": "12.5 %", "source": "assumption"}],
    "costs": {
        "capital_usd": levels(100_000, 50_000, 200_000),
        "running_usd_per_year": levels(10_000),
        "life_years": 10,
        "lead_time_months": 0,
        "paid_by": {"vn": "100 %"},
    },
}


def hours(queue: list[float]) -> dict[str, list[float]]:
    """Return the numbers of replications in which trucks wait in queues, and the deciding metric."""
    return {
        "clearance_h.mean.northbound": [hour / 10 for hour in queue],
        "throughput_per_day.mean.northbound": [100.0] * len(queue),
        "queue_truck_hours_per_day.mean.northbound.general": queue,
        "loaded_truck_hours_per_day.mean.northbound.general": queue,
    }


@pytest.fixture
def result(tmp_path: Path) -> StudyResult:
    """Return a study in which an upgrade saves 9, 10 and 11 truck hours a day, and a lane nobody has costed none."""
    money = {**MONEY, "inspections": ["inspection"], "growth_years": 0}
    gate = write(tmp_path, json.dumps(changed(("money", money), ("energy", ENERGY))))
    upgrade = write(tmp_path, json.dumps(UPGRADE), "less-checks.yaml")
    scenarios = [
        {"name": "less-checks", "title": "Fewer checks", "upgrades": [str(upgrade)]},
        {"name": "lane", "title": "A lane", "set": {"stages.booth.lanes": 3}},
    ]
    study = Study.model_validate({**SMALL, "gate": str(gate), "scenarios": scenarios})
    base = [100.0, 101.0, 99.0]
    better = [91.0, 91.0, 88.0]
    return made(study, {"base": hours(base), "less-checks": hours(better), "lane": hours(base)})


def answer(result: StudyResult) -> StudyAnswer:
    frames = {**tables(result), **money_frames(result)}
    return answer_of({name: frames.get(name, Frame()) for name in READ}, StudyLabels(manifest(result)))


def measure(result: StudyResult, scenario: str, name: str) -> dict[str, float]:
    rows = money_frames(result)["appraisal"]
    (row,) = rows[(rows["scenario"] == scenario) & (rows["measure"] == name)].to_dict("records")
    return {str(key): value for key, value in row.items()}


def test_a_benefit_in_each_replication_and_at_each_end_of_the_prices(result):
    # 10 h a day less: vehicle 60 + driver 20 + cargo 10, and fuel: half of 10 h runs, 3.75 h x 2 l + 1.25 h x 6 l = 15,
    # each 1 USD: 105 USD a day, 38,325 a year. Each hour brings 10.5 USD: 9, 10 and 11 h, so ± 4.303 / sqrt(3) hours.
    found = measure(result, "less-checks", "benefit a year")
    assert found["value"] == pytest.approx(365 * 105)
    assert found["high"] - found["value"] == pytest.approx(365 * 10.5 * 4.3027 / 3**0.5, rel=1e-4)
    # Low: 40 + 20 + 0 + 3.75 x 1 + 1.25 x 6 = 71.25; high: 80 + 20 + 30 + 3.75 x 4 + 7.5 = 152.5.
    assert found["price_low"] == pytest.approx(365 * 71.25)
    assert found["price_high"] == pytest.approx(365 * 152.5)


def test_net_present_value_and_its_ranges(result):
    # 10 years at 10 %: a dollar a year is worth 6.14457; (38,325 - 10,000) x 6.14457 - 100,000.
    net = measure(result, "less-checks", "net present value")
    assert net["value"] == pytest.approx(28_325 * 6.144567 - 100_000, rel=1e-6)
    # Worst: least benefit, capital of 200,000, 15 %: 5.018769; best: 50,000 at 5 %: 7.721735.
    assert net["price_low"] == pytest.approx((365 * 71.25 - 10_000) * 5.018769 - 200_000, rel=1e-6)
    assert net["price_high"] == pytest.approx((365 * 152.5 - 10_000) * 7.721735 - 50_000, rel=1e-6)
    # No growth and no lead time, so the benefit that pays for it is what it costs a year: 100,000 / 6.144567 + 10,000.
    pays = measure(result, "less-checks", "benefit a year that pays for it")
    assert pays["value"] == pytest.approx(26_274.55, rel=1e-6)
    assert pays["price_high"] == pytest.approx(200_000 / 5.018769 + 10_000, rel=1e-6)
    ratio = measure(result, "less-checks", "benefit-cost ratio")["value"]
    assert ratio == pytest.approx(38_325 * 6.144567 / (100_000 + 61_445.67), rel=1e-6)
    assert measure(result, "less-checks", "payback")["value"] == pytest.approx(100 / 28.325)
    # A year costs 100,000 / 6.144567 + 10,000 for 3,650 truck hours.
    hour = measure(result, "less-checks", "cost per truck hour saved")
    assert hour["value"] == pytest.approx((100_000 / 6.144567 + 10_000) / 3650, rel=1e-6)
    # 15 l a day x 2.5 kg.
    assert measure(result, "less-checks", "CO2 saved")["value"] == pytest.approx(365 * 15 * 2.5 / 1000)


def test_what_nobody_has_costed_has_no_net_present_value(result):
    rows = money_frames(result)["appraisal"]
    assert set(rows[rows["scenario"] == "lane"]["measure"]) == {"benefit a year", "truck hours saved", "CO2 saved"}


def test_who_gains_and_who_pays(result):
    rows = money_frames(result)["money"]
    mine = rows[rows["scenario"] == "less-checks"].groupby("party")["value"].sum()
    assert mine["carriers"] == pytest.approx(365 * (60 + 15))
    assert mine["drivers"] == pytest.approx(365 * 20)
    assert mine["traders"] == pytest.approx(365 * 10)
    assert mine["state vn"] == pytest.approx(-(100_000 / 6.144567 + 10_000), rel=1e-6)


def test_who_is_not_inspected_any_more(result):
    # 120 a day, 25 % inspected before and 12.5 % after: 15 more are not.
    (row,) = money_frames(result)["uninspected"].to_dict("records")
    assert (row["before"], row["per_day"], row["change"]) == (90, 105, 15)


def test_the_advice_names_the_best_its_ranges_and_what_is_not_modelled(result):
    found = answer(result)
    said = plain(" ".join(found.advice))
    assert "Money: the largest net present value is that of Fewer checks, +USD 74 000 (95 % interval" in said
    # Of 105 USD, 80 are time of vehicle and driver, 15 fuel, 10 cargo.
    assert "Its benefit is 76 % queue time, 14 % fuel and electricity and 10 % capital bound in loads." in said
    assert "Least with Fewer checks (−14 t)." in said  # 15 l x 2.5 kg x 365 days
    assert "Not costed, so without net present value: A lane." in said
    assert "change with Fewer checks (+15.0 a day). Detection is not modelled" in said
    titles = {table.title for table in found.tables}
    assert {"Costs and benefits", "Who gains and who pays", "Energy and emissions of a day"} <= titles
    table = next(t for t in found.tables if t.title == "Who gains and who pays")
    assert table.columns == ("USD m a year", "Carriers", "Drivers", "Traders", "State of Vietnam")


def test_the_advice_says_what_an_upgrade_that_does_not_pay_would_have_to_bring(result, tmp_path):
    # It costs 26,274.55 a year; 365 x 8 USD is an hour of vehicle and driver each day: 9 of them. Here it brings none.
    cells = {"base": hours([100.0, 101.0, 99.0]), "less-checks": hours([100.0, 101.0, 99.0])}
    study = result.study.model_copy(update={"scenarios": result.study.scenarios[:1]})
    said = plain(" ".join(answer(made(study, cells)).advice))
    assert "Not worth its cost at base prices: Fewer checks (−USD 0.16 million)." in said
    assert (
        "Fewer checks pays for itself from USD 26 000 of benefit a year on, as much as 9 truck hours a day at" in said
    )


def test_posts_that_an_option_leaves_free(result, tmp_path):
    # Two booths, one officer each, 12 h on seven days: 168 h a week, 4.8 posts of 35 h; with one booth 2.4.
    posts = {"booth": {"officers": 1}}
    money = {**MONEY, "posts": posts, "officer_year_usd": {"vn": levels(7000)}}
    gate = write(tmp_path, json.dumps(changed(("money", money))), "posts.json")
    one = {"name": "one", "title": "One booth", "set": {"stages.booth.lanes": 1}}
    study = Study.model_validate({**SMALL, "gate": str(gate), "scenarios": [one]})
    cells = {"base": hours([100.0, 101.0, 99.0]), "one": hours([100.0, 101.0, 99.0])}
    found = made(study, cells)
    assert measure(found, "one", "posts freed")["value"] == pytest.approx(2.4)
    assert "those that the upgrade needs not taken off: One booth (2.4)." in plain(" ".join(answer(found).advice))


def test_a_gate_without_prices_has_no_such_tables(result):
    study = Study.model_validate({**SMALL, "scenarios": [{"name": "lane", "set": {"stages.booth.lanes": 3}}]})
    bare = made(study, {"base": hours([1.0, 2.0]), "lane": hours([1.0, 2.0])})
    assert not any(map(len, money_frames(bare).values()))
