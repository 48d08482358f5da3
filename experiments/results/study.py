"""The result of a study: its advice, its tables as pandas frames, its plots."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from experiments.results.folder import FolderResult
from gates.findings import ConfigError, Finding, suggestion

if TYPE_CHECKING:
    import pandas as pd

    from experiments.plots.marks import Plot


class StudyFolder(FolderResult):
    """The result of a study."""

    @property
    def advice(self) -> tuple[str, ...]:
        """What the study says, in sentences."""
        from experiments.answers.study_advice import read_answer

        return read_answer(self.folder).advice

    @property
    def warnings(self) -> tuple[str, ...]:
        """What one must know before any number."""
        from experiments.answers.study_advice import read_answer

        return read_answer(self.folder).warnings

    @property
    def tables(self) -> list[str]:
        """Names of its tables."""
        return sorted(path.stem for path in (self.folder / "tables").glob("*.parquet"))

    def table(self, name: str) -> pd.DataFrame:
        """Return a table, such as `estimates`, `differences` or `replications`.

        Raises
        ------
        ConfigError
            If there is no table of this name.
        """
        from experiments.studies.folder import read_table

        if name not in self.tables:
            raise ConfigError(
                [Finding("table", name[:60], "this study has no such table", suggestion(self.tables, name))]
            )
        return read_table(self.folder, name)

    def _plots(self) -> Sequence[Plot]:
        from experiments.answers.study_labels import read_labels
        from experiments.plots.study import study_plots

        return study_plots(self.folder, read_labels(self.folder))

    def _lines(self) -> Iterator[str]:
        from experiments.answers.study_advice import read_answer

        answer = read_answer(self.folder)
        yield f"{answer.title}: {answer.question}"
        yield answer.basis
        yield from (*answer.warnings, *answer.advice)
