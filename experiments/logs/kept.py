"""The event logs that a result folder keeps, with wall-clock times, sides and the alternatives that trucks took."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from pyarrow import parquet

from experiments.answers.labels import Labels
from experiments.logs.columns import MOMENTS, TABLES, TRUCK_MOMENTS, choice_column
from experiments.logs.paths_taken import PathsTaken
from experiments.result_folder import checked_manifest
from gates.findings import ConfigError, Finding

Frame = pd.DataFrame


class KeptReplication(NamedTuple):
    """One replication of a result whose event log is kept."""

    number: int
    visits: Frame
    """A row a visit: the columns of `events` in `experiments.logs.columns`, then those of choices."""
    trucks: Frame
    """A row a truck: the columns of `trucks`, then those of choices."""


class KeptLog:
    """The event logs of a result folder.

    Parameters
    ----------
    folder
        A result folder of a run.
    replication
        The only replication to read; none means all whose event log is kept.

    Raises
    ------
    ConfigError
        If it is not the result of a run, is damaged, or has no such event log.
    """

    def __init__(self, folder: Path, replication: int | None = None) -> None:
        self.folder = folder
        self.manifest: dict[str, Any] = checked_manifest(folder, drawn=False)
        if self.manifest["kind"] != "run":
            problem = f"is the result of a {self.manifest['kind']}, which keeps no event log"
            raise ConfigError([Finding("RESULT", str(folder), problem, "Run one of its gates: bordergate run GATE.")])
        self.labels = Labels(self.manifest)
        self.gate = self.labels.gate
        self._taken = PathsTaken(self.gate)
        self.numbers = self._chosen(replication)

    @property
    def zones(self) -> dict[str, str]:
        """Side -> IANA time zone."""
        return {str(side): zone for side, zone in self.gate.sides.items()}

    @property
    def choices(self) -> tuple[str, ...]:
        """The choices of the gate whose alternatives can be told."""
        return self._taken.choices

    @property
    def tick_zero(self) -> dt.datetime:
        """Start of the run, with its time zone."""
        return self.labels.tick_zero

    def replications(self) -> Iterator[KeptReplication]:
        """Yield the replications, one at a time."""
        for number in self.numbers:
            yield self._read(number)

    def wall_clock(self, ticks: pd.Series, side: str) -> pd.Series:
        """Return milliseconds since the start of the run on the clock of a side; NaT where nothing happened."""
        begin = pd.Timestamp(self.tick_zero).tz_convert("UTC").as_unit("ms")
        return (begin + pd.to_timedelta(ticks, unit="ms").dt.as_unit("ms")).dt.tz_convert(self.zones[side])

    def _chosen(self, replication: int | None) -> list[int]:
        there = sorted(int(path.stem.removeprefix("rep-")) for path in (self.folder / "events").glob("rep-*.parquet"))
        if not there:
            remedy = f"Run it again with its events: bordergate run {self.folder} --keep-events 1 --out DIR."
            raise ConfigError([Finding("RESULT", str(self.folder), "keeps no event log", remedy)])
        if replication is None:
            return there
        if replication not in there:
            remedy = f"Name one from {there[0]} to {there[-1]}; a run keeps more with --keep-events N."
            raise ConfigError([Finding("--replication", str(replication), "its event log is not kept", remedy)])
        return [replication]

    def _read(self, number: int) -> KeptReplication:
        visits = _plain(parquet.read_table(self.folder / "events" / f"rep-{number:05d}.parquet", partitioning=None))
        trucks = _plain(
            parquet.read_table(
                self.folder / "trucks.parquet", partitioning=None, filters=[("replication", "==", number)]
            )
        )
        visits.insert(0, "replication", np.int32(number))
        visits["visit"] = visits.groupby("truck").cumcount()
        visits["side"] = visits["stage"].map({name: str(stage.side) for name, stage in self.gate.stages.items()})
        choices = self._choices(visits)
        names = [column.name for column in TABLES["events"]]
        visits = visits[names].join(choices, on="truck")
        return KeptReplication(number, visits, trucks.join(choices, on="truck"))

    def _choices(self, visits: Frame) -> Frame:
        """Return the alternatives that each truck took; one look for each way through the gate."""
        names = [choice_column(name).name for name in self.choices]
        by_truck = visits.groupby("truck", sort=True)
        ways = by_truck.agg({"direction": "first", "class": "first", "stage": tuple})
        keys = list(ways.itertuples(index=False, name=None))
        told = {key: tuple(self._taken.taken(*key).values()) for key in set(keys)}
        rows = [told[key] for key in keys]
        return Frame(rows, index=ways.index, columns=names, dtype=object)


def _plain(table: Any) -> Frame:
    """Return a table as a frame whose times are whole numbers, missing where nothing happened."""
    frame: Frame = table.to_pandas(types_mapper=None)
    words = frame.select_dtypes("category").columns
    frame = frame.astype(dict.fromkeys(words, object))
    moments = [name for name in (*MOMENTS, *TRUCK_MOMENTS) if name in frame]
    return frame.astype(dict.fromkeys(moments, "Int64"))
