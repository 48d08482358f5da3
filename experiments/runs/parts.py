"""Parts of a run: some of its replications, simulated anywhere, kept as files, put together at the end.

A part is written only when it is whole, so a run that was interrupted goes on with the replications that no part
holds. What comes out is the result folder that `run_scenario` and `write_result` give, byte for byte: a replication
depends on nothing but the scenario, the seed and its own number.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from experiments.runs.files import appearing, sync_tree
from experiments.runs.folder import events_table, trucks_table, write_result, write_table
from experiments.runs.run import RunResult, replicate
from experiments.runs.settings import RunSettings
from gates.schema.scenario import Scenario
from gates.upgrades import Change
from sim.engines.log import EventLog
from sim.metrics.fold import Measures
from sim.metrics.meter import Key
from sim.metrics.stages.times import StageTime
from sim.plan.compile import compile_plan
from sim.plan.plan import Plan


def _as_it_is(value: Any) -> Any:
    return value


def _together(*parts: Any) -> tuple[Any, ...]:
    return parts


_PART = re.compile(r"part-(\d{5})-(\d{5})\.npz")
_KEYS: dict[str, Callable[..., Any]] = {"values": Key}
_ENTRIES: dict[str, Callable[[Any], Any]] = {
    "values": float,
    "road_m": float,
    "stage_time": lambda row: StageTime(int(row[0]), *(float(hours) for hours in row[1:])),
}


@functools.lru_cache(maxsize=4)
def planned(text: str) -> tuple[Scenario, RunSettings, Plan]:
    """Return what `run_text` gave, and its plan; the last few are remembered."""
    document = json.loads(text)
    scenario = Scenario.model_validate(document["scenario"])
    return scenario, RunSettings.model_validate(document["settings"]), compile_plan(scenario)


def simulate_part(text: str, folder: Path, first: int, end: int) -> None:
    """Simulate the replications `first` to `end - 1` and keep them in `folder`.

    Raises
    ------
    OSError
        If the disk is full; the part is then not there.
    """
    _, settings, plan = planned(text)
    found = []
    for number in range(first, end):
        measures, log = replicate(plan, settings, number)
        found.append(measures)
        if log is not None:
            _keep_log(folder, plan, number, log)
    with appearing(folder / f"part-{first:05d}-{end:05d}.npz") as path, path.open("wb") as stream:
        np.savez(stream, **_arrays(found))


def replications_in(folder: Path) -> set[int]:
    """Return the numbers of the replications that the parts in `folder` hold."""
    return {number for first, end, _ in _parts(folder) for number in range(first, end)}


def put_together(text: str, folder: Path, target: Path, finish: Callable[[Path], object] = sync_tree) -> None:
    """Write the result folder of a run all of whose replications are in `folder`.

    Raises
    ------
    ValueError
        If a replication is missing.
    OSError
        If the disk is full; nothing is then left at `target`.
    """
    scenario, settings, plan = planned(text)
    found: dict[int, Measures] = {}
    for first, _, path in _parts(folder):
        found |= dict(enumerate(_read(path), start=first))
    if missing := set(range(settings.replications)) - found.keys():
        raise ValueError(f"replications {sorted(missing)[:5]} of {settings.replications} are missing")
    measures = tuple(found[number] for number in range(settings.replications))
    changes = tuple(Change(**change) for change in json.loads(text)["changes"])
    result = RunResult(scenario, settings, plan, measures, changes=changes)
    write_result(result, target, finish, write_logs=lambda partial: _copy_logs(settings, folder, partial))


def _parts(folder: Path) -> list[tuple[int, int, Path]]:
    named = ((path, _PART.fullmatch(path.name)) for path in folder.glob("part-*.npz"))
    return sorted((int(name[1]), int(name[2]), path) for path, name in named if name)


def _keep_log(folder: Path, plan: Plan, number: int, log: EventLog) -> None:
    for name, table in (("events", events_table(plan, log)), ("trucks", trucks_table(plan, number, log))):
        with appearing(folder / name / f"rep-{number:05d}.parquet") as path:
            write_table(path, table)


def _copy_logs(settings: RunSettings, folder: Path, target: Path) -> None:
    names = [f"rep-{number:05d}.parquet" for number in range(min(settings.keep_events, settings.replications))]
    if not names or not (folder / "events").is_dir():
        return
    import pyarrow as pa

    trucks = [pq.read_table(folder / "trucks" / name, partitioning=None) for name in names]
    write_table(target / "trucks.parquet", pa.concat_tables(trucks))
    (target / "events").mkdir()
    for name in names:
        shutil.copyfile(folder / "events" / name, target / "events" / name)


# Measures as arrays: nothing is pickled, and what a file holds can be read by anything that reads NumPy's format.


def _arrays(found: Sequence[Measures]) -> dict[str, Any]:
    """Return the measures of some replications as arrays; the first axis counts replications."""
    arrays: dict[str, Any] = {}
    header: dict[str, Any] = {}
    for field in dataclasses.fields(Measures):
        values = [getattr(measures, field.name) for measures in found]
        if isinstance(values[0], dict):
            header[field.name] = [list(key) for key in values[0]]
            arrays[field.name] = np.array([list(value.values()) for value in values])
        elif isinstance(values[0], tuple):
            header[field.name] = list(values[0])
        else:
            arrays[field.name] = np.stack(values)
    arrays["header"] = np.frombuffer(json.dumps(header).encode(), np.uint8)
    return arrays


def _read(path: Path) -> list[Measures]:
    """Return the measures that a part holds."""
    with np.load(path, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    header = json.loads(arrays.pop("header").tobytes())
    found = []
    for replication in range(len(arrays["values"])):
        fields: dict[str, Any] = {name: tuple(words) for name, words in header.items() if name not in arrays}
        for name, array in arrays.items():
            entry: Callable[[Any], Any] = _ENTRIES.get(name, _as_it_is)
            key: Callable[..., Any] = _KEYS.get(name, _together)
            mine = array[replication]
            if name in header:
                pairs = zip(header[name], mine, strict=True)
                fields[name] = {key(*parts): entry(value) for parts, value in pairs}
            else:
                fields[name] = mine
        found.append(Measures(**fields))
    return found
