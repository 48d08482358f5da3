"""Findings: what is wrong with a file, where, and what to do about it.

A reader of a file never stops at the first mistake: it collects findings and raises one `ConfigError`
that holds them all.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import difflib
import json
import re
from collections.abc import Iterable, Sequence

Part = str | int
Place = tuple[Part, ...]

_PLAIN_PART = re.compile(r"[^\s.\[\]\"']+")
_LONGEST_VALUE = 60


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """One mistake in a file."""

    path: str
    """Where: `stages.kiosk.lanes`; entries of a list are counted from 0: `paths.northbound[3]`."""
    value: str
    """The value there, shortened; empty if there is none."""
    problem: str
    """What is wrong with it."""
    remedy: str
    """What to do, as a sentence."""
    file: str = ""
    """The file, if there is one."""
    line: int | None = None
    """The line in the file, counted from 1, where it is known."""

    def __str__(self) -> str:
        """The finding on one line."""
        file = f"{self.file}:{self.line}: " if self.file and self.line else f"{self.file}: " if self.file else ""
        value = f" = {self.value}" if self.value else ""
        return f"{file}{self.path}{value} - {self.problem}. {self.remedy}"

    def as_dict(self) -> dict[str, str | int | None]:
        """Return the finding as plain data, for JSON."""
        return dataclasses.asdict(self)


class ConfigError(Exception):
    """A file or a model cannot be used; `findings` lists every mistake."""

    def __init__(self, findings: Sequence[Finding], file: str = "") -> None:
        self.file = file
        self.findings = [dataclasses.replace(finding, file=finding.file or file) for finding in findings]
        super().__init__("\n".join(str(finding) for finding in self.findings))

    def __reduce__(self) -> tuple[type[ConfigError], tuple[list[Finding], str]]:
        """Let it pass from a worker's process to the one that waits for the result."""
        return type(self), (self.findings, self.file)


def path_text(place: Iterable[Part]) -> str:
    """The path of a place in a file, as findings show it."""
    text = ""
    for part in place:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN_PART.fullmatch(part):
            text += f".{part}" if text else part
        else:
            text += f"[{json.dumps(shortened(part), ensure_ascii=False)}]"
    return text or "file"


def value_text(value: object) -> str:
    """What is written at a place, short enough for one line."""
    if isinstance(value, str):
        return shortened(value) or '""'
    if isinstance(value, dt.date):
        return value.isoformat()
    try:
        return shortened(json.dumps(value, ensure_ascii=False, default=str))
    except (TypeError, ValueError, RecursionError):
        return f"({type(value).__name__})"


def shortened(text: str, longest: int = _LONGEST_VALUE) -> str:
    """`text` on one line, cut to `longest` characters, fit for a terminal."""
    flat = " ".join(text[: 4 * longest].split())
    flat = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in flat)
    return flat if len(flat) <= longest else flat[: longest - 3] + "..."


def within(path: str, other: str) -> bool:
    """Tell whether `path` is `other` or lies inside it."""
    return path == other or path.startswith((other + ".", other + "["))


def nearest(word: object, known: Iterable[str]) -> str | None:
    """The one of `known` that `word` probably stands for."""
    near = difflib.get_close_matches(str(word), list(known), n=1, cutoff=0.6)
    return near[0] if near else None


def suggestion(known: Iterable[str], written: object) -> str:
    """The remedy for a word that is not one of `known`: the nearest one, or all of them."""
    words = list(known)
    near = nearest(written, words)
    if near:
        return f"Did you mean {near}?"
    if not words:
        return "Remove it: there are none to choose from."
    if len(words) == 1:
        return f"Use {words[0]}."
    return f"Use one of {', '.join(words[:24])}{', ...' if len(words) > 24 else ''}."
