"""Readings and targets of a gate in words."""

from __future__ import annotations

from gates.describe.tables import ReadingRow, TargetRow
from gates.describe.texts import title_of
from gates.readings import Target
from gates.schema.base import LanguageTag
from gates.schema.gate import Gate
from gates.schema.quantities import number_text


def reading_row(gate: Gate, name: str, language: LanguageTag) -> ReadingRow:
    """Lay out a reading."""
    reading = gate.readings[name]
    count = len(reading.changes)
    changes = "the baseline" if not count else f"{count} change{'s' if count > 1 else ''}"
    title, about = title_of(reading.title, name, language), " ".join(reading.about.split())
    return ReadingRow(name, title, number_text(reading.weight), changes, about, reading.evidence)


def target_row(gate: Gate, name: str) -> TargetRow:
    """Lay out a target."""
    target = gate.targets[name]
    return TargetRow(name, target.title, target.measured, band_text(target), target.kind, target.date, target.source)


def band_text(target: Target) -> str:
    """Return the band of a target: `0.95 to 1.4`, `at least 275`."""
    low, high = (None if end is None else number_text(end) for end in (target.low, target.high))
    if low is None:
        return f"at most {high}"
    return f"at least {low}" if high is None else f"{low} to {high}"
