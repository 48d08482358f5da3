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


def test_entries_of_the_calendar_that_touch_no_day_are_named(tmp_path: Path) -> None:
    """The simulated days are 24 June to 30 July 2025."""
    days = ("2025-06-23", "2025-06-24", "2025-07-30", "2025-07-31")
    on: dict[str, Any] = {day: {"name": day, "first": day, "last": day} for day in days}
    peak = {**on["2025-06-23"], "name": "peak", "demand": 2}
    entries = [*on.values(), {"name": "feasts", "holidays": "VN"}, peak]
    calendar = ("calendar", entries)
    source = ("sources.calendar", "assumption")
    assert said(tmp_path, changed(calendar, source)).endswith(
        "4 entries of the calendar touch no day from 2025-06-24 to 2025-07-30: 2025-06-23, 2025-07-31, feasts, peak."
    )
    one = ("calendar", [on["2025-07-31"]])
    assert "1 entry of the calendar touches no day from" in said(tmp_path, changed(one, source))
    assert "calendar" not in said(tmp_path, changed(("calendar", [on["2025-07-30"]]), source))


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
