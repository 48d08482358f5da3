"""Texts of the page for a decision in English, Vietnamese and Chinese: the same keys, and the same places to fill.

No native speaker has read the Vietnamese and Chinese texts; the page says so (`unread`).
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Literal, get_args

from experiments.answers.numbers import GLUE, short

MILLION = 1e6
Language = Literal["en", "vi", "zh"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

FOLDER = Path(__file__).resolve().parent / "texts"


@functools.cache
def texts(language: Language) -> dict[str, str]:
    """Return the texts of a language: key -> text with places to fill in braces."""
    found: dict[str, str] = json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    return found


class Words:
    """The texts of one language, and how it writes numbers."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self._texts = texts(language)

    def say(self, key: str, **values: object) -> str:
        """Return a text with its places filled."""
        return self._texts[key].format(**values)

    def has(self, key: str) -> bool:
        """Tell whether there is such a text."""
        return key in self._texts

    def number(self, text: str) -> str:
        """Return a number written for people as the language writes it: in Vietnamese with a comma for decimals and a
        point between thousands.
        """
        return text.replace(".", ",").replace("\u2009", ".") if self.language == "vi" else text

    def usd(self, usd: float) -> str:
        """Return an amount in millions of US dollars."""
        sign = "−" if usd < 0 else ""
        return self.number(f"{sign}USD{GLUE}{short(abs(usd) / MILLION)}{GLUE}") + self.say("million")
