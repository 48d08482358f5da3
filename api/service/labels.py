"""What people write on a run to find it again: a name, tags and a note. No result depends on them."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.service.store import Row
from gates.findings import ConfigError, Finding, suggestion, value_text

LONGEST_NAME, LONGEST_NOTE = 120, 2_000
MOST_TAGS = 20
TAG = re.compile(r"[^\W_]([\w .:-]{0,38}[^\W_])?")
"""Letters of any language and digits, with spaces, dots, colons, hyphens and underscores between them."""
FIELDS = ("name", "tags", "note")
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "description": "What to find it again by: no result depends on it. What is left out stays, and null removes.",
    "properties": {
        "name": {"type": ["string", "null"], "maxLength": LONGEST_NAME, "pattern": r"^[^\x00-\x1f\x7f]*$"},
        "tags": {
            "type": ["array", "null"],
            "maxItems": MOST_TAGS,
            "items": {"type": "string", "pattern": "^[A-Za-z0-9]([A-Za-z0-9 .:_-]{0,38}[A-Za-z0-9])?$"},
        },
        "note": {"type": ["string", "null"], "maxLength": LONGEST_NOTE},
    },
}
"""JSON Schema of a label; its tags may have letters of any language, which such a pattern cannot say."""


@dataclass(frozen=True)
class Label:
    """A name, tags and a note; what is empty was not written."""

    name: str = ""
    tags: tuple[str, ...] = ()
    note: str = ""

    def document(self) -> dict[str, Any]:
        """Return it as it is sent and received."""
        return {"name": self.name or None, "tags": list(self.tags), "note": self.note or None}

    def stored(self) -> dict[str, str]:
        """Return it as columns of a row; each tag stands between line ends, so that a whole tag can be looked for."""
        return {"name": self.name, "tags": in_columns(self.tags), "note": self.note}


NOTHING = Label()
"""What is written on a run at first."""


def in_columns(tags: tuple[str, ...]) -> str:
    """Return tags as they are stored."""
    return "".join(f"\n{tag}\n" for tag in tags)


def label_of(row: Row) -> Label:
    """Return what is written on a run."""
    return Label(row.name, tuple(row.tags.split("\n")[1::2]), row.note)


def with_label(row: Row, label: Label) -> Row:
    """Return a run with other words on it."""
    return dataclasses.replace(row, name=label.name, tags=in_columns(label.tags), note=label.note)


def read_label(written: object, before: Label | None = None, place: str = "label") -> Label:
    """Return a label as it was written over an earlier one: what is left out stays, and null removes.

    Raises
    ------
    ConfigError
        With every finding at once.
    """
    before = before or NOTHING
    if written is None:
        return before
    if not isinstance(written, Mapping):
        remedy = "Write name, tags or note in braces."
        raise ConfigError([Finding(place, value_text(written), "is not a label", remedy)])
    findings = [
        Finding(f"{place}.{name[:40]}", value_text(value), "there is no such field", suggestion(FIELDS, name[:40]))
        for name, value in written.items()
        if name not in FIELDS
    ]
    name = _text(written.get("name", before.name), f"{place}.name", LONGEST_NAME, findings)
    note = _text(written.get("note", before.note), f"{place}.note", LONGEST_NOTE, findings)
    if "\n" in name or "\t" in name:
        findings.append(Finding(f"{place}.name", name[:60], "has more than one line", "Write the rest as the note."))
    tags = _tags(written.get("tags", before.tags), f"{place}.tags", findings)
    if findings:
        raise ConfigError(findings)
    return Label(name, tags, note)


def _text(value: object, place: str, longest: int, findings: list[Finding]) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        findings.append(Finding(place, value_text(value), "is not a text", "Write a text, or null for none."))
        return ""
    if len(value) > longest:
        findings.append(Finding(place, value[:60], f"has {len(value):,} letters", f"Use at most {longest:,}."))
    return value.strip()


def _tags(value: object, place: str, findings: list[Finding]) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list | tuple):
        findings.append(Finding(place, value_text(value), "is not a list", "Write tags as a list of texts."))
        return ()
    value = [tag.strip() if isinstance(tag, str) else tag for tag in value]
    remedy = "Use at most 40 letters and digits of any language, with spaces, dots, colons or hyphens between them."
    findings += [
        Finding(f"{place}[{number}]", value_text(tag), "is not a tag", remedy)
        for number, tag in enumerate(value)
        if not isinstance(tag, str) or not TAG.fullmatch(tag)
    ]
    if len(value) > MOST_TAGS:
        findings.append(Finding(place, f"{len(value):,} tags", "too many", f"Use at most {MOST_TAGS}."))
    return tuple(dict.fromkeys(tag for tag in value if isinstance(tag, str)))
