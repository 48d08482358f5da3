"""The references of the gate file and the border file, written from the models themselves.

`python -m gates.manual docs/gate-file.md docs/borders.md` puts them between the two marks of the pages.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import annotated_types
from pydantic import BaseModel, StringConstraints, TypeAdapter
from pydantic.fields import FieldInfo

from gates.files.explain import is_model
from gates.schema import quantities
from gates.schema.borders.model import Border
from gates.schema.distributions import DISTRIBUTIONS
from gates.schema.gate import Gate
from gates.schema.hours import OpeningHours
from gates.schema.quantities import number_text

BEGIN, END = "<!-- reference: begin -->", "<!-- reference: end -->"
_QUANTITIES: tuple[tuple[Any, str, Callable[[Any], str]], ...] = (
    (quantities.Seconds, "duration", quantities.seconds_text),
    (quantities.Days, "duration", quantities.days_text),
    (quantities.Tonnes, "mass", quantities.tonnes_text),
    (quantities.Metres, "length", quantities.metres_text),
    (quantities.Megabytes, "amount of data", quantities.megabytes_text),
    (quantities.Megabits, "rate of data", quantities.megabits_text),
    (quantities.Share, "share", quantities.share_text),
    (quantities.Clock, "time of day", quantities.clock_text),
    (quantities.WindowText, "window", str),
    (quantities.Day, "date", str),
)
"""Quantity, what it is called, and the text of a value."""
_BOUNDS: tuple[tuple[type, str], ...] = (
    (annotated_types.Ge, "ge"),
    (annotated_types.Gt, "gt"),
    (annotated_types.Le, "le"),
)
_PLAIN = {
    OpeningHours: "opening hours",
    str: "text",
    bool: "true or false",
    int: "whole number",
    float: "number",
    type(None): "",
    Any: "any value",
}


def reference_of_borders() -> str:
    """Every model that a border file has beside those of a gate file, and every field."""
    of_gates = _models(Gate, [])
    own = [model for model in _models(Border, []) if model not in of_gates]
    here = {_title(model).lower().replace(" ", "-") for model in own}
    text = "\n\n".join(map(_section, own))
    return re.sub(r"\(#([a-z-]+)\)", lambda link: link[0] if link[1] in here else f"(gate-file.md#{link[1]})", text)


def reference() -> str:
    """Every model of a gate file and every field: kind, bounds, default, meaning."""
    models = _models(Gate, [])
    distributions = [model for model in models if _is_distribution(model)]
    parameters = {
        part for one in distributions for field in one.model_fields.values() for part in _models(field.annotation, [])
    }
    others = [model for model in models if model not in distributions and model not in parameters]
    return "\n\n".join([*map(_section, others), _distribution_section(distributions)])


def with_reference(page: str, text: Callable[[], str] = reference) -> str:
    """`page` with a reference between its marks brought up to date."""
    pattern = re.compile(f"{re.escape(BEGIN)}.*{re.escape(END)}", re.DOTALL)
    return pattern.sub(lambda _: f"{BEGIN}\n\n{text()}\n\n{END}", page)


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


def _is_distribution(model: type[BaseModel]) -> bool:
    return list(model.model_fields) == [model.__name__.lower()] and model.__name__.lower() in DISTRIBUTIONS


def _section(model: type[BaseModel]) -> str:
    rows = [_row(field.alias or name, field) for name, field in model.model_fields.items() if name != "sources"]
    sourced = " Can have `sources`." if "sources" in model.model_fields else ""
    return f"### {_title(model)}\n\n{_one_line(model.__doc__)}{sourced}\n\n" + _table(
        ("key", "kind", "default", "meaning"), rows
    )


def _distribution_section(distributions: Sequence[type[BaseModel]]) -> str:
    text = "A distribution is a mapping with one key, its name. Durations that a run draws follow it."
    rows = [(f"`{one.__name__.lower()}`", _parameters(one), _one_line(one.__doc__)) for one in distributions]
    return f"### Distribution\n\n{text}\n\n" + _table(("distribution", "parameters", "meaning"), rows)


def _parameters(distribution: type[BaseModel]) -> str:
    (field,) = distribution.model_fields.values()
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
        return "optional"
    if isinstance(value, OpeningHours):
        return f"`{value}`"
    kind: Any = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
    written = TypeAdapter(kind).dump_python(value, mode="json", by_alias=True)
    return f"`{_as_written(written)}`"


def _as_written(value: Any) -> str:
    """A value as a file would have it; a default of several windows does not exist."""
    if isinstance(value, list):
        return ", ".join(map(_as_written, value))
    if isinstance(value, float):
        return number_text(value)
    return value if isinstance(value, str) else json.dumps(value)


# The kind of a value in words, from its annotation.


def _kind(kind: Any, metadata: Sequence[Any]) -> str:
    words, text = _quantity(metadata)
    return " ".join([words or _name(metadata) or _words(kind), *_limits(metadata, text)])


def _quantity(metadata: Sequence[Any]) -> tuple[str, Callable[[Any], str]]:
    """What the annotated quantity is called whose marks are in `metadata`, and the text of its values."""
    for quantity, words, text in _QUANTITIES:
        if any(mark is item for mark in get_args(quantity)[1:] for item in metadata):
            return words, text
    return "", lambda number: f"{number:,}" if isinstance(number, int) else number_text(number)


def _name(metadata: Sequence[Any]) -> str:
    patterns = [item.pattern for item in metadata if isinstance(item, StringConstraints) and item.pattern]
    if not patterns:
        return ""
    return "period" if "\\d" in str(patterns[0]) else "side" if "{2}" in str(patterns[0]) else "name"


def _limits(metadata: Sequence[Any], text: Callable[[Any], str]) -> Iterator[str]:
    """`from 1 to 20`, `more than 0 s`, `at most 24 h`."""
    bounds = {key: text(getattr(item, key)) for item in metadata for kind, key in _BOUNDS if isinstance(item, kind)}
    if "ge" in bounds and "le" in bounds:
        yield f"from {bounds['ge']} to {bounds['le']}"
        return
    if "ge" in bounds:
        yield f"at least {bounds['ge']}"
    if "gt" in bounds:
        yield f"more than {bounds['gt']}" + (" and" if "le" in bounds else "")
    if "le" in bounds:
        yield f"at most {bounds['le']}"


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
        title = "distribution" if _is_distribution(kind) else _title(kind).lower()
        return f"[{title}](#{title.replace(' ', '-')})"
    return _PLAIN.get(kind, str(kind))


def _choice(words: Sequence[str]) -> str:
    return " or ".join(words) if len(words) <= 4 else f"{words[0]} ... {words[-1]}"


def _union(words: Sequence[str]) -> str:
    return " or ".join(dict.fromkeys(word for word in words if word))


def _flat(metadata: Sequence[Any]) -> list[Any]:
    """Metadata with the bounds inside `Field(...)` taken out."""
    return [inner for item in metadata for inner in (item.metadata if isinstance(item, FieldInfo) else [item])]


if __name__ == "__main__":
    for page in map(Path, sys.argv[1:]):
        text = reference_of_borders if page.name == "borders.md" else reference
        page.write_text(with_reference(page.read_text(encoding="utf-8"), text), encoding="utf-8")
