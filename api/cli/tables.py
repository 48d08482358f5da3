"""Tables for the console."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from experiments.answers.run_summary import Summary
from experiments.answers.run_tables import Table as SummaryTable
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
from gates.upgrades import LEVELS, Levels


def print_library(console: Console) -> None:
    """Print the gates of the library, a line each."""
    table = _table("", ("Name", "Gate", "Stages", "Loaded trucks a day", "Assumptions"))
    for name in library_gates():
        gate = load_gate(name)
        titles = " · ".join(gate.title.values()) or name
        per_day = sum(flow.per_day for flow in gate.flows.values())
        cells = (name, titles, f"{len(gate.stages)}", f"{per_day:g}", f"{len(assumptions(gate))}")
        table.add_row(*map(escape, cells))
    console.print(table)
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
    console.print(_stages(shown))
    if shown.pools:
        console.print(_pools(shown))
    if shown.areas:
        areas = [(row.title, row.spaces, ", ".join(row.stages), row.source) for row in shown.areas]
        console.print(_rows("Areas", ("Area", "Spaces", "Spans", "Source"), areas))
    console.print(_rows("Flows", ("Flow", "Class", "Direction", "Trucks a day", "Arrivals", "Source"), _flows(shown)))
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
    if numbers:
        rows = [(n.path, n.value, n.source, n.note) for n in shown.numbers]
        console.print(_rows("Every number with its source", ("Number", "Value", "Source", "Note"), rows))
    unsourced = f", {shown.unsourced} have no source" if shown.unsourced else ""
    console.print(f"{len(shown.numbers)} numbers: {shown.assumptions} are assumptions{unsourced}.")


def print_upgrades(console: Console) -> None:
    """Print the upgrades of the library, a line each."""
    columns = ("Upgrade", "Title", "Gate", "Changes", "Needs", "Capital, USD m", "Running, USD m a year")
    table = _table("", columns)
    for name in upgrade_names():
        upgrade = load_upgrade(name)
        costs = upgrade.costs
        money = ("–", "–") if costs is None else (_millions(costs.capital_usd), _millions(costs.running_usd_per_year))
        title = upgrade.title.get("en", name)
        cells = (name, title, upgrade.gate, f"{len(upgrade.changes)}", ", ".join(upgrade.needs), *money)
        table.add_row(*map(escape, cells))
    console.print(table)
    console.print("Costs: base value, with low to high; mostly assumptions.", markup=False)
    console.print(
        "Show one: bordergate gates NAME --upgrades   Use one: bordergate run GATE --upgrade NAME", markup=False
    )


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
    console.print(_rows("Changes", ("Place", "How", "Low", "Base", "High", "Source"), rows))
    if upgrade.costs is not None:
        costs, why = upgrade.costs, upgrade.costs.sources
        money = [
            ("Capital, USD m", _millions(costs.capital_usd), why.get("capital_usd", "")),
            ("Running, USD m a year", _millions(costs.running_usd_per_year), why.get("running_usd_per_year", "")),
            ("Life, years", f"{costs.life_years:g}", why.get("life_years", "")),
            ("Lead time, months", f"{costs.lead_time_months:g}", why.get("lead_time_months", "")),
        ]
        console.print(_rows("Costs", ("Cost", "Base (low to high)", "Source"), money))


def _millions(levels: Levels) -> str:
    low, base, high = (f"{value / 1e6:.3g}" for value in (levels.low, levels.base, levels.high))
    return f"{base} ({low} to {high})"


def print_summary(console: Console, summary: Summary, confirmed: Sequence[str] = (), *, full: bool = False) -> None:
    """Print the summary of a run on one screen; with all tables if `full`."""
    console.print(f"\n[bold]{escape(summary.title)}[/bold]\n{_wrapped(console, summary.basis)}\n")
    for sentence in (*summary.answers, *confirmed):
        console.print(f"[bold]→[/bold] {_wrapped(console, sentence, 2)}")
    for table in (summary.first, *(summary.tables if full else ())):
        console.print(_numbers(table))
        if table.note:
            console.print(f"[dim]{_wrapped(console, table.note)}[/dim]")
    for note in summary.notes if full else ():
        console.print(_wrapped(console, note))


def _wrapped(console: Console, text: str, indent: int = 0) -> str:
    """Return a text in lines that fit; unlike `rich`, keep a number and its unit together."""
    after = " " * indent
    lines = textwrap.fill(after + text, console.width, subsequent_indent=after, break_on_hyphens=False)
    return escape(lines[indent:])


def _numbers(shown: SummaryTable) -> Table:
    """Return a table whose numbers stay whole: names of rows and columns take more lines instead."""
    table = _table(shown.title, shown.columns)
    for column in table.columns[1:]:
        column.no_wrap = True
        column.header = "\n".join(textwrap.wrap(str(column.header), 12, break_long_words=False))
    for row in shown.rows:
        table.add_row(*map(escape, row))
    return table


def _stages(shown: GateSheet) -> Table:
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
    return _rows("Stages", ("Stage", "Side", "Lanes", "For", *clocks, "Service", "Source"), rows)


def _pools(shown: GateSheet) -> Table:
    clocks = tuple(f"Hours, {side}" for side in shown.sides)
    rows = [
        (row.title, row.side, row.units, *(row.hours[s] for s in shown.sides), row.users, row.comes_back, row.source)
        for row in shown.pools
    ]
    return _rows("Pools", ("Pool", "Side", "Units", *clocks, "Used by", "Comes back", "Source"), rows)


def _flows(shown: GateSheet) -> Iterable[Sequence[str]]:
    return [(r.name, r.title, r.direction, r.per_day, r.profile, r.source) for r in shown.flows]


def table_of(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """Return a table of plain texts; the first column names the row."""
    return _rows(title, columns, rows)


def _rows(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    table = _table(title, columns)
    for row in rows:
        table.add_row(*map(escape, row))
    return table


def _table(title: str, columns: Sequence[str]) -> Table:
    table = Table(title=title or None, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for n, column in enumerate(columns):
        number = n > 0 and column not in (
            "Gate",
            "For",
            "Service",
            "Source",
            "Note",
            "Class",
            "Direction",
            "Arrivals",
            "Used by",
            "Comes back",
            "Spans",
            "Title",
            "How",
            "Question",
            "Needs",
            "How",
            "Low",
            "Base",
            "High",
        )
        table.add_column(escape(column), justify="right" if number else "left", overflow="fold")
    return table
