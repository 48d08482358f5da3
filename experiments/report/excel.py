"""The tables of a result folder as one Excel file, a sheet each, with plain numbers in full precision."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from experiments.result_folder import MANIFEST, read_json

FILE = "tables.xlsx"
ABOUT = "about"
MOST_ROWS = 1_048_575
"""Rows of a sheet beside its heads."""
MOST_LETTERS = 31
"""Letters of the name of a sheet."""
CREATED = dt.datetime(2000, 1, 1)
"""The same for all files: the same result gives the same bytes."""
WIDTHS = (8, 40)
"""Least and largest width of a column, in letters."""
LOOKED_AT = 200
"""Rows whose texts decide the width of a column."""


def write_excel(folder: Path) -> Path:
    """Write `tables.xlsx` of the folder of a run or a study, and return its path.

    Event logs are left out; of a table with more rows than a sheet holds, the first ones are written, and the sheet
    `about` says so. Times of day are texts with their offset, which Excel has no type for.
    """
    path = folder / FILE
    tables = dict(_tables(folder))
    sheets = {ABOUT: _about(folder, tables), **tables}
    options = {"options": {"default_date_format": "yyyy-mm-dd"}}
    with pd.ExcelWriter(path, engine="xlsxwriter", engine_kwargs=options) as writer:
        book: Any = writer.book
        book.set_properties({"created": CREATED})
        for name, frame in sheets.items():
            frame.head(MOST_ROWS).to_excel(writer, sheet_name=name[:MOST_LETTERS], index=False)
            sheet: Any = writer.sheets[name[:MOST_LETTERS]]
            sheet.freeze_panes(1, 1)
            for n, column in enumerate(frame.columns):
                letters = max(map(len, [str(column), *map(str, frame[column].head(LOOKED_AT))]))
                sheet.set_column(n, n, min(max(letters + 1, WIDTHS[0]), WIDTHS[1]))
    return path


def _tables(folder: Path) -> Iterator[tuple[str, pd.DataFrame]]:
    for path in sorted([*folder.glob("*.parquet"), *(folder / "tables").glob("*.parquet")]):
        frame = pd.read_parquet(path)
        for name in frame.columns:
            if getattr(frame[name].dtype, "tz", None) is not None:
                frame[name] = [None if pd.isna(moment) else moment.isoformat() for moment in frame[name]]
            elif frame[name].dtype == object:
                frame[name] = [None if value is None else str(value) for value in frame[name]]
        yield path.stem, frame


def _about(folder: Path, tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    manifest = read_json(folder / MANIFEST)
    rows = [
        ("result of", manifest.get("study", {}).get("name") or manifest["scenario"]["gate"]["name"]),
        ("made again by", str(manifest["run_again"])),
        *((f"version of {name}", str(version)) for name, version in manifest["versions"].items()),
    ]
    for name, frame in tables.items():
        cut = f", the first {MOST_ROWS:,} of them here" if len(frame) > MOST_ROWS else ""
        rows.append((f"sheet {name}", f"{len(frame):,} rows{cut}"))
    return pd.DataFrame(rows, columns=["what", "value"])
