"""Findings: how they read, in a terminal and as data."""

from __future__ import annotations

import datetime as dt

import pytest

from gates.findings import (
    ConfigError,
    Finding,
    nearest,
    path_text,
    shortened,
    suggestion,
    value_text,
    within,
)

LANES = Finding(
    "stages.kiosk.lanes", "0", "nobody can pass", "Use at least 1, or remove the stage.", "friendship-pass.yaml"
)


def test_a_finding_is_one_line():
    assert str(LANES) == (
        "friendship-pass.yaml: stages.kiosk.lanes = 0 - nobody can pass. Use at least 1, or remove the stage."
    )
    assert str(Finding("stages", "", "missing", "Add it.")) == "stages - missing. Add it."
    assert str(Finding("a", "1", "b", "C.", "x.yaml", 7)) == "x.yaml:7: a = 1 - b. C."


def test_an_error_holds_all_findings_and_gives_them_its_file():
    error = ConfigError([LANES, Finding("stages", "", "missing", "Add it.")], "gate.yaml")
    assert [found.file for found in error.findings] == ["friendship-pass.yaml", "gate.yaml"]
    assert str(error).splitlines() == [str(LANES), "gate.yaml: stages - missing. Add it."]
    assert error.file == "gate.yaml"


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ((), "file"),
        (("stages", "kiosk-in", "lanes"), "stages.kiosk-in.lanes"),
        (("paths", "northbound", 3, "then", "red", 0), "paths.northbound[3].then.red[0]"),
        (("profiles", "p", "hours", "08:00-21:00"), "profiles.p.hours.08:00-21:00"),
        (("stages", "a b"), 'stages["a b"]'),
        (("a.b",), '["a.b"]'),
        (("",), '[""]'),
        (('q"',), '["q\\""]'),
    ],
)
def test_a_place_reads_like_a_path(place, text):
    assert path_text(place) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (None, "null"),
        (True, "true"),
        ("Hữu Nghị", "Hữu Nghị"),
        ("", '""'),
        ("two\nlines\x1b[31m", "two lines�[31m"),
        ("x" * 100, "x" * 57 + "..."),
        ({"a": [1, "b"]}, '{"a": [1, "b"]}'),
        (dt.date(2026, 2, 15), "2026-02-15"),
        (float("nan"), "NaN"),
        ({"d": dt.date(2026, 2, 15)}, '{"d": "2026-02-15"}'),
        ({(1, 2): 3}, "(dict)"),
    ],
)
def test_a_value_is_shown_short_and_harmless(value, text):
    assert value_text(value) == text


def test_shortening_looks_only_at_the_beginning():
    assert shortened("y " * 10**6, 9) == "y y y ..."


def test_the_nearest_word_is_offered_or_all():
    assert suggestion(["lanes", "hours"], "lane") == "Did you mean lanes?"
    assert suggestion(["lanes", "hours"], "zz") == "Use one of lanes, hours."
    assert suggestion(["lanes"], "zz") == "Use lanes."
    assert suggestion([], "zz") == "Remove it: there are none to choose from."
    assert suggestion([f"s{n}" for n in range(100, 130)], "zz").endswith("s123, ....")
    assert nearest("boot", ["booth"]) == "booth"
    assert nearest("x", ["booth"]) is None


def test_inside_is_not_beside():
    assert within("stages.a.lanes", "stages.a")
    assert within("paths[0]", "paths")
    assert within("stages.a", "stages.a")
    assert not within("stages.ab", "stages.a")
    assert not within("stages", "stages.a")
