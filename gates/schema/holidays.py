"""Public holidays by country or part of one, from the `holidays` library: dates and English names, nothing else."""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Mapping

from gates.schema.quantities import YEARS

_QUALIFIER = re.compile(
    r" \((?:observed|estimated|observed, estimated|in lieu|substitute day|substituted from [^)]*)\)$"
)


@functools.cache
def countries() -> Mapping[str, tuple[str, ...]]:
    """The countries that the library knows (ISO 3166-1, two capital letters), with the codes of their parts."""
    import holidays

    known = holidays.utils.list_supported_countries(include_aliases=False)
    return {code: tuple(sorted(parts)) for code, parts in sorted(known.items()) if len(code) == 2}


@functools.cache
def public_holidays(place: str, year: int) -> Mapping[dt.date, str]:
    """The public holidays of a year, days off in exchange included, with their names in English.

    Parameters
    ----------
    place
        Country, or part of one (ISO 3166-2), such as VN or GB-ENG. An unknown one has no holidays: a check names it.
    year
        A year. Holidays by the moon are known to the library for a limited time ahead.
    """
    import holidays

    country, _, part = place.partition("-")
    if country not in countries() or (part and part not in countries()[country]):
        return {}
    found = holidays.country_holidays(country, subdiv=part or None, years=year, language="en_US")
    return dict(sorted(found.items()))


def names_around(place: str, year: int) -> list[str]:
    """The plain names of the holidays of a place within ten years of `year`, in order of their date."""
    years = range(max(year - 10, YEARS[0]), min(year + 10, YEARS[1]) + 1)
    texts = [text for each in years for text in public_holidays(place, each).values()]
    return list(dict.fromkeys(plain_name(name) for text in texts for name in single_names(text)))


def single_names(text: str) -> list[str]:
    """The single names of a day that can be two holidays: `National Day; Mid-Autumn Festival`."""
    return text.split("; ")


def plain_name(name: str) -> str:
    """The name of a holiday without the library's remark that its day is estimated or moved."""
    return _QUALIFIER.sub("", name)
