"""Old keys are renamed or removed where they stand; every other character of the file stays."""

from __future__ import annotations

import pytest

from gates import ConfigError, Gate
from gates.files import load
from gates.files.migrate import Rewritten, migrated
from gates.renamed import OldKey

RENAMED = OldKey(model="Stage", old="servers", new="lanes", why="A stage has lanes.")
GONE = OldKey(model="Stage", old="colour", new=None, why="Nothing read it.")
TEXT = """\
# A gate, in the spelling of long ago.
name: old   # its name
stages:
  booth:
    # as counted at noon
    servers: 2 # two of them
    colour: [red,
             blue]  # as painted

    # seconds
    service: {constant: 35 s}
  exit: {colour: red, "servers": 3, service: {constant: 1 s}}
  last: {'servers': 1, colour: blue}
"""


@pytest.fixture(autouse=True)
def _old_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gates.renamed.OLD_KEYS", (RENAMED, GONE))


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_keys_in_lines_and_in_braces(end: str) -> None:
    new, changes = migrated(TEXT.replace("\n", end), Gate)
    assert (
        new.replace(end, "\n")
        == """\
# A gate, in the spelling of long ago.
name: old   # its name
stages:
  booth:
    # as counted at noon
    lanes: 2 # two of them

    # seconds
    service: {constant: 35 s}
  exit: {"lanes": 3, service: {constant: 1 s}}
  last: {'lanes': 1}
"""
    )
    assert new.count("\r") == TEXT.replace("\n", end).count("\r") - 2 * (end == "\r\n")
    assert [each.line for each in changes] == [6, 7, 12, 12, 13, 13]
    assert {(each.line, each.path, each.after) for each in changes} == {
        (6, "stages.booth.servers", "lanes"),
        (7, "stages.booth.colour", ""),
        (12, "stages.exit.servers", '"lanes"'),
        (12, "stages.exit.colour", ""),
        (13, "stages.last.servers", "'lanes'"),
        (13, "stages.last.colour", ""),
    }
    removed = Rewritten(13, "stages.last.colour", "colour: blue", "", "Nothing read it.")
    assert removed in changes


def test_an_entry_of_a_list_a_single_key_and_a_block_of_text(monkeypatch: pytest.MonkeyPatch) -> None:
    old = OldKey(model="Closure", old="mood", new=None, why="Nothing read it.")
    monkeypatch.setattr("gates.renamed.OLD_KEYS", (old, GONE))
    text = "calendar:\n- mood: |\n    grey\n    and dull\n  name: storm # big\n"
    text += "stages:\n  booth:\n    colour: >\n      red\n"
    new, _ = migrated(text, Gate)
    assert new == "calendar:\n- name: storm # big\nstages:\n  booth:\n    {}\n"


def test_json() -> None:
    text = '{"name": "old", "stages": {"booth": {"lanes": 2, "colour": "red"}, "exit": {"servers": 1}}}'
    new, _ = migrated(text, Gate)
    assert new == '{"name": "old", "stages": {"booth": {"lanes": 2}, "exit": {"lanes": 1}}}'


def test_both_names_are_left_to_the_reader() -> None:
    text = "stages: {booth: {servers: 1, lanes: 2}}\n"
    assert migrated(text, Gate) == (text, [])
    with pytest.raises(ConfigError) as refused:
        load.gate_from_text(text)
    (found,) = (each for each in refused.value.findings if each.path == "stages.booth.servers")
    assert found.problem == "a key of an earlier version"
    assert found.remedy == "Write `lanes` instead, or run `bordergate migrate`: A stage has lanes."


def test_what_is_not_read_for_sure_is_not_rewritten() -> None:
    with pytest.raises(ConfigError, match="written twice"):
        migrated("stages: {booth: {servers: 1, servers: 2}}\n", Gate)
    with pytest.raises(ConfigError, match="an alias"):
        migrated("stages: {booth: &b {servers: 1}, exit: *b}\n", Gate)
