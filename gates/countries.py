"""Names of countries and their languages, from the `babel` library (Unicode CLDR)."""

from __future__ import annotations

import functools
from collections.abc import Mapping

SPOKEN_IN_TITLES = ("en", "vi", "zh")
"""Languages in which the name of a side may stand in brackets behind a title."""


@functools.cache
def _territories(language: str) -> Mapping[str, str]:
    from babel import Locale

    return dict(Locale(language).territories)


def side_title(side: str, language: str = "en") -> str:
    """The name of a side in a language: `Vietnam` for `vn`; its letters where they are no country code (ISO 3166-1)."""
    return _territories(language).get(side.upper(), side.upper())


def language_of(side: str) -> str:
    """The language that most people read on a side: `vi` for `vn`; empty where the letters are no country code."""
    from babel.languages import get_official_languages

    return next(iter(get_official_languages(side.upper(), de_facto=True)), "").partition("_")[0]


@functools.cache
def names() -> frozenset[str]:
    """The names of all countries in the languages of `SPOKEN_IN_TITLES`."""
    return frozenset(name for language in SPOKEN_IN_TITLES for name in _territories(language).values())
