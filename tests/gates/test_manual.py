"""The page about gate files is current and names every field."""

from __future__ import annotations

from pathlib import Path

from gates.manual import reference, with_reference
from gates.schema.distributions import LAWS
from gates.schema.gate import Gate
from gates.schema.paths import Visit
from gates.schema.stages import LaneGroup

PAGE = Path(__file__).resolve().parents[2] / "docs" / "gate-file.md"


def test_the_page_is_current():
    text = PAGE.read_text(encoding="utf-8")
    assert with_reference(text) == text, "run python -m gates.manual docs/gate-file.md"


def test_every_key_and_law_is_named():
    text = reference()
    for model in (Gate, LaneGroup, Visit):
        for name, field in model.model_fields.items():
            assert name == "sources" or f"| `{field.alias or name}` |" in text
    for law in LAWS:
        assert f"| `{law}` |" in text
    assert "ForwardRef" not in text
    assert "typing." not in text
