"""The reference of the gate file, written from the models themselves.

`python -m gates.manual docs/gate-file.md` puts it between the two marks of the page.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import annotated_types
from pydantic import BaseModel, StringConstraints
from pydantic.fields import FieldInfo

from gates.files.explain import is_model
from gates.schema import quantities
from gates.schema.distributions import LAWS
from gates.schema.gate import Gate
from gates.schema.hours import OpeningHours
from gates.schema.quantities import number_text

BEGIN, END = "<!-- reference: begin -->", "<!-- reference: end -->"
_QUANTITIES = {
    quantities.Seconds: "duration",
    quantities.Days: "duration",
    quantities.Tonnes: "mass",
    quantities.Megabytes: "amount of data",
    quantities.Megabits: "rate of data",
    quantities.Share: "share",
    quantities.Clock: "time of day",
    quantities.WindowText: "window",
    quantities.Day: "date",
}
_BOUNDS: tuple[tuple[type, str, str], ...] = (
    (annotated_types.Ge, "at least", "ge"),
    (annotated_types.Gt, "more than", "gt"),
    (annotated_types.Le, "at most", "le"),
)
_PLAIN = {
    OpeningHours: "opening hours",
    str: "text",
    bool: "true or false",
    int: "whole number",
    float: "number",
    type(None): "",
}


def reference() -> str:
    """Every model of a gate file and every field: kind, bounds, default, meaning."""
    models = _models(Gate, [])
    laws = [model for model in models if _is_law(model)]
    parameters = {part for law in laws for field in law.model_fields.values() for part in _models(field.annotation, [])}
    others = [model for model in models if model not in laws and model not in parameters]
    return "\n\n".join([*map(_section, others), _law_section(laws)])


def with_reference(page: str) -> str:
    """`page` with the reference between its marks brought up to date."""
    pattern = re.compile(f"{re.escape(BEGIN)}.*{re.escape(END)}", re.DOTALL)
    return pattern.sub(lambda _: f"{BEGIN}\n\n{reference()}\n\n{END}", page)


def _models(kind: Any, seen: list[type[BaseModel]]) -> list[type[BaseModel]]:
    """The models that `kind` is made of, outer ones first."""
    if is_model(kind):
        if kind not in seen:
            seen.append(kind)
            for field in kind.model_fields.values():
                _models(field.annotation, seen)
    else:
        for part in get_args(kind):
            _models(part, seen)
    return seen


def _is_law(model: type[BaseModel]) -> bool:
    return list(model.model_fields) == [model.__name__.lower()] and model.__name__.lower() in LAWS


def _section(model: type[BaseModel]) -> str:
    rows = [_row(field.alias or name, field) for name, field in model.model_fields.items() if name != "sources"]
    sourced = " Can have `sources`." if "sources" in model.model_fields else ""
    return f"### {_title(model)}\n\n{_one_line(model.__doc__)}{sourced}\n\n" + _table(
        ("key", "kind", "default", "meaning"), rows
    )


def _law_section(laws: Sequence[type[BaseModel]]) -> str:
    text = "A law is a mapping with one key, its name."
    rows = [(f"`{law.__name__.lower()}`", _parameters(law), _one_line(law.__doc__)) for law in laws]
    return f"### Law\n\n{text}\n\n" + _table(("law", "parameters", "meaning"), rows)


def _parameters(law: type[BaseModel]) -> str:
    (field,) = law.model_fields.values()
    if not is_model(field.annotation):
        return _kind(field.annotation, field.metadata)
    inner: dict[str, FieldInfo] = field.annotation.model_fields  # type: ignore[union-attr]
    return "; ".join(f"`{name}`: {_kind(part.annotation, part.metadata)}" for name, part in inner.items())


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _title(model: type[BaseModel]) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", model.__name__).capitalize()


def _row(key: str, field: FieldInfo) -> tuple[str, str, str, str]:
    return f"`{key}`", _kind(field.annotation, field.metadata), _default(field), _one_line(field.description)


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|").replace("->", "→")


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default()
    if value is None or value in ({}, [], ""):
        return "none"
    quantity = _quantity(field.metadata)
    if quantity == "share":
        return f"`{quantities.share_text(value)}`"
    if quantity == "duration":
        return f"`{quantities.seconds_text(value)}`"
    if quantity == "time of day":
        return f"`{quantities.clock_text(value)}`"
    if isinstance(value, OpeningHours):
        return f"`{value}`"
    return "even" if isinstance(value, dict) else f"`{value}`"


# The kind of a value in words, from its annotation.


def _kind(kind: Any, metadata: Sequence[Any]) -> str:
    words = _quantity(metadata) or _name(metadata) or _words(kind)
    return " ".join([words, *_limits(metadata)])


def _quantity(metadata: Sequence[Any]) -> str:
    """The annotated quantity whose marks are in `metadata`, if it is one."""
    for quantity, words in _QUANTITIES.items():
        marks = get_args(quantity)[1:]
        if any(mark is item for mark in marks for item in metadata):
            return words
    return ""


def _name(metadata: Sequence[Any]) -> str:
    patterns = [item.pattern for item in metadata if isinstance(item, StringConstraints) and item.pattern]
    return ("side" if "{2}" in str(patterns[0]) else "name") if patterns else ""


def _limits(metadata: Sequence[Any]) -> Iterator[str]:
    for item in metadata:
        for bound, words, key in _BOUNDS:
            if isinstance(item, bound):
                yield f"{words} {number_text(getattr(item, key))}"


def _words(kind: Any) -> str:
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _kind(parts[0], _flat(parts[1:]))
    if origin is Literal:
        return _choice([f"`{part}`" for part in parts])
    if origin is dict:
        return f"{_words(parts[0])} → {_words(parts[1])}"
    if origin is list:
        return f"list of {_words(parts[0])}"
    if parts:
        return _union([_words(part) for part in parts])
    if is_model(kind):
        return "law" if _is_law(kind) else f"[{_title(kind).lower()}](#{_title(kind).lower().replace(' ', '-')})"
    return _PLAIN.get(kind, str(kind))


def _choice(words: Sequence[str]) -> str:
    return " or ".join(words) if len(words) <= 4 else f"{words[0]} ... {words[-1]}"


def _union(words: Sequence[str]) -> str:
    return " or ".join(dict.fromkeys("[law](#law)" if word == "law" else word for word in words if word))


def _flat(metadata: Sequence[Any]) -> list[Any]:
    """Metadata with the bounds inside `Field(...)` taken out."""
    return [inner for item in metadata for inner in (item.metadata if isinstance(item, FieldInfo) else [item])]


if __name__ == "__main__":
    for page in map(Path, sys.argv[1:]):
        page.write_text(with_reference(page.read_text(encoding="utf-8")), encoding="utf-8")
