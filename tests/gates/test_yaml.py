"""Documents: what of YAML is read, what is refused, and where it stood."""

from __future__ import annotations

import contextlib
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.files.yaml import MAX_BYTES, MAX_DEPTH, MAX_NODES, parse, read_text
from gates.findings import ConfigError


def refused(text):
    with pytest.raises(ConfigError) as caught:
        parse(text, "broken.yaml")
    (finding,) = caught.value.findings
    assert finding.file == "broken.yaml"
    assert finding.remedy
    return finding.problem, finding.line


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("20:00", "20:00"),
        ("2026-02-15", "2026-02-15"),
        ("08:00-21:00", "08:00-21:00"),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("0o17", "0o17"),
        ("0x1f", "0x1f"),
        ("1_000", "1_000"),
        ("35 s", "35 s"),
        ("45 %", "45 %"),
        ("'45'", "45"),
        ('"null"', "null"),
        ("45", 45),
        ("-3", -3),
        ("007", 7),
        ("0.45", 0.45),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("1e999", math.inf),
        (".inf", math.inf),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("[a, 1]", ["a", 1]),
        ("{b: {}}", {"b": {}}),
        ("|\n  two\n  lines", "two\nlines\n"),
        ('"\\ud83c\\udf4d"', "🍍"),
    ],
)
def test_scalars_of_yaml_1_2_without_its_surprises(text, value):
    held = parse(f"key: {text}\n").data["key"]
    assert held == value
    assert type(held) is type(value)


def test_nan_is_read_as_nan_for_the_models_to_refuse():
    assert math.isnan(parse("key: .nan").data["key"])


def test_keys_are_text():
    assert parse("1: a\ntrue: b\n20:00: c\nnull: d").data == {
        "1": "a",
        "true": "b",
        "20:00": "c",
        "null": "d",
    }


def test_every_place_has_its_line():
    document = parse("a: 1\nb:\n  - x\n  - {c: 2,\n     d: 3}\n'e f':\n  g: 1\n")
    assert {path: document.lines[path] for path in ("a", "b", "b[0]", "b[1].c", "b[1].d", '["e f"].g')} == {
        "a": 1,
        "b": 2,
        "b[0]": 3,
        "b[1].c": 4,
        "b[1].d": 5,
        '["e f"].g': 7,
    }
    assert document.line_of("b[1].zz") == 4
    assert document.line_of("zz") is None


@pytest.mark.parametrize(
    ("text", "problem", "line"),
    [
        ("", "not a mapping", None),
        ("5", "not a mapping", None),
        ("- a", "not a mapping", None),
        ("a: 1\n---\nb: 2", "a second document", 2),
        ("a: 1\n? [b, c]\n: 2", "a key that is not text", 2),
        ("{a: 1}: 2", "a key that is not text", 1),
        ("a: 1\n b: 2", "not valid YAML: mapping values are not allowed here", 2),
        ("a:\n\tb: 1", "not valid YAML: found character '\\t' that cannot start any token", 2),
        ("a: 'x", "not valid YAML: found unexpected end of stream", 1),
        ("a: [1", "not valid YAML: expected ',' or ']', but got '<stream end>'", 1),
        ("a: \x01", "a character that YAML does not allow", None),
        ("a: " + "[" * (MAX_DEPTH + 1), "nested too deeply", 1),
        ("[" * 100_000, "nested too deeply", 1),
        (
            "a:\n" + "- 1\n" * (MAX_NODES + 1),
            "too many values",
            MAX_NODES - 1,
        ),  # beside the entries: two mappings and a key
    ],
)
def test_a_document_that_cannot_be_read_says_why(text, problem, line):
    assert refused(text) == (problem, line)


@pytest.mark.parametrize(
    ("text", "path", "value", "problem", "line"),
    [
        ("a: 1\nb: 2\na: 3", "a", "a", "written twice", 3),
        ("x:\n  a: 1\n  a: {b: 2}", "x.a", "a", "written twice", 3),
        ("a: &n 1", "a", "&n", "an anchor", 1),
        ("a: !!int 1", "a", "tag:yaml.org,2002:int", "a tag", 1),
        (
            "a: !!python/object/apply:os.system [x]",
            "a",
            "tag:yaml.org,2002:python/object/apply:os.system",
            "a tag",
            1,
        ),
        ("!x a: 1", "a", "!x", "a tag", 1),
        ('a: "\\e[31m"', "a", "�[31m", "a control character", 1),
        ('a: "\\ud800"', "a", "�", "a control character", 1),
    ],
)
def test_what_is_not_allowed_is_noted_and_the_rest_is_read(text, path, value, problem, line):
    document = parse(text + "\nrest: 1")
    (finding,) = document.findings
    assert (finding.path, finding.value, finding.problem, finding.line) == (path, value, problem, line)
    assert document.data["rest"] == 1


def test_an_alias_is_not_followed():
    document = parse("a: &n [1, 2]\nb: *n\nc: {<<: *n}")
    assert [(found.path, found.problem) for found in document.findings] == [
        ("a", "an anchor"),
        ("b", "an alias"),
        ("c.<<", "an alias"),
    ]
    assert document.data["b"] is None


def test_of_two_values_the_first_counts():
    assert parse("a: 1\na: {b: 2}\nc: 3").data == {"a": 1, "c": 3}


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.floats(allow_nan=False, allow_infinity=False)  # JSON has neither
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=8), plain))
def test_json_is_read_as_json_reads_it(data):
    document = parse(json.dumps(data, ensure_ascii=True))
    if not document.findings:
        assert document.data == data


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text):
    with contextlib.suppress(ConfigError):
        parse(text)


# Files.


def file_refused(path):
    with pytest.raises(ConfigError) as caught:
        read_text(path)
    (finding,) = caught.value.findings
    return finding.problem


def test_a_file_is_read_as_utf_8_with_or_without_a_mark(tmp_path):
    path = tmp_path / "gate.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + "a: Hữu Nghị".encode())
    assert read_text(path) == "a: Hữu Nghị"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"a: 1\nb: \xff", "not UTF-8 text in line 2"),
        ("a: Hữu Nghị".encode("utf-16"), "a binary file"),
        (b"\x89PNG\r\n\x1a\n\0", "a binary file"),
        (b"#" * (MAX_BYTES + 1), "too large"),
    ],
)
def test_a_file_that_is_no_text_is_refused(tmp_path, content, problem):
    path = tmp_path / "gate.yaml"
    path.write_bytes(content)
    assert file_refused(path) == problem


def test_the_largest_file_is_read(tmp_path):
    path = tmp_path / "gate.yaml"
    path.write_bytes(b"#" * MAX_BYTES)
    assert len(read_text(path)) == MAX_BYTES


def test_a_missing_file_a_folder_and_an_impossible_name_are_refused(tmp_path):
    assert file_refused(tmp_path / "none.yaml") == "no such file"
    assert file_refused(tmp_path) == "not a file"
    assert file_refused(tmp_path / ("x" * 5000)).startswith("cannot be read: File name too long")
    assert file_refused(tmp_path / "a\0b").startswith(("cannot be read", "no such file"))


@pytest.mark.parametrize(
    ("line", "path", "value", "remedy"),
    [
        ("a: {mean: 4,5 min, cv: 1}", "a.mean", "4,5 min", 'Write a point, not a comma: "4.5 min".'),
        (
            "a: {per_day: 1,200}",
            "a.per_day",
            "1,200",
            'Write a point for decimals and nothing between thousands: "1.200" or "1200".',
        ),
        ("a: {per_day: 1,200,000, x: 1}", "a.per_day", "1,200,000", 'Write nothing between thousands: "1200000".'),
        ("a: {x: {per_day: 0,5}}", "a.x.per_day", "0,5", 'Write a point, not a comma: "0.5".'),
    ],
)
def test_a_comma_in_a_number_between_braces_is_one_finding(line, path, value, remedy):
    (found,) = parse(line).findings
    assert (found.path, found.value, found.problem, found.remedy, found.line) == (
        path,
        value,
        "a comma in a number",
        remedy,
        1,
    )


def test_keys_without_a_value_that_are_no_rest_of_a_number_stay():
    assert parse("a: {x: 4, y, 7}").data == {"a": {"x": 4, "y": None, "7": None}}
    assert parse("a: {x: four, 5 min}").data == {"a": {"x": "four", "5 min": None}}
    assert parse("a: {x: '4', 5 min}").findings == []


def test_full_width_digits_are_numbers():
    assert parse("{a: １２０, b: －１．５, c: ２号, d: '３'}").data == {"a": 120, "b": -1.5, "c": "２号", "d": "３"}
