"""What the result of a run and that of a study have in common: a folder, and plots of it."""

from __future__ import annotations

import shutil
import weakref
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gates.findings import ConfigError, Finding, suggestion

if TYPE_CHECKING:
    import altair as alt

    from experiments.plots.marks import Plot


class FolderResult:
    """A result over its folder. A folder that was made for it alone is removed with it."""

    def __init__(self, folder: Path, *, temporary: Path | None = None) -> None:
        self.folder = folder
        """Where the result is."""
        if temporary is not None:
            weakref.finalize(self, shutil.rmtree, temporary, ignore_errors=True)

    @property
    def plots(self) -> list[str]:
        """Names of the plots that it has."""
        return [plot.name for plot in self._plots()]

    def plot(self, name: str) -> alt.TopLevelMixin:
        """Return a plot as an Altair chart, which a notebook shows.

        Raises
        ------
        ConfigError
            If there is no plot of this name.
        """
        from experiments.plots import theme
        from experiments.plots.marks import WIDE

        named = {plot.name: plot for plot in self._plots()}
        if name not in named:
            raise ConfigError([Finding("plot", name[:60], "this result has no such plot", suggestion(named, name))])
        chart: alt.TopLevelMixin = named[name].chart(WIDE).properties(title=named[name].title).configure(**theme.CONFIG)
        return chart

    def _plots(self) -> Sequence[Plot]:
        raise NotImplementedError

    def _lines(self) -> Iterable[str]:
        """Return what is shown of it: a heading, then its main numbers."""
        raise NotImplementedError

    def __repr__(self) -> str:
        """Return a few lines: what was run, and its main numbers."""
        return "\n".join(self._lines())

    def _repr_html_(self) -> str:
        heading, *lines = map(escape, self._lines())
        return f"<strong>{heading}</strong><ul>{''.join(f'<li>{line}</li>' for line in lines)}</ul>"


def read_frame(path: Path, **options: Any) -> Any:
    """Return a Parquet file as a pandas frame, its names as plain strings, None where there is none."""
    import pandas as pd

    frame = pd.read_parquet(path, **options)
    for column in frame.select_dtypes("category"):
        words = frame[column].astype(object)
        frame[column] = words.where(words.notna(), None)
    return frame
