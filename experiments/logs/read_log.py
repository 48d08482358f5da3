"""Read a log of real trucks: a table with a row a visit, or a row a truck, and what had to be cleaned.

A row is a visit if there is a column `stage`; its moments are `joined`, `started`, `finished` and `left`, as far as
they were recorded. Otherwise a row is a truck, and its moments are columns that the caller names in their order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd
from pandas.api.types import is_numeric_dtype

from experiments.logs.columns import MOMENTS
from gates.findings import ConfigError, Finding, suggestion

WORDS = ("direction", "class", "channel", "side")
"""Columns that part the trucks; each may be missing."""
MOST_ROWS = 5_000_000
MOST_BYTES = 2 << 30
CHANNEL = "choice.channel"
"""How an exported log calls the channel."""


@dataclass(frozen=True)
class LogColumns:
    """How the columns of a log are to be read."""

    names: Mapping[str, str] = field(default_factory=dict)
    """Our name -> name in the log; by default they are the same."""
    moments: tuple[str, ...] = ()
    """Columns with the moments of a truck, in order, if a row is a truck."""
    zone: str | None = None
    """IANA time zone of times without one."""
    day_first: bool = False
    """Whether 03/04 is 3 April."""


@dataclass(frozen=True)
class ReadLog:
    """A log as it was read."""

    rows: pd.DataFrame
    """A row a visit or a truck: `truck` (text), `stage` if a row is a visit, `WORDS` that there are, moments in UTC."""
    moments: tuple[str, ...]
    """The columns with moments, in order."""
    cleaned: tuple[str, ...]
    """What was left out or changed, in sentences."""

    @property
    def has_visits(self) -> bool:
        """Whether a row is a visit to a stage."""
        return "stage" in self.rows


def read_log(path: Path, columns: LogColumns | None = None) -> ReadLog:
    """Read a log from a CSV or Parquet file.

    Raises
    ------
    ConfigError
        With every finding at once, if it cannot be read.
    """
    columns = columns or LogColumns()
    reading = _Reading(_table(path), columns)
    rows = reading.rows()
    if reading.findings:
        raise ConfigError(reading.findings)
    return ReadLog(rows, reading.moments, tuple(reading.cleaned))


def _table(path: Path) -> pd.DataFrame:
    def refused(problem: str, remedy: str) -> ConfigError:
        return ConfigError([Finding("LOG", str(path), problem, remedy)])

    if not path.is_file():
        raise refused("is not a file", "Name a CSV or Parquet file with one row a visit or a truck.")
    if path.stat().st_size > MOST_BYTES:
        raise refused(f"is larger than {MOST_BYTES >> 30} GiB", "Give a shorter period.")
    try:
        if path.suffix.lower() == ".parquet":
            table = pd.read_parquet(path)
        else:
            table = pd.read_csv(path, encoding="utf-8-sig", nrows=MOST_ROWS + 1, low_memory=False)
    except UnicodeDecodeError:
        raise refused("is not in UTF-8", "Save it as CSV UTF-8.") from None
    except (ValueError, OSError) as error:
        problem = f"is not a table of comma-separated values or a Parquet file ({str(error)[:80]})"
        raise refused(problem, "Write a CSV file in UTF-8 with a heading.") from None
    if table.empty or len(table) > MOST_ROWS:
        problem = "has no rows" if table.empty else f"has more than {MOST_ROWS:,} rows"
        raise refused(problem, "Give a log with trucks." if table.empty else "Give a shorter period.")
    return table


class _Reading:
    """A table that is read."""

    def __init__(self, table: pd.DataFrame, columns: LogColumns) -> None:
        self.table, self.columns = table, columns
        self.findings: list[Finding] = []
        self.cleaned: list[str] = []
        self.zone = self._zone()
        self.moments: tuple[str, ...] = ()

    def rows(self) -> pd.DataFrame:
        """Return the rows, or an empty frame with findings beside it."""
        self._refuse_unknown_names()
        truck = self._column("truck")
        stage = None if self.columns.moments else self._column("stage")
        self.moments = self._moments(of_visits=stage is not None)
        if truck is None:
            self._find("truck", "no column says which truck a row is about", "Name it: --column truck=COLUMN.")
        if not self.moments:
            listed = ", ".join(map(str, self.table.columns[:12]))
            remedy = f"Name the columns in order: --moments arrived,released. The log has: {listed}."
            self._find("moments", "no column holds moments", remedy)
        if self.findings or truck is None:
            return pd.DataFrame()
        found = {"truck": self._with_replication(truck.astype(str))}
        if stage is not None:
            found["stage"] = stage.astype(str)
        for name in WORDS:
            column = self._column(name)
            if column is not None:
                found[name] = column.astype(object)
        times = {name: self._times(name) for name in self.moments}
        if self.findings:
            return pd.DataFrame()
        return self._clean(pd.DataFrame({**found, **times}))

    def _clean(self, rows: pd.DataFrame) -> pd.DataFrame:
        count = len(rows)
        rows = rows.drop_duplicates(ignore_index=True)
        if len(rows) < count:
            self.cleaned.append(f"{count - len(rows):,} rows that stand twice were left out.")
        empty = rows[list(self.moments)].isna().all(axis=1)
        if empty.any():
            self.cleaned.append(f"{int(empty.sum()):,} rows without any time were left out.")
            rows = rows[~empty].reset_index(drop=True)
        return rows

    def _moments(self, *, of_visits: bool) -> tuple[str, ...]:
        if self.columns.moments:
            return self.columns.moments
        return tuple(name for name in MOMENTS if self._written(name) is not None) if of_visits else ()

    def _written(self, name: str) -> str | None:
        """Return the column of the log that holds ours; an exported log has a column for each clock."""
        if name in self.columns.names:
            return self.columns.names[name] if self.columns.names[name] in self.table else None
        clocks = [str(each) for each in self.table.columns if str(each).startswith(f"{name}_")]
        if clocks and name in self.table and is_numeric_dtype(self.table[name]):
            return clocks[0]
        if name == "channel" and name not in self.table and CHANNEL in self.table:
            return CHANNEL
        return name if name in self.table else None

    def _column(self, name: str) -> pd.Series | None:
        written = self._written(name)
        return None if written is None else self.table[written]

    def _with_replication(self, truck: pd.Series) -> pd.Series:
        """Return names of trucks that tell the replications of an exported log apart."""
        if "replication" not in self.table:
            return truck
        return self.table["replication"].astype(str) + "/" + truck

    def _times(self, name: str) -> pd.Series:
        written = self._written(name)
        assert written is not None
        column = self.table[written]
        text = column.astype("string").str.strip()
        given = column.notna() & (text != "")
        if isinstance(column.dtype, pd.DatetimeTZDtype):
            return _in_ms(column.dt.tz_convert("UTC"))
        if is_numeric_dtype(column) and given.any():
            self._find(written, "holds numbers, not dates with times of day", "Write 2026-11-27 10:00, or with +07:00.")
            return pd.Series(pd.NaT, index=column.index, dtype="datetime64[ms, UTC]")
        zoned = text.str.contains(r"(?:Z|[+-]\d{2}:?\d{2})$", regex=True, na=False)
        parsed = pd.Series(pd.NaT, index=column.index, dtype="datetime64[ms, UTC]")
        options: dict[str, Any] = {"errors": "coerce", "format": "mixed", "dayfirst": self.columns.day_first}
        if zoned.any():
            parsed[zoned] = pd.to_datetime(text[zoned], utc=True, **options).astype("datetime64[ms, UTC]")
        plain = given & ~zoned
        if plain.any() and self.zone is None:
            remedy = "Say on whose clock they are: --zone Asia/Ho_Chi_Minh."
            self._find(written, "holds times without a time zone", remedy)
        elif plain.any():
            parsed[plain] = self._on_the_clock(pd.to_datetime(text[plain], **options), written)
        wrong = given & parsed.isna() & ~(plain if self.zone is None else plain & False)
        if wrong.all() or wrong.sum() > given.sum() / 2:
            example = str(text[wrong].iloc[0])[:40]
            self._find(written, f"{int(wrong.sum()):,} cells are not times, such as {example}", "Name another column.")
        elif wrong.any():
            self.cleaned.append(f"{int(wrong.sum()):,} cells of {written} are not times and count as empty.")
        return parsed

    def _on_the_clock(self, local: pd.Series, column: str) -> pd.Series:
        """Return times of the clock of the log's zone; one that comes twice or never counts as empty."""
        there = local.dt.tz_localize(self.zone, ambiguous="NaT", nonexistent="NaT")
        lost = int((there.isna() & local.notna()).sum())
        if lost:
            self.cleaned.append(f"{lost:,} times of {column} come twice or never when clocks change: counted as empty.")
        return _in_ms(there.dt.tz_convert("UTC"))

    def _zone(self) -> str | None:
        if self.columns.zone is None:
            return None
        try:
            ZoneInfo(self.columns.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            self._find("--zone", "is not a time zone", "Write an IANA name, such as Asia/Shanghai.", self.columns.zone)
            return None
        return self.columns.zone

    def _refuse_unknown_names(self) -> None:
        known = ["truck", "stage", *WORDS, *MOMENTS]
        there = [str(name) for name in self.table.columns]
        for name, written in self.columns.names.items():
            if name not in known:
                self._find("--column", "is not a column that is looked for", suggestion(known, name), name)
            if written not in there:
                self._find("--column", "the log has no such column", suggestion(there, written), written)
        for name in self.columns.moments:
            if name not in there:
                self._find("--moments", "the log has no such column", suggestion(there, name), name)

    def _find(self, place: str, problem: str, remedy: str, value: str = "") -> None:
        self.findings.append(Finding(place, value[:60], problem, remedy))


def _in_ms(moments: pd.Series) -> pd.Series:
    made: pd.Series = moments.astype("datetime64[ms, UTC]")
    return made


def named_columns(written: Sequence[str]) -> dict[str, str]:
    """Return our name -> name in the log from texts such as `truck=Plate`.

    Raises
    ------
    ConfigError
        If a text is not of this form.
    """
    wrong = [text for text in written if not all(text.partition("=")[::2])]
    if wrong:
        remedy = "Write OURS=THEIRS, such as --column truck=Plate."
        raise ConfigError([Finding("--column", text[:60], "does not name two columns", remedy) for text in wrong])
    return {ours: theirs for ours, _, theirs in (text.partition("=") for text in written)}
