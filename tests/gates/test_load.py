"""Loading: names, paths, hostile files, all findings at once, and round trips."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

import gates
from gates import (
    ConfigError,
    Gate,
    gate_from_data,
    gate_from_text,
    library_gates,
    load_gate,
)
from gates.files.load import gate_path

from .files import MINIMAL, as_text, changed, findings_of, findings_of_text, minimal, write


def test_the_library_is_listed():
    assert library_gates() == [
        "friendship-pass",
        "holyhead-dublin",
        "lao-cai-hekou",
        "minimal",
        "mong-cai-dongxing",
        "santa-teresa",
        "tan-thanh-puzhai",
    ]


@pytest.mark.parametrize("name", library_gates())
def test_a_library_gate_has_the_name_of_its_file(name):
    assert load_gate(name).name == name


@pytest.mark.parametrize("name", library_gates())
def test_a_gate_goes_through_python_and_json_unchanged(name):
    gate = load_gate(name)
    assert Gate.model_validate(gate.model_dump(by_alias=True)) == gate
    assert gate_from_data(gate.model_dump(by_alias=True)) == gate
    dumped = gate.model_dump(mode="json", by_alias=True)
    assert gate_from_text(json.dumps(dumped)) == gate
    assert Gate.model_validate(dumped).model_dump(mode="json", by_alias=True) == dumped


def test_a_dump_can_be_loaded_as_a_file(tmp_path):
    gate = load_gate("friendship-pass")
    path = write(tmp_path, gate.model_dump_json(by_alias=True), "manifest.json")
    assert load_gate(path) == gate
    assert load_gate(str(path)) == gate


def test_pools_and_areas_go_through_python_and_json_unchanged():
    night = {"hours": ["22:00-06:00", "07:00-08:00"], "units": 2, "sources": {"units": "own: roster"}}
    fleet = {
        "title": {"en": "Vehicles"},
        "side": "cn",
        "shifts": [night],
        "comes_back": {"uniform": {"low": "10 min", "high": "20 min"}},
    }
    gate = gate_from_data(
        changed(
            ("pools.vehicle", fleet),
            ("pools.officer", {"side": "vn", "shifts": [{"hours": "24 h", "units": 3}]}),
            ("stages.booth.takes", {"vehicle": 1}),
            ("stages.booth.needs", {"officer": 2}),
            ("stages.exit.gives", {"vehicle": 1}),
            ("areas.yard", {"spaces": 12, "stages": ["booth", "inspection"]}),
        )
    )
    again = gate_from_text(gate.model_dump_json(by_alias=True))
    assert again == gate
    assert Gate.model_validate(gate.model_dump(by_alias=True)) == gate
    assert again.pools["vehicle"].shifts[0].hours.daily == ((0, 21_600), (25_200, 28_800), (79_200, 86_400))
    assert (again.stages["booth"].takes, again.stages["exit"].gives) == ({"vehicle": 1}, {"vehicle": 1})
    assert again.areas["yard"].spaces == 12


def test_a_path_without_a_suffix_is_a_file_if_there_is_one(tmp_path, monkeypatch):
    write(tmp_path, MINIMAL, "mine")
    monkeypatch.chdir(tmp_path)
    assert load_gate("mine").name == "minimal"


def test_a_name_of_the_library_comes_before_a_file(tmp_path, monkeypatch):
    write(tmp_path, "broken", "minimal")
    monkeypatch.chdir(tmp_path)
    assert load_gate("minimal").name == "minimal"


def test_an_unknown_name_gets_the_nearest_one():
    with pytest.raises(ConfigError) as caught:
        load_gate("frendship-pass")
    assert str(caught.value) == (
        "gate = frendship-pass - no such gate in the library. Did you mean friendship-pass? Or name a YAML file."
    )


def test_a_strange_name_is_no_crash():
    for name in ("", "\0", "x" * 5000, "../minimal", "minimal.yaml", ".", "~"):
        with pytest.raises(ConfigError) as caught:
            load_gate(name)
        assert len(caught.value.findings) == 1


def test_findings_name_the_file_and_the_line(tmp_path):
    path = write(tmp_path, MINIMAL.replace("lanes: 2", "lanes: 0"))
    with pytest.raises(ConfigError) as caught:
        load_gate(path)
    line = MINIMAL.splitlines().index("    lanes: 2") + 1
    assert str(caught.value) == (
        f"gate.yaml:{line}: stages.booth.lanes = 0 - nobody can pass. Use at least 1, or remove the stage."
    )
    assert caught.value.file == "gate.yaml"
    assert caught.value.findings[0].as_dict() == {
        "path": "stages.booth.lanes",
        "value": "0",
        "problem": "nobody can pass",
        "remedy": "Use at least 1, or remove the stage.",
        "file": "gate.yaml",
        "line": line,
    }


def test_a_file_with_five_mistakes_gives_five_findings():
    """Of the syntax, of the fields and across fields: nobody has to mend a file five times."""
    broken = (
        MINIMAL.replace("    lanes: 2", "    lanes: 0")
        .replace("    lanes: 3", "    lanes: 3\n    lanes: 4")
        .replace("mean: 45 min", "mean: 45")
        .replace("per_day: 120", "per_day: 120, profile: rush")
        .replace("share: 25 %", "share: 25 %, when: {channel: [red]}")
    )
    found = [(f.path, f.value, f.problem, f.remedy) for f in findings_of_text(broken)]
    assert found == [
        ("flows.general.profile", "rush", "no such profile", "Remove it: there are none to choose from."),
        ("stages.booth.lanes", "0", "nobody can pass", "Use at least 1, or remove the stage."),
        ("stages.inspection.lanes", "lanes", "written twice", "Keep one of the two."),
        (
            "stages.inspection.service.lognormal.mean",
            "45",
            "the unit is missing",
            'Write the unit, such as "35 s".',
        ),
        (
            "paths.northbound[1].when.channel",
            "channel",
            "no such choice",
            "Remove it: there are none to choose from.",
        ),
    ]


def test_plain_numbers_need_their_unit_in_a_file_and_not_in_python():
    data = changed(("stages.booth.service", {"constant": 60}))
    assert [found.problem for found in findings_of(data)] == ["the unit is missing"]
    assert gate_from_data(data).stages["booth"].service.model_dump() == {"constant": 60.0}


# What a field's mistake leaves of the gate is still checked, and the repair itself is not blamed.

SOUND: tuple[str, Any] = ("classes.durian", {})
UNUSED = "classes.durian"


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        ("classes.general", 5, "classes.general"),
        ("stages.booth", 5, "stages.booth"),
        ("stages.booth.side", "vietnam", "stages.booth.side"),
        ("stages.booth.side", None, "stages.booth.side"),
        ("stages.booth.service", {"erlang": {"shape": 2}}, "stages.booth.service.erlang.mean"),
        ("stages.booth.lanes", [{"lanes": 1}], "stages.booth.lanes[0].name"),
        ("stages.booth.lanes", [7, {"name": "a", "lanes": 1}], "stages.booth.lanes[0]"),
        ("paths.northbound.1", {"stage": "inspection", "only": ["Nobody"]}, "paths.northbound[1].only[0]"),
        ("paths.northbound.3", 5, "paths.northbound[3]"),
        ("calendar", [{"name": "x", "first": "2026-02-15"}], "calendar[0].last"),
        ("calendar", [5], "calendar[0]"),
        ("profiles", {"rush": 5}, "profiles.rush"),
        ("profiles", {"rush": {"hours": {"8-9": 1}}}, "profiles.rush.hours.8-9"),
        ("name", 5, "name"),
        ("start", "soon", "start"),
        ("end_of_day", 5, "end_of_day"),
        ("title", 5, "title"),
        ("origin", 5, "origin"),
        ("flows.general.per_day", -1, "flows.general.per_day"),
        ("classes.general.load", "heavy", "classes.general.load"),
    ],
)
def test_other_mistakes_are_found_beside_one_of_a_field(path, value, place):
    paths = {found.path for found in findings_of(changed(SOUND, (path, value)))}
    assert place in paths
    if path not in ("end_of_day", "origin", "profiles"):
        assert UNUSED in paths
    assert paths <= {place, UNUSED, "profiles.rush"}


def test_what_cannot_be_repaired_still_gives_its_findings():
    assert [found.path for found in findings_of({"name": "nothing"})] == [
        "sides",
        "origin",
        "start",
        "end_of_day",
        "classes",
        "flows",
        "stages",
        "paths",
    ]


def test_the_data_is_left_as_it_was():
    data = changed(("stages.booth.lanes", 0))
    with pytest.raises(ConfigError):
        gate_from_data(data)
    assert data == changed(("stages.booth.lanes", 0))


def test_json_is_accepted_too():
    assert gate_from_text(as_text(minimal())) == load_gate("minimal")


@pytest.fixture
def seconds_of():
    """Processor time of a program in a fresh interpreter, which other work on the machine hardly moves."""

    def seconds(code: str) -> float:
        line = f"import time; {code}; print(time.process_time())"
        runs = [
            subprocess.run(
                [sys.executable, "-c", line], check=True, cwd=gate_path("minimal").parents[3], capture_output=True
            )
            for _ in range(3)
        ]
        return min(float(run.stdout) for run in runs)

    return seconds


def test_importing_and_loading_take_no_time_to_speak_of(seconds_of):
    assert seconds_of("import gates; gates.load_gate('friendship-pass')") < 2.0


def test_pint_and_other_heavy_packages_stay_out(seconds_of):
    code = "import sys, gates; assert not {'pint', 'numpy', 'pandas', 'scipy'} & set(sys.modules)"
    assert seconds_of(code) < 2.0


def test_the_package_shows_what_others_need():
    assert {"Finding", "Gate", "check", "every_number", "load_gate"} <= set(gates.__all__)


def test_thousands_of_mistakes_are_counted_not_listed():
    data = load_gate("minimal").model_dump(mode="json", by_alias=True) | {f"key{n}": n for n in range(10_000)}
    with pytest.raises(ConfigError) as refused:
        gate_from_data(data)
    assert len(refused.value.findings) == 201
    assert refused.value.findings[-1].problem == "9,800 more findings"
