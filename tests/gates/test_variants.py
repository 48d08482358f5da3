"""Gates changed from Python, and gates put together without any check."""

from __future__ import annotations

import pytest

from gates import ConfigError, Gate, Scenario, load_gate
from gates.files.load import refuse_unsound
from sim import compile_plan


@pytest.fixture(scope="module")
def gate():
    return load_gate("friendship-pass")


def test_a_variant_is_a_new_gate(gate):
    more = gate.with_({"stages.bay-cn.lanes": 15, "stages.kiosk-in-cn.service.erlang.mean": "20 s"})
    assert (gate.stages["bay-cn"].lanes, more.stages["bay-cn"].lanes) == (13, 15)
    assert more.stages["kiosk-in-cn"].service.mean() == 20
    assert more.stages["bay-cn"].sources["lanes"] == "assumption: changed in Python"
    assert more.with_({"stages.bay-cn.lanes": 13}).stages["bay-cn"].lanes == 13
    assert gate.with_({}) is gate


@pytest.mark.parametrize(
    ("changes", "findings"),
    [
        ({"stages.bay-cn.lane": 15}, ["stages.bay-cn.lane = 15 - an unknown key. Did you mean lanes?"]),
        (
            {"stages.bay-c.lanes": 15},
            ["stages.bay-c.lanes - there is no bay-c (gate friendship-pass). Did you mean bay-cn?"],
        ),
        (
            {"stages.kiosk-in-cn.service": {"constant": "-3 s"}, "stages.bay-cn.lanes": -1},
            [
                "stages.kiosk-in-cn.service.constant = -3 s - out of bounds. Use a value from 0 to 3650 d.",
                "stages.bay-cn.lanes = -1 - nobody can pass. Use at least 1, or remove the stage.",
            ],
        ),
        (
            {"stages.bay-cn.needs": {"ghosts": 1}},
            ["stages.bay-cn.needs.ghosts = ghosts - no such pool. Use customs-officers-vn."],
        ),
        (
            {"stages.bay-cn.service": 35},
            [
                "stages.bay-cn.service = 35 - not a distribution. "
                "Write its name and parameters, such as `{constant: 35 s}`."
            ],
        ),
        (
            {"stages..bay-cn": 1},
            [
                "stages..bay-cn - not a path (gate friendship-pass). "
                "Write names with dots between, such as stages.bay-cn.lanes."
            ],
        ),
        ({"": 1}, ['"" - not a path. Write names with dots between, such as stages.bay-cn.lanes.']),
    ],
)
def test_a_variant_is_checked_like_a_file(gate, changes, findings):
    with pytest.raises(ConfigError) as refused:
        gate.with_(changes)
    assert [str(finding) for finding in refused.value.findings] == findings


def changed(gate, stage, **fields):
    return gate.model_copy(update={"stages": {**gate.stages, stage: gate.stages[stage].model_copy(update=fields)}})


@pytest.mark.parametrize(
    ("fields", "finding"),
    [
        (
            {"needs": {"ghosts": 1}},
            "stages.bay-cn.needs.ghosts = ghosts - no such pool. Use customs-officers-vn.",
        ),
        ({"lanes": -1}, "stages.bay-cn.lanes = -1 - nobody can pass. Use at least 1, or remove the stage."),
    ],
    ids=["unknown pool", "no lanes"],
)
def test_no_unchecked_gate_becomes_a_plan(gate, fields, finding):
    odd = changed(gate, "bay-cn", **fields)
    for _ in range(2):
        with pytest.raises(ConfigError) as refused:
            compile_plan(Scenario.model_construct(gate=odd, days=1, warmup_days=0, start=None, demand=1.0))
        assert [str(each) for each in refused.value.findings] == [finding]


def test_a_model_without_checks_is_checked_once(gate):
    data = load_gate("minimal").model_dump(mode="json", by_alias=True)
    unchecked = Gate.model_validate(data)
    refuse_unsound(unchecked)
    data["paths"]["northbound"] = ["nowhere"]
    with pytest.raises(ConfigError, match="nowhere"):
        compile_plan(Scenario(gate=Gate.model_validate(data), days=1))


def test_a_gate_is_shown_in_a_line(gate):
    assert repr(gate) == str(gate) == "Gate friendship-pass: 23 stages, 8 flows, 1 pools"
    assert len(repr(Scenario(gate=gate))) < 200
    assert repr(compile_plan(Scenario(gate=gate))) == "Plan: 23 stages, 8 streams, 37 days"
