"""Did results move? Meant or not, a change shows here, number by number."""

from __future__ import annotations

import json

import pytest

from gates import library_gates
from tests.golden.record import file_of, results

REMEDY = "If this is meant: python -m tests.golden.record, and a Results line in CHANGELOG.md with before and after."


@pytest.mark.parametrize("gate", library_gates())
def test_results_have_not_moved(gate: str) -> None:
    golden = json.loads(file_of(gate).read_text(encoding="utf-8"))
    now = results(gate)
    moved = [f"{key}: {golden.get(key)} -> {now.get(key)}" for key in golden | now if golden.get(key) != now.get(key)]
    assert not moved, "\n".join([*moved[:20], f"{len(moved)} moved in all. {REMEDY}"])
