"""The fonts that plots and reports carry with them."""

from __future__ import annotations

from pathlib import Path

import pytest
import vl_convert
from fontTools.ttLib import TTFont

from experiments.plots import theme

ROOT = Path(__file__).resolve().parent.parent.parent
FONTS = ROOT / "experiments" / "plots" / "fonts"
FAMILIES = {
    "NotoSans-Regular.ttf": ("Noto Sans", "Regular"),
    "NotoSans-Bold.ttf": ("Noto Sans", "Bold"),
    "NotoSansSC-Regular.otf": ("Noto Sans SC", "Regular"),
}
SVG = "http://www.w3.org/2000/svg"
LARGEST_KB = 1_400
SHOWN = ("gates", "experiments", "api")  # folders whose texts end up on a plot or a page
TEXTS = {".py", ".yaml", ".yml", ".json", ".html", ".j2", ".css", ".csv"}


def drawn(*names: str) -> set[str]:
    return {chr(code) for name in names for code in TTFont(FONTS / name).getBestCmap()}


def test_the_folder_holds_these_fonts_and_their_licence():
    held = {path.name for path in FONTS.iterdir()}
    slices = {f"NotoSans-{style}.{name}.woff2" for style in ("Regular", "Bold") for name in theme.SLICES}
    assert held == {*FAMILIES, *slices, "OFL.txt", "README.md"}


@pytest.mark.parametrize("style", ["Regular", "Bold"])
@pytest.mark.parametrize("name", theme.SLICES)
def test_a_slice_holds_its_letters_as_the_font_has_them(style, name):
    """`python scripts/make_fonts.py --slices` makes them again."""
    cut = FONTS / f"NotoSans-{style}.{name}.woff2"
    assert {chr(code) for code in TTFont(cut).getBestCmap()} == theme.SLICES[name]
    assert cut.read_bytes() == theme.cut(FONTS / f"NotoSans-{style}.ttf", theme.SLICES[name])


def test_letters_outside_the_slices_are_cut_where_they_are_used():
    assert theme.font_faces(["A"]).count("@font-face") == 2  # regular and bold
    assert theme.font_faces(["\n"]) == ""
    greek = theme.font_faces(["Ω"])
    assert greek.count("unicode-range:U+3A9}") == 2
    assert theme.font_faces(["\U000f0000"]) == ""  # no font has it
    assert theme._ranges("abcz") == "U+61-63,U+7A"


def test_texts_of_the_product_need_no_letter_of_the_first_family_cut():
    latin = drawn("NotoSans-Regular.ttf").difference(*theme.SLICES.values())
    texts = (path.read_text(encoding="utf-8") for folder in SHOWN for path in (ROOT / folder).rglob("*.yaml"))
    assert not latin.intersection(*["".join(texts)])


@pytest.mark.parametrize("name", FAMILIES)
def test_a_font_is_found_by_its_family_and_is_small(name):
    names = TTFont(FONTS / name)["name"]
    assert (names.getDebugName(1), names.getDebugName(2)) == FAMILIES[name]
    assert (FONTS / name).stat().st_size < LARGEST_KB * 1000


def test_the_words_of_the_border_can_be_drawn():
    latin, chinese = drawn("NotoSans-Regular.ttf"), drawn("NotoSansSC-Regular.otf")
    assert set("Hữu Nghị – Lạng Sơn, Tân Thanh, Cốc Nam: 20 ± 3 h · 2 × 5 ≤ 12 → √2 ≈ 1.4 − 5 ≥ 0, ₫ ¥ µ") <= latin
    assert set("友谊关凭祥浦寨弄尧口岸排队通关") <= chinese
    assert drawn("NotoSans-Bold.ttf") == latin


def test_every_character_that_may_be_shown_can_be_drawn():
    known = drawn(*FAMILIES) | set("\n\t\r\ufeff")
    missing = {
        f"{path.relative_to(ROOT)}: {''.join(sorted(unknown))}"
        for folder in SHOWN
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in TEXTS and (unknown := set(path.read_text(encoding="utf-8")) - known)
    }
    assert not missing, "add these to scripts/make_fonts.py:\n" + "\n".join(sorted(missing))


def test_both_scripts_are_drawn_in_one_text():
    """Each text alone must look different from the same number of boxes for unknown characters."""
    vl_convert.register_font_directory(str(FONTS))

    def picture(text: str) -> bytes:
        shown = f'<text x="5" y="25" font-size="20" font-family="Noto Sans, Noto Sans SC">{text}</text>'
        return vl_convert.svg_to_png(f'<svg xmlns="{SVG}" width="200" height="40">{shown}</svg>')

    boxes = picture("\U000f0000\U000f0000\U000f0000")
    pictures = [picture(text) for text in ("友谊关", "关友谊", "Hữu", "Nghị")]
    assert len({boxes, *pictures}) == 1 + len(pictures)
