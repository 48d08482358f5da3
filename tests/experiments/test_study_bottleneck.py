"""The advice of a study of bottlenecks, sentence by sentence, from a table made by hand: nothing is simulated."""

from __future__ import annotations

from typing import Any

from experiments.answers.study_advice import READ, StudyAnswer, answer_of
from experiments.answers.study_labels import StudyLabels
from experiments.studies.folder import manifest
from experiments.studies.model import Study
from experiments.studies.tables import TRUCK_HOURS, Frame
from tests.experiments.studies import made, plain

MEAN = "clearance_h.mean.northbound"
MARGIN = 17.0
WHOLE = Study.model_validate(
    {"name": "b", "question": "Which?", "gate": "friendship-pass", "design": "bottleneck", "metrics": [MEAN]}
)


def row(
    place: str, what: str, value: float, half: float, *, number: int = 1, rank: int = 1, how: str = "", mean: float = 0
) -> list[dict[str, Any]]:
    """Both rows of a cell: truck hours a day of 1,700, and mean clearance with an interval of 5 % to both sides."""
    about = {"round": number, "rank": rank, "place": place, "what": what, "how": how, "margin": MARGIN}
    about |= {"unreached": 0, "against_unreached": 0, "relieved": "bay-cn capacity" if number == 2 else None}
    ends = {"value": value, "low": value - half, "high": value + half, "percent": 100 * value / 1700}
    hours = {"value": mean, "low": 1.05 * mean, "high": 0.95 * mean, "percent": 0.0}
    return [{**about, **ends, "metric_name": TRUCK_HOURS}, {**about, **hours, "metric_name": MEAN}]


BAYS = row("bay-cn", "capacity", -119, 10, how="14 lanes instead of 13", mean=-0.4)
LAB = row("lab-cn", "capacity", -34, 10, rank=2, how="22 lanes instead of 20", mean=-0.1)
DOCK = row("dock-cn", "capacity", -2, 4, rank=3, how="33 lanes instead of 30", mean=-0.01)
TWICE = row("bay-cn", "relief", -306, 30, how="bay-cn capacity relieved", mean=-1)
NEXT = row("lab-cn", "capacity", -51, 10, number=2, how="22 lanes instead of 20", mean=-0.2)
LONGER = row("registration-vn", "hours", -204, 20, how="open 84 minutes longer", mean=-0.6)


def answered(*rows: list[dict[str, Any]]) -> StudyAnswer:
    labels = StudyLabels(manifest(made(WHOLE, {"base": {MEAN: [32.0, 33]}})))
    frames = {name: Frame() for name in READ} | {"bottleneck": Frame([each for pair in rows for each in pair])}
    return answer_of(frames, labels)


def said(*rows: list[dict[str, Any]]) -> list[str]:
    return [plain(line) for line in answered(*rows).advice[:3]]


def test_the_bottleneck_the_next_and_what_closing_costs() -> None:
    """In percent of 1,700 truck hours a day: 306 are 18, 119 are 7, 51 are 3, 204 are 12."""
    assert said(BAYS, LAB, DOCK, TWICE, NEXT, LONGER) == [
        "Bottleneck: Inspection bays (China). Twice its capacity saves 306 truck hours a day (18 %; 95 % interval 276 "
        "to 336). A tenth more (14 lanes instead of 13) saves 119 truck hours a day (7 %; 95 % interval 109 to 129); "
        "other stages: Laboratory (China) (34).",
        "Once it is relieved, Laboratory (China) comes next: a tenth more (22 lanes instead of 20) saves 51 truck "
        "hours a day (3 %; 95 % interval 41 to 61).",
        "Opening hours: those of Registration (Vietnam) cost most; open 84 minutes longer, it saves 204 truck hours "
        "a day (12 %; 95 % interval 184 to 224).",
    ]


def test_a_table_for_each_round_and_kind() -> None:
    still = row("dock-vn", "capacity", 0, 0, rank=4, how="9 lanes instead of 8")
    found = answered(BAYS, LAB, DOCK, still, TWICE, NEXT, LONGER).tables
    assert [table.title for table in found] == [
        "A tenth more capacity",
        "A tenth longer open",
        "Twice the capacity",
        "A tenth more capacity, Inspection bays (China) relieved",
    ]
    assert found[0].columns == ("Stage", "How", "Truck hours a day", "Clearance, mean, northbound, h")
    assert [tuple(map(plain, cells)) for cells in found[0].rows] == [
        ("Inspection bays (China)", "14 lanes instead of 13", "−119 ± 10", "−0.40 ± 0.02"),
        ("Laboratory (China)", "22 lanes instead of 20", "−34 ± 10", "−0.10 ± 0.01"),
        ("Unloading yards (Pingxiang)", "33 lanes instead of 30", "−2 ± 4", "−0.01 ± 0.01"),
    ], "what changes nothing is left out"
    assert plain(found[3].rows[0][2]) == "−51 ± 10"
    beyond = [{**each, "unreached": 2} for each in LAB]
    assert answered(BAYS, beyond, TWICE).tables[0].rows[1][2:] == ("–", "–")


def test_relief_within_the_margin_is_no_bottleneck() -> None:
    """A margin of 17: relief of 27 ± 9 ends at 18 and counts, of 26 ± 9 ends at 17 and does not."""
    within = row("bay-cn", "relief", -26, 9, how="relieved")
    (first, *_) = said(BAYS, within)
    assert first.startswith("No single stage is a bottleneck. The nearest to one is Inspection bays (China): twice its")
    (first, *_) = said(BAYS, row("bay-cn", "relief", -27, 9, how="relieved"))
    assert first.startswith("Bottleneck: Inspection bays (China). Twice its capacity saves 27 truck hours a day")
    assert first.endswith("; no other stage saves anything, statistically clear.")
    (first, *_) = said(BAYS, row("bay-cn", "relief", -8, 9, how="relieved"))
    assert "twice its capacity saves nothing that is statistically clear. A tenth more" in first


def test_without_relief_the_sentence_says_why() -> None:
    """Within 17 truck hours at both ends, or an end beyond it, or nothing to enlarge."""
    small = row("bay-cn", "capacity", -5, 12, how="14 lanes")
    large = row("bay-cn", "capacity", -5, 13, how="14 lanes")
    assert said(small)[0] == (
        "No single stage is a bottleneck: a tenth more capacity of any stage saves less than 1 % of all truck hours."
    )
    assert said(large)[0] == (
        "No single stage is a bottleneck: too few replications to tell whether a tenth more capacity of any stage "
        "saves anything."
    )
    hours = row("registration-vn", "hours", -5, 12, how="open 84 minutes longer")
    assert said(hours)[:2] == [
        "No single stage is a bottleneck: there is nothing to enlarge.",
        "Opening hours: longer hours of a single stage save less than 1 % of all truck hours.",
    ]
    after = row("lab-cn", "capacity", -5, 12, number=2, how="22 lanes")
    assert said(BAYS, TWICE, after)[1] == (
        "Once it is relieved: a tenth more capacity of any other stage saves less than 1 % of all truck hours."
    )
