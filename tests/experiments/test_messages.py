"""The words of plots in Vietnamese and Chinese."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from experiments.answers.labels import Labels
from experiments.messages.plots import Words, texts_of, words_of
from experiments.plots.draw import drawn, plot_names, plots_warning
from experiments.result_folder import MANIFEST, read_json
from gates import load_gate
from tests.experiments.charts import labels
from tests.experiments.folders import write_folder

LETTERS = re.compile(r"[A-Za-z]{3,}")
PLACES = re.compile(r"\{\w+\}")


def test_both_languages_have_the_same_texts_with_the_same_places():
    vi, zh = texts_of("vi"), texts_of("zh")
    assert set(vi) == set(zh)
    for english, translated in (*vi.items(), *zh.items()):
        assert sorted(PLACES.findall(english)) == sorted(PLACES.findall(translated)), english


@pytest.mark.parametrize(
    ("english", "vi", "zh"),
    [
        ("12.4", "12,4", "12.4"),
        ("1,234", "1.234", "1,234"),
        ("73 %", "73 %", "73 %"),
        ("2 Jul", "2/7", "7月2日"),
        ("Band: lowest to highest of 3 replications.", "Dải màu: từ thấp nhất đến cao nhất của 3 lần lặp.", None),
        # the longest that fits: not "Times: {a}." with all the rest in its place
        ("Times: A above, B below.", "Giờ: A ở trên, B ở dưới.", "时间：上为A，下为B。"),
        ("Not drawn: Booth 2 and Yard 1 trucks at most.", "Không vẽ (số xe nhiều nhất): Quầy 2, Yard 1.", None),
        ("What nobody has translated.", "What nobody has translated.", "What nobody has translated."),
    ],
)
def test_a_text_is_found_by_what_it_says(english, vi, zh):
    assert Words("vi", {"Booth": "Quầy", "Yard": "Yard"}).text(english) == vi
    if zh:
        assert Words("zh", {}).text(english) == zh


def test_a_definition_keeps_its_identifiers():
    words = Words("vi", {"Booth": "Quầy"})
    definition: dict[str, Any] = {
        "title": {"text": ["Trucks in the", "queue"]},
        "datasets": {"a": '[{"stage":"booth","title":"Booth","text":"1.50"}]'},
        "encoding": {
            "x": {"field": "Blocked", "axis": {"format": "%-d %b", "labelExpr": '{"a": "Arrived"}[datum.label]'}}
        },
    }
    found = words.chart(definition)
    assert found["title"]["text"] == ["Số xe trong", "hàng chờ"]
    assert json.loads(found["datasets"]["a"]) == [{"stage": "booth", "title": "Quầy", "text": "1,50"}]
    assert found["encoding"]["x"]["field"] == "Blocked"
    assert found["encoding"]["x"]["axis"] == {"format": "%-d/%-m", "labelExpr": '{"a": "Đã đến"}[datum.label]'}
    assert words_of("en", labels()).chart(definition) is definition


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A result of a gate that has names in all three languages."""
    return write_folder(tmp_path_factory.mktemp("words") / "run", load_gate("friendship-pass"), days=3)


@pytest.mark.slow
@pytest.mark.parametrize("language", ["vi", "zh"])
def test_no_plot_of_a_run_says_anything_in_english(folder, language):
    """But the gate's own names, and warnings of the run, which are sentences of results."""
    warning, title = plots_warning(folder), Labels(read_json(folder / MANIFEST)).title
    for name in plot_names(folder):
        here, english = (texts(drawn(folder, name, "svg", "light", each)) for each in (language, "en"))
        same = {text for text in here & english if LETTERS.search(text) and text not in warning and text != title}
        assert not same, name
        assert len(here) > len(here & english), name


def texts(picture: bytes) -> set[str]:
    """Return the texts of a picture."""
    return {unescape(text) for text in re.findall(r"<text[^>]*>([^<]+)</text>", picture.decode())}
