"""The page about gate files is current and names every field."""

from __future__ import annotations

from pathlib import Path

import pytest

from gates.manual import reference, with_reference
from gates.schema.distributions import DISTRIBUTIONS
from gates.schema.gate import Gate
from gates.schema.paths import Visit
from gates.schema.stages import LaneGroup

PAGE = Path(__file__).resolve().parents[2] / "docs" / "gate-file.md"


def test_the_page_is_current():
    text = PAGE.read_text(encoding="utf-8")
    assert with_reference(text) == text, "run python -m gates.manual docs/gate-file.md"


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
