"""How charts look, and how they become files: colours, fonts, SVG and PNG.

The colours are those of Okabe and Ito (2008, "Color Universal Design"), which people with any common form of colour
blindness can tell apart. No chart tells by colour alone what it says: lines differ in dashes, states in size.
"""

from __future__ import annotations

import base64
import functools
import re
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import Any

FONTS = Path(__file__).resolve().parent / "fonts"
FONT = "Noto Sans, Noto Sans SC"
FACES = (
    ("Noto Sans", 400, "NotoSans-Regular.ttf"),
    ("Noto Sans", 700, "NotoSans-Bold.ttf"),
    ("Noto Sans SC", 400, "NotoSansSC-Regular.otf"),
)
"""Family, weight, file."""

BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
INK, MUTED, FAINT, SHADE = "#1b1f24", "#57606a", "#d0d7de", "#eceff2"

DIRECTION_COLOURS = {"northbound": BLUE, "southbound": VERMILION}
STATE_COLOURS = {
    "In line": ORANGE,
    "Stage closed": "#8c959f",
    "Being served": GREEN,
    "Blocked": PURPLE,
}
CLASS_COLOURS = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILION, "#6e5a00", "#7a7a7a")
CLASS_DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [12, 4], [4, 2, 1, 2], [3, 5], [10, 2])

PNG_SCALE = 2.0

CONFIG: dict[str, Any] = {
    "font": FONT,
    "background": "#ffffff",
    "padding": 8,
    "aria": False,  # the picture as a whole has a text; its parts would be read out one by one
    "view": {"stroke": None},
    "title": {
        "anchor": "start",
        "color": INK,
        "fontSize": 15,
        "fontWeight": 700,
        "subtitleColor": MUTED,
        "subtitleFontSize": 11.5,
        "subtitlePadding": 5,
        "subtitleLineHeight": 16,
        "lineHeight": 19,
        "offset": 12,
    },
    "axis": {
        "labelColor": MUTED,
        "labelFontSize": 11,
        "titleColor": MUTED,
        "titleFontSize": 11,
        "titleFontWeight": 400,
        "gridColor": "#e3e7eb",
        "domainColor": "#8c959f",
        "tickColor": "#8c959f",
        "labelLimit": 260,
    },
    "axisY": {"domain": False, "ticks": False},
    "legend": {
        "labelColor": INK,
        "labelFontSize": 11.5,
        "titleColor": MUTED,
        "titleFontSize": 11,
        "titleFontWeight": 400,
        "labelLimit": 260,
        "symbolStrokeWidth": 2.5,
        "orient": "bottom",
        "direction": "horizontal",
        "columnPadding": 16,
    },
    "text": {"font": FONT, "color": INK},
}


@functools.cache
def _registered() -> Any:
    """Return the renderer, the fonts of this package known to it."""
    import vl_convert

    vl_convert.register_font_directory(str(FONTS))
    return vl_convert


def svg_of(chart: Any) -> str:
    """Return an Altair chart as SVG text; the same chart gives the same text on every machine."""
    specification = chart.to_dict()
    specification["config"] = CONFIG
    text: str = _registered().vegalite_to_svg(specification)
    return text


def png_of(svg: str) -> bytes:
    """Return an SVG as a PNG picture of twice its size."""
    picture: bytes = _registered().svg_to_png(svg, scale=PNG_SCALE)
    return picture


def standalone(svg: str, description: str) -> str:
    """Return an SVG that carries its letters with it and says in words what it shows."""
    style = f"<style>{font_faces([svg])}</style>"
    said = f"<desc>{_escaped(description)}</desc>"
    return re.sub(r"(<svg\b[^>]*>)", lambda found: found[1] + said + style, svg, count=1)


def inline(svg: str, name: str) -> str:
    """Return an SVG to put into a page: as wide as its place, names of its parts unlike those of other charts."""
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r"url\(#", f"url(#{name}-", svg)
    head = re.match(r'<svg\b[^>]*\bwidth="([\d.]+)" height="([\d.]+)" viewBox="([^"]*)"[^>]*>', svg)
    assert head, "the renderer writes width, height and viewBox in this order"
    opened = f'<svg viewBox="{head[3]}" style="max-width:{head[1]}px" aria-hidden="true" focusable="false">'
    return opened + svg[head.end() :]


def font_faces(texts: Iterable[str]) -> str:
    """Return `@font-face` rules that hold the letters of these texts, so that nothing needs loading."""
    letters = frozenset("".join(texts))
    return "".join(
        f"@font-face{{font-family:'{family}';font-weight:{weight};"
        f"src:url(data:font/woff2;base64,{_packed(file, letters)}) format('woff2')}}"
        for family, weight, file in FACES
        if letters & _held(file)
    )


@functools.cache
def _held(file: str) -> frozenset[str]:
    """The letters that a font adds; Latin ones are left to the first family."""
    from fontTools.ttLib import TTFont

    codes = TTFont(FONTS / file, lazy=True).getBestCmap()
    return frozenset(chr(code) for code in codes if file.startswith("NotoSans-") or code > 0x2FFF)


def _packed(file: str, letters: frozenset[str]) -> str:
    """Return a font cut down to `letters`, as base64 of WOFF2."""
    from fontTools import subset
    from fontTools.ttLib import TTFont

    options = subset.Options(hinting=False, layout_features=["kern", "mark", "mkmk", "ccmp", "tnum"])
    font = TTFont(FONTS / file, recalcTimestamp=False, lazy=True)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=sorted(ord(letter) for letter in letters & _held(file)))
    cutter.subset(font)
    font.flavor = "woff2"
    packed = BytesIO()
    font.save(packed)
    return base64.b64encode(packed.getvalue()).decode("ascii")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
