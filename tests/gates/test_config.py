"""The models: frozen, closed, described, and the few answers they give themselves."""

from __future__ import annotations

import datetime as dt
import importlib
import json
import pkgutil

import pytest
from pydantic import BaseModel, ValidationError

import gates.schema
from gates.files.load import load_gate
from gates.schema.demand import Profile
from gates.schema.distributions import Constant, Erlang, MeanShape
from gates.schema.gate import Gate
from gates.schema.holidays import public_holidays
from gates.schema.paths import Visit
from gates.schema.stages import LaneGroup, Stage

from .files import changed

MODELS = sorted(
    {
        kind
        for module in pkgutil.iter_modules(gates.schema.__path__, "gates.schema.")
        for kind in vars(importlib.import_module(module.name)).values()
        if isinstance(kind, type) and issubclass(kind, BaseModel) and kind is not BaseModel
    },
    key=lambda kind: kind.__name__,
)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_models_are_frozen_closed_and_described(model):
    assert model.model_config["frozen"]
    assert model.model_config["extra"] == "forbid"
    assert model.__doc__
    assert model.__doc__.rstrip().endswith(".")
    for name, field in model.model_fields.items():
        assert field.description, f"{model.__name__}.{name} has no sentence"
        assert field.description.rstrip().endswith("."), f"{model.__name__}.{name}: end the sentence"


def test_a_gate_cannot_be_changed():
    gate = load_gate("minimal")
    with pytest.raises(ValidationError):
        gate.name = "other"  # type: ignore[misc]


def test_models_can_be_made_in_python():
    stage = Stage(side="vn", lanes=[LaneGroup(name="a", lanes=2)], service=Erlang(erlang=MeanShape(mean=15, shape=4)))
    assert stage.service == Erlang(erlang=MeanShape(mean=15.0, shape=4))
    again = Stage.model_validate(stage.model_dump())
    assert again == stage
    gate = Gate.model_validate(changed(("stages.booth", stage), ("paths.northbound.3", Visit(stage="exit"))))
    assert gate.stages["booth"] == stage


def test_a_plain_number_of_lanes_is_one_group_that_admits_all():
    (group,) = Stage(side="vn", lanes=3, service=Constant(constant=0)).lane_groups()
    assert (group.name, group.lanes) == ("all", 3)
    assert group.admits("durian", "northbound", empty=True)


def test_a_window_of_a_profile_over_midnight_is_cut_and_keeps_its_share():
    profile = Profile(hours={"22:00-06:00": 0.8, "06:00-22:00": 0.2})
    assert profile.windows() == [
        (0, 21_600, pytest.approx(0.6)),
        (21_600, 79_200, 0.2),
        (79_200, 86_400, pytest.approx(0.2)),
    ]
    assert Profile().windows() == [(0, 86_400, 1.0)]


def test_service_distributions_of_classes_and_of_empty_trucks():
    laws = {"durian": Constant(constant=2), "empty": Constant(constant=3)}
    stage = Stage(side="vn", lanes=1, service=Constant(constant=1), service_for=laws)
    found = [stage.service_distribution(name, empty=empty) for name in ("general", "durian") for empty in (False, True)]
    assert found == [Constant(constant=n) for n in (1, 3, 2, 3)]


def test_closures_close_what_they_name():
    closure = {"name": "x", "first": "2026-02-15", "last": "2026-02-16", "arrivals": "10 %"}
    gate = Gate.model_validate(
        changed(("calendar", [{**closure, "sides": ["cn"]}, {**closure, "stages": ["booth"], "arrivals": 0.5}]))
    )
    days, year = {dt.date(2026, 2, 15), dt.date(2026, 2, 16)}, (dt.date(2026, 1, 1), dt.date(2026, 12, 31))
    assert {name: gate.closed_days(name, *year) for name in gate.stages} == {
        "booth": days,
        "inspection": days,
        "exit": days,
    }
    only = Gate.model_validate(changed(("calendar", [{**closure, "stages": ["booth"]}])))
    assert only.closed_days("exit", *year) == set()
    assert gate.arrivals_on(dt.date(2026, 2, 15), "general") == 0.1
    assert gate.arrivals_on(dt.date(2026, 2, 17), "general") == 1.0


def test_public_holidays_close_the_side_that_the_country_names():
    # Vietnam, February 2026: Lunar New Year's Eve on the 16th to the fourth day on the 20th.
    year = (dt.date(2026, 1, 1), dt.date(2026, 12, 31))
    entry = {"name": "Tết", "holidays": "VN", "only": ["Lunar New Year", "National Day"], "arrivals": "20 %"}
    gate = Gate.model_validate(changed(("calendar", [entry]), ("stages.exit.side", "cn")))
    days = {dt.date(2026, 2, 17), dt.date(2026, 9, 1), dt.date(2026, 9, 2)}
    assert {name: gate.closed_days(name, *year) for name in gate.stages} == {
        "booth": days,
        "inspection": set(),
        "exit": set(),
    }
    assert [gate.arrivals_on(dt.date(2026, 2, day), "general") for day in (16, 17)] == [1, 0.2]
    both = Gate.model_validate(changed(("calendar", [{**entry, "sides": ["vn", "cn"]}]), ("stages.exit.side", "cn")))
    assert both.closed_days("exit", dt.date(2026, 8, 1), dt.date(2026, 9, 1)) == {dt.date(2026, 9, 1)}
    one = Gate.model_validate(changed(("calendar", [{**entry, "stages": ["exit"]}]), ("stages.exit.side", "cn")))
    assert [bool(one.closed_days(name, *year)) for name in one.stages] == [False, False, True]


def test_a_day_that_is_two_holidays_is_each_of_them():
    # On 1 October 2020 China had its National Day and Mid-Autumn Festival at once.
    entry = {"name": "x", "holidays": "CN", "only": ["Mid-Autumn Festival"]}
    gate = Gate.model_validate(changed(("calendar", [entry]), ("stages.exit.side", "cn")))
    assert gate.closed_days("exit", dt.date(2020, 9, 1), dt.date(2020, 10, 31)) == {
        dt.date(2020, 10, day)
        for day in (1, 6)  # its day in exchange is named "observed"
    }
    assert public_holidays("QQ", 2026) == {}


def test_public_holidays_of_a_part_of_a_country():
    # England keeps Easter Monday and the summer bank holiday, which the United Kingdom as a whole does not.
    def shut(entry, first, last):
        calendar = [{"name": "x", "sides": ["vn"], **entry}]
        gate = Gate.model_validate(changed(("calendar", calendar)))
        return sorted(gate.closed_days("booth", dt.date(2026, *first), dt.date(2026, *last)))

    april, august = ((4, 2), (4, 30)), ((8, 1), (8, 31))
    assert shut({"holidays": "GB-ENG"}, *april) == [dt.date(2026, 4, 3), dt.date(2026, 4, 6)]
    assert shut({"holidays": "GB-ENG"}, *august) == [dt.date(2026, 8, 31)]
    assert shut({"holidays": "GB"}, *april) == [dt.date(2026, 4, 3)]
    assert shut({"holidays": "GB-ENG", "only": ["Easter Monday"]}, *april) == [dt.date(2026, 4, 6)]


def test_observed_and_estimated_days_have_the_plain_name():
    # Boxing Day 2026 is a Saturday, so the Monday after it is off; the end of Ramadan in Morocco is only estimated.
    def days(place, name):
        entry = {"name": "x", "holidays": place, "only": [name], "sides": ["vn"]}
        gate = Gate.model_validate(changed(("calendar", [entry])))
        return sorted(gate.closed_days("booth", dt.date(2026, 1, 1), dt.date(2026, 12, 31)))

    assert days("GB", "Boxing Day") == [dt.date(2026, 12, 26), dt.date(2026, 12, 28)]
    assert days("GB", "Boxing Day (observed)") == [dt.date(2026, 12, 28)]
    assert days("MA", "Eid al-Fitr") == [dt.date(2026, 3, day) for day in (20, 21)]


def test_surges_multiply_and_touch_what_they_name():
    surge = {"name": "peak", "first": "2026-02-15", "last": "2026-02-16", "demand": 3}
    entries = [surge, {**surge, "classes": ["general"], "demand": 0.5}, {**surge, "directions": ["southbound"]}]
    closure = {"name": "x", "first": "2026-02-16", "last": "2026-02-16", "arrivals": "10 %"}
    gate = Gate.model_validate(changed(("calendar", [*entries, {**surge, "flows": ["other"]}, closure])))
    found = [gate.arrivals_on(dt.date(2026, 2, day), "general") for day in (14, 15, 16, 17)]
    assert found == pytest.approx([1, 1.5, 0.15, 1])
    assert gate.closed_days("booth", dt.date(2026, 2, 15), dt.date(2026, 2, 15)) == set()


def test_the_schema_describes_what_a_file_may_say():
    schema = Gate.model_json_schema(by_alias=True)
    assert json.dumps(schema)
    assert set(schema["$defs"]["Flow"]["required"]) == {"class", "direction", "per_day"}
    assert schema["$defs"]["MeanShape"]["properties"]["mean"]["anyOf"] == [{"type": "string"}, {"type": "number"}]
