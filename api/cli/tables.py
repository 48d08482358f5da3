"""Tables for the console."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from experiments.answers.labels import NOTHING
from experiments.answers.run_summary import Summary
from experiments.answers.run_tables import Table as TextTable
from experiments.calibration.answer import Said
from gates import (
    Gate,
    Upgrade,
    assumptions,
    library_gates,
    load_gate,
    load_upgrade,
    upgrade_names,
)
from gates.addresses import value_in_words
from gates.describe import GateSheet, sheet
from gates.files.load import library_borders
from gates.upgrades import LEVELS, Levels, gates_of, why_not

GAP = 2
"""Room between columns."""
WHOLE = 24
"""Numbers up to this length stay on one line."""


def print_library(console: Console) -> None:
    """Print the gates of the library, a line each."""
    rows = []
    for name in library_gates():
        gate = load_gate(name)
        titles = " · ".join(gate.title.values()) or name
        per_day = sum(flow.per_day for flow in gate.flows.values())
        rows.append((name, titles, f"{len(gate.stages)}", f"{per_day:g}", f"{len(assumptions(gate))}"))
    print_table(console, "", ("Name", "Gate", "Stages", "Loaded trucks a day", "Assumptions"), rows)
    borders = [(name, " · ".join(load_gate(name).title.values()) or name) for name in library_borders()]
    print_table(console, "", ("Name", "Border of several gates"), borders)
    console.print("Show one: bordergate gates NAME   Run one: bordergate run NAME", markup=False)


def print_gate(console: Console, gate: Gate, *, numbers: bool) -> None:
    """Print a gate: stages, pools, areas, flows, paths, hours on all clocks, and every number with its source."""
    shown = sheet(gate)
    console.print(f"[bold]{escape(' · '.join(gate.title.values()) or gate.name)}[/bold]")
    if shown.about:
        console.print(escape(shown.about))
    clocks = ", ".join(f"{side} ({zone})" for side, zone in shown.sides.items())
    console.print(
        f"\nSides: {escape(clocks)}. First measured day: {shown.start}. Bulletin: {escape(shown.end_of_day)}."
    )
    _print_stages(console, shown)
    if shown.pools:
        _print_pools(console, shown)
    if shown.areas:
        areas = [(row.title, row.spaces, ", ".join(row.stages), row.source) for row in shown.areas]
        print_table(console, "Areas", ("Area", "Spaces", "Spans", "Source"), areas)
    print_table(console, "Flows", ("Flow", "Class", "Direction", "Trucks a day", "Arrivals", "Source"), _flows(shown))
    for path in shown.paths:
        console.print(f"\n[bold]Path {path.direction}[/bold]")
        for step in path.steps:
            console.print(f"  {step}", markup=False)
    for title, lines in (
        ("Links", shown.links),
        ("Outages", shown.outages),
        ("Calendar", shown.calendar),
        ("Queues at the start", shown.initial),
    ):
        if lines:
            console.print(f"\n[bold]{title}[/bold]")
            for line in lines:
                console.print(f"  {line}", markup=False)
    if shown.readings:
        found = [(row.title, row.name, row.weight, row.changes) for row in shown.readings]
        print_table(console, "Readings", ("Reading", "Name", "Weight", "Changes"), found)
        for row in shown.readings:
            console.print(wrapped(console, f"{row.title}: {row.about}"))
    if shown.targets:
        held_to = [(row.title, row.name, row.band, row.kind, row.date) for row in shown.targets]
        print_table(console, "Targets", ("Target", "Name", "Band", "Kind", "Date"), held_to)
    if numbers:
        rows = [(n.path, n.value, n.source, n.note) for n in shown.numbers]
        print_table(console, "Every number with its source", ("Number", "Value", "Source", "Note"), rows)
    unsourced = f", {shown.unsourced} have no source" if shown.unsourced else ""
    console.print(f"{len(shown.numbers)} numbers: {shown.assumptions} are assumptions{unsourced}.")


def print_upgrades(console: Console) -> None:
    """Print the upgrades of the library, a line each."""
    gates = [load_gate(name) for name in library_gates()]
    columns = ("Upgrade", "Title", "Gates", "Changes", "Needs", "Capital, USD m", "Running, USD m a year")
    rows = []
    for name in upgrade_names():
        upgrade = load_upgrade(name)
        costs = upgrade.costs
        money = ("–", "–") if costs is None else (_millions(costs.capital_usd), _millions(costs.running_usd_per_year))
        title = upgrade.title.get("en", name)
        used_at = ", ".join(gates_of(upgrade, gates))
        rows.append((name, title, used_at, f"{len(upgrade.changes)}", ", ".join(upgrade.needs), *money))
    print_table(console, "", columns, rows)
    console.print("Costs: base value, with low to high; mostly assumptions.", markup=False)
    console.print(
        "Show one: bordergate gates NAME --upgrades   Use one: bordergate run GATE --upgrade NAME", markup=False
    )
    console.print(
        "Upgrades that fit one gate, and why the others do not: bordergate gates GATE --upgrades", markup=False
    )


def print_upgrades_of(console: Console, gate: Gate) -> None:
    """Print which upgrades of the library can be used at a gate, and why not the others."""
    refused: dict[str, list[str]] = {}
    rows = []
    for name in upgrade_names():
        upgrade = load_upgrade(name)
        findings = why_not(upgrade, gate)
        for finding in findings[:1]:
            why = f"{finding.value}: {finding.problem}" if finding.path.startswith("roles.") else finding.problem
            refused.setdefault(why, []).append(name)
        if not findings:
            rows.append((name, upgrade.title.get("en", name), ", ".join(upgrade.needs)))
    if rows:
        title = f"Upgrades that can be used at {gate.name}"
        print_table(console, title, ("Upgrade", "Title", "Needs"), rows)
    else:
        console.print(f"No upgrade of the library can be used at {gate.name}.", markup=False)
    if refused:
        others = [(", ".join(names), why) for why, names in refused.items()]
        print_table(console, "Others", ("Upgrades", "Why not"), others)
    console.print("Costs of an upgrade are those at the gate that it was written for.", markup=False)


def print_upgrade(console: Console, upgrade: Upgrade) -> None:
    """Print an upgrade: what it changes at each level, what it needs, what it costs, and the sources of its numbers."""
    console.print(f"[bold]{escape(' · '.join(upgrade.title.values()) or upgrade.name)}[/bold]")
    console.print(escape(" ".join(upgrade.about.split())))
    for word, names in (("Needs", upgrade.needs), ("Excludes", upgrade.excludes)):
        if names:
            console.print(f"{word}: {escape(', '.join(names))}.")
    rows = [
        (e.path, e.operation, *(value_in_words(e.value(level)) for level in LEVELS), e.source) for e in upgrade.changes
    ]
    print_table(console, "Changes", ("Place", "How", "Low", "Base", "High", "Source"), rows)
    for name, adaptation in upgrade.readings.items():
        left_out = [(path, "left out", "", "", "", "") for path in adaptation.leave_out]
        more = [
            (e.path, e.operation, *(value_in_words(e.value(level)) for level in LEVELS), e.source)
            for e in adaptation.changes
        ]
        columns = ("Place", "How", "Low", "Base", "High", "Source")
        print_table(console, f"Under the reading {name}", columns, [*left_out, *more])
    if upgrade.costs is not None:
        costs, why = upgrade.costs, upgrade.costs.sources
        money = [
            ("Capital, USD m", _millions(costs.capital_usd), why.get("capital_usd", "")),
            ("Running, USD m a year", _millions(costs.running_usd_per_year), why.get("running_usd_per_year", "")),
            ("Life, years", f"{costs.life_years:g}", why.get("life_years", "")),
            ("Lead time, months", f"{costs.lead_time_months:g}", why.get("lead_time_months", "")),
        ]
        print_table(console, "Costs", ("Cost", "Base (low to high)", "Source"), money)


def _millions(levels: Levels) -> str:
    low, base, high = (f"{value / 1e6:.3g}" for value in (levels.low, levels.base, levels.high))
    return f"{base} ({low} to {high})"


def print_summary(console: Console, summary: Summary, *, full: bool = False) -> None:
    """Print the summary of a run on one screen; with all tables if `full`."""
    console.print(f"\n[bold]{escape(summary.title)}[/bold]\n{wrapped(console, summary.basis)}\n")
    for sentence in summary.answers:
        console.print(f"[bold]→[/bold] {wrapped(console, sentence, 2)}")
    for table in (summary.first, *(summary.tables if full else ())):
        print_table(console, table.title, table.columns, table.rows)
        if table.note:
            console.print(f"[dim]{wrapped(console, table.note)}[/dim]")
    for note in summary.notes if full else ():
        console.print(wrapped(console, note))


def print_calibration(console: Console, found: Said) -> None:
    """Print what a calibration says, on a few screens."""
    print_answers(console, found.title, found.basis, found.answers, found.tables)


def print_answers(
    console: Console, title: str, basis: str, answers: Iterable[str], tables: Iterable[TextTable]
) -> None:
    """Print a title, what was done, the answers in sentences, then tables with their notes."""
    console.print(f"\n[bold]{escape(title)}[/bold]\n{wrapped(console, basis)}\n")
    for sentence in answers:
        console.print(f"[bold]→[/bold] {wrapped(console, sentence, 2)}")
    for table in tables:
        print_table(console, table.title, table.columns, table.rows)
        if table.note:
            console.print(f"[dim]{wrapped(console, table.note)}[/dim]")


def wrapped(console: Console, text: str, indent: int = 0) -> str:
    """Return a text in lines that fit; unlike `rich`, keep a number and its unit together."""
    after = " " * indent
    lines = textwrap.fill(after + text, console.width, subsequent_indent=after, break_on_hyphens=False)
    return escape(lines[indent:])


def _print_stages(console: Console, shown: GateSheet) -> None:
    clocks = tuple(f"Hours, {side}" for side in shown.sides)
    rows = [
        (
            row.title,
            row.side,
            row.lanes,
            row.admits,
            *(row.hours[s] for s in shown.sides),
            row.service,
            row.source,
        )
        for row in shown.stages
    ]
    print_table(console, "Stages", ("Stage", "Side", "Lanes", "For", *clocks, "Service", "Source"), rows)


def _print_pools(console: Console, shown: GateSheet) -> None:
    clocks = tuple(f"Hours, {side}" for side in shown.sides)
    rows = [
        (row.title, row.side, row.units, *(row.hours[s] for s in shown.sides), row.users, row.comes_back, row.source)
        for row in shown.pools
    ]
    print_table(console, "Pools", ("Pool", "Side", "Units", *clocks, "Used by", "Comes back", "Source"), rows)


def _flows(shown: GateSheet) -> Iterable[Sequence[str]]:
    return [(r.name, r.title, r.direction, r.per_day, r.profile, r.source) for r in shown.flows]


def print_table(console: Console, title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table of plain texts; the first column names the row, and stands again where the others need two parts.

    No word and no number is ever broken, and no name of a row left out, however narrow the screen is.
    """
    kept = [tuple(row) for row in rows]
    all_columns = [
        _Column(name, tuple(row[n] for row in kept), is_number=n > 0 and _are_numbers(row[n] for row in kept))
        for n, name in enumerate(columns)
    ]
    for number, part in enumerate(_parts(all_columns, console.width)):
        heading = escape(title) + " (continued)" * (number > 0)
        shown = Table(title=heading if title else None, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
        shown.padding, shown.pad_edge = (0, 1, 0, 0), False
        widths = _widths(part, console.width)
        for column, width in zip(part, widths, strict=True):
            shown.add_column(
                escape(_fill(column.name, width)), justify="right" if column.is_number else "left", width=width
            )
        for cells in zip(*(column.cells for column in part), strict=True):
            shown.add_row(*(escape(_fill(cell, width)) for cell, width in zip(cells, widths, strict=True)))
        console.print(shown)


@dataclass(frozen=True)
class _Column:
    name: str
    cells: tuple[str, ...]
    is_number: bool

    @property
    def least(self) -> int:
        """Width with which no word is broken, and a number keeps its interval beside it."""
        whole = self.cells if self.is_number and self.wanted <= WHOLE else ()
        words = (word for text in (self.name, *self.cells) for word in text.split(" "))
        return max(1, *map(cell_len, (*words, *whole)))

    @property
    def wanted(self) -> int:
        """Width with which no cell needs a second line."""
        return max(1, *map(cell_len, (*self.cells, *self.name.split(" "))))


def _are_numbers(cells: Iterable[str]) -> bool:
    """Tell whether most texts are numbers."""
    filled = [cell for cell in cells if cell not in ("", NOTHING)]
    return 2 * sum(cell[0] in "0123456789−+<>" for cell in filled) >= len(filled)


def _parts(columns: Sequence[_Column], width: int) -> Iterator[list[_Column]]:
    """Yield as many columns as fit beside each other, the first one in every part."""
    first, *others = columns
    part, used = [first], first.least + GAP
    for column in others:
        if len(part) > 1 and used + column.least + GAP > width:
            yield part
            part, used = [first], first.least + GAP
        part.append(column)
        used += column.least + GAP
    yield part


def _widths(columns: Sequence[_Column], width: int) -> list[int]:
    """Return how wide each column is: first what it needs, then what is left, a character at a time."""
    widths = [column.least for column in columns]
    left = width - sum(widths) - GAP * len(widths)
    while left > 0:
        short = [n for n, column in enumerate(columns) if widths[n] < column.wanted]
        if not short:
            break
        for n in short[:left]:
            widths[n] += 1
        left -= len(short)
    return widths


def _fill(text: str, width: int) -> str:
    """Return a text in lines; unlike `rich`, a number stays beside its unit."""
    return "\n".join(textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False))
