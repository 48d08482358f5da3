"""Errors of the models in a planner's words: one finding for each mistake, with its remedy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel, Tag, ValidationError
from pydantic_core import ErrorDetails

from gates.findings import Finding, Place, path_text, suggestion, value_text
from gates.renamed import old_key
from gates.schema.base import TAG_MARK
from gates.schema.distributions import DISTRIBUTIONS

MOST_FINDINGS = 200
"""More are only counted: nobody reads them all, and to write them takes time."""

_GUIDE = "See the guide to gate files."
_NAME_RULE = "Use lower-case letters, digits and single hyphens, such as kiosk-in."
_KINDS = {
    "string_type": "text",
    "dict_type": "`key: value` pairs",
    "model_type": "`key: value` pairs",
    "model_attributes_type": "`key: value` pairs",
    "list_type": "a list",
    "tuple_type": "a list",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "float_parsing": "a number",
    "int_parsing_size": "a smaller number",
    "float_type": "a number",
    "finite_number": "a finite number",
}
_BOUNDS = {
    "greater_than_equal": ("too small", "at least", "ge"),
    "greater_than": ("too small", "more than", "gt"),
    "less_than_equal": ("too large", "at most", "le"),
    "less_than": ("too large", "less than", "lt"),
}


def model_findings(error: ValidationError, model: type[BaseModel]) -> list[Finding]:
    """The findings that a validation error of `model` stands for, in the order of the fields."""
    findings = [_finding(details, model) for details in error.errors(include_url=False)[:MOST_FINDINGS]]
    if (more := error.error_count() - len(findings)) > 0:
        findings.append(Finding("file", "", f"{more:,} more findings", "Fix the findings above first."))
    return findings


def place_of(details: ErrorDetails) -> Place:
    """The place of an error in the file, without the marks of variants and of keys."""
    return tuple(part for part in details["loc"] if not _is_mark(part))


def _is_mark(part: int | str) -> bool:
    return isinstance(part, str) and (part.startswith(TAG_MARK) or part == "[key]")


def _finding(details: ErrorDetails, model: type[BaseModel]) -> Finding:
    place = place_of(details)
    kind = details["type"]
    value = "" if kind == "missing" else value_text(details["input"])
    problem, remedy = _words(details, model)
    return Finding(path_text(place), value, problem, remedy)


def _words(details: ErrorDetails, model: type[BaseModel]) -> tuple[str, str]:
    """The problem and the remedy of an error."""
    kind, context = details["type"], details.get("ctx", {})
    if kind == "quantity":
        return context["problem"], context["remedy"]
    if kind in _KINDS:
        return "not of the right kind", f"Write {_KINDS[kind]}."
    if kind in _BOUNDS:
        return _bound(details)
    explain = _EXPLANATIONS.get(kind)
    if explain is not None:
        return explain(details, model)
    return details["msg"], _GUIDE


def _bound(details: ErrorDetails) -> tuple[str, str]:
    problem, words, key = _BOUNDS[details["type"]]
    if key == "ge" and place_of(details)[-1:] == ("lanes",):
        return "nobody can pass", "Use at least 1, or remove the stage."
    return problem, f"Use {words} {details.get('ctx', {})[key]}."


def _missing(details: ErrorDetails, model: type[BaseModel]) -> tuple[str, str]:
    key = details["loc"][-1]
    holder = model_at(model, details["loc"][:-1])
    sentence = _sentence(holder, str(key))
    return "missing", f"Add `{key}`{': ' + sentence if sentence else '.'}"


def _unknown_key(details: ErrorDetails, model: type[BaseModel]) -> tuple[str, str]:
    holder, key = model_at(model, details["loc"][:-1]), details["loc"][-1]
    if before := old_key(getattr(holder, "__name__", ""), str(key)):
        return "a key of an earlier version", before.remedy
    return "an unknown key", suggestion(keys_of(holder), key)


def _pattern(details: ErrorDetails, model: type[BaseModel]) -> tuple[str, str]:
    if r"\d{4}" in details.get("ctx", {})["pattern"]:
        return "not a date", "Write a year, a month such as 2025-07, a day, or two of them with a slash between."
    if "[A-Z]{2}" in details.get("ctx", {})["pattern"]:
        return "not a country", "Use its code of two capital letters, such as VN, or that of a part, such as GB-ENG."
    if "{2,3}" in details.get("ctx", {})["pattern"]:
        return "not a language", "Use its two letters, such as en, vi or es."
    if "{2}" in details.get("ctx", {})["pattern"]:
        return "not the name of a side", "Use two lower-case letters, such as vn."
    return "not a name", _NAME_RULE


def _literal(details: ErrorDetails, model: type[BaseModel]) -> tuple[str, str]:
    words = details.get("ctx", {})["expected"].replace("'", "").replace(" or ", ", ").split(", ")
    return "an unknown word", suggestion(words, details["input"])


def _length(details: ErrorDetails, model: type[BaseModel]) -> tuple[str, str]:
    context = details.get("ctx", {})
    if details["type"] in ("too_short", "string_too_short"):
        return "empty", "Write at least one entry, or remove the key."
    what = "characters" if details["type"] == "string_too_long" else "entries"
    return "too long", f"Use at most {context['max_length']:,} {what}."


def _variant(details: ErrorDetails, model: type[BaseModel]) -> tuple[str, str]:
    chooser = str(details.get("ctx", {}).get("discriminator", ""))
    value = details["input"]
    if "distribution" in chooser:
        return _distribution(value)
    if "lanes" in chooser:
        return "not a number of lanes", "Write a whole number, `unlimited`, or a list of lane groups."
    if "event" in chooser:
        return "not of the right kind", "Write `key: value` pairs."
    return "not a step", "Write a stage name, or a mapping with `stage`, `choose` or `mark`."


def _distribution(value: Any) -> tuple[str, str]:
    if not isinstance(value, dict) or not value:
        return "not a distribution", "Write its name and parameters, such as `{constant: 35 s}`."
    unknown = [str(key) for key in value if key not in DISTRIBUTIONS]
    if unknown:
        return f"{unknown[0]} is not a distribution", suggestion(DISTRIBUTIONS, unknown[0])
    return "more than one distribution", "Keep one of them."


_EXPLANATIONS: dict[str, Callable[[ErrorDetails, type[BaseModel]], tuple[str, str]]] = {
    "missing": _missing,
    "extra_forbidden": _unknown_key,
    "string_pattern_mismatch": _pattern,
    "literal_error": _literal,
    "too_short": _length,
    "too_long": _length,
    "string_too_short": _length,
    "string_too_long": _length,
    "union_tag_not_found": _variant,
    "union_tag_invalid": _variant,
}


# The model that stands at a place: its keys and sentences make the remedy.


def keys_of(model: Any) -> list[str]:
    """The keys of a model as a file writes them."""
    if not is_model(model):
        return []
    return [field.alias or name for name, field in model.model_fields.items()]


def _sentence(model: Any, key: str) -> str:
    if not is_model(model):
        return ""
    for name, field in model.model_fields.items():
        if key in (field.alias, name):
            text = " ".join((field.description or "").split())
            return text[:1].lower() + text[1:]
    return ""


def is_model(kind: Any) -> bool:
    """Tell whether a type is one of the models."""
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def model_at(model: type[BaseModel], loc: tuple[int | str, ...]) -> Any:
    """The type that stands at a place of `model`, which has the marks of variants as an error's place has."""
    kind: Any = model
    for part in loc:
        kind = _inner(kind, part)
    return _bare(kind)


def _bare(kind: Any) -> Any:
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def _inner(kind: Any, part: int | str) -> Any:
    kind = _bare(kind)
    if is_model(kind):
        fields = {field.alias or name: field.annotation for name, field in kind.model_fields.items()}
        return fields.get(str(part))
    variants = get_args(kind)
    if isinstance(part, str) and part.startswith(TAG_MARK):
        return next((variant for variant in variants if _has_tag(variant, part)), None)
    return variants[-1] if get_origin(kind) in (dict, list) else None


def _has_tag(variant: Any, tag: str) -> bool:
    return any(isinstance(item, Tag) and item.tag == tag for item in get_args(variant)[1:])
