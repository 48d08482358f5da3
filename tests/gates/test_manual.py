"""The page about gate files is current and names every field."""

from __future__ import annotations

from pathlib import Path

import pytest

from gates.manual import reference, reference_of_borders, with_reference
from gates.schema.borders.model import Board, Border, SetsOut, ThinksAgain, Trade
from gates.schema.distributions import DISTRIBUTIONS
from gates.schema.gate import Gate
from gates.schema.paths import Visit
from gates.schema.stages import LaneGroup

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.mark.parametrize(("page", "text"), [("gate-file.md", reference), ("borders.md", reference_of_borders)])
def test_the_page_is_current(page, text):
    written = (DOCS / page).read_text(encoding="utf-8")
    assert with_reference(written, text) == written, f"run python -m gates.manual docs/{page}"


def test_every_key_of_a_border_file_is_named():
    text = reference_of_borders()
    for model in (Border, Board, Trade, SetsOut, ThinksAgain):
        for name, field in model.model_fields.items():
            assert name == "sources" or f"| `{field.alias or name}` |" in text
    assert "[gate](gate-file.md#gate)" in text
    assert "[board](#board)" in text


def test_every_key_and_distribution_is_named():
    text = reference()
    for model in (Gate, LaneGroup, Visit):
        for name, field in model.model_fields.items():
            assert name == "sources" or f"| `{field.alias or name}` |" in text
    for name in DISTRIBUTIONS:
        assert f"| `{name}` |" in text
    assert "ForwardRef" not in text
    assert "typing." not in text


@pytest.mark.parametrize(
    "row",
    [
        "| `latest` | duration | `1 d` |",
        "| `slot` | duration at least 1 min | required |",
        "| `early` | duration at most 24 h | `0 s` |",
        '| `offset` | [distribution](#distribution) | `{"constant": "0 s"}` |',
        "| `hours` | opening hours | `24 h` |",
        "| `range` | length more than 0 m | required |",
        "| `uses` | number more than 1 and at most 1000000000 | optional |",
        "| `capacity` | whole number from 1 to 1,000,000 | required |",
        "| `data` | amount of data | `0 MB` |",
        "| `pauses_when_closed` | true or false | `false` |",
        "| `ageing` | number from 0 to 1,000 | `1` |",
    ],
)
def test_kinds_bounds_and_defaults_are_as_a_file_has_them(row):
    assert row in reference()
