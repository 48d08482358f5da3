"""The folder of a calibration: one document, the same as tables, and a page."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from experiments.calibration.robustness import LIMIT, SHIFT_MIN
from experiments.calibration.run import SHORT, Calibration
from experiments.calibration.targets import AS_IT_IS
from experiments.result_folder import write_json
from experiments.runs.files import atomic_folder
from experiments.runs.provenance import code_digest, digest, versions
from experiments.studies.model import metric_text
from gates.findings import ConfigError, Finding
from gates.rivals import title_of_reading

DOCUMENT = "calibration.json"
FORMAT = 1
FILES = {DOCUMENT, "targets.csv", "robustness.csv", "apart.csv", "report.html"}


def document(found: Calibration) -> dict[str, Any]:
    """Return a calibration as JSON."""
    gate = found.gate
    return {
        "kind": "calibration",
        "format": FORMAT,
        "gate": gate.name,
        "title": dict(gate.title),
        "versions": versions(),
        "hashes": {"gate": digest(gate.model_dump(mode="json", by_alias=True)), "code": code_digest()},
        "days": found.period.days,
        "warmup_days": found.period.warmup_days,
        "replications": found.period.replications,
        "seed": found.period.seed,
        "readings": [_reading(found, name) for name in found.readings],
        "targets": [_target(found, name) for name in gate.targets],
        "held": [
            {
                "target": row.target,
                "demand": row.demand,
                "reading": row.reading,
                **row.estimate.document(),
                "verdict": row.verdict,
            }
            for row in found.held
        ],
        "robustness": {
            "minutes": SHIFT_MIN,
            "limit": LIMIT,
            "upgrades": list(found.upgrades),
            "days": SHORT.days,
            "warmup_days": SHORT.warmup_days,
            "replications": SHORT.replications,
            "shifts": [
                {
                    "reading": row.reading,
                    "direction": row.direction,
                    "place": row.shift.place,
                    "stands": row.shift.before,
                    "what": row.shift.what,
                    "minutes": row.shift.minutes,
                    "clearance_h": row.before,
                    **{f"change_{key}" if key == "value" else key: v for key, v in row.change.document().items()},
                }
                for row in found.moved
            ],
        },
        "apart": [
            {
                "metric": metric_text(row.key),
                "spread": row.spread,
                "values": {name: each.document() for name, each in row.by_reading.items()},
            }
            for row in found.apart
        ],
        "run_again": run_again(found),
    }


def _reading(found: Calibration, name: str) -> dict[str, Any]:
    if name not in found.gate.readings:
        return {
            "name": name,
            "title": AS_IT_IS.capitalize(),
            "baseline": True,
            "weight": 1,
            "about": "",
            "evidence": "",
        }
    reading = found.gate.readings[name]
    return {
        "name": name,
        "title": title_of_reading(found.gate, name),
        "baseline": name == found.gate.baseline,
        "weight": reading.weight,
        "about": " ".join(reading.about.split()),
        "evidence": reading.evidence,
    }


def _target(found: Calibration, name: str) -> dict[str, Any]:
    target = found.gate.targets[name]
    kept = target.model_dump(mode="json", include={"title", "low", "high", "kind", "date", "source"})
    return {"name": name, "metric": target.measured, **kept}


def run_again(found: Calibration) -> str:
    """Return the command that gives the calibration again."""
    parts = [f"bordergate calibration {found.gate.name}"]
    if len(found.readings) < len(found.gate.readings):
        parts += [f"--reading {name}" for name in found.readings]
    parts += [f"--upgrade {name}" for name in found.upgrades]
    period = found.period
    parts.append(f"--days {period.days} --warmup-days {period.warmup_days}")
    parts.append(f"--replications {period.replications} --seed {period.seed}")
    return " ".join([*parts, *([] if found.moved else ["--no-robustness"])])


@contextmanager
def new_calibration(folder: Path) -> Iterator[Path]:
    """Give a provisional folder that takes the place of an earlier calibration when the block ends well.

    Raises
    ------
    ConfigError
        If something else stands there.
    """
    refuse_other_content(folder)
    with atomic_folder(folder.resolve()) as partial:
        yield partial
        refuse_other_content(folder)


def refuse_other_content(folder: Path) -> None:
    """Raise `ConfigError` if a folder holds anything but an earlier calibration."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else {folder.name}
    if DOCUMENT in names and names <= FILES and folder.resolve() != Path.cwd().resolve():
        return
    problem = "holds files that are not a calibration"
    raise ConfigError([Finding("--out", str(folder), problem, "Name a folder that does not exist yet.")])


def fill_folder(found: Calibration, folder: Path) -> None:
    """Write the files of a calibration into a folder that is there."""
    from experiments.calibration.report import write_report

    whole = document(found)
    write_json(folder / DOCUMENT, whole)
    _write_csv(folder / "targets.csv", target_rows(whole))
    _write_csv(folder / "robustness.csv", whole["robustness"]["shifts"])
    _write_csv(folder / "apart.csv", apart_rows(whole))
    write_report(folder)


def target_rows(whole: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of readings held to targets, each with what it is held to."""
    targets = {target["name"]: target for target in whole["targets"]}
    shown = ("title", "metric", "low", "high", "kind", "date", "source")
    return [
        {
            "target": row["target"],
            **{key if key not in ("low", "high") else f"band_{key}": targets[row["target"]][key] for key in shown},
            **{key: value for key, value in row.items() if key != "target"},
        }
        for row in whole["held"]
    ]


def apart_rows(whole: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a row for each number and reading."""
    return [
        {"metric": row["metric"], "spread": row["spread"], "reading": name, **values}
        for row in whole["apart"]
        for name, values in row["values"].items()
    ]


def _write_csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]) if rows else ["nothing"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
