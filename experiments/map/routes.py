"""How the line of a move goes from one box to another: the first way that passes behind no other box.

Ways are tried in this order: across (out of one side, into the other), down or up, around the rim of a band. Each is a
list of points of cubic curves, so that one function can tell what it crosses.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

Point = tuple[float, float]
Curve = tuple[Point, Point, Point, Point]
CLEAR, GUTTER, CORNER = 3.0, 8.0, 6.0
SAMPLES = 24


@dataclasses.dataclass(frozen=True, slots=True)
class Ground:
    """The boxes of a map, and where the rims of bands are."""

    places: Mapping[str, Point]
    """Upper left corner of each box."""
    width: float
    height: float
    rims: Mapping[str, tuple[float, float]]
    """Box -> the rims above and below its band."""

    def route(self, start: str, end: str, offset: float) -> str:
        """Return the line from one box to another as SVG draws it; `offset` keeps lines apart."""
        ways = [self._across(start, end, offset), self._upright(start, end, offset)]
        clear = next((way for way in ways if way and not self._crosses(way, start, end)), None)
        return _drawn(clear or self._around(start, end, offset))

    def _across(self, start: str, end: str, offset: float) -> list[Curve]:
        (ax, ay), (bx, by) = self.places[start], self.places[end]
        if ax == bx:
            return []
        ay, by = ay + self.height / 2 + offset, by + self.height / 2 + offset
        x0, x1 = (ax + self.width, bx - 1) if bx > ax else (ax, bx + self.width + 1)
        reach = max(abs(x1 - x0) / 2, 9) * (1 if x1 > x0 else -1)
        return [((x0, ay), (x0 + reach, ay), (x1 - reach, by), (x1, by))]

    def _upright(self, start: str, end: str, offset: float) -> list[Curve]:
        (ax, ay), (bx, by) = self.places[start], self.places[end]
        if ay == by:
            return []
        ax, bx = ax + self.width / 2 + offset, bx + self.width / 2 + offset
        y0, y1 = (ay + self.height, by - 1) if by > ay else (ay, by + self.height + 1)
        reach = (y1 - y0) / 2
        return [((ax, y0), (ax, y0 + reach), (bx, y1 - reach), (bx, y1))]

    def _around(self, start: str, end: str, offset: float) -> list[Curve]:
        (ax, ay), (bx, by) = self.places[start], self.places[end]
        above, below = self.rims[start]
        up = self.rims[end] < self.rims[start] if self.rims[end] != self.rims[start] else offset <= 0
        rim = (above if up else below) + offset / 3
        sign = 1 if bx > ax else -1
        gutter = GUTTER - 2 + offset / 4
        out = ax + self.width if sign > 0 else ax
        turn, into = out + sign * gutter, bx - gutter
        y0, y1 = ay + self.height / 2 + offset, by + self.height / 2 + offset
        return _through([(out, y0), (turn, y0), (turn, rim), (into, rim), (into, y1), (bx - 1, y1)])

    def _crosses(self, way: Sequence[Curve], start: str, end: str) -> bool:
        """Tell whether a way passes behind a box, its own two included."""
        for x, y in _samples(way):
            for name, (left, top) in self.places.items():
                room = -CLEAR if name in (start, end) else CLEAR
                if left - room < x < left + self.width + room and top - room < y < top + self.height + room:
                    return True
        return False


def _samples(way: Sequence[Curve]) -> Iterator[Point]:
    for a, b, c, d in way:
        for n in range(SAMPLES + 1):
            t = n / SAMPLES
            k = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
            yield (
                k[0] * a[0] + k[1] * b[0] + k[2] * c[0] + k[3] * d[0],
                k[0] * a[1] + k[1] * b[1] + k[2] * c[1] + k[3] * d[1],
            )


def _through(points: Sequence[Point]) -> list[Curve]:
    """Return curves along points, with rounded corners."""
    curves: list[Curve] = []
    at = points[0]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        into, out = _toward(corner, before), _toward(corner, after)
        curves += [(at, at, into, into), (into, corner, corner, out)]
        at = out
    curves.append((at, at, points[-1], points[-1]))
    return curves


def _toward(corner: Point, other: Point) -> Point:
    """Return the point at most `CORNER` from a corner towards another one."""
    dx, dy = other[0] - corner[0], other[1] - corner[1]
    length = (dx * dx + dy * dy) ** 0.5
    part = min(CORNER, length / 2) / length if length else 0.0
    return corner[0] + dx * part, corner[1] + dy * part


def _drawn(way: Sequence[Curve]) -> str:
    text = f"M{_number(way[0][0][0])} {_number(way[0][0][1])}"
    for curve in way:
        if curve[0] == curve[1] and curve[2] == curve[3]:
            text += f"L{_number(curve[3][0])} {_number(curve[3][1])}"
        else:
            text += "C" + " ".join(f"{_number(x)} {_number(y)}" for x, y in curve[1:])
    return text


def _number(value: float) -> str:
    return f"{round(value, 1):g}"
