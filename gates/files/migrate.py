"""Files of earlier versions rewritten: what is renamed gets its new name, what is gone goes, all else stays as it is.

The text is edited where the parser says that a key stands, so that comments, quotes and layout are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from gates.files.explain import model_at, place_of
from gates.files.yaml import Document, parse
from gates.findings import ConfigError, Part, Place, path_text
from gates.renamed import OldKey, old_key
from gates.schema.base import Model
from gates.schema.quantities import UNITS_REQUIRED


@dataclass(frozen=True)
class Rewritten:
    """One change of a file."""

    line: int
    """Where, counted from 1 in the file as it was."""
    path: str
    before: str
    after: str
    """Empty if it was removed."""
    why: str


def migrated(text: str, model: type[Model], file: str = "") -> tuple[str, list[Rewritten]]:
    """Return the text in the spelling of this version, and what was changed, in the order of the lines.

    Parameters
    ----------
    text
        YAML or JSON.
    model
        What it describes: `Gate`, `Upgrade` or `Study`.
    file
        Name shown in findings.

    Raises
    ------
    ConfigError
        With every finding at once, if it cannot be read as a document without aliases and double keys.
    """
    changes: list[Rewritten] = []
    while True:
        document = parse(text, file)
        if document.findings:
            raise ConfigError(document.findings, file)
        found = _old_keys(document, model)
        if not found:
            return text, sorted(changes, key=lambda change: change.line)
        line, place, key = max(found, key=lambda each: each[0])  # so that lines before it keep their numbers
        text, before, after = _rewritten(text, place, key)
        changes.append(Rewritten(line, path_text(place), before, after, key.why))


def _old_keys(document: Document, model: type[Model]) -> list[tuple[int, Place, OldKey]]:
    """Return the keys of earlier versions that can be rewritten, each with its line and its place."""
    try:
        model.model_validate(document.data, context=UNITS_REQUIRED)
    except ValidationError as error:
        unknown = [each for each in error.errors(include_url=False) if each["type"] == "extra_forbidden"]
    else:
        return []
    found = []
    for details in unknown:
        holder, place = model_at(model, details["loc"][:-1]), place_of(details)
        key = old_key(getattr(holder, "__name__", ""), str(place[-1]))
        if key is not None and key.new not in _at(document.data, place[:-1]):
            found.append((document.line_of(path_text(place)) or 0, place, key))
    return found


def _at(data: object, place: Sequence[Part]) -> dict[str, object]:
    for part in place:
        data = data[part]  # type: ignore[index]
    return data if isinstance(data, dict) else {}


def _rewritten(text: str, place: Place, key: OldKey) -> tuple[str, str, str]:
    """Return the text with one key renamed or removed, what was there, and what is there now."""
    holder = _node_at(YAML(typ="safe", pure=True).compose(text), place[:-1])
    number = next(n for n, (name, _) in enumerate(holder.value) if name.value == place[-1])
    name = holder.value[number][0]
    if key.new is not None:
        begin, end, put = name.start_mark.index, name.end_mark.index, f"{name.style or ''}{key.new}{name.style or ''}"
    else:
        begin, end = _span(text, holder, number)
        put = "{}" if len(holder.value) == 1 and not holder.flow_style else ""
    return text[:begin] + put + text[end:], text[begin:end].strip(" ,\r\n"), put


def _node_at(node: Node, place: Sequence[Part]) -> MappingNode:
    for part in place:
        if isinstance(node, MappingNode):
            node = next(value for name, value in node.value if name.value == part)
        elif isinstance(node, SequenceNode):
            node = node.value[part]
    assert isinstance(node, MappingNode)
    return node


def _span(text: str, holder: MappingNode, number: int) -> tuple[int, int]:
    """Return where the text of one key with its value begins and ends: whole lines where it has them for itself."""
    name, value = holder.value[number]
    begin, end = name.start_mark.index, _end(text, value)
    line = text.rfind("\n", 0, begin) + 1
    only = len(holder.value) == 1
    if not holder.flow_style and not only and not text[line:begin].strip():
        after = text.find("\n", end)
        return line, len(text) if after < 0 else after + 1
    if only:
        return begin, end
    if number + 1 < len(holder.value):
        return begin, holder.value[number + 1][0].start_mark.index
    return _end(text, holder.value[number - 1][1]), end


def _end(text: str, node: Node) -> int:
    """Return where the last word of a value ends; comments and blank lines behind it are not its own."""
    if isinstance(node, MappingNode | SequenceNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(text, last[1] if isinstance(last, tuple) else last)
    end = int(node.end_mark.index)
    if isinstance(node, ScalarNode) and node.style in ("|", ">"):
        return int(node.start_mark.index) + len(text[node.start_mark.index : end].rstrip())
    return end
