"""The folder of a study: written whole or not at all, and complete by itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from experiments.result_folder import MANIFEST, NEWEST, new_result, write_json
from experiments.runs.provenance import digest, scenario_document, versions
from experiments.runs.tables import write_table
from experiments.studies.model import metric_text
from experiments.studies.result import StudyResult
from experiments.studies.tables import tables

FORMAT = NEWEST["study"][1]
"""Number of the folder's format; readers refuse a newer one."""


def write_study(result: StudyResult, folder: Path, finish: Callable[[Path], object] | None = None) -> Path:
    """Write the folder of a study, and return its path.

    Parameters
    ----------
    folder
        Where it shall stand. An earlier study of the gate is replaced; anything else is refused.
    finish
        Called with the folder's provisional path before it appears: draws plots, writes the report.

    Raises
    ------
    ConfigError
        If something stands there that is not replaced.
    OSError
        If the disk is full or the place cannot be written; nothing is left behind.
    """
    with new_result(folder, "study", result.cells[0].scenario.gate.name) as partial:
        fill_folder(result, partial)
        if finish:
            finish(partial)
    return folder


def fill_folder(result: StudyResult, folder: Path) -> None:
    """Write the files of a study's result into a folder that is there."""
    write_json(folder / MANIFEST, manifest(result))
    (folder / "tables").mkdir()
    for name, frame in tables(result).items():
        write_table(folder / "tables" / f"{name}.parquet", pa.Table.from_pandas(frame, preserve_index=False))
        frame.to_csv(folder / "tables" / f"{name}.csv", index=False, lineterminator="\n")


def manifest(result: StudyResult) -> dict[str, Any]:
    """Return what `manifest.json` holds. No time of day is in it: the same study gives the same bytes."""
    study = result.study
    base = result.cells[0].scenario
    return {
        "format": FORMAT,
        "kind": "study",
        "versions": versions(),
        "study": study.model_dump(mode="json", by_alias=True),
        "scenario": scenario_document(base),
        "warmup_days": result.warmup_days,
        "replications": len(result.replications[0]),
        "unmet": list(result.unmet),
        "warmup": [{"scenario": w.scenario, "days": w.days, "settled": w.settled} for w in result.warmups],
        "metrics": [metric_text(key) for key in result.metrics],
        "seed": study.seed,
        "run_again": f"bordergate study {study.name}",
        "scenarios": [
            {
                "name": cell.name,
                "title": cell.title,
                "demand": cell.scenario.demand,
                "start": cell.scenario.first_measured.isoformat(),
                "factors": dict(cell.factors),
                "changes": [dataclasses.asdict(change) for change in cell.changes],
                "sha256": digest(scenario_document(cell.scenario)),
            }
            for cell in result.cells
        ],
    }


def read_table(folder: Path, name: str) -> pd.DataFrame:
    """Return a table of a study's folder; without rows if there is none of this name."""
    path = folder / "tables" / f"{name}.parquet"
    return pd.read_parquet(path) if path.is_file() else pd.DataFrame()
