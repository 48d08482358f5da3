"""Requests: one definition for files, the command line and HTTP."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys

import pytest

from experiments.runs.request import RunRequest, resolve, run_from_text, run_text
from gates import ConfigError, load_gate
from gates.schema.borders.composed import ComposedGate
from tests.gates.borders.test_borders import small_border

GATE = load_gate("minimal").model_dump(mode="json", by_alias=True)


def test_defaults_are_those_of_the_command_line():
    asked = resolve({"gate": "minimal"})
    assert (asked.scenario.days, asked.scenario.warmup_days, asked.scenario.demand) == (30, 7, 1.0)
    assert asked.settings.model_dump() == {"replications": 20, "seed": 1, "engine": "compiled", "keep_events": 1}
    assert asked.changes == ()


def test_a_whole_gate_is_the_gate_of_that_name():
    by_name, whole = resolve({"gate": "minimal", "days": 3}), resolve({"gate": GATE, "days": 3.0})
    assert by_name.scenario == whole.scenario
    assert by_name.digest == whole.digest


@pytest.mark.parametrize(("written", "kept"), [("none", 0), ("all", 4), (0, 0), ("3", 3), (2.0, 2), (9, 4)])
def test_logs_kept(written, kept):
    assert resolve({"gate": "minimal", "replications": 4, "keep_events": written}).settings.keep_events == kept


def test_the_digest_follows_all_that_a_result_depends_on():
    base: dict[str, object] = {"gate": "minimal", "days": 3}
    others: list[dict[str, object]] = [
        {"days": 4},
        {"warmup_days": 1},
        {"start": "2025-07-02"},
        {"demand": 1.1},
        {"replications": 3},
        {"seed": 2},
        {"engine": "reference"},
        {"keep_events": 0},
        {"gate": "friendship-pass"},
        {"gate": {**GATE, "title": {"en": "Another"}}},
    ]
    assert len({resolve({**base, **change}).digest for change in ({}, *others)}) == len(others) + 1
    start = load_gate("minimal").start
    assert resolve(base).digest == resolve({**base, "start": start.isoformat()}).digest


def test_a_resolved_run_survives_as_text():
    asked = resolve({"gate": "friendship-pass", "upgrades": ["more-bays"], "days": 2, "demand": 1.1, "seed": 5})
    again = run_from_text(run_text(asked))
    assert (again.settings, again.changes) == (asked.settings, asked.changes)
    assert again.digest == asked.digest


@pytest.mark.parametrize(
    ("change", "path", "text"),
    [
        ({"gate": "minimul"}, "gate", "Did you mean minimal?"),
        ({"gate": "minimal.yaml"}, "gate", "no such gate in the library"),
        ({"gate": 5}, "gate", "a whole gate as"),
        ({"days": 0}, "days", "Use at least 1."),
        ({"days": "30"}, "days", "without quotes"),
        ({"days": True}, "days", "not a number"),
        ({"days": 1.5}, "days", "a whole number"),
        ({"seed": -1}, "seed", "Use at least 0."),
        ({"demand": float("nan")}, "demand", "a finite number"),
        ({"start": "yesterday"}, "start", "2026-02-15"),
        ({"start": "0001-01-01"}, "start", "a year from"),
        ({"start": dt.datetime(2025, 7, 1)}, "start", "not a date"),
        ({"keep_events": "some"}, "keep_events", "all or none"),
        ({"keep_events": -1}, "keep_events", "all or none"),
        ({"engine": "fast"}, "engine", "compiled"),
        ({"upgrades": ["no such"]}, "upgrades[0]", "no such upgrade in the library"),
        ({"replication": 3}, "replication", "Did you mean replications?"),
    ],
)
def test_findings(change, path, text):
    with pytest.raises(ConfigError) as refused:
        resolve({"gate": "minimal", **change})
    (found,) = refused.value.findings
    assert found.path == path
    assert text in str(found)


def test_everything_wrong_is_found_at_once():
    stages = {**GATE["stages"], "booth": {**GATE["stages"]["booth"], "lanes": 0}}
    with pytest.raises(ConfigError) as refused:
        resolve({"gate": {**GATE, "stages": stages}, "days": 0, "seed": "x"})
    assert [found.path for found in refused.value.findings] == ["days", "seed", "gate.stages.booth.lanes"]


def test_only_who_sits_at_the_machine_may_name_a_file(tmp_path):
    from gates.files.load import gate_path

    (tmp_path / "mine.yaml").write_text(gate_path("minimal").read_text(encoding="utf-8"), encoding="utf-8")
    name = str(tmp_path / "mine.yaml")
    assert resolve({"gate": name}, files=True).scenario == resolve({"gate": "minimal"}).scenario
    with pytest.raises(ConfigError, match="no such gate in the library"):
        resolve({"gate": name})


def test_the_schema_says_what_is_written():
    schema = RunRequest.model_json_schema()
    assert schema["required"] == ["gate"]
    assert schema["properties"]["days"]["maximum"] == 3660
    assert schema["properties"]["replications"]["description"] == "Number of independent replications."


def test_reading_a_request_loads_no_engine():
    script = (
        "import sys; from experiments.runs.request import resolve; resolve({'gate': 'minimal'}); print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not {"numpy", "numba", "pandas", "pyarrow"} & set(done.stdout.split())


def test_a_reading_is_a_part_of_what_is_run_and_of_its_name():
    base, held = (
        resolve({"gate": "friendship-pass", "upgrades": ["booking-slots"], "reading": name, "days": 2})
        for name in (None, "daily-list")
    )
    assert (base.scenario.gate.reading, held.scenario.gate.reading) == ("hold-by-goods", "daily-list")
    assert base.digest != held.digest
    assert base.digest == resolve({"gate": "friendship-pass", "upgrades": ["booking-slots"], "days": 2}).digest
    again = run_from_text(run_text(held))
    assert again.digest == held.digest
    list_gone = "paths.northbound.readiness.shares"
    assert list_gone in {change.path for change in held.changes} - {change.path for change in base.changes}


@pytest.mark.parametrize("days", [2, 0])
def test_an_unknown_reading_is_a_finding_among_all_others(days):
    with pytest.raises(ConfigError) as caught:
        resolve({"gate": "friendship-pass", "reading": "hold-by-good", "upgrades": ["more-bay"], "days": days})
    found = {(each.path, each.remedy) for each in caught.value.findings}
    assert {("reading", "Did you mean hold-by-goods?"), ("upgrades[0]", "Did you mean more-bays?")} <= found
    assert ("days" in {path for path, _ in found}) == (days == 0)


def test_values_set_come_last_and_are_among_the_changes():
    asked = {"gate": "friendship-pass", "upgrades": ["more-bays"], "set": {"stages.bay-cn.lanes": 17}}
    found = resolve(asked)
    assert found.scenario.gate.stages["bay-cn"].lanes == 17
    last = found.changes[-1]
    assert (last.upgrade, last.path, last.before, last.after) == ("set", "stages.bay-cn.lanes", "15", "17")
    assert found.digest != resolve({**asked, "set": {}}).digest
    assert resolve({**asked, "set": {}}).digest == resolve({**asked, "set": {}}).digest
    assert run_from_text(run_text(found)).digest == found.digest


def test_a_place_that_is_not_there_or_a_value_that_cannot_be_is_a_finding():
    for place, value in (("stages.bay-c.lanes", 3), ("stages.bay-cn.lanes", -1), ("stages.bay-cn.hours", "late")):
        with pytest.raises(ConfigError) as caught:
            resolve({"gate": "friendship-pass", "set": {place: value}})
        assert all(each.path.startswith("set.stages.bay-c") for each in caught.value.findings)


def test_values_are_set_in_a_gate_of_a_border_and_in_the_border_itself():
    asked = {"gate": small_border(), "set": {"gates.a.stages.booth.lanes": 7, "trade.cargo.free": "10 %"}}
    found = resolve(asked)
    gate = found.scenario.gate
    assert isinstance(gate, ComposedGate)
    border = gate.border
    assert (border.gates["a"].found.stages["booth"].lanes, border.trade["cargo"].free) == (7, 0.1)
    assert border.gates["b"].found.stages["booth"].lanes != 7
    assert [(change.path, change.after) for change in found.changes] == [
        ("gates.a.gate.stages.booth.lanes", "7"),
        ("trade.cargo.free", "10 %"),
    ]
    assert found.digest != resolve({"gate": small_border()}).digest
    assert run_from_text(run_text(found)).digest == found.digest


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        ("gates.a.stages.booth.lanes", -1, "set.gates.a.gate.stages.booth.lanes"),
        ("gates.c.stages.booth.lanes", 3, "there is no c"),
        ("gates.a.upgrades", ["no-such"], "no such upgrade in the library"),
        ("stages.booth.lanes", 3, "there is no stages"),
        ("trade.cargo.usual_wait", {"a": "1 h"}, "trade.cargo.usual_wait"),
    ],
)
def test_what_a_border_cannot_have_is_a_finding(place, value, said):
    with pytest.raises(ConfigError) as caught:
        resolve({"gate": small_border(), "set": {place: value}})
    assert said in str(caught.value)
