"""Two results compared: the differences in every number, with intervals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from experiments.answers.labels import listed
from experiments.results.run import Result, estimate_text, known_name, name_of
from experiments.runs.folder import NAMES
from experiments.runs.statistics import CONFIDENCE
from experiments.studies.compare import Difference, difference, unpaired
from experiments.studies.model import main_names
from sim.metrics.registry import key_of

if TYPE_CHECKING:
    import pandas as pd

FIRST, SECOND = "first", "second"


class Comparison:
    """The second of two results less the first, number by number; each interval is one for itself.

    Parameters
    ----------
    confidence
        Of each interval; of several comparisons that shall hold together, more than 95 %.
    """

    def __init__(self, first: Result, second: Result, confidence: float = CONFIDENCE) -> None:
        self.first, self.second, self.confidence = first, second, confidence

    @cached_property
    def unlike(self) -> tuple[str, ...]:
        """What keeps replication r of both from meeting the same trucks on the same days, in words."""
        first, second = _draws(self.first), _draws(self.second)
        found = [words for words in first if first[words] != second[words]]
        return tuple(found if _flows(self.first) & _flows(self.second) else [*found, "flows"])

    @property
    def paired(self) -> bool:
        """Whether replications are compared one by one, because the same trucks come on the same days in both."""
        return not self.unlike

    @property
    def method(self) -> str:
        """How the intervals are made, in words."""
        if self.paired:
            return "paired by replication"
        return f"unpaired (Welch), because the {listed(self.unlike)} differ"

    @cached_property
    def _differences(self) -> dict[str, Difference]:
        first, second = values_of(self.first), values_of(self.second)
        return {name: self._difference(first[name], second[name]) for name in first if name in second}

    def _difference(self, first: npt.NDArray[np.float64], second: npt.NDArray[np.float64]) -> Difference:
        if not self.paired:
            return unpaired(SECOND, second, FIRST, first, self.confidence)
        count = min(first.size, second.size)
        return difference({FIRST: first[:count], SECOND: second[:count]}, (SECOND, FIRST), self.confidence)

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
        return [*key_of(row), row["unit"], *means, *interval, each.n, each.method]

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
        for name in main_names(self._differences):
            each = self._differences[name]
            yield f"{name}: {estimate_text((each.value, each.low, each.high))} {self.first.unit(name)}"

    def __repr__(self) -> str:
        """Return a few lines: how they were compared, and the main differences."""
        return "\n".join(self._lines())

    def _repr_html_(self) -> str:
        heading, *lines = map(escape, self._lines())
        return f"<strong>{heading}</strong><ul>{''.join(f'<li>{line}</li>' for line in lines)}</ul>"


def _draws(result: Result) -> dict[str, object]:
    """Return what two runs must share so that replication r meets the same trucks on the same days: words -> value."""
    manifest, scenario = result.manifest, result.manifest["scenario"]
    return {
        "seeds": manifest["seed"],
        "first days": scenario["start"] or scenario["gate"]["start"],
        "numbers of days": scenario["days"],
        "warm-ups": scenario["warmup_days"],
        "recorded trucks": manifest.get("trace"),
    }


def _flows(result: Result) -> set[str]:
    """Return the flows of a gate; those of one name draw the same trucks at every gate."""
    flows: Mapping[str, Any] = result.manifest["scenario"]["gate"]["flows"]
    return set(flows)


def values_of(result: Result) -> dict[str, npt.NDArray[np.float64]]:
    """Return number -> (replications,) its values."""
    frame = result.replications
    keys = frame[frame["replication"] == 0]
    table = frame["value"].to_numpy(np.float64).reshape(-1, len(keys))
    names = [name_of(row) for row in keys[list(NAMES)].itertuples(index=False)]
    return dict(zip(names, table.T, strict=True))
