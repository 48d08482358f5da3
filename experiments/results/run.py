"""The result of a run: its numbers by name, its tables as pandas frames, its plots."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from experiments.answers.run_numbers import estimate_of
from experiments.result_folder import MANIFEST, read_json
from experiments.results.folder import FolderResult, read_frame
from experiments.runs.folder import NAMES
from experiments.runs.statistics import Estimate
from experiments.studies.model import main_names, metric_text
from gates.findings import ConfigError, Finding
from sim.metrics.meter import Key
from sim.metrics.registry import key_of

if TYPE_CHECKING:
    import pandas as pd

    from experiments.plots.marks import Plot


class Result(FolderResult):
    """The result of a run."""

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """Where the result comes from: the whole gate, the settings, versions and sources."""
        return read_json(self.folder / MANIFEST)

    @cached_property
    def rows(self) -> dict[str, dict[str, Any]]:
        """Name of a number -> its row in `metrics.json`."""
        return {metric_text(key_of(row)): row for row in read_json(self.folder / "metrics.json")["metrics"]}

    @property
    def metrics(self) -> pd.DataFrame:
        """Every number with its 95 % interval over `n` replications; infinite where some do not reach it."""
        import pandas as pd

        return pd.DataFrame(
            [
                [*key_of(row), *(estimate := estimate_of(row))[:3], estimate.n, row["unit"]]
                for row in self.rows.values()
            ],
            columns=[*NAMES, "value", "low", "high", "n", "unit"],
        )

    @property
    def replications(self) -> pd.DataFrame:
        """Every number in every replication."""
        return self._table("replications.parquet")

    @property
    def events(self) -> pd.DataFrame:
        """The event log of the replications kept, a row for each visit of a truck; times are ms since tick zero."""
        import pandas as pd

        logs = sorted((self.folder / "events").glob("rep-*.parquet"))
        if not logs:
            raise ConfigError([_not_there("events")])
        frames = [read_frame(log, partitioning=None) for log in logs]
        for log, frame in zip(logs, frames, strict=True):
            frame.insert(0, "replication", int(log.stem.removeprefix("rep-")))
        joined: pd.DataFrame = pd.concat(frames, ignore_index=True)
        return joined

    @property
    def trucks(self) -> pd.DataFrame:
        """The trucks of the replications whose event log is kept, a row for each."""
        return self._table("trucks.parquet")

    @property
    def decisions(self) -> pd.DataFrame:
        """What own rules did in the replications whose event log is kept: lanes, units and holds from each tick on."""
        return self._table("decisions.parquet")

    @property
    def queues(self) -> pd.DataFrame:
        """Trucks in the queue of every stage, by hour of the measured period and replication."""
        return self._table("queues.parquet")

    @property
    def days(self) -> pd.DataFrame:
        """Trucks that arrived, were released and departed, and those that wait, by day and replication."""
        return self._table("days.parquet")

    @property
    def clearance(self) -> pd.DataFrame:
        """Hours within which so many percent of the trucks are cleared, by direction and replication."""
        table = self._table("clearance.parquet")
        return table[(table["measure"] == "clearance") & table["class"].isna()]

    @property
    def warnings(self) -> tuple[str, ...]:
        """What one must know before any number: deadlock, overload, a run outside the calibrated range."""
        from experiments.answers.run_summary import read_summary

        return read_summary(self.folder).warnings

    def metric(self, name: str) -> Estimate:
        """Return a number with its 95 % interval.

        Parameters
        ----------
        name
            As a study writes it: `clearance_h.p90.northbound`, `wait_h.mean.northbound@bay-cn`.

        Raises
        ------
        ConfigError
            If the result has no number of this name.
        """
        return estimate_of(self.rows[known_name(name, self.rows)])

    def unit(self, name: str) -> str:
        """Return the unit of a number."""
        unit: str = self.rows[known_name(name, self.rows)]["unit"]
        return unit

    def _table(self, file: str) -> pd.DataFrame:
        if not (self.folder / file).is_file():
            raise ConfigError([_not_there(file.partition(".")[0])])
        frame: pd.DataFrame = read_frame(self.folder / file, partitioning=None)
        return frame

    def _plots(self) -> Sequence[Plot]:
        from experiments.plots.draw import read_plots

        return read_plots(self.folder)

    def _lines(self) -> Iterator[str]:
        scenario = self.manifest["scenario"]
        yield (
            f"{scenario['gate']['name']}: {scenario['days']} days from {scenario['start']} after "
            f"{scenario['warmup_days']} of warm-up, {self.manifest['replications']} replications, "
            f"seed {self.manifest['seed']}"
        )
        yield from self.warnings
        for name in main_names(self.rows):
            yield f"{name}: {estimate_text(estimate_of(self.rows[name]))} {self.rows[name]['unit']}"


def name_of(parts: Iterable[str | None]) -> str:
    """Return the name of a number from the columns that name it."""
    return metric_text(Key(*parts))  # type: ignore[arg-type]


def estimate_text(estimate: Sequence[float]) -> str:
    """Return a number and its interval, if it has one, in a few digits."""
    value, low, high = (f"{number:,.3g}" if abs(number) < 1000 else f"{number:,.0f}" for number in estimate[:3])
    return value if math.isnan(estimate[1]) else f"{value} (95 %: {low} to {high})"


def known_name(name: str, known: Iterable[str]) -> str:
    """Return the name of a number, or raise `ConfigError` with the nearest names."""
    names = list(known)
    if name in names:
        return name
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    remedy = f"Did you mean {' or '.join(near)}?" if near else "The frame `.metrics` lists all that there are."
    raise ConfigError([Finding("metric", name[:60], "this result has no such metric", remedy)])


def _not_there(table: str) -> Finding:
    if table in ("events", "trucks"):
        return Finding("keep_events", "0", f"this result has no {table}", "Run with keep_events of 1 or more.")
    if table == "decisions":
        return Finding("policy", "", "this result has no decisions of own rules", "Run with a policy and keep_events.")
    return Finding("folder", "", f"this result has no {table}", "It is of an older version: run it again.")
