"""What `bordergate validate` and `bordergate run` say about their input."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from api.cli.run import _resolved
from api.cli.validate import checked
from gates import ConfigError, Finding
from tests.gates.files import REMOVED, as_text, changed, write

STUDY = {
    "name": "one",
    "question": "Is one more booth enough?",
    "gate": "minimal",
    "warmup_days": "auto",
    "metrics": ["clearance_h.p90.southbound", "clearance_h.p90.northbound"],
    "scenarios": [{"name": "more", "set": {"stages.booth.lanes": 3}}],
}


def said(folder: Path, data: Any) -> str:
    return checked(write(folder, as_text(data)))


def findings(folder: Path, data: Any) -> list[Finding]:
    with pytest.raises(ConfigError) as refused:
        said(folder, data)
    return refused.value.findings


def test_a_metric_that_the_gate_lacks_is_refused(tmp_path: Path) -> None:
    (found,) = findings(tmp_path, STUDY)
    assert (found.file, found.path, found.value, found.problem, found.remedy) == (
        "gate.yaml",
        "metrics[0]",
        "clearance_h.p90.southbound",
        "this gate has no such metric",
        "Did you mean clearance_h.p90.northbound?",
    )
    sound = {**STUDY, "metrics": ["clearance_h.p90.northbound"]}
    assert said(tmp_path, sound) == "Study one of gate minimal: 2 scenarios, the base included."


def test_wrong_scenarios_and_wrong_metrics_are_shown_at_once(tmp_path: Path) -> None:
    wrong = [{"name": "more", "set": {"stages.boot.lanes": 3}}]
    found = findings(tmp_path, {**STUDY, "scenarios": wrong})
    assert [each.problem for each in found][1:] == ["this gate has no such metric"]
    assert found[0].remedy == "Did you mean booth?"


def test_numbers_without_a_source_are_no_assumptions(tmp_path: Path) -> None:
    data = changed()
    assert said(tmp_path, data) == "Gate minimal: 3 stages, 1 flows; 13 numbers are assumptions."
    del data["sources"]["flows"]
    assert said(tmp_path, data).endswith("; 12 numbers are assumptions, 1 names no source.")
    del data["sources"]["end_of_day"]
    assert said(tmp_path, data).endswith("; 11 numbers are assumptions, 2 name no source.")
    assert said(tmp_path, changed(("sources", REMOVED))).endswith("; 0 numbers are assumptions, 13 name no source.")


def test_a_country_whose_parts_have_more_holidays_is_named(tmp_path: Path) -> None:
    feasts, source = {"name": "feasts", "sides": ["vn"]}, ("sources.calendar", "assumption")
    text = said(tmp_path, changed(("calendar", [{**feasts, "holidays": "GB"}]), source))
    assert "parts of it have others: GB-ENG (2025-08-25, 2026-04-06)," in text
    assert "holidays" not in said(tmp_path, changed(("calendar", [{**feasts, "holidays": "GB-ENG"}]), source))


def test_entries_of_the_calendar_that_can_never_apply_are_named(tmp_path: Path) -> None:
    """6 and 7 January 2025 are a Monday and a Tuesday; the run is in July, which is no reason for a note."""
    on = {"first": "2025-01-06", "last": "2025-01-07"}
    weekend = {**on, "name": "weekend", "weekdays": ["sat", "sun"]}
    fits = [
        {**on, "name": "dates"},
        {**on, "name": "monday", "weekdays": "mon"},
        {**weekend, "name": "every year", "yearly": True},
        {"name": "sundays", "weekdays": "sun", "last": "2025-01-07"},
        {"name": "fifth sunday", "weekdays": "sun", "weeks": [5]},
        {"name": "feasts", "holidays": "VN"},
        {**on, "name": "peak", "demand": 2},
    ]
    source = ("sources.calendar", "assumption")
    assert "calendar" not in said(tmp_path, changed(("calendar", fits), source))
    assert said(tmp_path, changed(("calendar", [*fits, weekend]), source)).endswith(
        "1 entry of the calendar applies to no day, because no such weekday is within the dates: weekend."
    )
    third = {**on, "name": "third week", "weekdays": "mon", "weeks": [3]}
    assert "2 entries of the calendar apply to no day" in said(
        tmp_path, changed(("calendar", [weekend, third]), source)
    )


def test_all_that_is_wrong_with_a_command_is_shown_at_once(tmp_path: Path) -> None:
    gate = write(tmp_path, as_text(changed(("stages.booth.lanes", 0))))
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "letter.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        _resolved(foreign, gate=str(gate), upgrades=["more-bay"], days=0, seed=-1)
    assert [found.path for found in refused.value.findings][:4] == [
        "--days",
        "--seed",
        "stages.booth.lanes",
        "--upgrade",
    ]
    assert len(refused.value.findings) == 5
    assert str(foreign) in str(refused.value.findings[-1])
