"""A map as SVG: one picture for command, docs and report."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from experiments.map.layout import BOX_H, BOX_W, GateMap
from experiments.plots import theme

COLOURS = {"first": theme.BLUE, "other": theme.VERMILION, "shared": theme.INK, "empty": theme.MUTED}
LEGEND_H, LEGEND_ROW_H = 34, 18
NOTE = "4+1: lanes of each group · ∞: no limit · %: share of the trucks"


def as_svg(gate_map: GateMap, colours: theme.Theme = "light") -> str:
    """Return the map as one SVG that needs nothing else; the same gate gives the same text."""
    body = "".join(_parts(gate_map))
    width, height = _size(gate_map)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}" font-family="{theme.FONT}">{body}</svg>'
    )
    return theme.themed(svg, colours)


def standalone(gate_map: GateMap, colours: theme.Theme = "light") -> str:
    """Return the map as an SVG that carries its letters, and says in words what it shows."""
    svg = as_svg(gate_map, colours)
    return theme.standalone(svg, in_words(gate_map), theme.font_faces([svg]))


def as_png(gate_map: GateMap, colours: theme.Theme = "light") -> bytes:
    """Return the map as a PNG picture of twice its size."""
    return theme.png_of(as_svg(gate_map, colours))


def in_words(gate_map: GateMap) -> str:
    """Return the stages of each side, for those who do not see the picture."""
    parts = []
    for side in gate_map.sides:
        here = sorted((s for s in gate_map.stages if s.side == side["name"]), key=lambda stage: (stage.x, stage.y))
        parts.append(f"{side['title']}: " + ", ".join(f"{stage.title} ({stage.lanes} lanes)" for stage in here))
    return f"Map of {gate_map.title}. " + ". ".join(parts) + "."


def _size(gate_map: GateMap) -> tuple[float, float]:
    """Return width and height of the picture [px]; what does not fit beside the legend goes below it."""
    width = max(gate_map.width, 520)
    ends = 14 + sum(_width_of(words) for words, _, _ in _legend_entries(gate_map))
    return width, gate_map.height + LEGEND_H + (LEGEND_ROW_H if ends + 5.6 * len(NOTE) > width else 0)


def _width_of(words: str) -> float:
    return 60 + 6.2 * len(words)


def _parts(gate_map: GateMap) -> Iterator[str]:
    width, height = _size(gate_map)
    line = gate_map.line_x
    yield f'<rect width="{width:g}" height="{height:g}" fill="{theme.LEFT_GROUND}"/>'
    if line is not None:
        yield f'<rect x="{line:g}" width="{width - line:g}" height="{height:g}" fill="{theme.RIGHT_GROUND}"/>'
        yield _stroke(f"M{line:g} 0V{height:g}", theme.INK, 2, "10 4 2 4")
    for side in gate_map.sides:
        if side["left"] or line is not None:
            x, anchor = (14, "start") if side["left"] else (width - 14, "end")
            yield _text(x, 26, str(side["title"]), size=15, weight=700, anchor=anchor)
    for area in gate_map.areas:
        yield (
            f'<rect x="{area.x:g}" y="{area.y:g}" width="{area.width:g}" height="{area.height:g}" rx="8" '
            f'fill="{theme.AREA}" fill-opacity="0.7"/>'
        )
        if area.label:
            yield _text(area.x + 2, area.y - 5, area.label, colour=theme.MUTED)
    for move in gate_map.moves:
        width, dashes = (1.3, "4 3") if move.kind == "empty" else (2.0, "")
        yield _stroke(move.path, COLOURS[move.kind], width, dashes, f"url(#to-{move.kind})")
    for stage in gate_map.stages:
        edge = theme.GREY if stage.unlimited else theme.INK
        yield (
            f'<g transform="translate({stage.x:g},{stage.y:g})"><title>{escape(stage.title)}</title>'
            f'<rect width="{BOX_W}" height="{BOX_H}" rx="5" fill="{theme.PAPER}" stroke="{edge}"/>'
        )
        for n, row in enumerate(stage.lines):
            yield _text(5, 14 + 12.5 * n, row)
        yield _text(5, BOX_H - 6, stage.lanes, colour=theme.MUTED)
        if stage.share:
            yield _text(BOX_W - 5, BOX_H - 6, stage.share, colour=theme.MUTED, anchor="end")
        yield "</g>"
    yield from _legend(gate_map)
    yield "<defs>" + "".join(_head(kind, colour) for kind, colour in COLOURS.items()) + "</defs>"


def _legend_entries(gate_map: GateMap) -> list[tuple[str, str, str]]:
    """Return what the legend explains: (words, colour, dashes)."""
    entries: list[tuple[str, str, str]] = []
    for n, words in enumerate(gate_map.directions.values()):
        entries.append((words, COLOURS["other" if n else "first"], ""))
    if any(move.kind == "shared" for move in gate_map.moves):
        entries.append(("both", theme.INK, ""))
    if any(move.kind == "empty" for move in gate_map.moves):
        entries.append(("empty", theme.MUTED, "4 3"))
    return entries


def _legend(gate_map: GateMap) -> Iterator[str]:
    y, x = gate_map.height + 14, 14.0
    for words, colour, dashes in _legend_entries(gate_map):
        yield _stroke(f"M{x:g} {y:g}h26", colour, 2, dashes)
        yield _text(x + 32, y + 4, words, colour=theme.MUTED)
        x += _width_of(words)
    if _size(gate_map)[1] > gate_map.height + LEGEND_H:
        x, y = 14.0, y + LEGEND_ROW_H
    yield _text(x, y + 4, NOTE, colour=theme.MUTED)


def _head(kind: str, colour: str) -> str:
    return (
        f'<marker id="to-{kind}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
        f'markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L8 4L0 8Z" fill="{colour}"/></marker>'
    )


def _stroke(path: str, colour: str, width: float, dashes: str = "", end: str = "") -> str:
    more = f' stroke-dasharray="{dashes}"' if dashes else ""
    more += f' marker-end="{end}"' if end else ""
    return f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width:g}"{more}/>'


def _text(x: float, y: float, text: str, **more: Any) -> str:
    size, weight = more.get("size", 10.5), more.get("weight", 400)
    colour, anchor = more.get("colour", theme.INK), more.get("anchor", "start")
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size}" font-weight="{weight}" fill="{colour}" '
        f'text-anchor="{anchor}">{escape(text)}</text>'
    )
