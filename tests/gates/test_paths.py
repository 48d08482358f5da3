"""The walk over the steps of a path, and what shares say for a class."""

from __future__ import annotations

from typing import Any

from gates.schema.gate import Gate
from gates.schema.paths import Alternative, Choice, Mark, PlacedStep, Visit, walk

from .files import changed

NORTH = "paths.northbound"
INNER = {"choose": "dock", "rule": "least-wait", "then": {"a": ["booth"], "b": ["exit"]}}
CHANNEL = {
    "choose": "channel",
    "shares": {"green": "80 %", "red": "20 %"},
    "shares_for": {"durian": {"red": 1}},
    "then": {"green": [], "red": [{"stage": "inspection"}, INNER]},
}


def gate_with(*steps: Any, **more: Any) -> Gate:
    return Gate.model_validate(changed((NORTH, [*steps]), *more.items()))


def in_words(placed: PlacedStep) -> str:
    match placed.step:
        case Visit(stage=stage):
            return stage
        case Choice(choose=name):
            return f"choose {name}"
        case Alternative(name=name):
            return f"then {name}"
        case Mark(mark=mark):
            return f"mark {mark}"


def test_a_walk_goes_through_the_file_in_order_and_into_each_alternative():
    steps = gate_with("booth", CHANNEL, {"mark": "released"}, "exit").paths["northbound"]
    assert [(".".join(map(str, placed.place)), in_words(placed)) for placed in walk(steps)] == [
        ("0", "booth"),
        ("1", "choose channel"),
        ("1.then.green", "then green"),
        ("1.then.red", "then red"),
        ("1.then.red.0", "inspection"),
        ("1.then.red.1", "choose dock"),
        ("1.then.red.1.then.a", "then a"),
        ("1.then.red.1.then.a.0", "booth"),
        ("1.then.red.1.then.b", "then b"),
        ("1.then.red.1.then.b.0", "exit"),
        ("2", "mark released"),
        ("3", "exit"),
    ]


def test_a_step_knows_the_alternatives_that_it_is_in_the_outermost_first():
    inside = [
        (in_words(placed), [alternative.name for alternative in placed.inside])
        for placed in walk(gate_with("booth", CHANNEL).paths["northbound"])
    ]
    assert inside == [
        ("booth", []),
        ("choose channel", []),
        ("then green", []),
        ("then red", []),
        ("inspection", ["red"]),
        ("choose dock", ["red"]),
        ("then a", ["red"]),
        ("booth", ["red", "a"]),
        ("then b", ["red"]),
        ("exit", ["red", "b"]),
    ]


def test_an_alternative_knows_its_choice_and_where_that_is():
    steps = {placed.place: placed for placed in walk(gate_with(CHANNEL).paths["northbound"])}
    place = (0, "then", "red", 1, "then", "a")
    alternative = steps[place].step
    assert isinstance(alternative, Alternative)
    assert (alternative.choice.choose, alternative.place_of_choice) == ("dock", (0, "then", "red", 1))
    assert steps[(*place, 0)].inside[-1] == alternative


def test_marks_lie_behind_the_steps_after_them():
    steps = gate_with("booth", {"mark": "released"}, "inspection", {"mark": "empty"}, "exit").paths["northbound"]
    assert [(in_words(placed), placed.marks_before, placed.is_empty) for placed in walk(steps)] == [
        ("booth", (), False),
        ("mark released", (), False),
        ("inspection", ("released",), False),
        ("mark empty", ("released",), False),
        ("exit", ("released", "empty"), True),
    ]


def test_the_place_of_a_stage_is_where_its_name_is_written():
    steps = gate_with("booth", {"stage": "inspection"}).paths["northbound"]
    assert [placed.place_of_stage for placed in walk(steps, ("here",))] == [("here", 0), ("here", 1, "stage")]


def test_the_paths_of_a_gate_are_those_of_its_directions_and_those_with_a_second_load():
    back = {"northbound": {"share": "10 %", "class": "general", "steps": ["booth", "exit"]}}
    gate = gate_with("booth", **{"paths.southbound": ["exit"], "two_way": back})
    assert [path.place for path in gate.written_paths()] == [
        ("paths", "northbound"),
        ("paths", "southbound"),
        ("two_way", "northbound", "steps"),
    ]
    north, south, second = gate.written_paths()
    assert (north.two_way, south.two_way, second.two_way) == (None, None, gate.two_way["northbound"])
    assert [placed.place for placed in second.walk()] == [
        ("two_way", "northbound", "steps", 0),
        ("two_way", "northbound", "steps", 1),
    ]


def test_shares_for_a_class_beat_those_of_all():
    visit = Visit(stage="booth", share=0.5, share_for={"durian": 1.0}, again=0.1, again_for={"fruit": 0.2})
    assert [visit.share_of(name) for name in ("durian", "fruit")] == [1.0, 0.5]
    assert [visit.again_share_of(name) for name in ("durian", "fruit")] == [0.1, 0.2]
    assert Visit(stage="booth", only=["fruit"], share_for={"durian": 1.0}).share_of("durian") == 0.0
    choice = Choice(choose="way", shares={"a": 0.5, "b": 0.5}, shares_for={"durian": {"b": 1.0}})
    assert choice.shares_of("durian") == {"b": 1.0}
    assert choice.shares_of("fruit") == {"a": 0.5, "b": 0.5}
