"""Places in a gate: where a readable path leads, and what can be done there."""

from __future__ import annotations

import pytest

from gates import load_gate
from gates.addresses import (
    PlaceError,
    add_to_value,
    find,
    parts_of,
    scale_value,
    set_source,
    value_in_words,
)


@pytest.fixture
def data():
    return load_gate("friendship-pass").model_dump(mode="json", by_alias=True)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("stages.bay-cn.lanes", 13),
        ("stages.kiosk-in-cn.lanes.loaded.lanes", 4),
        ("stages.bay-cn.service.lognormal.mean", "55 min"),
        ("paths.northbound.bay-cn.share", "5 %"),
        ("paths.northbound.bay-cn.share_for.durian", "100 %"),
        ("paths.northbound.channel.shares.red", "20 %"),
        ("paths.northbound.customs-bays", "customs-bays"),
        ("paths.northbound.channel.then.red.customs-bays.share", "100 %"),
        ("paths.southbound.gate-out-vn#1.only", ["new-cars"]),
        ("paths.southbound.gate-out-vn#2.only", ["general", "electronics", "parcels"]),
        ('calendar["Tết 2026"].arrivals', "10 %"),
        ('profiles.daytime.hours["12:00-19:00"]', "35 %"),
        ("flows.durian-north.per_day", 75),
        ("demand", None),
    ],
)
def test_a_path_leads_to_what_a_reader_means(data, path, value):
    spot = find(data, path)
    assert spot.value == value
    assert spot.present is (value is not None)


@pytest.mark.parametrize(
    ("path", "problem", "remedy"),
    [
        ("stages.bay-nc.lanes", "there is no bay-nc", "Did you mean bay-cn?"),
        ("stages.bay-cn.lanes.loaded", "13 has no loaded", "End the path before it."),
        ("paths.southbound.gate-out-vn.only", "there are 2 entries named gate-out-vn", "Write which one"),
        ("paths.southbound.gate-out-vn#3.only", "there are only 2", "lower number"),
        ("paths.northbound.gate-9", "there is no gate-9", "Did you mean gate-in-vn?"),
        ("", "not a path", "Write names with dots"),
        ("stages.", "not a path", "Remove the dot"),
        ("stages..x", "not a path", "Write names with dots"),
    ],
)
def test_a_path_that_leads_nowhere_says_so(data, path, problem, remedy):
    with pytest.raises(PlaceError) as caught:
        find(data, path)
    assert problem in caught.value.problem
    assert remedy in caught.value.remedy


@pytest.mark.parametrize(
    ("value", "factor", "expected"),
    [
        (13, 1.1, 14),
        (5, 1.1, 6),
        (5, 0.5, 3),
        (0.5, 3, 1.5),
        ("55 min", 1.0, "55 min"),
        ("20 s", 0.5, "10 s"),
        ({"erlang": {"mean": "15 s", "shape": 4}}, 2, {"erlang": {"mean": "30 s", "shape": 4}}),
        ({"lognormal": {"mean": "55 min", "cv": 0.6}}, 0.1, {"lognormal": {"mean": "5.5 min", "cv": 0.6}}),
        ({"uniform": {"low": "1 s", "high": "3 s"}}, 2, {"uniform": {"low": "2 s", "high": "6 s"}}),
        ({"empirical": ["1 s", "4 s"]}, 2, {"empirical": ["2 s", "8 s"]}),
        ({"constant": "10 s"}, 0, {"constant": "0 s"}),
    ],
)
def test_scaling(value, factor, expected):
    assert scale_value(value, factor) == expected


@pytest.mark.parametrize("value", [None, True, "unlimited", "08:00-21:00", {"green": "45 %", "red": "55 %"}, ["24 h"]])
def test_what_is_no_number_cannot_be_scaled(value):
    with pytest.raises(PlaceError, match="this is not a number"):
        scale_value(value, 2)


@pytest.mark.parametrize(
    ("value", "by", "expected"),
    [(13, 2, 15), (1.5, 1, 2.5), ("5 min", "30 s", "330 s"), ("20 %", "5 %", "25 %"), ("60 min", "-5 min", "55 min")],
)
def test_adding(value, by, expected):
    assert add_to_value(value, by) == expected


@pytest.mark.parametrize(("value", "by"), [(3, "2 s"), ("20 %", "5 s"), (True, 1), (None, 1)])
def test_what_cannot_be_added(value, by):
    with pytest.raises(PlaceError, match="cannot be added"):
        add_to_value(value, by)


def test_the_nearest_model_names_the_source(data):
    spot = find(data, "stages.bay-cn.service.lognormal.mean")
    set_source(data, spot.place, "assumption: tried")
    assert data["stages"]["bay-cn"]["sources"]["service.lognormal.mean"] == "assumption: tried"


def test_values_in_words():
    assert value_in_words({"erlang": {"mean": "15 s", "shape": 4}}) == "erlang: mean 15 s, shape 4"
    assert value_in_words(["07:00-20:00", "21:00-22:00"]) == "07:00-20:00; 21:00-22:00"
    assert value_in_words("49.999999999 min") == "50 min"
    assert value_in_words(None) == ""
    assert parts_of('a.b["c d"].e') == ["a", "b", "c d", "e"]


def test_a_path_leads_into_steps_with_a_second_load_and_not_into_names():
    steps = [{"choose": "way", "shares": {"a": 1}, "then": {"a": ["exit"]}}, {"stage": "booth", "when": {"way": ["a"]}}]
    data = {"two_way": {"northbound": {"steps": ["booth", *steps]}}}
    assert find(data, "two_way.northbound.steps.booth#1.share").value == "100 %"
    assert find(data, "two_way.northbound.steps.way.then.a.exit.share").value == "100 %"
    with pytest.raises(PlaceError, match="a has no share"):
        find(data, "two_way.northbound.steps.booth#2.when.way.a.share")
