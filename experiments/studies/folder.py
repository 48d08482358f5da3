"""The folder of a study: written whole or not at all, and complete by itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from experiments.result_folder import MANIFEST, NEWEST, new_result, write_json
from experiments.runs.provenance import BY_MANIFEST, code_digest, digest, identity, scenario_document, versions
from experiments.runs.tables import write_table
from experiments.studies.bottleneck import bottleneck_study
from experiments.studies.budget.tables import BUDGET_TABLES
from experiments.studies.model import Study, load_study, metric_text, study_names
from experiments.studies.money.tables import money_frames
from experiments.studies.result import StudyResult
from experiments.studies.rivals.effects import reading_effects
from experiments.studies.tables import tables
from experiments.studies.worlds.run import world_frames
from gates.files.load import library_gates
from gates.upgrades import upgrade_names

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
    budgets = {name: make(result) for name, make in BUDGET_TABLES.items()}
    more = {"readings": reading_effects(result), **money_frames(result), **budgets, **world_frames(result)}
    for name, frame in {**tables(result), **{name: frame for name, frame in more.items() if len(frame)}}.items():
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
        **({"readings": [each.reading for each in (result, *result.rivals)]} if result.reading else {}),
        "seed": study.seed,
        "inputs": study.inputs,
        "hashes": {"study": study_digest(study), "code": code_digest()},
        "run_again": run_again(study),
        "scenarios": [
            {
                "name": cell.name,
                "title": cell.title,
                "demand": cell.scenario.demand,
                "start": cell.scenario.first_measured.isoformat(),
                "factors": dict(cell.factors),
                "changes": [dataclasses.asdict(change) for change in cell.changes],
                "sha256": digest(identity(cell.scenario)),
            }
            for cell in result.cells
        ],
    }


def study_digest(study: Study) -> str:
    """Return the SHA-256 of a study and of what its own files say."""
    return digest([study.model_dump(mode="json", by_alias=True), study.inputs])


def run_again(study: Study) -> str:
    """Return the command line that gives the result of a study again.

    It names the study if it is one of the library, or the bottleneck of a gate there, with changes that options make;
    else it names the manifest, which holds the study and what its files said.
    """
    if study.name in study_names():
        known, parts = load_study(study.name), [f"bordergate study {study.name}"]
    elif study.name == "bottleneck" and study.gate in library_gates():
        known, parts = bottleneck_study(study.gate), [f"bordergate study bottleneck {study.gate}"]
    else:
        return BY_MANIFEST.format(kind="study")
    options = ("days", "warmup_days", "replications", "seed", "worlds")
    changed = {name: getattr(study, name) for name in options if getattr(study, name) != getattr(known, name)}
    added = study.upgrades[len(known.upgrades) :]
    again = {**known.model_dump(by_alias=True), **changed, "upgrades": [*known.upgrades, *added]}
    again["readings"] = study.readings
    by_options = all(isinstance(value, int) for value in changed.values()) and set(added) <= set(upgrade_names())
    if not by_options or study.model_dump(by_alias=True) != Study.model_validate(again).model_dump(by_alias=True):
        return BY_MANIFEST.format(kind="study")
    parts += [f"--upgrade {name}" for name in added]
    parts += [f"--readings {','.join(study.readings)}"] if study.readings != known.readings else []
    parts += [f"--{name.replace('_', '-')} {value}" for name, value in changed.items()]
    return " ".join(parts)


def read_table(folder: Path, name: str) -> pd.DataFrame:
    """Return a table of a study's folder; without rows if there is none of this name."""
    path = folder / "tables" / f"{name}.parquet"
    return pd.read_parquet(path) if path.is_file() else pd.DataFrame()
