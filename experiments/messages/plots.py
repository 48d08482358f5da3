"""The words of the plots of a run in Vietnamese and Chinese.

`texts/plots-vi.json` and `texts/plots-zh.json` hold a translation for each sentence, title and word that a plot may
show, its English as the key; `{name}` stands for what differs, which is translated in turn. Names of stages, classes,
areas and pools come from the gate file. What neither holds stays in English. No native speaker has read these texts.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from experiments.answers.labels import Labels, direction_word
from gates.countries import side_title
from gates.schema.base import LanguageTag

FOLDER = Path(__file__).resolve().parent / "texts"
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_DAY = re.compile(rf"(\d{{1,2}}) ({'|'.join(MONTHS)}) (\d{{4}})")
_SHORT_DAY = re.compile(rf"(\d{{1,2}}) ({'|'.join(month[:3] for month in MONTHS)})")
_NUMBER = re.compile(r"[<−]?\s?\d[\d,]*(\.\d+)?(\s%)?")
_SENTENCE = re.compile(r"(?<=[.])\s+(?=[A-Z0-9])")
_BETWEEN, _BETWEEN_LONG = re.compile(r", | and "), re.compile(r"; and |; ")
_COUNTED = re.compile(r".+ \d[\d,]*")
_PLACE = re.compile(r"\{(\w+)\}")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
NOT_SHOWN = ("config", "$schema", "usermeta", "field", "type")
"""Parts of a definition that hold no words for people."""
DATES = "%-d %b"
"""How a chart writes the day of an axis; `OF_DAYS` has other orders."""
VIETNAMESE_NUMBERS = {"decimal": ",", "thousands": ".", "grouping": [3], "currency": ["", " ₫"]}
OF_DAYS = {"vi": "%-d/%-m", "zh": "%-m月%-d日"}


class Words:
    """What a plot says, in a language.

    Parameters
    ----------
    names
        English names of what the gate has -> their name in the language.
    """

    def __init__(self, language: LanguageTag, names: Mapping[str, str]) -> None:
        self.language = language
        self._names = names
        self._said: dict[str, str] = {}

    @property
    def numbers(self) -> dict[str, Any] | None:
        """How d3-format writes numbers; none for English, and for Chinese, which writes them alike."""
        return VIETNAMESE_NUMBERS if self.language == "vi" else None

    @property
    def joint(self) -> str:
        """What stands between two sentences."""
        return "" if self.language == "zh" else " "

    def text(self, english: str) -> str:
        """Return a text, sentence by sentence."""
        if self.language == "en" or not english:
            return english
        return self.joint.join(self.phrase(sentence) for sentence in _SENTENCE.split(english))

    def phrase(self, english: str) -> str:
        """Return a sentence, a title, a name, a day or a number; English if it is not known."""
        if english not in self._said:
            self._said[english] = self._found(english)
        return self._said[english]

    def _found(self, english: str) -> str:
        if english in self._names:
            return self._names[english]
        if _NUMBER.fullmatch(english):
            return self._number(english)
        if found := (_DAY.fullmatch(english) or _SHORT_DAY.fullmatch(english)):
            return self._day(found)
        for pattern, translated in _templates(self.language):
            if said := pattern.fullmatch(english):
                return translated.format(**{name: self.phrase(part) for name, part in said.groupdict().items()})
        between = _BETWEEN_LONG if ";" in english else _BETWEEN
        parts = between.split(english)
        if len(parts) > 1 and all(part in self._names or _COUNTED.fullmatch(part) for part in parts):
            return ("、" if self.language == "zh" else ", ").join(map(self._listed, parts))
        return self._listed(english)

    def _listed(self, english: str) -> str:
        """Return an entry of a list: a name, or a name with a number behind it."""
        name, space, number = english.rpartition(" ")
        return f"{self._names[name]} {number}" if space and name in self._names else self._names.get(english, english)

    def _number(self, english: str) -> str:
        return english.replace(".", ";").replace(",", ".").replace(";", ",") if self.language == "vi" else english

    def _day(self, found: re.Match[str]) -> str:
        day, month, *year = found.groups()
        number = next(n for n, name in enumerate(MONTHS, 1) if name.startswith(month))
        if self.language == "zh":
            return f"{year[0]}年{number}月{day}日" if year else f"{number}月{day}日"
        return "/".join((day, str(number), *year))

    def chart(self, definition: Any) -> Any:
        """Return the definition of a chart in Vega-Lite with its words in the language."""
        return definition if self.language == "en" else self._part(definition)

    def _part(self, part: Any) -> Any:
        if isinstance(part, dict):
            return {name: value if name in NOT_SHOWN else self._named(name, value) for name, value in part.items()}
        if isinstance(part, list):
            return [self._part(each) for each in part]
        return self._written(part) if isinstance(part, str) else part

    def _named(self, name: str, value: Any) -> Any:
        if name == "labelExpr":
            return _QUOTED.sub(lambda found: json.dumps(self._label(found[0]), ensure_ascii=False), value)
        if name == "format" and value == DATES:
            return OF_DAYS[self.language]
        if name in ("text", "title") and isinstance(value, list) and all(isinstance(line, str) for line in value):
            return self._lines(value)
        return self._part(value)

    def _label(self, quoted: str) -> str:
        return self._written(str(json.loads(quoted)))

    def _lines(self, lines: list[str]) -> list[str]:
        """Return a title in as many letters a line as its English has."""
        from textwrap import wrap

        most = max(14, *map(len, lines))
        return wrap(self.phrase(" ".join(lines)), most // 2 if self.language == "zh" else most)

    def _written(self, text: str) -> str:
        if text.startswith('[{"'):  # data, as text
            return json.dumps(self._part(json.loads(text)), ensure_ascii=False)
        return self.phrase(text)


ENGLISH = Words("en", {})


def texts_of(language: LanguageTag) -> dict[str, str]:
    """Return the texts of a language: English -> translation."""
    found: dict[str, str] = json.loads((FOLDER / f"plots-{language}.json").read_text(encoding="utf-8"))
    return found


@functools.cache
def _templates(language: LanguageTag) -> list[tuple[re.Pattern[str], str]]:
    """Return what each English text looks like, with its translation; those that say most first."""
    texts = texts_of(language)
    ordered = sorted(texts.items(), key=lambda each: -len(_PLACE.sub("", each[0])))
    return [(_pattern(english), translated) for english, translated in ordered]


def _pattern(english: str) -> re.Pattern[str]:
    parts = _PLACE.split(english)
    return re.compile(
        "".join(f"(?P<{part}>.+)" if n % 2 else re.escape(part) for n, part in enumerate(parts)), re.DOTALL
    )


def words_of(language: LanguageTag, labels: Labels) -> Words:
    """Return the words for the plots of a run."""
    if language == "en":
        return Words(language, {})
    gate = labels.gate
    names: dict[str, str] = {}
    for ask, found in (
        (labels.stage, gate.stages),
        (labels.vehicle_class, gate.classes),
        (labels.area, gate.areas),
        (labels.pool, gate.pools),
    ):
        names |= {ask(name): found[name].title[language] for name in found if language in found[name].title}
    for side in gate.sides:
        names[side_title(side)] = side_title(side, language)
    for direction in labels.directions:
        origin = gate.origin.get(direction)  # type: ignore[call-overload]
        others = [side for side in gate.sides if side != origin]
        if origin is not None and len(others) == 1:
            words = f"{side_title(origin, language)} → {side_title(others[0], language)}"
            names |= {labels.direction(direction): words, direction_word(direction): words}
    return Words(language, names)
