"""Sources: which text speaks for which number, and the catalogue of facts."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import pytest

from gates import Gate, assumptions, every_number, library_gates, load_gate
from gates.files.load import gate_path
from gates.sources import facts, parse_source, source_mistake, unknown_keys
from tests.prices import ENERGY, levels

from .files import REMOVED, changed, minimal

LIBRARY = gate_path("minimal").parents[1]
ID = re.compile(r"\b[FGMTUW]\d{2,4}\b")


def numbers(*changes):
    return {number.path: number for number in every_number(Gate.model_validate(changed(*changes)))}


def test_every_number_of_the_small_gate():
    found = [(number.path, number.value) for number in every_number(load_gate("minimal"))]
    assert found == [
        ("start", "2025-07-01"),
        ("end_of_day.at", "20:00"),
        ("flows.general.per_day", "120"),
        ("stages.booth.lanes", "2"),
        ("stages.booth.hours", "07:00-19:00"),
        ("stages.booth.service.exponential.mean", "4 min"),
        ("stages.inspection.lanes", "3"),
        ("stages.inspection.hours", "08:00-20:00"),
        ("stages.inspection.service.lognormal.mean", "45 min"),
        ("stages.inspection.service.lognormal.cv", "0.5"),
        ("stages.exit.lanes", "unlimited"),
        ("stages.exit.service.constant", "2 min"),
        ("paths.northbound[1].share", "25 %"),
    ]


def test_numbers_are_written_as_a_file_writes_them():
    found = numbers(
        ("classes.general.load", "18.5 t"),
        ("classes.general.shelf_life", "36 h"),
        ("flows.general.profile", "p"),
        ("profiles.p", {"hours": {"22:00-06:00": "60 %", "06:00-22:00": 0.4}, "months": {"jul": 1.5}}),
        ("stages.booth.service", {"empirical": ["1 s", "90 s"]}),
        ("stages.booth.hours", ["06:00-12:00", "22:00-02:00"]),
        ("calendar", [{"name": "x", "first": "2026-02-15", "last": "2026-02-16", "arrivals": 0}]),
    )
    expected = {
        "classes.general.load": "18.5 t",
        "classes.general.shelf_life": "1.5 d",
        "profiles.p.hours.22:00-06:00": "60 %",
        "profiles.p.months.jul": "1.5",
        "stages.booth.service.empirical[1]": "90 s",
        "stages.booth.hours": "06:00-12:00, 22:00-02:00",
        "calendar[0].first": "2026-02-15",
        "calendar[0].arrivals": "0 %",
    }
    assert {path: found[path].value for path in expected} == expected


def test_the_numbers_of_pools_and_areas_are_listed():
    found = numbers(
        (
            "pools.officer",
            {
                "side": "vn",
                "shifts": [
                    {"hours": "07:00-19:00", "units": 4, "sources": {"units": "F005"}},
                    {"hours": "19:00-07:00", "units": 2},
                ],
                "comes_back": {"constant": "5 min"},
                "sources": {"units": "F118", "comes_back": "assumption: a walk"},
            },
        ),
        ("stages.booth.needs", {"officer": 2}),
        ("stages.booth.sources", {"needs": "F117"}),
        ("areas.yard", {"spaces": 30, "stages": ["booth"], "sources": {"spaces": "own: plan of the yard"}}),
        ("sources.hours", "assumption: posted hours"),
    )
    listed = {path: (number.value, number.source) for path, number in found.items()}
    assert {path: row for path, row in listed.items() if "officer" in path or "yard" in path} == {
        "stages.booth.needs.officer": ("2", "F117"),
        "pools.officer.shifts[0].hours": ("07:00-19:00", "assumption"),
        "pools.officer.shifts[0].units": ("4", "F005"),
        "pools.officer.shifts[1].hours": ("19:00-07:00", "assumption"),
        "pools.officer.shifts[1].units": ("2", "F118"),
        "pools.officer.comes_back.constant": ("5 min", "assumption"),
        "areas.yard.spaces": ("30", "own"),
    }
    assert "stages.exit.takes" not in found


def test_the_nearest_model_speaks_and_of_its_keys_the_one_that_reaches_furthest():
    found = numbers(
        ("stages.inspection.sources", {"service": "F005: law", "cv": "F118", "lanes": "F117, assumption: half"}),
    )
    lognormal = "stages.inspection.service.lognormal"
    assert (found[f"{lognormal}.mean"].ids, found[f"{lognormal}.mean"].note) == (("F005",), "law")
    assert found[f"{lognormal}.cv"].ids == ("F118",)
    assert found["stages.inspection.hours"].note == "a teaching gate"
    lanes = found["stages.inspection.lanes"]
    assert lanes.is_assumption
    assert lanes.is_sourced
    assert lanes.source == "F117, assumption"
    assert [fact.id for fact in lanes.facts] == ["F117"]


def test_inner_words_of_a_key_may_be_left_out():
    law = {"general": {"erlang": {"mean": "1 min", "shape": 2}}}
    found = numbers(
        ("stages.booth.service_for", law),
        ("stages.booth.sources", {"service_for.shape": "F151", "service_for": "F118", "mean": "F005"}),
    )
    holder = "stages.booth.service_for.general.erlang"
    assert found[f"{holder}.shape"].ids == ("F151",)
    assert found[f"{holder}.mean"].ids == ("F005",)
    assert found["stages.booth.service.exponential.mean"].ids == ("F005",)


def test_facts_in_a_note_are_shown_too():
    found = numbers(("sources.flows", "assumption: less than the 870 of [F181]"))
    assert [fact.id for fact in found["flows.general.per_day"].facts] == ["F181"]
    assert found["flows.general.per_day"].ids == ("assumption",)


def test_a_default_is_listed_only_if_a_source_names_it():
    assert "stages.booth.move_up" not in numbers()
    named = numbers(("stages.booth.sources", {"move_up": "assumption: none", "hours": "assumption"}))
    assert named["stages.booth.move_up"].value == "0 s"
    assert named["stages.booth.hours"].note == ""
    assert "classes.general.priority" not in numbers()


def test_a_number_that_nothing_speaks_for_is_unsourced():
    found = numbers(("sources.flows", REMOVED))
    assert found["flows.general.per_day"].source == "unsourced"
    assert not found["flows.general.per_day"].is_sourced
    gate = Gate.model_validate(changed(("sources.flows", "F181")))
    assert {number.path for number in every_number(gate)} - {number.path for number in assumptions(gate)} == {
        "flows.general.per_day"
    }


def test_numbers_with_nothing_said_count_as_assumptions():
    gate = Gate.model_validate(changed(("sources", {})))
    assert len(assumptions(gate)) == len(every_number(gate)) == 13


@pytest.mark.parametrize(
    ("text", "ids", "note"),
    [
        ("F005", ("F005",), ""),
        ("F005, F117", ("F005", "F117"), ""),
        ("F005,F117 : 6 lanes: in and out", ("F005", "F117"), "6 lanes: in and out"),
        ("assumption", ("assumption",), ""),
        ("F168, assumption: rest", ("F168", "assumption"), "rest"),
        ("own: yard office, 2025", ("own",), "yard office, 2025"),
    ],
)
def test_source_texts(text, ids, note):
    source = parse_source(text)
    assert (source.ids, source.note) == (ids, note)
    assert source_mistake(text) == ""


@pytest.mark.parametrize("text", ["", "F1", "f005", "F005 F117", "Assumption", "F99999", "own", "own:", "https://x"])
def test_other_texts_are_none(text):
    assert source_mistake(text)


def test_a_number_with_three_values_counts_once():
    grid = {"vn": {"co2_kg_per_kwh": levels(0.6, 0.5, 0.7), "usd_per_kwh": 0.1}}
    gate = Gate.model_validate(changed(("energy", {**ENERGY, "grid": grid})))
    found = {n.path: n.value for n in every_number(gate) if n.path.startswith("energy.grid")}
    assert found == {"energy.grid.vn.co2_kg_per_kwh": "0.5, 0.6 or 0.7", "energy.grid.vn.usd_per_kwh": "0.1"}


def test_keys_that_name_no_number_but_a_field_are_fine():
    visit = {"stage": "inspection", "only": ["general"], "sources": {"only": "F195: fruit"}}
    gate = Gate.model_validate(changed(("paths.northbound.1", visit)))
    step = gate.paths["northbound"][1]
    assert not isinstance(step, str)
    assert unknown_keys(step) == []  # type: ignore[arg-type]


# The catalogue.


def test_the_catalogue_holds_exactly_the_facts_that_the_library_names():
    studies = LIBRARY.parent.parent / "experiments" / "studies" / "library"
    files = [*LIBRARY.rglob("*.yaml"), *studies.glob("*.yaml")]
    named = {match for path in files for match in ID.findall(path.read_text(encoding="utf-8"))}
    assert sorted(facts()) == sorted(named)


def test_the_catalogue_is_sorted_complete_and_without_local_paths():
    with (LIBRARY / "facts.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["id"] for row in rows] == sorted({row["id"] for row in rows})
    for row in rows:
        assert list(row) == ["id", "gate", "direction", "quantity", "value", "unit", "date", "source", "confidence"]
        assert all(row.values()), row
        assert row["direction"] in ("northbound", "southbound", "both", "-")
        assert "/".join(("", "work", "")) not in row["source"]


@pytest.mark.parametrize("name", library_gates())
def test_every_number_of_the_library_has_a_source(name):
    assert [number.path for number in every_number(load_gate(name)) if not number.is_sourced] == []


@pytest.mark.parametrize("name", library_gates())
def test_every_assumption_of_the_library_says_why(name):
    silent = [number.path for number in every_number(load_gate(name)) if number.is_assumption and not number.note]
    assert silent == []


def test_the_paths_of_numbers_are_places_in_the_file():
    dumped = load_gate("friendship-pass").model_dump(mode="json", by_alias=True)
    for number in every_number(load_gate("friendship-pass")):
        value: Any = dumped
        for part in re.split(r"\.(?![^\[]*\])|(?=\[)", number.path):
            value = value[int(part[1:-1])] if part.startswith("[") else value[part]
        assert value is not None


def test_the_small_gate_stays_small():
    assert len(minimal()["stages"]) == 3
    assert Path(gate_path("minimal")).stat().st_size < 2000
