"""Where everything of a map stands: bands, columns, boxes, areas, lines.

Left is where trucks of the first direction come from. A stage that trucks pass only to the right stands in the upper
band, only to the left in the lower one, both ways (a shared yard) in the middle. Across, it stands at its place along
the road: left of the line by the longest way to the line, right of it by the longest way from it.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from experiments.map.moves import Move, Traffic, traffic
from experiments.map.routes import Ground
from experiments.map.texts import lanes_text, wrapped
from gates.borders.alone import refuse_border
from gates.countries import side_title
from gates.describe.stages import stage_rows
from gates.describe.texts import title_of
from gates.schema.base import LanguageTag
from gates.schema.gate import Gate
from gates.schema.quantities import share_text
from gates.sources import SourcedNumber, every_number

BOX_W, BOX_H = 86, 70
STEP_X, STEP_Y = 100, 84
MARGIN, TOP, BAND_GAP, LINE_GAP = 14, 64, 30, 44
OFFSETS = {"first": 0.0, "shared": 0.0, "other": 0.0, "empty": 9.0}
BANDS = ("upper", "middle", "lower")


@dataclasses.dataclass(frozen=True, slots=True)
class StageBox:
    """A stage on the map."""

    name: str
    title: str
    lines: tuple[str, ...]
    """Its title in short lines; the side is left out, since the map shows it."""
    side: str
    band: str
    x: float
    y: float
    lanes: str
    share: str
    """Share of the trucks that visit it; empty for all."""
    unlimited: bool
    details: tuple[Mapping[str, Any], ...]
    """One for each lane group: lanes, whom it admits, hours on each side's clock, service, ids of sources."""


@dataclasses.dataclass(frozen=True, slots=True)
class AreaTint:
    """A part of the ground of an area of limited space."""

    name: str
    title: str
    spaces: int
    x: float
    y: float
    width: float
    height: float
    label: str
    """Its title and spaces; empty on all parts but the first."""


@dataclasses.dataclass(frozen=True, slots=True)
class MoveLine:
    """A line from one stage to the next."""

    start: str
    end: str
    direction: str
    kind: str
    """`first` or `other` for loaded trucks of the first direction of the gate or the other one, `shared` where both go
    the same way, `empty`."""
    path: str
    """What SVG draws."""


@dataclasses.dataclass(frozen=True, slots=True)
class GateMap:
    """The map of a gate."""

    title: str
    width: float
    height: float
    line_x: float | None
    """The border; none if all stages stand on one side."""
    sides: tuple[Mapping[str, Any], ...]
    directions: Mapping[str, str]
    """Direction -> in words, from where to where."""
    classes: Mapping[str, str]
    """Vehicle class -> its title."""
    areas: tuple[AreaTint, ...]
    stages: tuple[StageBox, ...]
    moves: tuple[MoveLine, ...]

    def document(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {**dataclasses.asdict(self), "box": {"width": BOX_W, "height": BOX_H}}


def lay_out(gate: Gate, language: LanguageTag = "en") -> GateMap:
    """Return the map of a gate, its texts in a language.

    Raises
    ------
    ConfigError
        If it is a border.
    """
    refuse_border(gate, "gate", "a map shows one gate, and this is a border")
    going = traffic(gate)
    left = gate.origin[next(iter(gate.paths))]
    stages = [name for name in gate.stages if name in going.headings]
    right_way = next(iter(gate.paths))
    bands = {name: _band(going.headings[name], right_way) for name in stages}
    columns, line = _columns(gate, going, left, right_way, stages)
    cells: dict[tuple[str, int], list[str]] = defaultdict(list)
    for name in _in_order(going, stages):
        cells[bands[name], columns[name]].append(name)
    rows = {band: max([len(c) for (b, _), c in cells.items() if b == band], default=0) for band in BANDS}
    tops, y = {}, float(TOP)
    for band in BANDS:
        tops[band] = y
        y += rows[band] * STEP_Y + (BAND_GAP if rows[band] else 0)
    last = max(columns.values(), default=0)
    width = MARGIN * 2 + (last + 1) * STEP_X - (STEP_X - BOX_W) + (LINE_GAP if line is not None else 0)
    places: dict[str, tuple[float, float]] = {}
    for (band, column), names in cells.items():
        x = MARGIN + column * STEP_X + (LINE_GAP if line is not None and column >= line else 0)
        above = (rows[band] - len(names)) * STEP_Y / 2
        for n, name in enumerate(names):
            places[name] = x, tops[band] + above + n * STEP_Y
    line_x = None if line is None else MARGIN + line * STEP_X - (STEP_X - BOX_W) / 2 + LINE_GAP / 2
    ends = {band: tops[band] + rows[band] * STEP_Y - (STEP_Y - BOX_H) for band in BANDS}
    rims = {name: (tops[bands[name]] - BAND_GAP / 2, ends[bands[name]] + BAND_GAP / 2) for name in stages}
    ground = Ground(places, BOX_W, BOX_H, rims)
    return GateMap(
        title=title_of(gate.title, gate.name, language),
        width=width,
        height=y - BAND_GAP + MARGIN,
        line_x=line_x,
        sides=tuple(
            {"name": side, "title": side_title(side, language), "zone": zone, "left": side == left}
            for side, zone in gate.sides.items()
        ),
        directions={name: direction_text(gate, name, language) for name in gate.paths},
        classes={name: title_of(one.title, name, language) for name, one in gate.classes.items()},
        areas=tuple(_tints(gate, places, bands, cells, columns, language)),
        stages=tuple(_boxes(gate, going, bands, places, language)),
        moves=tuple(_lines(going, ground, bands, right_way)),
    )


def _band(headings: frozenset[str], right_way: str) -> str:
    if len(headings) > 1:
        return "middle"
    return "upper" if right_way in headings else "lower"


def _in_order(going: Traffic, stages: Sequence[str]) -> list[str]:
    """Return the stages in the order in which the moves come to them."""
    met = dict.fromkeys(name for move in going.moves for name in (move.start, move.end))
    return [*met, *(name for name in stages if name not in met)]


def _columns(
    gate: Gate, going: Traffic, left: str, right_way: str, stages: Sequence[str]
) -> tuple[dict[str, int], int | None]:
    """Return the column of each stage, and the first column beyond the line."""
    parts = {True: [], False: []}  # type: dict[bool, list[str]]
    for name in stages:
        parts[gate.stages[name].side == left].append(name)
    pairs = {
        here: _ordered_pairs((move for move in going.moves if move.start in names and move.end in names), right_way)
        for here, names in ((True, set(parts[True])), (False, set(parts[False])))
    }
    to_line = _depths(parts[True], [(b, a) for a, b in pairs[True]])
    from_line = _depths(parts[False], pairs[False])
    width = max(to_line.values(), default=-1) + 1
    columns = {name: width - 1 - depth for name, depth in to_line.items()}
    columns |= {name: width + depth for name, depth in from_line.items()}
    return columns, width if parts[True] and parts[False] else None


def _ordered_pairs(moves: Iterable[Move], right_way: str) -> list[tuple[str, str]]:
    """Return (left, right) of each move; one that would close a circle with those before it is left out."""
    found: list[tuple[str, str]] = []
    after: dict[str, set[str]] = defaultdict(set)
    for move in moves:
        pair = (move.start, move.end) if move.direction == right_way else (move.end, move.start)
        if pair not in found and pair[0] not in _reached(after, pair[1]):
            found.append(pair)
            after[pair[0]].add(pair[1])
    return found


def _reached(after: Mapping[str, set[str]], start: str) -> set[str]:
    reached, coming = {start}, [start]
    while coming:
        for name in after.get(coming.pop(), ()):
            if name not in reached:
                reached.add(name)
                coming.append(name)
    return reached


def _depths(names: Sequence[str], pairs: Sequence[tuple[str, str]]) -> dict[str, int]:
    """Return for each name the longest way to it; the pairs have no circle."""
    depths = dict.fromkeys(names, 0)
    for _ in names:
        moved = False
        for a, b in pairs:
            if depths[b] <= depths[a]:
                depths[b], moved = depths[a] + 1, True
        if not moved:
            break
    return depths


def direction_text(gate: Gate, direction: str, language: LanguageTag) -> str:
    """`Vietnam → China`, in a language."""
    start = gate.origin[direction]  # type: ignore[index]
    others = [side for side in gate.sides if side != start] or [start]
    return f"{side_title(start, language)} → {side_title(others[0], language)}"


def _boxes(
    gate: Gate,
    going: Traffic,
    bands: Mapping[str, str],
    places: Mapping[str, tuple[float, float]],
    language: LanguageTag,
) -> Iterable[StageBox]:
    sources = {number.path: number for number in every_number(gate)}
    for name in (name for name in gate.stages if name in places):
        stage = gate.stages[name]
        title = title_of(stage.title, name, language)
        share = going.shares.get(name, 1.0)
        yield StageBox(
            name=name,
            title=title,
            lines=tuple(wrapped(title, BOX_W - 8)),
            side=stage.side,
            band=bands[name],
            x=places[name][0],
            y=places[name][1],
            lanes=lanes_text(stage),
            share="" if share > 0.995 else share_text(round(share, 2)) if share >= 0.01 else "< 1 %",
            unlimited=all(group.lanes == "unlimited" for group in stage.lane_groups()),
            details=tuple(_details(gate, name, sources, language)),
        )


def _details(
    gate: Gate, name: str, sources: dict[str, SourcedNumber], language: LanguageTag
) -> Iterable[Mapping[str, Any]]:
    for row in stage_rows(gate, name, sources, language):
        words = {"name": row.name, "lanes": row.lanes, "admits": row.admits, "hours": row.hours}
        yield {**words, "service": row.service, "source": row.source}


def _tints(
    gate: Gate,
    places: Mapping[str, tuple[float, float]],
    bands: Mapping[str, str],
    cells: Mapping[tuple[str, int], Sequence[str]],
    columns: Mapping[str, int],
    language: LanguageTag,
) -> Iterable[AreaTint]:
    """Return the grounds of areas: in each band one for each row of columns that no other stage interrupts."""
    pad = 5.0
    for name, area in gate.areas.items():
        title = title_of(area.title, name, language)
        label = f"{title}: {area.spaces:,}"
        own = [stage for stage in area.stages if stage in places]
        for band in BANDS:
            here = sorted((columns[stage], stage) for stage in own if bands[stage] == band)
            for run in _runs(here, [c for (b, c), held in cells.items() if b == band and not set(held) & set(own)]):
                xs, ys = [places[s][0] for s in run], [places[s][1] for s in run]
                x, y = min(xs) - pad, min(ys) - pad
                width, height = max(xs) + BOX_W + pad - x, max(ys) + BOX_H + pad - y
                yield AreaTint(name, title, area.spaces, x, y, width, height, label)
                label = ""


def _runs(here: Sequence[tuple[int, str]], others: Sequence[int]) -> list[list[str]]:
    """Split stages in the order of their columns where a column of others stands between."""
    runs: list[list[str]] = []
    last = None
    for column, stage in here:
        if last is None or any(last < other < column for other in others):
            runs.append([])
        runs[-1].append(stage)
        last = column
    return runs


def _lines(going: Traffic, ground: Ground, bands: Mapping[str, str], right_way: str) -> Iterable[MoveLine]:
    """Return the lines; inside the shared band one line stands for the loaded trucks of both directions."""
    ways: dict[tuple[str, str], set[str]] = defaultdict(set)
    for move in going.moves:
        if not move.empty and bands[move.start] == bands[move.end] == "middle":
            ways[move.start, move.end].add(move.direction)
    drawn: set[tuple[str, str]] = set()
    for move in going.moves:
        pair = move.start, move.end
        shared = not move.empty and len(ways[pair]) > 1
        if shared and pair in drawn:
            continue
        drawn.add(pair)
        kind = "empty" if move.empty else "shared" if shared else "first" if move.direction == right_way else "other"
        yield MoveLine(*pair, move.direction, kind, ground.route(*pair, OFFSETS[kind]))
