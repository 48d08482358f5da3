"""The report of a result: one HTML file that needs nothing else, with the answer first.

The file makes no request: plots are drawn into it, and it carries the letters that it uses. Each plot is there in two
widths, for a screen and for a phone.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from experiments.answers.labels import Labels
from experiments.answers.run_numbers import Metrics, read_numbers
from experiments.answers.run_summary import (
    Headline,
    confirmed_sentences,
    headlines,
    inputs_sentences,
    interval_text,
    unfinished_sentences,
    warnings,
)
from experiments.answers.run_tables import (
    Table,
    first_numbers,
    limit_tables,
    stage_table,
    throughput_table,
    time_table,
)
from experiments.plots import theme
from experiments.plots.theme import Picture
from experiments.result_folder import MANIFEST, read_json
from gates.countries import language_of

Content = dict[str, Any]
TEMPLATES = Path(__file__).resolve().parent / "templates"
FONTS_GO_HERE = "/* fonts */"


def write_report(folder: Path, pictures: Sequence[Picture] | None = None, page: Content | None = None) -> Path:
    """Write `report.html` of a result folder, and return its path."""
    path = folder / "report.html"
    path.write_text(report(folder, pictures, page), encoding="utf-8", newline="\n")
    return path


def report(folder: Path, pictures: Sequence[Picture] | None = None, page: Content | None = None) -> str:
    """Return the report of a result folder as HTML.

    Parameters
    ----------
    pictures
        Its plots, if they were drawn already.
    page
        Everything else on the page, if it was read already.
    """
    if pictures is None:
        from experiments.plots.draw import read_plots
        from experiments.plots.marks import picture

        pictures = [picture(plot) for plot in read_plots(folder)]
    return rendered("report.html.j2", {**(page or content(folder)), "figures": figures(pictures)})


def rendered(template: str, content: Mapping[str, Any]) -> str:
    """Return a page with the letters that it uses."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template(template).render(content)
    return page.replace(FONTS_GO_HERE, theme.font_faces([html.unescape(page)]))


def content(folder: Path) -> Content:
    """Return what the template shows, but the plots."""
    from sim.metrics.registry import METRICS

    manifest = read_json(folder / MANIFEST)
    labels, numbers = Labels(manifest), read_numbers(folder)
    metrics = numbers.metrics
    said = {each.direction: each for each in headlines(numbers, labels)}
    return {
        "labels": labels,
        "fonts": FONTS_GO_HERE,
        "interval_text": interval_text(labels, metrics),
        "inputs": inputs_sentences(manifest),
        "warnings": warnings(numbers, labels),
        "answers": [
            Answer(labels.direction(d), d, said.get(d), first_numbers(numbers, labels, d)) for d in labels.directions
        ],
        "confirmed": confirmed_sentences(manifest),
        "tables": _tables(metrics, labels),
        "local": {labels.stage(name): labels.local_title(name) for name in labels.gate.stages},
        "language": {labels.stage(name): language_of(s.side) for name, s in labels.gate.stages.items()},
        "unfinished": unfinished_sentences(metrics, labels),
        "assumptions": grouped(manifest.get("assumptions", []), labels),
        "assumed": len(manifest.get("assumptions", [])),
        "unsourced": manifest.get("unsourced", []),
        "facts": facts_used(manifest.get("sources", [])),
        "changes": manifest.get("changes", []),
        "definitions": METRICS,
        "manifest": manifest,
    }


@dataclass(frozen=True)
class Answer:
    """The answer for one direction."""

    title: str
    direction: str
    headline: Headline | None
    """None where trucks are in deadlock."""
    numbers: tuple[tuple[str, str], ...]
    """(what it is, value with interval)."""


def figures(pictures: Iterable[Picture]) -> list[Picture]:
    """Return plots as a page shows them: each part under a name of its own."""
    from markupsafe import Markup  # Vega escapes the texts that it draws

    def inlined(picture: Picture, width: str) -> Markup:
        return Markup(theme.inline(getattr(picture, width), f"{picture.name}-{width}"))

    return [replace(each, wide=inlined(each, "wide"), narrow=inlined(each, "narrow")) for each in pictures]


def _tables(metrics: Metrics, labels: Labels) -> list[Table]:
    return [
        throughput_table(metrics, labels),
        time_table(metrics, labels, "clearance_h", "Clearance: from arrival to release from the last control"),
        time_table(
            metrics, labels, "passage_h", "Passage: from arrival to the last departure, the empty return included"
        ),
        *(stage_table(metrics, labels, direction) for direction in labels.directions),
        *limit_tables(metrics, labels),
    ]


SECTIONS = {
    "stages": "Stages: lanes, hours, times",
    "paths": "Paths: who goes where",
    "flows": "Flows: how many trucks arrive",
    "profiles": "Profiles: when they arrive",
    "classes": "Vehicle classes",
    "pools": "Pools: officers, cranes, vehicles",
    "areas": "Areas: limited space",
    "calendar": "Calendar",
    "money": "Prices",
    "energy": "Fuel and electricity",
}


@dataclass(frozen=True)
class Part:
    """A part of the gate file, such as one stage, with numbers that stand in it."""

    title: str
    place: str
    """Where it stands in the file: `stages.metering-yard`."""
    numbers: list[dict[str, Any]]
    """Each with its `place` within the part, its value and its note."""

    @property
    def count(self) -> int:
        """How many numbers."""
        return len(self.numbers)


def grouped(numbers: list[dict[str, Any]], labels: Labels) -> dict[str, list[Part]]:
    """Return numbers by the section and the part of the file in which they stand, in the order of the file."""
    titles: dict[str, Callable[[str], str]] = {"stages": labels.stage, "classes": labels.vehicle_class}
    groups: dict[str, dict[str, Part]] = {}
    for number in numbers:
        section, part, rest = _taken_apart(number["path"])
        parts = groups.setdefault(SECTIONS.get(section, "Other"), {})
        place = f"{section}{part}"
        title = titles[section](part[1:]) if section in titles else ""
        found = parts.setdefault(place, Part(title, place, []))
        found.numbers.append({"place": rest, "value": number["value"], "note": number["note"]})
    return {section: list(parts.values()) for section, parts in groups.items()}


def _taken_apart(path: str) -> tuple[str, str, str]:
    """`stages.metering-yard.service.mean` -> section, part with its dot or bracket, place within the part."""
    found = re.fullmatch(r"([a-z_]+)([.][^.\[]+|\[\d+\])?(.*)", path)
    assert found, path
    return found[1], found[2] or "", found[3].removeprefix(".")


@dataclass(frozen=True)
class FactUsed:
    """A published fact and the numbers of the gate that rest on it."""

    id: str
    text: str
    date: str
    outlet: str
    link: str
    """Address of the source; empty if it has none."""
    confidence: str
    paths: tuple[str, ...]


def facts_used(sources: list[dict[str, Any]]) -> list[FactUsed]:
    """Return the facts behind the numbers of a gate, each once, in the order of their ids."""
    facts: dict[str, Mapping[str, Any]] = {}
    paths: dict[str, list[str]] = {}
    for number in sources:
        for fact in number["facts"]:
            facts[fact["id"]] = fact
            paths.setdefault(fact["id"], []).append(number["path"])
    return [_fact_used(facts[name], tuple(dict.fromkeys(paths[name]))) for name in sorted(facts)]


def _fact_used(fact: Mapping[str, Any], paths: tuple[str, ...]) -> FactUsed:
    source = str(fact["source"])
    address = urlsplit(source) if source.startswith(("http://", "https://")) else None
    host = (address.hostname or "").removeprefix("www.") if address else ""
    where = ", ".join(
        part for part in (fact.get("gate", ""), fact.get("direction", "")) if part not in ("", "-", "both")
    )
    text = f"{fact['quantity']}: {fact['value']} {fact['unit']}" + (f" ({where})" if where else "")
    return FactUsed(
        id=fact["id"],
        text=text,
        date=fact["date"],
        outlet=host or source,
        link=source if host else "",
        confidence=fact.get("confidence", ""),
        paths=paths,
    )
