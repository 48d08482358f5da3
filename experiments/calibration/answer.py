"""What a calibration says: the answer in sentences, and its tables."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from experiments.answers.labels import NOTHING, in_its_languages
from experiments.answers.numbers import GLUE, interval, short, within
from experiments.answers.run_tables import Table

WORST, MOST = 5, 2
"""Shifts that a table shows for each reading: on a page, on a screen."""


@dataclass(frozen=True)
class Said:
    """A calibration as people read it."""

    title: str
    basis: str
    answers: tuple[str, ...]
    tables: tuple[Table, ...]


def said(whole: Mapping[str, Any], *, intervals: bool = False) -> Said:
    """Return what a calibration says.

    Parameters
    ----------
    whole
        Its document.
    intervals
        Whether each value shows its interval, for which a page has room.
    """
    tables = (_target_table(whole, intervals=intervals), _worst_table(whole, intervals=intervals), _apart_table(whole))
    return Said(
        title=in_its_languages(whole["title"]) or whole["gate"],
        basis=(
            f"Calibration: {_count(len(whole['targets']), 'target')} and {_count(len(whole['readings']), 'reading')}, "
            f"{whole['replications']} replications of {whole['days']} days after {whole['warmup_days']} of warm-up "
            f"unless the target says otherwise, seed {whole['seed']}."
        ),
        answers=(*(_reading(whole, each) for each in whole["readings"]), *_warning(whole)),
        tables=tuple(table for table in tables if table.rows),
    )


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def verdicts(whole: Mapping[str, Any], reading: str) -> dict[str, str]:
    """Return the verdict of each target under a reading: the worst of its demands."""
    order = ("met", "open", "missed")
    found: dict[str, str] = {}
    for row in whole["held"]:
        if row["reading"] == reading:
            found[row["target"]] = max(found.get(row["target"], "met"), row["verdict"], key=order.index)
    return found


def worst_of(whole: Mapping[str, Any], reading: str) -> dict[str, Any] | None:
    """Return the shift that moves a reading most; None if none was tried."""
    rows = [row for row in whole["robustness"]["shifts"] if row["reading"] == reading]
    return max(rows, key=lambda row: (_is_edge(whole, row), _size(row)), default=None)


def _is_edge(whole: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    """Tell whether a shift changes mean clearance notably, and by more time than the clock was moved.

    Who waits for an opening waits as much longer as it comes later. Where clearance takes an hour, that alone is a
    large share of it; on a knife edge a few minutes decide about hours.
    """
    return bool(_size(row) > whole["robustness"]["limit"] and _minutes(row) > abs(row["minutes"]))


def _minutes(row: Mapping[str, Any]) -> float:
    """Return by how many minutes mean clearance changes."""
    return float(_size(row) * row["clearance_h"] * 60)


def _size(row: Mapping[str, Any]) -> float:
    value = row["change_value"]
    return math.inf if value is None else abs(value)


def _reading(whole: Mapping[str, Any], reading: Mapping[str, Any]) -> str:
    """Say how many targets a reading meets, and whether it stands on a single minute."""
    title = reading["title"] + (" (the baseline)" if reading["baseline"] and len(whole["readings"]) > 1 else "")
    return " ".join(filter(None, (f"{title}: {_met(whole, reading)}.", _moves(whole, reading["name"]))))


def _met(whole: Mapping[str, Any], reading: Mapping[str, Any]) -> str:
    found = verdicts(whole, reading["name"])
    if not found:
        return "the gate has no targets"
    kinds = {target["name"]: target["kind"] for target in whole["targets"]}
    parts = []
    for kind in ("fitted", "predicted"):
        own = [name for name in found if kinds[name] == kind]
        if own:
            parts.append(f"{sum(found[name] == 'met' for name in own)} of {len(own)} {kind}")
    text = f"meets {' and '.join(parts)} targets"
    for verdict, words in (("missed", "misses"), ("open", "too few replications to tell")):
        if names := [name for name, each in found.items() if each == verdict]:
            text += f"; {words}: {', '.join(names)}"
    return text


def _moves(whole: Mapping[str, Any], reading: str) -> str:
    row = worst_of(whole, reading)
    if row is None:
        return ""
    limit, minutes = 100 * whole["robustness"]["limit"], whole["robustness"]["minutes"]
    bound = f"{limit:g}{GLUE}%"
    if _size(row) <= whole["robustness"]["limit"]:
        largest = f"the largest change is {change_text(row)} ({row['direction']}, {shift_text(row)})"
        return f"Robust: no clock time moved by {minutes} min changes mean clearance by more than {bound}; {largest}."
    moves = f"{shift_text(row)} changes {row['direction']} mean clearance by {change_text(row)}"
    if _is_edge(whole, row):
        return f"Not robust: {moves}, which is more than {bound}."
    return f"Robust: {moves}, but by {_minutes(row):.0f}{GLUE}min, less than the clock was moved."


def shift_text(row: Mapping[str, Any]) -> str:
    """`the end of metering-yard hours 15 min later`."""
    kind, _, rest = row["place"].partition(".")
    place = " ".join(part for part in rest.split(".") if not part.isdigit()) or kind
    what = "start and end" if row["what"] == "both" else row["what"]
    return f"the {what} of {place} {abs(row['minutes'])}{GLUE}min {'later' if row['minutes'] > 0 else 'earlier'}"


def change_text(row: Mapping[str, Any]) -> str:
    """`−37.6 %`."""
    if row["change_value"] is None:
        return "beyond the run"
    return f"{short(100 * row['change_value'], sign=True)}{GLUE}%"


def _warning(whole: Mapping[str, Any]) -> tuple[str, ...]:
    """Warn where the baseline is not robust, and say which readings are."""
    found = {each["name"]: worst_of(whole, each["name"]) for each in whole["readings"]}
    edge = [name for name, row in found.items() if row is not None and _is_edge(whole, row)]
    baseline = next((each for each in whole["readings"] if each["baseline"]), None)
    if baseline is None or baseline["name"] not in edge:
        return ()
    others = [each["title"] for each in whole["readings"] if each["name"] not in edge]
    title = baseline["title"]
    text = f"Advice about hours and lists that rests on {title} alone can be an effect of the clock."
    return (f"{text} Look at it under {' and '.join(others)}, too." if others else text,)


def _target_table(whole: Mapping[str, Any], *, intervals: bool) -> Table:
    targets = {target["name"]: target for target in whole["targets"]}
    cells: dict[tuple[str, float], dict[str, str]] = {}
    for row in whole["held"]:
        cells.setdefault((row["target"], row["demand"]), {})[row["reading"]] = _cell(row, intervals=intervals)
    rows = [
        (
            name + (f" × {demand:g}" if demand != 1 else ""),
            _band(targets[name]),
            *((targets[name]["kind"],) if intervals else ()),
            *(found.get(each["name"], NOTHING) for each in whole["readings"]),
        )
        for (name, demand), found in cells.items()
    ]
    more = ("Kind",) if intervals else ()
    columns = ("Target", "Band", *more, *(each["title"] for each in whole["readings"]))
    note = "Met: the whole 95 % interval lies in the band; missed: none of it; open: too few replications to tell."
    return Table("Readings by target", columns, tuple(rows), note)


def _cell(row: Mapping[str, Any], *, intervals: bool) -> str:
    if row["value"] is None:
        return f"{NOTHING} {row['verdict']}"
    if row["low"] is None:
        return f"{short(row['value'])} {row['verdict']}"
    value = within(row["value"], row["low"], row["high"])
    return (
        f"{value} ({interval(row['low'], row['high'])}) {row['verdict']}" if intervals else f"{value} {row['verdict']}"
    )


def _band(target: Mapping[str, Any]) -> str:
    low, high = target["low"], target["high"]
    if low is None:
        return f"at most {high:g}"
    return f"at least {low:g}" if high is None else f"{low:g} to {high:g}"


def _worst_table(whole: Mapping[str, Any], *, intervals: bool) -> Table:
    titles = {each["name"]: each["title"] for each in whole["readings"]}
    rows = []
    for name, title in titles.items():
        own = sorted((row for row in whole["robustness"]["shifts"] if row["reading"] == name), key=_size, reverse=True)
        rows += [
            (title, shift_text(row), row["stands"], row["direction"], change_text(row), *((_range(row),) * intervals))
            for row in own[: WORST if intervals else MOST]
        ]
    columns = ("Reading", "Moved", "Stands at", "Direction", "Change", *(("95 % interval",) * intervals))
    robust = whole["robustness"]
    upgraded = f", with {', '.join(robust['upgrades'])}" if robust["upgrades"] else ""
    note = (
        f"Change of mean clearance on common random numbers{upgraded}; {robust['replications']} replications of "
        f"{robust['days']} days. All shifts are in robustness.csv."
    )
    return Table("Clock times whose shift matters most", columns, tuple(rows), note)


def _range(row: Mapping[str, Any]) -> str:
    if row["low"] is None or row["high"] is None:
        return NOTHING
    return f"{interval(100 * row['low'], 100 * row['high'], sign=True)}{GLUE}%"


def _apart_table(whole: Mapping[str, Any]) -> Table:
    columns = ("Measured", *(each["title"] for each in whole["readings"]))
    rows = tuple(
        (
            row["metric"],
            *(
                within(each["value"], each["low"], each["high"])
                for each in (row["values"][reading["name"]] for reading in whole["readings"])
            ),
        )
        for row in whole["apart"]
    )
    note = "The numbers in which the readings differ most beyond chance: counts of one of them would tell them apart."
    return Table("What would tell the readings apart", columns, rows, note)
