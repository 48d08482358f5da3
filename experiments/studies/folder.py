"""The folder of a study: written whole or not at all, and complete by itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from experiments.runs.files import atomic_folder
from experiments.runs.folder import MANIFEST, refuse_other_content, write_json
from experiments.runs.provenance import digest, scenario_document, versions
from experiments.runs.tables import write_table
from experiments.studies.model import metric_text
from experiments.studies.result import StudyResult
from experiments.studies.tables import tables

FORMAT = 1
"""Number of the folder's format; readers refuse a newer one."""


def write_study(result: StudyResult, folder: Path, finish: Callable[[Path], object] | None = None) -> Path:
    """Write the folder of a study, and return its path.

    Parameters
    ----------
    folder
        Where it shall stand. An earlier result there is replaced; anything else is refused.
    finish
        Called with the folder's provisional path before it appears: draws plots, writes the report.

    Raises
    ------
    ConfigError
        If something other than a result stands there.
    OSError
        If the disk is full or the place cannot be written; nothing is left behind.
    """
    refuse_other_content(folder)
    with atomic_folder(folder) as partial:
        write_json(partial / MANIFEST, manifest(result))
        (partial / "tables").mkdir()
        for name, frame in tables(result).items():
            write_table(partial / "tables" / f"{name}.parquet", pa.Table.from_pandas(frame, preserve_index=False))
            frame.to_csv(partial / "tables" / f"{name}.csv", index=False, lineterminator="\n")
        if finish:
            finish(partial)
    return folder


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
