"""Make the font subsets of `experiments/plots/fonts/` from the fonts of two Debian packages.

Plots and reports name gates in Vietnamese and Chinese, and must look the same on a machine that has
neither script. So the package carries its own fonts, cut down to the characters such texts use.

On Debian or Ubuntu:        python scripts/make_fonts.py
With unpacked packages:     python scripts/make_fonts.py --unpacked FOLDER
Only the parts for pages:   python scripts/make_fonts.py --slices

The output is the same to the byte for the same packages and the same version of fontTools.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from fontTools import subset
from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from experiments.plots import theme  # noqa: E402

FONTS = ROOT / "experiments" / "plots" / "fonts"
PACKAGES = ("fonts-noto-core", "fonts-noto-cjk")
TRUETYPE = "usr/share/fonts/truetype/noto"
CJK = "usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"
CJK_SIMPLIFIED = 2  # the third face of the collection

LATIN = [
    range(0x0020, 0x007F),  # ASCII
    range(0x00A0, 0x0250),  # Latin-1 Supplement, Latin Extended-A and -B
    range(0x0300, 0x0330),  # combining accents
    range(0x0370, 0x03D0),  # Greek letters of formulas
    range(0x1E00, 0x1F00),  # Latin Extended Additional: Vietnamese
    range(0x2000, 0x2070),  # punctuation, spaces
    range(0x2070, 0x20A0),  # superscripts, subscripts
    range(0x20A0, 0x20C0),  # currencies
    range(0x2100, 0x2150),  # letter-like signs
]
# Noto Sans itself has no arrows and no mathematics; they come from its sister faces.
MATHEMATICS = "←↑→↓↔⇄∂∆∏∑−∕√∞∫≈≠≡≤≥"
SYMBOLS = "■□▲△▶▼▽◀◆○●★✓✗"

HAN_PUNCTUATION = "、。〈〉《》「」『』【】〔〕〖〗·…—“”‘’！（），：；？％＋－＝～￥"
# Places and words that the first level of GB 2312 lacks.
HAN_EXTRA = "峒圩曲垌浔邕畲箐镉喃"


def characters(ranges: Iterable[range]) -> set[int]:
    return {code for span in ranges for code in span}


def gb2312_level_1() -> set[int]:
    """Return the 3,755 most common hanzi: rows 16 to 55 of GB 2312, whose last row holds 89."""
    rows = [(row, 89 if row == 55 else 94) for row in range(16, 56)]
    return {ord(bytes((row + 0xA0, cell + 0xA0)).decode("gb2312")) for row, last in rows for cell in range(1, last + 1)}


def cut(font: TTFont, codes: set[int], features: list[str]) -> TTFont:
    """Return the font with these characters only, without hints."""
    options = subset.Options()
    options.hinting = False
    options.layout_features = features
    options.name_IDs = ["*"]
    options.notdef_outline = True
    options.recalc_timestamp = False
    options.drop_tables += ["DSIG", "BASE", "VORG", "vhea", "vmtx"]
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=codes)
    cutter.subset(font)
    return font


def graft(target: TTFont, source: TTFont, text: str) -> None:
    """Copy the glyphs of these characters into a TrueType font that lacks them."""
    assert target["head"].unitsPerEm == source["head"].unitsPerEm
    drawn, names = source.getGlyphSet(), source.getBestCmap()
    for character in text:
        pen, name = DecomposingRecordingPen(drawn), f"uni{ord(character):04X}"
        drawn[names[ord(character)]].draw(pen)
        outline = TTGlyphPen(None)
        pen.replay(outline)
        target.setGlyphOrder([*target.getGlyphOrder(), name])
        target["glyf"].glyphs[name] = outline.glyph()
        target["glyf"].glyphOrder = target.getGlyphOrder()
        target["hmtx"].metrics[name] = source["hmtx"].metrics[names[ord(character)]]
        for table in target["cmap"].tables:
            if table.isUnicode():
                table.cmap[ord(character)] = name


def rename(font: TTFont, family: str, style: str) -> None:
    """Give the font the family name that plots ask for."""
    postscript = f"{family.replace(' ', '')}-{style}"
    full = family if style == "Regular" else f"{family} {style}"
    names = font["name"]
    for identifier, value in {1: family, 2: style, 3: f"{postscript};subset", 4: full, 6: postscript}.items():
        for record in [record for record in names.names if record.nameID == identifier]:
            names.setName(value, identifier, record.platformID, record.platEncID, record.langID)
    names.names = [record for record in names.names if record.nameID not in (16, 17, 21, 22, 25)]
    if "CFF " in font:
        tables = font["CFF "].cff
        tables.fontNames[0] = postscript
        tables[0].FullName, tables[0].FamilyName = full, family


def latin(folder: Path, style: str) -> TTFont:
    faces = folder / TRUETYPE
    font = cut(TTFont(faces / f"NotoSans-{style}.ttf"), characters(LATIN), ["kern", "mark", "mkmk", "ccmp", "tnum"])
    graft(font, TTFont(faces / "NotoSansMath-Regular.ttf"), MATHEMATICS)
    graft(font, TTFont(faces / "NotoSansSymbols2-Regular.ttf"), SYMBOLS)
    rename(font, "Noto Sans", style)
    return font


def chinese(folder: Path) -> TTFont:
    codes = gb2312_level_1() | {ord(character) for character in HAN_PUNCTUATION + HAN_EXTRA}
    codes |= set(range(0x0020, 0x007F)) | set(range(0xFF01, 0xFF5F))
    face = TTFont(folder / CJK, fontNumber=CJK_SIMPLIFIED)
    font = cut(face, codes, ["kern"])
    rename(font, "Noto Sans SC", "Regular")
    return font


def download(folder: Path) -> None:
    """Download and unpack the packages; nothing is installed."""
    for package in PACKAGES:
        subprocess.run(["apt-get", "download", "-qq", package], cwd=folder, check=True)
    for archive in sorted(folder.glob("*.deb")):
        subprocess.run(["dpkg-deb", "-x", str(archive), str(folder)], check=True)


def make(folder: Path) -> None:
    FONTS.mkdir(parents=True, exist_ok=True)
    made = {
        "NotoSans-Regular.ttf": latin(folder, "Regular"),
        "NotoSans-Bold.ttf": latin(folder, "Bold"),
        "NotoSansSC-Regular.otf": chinese(folder),
    }
    for name, font in made.items():
        font.recalcTimestamp = False
        font.save(FONTS / name)
        size = (FONTS / name).stat().st_size
        print(f"{name}: {len(font.getBestCmap()):,} characters, {size / 1000:,.0f} kB")


def slices() -> None:
    """Cut the parts of Noto Sans that pages and plots carry with them, so that nobody cuts them at run time."""
    for style in ("Regular", "Bold"):
        for name, letters in theme.SLICES.items():
            part = FONTS / f"NotoSans-{style}.{name}.woff2"
            part.write_bytes(theme.cut(FONTS / f"NotoSans-{style}.ttf", letters))
            print(f"{part.name}: {len(letters):,} characters, {part.stat().st_size / 1000:,.1f} kB")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--unpacked", type=Path, help=f"a folder with {' and '.join(PACKAGES)} unpacked in it")
    parser.add_argument("--slices", action="store_true", help="only cut the parts for pages from the fonts there")
    arguments = parser.parse_args()
    if arguments.unpacked:
        make(arguments.unpacked)
    elif not arguments.slices:
        with tempfile.TemporaryDirectory() as folder:
            download(Path(folder))
            make(Path(folder))
    slices()
    return 0


if __name__ == "__main__":
    sys.exit(main())
