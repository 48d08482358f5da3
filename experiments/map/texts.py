"""Texts on a map: short lines, lanes, sides."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence

from experiments.plots.theme import breakable
from gates.countries import names
from gates.schema.stages import Stage

FONT_PX = 10.5
MOST_LINES = 4
_IN_BRACKETS = re.compile(r"\s*[(（]([^()（）]+)[)）]$")


def lanes_text(stage: Stage) -> str:
    """Return the lanes of a stage, those of lane groups one after the other: `4+4+1`."""
    return "+".join("∞" if group.lanes == "unlimited" else str(group.lanes) for group in stage.lane_groups())


def wrapped(title: str, width: float) -> Sequence[str]:
    """Return a title in lines that fit a width [px] at the size of the map's letters; the side is left out."""
    found = _IN_BRACKETS.search(title)
    text = title[: found.start()] if found and found[1] in names() else title
    lines: list[str] = []
    line = ""
    for word in breakable(text):
        if line and _width(line + word.rstrip()) > width:
            lines.append(line.rstrip())
            line = word.lstrip()
        else:
            line += word
        while _width(line.rstrip()) > width:  # one word too long for a line
            fits = next(n for n in range(len(line) - 1, 0, -1) if _width(line[:n]) <= width or n == 1)
            lines.append(line[:fits])
            line = line[fits:]
    lines.append(line.rstrip())
    if len(lines) > MOST_LINES:
        last = textwrap.shorten(lines[MOST_LINES - 1] + " …", 60, placeholder="…")
        lines = [*lines[: MOST_LINES - 1], last]
    return [line for line in lines if line]


def _width(text: str) -> float:
    """Return about how wide a text is [px]; a little more than it is, so that nothing is cut."""
    return FONT_PX * sum(_em(letter) for letter in text)


def _em(letter: str) -> float:
    if letter >= "\u2e80":
        return 1.0
    if letter in "iljtfrI.,:;'()|- ìíịỉĩ1":
        return 0.34
    if letter in "mwMW@%":
        return 0.9
    return 0.67 if letter.isupper() else 0.61
