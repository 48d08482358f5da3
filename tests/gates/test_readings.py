"""Readings and targets: which gate a reading gives, what is refused, and how upgrades adapt."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from gates import ConfigError, apply_upgrades, gate_from_data, gate_from_text, load_gate, load_upgrade, upgrade_names
from gates.rivals import reading_findings, reading_of, rivals_of, with_reading
from gates.schema.paths import Choice
from gates.upgrades import check_upgrade, upgrade_from_text, with_needs

FRIENDSHIP = load_gate("friendship-pass")
PLAIN = load_gate("minimal").model_dump(mode="json", by_alias=True)
BECAUSE = "assumption: a test"
SLOW = {"path": "stages.booth.service", "scale": 2, "source": BECAUSE}
READINGS: dict[str, Any] = {
    "as-it-is": {"about": "Booths are quick.", "weight": 0.5, "evidence": BECAUSE},
    "slow-booths": {
        "title": {"en": "Slow booths"},
        "about": "Booths are slow.",
        "weight": 0.3,
        "evidence": BECAUSE,
        "changes": [SLOW],
    },
    "held": {
        "about": "Half of the trucks wait for papers.",
        "weight": 0.2,
        "evidence": BECAUSE,
        "changes": [
            {
                "path": "stages.hold",
                "add": {"side": "vn", "lanes": "unlimited", "service": {"constant": "3 h"}},
                "source": BECAUSE,
            },
            {
                "path": "paths.northbound",
                "add": {"stage": "hold", "share": "50 %"},
                "before": "booth",
                "source": BECAUSE,
            },
        ],
    },
}
TARGET: dict[str, Any] = {
    "title": "Trucks a day",
    "metric": "throughput_per_day.mean.northbound",
    "low": 110,
    "high": 130,
    "kind": "fitted",
    "date": "2025-07",
    "source": BECAUSE,
}


def written(**changes: Any) -> dict[str, Any]:
    return copy.deepcopy(PLAIN | {"readings": READINGS, "targets": {"trucks": TARGET}} | changes)


def text_of(document: dict[str, Any]) -> str:
    return json.dumps(document, default=str)


GATE = gate_from_text(text_of(written()))


def refused(document: dict[str, Any]) -> list[tuple[str, str, str]]:
    with pytest.raises(ConfigError) as caught:
        gate_from_text(text_of(document), "own.yaml")
    return [(found.path, found.problem, found.remedy) for found in caught.value.findings]


def test_the_baseline_is_the_gate_as_the_file_describes_it():
    assert (GATE.baseline, GATE.reading, reading_of(GATE)) == ("as-it-is", None, "as-it-is")
    assert with_reading(GATE, None) is GATE
    assert with_reading(GATE, "as-it-is") is GATE
    assert rivals_of(GATE) == ["slow-booths", "held"]


def test_a_reading_changes_what_its_file_says_and_nothing_else():
    slow, held = with_reading(GATE, "slow-booths"), with_reading(GATE, "held")
    assert (slow.reading, held.reading) == ("slow-booths", "held")
    assert slow.stages["booth"].service.model_dump(mode="json") == {"exponential": {"mean": "8 min"}}
    assert slow.model_copy(update={"stages": GATE.stages, "reading": None}) == GATE
    assert held.paths["northbound"][0].stage == "hold"  # type: ignore[union-attr]
    assert held.stages["booth"] == GATE.stages["booth"]


def test_another_reading_is_not_laid_over_a_gate_that_was_changed():
    changed = GATE.with_({"stages.booth.lanes": 3})
    assert reading_of(changed) == changed.reading == "as-it-is"
    assert with_reading(changed, "as-it-is") is changed
    with pytest.raises(ConfigError, match="the gate was changed already, under its reading as-it-is"):
        with_reading(changed, "held")
    both = with_reading(GATE, "held").with_({"stages.booth.lanes": 3})
    assert (both.reading, both.stages["booth"].lanes) == ("held", 3)


@pytest.mark.parametrize(
    ("gate", "name", "problem", "remedy"),
    [
        (GATE, "slow-boths", "no such reading", "Did you mean slow-booths?"),
        (load_gate("minimal"), "held", "gate minimal has no readings", "Remove it: there are none to choose from."),
    ],
)
def test_an_unknown_reading_is_a_finding_with_near_names(gate, name, problem, remedy):
    with pytest.raises(ConfigError) as caught:
        with_reading(gate, name)
    (found,) = caught.value.findings
    assert (found.path, found.value, found.problem, found.remedy) == ("reading", name, problem, remedy)


def changed(name: str, **fields: Any) -> dict[str, Any]:
    return written(readings=READINGS | {name: READINGS[name] | fields})


@pytest.mark.parametrize(
    ("document", "path", "problem", "remedy"),
    [
        (
            changed("held", weight=0.4),
            "readings",
            "the weights do not add to 1",
            "Change them by -0.2.",
        ),
        (
            changed("as-it-is", changes=[SLOW]),
            "readings",
            "none is the baseline",
            "Add the reading that the file describes, without `changes`.",
        ),
        (
            changed("held", changes=[]),
            "readings.held",
            "as-it-is has no changes either",
            "Write `changes`; one reading alone is the baseline.",
        ),
        (
            changed("held", evidence="F999"),
            "readings.held.evidence",
            "F999 is not in the fact library",
            "Name facts, or write `assumption`.",
        ),
        (
            changed("held", changes=[SLOW | {"path": "stages."}]),
            "readings.held.changes[0].path",
            "not a path",
            "Remove the dot at its end.",
        ),
        (
            changed("held", changes=[SLOW | {"path": "stages.boot.service"}]),
            "readings.held.changes[0].path",
            "there is no boot (gate minimal)",
            "Did you mean booth?",
        ),
        (
            changed("held", changes=[{"path": "stages.booth.lanes", "set": 0, "source": BECAUSE}]),
            "readings.held.changes[0]",
            "nobody can pass (at stages.booth.lanes)",
            "Use at least 1, or remove the stage.",
        ),
        (
            written(reading="hold"),
            "reading",
            "no such reading",
            "Did you mean held?",
        ),
        (
            written(targets={"trucks": TARGET | {"low": None, "high": None}}),
            "targets.trucks",
            "no band",
            "Write `low`, `high` or both.",
        ),
        (
            written(targets={"trucks": TARGET | {"low": 140}}),
            "targets.trucks",
            "not in order",
            "Write low <= high.",
        ),
        (
            written(targets={"trucks": TARGET | {"date": "July"}}),
            "targets.trucks.date",
            "not a date",
            "Write a year, a month such as 2025-07, a day, or two of them with a slash between.",
        ),
        (
            written(targets={"trucks": TARGET | {"changes": [SLOW | {"source": "F999"}]}}),
            "targets.trucks.changes[0].source",
            "F999 is not in the fact library",
            "Name facts, or write `assumption`.",
        ),
        (
            written(targets={"trucks": TARGET | {"changes": [SLOW | {"path": "stages.bouth.service"}]}}),
            "targets.trucks.changes[0].path",
            "there is no bouth (gate minimal)",
            "Did you mean booth?",
        ),
    ],
)
def test_what_is_wrong_with_readings_and_targets_is_said_at_its_place(document, path, problem, remedy):
    assert refused(document) == [(path, problem, remedy)]


def test_a_gate_with_readings_goes_through_python_and_json_unchanged():
    for gate in (GATE, with_reading(GATE, "held"), GATE.with_({"stages.booth.lanes": 3})):
        assert gate_from_data(gate.model_dump(mode="json", by_alias=True)) == gate


def test_readings_and_targets_are_no_numbers_of_the_gate():
    from gates import every_number

    assert [n.path for n in every_number(GATE)] == [n.path for n in every_number(load_gate("minimal"))]


# How upgrades adapt.


def upgrade(readings: dict[str, Any]):
    document = {
        "name": "faster",
        "about": "Booths become faster, and one more opens.",
        "gate": "minimal",
        "changes": [
            {"path": "stages.booth.service", "scale": 0.5, "source": BECAUSE},
            {"path": "stages.booth.lanes", "add": 1, "source": BECAUSE},
        ],
        "readings": readings,
    }
    return upgrade_from_text(json.dumps(document), "faster.yaml")


def test_an_upgrade_leaves_out_and_adds_under_a_reading_as_its_file_says():
    adapted = upgrade(
        {
            "held": {
                "leave_out": ["stages.booth.lanes"],
                "changes": [{"path": "stages.hold.service", "set": {"constant": "1 h"}, "source": BECAUSE}],
            }
        }
    )
    assert check_upgrade(adapted, GATE) == []
    plain, _ = apply_upgrades(GATE, [adapted])
    held, changes = apply_upgrades(with_reading(GATE, "held"), [adapted])
    slow, _ = apply_upgrades(with_reading(GATE, "slow-booths"), [adapted])
    assert (plain.stages["booth"].lanes, held.stages["booth"].lanes, slow.stages["booth"].lanes) == (3, 2, 3)
    assert {change.path: change.after for change in changes} == {
        "stages.booth.service": "exponential: mean 2 min",
        "stages.hold.service": "constant 1 h",
    }


def test_an_upgrade_that_adapts_to_what_is_not_there_is_a_finding():
    with pytest.raises(ConfigError) as caught:
        upgrade({"held": {"leave_out": ["stages.boot.lanes"]}})
    (found,) = caught.value.findings
    assert (found.path, found.problem) == ("readings.held.leave_out[0]", "is not what it changes")
    with pytest.raises(ConfigError, match="adapts nothing"):
        upgrade({"held": {}})
    (found,) = check_upgrade(upgrade({"hold": {"leave_out": ["stages.booth.lanes"]}}), GATE)
    assert (found.path, found.problem, found.remedy) == (
        "readings.hold",
        "no such reading of gate minimal",
        "Did you mean held?",
    )
    wrong = {"changes": [{"path": "stages.held.service", "scale": 2, "source": BECAUSE}]}
    (found,) = check_upgrade(upgrade({"held": wrong}), GATE)
    assert (found.path, found.remedy) == ("readings.held.changes[0].path", "Did you mean hold?")


# The library.


def test_the_readings_and_targets_of_the_library_are_sound():
    assert reading_findings(FRIENDSHIP) == []
    assert all(reading.title.keys() == {"en", "vi", "zh"} for reading in FRIENDSHIP.readings.values())


@pytest.mark.parametrize("reading", rivals_of(FRIENDSHIP))
def test_every_upgrade_of_the_library_fits_every_reading(reading):
    under = with_reading(FRIENDSHIP, reading)
    for name in upgrade_names():
        made, changes = apply_upgrades(under, with_needs([name]))
        assert made.reading == reading
        assert changes


def test_upgrades_adapt_to_the_readings_that_hold_trucks_by_a_list():
    listed, _ = apply_upgrades(with_reading(FRIENDSHIP, "daily-list"), ["round-the-clock"])
    (readiness,) = [s for s in listed.paths["northbound"] if isinstance(s, Choice) and s.choose == "readiness"]
    assert readiness.shares == {"ready": 1, "held": 0}
    longer, changes = apply_upgrades(FRIENDSHIP, ["longer-desk-hours"])
    assert {change.path for change in changes} == {"stages.hold-vn.hours"}
    assert str(longer.stages["registration-vn"].hours) == "24 h"
    longer, _ = apply_upgrades(with_reading(FRIENDSHIP, "list-at-dawn"), ["longer-desk-hours"])
    assert str(longer.stages["registration-vn"].hours) == "07:00-22:00"
    assert load_upgrade("booking-slots").readings.keys() == {"list-at-dawn", "daily-list", "afternoon"}
