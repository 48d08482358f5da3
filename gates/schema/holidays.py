"""Public holidays by country, from the `holidays` library: dates and English names, nothing else."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Mapping

from gates.schema.quantities import YEARS


@functools.cache
def countries() -> tuple[str, ...]:
    """The codes of the countries that the library knows (ISO 3166-1, two capital letters)."""
    import holidays

    return tuple(sorted(code for code in holidays.utils.list_supported_countries() if len(code) == 2))


@functools.cache
def public_holidays(country: str, year: int) -> Mapping[dt.date, str]:
    """The public holidays of a year, days off in exchange included, with their names in English.

    Parameters
    ----------
    country
        Code such as VN. An unknown one has no holidays: a check names it.
    year
        A year. Holidays by the moon are known to the library for a limited time ahead.
    """
    import holidays

    if country not in countries():
        return {}
    found = holidays.country_holidays(country, years=year, language="en_US")
    return dict(sorted(found.items()))


def names_around(country: str, year: int) -> list[str]:
    """The names of a country's holidays within ten years of `year`, in order of their date."""
    years = range(max(year - 10, YEARS[0]), min(year + 10, YEARS[1]) + 1)
    texts = [text for each in years for text in public_holidays(country, each).values()]
    return list(dict.fromkeys(name for text in texts for name in single_names(text)))


def single_names(text: str) -> list[str]:
    """The single names of a day that can be two holidays: `National Day; Mid-Autumn Festival`."""
    return text.split("; ")
