"""Tables that a caller gives: a pandas frame, a mapping of columns or a CSV file, and findings about their rows."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from gates.findings import ConfigError, Finding, path_text, value_text

Table = Any
"""A pandas frame, a mapping of column names to values, or the path of a CSV file."""
MOST_ROWS = 5_000_000
SHOWN = 3
"""Rows that are named of those with the same mistake."""


class RowFindings:
    """Findings about a table; of rows with the same mistake the first ones.

    Parameters
    ----------
    table
        What findings call it.
    """

    def __init__(self, table: str = "trace") -> None:
        self._table = table
        self._of_rows: dict[tuple[str, str], int] = {}
        self._findings: list[Finding] = []

    def add(self, place: tuple[str | int, ...], value: object, problem: str, remedy: str) -> None:
        """Add a finding about the table, or about a column."""
        written = "" if value is None else value_text(value)
        self._findings.append(Finding(path_text(place), written, problem, remedy))

    def add_row(self, column: str, row: int, value: object, problem: str, remedy: str) -> None:
        """Add a finding about a cell."""
        key = (column, problem)
        self._of_rows[key] = self._of_rows.get(key, 0) + 1
        if self._of_rows[key] <= SHOWN:
            self.add((self._table, column, row), value, problem, remedy)

    def refuse(self) -> None:
        """Raise `ConfigError` if anything was found."""
        for (column, problem), count in self._of_rows.items():
            if count > SHOWN:
                more = f"{count - SHOWN} more rows like these: {problem}"
                self.add((self._table, column), None, more, "Correct them, too.")
        if self._findings:
            raise ConfigError(self._findings)


def columns_of(table: Table, name: str = "trace") -> dict[str, list[Any]]:
    """Return the columns of a table as plain values, None where there is none.

    Parameters
    ----------
    name
        What findings call the table.

    Raises
    ------
    ConfigError
        If it is not a table, or not whole.
    """
    if isinstance(table, str | Path):
        found = _of_file(Path(table), name)
    elif hasattr(table, "keys") and hasattr(table, "__getitem__"):
        found = {str(each): _plain(table[each]) for each in table.keys()}  # noqa: SIM118 (a frame goes by rows)
    else:
        remedy = "Give a pandas frame, a mapping of columns, or the path of a CSV file."
        raise ConfigError([Finding(name, type(table).__name__, "is not a table", remedy)])
    lengths = {each: len(values) for each, values in found.items()}
    if len(set(lengths.values())) > 1:
        raise ConfigError(
            [Finding(name, value_text(lengths), "columns of different lengths", "Give each truck one row.")]
        )
    rows = next(iter(lengths.values()), 0)
    if not 0 < rows <= MOST_ROWS:
        remedy = f"Give 1 to {MOST_ROWS:,} trucks."
        raise ConfigError([Finding(name, str(rows), "has no trucks" if rows == 0 else "too many trucks", remedy)])
    return found


def _of_file(path: Path, name: str) -> dict[str, list[Any]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            heading, *rows = csv.reader(stream)
    except (OSError, UnicodeDecodeError, csv.Error, ValueError) as error:
        problem = "cannot be read" if isinstance(error, OSError) else "is not a table of comma-separated values"
        remedy = "Write a CSV file in UTF-8 with a heading, one row a truck."
        raise ConfigError([Finding(name, str(path), problem, remedy)]) from None
    ragged = [n for n, row in enumerate(rows) if len(row) != len(heading)]
    if ragged:
        problem = f"has {len(rows[ragged[0]])} cells, the heading {len(heading)}"
        raise ConfigError([Finding(f"{name}[{ragged[0]}]", "", problem, "Give each row a cell for each column.")])
    if len(set(heading)) < len(heading):
        twice = next(each for each in heading if heading.count(each) > 1)
        raise ConfigError([Finding(name, twice, "two columns of one name", "Rename one of them.")])
    return {each.strip(): [cell.strip() or None for cell in cells] for each, *cells in zip(heading, *rows, strict=True)}


def _plain(values: Iterable[Any]) -> list[Any]:
    if isinstance(values, np.ndarray) and values.dtype.kind == "M":
        values = values.astype("M8[us]")
    listed = values.tolist() if isinstance(values, np.ndarray) else list(values)
    plain = [value.item() if isinstance(value, np.generic) else value for value in listed]
    return [None if _is_missing(value) else value for value in plain]


def _is_missing(value: Any) -> bool:
    """Tell whether a cell holds nothing: None, NaN, pandas' NaT and NA, an empty text."""
    return value is None or value == "" or type(value).__name__ == "NAType" or bool(value != value)
