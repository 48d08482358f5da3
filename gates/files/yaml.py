"""One YAML document as plain data: bounded, without surprises, and with the line of every value.

The subset is YAML 1.2 without anchors, aliases, tags, complex keys and further documents: what a
person needs to write a gate, and nothing that one file could use to grow in memory or to run code.
Keys are always text. Plain scalars are null, true, false, a decimal number, or text: `20:00` and
`2026-02-15` stay text. JSON is such a document too.
"""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any, NoReturn

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    NodeEvent,
    ScalarEvent,
    SequenceStartEvent,
)

from gates.findings import (
    ConfigError,
    Finding,
    Part,
    Place,
    path_text,
    shortened,
    value_text,
)
from gates.schema.quantities import comma_mistake, plain_letters

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 40
MAX_NODES = 100_000

_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_REAL = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NUMBER = re.compile(f"{_INTEGER.pattern}|{_REAL.pattern}")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    ".nan": float("nan"),
    ".inf": float("inf"),
    "-.inf": float("-inf"),
}


@dataclasses.dataclass
class Document:
    """What a document says."""

    data: dict[str, Any] = dataclasses.field(default_factory=dict)
    """Its content."""
    lines: dict[str, int] = dataclasses.field(default_factory=dict)
    """Path -> line, counted from 1."""
    findings: list[Finding] = dataclasses.field(default_factory=list)
    """What is not allowed in it, though the rest can be read."""

    def line_of(self, path: str) -> int | None:
        """The line of `path`, or of the nearest place around it that is written."""
        while path and path not in self.lines:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self.lines.get(path)


def read_text(path: Path) -> str:
    """The text of a file of bounded size.

    Raises
    ------
    ConfigError
        If it is missing, not a file, too large, not readable or not UTF-8 text.
    """
    try:
        if not path.exists():
            raise _refused(path, "no such file", "Check the name and the folder.")
        if not path.is_file():
            raise _refused(path, "not a file", "Name a YAML file.")
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _refused(path, f"cannot be read: {reason}", "Check the name and its permissions.") from None
    if len(content) > MAX_BYTES:
        raise _refused(path, "too large", f"Keep it below {MAX_BYTES // 1024} KiB.")
    if b"\0" in content:
        raise _refused(path, "a binary file", "Name a YAML file, which is plain text.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _refused(path, f"not UTF-8 text in line {line}", "Save it as UTF-8.") from None


def _refused(path: Path, problem: str, remedy: str) -> ConfigError:
    return ConfigError([Finding("file", "", problem, remedy)], shortened(str(path), 200))


def parse(text: str, file: str = "") -> Document:
    """Read one document.

    Parameters
    ----------
    text
        YAML or JSON.
    file
        Name shown in findings.

    Returns
    -------
    The document with the findings that leave the rest readable (double keys, tags, anchors, aliases).

    Raises
    ------
    ConfigError
        If it cannot be read as one mapping.
    """
    builder = _Builder()
    try:
        for event in YAML(typ="safe", pure=True).parse(text):
            builder.take(event)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = None if mark is None else mark.line + 1
        problem = f"not valid YAML: {error.problem or error.context}"
        builder.fail("", problem, "Fix the line, or put the text in quotes.", line)
    except YAMLError:
        builder.fail("", "a character that YAML does not allow", "Remove control characters.")
    except _Stop:
        pass
    if builder.failed:
        raise ConfigError(builder.document.findings, file)
    if not isinstance(builder.root, dict):
        builder.fail(value_text(builder.root), "not a mapping", "Write `key: value` lines.")
        raise ConfigError(builder.document.findings, file)
    builder.document.data = builder.root
    return builder.document


class _Stop(Exception):
    """Nothing sensible can follow."""


@dataclasses.dataclass
class _Frame:
    """A mapping or list being filled."""

    container: dict[str, Any] | list[Any]
    place: Place
    key: str | None = None
    written: str = ""
    """The last value of a mapping, if it is written without quotes."""


class _Builder:
    """Builds data from parser events, one at a time, without recursion."""

    def __init__(self) -> None:
        self.document = Document()
        self.root: Any = None
        self.stack: list[_Frame] = []
        self.documents = 0
        self.nodes = 0
        self.failed = False

    def take(self, event: Event) -> None:
        if isinstance(event, DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                self.stop("", "a second document", "Keep one document in a file.", _line(event))
        elif isinstance(event, CollectionEndEvent):
            self.stack.pop()
        elif isinstance(event, NodeEvent):
            self.nodes += 1
            if self.nodes > MAX_NODES:
                self.stop("", "too many values", f"Keep them below {MAX_NODES}.", _line(event))
            self.node(event)

    def node(self, event: NodeEvent) -> None:
        frame = self.stack[-1] if self.stack else None
        if frame is not None and isinstance(frame.container, dict) and frame.key is None:
            frame.key = self.read_key(event, frame)
            return
        if frame is not None and self.is_after_comma(event, frame):
            return
        place = self.next_place(frame)
        self.document.lines.setdefault(path_text(place), _line(event))
        value = self.read_value(event, place)
        if frame is None:
            self.root = value
        elif isinstance(frame.container, list):
            frame.container.append(value)
        else:
            if frame.key not in frame.container:
                frame.container[str(frame.key)] = value
            frame.key = None
            frame.written = event.value if isinstance(event, ScalarEvent) and event.style is None else ""
        if isinstance(event, CollectionStartEvent):
            self.stack.append(_Frame(value, place))
            if len(self.stack) > MAX_DEPTH:
                self.stop("", "nested too deeply", f"Keep it below {MAX_DEPTH} levels.", _line(event))

    def is_after_comma(self, event: NodeEvent, frame: _Frame) -> bool:
        """Tell whether a key without a value is the rest of a number with a comma, as in `{mean: 4,5 min}`."""
        empty = isinstance(event, ScalarEvent) and event.style is None and not event.value
        text = f"{frame.written},{frame.key}"
        mistake = comma_mistake(text) if empty and frame.written else None
        if mistake is None:
            return False
        place = (*frame.place, list(frame.container)[-1])
        findings = self.document.findings
        if findings and findings[-1].path == path_text(place):
            findings.pop()  # of `1,200,000` that of `1,200`
        self.note(place, text, *mistake, _line(event))
        frame.key, frame.written = None, text
        return True

    def next_place(self, frame: _Frame | None) -> Place:
        if frame is None:
            return ()
        last: Part = len(frame.container) if isinstance(frame.container, list) else str(frame.key)
        return (*frame.place, last)

    def read_key(self, event: NodeEvent, frame: _Frame) -> str:
        if not isinstance(event, ScalarEvent):
            remedy = "Write a word before the colon; put text with braces or brackets in quotes."
            self.stop("", "a key that is not text", remedy, _line(event))
        key = _paired(event.value)
        place = (*frame.place, key)
        self.refuse_decoration(event, place)
        self.refuse_control(event, place)
        if key in frame.container:
            self.note(place, key, "written twice", "Keep one of the two.", _line(event))
        self.document.lines.setdefault(path_text(place), _line(event))
        return key

    def read_value(self, event: NodeEvent, place: Place) -> Any:
        self.refuse_decoration(event, place)
        if isinstance(event, ScalarEvent):
            self.refuse_control(event, place)
            return _scalar(event.value) if event.style is None else _paired(event.value)
        if isinstance(event, CollectionStartEvent):
            return [] if isinstance(event, SequenceStartEvent) else {}
        return None  # an alias

    def refuse_decoration(self, event: NodeEvent, place: Place) -> None:
        if isinstance(event, AliasEvent):
            self.note(place, f"*{event.anchor}", "an alias", "Write the value out.", _line(event))
        elif event.anchor is not None:
            self.note(place, f"&{event.anchor}", "an anchor", "Remove it.", _line(event))
        tag = getattr(event, "tag", None)
        if tag is not None:
            self.note(place, str(tag), "a tag", "Remove it.", _line(event))

    def refuse_control(self, event: ScalarEvent, place: Place) -> None:
        if _CONTROL.search(_paired(event.value)):
            self.note(place, event.value, "a control character", "Remove it.", _line(event))

    def note(self, place: Place, value: str, problem: str, remedy: str, line: int) -> None:
        self.document.findings.append(Finding(path_text(place), shortened(value), problem, remedy, line=line))

    def fail(self, value: str, problem: str, remedy: str, line: int | None = None) -> None:
        self.document.findings.append(Finding("file", value, problem, remedy, line=line))
        self.failed = True

    def stop(self, value: str, problem: str, remedy: str, line: int) -> NoReturn:
        self.fail(value, problem, remedy, line)
        raise _Stop


def _line(event: Event) -> int:
    return int(event.start_mark.line) + 1


def _paired(text: str) -> str:
    """`text` with the surrogate pairs that JSON escapes use joined to letters."""
    try:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeDecodeError:
        return text


def _scalar(text: str) -> Any:
    """The value of a scalar that is written without quotes."""
    if text in _WORDS:
        return _WORDS[text]
    text = plain_letters(text) if _NUMBER.fullmatch(plain_letters(text)) else text
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _REAL.fullmatch(text) else text
