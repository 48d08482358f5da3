"""Where the numbers of a gate come from.

A model's `sources` maps a key to a source text. The key names the number from where the mapping
stands, as a path with dots from which inner words may be left out: `service` covers all of a stage's
distribution, `shape` only its shape, `shares.red` one share of a choice. The nearest model with a fitting key
counts, and of its keys the one that reaches furthest in. So a gate can name one source for
everything (`sources: {stages: assumption}`) and a stage another for itself.

A source text is ids, then perhaps a colon and a note: "F005, F117: 6 lanes a direction". An id is a
fact of `library/facts.csv` (F and G: gates of the border, M: money, T: trade, U: upgrades, W: gates
elsewhere), the word `assumption`, or the word `own` for a source that the author of the file has and
names in the note.
"""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import functools
import re
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any

from gates.findings import Part, Place, path_text
from gates.schema.base import UNLIMITED, Model, Sourced
from gates.schema.borders.composed import ComposedGate
from gates.schema.gate import Gate
from gates.schema.hours import OpeningHours, spans_text
from gates.schema.prices.levels import ENDS, ThreeValues
from gates.schema.quantities import number_text

ASSUMPTION = "assumption"
OWN = "own"
_ID = re.compile(r"[FGMTUW]\d{2,4}")
_NOT_NUMBERS = frozenset({"sources", "title", "about", "readings", "reading", "targets", "ranges"})


@dataclasses.dataclass(frozen=True, slots=True)
class Fact:
    """A line of the catalogue of published facts."""

    id: str
    gate: str
    direction: str
    quantity: str
    value: str
    unit: str
    date: str
    source: str
    """Outlet or address."""
    confidence: str


@dataclasses.dataclass(frozen=True, slots=True)
class Source:
    """A source text, parsed."""

    ids: tuple[str, ...]
    """Fact ids and the words `assumption` and `own`."""
    note: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class SourcedNumber:
    """A number of a gate and where it comes from."""

    path: str
    value: str
    """With its unit, as a file would write it."""
    ids: tuple[str, ...]
    note: str
    facts: tuple[Fact, ...]
    """The facts that the ids and the note name."""

    @property
    def is_sourced(self) -> bool:
        """Tell whether a source is named."""
        return bool(self.ids)

    @property
    def is_assumption(self) -> bool:
        """Tell whether it rests, at least in part, on an assumption."""
        return ASSUMPTION in self.ids

    @property
    def source(self) -> str:
        """The ids on one line, or `unsourced`."""
        return ", ".join(self.ids) or "unsourced"


@functools.cache
def facts() -> Mapping[str, Fact]:
    """The library's facts, by id."""
    text = (resources.files("gates") / "library" / "facts.csv").read_text(encoding="utf-8")
    return {row["id"]: Fact(**row) for row in csv.DictReader(text.splitlines())}


def parse_source(text: str) -> Source:
    """Parse a source text; ids are not looked up."""
    ids, _, note = text.partition(":")
    return Source(tuple(part.strip() for part in ids.split(",")), note.strip())


def source_mistake(text: str) -> str:
    """What is wrong with a source text; empty if nothing is."""
    source = parse_source(text)
    for name in source.ids:
        if name == OWN and not source.note:
            return "`own` needs a note that names the source"
        if name not in (ASSUMPTION, OWN) and name not in facts():
            return f"{name} is not in the fact library" if _ID.fullmatch(name) else _not_an_id(name)
    return ""


def _not_an_id(name: str) -> str:
    return f"{name} is not the id of a fact" if name else "an id is missing"


def every_number(gate: Gate) -> list[SourcedNumber]:
    """Every number of a gate with where it comes from, in the order of the file.

    A value that is the model's default and that no source names is not a claim about the gate
    (all trucks, no extra time) and is left out.
    """
    numbers = []
    whole = gate.border if isinstance(gate, ComposedGate) else gate
    for leaf in _leaves(whole, whole.model_dump(mode="json", by_alias=True), (), ()):
        text, is_named = _source_of(leaf)
        if is_named or not leaf.is_default:
            source = parse_source(text) if text else Source(())
            named = tuple(facts()[name] for name in dict.fromkeys(_ID.findall(text)) if name in facts())
            numbers.append(SourcedNumber(path_text(leaf.place), leaf.text, source.ids, source.note, named))
    return numbers


def assumptions(gate: Gate) -> list[SourcedNumber]:
    """The numbers that rest on an assumption, or have no source."""
    return [number for number in every_number(gate) if number.is_assumption or not number.is_sourced]


def footing_text(gate: Gate) -> str:
    """How many numbers rest on an assumption and how many name no source: `128 numbers are assumptions`."""
    numbers = every_number(gate)
    assumed, unsourced = sum(number.is_assumption for number in numbers), sum(not n.is_sourced for n in numbers)
    text = f"{assumed} {'number is an assumption' if assumed == 1 else 'numbers are assumptions'}"
    return f"{text}, {unsourced} {'names' if unsourced == 1 else 'name'} no source" if unsourced else text


@dataclasses.dataclass(frozen=True, slots=True)
class _Leaf:
    """A number in a gate, with the models around it that can say where it comes from."""

    place: Place
    text: str
    is_default: bool
    scopes: tuple[tuple[int, Mapping[str, str]], ...]
    """(length of the model's place, its sources), from the outermost in."""


def _leaves(
    value: Any, written: Any, place: Place, scopes: tuple[tuple[int, Mapping[str, str]], ...]
) -> Iterator[_Leaf]:
    """The numbers inside `value`; `written` is its JSON form, which has the units."""
    if isinstance(value, Sourced):
        scopes = (*scopes, (len(place), value.sources))
    for part, inner, is_default in _parts(value):
        if isinstance(inner, OpeningHours) and inner.daily is None:
            for day, windows in inner.openings:
                yield _Leaf((*place, part, day), spans_text(windows), is_default, scopes)
        elif _is_number(inner, part):
            yield _Leaf((*place, part), _text(written[part], inner), is_default, scopes)
        elif isinstance(inner, ThreeValues):
            low, base, high = (_text(written[part][end], inner.at(end)) for end in ENDS)
            yield _Leaf((*place, part), base if low == high else f"{low}, {base} or {high}", is_default, scopes)
        elif isinstance(inner, Model | dict | list):
            yield from _leaves(inner, written[part], (*place, part), scopes)


def _parts(value: Any) -> Iterator[tuple[Part, Any, bool]]:
    """The parts of a model, mapping or list: (key in the file, value, whether it is the default)."""
    if isinstance(value, Model):
        for name, field in type(value).model_fields.items():
            if name not in _NOT_NUMBERS:
                inner = getattr(value, name)
                yield field.alias or name, inner, not field.is_required() and inner == field.get_default()
    elif isinstance(value, dict):
        yield from ((str(key), inner, False) for key, inner in value.items())
    elif isinstance(value, list):
        yield from ((n, inner, False) for n, inner in enumerate(value))


def _is_number(value: Any, part: Part) -> bool:
    """Tell whether a value is a number, a date, opening hours, or `unlimited` lanes."""
    if value == UNLIMITED:
        return part == "lanes"
    return isinstance(value, int | float | dt.date | OpeningHours) and not isinstance(value, bool)


def _text(written: Any, value: Any) -> str:
    """The text of a number as a file would write it."""
    if isinstance(value, OpeningHours):
        return str(value)
    return written if isinstance(written, str) else number_text(written)


def _source_of(leaf: _Leaf) -> tuple[str, bool]:
    """The source text of a number, and whether its key names this very number."""
    for length, sources in reversed(leaf.scopes):
        inside = tuple(str(part) for part in leaf.place[length:])
        reached = {key: _reach(key, inside) for key in sources}
        fitting = [key for key, reach in reached.items() if reach]
        if fitting:
            key = max(fitting, key=lambda key: (reached[key], key.count(".")))
            return sources[key], reached[key] == len(inside)
    return "", False


def _reach(key: str, inside: tuple[str, ...]) -> int:
    """How far into the path `inside` a key reaches, counted in parts; 0 if it does not fit."""
    position = 0
    for word in key.split("."):
        if word not in inside[position:]:
            return 0
        position = inside.index(word, position) + 1
    return position


def unknown_keys(model: Sourced) -> list[str]:
    """The keys of a model's `sources` that name nothing in it."""
    known = list(_paths(model.model_dump(by_alias=True, exclude={"sources"}), ()))
    return [key for key in model.sources if not any(_reach(key, path) == len(path) for path in known)]


def _paths(data: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if path:
        yield path
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _paths(value, (*path, str(key)))
    elif isinstance(data, list):
        for n, value in enumerate(data):
            yield from _paths(value, (*path, str(n)))


def sourced_models(value: Any, place: Place = ()) -> Iterator[tuple[Place, Sourced]]:
    """Every model inside `value` that has `sources`, with its place."""
    if isinstance(value, Sourced):
        yield place, value
    for part, inner, _ in _parts(value):
        yield from sourced_models(inner, (*place, part))
