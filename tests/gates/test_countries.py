"""Sides are called by the names of countries."""

from __future__ import annotations

import pytest

from gates.countries import language_of, names, side_title

from .files import changed, findings_of


@pytest.mark.parametrize(
    ("side", "language", "name"),
    [
        ("vn", "en", "Vietnam"),
        ("cn", "vi", "Trung Quốc"),
        ("mx", "zh", "墨西哥"),
        ("ie", "en", "Ireland"),
        ("qx", "en", "QX"),
    ],
)
def test_a_side_has_the_name_of_its_country_or_its_letters(side, language, name):
    assert side_title(side, language) == name


def test_a_side_reads_its_own_language():
    assert [language_of(side) for side in ("vn", "cn", "mx", "gb", "qx")] == ["vi", "zh", "es", "en", ""]
    assert {"Vietnam", "中国", "Trung Quốc"} <= names()


def test_titles_may_be_in_any_language_and_a_typo_is_found():
    assert findings_of(changed(("stages.booth.title.es", "Caseta"), ("title.zh-Hant", "最小口岸"))) == []
    (found,) = findings_of(changed(("stages.booth.title.English", "Booth")))
    assert (found.problem, found.remedy) == ("not a language", "Use its two letters, such as en, vi or es.")
