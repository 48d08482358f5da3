"""Two results compared: the differences in every number, with intervals."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from experiments.results.run import Result, estimate_text, known_name, name_of
from experiments.runs.folder import NAMES
from experiments.studies.compare import Difference, difference, unpaired
from experiments.studies.model import DEFAULT_METRICS

if TYPE_CHECKING:
    import pandas as pd

FIRST, SECOND = "first", "second"


class Comparison:
    """The second of two results less the first, number by number; each interval is a 95 % interval for itself."""

    def __init__(self, first: Result, second: Result) -> None:
        self.first, self.second = first, second

    @cached_property
    def paired(self) -> bool:
        """Whether replications are compared one by one: they share their draws where seed and days are the same."""
        return _draws(self.first) == _draws(self.second)

    @property
    def method(self) -> str:
        """How the intervals are made, in words."""
        if self.paired:
            return "paired by replication"
        return "unpaired (Welch), because the seeds, days or warm-ups differ"

    @cached_property
    def _differences(self) -> dict[str, Difference]:
        first, second = _values(self.first), _values(self.second)
        return {name: self._difference(first[name], second[name]) for name in first if name in second}

    def _difference(self, first: npt.NDArray[np.float64], second: npt.NDArray[np.float64]) -> Difference:
        if not self.paired:
            return unpaired(SECOND, second, FIRST, first)
        count = min(first.size, second.size)
        return difference({FIRST: first[:count], SECOND: second[:count]}, (SECOND, FIRST), 0.95)

    @property
    def names(self) -> list[str]:
        """Names of the numbers that both results have."""
        return list(self._differences)

    @property
    def frame(self) -> pd.DataFrame:
        """The differences as a table: both means, the difference with its interval, and how it was made."""
        import pandas as pd

        columns = [*NAMES, "unit", FIRST, SECOND, "difference", "low", "high", "percent", "n", "method"]
        return pd.DataFrame([self._row(name) for name in self._differences], columns=columns)

    def _row(self, name: str) -> list[object]:
        row, each = self.first.rows[name], self._differences[name]
        means = [self.first.metric(name).value, self.second.metric(name).value]
        interval = [each.value, each.low, each.high, each.percent]
        return [*(row[part] for part in NAMES), row["unit"], *means, *interval, each.n, each.method]

    def metric(self, name: str) -> Difference:
        """Return the difference in one number, such as `clearance_h.p90.northbound`.

        Raises
        ------
        ConfigError
            If the results do not both have a number of this name.
        """
        return self._differences[known_name(name, self._differences)]

    def _lines(self) -> Iterator[str]:
        yield f"The second result less the first, {self.method}"
        for name, result in ((FIRST, self.first), (SECOND, self.second)):
            yield from (f"In the {name}: {warning}" for warning in result.warnings)
        for direction in ("northbound", "southbound"):
            for name in (f"{metric}.{direction}" for metric in DEFAULT_METRICS):
                if name in self._differences:
                    each = self._differences[name]
                    yield f"{name}: {estimate_text((each.value, each.low, each.high))} {self.first.unit(name)}"

    def __repr__(self) -> str:
        """Return a few lines: how they were compared, and the main differences."""
        return "\n".join(self._lines())

    def _repr_html_(self) -> str:
        heading, *lines = map(escape, self._lines())
        return f"<strong>{heading}</strong><ul>{''.join(f'<li>{line}</li>' for line in lines)}</ul>"


def _draws(result: Result) -> tuple[object, ...]:
    """Return what two runs must share so that replication r meets the same trucks in both."""
    scenario = result.manifest["scenario"]
    return result.manifest["seed"], scenario["days"], scenario["warmup_days"]


def _values(result: Result) -> dict[str, npt.NDArray[np.float64]]:
    """Return number -> (replications,) its values."""
    frame = result.replications
    keys = frame[frame["replication"] == 0]
    table = frame["value"].to_numpy(np.float64).reshape(-1, len(keys))
    names = [name_of(row) for row in keys[list(NAMES)].itertuples(index=False)]
    return dict(zip(names, table.T, strict=True))
