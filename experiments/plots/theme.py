"""How charts look, and how they become files: colours, fonts, SVG and PNG.

The colours are those of Okabe and Ito (2008, "Color Universal Design") and, for classes of trucks, of Tol (2021,
"Colour Schemes"). People with any common form of colour blindness can tell those of each set apart. Where lines could
be mixed up, they differ in dashes too.
"""

from __future__ import annotations

import base64
import functools
import json
import re
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape
from io import BytesIO
from pathlib import Path
from typing import Any, Literal, Protocol

from gates.schema.base import PAIRS
from gates.schema.borders.names import parted

FONTS = Path(__file__).resolve().parent / "fonts"
FONT = "Noto Sans, Noto Sans SC"
FACES = (
    ("Noto Sans", 400, "NotoSans-Regular.ttf"),
    ("Noto Sans", 700, "NotoSans-Bold.ttf"),
    ("Noto Sans SC", 400, "NotoSansSC-Regular.otf"),
)
"""Family, weight, file."""

LATIN = frozenset(map(chr, range(0x20, 0x7F))) | frozenset("\u00a0\u2009±·×−–“”…→≤≥²°λ")
VIETNAMESE = frozenset(map(chr, range(0x1EA0, 0x1EFA))) | frozenset("ÀÁÂÃÈÉÊÌÍÒÓÔÕÙÚÝĂĐĨŨƠƯàáâãèéêìíòóôõùúýăđĩũơư")
SLICES = {"latin": LATIN, "vietnamese": VIETNAMESE}
"""Letters for which the fonts of the first family were cut when they were made; others are cut where they are used."""
NOT_DRAWN = frozenset("\n\r\t")
HAN_FROM = "\u3000"
"""Letters from here on are of the second family."""

BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
GREY, PAPER = "#8c959f", "#ffffff"
INK, MUTED, GRID, SHADE = "#1b1f24", "#57606a", "#e3e7eb", "#eceff2"
FAINT = "#a8b0b9"
LEFT_GROUND, RIGHT_GROUND, AREA = "#f6f8fa", "#fdf9f1", "#e4e8ec"
"""Of both sides of a map, and of areas on it."""
BLUES = ("#f2f5f9", "#9ecae1", "#08519c")
"""Of a scale from little to much."""

_DIRECTION_COLOURS: dict[str, str] = {
    name: colour for pair in PAIRS for name, colour in zip(pair, (BLUE, VERMILION), strict=True)
}


def direction_colour(name: str) -> str:
    """Return the colour of a direction, at whichever gate of a border."""
    return _DIRECTION_COLOURS[parted(name)[1]]


STATE_COLOURS = {
    "In the queue": ORANGE,
    "Stage closed": GREY,
    "Being processed": GREEN,
    "Blocked": PURPLE,
    "Goods not ready": YELLOW,
}
CLASS_COLOURS = ("#332288", "#CC6677", "#999933", "#88CCEE", "#882255", "#DDCC77", "#AA4499", "#44AA99")
"""Those of Tol ("muted"), so that no colour of a class means a direction or a state as well."""
CLASS_DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [12, 4], [4, 2, 1, 2], [3, 5], [10, 2])

Theme = Literal["light", "dark"]
DARK_PAPER, DARK_INK = "#12171c", "#e6edf3"
DARK = {
    **{BLACK: DARK_INK, INK: DARK_INK, PAPER: DARK_PAPER, MUTED: "#9aa7b4", GREY: "#76818c", FAINT: "#6b7681"},
    **{GRID: "#28313b", SHADE: "#242d36", LEFT_GROUND: "#1a2129", RIGHT_GROUND: "#211f1a", AREA: "#28313b"},
    **{BLUE: "#3d8fd6", ORANGE: "#f0b429", GREEN: "#1fb489", PURPLE: "#e39bc6", SKY: "#a6dcff", VERMILION: "#f2763c"},
    **{YELLOW: YELLOW, "#332288": "#9a90f0", "#CC6677": "#e58a97", "#999933": "#c3c35a", "#88CCEE": "#88CCEE"},
    **{"#882255": "#e0699f", "#DDCC77": "#DDCC77", "#AA4499": "#d07bc2", "#44AA99": "#44AA99"},
    **dict(zip(BLUES, ("#1a2129", "#1f5f98", "#a6dcff"), strict=True)),
}
"""What each colour is on a dark ground: at least 3 : 1 against it, and as far from the others as in the light.

Only the pale grounds (grid, closed hours, the low end of a scale) are fainter, as they are in the light.
"""

PNG_SCALE = 2.0
LETTER_PX, TITLE_LETTER_PX = 5.8, 8.6
"""Mean width of a letter of the text under a title, and of the title [px]; a Chinese one takes twice as much."""

CONFIG: dict[str, Any] = {
    "font": FONT,
    "background": PAPER,
    "padding": 8,
    "aria": False,  # the picture as a whole has a text; its parts would be read out one by one
    "view": {"stroke": None},
    "title": {"anchor": "start", "color": INK, "fontSize": 12, "fontWeight": 700, "lineHeight": 15, "offset": 6},
    "axis": {
        "labelColor": MUTED,
        "labelFontSize": 11,
        "titleColor": MUTED,
        "titleFontSize": 11,
        "titleFontWeight": 400,
        "gridColor": GRID,
        "domainColor": GREY,
        "tickColor": GREY,
        "labelLimit": 260,
        "labelPadding": 5,
    },
    "axisY": {"domain": False, "ticks": False},
    "legend": {
        "labelColor": INK,
        "labelFontSize": 11.5,
        "titleColor": MUTED,
        "titleFontSize": 11,
        "titleFontWeight": 400,
        "labelLimit": 0,
        "symbolStrokeWidth": 2.5,
        "symbolOpacity": 1,
        "orient": "bottom",
        "direction": "horizontal",
        "columnPadding": 16,
    },
    "text": {"font": FONT, "color": INK},
}


class Naming(Protocol):
    """What a file of a plot says of its result."""

    @property
    def title(self) -> str:
        """The gate in its languages."""
        ...

    @property
    def basis(self) -> str:
        """What was run."""
        ...


@dataclass(frozen=True)
class Picture:
    """A plot that was drawn, in both widths: for files and for pages."""

    name: str
    """File name, without its ending."""
    title: str
    caption: str
    alt: str
    warning: str
    wide: str
    """SVG for a file and a screen."""
    narrow: str
    """SVG for a phone."""


@functools.cache
def _registered() -> Any:
    """Return the renderer, the fonts of this package known to it."""
    import vl_convert

    vl_convert.register_font_directory(str(FONTS))
    return vl_convert


def themed(text: str, theme: Theme) -> str:
    """Return a chart in Vega-Lite or SVG, as text, in the colours of a theme."""
    if theme == "light":
        return text
    return _COLOUR.sub(lambda found: _ON_DARK.get(found[0].lower(), found[0]), text)


_COLOUR = re.compile(r"#[0-9a-fA-F]{6}\b")
_ON_DARK = {light.lower(): dark for light, dark in DARK.items()}


def svg_of(chart: Any) -> str:
    """Return an Altair chart as SVG text; the same chart gives the same text."""
    return rendered({**chart.to_dict(), "config": CONFIG})


def rendered(specification: dict[str, Any], numbers: dict[str, Any] | None = None) -> str:
    """Return a chart in Vega-Lite as SVG text, its numbers written as d3-format is told to; in English otherwise."""
    text: str = _registered().vegalite_to_svg(json.dumps(specification, ensure_ascii=False), format_locale=numbers)
    # the renderer numbers what it clips through the life of the process: number anew, so that files repeat
    names = {name: f"part{n}" for n, name in enumerate(dict.fromkeys(re.findall(r'\bid="([^"]+)"', text)))}
    text = re.sub(r'\bid="([^"]+)"', lambda found: f'id="{names[found[1]]}"', text)
    return re.sub(r"url\(#([^)]+)\)", lambda found: f"url(#{names[found[1]]})", text)


def png_of(svg: str) -> bytes:
    """Return an SVG as a PNG picture of twice its size."""
    picture: bytes = _registered().svg_to_png(svg, scale=PNG_SCALE)
    return picture


def write_pictures(folder: Path, pictures: Iterable[Picture], labels: Naming, *, png: bool = False) -> list[Path]:
    """Write the SVG of each picture, and its PNG if wanted, to `plots/` of a folder; return their paths."""
    shown = {picture: as_file(picture, labels) for picture in pictures}
    faces = font_faces(shown.values())
    target = folder / "plots"
    target.mkdir(exist_ok=True)
    written = []
    for picture, svg in shown.items():
        written.append(target / f"{picture.name}.svg")
        written[-1].write_text(standalone(svg, picture.alt, faces), encoding="utf-8", newline="\n")
        if png:
            written.append(target / f"{picture.name}.png")
            written[-1].write_bytes(png_of(svg))
    return written


def as_file(picture: Picture, labels: Naming) -> str:
    """Return a picture as its file shows it: under its title, the gate's names and its caption."""
    text = f"{labels.basis}. {picture.caption}"
    return with_heading(picture.wide, picture.title, labels.title, text, picture.warning)


def with_heading(svg: str, title: str, subtitle: str, text: str, warning: str = "") -> str:
    """Return a picture under its title, a subtitle, a warning and a text, all wrapped to the picture's width."""
    width, height, inner = _opened(svg)
    titles = _wrapped(title, width - 16, TITLE_LETTER_PX)
    below = 20 * (len(titles) - 1)
    colours = {MUTED: [subtitle], INK: _wrapped(warning, width)}
    lines = [(line, colour) for colour, part in colours.items() for line in part]
    lines += [(line, MUTED) for line in _wrapped(text, width)]
    top = 34 + below + 16 * len(lines)
    rows = "".join(
        f'<text x="8" y="{24 + 20 * n}" font-size="15" font-weight="700" fill="{INK}">{escape(line)}</text>'
        for n, line in enumerate(titles)
    ) + "".join(
        f'<text x="8" y="{44 + below + 16 * n}" font-size="11.5" fill="{colour}">{escape(line)}</text>'
        for n, (line, colour) in enumerate(lines)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="{width:g}" '
        f'height="{height + top:g}" viewBox="0 0 {width:g} {height + top:g}" font-family="{FONT}">'
        f'<rect width="{width:g}" height="{height + top:g}" fill="{PAPER}"/>'
        f"{rows}"
        f'<g transform="translate(0,{top})">{inner}</g></svg>'
    )


def _wrapped(text: str, width: float, letter_px: float = LETTER_PX) -> list[str]:
    """Return a text in lines that a width [px] holds; Chinese breaks between any two letters."""
    if not any(letter >= HAN_FROM for letter in text):
        return textwrap.wrap(text, int(width / letter_px))
    lines, taken = [""], 0.0
    for part in breakable(text):
        needed = sum(2 * letter_px if letter >= HAN_FROM else letter_px for letter in part.rstrip())
        if taken + needed > width:
            lines.append("")
            taken = 0.0
        lines[-1] += part
        taken += needed + (letter_px if part.endswith(" ") else 0)
    return [line.strip() for line in lines]


def breakable(text: str) -> list[str]:
    """Return the parts between which a line may break: words with the space after them, single Chinese letters."""
    return re.findall(
        r"[\u2e80-\u9fff\uff00-\uffef][）】，。、；：]*|[^\s\u2e80-\u9fff\uff00-\uffef]+[，。、；：）]*\s*|\s+", text
    )


def standalone(svg: str, description: str, faces: str) -> str:
    """Return an SVG that carries its letters with it and says in words what it shows."""
    head, _, rest = svg.partition(">")
    return f"{head}><desc>{escape(description)}</desc><style>{faces}</style>{rest}"


def inline(svg: str, name: str) -> str:
    """Return an SVG to put into a page: its names unlike those of other charts there, a quarter larger at most."""
    svg = re.sub(r'\bid="', f'id="{name}-', svg).replace("url(#", f"url(#{name}-")
    width, height, inner = _opened(svg)
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" style="max-width:{1.25 * width:g}px" aria-hidden="true" '
        f'focusable="false" font-family="{FONT}">{inner}</svg>'
    )


def _opened(svg: str) -> tuple[float, float, str]:
    """Return width, height and content of an SVG."""
    found = re.match(r'<svg\b[^>]*\bwidth="([\d.]+)" height="([\d.]+)"[^>]*>(.*)</svg>\s*$', svg, re.DOTALL)
    assert found, "the renderer writes width and height in this order"
    return float(found[1]), float(found[2]), found[3]


def font_faces(texts: Iterable[str]) -> str:
    """Return `@font-face` rules that hold the letters of these texts, so that nothing needs loading."""
    letters = frozenset("".join(texts)) - NOT_DRAWN
    return "".join(
        f"@font-face{{font-family:'{family}';font-weight:{weight};"
        f"src:url(data:font/woff2;base64,{packed}) format('woff2');unicode-range:{_ranges(held)}}}"
        for family, weight, file in FACES
        for packed, held in _parts(file, letters)
    )


def _parts(file: str, letters: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield the parts of a font that hold some letters, as base64 of WOFF2, each with its own letters."""
    if not file.startswith("NotoSans-"):
        others = frozenset(letter for letter in letters if letter >= HAN_FROM)
    else:
        for name, held in SLICES.items():
            if letters & held:
                yield _slice(file, name), held
        others = frozenset(letter for letter in letters if letter < HAN_FROM).difference(*SLICES.values())
    if others and (known := others & _held(file)):
        yield _packed(file, known), known


@functools.cache
def _slice(file: str, name: str) -> str:
    """Return a part of a font that was cut when the fonts were made (`scripts/make_fonts.py`)."""
    return base64.b64encode((FONTS / f"{Path(file).stem}.{name}.woff2").read_bytes()).decode("ascii")


def _ranges(letters: Iterable[str]) -> str:
    """Return letters as CSS writes them: `U+20-7E,U+B1`."""
    codes = sorted(map(ord, letters))
    first = [code for n, code in enumerate(codes) if n == 0 or codes[n - 1] != code - 1]
    last = [code for n, code in enumerate(codes) if n == len(codes) - 1 or codes[n + 1] != code + 1]
    return ",".join(f"U+{a:X}" if a == b else f"U+{a:X}-{b:X}" for a, b in zip(first, last, strict=True))


@functools.cache
def _held(file: str) -> frozenset[str]:
    """Return the letters that a font has."""
    from fontTools.ttLib import TTFont

    with TTFont(FONTS / file, lazy=True) as font:
        return frozenset(map(chr, font.getBestCmap()))


@functools.lru_cache(maxsize=32)
def _packed(file: str, letters: frozenset[str]) -> str:
    """Return a font cut down to `letters`, as base64 of WOFF2."""
    return base64.b64encode(cut(FONTS / file, letters)).decode("ascii")


def cut(font_file: Path, letters: Iterable[str]) -> bytes:
    """Return a font cut down to some letters, as WOFF2; the same bytes for the same letters."""
    from fontTools import subset
    from fontTools.ttLib import TTFont

    options = subset.Options(hinting=False, layout_features=["kern", "mark", "mkmk", "ccmp", "tnum"])
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=sorted(map(ord, letters)))
    packed = BytesIO()
    with TTFont(font_file, recalcTimestamp=False, lazy=True) as font:
        cutter.subset(font)
        font.flavor = "woff2"
        font.save(packed)
    return packed.getvalue()
