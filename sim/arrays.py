"""Names for the kinds of arrays that modules hand to each other, and tables whose columns are declared once."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

Indices = npt.NDArray[np.int32]
"""Whole numbers that say which: stages, lines, lane groups, ...; -1 mostly stands for none."""
Numbers = npt.NDArray[np.uint32]
"""Numbers of rows, as engines read them: the compiler knows that they are not negative; `NOBODY` stands for none."""
Rows = npt.NDArray[np.void]
"""Rows of named columns. Few arrays of many columns compile faster than many arrays."""
NOBODY: int = np.int64(2**32 - 1)  # type: ignore[assignment]
"""Row that stands for none. Of the width of all numbers in kernels: for a plain int parts would be compiled again."""

ROW, NUMBER, FLAG = "u4", "i8", "?"
"""Kinds of columns: the number of a row or `NOBODY`, a whole number, yes or no."""

Item = TypeVar("Item")


@dataclass(frozen=True)
class Column(Generic[Item]):
    """A column of a table: the one place that says what it is called, what it holds and where that comes from."""

    name: str
    kind: str
    """`ROW`, `NUMBER` or `FLAG`."""
    doc: str
    of: Callable[[Item], int]
    """The value in the row of an item; -1 for `NOBODY`."""
    neutral: int | None = None
    """The value that changes nothing: where all rows hold it, engines skip what the column is for."""


@dataclass(frozen=True)
class Entries(Generic[Item]):
    """Two columns, `name_from` and `name_to`: which entries of a longer array belong to the row."""

    name: str
    doc: str
    of: Callable[[Item], Sequence[Any]]
    """The entries of an item."""


@dataclass(frozen=True)
class Table(Generic[Item]):
    """Columns of the rows of one kind of thing."""

    columns: tuple[Column[Item] | Entries[Item], ...]

    def rows(self, items: Sequence[Item]) -> Rows:
        """Return one row for each item."""
        values: dict[str, tuple[str, Sequence[int]]] = {}
        for column in self.columns:
            if isinstance(column, Column):
                values[column.name] = column.kind, [column.of(item) for item in items]
            else:
                ends = np.cumsum([0] + [len(column.of(item)) for item in items])
                values[f"{column.name}_from"] = ROW, ends[:-1].tolist()
                values[f"{column.name}_to"] = ROW, ends[1:].tolist()
        rows = np.zeros(len(items), np.dtype([(name, kind) for name, (kind, _) in values.items()], align=True))
        for name, (kind, column_values) in values.items():
            rows[name] = np.array(column_values, np.int64).astype(kind)
        return rows

    def entries(self, name: str, items: Iterable[Item]) -> list[Any]:
        """Return the entries of all items, one after the other."""
        (column,) = (c for c in self.columns if isinstance(c, Entries) and c.name == name)
        return [entry for item in items for entry in column.of(item)]

    def is_used(self, name: str, rows: Rows) -> bool:
        """Tell whether any row of a column holds something else than its neutral value."""
        (column,) = (c for c in self.columns if isinstance(c, Column) and c.name == name)
        return bool((rows[name] != np.array(column.neutral).astype(column.kind)).any())


def table_of(**kinds: str) -> np.dtype[np.void]:
    """Return the kind of rows with the given columns."""
    return np.dtype(list(kinds.items()), align=True)


def records(rows: Rows) -> list[Any]:
    """Return rows as tuples of plain Python values that go by the names of the columns."""
    record = namedtuple("record", rows.dtype.names or ())  # type: ignore[misc]
    return [record(*row) for row in rows.tolist()]
