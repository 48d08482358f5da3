"""Upgrades at gates that they were not written for."""

from __future__ import annotations

from typing import Any

import pytest

from gates import ConfigError, Gate, apply_upgrades, library_gates, load_gate, load_upgrade, upgrade_names
from gates.schema.paths import Visit
from gates.upgrades import Upgrade, gates_of, why_not

from .files import changed

BECAUSE = "assumption: a test"
WITH_ROLES = [name for name in upgrade_names() if load_upgrade(name).roles]
UPGRADE: dict[str, Any] = {
    "name": "second-desk",
    "about": "A desk beside the bays, and more bays.",
    "gate": "elsewhere",
    "roles": {"bay": "inspection-bay", "door": "exit-control"},
    "where_there": ["stages.door.lanes"],
    "changes": [
        {"path": "stages.bay.lanes", "add": 2, "source": BECAUSE},
        {"path": "stages.door.lanes", "add": 1, "source": BECAUSE},
        {"path": "stages.desk", "add": {"side": "vn", "lanes": 1, "service": {"constant": "1 min"}}, "source": BECAUSE},
        {"path": "paths.northbound", "add": "desk", "before": "bay", "source": BECAUSE},
        {"path": "paths.northbound.bay.share", "set": "30 %", "source": BECAUSE},
    ],
}


def gate(**roles: str) -> Gate:
    """The small gate, whose stages have roles."""
    return Gate.model_validate(changed(*((f"stages.{stage}.role", role) for stage, role in roles.items())))


def upgrade(**changes: Any) -> Upgrade:
    return Upgrade.model_validate(UPGRADE | changes)


def test_the_stage_with_the_role_stands_in_the_place_of_the_one_named():
    made, changes = apply_upgrades(gate(inspection="inspection-bay"), [upgrade()])
    assert made.stages["inspection"].lanes == 3 + 2
    booth, desk, bay = made.paths["northbound"][:3]
    assert (booth, desk) == ("booth", "desk")
    assert isinstance(bay, Visit)
    assert (bay.stage, bay.share) == ("inspection", 0.3)
    assert [change.path for change in changes if "door" in change.path] == []  # nowhere at this gate: left out
    with_door, _ = apply_upgrades(gate(inspection="inspection-bay", booth="exit-control"), [upgrade()])
    assert with_door.stages["booth"].lanes == 2 + 1


@pytest.mark.parametrize(
    ("roles", "path", "problem", "remedy"),
    [
        ({}, "roles.bay", "no stage of gate minimal has this role", "Give the stage that does it"),
        (
            {"inspection": "inspection-bay", "booth": "inspection-bay"},
            "roles.bay",
            "2 stages of gate minimal have this role: booth, inspection",
            "Give one of them alone",
        ),
    ],
)
def test_it_is_refused_with_the_reason(roles, path, problem, remedy):
    with pytest.raises(ConfigError) as caught:
        apply_upgrades(gate(**roles), [upgrade()])
    (found,) = caught.value.findings
    assert (found.path, found.value, found.problem) == (path, "inspection-bay", problem)
    assert found.remedy.startswith(f"{remedy} `role: inspection-bay`")


def test_at_its_own_gate_the_stages_named_are_meant_whatever_their_roles():
    own = upgrade(gate="minimal", roles={"booth": "inspection-bay"}, changes=[UPGRADE["changes"][0]], where_there=[])
    own = own.model_copy(update={"changes": [own.changes[0].model_copy(update={"path": "stages.booth.lanes"})]})
    made, _ = apply_upgrades(gate(inspection="inspection-bay"), [own])
    assert (made.stages["booth"].lanes, made.stages["inspection"].lanes) == (4, 3)


def test_a_stage_of_that_name_without_a_role_is_meant_too():
    friendship = load_gate("friendship-pass")
    stages = {name: stage.model_copy(update={"role": None}) for name, stage in friendship.stages.items()}
    copied = friendship.model_copy(update={"name": "my-copy", "stages": stages})
    made, _ = apply_upgrades(copied, ["more-bays"])
    assert (friendship.stages["bay-cn"].lanes, made.stages["bay-cn"].lanes) == (13, 15)
    more = {**UPGRADE["changes"][0], "path": "stages.booth.lanes"}
    other = upgrade(roles={"booth": "inspection-bay"}, where_there=[], changes=[more])
    with pytest.raises(ConfigError, match="no stage of gate minimal has this role"):
        apply_upgrades(gate(booth="exit-control"), [other])  # the booth says that it is something else


def test_an_upgrade_of_which_nothing_is_left_is_refused():
    with pytest.raises(ConfigError) as caught:
        apply_upgrades(load_gate("minimal"), ["more-docks"])
    assert [found.problem for found in caught.value.findings] == ["gate minimal has none of the parts that it changes"]


@pytest.mark.parametrize("name", library_gates())
def test_what_is_said_to_apply_applies_and_nothing_else(name):
    here = load_gate(name)
    for each in WITH_ROLES:
        said = not why_not(load_upgrade(each), here)
        try:
            apply_upgrades(here, [each])
        except ConfigError:
            assert not said, each
        else:
            assert said, each
    without = next(load_upgrade(each) for each in upgrade_names() if each not in WITH_ROLES)
    assert [found.path for found in why_not(without, here)] == ([] if name == without.gate else ["gate"])


def test_which_gates_an_upgrade_is_for():
    gates = [load_gate(name) for name in library_gates()]
    assert gates_of(load_upgrade("more-bays"), gates) == [
        "friendship-pass",
        "holyhead-dublin",
        "lao-cai-hekou",
        "mong-cai-dongxing",
        "santa-teresa",
        "tan-thanh-puzhai",
    ]
    assert gates_of(load_upgrade("5g"), gates) == ["friendship-pass"]
