"""The advice of a study, sentence by sentence, from tables made by hand: nothing is simulated."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest

from experiments.answers.study_advice import READ, answer_of, study_warnings
from experiments.answers.study_labels import StudyLabels
from experiments.answers.study_sensitivity import reading_advice
from experiments.studies.designs import cells
from experiments.studies.folder import manifest
from experiments.studies.model import Study
from experiments.studies.result import StudyResult
from experiments.studies.tables import Frame, growth, tables
from experiments.studies.warm_up import Warmup
from gates import apply_upgrades, assumptions, load_gate
from tests.experiments.studies import answer, made, plain, replications_of

MEAN = "clearance_h.mean.northbound"
THROUGHPUT = "throughput_per_day.mean.northbound"
DOUBT = (
    "The intervals show random day-to-day variation only. Errors in the inputs are not included: "
    f"{len(assumptions(load_gate('friendship-pass')))} numbers are assumptions."
)


def study(scenarios: list[dict[str, Any]] | None = None, **more: Any) -> Study:
    document = {"name": "hand", "question": "Which?", "gate": "friendship-pass", "replications": 4, "metrics": [MEAN]}
    return Study.model_validate({**document, **({"scenarios": scenarios} if scenarios else {}), **more})


def hours(**values: list[float]) -> dict[str, dict[str, list[float]]]:
    return {name.replace("_", "-"): {MEAN: column} for name, column in values.items()}


SIX: list[dict[str, Any]] = [
    {"name": "round", "title": "Round the clock", "upgrades": ["round-the-clock"]},
    {"name": "lab", "title": "Fast laboratory", "upgrades": ["fast-lab"]},
    {"name": "bays", "title": "Two more bays", "upgrades": ["more-bays"]},
    {"name": "cell", "title": "5G", "upgrades": ["5g"]},
    {"name": "lanes", "title": "Kiosk lanes", "upgrades": ["kiosk-lanes"]},
    {"name": "slots", "title": "Booking", "upgrades": ["booking-slots"]},
]
MANY = hours(
    base=[32, 31, 33, 32],
    round=[6, 5, 7.1, 5.9],
    lab=[28.1, 27, 29, 28],
    bays=[31, 30.1, 32, 31],
    cell=[31.997, 30.997, 32.998, 31.998],
    lanes=[31, 31.5, 32.9, 31.2],
    slots=[34, 33, 35.2, 34],
)


def test_the_best_the_next_the_worse_the_equal_and_the_unclear():
    found = answer(made(study(SIX), MANY))
    assert [plain(line) for line in found.advice] == [
        "Best: Round the clock. It cuts mean northbound clearance by 26.0 h (81 %; 95 % interval 25.7 to 26.3 h), "
        "from 32.0 h to 6.0 h.",
        "No other option comes within 19 min of it. Round the clock costs USD 0.5 million at once and USD 3.2 million "
        "a year.",
        "Next best: Fast laboratory (−3.97 h) and Two more bays (−58 min).",
        "Worse: Booking (+2.1 h).",
        "No difference that matters, less than 19 min: 5G.",
        "Too few replications to tell: Kiosk lanes (about 31 needed).",
        DOUBT,
    ]


def test_a_row_has_one_interval_one_verdict_and_one_p():
    table = answer(made(study(SIX), MANY)).tables[0]
    assert table.title == "Clearance, mean, northbound: difference from the base"
    assert table.columns == (
        *("Scenario", "Change, h", "95 % interval", "Change, %", "Verdict", "p", "Probability of being best"),
    )
    assert [tuple(map(plain, row)) for row in table.rows] == [
        ("Round the clock", "−26.0", "−26.3 to −25.7", "−81", "better", "< 0.001", "> 99 %"),
        ("Fast laboratory", "−3.97", "−4.13 to −3.82", "−12", "better", "< 0.001", "< 1 %"),
        ("Two more bays", "−0.97", "−1.13 to −0.82", "−3", "better", "< 0.001", "< 1 %"),
        (
            "Kiosk lanes",
            "−0.4",
            "−2 to +2",
            "−1.1",
            "too few replications to tell (about 31 needed)",
            "1.000",
            "< 1 %",
        ),
        ("5G", "−0.0025", "−0.0043 to −0.0007", "−0.0078", "better by less than the margin", "0.019", "< 1 %"),
        ("Booking", "+2.1", "+1.7 to +2.4", "+6.4", "worse", "< 0.001", "< 1 %"),
    ]
    assert plain(table.note) == (
        "Less is better. Intervals hold together with 95 % (paired t, Bonferroni over 6 comparisons); p belongs to the "
        "same test at the same level, so p < 0.05 where the interval leaves out zero. Margin: 19 min."
    )


def test_costs_are_those_of_the_upgrades():
    """From the library: capital and running cost, and a year of both: 0.4 / 20 + 0.171 of two more bays."""
    table = answer(made(study(SIX), MANY)).tables[-1]
    assert [tuple(map(plain, row)) for row in table.rows] == [
        ("Round the clock", "0.5 (0 to 2)", "3.2 (2 to 4.7)", "USD 3.2 million", "−26.0"),
        ("Fast laboratory", "2.25 (1.5 to 3)", "1 (0.5 to 2)", "USD 1.3 million", "−3.97"),
        ("Two more bays", "0.4 (0.1 to 1.2)", "0.171 (0.057 to 0.458)", "USD 0.19 million", "−0.97"),
    ]


def test_the_cheapest_of_those_that_are_as_good():
    noise = [0.02, -0.01, 0.01, -0.02]
    values = hours(
        base=[32, 31, 33, 32],
        round=[6, 5, 7.1, 5.9],
        lab=[a + b for a, b in zip([6, 5, 7.1, 5.9], noise, strict=True)],
        bays=[6.1, 5.1, 7.2, 6],
        lanes=[6.1, 5.1, 7.2, 6],
    )
    scenarios = [*SIX[:3], {"name": "lanes", "title": "Ten lanes", "set": {"stages.kiosk-in-cn.lanes": 10}}]
    found = answer(made(study(scenarios, margin={"absolute": 0.25}), values))
    assert plain(found.advice[1]) == (
        "As good within 15 min: Round the clock, Fast laboratory, Two more bays and Ten lanes. The cheapest of them is "
        "Two more bays: USD 0.4 million at once and USD 0.17 million a year. Not costed: Ten lanes."
    )


def test_nothing_is_worth_having_where_nothing_beats_the_base():
    found = answer(made(study(SIX[3:4]), hours(base=[32, 31, 33, 32], cell=[31.997, 30.997, 32.998, 31.998])))
    assert [plain(line) for line in found.advice] == [
        "No option is shown to improve mean northbound clearance (32 h).",
        "Without any option the gate is within 19 min of the best, so on this metric none is worth having.",
        "No difference that matters, less than 19 min: 5G.",
        DOUBT,
    ]


@pytest.mark.parametrize(("count", "few"), [(1, "One replication gives"), (2, "Two replications give")])
def test_one_or_two_replications_conclude_nothing(count, few):
    found = answer(made(study(SIX[:1]), hours(base=[32] * count, round=[6] * count)))
    assert [plain(line) for line in found.advice] == [
        "No option is shown to improve mean northbound clearance (32 h).",
        "Too few replications to tell: Round the clock.",
        f"{few} no interval, so nothing is shown to be better or worse; run 20. {DOUBT.partition('. ')[2]}",
    ]
    assert found.tables[0].rows == (("Round the clock", "−26", "–", "−81", "too few replications to tell", "–", "–"),)


def test_where_more_is_better_a_gain_is_a_gain():
    values = {"base": {THROUGHPUT: [260.0, 261, 259, 262]}, "bays": {THROUGHPUT: [272.0, 273, 270, 274]}}
    found = answer(made(study(SIX[2:3], metrics=[THROUGHPUT]), values))
    assert plain(found.advice[0]) == (
        "Best: Two more bays. It raises mean northbound throughput by 11.8 trucks a day (4.5 %; 95 % interval 11.0 to "
        "12.5 trucks a day), from 260.5 trucks a day to 272.2 trucks a day."
    )
    lost = answer(made(study(SIX[2:3], metrics=[THROUGHPUT]), {"base": values["bays"], "bays": values["base"]}))
    assert "Worse: Two more bays (−11.8 trucks a day)." in [plain(line) for line in lost.advice]


def test_a_percentile_that_is_never_reached_is_not_left_out():
    far = math.inf
    values = hours(
        base=[far, far, 60, far, far, 70, far, far, 65, far],
        round=[20, 21, 22, 20, 21, 22, 20, 21, 22, 20],
        lab=[50, far, far, far, 51, far, far, 50, far, 40],
    )
    found = answer(made(study(SIX[:2], replications=10), values))
    assert [plain(line) for line in found.advice] == [
        "Best: Round the clock. It brings mean northbound clearance within the run in 10 of 10 replications, against 3 "
        "without it (sign test, p 0.004).",
        "No other option comes within 1 min of it. Round the clock costs USD 0.5 million at once and USD 3.2 million "
        "a year.",
        "Too few replications to tell: Fast laboratory.",
        DOUBT,
    ]
    beyond, unclear = "beyond the run in", ("too few replications to tell", "1.000", "< 1 %")
    # Ten signs of ten: p = 2 / 1024, times two comparisons. Differences that are reached: −38, −48, −43; the level of
    # 1 − 0.05 / 2 leaves out one value at each end, so the upper end is the second largest of the ten.
    assert [tuple(map(plain, row)) for row in found.tables[0].rows] == [
        (
            "Round the clock",
            f"{beyond} 0 of 10; compared with 7 of 10",
            "at most −43.0",
            "–",
            "better",
            "0.004",
            "> 99 %",
        ),
        (*("Fast laboratory", f"{beyond} 6 of 10; compared with 7 of 10", "not bounded", "–"), *unclear),
    ]


def test_a_class_that_few_replications_hold_shows_how_many():
    nan = math.nan
    values = hours(base=[5, nan, 6, nan, 7, nan], bays=[4, nan, 5, nan, 6.1, nan])
    found = answer(made(study(SIX[2:3], replications=6), values))
    assert plain(found.tables[0].rows[0][0]) == "Two more bays (n = 3)"
    nobody = answer(made(study(SIX[2:3], replications=4), hours(base=[nan] * 4, bays=[nan] * 4)))
    assert nobody.tables[0].rows == (("Two more bays (n = 0)", *["–"] * 3, "not defined", "–", "–"),)
    assert [plain(line) for line in nobody.advice] == [
        "No option is shown to improve mean northbound clearance (–).",
        "Not defined: Two more bays.",
        DOUBT,
    ]


SHOCK: list[dict[str, Any]] = [
    {"name": "shut", "title": "Laboratories shut", "context": True, "set": {"stages.lab-cn.lanes": 16}},
    {
        "name": "fast",
        "title": "Shut, fast tests",
        "against": "shut",
        "upgrades": ["fast-lab"],
        "set": {"stages.lab-cn.lanes": 16},
    },
]


def test_remedies_are_compared_with_the_shock():
    values = hours(base=[32, 31, 33, 32], shut=[40, 39, 41.2, 39.6], fast=[35, 34.1, 36, 34.5])
    found = answer(made(study(SHOCK), values))
    assert [plain(line) for line in found.advice] == [
        "Laboratories shut: this raises mean northbound clearance by 8.0 h (25 %; 95 % interval 7.4 to 8.5 h), from "
        "32.0 h to 40.0 h.",
        "Best: Shut, fast tests. It cuts mean northbound clearance by 5.1 h (13 %; 95 % interval 4.8 to 5.3 h), from "
        "40.0 h to 34.9 h.",
        "It costs USD 2.2 million at once and USD 1 million a year.",
        DOUBT,
    ]
    assert [row[:2] for row in found.tables[0].rows] == [
        ("Shut, fast tests", "Laboratories shut"),
        ("Laboratories shut", "Base"),
    ]


def test_the_advice_is_given_for_each_demand():
    factors = {
        "demand": {"title": "Demand ×", "demand": True, "values": [1, 1.2]},
        "bays": {"upgrade": "more-bays", "title": "Bays"},
    }
    values: dict[str, list[float]] = {
        "base": [32, 31, 33, 32],
        "demand 1": [32, 31, 33, 32],
        "demand 1 + bays": [31.99, 31, 32.99, 31.99],
        "demand 1.2": [50, 48, 53, 50],
        "demand 1.2 + bays": [40, 39, 42, 40],
    }
    found = answer(made(study(design="grid", factors=factors), {name: {MEAN: row} for name, row in values.items()}))
    assert [plain(line) for line in found.advice] == [
        "Demand × 1.2: this raises mean northbound clearance by 18 h (57 %; 95 % interval 15 to 21 h), from 32 h to "
        "50 h.",
        "Demand × 1. No option is shown to improve mean northbound clearance (32 h).",
        "Without any option the gate is within 19 min of the best, so on this metric none is worth having.",
        "No difference that matters, less than 19 min: Bays.",
        "Demand × 1.2. Best: Bays. It cuts mean northbound clearance by 10.0 h (20 %; 95 % interval 8.0 to 12.0 h), "
        "from 50.2 h to 40.2 h.",
        "It costs USD 0.4 million at once and USD 0.17 million a year.",
        "On average over the others: Demand (+13 h) and Bays (−5.0 h).",
        "Interaction, half of what two bring together beyond the sum of both: Demand × Bays (−5.0 h).",
        DOUBT,
    ]


FLEET = "pools.unmanned-vehicles.shifts[0].units"


SMART_LANE = tuple(
    str(len(assumptions(gate)))
    for gate in (load_gate("friendship-pass"), apply_upgrades(load_gate("friendship-pass"), ["igv-smart-lane"])[0])
)
"""The numbers that are assumptions, without the smart lane and with it."""


def fleet(**values: list[float]) -> list[str]:
    factors = {"fleet": {"title": "Fleet of", "path": FLEET, "values": [4, 12, 40]}}
    rows = {name.replace("_", " "): {MEAN: column} for name, column in values.items()}
    whole = study(design="one-at-a-time", upgrades=["igv-smart-lane"], factors=factors)
    found = answer(made(whole, rows))
    return [plain(line) for line in found.advice] + [row[0] for row in found.tables[0].rows]


def test_numbers_stand_in_order_and_the_knee_is_named():
    assert fleet(
        base=[5, 5.1, 5, 5.2], fleet_40=[5, 5.1, 5, 5.2], fleet_4=[9, 9.1, 9, 9.2], fleet_12=[5.01, 5.1, 5, 5.2]
    ) == [
        "Knee: Fleet of 12. In mean northbound clearance it is within 3 min of the best, so more brings no difference "
        "that matters, and fewer is worse or not shown to be as good.",
        "No option is shown to improve mean northbound clearance (5.1 h).",
        "Worse: Fleet of 4 (+4 h).",
        "No difference that matters, less than 3 min: Fleet of 40 and Fleet of 12.",
        DOUBT.replace(SMART_LANE[0], SMART_LANE[1]),
        "Fleet of 4",
        "Fleet of 12",
        "Fleet of 40",
    ]


def test_the_knee_by_other_metrics_is_named():
    # Fleets of 4, 12 and 40 beside 20, the base. Northbound 12 suffice, southbound 20 do. Of trucks a day more is
    # better, and the largest fleet is still better; it is so by the passage, too, which is named after it.
    south, passage = "clearance_h.mean.southbound", "passage_h.mean.northbound"
    factors = {"fleet": {"title": "Fleet of", "path": FLEET, "values": [4, 12, 40]}}
    metrics = [MEAN, south, THROUGHPUT, passage]
    whole = study(design="one-at-a-time", upgrades=["igv-smart-lane"], factors=factors, metrics=metrics)
    levels = {"fleet 4": (9, 9, 100, 9), "fleet 12": (5, 8, 110, 8), "base": (5, 5, 120, 7), "fleet 40": (5, 5, 140, 6)}
    noise = (0, 0.001, -0.001, 0.002)
    values = {
        name: {metric: [level + each for each in noise] for metric, level in zip(metrics, row, strict=True)}
        for name, row in levels.items()
    }
    said = [plain(line) for line in answer(made(whole, values)).advice]
    assert said[0].startswith("Knee: Fleet of 12. In mean northbound clearance")
    assert said[2] == (
        "By other metrics the knee is the base (20) (in mean southbound clearance) and beyond Fleet of 40 (in mean "
        "northbound throughput and mean northbound passage)."
    )


def test_what_the_best_option_makes_worse_is_named():
    # Round the clock is best northbound. Southbound it costs an hour of 10; trucks a day fall from 100 to 90, of which
    # more is better; the fast laboratory, which makes passage worse, is not the best.
    south, passage = "clearance_h.mean.southbound", "passage_h.mean.northbound"
    values: dict[str, dict[str, list[float]]] = {
        "base": {MEAN: [32, 31, 33], south: [10, 10.1, 9.9], THROUGHPUT: [100, 101, 99], passage: [40, 41, 42]},
        "round": {MEAN: [6, 5, 7], south: [11, 11.1, 10.9], THROUGHPUT: [90, 91, 89], passage: [14, 15, 16]},
        "lab": {MEAN: [28, 27, 29], south: [10, 10.1, 9.9], THROUGHPUT: [100, 101, 99], passage: [50, 51, 52]},
    }
    found = answer(made(study(SIX[:2], metrics=[MEAN, south, THROUGHPUT, passage]), values))
    said = [plain(line) for line in found.advice]
    assert said[2] == (
        "Round the clock makes worse: mean southbound clearance (+1 h) and mean northbound throughput (−10 trucks a "
        "day)."
    )
    assert sum("makes worse" in line for line in said) == 1


def test_scenarios_that_change_nothing_share_a_row():
    same = [32.0, 31, 33, 32]
    found = answer(made(study(SIX[:4]), hours(base=same, round=[6, 5, 7, 6], lab=same, bays=same, cell=same)))
    assert [plain(row[0]) for row in found.tables[0].rows] == [
        "Round the clock",
        "Fast laboratory, Two more bays and 5G",
    ]
    assert found.tables[0].rows[1][1:5] == ("no change in any replication", "–", "–", "no difference that matters")


def tornado(
    low: list[float], high: list[float], bays: tuple[float, ...] = (31, 30.1, 32, 31)
) -> tuple[list[str], list[tuple[str, ...]]]:
    """The advice and the rows where two more bays save an hour, and where the bays' lanes are fewer or more."""
    place = "stages.bay-cn.lanes"
    whole = study(SIX[2:3], design="tornado", assumptions={"paths": [place]})
    base = [32.0, 31, 33, 32]
    values = {"base": base, "bays": list(bays)}
    values |= {f"base: {place} {end}": base for end in ("low", "high")}
    values |= {f"choice: {place} low": low, f"choice: {place} high": high}
    found = answer(made(whole, {name: {MEAN: row} for name, row in values.items()}))
    return [plain(line) for line in found.advice], [tuple(map(plain, row)) for row in found.tables[0].rows]


def test_an_input_that_turns_a_gain_into_none_is_named():
    lines, rows = tornado(low=[29, 28.1, 30, 29], high=[31.99, 31, 33, 31.99])
    assert lines == [
        "With today's inputs the choice (Two more bays) cuts mean northbound clearance by 58 min (3 %; 95 % interval "
        "54 to 63 min), from 32.00 h to 31.02 h.",
        "Varied one at a time, 1 of 1 inputs that are assumptions change that: Inspection bays (China): lanes.",
        "Measure first what moves the benefit most: Inspection bays (China): lanes (by up to 2 h).",
        DOUBT,
    ]
    assert [row[0::3] for row in rows] == [("Inspection bays (China): lanes", "yes")]


def test_noise_does_not_count_as_a_change_of_the_advice():
    lines, rows = tornado(low=[29, 28.1, 30, 29], high=[35, 27, 33, 31])
    assert lines[1:3] == [
        "None of the 1 assumptions alone, at 0.8 or 1.25 times its value, is shown to do so.",
        "Too few replications to tell for 1 of them.",
    ]
    assert [row[-1] for row in rows] == ["no"]


def test_without_advice_no_input_changes_it():
    lines, rows = tornado(low=[29, 28.1, 30, 29], high=[31.99, 31, 33, 31.99], bays=(35, 27, 33, 31))
    assert lines[:2] == [
        "With today's inputs the choice (Two more bays) makes no clear difference in mean northbound clearance.",
        "So there is no advice that an input could change.",
    ]
    assert [len(row) for row in rows] == [3]


def test_an_input_that_is_varied_goes_by_its_name_in_words() -> None:
    place = "stages.bay-cn.lanes"
    whole = study(SIX[2:3], design="tornado", assumptions={"paths": [place]})
    values = {name: {MEAN: [1.0, 2.0]} for name in ("base", "bays", f"base: {place} low", f"choice: {place} high")}
    labels = StudyLabels(manifest(made(whole, values)))
    assert list(labels.titles.values()) == [
        "Base",
        "Two more bays",
        "Inspection bays (China): lanes × 0.8",
        "Two more bays, Inspection bays (China): lanes × 1.25",
    ]


@pytest.mark.parametrize(
    ("base", "bays", "said"),
    [
        # in hours, with the decimals of the change of 0.133 h ± 0.018
        (
            [38.5, 38.5, 38.5],
            [38.36, 38.375, 38.365],
            "by 8.0 min (0.35 %; 95 % interval 6.9 to 9.1 min), from 38.500 h to 38.367 h",
        ),
        (
            [38.5, 38.4, 38.6],
            [38.25, 38.15, 38.35],
            "by 15 min (0.65 %; 95 % interval 15.0 to 15.0 min), from 38.50 h to 38.25 h",
        ),
        ([1.4, 1.5, 1.3], [0.4, 0.5, 0.3], "by 1 h (71 %; 95 % interval 1.00 to 1.00 h), from 1.4 h to 24 min"),
    ],
)
def test_values_before_and_after_are_apart_by_the_change(base: list[float], bays: list[float], said: str) -> None:
    found = answer(made(study(SIX[2:3], replications=3, margin={"absolute": 0.01}), hours(base=base, bays=bays)))
    assert said in plain(found.advice[0])


def grown(scenario: str, value: float, *, is_overload: bool = True) -> dict[str, Any]:
    interval = {"value": value, "low": value - 2, "high": value + 2}
    return {"scenario": scenario, "direction": "northbound", "is_overload": is_overload, **interval}


def warned(growth: list[dict[str, Any]], locked: dict[str, float], **more: Any) -> list[str]:
    labels = StudyLabels(manifest(made(study(SIX[:2], **more), hours(base=[1, 2], round=[1, 2], lab=[1, 2]))))
    estimates = [{"scenario": name, "metric": "locked_trucks", "value": value} for name, value in locked.items()]
    return [plain(text) for text in study_warnings({"estimates": Frame(estimates), "growth": Frame(growth)}, labels)]


def test_overload_is_said_before_any_number() -> None:
    assert warned([grown("base", 3, is_overload=False)], {"base": 0.0}) == []
    rest = "Means and percentiles there depend on how long you run."
    one = [grown("base", 3, is_overload=False), grown("lab", 62)]
    assert warned(one, {}) == [
        f"Overload: the northbound stock grows from day to day in Fast laboratory (62 ± 2 trucks a day). {rest}"
    ]
    # with digits that differ by one where an interval is cut: 62.4 ± 2
    assert "(62.4 ± 0.2 trucks a day)" in warned([{**grown("lab", 62.4), "low": 62.2, "high": 62.6}], {})[0]
    everywhere = [grown("base", 70), grown("round", 12), grown("lab", 62)]
    assert warned(everywhere, {}) == [
        f"Overload: the northbound stock grows from day to day in all scenarios (12 to 70 trucks a day). {rest}"
    ]


def test_overload_beyond_the_border_is_said_apart() -> None:
    """A bulletin `until-crossing` does not count all; folders of earlier versions tell of the stock alone."""
    rest = "Means and percentiles there depend on how long you run."
    rows = [{**grown("base", 70), "of": "stock"}, {**grown("lab", 62), "of": "unreleased"}]
    rows.append({**grown("round", 12), "of": "unreleased"})
    assert warned(rows, {}) == [
        f"Overload: the northbound stock grows from day to day in Base (70 ± 2 trucks a day). {rest}",
        "Overload: northbound trucks not yet released become more from day to day in Fast laboratory and Round the "
        f"clock (12 to 62 trucks a day). {rest}",
    ]


def grown_in_five_days(**flows: float) -> dict[str, Any]:
    """The row of `growth` of five days with a flat stock: 100 trucks a day arrive, and 90 or 90.2 are released."""
    rates = {"arrivals_per_day": 100.0, "throughput_per_day": 90.1, **flows}
    values = {f"{name}.mean.northbound": [rate - 0.1, rate + 0.1] for name, rate in rates.items()}
    days = np.ones((5, 1))
    found = tuple(
        dataclasses.replace(each, stock=8 * days, arrived=100 * days, released=released * days)
        for each, released in zip(replications_of(values), (90.0, 90.2), strict=True)
    )
    whole = study(SIX[:1])
    (row,) = growth(StudyResult(whole, (cells(whole, 0)[0],), (found,), 0)).to_dict("records")
    return {str(name): value for name, value in row.items()}


def test_growth_that_the_bulletin_does_not_see_is_in_the_table() -> None:
    """10 and 9.8 a day are not released: 9.9, with t(0.975, 1) = 12.706 times 0.1, which is 1.27, on both sides."""
    row = grown_in_five_days()
    assert (row["of"], row["is_overload"], row["direction"]) == ("unreleased", True, "northbound")
    assert [row[end] for end in ("value", "low", "high")] == pytest.approx([9.9, 8.6294, 11.1706], abs=1e-4)
    back = grown_in_five_days(turned_back_per_day=9.9)  # in the replications 9.8 and 10: all that are not released
    assert (back["of"], back["is_overload"], back["value"]) == ("stock", False, 0.0)
    more = grown_in_five_days(second_loads_per_day=5.0)  # 4.9 and 5.1 of the released never arrived
    assert more["value"] == pytest.approx(14.9)


def test_a_deadlock_in_one_scenario_is_said_first() -> None:
    (first, second) = warned([grown("base", 70)], {"base": 0.0, "round": 0.25})
    assert first.startswith("Deadlock in Round the clock: trucks there can never move again")
    assert second.startswith("Overload")


def test_a_study_outside_the_calibrated_range_says_so_once() -> None:
    outside = "Outside the calibrated range: the gate was fitted to July, and the run measures September."
    (text,) = warned([], {}, start="2025-09-01", days=5)
    assert text.startswith(outside)
    september = {"name": "autumn", "title": "Autumn", "start": "2025-09-01"}
    labels = StudyLabels(manifest(made(study([september]), hours(base=[1, 2], autumn=[1, 2]))))
    (text,) = study_warnings({"estimates": Frame(), "growth": Frame()}, labels)
    assert text.startswith(f"Autumn. {outside}")


def test_what_limits_the_answer_is_noted() -> None:
    result = made(study(SIX[:1], replications=2), hours(base=[1, 2], round=[1, 2]))
    settled, growing = (Warmup(name, 3, is_settled, np.zeros(5)) for name, is_settled in (("a", True), ("b", False)))
    assert answer(result).notes == ()
    assert answer(dataclasses.replace(result, warmups=(settled,))).notes == ()
    assert answer(dataclasses.replace(result, unmet=(MEAN, THROUGHPUT), warmups=(settled, growing))).notes == (
        "The intervals of Clearance, mean, northbound; and Throughput, mean, northbound are still wider than the "
        "target; more replications are needed (at_most).",
        "In the pilot runs at least one scenario never settled: its queue grows, and what it measures depends on how "
        "long it runs.",
    )


def test_effects_stand_in_a_table_behind_the_differences() -> None:
    factors = {"bays": {"upgrade": "more-bays", "title": "Bays"}, "lab": {"upgrade": "fast-lab", "title": "Lab"}}
    # By hand: bays alone −1, lab alone −4, both −6: mean effects of −1.5 and −4.5; together −1 beyond the sum.
    values = {"base": [32.0, 31, 33], "bays": [31.0, 30, 32], "lab": [28.0, 27, 29], "bays + lab": [26.0, 25, 27]}
    whole = study(design="grid", factors=factors, replications=3)
    found = answer(made(whole, {name: {MEAN: row} for name, row in values.items()}))
    titles = [table.title for table in found.tables]
    assert titles[:2] == [
        "Clearance, mean, northbound: difference from the base",
        "Clearance, mean, northbound: main effects and interactions",
    ]
    assert plain(found.tables[1].note) == (
        "Over all combinations of the others; the intervals hold together. Interaction, half of what two bring "
        "together beyond the sum of both."
    )
    assert [tuple(map(plain, row)) for row in found.tables[1].rows] == [
        ("Bays", "−1.5", "−1.50 to −1.50", "main effect"),
        ("Lab", "−4.5", "−4.50 to −4.50", "main effect"),
        ("Bays × Lab", "−0.5", "−0.500 to −0.500", "interaction"),
    ]


def by_reading(context: str, option: str, *values: float, ranks: tuple[int, ...]) -> list[dict[str, Any]]:
    names = ("hold-by-goods", "daily-list", "list-at-dawn")
    about = {"context": context, "scenario": option, "metric_name": MEAN, "holds": "better in all", "verdict": "better"}
    return [
        {**about, "reading": name, "value": value, "low": value - 0.1, "high": value + 0.1, "rank": rank}
        for name, value, rank in zip(names, values, ranks, strict=True)
    ]


def test_within_a_context_options_go_by_their_own_titles() -> None:
    factors = {
        "demand": {"title": "Demand ×", "demand": True, "context": True, "values": [1, 1.2]},
        "bays": {"upgrade": "more-bays", "title": "Bays"},
        "lab": {"upgrade": "fast-lab", "title": "Lab"},
    }
    values = {
        f"demand {d}{option}": [w + noise for noise in (0.0, 0.1, -0.1)]
        for d in ("1", "1.2")
        for option, w in (("", 32.0), (" + bays", 31.0), (" + lab", 28.0), (" + bays + lab", 27.0))
    }
    result = made(
        study(design="grid", factors=factors, replications=3),
        {name: {MEAN: row} for name, row in {"base": [32.0, 32.1, 31.9], **values}.items()},
    )
    rows = [
        *by_reading("Demand × 1", "demand 1 + bays", -1, -1.5, -1, ranks=(2, 2, 1)),
        *by_reading("Demand × 1", "demand 1 + lab", -4, -6, -0.9, ranks=(1, 1, 2)),
        *by_reading("Demand × 1.2", "demand 1.2 + lab", -4, -5, -6, ranks=(1, 1, 1)),
    ]
    frames = {name: frame for name, frame in tables(result).items() if name in READ} | {"readings": Frame(rows)}
    document = {**manifest(result), "readings": ["hold-by-goods", "daily-list", "list-at-dawn"]}
    found = answer_of({name: frames.get(name, Frame()) for name in READ}, StudyLabels(document))
    advice = [plain(line) for line in found.advice]
    start = advice.index(
        "Readings of the gate: Hold by goods, Daily list and List at dawn. All tables and plots but those by reading "
        "are of the first."
    )
    assert advice[start + 1 : -1] == [
        "Demand × 1. Better under every reading: Bays (−1.00 h under Hold by goods, −1.50 h under Daily list, −1.00 h "
        "under List at dawn).",
        "Demand × 1. Better under every reading, but how much depends on the reading: Lab (−4.00 h under Hold by "
        "goods, −6.00 h under Daily list, −54 min under List at dawn).",
        "Demand × 1. Which option ranks first depends on the reading: Lab under Hold by goods and Daily list; Bays "
        "under List at dawn.",
        "Demand × 1.2. Better under every reading: Lab (−4.00 h under Hold by goods, −5.00 h under Daily list, −6.00 h "
        "under List at dawn).",
        "Demand × 1.2. Lab ranks first under every reading.",
    ]
    labels = StudyLabels(document)

    def last_of(*more: dict[str, Any]) -> str:
        frames["readings"] = Frame([*rows[6:], *more])
        return list(reading_advice(frames, labels))[-1]

    tie = [{**row, "scenario": "demand 1.2 + bays"} for row in rows[6:]]
    assert last_of(*tie) == "Lab and Bays rank first under every reading."
    rows[6]["verdict"] = "better by less than the margin"
    assert last_of() == (
        "Which option ranks first depends on the reading: Lab under Daily list and List at dawn; under Hold by goods "
        "none is better by more than the margin."
    )
    for row in rows[7:]:
        row["verdict"] = "no difference that matters"
    assert last_of().startswith("Better under every reading"), "of what makes no difference none is named first"
    first, second, *_ = found.tables
    assert [row[:2] for row in first.rows[:3]] == [
        ("Bays + Lab", "Demand × 1"),
        ("Lab", "Demand × 1"),
        ("Bays", "Demand × 1"),
    ]
    assert second.title == "Clearance, mean, northbound: change by reading, h"
    assert [row[0] for row in second.rows] == ["Lab (Demand × 1)", "Lab (Demand × 1.2)", "Bays (Demand × 1)"]


def test_each_metric_has_a_table_and_a_single_scenario_goes_by_its_name() -> None:
    both = {MEAN: [32.0, 31, 33], THROUGHPUT: [260.0, 261, 262]}
    better = {MEAN: [31.0, 30.1, 32], THROUGHPUT: [270.0, 271, 272.1]}
    found = answer(made(study(SIX[2:3], metrics=[MEAN, THROUGHPUT], replications=3), {"base": both, "bays": better}))
    assert [table.title for table in found.tables[:2]] == [
        "Clearance, mean, northbound: difference from the base",
        "Throughput, mean, northbound: difference from the base",
    ]
    alone = StudyLabels(manifest(made(study(SIX[2:3]), hours(base=[1, 2]))))
    (said,) = study_warnings({"estimates": Frame(), "growth": Frame([grown("base", 70)])}, alone)
    assert "from day to day in Base (70 ± 2 trucks a day)" in plain(said)
